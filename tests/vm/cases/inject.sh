# SPDX-License-Identifier: GPL-2.0-only
# Errors of the backing filesystem: never a wrong byte, want of space never stops
# the cache, a failed invalidation is never committed, and an I/O error stops it.
# Only in a cachefiles that was built with CACHEFILES_ERROR_INJECTION=y, as that of
# the debug kernel is; disk-errors.sh does without.
. ./lib.sh

INJECT=/proc/sys/cachefiles/error_injection
fresh_cache
server_start
daemon_start
[ -e $INJECT ] || skip "cachefiles is not built with error injection"
[ "${PAIR#*-}" = r ] || skip "the C cachefiles stops for want of space, and may commit what was not invalidated"
rm -rf $EXPORT/inj; mkdir -p $EXPORT/inj
for i in $(seq 1 30); do random $EXPORT/inj/$i 200001; done
sync -f $EXPORT/inj

say "want of space while it is filled"
mount_nfs
echo 1 >$INJECT
same inj
echo 0 >$INJECT
cache_active || fail "want of space stopped the cache"
umount_nfs; mount_nfs
same inj
remount
same inj
remount
read_warm inj

say "a store that fails costs its range, not the object"
random $EXPORT/inj/big 6000000
sync -f $EXPORT/inj
exec 5<$MNT/inj/big
head -c 2000000 <&5 >/dev/null
sleep 1
echo 1 >$INJECT
head -c 1000000 <&5 >/dev/null
sleep 1
echo 0 >$INJECT
cat <&5 >/dev/null
exec 5<&-
remount
before=$(server_bytes)
cmp $MNT/inj/big $EXPORT/inj/big || fail "wrong bytes after a store that failed"
again=$(($(server_bytes) - before))
say "$again of 6000000 bytes fetched again"
more "bytes fetched again" $again 100000
more "bytes not fetched again" $((6000000 - again)) 3000000
remount
read_warm inj

say "want of space while it is invalidated"
for i in $(seq 1 30); do random $EXPORT/inj/$i 200001; done
sync -f $EXPORT/inj
drop_caches
echo 1 >$INJECT
same inj
echo 0 >$INJECT
umount_nfs; mount_nfs
same inj
remount
same inj
cache_active || fail "want of space stopped the cache"

say "want of space now and then"
(for n in $(seq 1 200); do echo $((n % 2)) >$INJECT; sleep 0.05; done; echo 0 >$INJECT) &
for round in 1 2 3 4 5; do
	for i in $(seq 1 6); do random $EXPORT/inj/$((round * 5 + i)) $((100000 + round * 7777)); done
	sync -f $EXPORT/inj
	same inj
	remount
	same inj
done
wait $!
cache_active || fail "want of space stopped the cache"
remount
same inj

say "an I/O error"
echo 2 >$INJECT
random $EXPORT/inj/new 300000
sync -f $EXPORT/inj
same inj
wait_for "the cache stops" no_cache_active
echo 0 >$INJECT
same inj
umount_nfs
kill -TERM $DAEMON 2>/dev/null || true
wait $DAEMON || true
daemon_start
mount_nfs
same inj
remount
same inj
umount_nfs
daemon_stop
