# SPDX-License-Identifier: GPL-2.0-only
# A file is rewritten, with the same size, on the server just after the client has read it for the
# first time: what was read may still be on its way to the cache, and must not be found there.
. ./compat.sh

# Not even tried there: who waits cannot be killed.
[ "$FS" != afs ] || excuse "$(fs_cannot "$PART")"
begin
put_files
daemon_start
fs_mount
cold
fs_settle
cp /tmp/true /tmp/before
for size in 4096 262145; do head -c $size /dev/urandom >"$EXPORT/$PART/$size"; done
server_sync
fs_settle
noticed "after the change"
drop_caches
noticed "from the cache"
ends_warm
