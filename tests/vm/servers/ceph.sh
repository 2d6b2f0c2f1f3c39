# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Ceph: one monitor, one store in memory, one metadata server, no keys.  What is done
# "on the server" is done by a client of its own, which caches nothing on disk.
# packages: ceph-mon ceph-osd ceph-mds ceph-common
. ./servers/common.sh
. ./layer.sh

CEPH_FSID=5d1a1b5a-0a6f-4b7e-9c55-2f1d9f3a7c11

ceph_mount() { mount -i -t ceph -o "name=admin,ms_mode=legacy,noshare$1" 127.0.0.1:6789:/ "$2"; }

fs_skip_reason() {
	modprobe ceph 2>/dev/null || echo "the kernel has no ceph"
}
# ceph_ask WORD... : something of the monitor, within bounds.
ceph_ask() { timeout 100 ceph --connect-timeout 90 "$@" 2>>/tmp/ceph/ask.log; }
ceph_is_active() { ceph_ask mds stat | grep -q up:active; }

# What is made once, on the disk "server".
ceph_make() {
	monmaptool --create --fsid $CEPH_FSID --addv a '[v1:127.0.0.1:6789]' /tmp/ceph/monmap >/dev/null
	ceph-mon --mkfs -i a --monmap /tmp/ceph/monmap --mon-data /var/lib/ceph/mon/a
}
ceph_make_store() {
	ceph_ask osd new 11111111-2222-3333-4444-555555555555
	mkdir -p /var/lib/ceph/osd/0
	ceph-osd -i 0 --mkfs --osd-uuid 11111111-2222-3333-4444-555555555555 --osd-data /var/lib/ceph/osd/0
}
ceph_make_export() {
	ceph_ask osd pool create metadata 4
	ceph_ask osd pool create data 4
	ceph_ask fs new export metadata data
	touch /var/lib/ceph/made
}

fs_server_start() {
	[ ! -e /tmp/ceph-runs ] || return 0
	use_layer
	disk server /var/lib/ceph
	mkdir -p /etc/ceph /tmp/ceph /run/ceph /var/lib/ceph/{mon,osd,mds}
	cat >/etc/ceph/ceph.conf <<-END
	[global]
	fsid = $CEPH_FSID
	mon_initial_members = a
	mon_host = [v1:127.0.0.1:6789]
	public_addr = 127.0.0.1
	auth_cluster_required = none
	auth_service_required = none
	auth_client_required = none
	osd_pool_default_size = 1
	osd_pool_default_min_size = 1
	mon_allow_pool_size_one = true
	osd_crush_chooseleaf_type = 0
	osd_objectstore = memstore
	memstore_device_bytes = 671088640
	osd_fast_shutdown = false
	osd_memory_target = 939524096
	mds_cache_memory_limit = 67108864
	log_file = /tmp/ceph/\$name.log
	admin_socket = /tmp/ceph/\$name.asok
	run_dir = /tmp/ceph
	END
	[ -d /var/lib/ceph/mon/a ] || ceph_make
	ceph-mon -i a --mon-data /var/lib/ceph/mon/a
	wait_for "the monitor listens" listens 6789
	[ -d /var/lib/ceph/osd/0 ] || ceph_make_store
	# It gives up when it asks the monitor for something before it was told who that is.
	wait_for "the store runs" ceph-osd -i 0 --osd-data /var/lib/ceph/osd/0
	ceph-mds -i a
	[ -e /var/lib/ceph/made ] || ceph_make_export
	wait_for "the metadata server is active" ceph_is_active
	mkdir -p "$EXPORT"
	ceph_mount '' "$EXPORT"
	touch /tmp/ceph-runs
}
# The metadata server, which clients have their sessions with; the store is in memory.
fs_server_restart() {
	pkill -x ceph-mds
	wait_for "the metadata server stops" eval '! pgrep -x ceph-mds >/dev/null'
	ceph-mds -i a
	wait_for "the metadata server is active again" ceph_is_active
}
# The store writes itself to the disk when it is asked to end.
fs_server_stop() {
	local name
	umount "$EXPORT"
	for name in mds osd mon; do
		pkill -x "ceph-$name"
		wait_for "ceph-$name stops" eval "! pgrep -x ceph-$name >/dev/null"
	done
}
# While one client may write to a file, nobody else may keep what is read of it.
server_sync() {
	sync -f "$EXPORT"
	umount "$EXPORT"
	ceph_mount '' "$EXPORT"
}
fs_mount() {
	mkdir -p "${2:-$MNT}"
	ceph_mount ",fsc${1:+,$1}" "${2:-$MNT}"
}
fs_second() { echo fsc=second; }
fs_xfstests() {
	local options=name=admin,ms_mode=legacy,noshare
	[ "$1" = uncached ] || options+=,fsc
	xfstests_config ceph 127.0.0.1:6789:/test 127.0.0.1:6789:/scratch "$options"
}
