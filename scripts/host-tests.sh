#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the tests that need no kernel: host-tests.sh [CRATE...].
#
# Each folder below tests/host is a cargo crate that includes files of the
# modules by path.  They are built in the sysroot, with its compiler; crates
# are fetched on the first run, as the Cargo.lock files say.  The last line is
# the sum: host: N passed, N failed.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
export CARGO_TARGET_DIR=$TOP/build/host
mkdir -p "$CARGO_TARGET_DIR"

if [ $# -gt 0 ]; then
	crates=("$@")
else
	crates=()
	for manifest in "$TOP"/tests/host/*/Cargo.toml; do
		[ ! -e "$manifest" ] || crates+=("$(basename "$(dirname "$manifest")")")
	done
fi
[ ${#crates[@]} -gt 0 ] || die "there are no crates below tests/host"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
for crate in "${crates[@]}"; do
	[ -e "$TOP/tests/host/$crate/Cargo.toml" ] || die "there is no crate tests/host/$crate"
	began=$SECONDS status=0
	say "$crate: building and running its tests"
	# shellcheck disable=SC2016
	"$TOP/scripts/enter.sh" sh -c 'cd "$TOP/tests/host/$1" && exec cargo test --locked --color never' - \
		"$crate" </dev/null 2>&1 | tee "$log" || status=$?
	read -r ok bad < <(awk '/^test result:/ { ok += $4; bad += $6 } END { print ok + 0, bad + 0 }' "$log")
	# Not built, or cut off: that is a failure too.
	if [ $status != 0 ] && [ "$bad" = 0 ]; then
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
	say "$crate: $ok passed, $bad failed, in $((SECONDS - began)) s"
done
echo "host: $passed passed, $failed failed"
[ $failed = 0 ]
