# SPDX-License-Identifier: GPL-2.0-only
# Some of all the other parts in one, for `make check`: cold and warm, changed on the
# server and by the mount, and read right and from the cache after.
. ./compat.sh

filled
warm
append() { head -c 5000 /dev/urandom >>"$1"; }
append "$MNT/$PART/4097"
head -c 70001 /dev/urandom >"$MNT/$PART/new"
truncate -s 100003 "$MNT/$PART/262144"
rm "$MNT/$PART/1"
sync
matches
fs_umount
append "$EXPORT/$PART/262145"
rm "$EXPORT/$PART/4095"
server_sync
fs_mount
matches
more "reads sent for what had changed" "$sent" 0
more "reads from the cache of what had not changed" "$hits" 0
again
warm
fs_umount
daemon_stop
