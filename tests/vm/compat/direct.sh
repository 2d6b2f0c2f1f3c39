# SPDX-License-Identifier: GPL-2.0-only
# O_DIRECT: reading past the cache gives the same bytes, and what is written past
# it is not read stale after.
. ./compat.sh

filled
dd if="$MNT/$PART/1300001" of=/tmp/got bs=65536 iflag=direct status=none
cmp -s /tmp/got "$EXPORT/$PART/1300001" || fail "wrong bytes were read with O_DIRECT"
head -c 65536 /dev/urandom >/tmp/piece
dd if=/tmp/piece of="$MNT/$PART/1300001" bs=4096 seek=32 conv=notrunc oflag=direct status=none
dd if=/tmp/piece of="$MNT/$PART/fresh" bs=4096 oflag=direct status=none || wrong "no file can be created with O_DIRECT"
# No sync: it is there when the write returns.
dd if="$EXPORT/$PART/1300001" of=/tmp/got bs=65536 skip=2 count=1 status=none
cmp -s /tmp/got /tmp/piece || fail "what was written with O_DIRECT is not on the server"
written
