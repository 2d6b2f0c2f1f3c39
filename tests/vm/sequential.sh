# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What bench.sh does for its parts "sequential" and "throughput": a large file is read through a
# mount from its beginning to its end, from the server, until it is stored, and then from the
# warm cache; and then the file that the cache has of it is read from the backing filesystem,
# through the page cache, which is the limit for a client that fills its own, and by direct I/O,
# which is what the cache does.  The cache's file is cold each time.

CACHE=$DISK
MIB=${SEQUENTIAL_MIB:-64}

sequential_prepare() {
	server_start
	mkdir -p "$EXPORT/bench"
	head -c $((MIB << 20)) /dev/urandom >"$EXPORT/bench/large"
	sync -f "$EXPORT"
}

# took NAME BEGAN : what a MiB took since then; a line for the report.
took() {
	local name=$1 took=$((${EPOCHREALTIME/./} - $2))
	printf '%s{ "name": "%s", "cookies": 1, "volumes": 1, "threads": 1, "unit": "ns", "value": %d }' \
		"$separator" "$name" $((took * 1000 / MIB)) >>"$rows"
	separator=$',\n'
	say "$name: $((took / MIB)) us for each MiB"
}
# reading NAME FILE WORD... : what a MiB takes.
reading() {
	local name=$1 file=$2 began
	shift 2
	# The programs are read before, not meanwhile.
	dd if=/dev/zero of=/dev/null bs=1M count=1 "$@" status=none 2>/dev/null || true
	began=${EPOCHREALTIME/./}
	dd if="$file" of=/dev/null bs=1M status=none "$@"
	took "$name" "$began"
}

# sequential FILE : all of it with the pair that is loaded; rows go to FILE.
sequential() {
	local rows=$1 separator='' object before began
	printf '[\n' >"$rows"
	daemon_start
	mount_nfs
	began=${EPOCHREALTIME/./}
	reading sequential-cold "$MNT/bench/large"
	umount_nfs
	took sequential-stored "$began"
	mount_nfs
	before=$(server_bytes)
	reading sequential-warm "$MNT/bench/large"
	equal "bytes that the server sent while the cache was warm" "$(server_bytes)" "$before"
	umount_nfs
	daemon_stop
	object=$(find "$CACHE/cache" -type f -size +$((MIB - 1))M)
	cmp "$object" "$EXPORT/bench/large"
	drop_caches
	reading sequential-page-cache "$object"
	drop_caches
	reading sequential-direct "$object" iflag=direct
	printf '\n]\n' >>"$rows"
}
