# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the cases share, in the guest: an NFS server on the loopback address, a
# mount of it that is cached, the daemon, and what the counters say of them.

set -Eeuo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
EXPORT=/srv/export              # on the disk "server"
MNT=/mnt/nfs
CACHE=/cache                    # on the disk "cache"
CONF=/tmp/cachefilesd.conf
DAEMON_LOG=/tmp/cachefilesd.log
DAEMON=''

say() { printf '  %s\n' "$*"; }
fail() { printf '%s\n' "$*" >/tmp/reason; printf '  FAIL: %s\n' "$*" >&2; exit 1; }
skip() { printf '%s\n' "$*" >/tmp/reason; exit 77; }
# An error nobody expected is named by its line.
trap 'reason=${BASH_COMMAND%%$'\''\n'\''*}; [ -s /tmp/reason ] || fail "line $LINENO of ${BASH_SOURCE[0]##*/} failed: $reason"' ERR

# equal WHAT GOT WANTED
equal() { [ "$2" = "$3" ] || fail "$1: got $2, wanted $3"; }
# more WHAT GOT THAN
more() { [ "$2" -gt "$3" ] || fail "$1: got $2, wanted more than $3"; }

# wait_for WHAT COMMAND... : until the command succeeds.  How long it may take is no
# matter of what is tested, but of the machine: two minutes are much for any.  (SLOW
# says how many times slower the kernel is than the stock one.)  The command in WHY_NOT, if
# any, is asked what was in the way.
wait_for() {
	local end=$((SECONDS + 120 * ${SLOW:-1})) what=$1
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain: $what${WHY_NOT:+ ($($WHY_NOT))}"
		sleep 0.1
	done
}

# --- disks -----------------------------------------------------------------

# disk NAME FOLDER : mount a disk there; make a filesystem if it is blank.
disk() {
	mkdir -p "$2"
	! mountpoint -q "$2" || return 0
	blkid "/dev/vm/$1" >/dev/null || mke2fs -q -t ext4 "/dev/vm/$1"
	mount -t ext4 -o "noatime${3:+,$3}" "/dev/vm/$1" "$2"
}

# --- the server ------------------------------------------------------------

# server_start [OPTIONS OF THE EXPORT]
server_start() {
	[ ! -e /tmp/server-runs ] || return 0
	disk server "$EXPORT"
	modprobe nfsd
	mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
	mkdir -p /run/rpc_pipefs /var/lib/nfs/nfsdcld
	mountpoint -q /run/rpc_pipefs || mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
	# Without nfsdcld the server does not know that there are no clients of the
	# past, and the first open waits for them.
	echo 10 >/proc/fs/nfsd/nfsv4leasetime
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	nfsdcld
	exportfs -o "rw,no_root_squash,no_subtree_check,fsid=77${1:+,$1}" "127.0.0.1:$EXPORT"
	rpc.mountd -N 3
	rpc.nfsd -N 3 -V 4.2 4
	touch /tmp/server-runs
}

# --- the client ------------------------------------------------------------

# mount_nfs [OPTIONS [FOLDER]]
mount_nfs() {
	local options=fsc${1:+,$1}
	[[ $options == *vers=* ]] || options+=,vers=4.2
	mkdir -p "${2:-$MNT}"
	mount -t nfs4 -o "${UNCACHED:+no}$options" "127.0.0.1:$EXPORT" "${2:-$MNT}"
}
umount_nfs() { umount "${1:-$MNT}"; }
drop_caches() { sync; echo 3 >/proc/sys/vm/drop_caches; }
# remount [OPTIONS] : what is read after comes from the server or the cache: no
# page of a filesystem outlives its last mount.  (Dropping all pages as well
# would also drop every program's, which takes seconds to read again.)
remount() { umount_nfs; mount_nfs "${1:-}"; }

# server_reads [FOLDER] : reads that the mount has sent.  Note READ_PLUS: it is
# what the client of NFSv4.2 sends when the server knows it, and READ stays 0.
server_reads() {
	awk -v on="${1:-$MNT}" '$1 == "device" { here = $5 == on }
		here && ($1 == "READ:" || $1 == "READ_PLUS:") { n += $2 }
		END { print n + 0 }' /proc/self/mountstats
}
# server_bytes [FOLDER] : bytes of content that came from the server.
server_bytes() {
	awk -v on="${1:-$MNT}" '$1 == "device" { here = $5 == on }
		here && $1 == "bytes:" { n = $6 }
		END { print n + 0 }' /proc/self/mountstats
}

# --- the cache -------------------------------------------------------------

# stat_of LINE KEY : a number out of /proc/fs/fscache/stats, as in: stat_of CaRdOps RD
# (In the shell alone: where the processor is emulated, each program costs.)
stat_of() {
	local line
	while read -r line; do
		[[ $line == "$1"*:* && "$line " =~ [\ :]$2=([0-9]+)\  ]] || continue
		printf '%s\n' "${BASH_REMATCH[1]}"
		return 0
	done </proc/fs/fscache/stats
}
cache_active() { awk '$6 == "A" { found = 1 } END { exit !found }' /proc/fs/fscache/caches 2>/dev/null; }
no_cache_active() { ! cache_active; }
# objects : how many files are in the cache's folder, tmpfiles not among them.
# What is put away meanwhile makes find complain.
objects() { find "$CACHE/cache" -type f 2>/dev/null | wc -l || true; }
# fresh_cache : an empty folder for a cache; no daemon may run.
fresh_cache() {
	disk cache "$CACHE"
	rm -rf "${CACHE:?}/cache" "$CACHE/graveyard"
}
slab() { awk -v name="$1" '$1 == name { n = $2; found = 1 } END { print found ? n : "absent" }' /proc/slabinfo; }

