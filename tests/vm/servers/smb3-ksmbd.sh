# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# SMB3, from the kernel's own server.
# packages: ksmbd-tools
. ./servers/smb3.sh
. ./layer.sh

fs_skip_reason() {
	modprobe ksmbd 2>/dev/null || echo "the kernel has no ksmbd"
}
fs_server_start() {
	disk server "$EXPORT"
	[ ! -e /tmp/ksmbd-runs ] || return 0
	use_layer
	modprobe cifs
	modprobe ksmbd
	mkdir -p /tmp/ksmbd
	cat >/tmp/ksmbd/ksmbd.conf <<-END
	[global]
	bind interfaces only = yes
	interfaces = lo
	[export]
	path = $EXPORT
	read only = no
	END
	ksmbd.adduser -C /tmp/ksmbd/ksmbd.conf -P /tmp/ksmbd/passwords -a -p word root
	ksmbd.mountd -C /tmp/ksmbd/ksmbd.conf -P /tmp/ksmbd/passwords >/tmp/ksmbd/log 2>&1
	wait_for "ksmbd listens" listens 445
	touch /tmp/ksmbd-runs
}
# In a listing, ksmbd gives the time of a file's last change as that of its creation, and else
# the time of its creation; by which the client's key names it.
# Seen with C (the 88th version that was written) and with ours (the 27th; and not in 250 others), and
# without a cache not in 250: who writes a file that others read at the same time now and then does not
# read what it wrote.  Whether that is the client is not known.
fs_cannot() {
	case $1 in
	reread) echo "who writes a file that others read now and then does not read what it wrote" ;;
	mmap-read) echo "ksmbd gives a file that was not listed another time of creation, and so it has another key" ;;
	*) smb_cannot "$1" ;;
	esac
}
