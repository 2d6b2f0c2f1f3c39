# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the parts in compat/ share.  A part is run as FILESYSTEM:PART, with any
# filesystem that has a file in servers/.  Its verdict comes from content, compared
# with the server's own copy, and from counters: what was asked of the server, and
# what the cache gave.

. ./lib.sh
# shellcheck source=/dev/null
. "./servers/$FS.sh"

# excuse WHY... : skip, for what lies with the filesystem, its client or its server, or with
# the part.  No other skip counts for scripts/compat.sh: something is missing then.
excuse() { skip "cannot: $*"; }
# wrong WHAT... : a verdict over counters.  What a filesystem cannot do, whoever caches for it, is
# named as that; what it cannot do with C but with Rust, or the other way round, the
# table of scripts/compat.sh shows.
wrong() {
	local why
	why=$(fs_cannot "$PART")
	[ -z "$why" ] || excuse "$why ($*)"
	fail "$*"
}

# begin : a server with an empty folder for the part, an empty cache, nothing mounted.
begin() {
	local why
	why=$(fs_skip_reason)
	[ -z "$why" ] || skip "$why"
	fresh_cache
	fs_server_start
	rm -rf "${EXPORT:?}/$PART"
	mkdir -p "$EXPORT/$PART"
}
# sums FOLDER : as that of lib.sh, with one program instead of four.
sums() (
	shopt -s globstar nullglob dotglob
	LC_ALL=C
	cd "$1"
	files=()
	for file in **; do
		[ ! -f "$file" ] || files+=("$file")
	done
	[ ${#files[@]} = 0 ] || md5sum "${files[@]}"
)
again() { fs_umount; fs_mount; }

# look : read the part's folder by the mount; false if it is not what the server has.
# Leaves in $sent and $hits how many reads went to the server and to the cache.
look() {
	local sent_before hits_before
	sent_before=$(fs_reads) hits_before=$(stat_of CaRdOps RD)
	sums "$MNT/$PART" >/tmp/seen
	sent=$(($(fs_reads) - sent_before)) hits=$(($(stat_of CaRdOps RD) - hits_before))
	sums "$EXPORT/$PART" >/tmp/true
	cmp -s /tmp/seen /tmp/true
}
# matches : what is read by the mount is what the server has.  No filesystem is excused.
matches() { look || fail "wrong content through the mount: $(differing /tmp/seen /tmp/true)"; }
# right : the same, where C is known to be wrong; what checks ours in short passes over that.
right() {
	look && return 0
	[[ -z "${EXCUSE_C:-}" || $PAIR != c-* ]] || skip "known fault of C's fscache: what is old is found in the cache"
	fail "wrong content through the mount: $(differing /tmp/seen /tmp/true)"
}
# cold : and it comes from the server.
cold() {
	matches
	[ "$sent" -gt 0 ] || wrong "no read was sent to the server while the cache was cold"
	[ "$hits" = 0 ] || wrong "$hits reads were answered by a cold cache"
}
# warm : and it comes from the cache alone.
warm() {
	matches
	# Of who was neither asked nor answered, memory had it: somebody still held the mount.
	if [ "$sent" = 0 ] && [ "$hits" = 0 ]; then
		drop_caches
		matches
	fi
	[ "$sent" = 0 ] || wrong "$sent reads were sent to the server while the cache was warm"
	[ "$hits" -gt 0 ] || wrong "no read was answered by the warm cache"
}

# put_files : a few, of sizes where things go wrong.
put_files() {
	local size
	for size in 1 4095 4096 4097 262144 262145 1300001; do
		head -c $size /dev/urandom >"$EXPORT/$PART/$size"
	done
	server_sync
}
# filled : a fresh mount, with those files in the cache and not in memory.
filled() {
	begin
	put_files
	daemon_start
	fs_mount
	cold
	again
}

# ends_warm : the end of most parts: what was done is read right after a remount, and
# comes from the cache after another.
ends_warm() {
	again
	matches
	again
	warm
	fs_umount
	daemon_stop
}

# written : after something was written by the mount, it is on the server, and is
# read right: now, after a remount, and then from the cache.
written() {
	sync
	matches
	ends_warm
}

# writers_start [WHY] : two that write a file each by the mount, over and over, as a whole, in the
# middle and at its end, and read it back; and stop at the first wrong byte.  In a folder
# beside the part's, so that who reads that one is not in their way.  They stop at an error, too,
# but where it is said WHY they may meet one: then they write the file anew, as a whole.
writer() {
	local file=$MNT/$PART.written/$1 wanted=/tmp/wanted$1 turn=0
	while [ ! -e /tmp/stop-writing ]; do
		head -c 5003 /dev/urandom >"/tmp/piece$1" || return 1
		case $((turn % 3)) in
		0) head -c $((100003 + turn * 4099 % 200000)) /dev/urandom >"$wanted" || return 1 ;;
		1) dd if="/tmp/piece$1" of="$wanted" bs=5003 seek=7 conv=notrunc status=none || return 1 ;;
		2) cat "/tmp/piece$1" >>"$wanted" || return 1 ;;
		esac
		if ! writer_turn "$1" $((turn % 3)) 2>>/tmp/errors; then
			[ -n "$errors_allowed" ] || return 1
			turn=$((turn - turn % 3 + 3))
			sleep 0.2
			continue
		fi
		cmp -s "/tmp/back$1" "$wanted" || return 2
		turn=$((turn + 1))
		echo turn >>"/tmp/turns$1"
	done
}
# writer_turn WRITER KIND
writer_turn() {
	case $2 in
	0) cat "$wanted" >"$file" ;;
	1) dd if="/tmp/piece$1" of="$file" bs=5003 seek=7 conv=notrunc status=none ;;
	2) cat "/tmp/piece$1" >>"$file" ;;
	esac && cat "$file" >"/tmp/back$1"
}
turns() { cat /tmp/turns1 /tmp/turns2 | wc -l; }
turns_past() { [ "$(turns)" -ge "$1" ] || ! kill -0 "$first" 2>/dev/null || ! kill -0 "$other" 2>/dev/null; }
# more_turns N WHEN : until both have written N times more, between them.
more_turns() { wait_for "writers go on $2" turns_past $(($(turns) + $1)); }
writers_start() {
	rm -f /tmp/stop-writing
	: >/tmp/turns1
	: >/tmp/turns2
	: >/tmp/errors
	mkdir -p "$MNT/$PART.written"
	errors_allowed=${1-}
	writer 1 & first=$!
	writer 2 & other=$!
	more_turns 2 "at all"
}
# writers_stop : what they wrote is on the server.  It goes into the part's folder, for what
# comes after; mounted anew, as a server may lose what is known of files in a moved folder.
writers_stop() {
	local i
	touch /tmp/stop-writing
	wait "$first" || fail "writer 1 ended with status $? (1: an error, 2: wrong bytes) $(tail -n 1 /tmp/errors)"
	wait "$other" || fail "writer 2 ended with status $? (1: an error, 2: wrong bytes) $(tail -n 1 /tmp/errors)"
	sync
	for i in 1 2; do
		cmp -s "$EXPORT/$PART.written/$i" "/tmp/wanted$i" || fail "the server does not have what writer $i wrote"
		cmp -s "$MNT/$PART.written/$i" "/tmp/wanted$i" || fail "what writer $i wrote is not what is read"
	done
	again
	mv "$MNT/$PART.written" "$MNT/$PART/written"
	say "$(turns) times written, $(wc -l </tmp/errors) errors${errors_allowed:+ (allowed: $errors_allowed)}"
}

