#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the exerciser in a virtual machine; run.sh --help says how.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

usage() {
	cat <<-END
	usage: run.sh [OPTION]... [PHASE]...

	Builds the exerciser and runs it in a virtual machine, by the case
	tests/vm/cases/exerciser.sh.  Exits as scripts/vm.sh does.

	  --pair F-C      c-c, r-c, c-r or r-r; default: r-r
	  --seed N        of all random sequences; default 1
	  --seconds N     of the random phase; the load while the cache is withdrawn
	                  takes half, and while it fails a quarter; default 5
	  --threads N     default 6
	  --bench         only measure, by counting instructions; prints a table
	  --cookies N     how many the bench makes at most; default 100000
	  --json FILE     put there what the bench measured
	  --log FILE      keep the kernel's messages in FILE
	  --stage FOLDER  only put tests/vm and the exerciser there, a job for vm.sh
	  PHASE           misuse, scenarios, scenarios:NAME, random, bench; default:
	                  all but bench
	END
}

pair=r-r seed=1 seconds=5 threads=6 stage='' json='' cookies=100000 bench='' vm=()
while [ $# -gt 0 ]; do
	case $1 in
	--help) usage; exit 0 ;;
	--bench) bench=1; shift; continue ;;
	--*) [ $# -ge 2 ] || die "$1 needs a value; see run.sh --help" ;;
	*) break ;;
	esac
	case $1 in
	--pair) pair=$2 ;;
	--seed) seed=$2 ;;
	--seconds) seconds=$2 ;;
	--threads) threads=$2 ;;
	--cookies) cookies=$2 ;;
	--json) json=$2 ;;
	--log) vm+=(--log "$2") ;;
	--stage) stage=$2 ;;
	*) die "unknown option $1; see run.sh --help" ;;
	esac
	shift 2
done
[ -z "$bench" ] || { vm+=(--icount); set -- bench; }
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds $seconds is not a number of seconds"

"$TOP/tests/exerciser/build.sh" >/dev/null || die "the exerciser does not build; tests/exerciser/build.sh says why"
mkdir -p "$BUILD/run"
folder=$stage
[ -n "$stage" ] || folder=$(mktemp -d "$BUILD/run/exerciser-XXXXXX")
mkdir -p "$folder/exerciser"
cp -a "$TOP/tests/vm/." "$folder/"
cp "$TOP/build/exerciser/drive" "$TOP/build/exerciser/fscache-exerciser.ko" "$folder/exerciser/"
[ -z "$stage" ] || exit 0
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

status=0
limit=$((300 + seconds * 3))
[[ " $* " != *" bench "* ]] || limit=1800
setpriv --pdeathsig TERM "$TOP/scripts/vm.sh" --pair "$pair" --job "$folder" --results "$folder/results" \
	--disk cache=1G --time $((limit + 60)) --memory 4096 ${vm[@]+"${vm[@]}"} \
	--append slab_nomerge --env "SEED=$seed" --env "SECONDS_OF_RANDOM=$seconds" \
	--env "THREADS=$threads" --env "PHASES=$*" --env "BENCH_COOKIES=$cookies" \
	--env "CASE_LIMIT=$limit" -- ./run exerciser || status=$?
[ -z "$json" ] || cp "$folder/results/exerciser.json" "$json" || status=1
exit $status
