#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs a command in a virtual machine with the kernel and the guest image that
# kernel.sh and image.sh make; vm.sh --help says how.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
	cat <<-END
	usage: vm.sh [OPTION]... [--] COMMAND [ARG]...

	Boots a virtual machine, runs COMMAND in it in a copy of the job folder,
	prints what it prints, and exits with its exit status, or with
	  124  when the time was up
	  125  when the machine did not come up, or ended without a status
	  126  when the kernel reported a bug; the first such line is named
	In the machine, disks are at /dev/vm/NAME, and what the command leaves in
	\$RESULTS comes back.  The root is a throw-away copy: it may write anywhere.

	  --pair F-C         which modules 'modprobe' takes there: F is fscache (with
	                     netfs), C is cachefiles; each is c, the stock kernel's own,
	                     or r, from the folder \$MODULES.  Default: c-c
	  --job FOLDER       copy FOLDER there, and run the command in it
	  --results FOLDER   put what the command leaves in \$RESULTS here
	  --disk NAME=SIZE   an empty disk of SIZE (512M, 2G), gone at the end
	  --disk NAME=FILE   a disk whose content is kept in FILE
	  --disk NAME=FILE:ro     ... or where what the machine writes is thrown away
	  --disk NAME=FILE:SIZE   ... made empty with SIZE if it is not there
	  --share NAME=FOLDER  FOLDER as a 9p filesystem over virtio, with the tag NAME;
	                     one folder may have several names, each for one mount
	  --env NAME=VALUE   set a variable for the command
	  --time SECONDS     the limit; default 600
	  --memory MIB       default 2048
	  --cpus N           default 2
	  --accel NAME       kvm or tcg; default: kvm where a trial boot works
	  --icount           one processor whose time counts instructions (tcg)
	  --append WORDS     more for the kernel's command line
	  --kernel FOLDER    another kernel, in a folder as kernel.sh makes it
	  --log FILE         keep the kernel's messages in FILE
	  --ignore REGEX     no report of the kernel that matches is a failure
	  --verbose          also print the kernel's messages as they come
	END
}

# What a kernel says when it found a bug in itself or in a module.
REPORTS='BUG: |kernel BUG at|Oops|WARNING: |general protection fault|Kernel panic|Call Trace:|possible recursive locking|possible circular locking|possible irq lock inversion|inconsistent lock state|suspicious RCU usage|held lock freed|bad unlock balance|blocked for more than|rcu.*(stall|self-detected)|soft lockup|hard LOCKUP|workqueue lockup|refcount_t: |UBSAN|KASAN|KCSAN|KMSAN|KFENCE: |scheduling while atomic|sleeping function|suspected memory leaks|list_(add|del) corruption|Bad page state|stack-protector|Assertion failed|Objects remaining|still has objects|Slab .* objects|Unknown symbol|disagrees about version'

# What the kernel is known to report of a bug that is its own, whatever is loaded; see
# "Bugs that are the kernel's own" in Documentation/design.md.
KNOWN='BUG: KASAN: slab-use-after-free in netfs_pgpriv2_end_copy_to_cache[+]'
# without_known <LOG : the log with empty lines for such reports.
without_known() {
	awk -v known="$KNOWN" '
		inside && !/BUG: |WARNING: |Oops|panic/ { print ""; if (/==========/) inside = 0; next }
		$0 ~ known { print ""; inside = 1; next }
		{ print }'
}

pair=c-c job='' results='' limit=600 memory=2048 cpus=2 accel=${ACCEL:-auto} icount='' append='' log='' ignore='' verbose=${V:-}
disks=() shares=() environment=()
value() { [ $# -ge 2 ] || die "$1 needs a value; see vm.sh --help"; printf '%s\n' "$2"; }
while [ $# -gt 0 ]; do
	case $1 in
	--help) usage; exit 0 ;;
	--icount) icount=1; shift; continue ;;
	--verbose) verbose=1; shift; continue ;;
	--) shift; break ;;
	-*) word=$(value "$@") ;;
	*) break ;;
	esac
	case $1 in
	--pair) pair=$word ;;
	--job) job=$word ;;
	--results) results=$word ;;
	--disk) disks+=("$word") ;;
	--share) shares+=("$word") ;;
	--env) environment+=("$word") ;;
	--time) limit=$word ;;
	--memory) memory=$word ;;
	--cpus) cpus=$word ;;
	--accel) accel=$word ;;
	--append) append=$word ;;
	--kernel) KERNEL=$word ;;
	--log) log=$word ;;
	--ignore) ignore=$word ;;
	*) die "unknown option $1; see vm.sh --help" ;;
	esac
	shift 2
