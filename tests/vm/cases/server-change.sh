# SPDX-License-Identifier: GPL-2.0-only
# A file that was changed on the server, by another way than the mount, is
# never read stale: while the mount stays, and after a new one.
. ./lib.sh

KINDS='rewritten truncated extended emptied filled replaced appended untouched'
make() {
	rm -rf $EXPORT/change
	for kind in $KINDS; do random $EXPORT/change/$kind 600001; done
	: >$EXPORT/change/filled
}
# Written with the shell's own means, which wait while the server takes back
# what it has delegated to the client; truncate(1) would not wait.
change() {
	local d=$EXPORT/change
	random $d/rewritten 600001
	dd of=$d/truncated bs=1 seek=300007 count=0 status=none
	head -c 300010 /dev/urandom >>$d/extended
	: >$d/emptied
	random $d/filled 500000
	random $d/new 700001 && mv $d/new $d/replaced
	head -c 5000 /dev/urandom >>$d/appended
	sync -f $d
}

fresh_cache
server_start
daemon_start
for when in "while mounted" "between mounts" "while mounted, in memory"; do
	say "changed $when"
	make
	mount_nfs
	read_cold change
	case $when in
	"while mounted") change; drop_caches ;;
	"while mounted, in memory") change ;;
	"between mounts") umount_nfs; change; mount_nfs ;;
	esac
	reads=$(server_reads)
	same change
	more "reads sent for what had changed" "$(server_reads)" "$reads"
	remount
	# What is there now has been read, so the cache has it, as it is now.
	read_warm change
	umount_nfs
done
daemon_stop
