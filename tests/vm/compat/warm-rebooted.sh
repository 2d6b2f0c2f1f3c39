# SPDX-License-Identifier: GPL-2.0-only
# What the cache has outlives a reboot, of the client and of the server: this runs in two boots.
. ./compat.sh

if [ "${AFTER_BOOT:-}" != "$FS:$PART" ]; then
	filled
	warm
	fs_umount
	daemon_stop
	fs_server_stop
else
	fs_server_start
	[ -d "$EXPORT/$PART" ] || fail "the server has lost the folder of the first boot"
	daemon_start
	fs_mount
	warm
	fs_umount
	daemon_stop
fi
