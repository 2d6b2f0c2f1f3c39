# SPDX-License-Identifier: GPL-2.0-only
# Who may do what: the device is for the administrator of the machine, not of a container; a
# mount with an id mapping is refused; and what is in the cache is for nobody but root, whoever
# reads it through the mount.
# pairs: c-c r-r
. ./lib.sh
. ./by-hand.sh

# as_somebody COMMAND... : without any right
as_somebody() { setpriv --reuid 12345 --regid 12345 --clear-groups --inh-caps=-all --bounding-set=-all -- "$@"; }
# no WHAT COMMAND... : somebody may not do that
no() {
	local what=$1
	shift
	! as_somebody "$@" >/dev/null 2>&1 || fail "somebody may $what"
}
try_device='
import errno, os
try:
    os.close(os.open("/dev/cachefiles", os.O_RDWR))
    print("opened")
except OSError as error:
    print(errno.errorcode[error.errno])
'

fresh_cache
server_start
rm -rf $EXPORT/rights; mkdir -p $EXPORT/rights
for i in 1 2 3 4; do random $EXPORT/rights/$i $((i * 20011)); done
sync -f $EXPORT/rights
# A new device, with the mode that it has by itself.
unload cachefiles
modprobe cachefiles
wait_for "/dev/cachefiles appears" test -e /dev/cachefiles

say "the device"
equal "mode of the device" "$(stat -c %a /dev/cachefiles)" 600
equal "opened by root" "$(python3 -c "$try_device")" opened
equal "opened by root without CAP_SYS_ADMIN" "$(setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- python3 -c "$try_device")" EPERM
chmod 666 /dev/cachefiles
equal "opened by somebody" "$(as_somebody python3 -c "$try_device")" EPERM
if unshare -Ur true; then
	equal "opened by root of a user namespace" "$(unshare -Ur python3 -c "$try_device")" EPERM
	equal "opened by root of somebody's" "$(setpriv --reuid 12345 --regid 12345 --clear-groups -- unshare -Ur python3 -c "$try_device")" EPERM
else
	say "this kernel has no user namespaces"
fi
chmod 600 /dev/cachefiles

say "a mount with an id mapping"
whole=$CACHE
mkdir -p $CACHE/mapped /mnt/mapped
if mount --bind -o X-mount.idmap=b:0:100000:65536 $CACHE/mapped /mnt/mapped; then
	echo "rights: mapped" >/dev/kmsg
	CACHE=/mnt/mapped
	! bind || fail "a bind on a mount with an id mapping was accepted"
	grep -q 'Invalid argument' /tmp/bind.err || fail "a bind on a mount with an id mapping: $(cat /tmp/bind.err)"
	dmesg | sed -n '/rights: mapped/,$p' | grep -q 'CacheFiles: File cache on idmapped mounts not supported' ||
		fail "the log does not say what is wrong with a mount with an id mapping"
	umount /mnt/mapped
	# Without the mapping there is nothing wrong with it.
	mount --bind $whole/mapped /mnt/mapped
	bind || fail "a bind on the same folder without a mapping: $(cat /tmp/bind.err)"
	unbind
	umount /mnt/mapped
	CACHE=$whole
else
	! unshare -Ur true 2>/dev/null || fail "there is no mounting with an id mapping"
fi
rm -rf $CACHE/mapped

say "what is in the cache"
chmod 755 $CACHE
umask 0
bind
umask 022
mount_nfs
# Half by root, half by somebody: it is all the same for the cache.
cat $MNT/rights/[12] >/dev/null
as_somebody cat $MNT/rights/3 $MNT/rights/4 >/dev/null
umount_nfs
all_stored() { [ "$(objects)" = 4 ]; }
wait_for "four files are in the cache" all_stored
find $CACHE/cache $CACHE/graveyard -printf '%y %m %U %G\n' | sort -u >/tmp/modes
equal "kinds, modes and owners of all that is in the cache" "$(tr '\n' ',' </tmp/modes)" "d 700 0 0,f 600 0 0,"
object=$(find $CACHE/cache -type f -print -quit)
as_somebody test -d $CACHE/cache || fail "nobody may see that there is a cache, so what follows says nothing"
no "list the cache" ls $CACHE/cache
no "list the graveyard" ls $CACHE/graveyard
no "see a file of the cache" stat "$object"
no "read a file of the cache" cat "$object"
no "make a file in the cache" touch $CACHE/cache/x
no "make a file in the graveyard" touch $CACHE/graveyard/x
no "link into the cache" ln -s /etc/passwd $CACHE/cache/x
no "move the cache" mv $CACHE/cache $CACHE/other
no "remove the graveyard" rmdir $CACHE/graveyard
no "mark the cache" setfattr -n user.CacheFiles.cache -v x $CACHE/cache
no "open the cache for everybody" chmod 777 $CACHE/cache
# Nor by a way that was opened before: a descriptor of the cache's folder is not to be had.
no "open the cache" python3 -c "import os; os.open('$CACHE/cache', os.O_RDONLY)"
mount_nfs
read_warm rights
umount_nfs
unbind
