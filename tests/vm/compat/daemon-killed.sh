# SPDX-License-Identifier: GPL-2.0-only
# The daemon is killed while files are read and written: readers and writers go on, and
# read the right bytes; a new daemon, and the cache is used again.
. ./compat.sh
. ./readers.sh

filled
readers_start
writers_start
for turn in 1 2; do
	daemon_kill
	wait_for "the cache is withdrawn" no_cache_active
	more_rounds 2 "without a daemon"
	more_turns 2 "without a daemon"
	daemon_start
	more_rounds 2 "with the new daemon"
	more_turns 2 "with the new daemon"
done
readers_stop
writers_stop
written
