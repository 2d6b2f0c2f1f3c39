# SPDX-License-Identifier: GPL-2.0-only
"""device-fuzz.py FOLDER SEED SECONDS LIMIT OURS: says everything to /dev/cachefiles.

Threads write right, nearly right and random commands to one open device from odd
folders; others read and poll it; it is closed and opened again meanwhile.  Each
answer must be one that the protocol has for that command, and come within LIMIT s.
"""
import collections, ctypes, errno, os, random, re, select, sys, threading, time

# It names folders as caches, and has things removed from them: only ever in a
# machine that is thrown away.
if not os.path.isdir("/dev/vm") or not os.path.exists("/dev/cachefiles"):
    sys.exit("this is no guest")
folder, seed, seconds, limit, ours = sys.argv[1].encode(), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5] == "r"

SPACES = b"\t\n\v\f\r \xa0"
LIMITS = [a + b for a in (b"b", b"f") for b in (b"run", b"cull", b"stop")]
OPTIONS = [b"nocull", b"resume_thresholds"]
WORDS = [b"bind", b"cull", b"debug", b"dir", b"inuse", b"secctx", b"tag"] + LIMITS + OPTIONS
STATE = rb"cull=[01]( [bf](run|cull|stop)=[0-9a-f]+){6} freleased=[0-9a-f]+ breleased=[0-9a-f]+"
CACHES = [folder + b"/one", folder + b"/two"]
NAMES = [b"D%d" % n for n in range(6)] + [b"Ithing", b"@00", b"@ff", b"cache"]
libc = ctypes.CDLL(None, use_errno=True)
stop, ready = threading.Event(), threading.Barrier(6)
wrong, seen, doing = [], collections.Counter(), {}

# The C cachefiles gives a cache up on one odd name, and answers everything so then.
given_up = set() if ours else {"EIO"}

# What stands for the device while it is closed: writing to it is EBADF, so that
# nobody takes the answer of something else for one of the device.
closed = os.open("/dev/null", os.O_RDONLY)
device = os.dup(closed)


def name_of(number):
    return errno.errorcode[number].replace("ENOTSUP", "EOPNOTSUPP")


def timed(what, call, *args):
    """Makes a call that the watchdog sees; the result, or the error's name."""
    me = threading.get_native_id()
    doing[me] = (time.monotonic(), what)
    try:
        return call(*args)
    except OSError as error:
        return name_of(error.errno)
    finally:
        del doing[me]


def complain(text):
    if len(wrong) < 20:
        wrong.append(text)
        print("  wrong:", text, flush=True)


# --- what may come back -------------------------------------------------------

def is_mask(text):
    form = rb"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*"
    base = 16 if text[:2].lower() == b"0x" else 8 if text[:1] == b"0" else 10
    return bool(re.fullmatch(form, text)) and int(text, base) < 1 << 32


def answers(line):
    """The word of a command, and all that may be said to it; True stands for "done"."""
    word, may = protocol(line)
    return word, may | given_up


def protocol(line):
    if len(line) > 4095:
        return "long", {"EOPNOTSUPP"}
    if b"\0" in line:
        return "malformed", {"EINVAL"}
    head, newline, rest = line.partition(b"\n")
    word = re.split(b"[" + SPACES + b"]", head, maxsplit=1)[0]
    if newline and ours and rest.strip(SPACES) and word in (b"cull", b"inuse"):
        head = line.removesuffix(b"\n")    # it belongs to the name
    elif newline and (not head or ours and rest.strip(SPACES)):
        return "malformed", {"EINVAL"}
    argument = head[len(word):].lstrip(SPACES)
    if word not in WORDS:
        return "unknown", {"EOPNOTSUPP"}
    if word in OPTIONS:
        may = {True} if ours else {"EOPNOTSUPP"}
    elif word == b"debug":
        may = ({True} if is_mask(argument) else {"EINVAL"}) if ours else {True, "EINVAL"}
    elif word in LIMITS:
        good = re.fullmatch(rb"0*[0-9]{1,2}%", argument)
        may = {True, "EINVAL"} if good or not ours else {"EINVAL"}
    elif word in (b"dir", b"tag"):
        may = {True, "EEXIST"} if argument else {"EINVAL"}
    elif word == b"secctx":
        # The security module has its own word for a context that it does not know.
        may = {True, "EINVAL", "EOPNOTSUPP", "ENOENT"} if argument else {"EINVAL"}
    elif word == b"bind":
        may = {"EINVAL", "EBUSY"}
        if not argument:
            may |= {True, "ENOENT", "ENOTDIR", "ENAMETOOLONG", "EOPNOTSUPP", "ELOOP"}
    elif b"/" in argument:
        may = {"EINVAL"}
    else:
        may = {True, "EIO", "ESTALE", "EBUSY", "EACCES", "ENAMETOOLONG"}
    return word.decode(), may


