# SPDX-License-Identifier: GPL-2.0-only
# A file that is open is deleted by the mount: who has it open goes on reading it;
# and it is gone after.
. ./compat.sh

filled
want=$(md5sum <"$EXPORT/$PART/1300001")
exec 5<"$MNT/$PART/1300001"
rm "$MNT/$PART/1300001"
[ ! -e "$MNT/$PART/1300001" ] || fail "the name is still there"
equal "the checksum of the file that is open and deleted" "$(md5sum <&5)" "$want"
exec 5<&-
fs_settle
equal "files on the server" "$(find "$EXPORT/$PART" -type f | wc -l)" 6
written
