# SPDX-License-Identifier: GPL-2.0-only
"""Make a folder of files of many sizes, sparse and empty ones among them."""
import os
import sys

top = sys.argv[1]


def put(name, *parts, size=None):
    """Write each (offset, bytes) of parts, then set the size."""
    name = os.path.join(top, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        for offset, content in parts:
            file.seek(offset)
            file.write(content)
        if size is not None:
            file.truncate(size)


for i in range(1, 81):
    put(f"small/{i}", (0, os.urandom(i * 397)))
for i in 1, 2, 3:
    put(f"large/{i}", (0, os.urandom(i * (1 << 20) + i * 1021)))
for i in 1, 2, 3:
    put(f"odd/empty{i}")
# Either side of a page, and of what one read asks for.
for i in 1, 4095, 4096, 4097, 262143, 262144, 262145:
    put(f"odd/size{i}", (0, os.urandom(i)))
put("odd/hole", size=3 << 20)
put("odd/sparse", (1000000, b"middle"), (2500000, b"end"), size=2500123)
