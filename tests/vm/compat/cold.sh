# SPDX-License-Identifier: GPL-2.0-only
# What is not in the cache comes from the server, and is stored.  And the modules
# are those of the pair.
. ./compat.sh
. ./modules.sh

begin
put_files
daemon_start
fs_mount
for name in fscache netfs cachefiles; do module_line $name >/dev/null; done
stored=$(stat_of CaWrOps WR)
cold
fs_umount
more "writes to the cache" "$(stat_of CaWrOps WR)" "$stored"
daemon_stop
more "files in the cache" "$(objects)" 6
