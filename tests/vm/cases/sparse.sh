# SPDX-License-Identifier: GPL-2.0-only
# Files with holes on the server are cached too, holes and all.
. ./lib.sh

fresh_cache
server_start
rm -rf $EXPORT/holes; mkdir -p $EXPORT/holes
truncate -s 5M $EXPORT/holes/hole
truncate -s 5M $EXPORT/holes/end
for i in 0 3 17 40; do
	head -c 4096 /dev/urandom | dd of=$EXPORT/holes/islands bs=4096 seek=$((i * 25)) conv=notrunc status=none
done
head -c 100 /dev/urandom | dd of=$EXPORT/holes/end bs=1 seek=5242000 conv=notrunc status=none
head -c 100 /dev/urandom | dd of=$EXPORT/holes/begin bs=1 conv=notrunc status=none
truncate -s 3000001 $EXPORT/holes/begin
daemon_start
mount_nfs
read_cold holes
remount
read_warm holes
umount_nfs
daemon_stop
