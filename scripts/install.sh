#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Puts the modules that were built under updates/ of the kernel that runs, or of
# KERNELRELEASE below DESTDIR, where modprobe prefers them, and runs depmod.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

modules=$TOP/build/modules
release=${KERNELRELEASE:-$(uname -r)}
to=${DESTDIR:-}/lib/modules/$release

for name in fscache netfs cachefiles; do
	[ -f "$modules/$name/$name.ko" ] || die "build/modules/$name/$name.ko is missing; run 'make' first"
done
[ -d "$to" ] || die "there is no $to: is kernel $release installed? set KERNELRELEASE= to the one that is meant"
need_tool depmod kmod
need_tool modinfo kmod
for name in fscache netfs cachefiles; do
	built=$(modinfo -F vermagic "$modules/$name/$name.ko" | cut -d ' ' -f 1)
	[ "$built" = "$release" ] ||
		die "$name.ko was built for kernel $built, not for $release; build it with KDIR= of that kernel, or set KERNELRELEASE="
done
[ -w "$to" ] || die "cannot write to $to; run as root"
install -d "$to/updates"
for name in fscache netfs cachefiles; do
	install -m 0644 "$modules/$name/$name.ko" "$to/updates/$name.ko.new"
	strip --strip-debug "$to/updates/$name.ko.new" 2>/dev/null || true
	mv "$to/updates/$name.ko.new" "$to/updates/$name.ko"
done
depmod ${DESTDIR:+-b "$DESTDIR"} "$release" || die "depmod failed; the modules are in $to/updates"
say "installed into $to/updates; 'modprobe nfs' and 'modprobe cachefiles' take them from now on"
