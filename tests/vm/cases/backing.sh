# SPDX-License-Identifier: GPL-2.0-only
# Filesystems under the cache: those that can hold one are filled and read warm
# after a remount; those that cannot are refused with one errno and one line.
. ./lib.sh

CACHE=/backing
mkdir -p $CACHE
server_start
[ -d $EXPORT/small ] || make_tree $EXPORT/small
rm -rf $EXPORT/backing; mkdir $EXPORT/backing
cp -a $EXPORT/small/odd $EXPORT/small/large/2 $EXPORT/backing
modprobe cachefiles
modprobe loop 2>/dev/null || true

# blank SIZE : a file to make a filesystem in.
blank() { rm -f /tmp/backing.img; truncate -s "$1" /tmp/backing.img; }

# holds WHAT : the filesystem at $CACHE holds a cache.
holds() {
	local began=$SECONDS hits
	daemon_start
	mount_nfs
	read_cold backing
	remount
	hits=$(stat_of CaRdOps RD)
	read_warm backing
	more "reads from a cache on $1" "$(stat_of CaRdOps RD)" "$hits"
	umount_nfs
	daemon_stop
	# As if it had been away: nothing is left in memory.
	umount $CACHE
	mount_loop
	daemon_start
	mount_nfs
	read_warm backing
	umount_nfs
	daemon_stop
	umount $CACHE
	say "$1: $((SECONDS - began)) s"
}

# bind : the errno of a bind of $CACHE, or 0; undone at once.
bind() {
	python3 - $CACHE <<-'END'
	import os, sys
	device = os.open("/dev/cachefiles", os.O_RDWR)
	os.write(device, b"dir " + sys.argv[1].encode())
	os.write(device, b"tag refused")
	try:
	    os.write(device, b"bind")
	    print(0)
	except OSError as error:
	    print(error.errno)
	END
}

# refused WHAT ERRNO
refused() {
	local got lines
	echo "backing: $1" >/dev/kmsg
	got=$(bind)
	equal "errno of a bind on $1" "$got" "$2"
	lines=$(dmesg | sed -n "/backing: $1\$/,\$p" | grep -c 'CacheFiles: Failed to register: -') || true
	equal "lines about a bind on $1" "$lines" 1
	[ "${PAIR#*-}" = c ] || dmesg | tail -n 3 | grep -q 'Failed to register: .*the filesystem' ||
		fail "the line about $1 does not say what the matter is"
	say "$1: refused with errno $2"
	[ ! -e $CACHE/cache ] || fail "a refused bind on $1 left something behind"
}

mount_loop() { mount -o loop,noatime /tmp/backing.img $CACHE; }

for block in 1024 4096; do
	blank 256M
	mke2fs -q -t ext4 -b $block -N 8192 /tmp/backing.img
	mount_loop
	holds "ext4 with blocks of $block"
done
# Debian's kernel has all of these; the debug kernel has no ext2.
for fs in ext2 xfs btrfs; do
	if [ "${SLOW:-1}" != 1 ] && ! modprobe -q $fs; then
		say "$fs: this kernel does not have it"
		continue
	fi
	blank 400M
	case $fs in
	ext2) mke2fs -q -t ext2 -b 4096 -N 8192 /tmp/backing.img ;;
	*) mkfs.$fs -q /tmp/backing.img ;;
	esac
	mount_loop
	holds $fs
done

mount -t tmpfs none $CACHE
refused tmpfs 95
umount $CACHE
mount -t ramfs none $CACHE
refused ramfs 95
umount $CACHE
mount -t proc none $CACHE
refused proc 95
umount $CACHE
blank 256M
mke2fs -q -t ext4 /tmp/backing.img
mount -o loop,ro /tmp/backing.img $CACHE
refused "ext4 read-only" 30
umount $CACHE
rm -f /tmp/backing.img