# noticed WHEN : a change on the server is seen.  What cannot see one must still read what was there
# before it, of which /tmp/before has the sums.
noticed() {
	local why
	look && return 0
	why=$(fs_cannot "$PART")
	if [ -n "$why" ] && cmp -s /tmp/seen /tmp/before; then excuse "$why"; fi
	fail "$1, wrong content: $(differing /tmp/seen /tmp/true)"
}
# server_change KIND mounted|between : a file is changed on the server, while the
# client has it mounted or between two mounts.  Others in its folder are not.
server_change() {
	local file=$EXPORT/$PART/262145
	filled
	# What the client has of the file when it changes, in memory too.
	[ "$2" = between ] || warm
	fs_settle
	cp /tmp/true /tmp/before
	[ "$2" = mounted ] || fs_umount
	# By the shell's own means, which wait while the server takes back what it has
	# delegated to the client.
	case $1 in
	changed) head -c 262145 /dev/urandom >"$file" ;;
	truncated) dd of="$file" bs=1 seek=100003 count=0 status=none ;;
	extended) head -c 100003 /dev/urandom >>"$file" ;;
	replaced) head -c 300007 /dev/urandom >"$file.new" && mv "$file.new" "$file" ;;
	deleted) rm "$file" ;;
	*) fail "there is no change '$1'" ;;
	esac
	server_sync
	if [ "$2" = mounted ]; then fs_settle; else fs_mount; fi
	noticed "after the change"
	[ "$1" = deleted ] || more "reads sent for what had changed" "$sent" 0
	[ "$2" = mounted ] || more "reads from the cache of what had not changed" "$hits" 0
	ends_warm
}
