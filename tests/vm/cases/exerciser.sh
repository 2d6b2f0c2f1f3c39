# SPDX-License-Identifier: GPL-2.0-only
# A module that plays a filesystem does to fscache what no mount can be made to
# do: mistakes, directed scenarios, random sequences from many threads, and very
# many cookies.  With the kernel's own fscache it finds faults that are known;
# those are named, and are none of this case (bad_but_in_c() in the driver).
# What tests/exerciser/build.sh makes has to lie in the folder exerciser/.
. ./lib.sh

[ -x exerciser/drive ] && [ -f exerciser/fscache-exerciser.ko ] ||
	fail "the exerciser is not in the job; tests/exerciser/run.sh --stage puts it there"
disk cache $CACHE
rm -rf $CACHE/exerciser
mkdir -p $CACHE/exerciser /mnt/scrap
modprobe netfs
modprobe cachefiles
wait_for "/dev/cachefiles appears" test -e /dev/cachefiles
insmod exerciser/fscache-exerciser.ko
wait_for "the exerciser's device appears" test -e /dev/fscache-exerciser
# A filesystem that may be killed, for a cache with I/O errors.
modprobe loop
truncate -s 96M /tmp/scrap.img
mke2fs -q -t ext4 /tmp/scrap.img
mount -o loop /tmp/scrap.img /mnt/scrap
mkdir /mnt/scrap/cache

status=0
# shellcheck disable=SC2086
exerciser/drive --seed "${SEED:-1}" --seconds "${SECONDS_OF_RANDOM:-5}" --threads "${THREADS:-6}" \
	--cookies "${COOKIES:-100000}" --cache $CACHE/exerciser --scrap /mnt/scrap \
	${PHASES:-} | tee /tmp/exerciser.out || status=${PIPESTATUS[0]}
umount /mnt/scrap || true
if [ $status = 0 ] && [ -z "${PHASES:-}" ] && [ "${PAIR#*-}" = r ]; then
	# Where zeroes cannot be made in place, as on ext4 without extents, cutting is done otherwise;
	# the C cachefiles stops its cache there.
	mke2fs -q -F -t ext4 -b 4096 -O ^extents,^64bit /tmp/scrap.img
	mount -o loop /tmp/scrap.img /mnt/scrap
	mkdir /mnt/scrap/cache
	exerciser/drive --seed "${SEED:-1}" --seconds 5 --threads "${THREADS:-6}" --cache /mnt/scrap/cache random |
		tee /tmp/exerciser.out || status=${PIPESTATUS[0]}
	umount /mnt/scrap || true
fi
rm -f /tmp/scrap.img
[ $status = 0 ] ||
	fail "status $status, seed ${SEED:-1}: $(grep -m 1 -e FAIL: -e refused /tmp/exerciser.out | sed 's/^ *FAIL: //')"
# Nothing of it may keep a module, or an object in a slab; the kernel would say so.
rmmod fscache_exerciser
unload_all
