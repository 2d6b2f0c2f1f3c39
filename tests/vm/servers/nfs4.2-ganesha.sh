# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS 4.2, from a server that is a program (nfs-ganesha).
# packages: nfs-ganesha nfs-ganesha-vfs
. ./servers/nfs4.2.sh
. ./layer.sh

# Seen with C, too: one that opens a file which others open and close waits in
# update_open_stateid(), where the client puts the server's answers in order, for ever.
fs_cannot() {
	case $1 in
	rewrite) echo "the client waits for ever for an answer to an open that it has had" ;;
	esac
}
# A folder that is sticky and that nobody may enter is a referral to ganesha, so that one that
# nfstest has made of any mode cannot be looked at.
NFSTEST_NOT='chmod'
fs_server_start() {
	disk server "$EXPORT"
	[ ! -e /tmp/ganesha-runs ] || return 0
	use_layer
	mkdir -p /var/lib/nfs/ganesha /run/ganesha /run/rpcbind
	rpcbind -h 127.0.0.1 2>/dev/null || true
	# It looks for what is mounted there, and nowhere else.
	ln -sf /proc/self/mounts /etc/mtab
	# The client asks for delegations of folders; it takes that ganesha knows none of them for an
	# error, with which every other folder that it asks about cannot be read, or seems empty.
	modprobe nfsv4
	echo N >/sys/module/nfsv4/parameters/directory_delegations
	cat >/tmp/ganesha.conf <<-END
	NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; }
	NFSV4 { Grace_Period = 5; Lease_Lifetime = 10; Graceless = true; }
	# What is done on the server is done behind its back: nothing is kept of a folder,
	MDCACHE { Dir_Chunk = 0; }
	EXPORT {
		Export_Id = 77;
		Path = $EXPORT;
		Pseudo = $EXPORT;
		Access_Type = RW;
		Squash = No_Root_Squash;
		SecType = sys;
		Transports = TCP;
		# and nothing of a file.
		Attr_Expiration_Time = 0;
		FSAL { Name = VFS; }
	}
	END
	ganesha.nfsd -f /tmp/ganesha.conf -L /tmp/ganesha.log -p /tmp/ganesha.pid -N NIV_EVENT
	wait_for "ganesha listens" listens 2049
	touch /tmp/ganesha-runs
}