done
[ $# -gt 0 ] || die "no command to run; see vm.sh --help"
[[ $pair =~ ^[cr]-[cr]$ ]] || die "PAIR=$pair is not one of c-c, c-r, r-c, r-r"
[[ $limit =~ ^[0-9]+$ ]] || die "--time $limit is not a number of seconds"
[ -z "$job" ] || [ -d "$job" ] || die "--job $job is no folder"

# Ours are needed only where the pair asks for them.
MODULES=${MODULES:-$TOP/build/modules}
ours=()
[[ $pair != r-* ]] || ours+=(fscache netfs)
[[ $pair != *-r ]] || ours+=(cachefiles)
for name in "${ours[@]}"; do
	[ -f "$MODULES/$name/$name.ko" ] ||
		die "pair $pair needs our $name.ko, and $MODULES/$name/ has none: run 'make' first"
done

need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
export SYSROOT KERNEL
image=$("$TOP/scripts/image.sh")
release=$(cat "$KERNEL/release")

# Everything of this run is in one folder, which goes with it; and QEMU goes
# with this script however that ends, killed included (pdeathsig).
mkdir -p "$BUILD/run"
find "$BUILD/run" -mindepth 1 -maxdepth 1 -name 'vm-*' -mtime +1 -exec rm -rf {} +
run=$(mktemp -d "$BUILD/run/vm-XXXXXX")
vm=''
clean() {
	[ -z "$vm" ] || kill -KILL "$vm" 2>/dev/null || true
	[ -z "$vm" ] || wait "$vm" 2>/dev/null || true
	[ -z "$log" ] || [ ! -f "$run/kernel.log" ] || cp "$run/kernel.log" "$log"
	rm -rf "$run"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# pack FOLDER INITRD : the initramfs, with what is in FOLDER added to it.
pack() {
	# shellcheck disable=SC2016
	"$TOP/scripts/enter.sh" sh -c '
		{ cd "$1" && find . | cpio -o -H newc --quiet && cd "$2" && find . | cpio -o -H newc --quiet; } >"$3"
	' - "$image/initramfs" "$1" "$2" || die "could not pack the initramfs into $2; is there space left in $BUILD?"
}

# machine OPTION... : start QEMU in the background; $vm is its process.
machine() {
	# shellcheck disable=SC2093
	TMPDIR=$run setpriv --pdeathsig KILL "$TOP/scripts/enter.sh" \
		qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$image/vmlinuz" -serial "file:$run/kernel.log" "$@" </dev/null 8>&- &
	vm=$!
}

# await SECONDS : until the machine ends; false if it had to be stopped.
await() {
	local timer over=0
	# The shell forgets what has ended, and would wait for the timer alone.
	if ! kill -0 "$vm" 2>/dev/null; then
		wait "$vm" 2>/dev/null || true
		vm=''
		return 0
	fi
	sleep "$1" &
	timer=$!
	wait -n "$vm" "$timer" || true
	kill -0 "$timer" 2>/dev/null || over=1
	kill "$timer" 2>/dev/null || true
	[ $over = 0 ] || kill -KILL "$vm" 2>/dev/null || true
	wait "$vm" 2>/dev/null || true
	vm=''
	return $over
}

# The device node of KVM says little: see whether it boots this kernel, once.
accelerator() {
	local known
	known=$BUILD/accel-$(key_of "$(uname -r)" "$(basename "$SYSROOT")" "$release" "$(grep -m1 'model name' /proc/cpuinfo)")
	if [ ! -s "$known" ]; then
		accel=tcg
		if [ -c /dev/kvm ] && [ -w /dev/kvm ]; then
			say "seeing whether KVM boots this kernel"
			mkdir -p "$run/trial/job"
			cp "$TOP/scripts/guest/boot" "$run/trial/init"
			pack "$run/trial" "$run/trial.cpio"
			machine -initrd "$run/trial.cpio" -append "console=ttyS0 panic=-1 vm.trial" \
				-accel kvm -cpu host -smp 2 -m 512 2>"$run/trial.err"
			await 30 2>/dev/null || true
			! grep -q 'vm: trial boot works' "$run/kernel.log" 2>/dev/null || accel=kvm
			rm -rf "$run/kernel.log" "$run"/trial*
			say "KVM is $([ $accel = kvm ] && echo used || echo 'there, but does not run this kernel; emulating instead')"
		fi
		echo $accel >"$known"
	fi
	accel=$(cat "$known")
}
[ "$accel" != auto ] || [ -n "$icount" ] || accelerator
case ${icount:+icount}$accel in
icount*) processor=(-icount "shift=0,sleep=off" -accel tcg -cpu max -smp 1) ;;
# With page tables of four levels, as most machines have: emulating five takes longer.
tcg) processor=(-accel "tcg,thread=multi" -cpu "max,la57=off" -smp "$cpus") ;;
kvm) processor=(-accel kvm -cpu host -smp "$cpus") ;;
*) die "--accel $accel is neither kvm nor tcg" ;;
esac

