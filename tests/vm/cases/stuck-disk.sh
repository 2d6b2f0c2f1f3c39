# SPDX-License-Identifier: GPL-2.0-only
# A disk under the cache that does not answer for 45 s, which is longer than fscache waits:
# files that are opened meanwhile are read from the server before it does, and when it answers
# the device can be closed and the cache is used again.
. ./lib.sh
. ./by-hand.sh
. ./flaky.sh

[ "${PAIR%-*}" = r ] || skip "the C fscache waits for a disk for ever"

# timeouts : waits that fscache gave up, of all volumes
timeouts() { awk '$1 ~ /^volume\..*\.timeouts$/ { n += $2 } END { print n + 0 }' /proc/fs/fscache/counters; }

flaky_start
server_start
rm -rf $EXPORT/stuck; mkdir -p $EXPORT/stuck
# Of many requests each, of which only those wait that come before patience has ended once.
for i in 1 2 3 4; do random $EXPORT/stuck/$i $((i * 1300013)); done
sync -f $EXPORT/stuck
sums $EXPORT/stuck >/tmp/true
bind
mount_nfs
read_cold stuck
umount_nfs
unbind
# What is in memory needs no disk.
wait_for "the cache's disk is unmounted" umount $CACHE 2>/dev/null
mount -o noatime /dev/mapper/flaky $CACHE
bind
mount_nfs
sync
echo 3 >/proc/sys/vm/drop_caches
before=$(timeouts) began=$SECONDS

rm -f /tmp/answers
trap the_disk_goes_on EXIT
the_disk_stands
{ sleep 45; touch /tmp/answers; the_disk_goes_on; } & answer=$!
# All at once, so that they wait together.
for i in 1 2 3 4; do md5sum $MNT/stuck/$i >/tmp/stuck$i & readers[i]=$!; done
for i in 1 2 3 4; do wait "${readers[i]}" || fail "file $i cannot be read"; done
[ ! -e /tmp/answers ] || fail "the files were read when the disk answered, after $((SECONDS - began)) s, and not before"
say "read after $((SECONDS - began)) s"
for i in 1 2 3 4; do
	equal "checksum of file $i" "$(cut -d ' ' -f 1 /tmp/stuck$i)" "$(sed -n "s, *./$i\$,,p" /tmp/true)"
done
more "seconds it took" $((SECONDS - began)) 15
more "waits that were given up" "$(timeouts)" "$((before + 3))"
wait $answer
trap - EXIT

began=$SECONDS
unbind
say "closed in $((SECONDS - began)) s"
same stuck
umount_nfs
bind
mount_nfs
same stuck
remount
read_warm stuck
umount_nfs
unbind
flaky_end
