#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzz `weir check`: what it says no to it says where, and what it says yes to
runs.

usage: check.py WEIR [--count N | --seconds N] [--seed N] [--keep DIRECTORY]

Pipelines are made by a grammar that knows stages, functions and types, some of
them wrong on purpose, or by mutating those in pipelines/ and tests/golden/.
For each one: exit code 0 or 3 and no report of a sanitizer; with 3 at least
one error that has a place; with 0, where the pipeline is bounded and needs no
server, `weir run --quiet` ends with 0, too.  The same seed makes the same
pipelines.  Speaks TAP; pipelines that fail are kept with --keep.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
PLACE = re.compile(r"^[^\n]+:\d+:\d+: error: [^\n]+ \[[a-z0-9_.]+\]$", re.M)
# What has no place in the file to point at.
NO_PLACE = re.compile(r"\[(pipeline\.empty|memory)\]")
REPORT = re.compile(r"Sanitizer|runtime error:|assert|out of memory")

SCALARS = ["bool", "int32", "int64", "float32", "float64", "decimal(12, 2)",
           "decimal(38, 10)", "string", "bytes", "timestamp", "date",
           "duration", "json"]
AGGREGATES = ["count", "sum", "avg", "min", "max", "first", "last", "any",
              "all", "stddev", "variance", "distinct"]
TOKEN = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|\w+|->|[=!<>]=|\?\?|//|\s+|.",
                   re.S)


def functions():
    """Name and signatures of every function, from the sources."""
    found = []
    for p in sorted((TOP / "engine/expr").glob("fn_*.c")):
        for m in re.finditer(r"WEIR__FN\w*\(\w+,\s*(\".*?)\);\n",
                             p.read_text(), re.S):
            body = re.sub(r"\"\s*\"", "", m.group(1))
            texts = re.findall(r"\"((?:\\.|[^\"\\])*)\"", body)
            sigs = [s for s in texts if re.search(r"-> \S+$", s)
                    and "(\\" not in s and "=" not in s]
            if texts and sigs:
                found.append((texts[0], sigs))
    return found


