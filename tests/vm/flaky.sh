# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A cache on a disk that can be told what to do: CACHE is on /dev/mapper/flaky, which is a
# file of 96 MiB.

CACHE=/flaky
FLAKY_LOOP='' FLAKY_SECTORS=''

# the_disk TARGET [ARGUMENT...] : from now on the disk does this; it begins at $FLAKY_LOOP 0.
the_disk() {
	if dmsetup info flaky >/dev/null 2>&1; then
		dmsetup load flaky --table "0 $FLAKY_SECTORS $*"
		dmsetup suspend --noflush --nolockfs flaky
		dmsetup resume --noudevsync flaky
	else
		dmsetup create --noudevsync flaky --table "0 $FLAKY_SECTORS $*"
		dmsetup mknodes flaky
	fi
}
# the_disk_stands : it does not answer, until the_disk_goes_on.
the_disk_stands() { dmsetup suspend --noflush --nolockfs flaky; }
the_disk_goes_on() { dmsetup resume --noudevsync flaky; }
the_disk_works() { the_disk linear "$FLAKY_LOOP" 0; }

# flaky_start : a disk that works, with an empty filesystem at $CACHE.
flaky_start() {
	modprobe dm-mod 2>/dev/null || true
	modprobe loop 2>/dev/null || true
	dmsetup targets 2>/dev/null | grep -q '^linear' || skip "the kernel has no device mapper"
	# What a case left that failed.
	if dmsetup info flaky >/dev/null 2>&1; then
		the_disk_goes_on || true
		umount $CACHE || true
		dmsetup remove flaky
	fi
	mkdir -p $CACHE
	truncate -s 96M /tmp/flaky.img
	FLAKY_LOOP=$(losetup --show -f /tmp/flaky.img)
	FLAKY_SECTORS=$(blockdev --getsz "$FLAKY_LOOP")
	the_disk_works
	mke2fs -q -t ext4 -N 2048 /dev/mapper/flaky
	mount -o noatime /dev/mapper/flaky $CACHE
}
# flaky_mend : the disk works, and its filesystem is checked and mounted anew; no cache may be
# bound.
flaky_mend() {
	# A file that was just closed may be so in a moment only.
	wait_for "the filesystem on the failing disk is unmounted" umount $CACHE 2>/dev/null
	the_disk_works
	e2fsck -fy /dev/mapper/flaky >/tmp/fsck 2>&1 || [ $? -lt 4 ] || fail "e2fsck cannot mend the disk: $(tail -n 1 /tmp/fsck)"
	mount -o noatime /dev/mapper/flaky $CACHE
}
flaky_end() {
	umount $CACHE
	dmsetup remove flaky
	losetup -d "$FLAKY_LOOP"
	rm -f /tmp/flaky.img
}
