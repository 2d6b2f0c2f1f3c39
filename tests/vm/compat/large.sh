# SPDX-License-Identifier: GPL-2.0-only
# A file of more than 5 GiB, nearly all of it holes, with data on both sides of 4 GiB.
# Only the pieces with data are read, and some of the holes.
. ./compat.sh

GIB=$((1 << 30))
SIZE=$((5 * GIB + 70001))
# offset+length: data at the beginning, before 2 GiB, across 4 GiB, after it, at the end.
DATA=(0+65537 $((2 * GIB - 300001))+300000 $((4 * GIB - 40003))+90001 $((4 * GIB + GIB / 2))+262144 $((SIZE - 33))+33)
HOLES=($((GIB + 4095))+70000 $((4 * GIB - 400001))+131072 $((4 * GIB + 1000001))+131072 $((SIZE - 60001))+50000)

# put PIECE FILE : something random there; a copy is in /tmp/piece.
put() {
	head -c "${1#*+}" /dev/urandom >/tmp/piece
	dd if=/tmp/piece of="$2" bs=64K oflag=seek_bytes seek="${1%+*}" conv=notrunc status=none
}
# What the parts compare, instead of sums of all.  Nothing is read ahead, as how much that is
# depends on how fast it comes: so what is asked for twice is the same.
sums() {
	python3 - "$1/file" "${DATA[@]}" "${HOLES[@]}" <<-'END'
	import hashlib, os, sys
	fd = os.open(sys.argv[1], os.O_RDONLY)
	os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
	print(os.fstat(fd).st_size, "size")
	for piece in sys.argv[2:]:
	    at, length = map(int, piece.split("+"))
	    got = os.pread(fd, length, at)
	    sum = "zeros" if got == bytes(length) else hashlib.md5(got).hexdigest()
	    print(f"{sum}  {piece}")
	END
}
# looks_so : as it must, whoever was asked.
looks_so() {
	equal "the size" "$(head -n 1 /tmp/seen)" "$SIZE size"
	equal "the pieces without data" "$(sed -n 's/^zeros  //p' /tmp/seen | tr '\n' ' ')" "${HOLES[*]} "
}

begin
for at in "${DATA[@]}"; do put "$at" "$EXPORT/$PART/file"; done
server_sync || wrong "the server has no room for the file"
daemon_start
fs_mount
cold
looks_so
again
warm
looks_so
# By the mount: across 4 GiB, over old data, and into a hole that the cache knows.
for at in $((4 * GIB - 2))+4 $((4 * GIB + 1000003))+5000; do
	put "$at" "$MNT/$PART/file"
	DATA+=("$at")
done
HOLES=("${HOLES[@]:0:2}" "${HOLES[@]:3}")
sync
dd if="$EXPORT/$PART/file" bs=64K iflag=skip_bytes,count_bytes skip=$((4 * GIB + 1000003)) count=5000 status=none | cmp - /tmp/piece >/tmp/cmp 2>&1 ||
	fail "what was written into a hole is not on the server: $(head -n 1 /tmp/cmp)"
written
looks_so
# The cache's disk is smaller than the file.
rm "$EXPORT/$PART/file"
