# SPDX-License-Identifier: GPL-2.0-only
# The power goes at a random moment while a cache is filled, added to, overwritten,
# invalidated and culled, and all that was not flushed is lost.  Afterwards every
# byte read is the server's, and what was complete before is read from the cache.
#
# One run of the machine has many such moments: dm-log-writes keeps a log of what
# reached the disk, in the worst order that flushes allow, and each beginning of
# that log is a disk after a power cut.  tests/power-cut/run.sh N tries N of them.
# pairs: c-c r-r
. ./lib.sh
. ./by-hand.sh

CUTS=${CUTS:-3} SEED=${SEED:-$RANDOM}
CACHE=/power-cut
BACKING=${BACKING:-ext4}
modprobe dm-log-writes 2>/dev/null || skip "the kernel has no dm-log-writes"
modprobe loop 2>/dev/null || true
mkdir -p $CACHE
say "seed $SEED, $CUTS cuts, $BACKING"

disk=/tmp/cut-disk.img log=/tmp/cut-log.img after=/tmp/cut-after.img
case $BACKING in
ext4) size=96M ;;
*) size=320M ;;
esac
truncate -s $size $disk
truncate -s 400M $log
case $BACKING in
ext4) mke2fs -q -t ext4 -N 4096 $disk ;;
*) "mkfs.$BACKING" -q $disk ;;
esac
cp --sparse=always $disk $after.first
disk_loop=$(losetup --show -f $disk) log_loop=$(losetup --show -f $log)
dmsetup create --noudevsync logged --table "0 $(blockdev --getsz "$disk_loop") log-writes $disk_loop $log_loop"
dmsetup mknodes logged
mark() { sync -f $CACHE; dmsetup message logged 0 mark "$1"; }

server_start
rm -rf $EXPORT/cut; mkdir -p $EXPORT/cut/{a,b,c,d}
for i in $(seq 1 12); do
	random $EXPORT/cut/a/$i $((i * 33333))
	random $EXPORT/cut/b/$i $((i * 44444))
	random $EXPORT/cut/c/$i $((i * 22222))
	random $EXPORT/cut/d/$i $((300000 + i * 11111))
done
sync -f $EXPORT/cut

mount -o noatime /dev/mapper/logged $CACHE
bind
mount_nfs
read_cold cut/a
umount_nfs
unbind
find $CACHE/cache -type f | LC_ALL=C sort >/tmp/cut-a
mark a
bind
mount_nfs
say "fill"
read_cold cut/b
sums $MNT/cut/c >/dev/null
for i in $(seq 1 12); do head -c 100000 $MNT/cut/d/$i >/dev/null; done
remount
mark filled
say "store more in files that have a name, while all is written out"
(while :; do sync -f $CACHE; sleep 0.05; done) & syncer=$!
sums $MNT/cut/d >/dev/null
kill $syncer
wait $syncer || true
remount
mark more
say "overwrite"
for i in 1 4 7 10; do
	random $MNT/cut/b/$i $((i * 43210))
	dd if=/dev/urandom of=$MNT/cut/c/$i bs=5000 count=2 seek=1 conv=notrunc status=none
done
same cut
sleep 6
mark overwritten
say "invalidate"
for i in 2 5 8 11; do
	random $EXPORT/cut/b/$i $((i * 44444))
	dd if=/dev/urandom of=$EXPORT/cut/c/$i bs=3000 count=3 seek=1 conv=notrunc status=none
done
sync -f $EXPORT/cut
drop_caches
same cut
remount
mark invalidated
say "cull"
culled=0
# Not those of a, which must still be there.
for file in $(find $CACHE/cache -type f | LC_ALL=C sort | LC_ALL=C comm -23 - /tmp/cut-a); do
	! cull "$file" || culled=$((culled + 1))
done
same cut
umount_nfs
unbind
umount $CACHE
dmsetup remove logged
losetup -d "$disk_loop"

cuts=$(python3 - $log "$CUTS" "$SEED" <<'END'
import random, struct, sys
log = open(sys.argv[1], "rb")
magic, version, entries, size = struct.unpack("<QQQI", log.read(28))
assert magic == 0x6a736677736872 and size == 512, (hex(magic), size)
pos, marks, flushes = size, {}, []
for n in range(entries):
    log.seek(pos)
    sector, sectors, flags, length = struct.unpack("<QQQQ", log.read(32))
    if flags & 8:
        marks[log.read(length).rstrip(b"\0").decode()] = n
    pos += size * (1 + (0 if flags & 4 else sectors))
chance = random.Random(int(sys.argv[3]))
# Of each part of the work as many.
ends = [1, *sorted(marks.values()), entries]
parts = list(zip(ends, ends[1:]))
chance.shuffle(parts)
picked = [chance.randrange(*parts[n % len(parts)]) for n in range(int(sys.argv[2]))]
print(marks["a"], marks["filled"], entries, *sorted(picked))
END
)
read -r done_a filled entries cuts <<<"$cuts"
say "$entries entries in the log, the first files complete at $done_a, all at $filled; culled $culled"

replay() {
	cp --sparse=always $after.first $after
	python3 - $log $after "$1" <<-'END'
	import struct, sys
	log, disk = open(sys.argv[1], "rb"), open(sys.argv[2], "r+b")
	size, pos = 512, 512
	for n in range(int(sys.argv[3])):
	    log.seek(pos)
	    sector, sectors, flags, length = struct.unpack("<QQQQ", log.read(32))
	    pos += size
	    if flags & 4:
	        continue
	    if not flags & 8 and sectors:
	        log.seek(pos)
	        disk.seek(sector * size)
	        disk.write(log.read(sectors * size))
	    pos += sectors * size
	END
}

for cut in $cuts; do
	replay "$cut"
	mount -o loop,noatime $after $CACHE
	bind
	mount_nfs
	hits=$(stat_of CaRdOps RD)
	[ "$cut" -lt "$done_a" ] || read_warm cut/a
	same cut
	say "cut at $cut: right, $(($(stat_of CaRdOps RD) - hits)) reads from the cache"
	remount
	read_warm cut
	umount_nfs
	unbind
	umount $CACHE
done
losetup -d "$log_loop"
rm -f /tmp/cut-*
