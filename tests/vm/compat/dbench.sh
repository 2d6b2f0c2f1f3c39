# SPDX-License-Identifier: GPL-2.0-only
# dbench: what the clients of a file server do, for a while, as files of the same mount
# are read from the cache.
# packages: dbench
. ./compat.sh
. ./layer.sh

use_layer
# The first semaphore of a machine has the number 0, which dbench takes for an error.
ipcmk -S 1 >/dev/null
log=$RESULTS/$FS-$PART.log
filled
cp /tmp/true /tmp/before
mkdir "$MNT/$PART/dbench"
dbench -t 15 -D "$MNT/$PART/dbench" --skip-cleanup 3 >"$log" 2>&1 &
bench=$!
turns=0
while kill -0 $bench 2>/dev/null; do
	(cd "$MNT/$PART" && md5sum -- [0-9]*) >/tmp/seen
	cmp -s /tmp/seen /tmp/before || fail "wrong content while dbench runs: $(differing /tmp/seen /tmp/before)"
	turns=$((turns + 1))
	sleep 0.5
done
status=0
wait $bench || status=$?
complaint=$(grep -m 1 -iE 'failed|error' "$log") || true
[ $status = 0 ] && [ -z "$complaint" ] || fail "dbench ended with status $status: $complaint"
grep -q '^Throughput' "$log" || fail "dbench did not say that it is done"
say "$(grep '^Throughput' "$log"); the other files were read $turns times meanwhile"
written
