# SPDX-License-Identifier: GPL-2.0-only
# Reads smaller than the readahead: one request to the cache becomes several
# to the server, and all of them must land where they belong.
. ./lib.sh

fresh_cache
server_start
for size in 16384 20000 262144 1000003; do random $EXPORT/rsize/$size $size; done
daemon_start
mount_nfs rsize=8192
read_cold rsize
remount rsize=8192
read_warm rsize
umount_nfs
daemon_stop
