# SPDX-License-Identifier: GPL-2.0-only
# A disk that is too small for what is read: objects are culled, the reader sees
# no error, and the daemon stays.  Then somebody else fills it: what is read is right all
# the same, and caching goes on when there is room again.
# pairs: r-r
. ./lib.sh
. ./small-disk.sh

[ "${PAIR#*-}" = r ] || skip "with C, zeroes may be read through a cache whose disk is full; see unwritten.sh"

small_disk_start
before=$(culled)
small_disk_round 1
small_disk_round 2
more "objects culled" $(($(culled) - before)) 10

cat /dev/zero >$CACHE/other 2>/dev/null || true
more "percent of the disk in use" "$(df --output=pcent $CACHE | tr -dc 0-9)" 95
small_disk_round full
rm $CACHE/other
# One file: of all, what is read next is just what was culled for what was read last.
hits() {
	for turn in first second; do
		cmp $MNT/big/30 $EXPORT/big/30 || fail "a wrong byte, read the $turn time"
		remount
	done
	[ "$(stat_of CaRdOps RD)" -gt "$1" ]
}
wait_for "reads from the cache when there is room again" hits "$(stat_of CaRdOps RD)"
small_disk_stop
