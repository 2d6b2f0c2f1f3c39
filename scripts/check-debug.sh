#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs tests on the debug kernel (debug-kernel.sh), which reports what the stock
# one lets pass: wrong memory accesses, locks taken in an order that could hang,
# sleeping where one must not, leaks.  Ends with one line over all that ran.
#
#   check-debug.sh               all cases of tests/vm, ten minutes of the exerciser,
#                                and libFuzzer (fuzz.sh), which needs no kernel
#   check-debug.sh --short       one case
#   check-debug.sh CASE...       only these cases
#
# PAIR chooses the modules (default r-r).  FUZZ_SECONDS is for how long the case
# device-fuzz, and each of libFuzzer's targets, runs (default: 60).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=600 cases=()
case ${1:-} in
--short)
	seconds=0
	cases=(small)
	;;
--help) sed -n '4,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
--*) die "unknown option $1; see check-debug.sh --help" ;;
'')
	for file in "$TOP"/tests/vm/cases/*.sh; do
		name=$(basename "$file" .sh)
		[ "$name" = exerciser ] || cases+=("$name")
	done
	;;
*) cases=("$@") seconds=0 ;;
esac

need_root
export PAIR=${PAIR:-r-r}
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
KERNEL=$("$TOP/scripts/debug-kernel.sh")
export KERNEL

# The same sources, built for the debug kernel by its compiler.
export LLVM=-19 MODULES=$TOP/build/debug
say "building the modules for the debug kernel"
mkdir -p "$BUILD/check-debug"
log=$BUILD/check-debug/modules.log
CACHEFILES_ERROR_INJECTION=y "$TOP/scripts/modules.sh" >"$log" 2>&1 ||
	{ tail -n 20 "$log" >&2; die "the modules do not build for the debug kernel; all of it is in $log"; }

# Everything takes some five times as long there.
status=0
export CHECK_LOGS=$BUILD/check-debug SLOW=5 TURNS=${TURNS:-4} FUZZ_SECONDS=${FUZZ_SECONDS:-60}
"$TOP/scripts/check.sh" --vm "${cases[@]}" | tee "$BUILD/check-debug/cases" || status=$?
line=$(tail -n 1 "$BUILD/check-debug/cases")
read -r passed _ failed _ skipped _ <<<"${line//,/}"
[[ $passed.$failed.$skipped =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "the cases did not come to their end (status $status)"

if [ "$seconds" -gt 0 ]; then
	say "exerciser, $seconds s"
	status=0
	# A hundred thousand cookies would take minutes, and say no more here.
	"$TOP/tests/exerciser/run.sh" --pair "$PAIR" --seconds "$seconds" --seed "${SEED:-1}" --cookies 10000 \
		--log "$BUILD/check-debug/exerciser-kernel.log" || status=$?
	if [ $status = 0 ]; then
		passed=$((passed + 1))
		echo "pass: exerciser on the debug kernel, $seconds s"
	else
		failed=$((failed + 1))
		echo "FAIL: exerciser on the debug kernel: status $status, seed ${SEED:-1}"
	fi
fi

if [ "$seconds" -gt 0 ]; then
	say "libFuzzer, $FUZZ_SECONDS s for each target"
	"$TOP/scripts/fuzz.sh" --seconds "$FUZZ_SECONDS" | tee "$BUILD/check-debug/fuzz" || true
	line=$(tail -n 1 "$BUILD/check-debug/fuzz")
	if [[ $line =~ ^fuzz:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		failed=$((failed + 1))
		echo "FAIL: libFuzzer did not come to its end"
	fi
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
