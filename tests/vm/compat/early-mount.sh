# SPDX-License-Identifier: GPL-2.0-only
# A mount that is there before the cache is: it reads right before and after, and
# what is read later is found.
. ./compat.sh

begin
for i in 1 2 3; do random "$EXPORT/$PART/$i" $((i * 150001)); done
server_sync
fs_mount
matches
no_cache_active || fail "there is a cache before the daemon has started"
daemon_start
drop_caches
matches
ends_warm