# --- what is said -------------------------------------------------------------

def number(chance):
    return chance.choice([b"%d" % chance.randrange(1, 30)] * 6 + [
        b"%d" % chance.randrange(120), b"%d" % chance.randrange(1 << chance.randrange(1, 80)),
        b"%d" % ((1 << chance.choice([8, 16, 31, 32, 63, 64])) + chance.randrange(-1, 10)),
        b"0x%x" % chance.randrange(1 << 33), b"0%o" % chance.randrange(1 << 33), b"-1", b"", b"9" * 300])


def argument(chance, word):
    if word in LIMITS:
        return number(chance) + chance.choice([b"%"] * 6 + [b"", b"%%", b"% ", b" %"])
    if word == b"debug":
        return number(chance)
    if word in (b"cull", b"inuse"):
        return chance.choice(NAMES * 3 + [b".", b"..", b"", b"x" * 255, b"x" * 256, b"y" * 4000, b"./D0", b"../D0", b"\xff\xfe"])
    if word == b"dir":
        return chance.choice(CACHES * 4 + [
            folder + b"/file", folder + b"/nothing", folder + b"/loop", b"/proc", b"", folder + b"/one" * 300, folder + b"/" + b"n" * 300])
    if word == b"tag":
        return chance.choice([b"test", b"other", b"", b"t" * chance.randrange(4100), chance.randbytes(20)])
    if word == b"secctx":
        return chance.choice([b"system_u:system_r:kernel_t:s0", b"x", b"", chance.randbytes(300)])
    return chance.choice([b""] * 8 + [b"ondemand", b"10 5"])


def mutate(chance, line):
    at = chance.randrange(len(line) + 1)
    how = chance.randrange(8)
    if how == 0:
        return line[:at]
    if how == 1:
        return line[at:]
    if how == 2:
        return line[:at] + chance.choice([b"\0", b"\n", b"\xa0", b" ", b"%", b"/", b"\x7f"]) + line[at:]
    if how == 3:
        return line[:at] + chance.randbytes(chance.randrange(1, 9)) + line[at + 1:]
    if how == 4:
        return line + b"\n" + chance.choice([b"", b" ", b"\n", b"bind", b"\xa0\n"])
    if how == 5:
        return line.ljust(chance.choice([4094, 4095, 4096, 4097, 5000, 1 << 16]), chance.choice([b" ", b"x", b"\n", b"0"]))
    if how == 6:
        return line + line[at:]
    return line.swapcase()


def command(chance):
    if chance.random() < 0.1:
        return chance.randbytes(chance.choice([0, 1, 2, 5, 30, 4095, 4096, 9000]))
    # What makes a cache comes oftener, or there would hardly ever be one.
    word = chance.choice(WORDS + [b"cull", b"inuse"] * 4 + [b"dir", b"bind"] * 5)
    said = argument(chance, word)
    line = word + (chance.choice([b" ", b"\t", b" \xa0 "]) + said if said or chance.random() < 0.2 else b"")
    while chance.random() < 0.25:
        line = mutate(chance, line)
    return line


