#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fetches one more package of the archive that the sysroot was made from, and
# unpacks it: package.sh NAME.  Prints the folder.  For what few need: the
# sysroot stays as it is, and with it everything that is keyed by it.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

name=${1:?usage: package.sh NAME}

fetch() {
	say "fetching $name"
	# shellcheck disable=SC2016
	"$TOP/scripts/enter.sh" sh -c '
		cd "$1"
		fetch() { apt-get download -qq -o APT::Sandbox::User=root "$1"; }
		fetch "$2" 2>/dev/null || { apt-get update -qq && fetch "$2"; } || exit 1
		dpkg-deb -x "$2"_*.deb . && rm "$2"_*.deb
	' - "$1" "$name" >&2 ||
		die "could not get $name from the Debian archive that the sysroot was made from; is there a network?"
}

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
final=$BUILD/package-$name-$(key_of "$(basename "$SYSROOT")" "$name" 1)
lock "package $name"
have_part "$final" || make_part "$final" fetch
printf '%s\n' "$final"
