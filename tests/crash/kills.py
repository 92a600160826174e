#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kill -9 at random moments under load, again and again: every sink has to hold
in the end what a run that was never killed writes there.

	kills.py [--kills N] [--seed N] [--keep DIR]

A load is run until it ends, each run being killed after a random time; then
its output is compared, and the next load begins with another input.  Half of
the kills come from outside, at any instruction; the others when the n-th effect
on the disk is reached, so that the short moments between two of them are met
as often as the long ones.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import sys
import time

import common
from common import Bench, ok

MOST = 40  # kills of one load; then it may end


class Load(Bench):
    """A bench with more rows, in epochs of which a run has a few dozen."""

    def __init__(self, root, seed, sinks):
        self.seed = seed
        super().__init__(root, sinks, rows=400, seed=seed, nrows=4000)

    def reference(self):
        """What is to come out, and how long that takes."""
        began = time.monotonic()
        rc = self.run()
        assert rc == 0, self.said()
        want, took = self.outputs(), time.monotonic() - began
        self.clear()
        return want, took


def kill_once(lo, rnd, took):
    """Start it and end it; its exit code, or None when it was killed."""
    fault = None
    if rnd.random() < .5:
        fault = f"*=kill@{int(rnd.expovariate(1 / 150)) + 1}"
    p = lo.start(fault)
    try:
        p.wait(timeout=rnd.uniform(0, took * .6) if fault is None else
               common.TIMEOUT)
    except Exception:
        p.kill()
    rc = lo.end(p, fault or "killed")
    return None if rc is not None and rc < 0 else rc


def one_load(args):
    """Kills until it has ended; (kills, rows, what is wrong)."""
    root, seed, sinks, most, keep = args
    rnd = random.Random(seed)
    lo = Load(root, seed, sinks)
    want, took = lo.reference()
    kills, why = 0, ""
    while kills < most:
        rc = kill_once(lo, rnd, took)
        lo.logs = lo.logs[-4:]
        if rc is None:
            kills += 1
        elif rc == 0:
            break
        else:
            why = f"exit {rc} after {kills} kills"
            break
    if why == "" and kills >= most:
        rc = lo.run()
        why = f"exit {rc} after the last kill" if rc != 0 else ""
    why = why or lo.wrong(want)
    if why:
        why = f"seed {seed}, {kills} kills: {why}\n{lo.said()}"
        if keep:
            shutil.copytree(root, f"{keep}/{seed}", dirs_exist_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    return kills, sum(sum(c.values()) for c in want.values()), why


def loop(base, kills, seed, keep):
    sets = [*common.SINKS.values(), common.both()]
    got = collections.Counter()
    bad = []
    with multiprocessing.Pool(2) as pool:
        while got["kills"] < kills and len(bad) < 3:
            n = min(MOST, max(1, (kills - got["kills"] + 1) // 2))
            jobs = [(f"{base}/{seed + i}", seed + i, sets[(seed + i) % 3], n,
                     keep) for i in range(2)]
            seed += 2
            for k, rows, why in pool.map(one_load, jobs, 1):
                got["kills"] += k
                got["rows"] += rows
                got["loads"] += 1
                bad += [why] if why else []
    return got, bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--kills", type=int, default=60)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", default="")
    args = ap.parse_args()
    base = common.scratch()
    began = time.monotonic()
    try:
        got, bad = loop(base, args.kills, args.seed, args.keep)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    ok(not bad, f"files: {got['kills']} kills in {got['loads']} loads of "
       f"{got['rows']} rows, none lost, none doubled", "\n".join(bad))
    print(f"# {time.monotonic() - began:.0f} s")
    common.done()


if __name__ == "__main__":
    main()
