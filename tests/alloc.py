#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Let the n-th allocation fail, for every n: weir must end in order.

usage: tests/alloc.py WEIR [--every K]

A pipeline is checked and run with WEIR_FAIL_ALLOC=1, 2, 3, ... until nothing
fails any more; then what a run that was killed has left is looked at, and its
rejected rows are replayed.  Each time the program must exit by itself with a
code of its own, with a message when the code is not 0, and leave no half file
behind.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

PIPELINE = """
param limit: int = 100
schema t { id: string!, at: timestamp!, n: int64, amount: decimal(12, 2),
           tags: list(string!), place: struct { lat: float64, lon: float64 } }
src = generate.sequence(to: 40)
    -> set { value: if n % 7 == 0 then "{oops" else "{\\"id\\":\\"${n}\\",\\"at\\":${n},\\"n\\":${n},\\"amount\\":1.5,\\"tags\\":[\\"a long enough tag to be copied\\"],\\"place\\":{\\"lat\\":1}}" }
txn = src -> select { value: cast(value as bytes) } -> json.decode(s)
schema s { id: string!, at: timestamp(s)!, n: int64, amount: decimal(12, 2),
           tags: list(string!), place: struct { lat: float64, lon: float64 } }
on_time = txn -> watermark(at, delay: 1s) -> where(n < limit) -> set { half: amount / 2, up: upper(id) }
on_time -> parquet.write("out/rows")
on_time -> csv.write("out/csv")
on_time -> window.tumbling(10s, by: up) { n: count(), total: sum(amount), last: last(id), d: distinct(n) }
    -> parquet.write("out/gold")
"""

tests = bad = 0


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}")
    for line in [] if cond else why.splitlines()[-25:]:
        print("# " + line)


def visible(top):
    for at, dirs, files in os.walk(top):
        dirs[:] = [d for d in dirs if not d.startswith(".")]
        for f in files:
            yield os.path.join(at, f)


def whole(path):
    if path.endswith(".parquet"):
        with open(path, "rb") as f:
            data = f.read()
        return data[:4] == b"PAR1" and data[-4:] == b"PAR1"
    return True


def loop(weir, verb, every, keep=False, enough=40, kept=None):
    """`kept`: where the directories are that each time begins with."""
    quiet = n = 0
    fails = []
    codes = {}
    while quiet < enough and n < 60000:
        n += every
        for d in () if keep else ("out", ".weir"):
            shutil.rmtree(d, ignore_errors=True)
            if kept:
                shutil.copytree(f"{kept}/{d}", d)
        p = subprocess.run([weir, *verb.split(), "x.weir"] +
                           (["--quiet"] if verb == "run" else []),
                           env={**os.environ, "WEIR_FAIL_ALLOC": f"{n}+"},
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=120)
        text = p.stdout.decode(errors="replace")
        codes[p.returncode] = codes.get(p.returncode, 0) + 1
        quiet = quiet + 1 if p.returncode == 0 else 0
        if p.returncode not in (0, 1, 3) or (p.returncode and not text):
            fails.append(f"allocation {n}: exit {p.returncode}\n{text[-2000:]}")
        torn = [f for f in visible("out") if not whole(f)]
        if torn:
            fails.append(f"allocation {n}: half a file {torn}")
        if len(fails) > 4:
            break
    ok(not fails, f"{verb}: {n} allocations failed in turn, exit codes {codes}",
       "\n".join(fails))
    ok(quiet >= enough, f"{verb}: in the end nothing fails")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("weir")
    ap.add_argument("--every", type=int, default=1)
    args = ap.parse_args()
    args.weir = os.path.abspath(args.weir)
    work = tempfile.mkdtemp(prefix="weir-alloc-")
    os.chdir(work)
    try:
        with open("x.weir", "w", encoding="utf-8") as f:
            f.write(PIPELINE)
        p = subprocess.run([args.weir, "run", "x.weir"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        ok(p.returncode == 0, "the pipeline runs", p.stdout.decode())
        if p.returncode == 0:
            loop(args.weir, "check", args.every)
            loop(args.weir, "run", args.every)
            for d in ("out", ".weir"):
                shutil.rmtree(d, ignore_errors=True)
            subprocess.run([args.weir, "run", "x.weir", "--quiet"],
                           env={**os.environ,
                                "WEIR_FAULT": "journal.append.sync=kill@2"})
            for verb in ("state show", "state show --json", "state export",
                         "plan", "audit", "replay --list",
                         "replay --dry-run"):
                loop(args.weir, verb, args.every, keep=True)
            for d in ("out", ".weir"):
                shutil.copytree(d, f"kept/{d}")
            loop(args.weir, "replay", args.every, kept="kept")
            p = subprocess.run([args.weir, "audit", "x.weir"],
                               stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            ok(p.returncode == 0, "and the audit proves what was replayed",
               p.stdout.decode())
            with open("x.weir", "a", encoding="utf-8") as f:
                f.write("# other parts\n")
            loop(args.weir, "plan", args.every, keep=True)
            # what is reset may be so before the failure: each begins anew
            for what in ("--sink on_time/csv.write",
                         "--stage on_time/window.tumbling"):
                loop(args.weir, f"state reset --yes {what}", args.every,
                     enough=4, kept="kept")
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{tests}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
