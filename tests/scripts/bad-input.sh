#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts say to bad input, and what they leave behind: one clear line,
# and nothing that a later run would trust.

set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0

# expect WHAT REGEX COMMAND... : it fails, and the last line it prints is an error that matches.
expect() {
	local what=$1 regex=$2 out status=0
	shift 2
	out=$("$@" 2>&1 </dev/null) || status=$?
	if [ $status = 0 ]; then
		echo "FAIL: $what: it did not fail"
	elif ! tail -n 1 <<<"$out" | grep -Eq "error: .*$regex"; then
		echo "FAIL: $what: its last line is '$(tail -n 1 <<<"$out")'"
	else
		echo "pass: $what"
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
}

# tree CONFIG... : something that looks like a prepared kernel tree with these lines.
tree() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/include/config" "$work/tree/rust/bindings"
	touch "$work/tree/Makefile" "$work/tree/Kbuild" "$work/tree/Module.symvers" \
		"$work/tree/rust/libkernel.rmeta" "$work/tree/rust/bindings/.bindings_generated.rs.cmd"
	printf '%s\n' "$@" >"$work/tree/include/config/auto.conf"
}

check() { scripts/check-kdir.sh "$@"; }
good=(CONFIG_RUST=y CONFIG_NETFS_SUPPORT=m CONFIG_FSCACHE=y CONFIG_CACHEFILES=m)

expect 'no kernel tree' 'no kernel tree given' check ''
expect 'a kernel tree that is not there' 'is not a folder' check "$work/nothing"
mkdir "$work/empty"
expect 'a folder that is no kernel tree' 'is not a kernel source tree' check "$work/empty"
tree "${good[@]}"
rm "$work/tree/include/config/auto.conf"
expect 'a kernel tree that is not prepared' 'modules_prepare' check "$work/tree"
tree "${good[@]:1}"
expect 'a kernel without Rust' 'CONFIG_RUST' check "$work/tree"
tree CONFIG_RUST=y CONFIG_NETFS_SUPPORT=y CONFIG_FSCACHE=y CONFIG_CACHEFILES=m
expect 'a kernel with netfs built in' 'CONFIG_NETFS_SUPPORT=y' check "$work/tree"
tree CONFIG_RUST=y CONFIG_NETFS_SUPPORT=m CONFIG_CACHEFILES=m
expect 'a kernel without fscache' 'CONFIG_FSCACHE' check "$work/tree"
tree "${good[@]}"
rm "$work/tree/rust/libkernel.rmeta"
expect 'headers without Rust metadata' 'lacks the Rust metadata' check "$work/tree"
tree "${good[@]}" 'CONFIG_RUSTC_VERSION_TEXT=rustc 1.2.3 (of long ago)'
mkdir "$work/bin"
printf '#!/bin/sh\necho "rustc 4.5.6 (of tomorrow)"\n' >"$work/bin/rustc"
chmod +x "$work/bin/rustc"
expect 'a compiler that does not match' 'rustc 4.5.6.*rustc 1.2.3' env PATH="$work/bin:$PATH" scripts/check-kdir.sh "$work/tree"
expect 'make with a wrong KDIR' 'is not a folder' env -u KERNEL KDIR="$work/nothing" scripts/modules.sh

expect 'no modules to install' 'run .make. first' env TOP= bash -c '
	mkdir -p "$0/clone/scripts" && cp scripts/lib.sh scripts/install.sh "$0/clone/scripts/" && "$0/clone/scripts/install.sh"' "$work"

