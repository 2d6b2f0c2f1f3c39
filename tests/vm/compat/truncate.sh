# SPDX-License-Identifier: GPL-2.0-only
# Files in the cache are cut short and made longer by the mount.
. ./compat.sh

filled
truncate -s 100003 "$MNT/$PART/262145"
truncate -s 500001 "$MNT/$PART/262144"
truncate -s 0 "$MNT/$PART/4095"
# Cut within a page, and longer again: what was cut off must not come back.
truncate -s 4000 "$MNT/$PART/1300001"
truncate -s 900001 "$MNT/$PART/1300001"
sync
equal "the size on the server of what was cut" "$(stat -c %s "$EXPORT/$PART/262145")" 100003
equal "bytes that are not zero past the cut" "$(tail -c +4001 "$EXPORT/$PART/1300001" | tr -d '\0' | wc -c)" 0
equal "the same, by the mount" "$(tail -c +4001 "$MNT/$PART/1300001" | tr -d '\0' | wc -c)" 0
written
