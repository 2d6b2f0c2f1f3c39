#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the exerciser's module and its driver, in the sysroot and against the
# kernel tree of scripts/kernel.sh, or of $KERNEL; prints the folder that they
# are in.  The module takes the symbols of the stock netfs.ko, which the tree
# knows; ours have the same names and no versions, so that one module fits
# every pair.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

here=$TOP/tests/exerciser
if [ -z "${INSIDE:-}" ]; then
	SYSROOT=$("$TOP/scripts/sysroot.sh")
	KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
	export KERNEL SYSROOT
	cd "$TOP"
	exec "$TOP/scripts/enter.sh" "$here/build.sh" "$@"
fi

release=$(cat "$KERNEL/release")
out=$TOP/build/exerciser/$release
toolchain=(CC=x86_64-linux-gnu-gcc-14 HOSTCC=gcc-14 CROSS_COMPILE=x86_64-linux-gnu-
	KERNELRELEASE="$release" W="${W:-e}")
# As the kernel was compiled.
! grep -qx CONFIG_CC_IS_CLANG=y "$KERNEL/linux/.config" || toolchain=(LLVM="${LLVM:--19}" W="${W:-e}")
mkdir -p "$out"
make -C "$KERNEL/linux" M="$here" MO="$out" -j"$JOBS" --no-print-directory \
	"${toolchain[@]}" ${V:+V=$V} modules >&2
x86_64-linux-gnu-gcc-14 -std=gnu11 -O2 -g -static -pthread -Wall -Wextra -Werror -I"$here" \
	-o "$out/drive.new" "$here"/drive/*.c
mv "$out/drive.new" "$out/drive"
printf '%s\n' "$out"
