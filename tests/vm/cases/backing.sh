# SPDX-License-Identifier: GPL-2.0-only
# Filesystems under the cache: those that can hold one are filled and read warm
# after a remount; those that cannot are refused with one errno and one line.
# pairs: c-c r-r
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
	mount_again
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

# holds_nothing WHAT : ours refuses it; C takes it, and then never stores anything.
holds_nothing() {
	if [ "${PAIR#*-}" = r ]; then
		refused "$1" 95
		return
	fi
	daemon_start
	mount_nfs
	find $MNT/backing -type f -exec cat {} + >/dev/null
	umount_nfs
	equal "files that C stores on $1" "$(find $CACHE/cache -type f | wc -l)" 0
	daemon_stop
}

mount_loop() { mount -o loop,noatime /tmp/backing.img "${1:-$CACHE}"; }
# below FOLDER : an ext4 there, for another filesystem to lie on.
below() {
	blank 256M
	mke2fs -q -t ext4 -N 8192 /tmp/backing.img
	mkdir -p "$1"
	mount_loop "$1"
}
mount_again() { mount_loop; }
# missing FILESYSTEM : the debug kernel is made for tests, and has not all of Debian's.
missing() {
	[ "${SLOW:-1}" != 1 ] || return 1
	! modprobe -q "$1" || return 1
	say "$1: this kernel does not have it"
}

for block in 1024 4096; do
	blank 256M
	mke2fs -q -t ext4 -b $block -N 8192 /tmp/backing.img
	mount_loop
	holds "ext4 with blocks of $block"
done
for fs in ext2 xfs btrfs f2fs; do
	! missing $fs || continue
	blank 400M
	case $fs in
	ext2) mke2fs -q -t ext2 -b 4096 -N 8192 /tmp/backing.img ;;
	*) mkfs.$fs -q /tmp/backing.img ;;
	esac
	mount_loop
	holds $fs
done
# The attributes of users may be switched off, also while the cache is bound: what is in it is left
# alone, and used again with them.
if [ "${PAIR#*-}" = r ] && ! missing f2fs; then
	blank 400M
	mkfs.f2fs -q /tmp/backing.img
	mount -o loop,noatime,nouser_xattr /tmp/backing.img $CACHE
	refused "f2fs without users' attributes" 95
	mount -o remount,user_xattr $CACHE
	daemon_start
	mount_nfs
	read_cold backing
	remount
	kept=$(objects)
	mount -o remount,nouser_xattr $CACHE
	remount
	same backing
	remount
	equal "files in the cache without users' attributes" "$(objects)" "$kept"
	dmesg | grep -q 'Cannot read an attribute in cache .*: -95' || fail "nothing in the log says that attributes cannot be read"
	mount -o remount,user_xattr $CACHE
	read_warm backing
	umount_nfs
	daemon_stop
	umount $CACHE
	mount -o loop,noatime,nouser_xattr /tmp/backing.img $CACHE
	equal "errno of a bind on a cache without users' attributes" "$(bind)" 95
	umount $CACHE
fi
# Its folders are of no disk, and its files those of another filesystem.
if ! missing overlay; then
	layers=/tmp/backing-layers
	below $layers
	mkdir $layers/lower $layers/upper $layers/work
	mount_again() {
		mount -t overlay -o "lowerdir=$layers/lower,upperdir=$layers/upper,workdir=$layers/work" none $CACHE
	}
	mount_again
	holds 'overlayfs on ext4'
	umount $layers
	rmdir $layers
fi

for fs in tmpfs ramfs proc sysfs; do
	mount -t $fs none $CACHE
	refused $fs 95
	umount $CACHE
done
# Flash, emulated.  Its files cannot be opened for direct I/O.
if ! missing ubifs; then
	# 64 MiB, which are of memory as they are written.
	modprobe nandsim first_id_byte=0x20 second_id_byte=0xa2 third_id_byte=0x00 fourth_id_byte=0x15
	modprobe ubi mtd=0
	wait_for "the flash appears" test -e /dev/ubi0
	python3 - <<-'END'
		import fcntl, struct
		# UBI_IOCMKVOL of <mtd/ubi-user.h>: a volume of a size that may change, called "cache".
		volume = struct.pack("=iiqBBh4s128s", 0, 1, 40 << 20, 3, 0, 5, b"", b"cache")
		fcntl.ioctl(open("/dev/ubi0"), 1 << 30 | len(volume) << 16 | ord("o") << 8, volume)
	END
	mount -t ubifs ubi0:cache $CACHE
	holds_nothing ubifs
	umount $CACHE
	modprobe -r ubifs
	modprobe -r ubi nandsim
fi
# Its folders have the operation that makes unnamed files, and the server behind it does not.
if ! missing fuse; then
	served=/tmp/backing-served
	below $served
	bindfs $served $CACHE
	holds_nothing 'bindfs, a server of FUSE'
	umount $CACHE
	umount $served
	rmdir $served
fi
# Unnamed files, but no extended attributes.
if ! missing minix; then
	blank 16M
	mkfs.minix -3 /tmp/backing.img >/dev/null
	mount_loop
	refused minix 95
	umount $CACHE
fi
# Blocks of four pages, which Linux mounts since 6.12 where it has huge pages.
blank 400M
mkfs.xfs -q -b size=16384 /tmp/backing.img
if mount_loop 2>/dev/null; then
	refused 'xfs with blocks of 16384' 95
	umount $CACHE
else
	say 'xfs with blocks of 16384: this kernel does not mount it'
fi
# Names that differ by case are names of different files to a cache.
if [ "${PAIR#*-}" = r ]; then
	blank 256M
	mke2fs -q -t ext4 -O casefold /tmp/backing.img
	if mount_loop 2>/dev/null; then
		rmdir $CACHE/lost+found
		chattr +F $CACHE
		refused 'ext4 without upper case' 95
		chattr -F $CACHE
		mkdir $CACHE/cache
		chattr +F $CACHE/cache
		equal "errno of a bind on a folder without upper case" "$(bind)" 1
		umount $CACHE
	else
		say 'ext4 without upper case: this kernel does not mount it'
	fi
fi
mount_nfs '' $CACHE
refused nfs 95
umount $CACHE
blank 256M
mke2fs -q -t ext4 /tmp/backing.img
mount -o loop,ro /tmp/backing.img $CACHE
refused "ext4 read-only" 30
umount $CACHE
rm -f /tmp/backing.img
