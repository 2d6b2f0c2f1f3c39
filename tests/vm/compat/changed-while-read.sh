# SPDX-License-Identifier: GPL-2.0-only
# A file is rewritten, with the same size, on the server while the client is reading it: what it reads
# is of before, and must not be found in the cache afterwards.
#
# The network is so slow that the answer with the old content is still coming in when the client hears
# of the change, for which it needs another connection.
. ./compat.sh

connections=$(fs_connections)
[ -n "$connections" ] || excuse "the client has one connection, by which it hears of a change after what it reads"
size=131072
file=$MNT/$PART/file

# For 17 seconds of answer.
slow_network() {
	modprobe -a sch_tbf sch_sfq
	# The change is not to wait until a reader has given back what it was promised.
	echo 0 >/proc/sys/fs/leases-enable
	ip link set lo mtu 1500
	tc qdisc add dev lo root handle 1: tbf rate 60kbit burst 5k limit 8m
	tc qdisc add dev lo parent 1:1 handle 2: sfq
}
network_again() {
	tc qdisc del dev lo root
	ip link set lo mtu 65536
	echo 1 >/proc/sys/fs/leases-enable
}
sent_bytes() { cat /sys/class/net/lo/statistics/tx_bytes; }
answered() { [ $(($(sent_bytes) - sent)) -gt 20000 ]; }
told() { : <"$file" && [ "$(stat_of Invals n)" -gt "$invalidations" ]; }

begin
random "$EXPORT/$PART/file" $size
random /tmp/new $size
cp "$EXPORT/$PART/file" /tmp/old
server_sync
daemon_start
fs_mount "$connections"
ls "$MNT/$PART" >/dev/null
trap network_again EXIT
slow_network
sent=$(sent_bytes) invalidations=$(stat_of Invals n)
dd if="$file" of=/tmp/was-read bs=$size count=1 status=none & reader=$!
wait_for "the server answers" answered
# Past its page cache, out of which it may be answering.
dd if=/tmp/new of="$EXPORT/$PART/file" bs=$size oflag=direct conv=notrunc status=none
wait_for "the client hears of the change" told
kill -0 $reader || fail "it was read before the client heard of the change"
wait $reader
network_again
trap - EXIT
cmp /tmp/was-read /tmp/old || fail "nothing was read that was of before the change"
again
right
ends_warm
