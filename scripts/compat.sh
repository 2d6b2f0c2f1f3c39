#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the parts of tests/vm/compat over every filesystem of tests/vm/servers, with
# the kernel's own modules and with ours, and puts both into one table:
#
#   compat.sh [FILESYSTEM...]   run these (default: all), then make the table of
#                               all that has been run
#   compat.sh --table [FILESYSTEM...]      only make the table, of what has been run
#   compat.sh --document [FILESYSTEM...]   ... and Documentation/compatibility.md out of it,
#                               which keeps its cells of what was not run here
#
# PAIR=r-r runs only one of both, and keeps what is there of the other.
# PARTS="cold write" runs only these parts, and keeps what is there of the others, if it was
# found with the same kernel and modules; MANY=10000 sets how many files many-files has.
# The table is build/compat/table.txt, and table.html, which has the reasons too.  Fails when
# anything is worse with ours than with the kernel's; and when a part that was asked for has no
# verdict: it was not run, it did not come to its end, or it was skipped for a reason that is
# not the filesystem's.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

OUT=${COMPAT:-$TOP/build/compat}
PAIRS=(c-c r-r)

# The order of the table: what is most asked for first.
FILESYSTEMS=(nfs3 nfs4.0 nfs4.1 nfs4.2 9p-virtio 9p-tcp smb3 nfs4.2-ganesha smb3-ksmbd afs ceph)
ALL_PARTS=(cold warm-dropped warm-remounted warm-rebooted
	changed truncated extended replaced deleted
	changed-cold changed-while-read changed-mounted truncated-mounted extended-mounted replaced-mounted deleted-mounted
	write append rewrite truncate direct mmap-read mmap-write write-sync rename unlink-open
	sparse large empty many-files two-mounts early-mount
	rebound writer-rebound early-writer daemon-killed server-restart disk-full unmount-busy)
# Other people's suites.
SUITES=(fsx fio dbench nfstest stress-ng)
ALL_PARTS+=("${SUITES[@]}")

read -ra parts <<<"${PARTS:-${ALL_PARTS[*]}}"
read -ra pairs <<<"${PAIR:-${PAIRS[*]}}"

