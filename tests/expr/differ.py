#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random expressions, evaluated by Weir and by DuckDB, must agree.

usage: differ.py EVALROW [COUNT [SEED]]

Kept apart: what the two are meant to differ in.  DuckDB divides by zero to
null where Weir fails the row, rounds decimals half up where Weir rounds half
to even, and divides decimals as floats; errors have tests of their own.
"""
import decimal
import fractions
import math
import random
import subprocess
import sys

import duckdb

decimal.getcontext().prec = 120
Fraction = fractions.Fraction

COLUMNS = [
    # name, Weir's type, DuckDB's
    ("g", "int64!", "BIGINT"),
    ("i", "int64", "BIGINT"),
    ("j", "int64", "BIGINT"),
    ("n", "int32", "INTEGER"),
    ("d", "decimal(9, 2)", "DECIMAL(9, 2)"),
    ("e", "decimal(20, 4)", "DECIMAL(20, 4)"),
    ("f", "float64", "DOUBLE"),
    ("s", "string", "VARCHAR"),
    ("u", "string", "VARCHAR"),
    ("b", "bool", "BOOLEAN"),
    ("c", "bool", "BOOLEAN"),
    ("t", "timestamp", "TIMESTAMP"),
    ("w", "timestamp", "TIMESTAMP"),
    ("day", "date", "DATE"),
]

WORDS = ["", "a", "b", "ab", "abc", "abcdefghijkl", "abcdefghijklm",
         "a longer text, with a comma", "ab%", "a_c", "äöü", "日本", "12",
         "-7", "0"]


def rows(rnd, n):
    out = []
    for _ in range(n):
        def maybe(x):
            return None if rnd.random() < 0.15 else x
        out.append([
            rnd.randrange(7),
            maybe(rnd.choice([0, 1, -1, 7, rnd.randrange(-1000, 1000)])),
            maybe(rnd.randrange(-10, 10)),
            maybe(rnd.choice([0, 5, rnd.randrange(-2**15, 2**15)])),
            maybe(decimal.Decimal(rnd.randrange(-10**5, 10**5)).scaleb(-2)),
            maybe(decimal.Decimal(rnd.randrange(-10**12, 10**12)).scaleb(-4)),
            maybe(rnd.choice([0.0, 1.5, -2.25, rnd.uniform(-100, 100)])),
            maybe(rnd.choice(WORDS)),
            maybe(rnd.choice(WORDS)),
            maybe(rnd.random() < 0.5),
            maybe(rnd.random() < 0.5),
            maybe("2026-0%d-%02d %02d:%02d:%02d.%06d" % (
                rnd.randrange(1, 4), rnd.randrange(1, 28),
                rnd.randrange(24), rnd.randrange(60), rnd.randrange(60),
                rnd.choice([0, 5, 123000, 999999]))),
            maybe("2026-02-%02d 00:00:00.000000" % rnd.randrange(1, 28)),
            maybe("2026-02-%02d" % rnd.randrange(1, 28)),
        ])
    return out


class Gen:
    """Makes pairs (Weir's text, DuckDB's text) of one type."""

    def __init__(self, rnd):
        self.rnd = rnd

    def pick(self, *ways):
        return self.rnd.choice(ways)()

    def of(self, kind, depth):
        return getattr(self, kind)(depth)

    def same(self, text):
        return text, text

    def infix(self, op, a, b, sqlop=None):
        return (f"({a[0]} {op} {b[0]})", f"({a[1]} {sqlop or op} {b[1]})")

    def choice(self, kind, depth):
        """Forms that any type has."""
        d = depth - 1
        a, b, c = self.of(kind, d), self.of(kind, d), self.bool(d)
        def when_if():
            return (f"(if {c[0]} then {a[0]} else {b[0]})",
                    f"CASE WHEN {c[1]} THEN {a[1]} ELSE {b[1]} END")
        def no_else():
            return (f"(if {c[0]} then {a[0]})",
                    f"CASE WHEN {c[1]} THEN {a[1]} END")
        def case():
            e = self.bool(d)
            return (f"case when {c[0]} then {a[0]} when {e[0]} then {b[0]} "
                    f"end",
                    f"CASE WHEN {c[1]} THEN {a[1]} WHEN {e[1]} THEN {b[1]} "
                    f"END")
        def case_of():
            x, y, z = self.int(d), self.int(0), self.int(0)
            return (f"case {x[0]} when {y[0]} then {a[0]} when {z[0]} then "
                    f"{b[0]} end",
                    f"CASE {x[1]} WHEN {y[1]} THEN {a[1]} WHEN {z[1]} THEN "
                    f"{b[1]} END")
        def coalesce():
            return (f"({a[0]} ?? {b[0]})", f"coalesce({a[1]}, {b[1]})")
        def coalesce3():
            return (f"coalesce({a[0]}, {b[0]}, {a[0]})",
                    f"coalesce({a[1]}, {b[1]}, {a[1]})")
        def nullif():
            return (f"nullif({a[0]}, {b[0]})",
                    f"CASE WHEN {a[1]} = {b[1]} THEN NULL ELSE {a[1]} END")
        ways = [when_if, no_else, case, case_of, coalesce, coalesce3, nullif]
        if kind != "bool":
            ways.append(lambda: (f"greatest({a[0]}, {b[0]})",
                                 f"greatest({a[1]}, {b[1]})"))
            ways.append(lambda: (f"least({a[0]}, {b[0]})",
                                 f"least({a[1]}, {b[1]})"))
        return self.pick(*ways)

    def int(self, depth):
        leaf = lambda: self.same(self.rnd.choice(
            ["i", "j", "n", str(self.rnd.randrange(0, 20))]))
        if depth <= 0:
            return leaf()
        d = depth - 1
        def div():
            by = self.rnd.choice([2, 3, 7, 10])
            return self.infix(self.rnd.choice(["//", "%"]), self.int(d),
                              self.same(str(by)))
        def mul():
            return self.infix("*", self.int(0), self.same(
                str(self.rnd.randrange(0, 9))))
        def cast():
            x = self.int(d)
            return (f"cast(cast({x[0]} as string) as int64)",
                    f"CAST(CAST({x[1]} AS VARCHAR) AS BIGINT)")
        def of_bool():
            x = self.bool(d)
            return (f"cast({x[0]} as int64)", f"CAST({x[1]} AS BIGINT)")
        def of_float():
            x = self.float(0)
            return (f"cast({x[0]} as int64)", f"CAST({x[1]} AS BIGINT)")
        return self.pick(
            leaf, div, mul, cast, of_bool, of_float,
            lambda: self.infix("+", self.int(d), self.int(d)),
            lambda: self.infix("-", self.int(d), self.int(d)),
            lambda: (lambda x: (f"(-{x[0]})", f"(-{x[1]})"))(self.int(d)),
            lambda: self.choice("int", depth))

    def dec(self, depth):
        lit = "%d.%0*d" % (self.rnd.randrange(50), 2, self.rnd.randrange(100))
        leaf = lambda: self.pick(lambda: self.same("d"),
                                 lambda: self.same("e"),
                                 lambda: self.same(lit))
        if depth <= 0:
            return leaf()
        d = depth - 1
        def mul():
            return self.infix("*", self.dec(0), self.pick(
                lambda: self.same("d"), lambda: self.same(lit)))
        def cast():
            x = self.dec(0)
            return (f"cast({x[0]} as decimal(30, 6))",
                    f"CAST({x[1]} AS DECIMAL(30, 6))")
        def of_int():
            x = self.int(0)
            return (f"cast({x[0]} as decimal(12, 1))",
                    f"CAST({x[1]} AS DECIMAL(12, 1))")
        def of_text():
            x = self.dec(0)
            return (f"cast(cast({x[0]} as string) as decimal(24, 4))",
                    f"CAST(CAST({x[1]} AS VARCHAR) AS DECIMAL(24, 4))")
        return self.pick(
            leaf, mul, cast, of_int, of_text,
            lambda: self.infix("+", self.dec(0), self.dec(0)),
            lambda: self.infix("-", self.dec(0), self.int(0)),
            lambda: (lambda x: (f"(-{x[0]})", f"(-{x[1]})"))(self.dec(0)))

    def float(self, depth):
        leaf = lambda: self.pick(
            lambda: self.same("f"),
            lambda: self.same("%de-1" % self.rnd.randrange(100)))
        if depth <= 0:
            return leaf()
        d = depth - 1
        def ratio():
            return self.infix("/", self.int(0), self.same("4"))
        def of_dec():
            x = self.dec(0)
            return (f"cast({x[0]} as float64)", f"CAST({x[1]} AS DOUBLE)")
        return self.pick(
            leaf, ratio, of_dec,
            lambda: self.infix("+", self.float(d), self.float(d)),
            lambda: self.infix("*", self.float(d), self.float(0)),
            lambda: self.infix("-", self.float(d), self.int(0)),
            lambda: self.choice("float", depth))

    def text(self, depth):
        w = self.rnd.choice([x for x in WORDS if x != "ab%"])
        leaf = lambda: self.pick(
            lambda: self.same("s"), lambda: self.same("u"),
            lambda: (f'"{w}"', f"'{w}'"))
        if depth <= 0:
            return leaf()
        d = depth - 1
        def template():
            a, b = self.text(0), self.int(0)
            return (f'"${{{a[0]}}}-${{{b[0]}}}"',
                    f"({a[1]} || '-' || CAST({b[1]} AS VARCHAR))")
        def of_int():
            x = self.int(d)
            return (f"cast({x[0]} as string)", f"CAST({x[1]} AS VARCHAR)")
        def of_dec():
            x = self.dec(0)
            return (f"cast({x[0]} as string)", f"CAST({x[1]} AS VARCHAR)")
        def of_bool():
            x = self.bool(d)
            return (f"cast({x[0]} as string)", f"CAST({x[1]} AS VARCHAR)")
        return self.pick(leaf, template, of_int, of_dec, of_bool,
                         lambda: self.choice("text", depth))

    def time(self, depth):
        lit = "2026-02-%02dT12:00:00" % self.rnd.randrange(1, 28)
        leaf = lambda: self.pick(lambda: self.same("t"),
                                 lambda: self.same("w"))
        if depth <= 0:
            return leaf()
        def shift():
            x, n = self.time(depth - 1), self.rnd.randrange(100)
            op = self.rnd.choice("+-")
            return (f"({x[0]} {op} {n}m)",
                    f"({x[1]} {op} INTERVAL {n} MINUTE)")
        def cast():
            return (f'cast("{lit}" as timestamp)', f"TIMESTAMP '{lit}'")
        def of_day():
            return ("cast(day as timestamp)", "CAST(day AS TIMESTAMP)")
        return self.pick(leaf, shift, cast, of_day,
                         lambda: self.choice("time", depth))

    def bool(self, depth):
        leaf = lambda: self.pick(lambda: self.same("b"),
                                 lambda: self.same("c"),
                                 lambda: self.same("true"),
                                 lambda: self.same("false"))
        if depth <= 0:
            return leaf()
        d = depth - 1
        kind = self.rnd.choice(["int", "dec", "float", "text", "time"])
        def compare():
            op = self.rnd.choice(["==", "!=", "<", "<=", ">", ">="])
            return self.infix(op, self.of(kind, d), self.of(kind, d),
                              {"==": "="}.get(op))
        def mixed():
            op = self.rnd.choice(["==", "<", ">="])
            return self.infix(op, self.int(0), self.dec(0),
                              {"==": "="}.get(op))
        def time_text():
            lit = "2026-02-%02d 11:30:00" % self.rnd.randrange(1, 28)
            x = self.time(d)
            return (f'({x[0]} > "{lit}")', f"({x[1]} > TIMESTAMP '{lit}')")
        def between():
            x, a, b = (self.of(kind, d), self.of(kind, 0),
                       self.of(kind, 0))
            no = self.rnd.choice(["", "not "])
            return (f"({x[0]} {no}between {a[0]} and {b[0]})",
                    f"({x[1]} {no}BETWEEN {a[1]} AND {b[1]})")
        def one_of():
            k = self.rnd.choice(["int", "text", "dec"])
            x = self.of(k, d)
            items = [self.of(k, 0)
                     for _ in range(self.rnd.choice([1, 2, 5, 12]))]
            if self.rnd.random() < 0.6:  # constants
                items = [self.same(str(self.rnd.randrange(-9, 9)))
                         if k != "text" else
                         (lambda w: (f'"{w}"', f"'{w}'"))(
                             self.rnd.choice(WORDS)) for _ in items]
            if self.rnd.random() < 0.2:
                items.append(self.same("null"))
            no = self.rnd.choice(["", "not "])
            return (f"({x[0]} {no}in [{', '.join(a for a, _ in items)}])",
                    f"({x[1]} {no}IN ({', '.join(b for _, b in items)}))")
        def like():
            pat = "".join(self.rnd.choice(["%", "_", "a", "b", "c", "ü", "m"])
                          for _ in range(self.rnd.randrange(5)))
            x = self.text(d)
            no = self.rnd.choice(["", "not "])
            return (f'({x[0]} {no}like "{pat}")',
                    f"({x[1]} {no}LIKE '{pat}')")
        def is_null():
            x = self.of(self.rnd.choice(["int", "bool", "text"]), d)
            no = self.rnd.choice(["", "not "])
            return (f"({x[0]} is {no}null)", f"({x[1]} IS {no}NULL)")
        def negate():
            x = self.bool(d)
            return (f"(not {x[0]})", f"(NOT {x[1]})")
        return self.pick(
            leaf, compare, compare, mixed, time_text, between, one_of, like,
            is_null, negate,
            lambda: self.infix("and", self.bool(d), self.bool(d)),
            lambda: self.infix("or", self.bool(d), self.bool(d)),
            lambda: self.choice("bool", depth))


class Weir:
    def __init__(self, program, table):
        self.p = subprocess.Popen([program], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        self.n = len(table)
        self.say("S " + "\t".join(f"{n}:{t}" for n, t, _ in COLUMNS))
        for row in table:
            self.say("R " + "\t".join(
                "\\N" if v is None else
                ("true" if v is True else "false" if v is False else
                 repr(v) if isinstance(v, float) else str(v)) for v in row))

    def say(self, line):
        self.p.stdin.write(line + "\n")
        self.p.stdin.flush()

    def line(self):
        s = self.p.stdout.readline()
        if not s:
            sys.exit(f"evalrow ended with {self.p.wait()}")
        return s[:-1]

    def ask(self, what, text, n):
        self.say(f"{what} {text}")
        head = self.line()
        if head[0] == "B":
            return head, None
        return head[2:], [self.line() for _ in range(n)]


def agree(ty, ours, theirs):
    if ours == "N" or theirs is None:
        return ours == "N" and theirs is None
    if ours[0] != "V":
        return False
    v = ours[2:]
    if ty.startswith("decimal") or ty.startswith("int"):
        if isinstance(theirs, float):
            return math.isclose(float(v), theirs, rel_tol=1e-12)
        return Fraction(v) == Fraction(theirs)
    if ty == "float64":
        return math.isclose(float(v), float(theirs), rel_tol=1e-12,
                            abs_tol=1e-12)
    if ty == "bool":
        return v == ("true" if theirs else "false")
    if ty == "timestamp":
        return v == theirs.isoformat(timespec="auto") + "Z" or \
            v[:-1].ljust(26, "0").replace(":", "").replace(".", "") == \
            theirs.isoformat(timespec="microseconds").replace(
                ":", "").replace(".", "") or \
            v[:-1] == theirs.isoformat(timespec="milliseconds")
    return v == theirs


def aggregates(rnd, gen):
    """(Weir's, DuckDB's, kind) of one call."""
    where = gen.bool(2) if rnd.random() < 0.4 else None
    ours, theirs = gen.of(rnd.choice(["int", "dec"]), 1)
    text = gen.text(1)
    cond = gen.bool(1)
    f = rnd.choice(["count", "sum", "avg", "min", "max", "first", "last",
                    "any", "all", "distinct", "var", "stddev", "minmax_text",
                    "rows"])
    name, x, sql = {
        "rows": ("count", "", "count(*)"),
        "count": ("count", ours, f"count({theirs})"),
        "sum": ("sum", ours, f"sum({theirs})"),
        "avg": ("avg", ours, f"list({theirs})"),
        "min": ("min", ours, f"min({theirs})"),
        "max": ("max", ours, f"max({theirs})"),
        "first": ("first", text[0],
                  f"list({text[1]} ORDER BY id)"),
        "last": ("last", text[0], f"list({text[1]} ORDER BY id)"),
        "any": ("any", cond[0], f"bool_or({cond[1]})"),
        "all": ("all", cond[0], f"bool_and({cond[1]})"),
        "distinct": ("distinct", text[0], f"count(DISTINCT {text[1]})"),
        "var": ("var_pop", ours, f"var_pop({theirs})"),
        "stddev": ("stddev", ours, f"stddev_samp({theirs})"),
        "minmax_text": ("max", text[0], f"max({text[1]})"),
    }[f]
    if where:
        sql += f" FILTER (WHERE {where[1]})"
        x += (", " if x else "") + f"where: {where[0]}"
    return f, f"{name}({x})", sql


def settle(f, ty, value):
    """DuckDB's answer as Weir's should be."""
    if f == "avg":
        values = [v for v in value or [] if v is not None]
        if not values:
            return None
        scale = int(ty.split(",")[1].rstrip(")"))
        mean = sum(Fraction(v) for v in values) / len(values)
        whole = mean * 10 ** scale
        return Fraction(round(whole), 10 ** scale)  # half to even
    if f in ("first", "last"):
        values = [v for v in value or [] if v is not None]
        return values[0 if f == "first" else -1] if values else None
    return value


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rnd = random.Random(seed)
    table = rows(rnd, 150)
    weir = Weir(program, table)
    db = duckdb.connect()
    db.execute("CREATE TABLE t (id INTEGER, " + ", ".join(
        f"{n} {t}" for n, _, t in COLUMNS) + ")")
    db.executemany("INSERT INTO t VALUES (" + ", ".join(
        "?" for _ in range(len(COLUMNS) + 1)) + ")",
        [[k] + r for k, r in enumerate(table)])
    gen = Gen(rnd)
    bad = done = refused = 0
    for k in range(count):
        kind = rnd.choice(["int", "dec", "float", "text", "time", "bool",
                           "bool"])
        ours, sql = gen.of(kind, rnd.randrange(1, 5))
        try:
            theirs = [r[0] for r in db.execute(
                f"SELECT {sql} FROM t ORDER BY id").fetchall()]
        except duckdb.Error:
            continue  # an overflow, or a scale past 38
        ty, answers = weir.ask("E", ours, len(table))
        if answers is None:
            refused += 1
            # A precision beyond 38 digits is a matter of types.
            if "type.decimal" not in ty and "type.mismatch" not in ty:
                print(f"not ok - {ours}\n#  {ty}\n#  {sql}")
                bad += 1
            continue
        done += 1
        for i, (a, b) in enumerate(zip(answers, theirs)):
            if not agree(ty, a, b):
                print(f"not ok - {ours}\n#  {sql}\n#  row {i} "
                      f"{table[i]}\n#  {ty}: weir {a}, duckdb {b!r}")
                bad += 1
                break
    groups = max(r[0] for r in table) + 1
    for k in range(count // 4):
        calls = [aggregates(rnd, gen) for _ in range(3)]
        try:
            theirs = db.execute(
                "SELECT " + ", ".join(c[2] for c in calls) +
                " FROM t GROUP BY g ORDER BY g").fetchall()
        except duckdb.Error:
            continue
        text = "{ " + ", ".join(
            f"c{n}: {c[1]}" for n, c in enumerate(calls)) + " }"
        types, answers = weir.ask("A", text, groups)
        if answers is None:
            refused += 1
            if "type." not in types:
                print(f"not ok - {text}\n#  {types}")
                bad += 1
            continue
        done += 1
        for i, line in enumerate(answers):
            for ty, a, b, c in zip(types.split("\t"), line.split("\t"),
                                   theirs[i], calls):
                if not agree(ty, a, settle(c[0], ty, b)):
                    print(f"not ok - {c[1]}\n#  {c[2]}\n#  group {i}\n"
                          f"#  {ty}: weir {a}, duckdb "
                          f"{settle(c[0], ty, b)!r}")
                    bad += 1
    print(f"{'not ok' if bad else 'ok'} 1 - {done} expressions agree with "
          f"DuckDB, {bad} do not, {refused} refused, seed {seed}")
    print("1..1")
    sys.exit(bad != 0)


main()
