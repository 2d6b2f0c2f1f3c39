# SPDX-License-Identifier: GPL-2.0-only
# Trace events and files in /proc are what tools know: names and formats are C's, and in the
# course of a cache's life every event fires.
. ./lib.sh
. ./by-hand.sh

TRACING=/sys/kernel/tracing
EVENTS=$TRACING/events
XATTR=user.CacheFiles.cache
mountpoint -q $TRACING || mount -t tracefs tracefs $TRACING || skip "this kernel has no tracefs"

# texts : as they are with what is loaded: names and formats of the events, without the numbers
# that they get at loading; and the files in /proc, which nothing uses, without their counts.
texts() {
	local file
	for file in $EVENTS/{fscache,cachefiles}/*/format; do
		printf '== %s\n' "${file#"$EVENTS/"}"
		grep -v '^ID:' "$file"
	done
	for file in stats caches volumes cookies; do
		printf '== %s, mode %s\n' $file "$(stat -L -c %a /proc/fs/fscache/$file)"
		sed 's/-\{0,1\}[0-9]\{1,\}/N/g' /proc/fs/fscache/$file
	done
}
# alone FILE... : these modules, and none of the other side.
alone() {
	# All of 9p uses netfs, the network part too.
	unload cachefiles 9p 9pnet_virtio 9pnet_fd 9pnet
	unload_all
	for file; do insmod "$file"; done
}

stock=/lib/modules/$RELEASE/kernel/fs ours=$HERE/.vm/ours
if [ -f "$ours/fscache.ko" ]; then
	alone "$stock/netfs/netfs.ko" "$stock/cachefiles/cachefiles.ko"
	texts >/tmp/texts-stock
	alone "$ours/fscache.ko" "$ours/netfs.ko" "$ours/cachefiles.ko"
	texts >/tmp/texts-ours
	alone
	equal "events that the kernel's own have" "$(grep -c '^== [fc].*/format' /tmp/texts-stock)" 29
	cmp -s /tmp/texts-stock /tmp/texts-ours ||
		fail "not as the kernel's own: $({ diff /tmp/texts-stock /tmp/texts-ours || true; } | sed -n 2,4p | tr '\n' ' ')"
else
	say "ours are not built, and so not compared"
fi

# --- all that happens to a cache ---------------------------------------------

: >/tmp/fired
# note : which events have fired, up to now.
note() {
	sed -n 's/^.*[0-9]\.[0-9]*: \([a-z]*_[a-z_]*\): .*/\1/p' $TRACING/trace | sort -u >>/tmp/fired
	: >$TRACING/trace
}
events_end() {
	echo 0 >$EVENTS/fscache/enable
	echo 0 >$EVENTS/cachefiles/enable
	: >$TRACING/trace
	echo 1024 >$TRACING/buffer_size_kb
}

# unused : the mount goes, and everything is released.
unused() {
	umount_nfs
	wait_for "all objects are released" no_objects
}
no_objects() { awk '$6 == "A" { n = $4 } END { exit n != 0 }' /proc/fs/fscache/caches; }

fresh_cache
server_start
rm -rf $EXPORT/trace; mkdir -p $EXPORT/trace
for i in $(seq 1 6); do random $EXPORT/trace/$i $((i * 50021)); done
sync -f $EXPORT/trace
modprobe cachefiles
echo 16384 >$TRACING/buffer_size_kb
trap events_end EXIT
for group in fscache cachefiles; do echo 1 >$EVENTS/$group/enable; done

say "cold and warm"
bind
mount_nfs
cat $MNT/trace/1 >/dev/null
unused
one=$(find $CACHE/cache -type f)
[ -f "$one" ] || fail "the object of one file is not one file: $one"
mount_nfs
read_cold trace
remount
read_warm trace
note

say "changed on the server while it is used"
exec 5<$MNT/trace/1
cat <&5 >/dev/null
random $EXPORT/trace/1 80021
sync -f $EXPORT/trace
same trace
exec 5<&-
unused
note

say "one file under two names"
one=$(find $CACHE/cache -type f -size +78k -size -90k)
[ -f "$one" ] || fail "the object of the first file is not to be found by its size: $one"
two=$(find $CACHE/cache -type f ! -path "$one" -print -quit)
ln -f "$one" "$two"
mount_nfs
cat $MNT/trace/1 >/dev/null
same trace
unused
note

say "a file that says nothing about itself"
setfattr -x $XATTR "$one"
mount_nfs
same trace
unused
note

say "culling"
for type in f d; do
	victim=$(find $CACHE/cache -mindepth 2 -type $type ! -path "$one" -print -quit)
	# The volume may be in use for a moment.
	wait_for "$victim is culled" cull "$victim"
done
note

say "written and cut by the mount"
modprobe 9p
modprobe 9pnet_virtio
tags=$(cat /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag 2>/dev/null | tr '\0' '\n') || true
grep -qx served <<<"$tags" || fail "the machine was started without --share served=FOLDER"
mkdir -p /mnt/trace
mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072,cache=fscache,cachetag=trace served /mnt/trace
random /tmp/written 300000
cp /tmp/written /mnt/trace/trace
exec 5<>/mnt/trace/trace
sync -f /mnt/trace
truncate -s 100003 /tmp/written /mnt/trace/trace
cmp /tmp/written /mnt/trace/trace || fail "wrong bytes in a file that was cut"
exec 5<&-
rm /mnt/trace/trace
umount /mnt/trace
note

say "the device is closed under a mount"
mount_nfs
same trace
for list in caches volumes cookies; do
	case $list in
	caches) form='[0-9a-f]{8} +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ [A-Z-] .*' ;;
	volumes) form='[0-9a-f]{8} +[0-9]+ +[0-9]+ +[0-9]+ [0-9a-f]{2,} .{15} .*' ;;
	cookies) form='[0-9a-f]{8} [0-9a-f]{8} +[0-9]+ +[0-9]+ +-?[0-9]+ [A-Z-] [0-9a-f]{2,} [0-9a-f]+(, [0-9a-f]+)?' ;;
	esac
	tail -n +3 /proc/fs/fscache/$list >/tmp/list
	[ -s /tmp/list ] || fail "nothing in /proc/fs/fscache/$list"
	! grep -qvxE "$form" /tmp/list || fail "a line in $list is not as in C: $(grep -m 1 -vxE "$form" /tmp/list)"
done
unbind
same trace
umount_nfs
note

missing=''
for event in $EVENTS/{fscache,cachefiles}/*/format; do
	event=${event%/format} event=${event##*/}
	case $event in
	# Only when the disk fails; see the case flaky-disk.
	cachefiles_io_error) continue ;;
	esac
	grep -qx "$event" /tmp/fired || missing+=" $event"
done
[ -z "$missing" ] || fail "events that never fired:$missing"
say "$(sort -u /tmp/fired | wc -l) events fired"
events_end
trap - EXIT
alone
