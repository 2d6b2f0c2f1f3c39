#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Unpacks Debian's kernel of the series and prepares its source tree so that
# Rust modules can be built against it.  Prints the folder, which holds
#
#   linux/      the source tree, configured and prepared as Debian's was: KDIR
#   image/      the stock kernel image and its modules, as the package has them
#   release     the kernel's release
#
# Debian's headers packages lack what rustc needs (the kernel crate's
# metadata), so those are made here from the very source package of the image.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TOOLCHAIN=(CC=x86_64-linux-gnu-gcc-14 HOSTCC=gcc-14 CROSS_COMPILE=x86_64-linux-gnu-)

make_kernel() {
	local dir=$1 log="$1/log" release packages=$SYSROOT/kernel
	release=$(cat "$packages/release")
	say "preparing the source tree of $release for Rust modules, about two minutes"
	mkdir "$dir/image" "$dir/headers" "$dir/source"
	for deb in "$packages"/linux-{image,binary,modules,base}-*.deb; do
		[ ! -e "$deb" ] || dpkg-deb -x "$deb" "$dir/image"
	done
	dpkg-deb -x "$packages"/linux-headers-*.deb "$dir/headers"
	dpkg-deb -x "$packages"/linux-source-*.deb "$dir/source"
	mkdir "$dir/linux"
	tar -C "$dir/linux" --strip-components=1 -xf "$dir"/source/usr/src/linux-source-*.tar.xz
	rm -r "$dir/source"
	local headers=$dir/headers/usr/src/linux-headers-$release
	[ -f "$headers/.config" ] && [ -f "$headers/Module.symvers" ] ||
		die "the headers package of $release has no .config or no Module.symvers where they were expected"
	cp "$headers/.config" "$headers/Module.symvers" "$dir/linux/"
	grep -q '^CONFIG_RUST=y' "$dir/linux/.config" || die "kernel $release is built without Rust (CONFIG_RUST); its modules cannot be built from Rust"
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		cd "$1"; release=$2; shift 2
		make -s "$@" KERNELRELEASE="$release" olddefconfig
		make -j"$JOBS" "$@" KERNELRELEASE="$release" modules_prepare
	' - "$dir/linux" "$release" "${TOOLCHAIN[@]}" 2>&1 | progress "kernel tree" "$log" ||
		{ tail -n 20 "$log" >&2; die "preparing the kernel tree failed; the end of its log is above"; }
	# olddefconfig must not have turned anything round: the ABI depends on it.
	diff <(grep -E '^CONFIG|is not set' "$headers/.config" | grep -v -E 'VERSION|PAHOLE|_CMDS' | sort) \
		<(grep -E '^CONFIG|is not set' "$dir/linux/.config" | grep -v -E 'VERSION|PAHOLE|_CMDS' | sort) >&2 ||
		die "the configuration changed between Debian's build and this one (differences above): the modules would not fit the image"
	check_symbols "$dir/linux" "$headers/Module.symvers"
	rm -r "$dir/headers"
	printf '%s\n' "$release" >"$dir/release"
}

# Every Rust symbol that this tree exports must be one that the stock image has:
# else the compiler or the source differ, and modules would fail to load.
check_symbols() {
	local linux=$1 symvers=$2 missing count
	cat "$linux"/rust/exports_*_generated.h | sed -n 's/^EXPORT_SYMBOL_RUST_GPL(\(.*\));.*/\1/p' | sort -u >"$linux/.rust-exports"
	count=$(wc -l <"$linux/.rust-exports")
	[ "$count" -gt 1000 ] || die "found only $count Rust exports in the prepared tree; expected thousands"
	missing=$(comm -23 "$linux/.rust-exports" <(cut -f 2 "$symvers" | sort -u))
	[ -z "$missing" ] || {
		printf '%s\n' "$missing" | head -n 5 >&2
		die "$(printf '%s\n' "$missing" | wc -l) of $count Rust symbols of this tree are not in the stock kernel (first ones above): source package or rustc differ from Debian's build"
	}
	say "all $count Rust symbols of the tree are in the stock kernel"
}

need_root
need_tool xz xz-utils
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
final=$BUILD/kernel-$(cat "$SYSROOT/kernel/release")-$(key_of "$(basename "$SYSROOT")" "$(cat "$SYSROOT/kernel/version")" "${TOOLCHAIN[@]}" 1)
lock kernel
have_part "$final" || { need_space 8; make_part "$final" make_kernel; }
printf '%s\n' "$final"