def is_safe(line):
    """No cache is made but in the folders for that, whatever "dir" is told and wherever it is from."""
    said = re.match(rb"dir[" + SPACES + rb"]+([^\n\0]*)", line)
    if not said or len(line) > 4095 or said[1] in CACHES or said[1] == b"/proc":
        return True
    try:
        return not any(os.path.isdir(os.path.join(place, said[1])) for place in [b"/"] + places())
    except ValueError:
        return False


# --- where it is said from ----------------------------------------------------

def places():
    inside = [c + b"/cache" + p for c in CACHES for p in (b"", b"/Ithing", b"/Ithing/@00", b"/Ithing/@ff")]
    # The C cachefiles would remove things wherever it is told to.
    return inside + ([folder, folder + b"/outside", CACHES[0], CACHES[1] + b"/graveyard", b"/", b"/proc/self", b"/mnt/fuzz-bind"] if ours else [])


def go_somewhere(chance):
    place = chance.choice(places())
    try:
        if place in [c + b"/cache/Ithing" + p for c in CACHES for p in (b"", b"/@00", b"/@ff")]:
            os.makedirs(place, exist_ok=True)
            for name in chance.sample(NAMES[:6], 2):
                open(place + b"/" + name, "wb").close()
        os.chdir(place)
        if ours and chance.random() < 0.1:
            gone = folder + b"/gone%d" % chance.randrange(1 << 30)
            os.mkdir(gone)
            os.chdir(gone)
            os.rmdir(gone)
    except OSError:
        pass    # It was culled just then.


# --- threads ------------------------------------------------------------------

def think(chance):
    """A command, its word and its answers."""
    while True:
        line = command(chance)
        if is_safe(line):
            return line, *answers(line)


def write(chance):
    """Says things, from folders of this thread alone."""
    os.unshare(os.CLONE_FS)
    # Two pages, of which the second may not be read.
    pages = libc.mmap(None, 8192, 3, 0x22, -1, 0)
    libc.mprotect(pages + 4096, 4096, 0)
    # Thinking takes longer than saying: most things are said more than once.
    stock = [think(chance) for _ in range(200)]
    ready.wait()
    while not stop.is_set():
        at = int(chance.random() * 220)
        if at < 200:
            line, word, may = stock[at]
            got = timed(line, os.write, device, line)
            got = True if got == len(line) else got
        elif at < 212:
            stock[chance.randrange(200)] = think(chance)
            continue
        elif at < 218:
            go_somewhere(chance)
            continue
        else:
            length = chance.randrange(1, 4096)
            line, word, may = b"(bad address)", "bad address", {"EFAULT"} | given_up
            got = timed(line, bad_write, pages + 4097 - length, length)
        seen[word, got] += 1
        if got == "EBADF":
            # It is closed; it will be opened again, the sooner the more quiet it is.
            time.sleep(0.002)
        elif got not in may:
            complain("%r from %r: %s, wanted one of %s" % (line[:80], os.readlink("/proc/thread-self/cwd"), got, may))


def bad_write(address, length):
    if libc.write(device, address, length) < 0:
        raise OSError(ctypes.get_errno(), "")
    return True


def read(chance):
    """Reads and polls."""
    while not stop.is_set():
        poll = select.poll()
        poll.register(device, chance.choice([select.POLLIN, select.POLLOUT, select.POLLIN | select.POLLOUT]))
        timed("poll", poll.poll, chance.choice([0, 0, 0, 20]))
        length = chance.choice([0, 8, 100, 255, 4096, 1 << 20])
        got = timed("read of %d" % length, os.read, device, length)
        seen["read", got if isinstance(got, str) else "state" if got else "nothing"] += 1
        told = isinstance(got, bytes) and re.fullmatch(rb"(%s)?" % STATE, got)
        if not told and not (got == "EMSGSIZE" and length < 255):
            complain("a read of %d bytes: %r" % (length, got))


