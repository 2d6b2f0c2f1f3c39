# SPDX-License-Identifier: GPL-2.0-only
# What the daemon may write to the device, and what comes back: as in C, but for
# what differences.md names.
. ./lib.sh

disk cache $CACHE
mkdir -p $CACHE/protocol $CACHE/outside
touch $CACHE/outside/precious
modprobe cachefiles
wait_for "/dev/cachefiles appears" test -e /dev/cachefiles
python3 - $CACHE/protocol "${PAIR#*-}" $CACHE/outside <<'END'
import errno, os, re, select, sys

root, ours, outside = sys.argv[1].encode(), sys.argv[2] == "r", sys.argv[3].encode()
wrong = 0


def name_of(error):
    # One number, two names.
    return errno.errorcode[error.errno].replace("ENOTSUP", "EOPNOTSUPP")


def say(device, command):
    try:
        return os.write(device, command)
    except OSError as error:
        return name_of(error)


def check(what, got, wanted):
    global wrong
    if got != wanted:
        print("  %s: got %s, wanted %s" % (what, got, wanted))
        wrong += 1


def told(device, length=4096):
    try:
        return os.read(device, length)
    except OSError as error:
        return name_of(error)


def start():
    return os.open("/dev/cachefiles", os.O_RDWR)


# Each on a device of its own: what was said before, a command, what comes back.  True: taken.
table = [
    ([], b"foo", "EOPNOTSUPP"), ([], b"bindx", "EOPNOTSUPP"), ([], b" bind", "EOPNOTSUPP"),
    ([], b"copen 1,2", "EOPNOTSUPP"), ([], b"x" * 4096, "EOPNOTSUPP"), ([], b"x" * 5000, "EOPNOTSUPP"),
    ([], b"dir\0x", "EINVAL"), ([], b"bind", "EINVAL"), ([], b"dir", "EINVAL"), ([], b"dir ", "EINVAL"),
    ([], b"dir " + root, True), ([], b"dir " + root + b"\n", True),
    ([b"dir " + root], b"dir /tmp", "EEXIST"), ([], b"tag", "EINVAL"), ([b"tag a"], b"tag b", "EEXIST"),
    ([], b"secctx", "EINVAL"),
    ([], b"brun 10%", True), ([], b"brun 100%", "EINVAL"), ([], b"brun 5%", "EINVAL"), ([], b"brun 10", "EINVAL"),
    ([], b"brun x%", "EINVAL"), ([], b"brun", "EINVAL"), ([], b"bcull 1%", "EINVAL"), ([], b"bstop 50%", "EINVAL"),
    ([], b"frun 10%", True), ([], b"fstop 0%", True),
    ([], b"frun 10% ", "EINVAL"), ([], b"debug 0", True), ([], b"debug x", "EINVAL"), ([], b"debug 0x0", True),
    ([], b"cull a", "EIO"), ([], b"cull a/b", "EINVAL"), ([], b"inuse a", "EIO"), ([], b"inuse a/b", "EINVAL"),
    ([b"dir " + root], b"bind ondemand", "EINVAL"), ([b"dir /no/such/place"], b"bind", "ENOENT"),
    ([b"dir /etc/passwd"], b"bind", "ENOTDIR"), ([b"dir /proc"], b"bind", "EOPNOTSUPP"),
    ([], b"frun %", "EINVAL" if ours else None), ([], b"debug ", "EINVAL" if ours else None),
    ([], b"frun 18446744073709551626%", "EINVAL" if ours else None),
    ([], b"debug 0\nfoo", "EINVAL" if ours else None),
    ([], b"nocull", True if ours else "EOPNOTSUPP"), ([], b"resume_thresholds 10 5", True if ours else "EOPNOTSUPP"),
]
for before, command, wanted in table:
    device = start()
    for line in before:
        check("%r" % line, say(device, line), len(line))
    got = say(device, command)
    if wanted is not None:
        check("%r after %r" % (command[:40], before), got, len(command) if wanted is True else wanted)
    os.close(device)

