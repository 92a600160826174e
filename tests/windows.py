#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Windows and late rows against the rule itself, computed row by row.

usage: tests/windows.py WEIR

Two sources out of order, with late rows, are windowed alone and together:
tumbling, hopping, with lateness, windows of windows, and as updates.  Each
result is compared, as a multiset, with what DESIGN's section 4 says, and is
to be the same for epochs of any size and for one-row batches.
"""
import csv
import datetime
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

SECOND = 1_000_000
MINUTE = 60 * SECOND
NEVER = -2**63

PIPELINE = """
param rows: int
settings {
    epoch: { every: 1h, rows: rows }, quarantine: "q",
    quarantine_writer: "csv.write"
}
schema transaction {
    txn_id: string!, event_ts: timestamp!, card_id: string, merchant: string
    amount: decimal(12, 2)
}
a = generate.transactions(count: 4000, seed: 3, late: 0.02, step: 40ms,
        start: "2026-01-01T00:00:00Z", cards: 20, jitter: 60s, bad: 0.01)
    -> json.decode(transaction)
    -> watermark(event_ts, delay: 30s)
b = generate.transactions(count: 5000, seed: 4, late: 0.05, step: 50ms,
        start: "2026-01-01T00:01:00Z", cards: 20, jitter: 90s)
    -> json.decode(transaction)
    -> watermark(event_ts, delay: 20s)
a -> csv.write("a")
b -> csv.write("b")

both = [a, b] -> where(amount > 20)
tumbling = both -> window.tumbling(1m, by: card_id) {
    n: count(), total: sum(amount), most: max(amount),
    large: count(where: amount > 300),
}
tumbling -> csv.write("tumbling")
tumbling.late -> csv.write("tumbling_late")
tumbling -> window.tumbling(5m) { windows: count(), n: sum(n) }
    -> csv.write("nested")

hopping = both -> window.hopping(2m, every: 30s, by: merchant, lateness: 20s) {
    n: count(), total: sum(amount),
}
hopping -> csv.write("hopping")
hopping.late -> csv.write("hopping_late")

odd = both -> window.tumbling(7s, offset: 3s) { n: count() }
odd -> csv.write("odd")
odd.late -> csv.write("odd_late")
"""


def micros(text):
    t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (t - epoch) // datetime.timedelta(microseconds=1)


def read(where, name):
    rows = []
    for p in sorted((where / name).rglob("*.csv")):
        with open(p, newline="") as f:
            rows += list(csv.DictReader(f))
    return rows


class Rule:
    """One window stage: its windows and its late rows."""

    def __init__(self, size, every=None, by=None, lateness=0, offset=0):
        self.size, self.every = size, every or size
        self.by, self.lateness, self.offset = by, lateness, offset
        self.windows = defaultdict(list)
        self.late = Counter()

    def row(self, r, t, mark):
        start = (t - self.offset) // self.every * self.every + self.offset
        taken = False
        while start + self.size > t:
            end = start + self.size
            if end + self.lateness > mark:
                key = r[self.by] if self.by else None
                self.windows[end, key].append(Decimal(r["amount"]))
                taken = True
            start -= self.every
        if not taken:
            self.late[r["txn_id"]] += 1


def expected(where):
    rules = {
        "tumbling": Rule(MINUTE, by="card_id"),
        "hopping": Rule(2 * MINUTE, 30 * SECOND, by="merchant",
                        lateness=20 * SECOND),
        "odd": Rule(7 * SECOND, offset=3 * SECOND),
    }
    for name, delay in (("a", 30 * SECOND), ("b", 20 * SECOND)):
        most = None
        for r in read(where, name):
            t = micros(r["event_ts"])
            mark = NEVER if most is None else most - delay
            if r["amount"] != "" and Decimal(r["amount"]) > 20:
                for rule in rules.values():
                    rule.row(r, t, mark)
            most = t if most is None else max(most, t)
    return rules


def found(where, name, by, columns):
    return Counter(
        (micros(r["window_end"]), r[by] if by else None,
         *(Decimal(r[c]) for c in columns)) for r in read(where, name))


def compare(where):
    """What is wrong, a line each."""
    rules = expected(where)
    tumbling = rules["tumbling"].windows
    wanted = {
        "tumbling": (("n", "total", "most", "large"), Counter(
            (end, k, len(v), sum(v), max(v), sum(x > 300 for x in v))
            for (end, k), v in tumbling.items())),
        "hopping": (("n", "total"), Counter(
            (end, k, len(v), sum(v))
            for (end, k), v in rules["hopping"].windows.items())),
        "odd": (("n",), Counter(
            (end, k, len(v)) for (end, k), v in rules["odd"].windows.items())),
    }
    nested = defaultdict(lambda: [0, 0])
    for (end, _), v in tumbling.items():
        at = nested[((end - 1) // (5 * MINUTE) + 1) * 5 * MINUTE]
        at[0] += 1
        at[1] += len(v)
    rules["nested"] = Rule(5 * MINUTE)
    wanted["nested"] = (("windows", "n"), Counter(
        (end, None, *v) for end, v in nested.items()))
    for name, (columns, want) in wanted.items():
        got = found(where, name, rules[name].by, columns)
        if got != want:
            yield (f"{name}: {sum((want - got).values())} rows missing, "
                   f"{sum((got - want).values())} too many, of "
                   f"{sum(want.values())}")
        if name == "nested":
            continue
        late = Counter(r["txn_id"] for r in read(where, name + "_late"))
        if late != rules[name].late:
            yield (f"{name}: late rows differ: {sum(late.values())} found, "
                   f"{sum(rules[name].late.values())} expected")
        if not want or not rules[name].late:
            yield f"{name}: nothing to compare"


def main():
    weir = str(Path(sys.argv[1]).resolve())
    cases = [(1000, 0), (1000, 1), (100000, 0), (77, 0), (9, 0)]
    bad = 0
    for i, (rows, frag) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="weir-windows-") as tmp:
            where = Path(tmp)
            (where / "x.weir").write_text(PIPELINE)
            p = subprocess.run(
                [weir, "run", "--quiet", "x.weir", "--set", f"rows={rows}"],
                cwd=where, env={**os.environ, "WEIR_FRAG": str(frag)},
                capture_output=True, text=True, timeout=300)
            lines = list(compare(where)) if p.returncode == 0 else \
                [f"exit code {p.returncode}", *p.stderr.splitlines()]
        bad += bool(lines)
        print(f"{'not ' if lines else ''}ok {i} - epochs of {rows} rows"
              f"{', one-row batches' if frag else ''}")
        for s in lines:
            print("# " + s)
        sys.stdout.flush()
    print(f"1..{len(cases)}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
