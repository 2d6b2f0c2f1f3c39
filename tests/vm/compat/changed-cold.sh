# SPDX-License-Identifier: GPL-2.0-only
# A file is rewritten, with the same size, on the server just after the client has read it for the
# first time: what was read may still be on its way to the cache, and must not be found there.
. ./compat.sh

# seen WHEN : what the client sees is the server's, or what was there before if it cannot see changes.
seen() {
	local why
	look && return 0
	why=$(fs_cannot "$PART")
	if [ -n "$why" ] && cmp -s /tmp/seen /tmp/before; then excuse "$why"; fi
	fail "$1, wrong content: $(differing /tmp/seen /tmp/true)"
}

[ "$FS" != afs ] || excuse "kafs waits for itself: it writes out what it has read for the cache under a lock that it takes to write"
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
seen "after the change"
drop_caches
seen "from the cache"
ends_warm
