# SPDX-License-Identifier: GPL-2.0-only
# A disk under the cache that stops answering for a while, one that becomes
# read-only, and one that fails: the reader gets the right bytes all the time, and
# with the disk mended the cache is used again.
# pairs: c-c r-r
. ./lib.sh
. ./flaky.sh

# The daemon may have given up, which is its right when a disk fails.
daemon_end() {
	kill -TERM "$DAEMON" 2>/dev/null || true
	wait "$DAEMON" || true
	DAEMON=''
	wait_for "the cache is withdrawn" no_cache_active
}
more_files() { random $EXPORT/disk/"$1" 150001; sync -f $EXPORT/disk; }

flaky_start
server_start
rm -rf $EXPORT/disk; mkdir -p $EXPORT/disk
for i in $(seq 1 12); do random $EXPORT/disk/$i $((i * 31013)); done
sync -f $EXPORT/disk
daemon_start
mount_nfs
read_cold disk
remount

say "the disk does not answer for 6 s"
the_disk_stands
{ sleep 6; the_disk_goes_on; } &
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
flaky_mend
daemon_start
mount_nfs
same disk
remount
read_warm disk

say "every access fails as the cache is taken down"
more_files closing
echo "disk-errors: closing" >/dev/kmsg
the_disk error
daemon_end
dmesg | sed -n '/disk-errors: closing/,$p' | grep -q 'CacheFiles: I/O Error: ' ||
	fail "nothing in the log says that the disk failed as the cache was taken down"
umount_nfs
flaky_mend
flaky_end
