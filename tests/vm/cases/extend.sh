# SPDX-License-Identifier: GPL-2.0-only
# A file that ten processes read is replaced on the server by a longer one:
# ten more read the new content.  Likewise when it grows by the mount itself.
. ./lib.sh

# readers FILE : ten at once, all must read what the server has.
readers() {
	local i pids=() want
	want=$(sha256sum <"$EXPORT/$1")
	for i in 1 2 3 4 5 6 7 8 9 10; do
		sha256sum <"$MNT/$1" >/tmp/reader$i & pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4 5 6 7 8 9 10; do
		equal "the checksum of reader $i of $1" "$(cat /tmp/reader$i)" "$want"
	done
}

fresh_cache
server_start
daemon_start
mkdir -p $EXPORT/extend
mount_nfs
random $EXPORT/extend/file 3000001
readers extend/file
head -c 3000001 /dev/urandom >>$EXPORT/extend/file
readers extend/file
remount
readers extend/file
head -c 100003 /dev/urandom >>$MNT/extend/file
sync
drop_caches
readers extend/file
remount
readers extend/file
remount
read_warm extend
umount_nfs
daemon_stop
