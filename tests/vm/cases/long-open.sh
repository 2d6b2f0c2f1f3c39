# SPDX-License-Identifier: GPL-2.0-only
# A file that stays open is in the cache by name after half a minute, so that it
# is not lost with the power; and what happens to it then is as with any other.
. ./lib.sh

[ "${PAIR#*-}" = r ] || skip "the C cachefiles names a file when it is closed"
fresh_cache
server_start
rm -rf $EXPORT/long; mkdir -p $EXPORT/long
for i in 1 2 3; do random $EXPORT/long/$i 700001; done
sync -f $EXPORT/long
daemon_start
mount_nfs
exec 5<$MNT/long/1 6<$MNT/long/2 7<$MNT/long/3
for fd in 5 6 7; do head -c 400000 <&$fd >/dev/null; done
equal "files by name while they are just open" "$(objects)" 0
by_name() { [ "$(objects)" = "$1" ]; }
wait_for "open files are in the cache by name" by_name 3
say "by name after $SECONDS s"
# The rest of one; one changes on the server.
cat <&5 >/dev/null
random $EXPORT/long/2 700001
sync -f $EXPORT/long
sleep 1
same long
exec 5<&- 6<&- 7<&-
remount
same long
remount
read_warm long
equal "files by name at the end" "$(objects)" 3
umount_nfs
daemon_stop
