# SPDX-License-Identifier: GPL-2.0-only
# /proc/fs/fscache/counters says of a volume, and of its cache, what was really
# done: lookups, bytes that came from the cache and that did not, writes, invalidations, and
# objects that were put away or withdrawn.
. ./lib.sh

[ "${PAIR%-*}" = r ] || skip "only our fscache has this file"

# of_volume KEY, of_cache KEY : the sums over all there are
of_volume() { sum volume "$1"; }
of_cache() { sum cache "$1"; }
sum() {
	awk -v kind="$1" -v key="$2" '{ n = split($1, part, ".") }
		n == 3 && part[1] == kind && part[3] == key { all += $2 } END { print all + 0 }' \
		/proc/fs/fscache/counters
}

server_start
rm -rf "${EXPORT:?}/counters"
for i in 1 2 3 4; do random "$EXPORT/counters/$i" 262144; done
random "$EXPORT/counters/empty" 0
fresh_cache
daemon_start
cache_created=$(of_cache lookups_created) cache_misses=$(of_cache read_miss_bytes)

mount_nfs
equal "version" "$(head -n 1 /proc/fs/fscache/counters)" "version 1"
read_cold counters
more "objects made" "$(of_volume lookups_created)" 4
equal "lookups that found something" "$(of_volume lookups_found)" 0
[ "$(of_volume read_miss_bytes)" -ge $((4 * 262144)) ] ||
	fail "missed $(of_volume read_miss_bytes) bytes of $((4 * 262144))"
equal "bytes that were there while the cache was cold" "$(of_volume read_hit_bytes)" 0
[ "$(of_volume write_bytes)" -ge $((4 * 262144)) ] ||
	fail "$(of_volume write_bytes) bytes were written to the cache"
cold_created=$(of_volume lookups_created) cold_misses=$(of_volume read_miss_bytes)

remount
equal "what a new volume begins with" "$(of_volume lookups_created)" 0
# What is open stays so, however long reading takes.
exec 5<$MNT/counters/1 6<$MNT/counters/2 7<$MNT/counters/3 8<$MNT/counters/4 9<$MNT/counters/empty
read_warm counters
more "objects found" "$(of_volume lookups_found)" 4
equal "bytes that were not there" "$(of_volume read_miss_bytes)" 0
[ "$(of_volume read_hit_bytes)" -ge $((4 * 262144)) ] ||
	fail "found $(of_volume read_hit_bytes) bytes of $((4 * 262144))"
more "reads from the cache" "$(of_volume reads)" 3
more "objects that are open" "$(of_volume objects)" 4
exec 5<&- 6<&- 7<&- 8<&- 9<&-

# The cache still knows of the volume that has gone.
equal "objects made, by the cache" $(($(of_cache lookups_created) - cache_created)) "$cold_created"
equal "bytes missed, by the cache" $(($(of_cache read_miss_bytes) - cache_misses)) "$cold_misses"

umount_nfs
wait_for "no object is open" eval '[ "$(of_cache objects)" = 0 ]'

say "invalidated, put away, withdrawn"
mount_nfs
for key in invalidations discards withdrawals; do equal "$key that a new volume begins with" "$(of_volume $key)" 0; done
cache_invalidations=$(of_cache invalidations)
exec 5<$MNT/counters/1
cat <&5 >/dev/null
random "$EXPORT/counters/1" 262145
sync -f "$EXPORT/counters"
same counters
more "invalidations" "$(of_volume invalidations)" 0
equal "invalidations, by the cache" $(($(of_cache invalidations) - cache_invalidations)) "$(of_volume invalidations)"
equal "invalidations that failed" "$(of_volume invalidations_failed)" 0
# All but the one that is open; after 10 to 20 s.
discarded() { [ "$(of_volume discards)" -ge 4 ]; }
wait_for "what nobody uses is put away" discarded
equal "objects put away" "$(of_volume discards)" 4
equal "objects that are left" "$(of_volume objects)" 1
equal "withdrawals until now" "$(of_volume withdrawals)" 0
daemon_stop
equal "withdrawals" "$(of_volume withdrawals)" 1
equal "objects that are left then" "$(of_volume objects)" 0
exec 5<&-
umount_nfs
