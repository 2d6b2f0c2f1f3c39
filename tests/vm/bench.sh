#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures all pairs in one boot, in the guest: bench.sh NAME ROUNDS "PAIR..." OPTION...
# The pairs take turns, so that whatever changes in time meets all of them.
# Leaves NAME.PAIR.ROUND, what the driver of the exerciser, or sequential.sh,
# measured, in $RESULTS.

. "$(dirname "$0")/lib.sh"
. "$HERE/modules.sh"

name=$1 rounds=$2 pairs=$3
shift 3
DISK=/mnt/bench
. "$HERE/sequential.sh"

# take PAIR : its modules are loaded, and no other.
take() {
	PAIR=$1
	unload fscache_exerciser
	unload_all
	if [[ $PAIR == r-* ]]; then
		insmod "$HERE/.vm/ours/fscache.ko"
		insmod "$HERE/.vm/ours/netfs.ko"
	else
		modprobe netfs
	fi
	if [[ $PAIR == *-r ]]; then
		insmod "$HERE/.vm/ours/cachefiles.ko"
	else
		modprobe cachefiles
	fi
	for module in fscache netfs cachefiles; do
		equal "whose $module is loaded" "$(module_origin $module)" "$(module_wanted $module)"
	done
}

# drive FILE OPTION... : what the exerciser measures goes to FILE.
drive() {
	local rows=$1
	shift
	insmod exerciser/fscache-exerciser.ko
	wait_for "the exerciser's device appears" test -e /dev/fscache-exerciser
	exerciser/drive --cache $DISK/cache --flat 0 --json "$rows" "$@" >/tmp/drive.out || {
		cat /tmp/drive.out
		fail "$(grep -m 1 FAIL: /tmp/drive.out || echo "the driver failed")"
	}
}

# What the backend has open it closes a little later.
unmount() { wait_for "the disk is unmounted" eval 'umount $DISK 2>/dev/null'; }

# A filesystem that waits for no device, or that would be measured too, unless the
# machine has a disk for that; and a new one each time, as an old one is in another state.
blank() {
	mkdir -p $DISK
	! mountpoint -q $DISK || unmount
	# Whole, or the kernel makes the rest of it meanwhile.
	mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$device"
	mount -t ext4 -o noatime,commit=300 "$device" $DISK
	mkdir $DISK/cache
}

# Up to an eighth of the memory, a processor's free pages are not counted as free.
echo 1000 >/proc/sys/vm/percpu_pagelist_high_fraction
device=/dev/vm/bench
if [ ! -b "$device" ]; then
	device=/dev/ram0
	modprobe brd rd_nr=1 rd_size=$((${RAM_DISK:-512} * 1024))
	wait_for "the RAM disk appears" test -b "$device"
fi
# What netfs.ko needs of the kernel's is loaded once, and stays.
modprobe netfs
case $name in sequential | throughput) sequential_prepare ;; esac
for round in $(seq "$rounds"); do
	for pair in $pairs; do
		echo "$name: pair $pair, round $round of $rounds"
		take "$pair"
		blank
		case $name in
		sequential | throughput) sequential "$RESULTS/$name.$pair.$round" ;;
		*) drive "$RESULTS/$name.$pair.$round" "$@" ;;
		esac
	done
done
unload fscache_exerciser
unload_all
unmount
