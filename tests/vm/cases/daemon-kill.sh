# SPDX-License-Identifier: GPL-2.0-only
# The daemon is killed while files are read through the cache: readers go on
# and read the right bytes.  A new daemon, and the cache is used again.
. ./lib.sh

fresh_cache
server_start
[ -d $EXPORT/small ] || make_tree $EXPORT/small
sums $EXPORT/small >/tmp/true
daemon_start
mount_nfs
read_cold small
remount

# Readers that never find a page in memory, and stop at the first wrong byte.
reader() {
	while [ ! -e /tmp/stop ]; do
		sums $MNT/small >"/tmp/seen$1" || return 1
		cmp -s "/tmp/seen$1" /tmp/true || return 2
		echo 1 >/proc/sys/vm/drop_caches
		echo round >>"/tmp/rounds$1"
	done
}
rounds() { cat /tmp/rounds1 /tmp/rounds2 | wc -l; }
rounds_past() { [ "$(rounds)" -ge "$1" ] || ! kill -0 $one 2>/dev/null || ! kill -0 $two 2>/dev/null; }
rm -f /tmp/stop
: >/tmp/rounds1
: >/tmp/rounds2
reader 1 & one=$!
reader 2 & two=$!
for turn in 1 2; do
	wait_for "readers read" rounds_past $(($(rounds) + 1))
	daemon_kill
	say "killed the daemon, turn $turn"
	wait_for "the cache is withdrawn" no_cache_active
	wait_for "readers go on without a cache" rounds_past $(($(rounds) + 2))
	say "$(rounds) rounds read"
	daemon_start
done
wait_for "readers go on with the new daemon" rounds_past $(($(rounds) + 2))
touch /tmp/stop
wait $one || fail "reader 1 ended with status $? (1: an error, 2: wrong bytes)"
wait $two || fail "reader 2 ended with status $? (1: an error, 2: wrong bytes)"

# What the kill left behind is either read again or still good.
remount
same small
remount
hits=$(stat_of CaRdOps RD)
read_warm small
more "reads served by the cache after all" "$(stat_of CaRdOps RD)" "$hits"
umount_nfs
daemon_stop
