# SPDX-License-Identifier: GPL-2.0-only
# A file that the cache has from before is mounted, and open to be changed, before the cache is
# there; and is changed, in a page that is not in memory, when it has come.
. ./compat.sh

filled
warm
daemon_stop
again
file=$MNT/$PART/1300001
exec 5<>"$file"
daemon_start
# In one piece: netfs goes another way for a part of a page that follows another.
python3 -c 'import os; os.pwrite(5, b"changed in the middle of a page", 300000)'
drop_caches
right
exec 5>&-
drop_caches
right
ends_warm
