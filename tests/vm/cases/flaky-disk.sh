# SPDX-License-Identifier: GPL-2.0-only
# A disk under the cache that fails for a second every other second: all of it, only reads, or
# only writes.  The reader gets the right bytes all the time, and with the disk mended the cache
# is used again.
# pairs: c-c r-r
. ./lib.sh
. ./by-hand.sh
. ./flaky.sh

modprobe dm-flakey 2>/dev/null || skip "this kernel has no dm-flakey"
IO_ERROR=/sys/kernel/tracing/events/cachefiles/cachefiles_io_error
flaky_start
server_start
rm -rf $EXPORT/flakey; mkdir -p $EXPORT/flakey
for i in $(seq 1 8); do random $EXPORT/flakey/$i $((i * 41013)); done
sync -f $EXPORT/flakey
bind
if [ -e $IO_ERROR ]; then
	: >/sys/kernel/tracing/trace
	echo 1 >$IO_ERROR/enable
	trap 'echo 0 >$IO_ERROR/enable' EXIT
fi
mount_nfs
read_cold flakey
remount

# The features are those of dm-flakey; without any, everything fails.
for features in '' '1 error_reads' '1 error_writes'; do
	say "a disk with ${features:-all errors}"
	# shellcheck disable=SC2086
	the_disk flakey "$FLAKY_LOOP" 0 1 1 $features
	began=$SECONDS round=0
	while [ $((SECONDS - began)) -lt 8 ] || [ $round -lt 2 ]; do
		round=$((round + 1))
		random $EXPORT/flakey/new$((round % 4)) $((round * 11003 + 100001))
		sync -f $EXPORT/flakey
		# The client's pages go, and what the cache's filesystem has in memory.
		echo 3 >/proc/sys/vm/drop_caches
		same flakey
		[ $((round % 2)) = 1 ] || remount
	done
	say "read all $round times; the cache is $(cache_active && echo online || echo stopped)"
	umount_nfs
	unbind
	flaky_mend
	bind
	mount_nfs
	same flakey
	remount
	read_warm flakey
	remount
done

say "one that fails while a file of it is open"
random $EXPORT/flakey/open 3000000
sync -f $EXPORT/flakey
same flakey
remount
exec 5<$MNT/flakey/open
head -c 100000 <&5 >/dev/null
[ ! -e $IO_ERROR ] || : >/sys/kernel/tracing/trace
the_disk error
cat <&5 | cmp - <(tail -c 2900000 $EXPORT/flakey/open) || fail "wrong bytes when the disk fails under an open file"
exec 5<&-
the_disk_works
if [ -e $IO_ERROR ]; then
	more "errors that were traced" "$(grep -c ': cachefiles_io_error: ' /sys/kernel/tracing/trace)" 0
fi
umount_nfs
unbind
flaky_end
