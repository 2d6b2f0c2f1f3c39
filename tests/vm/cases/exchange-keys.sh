# SPDX-License-Identifier: GPL-2.0-only
# Thousands of objects with made-up keys, coherency data and sizes, stored by one
# cachefiles and found by the other, both ways, page by page.  What is found is the cache
# as a crash would leave it: with objects that were in use for changes, and have the mark
# of that, which each cachefiles has to know from the other.
# pairs: r-r
. ./lib.sh
. ./modules.sh

stock=/lib/modules/$RELEASE/kernel/fs/cachefiles/cachefiles.ko
ours=$HERE/.vm/ours/cachefiles.ko
[ -f "$ours" ] || skip "our cachefiles.ko is not built"
[ -x exerciser/drive ] && [ -f exerciser/fscache-exerciser.ko ] ||
	fail "the exerciser is not in the job; tests/exerciser/run.sh --stage puts it there"
disk cache $CACHE
MARK=user.CacheFiles.cache
# Of each of eight volumes.  The debug kernel takes half an hour for as many as others.
OBJECTS=$((250 / (${SLOW:-1} > 1 ? 4 : 1)))

# Run by the driver: takes a copy when all $IN_USE objects that are in use have their mark, the
# 18th byte of the attribute, which is some time after the use begins.
marked() {
	find $CACHE/keys/cache -type f -print0 | xargs -0 -r getfattr --absolute-names -e hex -n $MARK |
		grep -c "^$MARK=0x.\{34\}04"
}
copy_in_use() {
	until [ "$(marked 2>/dev/null)" -ge "$IN_USE" ]; do sleep 1; done
	# Without the word, small files that nothing is stored of become zeros.
	cp -a --sparse=always $CACHE/keys $CACHE/crashed
}
if [ "${1:-}" = copy ]; then
	copy_in_use
	exit
fi

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
	exerciser/drive --seed "$2" --cache $CACHE/keys --objects $OBJECTS --in-use "timeout $((300 * ${SLOW:-1})) bash $0 copy" "$3" >/tmp/exchange.out || {
		cat /tmp/exchange.out
		fail "seed $2, $3 with $1: $(grep -m 1 -e FAIL: -e refused /tmp/exchange.out | sed 's/^ *FAIL: //')"
	}
	[ "$3" != stored ] || crashed
	grep -e ' objects ' -e ' pages ' /tmp/exchange.out
}
# crashed : the cache is what it was while objects were in use.
crashed() {
	unload fscache_exerciser
	unload cachefiles
	rm -rf $CACHE/keys
	mv $CACHE/crashed $CACHE/keys
}

SEED=${SEED:-1}
rm -rf $CACHE/keys
mkdir $CACHE/keys
drive_with stock "$SEED" stored
drive_with ours "$SEED" found
drive_with ours "1$SEED" stored
drive_with stock "1$SEED" found
drive_with stock "$SEED" found
more "objects that were stored" "$(find $CACHE/keys/cache -type f | wc -l)" $((14 * OBJECTS))
unload fscache_exerciser
unload_all
rm -rf $CACHE/keys
