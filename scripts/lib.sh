# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by every script here: where things are, how to speak, how to make a
# prepared part so that a second run can trust it.
#
# A prepared part (sysroot, kernel tree, guest image) is a folder under $BUILD.
# Its name ends in a key: a hash of what it was made from.  The file .complete
# in it is written last; a folder without it is an attempt that was cut off and
# is made anew.  (A rename would be simpler, but a kernel tree remembers the
# path that it was prepared at.)

set -Eeuo pipefail
umask 022

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=${BUILD:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/fscache-rust}
JOBS=${JOBS:-$(nproc)}
KERNEL_SERIES=${KERNEL_SERIES:-7.3}
SUITE=trixie
PROGRAM=$(basename "$0")

say() { printf '%s: %s\n' "$PROGRAM" "$*" >&2; }
die() { printf '%s: error: %s\n' "$PROGRAM" "$*" >&2; exit 1; }

# key_of WORD... : sixteen hex digits that stand for the words.
key_of() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }

need_root() {
	[ "$(id -u)" = 0 ] || die "must run as root (it makes a Debian sysroot with its own device nodes); try: sudo make ..."
}

# need_tool COMMAND PACKAGE : install what is missing on a Debian machine.
need_tool() {
	command -v "$1" >/dev/null 2>&1 && return 0
	command -v apt-get >/dev/null 2>&1 ||
		die "'$1' is missing and this is not a Debian machine; install the equivalent of Debian's package '$2'"
	need_root
	say "installing the missing package '$2'"
	{ apt-get install -y -qq --no-install-recommends "$2" ||
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2"; }; } >/dev/null 2>&1 ||
		die "could not install '$2' with apt-get; check the network and /etc/apt, then run again"
	command -v "$1" >/dev/null 2>&1 || die "'$2' is installed but '$1' is still not found"
}

# need_space GIB : refuse early rather than fail late.
need_space() {
	local have
	mkdir -p "$BUILD" || die "cannot create the build folder $BUILD; set BUILD= to a folder you can write"
	have=$(df --output=avail -B1G "$BUILD" | tail -n 1 | tr -d ' ')
	[ "$have" -ge "$1" ] ||
		die "$BUILD has $have GiB free, $1 GiB are needed; free some space or set BUILD= to another disk"
}

# lock NAME : one maker of a part at a time; a second one waits.
lock() {
	mkdir -p "$BUILD"
	exec 8>"$BUILD/.lock-$1"
	flock -n 8 && return 0
	say "another run is making the $1; waiting for it"
	flock 8
}

# have_part DIR : is DIR there and whole?
have_part() { [ -e "$1/.complete" ]; }

# make_part DIR FUNCTION : run FUNCTION DIR on an empty DIR; keep DIR only if it succeeded.
make_part() {
	local dir=$1 fn=$2 began=$SECONDS
	rm -rf --one-file-system "$dir"
	mkdir -p "$dir"
	trap 'rm -rf --one-file-system "'"$dir"'"; exit 130' INT TERM HUP
	if ! ( set -Eeuo pipefail; trap - INT TERM HUP; "$fn" "$dir" ); then
		rm -rf --one-file-system "$dir"
		die "making $(basename "$dir") failed (see above); nothing of it was kept"
	fi
	trap - INT TERM HUP
	touch "$dir/.complete"
	say "made $(basename "$dir") in $((SECONDS - began)) s"
}

# progress LABEL : read lines, show one line of movement a few times a minute, keep all in the log.
progress() {
	local label=$1 log=$2 line n=0 last=$SECONDS
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$log"
		n=$((n + 1))
		if [ $((SECONDS - last)) -ge 10 ]; then
			say "$label: $n lines so far, now: $(printf '%.70s' "$line")"
			last=$SECONDS
		fi
	done
}

# What runs in the background, by process, and ends with the script that begins it: its traps
# are set by end_with_workers.
workers=() working=0
stop_workers() { [ ${#workers[@]} = 0 ] || kill -TERM "${workers[@]}" 2>/dev/null || true; }
end_with_workers() {
	trap stop_workers EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}
# at_most N COMMAND... : begin it when fewer than N of those that were begun so are left.
at_most() {
	local most=$1
	shift
	if [ "$working" -gt 0 ] && [ "$working" -ge "$most" ]; then
		wait -n || true
		working=$((working - 1))
	fi
	"$@" &
	workers+=($!)
	working=$((working + 1))
}
# all_ended : wait for them; how each ended is for it to leave somewhere.
all_ended() {
	wait
	workers=() working=0
}

# How many machines run side by side: two on each processor, as half of the time they
# wait, if there is the memory.
side_by_side() {
	local by_processor=$((2 * $(nproc))) by_memory
	by_memory=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) / (2500 * 1024)))
	[ "$by_memory" -ge 1 ] || by_memory=1
	echo $((by_memory < by_processor ? by_memory : by_processor))
}
