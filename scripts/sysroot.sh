#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the Debian trixie sysroot that everything is built and run in: the
# compilers that Debian's own kernel was built with, QEMU, and the packages of
# the newest kernel of the series (image, headers and source, unpacked by
# kernel.sh).  Prints the sysroot's path.
#
# Why a sysroot: the kernel's Rust symbols carry the compiler's version in
# their names, so only trixie's own rustc fits, whatever this machine has.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PACKAGES=(
	apt ca-certificates
	make gcc-14 gcc libc6-dev bc bison flex libelf-dev libssl-dev libdw-dev
	kmod python3 perl cpio rsync xz-utils zstd file pahole
	rustc cargo rustfmt rust-clippy rust-src bindgen libclang-19-dev
	clang-19 lld-19 llvm-19
	qemu-system-x86 qemu-utils e2fsprogs busybox-static
	mmdebstrap shellcheck
)

# The archive this machine uses itself; never one written down here.
archive() {
	local site
	site=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -E '/debian/?$' | sort -u | head -n 1) || true
	printf '%s\n' "${DEBIAN_ARCHIVE:-$site}"
}

make_sysroot() {
	local dir=$1 site release version name parts=()
	site=$(archive)
	[ -n "$site" ] || die "no Debian archive in this machine's apt configuration; set DEBIAN_ARCHIVE=<url of a Debian archive>"
	need_space 12
	say "making the $SUITE sysroot with $(printf '%s' "${#PACKAGES[@]}") packages and their needs, about a minute"
	mmdebstrap --quiet --variant=apt --mode=root \
		--include="$(IFS=,; echo "${PACKAGES[*]}")" \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		"$SUITE" "$dir" \
		"deb $site $SUITE main" "deb $site $SUITE-backports main" >&2 ||
		die "mmdebstrap failed; is the Debian archive at $site reachable?"
	# Where the machine trusts certificates of its own, so must the sysroot.
	if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
		cp /usr/local/share/ca-certificates/*.crt "$dir/usr/local/share/ca-certificates/"
		chroot "$dir" update-ca-certificates >/dev/null 2>&1
	fi
	chroot "$dir" apt-get update -qq >&2 || die "the sysroot cannot reach the Debian archive at $site"
	# The newest release of the series, resolved now and recorded.
	release=$(chroot "$dir" apt-cache --names-only search "^linux-image-${KERNEL_SERIES//./\\.}\..*-amd64$" |
		awk '{print $1}' | sed 's/^linux-image-//' | grep -vE 'dbg|cloud|rt-|unsigned' | sort -V | tail -n 1)
	[ -n "$release" ] || die "the archive at $site has no linux-image of series $KERNEL_SERIES in $SUITE-backports"
	version=$(chroot "$dir" apt-cache madison "linux-image-$release" | awk '{print $3; exit}')
	say "kernel $release, package version $version"
	mkdir -p "$dir/kernel"
	# linux-image is the image itself or, in newer revisions, a list of its parts.
	for name in binary modules base; do
		chroot "$dir" apt-cache show "linux-$name-$release" >/dev/null 2>&1 && parts+=("linux-$name-$release=$version")
	done
	chroot "$dir" sh -c 'cd /kernel && apt-get download -qq -o APT::Sandbox::User=root "$@"' - \
		"linux-image-$release=$version" "linux-headers-$release=$version" \
		"linux-source-$KERNEL_SERIES=$version" "${parts[@]}" >&2 ||
		die "could not download the packages of kernel $release ($version); has the archive just changed? run again"
	printf '%s\n' "$release" >"$dir/kernel/release"
	printf '%s\n' "$version" >"$dir/kernel/version"
	chroot "$dir" apt-get clean
}

need_tool mmdebstrap mmdebstrap
need_root
final=$BUILD/sysroot-$(key_of "$SUITE" "$KERNEL_SERIES" "${PACKAGES[@]}" 1)
lock sysroot
have_part "$final" || make_part "$final" make_sysroot
printf '%s\n' "$final"
