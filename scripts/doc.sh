#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes the documentation of both modules, private items included, in build/doc.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$TOP/scripts/modules.sh" modules >/dev/null || die "the modules must build first; run 'make'"
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
rm -rf "$TOP/build/doc"
for module in fscache cachefiles; do
	# The flags of the compilation, as Kbuild recorded them, without what makes an object.
	recorded=$TOP/build/modules/$module/.${module}_main.o.cmd
	[ -f "$recorded" ] || die "$recorded is missing; run 'make' first"
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		cd "$1"
		line=$(sed -n "1s/^savedcmd_[^ ]* := //p" "$2")
		line=${line%%;*}
		environment=${line%% rustc *} flags=${line#* rustc }
		[ "$flags" != "$line" ] || { echo "unexpected command in $2" >&2; exit 1; }
		flags=$(sed -E "s/--emit=[^ ]+//g; s/--out-dir [^ ]+//; s/--crate-type rlib//; s/-C(opt-level|panic|codegen-units|target-cpu|relocation-model|code-model|symbol-mangling-version|force-unwind-tables|force-frame-pointers|debuginfo|target-feature|overflow-checks|debug-assertions|embed-bitcode|lto|strip)[= ]?[^ ]*//g" <<<"$flags")
		eval "RUSTC_BOOTSTRAP=1 BINDINGS=$3 $environment rustdoc --document-private-items -Zunstable-options --crate-name $4 -o $5 $flags"
	' - "$TOP/build/modules" "$recorded" "$TOP/build/modules/$module" "$module" "$TOP/build/doc" ||
		die "rustdoc of $module failed (see above)"
done
say "see build/doc/fscache/index.html and build/doc/cachefiles/index.html"
