# SPDX-License-Identifier: GPL-2.0-only
# Sparse files: nothing but a hole, and data with holes around it.
. ./compat.sh

begin
truncate -s 3M "$EXPORT/$PART/hole"
for at in 10 250 999; do
	head -c 4000 /dev/urandom | dd of="$EXPORT/$PART/islands" bs=4096 seek=$at conv=notrunc status=none
done
truncate -s 5000001 "$EXPORT/$PART/islands"
server_sync
daemon_start
fs_mount
cold
again
warm
# An island more, where the cache knows of a hole.
head -c 4000 /dev/urandom | dd of="$MNT/$PART/islands" bs=4096 seek=600 conv=notrunc status=none
written
