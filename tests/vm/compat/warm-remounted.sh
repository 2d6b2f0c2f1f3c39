# SPDX-License-Identifier: GPL-2.0-only
# What was read once comes from the cache after a remount; also with a new daemon.
. ./compat.sh

filled
warm
fs_umount
daemon_stop
daemon_start
fs_mount
warm
fs_umount
daemon_stop
