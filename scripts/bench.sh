#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measures what each operation of fscache costs with all four pairs of C and Rust
# modules, in virtual machines, and prints tables; bench.sh --help says how.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
	cat <<-END
	usage: bench.sh [OPTION]... [PART]...

	Boots a virtual machine for each PART:
	  cost        each operation on one processor, in instructions
	  time        the same on two, in time; and two threads at once
	  scale       up to a million cookies that nobody uses, in one volume and in
	              10,000, in instructions; and the memory that they take
	  transfers   storing and reading by size, a file of many extents, culling;
	              in instructions
	  sequential  a large file, read through a mount until it is stored, and with a
	              warm cache, beside the same from the backing filesystem; in
	              instructions
	  throughput  the same on two processors and a virtual disk, in time
	Default: all. In each, the pairs take turns in one boot; of several rounds the
	median counts. Prints tables, and leaves what they say in
	build/bench/fscache.json (scripts/bench-report.py names its fields). Slow is no
	failure, but marked; growing with the number of cookies is one, as is more
	memory than C takes.

	  --rounds N     of cost and time; default 3
	  --cookies N    of scale; default 1000000
	  --extents N    of the file with many, in transfers; default 200000
	  --pairs WORDS  default: c-c r-c c-r r-r
	END
}

rounds=3 cookies=1000000 extents=200000 pairs='c-c r-c c-r r-r'
while [ $# -gt 0 ]; do
	case $1 in
	--help) usage; exit 0 ;;
	--*) [ $# -ge 2 ] || die "$1 needs a value; see bench.sh --help" ;;
	*) break ;;
	esac
	case $1 in
	--rounds) rounds=$2 ;;
	--cookies) cookies=$2 ;;
	--extents) extents=$2 ;;
	--pairs) pairs=$2 ;;
	*) die "unknown option $1; see bench.sh --help" ;;
	esac
	shift 2
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "--rounds $rounds is not a number"
parts=("${@:-}")
[ $# -gt 0 ] || parts=(cost time scale transfers sequential throughput)

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$(SYSROOT=$SYSROOT "$TOP/scripts/kernel.sh")}
export SYSROOT KERNEL
out=$TOP/build/bench
rm -rf "$out"
mkdir -p "$out/raw"
job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
"$TOP/tests/exerciser/run.sh" --stage "$job"
# The stock modules are what modprobe takes; ours lie in the job.
for name in fscache netfs cachefiles; do
	[[ $pairs != *r* ]] || [ -f "${MODULES:-$TOP/build/modules}/$name/$name.ko" ] ||
		die "there is no build/modules/$name/$name.ko: run 'make' first"
done

# measure PART ROUNDS "PAIR..." MEMORY "VM OPTION..." DRIVE OPTION...
measure() {
	local part=$1 rounds=$2 pairs=$3 memory=$4 machine=$5 status=0 began=$SECONDS
	shift 5
	say "$part: $rounds rounds of $pairs"
	# shellcheck disable=SC2086
	setpriv --pdeathsig TERM "$TOP/scripts/vm.sh" --pair c-c --job "$job" --results "$out/raw" \
		--log "$out/$part.log" --time 3600 --memory "$memory" $machine --append slab_nomerge \
		-- bash ./bench.sh "$part" "$rounds" "$pairs" "$@" >&2 || status=$?
	[ $status = 0 ] || die "the run of '$part' failed with status $status (see above)"
	say "$part: took $((SECONDS - began)) s"
}

for part in "${parts[@]}"; do
	case $part in
	cost) measure cost "$rounds" "$pairs" 2048 --icount bench ;;
	time) measure time "$rounds" "$pairs" 2048 '--cpus 2' bench contention ;;
	transfers)
		measure transfers 1 "$pairs" 6144 '--icount --env RAM_DISK=2048' --extents "$extents" transfers
		;;
	sequential)
		measure sequential 1 "$pairs" 3072 "--icount --env RAM_DISK=512 --disk server=512M"
		;;
	throughput)
		measure throughput "$rounds" "$pairs" 3072 "--cpus 2 --env SEQUENTIAL_MIB=256 --disk server=512M --disk bench=512M"
		;;
	# No backend is asked anything there.
	scale)
		fscaches=''
		for pair in $pairs; do
			[[ $fscaches == *"${pair%-*}-"* ]] || fscaches+="${pair%-*}-c "
		done
		measure scale 1 "$fscaches" 8192 --icount --cookies "$cookies" scale
		;;
	*) die "there is no part '$part'; see bench.sh --help" ;;
	esac
done
"$TOP/scripts/enter.sh" python3 "$TOP/scripts/bench-report.py" "$out/raw" "$out/fscache.json" "$(cat "$KERNEL/release")"
