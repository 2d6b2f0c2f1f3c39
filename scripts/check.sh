#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs all tests, and ends with one line over all that ran.
#
#   check.sh                   everything: host tests, build, format, lints, and
#                              the cases of tests/vm with all four pairs, or those
#                              that a case says are enough
#   check.sh --vm [CASE...]    only these cases (default: all) with the pair, or
#                              pairs, in $PAIR (default: r-r); a case may also be
#                              FILESYSTEM:PART, of tests/vm/servers and compat
#
# SEED=N changes what cases do by chance (default: 1, so what failed fails again; the long
# runs draw one).  TURNS=5 makes the longest case, reload, as much shorter (20 is what counts).
# CHURN=3600 makes the case churn an hour long, MANY=1000000 the case many-objects big,
# TREES=300 and CUTS=100 the cases hostile and power-cut.
# What each machine printed, and its kernel's messages, stay in $BUILD/check.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

passed=0 failed=0 skipped=0 everything=''
# result pass|fail|skip WHAT [REASON...]
result() {
	local how=$1 what=$2
	shift 2
	case $how in
	pass) passed=$((passed + 1)); echo "pass: $what" ;;
	fail) failed=$((failed + 1)); echo "FAIL: $what${*:+: $*}" ;;
	skip) skipped=$((skipped + 1)); echo "skip: $what: ${*:-no reason given}" ;;
	esac
}

logs=${CHECK_LOGS:-$BUILD/check} seed=${SEED:-1}
end_with_workers

