# SPDX-License-Identifier: GPL-2.0-only
# fsx (scripts/fsx.sh): random changes of one file, by calls and by mappings, each read
# back and compared with what fsx knows it has written.  A seed is always the same sequence.
. ./compat.sh

[ -x ./fsx ] || skip "fsx was not built; scripts/fsx.sh does it"
begin
daemon_start
fs_mount
# Not every filesystem can do all of it; fsx takes an error for a failure.
holes=5
random /tmp/piece 16384
cp /tmp/piece "$MNT/$PART/probe"
fallocate -p -o 4096 -l 4096 "$MNT/$PART/probe" 2>/tmp/probe || { holes=0; say "no holes are punched: $(cat /tmp/probe)"; }
rm "$MNT/$PART/probe"

# fsx_run NAME SEED OPERATIONS LARGEST ALIGNMENT
fsx_run() {
	local reserve=2
	# Aligned, it asks now and then to reserve no bytes at all, which is an error.
	[ "$5" = 1 ] || reserve=0
	cat >/tmp/fsx.toml <<-END
	flen = 1000003
	[opsize]
	min = 1
	max = $4
	align = $5
	[weights]
	close_open = 5
	invalidate = 3
	fsync = 1
	fdatasync = 1
	sendfile = 5
	posix_fadvise = 3
	posix_fallocate = $reserve
	copy_file_range = 5
	punch_hole = $holes
	END
	./fsx -f /tmp/fsx.toml -S "$2" -N "$3" -P /tmp "$MNT/$PART/$1" >/tmp/fsx.log 2>&1 || {
		tail -n 12 /tmp/fsx.log
		fail "fsx with seed $2 failed: $(grep -m 1 -iE 'error|panicked|mismatch|not support' /tmp/fsx.log)"
	}
	grep -q 'All operations completed' /tmp/fsx.log || fail "fsx with seed $2 did not say that it is done"
}
fsx_run any 1 500 131071 1
fsx_run small 2 500 5000 1
fsx_run pages 3 500 65536 4096
written
