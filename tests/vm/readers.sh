# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Two readers that go through the part's folder over and over, never finding a page
# in memory, and stop at the first wrong byte; while something is done to the cache.  They stop
# at an error, too, but where it is said WHY they may meet one.

reader() {
	while [ ! -e /tmp/stop ]; do
		if ! sums "$MNT/$PART" >"/tmp/seen$1"; then
			[ -n "$reader_errors" ] || return 1
			# What came in spite of it is right.
			! grep -qvxFf /tmp/true "/tmp/seen$1" || return 2
			sleep 0.2
			continue
		fi
		cmp -s "/tmp/seen$1" /tmp/true || return 2
		echo 1 >/proc/sys/vm/drop_caches
		echo round >>"/tmp/rounds$1"
	done
}
rounds() { cat /tmp/rounds1 /tmp/rounds2 | wc -l; }
rounds_past() { [ "$(rounds)" -ge "$1" ] || ! kill -0 "$one" 2>/dev/null || ! kill -0 "$two" 2>/dev/null; }
# more_rounds N WHEN : until both have gone through it N times more, between them.
more_rounds() { wait_for "readers go on $2" rounds_past $(($(rounds) + $1)); }

# readers_start [WHY]
readers_start() {
	reader_errors=${1-}
	rm -f /tmp/stop
	: >/tmp/rounds1
	: >/tmp/rounds2
	sums "$EXPORT/$PART" >/tmp/true
	reader 1 & one=$!
	reader 2 & two=$!
	more_rounds 1 "at all"
}
readers_stop() {
	touch /tmp/stop
	wait "$one" || fail "reader 1 ended with status $? (1: an error, 2: wrong bytes)"
	wait "$two" || fail "reader 2 ended with status $? (1: an error, 2: wrong bytes)"
	say "$(rounds) rounds read"
}
