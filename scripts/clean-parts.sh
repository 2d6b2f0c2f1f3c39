#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Removes the prepared parts: sysroot, kernel tree, guest image.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -d "$BUILD" ] || exit 0
for part in "$BUILD"/*-*/; do
	[ -d "$part" ] || continue
	say "removing $(basename "$part")"
	rm -rf --one-file-system "$part"
done
