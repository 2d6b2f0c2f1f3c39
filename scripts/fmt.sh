#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Formats the Rust code as the kernel's is: fmt.sh [--check].

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
cd "$TOP"
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.rs')
SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" rustfmt "$@" --edition 2021 \
	--config-path "$KERNEL/linux/.rustfmt.toml" \
	"${files[@]}" ||
	die "some files are not formatted (see above); run 'make fmt'"
