# SPDX-License-Identifier: GPL-2.0-only
# The cache survives a reboot of the guest.  In the first boot this fills it,
# in the second, with the same disks, it must be warm.
. ./lib.sh

server_start
if [ "${BOOT:-1}" = 1 ]; then
	fresh_cache
	[ -d $EXPORT/reboot ] || make_tree $EXPORT/reboot
	daemon_start
	mount_nfs
	read_cold reboot
	umount_nfs
else
	[ -d $EXPORT/reboot ] || fail "the disks of the first boot are not here"
	daemon_start
	mount_nfs
	read_warm reboot
	more "reads served by the cache" "$(stat_of CaRdOps RD)" 90
	umount_nfs
fi
daemon_stop
