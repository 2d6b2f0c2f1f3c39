# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A cache without the daemon, which exits when it meets what is neither a file
# nor a directory, and culls when it likes: descriptor 9 holds the device.

# bind [COMMAND...] : the cache at $CACHE is online, after these commands; false, with the reason
# in /tmp/bind.err, if it is refused.
bind() {
	local command
	disk cache "$CACHE"
	modprobe cachefiles
	wait_for "/dev/cachefiles appears" test -e /dev/cachefiles
	exec 9<>/dev/cachefiles
	printf 'dir %s' "$CACHE" >&9
	printf 'tag test' >&9
	for command in "$@"; do printf '%s' "$command" >&9; done
	if ! { printf 'bind' >&9; } 2>/tmp/bind.err; then
		exec 9>&-
		return 1
	fi
	cache_active || fail "the cache is not online"
}
unbind() {
	exec 9>&-
	wait_for "the cache is withdrawn" no_cache_active
}
# cull FILE : false if it is in use, or gone.
cull() { (cd "$(dirname "$1")" && printf 'cull %s' "$(basename "$1")" >&9) 2>/dev/null; }
