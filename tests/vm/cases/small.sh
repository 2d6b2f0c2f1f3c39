# SPDX-License-Identifier: GPL-2.0-only
# The demo in small: what is read twice is read from the server once.
. ./lib.sh
. ./modules.sh

fresh_cache
server_start
[ -d $EXPORT/small ] || make_tree $EXPORT/small
daemon_start
mount_nfs
for name in fscache netfs cachefiles nfs nfsv4; do
	module_line "$name" >/tmp/line
	say "$(cat /tmp/line)"
done
hits=$(stat_of CaRdOps RD)
read_cold small
equal "reads served by the cache while it was cold" $(($(stat_of CaRdOps RD) - hits)) 0
remount
read_warm small
more "reads served by the cache" $(($(stat_of CaRdOps RD) - hits)) 90
umount_nfs
daemon_stop
