# SPDX-License-Identifier: GPL-2.0-only
"""Talks to the device that descriptor 9 is, and prints the answer:

device.py say COMMAND   "done", or the name of the errno
device.py tell          the state line; the device knows then that it is known
device.py poll [MS]     "in", "out", both or nothing; waits so long for "in"
"""
import errno, os, select, sys


def name_of(error):
    # One number, two names.
    return errno.errorcode[error.errno].replace("ENOTSUP", "EOPNOTSUPP")


def main(what, argument=""):
    try:
        if what == "say":
            command = os.fsencode(argument)
            return "done" if os.write(9, command) == len(command) else "in part"
        if what == "tell":
            return os.read(9, 4096).decode()
    except OSError as error:
        return name_of(error)
    wait, both = select.poll(), select.poll()
    wait.register(9, select.POLLIN)
    both.register(9, select.POLLIN | select.POLLOUT)
    wait.poll(int(argument or 0))
    ready = both.poll(0)
    bits = ready[0][1] if ready else 0
    known = {select.POLLIN: "in", select.POLLOUT: "out"}
    if bits & ~(select.POLLIN | select.POLLOUT):
        return "odd bits %x" % bits
    return " ".join(name for bit, name in known.items() if bits & bit)


print(main(*sys.argv[1:]))
