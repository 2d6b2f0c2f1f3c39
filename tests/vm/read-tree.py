# SPDX-License-Identifier: GPL-2.0-only
"""Print the checksum, size and name of every file in a folder, by name.

One process for all files, because under emulation a process costs more than
most files do.  Says on standard error how far it is.
"""
import hashlib
import os
import sys
import time

top = sys.argv[1]
names = sorted(
    os.path.join(folder, name)
    for folder, _, files in os.walk(top, onerror=lambda error: sys.exit(str(error)))
    for name in files
)
told, done = time.monotonic(), 0
for count, name in enumerate(names, 1):
    digest, size = hashlib.sha256(), 0
    with open(name, "rb", buffering=0) as file:
        while part := file.read(1 << 20):
            digest.update(part)
            size += len(part)
    done += size
    print(digest.hexdigest(), size, os.path.relpath(name, top))
    if time.monotonic() - told >= 5:
        told = time.monotonic()
        print(f"  {count} of {len(names)} files, {done >> 20} MiB", file=sys.stderr, flush=True)
