# SPDX-License-Identifier: GPL-2.0-only
# What tests/vm/serve is told to do.
. ./compat.sh

begin
daemon_start
fs_mount
cd "$MNT" || fail "there is no mount"
eval "$COMMAND" || fail "the command ended with status $?"
cd /
fs_umount
daemon_stop