class Maker:
    """Random pipelines."""

    def __init__(self, rnd):
        self.r = rnd
        self.functions = functions()

    # ---- values

    def literal(self, ty):
        r = self.r
        if r.random() < .06:
            return "null"
        if ty == "bool":
            return r.choice(["true", "false"])
        if ty in ("int32", "int64"):
            return r.choice(["0", "1", "-1", "2", "7", "255", "1_000",
                             "2147483647", "-2147483648",
                             "9223372036854775807", str(r.randrange(100))])
        if ty in ("float32", "float64", "number"):
            return r.choice(["0.5", "1e3", "-2.25", "1e308", "0", "3"])
        if ty.startswith("decimal"):
            return r.choice(["0.01", "12.50", "-3", "9999999999.99", "1.5"])
        if ty in ("string", "bytes", "json"):
            s = r.choice(['""', '"a"', '"12"', '"%x_"', '"a\\\\"', '"é"',
                          '"2026-01-01"', '"${n}"', 'r"\\d"', '"month"',
                          '"UTC"', '"%Y-%m-%d"', '"$.a[0]"', '"{}"',
                          '"1h"', '"Europe/Warsaw"', '"sha256"'])
            return s if ty == "string" else f"cast({s} as {ty})"
        if ty == "timestamp":
            return 'cast("2026-01-01T00:00:%02dZ" as timestamp)' % \
                r.randrange(60)
        if ty == "date":
            return 'cast("2026-02-%02d" as date)' % r.randrange(1, 29)
        if ty == "duration":
            return r.choice(["1s", "5m", "-1h", "0s", "250ms", "n * 1s"])
        if ty.startswith("list"):
            return "[" + ", ".join(self.literal(ty[5:-1])
                                   for _ in range(r.randrange(4))) + "]"
        return "null"

    def of(self, cols, ty, depth):
        """An expression that is probably of a type."""
        r = self.r
        if r.random() < .03:
            ty = r.choice(SCALARS)  # wrong on purpose
        if ty == "any":
            ty = r.choice(SCALARS)
        if ty == "number":
            ty = r.choice(["int64", "float64", "decimal(12, 2)"])
        if ty == "decimal":
            ty = "decimal(12, 2)"
        mine = [c for c, t in cols.items() if t == ty]
        if mine and r.random() < .45:
            return r.choice(mine)
        if depth <= 0 or r.random() < .2:
            return self.literal(ty)
        d = depth - 1
        k = r.randrange(10)
        if k < 3:
            call = self.call(cols, ty, d)
            if call:
                return call
        if k == 3:
            return f"if {self.of(cols, 'bool', d)} then " \
                f"{self.of(cols, ty, d)} else {self.of(cols, ty, d)}"
        if k == 4:
            x = r.choice(SCALARS)
            return f"case {self.of(cols, x, d)} when " \
                f"{self.of(cols, x, d)} then {self.of(cols, ty, d)}" + \
                r.choice(["", f" else {self.of(cols, ty, d)}"]) + " end"
        if k == 5:
            return f"({self.of(cols, ty, d)} ?? {self.of(cols, ty, d)})"
        if k == 6 and not ty.startswith(("list", "map", "T")):
            return f"cast({self.of(cols, r.choice(SCALARS), d)} as {ty})"
        return self.operator(cols, ty, d)

    def operator(self, cols, ty, d):
        r = self.r
        if ty == "bool":
            x = r.choice(SCALARS)
            a, b, c = (self.of(cols, x, d) for _ in range(3))
            s = self.of(cols, "string", d)
            y = self.of(cols, "bool", d)
            return "(" + r.choice([
                f"{a} {r.choice(['==', '!=', '<', '<=', '>', '>='])} {b}",
                f"{a} between {b} and {c}", f"{a} not between {b} and {c}",
                f"{a} in [{b}, {c}]", f"{a} not in [{b}]",
                f"{a} is null", f"{a} is not null",
                f"{s} like {self.of(cols, 'string', 0)}",
                f"{s} not like \"a%\"", f"not {y}",
                f"{y} and {self.of(cols, 'bool', d)}",
                f"{y} or {self.of(cols, 'bool', d)}"]) + ")"
        if ty == "string":
            inner = self.of(cols, r.choice(SCALARS), 0)
            if '"' in inner or r.random() < .6:
                inner = r.choice(list(cols) or ["1"])
            return '"x${%s}y"' % inner
        if ty in ("timestamp", "date"):
            return f"({self.of(cols, ty, d)} {r.choice('+-')} " \
                f"{self.of(cols, 'duration', d)})"
        if ty == "duration":
            return r.choice([
                f"({self.of(cols, 'timestamp', d)} - "
                f"{self.of(cols, 'timestamp', d)})",
                f"({self.of(cols, 'duration', d)} * "
                f"{self.of(cols, 'int64', d)})"])
        if ty.startswith(("int", "float", "decimal")):
            op = r.choice(["+", "-", "*", "//", "%"] +
                          (["/"] if ty.startswith("float") else []))
            return r.choice([
                f"({self.of(cols, ty, d)} {op} {self.of(cols, ty, d)})",
                f"(-{self.of(cols, ty, d)})"])
        return self.literal(ty)

    def call(self, cols, ty, d):
        r = self.r
        kind = "decimal" if ty.startswith("decimal") else ty
        fits = [(n, s) for n, sigs in self.functions for s in sigs
                if s.endswith("-> " + kind)]
        if not fits:
            fits = [(n, s) for n, sigs in self.functions for s in sigs
                    if s.endswith(("-> T", "-> ?"))]
        if not fits:
            return None
        name, sig = r.choice(fits)
        args = []
        of = r.choice(SCALARS) if not kind == "T" else "int64"
        for a in re.findall(r"(?:[^,(]|\([^)]*\))+",
                            sig[:sig.rindex("->")]):
            a = a.strip()
            if not a:
                continue
            if a.startswith("["):
                if r.random() < .5:
                    break
                a = a[1:-1]
            a = re.sub(r"^\w+: ", "", a)
            for _ in range(r.randrange(1, 4) if a.endswith("...") else 1):
                t = a.removesuffix("...")
                t = re.sub(r"\b[A-Z]\b", of, t)
                args.append(self.of(cols, t, d))
        return f"{name}({', '.join(args)})"

    # ---- stages

    def source(self):
        r = self.r
        n = r.choice([1, 2, 3, 20, 100])
        k = r.randrange(5)
        if k < 2:
            return f"generate.sequence(count: {n}, step: 7s, " \
                'start: "2026-01-01T00:00:00Z")', \
                {"n": "int64", "at": "timestamp"}
        if k == 2:
            return f"generate.sequence(to: {n + 1})", {"n": "int64"}
        if k == 3:
            return f'generate.payments(count: {n}, ' \
                'start: "2026-01-01T00:00:00Z")', \
                {"transactionId": "string", "amount": "decimal(12, 2)",
                 "transactionTime": "timestamp", "location": "string",
                 "isInternational": "bool"}
        return f'generate.transactions(count: {n}, bad: 0.2, late: 0.1, ' \
            'incomplete: 0.1, start: "2026-01-01T00:00:00Z") -> ' \
            "json.decode(txn)", \
            {"txn_id": "string", "event_ts": "timestamp",
             "amount": "decimal(12, 2)", "merchant": "string"}

    def stage(self, cols, timed):
        """A stage; the columns and whether there is a watermark after it."""
        r = self.r
        some = list(cols) or ["n"]
        k = r.randrange(12)
        if k < 2:
            return f"where({self.of(cols, 'bool', 3)})", cols, timed
        if k < 5:
            new, after = [], dict(cols)
            for _ in range(r.randrange(1, 4)):
                c, t = r.choice("abcdefgh"), r.choice(SCALARS)
                if c in cols and c in new:
                    continue
                new.append(f"{c}: {self.of(after, t, 3)}")
                after[c] = t
            return "set { " + ", ".join(new) + " }", after, timed
        if k == 5:
            keep = {c: cols.get(c, "int64")
                    for c in r.sample(some, r.randrange(1, len(some) + 1))}
            x = r.choice(SCALARS)
            extra = r.random() < .5
            return "select { " + ", ".join(keep) + \
                (f", z: {self.of(cols, x, 2)}" if extra else "") + " }", \
                dict(keep, **({"z": x} if extra else {})), timed
        if k == 6 and len(some) > 1:
            c = r.choice(some)
            return f"drop({c})", {a: t for a, t in cols.items() if a != c}, \
                timed
        if k == 7:
            c = r.choice(some)
            return f"rename {{ r{c}: {c} }}", \
                {"r" + a if a == c else a: t for a, t in cols.items()}, timed
        if k == 8:
            return r.choice([f"limit({r.randrange(50)})", "sample(0.5)",
                             f"limit({r.randrange(9)}, per: epoch)"]), \
                cols, timed
        if k == 9:
            ty = r.choice(["int64", "string"])
            return f"set {{ l: {self.literal(f'list({ty})')} }} -> " \
                f"unnest(l)", dict(cols, l=ty), timed
        times = [c for c, t in cols.items() if t == "timestamp"]
        if not timed and times:
            return f"watermark({r.choice(times)}, delay: " \
                f"{r.choice(['0s', '1m', '10m'])})", cols, True
        if timed:
            return self.window(cols)
        return "json.encode()", dict(cols, value="string"), timed

    def window(self, cols):
        r = self.r
        by = r.sample(list(cols), min(len(cols), r.randrange(3)))
        aggs, after = [], {"window_start": "timestamp",
                           "window_end": "timestamp"}
        after.update({c: cols[c] for c in by})
        for i in range(r.randrange(4)):
            a, t = r.choice(AGGREGATES), r.choice(SCALARS)
            if a == "count":
                arg, t = "", "int64"
            elif a in ("any", "all"):
                t, arg = "bool", self.of(cols, "bool", 1)
            else:
                if a in ("sum", "avg", "stddev", "variance"):
                    t = r.choice(["int64", "float64", "decimal(12, 2)"])
                arg = self.of(cols, t, 2)
            if r.random() < .3:
                arg += (", " if arg else "") + \
                    f"where: {self.of(cols, 'bool', 1)}"
            aggs.append(f"x{i}: {a}({arg})")
            after[f"x{i}"] = t
        verb, more = r.choice([("tumbling", ""), ("tumbling", ""),
                               ("hopping", ", every: 20s")])
        return f"window.{verb}(1m{more}" + \
            (f", by: [{', '.join(by)}]" if by else "") + \
            r.choice(["", "", ", lateness: 1m"]) + ") { " + \
            ", ".join(aggs) + " }", after, True

    def sink(self, cols, i):
        r = self.r
        k = r.randrange(4)
        if k == 0:
            c = r.choice(list(cols) or ["n"])
            return f'csv.write("out{i}/p=${{{c}}}", max_open: 3)'
        if k == 1:
            return f'csv.write("out{i}", null: "N", formulas: escape)'
        if k == 2:
            return f'json.encode(into: "j") -> csv.write("out{i}")'
        return f"show(format: {r.choice(['table', 'json', 'csv'])})"

    def pipeline(self):
        r = self.r
        lines = ["schema txn { txn_id: string!, event_ts: timestamp!, "
                 "amount: decimal(12, 2), merchant: string }",
                 'settings { quarantine: "q", epoch: { rows: %d } }'
                 % r.choice([1, 10, 1000])]
        if r.random() < .3:
            lines.append("param p: int = 5")
        for i in range(r.randrange(1, 3)):
            text, cols = self.source()
            timed = False
            for _ in range(r.randrange(5)):
                s, cols, timed = self.stage(cols, timed)
                text += "\n    -> " + s
            lines.append(f"s{i} = {text}")
            lines.append(f"s{i} -> {self.sink(cols, i)}")
            if r.random() < .3:
                lines.append(f"s{i}.rejected -> show(title: \"bad\")")
        return "\n".join(lines) + "\n"

    # ---- mutations

    def mutate(self, text, pool):
        r = self.r
        toks = TOKEN.findall(text)
        for _ in range(r.choice([1, 1, 2, 3, 8])):
            if not toks:
                break
            i, k = r.randrange(len(toks)), r.randrange(8)
            if k == 0:
                del toks[i]
            elif k == 1:
                toks.insert(i, toks[i])
            elif k == 2:
                toks[i] = r.choice(pool)
            elif k == 3:
                toks.insert(i, r.choice(pool))
            elif k == 4:
                j = r.randrange(len(toks))
                toks[i], toks[j] = toks[j], toks[i]
            elif k == 5:
                j = min(len(toks), i + r.randrange(1, 20))
                a = r.randrange(len(toks))
                toks[a:a] = toks[i:j]
            elif k == 6:
                del toks[i:i + r.randrange(1, 20)]
            else:
                toks[i] = r.choice([str(r.randrange(-5, 5)), '""', "null",
                                    "1e400", "n", "[]", "{ }", "\x00", "\xff",
                                    "9" * 39, "true", "0.1", "5s", "5MiB"])
        return "".join(toks)


