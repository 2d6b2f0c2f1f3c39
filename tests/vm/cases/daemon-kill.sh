# SPDX-License-Identifier: GPL-2.0-only
# The daemon is killed while files are read through the cache: readers go on
# and read the right bytes.  A new daemon, and the cache is used again.
. ./lib.sh
. ./readers.sh
PART=small

fresh_cache
server_start
[ -d $EXPORT/small ] || make_tree $EXPORT/small
daemon_start
mount_nfs
read_cold small
remount

readers_start
for turn in 1 2; do
	daemon_kill
	say "killed the daemon, turn $turn"
	wait_for "the cache is withdrawn" no_cache_active
	more_rounds 2 "without a cache"
	daemon_start
done
more_rounds 2 "with the new daemon"
readers_stop

# What the kill left behind is either read again or still good.
remount
same small
remount
hits=$(stat_of CaRdOps RD)
read_warm small
more "reads served by the cache after all" "$(stat_of CaRdOps RD)" "$hits"
umount_nfs
daemon_stop
