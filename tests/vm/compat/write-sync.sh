# SPDX-License-Identifier: GPL-2.0-only
# O_SYNC and O_DSYNC: what is written is on the server when the write returns.
. ./compat.sh

filled
head -c 20001 /dev/urandom >/tmp/piece
for flag in sync dsync; do
	dd if=/tmp/piece of="$MNT/$PART/262145" bs=20001 seek=3 conv=notrunc oflag=$flag status=none
	dd if="$EXPORT/$PART/262145" of=/tmp/got bs=20001 skip=3 count=1 status=none
	cmp -s /tmp/got /tmp/piece || fail "what was written with O_${flag^^} is not on the server"
	head -c 20001 /dev/urandom >/tmp/piece
done
written
