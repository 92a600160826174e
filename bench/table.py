#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of bench/run.sh: minima, floors and what the goals allow.

usage: table.py LINES
"""
import sys

best = {}
with open(sys.argv[1], encoding="utf-8") as f:
    for line in f:
        name, *pairs = line.split()
        got = {k: float(v) for k, v in (p.split("=") for p in pairs)}
        old = best.setdefault(name, got)
        for key in ("cpu_per_million", "peak_mib"):
            old[key] = min(old[key], got[key])
        old["events_per_s"] = max(old["events_per_s"], got["events_per_s"])

c, p, bronze, silver = (best.get(n, {}).get("cpu_per_million", 0) for n in (
    "consume", "produce", "pyarrow_bronze", "pyarrow_silver"))
goals = {
    "weir_gold": (c + 0.6, 96),
    "weir_medallion": (c + bronze + silver + 1.0, 256),
    "weir_pass": (c + p + 0.8, None),
    "weir_pass_once": (
        1.4 * best.get("weir_pass", {}).get("cpu_per_million", 0), None),
}
print("| what | CPU s per million | at most | events/s | peak MiB | at most |")
print("|---|---|---|---|---|---|")
for name, b in best.items():
    goal, room = goals.get(name, (None, None))
    print(f"| {name} | {b['cpu_per_million']:.2f} | "
          f"{'' if goal is None else f'{goal:.2f}'} | "
          f"{b['events_per_s']:.0f} | {b['peak_mib']:.0f} | "
          f"{'' if room is None else room} |")
