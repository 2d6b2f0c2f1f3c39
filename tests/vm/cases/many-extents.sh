# SPDX-License-Identifier: GPL-2.0-only
# A cached file whose backing is in many pieces, as random reads leave it, costs no more to
# read than one in one piece.  EXTENTS says in how many (default 3000; `make bench` measures
# with 200,000).
. ./lib.sh

EXTENTS=${EXTENTS:-3000}
fresh_cache
server_start
size=$((EXTENTS * 8192))
for name in pieces whole; do random $EXPORT/extents/$name $size; done
sync -f $EXPORT/extents
daemon_start
mount_nfs

# look FILE : read every other page of it, and compare; says what the processor spent on each, in ns.
look() {
	python3 - "$EXPORT/extents/$1" "$MNT/extents/$1" <<-'END'
		import os, random, sys, time

		true = open(sys.argv[1], "rb").read()
		file = os.open(sys.argv[2], os.O_RDONLY)
		os.posix_fadvise(file, 0, 0, os.POSIX_FADV_RANDOM)
		# In no order: what is read one after the other is read ahead.
		starts = list(range(0, len(true), 8192))
		random.Random(1).shuffle(starts)
		began = time.process_time_ns()
		got = [os.pread(file, 4096, start) for start in starts]
		spent = time.process_time_ns() - began
		for start, content in zip(starts, got):
		    if content != true[start:start + 4096]:
		        sys.exit(f"what is at {start} is wrong")
		print(spent // len(got))
	END
}
look pieces >/dev/null
cat $MNT/extents/whole >/dev/null
# The last close gives the files their names.
remount
extents() { find $CACHE/cache -type f -size +1M -exec filefrag {} + | sed -n 's/.*: \([0-9]*\) extents* found/\1/p' | sort -n; }
say "extents of the two: $(extents | tr '\n' ' ')"
more "extents of the one in pieces" "$(extents | tail -n 1)" $((EXTENTS / 2))
before=$(server_reads)
pieces=$(look pieces)
whole=$(look whole)
equal "reads sent while the cache was warm" $(($(server_reads) - before)) 0
say "a read of the one in pieces: $pieces ns, of the other: $whole ns"
# Twice is what a timer's tick in the wrong place may be.
[ "$pieces" -lt $((2 * whole)) ] || fail "a page costs $pieces ns where the file is in pieces, $whole ns where it is not"
umount_nfs
daemon_stop