def bounded(text):
    """May it be run: does it end, and need no server?"""
    text = re.sub(r"#[^\n]*", "", text)
    if re.search(r"\b(rate|lasts|throttle|speed|start_at|repeat|state|"
                 r"parquet|kafka|quarantine_writer)\b", text):
        return False
    used = set(re.findall(r"\b([a-z]+)\s*\.\s*[a-z]+\s*\(", text))
    if not used <= {"generate", "core", "json", "window", "csv"} or \
            re.search(r"csv\s*\.\s*read|\"[^\"]*(/|\.\.)[^\"]*\"|--set",
                      re.sub(r'"out\d/p=', '"', text)):
        return False
    for m in re.finditer(r"generate\s*\.\s*\w+\s*\(([^()]*)\)", text):
        if not re.search(r"\b(count|to):\s*[1-9][0-9]{0,3}\s*(,|$)", m.group(1)):
            return False
    return "generate" in text


class Checker:
    def __init__(self, weir, keep):
        self.weir = weir
        self.keep = keep
        self.n = self.bad = self.passed = self.ran = 0
        self.env = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC",
                        WEIR_CLOCK="2026-01-01T01:00:00Z")
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1")

    def weir_says(self, where, *args):
        try:
            p = subprocess.run([self.weir, *args], cwd=where, env=self.env,
                               stdin=subprocess.DEVNULL, timeout=30,
                               capture_output=True)
            return p.returncode, p.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            return -999, "no end after 30 s"

    def wrong(self, text, runs):
        """What is wrong with what weir says to a pipeline, or None."""
        with tempfile.TemporaryDirectory(prefix="weir-fuzz-") as tmp:
            (Path(tmp) / "x.weir").write_text(text, errors="surrogateescape")
            code, err = self.weir_says(tmp, "check", "x.weir")
            if code not in (0, 3) or REPORT.search(err):
                return f"check ends with {code}: {err[-3000:]}"
            if code == 3 and not PLACE.search(err) and \
                    not NO_PLACE.search(err):
                return f"an error without a place: {err[:1000]}"
            self.passed += code == 0
            if code != 0 or not runs:
                return None
            self.ran += 1
            code, err = self.weir_says(tmp, "run", "--quiet", "x.weir")
            if code != 0 or "Sanitizer" in err or "runtime error:" in err:
                return f"check passes, run ends with {code}: {err[-3000:]}"
        return None

    def take(self, text, runs, name):
        self.n += 1
        why = self.wrong(text, runs)
        if why is None:
            return
        self.bad += 1
        print(f"not ok {self.bad} - {name}")
        for s in why.splitlines()[:40] + ["--"] + text.splitlines()[:60]:
            print("# " + s.encode(errors="backslashreplace").decode())
        sys.stdout.flush()
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"{name}.weir").write_text(
                text, errors="surrogateescape")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.
                                 RawDescriptionHelpFormatter)
    ap.add_argument("weir", type=Path)
    ap.add_argument("--count", type=int, default=200)
    ap.add_argument("--seconds", type=float)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", type=Path)
    args = ap.parse_args()
    corpus = sorted((TOP / "pipelines").glob("*.weir")) + \
        sorted((TOP / "tests/golden").glob("**/*.weir"))
    texts = [t for t in (p.read_text(errors="replace") for p in corpus
                         if p.is_file()) if len(t) < 6000]
    pool = sorted({t for s in texts for t in TOKEN.findall(s)
                   if not t.startswith("#") and len(t) < 40})
    ck = Checker(str(args.weir.resolve()), args.keep)
    end = time.monotonic() + args.seconds if args.seconds else None
    i = 0
    while ck.bad < 20 and (time.monotonic() < end if end else i < args.count):
        rnd = random.Random(f"{args.seed}/{i}")
        mk = Maker(rnd) if i == 0 else mk
        mk.r = rnd
        if i % 2 == 0:
            text, runs = mk.pipeline(), True
            if rnd.random() < .2:
                text = mk.mutate(text, pool)
                runs = bounded(text)
        else:
            text = mk.mutate(rnd.choice(texts), pool)
            runs = bounded(text)
        ck.take(text, runs, f"pipeline-{args.seed}-{i}")
        i += 1
    if not functions() or ck.passed == 0 or ck.ran == 0:
        ck.bad += 1
        print(f"not ok {ck.bad} - nothing was tried")
    print(f"ok {ck.bad + 1} - {ck.n - ck.bad} of {ck.n} pipelines; "
          f"{ck.passed} pass the check, {ck.ran} of them were run")
    print(f"1..{ck.bad + 1}")
    return ck.bad != 0


if __name__ == "__main__":
    sys.exit(main())
