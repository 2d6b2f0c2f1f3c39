#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Feeds any bytes to the pure files of cachefiles, with libFuzzer:
#
#   fuzz.sh [--seconds N] [TARGET...]   each target, or these, for N s (default: 60)
#   fuzz.sh --input FILE TARGET         once more with one input
#
# The targets are tests/fuzz/src/bin.  Inputs that led somewhere new are kept in
# $BUILD/fuzz/corpus/TARGET, and the next run goes on from there; the first one
# begins with tests/fuzz/seeds/TARGET.  The last line is the sum:
# fuzz: N passed, N failed.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ARCHIVE=usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.fuzzer-x86_64.a
# Beyond what the device takes, which is less than a page; keys and attributes are shorter.
longest() { case $1 in command) echo 5000 ;; *) echo 700 ;; esac; }

# What cargo-fuzz passes, too: count edges, and see what is compared with what.
build_targets() {
	local flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
	flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
	flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Dwarnings"
	flags+=" -Clink-arg=$libfuzzer -Clink-arg=-lstdc++ -Clink-arg=-lm -Clink-arg=-lc"
	CARGO_TARGET_DIR=$TOP/build/fuzz "$TOP/scripts/enter.sh" env RUSTFLAGS="$flags" \
		cargo build --quiet --locked --offline --release --color never --manifest-path "$TOP/tests/fuzz/Cargo.toml" >&2 ||
		die "the targets do not build (see above)"
}

fuzzer=''
stop() {
	[ -z "$fuzzer" ] || kill -KILL "$fuzzer" 2>/dev/null || true
	exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM HUP

# fuzz LOG TARGET OPTION... : libFuzzer; it ends with this script however that does.
fuzz() {
	local log=$1 target=$2 status=0
	shift 2
	setpriv --pdeathsig KILL "$TOP/scripts/enter.sh" env RUST_BACKTRACE=0 \
		"$TOP/build/fuzz/release/$target" "$@" </dev/null >"$log" 2>&1 &
	fuzzer=$!
	wait $fuzzer || status=$?
	fuzzer=''
	return $status
}

# run TARGET SECONDS
run() {
	local target=$1 corpus=$BUILD/fuzz/corpus/$1 found=$BUILD/fuzz/found/$1 log=$BUILD/fuzz/$1.log began=$SECONDS status=0 input
	mkdir -p "$corpus" "$found"
	say "$target: $2 s, from $(find "$corpus" -type f | wc -l) kept inputs; its output is in $log"
	fuzz "$log" "$target" -max_total_time="$2" -max_len="$(longest "$target")" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix="$found/" "$corpus" "$TOP/tests/fuzz/seeds/$target" || status=$?
	if [ $status = 0 ]; then
		echo "pass: $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs," \
			"$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log") in a second, $(find "$corpus" -type f | wc -l) kept"
		return 0
	fi
	grep -E -A 3 'panicked at|^SUMMARY|ERROR: libFuzzer' "$log" | head -n 12 | sed 's/^/    /'
	input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	if [ -s "$input" ]; then
		say "after $((SECONDS - began)) s, with this input ($(wc -c <"$input") bytes):"
		head -c 512 "$input" | od -A d -t x1z | sed 's/^/    /' >&2
		say "once more with it: scripts/fuzz.sh --input $input $target"
	else
		tail -n 5 "$log" | sed 's/^/    /' >&2
	fi
	echo "FAIL: $target: status $status; all of its output is in $log"
	return 1
}

seconds=60 input=''
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) seconds=${2:-} ;;
	--input) input=$(realpath "${2:-}") ;;
	--help) sed -n '4,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
	--*) die "unknown option $1; see fuzz.sh --help" ;;
	*) break ;;
	esac
	shift 2 || die "$1 needs a value; see fuzz.sh --help"
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds $seconds is not a number of seconds"
[ $# -gt 0 ] || mapfile -t all < <(cd "$TOP/tests/fuzz/seeds" && ls)
targets=("$@" ${all[@]+"${all[@]}"})
for target in "${targets[@]}"; do
	[ -f "$TOP/tests/fuzz/src/bin/$target.rs" ] || die "there is no target $target; there are: $(cd "$TOP/tests/fuzz/seeds" && echo *)"
done

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
libfuzzer=$("$TOP/scripts/package.sh" libclang-rt-19-dev)/$ARCHIVE
say "building the targets"
build_targets

if [ -n "$input" ]; then
	[ ${#targets[@]} = 1 ] || die "--input FILE needs one target"
	log=$(mktemp) status=0
	cp "$input" "$BUILD/fuzz/input"
	fuzz "$log" "${targets[0]}" "$BUILD/fuzz/input" || status=$?
	cat "$log"
	rm -f "$log"
	exit $status
fi
passed=0 failed=0
for target in "${targets[@]}"; do
	if run "$target" "$seconds"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "fuzz: $passed passed, $failed failed"
[ $failed = 0 ]
