# SPDX-License-Identifier: GPL-2.0-only
# The modules unload and load again, twenty times, with use in between, and
# leave no cookie and no object behind in the kernel's slabs.
. ./lib.sh

turns=${TURNS:-20}
unload_all
fresh_cache
server_start
for i in 1 2 3 4 5 6 7 8; do random $EXPORT/reload/$i $((i * 50021)); done
no_cookies() { [ "$(slab fscache_cookie_jar)" = 0 ]; }
no_objects() { [ "$(slab cachefiles_object_jar)" = 0 ]; }
for turn in $(seq 1 "$turns"); do
	daemon_start
	mount_nfs
	if [ "$turn" = 1 ]; then read_cold reload; else read_warm reload; fi
	# Counts in the kernel's list lag behind by what processors keep for
	# themselves; shrinking a slab brings them home.
	cookies=$(slab fscache_cookie_jar)
	[ "$cookies" != absent ] || fail "there is no slab fscache_cookie_jar in /proc/slabinfo while cookies are in use"
	more "cookies in use" "$cookies" 7
	umount_nfs
	echo 1 >/sys/kernel/slab/fscache_cookie_jar/shrink
	WHY_NOT='slab fscache_cookie_jar' wait_for "all cookies are freed after the umount" no_cookies
	echo 1 >/sys/kernel/slab/cachefiles_object_jar/shrink
	WHY_NOT='slab cachefiles_object_jar' wait_for "all objects are freed after the umount" no_objects
	daemon_stop
	unload_all
	equal "the slab of cookies after unloading" "$(slab fscache_cookie_jar)" absent
	equal "the slab of objects after unloading" "$(slab cachefiles_object_jar)" absent
	[ ! -e /proc/fs/fscache ] || fail "/proc/fs/fscache is there after unloading"
	[ ! -e /dev/cachefiles ] || fail "/dev/cachefiles is there after unloading"
	[ $((turn % 5)) != 0 ] || say "$turn turns"
done
