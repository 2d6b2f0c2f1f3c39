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

	  --pair F-C       c-c, r-c, c-r or r-r; default: r-r
	  --seed N         of all random sequences; default 1
	  --seconds N      of the random phase; the load while the cache is withdrawn
	                   takes half, and while it fails a quarter; default 5
	  --threads N      default 6
	  --cookies N      how many scale makes at most; default 100000
	  --kernel FOLDER  another kernel, as of scripts/debug-kernel.sh; for ours,
	                   \$MODULES has to name modules that were built for it
	  --log FILE       keep the kernel's messages in FILE
	  --stage FOLDER   only put tests/vm and the exerciser there, a job for vm.sh
	  PHASE            misuse, scenarios, scenarios:NAME, random, scale, bench or
	                   contention; default: all but the last two, which measure
	                   (make bench compares what they do)
	END
}

pair=r-r seed=1 seconds=5 threads=6 stage='' cookies=100000 vm=()
while [ $# -gt 0 ]; do
	case $1 in
	--help) usage; exit 0 ;;
	--*) [ $# -ge 2 ] || die "$1 needs a value; see run.sh --help" ;;
	*) break ;;
	esac
	case $1 in
	--pair) pair=$2 ;;
	--seed) seed=$2 ;;
	--seconds) seconds=$2 ;;
	--threads) threads=$2 ;;
	--cookies) cookies=$2 ;;
	--kernel) KERNEL=$(realpath "$2"); export KERNEL ;;
	--log) vm+=(--log "$2") ;;
	--stage) stage=$2 ;;
	*) die "unknown option $1; see run.sh --help" ;;
	esac
	shift 2
done
[[ $pair =~ ^[cr]-[cr]$ ]] || die "--pair $pair is not one of c-c, c-r, r-c, r-r"
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds $seconds is not a number of seconds"

if [ -n "${KERNEL:-}" ]; then
	release=$(cat "$KERNEL/release") || die "$KERNEL is not a folder as scripts/kernel.sh makes it"
	# The kernel would refuse them, but only after it has booted.
	for name in fscache netfs cachefiles; do
		[[ $name-$pair == cachefiles-?-r || $name-$pair == [fn]*-r-? ]] || continue
		file=${MODULES:-$TOP/build/modules}/$name/$name.ko
		[ -f "$file" ] || die "pair $pair needs our $name.ko, and there is no $file"
		grep -qa "vermagic=$release " "$file" ||
			die "$file is not for the kernel $release; build it with KERNEL=$KERNEL, and set MODULES="
	done
fi
mkdir -p "$BUILD/run" "$TOP/build"
out=$("$TOP/tests/exerciser/build.sh" 2>"$TOP/build/exerciser.log") ||
	{ tail -n 20 "$TOP/build/exerciser.log" >&2; die "the exerciser does not build (see above)"; }
folder=$stage
[ -n "$stage" ] || folder=$(mktemp -d "$BUILD/run/exerciser-XXXXXX")
mkdir -p "$folder/exerciser"
cp -a "$TOP/tests/vm/." "$folder/"
cp "$out/drive" "$out/fscache-exerciser.ko" "$folder/exerciser/"
[ -z "$stage" ] || exit 0
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

status=0
limit=$(((600 + seconds * 3) * ${SLOW:-1}))
setpriv --pdeathsig TERM "$TOP/scripts/vm.sh" --pair "$pair" --job "$folder" \
	--disk cache=1G --time $((limit + 60)) --memory 4096 ${vm[@]+"${vm[@]}"} \
	--append slab_nomerge --env "SEED=$seed" --env "SECONDS_OF_RANDOM=$seconds" \
	--env "THREADS=$threads" --env "PHASES=$*" --env "COOKIES=$cookies" \
	--env "CASE_LIMIT=$limit" -- ./run exerciser || status=$?
exit $status
