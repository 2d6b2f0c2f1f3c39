# SPDX-License-Identifier: GPL-2.0-only
# A cache filled with one cachefiles is read by the other, both ways.
# pairs: c-c r-r
. ./lib.sh
. ./modules.sh

stock=/lib/modules/$RELEASE/kernel/fs/cachefiles/cachefiles.ko
ours=$HERE/.vm/ours/cachefiles.ko
[ -f "$ours" ] || skip "our cachefiles.ko is not built"

# with WHOSE : from here on that one's cachefiles is loaded, and no other.
with() {
	say "with the cachefiles that is $1"
	[ -z "$DAEMON" ] || daemon_stop
	unload cachefiles
	loaded netfs || modprobe netfs
	insmod "${!1}"
	equal "whose cachefiles is loaded" "$(module_origin cachefiles)" "$1"
	daemon_start
}

fresh_cache
server_start
[ -d $EXPORT/small ] || make_tree $EXPORT/small
for name in one two; do cp -a $EXPORT/small $EXPORT/$name; done
with stock
mount_nfs
read_cold one
umount_nfs
with ours
mount_nfs
read_warm one
read_cold two
umount_nfs
with stock
mount_nfs
read_warm two
read_warm one
# And what the server changed meanwhile is seen by the other, too.
random $EXPORT/one/large/1 1500000
umount_nfs
with ours
mount_nfs
same one
read_warm two
umount_nfs
daemon_stop
