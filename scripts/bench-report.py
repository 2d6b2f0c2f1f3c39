#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Makes tables, and one JSON file, of what scripts/bench.sh measured:
bench-report.py RAW-FOLDER JSON-FILE KERNEL-RELEASE

The JSON file is an object:
  format    1; grows when a field changes its meaning
  kernel    release of the kernel
  rows      a list of objects, each one thing that was measured:
    part      cost, time, scale, transfers, sequential or throughput: the
              boot (see bench.sh --help)
    name      which operation, or which memory
    cookies   how many there were at that time
    volumes   ... and of these
    threads   how many did the same at once
    unit      instructions, ns (per operation and thread), or bytes (per cookie)
    pairs     by pair, as in "r-c" (Rust fscache, C cachefiles): an object with
      median    of the rounds
      rounds    all of them
    ratios    by two pairs, as in "r-c/c-c": the one's median by the other's

Fails when an operation of ours costs more than a tenth more with the most cookies than
with the fewest, or when one of our cookies takes more memory than C's.
"""
import collections
import json
import os
import statistics
import sys

PAIRS = ["c-c", "r-c", "c-r", "r-r"]
# Our fscache with either cachefiles, and both of ours together, to C.
RATIOS = [("r-c", "c-c"), ("r-r", "c-r"), ("r-r", "c-c")]
FLAT = 1.10
# The slabs' last pages are not full.
MEMORY = 1.005


def read(folder):
    """The values of each row, by pair, in the order of the driver."""
    rows = collections.OrderedDict()
    for file in sorted(os.listdir(folder)):
        if file.count(".") != 2:
            continue
        part, pair, _ = file.split(".")
        with open(os.path.join(folder, file)) as lines:
            for row in json.load(lines):
                unit = row["unit"]
                if unit == "ns" and part not in ("time", "throughput"):
                    unit = "instructions"
                key = (part, row["name"], row["cookies"], row["volumes"], row["threads"], unit)
                rows.setdefault(key, {}).setdefault(pair, []).append(row["value"])
    result = []
    for key, values in rows.items():
        row = dict(zip(("part", "name", "cookies", "volumes", "threads", "unit"), key))
        row["pairs"] = {pair: {"median": statistics.median(values[pair]), "rounds": values[pair]}
                        for pair in PAIRS if pair in values}
        medians = {pair: value["median"] for pair, value in row["pairs"].items()}
        row["ratios"] = {f"{ours}/{c}": round(medians[ours] / medians[c], 4)
                         for ours, c in RATIOS if ours in medians and medians.get(c)}
        result.append(row)
    return result


def mark(ours, c):
    return "!" if c and ours > 1.005 * c else " "


def ratio(row, ours, c):
    value = row["ratios"].get(f"{ours}/{c}")
    return f"{value:7.2f}{mark(value, 1)}" if value is not None else " " * 8


def value(row, pair):
    return f"{row['pairs'][pair]['median']:10.0f}" if pair in row["pairs"] else "         -"


def table(title, rows):
    if not rows:
        return
    print(f"\n{title}")
    print(f"  {'':28}{'cookies':>9}{'volumes':>8}" + "".join(f"{pair:>10}" for pair in PAIRS)
          + "".join(f" {ours + '/' + c:>8}" for ours, c in RATIOS))
    for row in rows:
        print(f"  {row['name']:28}{row['cookies']:>9}{row['volumes']:>8}"
              + "".join(value(row, pair) for pair in PAIRS)
              + "".join(" " + ratio(row, ours, c) for ours, c in RATIOS))


def scale(rows):
    """By operation and volumes: a line for each fscache, a column for each size.
    Returns what of ours grows with the number of cookies."""
    grown = []
    lines = collections.OrderedDict()
    for row in rows:
        for pair, values in row["pairs"].items():
            lines.setdefault((row["name"], row["volumes"], pair[0]), {})[row["cookies"]] = values["median"]
    if not lines:
        return grown
    sizes = sorted({size for line in lines.values() for size in line})
    print("\nWith so many cookies that nobody uses, and no cache bound (so that a use leaves them\n"
          "QUIESCENT): instructions, and the ratio of the most to the first")
    print(f"  {'':28}{'volumes':>9}  {'':7}" + "".join(f"{size:>10}" for size in sizes) + "   most/first")
    for (name, volumes, fscache), line in lines.items():
        known = [line[size] for size in sizes if size in line]
        c = lines.get((name, volumes, "c"), {})
        # On the way there the allocator is measured too, which finds the first at hand.
        judged = len(known) > 1 and known[0] and not name.endswith("-filling")
        growth = max(known) / known[0] if judged else None
        print(f"  {name:28}{volumes:>9}  {'C' if fscache == 'c' else 'ours':7}"
              + "".join(f"{line[size]:9.0f}{mark(line[size], c.get(size))}" if size in line else "        - "
                        for size in sizes)
              + (f"   {growth:8.2f}{'  not flat!' if growth > FLAT else ''}" if growth else ""))
        if growth and growth > FLAT and fscache == "r":
            grown.append(f"{name} in {volumes} volumes costs {growth:.2f} times as much with most cookies as with fewest")
    return grown


def memory(rows):
    """What of ours takes more memory than C's."""
    return [f"{row['name']} takes {row['pairs']['r-c']['median']:.1f} bytes, C {row['pairs']['c-c']['median']:.1f}"
            for row in rows if row["unit"] == "bytes" and row["ratios"].get("r-c/c-c", 0) > MEMORY]


def main():
    folder, file, release = sys.argv[1:]
    rows = read(folder)
    with open(file, "w") as out:
        json.dump({"format": 1, "kernel": release, "rows": rows}, out, indent=1)
        out.write("\n")
    print(f"Kernel {release}; pairs are <fscache>-<cachefiles>, c is the kernel's own, r is ours.\n"
          "Where ours costs more than C, it is marked '!'.")
    table("What an operation costs, in instructions (one processor)",
          [row for row in rows if row["part"] == "cost"])
    table("What an operation takes, in ns (two emulated processors)",
          [row for row in rows if row["part"] == "time" and row["threads"] == 1])
    table("What it takes when two threads do it at once, in ns",
          [row for row in rows if row["part"] == "time" and row["threads"] > 1])
    table("What a transfer costs, and what else the backend does, in instructions",
          [row for row in rows if row["part"] == "transfers"])
    table("What each MiB of a large file costs that is read from its beginning to its end, in instructions",
          [row for row in rows if row["part"] == "sequential"])
    table("What it takes, in ns (two emulated processors, a virtual disk)",
          [row for row in rows if row["part"] == "throughput"])
    wrong = scale([row for row in rows if row["part"] == "scale" and row["unit"] == "instructions"])
    table("Memory of each of so many cookies, in bytes",
          [row for row in rows if row["unit"] == "bytes"])
    wrong += memory(rows)
    for line in wrong:
        print(f"FAIL: {line}")
    sys.exit(1 if wrong else 0)


main()
