#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs a command in the trixie sysroot: enter.sh COMMAND [ARG...].
#
# The project and the build folder are seen at the same paths inside as
# outside.  The command gets a mount and a process namespace of its own, so
# nothing stays mounted or running when it ends, however it ends.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -gt 0 ] || die "usage: enter.sh COMMAND [ARG...]"
need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}

# What a command inside may want to know of the world outside.
pass=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$BUILD/home" LANG=C.UTF-8
	TERM="${TERM:-dumb}" TOP="$TOP" BUILD="$BUILD" JOBS="$JOBS" SYSROOT=/ INSIDE=1)
for name in KDIR KERNEL MODULES CACHEFILES_ERROR_INJECTION PAIR SEED V W CLIPPY CARGO_TARGET_DIR ACCEL MAKEFLAGS LLVM; do
	[ -z "${!name:-}" ] || pass+=("$name=${!name}")
done
mkdir -p "$BUILD/home"

export ROOT_IN=$SYSROOT TOP BUILD
exec unshare --mount --pid --fork --kill-child bash -Eeuo pipefail -c '
	mount --make-rprivate /
	# First, as the folders may lie below /tmp.
	mount -t tmpfs -o mode=1777 tmpfs "$ROOT_IN/tmp"
	for dir in "$TOP" "$BUILD"; do
		mkdir -p "$ROOT_IN$dir"
		mount --rbind "$dir" "$ROOT_IN$dir"
	done
	mount --rbind /dev "$ROOT_IN/dev"
	mount -t proc proc "$ROOT_IN/proc"
	cp /etc/resolv.conf "$ROOT_IN/etc/resolv.conf" 2>/dev/null || true
	there=$1; shift
	exec chroot "$ROOT_IN" env -i "${@:2:$1}" sh -c '\''cd "$0" 2>/dev/null || cd "$TOP"; exec "$@"'\'' "$there" "${@:2+$1}"
' - "$PWD" "${#pass[@]}" "${pass[@]}" "$@"
