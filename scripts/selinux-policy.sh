#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compiles the policy of the case selinux: selinux-policy.sh FILE.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
compiler=$("$TOP/scripts/package.sh" secilc)/usr/bin/secilc
# A version that every kernel of the series reads.
"$TOP/scripts/enter.sh" "$compiler" -M false -c 33 -f /dev/null -o "${1:?usage: selinux-policy.sh FILE}" \
	"$TOP/tests/vm/selinux.cil" || die "the policy does not compile (see above)"
