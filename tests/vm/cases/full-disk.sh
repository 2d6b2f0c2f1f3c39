# SPDX-License-Identifier: GPL-2.0-only
# A disk that is too small for what is read: objects are culled, the reader sees
# no error, and the daemon stays.
. ./lib.sh

CACHE=/small-cache
mkdir -p $CACHE
truncate -s 48M /tmp/small.img
mke2fs -q -t ext4 -N 4096 /tmp/small.img
modprobe loop 2>/dev/null || true
mount -o loop,noatime /tmp/small.img $CACHE || skip "no loop device"
server_start
rm -rf $EXPORT/big; mkdir -p $EXPORT/big
for i in $(seq 1 30); do random $EXPORT/big/$i 2000000; done
sync -f $EXPORT/big
daemon_start 'brun 25%' 'bcull 20%' 'bstop 10%'
mount_nfs
for round in 1 2; do
	same big
	say "round $round: $(df --output=pcent $CACHE | tail -n 1) full, $(objects) objects, culled $(sed -n 's/.*cull=\([0-9]*\).*/\1/p' /proc/fs/fscache/stats)"
	kill -0 $DAEMON || fail "the daemon is gone: $(tail -n 2 $DAEMON_LOG)"
	remount
done
more "objects culled" "$(sed -n 's/.*cull=\([0-9]*\).*/\1/p' /proc/fs/fscache/stats)" 10
umount_nfs
daemon_stop
umount $CACHE
