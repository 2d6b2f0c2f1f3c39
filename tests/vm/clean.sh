#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Leaves nothing of a case behind that the next one could meet.  What cannot be
# cleaned away is itself a failure: a mount that hangs, a cache that stays.

. "$(dirname "$0")/lib.sh"
. "$HERE/modules.sh"

pkill -KILL -x cachefilesd || true
# Folders that a case mounted, the newest first.
awk '$3 ~ /^(nfs|nfs4|9p|cifs|afs|ceph)$/ && $2 ~ "^/mnt/" { print $2 }' /proc/mounts | tac | while read -r folder; do
	timeout -s KILL $((120 * ${SLOW:-1})) umount "$folder" || fail "$folder cannot be unmounted after case $1"
done
wait_for "the cache is withdrawn after case $1" no_cache_active
# A case that failed may have left it loaded, and fscache with it.
unload fscache_exerciser
# A case may have swapped the pair's cachefiles for the other one.
case $(module_origin cachefiles) in
none | "$(module_wanted cachefiles)") ;;
*) unload cachefiles ;;
esac
