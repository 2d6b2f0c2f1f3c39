#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What takes hours, and is too long for every change: check-long.sh [PART...], of
#
#   power-cut   a hundred power cuts, on ext4, xfs and btrfs     (about 40 minutes)
#   hostile     300 damaged trees, fifty in each of six machines (about an hour)
#   churn       an hour of Debian's daemon on a disk that is too small
#   many        20,000 objects                                   (some minutes)
#   pairs       all cases with all four pairs                    (about an hour)
#   interleavings
#               fscache's models of threads, without a bound of preemptions; what has not
#               ended after INTERLEAVINGS seconds (default: 300, some three hours in all)
#               is given up, and said
#   mutants     each fault of tests/host/mutants.sh, and the test that finds it
#
# All of them by default.  Ends with one line over all that ran.  SEED=N chooses what
# happens by chance (default: by chance, and said); PAIR the modules (default: r-r).

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
--help) sed -n '4,19s/^# \{0,1\}//p' "$0"; exit 0 ;;
--*) die "unknown option $1; see check-long.sh --help" ;;
esac
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(power-cut hostile churn many pairs interleavings mutants)
for part in "${parts[@]}"; do
	case $part in
	power-cut | hostile | churn | many | pairs | interleavings | mutants) ;;
	*) die "there is no part '$part'; see check-long.sh --help" ;;
	esac
done
export PAIR=${PAIR:-r-r} SEED=${SEED:-$RANDOM}
say "seed $SEED"

# What is run by a script of its own has its time limits there; cases have them in check.sh.
case_of() { "$TOP/scripts/check.sh" --vm "$1"; }
# A machine that does not come to its end takes no more than its own trees with it.
hostile() {
	local machine
	for machine in 1 2 3 4 5 6; do
		say "hostile: machine $machine of 6"
		TREES=50 SLOW=4 SEED=$((SEED + machine - 1)) case_of hostile || return 1
	done
}
# Says of each model whether all that there are were tried.
interleavings() {
	# shellcheck disable=SC2016
	CARGO_TARGET_DIR=$TOP/build/host "$TOP/scripts/enter.sh" env "WITHOUT_BOUND=${INTERLEAVINGS:-300}" sh -c '
		cd "$TOP/tests/host/fscache" &&
		exec cargo test --release --locked --color never -- --show-output --test-threads "$JOBS" all_goes_well'
}
run() {
	case $1 in
	power-cut) "$TOP/tests/power-cut/run.sh" 100 "$SEED" ;;
	hostile) hostile ;;
	churn) CHURN=3600 case_of churn ;;
	many) MANY=20000 SLOW=8 case_of many-objects ;;
	pairs) PAIR="c-c r-r c-r r-c" EXCUSE_C=1 "$TOP/scripts/check.sh" --vm ;;
	interleavings) interleavings ;;
	mutants) "$TOP/scripts/mutants.sh" ;;
	esac
}
passed=0 failed=0
for part in "${parts[@]}"; do
	began=$SECONDS
	say "$part"
	if run "$part" </dev/null; then
		passed=$((passed + 1))
		echo "pass: $part ($((SECONDS - began)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL: $part, seed $SEED (after $((SECONDS - began)) s)"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
