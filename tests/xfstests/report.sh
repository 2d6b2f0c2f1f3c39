#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Compares what tests/xfstests/run left in FOLDER, and writes FOLDER/table.txt:
# report.sh FOLDER ["FILESYSTEM..." ["TEST..."]]   (default: all there is)

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

OUT=${1:?usage: report.sh FOLDER [\"FILESYSTEM...\" [\"TEST...\"]]}
EXPECTED=${EXPECTED:-$TOP/tests/xfstests/expected}
COLUMNS=(c-cached c-uncached rust-cached rust-uncached)
HEADS=('C cached' 'C uncached' 'Rust cached' 'Rust uncached')

read -ra filesystems <<<"${2:-$(cd "$OUT" 2>/dev/null && find . -mindepth 3 -name verdicts | cut -d / -f 2 | sort -u | tr '\n' ' ')}"
[ ${#filesystems[@]} -gt 0 ] || die "nothing has been run yet; run --help says how"
asked=" ${3:-} "

# The differences that are known: filesystem, test, the four verdicts, reason.
listed=() used=()
while read -r fs name what why; do
	[[ -n $fs && $fs != \#* ]] || continue
	[[ $what == */*/*/* && -n $why ]] || die "$EXPECTED: '$fs $name $what $why' is not FILESYSTEM TEST VERDICT/VERDICT/VERDICT/VERDICT REASON"
	listed+=("$fs $name $what $why") used+=('')
done <"$EXPECTED"

# excuse FS TEST WHAT : why that is expected, into $excuse; false if it is not.
excuse() {
	local number fs name what why
	for number in "${!listed[@]}"; do
		read -r fs name what why <<<"${listed[number]}"
		# shellcheck disable=SC2053
		[[ $1 == $fs && $2 == $name && $3 == $what ]] || continue
		used[number]=1 excuse=$why
		return 0
	done
	return 1
}

same=0 differ=0 expected=0 enough=0 partial=0 notes=()
# compare FS : a row for each test, with what is special about it at its end.
compare() {
	local fs=$1 name column verdict took reason mark first missing what number whose which rows=()
	declare -A how=() seconds=() why=()
	for column in "${COLUMNS[@]}"; do
		[ -f "$OUT/$fs/$column/verdicts" ] || continue
		while read -r verdict name took reason; do
			[[ $asked == '  ' || $name == kernel-log || $asked == *" $name "* ]] || continue
			[[ " ${rows[*]-} " == *" $name "* ]] || rows+=("$name")
			how[$name $column]=$verdict seconds[$name $column]=$took why[$name $column]=$reason
		done <"$OUT/$fs/$column/verdicts"
	done
	[ ${#rows[@]} -gt 0 ] || return 0
	printf '%-14s' "$fs"
	printf ' %-14s' "${HEADS[@]}"
	printf '\n'
	while read -r name; do
		what='' mark='' first='' missing=''
		printf '%-14s' "$name"
		for column in "${COLUMNS[@]}"; do
			verdict=${how[$name $column]:--}
			what+=${what:+/}${verdict%%:*}
			if [ "$verdict" = pass ] && [ "$name" != kernel-log ]; then verdict="pass ${seconds[$name $column]} s"; fi
			printf ' %-14s' "${verdict%%:*}"
			if [ "$verdict" = - ]; then missing=1; continue; fi
			: "${first:=${how[$name $column]}}"
			[ "${how[$name $column]}" = "$first" ] || mark=differs
		done
		if [ -z "$mark$missing" ]; then
			same=$((same + 1))
		elif [ -z "$mark" ] && [[ $what == */*/pass/* || $what == notrun/*/notrun/* ]]; then
			# What passes, or runs with neither, is not worse, whatever the others say.
			enough=$((enough + 1))
		elif [ -z "$mark" ]; then
			partial=$((partial + 1))
			mark='not all run'
		elif excuse "$fs" "$name" "$what"; then
			expected=$((expected + 1))
			mark="expected: $excuse"
		else
			differ=$((differ + 1))
			notes+=("$fs $name differs: $what")
			for number in "${!COLUMNS[@]}"; do
				column=${COLUMNS[number]}
				notes+=("    ${HEADS[number]}: ${how[$name $column]:-not run}${why[$name $column]:+: ${why[$name $column]}}")
			done
		fi
		printf '%s\n' "${mark:+ $mark}"
	done < <(printf '%s\n' "${rows[@]}" | LC_ALL=C sort)
	printf '\n'
	# What is listed for one of these rows, and has not been needed yet.
	for number in "${!listed[@]}"; do
		read -r whose which _ <<<"${listed[number]}"
		for name in "${rows[@]}"; do
			# shellcheck disable=SC2053
			if [[ $fs == $whose && $name == $which ]]; then stale[number]=${listed[number]}; fi
		done
	done
}
stale=()

{
	for fs in "${filesystems[@]}"; do compare "$fs"; done
	[ ${#notes[@]} = 0 ] || { printf '%s\n' "${notes[@]}"; echo; }
	for number in "${!stale[@]}"; do
		[ -n "${used[number]}" ] || echo "expected, but not so any more; take it out of $EXPECTED: ${stale[number]}"
	done
	echo "$same the same, $differ differ, $expected expected$([ $enough = 0 ] || echo ", $enough not worse")$([ $partial = 0 ] || echo ", $partial not compared")"
} >"$OUT/table.txt"
cat "$OUT/table.txt"
[ $differ = 0 ]
