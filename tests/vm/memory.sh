# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Little memory, however much the machine has.

HUGE_PAGES=/proc/sys/vm/nr_hugepages

available() { awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo; }
# take_memory : leave 128 MiB of it until the case ends, or give_memory.
take_memory() {
	local spare
	mkdir -p /taken
	mount -t tmpfs -o size=100% taken /taken
	trap give_memory EXIT
	# Huge pages, of 2 MiB each, are taken without being filled; what is not to be had in
	# such pieces is filled.
	spare=$(($(available) - 128))
	[ ! -e $HUGE_PAGES ] || [ "$spare" -le 0 ] || echo $((spare / 2)) >$HUGE_PAGES
	spare=$(($(available) - 128))
	[ "$spare" -le 0 ] || head -c $((spare << 20)) /dev/zero >/taken/memory
}
give_memory() {
	[ ! -e $HUGE_PAGES ] || echo 0 >$HUGE_PAGES
	umount /taken
	trap - EXIT
}
# scanned : how many pages the kernel has looked at to find memory.
scanned() { awk '/^pgscan_(kswapd|direct) / { n += $2 } END { print n }' /proc/vmstat; }
