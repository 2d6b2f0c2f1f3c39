# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What every file here gives, each for one filesystem with its real server, and
# what most of them do.  $EXPORT is the server's own folder: what is done there is
# done "on the server".  $MNT is where it is mounted.  lib.sh comes before.
#
#   fs_skip_reason            why this machine cannot run it; nothing if it can
#   fs_server_start           once in a boot
#   fs_server_stop            once, as the last of a boot, so that it has in the next all that
#                             it has now
#   fs_mount [OPTIONS [FOLDER]]    cached
#   fs_umount [FOLDER]
#   fs_reads [FOLDER]         how many reads were sent to the server until now
#   server_sync               until all that was done in $EXPORT is done, and nobody there holds
#                             on to it
#   fs_server_restart         while it is in use; nothing is mounted anew
#   fs_settle                 until the client lets go of files just closed, and asks
#                             the server again what it knows of them
#   fs_cannot PART            why this filesystem cannot do that, whoever caches for it; "reread":
#                             read what one has just written, while others read it
#   fs_loses_files            why who reads and writes may meet an error as the server restarts,
#                             whoever caches for it; nothing if the client waits instead
#   fs_second                 options that make a second mount one of its own
#   fs_connections            options for more than one connection to the server; nothing if there
#                             are none
#   fs_caches_folders         are folders in the cache, too?
#   fs_xfstests cached|uncached    the lines of xfstests' local.config for it; its two
#                             filesystems are the server's folders "test" and "scratch"

MNT=/mnt/$FS

fs_skip_reason() { :; }
fs_server_stop() { :; }
fs_umount() { umount "${1:-$MNT}"; }
# What the library of the network filesystems asked of servers, of all of them.
fs_reads() { stat_of DownOps DL; }
server_sync() { sync -f "$EXPORT"; }
fs_settle() { :; }
fs_caches_folders() { false; }
fs_cannot() { :; }
fs_loses_files() { :; }
fs_second() { echo rsize=65536; }
fs_connections() { :; }

# xfstests_config TYPE TEST_DEVICE SCRATCH_DEVICE OPTIONS [OPTIONS OF SCRATCH] : what
# most of fs_xfstests is.
xfstests_config() {
	printf 'export %s=%q\n' FSTYP "$1" TEST_DEV "$2" SCRATCH_DEV "$3" \
		TEST_FS_MOUNT_OPTS "-o $4" MOUNT_OPTIONS "-o ${5:-$4}"
}

# listens PORT
listens() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }
# Or a part that needs it ends here.
fs_server_restart() { excuse "nothing restarts the server of this filesystem alone"; }
# server_gone PORT
server_gone() { ! listens "$1"; }
