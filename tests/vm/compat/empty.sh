# SPDX-License-Identifier: GPL-2.0-only
# Empty files, which stay so, and which come to something on the server or by the
# mount.
. ./compat.sh

begin
for name in stays fills appended; do : >"$EXPORT/$PART/$name"; done
server_sync
daemon_start
fs_mount
matches
again
matches
fs_caches_folders || equal "reads from the cache of nothing" "$hits" 0
fs_settle
fs_umount
random "$EXPORT/$PART/fills" 70001
server_sync
fs_mount
matches
head -c 5000 /dev/urandom >>"$MNT/$PART/appended"
written