# key PAIR : what its verdicts stand on.
key() {
	cat "$KERNEL/release"
	[ "$1" = c-c ] || cat "${MODULES:-$TOP/build/modules}"/{fscache,netfs,cachefiles}/*.ko | sha256sum
}
# forget DIR PAIR : what is there of the parts that are to be run, so that nothing of another day
# is taken for what this run has found; and all of it, if it was found with other modules.
forget() {
	local dir=$1 pair=$2 kept=''
	mkdir -p "$dir"
	if [ -s "$dir/cases" ] && cmp -s <(key "$pair") "$dir/key"; then
		kept=$(awk -v parts=" ${parts[*]} " '{ part = $2; sub(/.*:/, "", part) } !index(parts, " " part " ")' "$dir/cases")
	fi
	# How a machine ended is not worth keeping when nothing is left that ran in it.
	if grep -q '^[a-z]* [^ ]*:' <<<"$kept"; then
		printf '%s\n' "$kept" >"$dir/cases"
	else
		rm -f "$dir"/{cases,ran}
	fi
	key "$pair" >"$dir/key"
}
# run_one FILESYSTEM : a machine for each pair, with all parts in it.
run_one() {
	local fs=$1 part pair cases=() dir=$OUT/$1
	for part in "${parts[@]}"; do cases+=("$fs:$part"); done
	for pair in "${pairs[@]}"; do
		forget "$dir/$pair" "$pair"
		rm -rf "${dir:?}/run/$pair"
	done
	mkdir -p "$dir/run"
	# It fails when a part does; here that is for the table to judge.
	PAIR="${pairs[*]}" CHECK_LOGS=$dir/run setpriv --pdeathsig TERM "$TOP/scripts/check.sh" --vm "${cases[@]}" || true
	for pair in "${pairs[@]}"; do
		[ -s "$dir/run/$pair/cases" ] || continue
		cat "$dir/run/$pair/cases" >>"$dir/$pair/cases"
		printf '%s with kernel %s\n' "$(date -u +%F)" "$(cat "$KERNEL/release")" >>"$dir/$pair/ran"
	done
}
end_with_workers
# run_all FILESYSTEM... : as many at once as there is room for machines.
run_all() {
	local fs at_once
	at_once=$(($(side_by_side) / ${#pairs[@]}))
	for fs; do
		at_most "$at_once" run_one "$fs"
		# The first makes what is missing, and finds out whether KVM works.
		sleep 2
	done
	all_ended
}
# ran FILESYSTEM : when, and with which kernel; of both pairs, and of what the document says, where
# these differ.
ran() {
	local pair
	{
		[ -z "${keeps[$1]:-}" ] || sed 's/; /\n/g' <<<"${recalled[$1]}"
		for pair in "${PAIRS[@]}"; do cat "$OUT/$1/$pair/ran" 2>/dev/null || true; done
	} | sort -u | paste -sd ';' | sed 's/;/; /g'
}

declare -A how reason recalled old_how old_reason keeps
columns=() rows=() worse=() better=() both=() lacking=()
rank() { case $1 in pass) echo 2 ;; skip) echo 1 ;; *) echo 0 ;; esac; }

# recall : what the document says; document() wrote it.
recall() {
	local line fs pair part word fields=() old=() at
	while IFS= read -r line; do
		case $line in
		'* '*': run on '*)
			fs=${line#'* '} fs=${fs%%: *}
			recalled[$fs]=${line#*: run on }
			;;
		'| part |'*)
			IFS='|' read -ra fields <<<"${line// /}"
			for word in "${fields[@]}"; do [[ $word != *:C ]] || old+=("${word%:C}"); done
			;;
		'|---'*) ;;
		'| '*)
			IFS='|' read -ra fields <<<"${line// /}"
			part=${fields[1]} at=2
			for fs in "${old[@]}"; do
				for pair in "${PAIRS[@]}"; do
					word=${fields[at]} at=$((at + 1))
					[ "$word" = - ] || old_how[$fs $part $pair]=$word
				done
			done
			;;
		# FILESYSTEM PART (PAIRS): VERDICT: REASON; the mark of an honest skip is taken off.
		'* '*' ('*'): '*': '*)
			line=${line/': skip: '/': skip: cannot: '}
			read -r fs part _ <<<"${line#'* '}"
			word=${line#*' ('} word=${word%%')'*}
			[ "$word" != 'C and Rust' ] || word=${PAIRS[*]}
			for pair in $word; do old_reason[$fs $part $pair]=${line#*'): '*': '}; done
			;;
		esac
	done <"$TOP/Documentation/compatibility.md"
}
# keep : what the document says of parts that were not run here.  How a machine ended is not kept
# when there is another run of it.
keep() {
	local cell fs part
	for cell in ${old_how[@]+"${!old_how[@]}"}; do
		read -r fs part _ <<<"$cell"
		[ -z "${how[$cell]:-}" ] || continue
		[[ ! -d $OUT/$fs || " ${ALL_PARTS[*]} " == *" $part "* ]] || continue
		how[$cell]=${old_how[$cell]} reason[$cell]=${old_reason[$cell]:-} keeps[$fs]=1
		[[ " ${rows[*]} " == *" $part "* ]] || rows+=("$part")
	done
}

# collect : read what was run into $how and $reason, by filesystem, part and pair.
collect() {
	local fs pair verdict name why part c r
	rows=("${parts[@]}")
	for fs in "${FILESYSTEMS[@]}"; do
		for pair in "${PAIRS[@]}"; do
			[ -s "$OUT/$fs/$pair/cases" ] || continue
			while read -r verdict name why; do
				part=${name#*:}
				how[$fs $part $pair]=$verdict
				reason[$fs $part $pair]=$why
				[[ " ${rows[*]} " == *" $part "* ]] || rows+=("$part")
			done <"$OUT/$fs/$pair/cases"
		done
	done
	[ "$mode" != --document ] || { recall; keep; }
	for fs in "${FILESYSTEMS[@]}"; do
		[ -z "${keeps[$fs]:-}$(cat "$OUT/$fs"/*/cases 2>/dev/null)" ] || columns+=("$fs")
	done
	for fs in "${asked[@]}"; do
		for pair in "${pairs[@]}"; do find_lacking "$fs" "$pair"; done
	done
	for fs in ${columns[@]+"${columns[@]}"}; do
		for part in "${rows[@]}"; do
			c=${how[$fs $part c-c]:-} r=${how[$fs $part r-r]:-}
			[ -n "$c$r" ] || continue
			# A machine that ended badly is a row too, where it did.  With ours it must
			# not, whatever it does with C.
			if [ "$(rank "$r")" -lt "$(rank "$c")" ] || [ "$r:$c" = fail: ] || [[ $r:$part == fail:machine-* ]]; then
				worse+=("$fs $part: ${r:-not run}: ${reason[$fs $part r-r]:-}")
			elif [ -n "$c" ] && [ "$(rank "$r")" -gt "$(rank "$c")" ]; then
				better+=("$fs $part: with C $c: ${reason[$fs $part c-c]:-}")
			elif [ "$r:$c" = fail:fail ]; then
				both+=("$fs $part: ${reason[$fs $part r-r]:-}")
			fi
		done
	done
}
# find_lacking FILESYSTEM PAIR : the parts that have no verdict.  What a filesystem cannot do
# tests/vm/compat.sh marks, so every other skip is for something that is missing here.
find_lacking() {
	local part key without=() passed=''
	for part in "${parts[@]}"; do
		key="$1 $part $2"
		case ${how[$key]:-}:${reason[$key]:-} in
		:*) without+=("$1:$part ($2): not run") ;;
		skip:cannot:*) ;;
		skip:* | 'fail:it did not come to its end' | 'fail:there is no such case')
			without+=("$1:$part ($2): ${reason[$key]:-skipped without a reason}")
			;;
		pass:*) passed=1 ;;
		esac
	done
	if [ ${#without[@]} = ${#parts[@]} ]; then
		lacking+=("$1 ($2): no part at all, as in ${without[0]}")
	elif [ ${#without[@]} -gt 0 ]; then
		lacking+=("${without[@]}")
	elif [ -z "$passed" ]; then
		lacking+=("$1 ($2): no part passed")
	fi
}

# text_table : both verdicts in each cell; "-" where that was not run.
text_table() {
	local fs part
	printf '%-18s' part
	for fs in "${columns[@]}"; do printf ' %-11s' "$fs"; done
	printf '\n%-18s' ''
	for fs in "${columns[@]}"; do printf ' %-11s' 'C    Rust'; done
	for part in "${rows[@]}"; do
		printf '\n%-18s' "$part"
		for fs in "${columns[@]}"; do
			printf ' %-4s %-6s' "${how[$fs $part c-c]:--}" "${how[$fs $part r-r]:--}"
		done
	done
	printf '\n'
}
# notes : what did not pass, and why.
notes() {
	local fs part pair key
	for fs in "${columns[@]}"; do
		for part in "${rows[@]}"; do
			key="$fs $part"
			if [ "${how[$key c-c]:-c}:${reason[$key c-c]:-}" = "${how[$key r-r]:-r}:${reason[$key r-r]:-}" ]; then
				[ "${how[$key c-c]}" = pass ] ||
					printf '%s (C and Rust): %s: %s\n' "$key" "${how[$key c-c]}" "${reason[$key c-c]}"
				continue
			fi
			for pair in "${PAIRS[@]}"; do
				[ "${how[$key $pair]:-pass}" = pass ] ||
					printf '%s (%s): %s: %s\n' "$key" "$pair" "${how[$key $pair]}" "${reason[$key $pair]}"
			done
		done
	done
}
# The mark of an honest skip is for find_lacking.
unmarked() { sed 's/: skip: cannot: /: skip: /'; }
escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' <<<"$1"; }
html_table() {
	local fs part pair why
	cat <<-END
	<!doctype html><meta charset="utf-8"><title>Filesystems with C and with Rust</title>
	<style>td,th{border:1px solid #ccc;padding:2px 6px}table{border-collapse:collapse}
	.pass{background:#dfd}.skip{background:#eee}.fail{background:#fbb}</style>
	<h1>Filesystems with C and with Rust</h1><table><tr><th>
	END
	for fs in "${columns[@]}"; do
		printf '<th colspan=2>%s<br><small>%s</small>' "$fs" "$(ran "$fs")"
	done
	printf '\n<tr><th>'
	for fs in "${columns[@]}"; do printf '<th>C<th>Rust'; done
	for part in "${rows[@]}"; do
		printf '\n<tr><th>%s' "$part"
		for fs in "${columns[@]}"; do
			for pair in "${PAIRS[@]}"; do
				why=${reason[$fs $part $pair]:-}
				printf '<td class="%s" title="%s">%s' "${how[$fs $part $pair]:-none}" \
					"$(escape "${why#cannot: }")" "${how[$fs $part $pair]:--}"
			done
		done
	done
	printf '\n</table>\n'
}
# document : the short form.
document() {
	local fs part key
	cat <<-END
	<!-- SPDX-License-Identifier: GPL-2.0-only -->
	# Which filesystems work

	Made by \`scripts/compat.sh --document\` from runs in virtual machines; not written
	by hand. Each filesystem with its real server, each part of \`tests/vm/compat\` with
	the kernel's own fscache and cachefiles (C) and with ours (Rust). A verdict comes from
	content, compared with the server's own copy, and from what the counters say came from
	the server and from the cache. *skip* is what the filesystem cannot do, whoever caches
	for it; the reasons are below. *-* was not run.

	END
	for fs in "${columns[@]}"; do
		printf '* %s: run on %s\n' "$fs" "$(ran "$fs")"
	done
	printf '\n| part |'
	for fs in "${columns[@]}"; do printf ' %s: C | Rust |' "$fs"; done
	printf '\n|---|'
	for fs in "${columns[@]}"; do printf -- '---|---|'; done
	for part in "${rows[@]}"; do
		printf '\n| %s |' "$part"
		for fs in "${columns[@]}"; do
			printf ' %s | %s |' "${how[$fs $part c-c]:--}" "${how[$fs $part r-r]:--}"
		done
	done
	printf '\n\n## What did not pass, and why\n\n'
	notes | unmarked | sed 's/^/* /'
	printf '\n## Where ours is worse\n\n'
	if [ ${#worse[@]} = 0 ]; then echo "Nowhere, where both were run."; else printf '* %s\n' "${worse[@]}"; fi
	printf '\n## Where ours is better\n\n'
	if [ ${#better[@]} = 0 ]; then echo "Nowhere, where both were run."; else printf '* %s\n' "${better[@]}"; fi
	[ ${#lacking[@]} = 0 ] || printf '%s\n' '' '## What has no verdict' '' "${lacking[@]/#/* }"
}
# complain : what is wrong with the table; false if anything is.
complain() {
	local status=0
	[ ${#better[@]} = 0 ] || { echo; printf 'better with ours: %s\n' "${better[@]}"; }
	[ ${#both[@]} = 0 ] || { echo; printf 'failed with both: %s\n' "${both[@]}"; }
	[ ${#worse[@]} = 0 ] || { echo; printf 'worse with ours: %s\n' "${worse[@]}"; status=1; }
	[ ${#lacking[@]} = 0 ] || { echo; printf 'without a verdict: %s\n' "${lacking[@]}"; status=1; }
	return $status
}

need_root
mode=''
case ${1:-} in
--help) sed -n '4,21s/^# \{0,1\}//p' "$0"; exit 0 ;;
--table | --document) mode=$1; shift ;;
-*) die "unknown option $1; see compat.sh --help" ;;
esac
asked=("$@")
for fs in ${asked[@]+"${asked[@]}"}; do
	[[ " ${FILESYSTEMS[*]} " == *" $fs "* ]] || die "there is no filesystem '$fs'; there are ${FILESYSTEMS[*]}"
done
mkdir -p "$OUT"
if [ -z "$mode" ]; then
	[ $# -gt 0 ] || asked=("${FILESYSTEMS[@]}")
	SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
	KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
	export SYSROOT KERNEL
	run_all "${asked[@]}"
elif [ $# = 0 ]; then
	for fs in "${FILESYSTEMS[@]}"; do [ ! -d "$OUT/$fs" ] || asked+=("$fs"); done
	[ ${#asked[@]} -gt 0 ] || die "nothing has been run yet; compat.sh --help says how"
fi
collect
text_table | tee "$OUT/table.txt"
{ echo; notes | unmarked; } | tee -a "$OUT/table.txt"
html_table >"$OUT/table.html"
[ "$mode" != --document ] || document >"$TOP/Documentation/compatibility.md"
complain || {
	printf -v few '; %s' "${worse[@]:0:3}" "${lacking[@]:0:3}"
	die "${#worse[@]} worse than with C, ${#lacking[@]} without a verdict: ${few:2}"
}
