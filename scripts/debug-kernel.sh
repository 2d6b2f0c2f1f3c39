#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the debug kernel: the same source as the stock one, with debug.config.
# Prints the folder, which is laid out as that of kernel.sh.
#
#   --if-there   only if it was built before; else fails, in silence

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

config=$TOP/scripts/debug.config

make_debug_kernel() {
	local dir=$1 log="$1/log" release missing
	say "building the debug kernel, about 40 minutes of one processor"
	mkdir "$dir/source" "$dir/linux"
	dpkg-deb -x "$SYSROOT"/kernel/linux-source-*.deb "$dir/source"
	tar -C "$dir/linux" --strip-components=1 -xf "$dir"/source/usr/src/linux-source-*.tar.xz
	rm -r "$dir/source"
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		cd "$1"
		make -s LLVM=-19 KCONFIG_ALLCONFIG="$2" allnoconfig
		./scripts/config --set-str LOCALVERSION -fscache-debug
		make -s LLVM=-19 olddefconfig
	' - "$dir/linux" "$config" >&2 || die "configuring the debug kernel failed (see above)"
	missing=$(grep '=[ym]' "$config" | while IFS= read -r line; do
		grep -qx "$line" "$dir/linux/.config" || printf '%s ' "$line"
	done)
	[ -z "$missing" ] || die "the debug kernel's configuration does not take $missing"
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		cd "$1"
		make -j"$JOBS" LLVM=-19 bzImage modules
		release=$(make -s LLVM=-19 kernelrelease)
		make -s LLVM=-19 INSTALL_MOD_PATH="$2/image/usr" modules_install
		cp arch/x86/boot/bzImage "$2/image/usr/lib/modules/$release/vmlinuz"
		printf "%s\n" "$release" >"$2/release"
	' - "$dir/linux" "$dir" 2>&1 | progress "debug kernel" "$log" ||
		{ tail -n 20 "$log" >&2; die "building the debug kernel failed; the end of its log is above"; }
	release=$(cat "$dir/release")
	rm -f "$dir/image/usr/lib/modules/$release"/{build,source}
}

need_root
need_tool xz xz-utils
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
final=$BUILD/kernel-debug-$(key_of "$(basename "$SYSROOT")" "$(cat "$SYSROOT/kernel/version")" "$(cat "$config")" 1)
[ "${1:-}" != --if-there ] || have_part "$final" || exit 1
lock debug-kernel
have_part "$final" || { need_space 10; make_part "$final" make_debug_kernel; }
printf '%s\n' "$final"
