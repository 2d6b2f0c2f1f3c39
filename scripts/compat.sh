#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the parts of tests/vm/compat over every filesystem of tests/vm/servers, with
# the kernel's own modules and with ours, and puts both into one table:
#
#   compat.sh [FILESYSTEM...]   run these (default: all), then make the table of
#                               all that has been run
#   compat.sh --table           only make the table, of what has been run
#   compat.sh --document        ... and Documentation/compatibility.md out of it
#
# PAIR=r-r runs only one of both, and keeps what is there of the other.
# PARTS="cold write" runs only these parts; MANY=10000 sets how many files
# many-files has.  The table is build/compat/table.txt, and table.html, which has
# the reasons too.  Fails when anything is worse with ours than with the kernel's.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

OUT=${COMPAT:-$TOP/build/compat}
PAIRS=(c-c r-r)

# The order of the table: what is most asked for first.
FILESYSTEMS=(nfs3 nfs4.0 nfs4.1 nfs4.2 9p-virtio 9p-tcp smb3 nfs4.2-ganesha smb3-ksmbd afs ceph)
ALL_PARTS=(cold warm-dropped warm-remounted
	changed truncated extended replaced deleted
	changed-mounted truncated-mounted extended-mounted replaced-mounted deleted-mounted
	write append rewrite truncate direct mmap-read mmap-write write-sync rename unlink-open
	sparse empty many-files two-mounts early-mount rebound writer-rebound daemon-killed unmount-busy)
# Other people's suites.
SUITES=(fsx fio dbench stress-ng)
ALL_PARTS+=("${SUITES[@]}")

# run_all FILESYSTEM... : a machine for each of them and pair, with all parts in it.
run_all() {
	local fs part cases dir
	for fs; do
		[ -f "$TOP/tests/vm/servers/$fs.sh" ] || die "there is no filesystem '$fs' in tests/vm/servers"
		cases=()
		for part in ${PARTS:-"${ALL_PARTS[@]}"}; do cases+=("$fs:$part"); done
		dir=$OUT/$fs
		mkdir -p "$dir"
		# It fails when a part does; here that is for the table to judge.
		PAIR="${PAIR:-${PAIRS[*]}}" CHECK_LOGS=$dir "$TOP/scripts/check.sh" --vm "${cases[@]}" || true
		date -u +%F >"$dir/date"
		cat "$KERNEL/release" >"$dir/kernel"
	done
}

declare -A how reason
columns=() rows=() worse=() better=()
rank() { case $1 in pass) echo 2 ;; skip) echo 1 ;; *) echo 0 ;; esac; }

# collect : read what was run into $how and $reason, by filesystem, part and pair.
collect() {
	local fs pair verdict name why part known
	for fs in "${FILESYSTEMS[@]}"; do
		[ -s "$OUT/$fs/date" ] || continue
		columns+=("$fs")
		for pair in "${PAIRS[@]}"; do
			[ -s "$OUT/$fs/$pair/cases" ] || continue
			while read -r verdict name why; do
				part=${name#*:}
				how[$fs $part $pair]=$verdict
				reason[$fs $part $pair]=$why
				known=" ${rows[*]-} "
				[[ $known == *" $part "* ]] || rows+=("$part")
			done <"$OUT/$fs/$pair/cases"
		done
	done
	[ ${#columns[@]} -gt 0 ] || die "nothing has been run yet; compat.sh --help says how"
	for fs in "${columns[@]}"; do
		for part in "${rows[@]}"; do
			c=${how[$fs $part c-c]:-} r=${how[$fs $part r-r]:-}
			[ -n "$c$r" ] || continue
			# A machine that ended badly is a row too, where it did.
			if [ "$(rank "$r")" -lt "$(rank "$c")" ] || [ "$r:$c" = fail: ]; then
				worse+=("$fs $part: ${r:-not run}: ${reason[$fs $part r-r]:-}")
			elif [ -n "$c" ] && [ "$(rank "$r")" -gt "$(rank "$c")" ]; then
				better+=("$fs $part: with C $c: ${reason[$fs $part c-c]:-}")
			fi
		done
	done
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
escape() { sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' <<<"$1"; }
html_table() {
	local fs part pair
	cat <<-END
	<!doctype html><meta charset="utf-8"><title>Filesystems with C and with Rust</title>
	<style>td,th{border:1px solid #ccc;padding:2px 6px}table{border-collapse:collapse}
	.pass{background:#dfd}.skip{background:#eee}.fail{background:#fbb}</style>
	<h1>Filesystems with C and with Rust</h1><table><tr><th>
	END
	for fs in "${columns[@]}"; do
		printf '<th colspan=2>%s<br><small>%s, %s</small>' "$fs" "$(cat "$OUT/$fs/date")" "$(cat "$OUT/$fs/kernel")"
	done
	printf '\n<tr><th>'
	for fs in "${columns[@]}"; do printf '<th>C<th>Rust'; done
	for part in "${rows[@]}"; do
		printf '\n<tr><th>%s' "$part"
		for fs in "${columns[@]}"; do
			for pair in "${PAIRS[@]}"; do
				printf '<td class="%s" title="%s">%s' "${how[$fs $part $pair]:-none}" \
					"$(escape "${reason[$fs $part $pair]:-}")" "${how[$fs $part $pair]:--}"
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
		printf '* %s: run on %s with kernel %s\n' "$fs" "$(cat "$OUT/$fs/date")" "$(cat "$OUT/$fs/kernel")"
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
	notes | sed 's/^/* /'
	printf '\n## Where ours is worse\n\n'
	if [ ${#worse[@]} = 0 ]; then echo "Nowhere, where both were run."; else printf '* %s\n' "${worse[@]}"; fi
	printf '\n## Where ours is better\n\n'
	if [ ${#better[@]} = 0 ]; then echo "Nowhere, where both were run."; else printf '* %s\n' "${better[@]}"; fi
}

need_root
mkdir -p "$OUT"
case ${1:-} in
--help) sed -n '4,16s/^# \{0,1\}//p' "$0"; exit 0 ;;
--table | --document) ;;
-*) die "unknown option $1; see compat.sh --help" ;;
*)
	SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
	KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
	export SYSROOT KERNEL
	if [ $# -gt 0 ]; then run_all "$@"; else run_all "${FILESYSTEMS[@]}"; fi
	;;
esac
collect
text_table | tee "$OUT/table.txt"
{ echo; notes; } | tee -a "$OUT/table.txt"
html_table >"$OUT/table.html"
[ "${1:-}" != --document ] || document >"$TOP/Documentation/compatibility.md"
[ ${#better[@]} = 0 ] || { echo; printf 'better with ours: %s\n' "${better[@]}"; }
[ ${#worse[@]} = 0 ] || { echo; printf 'worse with ours: %s\n' "${worse[@]}"; exit 1; }
