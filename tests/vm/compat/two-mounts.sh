# SPDX-License-Identifier: GPL-2.0-only
# Two mounts at once, with options that keep them apart: both read right, and both
# from the cache.
. ./compat.sh

begin
for i in 1 2 3; do random "$EXPORT/$PART/$i" $((i * 150001)); done
server_sync
daemon_start
second=$(fs_second)
sums "$EXPORT/$PART" >/tmp/true
for turn in cold warm; do
	fs_mount
	fs_mount "$second" /mnt/second
	sent=$(($(fs_reads "$MNT") + $(fs_reads /mnt/second))) hits=$(stat_of CaRdOps RD)
	for folder in "$MNT" /mnt/second; do
		sums "$folder/$PART" >/tmp/seen
		cmp -s /tmp/seen /tmp/true || fail "wrong content in $folder: $(differing /tmp/seen /tmp/true)"
	done
	sent=$(($(fs_reads "$MNT") + $(fs_reads /mnt/second) - sent)) hits=$(($(stat_of CaRdOps RD) - hits))
	fs_umount /mnt/second
	fs_umount
	say "$turn: $sent reads sent, $hits from the cache"
done
[ $sent = 0 ] || wrong "$sent reads were sent to the server by two mounts with a warm cache"
[ $hits -gt 3 ] || wrong "two mounts of three files read from the cache only $hits times"
daemon_stop
