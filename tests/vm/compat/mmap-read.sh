# SPDX-License-Identifier: GPL-2.0-only
# A mapped file is read, page by page and backwards: from the cache, the right bytes.
. ./compat.sh

filled
sent=$(fs_reads) hits=$(stat_of CaRdOps RD)
python3 - "$MNT/$PART/1300001" >/tmp/got <<-'END'
import mmap, sys
with open(sys.argv[1], "rb") as file:
    view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    for page in reversed(range(0, len(view), 4096)):
        view[page]
    sys.stdout.buffer.write(view[:])
END
sent=$(($(fs_reads) - sent)) hits=$(($(stat_of CaRdOps RD) - hits))
cmp -s /tmp/got "$EXPORT/$PART/1300001" || fail "wrong bytes were read from a mapping"
[ $sent = 0 ] || wrong "$sent reads were sent to the server for a mapped file that the cache has"
[ $hits -gt 0 ] || wrong "no read of the mapped file was answered by the cache"
fs_umount
daemon_stop
