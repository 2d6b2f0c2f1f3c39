# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# 9p over TCP, from diod.  Its files have no version, and a client caches such
# only when it is told not to mind (ignoreqv).
. ./servers/9p.sh

fs_server_start() {
	disk server "$EXPORT"
	modprobe 9p
	[ ! -e /tmp/diod-runs ] || return 0
	diod_run
	touch /tmp/diod-runs
}
fs_mount() {
	mkdir -p "${2:-$MNT}"
	mount -t 9p -o "trans=tcp,port=5640,aname=$EXPORT,uname=root,version=9p2000.L,msize=131072,cache=fscache,ignoreqv,cachetag=first${1:+,$1}" \
		127.0.0.1 "${2:-$MNT}"
}
fs_xfstests() {
	local options
	options=trans=tcp,port=5640,uname=root,version=9p2000.L,msize=131072,ignoreqv,$(plan9_cache "$1")
	# A device is an address, and two devices are two.
	xfstests_config 9p 127.0.0.1 127.0.0.2 \
		"$options,aname=$EXPORT/test,cachetag=test" "$options,aname=$EXPORT/scratch,cachetag=scratch"
}
fs_cannot() {
	case $1 in
	*-mounted | changed-cold) echo "a 9p client with cache=fscache does not ask the server again while it is mounted" ;;
	direct) echo "diod creates no file with O_DIRECT" ;;
	server-restart) echo "a 9p client does not connect again to a server that it has lost" ;;
	changed) echo "diod gives files no version, so a 9p client sees only that a size has changed" ;;
	esac
}
diod_run() {
	diod -n -e "$EXPORT" -l 127.0.0.1:5640 -l 127.0.0.2:5640 -L /tmp/diod.log
	wait_for "diod listens" listens 5640
}
fs_server_restart() {
	# Asked to end, it may crash.
	pkill -KILL -x diod
	wait_for "diod is gone" server_gone 5640
	diod_run
}
