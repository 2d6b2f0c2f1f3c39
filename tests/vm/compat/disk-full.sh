# SPDX-License-Identifier: GPL-2.0-only
# Somebody else fills the cache's disk while files are read and written: readers and
# writers meet no error, and read the right bytes; and when there is room again, what is
# read is cached again.
. ./compat.sh
. ./readers.sh
. ./small-disk.sh

no_room() { echo $(($(stat_of NoSpace nwr) + $(stat_of NoSpace ncr))); }
in_use() { df --output=pcent $CACHE | tail -n 1 | tr -dc 0-9; }
# It takes what is culled, too.
fill() {
	while [ ! -e /tmp/stop-filling ]; do
		cat /dev/zero >>$CACHE/other 2>/dev/null || true
		sleep 0.2
	done
}

begin
put_files
for i in 1 2 3 4; do random "$EXPORT/$PART/big$i" $((1000003 + i)); done
server_sync
small_disk
daemon_start
fs_mount
cold
again
readers_start
writers_start
refused=$(no_room)
rm -f /tmp/stop-filling
fill & filler=$!
full() { [ "$(in_use)" -ge 98 ]; }
wait_for "the disk is full" full
more_rounds 2 "with a full disk"
more_turns 3 "with a full disk"
# What was never read has no file in the cache yet, and gets none.
for i in 1 2 3; do random "$EXPORT/$PART.more/$i" 700001; done
server_sync
for i in 1 2; do
	cmp "$MNT/$PART.more/$i" "$EXPORT/$PART.more/$i" >/tmp/cmp 2>&1 || fail "with a full disk: $(head -n 1 /tmp/cmp)"
done
more "percent of the disk in use after all that" "$(in_use)" 97
more "times that there was no room in the cache" "$(no_room)" "$refused"
touch /tmp/stop-filling
wait $filler
rm $CACHE/other
more_rounds 1 "with room again"
more_turns 3 "with room again"
readers_stop
writers_stop
kill -0 "$DAEMON" || fail "the daemon is gone: $(tail -n 2 "$DAEMON_LOG")"
mv "$MNT/$PART.more" "$MNT/$PART/more"
written
umount $CACHE
