#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs xfstests in the guest, with $FS, "cached" or "uncached" as $CACHED says:
# guest.sh TEST...  Prints a line for each as it ends:
#
#   verdict pass|notrun|hang|fail:HOW TEST SECONDS REASON
#
# HOW stands for what came out instead of what should, numbers aside, so that two
# ways to fail are told apart.  Exits with 3 when a test took more than $LIMIT
# seconds: what it left running cannot be trusted to end.

. ./lib.sh
. ./modules.sh
. ./layer.sh
# shellcheck source=/dev/null
. "./servers/$FS.sh"

SUITE=/var/lib/xfstests
KEPT=$SUITE/results

# Who the tests want to be besides root.
make_users() {
	local name id=2000
	for name in fsgqa fsgqa2 123456-fsgqa; do
		id=$((id + 1))
		echo "$name:x:$id:$id::/tmp:/bin/bash" >>/etc/passwd
		echo "$name:x:$id:" >>/etc/group
		echo "$name:*:19000:0:99999:7:::" >>/etc/shadow
	done
}
# Packages come without what their scripts would set up; some tests need GNU's awk.
set_tools() {
	use_layer
	mkdir -p /run/bin
	[ ! -x /usr/bin/gawk ] || ln -sf /usr/bin/gawk /run/bin/awk
	export PATH=/run/bin:$PATH
	ldconfig
}
configure() {
	mkdir -p /mnt/test /mnt/scratch "$EXPORT/test" "$EXPORT/scratch"
	chmod 1777 "$EXPORT/test" "$EXPORT/scratch"
	{
		fs_xfstests "$CACHED"
		printf 'export %s\n' TEST_DIR=/mnt/test SCRATCH_MNT=/mnt/scratch RESULT_BASE=$KEPT DIFF_LENGTH=10
	} >/tmp/local.config
	sed 's/^/  /' /tmp/local.config
	export HOST_OPTIONS=/tmp/local.config
}

# looked_up : how many files the filesystems asked a cache for, since the boot.
looked_up() { if [ -e /proc/fs/fscache/stats ]; then stat_of Acquire n; else echo 0; fi; }

# verdict WHAT TEST REASON...
declare -A known=()
verdict() {
	local what=$1 name=$2
	shift 2
	known[$name]=1
	echo "verdict $what $name $((SECONDS - began)) $*"
	began=$SECONDS
	[ "$what" = pass ] || keep "$name"
}
# keep TEST : what it left, for one who has to find out.
keep() {
	local file
	for file in "$KEPT/$1".{full,out.bad,dmesg,notrun,hints}; do
		[ -f "$file" ] || continue
		mkdir -p "$RESULTS/${1%/*}"
		tail -c 300000 "$file" >"$RESULTS/${file#"$KEPT/"}"
	done
}
# stacks TEST : where the processes are that are left of a test that hangs.
stacks() {
	local process
	mkdir -p "$RESULTS/${1%/*}"
	for process in /proc/[0-9]*; do
		[ -s "$process/cmdline" ] || continue
		{ tr '\0' ' ' <"$process/cmdline"; echo; cat "$process/stack"; } 2>/dev/null || true
	done >"$RESULTS/$1.stacks"
}
# wrong TEST : how the output differs, and the first line of that.
wrong() {
	local lines
	lines=$(diff "$SUITE/tests/$1.out" "$KEPT/$1.out.bad" | grep '^[<>]') || true
	how=$(sed 's/[0-9][0-9]*/N/g' <<<"$lines" | uniq | md5sum | cut -c1-4)
	reason=$(head -n 1 <<<"$lines" | cut -c1-120)
}
# take_line LINE : of what 'check' prints; one begins with a test's name when it has ended.
take_line() {
	local name=${1%%[[:space:]]*} rest
	[[ " ${tests[*]} " == *" $name "* && $name == */* ]] && [ -z "${known[$name]:-}" ] || return 0
	rest=${1#"$name"}
	if [[ $rest == *'[not run]'* ]]; then
		verdict notrun "$name" "${rest#*'[not run]'}"
	elif [[ $rest == *'unknown test'* || $rest == *'[expunged]'* ]]; then
		verdict notrun "$name" "$rest"
	elif [[ $rest =~ ^[[:space:]0-9.s]*[0-9]+s[[:space:]]*$ ]]; then
		verdict pass "$name"
	elif [[ $rest == *'output mismatch'* ]]; then
		# What it compared is there when it has printed the end of that.
		until [[ $1 == *"(Run '"* ]] || ! IFS= read -r -t 60 -u 5 line; do set -- "$line"; done
		wrong "$name"
		verdict "fail:$how" "$name" "$reason"
	else
		verdict fail:0 "$name" "${rest#"${rest%%[![:space:]]*}"}"
	fi
}

tests=("$@")
why=$(fs_skip_reason)
[ -z "$why" ] || { echo "skip: $why"; exit 77; }
set_tools
make_users
mkdir -p $SUITE
mount -t ext4 -o noatime /dev/vm/xfstests $SUITE
fresh_cache
fs_server_start
[ "$CACHED" = uncached ] || daemon_start
configure
before=$(looked_up)

echo "xfstests begins"
began=$SECONDS
exec 5< <(cd $SUITE && exec setsid -w ./check --exact-order "${tests[@]}" 2>&1 </dev/null)
while :; do
	status=0
	IFS= read -r -t "$LIMIT" -u 5 line || status=$?
	if [ $status -gt 128 ]; then
		for name in "${tests[@]}"; do [ -n "${known[$name]:-}" ] || break; done
		stacks "$name"
		verdict hang "$name" "it took more than $LIMIT s"
		exit 3
	fi
	[ $status = 0 ] || break
	printf '  %s\n' "$line"
	take_line "$line"
done

# A column that compares nothing must not look like one that does.
used=$(($(looked_up) - before))
say "$used files were looked up, $(stat_of CaWrOps WR 2>/dev/null || echo 0) writes went to the cache, $(stat_of CaRdOps RD 2>/dev/null || echo 0) reads came from it"
module_line netfs
[ "$CACHED" = uncached ] || module_line cachefiles
if [ "$CACHED" = cached ]; then more "files looked up in a cache" "$used" 0; fi
for name in "${tests[@]}"; do
	[ -n "${known[$name]:-}" ] || fail "check ended without a word on $name"
done
