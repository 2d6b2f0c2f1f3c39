# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What 9p has in common, whichever way it goes.
. ./servers/common.sh

# plan9_cache cached|uncached : without a cache on disk, pages are kept as long.
plan9_cache() { case $1 in cached) echo cache=fscache ;; *) echo cache=loose ;; esac; }
fs_second() { echo cachetag=second; }
fs_cannot() {
	case $1 in
	*-mounted | changed-cold) echo "a 9p client with cache=fscache does not ask the server again while it is mounted" ;;
	esac
}
