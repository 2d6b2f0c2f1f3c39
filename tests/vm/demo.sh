#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The demo, as it runs in the guest: reads a tree through a cached NFS mount
# twice, first from the server, then, after a new mount and with no page of it
# left in memory, from the cache; and shows what came from where.

. "$(dirname "$0")/lib.sh"
. "$HERE/modules.sh"

# What fails is said in plain words at the end, where it is looked for.
trap '[ ! -s /tmp/reason ] || printf "\ndemo: FAILED: %s\n" "$(cat /tmp/reason)"' EXIT

now() { date +%s%N; }
cache_disk_bytes() { awk '{ print $3 * 512 }' "/sys/block/$(basename "$(readlink -f /dev/vm/cache)")/stat"; }
# pass NAME FOLDER : read all of it; sets NAME_ns, and leaves the checksums in /tmp/NAME.
pass() {
	local began
	began=$(now)
	python3 "$HERE/read-tree.py" "$2" >"/tmp/$1"
	printf -v "$1_ns" %s $(($(now) - began))
}

echo "kernel $(uname -r), $(uname -v)"
echo "starting the NFS server, and Debian's cachefilesd with a cache on an ext4 disk of its own"
fresh_cache
server_start
daemon_start
grep -v '^ *$' $DAEMON_LOG | sed 's/^/  /'
mount_nfs
grep " $MNT " /proc/mounts | sed 's/^/  /'
drop_caches

echo "cold pass: reading and checksumming every file, from the server"
reads=$(server_reads) bytes=$(server_bytes) hits=$(stat_of CaRdOps RD) disk=$(cache_disk_bytes)
pass cold $MNT
cold_reads=$(($(server_reads) - reads)) cold_server=$(($(server_bytes) - bytes))
cold_hits=$(($(stat_of CaRdOps RD) - hits)) cold_disk=$(($(cache_disk_bytes) - disk))

echo "mounting anew, and dropping every page from memory"
remount
echo "  $(objects) objects in the cache, $(du -sm $CACHE/cache | cut -f 1) MiB on its disk"

echo "warm pass: the same once more"
reads=$(server_reads) bytes=$(server_bytes) hits=$(stat_of CaRdOps RD) disk=$(cache_disk_bytes)
pass warm $MNT
warm_reads=$(($(server_reads) - reads)) warm_server=$(($(server_bytes) - bytes))
warm_hits=$(($(stat_of CaRdOps RD) - hits)) warm_disk=$(($(cache_disk_bytes) - disk))

echo "reading the server's own copy, without NFS, to compare"
pass direct $EXPORT

total=$(awk '{ n += $2 } END { print n }' /tmp/cold)
files=$(wc -l </tmp/cold)
mib() { awk -v n="$1" 'BEGIN { printf "%.1f MiB", n / 1048576 }'; }
seconds() { awk -v n="$1" 'BEGIN { printf "%.1f s", n / 1e9 }'; }
rate() { awk -v b="$1" -v n="$2" 'BEGIN { printf "%.1f MiB/s", b / 1048576 / (n / 1e9) }'; }
percent() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f %%", b ? 100 * a / b : 0 }'; }
from_cache() { echo $((total > $1 ? total - $1 : 0)); }
row() { printf '  %-30s %16s %16s\n' "$@"; }

cold_equal=no warm_equal=no
! cmp -s /tmp/cold /tmp/direct || cold_equal=yes
! cmp -s /tmp/warm /tmp/direct || warm_equal=yes
echo
row "pair $PAIR" cold warm
row "------------------------------" ---------------- ----------------
row files "$files" "$(wc -l </tmp/warm)"
row bytes "$(mib "$total")" "$(mib "$(awk '{ n += $2 } END { print n }' /tmp/warm)")"
# shellcheck disable=SC2154 # set by pass
row time "$(seconds "$cold_ns")" "$(seconds "$warm_ns")"
row throughput "$(rate "$total" "$cold_ns")" "$(rate "$total" "$warm_ns")"
row "reads sent to the server" $cold_reads $warm_reads
row "bytes from the server" "$(mib $cold_server)" "$(mib $warm_server)"
row "bytes from the cache" "$(mib "$(from_cache $cold_server)")" "$(mib "$(from_cache $warm_server)")"
row "hit ratio" "$(percent "$(from_cache $cold_server)" "$total")" "$(percent "$(from_cache $warm_server)" "$total")"
row "reads done by the cache" $cold_hits $warm_hits
row "read from the cache's disk" "$(mib $cold_disk)" "$(mib $warm_disk)"
row "SHA-256 sums equal the server's" $cold_equal $warm_equal
echo
printf '  %-11s %-29s %s\n' module whose file
for name in fscache netfs cachefiles nfs nfsv4; do
	line=$(module_line "$name")
	echo "  $line"
done
echo

[ "$files" -ge 2000 ] && [ "$total" -ge $((256 << 20)) ] || fail "the tree has $files files of $total bytes: too small to show anything"
[ $cold_equal = yes ] || fail "the cold pass read wrong content: $(differing /tmp/cold /tmp/direct)"
[ $warm_equal = yes ] || fail "the warm pass read wrong content: $(differing /tmp/warm /tmp/direct)"
more "reads sent to the server in the cold pass" $cold_reads 0
equal "reads sent to the server in the warm pass" $warm_reads 0
equal "bytes that came from the server in the warm pass" $warm_server 0
more "reads done by the cache in the warm pass" $warm_hits 0
umount_nfs
daemon_stop
unload_all
echo "demo: every byte of the warm pass came from the cache, and every checksum agrees"
