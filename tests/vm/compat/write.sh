# SPDX-License-Identifier: GPL-2.0-only
# Files are rewritten, in part and as a whole, and made anew by the mount.
. ./compat.sh

filled
random "$MNT/$PART/4097" 4097
random "$MNT/$PART/new" 700001
head -c 5000 /dev/urandom >/tmp/piece
dd if=/tmp/piece of="$MNT/$PART/1300001" bs=5000 seek=100 conv=notrunc status=none
dd if=/tmp/piece of="$MNT/$PART/262144" bs=1 seek=4095 count=3 conv=notrunc status=none
sync
# That the server got it, and not only that both are the same.
dd if="$EXPORT/$PART/1300001" of=/tmp/got bs=5000 skip=100 count=1 status=none
cmp -s /tmp/got /tmp/piece || fail "what was written did not reach the server"
written
