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
# Two machines run side by side, and what they print comes in turns.
#
# PAIR chooses the modules (default r-r).  FUZZ_SECONDS is for how long the case
# device-fuzz, and each of libFuzzer's targets, runs (default: 60).  SEED chooses what happens
# by chance (default: by chance, and said).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seconds=600 cases=()
case ${1:-} in
--short)
	seconds=0
	cases=(small)
	;;
--help) sed -n '4,19s/^# \{0,1\}//p' "$0"; exit 0 ;;
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
export PAIR=${PAIR:-r-r} SEED=${SEED:-$RANDOM}
say "seed $SEED"
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

passed=0 failed=0 skipped=0
# add LINE : the last line of a run, if it is one.
add() {
	[[ $1 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]] || return 1
	passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
}

# Everything takes some ten times as long there, most of it on one processor; so
# two machines share the cases.
export SLOW=10 TURNS=${TURNS:-4} FUZZ_SECONDS=${FUZZ_SECONDS:-60}
first=() second=()
for name in "${cases[@]}"; do
	case $name in
	# Those of a second boot stay together.
	reboot | reload | selinux) second+=("$name") ;;
	*) if [ ${#first[@]} -le ${#second[@]} ]; then first+=("$name"); else second+=("$name"); fi ;;
	esac
done
# run_cases LANE CASE... : leaves what it printed in a file.
run_cases() {
	local lane=$1
	shift
	[ $# -gt 0 ] || return 0
	CHECK_LOGS=$BUILD/check-debug/$lane setpriv --pdeathsig TERM "$TOP/scripts/check.sh" --vm "$@" | tee "$BUILD/check-debug/cases.$lane" || true
}
run_exerciser() {
	[ "$seconds" -gt 0 ] || return 0
	say "exerciser, $seconds s"
	local status=0
	# A hundred thousand cookies would take minutes, and say no more here.
	setpriv --pdeathsig TERM "$TOP/tests/exerciser/run.sh" --pair "$PAIR" --seconds "$seconds" --seed "$SEED" --cookies 10000 \
		--log "$BUILD/check-debug/exerciser-kernel.log" || status=$?
	if [ $status = 0 ]; then
		echo "pass: exerciser on the debug kernel, $seconds s"
		echo "1 passed, 0 failed, 0 skipped" >"$BUILD/check-debug/cases.exerciser"
	else
		echo "FAIL: exerciser on the debug kernel: status $status, seed $SEED"
		echo "0 passed, 1 failed, 0 skipped" >"$BUILD/check-debug/cases.exerciser"
	fi
}
run_second() { run_cases 2 ${second[@]+"${second[@]}"}; run_exerciser; }
end_with_workers
rm -f "$BUILD"/check-debug/cases*
# Whatever was built before is there for both.
"$TOP/scripts/image.sh" >/dev/null
at_most 2 run_cases 1 "${first[@]}"
at_most 2 run_second
all_ended
for lane in 1 2 exerciser; do
	case $lane in
	2) [ ${#second[@]} -gt 0 ] || continue ;;
	exerciser) [ "$seconds" -gt 0 ] || continue ;;
	esac
	add "$(tail -n 1 "$BUILD/check-debug/cases.$lane" 2>/dev/null)" || {
		failed=$((failed + 1))
		echo "FAIL: the run of lane $lane did not come to its end"
	}
done

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