# One at a time, and for those who may.
device = start()
try:
    os.close(start())
    check("a second open", "opened", "EBUSY")
except OSError as error:
    check("a second open", errno.errorcode[error.errno], "EBUSY")
os.close(device)
child = os.fork()
if child == 0:
    os.chmod("/dev/cachefiles", 0o666)
    os.setuid(12345)
    try:
        start()
        os._exit(0)
    except OSError as error:
        os._exit(error.errno)
check("an open by somebody else", errno.errorcode.get(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])), "EPERM")

# A cache without a name of its own.
device = start()
check("reading before bind", told(device), b"")
say(device, b"dir " + root)
check("bind", say(device, b"bind"), 4)
check("bind again", say(device, b"bind"), "EBUSY")
check("dir after bind", say(device, b"dir /tmp"), "EEXIST")
check("reading into too little", told(device, 8), "EMSGSIZE")
line = told(device)
form = rb"cull=[01]( [bf](run|cull|stop)=[0-9a-f]+){6} freleased=[0-9a-f]+ breleased=[0-9a-f]+"
check("the state line %r" % line, bool(re.fullmatch(form, line)), True)
# Nobody has set limits.
size, state = os.statvfs(root), dict(word.split(b"=") for word in line.split())
for kind, total in (b"b", size.f_blocks), (b"f", size.f_files):
    for threshold, percent in (b"run", 7), (b"cull", 5), (b"stop", 1):
        check("the default of %r" % (kind + threshold), int(state[kind + threshold], 16), total // 100 * percent)
poll = select.poll()
poll.register(device, select.POLLIN)
check("poll after reading", poll.poll(0), [])
os.makedirs(root + b"/cache/Ithing/@00", exist_ok=True)
open(root + b"/cache/Ithing/@00/Dfile", "w").close()
os.chdir(root + b"/cache/Ithing/@00")
check("inuse of what is not", say(device, b"inuse Dfile"), 11)
check("inuse of nothing", say(device, b"inuse Dnothing"), "ESTALE")
check("cull of nothing", say(device, b"cull Dnothing"), "ESTALE")
check("cull of a name with /", say(device, b"cull ./Dfile"), "EINVAL")
check("cull", say(device, b"cull Dfile"), 10)
check("what was culled", os.path.exists("Dfile"), False)
# What is in the folder may be called anything, and the daemon asks about all of it: EINVAL, EPERM
# and EIO make it exit.
open("Dnew\nline", "w").close()
check("inuse of a name with a newline", say(device, b"inuse Dnew\nline"), 15 if ours else "ESTALE")
check("cull of a name with a newline", say(device, b"cull Dnew\nline"), 14 if ours else "ESTALE")
check("what of that was culled", os.path.exists("Dnew\nline"), not ours)
# A volume is moved to the graveyard while the daemon goes through it.
open("Dmoved", "w").close()
os.rename(root + b"/cache/Ithing", root + b"/graveyard/moved")
check("inuse in the graveyard", say(device, b"inuse Dmoved"), "ESTALE" if ours else 12)
check("cull in the graveyard", say(device, b"cull Dmoved"), "ESTALE" if ours else 11)
os.chdir(root)
check("inuse of the cache's own folder", say(device, b"inuse cache"), "ESTALE" if ours else "EBUSY")
check("cull of the cache's own folder", say(device, b"cull cache"), "ESTALE" if ours else "EBUSY")
if ours:
    os.chdir(outside)
    check("cull outside of the cache", say(device, b"cull precious"), "ESTALE")
    check("what lies outside", os.path.exists("precious"), True)
for name in b"cull .", b"cull ..", b"cull ":
    os.chdir(root + b"/cache")
    check("%r" % name, isinstance(say(device, name), str), True)
os.chdir("/")
check("the cache after all that", say(device, b"debug 0"), 7)
os.close(device)
sys.exit(1 if wrong else 0)
END
wait_for "the cache is withdrawn" no_cache_active
rm -rf $CACHE/protocol $CACHE/outside
