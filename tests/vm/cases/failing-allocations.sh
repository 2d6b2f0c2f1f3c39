# SPDX-License-Identifier: GPL-2.0-only
# Every third allocation of a module fails for a while: files are read right
# all the same, at worst without the cache, and afterwards it works as before.
. ./lib.sh

mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || true
fault=/sys/kernel/debug/failslab
[ -e $fault/require-start ] || skip "this kernel cannot make allocations fail; the debug kernel can"

# fail_in MODULE : from now on, allocations with its code in the call trace
fail_in() {
	local first last addresses
	mapfile -t addresses < <(awk -v m="[$1]" '$4 == m && tolower($2) == "t" { print $1 }' /proc/kallsyms | sort)
	[ ${#addresses[@]} -gt 0 ] || fail "module $1 has no code"
	first=${addresses[0]} last=${addresses[-1]}
	echo N >$fault/task-filter
	echo N >$fault/ignore-gfp-wait
	echo 0 >$fault/verbose
	echo 1 >$fault/interval
	echo 32 >$fault/stacktrace-depth
	echo "0x$first" >$fault/require-start
	echo "0x$last" >$fault/require-end
	echo -1 >$fault/times
	echo 33 >$fault/probability
}
fail_no_more() { echo 0 >$fault/probability; }
# mount_if_memory : NFS does not mount when there is no memory for the volume, as with C.
mount_if_memory() {
	local try
	for try in {1..30}; do
		! mount_nfs 2>/tmp/mount-error || return 0
		grep -q 'Cannot allocate memory' /tmp/mount-error || break
	done
	fail "try $try: $(cat /tmp/mount-error)"
}

server_start
rm -rf "${EXPORT:?}/failing"
make_tree "$EXPORT/failing"
fresh_cache
daemon_start
modules=cachefiles
! loaded fscache || modules='fscache cachefiles'
for module in $modules; do
	say "allocations of $module fail"
	fail_in "$module"
	for _ in 1 2 3; do
		mount_if_memory
		same failing
		umount_nfs
	done
	fail_no_more
	# With memory again: what is there is right, and what is not comes back.
	mount_nfs
	same failing
	umount_nfs
	sync
	mount_nfs
	same failing
	before=$(server_reads)
	remount
	same failing
	[ "$(server_reads)" -le "$before" ] || say "$(($(server_reads) - before)) reads sent again"
	umount_nfs
done
# And a cache that begins anew is as good as ever.
daemon_stop
fresh_cache
daemon_start
mount_nfs
read_cold failing
remount
read_warm failing
umount_nfs
daemon_stop
