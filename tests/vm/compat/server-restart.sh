# SPDX-License-Identifier: GPL-2.0-only
# The server is restarted while files are read and written: readers and writers go on
# when it is there again, and what was written is on it; and the cache is used again.
. ./compat.sh
. ./readers.sh

begin
# Once with nothing mounted; a filesystem whose server has no restart ends here.
fs_server_restart
filled
why=$(fs_cannot "$PART")
if [ -n "$why" ]; then
	# A client that loses its server: errors perhaps, but no wrong bytes, and after a new mount
	# the cache is as good as before.
	readers_start
	fs_server_restart
	enough=$(($(rounds) + 4))
	settled() { ! kill -0 "$one" 2>/dev/null && ! kill -0 "$two" 2>/dev/null || [ "$(rounds)" -ge "$enough" ]; }
	wait_for "the readers meet an error, or go on" settled
	touch /tmp/stop
	for reader in "$one" "$two"; do
		wait "$reader" || [ $? = 1 ] || fail "wrong bytes as the server went"
	done
	for seen in /tmp/seen1 /tmp/seen2; do
		! grep -vxFf /tmp/true $seen >/tmp/wrong || fail "wrong bytes as the server went: $(head -n 1 /tmp/wrong)"
	done
	again
	warm
	ends_warm
	excuse "$why"
fi
readers_start "$(fs_loses_files)"
writers_start "$(fs_loses_files)"
for turn in 1 2; do
	fs_server_restart
	more_rounds 2 "with the server again"
	more_turns 2 "with the server again"
done
readers_stop
writers_stop
written
