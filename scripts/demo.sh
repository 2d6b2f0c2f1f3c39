#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Shows the whole thing at work in a virtual machine: the stock kernel reads a
# real tree over NFS twice, the second time from the local cache.
#
#   demo.sh [--pair F-C] [--verbose]     the pair as vm.sh has it; default: $PAIR, or r-r

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pair=${PAIR:-r-r} more=()
while [ $# -gt 0 ]; do
	case $1 in
	--pair) [ $# -ge 2 ] || die "--pair needs a value"; pair=$2; shift 2 ;;
	--verbose) more+=(--verbose); shift ;;
	--help) sed -n '4,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) die "unknown option $1; see demo.sh --help" ;;
	esac
done

# The tree that is served: the kernel's filesystems in source, as the many and
# small; the largest files of the sysroot; and some that are odd.
make_tree() {
	local dir=$1
	say "making the tree that the demo reads"
	# shellcheck disable=SC2016
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		tree=$1/tree linux=$2/linux
		mkdir "$tree" "$tree/large" "$tree/sparse" "$tree/empty"
		cp -a "$linux/fs" "$tree/source"
		cp -a "$linux/Documentation/filesystems" "$tree/documentation"
		find "$tree" -type l -delete
		find /usr/lib -xdev -type f -size +4M -printf "%s %p\n" | sort -rn | head -n 3 | while read -r size file; do
			cp "$file" "$tree/large/"
		done
		for i in 1 2 3 4 5 6; do
			truncate -s "$i"M "$tree/sparse/$i"
			dd if="$linux/MAINTAINERS" of="$tree/sparse/$i" bs=4096 count=$i seek=$((i * 37)) conv=notrunc status=none
		done
		truncate -s 4M "$tree/sparse/hole"
		for i in $(seq 1 20); do : >"$tree/empty/$i"; done
		size=$(($(du -sm "$tree" | cut -f 1) + 64))
		mke2fs -q -t ext4 -L server -m 0 -d "$tree" "$1/server.img" "${size}M"
		rm -r "$tree"
	' - "$dir" "$KERNEL"
}

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
export SYSROOT KERNEL
tree=$BUILD/demo-$(key_of "$(realpath "$KERNEL")" "$(basename "$SYSROOT")" "$(declare -f make_tree)")
lock "demo's tree"
have_part "$tree" || { need_space 2; make_part "$tree" make_tree; }
flock -u 8

say "booting the stock kernel $(cat "$KERNEL/release") with pair $pair (<fscache>-<cachefiles>; r is ours, c the kernel's own)"
began=$SECONDS status=0
"$TOP/scripts/vm.sh" --pair "$pair" --job "$TOP/tests/vm" --time 900 \
	--disk server="$tree/server.img:ro" --disk cache=2G --append slab_nomerge \
	${more[@]+"${more[@]}"} -- bash ./demo.sh || status=$?
say "took $((SECONDS - began)) s"
exit $status
