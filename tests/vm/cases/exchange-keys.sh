# SPDX-License-Identifier: GPL-2.0-only
# Thousands of objects with made-up keys, coherency data and sizes, stored by one
# cachefiles and found by the other, both ways, page by page.
. ./lib.sh
. ./modules.sh

stock=/lib/modules/$RELEASE/kernel/fs/cachefiles/cachefiles.ko
ours=$HERE/.vm/ours/cachefiles.ko
[ -f "$ours" ] || skip "our cachefiles.ko is not built"
[ -x exerciser/drive ] && [ -f exerciser/fscache-exerciser.ko ] ||
	fail "the exerciser is not in the job; tests/exerciser/run.sh --stage puts it there"
disk cache $CACHE

# drive_with WHOSE SEED PHASE : with that one's cachefiles, and no other.
drive_with() {
	unload fscache_exerciser
	unload cachefiles
	loaded netfs || modprobe netfs
	insmod "${!1}"
	equal "whose cachefiles is loaded" "$(module_origin cachefiles)" "$1"
	insmod exerciser/fscache-exerciser.ko
	wait_for "the devices appear" test -e /dev/fscache-exerciser -a -e /dev/cachefiles
	say "seed $2, $3, with the cachefiles that is $1"
	exerciser/drive --seed "$2" --cache $CACHE/keys "$3" >/tmp/exchange.out || {
		cat /tmp/exchange.out
		fail "seed $2, $3 with $1: $(grep -m 1 -e FAIL: -e refused /tmp/exchange.out | sed 's/^ *FAIL: //')"
	}
}

SEED=${SEED:-1}
rm -rf $CACHE/keys
mkdir $CACHE/keys
drive_with stock "$SEED" stored
drive_with ours "$SEED" found
drive_with ours "1$SEED" stored
drive_with stock "1$SEED" found
drive_with stock "$SEED" found
more "objects that were stored" "$(find $CACHE/keys/cache -type f | wc -l)" 3500
unload fscache_exerciser
unload_all
rm -rf $CACHE/keys
