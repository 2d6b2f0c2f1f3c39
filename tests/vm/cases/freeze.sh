# SPDX-License-Identifier: GPL-2.0-only
# The cache's filesystem is frozen (for a snapshot, say) while files are read and stored:
# readers go on, nothing is written until it is thawed, and then all is as if it had not been.
# pairs: r-r
. ./lib.sh
. ./by-hand.sh
. ./readers.sh
PART=frozen

[ "${PAIR#*-}" = r ] || skip "the C cachefiles makes files on a frozen filesystem, whereupon the kernel warns"

fresh_cache
server_start
rm -rf $EXPORT/frozen $EXPORT/filling; mkdir -p $EXPORT/frozen $EXPORT/filling
for i in $(seq 1 12); do random $EXPORT/frozen/$i $((i * 9013)); done
for i in 1 2 3; do random $EXPORT/filling/$i 2000003; done
sync -f $EXPORT
bind
mount_nfs
read_cold frozen
remount
# Files that are there in part, and open.
exec 5<$MNT/filling/1 6<$MNT/filling/2
head -c 500000 <&5 >/tmp/part5
head -c 500000 <&6 >/tmp/part6
# written : sectors that were written to the cache's disk.
written() { awk -v name="$(basename "$(realpath /dev/vm/cache)")" '$3 == name { print $10 }' /proc/diskstats; }

readers_start
for turn in 1 2; do
	say "frozen, turn $turn"
	trap 'fsfreeze -u $CACHE' EXIT
	fsfreeze -f $CACHE
	before=$(written) hits=$(stat_of CaRdOps RD)
	# A store of what is half there, and a new file: that one may have to wait.
	head -c 700000 <&5 >>/tmp/part5
	head -c 700000 <&6 >>/tmp/part6
	cat $MNT/filling/3 >/tmp/part3 & new=$!
	more_rounds 3 "while it is frozen"
	more "reads from the cache while it is frozen" "$(stat_of CaRdOps RD)" "$hits"
	equal "sectors written while it is frozen" $(($(written) - before)) 0
	fsfreeze -u $CACHE
	trap - EXIT
	wait $new || fail "a file that was opened while it was frozen cannot be read"
	cmp /tmp/part3 $EXPORT/filling/3 || fail "wrong bytes in a file that was opened while it was frozen"
	more_rounds 2 "when it is thawed"
	random $EXPORT/filling/3 2000003
	sync -f $EXPORT
done
readers_stop
cat <&5 >>/tmp/part5
cat <&6 >>/tmp/part6
exec 5<&- 6<&-
for i in 1 2; do cmp /tmp/part$((i + 4)) $EXPORT/filling/$i || fail "wrong bytes in file $i, which was read while it was frozen"; done
same frozen
same filling
remount
same filling
remount
read_warm frozen
read_warm filling
# Whoever has to make a folder waits, and holds up nobody whose folder is there.
random $EXPORT/filling/4 4099
sync -f $EXPORT
remount
trap 'fsfreeze -u $CACHE' EXIT
fsfreeze -f $CACHE
cat $MNT/filling/4 >/tmp/part4 & new=$!
wait_for "a task waits until it is thawed" grep -qs want_write /proc/[0-9]*/stack
hits=$(stat_of CaRdOps RD)
timeout $((60 * ${SLOW:-1})) cat $MNT/frozen/* >/tmp/read || fail "files of folders that are there are not read while another is made"
cat $EXPORT/frozen/* | cmp - /tmp/read || fail "wrong bytes read while it is frozen"
more "reads from the cache while a folder is made" "$(stat_of CaRdOps RD)" "$hits"
fsfreeze -u $CACHE
trap - EXIT
wait $new || fail "a file whose folder was to be made while it was frozen cannot be read"
cmp /tmp/part4 $EXPORT/filling/4 || fail "wrong bytes in a file whose folder was to be made while it was frozen"
# The cache is taken down while a file waits for its name: who opens one then goes on at once,
# without the cache.
for i in 5 6; do random $EXPORT/filling/$i 400001; done
sync -f $EXPORT
exec 5<$MNT/filling/5
head -c 200000 <&5 >/tmp/part5
fsfreeze -f $CACHE
rm -f /tmp/apart /tmp/took
said() { dmesg | sed -n '/freeze: taken down/,$p' | grep -q "$1"; }
(
	trap 'fsfreeze -u $CACHE' EXIT
	exec 9>&-
	wait_for "a file waits to be given its name" grep -qs Periodic /proc/[0-9]*/stack
	echo "freeze: taken down" >/dev/kmsg
	touch /tmp/apart
	wait_for "the cache is being taken down" said unregistering
	began=$SECONDS
	cat $MNT/filling/6 >/tmp/part6
	echo $((SECONDS - began)) >/tmp/took
	wait_for "the log says what is waited for" said 'Still waiting for a file to be given its name'
) & thaws=$!
wait_for "a file waits to be given its name" test -e /tmp/apart
unbind
wait $thaws || fail "the cache was taken down, and not as it was to be"
cat <&5 >>/tmp/part5
exec 5<&-
for i in 5 6; do cmp /tmp/part$i $EXPORT/filling/$i || fail "wrong bytes in file $i, which was read while the cache was taken down"; done
more "seconds that are fewer than fscache waits for a cache" $((15 * ${SLOW:-1})) "$(cat /tmp/took)"
bind
same filling
umount_nfs
unbind