xfstests() { tests/xfstests/run "$@"; }
expect 'no xfstests' '--xfstests FOLDER' xfstests generic/001
expect 'an xfstests that is not there' 'there is no folder' xfstests --xfstests "$work/nothing"
expect 'a folder that is no xfstests' 'no .check.' xfstests --xfstests "$work/empty"
mkdir -p "$work/suite/ltp" "$work/suite/tests/generic"
touch "$work/suite/check"
chmod +x "$work/suite/check"
expect 'an xfstests that is not built' 'is not built' xfstests --xfstests "$work/suite"
touch "$work/suite/ltp/fsx"
chmod +x "$work/suite/ltp/fsx"
echo '001 auto quick' >"$work/suite/tests/generic/group.list"
expect 'a test that xfstests does not have' "no group, 'generic/999'" xfstests --xfstests "$work/suite" generic/999
expect 'a filesystem that is none' 'no filesystem .xfs' xfstests --xfstests "$work/suite" --fs xfs generic/001
expect 'columns, and those that are needed' 'take out --column' xfstests --xfstests "$work/suite" --worse --column c-cached generic/001
expect 'no table of xfstests' 'nothing has been run' env XFSTESTS="$work/nothing" tests/xfstests/run --table

# What tests/xfstests/report.sh makes of four columns: report WHAT LAST-LINE STATUS EXPECTED.
columns() {
	local column
	for column in c-cached c-uncached rust-cached rust-uncached; do
		mkdir -p "$work/columns/nfs4.2/$column"
		printf '%s\n' "$1 generic/001 5" 'fail:1a2b generic/002 5 < text' >"$work/columns/nfs4.2/$column/verdicts"
		shift
	done
}
report() {
	local what=$1 last=$2 status=0 out
	printf '%s\n' "$4" >"$work/expected"
	out=$(EXPECTED=$work/expected tests/xfstests/report.sh "$work/columns" 2>&1) || status=$?
	if [ "$(tail -n 1 <<<"$out")" = "$last" ] && [ $status = "$3" ] && grep -q "${5:-}" <<<"$out"; then
		echo "pass: $what"
		passed=$((passed + 1))
	else
		echo "FAIL: $what: status $status, and: $out"
		failed=$((failed + 1))
	fi
}
columns pass pass pass pass
report 'four columns that are the same' '2 the same, 0 differ, 0 expected' 0 ''
report 'a difference that is listed and gone' '2 the same, 0 differ, 0 expected' 0 \
	'nfs* generic/001 pass/pass/fail/pass because' 'not so any more.*generic/001'
columns pass pass fail:3c4d pass
report 'a difference' '1 the same, 1 differ, 0 expected' 1 ''
report 'a difference that is listed' '1 the same, 0 differ, 1 expected' 0 'nfs* generic/001 */pass/fail/pass because'
report 'another difference than is listed' '1 the same, 1 differ, 0 expected' 1 'nfs* generic/001 pass/pass/pass/fail because'
columns fail:1111 fail:1111 fail:2222 fail:1111
report 'one test that fails in two ways' '1 the same, 1 differ, 0 expected' 1 ''

columns pass pass pass pass
rm -r "$work"/columns/nfs4.2/{c-cached,c-uncached,rust-uncached}
report 'a test that passes with ours, and was not run with C' '0 the same, 0 differ, 0 expected, 1 not worse, 1 not compared' 0 ''
columns notrun - notrun -
rm -r "$work"/columns/nfs4.2/{c-uncached,rust-uncached}
report 'a test that runs with neither' '0 the same, 0 differ, 0 expected, 1 not worse, 1 not compared' 0 ''
columns pass - notrun -
rm -r "$work"/columns/nfs4.2/{c-uncached,rust-uncached}
report 'a test that runs only with C' '0 the same, 1 differ, 0 expected, 1 not compared' 1 ''

