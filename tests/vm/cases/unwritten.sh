# SPDX-License-Identifier: GPL-2.0-only
# What ext4 allocated and does not hold for written, on a disk that has no block left.  Once a
# part of that is written, ext4 has to split it off; if there is no block for the extent tree,
# it writes zeroes to the rest, and makes data of it.  The rest is what another store has put
# there at the same time, what a store left that failed, or what was left when the power went.
# pairs: r-r
. ./lib.sh
. ./by-hand.sh
. ./flaky.sh

[ "${PAIR#*-}" = r ] || skip "with C, zeroes are read"

PIECE=131072
# free : blocks of the cache's disk
free() { stat -f -c %f $CACHE; }
# fill N : other files take all of the disk but N blocks, which lie side by side
fill() {
	local n=0
	[ "$1" = 0 ] || fallocate -l $(($1 * 1024)) $CACHE/hole
	sync -f $CACHE
	fallocate -l $((($(free) - 50) * 1024)) $CACHE/fill
	sync -f $CACHE
	while [ "$(free)" -gt 0 ]; do
		n=$((n + 1))
		head -c 1024 /dev/zero >$CACHE/fill.$n
		sync -f $CACHE
	done
	rm -f $CACHE/hole
	sync -f $CACHE
	equal "blocks that are free" "$(free)" "$1"
}
# piece FILE OFFSET LENGTH : so much of it is read, and compared; nothing is read ahead
piece() {
	python3 - $MNT/unwritten/"$1" $EXPORT/unwritten/"$1" "$2" "$3" <<-'PY'
		import os, sys
		seen, true = (os.open(name, os.O_RDONLY) for name in sys.argv[1:3])
		start, length = map(int, sys.argv[3:5])
		os.posix_fadvise(seen, 0, 0, os.POSIX_FADV_RANDOM)
		if os.pread(seen, length, start) != os.pread(true, length, start):
		    sys.exit("wrong bytes in %s at %d" % (sys.argv[1], start))
	PY
}
stores() { stat_of CaWrOps WR; }
stored() { [ "$(stores)" -gt "$1" ]; }
# three_extents FILE : a new one, of which the cache has as many; an inode has room for one more
three_extents() {
	local at
	random $EXPORT/unwritten/"$1" 6000000
	sync -f $EXPORT
	for at in 1 2 3; do piece "$1" $((at << 20)) 4096 || fail "cold"; done
}
# all_right FILE : there is room again, and what is read is what the server has
all_right() {
	rm $CACHE/fill*
	remount
	piece "$1" $((4 << 20)) $((2 * PIECE)) || fail "zeroes are served"
	same unwritten
}

flaky_start
echo 0 >/sys/fs/ext4/"$(dmsetup info -c --noheadings -o blkdevname flaky)"/reserved_clusters
server_start
mkdir -p $EXPORT/unwritten
# Room is the filesystem's to refuse.
bind 'bstop 0%' 'bcull 1%' 'brun 2%'
mount_nfs

say "two stores that touch"
three_extents beside
fill $((2 * PIECE / 1024))
trap the_disk_goes_on EXIT
the_disk_stands
for at in 0 1; do
	before=$(stores)
	piece beside $(((4 << 20) + at * PIECE)) $PIECE || fail "cold" &
	# The second one may wait for the first.
	for tenth in 1 2 3 4 5 6 7 8 9 10; do stored "$before" || sleep 0.1; done
done
the_disk_goes_on
trap - EXIT
wait
all_right beside

say "stores that touch one that the disk does not end"
random $EXPORT/unwritten/touching 1000000
piece touching 0 4096 || fail "cold"
# The journal would wait for the disk, too, and everybody for the journal.
mount -o remount,commit=600 $CACHE
sync
trap the_disk_goes_on EXIT
the_disk_stands
began=$SECONDS
# A page at a time, by a reader who is there until it is stored, or is not going to be.
python3 - $MNT/unwritten/touching $EXPORT/unwritten/touching <<-'PY' || fail "cold"
	import mmap, os, sys
	seen, true = (mmap.mmap(os.open(name, os.O_RDONLY), 0, prot=mmap.PROT_READ) for name in sys.argv[1:])
	seen.madvise(mmap.MADV_RANDOM)
	for page in range(100, 110):
	    at = page * 4096
	    if seen[at:at + 4096] != true[at:at + 4096]:
	        sys.exit("wrong bytes in page %d" % page)
PY
say "ten pages were read in $((SECONDS - began)) s"
[ $((SECONDS - began)) -lt 40 ] || fail "more than one store was waited for"
the_disk_goes_on
trap - EXIT
same unwritten

say "a store where one has failed"
three_extents failed
fill $((PIECE / 2048))
piece failed $((4 << 20)) $PIECE || fail "cold"
sync
# What is read next is not in memory.
echo 1 >/proc/sys/vm/drop_caches
piece failed $(((4 << 20) + 4096)) 4096 || fail "cold"
all_right failed

say "a store was under way when the power went"
three_extents found
three_extents scanned
umount_nfs
unbind
find $CACHE/cache -type f -exec fallocate -n -o $((4 << 20)) -l $PIECE {} \;
bind 'bstop 0%' 'bcull 1%' 'brun 2%'
mount_nfs
say "somebody else reads the cache's file"
find $CACHE/cache -type f -exec cat {} + >/dev/null
piece scanned $((4 << 20)) $PIECE || fail "zeroes are served that somebody has read"
say "a store there"
fill 0
piece found $(((4 << 20) + 4096)) 4096 || fail "cold"
all_right found
umount_nfs
unbind
flaky_end
