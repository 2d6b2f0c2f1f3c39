# SPDX-License-Identifier: GPL-2.0-only
# stress-ng takes nearly all memory there is, while files are read: what is in memory
# goes, in the middle of things too, and comes again from the cache.
. ./compat.sh
. ./memory.sh

begin
put_files
for i in 1 2 3 4 5 6; do random "$EXPORT/$PART/big$i" $((2000003 + i)); done
server_sync
daemon_start
fs_mount
cold
again
take_memory
# What is free, and what pages of files have as well; both workers share it.
megabytes=$(awk '/^MemAvailable:/ { print int($2 / 1024 * 0.95) }' /proc/meminfo)
before=$(scanned) from_cache=$(stat_of CaRdOps RD)
# Not killed when there is too little: it is to begin anew with less.
stress-ng --vm 2 --vm-bytes ${megabytes}m --vm-method zero-one --vm-hang 1 --timeout 25 --quiet --verify >/tmp/stress.log 2>&1 &
stress=$!
turns=0
while kill -0 $stress 2>/dev/null; do
	matches
	turns=$((turns + 1))
done
status=0
wait $stress || status=$?
[ $status = 0 ] || fail "stress-ng ended with status $status: $(tail -n 1 /tmp/stress.log)"
more "pages that the kernel looked at to find memory" "$(scanned)" "$before"
more "reads from the cache meanwhile" "$(stat_of CaRdOps RD)" "$from_cache"
say "all was read $turns times under pressure of $megabytes MB; $(($(scanned) - before)) pages were looked at"
ends_warm
