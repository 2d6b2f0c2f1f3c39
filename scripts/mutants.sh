#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sees that the host tests find faults: mutants.sh [ID or CRATE...], as R7 or cachefiles.
#
# Each fault of tests/host/mutants.sh is put into a copy of the module's files,
# and the test that is named there must fail.  Takes half a minute for each, so
# this is no part of the tests.  The last line is the sum.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
export SYSROOT
copy=$TOP/build/mutants
export CARGO_TARGET_DIR=$copy/target
wanted=" $* "
found=0 missed=0

# fresh FILE : the copy has the file as it is.
fresh() {
	mkdir -p "$(dirname "$copy/$1")"
	cp "$TOP/$1" "$copy/$1"
}

mutant() {
	local id=$1 crate=$2 test=$3 file=$4 what=$5 instead=$6 text log status=0
	[ "$wanted" = '  ' ] || [[ $wanted == *" $id "* || $wanted == *" $crate "* ]] || return 0
	text=$(<"$TOP/$file")
	log=$copy/log
	if [ "${text/"$what"/}" = "$text" ]; then
		echo "MISSED: $id: this is not in $file any more: $what"
		missed=$((missed + 1))
		return 0
	fi
	printf '%s\n' "${text/"$what"/"$instead"}" >"$copy/$file"
	# shellcheck disable=SC2016
	timeout 600 "$TOP/scripts/enter.sh" sh -c 'cd "$1/tests/host/$2" && exec cargo test --locked --color never -- "$3"' - \
		"$copy" "$crate" "$test" </dev/null >"$log" 2>&1 || status=$?
	fresh "$file"
	if ! grep -q '^running [1-9]' "$log"; then
		echo "MISSED: $id: not built, or there is no test $test: $(grep -m 1 '^error' "$log")"
		missed=$((missed + 1))
	elif [ $status = 0 ]; then
		echo "MISSED: $id: $test did not fail with '$instead' for '$what' in $file"
		missed=$((missed + 1))
	else
		echo "found: $id by $test: $(sed -n '/ panicked at /{n;p;q}' "$log")"
		found=$((found + 1))
	fi
}

mkdir -p "$copy"
for folder in fscache cachefiles include Documentation tests/host tests/exerciser/drive tests/vm; do
	mkdir -p "$copy/$folder"
	rm -rf "${copy:?}/$folder"
	cp -r "$TOP/$folder" "$copy/$folder"
done
. "$TOP/tests/host/mutants.sh"
echo "mutants: $found found, $missed missed"
[ $missed = 0 ]