# step WHAT COMMAND... : one thing that passes or fails as a whole.
step() {
	local what=$1 log began=$SECONDS
	shift
	log=$logs/${what// /-}.log
	echo "$what ..."
	if "$@" </dev/null >"$log" 2>&1; then
		if grep -E '(^|[^a-z])warning(:|\[)' "$log" | head -n 5 | grep .; then
			result fail "$what" "there are warnings; all of it is in $log"
			return 0
		fi
		result pass "$what ($((SECONDS - began)) s)"
	else
		tail -n 25 "$log" | sed 's/^/    /'
		result fail "$what" "all of it is in $log"
	fi
}

host_tests() {
	local log=$logs/host-tests.log line
	if [ ! -x "$TOP/scripts/host-tests.sh" ]; then
		result skip "host tests" "there is no scripts/host-tests.sh"
		return 0
	fi
	echo "host tests ..."
	local status=0
	"$TOP/scripts/host-tests.sh" </dev/null 2>&1 | tee "$log" || status=$?
	line=$(grep -E '^host: [0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) || true
	if [ -n "$line" ]; then
		passed=$((passed + $(cut -d ' ' -f 2 <<<"$line")))
		failed=$((failed + $(cut -d ' ' -f 4 <<<"$line")))
		[[ $line == *" 0 failed"* ]] || echo "FAIL: host tests: all of it is in $log"
	fi
	if [ $status != 0 ] && { [ -z "$line" ] || [[ $line == *" 0 failed"* ]]; }; then
		result fail "host tests" "status $status; all of it is in $log"
	elif [ -z "$line" ]; then
		result fail "host tests" "they passed, but did not say how many; all of it is in $log"
	fi
}

# Every script there is, cases included.
lint_scripts() {
	local files
	mapfile -t files < <(cd "$TOP" && grep -lE '^#!/bin/(ba)?sh|shellcheck shell=' scripts/*.sh scripts/guest/init tests/vm/*.sh tests/vm/servers/*.sh tests/vm/run tests/vm/serve tests/exerciser/*.sh tests/scripts/*.sh tests/xfstests/run tests/xfstests/*.sh .ci/run)
	cd "$TOP"
	"$TOP/scripts/enter.sh" shellcheck -S warning -x -P SCRIPTDIR --exclude=SC1091,SC2034,SC2120,SC2154 "${files[@]}"
	# Cases run in the folder above, and all start with the library.
	"$TOP/scripts/enter.sh" shellcheck -S warning -s bash --exclude=SC1091,SC2154,SC2034 tests/vm/cases/*.sh tests/vm/compat/*.sh
}

# --- the cases in virtual machines -------------------------------------------

# Cases go in two boots on the same disks, see run_lane().  'reload', which takes the longest, is
# in the second, and so is 'selinux', whose policy stays.
all_cases() {
	local name
	echo small
	for name in "$TOP"/tests/vm/cases/*.sh; do
		name=$(basename "$name" .sh)
		# 'inject' needs modules of its own, see injection_tests().
		case $name in small | inject | reboot | reload | selinux) ;; *) echo "$name" ;; esac
	done
	# The other filesystems are here in short; all of each is in scripts/compat.sh.
	for name in nfs3 nfs4.1 9p-virtio 9p-tcp; do echo "$name:short"; done
	echo 9p-virtio:writer-rebound
	echo 9p-virtio:early-writer
	echo nfs4.1:changed-while-read
	echo reboot
	echo reload
	echo selinux
}

# pairs_of CASE : those that can make a difference to what the case finds; nothing if all can.  A
# case that is about the disk, or loads both cachefiles itself, says which are enough when
# everything is run; `check-long.sh pairs` has all of them.
pairs_of() {
	local file=$TOP/tests/vm/cases/$1.sh
	[ ! -f "$file" ] || sed -n 's/^# pairs: //p' "$file"
}
# lane PAIR shared|apart CASE... : what of the cases one machine runs.  When everything is run,
# those of some pairs only have one of their own, so that no pair takes much longer than others.
lane() {
	local pair=$1 kind=$2 pairs='' name
	shift 2
	for name; do
		[ -z "$everything" ] || pairs=$(pairs_of "$name")
		case $kind:$pairs in
		shared: | apart:*"$pair"*) echo "$name" ;;
		esac
	done
}

# boot PAIR FOLDER NUMBER HALF CASE... : run cases in one machine.  HALF is the one that began in
# the boot before, if any.
boot() {
	local pair=$1 dir=$2 number=$3 half=$4 status=0 name file words=slab_nomerge asked=() more=() layer=() disk
	shift 4
	for name in TURNS MANY CHURN FUZZ_SECONDS SLOW TREES CUTS COMMAND EXCUSE_C; do
		[ -z "${!name:-}" ] || asked+=(--env "$name=${!name}")
	done
	# The debug kernel would say nothing after its first report.
	[ "${SLOW:-1}" = 1 ] || words+=" kasan_multi_shot"
	# Debian's kernel has it, but prefers AppArmor.
	[[ " $* " != *" selinux "* ]] || words+=" security=selinux"
	# Packages that only one filesystem's server needs, or one part, are a disk of their own.
	read -ra more < <(for name; do
		[[ $name == *:* ]] || continue
		for file in "$TOP/tests/vm/servers/${name%%:*}.sh" "$TOP/tests/vm/compat/${name#*:}.sh"; do
			[ ! -f "$file" ] || sed -n 's/^# packages: //p' "$file"
		done
	done | sort -u | tr '\n' ' ') || true
	if [ ${#more[@]} -gt 0 ]; then
		disk=$("$TOP/scripts/layer.sh" "${more[@]}") || die "there is no layer with ${more[*]} (see above)"
		layer=(--disk "layer=$disk/layer.img:ro")
	fi
	# A share is outside of the machine, so it goes with the disks.
	mkdir -p "$dir/$number" "$dir/share"
	setpriv --pdeathsig TERM "$TOP/scripts/vm.sh" --pair "$pair" --job "$logs/job" \
		--results "$dir/$number" --log "$dir/$number/kernel.log" --time $(((300 + $# * 300) * ${SLOW:-1} + ${CHURN:-0})) \
		--disk "server=$dir/server.img:1G" --disk "cache=$dir/cache.img:1G" \
		--share "served=$dir/share" --share "second=$dir/share" --share "behind=$dir/share" \
		--append "$words" --env "AFTER_BOOT=$half" --env "CASE_LIMIT=$((900 * ${SLOW:-1} + ${CHURN:-0}))" \
		${layer[@]+"${layer[@]}"} ${asked[@]+"${asked[@]}"} --env "SEED=$seed" --env SECONDS_OF_RANDOM=20 \
		-- ./run "$@" >"$dir/$number/output" 2>&1 &
	tail -q -n +1 -F --pid=$! "$dir/$number/output" 2>/dev/null || true
	wait $! || status=$?
	# A case that said nothing was cut off: by the time limit, or by a crash.
	for name; do
		grep -q "^[a-z]* $name\( \|$\)" "$dir/$number/cases" 2>/dev/null ||
			echo "fail $name it did not come to its end" >>"$dir/$number/cases"
	done
	case $status in
	0 | 1) ;;
	124) echo "fail machine-$number the time was up" ;;
	126) echo "fail machine-$number $(sed -n 's/^vm.sh: //p' "$dir/$number/output" | grep -m 1 'reported a bug')" ;;
	*) echo "fail machine-$number $(sed -n 's/^vm.sh: //p' "$dir/$number/output" | tail -n 1) (status $status)" ;;
	esac >>"$dir/$number/cases"
}

# in_two_boots CASE : is it run before a boot and after it, and passes in the second only?
in_two_boots() { [[ $1 == reboot || $1 == *:warm-rebooted ]]; }

# run_lane PAIR FOLDER CASE... : leaves the results in FOLDER/cases.
run_lane() {
	local pair=$1 dir=$2 boots=('') across=() later='' list names=() name half='' begun number=0
	shift 2
	rm -rf "${dir:?}"
	mkdir -p "$dir"
	for name; do
		case $name in
		reload | selinux) later+=" $name" ;;
		*) if in_two_boots "$name"; then across+=("$name"); else boots[0]+=" $name"; fi ;;
		esac
	done
	# Every case begins with an empty cache; so it is the last of one and the first of the next,
	# which it is only if it passed in the one before.
	for name in ${across[@]+"${across[@]}"}; do boots[-1]+=" $name" boots+=(''); done
	[ ${#across[@]} -gt 0 ] || boots+=('')
	boots[-1]+=$later
	for list in "${boots[@]}"; do
		read -ra names <<<"$half $list" || true
		[ ${#names[@]} -gt 0 ] || continue
		number=$((number + 1)) begun=$half half=''
		boot "$pair" "$dir" $number "$begun" "${names[@]}"
		name=${names[-1]}
		if in_two_boots "$name" && [ "$name" != "$begun" ] && grep -qx "pass $name" "$dir/$number/cases"; then
			half=$name
			grep -vx "pass $name" "$dir/$number/cases" || true
		else
			cat "$dir/$number/cases"
		fi >>"$dir/cases"
	done
	rm -rf "$dir"/*.img "$dir/share"
}

# run_named PAIR FOLDER CASE... : the same, with the pair in front of each line.
run_named() { run_lane "$@" > >(sed -u "s/^/[$1] /"); }

# stage CASE... : the folder that the machines get.
stage() {
	rm -rf "$logs/job"
	if [[ " $* " == *" exerciser "* || " $* " == *" exchange-keys "* ]]; then
		"$TOP/tests/exerciser/run.sh" --stage "$logs/job" && { stage_policy "$@"; stage_fsx "$@"; return 0; }
		result fail exerciser "it does not build (see above)"
	fi
	mkdir -p "$logs/job"
	cp -a "$TOP/tests/vm/." "$logs/job/"
	stage_policy "$@"
	stage_fsx "$@"
}
# stage_fsx CASE... : what the part fsx runs; without it the part is skipped.
stage_fsx() {
	local built
	[[ " $* " == *":fsx "* ]] || return 0
	built=$("$TOP/scripts/fsx.sh") || { result fail fsx "it does not build (see above)"; return 0; }
	cp "$built/bin/fsx" "$logs/job/"
}
# stage_policy CASE... : what the case selinux loads.
stage_policy() {
	[[ " $* " == *" selinux "* ]] || return 0
	# Without the compiler, which has to be fetched once, the case is skipped.
	"$TOP/scripts/package.sh" secilc >/dev/null || return 0
	"$TOP/scripts/selinux-policy.sh" "$logs/job/selinux.policy" || result fail selinux "its policy does not compile (see above)"
}

# vm_tests "PAIR..." CASE... : machines side by side.
vm_tests() {
	local pairs=$1 pair kind how name reason side dirs=() dir chosen=()
	shift
	side=$(side_by_side)
	"$TOP/scripts/image.sh" >/dev/null
	stage "$@"
	for kind in shared apart; do
		for pair in $pairs; do
			mapfile -t chosen < <(lane "$pair" $kind "$@")
			[ ${#chosen[@]} -gt 0 ] || continue
			dir=$logs/$pair
			[ $kind = shared ] || dir+=.$kind
			dirs+=("$dir")
			at_most "$side" run_named "$pair" "$dir" "${chosen[@]}"
			# The first finds out whether KVM works; the others take its word.
			sleep 2
		done
	done
	all_ended
	for dir in "${dirs[@]}"; do
		pair=${dir##*/}
		while read -r how name reason; do
			result "$how" "${pair%.apart} $name" "$reason"
		done <"$dir/cases"
	done
}

# The case that needs a cachefiles with errors to inject, as the debug kernel's has.
injection_tests() {
	local log=$logs/inject.log logs=$logs/inject
	mkdir -p "$logs"
	echo "modules with error injection ..."
	if MODULES=$TOP/build/inject CACHEFILES_ERROR_INJECTION=y "$TOP/scripts/modules.sh" </dev/null >"$log" 2>&1; then
		MODULES=$TOP/build/inject vm_tests r-r inject
	else
		tail -n 25 "$log" | sed 's/^/    /'
		result fail "modules with error injection" "all of it is in $log"
	fi
}

# A short run on the debug kernel, where that is: it takes half an hour to build,
# which is too long for here.
debug_tests() {
	local log=$logs/debug.log line
	if ! "$TOP/scripts/debug-kernel.sh" --if-there >/dev/null; then
		result skip "debug kernel" "it was not built yet, which takes half an hour; 'make check-debug' does it"
		return 0
	fi
	echo "debug kernel ..."
	env -u KERNEL PAIR=r-r "$TOP/scripts/check-debug.sh" --short </dev/null 2>&1 | tee "$log" | sed -u 's/^/[debug] /' || true
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1) || true
	if [ -z "$line" ]; then
		result fail "debug kernel" "it did not come to its end; all of it is in $log"
		return 0
	fi
	passed=$((passed + $(cut -d ' ' -f 1 <<<"$line")))
	failed=$((failed + $(cut -d ' ' -f 3 <<<"$line")))
	skipped=$((skipped + $(cut -d ' ' -f 5 <<<"$line")))
}

need_root
mkdir -p "$logs"
cd "$TOP"
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
export SYSROOT KERNEL
case ${1:-} in
--vm)
	shift
	[ $# -gt 0 ] || mapfile -t cases < <(all_cases)
	[ $# = 0 ] || cases=("$@")
	vm_tests "${PAIR:-r-r}" "${cases[@]}"
	;;
'')
	host_tests
	step "bad input" tests/scripts/bad-input.sh
	step "build" make modules
	step "exports" "$TOP/scripts/check-exports.sh"
	step "format" make fmt-check
	step "clippy" make clippy
	step "documentation" make doc
	step "shellcheck" lint_scripts
	mapfile -t cases < <(all_cases)
	# What is known to be wrong with C is a skip there, and a failure in the table of compat.sh.
	export EXCUSE_C=1
	everything=1
	vm_tests "c-c r-r c-r r-c" "${cases[@]}"
	injection_tests
	debug_tests
	;;
--help) sed -n '4,17s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) die "unknown option $1; see check.sh --help" ;;
esac

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
