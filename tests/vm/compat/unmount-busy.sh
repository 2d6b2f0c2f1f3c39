# SPDX-License-Identifier: GPL-2.0-only
# Those who read and write are killed in the middle, and it is unmounted at once,
# with all that is still to be stored.
. ./compat.sh

try_umount() { fs_umount 2>/dev/null; }
filled
fs_umount
for i in 1 2; do head -c 4000001 /dev/urandom >"$EXPORT/$PART/big$i"; done
head -c 1000000 /dev/urandom >/tmp/piece
server_sync
kill_all() {
	local job
	# The loops stop first, or they would start another program.
	kill -STOP "$@"
	for job; do pkill -KILL -P "$job" || true; done
	kill -KILL "$@"
	wait "$@" || true
}
for turn in 1 2; do
	fs_mount
	jobs=()
	for i in 1 2; do
		while cat "$MNT/$PART/big$i"; do :; done >/dev/null 2>&1 & jobs+=($!)
	done
	while cat /tmp/piece >"$MNT/$PART/written"; do :; done 2>/dev/null & jobs+=($!)
	sleep "$((turn - 1)).5"
	kill_all "${jobs[@]}" 2>/dev/null
	wait_for "it is unmounted" try_umount
done
fs_mount
matches
written
