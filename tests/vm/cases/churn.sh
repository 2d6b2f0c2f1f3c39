# SPDX-License-Identifier: GPL-2.0-only
# Debian's own daemon keeps a disk that is too small from being full, for CHURN seconds
# (default 20; an hour by hand) in which files are read, changed on the server and by the
# mount, replaced, deleted and made anew: it stays, and every round reads what the
# server has.
. ./lib.sh
. ./small-disk.sh

[ "$PAIR" = r-r ] || skip "with C, zeroes may be read through a cache whose disk is full; see unwritten.sh"
RANDOM=${SEED:-1}
end=$((SECONDS + ${CHURN:-20}))
small_disk_start
before=$(culled) rounds=0 said=$SECONDS
while [ $SECONDS -lt $end ] || [ $rounds -lt 3 ]; do
	rounds=$((rounds + 1))
	for _ in 1 2 3; do
		file=$((RANDOM % 30 + 1))
		case $((RANDOM % 6)) in
		0) random $EXPORT/big/new $((RANDOM * 100)); mv $EXPORT/big/new "$EXPORT/big/$file" ;;
		1) head -c $((RANDOM * 7)) /dev/urandom >>"$EXPORT/big/$file" ;;
		2) random "$MNT/big/$file" $((RANDOM * 60)) ;;
		3) head -c $RANDOM /dev/urandom >>"$MNT/big/$file" ;;
		4) truncate -s $((RANDOM * 50)) "$MNT/big/$file" ;;
		5) rm -f "$MNT/big/$file"; random "$MNT/big/$file" 2000000 ;;
		esac
	done
	sync
	# What was changed is read by two at once, then by one that looks at it.
	cat $MNT/big/* >/dev/null & first=$!
	cat $MNT/big/* >/dev/null & second=$!
	wait $first $second || fail "round $rounds: a reader met an error"
	[ $((RANDOM % 3)) != 0 ] || echo 1 >/proc/sys/vm/drop_caches
	[ $((RANDOM % 3)) != 0 ] || remount
	sums $MNT/big >/tmp/seen
	sums $EXPORT/big >/tmp/true
	cmp -s /tmp/seen /tmp/true || fail "round $rounds: wrong content through the mount: $(differing /tmp/seen /tmp/true)"
	kill -0 "$DAEMON" 2>/dev/null || fail "round $rounds: the daemon is gone: $(tail -n 2 $DAEMON_LOG)"
	if [ $((SECONDS - said)) -ge 30 ]; then
		say "round $rounds: $(df --output=pcent $CACHE | tail -n 1) full, $(objects) objects, culled $(($(culled) - before)), $((end - SECONDS)) s to go"
		said=$SECONDS
	fi
done
say "$rounds rounds, culled $(($(culled) - before))"
[ "${CHURN:-0}" -lt 60 ] || more "objects culled" $(($(culled) - before)) 10
# The files are others' too.
rm -rf $EXPORT/big
small_disk_stop
