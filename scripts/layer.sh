#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes a disk with more Debian packages than the guest has, and what these need:
# layer.sh PACKAGE...  Prints the folder, which holds
#
#   layer.img    an ext4 image of their files; use_layer() of tests/vm/layer.sh
#                lays it over the guest's own
#   packages     what is in it, a file name a line
#
# So nobody waits for what only one filesystem's server needs, and the guest stays as
# it is.  No package's scripts are run: who needs something set up does it in the guest.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -gt 0 ] || die "usage: layer.sh PACKAGE..."

packages=("$@")
make_layer() {
	local dir=$1
	need_space 3
	say "fetching ${packages[*]}, and what they need"
	# What the guest has is not fetched again: apt is shown its list of packages.
	# shellcheck disable=SC2016
	"$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		dir=$1 guest=$2
		shift 2
		mkdir -p "$dir/debs/partial" "$dir/root"
		fetch() {
			apt-get -qq -y --download-only -o APT::Sandbox::User=root -o APT::Install-Recommends=false \
				-o Dir::State::status="$guest/root/var/lib/dpkg/status" \
				-o Dir::Cache::archives="$dir/debs" install "$@"
		}
		fetch "$@" || { apt-get update -qq && fetch "$@"; }
		for file in "$dir"/debs/*.deb; do
			dpkg-deb -x "$file" "$dir/root"
			basename "$file" >>"$dir/packages"
		done
		rm -r "$dir/debs" "$dir"/root/usr/share/{doc,man,locale} 2>/dev/null || true
		size=$(($(du -sm "$dir/root" | cut -f 1) * 5 / 4 + 32))
		mke2fs -q -t ext4 -L layer -O ^has_journal -m 0 -d "$dir/root" "$dir/layer.img" "${size}M"
		rm -r "$dir/root"
	' - "$dir" "$GUEST" "${packages[@]}" >&2 ||
		die "could not get ${packages[*]} from the Debian archive that the sysroot was made from; is there a network?"
}

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
GUEST=$("$TOP/scripts/image.sh" --guest)
final=$BUILD/layer-$(key_of "$(basename "$GUEST")" "${packages[@]}" 1)
lock "layer ${packages[*]}"
have_part "$final" || make_part "$final" make_layer
printf '%s\n' "$final"
