# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# 9p over virtio, from QEMU: a folder outside of the machine, which vm.sh is told
# to give as "served" and "second".  The tests change it by a third way in,
# "behind", that caches nothing.
. ./servers/9p.sh

EXPORT=/srv/behind

fs_skip_reason() {
	modprobe 9pnet_virtio
	cat /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag 2>/dev/null | tr '\0' '\n' | grep -qx behind ||
		echo "the machine was started without --share behind=FOLDER"
}
fs_server_start() {
	modprobe 9p
	mkdir -p "$EXPORT"
	mountpoint -q "$EXPORT" ||
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072,cache=none behind "$EXPORT"
}
fs_mount() {
	local tag=served
	# One way in takes one mount.
	[[ ${1:-} != *cachetag=second* ]] || tag=second
	mkdir -p "${2:-$MNT}"
	mount -t 9p -o "trans=virtio,version=9p2000.L,msize=131072,cache=fscache,cachetag=first${1:+,$1}" $tag "${2:-$MNT}"
}
# What xfstests mounts are two folders of their own: "served" is the server's folder
# "test", and "second" is "scratch".
fs_xfstests() {
	local options
	options=trans=virtio,version=9p2000.L,msize=131072,$(plan9_cache "$1")
	xfstests_config 9p served second "$options,cachetag=test" "$options,cachetag=scratch"
}
