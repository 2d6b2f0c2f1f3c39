#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs Kbuild over the modules: modules.sh [TARGET...] (default: modules).
# With KDIR unset, against the kernel tree that kernel.sh makes, in the sysroot.
# What comes out lies under build/modules.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=$TOP/build/modules
if [ -z "${INSIDE:-}" ] && [ -z "${KDIR:-}" ]; then
	SYSROOT=$("$TOP/scripts/sysroot.sh")
	KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
	export KERNEL SYSROOT
	cd "$TOP"
	exec "$TOP/scripts/enter.sh" "$TOP/scripts/modules.sh" "$@"
fi

args=()
if [ -n "${KERNEL:-}" ] && [ -z "${KDIR:-}" ]; then
	KDIR=$KERNEL/linux
	args=(CC=x86_64-linux-gnu-gcc-14 HOSTCC=gcc-14 CROSS_COMPILE=x86_64-linux-gnu-
		KERNELRELEASE="$(cat "$KERNEL/release")")
fi
[ -z "${LLVM:-}" ] || args=(LLVM="$LLVM")
"$TOP/scripts/check-kdir.sh" "$KDIR"
mkdir -p "$out"
# Kbuild is told of every lint that this project adds to the kernel's own set.
exec make -C "$KDIR" M="$TOP" MO="$out" -j"$JOBS" \
	"${args[@]}" ${V:+V=$V} ${W:+W=$W} ${CLIPPY:+CLIPPY=$CLIPPY} "${@:-modules}"
