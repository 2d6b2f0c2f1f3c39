# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS of version $NFS_VERSION, from the kernel's own server.
. ./servers/common.sh

fs_server_start() {
	server_start
	[ "$NFS_VERSION" = 3 ] && [ ! -e /tmp/server-has-3 ] || return 0
	# Version 3 is found by way of rpcbind, which the later ones do without.
	rpcbind
	wait_for "rpcbind listens" listens 111
	rpc.nfsd 0
	pkill -x rpc.mountd
	rpc.nfsd -V 3 -V 4.2 4
	rpc.mountd
	touch /tmp/server-has-3
}
fs_mount() {
	local type=nfs4 more=''
	[ "$NFS_VERSION" != 3 ] || { type=nfs; more=,nolock; }
	mkdir -p "${2:-$MNT}"
	mount -t $type -o "fsc,vers=$NFS_VERSION$more${1:+,$1}" "127.0.0.1:$EXPORT" "${2:-$MNT}"
}
fs_xfstests() {
	local options=vers=$NFS_VERSION
	[ "$NFS_VERSION" != 3 ] || options+=,nolock
	[ "$1" = uncached ] || options+=,fsc
	xfstests_config nfs "127.0.0.1:$EXPORT/test" "127.0.0.1:$EXPORT/scratch" "$options"
}
fs_connections() { echo nconnect=2; }
fs_reads() { server_reads "$@"; }
fs_server_restart() {
	local versions=(-N 3)
	[ -e /tmp/server-runs ] || excuse "nothing restarts this server alone"
	[ ! -e /tmp/server-has-3 ] || versions=(-V 3)
	rpc.nfsd 0
	wait_for "the server is gone" server_gone 2049
	sleep 1
	rpc.nfsd "${versions[@]}" -V 4.2 4
	wait_for "the server is there again" listens 2049
}
