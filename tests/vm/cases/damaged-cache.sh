# SPDX-License-Identifier: GPL-2.0-only
# A cache whose files, directories and attributes were damaged while nobody used
# it: never a wrong byte, never an error, and afterwards everything is cached.  And the log
# says of each kind of damage what it is and where.
# pairs: r-r
. ./lib.sh
. ./by-hand.sh

[ "${PAIR#*-}" = r ] || skip "the C cachefiles gives up on what is odd"

XATTR=user.CacheFiles.cache
fresh_cache
server_start
rm -rf $EXPORT/tree; mkdir -p $EXPORT/tree
for i in $(seq 1 51); do random $EXPORT/tree/$i $((i * 1397)); done
sync -f $EXPORT/tree
bind
mount_nfs
read_cold tree
umount_nfs
unbind

say "damaging $(objects) objects"
python3 - "$CACHE" $XATTR <<'END'
import os, random, shutil, sys
base, xattr = sys.argv[1:]
random.seed(7)
objects = sorted(os.path.join(d, f) for d, _, fs in os.walk(base + "/cache") for f in fs)
def no_xattr(p): os.removexattr(p, xattr)
def short_xattr(p): os.setxattr(p, xattr, os.getxattr(p, xattr)[:-1])
def tiny_xattr(p): os.setxattr(p, xattr, b"\0")
def empty_xattr(p): os.setxattr(p, xattr, b"")
def long_xattr(p): os.setxattr(p, xattr, os.getxattr(p, xattr) + b"x" * 3)
def huge_xattr(p): os.setxattr(p, xattr, os.urandom(1500))
def random_xattr(p): os.setxattr(p, xattr, os.urandom(len(os.getxattr(p, xattr))))
def bad_type(p): v = bytearray(os.getxattr(p, xattr)); v[16] = 9; os.setxattr(p, xattr, bytes(v))
def dirty(p): v = bytearray(os.getxattr(p, xattr)); v[17] = 4; os.setxattr(p, xattr, bytes(v))
def bad_size(p): v = bytearray(os.getxattr(p, xattr)); v[7] ^= 1; os.setxattr(p, xattr, bytes(v))
def directory(p): os.unlink(p); os.makedirs(p + "/x/y"); open(p + "/x/file", "w").write("z")
def symlink(p): os.unlink(p); os.symlink("/etc/passwd", p)
def fifo(p): os.unlink(p); os.mkfifo(p)
def removed(p): os.unlink(p)
def renamed(p): os.rename(p, p + "x")
kinds = [no_xattr, short_xattr, tiny_xattr, empty_xattr, long_xattr, huge_xattr, random_xattr, bad_type, dirty, bad_size,
         directory, symlink, fifo, removed, renamed]
for i, p in enumerate(objects):
    kind = kinds[i % (len(kinds) + 2)] if i % (len(kinds) + 2) < len(kinds) else None
    if kind: kind(p)
END
bind
mount_nfs
same tree
remount
read_warm tree
umount_nfs
unbind

say "damaging the volumes"
for volume in "$CACHE"/cache/I*; do setfattr -x $XATTR "$volume"; done
bind
mount_nfs
same tree
remount
read_warm tree
umount_nfs
unbind
for volume in "$CACHE"/cache/I*; do setfattr -n $XATTR -v 0x010203 "$volume"; rm -rf "$volume/@00"; done
bind
mount_nfs
same tree
remount
read_warm tree
umount_nfs
unbind

# --- what the log says ---------------------------------------------------------

# find_it : the one object that there is.
find_it() {
	object=$(find $CACHE/cache -type f)
	[ -f "$object" ] || fail "there is not one object, but: $object"
	folder=${object%/*} volume=${object%/*/*}
}
# damaged KIND : what the log says after this is about it.  The module says ten things in five
# seconds and no more, which a fast machine would come to.
damaged() {
	sleep 1
	echo "damaged-cache: a kind of damage is $1" >/dev/kmsg
}
# logged KIND WORDS NAME : the log has a line with both.
logged() {
	dmesg | sed -n "/a kind of damage is $1\$/,\$p" | grep 'CacheFiles: ' | grep -F -- "$2" | grep -qF -- "$3" ||
		fail "the log does not say '$2' of $3: $1"
}
# log_says KIND WORDS NAME : read once more, and the log has such a line.
log_says() {
	damaged "$1"
	mount_nfs
	same said
	umount_nfs
	logged "$@"
}
number() { printf '(B=%x)' "$(stat -c %i "$1")"; }
# poke OBJECT BYTE VALUE : one byte of its attribute, in hexadecimal.
poke() {
	local value
	value=$(getfattr --absolute-names -e hex -n $XATTR "$1" | sed -n "s/^$XATTR=0x//p")
	setfattr -n $XATTR -v "0x${value:0:$(($2 * 2))}$3${value:$(($2 * 2 + 2))}" "$1"
}

say "what the log says"
# What was said of all that was damaged above does not count any more.
sleep 6
trap 'chattr -R -f -i $CACHE/cache' EXIT
rm -rf "${CACHE:?}/cache" $EXPORT/said; mkdir -p $EXPORT/said
random $EXPORT/said/1 30011
sync -f $EXPORT/said
bind
mount_nfs
same said
umount_nfs
for kind in missing short type content dirty volume-missing volume-bits; do
	find_it
	words='Odd object in cache' what=$object
	case $kind in
	missing) setfattr -x $XATTR "$object" ;;
	short) setfattr -n $XATTR -v 0x0102 "$object" ;;
	type) poke "$object" 16 09 ;;
	content) poke "$object" 17 77 ;;
	dirty) poke "$object" 17 04; words='Dirty object in cache' ;;
	volume-missing) setfattr -x $XATTR "$volume"; words='Odd volume in cache' what=$volume ;;
	volume-bits) poke "$volume" 3 01; words='Odd volume in cache' what=$volume ;;
	esac
	log_says $kind "$words" "$(number "$what")"
done
for kind in folder link fifo device; do
	find_it
	rm "$object"
	case $kind in
	folder) mkdir "$object" ;;
	link) ln -s /etc/passwd "$object" ;;
	fifo) mkfifo "$object" ;;
	device) mknod "$object" c 1 3 ;;
	esac
	log_says $kind "$(basename "$object") is not a file" ''
done
# One that cannot be changed is as good as before, until what it is of changes.
find_it
damaged immutable
mount_nfs
same said
chattr +i "$object"
remount
read_warm said
exec 5<$MNT/said/1
random $EXPORT/said/1 30011
sync -f $EXPORT/said
same said
exec 5<&-
umount_nfs
logged immutable "A stale object can neither be removed nor marked: error -1" "$(basename "$object")"
chattr -i "$object"
rm "$object"
mkdir "$object"
mount -t tmpfs none "$object"
log_says mounted "Mountpoint in cache or graveyard" ''
umount "$object"
for what in "$folder" "$volume"; do
	mv "$what" $CACHE/away
	touch "$what"
	log_says "$(basename "$what" | cut -c 1)" "$(basename "$what") is not a directory" ''
	rm "$what"
	mv $CACHE/away "$what"
done
mv "$folder" $CACHE/away
chattr +i "$volume"
log_says immutable-volume "mkdir $(basename "$folder") failed with error -1" ''
chattr -i "$volume"
rm -rf $CACHE/away
# And with all that taken away it is cached again.
mount_nfs
same said
remount
read_warm said
umount_nfs
unbind
