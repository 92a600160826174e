#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weir replay killed at every place it comes to, and started again: each row
must be in each sink once, whatever it has become, and the audit must prove it.

	replay.py [--every N] [--long] [--seed N]

--every N tries every N-th place (default 6), --long all of them, with failing
disks and second kills besides.
"""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys

import common
from common import WEIR, ok

PIPELINE = """settings {{
    state: "state"
    quarantine: "out/quarantine"
    epoch: {{ rows: 60, every: 1h }}
}}
schema event {{
    id: int64!, at: timestamp!, card: string{required}, amount: decimal(12, 2)
    parts: int32!, tags: list(string)
}}
raw = file.read("in/*.ndjson")
ev = raw -> json.decode(event) -> watermark(at, delay: 20s, max_ahead: 87600h)
    -> set {{ share: {share}, card: card ?? "none", place: origin.value }}
    -> drop(tags)
ev -> parquet.write("out/long", roll: {{ epochs: 3 }})
ev -> csv.write("out/rows", roll: {{ rows: 90 }})
ev -> window.tumbling(10s, by: card) {{ n: count(), total: sum(amount) }}
    -> parquet.write("out/gold")
"""
VERSIONS = {
    "broken": PIPELINE.format(required="!", share="amount / parts"),
    "wider": PIPELINE.format(required="", share="amount / parts"),
    "mended": PIPELINE.format(
        required="", share="amount / if parts == 0 then 1 else parts"),
}


def make_input(where, rnd, rows=260):
    os.makedirs(where)
    with open(f"{where}/0.ndjson", "w", encoding="utf-8") as out:
        for n in range(rows):
            row = {"id": n, "at": f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}Z",
                   "card": f"c{rnd.randrange(4)}",
                   "amount": rnd.randrange(10000) / 100,
                   "parts": rnd.randrange(6),
                   "tags": ["a tag of some length"] * rnd.randrange(3)}
            if rnd.random() < .2:
                del row["card"]
            out.write(json.dumps(row) + "\n")


class Place:
    """A directory in which the runs before the replay have been."""

    def __init__(self, root, rnd):
        self.root = root
        self.said = ""
        make_input(f"{root}/in", rnd)
        for name, text in VERSIONS.items():
            with open(f"{root}/{name}.weir", "w", encoding="utf-8") as f:
                f.write(text)

    def weir(self, *args, fault=None):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("WEIR_") or k == "WEIR_PLUGIN_PATH"}
        if fault:
            env["WEIR_FAULT"] = fault
        p = subprocess.run([WEIR, *args], cwd=self.root, env=env, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, errors="replace",
                           timeout=common.TIMEOUT)
        self.said += f"-- {' '.join(args)} {fault or ''}: {p.returncode}\n" + \
            p.stdout[-1500:]
        return p.returncode

    def save(self):
        shutil.copytree(self.root, f"{self.root}.kept")

    def restore(self):
        self.said = ""
        for name in ("state", "out"):
            shutil.rmtree(f"{self.root}/{name}", ignore_errors=True)
            shutil.copytree(f"{self.root}.kept/{name}", f"{self.root}/{name}")

    def replay(self, fault=None):
        """The first half: rows without a card enter at the decoder, and those
        of no parts are rejected once more, further down."""
        return self.weir("replay", "wider.weir", "--stage", "raw/json.decode",
                         fault=fault)

    def rest(self):
        """Then all that is left, and the pipeline to its end."""
        for args in (("replay", "mended.weir"), ("run", "mended.weir", "--quiet"),
                     ("audit", "mended.weir")):
            rc = self.weir(*args)
            if rc != 0:
                return f"{args[0]}: exit {rc}"
        return ""

    def wrong(self, want):
        why = self.rest() or \
            common.difference(common.outputs(f"{self.root}/out"), want)
        return why and f"{why}\n{self.said}"


def trial(pl, want, faults):
    """None when it is not killed: there are no more places."""
    pl.restore()
    for i, fault in enumerate(faults):
        rc = pl.replay(fault)
        if rc == 0 and i == 0 and "kill" in fault:
            return None
        if rc > 0 and not common.SENTENCE.search(pl.said):
            return f"exit {rc} without a sentence\n{pl.said}"
        if rc < 0 and rc != -9:
            return f"it dies of signal {-rc}\n{pl.said}"
    rc = pl.replay()
    return f"once more: exit {rc}\n{pl.said}" if rc != 0 else pl.wrong(want)


def places(pl, want, action, every, rnd, twice=False, upto=5000):
    """How many there are, where it is killed."""
    n, tried, fails = 1 + rnd.randrange(every), 0, []
    while n <= upto:
        faults = [f"*={action}@{n}"]
        if twice:
            faults.append(f"*=kill@{1 + rnd.randrange(n)}")
        why = trial(pl, want, faults)
        if why is None:
            break
        tried += 1
        if why:
            fails.append(f"{' then '.join(faults)}: {why}")
        n += every
    what = f"{action}{' twice' if twice else ''} at {tried} places"
    ok(not fails and tried > 3, what, "\n".join(fails[:3]))
    return n


def begin(root, rnd, cut):
    """The broken pipeline, killed before it decides epoch `cut`, or to its
    end."""
    pl = Place(root, rnd)
    rc = pl.weir("run", "broken.weir", "--quiet", fault=cut and
                 f"journal.append.write=kill@{cut + 1}")
    ok(rc == (-9 if cut else 0), f"the broken pipeline {'is killed' if cut else 'ends'}",
       pl.said)
    pl.save()
    ok(pl.replay() == 0 and "entered" in pl.said, "rows enter", pl.said)
    why = pl.rest()
    ok(not why, "the rest of them, and of the pipeline", f"{why}\n{pl.said}")
    want = common.outputs(f"{root}/out")
    ids = sorted(dict(r)["id"] for r in want["rows"].elements())
    ok(len(ids) == len(set(ids)) == 260, "every row is there once",
       f"{len(ids)} rows, {len(set(ids))} different")
    rc = pl.weir("replay", "mended.weir")
    ok(rc == 0 and "nothing to replay" in pl.said, "then nothing is left",
       pl.said)
    return pl, want


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--every", type=int, default=6)
    ap.add_argument("--long", action="store_true")
    ap.add_argument("--seed", type=int, default=1)
    op = ap.parse_args()
    rnd = random.Random(op.seed)
    root = common.scratch()
    try:
        for name, cut in (("open", 3), ("ended", 0)):
            pl, want = begin(f"{root}/{name}", rnd, cut)
            n = places(pl, want, "kill", 1 if op.long else op.every, rnd)
            if not op.long:
                continue
            places(pl, want, "kill", 2, rnd, True)
            for action in ("eio", "enospc", "short"):
                places(pl, want, action, 2, rnd, upto=n)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    common.done()


if __name__ == "__main__":
    sys.exit(main())
