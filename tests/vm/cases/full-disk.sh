# SPDX-License-Identifier: GPL-2.0-only
# A disk that is too small for what is read: objects are culled, the reader sees
# no error, and the daemon stays.
. ./lib.sh
. ./small-disk.sh

small_disk_start
before=$(culled)
small_disk_round 1
small_disk_round 2
more "objects culled" $(($(culled) - before)) 10
small_disk_stop
