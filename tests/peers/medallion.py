#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The medallion on a real Kafka: every layer must be what Python computes.

usage: medallion.py WEIR FILL KAFKA_DIR PIPELINE [--events N] [-k TEXT]

WEIR is the program, FILL bench/kafka_fill, KAFKA_DIR a directory that
tests/peers/kafka.sh has started, PIPELINE pipelines/medallion.weir.  TAP on
standard output.

The oracle reads the dump that FILL writes beside the topic and applies the
rules of the design: a row is rejected when it can't be decoded, when it lies
more than an hour ahead of the clock, and it is late when its window had ended
at its own partition's watermark at its own position.  Results are read back
by pyarrow and by DuckDB and compared as multisets.
"""
import argparse
import collections
import csv
import datetime
import decimal
import glob
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import duckdb
import pyarrow.parquet as pq

HERE = os.path.dirname(os.path.abspath(__file__))
FIELDS = ("txn_id", "event_ts", "user_id", "card_id", "merchant", "category",
          "amount", "currency", "status", "city", "country", "lat", "lon")
TEXTS = set(FIELDS) - {"event_ts", "amount", "lat", "lon"}
DELAY, SIZE, AHEAD = 300_000_000, 60_000_000, 3_600_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
decimal.getcontext().prec = 60

tests = bad = 0


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}", flush=True)
    if not cond and why:
        for line in str(why).splitlines()[:30]:
            print(f"# {line}", flush=True)


def same(got, want, what):
    """Compare two Counters; say what differs."""
    why = ""
    if got != want:
        more, less = got - want, want - got
        why = (f"{sum(got.values())} rows, {sum(want.values())} expected\n"
               f"too many: {list(more.items())[:3]}\n"
               f"missing:  {list(less.items())[:3]}")
    ok(got == want, f"{what}: {sum(want.values())} rows", why)


def refuse(name):
    raise ValueError(name)


def micros(text):
    t = datetime.datetime.fromisoformat(text)
    if t.tzinfo is None:
        t = t.replace(tzinfo=datetime.timezone.utc)
    return (t - EPOCH) // datetime.timedelta(microseconds=1)


def decode(value):
    """The row as a tuple in the order of FIELDS, or None."""
    try:
        doc = json.loads(value.decode("utf-8"), parse_float=decimal.Decimal,
                         parse_constant=refuse)
        if not isinstance(doc, dict):
            return None
        row = [doc.get(f) for f in FIELDS]
        if row[0] is None or row[1] is None:
            return None
        for i, f in enumerate(FIELDS):
            v = row[i]
            if v is None:
                continue
            if f in TEXTS:
                if not isinstance(v, str):
                    return None
            elif f == "event_ts":
                row[i] = micros(v)
            elif isinstance(v, bool) or not isinstance(v, (int, decimal.Decimal)):
                return None
            elif f == "amount":
                q = decimal.Decimal(v).quantize(decimal.Decimal("0.01"))
                if q != v:
                    return None
                row[i] = q
            else:
                row[i] = float(v)
        return tuple(row)
    except (ValueError, UnicodeDecodeError, TypeError):
        return None


class Oracle:
    def __init__(self, dump, now):
        self.bronze = collections.Counter()
        self.silver = collections.Counter()
        self.late = collections.Counter()
        self.rejected = collections.Counter()
        groups = collections.defaultdict(list)
        marks = {}
        with open(dump, "rb") as f:
            for line in f:
                part, offset, ts, kind, key, value = \
                    line.rstrip(b"\n").split(b"\t", 5)
                part, offset = int(part), int(offset)
                self.bronze[(part, offset, int(ts) * 1000, key, value)] += 1
                row = decode(value)
                if row is None or row[1] > now + AHEAD:
                    self.rejected[(part, offset, value)] += 1
                    continue
                self.silver[row] += 1
                at = row[1]
                start = at // SIZE * SIZE
                seen = marks.get(part)
                if seen is not None and start + SIZE <= seen - DELAY:
                    self.late[row] += 1
                else:
                    groups[(start, row[3])].append(row[6])
                if seen is None or at > seen:
                    marks[part] = at
        self.groups = groups
        self.marks = marks
        self.gold = self.windows(None)

    def windows(self, upto):
        """Gold rows; with `upto` only windows that have ended by then."""
        out = collections.Counter()
        for (start, card), amounts in self.groups.items():
            if upto is not None and start + SIZE > upto:
                continue
            amounts_ = [a for a in amounts if a is not None]
            total = sum(amounts_, decimal.Decimal(0)) if amounts_ else None
            mean = (total / len(amounts_)).quantize(
                decimal.Decimal("0.000001"), decimal.ROUND_HALF_EVEN) \
                if amounts_ else None
            out[(start, start + SIZE, card, len(amounts), total, mean,
                 max(amounts_) if amounts_ else None)] += 1
        return out


# ------------------------------------------------------------------- reading

def files(path):
    return sorted(p for p in glob.glob(path + "/**/*.parquet", recursive=True)
                  if "/." not in p)


def by_pyarrow(path, cols):
    out = collections.Counter()
    for p in files(path):
        table = pq.ParquetFile(p, page_checksum_verification=True).read()
        lists = []
        for c in cols:
            col = table.column(c)
            if str(col.type).startswith("timestamp"):
                col = col.cast("int64")
            lists.append(col.to_pylist())
        out.update(zip(*lists))
    return out


def by_duckdb(path, cols):
    if not files(path):
        return collections.Counter()
    db = duckdb.connect()
    db.execute("set autoinstall_known_extensions=false")
    names = [p.replace("'", "''") for p in files(path)]
    source = "read_parquet([%s])" % ", ".join(f"'{n}'" for n in names)
    types = dict((r[0], r[1]) for r in
                 db.execute(f"describe select * from {source}").fetchall())
    exprs = [f'epoch_us("{c}")' if types[c].startswith("TIMESTAMP")
             else f'"{c}"' for c in cols]
    rows = db.execute(f"select {', '.join(exprs)} from {source}").fetchall()
    return collections.Counter(rows)


SILVER = tuple("event_time" if f == "event_ts" else f for f in FIELDS)
GOLD = ("window_start", "window_end", "card_id", "txn_count", "sum_amount",
        "avg_amount", "max_amount")


def check_csv(path, want):
    got = collections.Counter()
    for p in sorted(glob.glob(path + "/**/*.csv", recursive=True)):
        if "/." in p:
            continue
        with open(p, newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                row = [r[c] if r[c] != "" else None for c in SILVER]
                row[1] = micros(row[1].replace("Z", "+00:00"))
                row[6] = decimal.Decimal(row[6])
                row[11], row[12] = float(row[11]), float(row[12])
                got[tuple(row)] += 1
    same(got, want, "csv mirror")


# ------------------------------------------------------------------- running

def ledger(text):
    """Lines `id in N passed N ...` of the summary, as numbers by stage."""
    out = {}
    for line in text.splitlines():
        cells = line.split()
        if len(cells) > 3 and all(re.fullmatch(r"\d+", c) for c in cells[1:]):
            out[cells[0]] = [int(c) for c in cells[1:]]
    return out


def make_pipeline(to, source, until_end, idle):
    text = open(source, encoding="utf-8").read()
    if until_end:
        text, n = re.subn(r"kafka\.read\(", "kafka.read(until: end, ", text)
        assert n == 1
    if idle:
        text, n = re.subn(r"idle: 30s", f"idle: {idle}", text)
        assert n == 1
    with open(to, "w", encoding="utf-8") as f:
        f.write(text)


def weir_command(args, pipe, out, topic, rows, more=()):
    sets = {"brokers": args.brokers, "topic": topic, "out": out,
            "start": "earliest", "trigger": "2s", "max_rows": str(rows),
            "keep": "100000", "previews": "false"}
    cmd = [args.weir, "run", pipe, "--no-view"]
    for k, v in sets.items():
        cmd += ["--set", f"{k}={v}"]
    return cmd + list(more)


def run_weir(args, pipe, out, topic, rows, env=None, more=()):
    cmd = weir_command(args, pipe, out, topic, rows, more)
    began = time.time()
    p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env={**os.environ, **(env or {})}, timeout=400)
    return p, time.time() - began


def fill(args, topic, dump, n, parts, idle=None, step=5000):
    subprocess.run(["sh", os.path.join(HERE, "kafka.sh"), "topic", args.kafka,
                    topic, str(parts)], check=True, stdout=subprocess.DEVNULL)
    cmd = [args.fill, "-b", args.brokers, "-t", topic, "-n", str(n), "-p",
           str(parts), "-s", "42", "-d", dump, "-k", "malformed=10000", "-k",
           "incomplete=10000", "-k", "late=20000", "-k", "future=3000",
           "-g", f"step_us={step}", "-g", "cards=300"]
    if idle is not None:
        cmd += ["-i", str(idle)]
    subprocess.run(cmd, check=True, stdout=subprocess.DEVNULL)


def check_layers(out, orc, gold, name):
    cols = ("partition", "offset", "timestamp", "key", "value")
    same(by_pyarrow(out + "/bronze", cols), orc.bronze, f"{name}: bronze")
    quarantine = by_pyarrow(out + "/quarantine",
                            ("partition", "offset", "value"))
    same(quarantine, orc.rejected, f"{name}: quarantine")
    for label, read in (("pyarrow", by_pyarrow), ("duckdb", by_duckdb)):
        same(read(out + "/silver", SILVER), orc.silver,
             f"{name}: silver by {label}")
        same(read(out + "/late", SILVER), orc.late, f"{name}: late by {label}")
        same(read(out + "/gold", GOLD), gold, f"{name}: gold by {label}")


def check_ledger(text, orc, name):
    """Stages are told apart by what goes through them."""
    rows = ledger(text)
    total = sum(orc.bronze.values())
    decode = [v for k, v in rows.items() if "json.decode" in k]
    ok(bool(decode) and decode[0][0] == total,
       f"{name}: the ledger counts {total} rows into json.decode", text)


def case(args, work, name, n, parts, rows, idle_part=None, env=None):
    if args.k and args.k not in name:
        return
    topic = "m-" + re.sub(r"\W+", "-", name) + f"-{os.getpid()}"
    dump = os.path.join(work, topic + ".dump")
    out = os.path.join(work, topic)
    pipe = os.path.join(work, topic + ".weir")
    fill(args, topic, dump, n, parts, idle_part)
    make_pipeline(pipe, args.pipeline, True, "1s")
    now = int(time.time() * 1e6)
    p, took = run_weir(args, pipe, out, topic, rows, env)
    text = p.stderr.decode()
    ok(p.returncode == 0, f"{name}: runs to the end ({took:.1f} s)", text)
    if p.returncode != 0:
        return
    orc = Oracle(dump, now)
    check_layers(out, orc, orc.gold, name)
    check_csv(out + "/raw_csv", orc.silver)
    check_ledger(text, orc, name)
    left = glob.glob(out + "/**/.staging/**/*.*", recursive=True)
    ok(not left, f"{name}: no staged file is left", left)
    shutil.rmtree(out, ignore_errors=True)


def drained(args, work, n):
    """--drain leaves event time alone: only windows that have ended."""
    name = "drain"
    if args.k and args.k not in name:
        return
    topic = f"m-drain-{os.getpid()}"
    dump, out = os.path.join(work, topic + ".dump"), os.path.join(work, topic)
    pipe = os.path.join(work, topic + ".weir")
    fill(args, topic, dump, n, 4, step=100_000)
    make_pipeline(pipe, args.pipeline, False, None)
    now = int(time.time() * 1e6)
    p, took = run_weir(args, pipe, out, topic, 20000, more=["--drain"])
    ok(p.returncode == 0, f"{name}: runs to the end ({took:.1f} s)",
       p.stderr.decode())
    orc = Oracle(dump, now)
    upto = min(orc.marks.values()) - DELAY
    closed = orc.windows(upto)
    ok(0 < sum(closed.values()) < sum(orc.gold.values()),
       f"{name}: some windows are open and some are not")
    check_layers(out, orc, closed, name)
    p, _ = run_weir(args, pipe, out, topic, 20000, more=["--drain"])
    ok(p.returncode == 0, f"{name}: a second run goes on", p.stderr.decode())
    check_layers(out, orc, closed, f"{name}, again")
    make_pipeline(pipe, args.pipeline, True, None)
    p, _ = run_weir(args, pipe, out, topic, 20000)
    ok(p.returncode == 0, f"{name}: a third runs to the end",
       p.stderr.decode())
    check_layers(out, orc, orc.gold, f"{name}, the end")


def killed(args, work, n, kills):
    """kill -9 at any time, again and again: each layer is what it would be."""
    name = "kill -9"
    if args.k and args.k not in name:
        return
    topic = f"m-kill-{os.getpid()}"
    dump, out = os.path.join(work, topic + ".dump"), os.path.join(work, topic)
    pipe = os.path.join(work, topic + ".weir")
    fill(args, topic, dump, n, 4)
    make_pipeline(pipe, args.pipeline, True, "1s")
    now = int(time.time() * 1e6)
    dice = random.Random(7)
    done = 0
    for _ in range(kills):
        cmd = weir_command(args, pipe, out, topic, 1000)
        with open(pipe + ".log", "wb") as log:
            p = subprocess.Popen(cmd, stdout=log, stderr=log)
            try:
                code = p.wait(dice.uniform(0.05, 0.4))
            except subprocess.TimeoutExpired:
                p.kill()
                code = p.wait()
        done += code == -9
        if code != -9:
            break
    with open(pipe + ".log", encoding="utf-8", errors="replace") as f:
        ok(code in (0, -9), f"{name}: each run goes on", f.read())
    p, took = run_weir(args, pipe, out, topic, 1000)
    ok(p.returncode == 0, f"{name}: after {done} kills it runs to the end",
       p.stderr.decode())
    ok(done > kills // 3, f"{name}: was killed {done} times")
    orc = Oracle(dump, now)
    check_layers(out, orc, orc.gold, name)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("weir")
    ap.add_argument("fill")
    ap.add_argument("kafka")
    ap.add_argument("pipeline")
    ap.add_argument("--events", type=int, default=200_000)
    ap.add_argument("-k", default="")
    args = ap.parse_args()
    args.weir, args.fill = map(os.path.abspath, (args.weir, args.fill))
    with open(os.path.join(args.kafka, "port"), encoding="ascii") as f:
        args.brokers = "127.0.0.1:" + f.read().strip()
    n = args.events
    work = tempfile.mkdtemp(prefix="weir-medallion-")
    try:
        case(args, work, "epochs of 1000", n, 4, 1000)
        case(args, work, "epochs of 100000", n, 4, 100_000)
        case(args, work, "1 partition", n // 4, 1, 20_000)
        case(args, work, "12 partitions, one idle", n // 4, 12, 20_000, 5)
        case(args, work, "one-row batches", n // 10, 4, 5000,
             env={"WEIR_FRAG": "1"})
        drained(args, work, n // 4)
        killed(args, work, n // 2, 15)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{tests}")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
