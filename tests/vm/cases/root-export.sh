# SPDX-License-Identifier: GPL-2.0-only
# An export that is the root of the server's name space (fsid=0), mounted as "/": its
# volume has a key of its own, and what is read of it is found again.
. ./lib.sh

fresh_cache
server_start
for i in 1 2 3; do random $EXPORT/root/$i $((i * 150001)); done
exportfs -o rw,no_root_squash,no_subtree_check,fsid=0 "127.0.0.1:$EXPORT/root"
trap 'exportfs -u "127.0.0.1:$EXPORT/root"' EXIT
daemon_start
root_mount() { mkdir -p $MNT; mount -t nfs4 -o fsc,vers=4.2 127.0.0.1:/ $MNT; }
root_mount
sums $EXPORT/root >/tmp/true
for how in cold warm; do
	before=$(server_reads)
	sums $MNT >/tmp/seen
	cmp -s /tmp/seen /tmp/true || fail "$how: wrong content: $(differing /tmp/seen /tmp/true)"
	sent=$(($(server_reads) - before))
	case $how in
	cold)
		more "reads sent while the cache was cold" $sent 0
		umount_nfs
		root_mount
		;;
	warm) equal "reads sent while the cache was warm" $sent 0 ;;
	esac
done
umount_nfs
daemon_stop
