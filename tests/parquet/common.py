# SPDX-License-Identifier: MIT
"""What the Parquet tests share: TAP lines, and values made comparable."""
import base64
import datetime
import decimal
import json
import math
import os
import re
import subprocess
import sys

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_n = _bad = 0


def ok(cond, what):
    global _n, _bad
    _n += 1
    _bad += not cond
    print(f"{'' if cond else 'not '}ok {_n} - {what}", flush=True)
    return cond


def done():
    print(f"1..{_n}")
    sys.exit(_bad != 0)


def built(name):
    """A test program of the build that the command line names."""
    build = os.path.abspath(sys.argv[1])
    os.environ["WEIR_PLUGINS"] = build + "/plugins"
    for d in ("tests/unit", "t"):
        if os.path.exists(f"{build}/{d}/{name}"):
            return f"{build}/{d}/{name}"
    sys.exit(f"there is no {name} in {build}")


def run(*args):
    p = subprocess.run([str(a) for a in args], capture_output=True, text=True)
    if p.returncode != 0:
        raise RuntimeError(f"{args[0]}: {p.returncode}: {p.stderr[-2000:]}")
    return p.stdout


def micros(t):
    """Microseconds of a datetime or of RFC 3339 text."""
    if isinstance(t, str):
        m = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?Z", t)
        y, mo, d, h, mi, s = map(int, m.groups()[:6])
        us = int((m[7] or "").ljust(6, "0"))
        t = datetime.datetime(y, mo, d, h, mi, s, us, tzinfo=datetime.timezone.utc)
    if t.tzinfo is None:
        t = t.replace(tzinfo=datetime.timezone.utc)
    d = t - EPOCH
    return (d.days * 86400 + d.seconds) * 1000000 + d.microseconds


UNIT = {"w": 604800000000, "d": 86400000000, "h": 3600000000, "m": 60000000,
        "s": 1000000, "ms": 1000, "us": 1}


def duration(s):
    """Microseconds of 1h30m."""
    sign = -1 if s.startswith("-") else 1
    total = 0
    for num, unit in re.findall(r"([\d.]+)(ms|us|[wdhms])", s):
        total += int(decimal.Decimal(num) * UNIT[unit])
    return sign * total


def number(v):
    if isinstance(v, str):
        v = float(v)
    v = float(v)
    if math.isnan(v):
        return "nan"
    return (v, math.copysign(1, v)) if v == 0 else v


def want(v, ty):
    """A value of the JSON that the test writes, by its type's text."""
    if v is None:
        return None
    if ty == "bytes":
        return base64.b64decode(v)
    if ty == "timestamp":
        return micros(v)
    if ty == "date":
        return datetime.date.fromisoformat(v)
    if ty == "duration":
        return duration(v)
    if ty in ("float32", "float64"):
        v = number(v)
        return v
    if ty.startswith("decimal"):
        return decimal.Decimal(v)
    if ty == "json":
        return v
    return v


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line, parse_float=decimal.Decimal,
                           parse_int=lambda s: -0.0 if s == "-0" else int(s)) for line in f]


SCALARS = ["bool", "int32", "int64", "float32", "float64", "decimal(7,2)",
           "decimal(18,4)", "decimal(38,10)", "string", "bytes", "timestamp",
           "date", "duration", "json"]
