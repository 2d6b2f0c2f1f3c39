#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the exerciser's module and its driver into build/exerciser, in the
# sysroot and against the kernel tree of scripts/kernel.sh.  The module takes
# the symbols of the stock netfs.ko, which the tree knows; ours have the same
# names and no versions, so that one module fits every pair.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

here=$TOP/tests/exerciser out=$TOP/build/exerciser
if [ -z "${INSIDE:-}" ]; then
	SYSROOT=$("$TOP/scripts/sysroot.sh")
	KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
	export KERNEL SYSROOT
	cd "$TOP"
	exec "$TOP/scripts/enter.sh" "$here/build.sh" "$@"
fi

toolchain=(CC=x86_64-linux-gnu-gcc-14 HOSTCC=gcc-14 CROSS_COMPILE=x86_64-linux-gnu-
	KERNELRELEASE="$(cat "$KERNEL/release")" W="${W:-e}")
[ -z "${LLVM:-}" ] || toolchain=(LLVM="$LLVM")
mkdir -p "$out"
make -C "$KERNEL/linux" M="$here" MO="$out" -j"$JOBS" --no-print-directory \
	"${toolchain[@]}" ${V:+V=$V} modules
x86_64-linux-gnu-gcc-14 -std=gnu11 -O2 -g -static -pthread -Wall -Wextra -Werror -I"$here" \
	-o "$out/drive.new" "$here"/drive/*.c
mv "$out/drive.new" "$out/drive"
