# SPDX-License-Identifier: GPL-2.0-only
# What was read once comes from the cache when memory has forgotten it.
. ./compat.sh

begin
for i in 1 2 3; do random "$EXPORT/$PART/$i" $((i * 150001)); done
server_sync
daemon_start
fs_mount
cold
drop_caches
warm
fs_umount
daemon_stop
