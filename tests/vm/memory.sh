# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Little memory, however much the machine has.

# take_memory : leave 128 MiB of it until the case ends, or give_memory.
take_memory() {
	local free
	free=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo)
	mkdir -p /taken
	mount -t tmpfs -o size=100% taken /taken
	trap give_memory EXIT
	[ "$free" -le 128 ] || head -c $(((free - 128) << 20)) /dev/zero >/taken/memory
}
give_memory() { umount /taken; trap - EXIT; }
# scanned : how many pages the kernel has looked at to find memory.
scanned() { awk '/^pgscan_(kswapd|direct) / { n += $2 } END { print n }' /proc/vmstat; }