# What scripts/compat.sh makes of what was run: found LINES-WITH-C LINES-WITH-OURS.
found() {
	rm -rf "$work/compat"
	mkdir -p "$work"/compat/nfs3/{c-c,r-r}
	printf "$1" >"$work/compat/nfs3/c-c/cases"
	printf "$2" >"$work/compat/nfs3/r-r/cases"
}
compat() { env -u PAIR COMPAT="$work/compat" PARTS='cold write' scripts/compat.sh --table "$@"; }
# whole WHAT : such a table is accepted.
whole() {
	local out
	if out=$(compat 2>&1); then
		echo "pass: $1"
		passed=$((passed + 1))
	else
		echo "FAIL: $1: it failed: $(tail -n 1 <<<"$out")"
		failed=$((failed + 1))
	fi
}
expect 'no table of filesystems' 'nothing has been run' compat
expect 'a filesystem that nobody knows' "no filesystem 'xfs'" compat xfs
all='pass nfs3:cold\npass nfs3:write\n'
found "$all" "$all"
whole 'a table that lacks nothing'
expect 'a filesystem that was not run' 'nfs4.2 \(c-c\): no part at all' compat nfs3 nfs4.2
found '' ''
expect 'a filesystem of which nothing is left' 'nfs3 \(r-r\): no part at all' compat
found "$all" 'pass nfs3:cold\n'
expect 'a part that was not run' '1 without a verdict.*nfs3:write \(r-r\): not run' compat
found 'pass nfs3:cold\n' 'pass nfs3:cold\n'
expect 'a part that was run with neither' '2 without a verdict.*nfs3:write \(c-c\): not run' compat
found "$all" 'pass nfs3:cold\nfail nfs3:write bytes\n'
expect 'a part that is worse' '1 worse than with C, 0 without.*nfs3 write: fail: bytes' compat
cut='pass nfs3:cold\nfail nfs3:write it did not come to its end\n'
found "$cut" "$cut"
expect 'a part that was cut off with both' '0 worse.*nfs3:write \(r-r\): it did not come' compat
gone='pass nfs3:cold\nskip nfs3:write there is no such module\n'
found "$gone" "$gone"
expect 'a part that something is missing for' '0 worse.*nfs3:write \(r-r\): there is no such module' compat
gone='skip nfs3:cold there is no such module\nskip nfs3:write there is no such module\n'
found "$gone" "$gone"
expect 'a filesystem that something is missing for' 'nfs3 \(r-r\): no part at all.*no such module' compat
gone='fail nfs3:cold line 1 failed\nfail nfs3:write line 1 failed\n'
found "$gone" "$gone"
expect 'a filesystem that does not work at all' 'nfs3 \(r-r\): no part passed' compat
cannot='pass nfs3:cold\nskip nfs3:write cannot: nobody writes\n'
found "$cannot" "$cannot"
whole 'a part that the filesystem cannot do'

# An archive that nobody serves: the loopback port is closed.
archive=(env BUILD="$work/build" DEBIAN_ARCHIVE=http://127.0.0.1:9/debian scripts/sysroot.sh)
expect 'no network' 'nothing of it was kept' "${archive[@]}"
if ls -d "$work"/build/sysroot-* >/dev/null 2>&1; then
	echo 'FAIL: no network: a part of a sysroot was left'
	failed=$((failed + 1))
fi

mkdir "$work/small"
mount -t tmpfs -o size=64M tmpfs "$work/small" || exit 1
expect 'no space' 'GiB are needed|nothing of it was kept' env BUILD="$work/small/build" DEBIAN_ARCHIVE=http://127.0.0.1:9/debian scripts/sysroot.sh

# A part whose making was cut off is not taken for whole, and is made anew.
cat >"$work/part.sh" <<'END'
. scripts/lib.sh
make() { touch "$1/begun"; [ "$how" = good ] || sleep 60; touch "$1/ended"; }
have_part "$BUILD/part" || make_part "$BUILD/part" make
END
how=slow BUILD=$work/parts setsid bash "$work/part.sh" >/dev/null 2>&1 &
for _ in $(seq 100); do [ -e "$work/parts/part/begun" ] && break; sleep 0.1; done
kill -KILL -- -$! 2>/dev/null
wait $! 2>/dev/null
if [ -e "$work/parts/part/begun" ] && [ ! -e "$work/parts/part/.complete" ] &&
	how=good BUILD=$work/parts bash "$work/part.sh" 2>/dev/null &&
	[ -e "$work/parts/part/ended" ] && [ -e "$work/parts/part/.complete" ]; then
	echo 'pass: a part whose making was killed'
	passed=$((passed + 1))
else
	echo 'FAIL: a part whose making was killed'
	failed=$((failed + 1))
fi

echo "bad input: $passed passed, $failed failed"
[ $failed = 0 ]
