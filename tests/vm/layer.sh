# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The disk "layer" (scripts/layer.sh): packages that the guest does not have.

# use_layer : lay them over the guest's own; once in a boot.
use_layer() {
	[ ! -e /tmp/layer-is-used ] || return 0
	mkdir -p /layer
	mount -t ext4 -o ro /dev/vm/layer /layer
	modprobe overlay
	mount -t overlay -o lowerdir=/layer/usr:/usr overlay /usr
	[ ! -d /layer/etc ] || cp -an /layer/etc/. /etc/
	touch /tmp/layer-is-used
}
