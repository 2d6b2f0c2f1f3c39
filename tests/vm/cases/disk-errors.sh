# SPDX-License-Identifier: GPL-2.0-only
# A disk under the cache that stops answering for a while, one that becomes
# read-only, and one that fails: the reader gets the right bytes all the time, and
# with the disk mended the cache is used again.
. ./lib.sh

CACHE=/flaky
modprobe dm-mod 2>/dev/null || true
modprobe loop 2>/dev/null || true
dmsetup targets 2>/dev/null | grep -q '^linear' || skip "the kernel has no device mapper"
mkdir -p $CACHE
truncate -s 96M /tmp/flaky.img
loop=$(losetup --show -f /tmp/flaky.img)
sectors=$(blockdev --getsz "$loop")
# the_disk TABLE : from now on the disk does this.
the_disk() {
	if dmsetup info flaky >/dev/null 2>&1; then
		dmsetup load flaky --table "0 $sectors $1"
		dmsetup suspend --noflush --nolockfs flaky
		dmsetup resume --noudevsync flaky
	else
		dmsetup create --noudevsync flaky --table "0 $sectors $1"
		dmsetup mknodes flaky
	fi
}
# The daemon may have given up, which is its right when a disk fails.
daemon_end() {
	kill -TERM "$DAEMON" 2>/dev/null || true
	wait "$DAEMON" || true
	DAEMON=''
	wait_for "the cache is withdrawn" no_cache_active
}
more_files() { random $EXPORT/disk/"$1" 150001; sync -f $EXPORT/disk; }

the_disk "linear $loop 0"
mke2fs -q -t ext4 -N 2048 /dev/mapper/flaky
mount -o noatime /dev/mapper/flaky $CACHE
server_start
rm -rf $EXPORT/disk; mkdir -p $EXPORT/disk
for i in $(seq 1 12); do random $EXPORT/disk/$i $((i * 31013)); done
sync -f $EXPORT/disk
daemon_start
mount_nfs
read_cold disk
remount

say "the disk does not answer for 6 s"
dmsetup suspend --noflush --nolockfs flaky
{ sleep 6; dmsetup resume --noudevsync flaky; } &
more_files late
same disk
wait $!
remount
read_warm disk
umount_nfs

say "the filesystem becomes read-only"
sync -f $CACHE
# A file that was just closed may be so in a moment only.
wait_for "the filesystem becomes read-only" mount -o remount,ro $CACHE 2>/dev/null
mount_nfs
more_files readonly
same disk
umount_nfs
daemon_end
mount -o remount,rw $CACHE
daemon_start
mount_nfs
same disk
remount
read_warm disk
remount

say "every access fails"
the_disk error
echo 3 >/proc/sys/vm/drop_caches
more_files failing
same disk
umount_nfs
mount_nfs
same disk
umount_nfs
daemon_end
umount $CACHE
the_disk "linear $loop 0"
e2fsck -fy /dev/mapper/flaky >/tmp/fsck 2>&1 || [ $? -lt 4 ] || fail "e2fsck cannot mend the disk: $(tail -n 1 /tmp/fsck)"
mount -o noatime /dev/mapper/flaky $CACHE
daemon_start
mount_nfs
same disk
remount
read_warm disk
umount_nfs
daemon_stop
umount $CACHE
dmsetup remove flaky
losetup -d "$loop"
rm -f /tmp/flaky.img
