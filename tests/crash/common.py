# SPDX-License-Identifier: MIT
"""What the crash tests share: an input, a pipeline over it, a directory in
which it is run, killed and run again, and the rows that came out.

Every test compares what all sinks hold in the end with what a run without a
crash has written, as multisets.
"""
import collections
import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("WEIR_SRCDIR", f"{HERE}/../.."))
WEIR = os.path.abspath(os.environ.get("WEIR", f"{TOP}/build/weir"))
TIMEOUT = 30
# What differs between two runs that did the same: the clock, where epochs end.
CLOCKS = {"rejected_at", "replay_id"}
# Text that each error of the command line has: its code in brackets.
SENTENCE = re.compile(r"\[[a-z_]+(\.[a-z_0-9]+)*\]|weir: ")

tests = bad = 0


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}", flush=True)
    for line in str(why).splitlines()[:60] if not cond else ():
        print(f"# {line}", flush=True)
    return cond


def done():
    print(f"1..{tests}")
    sys.exit(1 if bad else 0)


def places():
    """All places of the sources."""
    out = subprocess.run([f"{HERE}/points.sh", TOP, "--list"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    return out.split()


def scratch():
    """A directory in memory where there is one: nothing here is to survive."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="weir-crash.", dir=base)


# ---------------------------------------------------------------- the input

CARDS = 7


def moment(t):
    return f"2026-01-01T{t // 3600 % 24:02.0f}:{t // 60 % 60:02.0f}:{t % 60:09.6f}Z"


def make_input(where, seed=1, files=3, rows=500):
    """Lines of JSON in a few files, each a partition: out of order, some late,
    some that can't be read."""
    rnd = random.Random(seed)
    os.makedirs(where, exist_ok=True)
    n = 0
    for f in range(files):
        t = 60.0 + f
        with open(f"{where}/{f}.ndjson", "w", encoding="utf-8") as out:
            for _ in range(rows):
                n += 1
                t += rnd.random()
                at = t - rnd.random() * (5 if rnd.random() < .9 else 60)
                if rnd.random() < .02:
                    out.write(f'{{"id": oops {n}\n')
                    continue
                at_ = int(at * 1e6) / 1e6
                out.write(json.dumps({
                    "id": n, "at": "2026-01-01T%02d:%02d:%09.6fZ" % (
                        at_ // 3600, at_ // 60 % 60, at_ % 60),
                    "card": f"c{rnd.randrange(CARDS)}",
                    "amount": rnd.randrange(10000) / 100}) + "\n")


HEAD = """settings {{
    state: "state"
    quarantine: "out/quarantine"
    epoch: {{ rows: {rows}, every: 1h }}
}}

schema event {{
    id:     int64!
    at:     timestamp!
    card:   string
    amount: decimal(12, 2)
}}

raw = file.read("in/*.ndjson")
ev = raw -> json.decode(event) -> watermark(at, delay: 20s, max_ahead: 87600h)
gold = ev -> window.tumbling(10s, by: card) {{
    n: count(), total: sum(amount), top: max(amount)
}}
"""

# Each writes into out/NAME, or somewhere that its reader knows.
SINKS = {
    "parquet": [
        'ev -> parquet.write("out/each", roll: { epochs: 1 })',
        'ev -> parquet.write("out/long", roll: { epochs: 3 })',
        'ev -> parquet.write("out/one")',
        'gold -> where(n > 1) -> parquet.write("out/gold", '
        'roll: { epochs: 2 })',
        'gold.late -> parquet.write("out/late")',
    ],
    "csv": [
        'ev -> csv.write("out/rows", roll: { rows: 450 })',
        'ev -> csv.write("out/parts/card=${card}", roll: { epochs: 4 }, '
        'max_open: 4)',
        'raw -> file.write("out/lines")',
        'gold -> where(n > 1) -> csv.write("out/gold", roll: { epochs: 2 })',
        'gold.late -> csv.write("out/late", roll: { epochs: 1 }, keep: 1000)',
    ],
}
# So many files an epoch that their list does not fit the journal's record.
MANY = ['ev -> csv.write("out/many/a-rather-long-name-of-a-directory=${id}", '
        'roll: { epochs: 1 })',
        'gold -> csv.write("out/gold")', 'gold.late -> csv.write("out/late")']


# With servers beside them: fewer, for they are many together.
FEW = ['ev -> parquet.write("out/parquet-long", roll: { epochs: 3 })',
       'ev -> csv.write("out/csv-parts/card=${card}", roll: { epochs: 2 })',
       'gold -> where(n > 1) -> csv.write("out/csv-gold")',
       'gold.late -> parquet.write("out/parquet-late")']


def both():
    """The sinks of files together, each in its own directory."""
    return [line.replace('"out/', f'"out/{kind}-')
            for kind, lines in SINKS.items() for line in lines]


def pipeline(sinks, rows=200):
    return HEAD.format(rows=rows) + "\n".join(sinks) + "\n"


# --------------------------------------------------------------- the output

def _csv(path):
    with open(path, newline="", encoding="utf-8") as f:
        return [tuple(sorted(r.items())) for r in csv.DictReader(f)]


def _lines(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        text = f.read()
    assert text == "" or text.endswith("\n"), f"{path} ends in half a line"
    return text.split("\n")[:-1]


def _parquet(path):
    t = pq.ParquetFile(path, page_checksum_verification=True).read()
    names = [c for c in t.column_names if c not in CLOCKS]
    return list(zip(*([repr(v) for v in t.column(c).to_pylist()]
                      for c in names))) if t.num_rows else []


READERS = {".csv": _csv, ".ndjson": _lines, ".parquet": _parquet}


def outputs(out):
    """The rows of each directory directly under `out`."""
    got = collections.defaultdict(collections.Counter)
    for dirpath, dirs, names in os.walk(out):
        dirs[:] = [d for d in dirs if not d.startswith(".")]
        for name in names:
            path = os.path.join(dirpath, name)
            rel = os.path.relpath(path, out)
            if name.startswith("."):
                continue
            read = READERS.get(os.path.splitext(name)[1])
            if read is None:
                got[rel.split("/")[0]][f"what is {rel}?"] += 1
                continue
            got[rel.split("/")[0]].update(read(path))
    return {k: v for k, v in got.items() if v}


def unmarked(rows, marks):
    """The same rows, whichever run they are of."""
    def of(row):
        if not isinstance(row, str):
            return tuple(of(x) for x in row)
        for mark in marks:
            row = row.replace(mark, "MARK")
        return row
    got = collections.Counter()
    for row, n in rows.items():
        got[of(row)] += n
    return got


def staged(out):
    """Files that are left in the directories of the unfinished."""
    found = []
    for dirpath, _, names in os.walk(out):
        if "/.staging" in dirpath:
            found += [f"{dirpath}/{name}" for name in names]
    return found


def difference(got, want):
    """What one of two outputs has too much or too little, as text."""
    why = []
    for k in sorted(set(got) | set(want)):
        g = got.get(k, collections.Counter())
        w = want.get(k, collections.Counter())
        if g == w:
            continue
        more, less = g - w, w - g
        why.append(f"{k}: {sum(g.values())} rows, {sum(w.values())} expected; "
                   f"{sum(more.values())} too many {list(more)[:2]}, "
                   f"{sum(less.values())} missing {list(less)[:2]}")
    return "\n".join(why)


# ----------------------------------------------------------------- running

def stopped(p):
    """Wait until it has stopped itself; False when it ended instead."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        it = os.waitid(os.P_PID, p.pid, os.WSTOPPED | os.WEXITED |
                       os.WNOHANG | os.WNOWAIT)
        if it is not None:
            return it.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED)
        time.sleep(.002)
    return False


class Bench:
    """A directory with in/, p.weir, and what runs make: state/, out/."""

    def __init__(self, root, sinks, rows=200, seed=1, nrows=500, peers=None):
        self.root = root
        self.logs = []
        self.peers = peers
        self.text = pipeline([*sinks, *(peers.sinks() if peers else ())], rows)
        os.makedirs(root, exist_ok=True)
        make_input(f"{root}/in", seed=seed, rows=nrows)
        self.write()

    def write(self):
        self.tag = self.peers.tag() if self.peers else ""
        text = self.peers.named(self.text, self.tag) if self.peers else \
            self.text
        with open(f"{self.root}/p.weir", "w", encoding="utf-8") as f:
            f.write(text)

    def clear(self):
        """As if nothing had ever run here."""
        self.logs = []
        if self.peers:
            self.write()
        for name in ("state", "out"):
            shutil.rmtree(f"{self.root}/{name}", ignore_errors=True)

    @staticmethod
    def env():
        return {k: v for k, v in os.environ.items()
                if not k.startswith("WEIR_") or k == "WEIR_PLUGIN_PATH"}

    def start(self, fault=None, log=None, more=(), env=None):
        e = self.env()
        if fault:
            e["WEIR_FAULT"] = fault
        if log:
            e["WEIR_FAULT_LOG"] = log
        e.update(env or {})
        return subprocess.Popen(
            [WEIR, "run", "--no-view", *more, "p.weir"], cwd=self.root, env=e,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def end(self, p, what=""):
        """Its exit code, None when it hung; what it said is kept."""
        try:
            text = p.communicate(timeout=TIMEOUT)[0]
            rc = p.returncode
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGABRT)
            p.send_signal(signal.SIGCONT)  # it may have stopped since
            text = p.communicate()[0]
            rc = None
        self.logs.append(f"-- {what} (exit {rc})\n" +
                         text.decode("utf-8", "replace"))
        return rc

    def run(self, fault=None, log=None, more=(), env=None):
        return self.end(self.start(fault, log, more, env),
                        f"run {fault or ''} {' '.join(more)}".strip())

    def said(self):
        """The end of what each run said, without its ledger."""
        out = []
        for text in self.logs:
            lines = [s for s in text.splitlines()
                     if not re.search(r"^stage  | \d+ +\d+ +\d+ ", s)]
            out += lines[:1] + lines[1:][-8:]
        return "\n".join(out)

    def outputs(self):
        got = outputs(f"{self.root}/out")
        if self.peers:
            got.update(self.peers.read(self.tag))
            # what a server says names its table
            got = {k: unmarked(v, self.peers.marks(self.tag)) if k in
                   self.peers.marked else v for k, v in got.items() if v}
        return got

    def audited(self):
        """What `weir audit` finds wrong; "" nothing."""
        p = subprocess.run([WEIR, "audit", "p.weir"], cwd=self.root,
                           env=self.env(), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           text=True, errors="replace", timeout=TIMEOUT)
        return "" if p.returncode == 0 else \
            f"audit: exit {p.returncode}\n{p.stdout[-2000:]}"

    def wrong(self, want, beside=False):
        """What is not as it should be after the last run; "" nothing.
        `beside`: another process may still have files staged."""
        try:
            why = difference(self.outputs(), want)
        except Exception as e:  # a file that can't be read is a finding
            why = f"unreadable: {e!r}"
        left = staged(f"{self.root}/out")
        if left and not beside:
            why += f"\n{len(left)} staged files are left: {left[:2]}"
        return f"{why}\n{self.audited()}".strip()
