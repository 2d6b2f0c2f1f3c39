#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs Kbuild over the modules: modules.sh [--lint] [TARGET...] (default: modules).
# With KDIR unset, against the kernel tree that kernel.sh makes, in the sysroot;
# warnings are errors then.  What comes out lies under $MODULES, by default
# build/modules.
#
#   --lint   with clippy in place of rustc, into build/lint

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=${MODULES:-$TOP/build/modules} lint=()
if [ "${1:-}" = --lint ]; then
	shift
	out=$TOP/build/lint lint=(--lint) CLIPPY=1
fi
if [ -z "${INSIDE:-}" ] && [ -z "${KDIR:-}" ]; then
	SYSROOT=$("$TOP/scripts/sysroot.sh")
	KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
	export KERNEL SYSROOT
	cd "$TOP"
	exec "$TOP/scripts/enter.sh" "$TOP/scripts/modules.sh" ${lint[@]+"${lint[@]}"} "$@"
fi

args=()
if [ -n "${KERNEL:-}" ] && [ -z "${KDIR:-}" ]; then
	KDIR=$KERNEL/linux
	args=(CC=x86_64-linux-gnu-gcc-14 HOSTCC=gcc-14 CROSS_COMPILE=x86_64-linux-gnu-
		KERNELRELEASE="$(cat "$KERNEL/release")" W="${W:-e}")
fi
[ -z "${LLVM:-}" ] || args=(LLVM="$LLVM")
"$TOP/scripts/check-kdir.sh" "$KDIR"
mkdir -p "$out"
# Two at once in one folder spoil each other's files. Kept by make.
exec 8>"$out/.lock"
flock -n 8 || { say "another run builds in $out; waiting for it"; flock 8; }
exec make -C "$KDIR" M="$TOP" MO="$out" -j"$JOBS" --no-print-directory \
	"${args[@]}" ${V:+V=$V} ${CLIPPY:+CLIPPY=$CLIPPY} "${@:-modules}"
