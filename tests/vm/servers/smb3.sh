# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# SMB3, from Samba.
. ./servers/common.sh

fs_server_start() {
	disk server "$EXPORT"
	[ ! -e /tmp/smbd-runs ] || return 0
	modprobe cifs
	mkdir -p /tmp/samba
	# Nothing tells a client of Samba's what happens to a folder behind Samba's back;
	# so it must not keep folders.  (Files it keeps no longer than they are open.)
	cat >/tmp/samba/smb.conf <<-END
	[global]
	server role = standalone server
	interfaces = lo
	bind interfaces only = yes
	private dir = /tmp/samba
	lock directory = /tmp/samba
	state directory = /tmp/samba
	cache directory = /tmp/samba
	pid directory = /tmp/samba
	ncalrpc dir = /tmp/samba/ncalrpc
	log file = /tmp/samba/log
	smb ports = 445
	disable spoolss = yes
	load printers = no
	smb3 directory leases = no
	[export]
	path = $EXPORT
	read only = no
	END
	printf 'word\nword\n' | smbpasswd -c /tmp/samba/smb.conf -s -a root >/dev/null
	smbd -D -s /tmp/samba/smb.conf
	wait_for "Samba listens" listens 445
	touch /tmp/smbd-runs
}
fs_mount() {
	mkdir -p "${2:-$MNT}"
	# Without "hard" an open that meets a restart of the server ends with an error.
	mount -t cifs -o "hard,vers=3.1.1,username=root,password=word,fsc${1:+,$1}" //127.0.0.1/export "${2:-$MNT}"
}
fs_xfstests() {
	local options=vers=3.1.1,username=root,password=word
	[ "$1" = uncached ] || options+=,fsc
	xfstests_config cifs //127.0.0.1/export/test //127.0.0.1/export/scratch "$options"
}
# The client keeps a closed file open for a second more, and what it knows of a
# file for as long.
fs_settle() { sleep 2.5; }
fs_cannot() { smb_cannot "$1"; }
smb_cannot() {
	case $1 in
	two-mounts) echo "the SMB client gives a file the same key in both mounts, and only the first is cached" ;;
	esac
}
fs_loses_files() { echo "Samba forgets open files as it restarts, and the client tells who was at one of them EBADF"; }
fs_server_restart() {
	[ -e /tmp/smbd-runs ] || excuse "nothing restarts this server alone"
	pkill -TERM -x smbd
	wait_for "Samba is gone" server_gone 445
	sleep 1
	smbd -D -s /tmp/samba/smb.conf
	wait_for "Samba listens again" listens 445
}
