#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds fsx, the file system exerciser, from crates.io, in the sysroot and with its
# compiler.  Prints the folder, which holds bin/fsx.
#
# Debian has no package of it.  The version is fixed, and so are those of the crates it
# needs, by the lock file that comes with it: with another one a seed is another sequence.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

VERSION=0.3.2

build() {
	say "building fsx $VERSION, about two minutes"
	CARGO_TARGET_DIR=$1/target "$TOP/scripts/enter.sh" cargo install fsx --version "=$VERSION" --locked \
		--quiet --color never --root "$1" >&2 ||
		die "could not build fsx $VERSION; is there a network?"
	rm -r "$1/target"
}

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
final=$BUILD/fsx-$(key_of "$(basename "$SYSROOT")" "$VERSION" 1)
lock fsx
have_part "$final" || make_part "$final" build
printf '%s\n' "$final"
