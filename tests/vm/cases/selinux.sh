# SPDX-License-Identifier: GPL-2.0-only
# SELinux: the cache is accessed under the context that "secctx" named, and by
# nobody else; what is made there has the label of the cache's folder; a context
# that does not exist, or that the daemon may not act as, is refused.  The policy
# is selinux.cil; once loaded it stays, so this is the last case of its machine.
. ./lib.sh

[ -d /sys/fs/selinux ] || skip "this kernel has no SELinux, or was not started with security=selinux"
[ -s selinux.policy ] || skip "there is no selinux.policy in the job: its compiler, Debian's secilc, could not be fetched"

LABELLED=$CACHE/selinux
enforce() { echo "$1" >/sys/fs/selinux/enforce; }
# open_device : the folder is named, and nothing else.
open_device() {
	exec 9<>/dev/cachefiles
	printf 'dir %s' $LABELLED >&9
}
close_device() {
	exec 9>&-
	wait_for "the cache is withdrawn" no_cache_active
}
# told COMMAND : says it; the error's text if it is refused, and nothing if it is done.
told() { { printf '%s' "$1" >&9; } 2>/tmp/told || sed 's/.*: //' /tmp/told; }
# labels : what everything in the cache's folder is labelled, each once.
labels() {
	find $LABELLED -print0 | xargs -0 getfattr -h --absolute-names --only-values -n security.selinux 2>&1 |
		tr '\0' '\n' | sed 's/cache_t/&\n/g' | sort -u | grep . | tr '\n' ' '
}
# works : as a cache does.
works() {
	open_device
	equal "a context that does not exist" "$(told 'secctx test:test:nosuch_t')" "Invalid argument"
	equal "the right context" "$(told 'secctx test:test:service_t')" ''
	equal "a second context" "$(told 'secctx test:test:service_t')" "Invalid argument"
	equal "bind" "$(told bind)" ''
	mount_nfs
	read_cold selinux
	remount
	read_warm selinux
	umount_nfs
	close_device
}

disk cache $CACHE
rm -rf $LABELLED
mkdir $LABELLED
server_start
rm -rf $EXPORT/selinux; mkdir -p $EXPORT/selinux
for i in $(seq 1 12); do random $EXPORT/selinux/$i $((i * 9001)); done
sync -f $EXPORT/selinux
modprobe cachefiles
wait_for "/dev/cachefiles appears" test -e /dev/cachefiles

mountpoint -q /sys/fs/selinux || mount -t selinuxfs selinuxfs /sys/fs/selinux
trap 'enforce 0' EXIT
enforce 0
cat selinux.policy >/sys/fs/selinux/load
if [ "${PAIR#*-}" = c ]; then
	echo 1 >/sys/fs/selinux/booleans/data_moved_by_anybody
	echo 1 >/sys/fs/selinux/commit_pending_bools
fi
equal "our own context" "$(tr -d '\0' </proc/self/attr/current)" test:test:system_t
setfattr -n security.selinux -v test:object_r:cache_t $LABELLED

say "enforcing"
enforce 1
! ls $LABELLED >/dev/null 2>&1 || fail "the policy does not keep anybody out"
open_device
equal "bind without a context" "$(told bind)" "Permission denied"
close_device
open_device
equal "a context that nobody may act as" "$(told 'secctx test:test:wrong_t')" ''
equal "bind as that" "$(told bind)" "Permission denied"
close_device
works
! ls $LABELLED >/dev/null 2>&1 || fail "the cache is open to everybody"
enforce 0
more "objects that were stored" "$(find $LABELLED/cache -type f | wc -l)" 11
equal "labels" "$(labels)" "test:object_r:cache_t "

say "permissive"
rm -rf $LABELLED/cache $LABELLED/graveyard
works
equal "labels" "$(labels)" "test:object_r:cache_t "
unload_all
rm -rf $LABELLED
