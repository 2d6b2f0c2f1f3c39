# SPDX-License-Identifier: GPL-2.0-only
# A mount that was made before there was a cache reads right; when the cache
# comes it takes it up, and later mounts find what it stored.
. ./lib.sh

fresh_cache
server_start
for i in 1 2 3; do random $EXPORT/late/$i $((i * 150001)); done
mount_nfs
same late
no_cache_active || fail "there is a cache before the daemon has started"
daemon_start
drop_caches
same late
# The early mount takes the late cache up.
drop_caches
reads=$(server_reads)
same late
equal "reads sent by the early mount, with the late cache warm" $(($(server_reads) - reads)) 0
remount
same late
remount
read_warm late
umount_nfs
daemon_stop