# The job, and beside it what init wants to know.
stuff=$run/stuff
mkdir -p "$stuff/job/.vm"
[ -z "$job" ] || cp -a "$job/." "$stuff/job/"
mkdir -p "$stuff/job/.vm"
cp "$TOP/scripts/guest/boot" "$stuff/init"
cp "$TOP/scripts/guest/init" "$stuff/job/.vm/init"
{
	printf 'export PAIR=%q RELEASE=%q\n' "$pair" "$release"
	for word in ${environment[@]+"${environment[@]}"}; do
		printf 'export %s=%q\n' "${word%%=*}" "${word#*=}"
	done
	printf 'COMMAND=('
	printf '%q ' "$@"
	printf ')\n'
} >"$stuff/job/.vm/environment"

# Our modules go under updates/, which depmod prefers to the kernel's own.
# They also lie in the job's folder, for what swaps one for the other.
if [ -d "$MODULES" ]; then
	mkdir -p "$stuff/job/.vm/ours"
	for name in fscache netfs cachefiles; do
		[ ! -f "$MODULES/$name/$name.ko" ] || cp "$MODULES/$name/$name.ko" "$stuff/job/.vm/ours/"
	done
	# shellcheck disable=SC2016
	"$TOP/scripts/enter.sh" sh -c 'for ko; do strip -g "$ko"; done' - "$stuff"/job/.vm/ours/*.ko 2>/dev/null || true
fi
if [ ${#ours[@]} -gt 0 ]; then
	tree=$run/tree/lib/modules/$release
	mkdir -p "$run/tree/lib/modules"
	cp -al "$image/modules/lib/modules/$release" "$tree"
	find "$tree" -maxdepth 1 -name 'modules.*' ! -name 'modules.builtin*' ! -name modules.order -delete
	mkdir "$tree/updates"
	for name in "${ours[@]}"; do
		cp "$stuff/job/.vm/ours/$name.ko" "$tree/updates/"
	done
	"$TOP/scripts/enter.sh" depmod -b "$run/tree" "$release" || die "depmod failed on the modules of pair $pair"
	mkdir "$stuff/job/.vm/modules"
	cp -r "$tree/updates" "$stuff/job/.vm/modules/"
	find "$tree" -maxdepth 1 -name 'modules.*' -exec cp {} "$stuff/job/.vm/modules/" \;
	rm -rf "$run/tree"
fi
pack "$stuff" "$run/initrd"
rm -rf "$stuff"

# inside FILE : is it where QEMU, in the sysroot, sees it too?
inside() { [[ $1 == "$TOP"/* || $1 == "$BUILD"/* ]]; }

drives=()
# drive NAME FILE [OPTIONS]
drive() {
	drives+=(-drive "if=none,id=$1,file=$2,format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap${3:-}"
		-device "virtio-blk-pci,drive=$1,serial=$1")
}
drive root "$image/root.img" ,snapshot=on
truncate -s 256M "$run/results.img"
drive results "$run/results.img"
for disk in ${disks[@]+"${disks[@]}"}; do
	name=${disk%%=*} file=${disk#*=} size=''
	[[ $disk == *=* && $name =~ ^[a-z][a-z0-9]{0,15}$ ]] || die "--disk $disk: expected NAME=SIZE or NAME=FILE; see vm.sh --help"
	if [[ $file =~ ^[0-9]+[MG]$ ]]; then
		truncate -s "$file" "$run/$name.img"
		drive "$name" "$run/$name.img"
		continue
	fi
	[[ $file != *:* ]] || { size=${file##*:}; file=${file%:*}; }
	file=$(realpath -m "$file")
	inside "$file" || die "--disk $disk: the file must be under $TOP or $BUILD (the machine runs in a sysroot that sees only these)"
	if [ "$size" = ro ]; then
		[ -f "$file" ] || die "--disk $disk: there is no file $file"
		drive "$name" "$file" ,snapshot=on
	else
		[ -f "$file" ] || [ -n "$size" ] || die "--disk $disk: there is no file $file; give a size to make it: $name=$file:1G"
		[ -f "$file" ] || truncate -s "$size" "$file"
		drive "$name" "$file"
	fi
done

for share in ${shares[@]+"${shares[@]}"}; do
	name=${share%%=*} folder=${share#*=}
	[[ $share == *=* && $name =~ ^[a-z][a-z0-9]{0,15}$ ]] || die "--share $share: expected NAME=FOLDER; see vm.sh --help"
	[ -d "$folder" ] || die "--share $share: there is no folder $folder"
	folder=$(realpath "$folder")
	inside "$folder" || die "--share $share: the folder must be under $TOP or $BUILD (the machine runs in a sysroot that sees only these)"
	# Who owns what is kept beside the files: nothing of the machine's has rights out here.
	drives+=(-fsdev "local,id=$name,path=$folder,security_model=mapped-xattr,multidevs=remap"
		-device "virtio-9p-pci,fsdev=$name,mount_tag=$name")
done

# On a busy machine the kernel may come to no end with measuring how fast an
# emulated processor is.  It is told: too fast makes its short delays longer,
# which nothing here minds.  Nor is it to test its timer, which may not tick in time for that,
# whereupon it does not boot.  Nor does anybody attack it by the faults of a processor,
# and to keep that out takes an emulated one a tenth of its time.
emulated=''
[ "$accel" != tcg ] || emulated='lpj=16000000 no_timer_check mitigations=off'

: >"$run/kernel.log"
if [ -n "$verbose" ]; then
	tail -q -n +1 -F "$run/kernel.log" --pid=$$ >&2 2>/dev/null &
fi
# An emulated machine now and then hangs before it comes to user space, and so to
# anything that is tested here; or, where this one is busy, measures how fast its clock is and
# is wrong by tens of times, so that every time limit in it is as much too short; or QEMU itself
# falls over.  It is started again then.  (SLOW: how much longer all takes, on the debug kernel.)
for try in 1 2 3 4 5; do
	machine -initrd "$run/initrd" -m "$memory" "${processor[@]}" "${drives[@]}" \
		-append "console=ttyS0 loglevel=7 panic=-1 oops=panic $emulated $append" \
		-device virtio-serial-pci -chardev stdio,id=out,signal=off -device virtconsole,chardev=out
	waited=0 wrong=''
	while [ -z "$wrong" ]; do
		if ! kill -0 "$vm" 2>/dev/null; then
			ended=0
			wait "$vm" 2>/dev/null || ended=$?
			# 127: the shell has told of the signal already, and knows no more.
			[ $ended -lt 127 ] || wrong="was ended by a signal ($ended)"
			break
		elif grep -aq 'tsc: PIT calibration deviates from' "$run/kernel.log"; then
			wrong='measured its clock wrong'
		elif grep -aq 'Run /init as init process' "$run/kernel.log"; then
			break
		elif [ $waited -ge $((120 * ${SLOW:-1})) ]; then
			wrong="did not come to user space in $waited s"
		else
			sleep 1
			waited=$((waited + 1))
		fi
	done
	[ -n "$wrong" ] || break
	say "the machine $wrong (try $try of 5); its last message: $(tail -n 1 "$run/kernel.log" | tr -d '\r')"
	kill -KILL "$vm" 2>/dev/null || true
	wait "$vm" 2>/dev/null || true
	vm=''
	[ $try -lt 5 ] || exit 125
	: >"$run/kernel.log"
done
over=''
await "$limit" || over=1

# complain : show the end of the kernel's messages, for one who has to find out.
complain() {
	say "the last messages of the kernel were:"
	tail -n "${1:-15}" "$run/kernel.log" | tr -d '\r' | sed 's/^/    /' >&2
}

# First what the kernel says: it tells best why a machine did not end well.
# What comes before user space is not of a module; the debug kernel now and then
# reports itself there.
user_space=$(grep -a -n -m 1 'Run /init as init process' "$run/kernel.log" | cut -d : -f 1) || true
report=$(without_known <"$run/kernel.log" | grep -a -n -E "$REPORTS" | awk -F : -v from="${user_space:-0}" '$1 >= from' | { [ -z "$ignore" ] && cat || grep -a -v -E "$ignore"; } | head -n 1 | tr -d '\r') || true
known=$(grep -a -o -m 1 -E "$KNOWN" "$run/kernel.log") || true
[ -z "$known" ] || say "the kernel reported a bug of its own: $known"
if [ -n "$report" ]; then
	line=${report%%:*}
	during=$(head -n "$line" "$run/kernel.log" | tr -d '\r' | sed -n 's/.*vm: case \([^ ]*\) begins$/\1/p' | tail -n 1)
	say "the kernel reported a bug${during:+ during case $during}: ${report#*:}"
	sed -n "$((line > 3 ? line - 3 : 1)),$((line + 45))p" "$run/kernel.log" | tr -d '\r' | sed 's/^/    /' >&2
fi

status=''
if [ -z "$over" ]; then
	mkdir "$run/back"
	tar -C "$run/back" -xf "$run/results.img" 2>/dev/null || true
	status=$(cat "$run/back/.status" 2>/dev/null) || true
	rm -f "$run/back/.status"
	[ -z "$results" ] || { mkdir -p "$results"; cp -r "$run/back/." "$results/"; }
fi
if [ -n "$over" ]; then
	say "the time of $limit s was up, and the machine was stopped"
	[ -n "$report" ] || complain 25
	exit 124
fi
[ -z "$report" ] || exit 126
if [ -z "$status" ]; then
	say "the machine ended without a status"
	complain
	exit 125
fi
exit "$status"
