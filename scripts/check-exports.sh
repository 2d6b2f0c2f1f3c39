#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what fscache.ko exports with what the fscache in the stock netfs.ko
# does: the same symbols, and for netfs.ko three more.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
ours=$TOP/build/modules/Module.symvers
[ -f "$ours" ] || die "$ours is missing; run 'make' first"

# exported SYMVERS OWNER : the symbols of a module that are of fscache.
exported() {
	awk -F '\t' -v owner="$2" '$3 == owner && ($2 ~ /^(__)?fscache_/ || $2 ~ /^__(SCK|SCT|traceiter|tracepoint)_.*fscache/) { print $2 }' "$1" | sort
}

stock=$(exported "$KERNEL/linux/Module.symvers" fs/netfs/netfs)
[ "$(wc -l <<<"$stock")" -gt 40 ] || die "found only these fscache symbols in the stock netfs.ko: $stock"
extra=$(printf '%s\n' fscache_proc_cleanup fscache_proc_init fscache_stats_show)
diff <(sort <<<"$stock"$'\n'"$extra") <(exported "$ours" fscache/fscache) >&2 ||
	die "fscache.ko does not export what the stock one does (above: < what it should, > what it does)"
say "fscache.ko exports the $(wc -l <<<"$stock") symbols of the stock one, and 3 for netfs.ko"
