# SPDX-License-Identifier: GPL-2.0-only
# A file written through the mount, read once, is a hit after a new mount.
# The size used to be left out of what is kept at the last close, and the
# object then taken for stale for ever.
. ./lib.sh

fresh_cache
server_start
rm -rf $EXPORT/hit; mkdir -p $EXPORT/hit
daemon_start
mount_nfs
random $MNT/hit/file 4096
random $MNT/hit/longer 300001
sync
drop_caches
same hit
remount
read_warm hit
remount
read_warm hit
umount_nfs
daemon_stop
