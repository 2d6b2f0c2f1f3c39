# SPDX-License-Identifier: GPL-2.0-only
# Everything that can be said to the device, by many at once, while it is closed and
# opened again: each answer is one of the protocol's and comes soon, and afterwards
# the daemon's cache works.  FUZZ_SECONDS=600 for a long run.
# pairs: c-c r-r
. ./lib.sh

FUZZ_SECONDS=${FUZZ_SECONDS:-10} SEED=${SEED:-$RANDOM}
say "seed $SEED, $FUZZ_SECONDS s"
disk cache $CACHE
rm -rf $CACHE/fuzz
mkdir -p $CACHE/fuzz/one/cache /mnt/fuzz-bind
server_start
rm -rf $EXPORT/fuzz; mkdir -p $EXPORT/fuzz
for i in $(seq 1 20); do random $EXPORT/fuzz/$i $((i * 2711)); done
sync -f $EXPORT/fuzz
modprobe cachefiles
wait_for "/dev/cachefiles appears" test -e /dev/cachefiles

# Somebody reads files all the while, with and without a cache.
read_on() {
	local rounds=0
	while [ ! -e /tmp/stop ]; do
		mount_nfs
		sums $MNT/fuzz >/tmp/seen
		umount_nfs
		cmp -s /tmp/seen /tmp/true || return 1
		rounds=$((rounds + 1))
	done
	say "all files were read $rounds times meanwhile"
}
reader=''
rm -f /tmp/stop
# The C modules have faults when a cache goes while it is used; those are tested elsewhere.
if [ "$PAIR" = r-r ]; then
	sums $EXPORT/fuzz >/tmp/true
	read_on & reader=$!
fi
mount --bind $CACHE/fuzz/one/cache /mnt/fuzz-bind
status=0
python3 "$HERE/device-fuzz.py" $CACHE/fuzz "$SEED" "$FUZZ_SECONDS" 120 "${PAIR#*-}" || status=$?
touch /tmp/stop
[ -z "$reader" ] || wait $reader || fail "the reader ended with status $? (1: wrong bytes)"
umount /mnt/fuzz-bind
[ $status = 0 ] || fail "wrong answers, see above; seed $SEED"
wait_for "the cache is withdrawn" no_cache_active
if ! rm -rf $CACHE/fuzz; then
	# When it gives a cache up, the C cachefiles leaves a folder marked as in use.
	[ "${PAIR#*-}" = c ] || fail "something is in use that nobody uses"
	umount $CACHE
	disk cache $CACHE
	rm -rf $CACHE/fuzz
fi

say "the daemon afterwards"
fresh_cache
daemon_start
mount_nfs
read_cold fuzz
remount
read_warm fuzz
umount_nfs
daemon_stop
unload_all
