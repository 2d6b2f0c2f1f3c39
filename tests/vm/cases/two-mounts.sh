# SPDX-License-Identifier: GPL-2.0-only
# The same export mounted twice, with options that make the client keep the
# mounts apart: both read right and hit, and no key collides.
. ./lib.sh

fresh_cache
server_start
for i in 1 2 3; do random $EXPORT/twice/$i $((i * 150001)); done
daemon_start
# Since the beginning of this case: the kernel forgets what it said long ago.
echo "two-mounts: from here on" >/dev/kmsg
collisions() { dmesg | sed '1,/two-mounts: from here on/d' | grep -cE 'Duplicate cookie|volume key already in use' || true; }
# both FIRST SECOND : options of the two mounts
both() {
	local reads
	say "options '$1' and '$2'"
	for _ in cold warm; do
		mount_nfs "$1" /mnt/first
		mount_nfs "$2" /mnt/second
		reads=$(($(server_reads /mnt/first) + $(server_reads /mnt/second)))
		sums $EXPORT/twice >/tmp/true
		for folder in /mnt/first /mnt/second; do
			sums $folder/twice >/tmp/seen
			cmp -s /tmp/seen /tmp/true || fail "wrong content in $folder: $(differing /tmp/seen /tmp/true)"
		done
		reads=$(($(server_reads /mnt/first) + $(server_reads /mnt/second) - reads))
		umount_nfs /mnt/first
		umount_nfs /mnt/second
	done
	equal "reads sent by both mounts together when warm" $reads 0
}
both rsize=65536 rsize=131072
both nosharecache,fsc=one nosharecache,fsc=two
both vers=4.2 vers=4.1
dmesg | grep -q 'two-mounts: from here on' || fail "the kernel said so much that it forgot where this began"
equal "collisions of keys" "$(collisions)" 0
daemon_stop
