# SPDX-License-Identifier: GPL-2.0-only
# Files in the cache are appended to by the mount.
. ./compat.sh

filled
head -c 5001 /dev/urandom >/tmp/piece
for size in 1 4096 262145; do
	cat /tmp/piece >>"$MNT/$PART/$size"
	cat /tmp/piece >>"$MNT/$PART/$size"
	sync
	tail -c 5001 "$EXPORT/$PART/$size" | cmp -s - /tmp/piece || fail "what was appended to $size did not reach the server"
	equal "the size of $size on the server" "$(stat -c %s "$EXPORT/$PART/$size")" $((size + 10002))
done
written
