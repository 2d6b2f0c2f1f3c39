# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# AFS: OpenAFS's file and database servers, of a cell without Kerberos, in which everybody may do
# everything; and the kernel's own client. What is done "on the server" is done by a client of its
# own, in a network namespace, which is another machine to the server. It caches nothing on disk:
# both clients give the volume the same key, and the first to mount it has it.
# packages: openafs-fileserver openafs-dbserver openafs-client
. ./servers/common.sh
. ./layer.sh

EXPORT=/srv/afs
AFS_SERVER=10.77.0.1

fs_skip_reason() {
	modprobe kafs 2>/dev/null || echo "the kernel has no kafs"
}
# afs_elsewhere COMMAND... : on the other machine.
afs_elsewhere() { nsenter --net=/run/netns/elsewhere "$@"; }
# afs_daemon NAME OPTION... : one of the servers, which stay in the foreground.
afs_daemon() {
	local name=$1
	shift
	setsid "/usr/lib/openafs/$name" "$@" </dev/null >"/tmp/afs-$name.log" 2>&1 &
}
quietly() { "$@" >/dev/null 2>&1; }
# afs_files : the server of files, and the one that is asked about it.
afs_files() {
	afs_daemon fileserver -L
	afs_daemon volserver
	wait_for "the file server answers" quietly vos listvol guest -noauth
}
afs_mount() { mount -t afs '%cell.test:export' "$1"; }

# afs_volume : the volume "export".
afs_volume() {
	# A new volume is its administrators' only, and nobody is one without a key. So it is made
	# from a copy of a new one, in which "everybody" stands where "administrators" did.
	vos create guest a mould -maxquota 0 -noauth >/dev/null
	vos dump mould -file /tmp/mould -noauth 2>/dev/null
	python3 - <<-'END'
	administrators, everybody, all_rights = (n.to_bytes(4, "big", signed=n < 0) for n in (-204, -101, 127))
	with open("/tmp/mould", "rb") as file:
	    mould = file.read()
	assert mould.count(administrators + all_rights) == 1
	with open("/tmp/export", "wb") as file:
	    file.write(mould.replace(administrators + all_rights, everybody + all_rights))
	END
	vos restore guest a export -file /tmp/export -noauth >/dev/null
}

fs_server_start() {
	[ ! -e /tmp/afs-runs ] || return 0
	local known=''
	use_layer
	modprobe veth
	ip netns add elsewhere
	ip link add afs0 type veth peer name afs1 netns elsewhere
	ip addr add $AFS_SERVER/24 dev afs0
	ip link set afs0 up
	afs_elsewhere ip addr add 10.77.0.2/24 dev afs1
	afs_elsewhere ip link set afs1 up
	afs_elsewhere ip link set lo up
	# OpenAFS knows no server at the loopback address.
	printf '%s guest\n127.0.0.1 localhost\n' $AFS_SERVER >/etc/hosts
	# It looks for its partitions among what is mounted there.
	ln -sf /proc/self/mounts /etc/mtab
	disk server /vicepa
	touch /vicepa/AlwaysAttach
	# Its databases are on the same disk, so that they outlive a boot as well.
	[ ! -d /vicepa/databases ] || known=1
	mkdir -p /etc/openafs/server /vicepa/databases/{db,local} /var/log/openafs
	ln -s /vicepa/databases /var/lib/openafs
	echo cell.test | tee /etc/openafs/ThisCell >/etc/openafs/server/ThisCell
	printf '>cell.test\n%s #guest\n' $AFS_SERVER | tee /etc/openafs/CellServDB >/etc/openafs/server/CellServDB
	# Whoever asks may change volumes and users.
	touch /var/lib/openafs/local/NoAuth
	afs_daemon ptserver
	afs_daemon vlserver
	wait_for "the database of users answers" quietly pts listentries -noauth
	wait_for "the database of volumes answers" quietly vos listvldb -noauth
	afs_files
	[ -n "$known" ] || afs_volume
	# Where the cell is, the kernel asks kafs-client's program, which looks here.
	cat >/etc/kafs/client.conf <<-END
	[cells]
	cell.test = {
		use_dns = no
		servers = {
			guest = {
				address = $AFS_SERVER
			}
		}
	}
	END
	mkdir -p "$EXPORT" "$MNT"
	# In this order, see above.
	afs_mount "$MNT"
	afs_elsewhere mount -t afs '%cell.test:export' "$EXPORT"
	umount "$MNT"
	touch /tmp/afs-runs
}
afs_files_stop() {
	# By this it puts its volumes in order first.
	pkill -QUIT -x fileserver
	pkill -x volserver
	wait_for "the file server stops" eval '! pgrep -x "fileserver|volserver" >/dev/null'
}
fs_server_restart() {
	afs_files_stop
	afs_files
}
fs_server_stop() {
	afs_elsewhere umount "$EXPORT"
	afs_files_stop
	pkill -x 'vlserver|ptserver'
	wait_for "its databases stop" eval '! pgrep -x "vlserver|ptserver" >/dev/null'
}
fs_mount() {
	mkdir -p "${2:-$MNT}"
	afs_mount "${2:-$MNT}"
}
fs_second() { :; }
fs_caches_folders() { true; }
fs_cannot() {
	case $1 in
	changed-cold) echo "kafs waits for itself: it writes out what it has read for the cache under a lock that it takes to write" ;;
	two-mounts) echo "a volume is mounted once, however often it is mounted" ;;
	server-restart) echo "kafs does not wait for a server that is down, so writers meet an error" ;;
	large) echo "the server takes a hole for as much of its disk as data, and that has 1 GiB" ;;
	esac
}
# Not yet: it wants two volumes.
fs_xfstests() { fail "xfstests is not set up for AFS"; }
