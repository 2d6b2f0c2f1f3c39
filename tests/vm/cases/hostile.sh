# SPDX-License-Identifier: GPL-2.0-only
# Cache directories as only malice or a broken disk makes them, from a seed: never
# a wrong byte to a reader, never an error, no hang and no oops.  Some are changed
# once more while they are read.  TREES=50 for a long run.
# pairs: r-r
. ./lib.sh
. ./by-hand.sh

[ "${PAIR#*-}" = r ] || skip "the C cachefiles gives up on what is odd"

TREES=${TREES:-4} SEED=${SEED:-$RANDOM}
say "seed $SEED, $TREES trees"
fresh_cache
server_start
rm -rf $EXPORT/host; mkdir -p $EXPORT/host
for i in $(seq 1 24); do random $EXPORT/host/$i $((i * 2711)); done
random $EXPORT/host/large 700001
sync -f $EXPORT/host

cat >/tmp/hostile.py <<'END'
"""hostile.py CACHE SEED STEPS PAUSE: does so many nasty things to a cache, and says which."""
import os, random, shutil, socket, stat, subprocess, sys, time

# Links made here lead out of the cache.  Nothing below may follow one, and none of
# this may ever run but in a machine that is thrown away.
if not os.path.isdir("/dev/vm"):
    sys.exit("this is no guest")
base, seed, steps, pause = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
chance = random.Random(seed)
XATTR = "user.CacheFiles.cache"


def names(folder):
    """What is in a folder, which cachefiles may be moving away right now."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def everything():
    """What there is: volumes, folders of volumes, objects."""
    found = {"top": [], "volume": [], "fan": [], "object": []}
    for depth, kind in enumerate(("volume", "fan", "object")):
        above = [base + "/cache"] if kind == "volume" else found[("volume", "fan")[depth - 1]]
        for folder in above:
            if os.path.isdir(folder) and not os.path.islink(folder):
                found[kind] += sorted(os.path.join(folder, name) for name in names(folder))
    found["top"] = [base + "/cache", base + "/graveyard"]
    return found


def away(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def get(path):
    return os.getxattr(path, XATTR, follow_symlinks=False)


def put(path, value):
    os.setxattr(path, XATTR, value, follow_symlinks=False)


def no_xattr(p): os.removexattr(p, XATTR)
def short_xattr(p): put(p, get(p)[:chance.randrange(40)])
def long_xattr(p): put(p, get(p) + os.urandom(chance.randrange(1, 300)))
def huge_xattr(p): put(p, os.urandom(2000))
def random_xattr(p): put(p, os.urandom(chance.randrange(1, 300)))
def flip_xattr(p):
    value = bytearray(get(p) or b"?")
    value[chance.randrange(len(value))] ^= 1 << chance.randrange(8)
    put(p, bytes(value))
def other_xattr(p): os.setxattr(p, "user.something", os.urandom(100))
def gone(p): away(p)
def folder(p): away(p); os.makedirs(p + "/x/y"); open(p + "/x/file", "w").write("z")
def deep(p): away(p); os.makedirs(p + "/d" * 60)
def file(p): away(p); open(p, "wb").write(os.urandom(chance.randrange(9000)))
def empty(p): away(p); open(p, "wb").close()
def link(p): away(p); os.symlink(chance.choice(["/etc/passwd", ".", "nothing", "/", p, base + "/cache"]), p)
def fifo(p): away(p); os.mkfifo(p)
def device(p): away(p); os.mknod(p, stat.S_IFCHR | 0o600, os.makedev(1, 3))
def sock(p):
    away(p)
    s = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(os.path.dirname(p))
    try:
        s.bind(os.path.basename(p)[:100])
    finally:
        os.chdir(here)
def hard(p): os.link(p, p + "+")
def rename(p): os.rename(p, p + "x")
def mode(p): os.chmod(p, chance.choice([0, 0o111, 0o444, 0o7777]))
def owner(p): os.chown(p, 12345, 12345)
def immutable(p): subprocess.run(["chattr", chance.choice(["+i", "+a"]), p], check=False, stderr=subprocess.DEVNULL)
def holes(p):
    size = os.stat(p).st_size
    os.truncate(p, chance.randrange(size + 1) & ~4095)
    os.truncate(p, size)
def cut(p): os.truncate(p, chance.randrange(os.stat(p).st_size + 1) & ~4095)
def longer(p): os.truncate(p, os.stat(p).st_size + chance.randrange(1 << 33))
def mount(p):
    away(p)
    os.mkdir(p)
    subprocess.run(["mount", "-t", "tmpfs", "none", p], check=False)
def many(p):
    for i in range(200):
        open("%s-%d" % (p, i), "w").close()


follows = [no_xattr, other_xattr, mode, owner, immutable, holes, cut, longer]
attributes = [no_xattr, short_xattr, long_xattr, huge_xattr, random_xattr, flip_xattr, other_xattr]
things = [gone, folder, deep, file, empty, link, fifo, device, sock, rename, mode, owner, immutable, mount, many]
what = {
    "object": attributes * 2 + things + [hard, holes, cut, longer] * 2,
    "fan": things,
    "volume": attributes + things,
    "top": [gone, folder, file, link, mode, owner, mount],
}
for step in range(steps):
    there = everything()
    kinds = ["object"] * 12 + ["fan"] * 6 + ["volume"] * 2 + (["top"] if pause == 0 and chance.random() < 0.3 else [])
    kind = chance.choice(kinds)
    if not there[kind]:
        continue
    victim = chance.choice(there[kind])
    deed = chance.choice(what[kind])
    print(deed.__name__, victim[len(base):], flush=True)
    if deed in follows and os.path.islink(victim):
        continue
    try:
        deed(victim)
    except OSError as error:
        print("   ", error.strerror)
    time.sleep(pause)
END

# put_right : what would keep the next tree from being made.
put_right() {
	local folder
	chattr -R -f -i -a $CACHE/cache $CACHE/graveyard 2>/dev/null || true
	# A folder that was buried took what is mounted below along.
	awk -v under="$CACHE/" '$3 == "tmpfs" && index($2, under) == 1 { print $2 }' /proc/mounts | tac |
		while read -r folder; do umount -l "$folder" || true; done
}

trap put_right EXIT
refused=0
for tree in $(seq "$TREES"); do
	echo "hostile: tree $tree of seed $SEED" >/dev/kmsg
	python3 /tmp/hostile.py $CACHE "$SEED-$tree" 25 0 >"$RESULTS/hostile" || fail "the generator failed"
	if ! bind; then
		refused=$((refused + 1))
		put_right
		rm -rf "${CACHE:?}/cache" $CACHE/graveyard
		bind || fail "a cache that is made anew is refused: $(cat /tmp/bind.err)"
	fi
	mount_nfs
	python3 /tmp/hostile.py $CACHE "$SEED-$tree-later" 25 0.02 >>"$RESULTS/hostile" & nasty=$!
	same host
	remount
	same host
	wait $nasty || fail "the generator failed"
	remount
	same host
	umount_nfs
	unbind
	put_right
done
# Whatever it was, it comes to an end: all is cached again.
rm -rf "${CACHE:?}/cache" $CACHE/graveyard
bind
mount_nfs
same host
remount
read_warm host
umount_nfs
unbind
say "$refused of $TREES trees were refused as a whole"
