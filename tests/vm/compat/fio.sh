# SPDX-License-Identifier: GPL-2.0-only
# fio: files written in several ways at once, every block with a checksum in it, which
# fio looks at when all is written, and again after remounts: from the server, and then
# from the cache.
. ./compat.sh

# Blocks that begin and end at no page, too; and a mapping.
ways() {
	cat <<-END
	[sequential]
	rw=$1
	bs=64k
	size=4m
	[unaligned]
	rw=$2
	bs=5003
	size=2501500
	[mixed]
	rw=$3
	bs=12k
	size=3m
	[mapped]
	ioengine=mmap
	rw=$2
	bs=3k
	size=1536k
	END
}
# fio_run WHEN OPTION... : what ways() says on its input.
fio_run() {
	local when=$1
	shift
	fio --directory="$MNT/$PART" --filename_format='$jobname' --ioengine=psync --verify=crc32c \
		--verify_fatal=1 --randseed=7 --eta=never --output=/tmp/fio.out "$@" - 2>/tmp/fio.err || {
		cat /tmp/fio.err
		fail "fio failed $when: $(grep -m 1 -iE 'verify|error|fio:' /tmp/fio.err)"
	}
	[ ! -s /tmp/fio.err ] || fail "fio complained $when: $(head -n 1 /tmp/fio.err)"
}
# fio_reads WHEN : what was written, in whatever order, is there.
fio_reads() {
	# The seed in a block's head is known only to who wrote it; and what is mixed has
	# blocks without one, which fio only read.
	ways read read read | fio_run "$1" --verify_header_seed=0 --section=sequential --section=unaligned --section=mapped
}

begin
daemon_start
fs_mount
ways write randwrite randrw | fio_run "while it wrote"
sync
matches
again
fio_reads "after a remount"
again
hits=$(stat_of CaRdOps RD)
fio_reads "with a warm cache"
more "reads of fio from the cache" "$(stat_of CaRdOps RD)" "$hits"
written
