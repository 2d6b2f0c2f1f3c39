# SPDX-License-Identifier: GPL-2.0-only
# nfstest: nfstest_io opens, reads, writes, locks, renames, links and truncates files from
# several processes at random; what it leaves is compared with the server, and read again from
# the cache.  Over NFS, nfstest_posix asks of each call what POSIX says.
# packages: nfstest
. ./compat.sh
. ./layer.sh

use_layer
log=$RESULTS/$FS-$PART.log
begin
daemon_start
fs_mount

# io SEED : each sequence is the same again.
io() {
	nfstest_io --datadir "$MNT/$PART/io$1" --seed "$1" --nprocs 3 --runtime 15 --minfiles 8 \
		--fsizeavg 300k --fsizedev 100k --verbose info >>"$log" 2>&1 ||
		fail "nfstest_io with seed $1 ended with status $?: $(grep -m 1 -iE 'error' "$log")"
}
for seed in 1 2; do io $seed; done
grep -qE 'WRITE: +[1-9]' "$log" || fail "nfstest_io wrote nothing"
say "$(grep -E 'READ: +[1-9]' "$log" | tail -n 1 | tr -s ' ')"

# With a name for its files it mounts nothing and looks at no packets, but it still wants to know
# an address of its server that is not loopback's.  "open" tries all flags there are, for a
# minute, and NFS fails two of it, O_EXCL with O_CREAT, with C just as with ours.  What else a
# server cannot do is in $NFSTEST_NOT.
if [[ $FS == nfs* ]]; then
	ip address add 192.0.2.1/32 dev lo 2>/dev/null || true
	ip route replace default dev lo
	mkdir -p "$MNT/$PART/posix"
	nfstest_posix --server 192.0.2.1 --basename nfstest --mtpoint "$MNT/$PART" --datadir posix \
		--nfsversion "${FS:3:3}" --runtest "^open${NFSTEST_NOT:+,$NFSTEST_NOT}" >/tmp/posix.log 2>&1 || true
	ip route delete default dev lo
	cat /tmp/posix.log >>"$log"
	said=$(grep '^[0-9]* tests' /tmp/posix.log) || fail "nfstest_posix did not come to its end: $(tail -n 1 /tmp/posix.log)"
	say "nfstest_posix: $said"
	# The server's disk notes no times of access.
	failed=$(grep 'FAIL:' /tmp/posix.log | grep -v 'st_atime should be updated') || true
	[ -z "$failed" ] || fail "nfstest_posix: $(head -n 2 <<<"$failed" | tr -s ' \n' ' ')"
fi
# Where a symbolic link leads a 9p client asks by a read, and every time; whether one is left is
# a matter of how far nfstest_io came.
sync
matches
find "$MNT/$PART" -type l -delete
written
