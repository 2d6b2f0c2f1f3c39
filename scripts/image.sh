#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes what a virtual machine boots into, for the kernel in $KERNEL (default:
# what kernel.sh makes).  Prints the folder, which holds
#
#   root.img     the guest's root, an ext4 image: Debian with the NFS server
#                and client, cachefilesd, and tools for tests; no init system,
#                as a shell script for process 1 boots faster (guest/init)
#   initramfs/   what is needed to mount that root; vm.sh packs it with the job
#   modules/     the tree of kernel modules as it is in root.img: vm.sh runs
#                depmod on it outside the guest, where that takes a second
#
#   --guest      only make the guest's Debian, and print its folder

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

GUEST_PACKAGES=(
	kmod mount procps psmisc util-linux iproute2 strace time attr acl keyutils python3-minimal
	nfs-kernel-server nfs-common cachefilesd
	samba cifs-utils diod kafs-client
	e2fsprogs xfsprogs btrfs-progs f2fs-tools bindfs util-linux-extra
	fio stress-ng
)

# Modules that a guest without hardware can have a use for: folders of them, and single ones.
MODULES_WANTED=(arch block crypto fs lib mm net security drivers/block drivers/char drivers/md drivers/mtd drivers/virtio drivers/net/veth)

# The archive that the sysroot was made from.
archive() { sed -n "s/^deb \([^ ]*\) $SUITE main.*/\1/p" "$SYSROOT/etc/apt/sources.list" | head -n 1; }

make_guest() {
	local site
	site=$(archive)
	[ -n "$site" ] || die "cannot tell which archive $SYSROOT was made from; remove that folder and run again"
	need_space 6
	say "making the guest's Debian with ${#GUEST_PACKAGES[@]} packages and their needs, about a minute"
	mmdebstrap --quiet --variant=essential --mode=root \
		--include="$(IFS=,; echo "${GUEST_PACKAGES[*]}")" \
		--aptopt='Acquire::Retries "3"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$SUITE" "$1/root" "deb $site $SUITE main" >&2 ||
		die "mmdebstrap failed; is the Debian archive at $site reachable?"
	# A fixed machine: what the NFS client calls itself, who root is.
	echo guest >"$1/root/etc/hostname"
	echo '127.0.0.1 localhost guest' >"$1/root/etc/hosts"
	rm -f "$1/root/etc/resolv.conf"
	rm -rf "$1"/root/var/cache/apt/* "$1"/root/var/lib/apt/lists/* "$1"/root/dev/*
}

make_image() {
	local dir=$1 release from path found
	release=$(cat "$KERNEL/release")
	from=$KERNEL/image/usr/lib/modules/$release
	[ -d "$from" ] || from=$KERNEL/image/lib/modules/$release
	[ -f "$from/vmlinuz" ] || die "$KERNEL/image has no modules folder with a vmlinuz for release $release"
	say "making the guest image for $release"
	local into=$dir/modules/lib/modules/$release
	mkdir -p "$into"
	cp "$from"/modules.builtin* "$from/modules.order" "$into/"
	for path in "${MODULES_WANTED[@]}"; do
		for found in "$from/kernel/$path" "$from/kernel/$path".ko*; do
			[ -e "$found" ] || continue
			mkdir -p "$into/kernel/$(dirname "$path")"
			cp -a "$found" "$into/kernel/$(dirname "$path")/"
		done
	done
	# The modules are unpacked here, byte for byte what the package packed:
	# an emulated machine takes seconds for what takes none here.
	# shellcheck disable=SC2016
	SYSROOT=$SYSROOT "$TOP/scripts/enter.sh" bash -Eeuo pipefail -c '
		dir=$1 release=$2 guest=$3
		find "$dir/modules" -name "*.ko.xz" -print0 | xargs -0 -r -P "$JOBS" -n 40 xz -d
		find "$dir/modules" -name "*.ko.zst" -print0 | xargs -0 -r -P "$JOBS" -n 40 zstd -q -d --rm
		depmod -b "$dir/modules" "$release"

		mkdir -p "$dir"/initramfs/{bin,modules,proc,sys,dev,newroot,job}
		cp /bin/busybox "$dir/initramfs/bin/busybox"
		for module in virtio_pci virtio_blk ext4; do
			modprobe -d "$dir/modules" -S "$release" --show-depends "$module" || true
		done 2>/dev/null | awk '\''$1 == "insmod" && !seen[$2]++ { print $2 }'\'' >"$dir/order"
		while read -r file; do
			cp "$file" "$dir/initramfs/modules/"
			basename "$file" >>"$dir/initramfs/modules/order"
		done <"$dir/order"
		touch "$dir/initramfs/modules/order"
		rm "$dir/order"

		cp -al "$guest/root" "$dir/root"
		mkdir -p "$dir/root/usr/lib/modules"
		cp -al "$dir/modules/lib/modules/$release" "$dir/root/usr/lib/modules/"
		mke2fs -q -t ext4 -L root -O ^has_journal -m 0 -d "$dir/root" "$dir/root.img" 1500M
		rm -r "$dir/root"
	' - "$dir" "$release" "$GUEST" || die "making the guest image failed (see above)"
	cp "$from/vmlinuz" "$dir/vmlinuz"
}

need_tool mmdebstrap mmdebstrap
need_root
SYSROOT=${SYSROOT:-$("$TOP/scripts/sysroot.sh")}
KERNEL=${KERNEL:-$("$TOP/scripts/kernel.sh")}
[ -f "$KERNEL/release" ] || die "KERNEL=$KERNEL is no folder as scripts/kernel.sh makes it: it has no file 'release'"
lock "guest image"
GUEST=$BUILD/guest-$(key_of "$(basename "$SYSROOT")" "${GUEST_PACKAGES[@]}" 1)
have_part "$GUEST" || make_part "$GUEST" make_guest
[ "${1:-}" != --guest ] || { printf '%s\n' "$GUEST"; exit 0; }
final=$BUILD/image-$(cat "$KERNEL/release")-$(key_of "$(basename "$GUEST")" "$(realpath "$KERNEL")" \
	"$(stat -c %Y "$KERNEL/release")" "${MODULES_WANTED[@]}" 1)
have_part "$final" || make_part "$final" make_image
printf '%s\n' "$final"
