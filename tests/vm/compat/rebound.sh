# SPDX-License-Identifier: GPL-2.0-only
# The cache is withdrawn and bound again while files are read and written: readers and
# writers go on, and read the right bytes; and the cache is used again.
. ./compat.sh
. ./readers.sh

filled
readers_start
writers_start
for turn in 1 2; do
	daemon_stop
	more_rounds 2 "without a cache"
	more_turns 2 "without a cache"
	daemon_start
	more_rounds 2 "with the cache again"
	more_turns 2 "with the cache again"
done
readers_stop
writers_stop
written
