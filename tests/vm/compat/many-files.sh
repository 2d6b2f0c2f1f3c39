# SPDX-License-Identifier: GPL-2.0-only
# Many small files (MANY of them).
. ./compat.sh

begin
MANY=${MANY:-300}
python3 - "$EXPORT/$PART" "$MANY" <<-'END'
import os, sys
for i in range(int(sys.argv[2])):
    folder = f"{sys.argv[1]}/{i // 100}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{i}", "wb") as file:
        file.write(os.urandom(1 + i * 37 % 9000))
END
server_sync
daemon_start
fs_mount
cold
equal "files that were read" "$(wc -l </tmp/seen)" "$MANY"
again
warm
more "reads from the cache" "$hits" $((MANY - 1))
fs_umount
rm -r "${EXPORT:?}/$PART"
daemon_stop