# --- the daemon ------------------------------------------------------------

# daemon_start [LINE OF THE CONFIGURATION...]
daemon_start() {
	local tries=0 status
	disk cache "$CACHE"
	[ -e /dev/cachefiles ] || modprobe cachefiles
	wait_for "/dev/cachefiles appears" test -e /dev/cachefiles
	printf '%s\n' "dir $CACHE" "tag test" 'brun 10%' 'bcull 7%' 'bstop 3%' 'frun 10%' 'fcull 7%' 'fstop 3%' "$@" >$CONF
	while :; do
		# The daemon takes some addresses for a damaged table and aborts, one
		# start in sixteen where addresses are random; so here they are not.
		setarch -R cachefilesd -n -s -f $CONF >$DAEMON_LOG 2>&1 &
		DAEMON=$!
		wait_for "the daemon binds the cache" daemon_settled
		cache_active && return 0
		status=0
		wait $DAEMON || status=$?
		tries=$((tries + 1))
		# Only its own well-known fault is forgiven: SIGABRT.
		[ $status = 134 ] && [ $tries -lt 4 ] ||
			fail "cachefilesd ended with status $status: $(tail -n 2 $DAEMON_LOG | tr '\n' ' ')"
		say "cachefilesd aborted by itself, its own known fault; starting it again"
	done
}
daemon_settled() { cache_active || ! kill -0 $DAEMON 2>/dev/null; }
daemon_stop() {
	local status=0
	kill -TERM "$DAEMON" 2>/dev/null || true
	wait "$DAEMON" || status=$?
	DAEMON=''
	[ $status = 0 ] || [ $status = 134 ] || fail "cachefilesd ended with status $status: $(tail -n 2 $DAEMON_LOG | tr '\n' ' ')"
	wait_for "the cache is withdrawn" no_cache_active
}
# daemon_kill : SIGKILL, without a chance to say good-bye.
daemon_kill() {
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null || true
	DAEMON=''
}

# --- modules ---------------------------------------------------------------

loaded() { [ -d "/sys/module/$1" ]; }
# unload MODULE... : those that are loaded; a use that is just ending is waited for.
unload() {
	local name
	for name; do
		! loaded "$name" || WHY_NOT="why_loaded $name" wait_for "module $name unloads" try_unload "$name"
	done
}
try_unload() { rmmod "$1" 2>/tmp/rmmod.err || { loaded "$1" && return 1; }; }
# why_loaded MODULE : what rmmod says, and which modules and processes may be using it.
why_loaded() {
	echo "$(tr '\n' ' ' </tmp/rmmod.err), used $(cat "/sys/module/$1/refcnt") times, by $(ls -x "/sys/module/$1/holders"); processes $(ps -eo comm= | grep -v '^k' | sort | uniq -c | tr -s ' \n' ' ')"
}
unload_all() { unload cachefiles nfsv4 nfs netfs fscache; }

# module_origin NAME : "ours", "stock" or "none", by what is loaded, not by what was asked for.
module_origin() {
	loaded "$1" || { echo none; return; }
	case $(cat "/sys/module/$1/taint") in
	*O*) echo ours ;;
	*) echo stock ;;
	esac
}

# --- content ---------------------------------------------------------------

# sums FOLDER : checksum and name of every file, by name.  MD5 is there to see
# damage, not attackers, and is the fastest when the processor is emulated.
sums() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r md5sum); }
# random FILE SIZE
random() { mkdir -p "$(dirname "$1")"; head -c "$2" /dev/urandom >"$1"; }
# make_tree FOLDER : a hundred and some files of many sizes, sparse and empty ones too.
make_tree() { python3 "$HERE/tree.py" "$1"; sync -f "$1"; }

# read_cold FOLDER : read it by the mount, from the server, into the cache, and compare.
read_cold() {
	local before
	before=$(server_reads)
	sums "$MNT/$1" >/tmp/cold
	sums "$EXPORT/$1" >/tmp/true
	cmp -s /tmp/cold /tmp/true || fail "cold: $(differing /tmp/cold /tmp/true)"
	more "reads sent while the cache was cold" "$(server_reads)" "$before"
}
# read_warm FOLDER : read it by the mount, from the cache alone, and compare.
read_warm() {
	local before
	before=$(server_reads)
	sums "$MNT/$1" >/tmp/warm
	sums "$EXPORT/$1" >/tmp/true
	cmp -s /tmp/warm /tmp/true || fail "warm: $(differing /tmp/warm /tmp/true)"
	equal "reads sent while the cache was warm" $(($(server_reads) - before)) 0
}
# same FOLDER : read it by the mount, from wherever, and compare.
same() {
	sums "$MNT/$1" >/tmp/seen
	sums "$EXPORT/$1" >/tmp/true
	cmp -s /tmp/seen /tmp/true || fail "wrong content through the mount: $(differing /tmp/seen /tmp/true)"
}
differing() { { diff "$1" "$2" || true; } | sed -n 's/^[<>] [^ ]* *//p' | sort -u | head -n 3 | tr '\n' ' '; }
