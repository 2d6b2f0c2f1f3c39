# SPDX-License-Identifier: GPL-2.0-only
# A file in the cache is written to by a shared mapping.
. ./compat.sh

filled
python3 - "$MNT/$PART/1300001" <<-'END'
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    view = mmap.mmap(file.fileno(), 0)
    for page in range(0, len(view), 5 * 4096):
        view[page + 7:page + 13] = b"mapped"
    view.flush()
    view.close()
END
sync
equal "pieces on the server that were written by a mapping" "$(grep -ao mapped "$EXPORT/$PART/1300001" | wc -l)" 64
written
