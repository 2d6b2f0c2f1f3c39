# SPDX-License-Identifier: GPL-2.0-only
# A mount with the option 'sync' reads from the cache like any other.
. ./lib.sh

fresh_cache
server_start
for i in 1 2 3; do random $EXPORT/sync/$i $((i * 150001)); done
daemon_start
mount_nfs sync
read_cold sync
remount sync
read_warm sync
umount_nfs
daemon_stop
