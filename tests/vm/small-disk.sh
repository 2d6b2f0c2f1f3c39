# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A cache on a disk that is too small for what is read.

CACHE=/small-cache

# small_disk : the disk.
small_disk() {
	mkdir -p $CACHE
	rm -f /tmp/small.img
	truncate -s 48M /tmp/small.img
	mke2fs -q -t ext4 -N 4096 /tmp/small.img
	modprobe loop 2>/dev/null || true
	mount -o loop,noatime /tmp/small.img $CACHE || skip "no loop device"
}
# small_disk_start : the disk, 60 MB of files on the server, the real daemon, the mount.
small_disk_start() {
	small_disk
	server_start
	if [ ! -d $EXPORT/big ]; then
		for i in $(seq 1 30); do random $EXPORT/big/$i 2000000; done
		sync -f $EXPORT/big
	fi
	daemon_start 'brun 25%' 'bcull 20%' 'bstop 10%'
	mount_nfs
}
small_disk_stop() {
	umount_nfs
	daemon_stop
	umount $CACHE
}
culled() { sed -n 's/.*cull=\([0-9]*\).*/\1/p' /proc/fs/fscache/stats; }
# small_disk_round N : all is read right, whatever is culled meanwhile.
small_disk_round() {
	same big
	say "round $1: $(df --output=pcent $CACHE | tail -n 1) full, $(objects) objects, culled $(culled)"
	kill -0 "$DAEMON" || fail "the daemon is gone: $(tail -n 2 $DAEMON_LOG)"
	remount
}
