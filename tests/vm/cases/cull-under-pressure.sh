# SPDX-License-Identifier: GPL-2.0-only
# With vm.vfs_cache_pressure at 1 the client keeps its inodes, and so its cookies, for
# as long as it can: what can be culled is only what fscache lets go of by itself, after ten
# seconds without use.  Culling must go on all the same, while the mount stays.
. ./lib.sh
. ./small-disk.sh

[ "$PAIR" = r-r ] || skip "with C, zeroes may be read through a cache whose disk is full; see unwritten.sh"

pressure=$(cat /proc/sys/vm/vfs_cache_pressure)
small_disk_start
echo 1 >/proc/sys/vm/vfs_cache_pressure
# read_until N : read all, again and again, until N have been culled.
read_until() {
	# The client's pages go; its inodes stay.
	echo 1 >/proc/sys/vm/drop_caches
	same big
	kill -0 "$DAEMON" || fail "the daemon is gone: $(tail -n 2 $DAEMON_LOG)"
	# What is used is not culled, and what was used in the last ten seconds counts as used.
	sleep 12
	[ "$(culled)" -ge "$1" ]
}
for round in 1 2; do
	wait_for "objects are culled in round $round" read_until $(($(culled) + 10))
	say "round $round: $(df --output=pcent $CACHE | tail -n 1) full, $(objects) objects, culled $(culled)"
done
echo "$pressure" >/proc/sys/vm/vfs_cache_pressure
small_disk_stop
