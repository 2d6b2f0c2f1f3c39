# SPDX-License-Identifier: GPL-2.0-only
# A file is open to be changed while the daemon goes, is changed, and the daemon comes back: nobody
# reads what the cache had before, neither while the file is open nor after.
. ./compat.sh

filled
matches
file=$MNT/$PART/1300001
# open and write IN ORDER : one who holds the file open, and changes what it is told to.
coproc python3 -uc '
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
for line in sys.stdin:
    start, length = map(int, line.split())
    os.pwrite(fd, os.urandom(length), start)
    os.fsync(fd)
    print("done")
os.close(fd)
' "$file"
change() { echo "$1 $2" >&"${COPROC[1]}"; read -r -t 120 _ <&"${COPROC[0]}" || fail "the change at $1 did not come to its end"; }
# While there is a cache, so that the cache knows of the writer.
change 4096 100
daemon_stop
# Not in memory, so parts of pages are written without the rest.
drop_caches
change 300000 50
change 600000 9000
daemon_start
# Others have it looked up.
right
drop_caches
change 900000 77
right
drop_caches
right
eval "exec ${COPROC[1]}>&-"
wait "$COPROC_PID"
ends_warm
