# SPDX-License-Identifier: GPL-2.0-only
# One process truncates a file and writes it anew, 31 bytes longer each time, while
# two others open and read it (as web applications do with what they generate): whoever
# opens it after it was closed reads what was written, and so does the cache later.
. ./compat.sh

file=$MNT/$PART/file
# version N : its content.
version() { printf "%0$((4090 + $1 * 31))d" "$1"; }
reader() {
	while [ ! -e /tmp/stop ]; do
		cat "$file" >/dev/null || return 1
	done
}

# other_version : what was written is not what is read.
other_version() {
	local why
	why=$(fs_cannot reread)
	# Or the mount stays in use, and that is what is told.
	touch /tmp/stop
	wait $one || fail "a reader met an error"
	wait $two || fail "a reader met an error"
	[ -n "$why" ] || fail "version $turn is not what is read of the file"
	excuse "$why"
}

why=$(fs_cannot "$PART")
[ -z "$why" ] || excuse "$why"
begin
version 0 >"$EXPORT/$PART/file"
server_sync
daemon_start
fs_mount
cold
rm -f /tmp/stop
reader & one=$!
reader & two=$!
for turn in $(seq 40); do
	version "$turn" >/tmp/wanted
	cat /tmp/wanted >"$file"
	cmp -s /tmp/wanted "$file" || other_version
	[ $((turn % 10)) != 0 ] || drop_caches
done
touch /tmp/stop
wait $one || fail "a reader met an error"
wait $two || fail "a reader met an error"
written
