# SPDX-License-Identifier: GPL-2.0-only
# A cache whose files, directories and attributes were damaged while nobody used
# it: never a wrong byte, never an error, and afterwards everything is cached.
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
