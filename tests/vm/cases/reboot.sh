# SPDX-License-Identifier: GPL-2.0-only
# The cache survives a reboot of the guest.  In the first boot this fills it and reads
# from it, in the second, with the same disks, it must be warm.  What is read does not fit
# into memory: what is still to be stored when a page is wanted back is stored all the same.
. ./lib.sh
. ./memory.sh

server_start
if [ "${AFTER_BOOT:-}" != reboot ]; then
	fresh_cache
	if [ ! -d $EXPORT/reboot ]; then
		for i in 1 2 3 4; do random $EXPORT/reboot/big$i 40000001; done
		make_tree $EXPORT/reboot
	fi
	daemon_start
	take_memory
	mount_nfs
	read_cold reboot
	remount
else
	[ -d $EXPORT/reboot ] || fail "the disks of the first boot are not here"
	daemon_start
	take_memory
	mount_nfs
	read_warm reboot
	more "reads served by the cache" "$(stat_of CaRdOps RD)" 90
	remount
fi
read_warm reboot
umount_nfs
daemon_stop
