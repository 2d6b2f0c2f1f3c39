#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Says in one line why modules in Rust cannot be built against a kernel tree:
# check-kdir.sh KDIR.  Silent, and true, when they can.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

kdir=${1:-}
[ -n "$kdir" ] || die "no kernel tree given; use make KDIR=<a prepared, Rust-enabled kernel tree>"
[ -d "$kdir" ] || die "KDIR=$kdir is not a folder; give the path of a prepared kernel tree, or leave KDIR out to have one made"
[ -f "$kdir/Makefile" ] && [ -f "$kdir/Kbuild" ] || die "KDIR=$kdir is not a kernel source tree (no Makefile or no Kbuild in it)"
[ -f "$kdir/include/config/auto.conf" ] ||
	die "KDIR=$kdir is not prepared; run 'make modules_prepare' in it, or leave KDIR out to have one made"
grep -q '^CONFIG_RUST=y' "$kdir/include/config/auto.conf" ||
	die "the kernel in KDIR=$kdir is configured without Rust (CONFIG_RUST); it needs one with CONFIG_RUST=y"
for config in NETFS_SUPPORT FSCACHE CACHEFILES; do
	grep -q "^CONFIG_$config=[ym]" "$kdir/include/config/auto.conf" ||
		die "the kernel in KDIR=$kdir has CONFIG_$config off, so its headers leave out what these modules implement"
done
grep -q '^CONFIG_NETFS_SUPPORT=m' "$kdir/include/config/auto.conf" ||
	die "the kernel in KDIR=$kdir has netfs built in (CONFIG_NETFS_SUPPORT=y); its fscache cannot be replaced by a module"
[ -f "$kdir/rust/libkernel.rmeta" ] && [ -f "$kdir/rust/bindings/.bindings_generated.rs.cmd" ] ||
	die "KDIR=$kdir lacks the Rust metadata of the kernel crate (distribution headers packages do); it needs the full source tree after 'make modules_prepare'"
[ -f "$kdir/Module.symvers" ] ||
	die "KDIR=$kdir has no Module.symvers; copy the one of the running kernel's headers package into it"

want=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\{0,1\}\([^"]*\).*/\1/p' "$kdir/include/config/auto.conf")
command -v rustc >/dev/null 2>&1 || die "no rustc here; the kernel in KDIR=$kdir was built with '$want'"
have=$(rustc --version)
[ "$have" = "$want" ] ||
	die "rustc is '$have', but the kernel in KDIR=$kdir was built with '$want'; symbol names carry the version, so it must be the same"
command -v bindgen >/dev/null 2>&1 || die "bindgen is missing; install Debian's package 'bindgen'"