def reopen(chance):
    """Closes the device under all others, and opens it again."""
    while True:
        while True:
            fresh = timed("open", os.open, "/dev/cachefiles", os.O_RDWR)
            if fresh != "EBUSY":
                break
            # Somebody is still in a call on the old one.
            seen["open", fresh] += 1
            time.sleep(0.001)
        if isinstance(fresh, str):
            complain("open: " + fresh)
            return
        seen["open", True] += 1
        if seen["open", True] == 1 or chance.random() < 0.5:
            # Else it is left to chance whether there ever is a cache.
            for line in (b"tag alone", b"dir " + chance.choice(CACHES), b"bind"):
                word, got = line.split()[0].decode(), timed(line, os.write, fresh, line)
                if got != len(line):
                    complain("%s, with nobody else about: %s" % (word, got))
                seen[word, got == len(line) or got] += 1
        os.dup2(fresh, device)
        os.close(fresh)
        stop.wait(chance.choice([0, 0.01, 0.1, 0.3, 0.3, 1]))
        second = timed("second open", os.open, "/dev/cachefiles", os.O_RDWR)
        seen["second open", second if isinstance(second, str) else True] += 1
        if second != "EBUSY":
            complain("a second open: %r" % second)
        # Nobody ever sees the number free, nor what else might get it.
        timed("close", os.dup2, closed, device)
        seen["close", True] += 1
        if stop.is_set():
            return


def watch():
    """The watchdog, until the time is up and all threads have ended."""
    ready.wait()
    end = time.monotonic() + seconds
    told = time.monotonic()
    while True:
        time.sleep(0.2)
        now = time.monotonic()
        if now > end or wrong:
            stop.set()
            if not any(thread.is_alive() for thread in threads):
                return
        for thread, (since, what) in list(doing.items()):
            if now - since > limit:
                print("  wrong: %r did not come back in %d s, from:" % (what[:80], limit))
                os.system("cat /proc/%d/task/%d/stack" % (os.getpid(), thread))
                open("/proc/sysrq-trigger", "w").write("w")
                sys.stdout.flush()
                os._exit(1)
        if now - told > 30:
            told = now
            print("  %d answers so far" % seen.total(), flush=True)


for cache in CACHES:
    os.makedirs(cache + b"/cache/Ithing/@00", exist_ok=True)
os.makedirs(folder + b"/outside", exist_ok=True)
for name in NAMES:
    open(folder + b"/outside/" + name, "wb").close()
open(folder + b"/file", "wb").close()
os.symlink(b"loop", folder + b"/loop")

libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.write.argtypes, libc.write.restype = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t], ctypes.c_ssize_t
threads = [threading.Thread(target=role, name="%s-%d" % (role.__name__, n), daemon=True, args=(random.Random("%s-%s-%d" % (seed, role.__name__, n)),))
           for role, count in ((reopen, 1), (write, 5), (read, 2)) for n in range(count)]
threading.excepthook = lambda died: (complain("a thread died: %r" % died.exc_value), ready.abort(), stop.set())
for thread in threads:
    thread.start()
watch()

for name in NAMES:
    if not os.path.exists(folder + b"/outside/" + name):
        complain("%s, which lies outside of the cache, is gone" % name)
print("  %d answers, %.0f a second" % (seen.total(), seen.total() / seconds))
by_word = collections.defaultdict(list)
for (word, got), count in sorted(seen.items(), key=str):
    by_word[word].append("%s %d" % ("done" if got is True else got, count))
for word, got in by_word.items():
    print("  %s: %s" % (word, ", ".join(got)))
# A test that says nothing right tests nothing; but a machine that is too slow, or a
# cache that the C cachefiles has given up, says little.  (Then even nonsense is EIO.)
gave_up = not ours and seen["unknown", "EIO"] > 0
done = {"limits" if word.encode() in LIMITS else word for word, got in seen if got is True}
for word in ("bind", "dir", "cull", "inuse", "limits", "debug", "tag"):
    if not gave_up and seen.total() > 3000 and not wrong and word not in done:
        complain("%s was never done" % word)
sys.exit(1 if wrong else 0)
