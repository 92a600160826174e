#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Prints test vectors of one kind, a line each, fields apart by tabs: inputs
# and what Python's own libraries make of them.  The same on every run.

import decimal
import hashlib
import hmac
import random
import struct
import sys
import zlib
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction

rnd = random.Random(20260101)
out = []


def put(*fields):
    out.append("\t".join(str(f) for f in fields))


def bits64(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from64(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def from32(b):
    return struct.unpack("<f", struct.pack("<I", b))[0]


def exact(x):
    """All decimal digits of a binary float."""
    return format(decimal.Decimal(x), "f")


# --- floats ---

def float_texts():
    yield from """0 -0 +0 0.0 1 -1 1. .5 +.5 00012.50 1e5 1E+5 1e-5
        9007199254740993 9007199254740992.5 9007199254740993.0000000001
        1.7976931348623157e308 4.9e-324 2.4703282292062327e-324
        2.4703282292062328e-324 2.2250738585072011e-308
        2.2250738585072014e-308 1e23 8.5e22 1e22 1e-22 123456789012345678901
        0.000001e-400 1e-10000000000000000000 6.0221407600000000000000001e23
        179769313486231580793728971405301e276
        3.1415926535897932384626433832795028841971693993751""".split()
    yield "0." + "0" * 400 + "1e400"
    yield "1" + "0" * 400 + "e-400"
    for _ in range(20000):
        yield repr(from64(rnd.getrandbits(64) & ~(1 << 62)))
    for _ in range(20000):
        n = rnd.choice([1, 3, 8, 15, 16, 17, 18, 19, 20, 25, 40])
        s = str(rnd.randrange(10 ** n))
        p = rnd.randrange(len(s) + 1)
        s = s[:p] + "." + s[p:]
        if rnd.random() < .7:
            s += "e%d" % rnd.randrange(-340, 310)
        yield rnd.choice(["", "-"]) + s
    # Exactly between two floats, and a hair beside it.
    for _ in range(4000):
        b = rnd.getrandbits(63)
        if rnd.random() < .1:
            b &= (1 << 53) - 1  # subnormal and least normal
        if b >> 52 >= 0x7fe:
            continue
        lo, hi = Fraction(from64(b)), Fraction(from64(b + 1))
        mid = (lo + hi) / 2
        with decimal.localcontext() as cx:
            cx.prec = 1200
            d = decimal.Decimal(mid.numerator) / decimal.Decimal(mid.denominator)
            s = str(d)
            yield s
            m, _, e = s.partition("E")
            m += "" if "." in m else "."
            yield m + "0" * rnd.randrange(800) + "1" + ("e" + e if e else "")
            low = str(d - decimal.Decimal(10) ** (d.adjusted() - 790))
            yield low


def floats():
    for t in float_texts():
        if t in ("nan", "inf", "-inf"):
            continue
        v = float(t)
        big = v in (float("inf"), float("-inf"))
        put(t, "%016x" % bits64(v), "range" if big else "ok")
    for t in "nan NaN inf -Inf +infinity".split():
        put(t, "%016x" % (bits64(float(t)) & ~0), "ok")
    for t in ("- + . e5 1e 1e+ 1.2.3 1_0 0x10 1f infx na -. 1..2 1e5.0 "
              "--1 +-1 infinit").split() + ["", " 1", "1 "]:
        put(t, "0", "syntax")


def layout(v):
    """Python's shortest digits in our form."""
    if v != v:
        return "nan"
    sign = "-" if struct.pack(">d", v)[0] & 0x80 else ""
    if v in (float("inf"), float("-inf")):
        return sign + "inf"
    if v == 0:
        return sign + "0"
    _, digits, e = decimal.Decimal(repr(abs(v))).normalize().as_tuple()
    return sign + arrange("".join(map(str, digits)), e)


def arrange(d, e):
    point = len(d) + e
    if point - 1 < -5 or point - 1 > 20:
        m = d[0] + ("." + d[1:] if len(d) > 1 else "")
        return "%se%s%02d" % (m, "-" if point < 1 else "+", abs(point - 1))
    if point <= 0:
        return "0." + "0" * -point + d
    if point >= len(d):
        return d + "0" * (point - len(d))
    return d[:point] + "." + d[point:]


def floatprint():
    vs = [0.0, -0.0, 1.0, -1.5, 0.1, 100.0, 1e20, 1e21, 1e-5, 1e-6, 1.5e-7,
          5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 2.0 ** 70,
          9007199254740993.0, 123456789.125, 1e23, 9.5e-5, 2e-44, 299792458.0,
          float("inf"), float("-inf"), float("nan")]
    vs += [2.0 ** e for e in range(-1074, 1024)]
    vs += [float("1e%d" % e) for e in range(-323, 309)]
    vs += [from64(rnd.getrandbits(64)) for _ in range(40000)]
    vs += [rnd.randrange(10 ** 8) / 100 for _ in range(5000)]
    vs += [float(rnd.getrandbits(60)) for _ in range(5000)]
    for v in vs:
        put("%016x" % bits64(v), layout(v))


def nearest32(x):
    """A Fraction, rounded once to float32; None when out of range."""
    sign, x = (-1, -x) if x < 0 else (1, x)
    lo, hi = 0, 0x7f7fffff
    if x >= Fraction(2) ** 128 - Fraction(2) ** 103:
        return None
    while lo < hi:
        mid = (lo + hi + 1) // 2
        if Fraction(from32(mid)) <= x:
            lo = mid
        else:
            hi = mid - 1
    a = Fraction(from32(lo))
    b = Fraction(from32(lo + 1)) if lo < 0x7f7fffff else Fraction(2) ** 128
    if x - a > b - x or (x - a == b - x and lo & 1):
        lo += 1
    return lo | (0x80000000 if sign < 0 else 0)


def float32s():
    texts = ["16777217", "16777217.0000000000000000000000000001",
             "16777216.9999999999999999999999999999", "3.4028235e38",
             "3.4028236e38", "1e39", "7e-46", "7.1e-46", "1.4e-45", "0.1",
             "7.006492321624085354618e-46", "7.006492321624085354619e-46",
             "-16777219"]
    for _ in range(4000):
        b = rnd.getrandbits(31)
        if b >> 23 >= 0xfe:
            continue
        mid = (Fraction(from32(b)) + Fraction(from32(b + 1))) / 2
        with decimal.localcontext() as cx:
            cx.prec = 200
            d = decimal.Decimal(mid.numerator) / decimal.Decimal(mid.denominator)
            e = decimal.Decimal(10) ** (d.adjusted() - rnd.randrange(20, 150))
            texts += [str(d), str(d + e), str(d - e)]
    for t in texts:
        n = nearest32(Fraction(decimal.Decimal(t)))
        put(t, "%08x" % (n or 0), "range" if n is None else "ok")


def float32print():
    """The shortest digits by trying: %.1e to %.9e."""
    for i in range(900):
        b = rnd.getrandbits(31) if i > 300 else i << 23 if i < 255 else i
        if b >> 23 == 0xff:
            continue
        v = from32(b)
        if v == 0:
            continue
        s = None
        for p in range(0, 9):
            near = decimal.Decimal("%.*e" % (p, v))
            step = decimal.Decimal((0, (1,), near.as_tuple().exponent))
            fits = [t for t in (near, near + step, near - step)
                    if nearest32(Fraction(t)) == b]
            if fits:
                s = min(fits, key=lambda t: abs(Fraction(t) - Fraction(v)))
                break
        _, digits, e = s.normalize().as_tuple()
        put("%08x" % b, arrange("".join(map(str, digits)), e))


# --- decimals ---

MODES = {"exact": None, "even": decimal.ROUND_HALF_EVEN,
         "trunc": decimal.ROUND_DOWN, "up": decimal.ROUND_HALF_UP}


def quantize(x, p, s, mode):
    """(unscaled, what) of a Fraction as decimal(p, s)."""
    n, d = (x * 10 ** s).numerator, (x * 10 ** s).denominator
    q, r = divmod(abs(n), d)
    if mode == "even":
        q += 2 * r > d or (2 * r == d and q % 2 == 1)
    elif mode == "up":
        q += 2 * r >= d
    if q >= 10 ** p:
        return 0, "range"
    if mode == "exact" and r:
        return 0, "inexact"
    return (-q if n < 0 else q), "ok"


def unscaled():
    n = rnd.choice([1, 2, 5, 9, 17, 18, 19, 20, 30, 37, 38])
    v = rnd.randrange(10 ** n)
    k = rnd.randrange(4)
    if k == 0:
        v = 10 ** n - 1
    elif k == 1:
        v = v // 10 ** (n // 2) * 10 ** (n // 2)
    return rnd.choice([-1, 1]) * v


def ps():
    p = rnd.choice([1, 5, 12, 18, 19, 30, 38, 38])
    return p, rnd.randrange(p + 1)


def decimals():
    for _ in range(20000):
        s = str(abs(unscaled()))
        point = rnd.randrange(len(s) + 1)
        s = s[:point] + rnd.choice([".", ".", ".0", ".00000"]) + s[point:]
        if rnd.random() < .3:
            s += "e%d" % rnd.randrange(-45, 45)
        s = rnd.choice(["", "-", "+"]) + s
        p, sc = ps()
        mode = rnd.choice(list(MODES))
        x = Fraction(decimal.Decimal(s))
        v, what = quantize(x, p, sc, mode)
        put("parse", s, p, sc, mode, v, what)
    for s in ("", "-", ".", "1.2.3", "1e", "e5", "1e+", " 1", "1 ", "0x1",
              "--1", "1,5", "nan"):
        put("parse", s, 10, 2, "exact", 0, "syntax")
    for s, v in (("0", 0), ("-0", 0), ("000000000000000000000000001", 100),
                 (".5", 50), ("5.", 500), ("0." + "0" * 300 + "e5", 0),
                 ("0e999999999999999999999", 0), ("1e1", 1000),
                 ("1" + "0" * 100 + "e-100", 100)):
        put("parse", s, 10, 2, "exact", v, "ok")
    put("parse", "1e99999999999999999999", 10, 2, "even", 0, "range")
    put("parse", "1e-99999999999999999999", 10, 2, "even", 0, "ok")
    for _ in range(4000):
        v, s = unscaled(), rnd.randrange(39)
        d = decimal.Decimal(v).scaleb(-s, decimal.Context(prec=60))
        put("print", v, s, format(d, "f") if v else format(
            decimal.Decimal(0).scaleb(-s), "f"))
        put("float", v, s, "%016x" % bits64(float(Fraction(v, 10 ** s))))
    for _ in range(30000):
        op = rnd.choice(["add", "sub", "mul", "div", "mod"])
        a, b = unscaled(), unscaled()
        sa, sb = rnd.randrange(39), rnd.randrange(39)
        p, s = ps()
        if rnd.random() < .5:
            s = {"add": max(sa, sb), "sub": max(sa, sb), "mul": sa + sb,
                 "div": max(6, sa + 4), "mod": max(sa, sb)}[op]
            p = 38
            if s > 38:
                continue
        x, y = Fraction(a, 10 ** sa), Fraction(b, 10 ** sb)
        if b == 0 and op in ("div", "mod"):
            put(op, a, sa, b, sb, p, s, 0, "zero")
            continue
        r = {"add": lambda: x + y, "sub": lambda: x - y,
             "mul": lambda: x * y, "div": lambda: x / y,
             "mod": lambda: abs(x) % abs(y) * (-1 if x < 0 else 1)}[op]()
        v, what = quantize(r, p, s, "even")
        put(op, a, sa, b, sb, p, s, v, what)
        put("cmp", a, sa, b, sb, (x > y) - (x < y))
        mode = rnd.choice(list(MODES))
        v, what = quantize(x, p, s, mode)
        put("rescale", a, sa, s, p, mode, v, what)
        f = rnd.choice([float(x), from64(rnd.getrandbits(63)), round(
            rnd.uniform(-1e6, 1e6), rnd.randrange(6)), 0.5, 2.5, 1e22, 1e-30])
        if f - f != 0:
            continue
        fx = Fraction(decimal.Decimal(repr(f)) if mode == "exact" else f)
        v, what = quantize(fx, p, s, mode)
        put("fromf", "%016x" % bits64(f), p, s, mode, v, what)


# --- times ---

US = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1)


def micros(t):
    return (t - EPOCH) // US


def moment(lo=1, hi=9999):
    a, b = micros(datetime(lo, 1, 1)), micros(datetime(hi, 12, 31, 23, 59, 59))
    t = rnd.randrange(a, b)
    k = rnd.randrange(4)
    return EPOCH + (t - t % (1, 1000, 1000000, 1000000)[k]) * US


def time_bad():
    for t in """2026 2026-01 2026-1-01 2026-01-1 20260101 2026/01/01
            2026-01-01T 2026-01-01T00 2026-01-01T00:0 2026-01-01T00:00:
            2026-01-01T00:00:0 2026-01-01T00:00:00. 2026-01-01T00:00:00.Z
            2026-01-01T00:00:00.1234567890Z 2026-01-01T00:00:00ZZ
            2026-01-01T00:00:00+ 2026-01-01T00:00:00+1 2026-01-01T00:00:00+1:00
            2026-01-01T00:00:00+010 2026-01-01T00:00:00+01:0
            2026-01-01T00:00:00+01:00:00 2026-01-01T00-00-00
            2026-01-01X00:00:00 2026-01-01T00:00:00A 2O26-01-01T00:00:00
            2026-01-01T00:00:0x 2026-01-01T0x:00:00 -026-01-01T00:00:00
            2026-01-01T00:00:00+0x:00 2026-01-01T00:00:00.12x 2026-01-0/
            :026-01-01 2026-01-01T00:00.5""".split():
        put("time", t, "syntax", 0)
    put("time", "", "syntax", 0)
    put("time", "2026-01-01T00:00:00 ", "syntax", 0)
    put("time", " 2026-01-01T00:00:00", "syntax", 0)
    put("time", "2026-01-01T00:00:00\x80", "syntax", 0)
    for t in """2026-00-01 2026-13-01 2026-01-00 2026-01-32 2026-02-29
            1900-02-29 2026-04-31 0000-01-01 2026-01-01T24:00:01
            2026-01-01T24:01 2026-01-01T25:00 2026-01-01T00:60
            2026-01-01T00:00:61 2026-01-01T00:00:00+24:00
            2026-01-01T00:00:00+00:60 9999-12-31T24:00 0001-01-01T00:00+00:01
            9999-12-31T23:59:60Z 9999-12-31T23:59:59-00:01 2026-02-30T00:00Z
            """.split():
        put("time", t, "range", 0)


def times():
    time_bad()
    for t, same in (("2026-01-01T24:00", "2026-01-02"),
                    ("2026-01-01T24:00:00.000Z", "2026-01-02"),
                    ("2016-12-31T23:59:60Z", "2017-01-01"),
                    ("2016-12-31T23:59:60.75Z", "2017-01-01"),
                    ("2016-12-31 18:59:60-05:00", "2017-01-01"),
                    ("2000-02-29t00:00z", "2000-02-29"),
                    ("2000-01-01T00:00:00 UTC", "2000-01-01"),
                    ("2000-01-01T00:00:00UTC", "2000-01-01"),
                    ("2000-01-01 00:00:00 Z", "2000-01-01"),
                    ("2000-01-01 05:45:00 +05:45", "2000-01-01"),
                    ("2000-01-01T00:00:00.000000999Z", "2000-01-01"),
                    ("2000-01-01T00:00:00,0", "2000-01-01")):
        put("time", t, "ok", micros(datetime.fromisoformat(same)))
    put("time", "1969-12-31T23:59:59.9999999Z", "ok", -1)
    for _ in range(20000):
        t = moment()
        zone = rnd.choice(["", "Z", "z", "+", "+", "-", "-"])
        off = 0
        s = t.strftime("%m-%d") + rnd.choice("Tt ") + t.strftime("%H:%M")
        s = "%04d-" % t.year + s
        v = t.replace(second=0, microsecond=0)
        if rnd.random() < .9:
            s += t.strftime(":%S")
            v = t.replace(microsecond=0)
            if rnd.random() < .7:
                n = rnd.randrange(1, 10)
                f = ("%06d" % t.microsecond + "%03d" % rnd.randrange(1000))[:n]
                s += rnd.choice("..,") + f
                v = t.replace(microsecond=int((f + "000000")[:6]))
        if zone in ("+", "-"):
            h, m = rnd.randrange(24), rnd.randrange(60)
            form = rnd.randrange(3)
            zone += ("%02d:%02d" % (h, m), "%02d%02d" % (h, m), "%02d" % h)[form]
            off = h * 60 + (m if form < 2 else 0)
            off = -off if zone[0] == "-" else off
        v = micros(v) - off * 60000000
        ok = micros(datetime(1, 1, 1)) <= v < micros(
            datetime(9999, 12, 31)) + 86400 * 10 ** 6
        put("time", s + zone, "ok" if ok else "range", v)
        iso = t.isoformat(timespec="seconds" if t.microsecond == 0 else
                          "milliseconds" if t.microsecond % 1000 == 0 else
                          "microseconds") + "Z"
        put("print", micros(t), iso)
        put("week", (t.date() - date(1970, 1, 1)).days, *t.isocalendar())
    for d in range(-719162, 2932897, 487):
        put("date", d, date.fromordinal(d + 719163).isoformat())


PATTERNS = ["%Y-%m-%d %H:%M:%S.%f", "%FT%T%z", "%d/%b/%Y:%H:%M:%S %z",
            "%A, %d %B %Y %I:%M %p", "%j %Y", "%a %e %b %H:%M:%S %Y", "%s.%f",
            "%D %R", "%m/%d/%Y", "%Y%m%d%H%M%S", "%%%y%%", "day %d of %B, %Y",
            "%G-W%V-%u", "%Y-%m-%dT%H:%M:%S %Z"]
NO_PRINT_ONLY = [p for p in PATTERNS if "%G" not in p]


def patterns():
    zones = [zoneinfo.ZoneInfo(z) for z in ("UTC", "Asia/Kolkata",
                                            "America/New_York", "Europe/Dublin")]
    for _ in range(4000):
        t = moment(1971, 2068)
        z = rnd.choice(zones)
        local = t.replace(tzinfo=timezone.utc).astimezone(z)
        pat = rnd.choice(PATTERNS)
        # Python leaves %s to the C library, which takes its own zone.
        exact = "%d.%06d" % divmod(micros(t), 10 ** 6)
        put("format", z.key, micros(t), pat,
            exact if "%s" in pat else local.strftime(pat))
        pat = rnd.choice(NO_PRINT_ONLY)
        if "%Z" in pat and z.key != "UTC":
            continue
        if "%s" in pat:
            put("parse", z.key, exact, pat, "ok", micros(t))
            continue
        text = local.strftime(pat)
        back = datetime.strptime(text, pat.replace("%F", "%Y-%m-%d").replace(
            "%T", "%H:%M:%S").replace("%R", "%H:%M").replace("%D", "%m/%d/%y")
            .replace("%e", "%d"))
        if not any(y in pat for y in ("%Y", "%y", "%D", "%F")):
            back = back.replace(year=1970)
        if back.tzinfo is None:
            back = back.replace(tzinfo=z)
        v = micros(back.astimezone(timezone.utc).replace(tzinfo=None))
        put("parse", z.key, text, pat, "ok", v)
    for s, p, w in (("2026-02-29", "%Y-%m-%d", "range"),
                    ("2026-13-01", "%Y-%m-%d", "range"),
                    ("26-01-01", "%Y-%m-%d", "syntax"),
                    ("2026-01-01x", "%Y-%m-%d", "syntax"),
                    ("2026-01-0", "%Y-%m-%d", "range"),
                    ("2026-01-", "%Y-%m-%d", "syntax"),
                    ("Foo 1", "%b %d", "syntax"), ("12", "%I %p", "syntax"),
                    ("13 PM", "%I %p", "range"), ("366 2025", "%j %Y", "range"),
                    ("+0x", "%z", "syntax"), ("CET", "%Z", "syntax"),
                    ("", "%Y", "syntax"), ("99999999999999", "%s", "range")):
        put("parse", "UTC", s, p, w, 0)
    for s, p, v in (("1/2/2026 3:4:5", "%m/%d/%Y %H:%M:%S",
                     datetime(2026, 1, 2, 3, 4, 5)),
                    ("12 am", "%I %p", datetime(1970, 1, 1)),
                    ("12 PM", "%I %p", datetime(1970, 1, 1, 12)),
                    ("jan 5 2026", "%B %d %Y", datetime(2026, 1, 5)),
                    ("MAY 5", "%b %e", datetime(1970, 5, 5)),
                    ("May  5", "%b %e", datetime(1970, 5, 5)),
                    ("2026-01-01 Z", "%F %z", datetime(2026, 1, 1)),
                    ("2026-01-01 +01", "%F %z", datetime(2025, 12, 31, 23)),
                    ("1.5", "%s.%f", datetime(1970, 1, 1, 0, 0, 1, 500000)),
                    ("07.123456789", "%S.%f",
                     datetime(1970, 1, 1, 0, 0, 7, 123456)),
                    ("", "", datetime(1970, 1, 1))):
        put("parse", "UTC", s, p, "ok", micros(v))


ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu",
         "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
         "Europe/Dublin", "Pacific/Apia", "America/Sao_Paulo", "Asia/Gaza",
         "Antarctica/Troll", "Pacific/Chatham", "America/Nuuk", "Etc/GMT+5",
         "Asia/Tehran", "Africa/Monrovia", "America/Caracas", "UTC",
         "Australia/Sydney"]


def zone_edges(z):
    """Instants in 1900 to 2100 at which the offset changes, to the second."""
    step = 6 * 3600
    lo = int(datetime(1900, 1, 1, tzinfo=timezone.utc).timestamp())
    hi = int(datetime(2100, 1, 1, tzinfo=timezone.utc).timestamp())

    def off(s):
        t = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=s)
        t = t.astimezone(z)
        return t.utcoffset(), t.tzname()

    last = off(lo)
    for s in range(lo + step * 28, hi, step * 28):
        now = off(s)
        if now != last:
            a, b = s - step * 28, s
            while b - a > 1:
                m = (a + b) // 2
                if off(m) == last:
                    a = m
                else:
                    b = m
            yield b
        last = now


def zones():
    for name in ZONES:
        z = zoneinfo.ZoneInfo(name)
        instants = [micros(moment(1900, 2100)) // 10 ** 6 for _ in range(300)]
        for e in zone_edges(z):
            instants += [e - 1, e, e + 1, e - 1800, e + 1800, e + 7200]
        for s in instants:
            t = EPOCH.replace(tzinfo=timezone.utc) + timedelta(seconds=s)
            local = t.astimezone(z)
            off = local.utcoffset() // timedelta(seconds=1)
            put("at", name, s, off, local.tzname())
            wall = local.replace(tzinfo=None)
            for w in (wall, wall + timedelta(minutes=45),
                      wall - timedelta(minutes=45)):
                u = w.replace(tzinfo=z, fold=0).astimezone(timezone.utc)
                put("wall", name, micros(w), micros(u.replace(tzinfo=None)))


# --- text and hashes ---

def hexed(b):
    return b.hex() or "-"


def utf8():
    alphabet = ["a", "z", "~", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff",
                "\ue000", "\uffff", "\U00010000", "\U0010ffff", "\u00e9",
                "\u4e16"]
    for _ in range(20000):
        s = "".join(rnd.choice(alphabet[:4] if rnd.random() < .5 else alphabet)
                    for _ in range(rnd.randrange(40)))
        b = bytearray(s.encode())
        if rnd.random() < .6 and b:
            i = rnd.randrange(len(b))
            k = rnd.randrange(4)
            if k == 0:
                b[i] = rnd.randrange(256)
            elif k == 1:
                del b[i]
            elif k == 2:
                del b[i:]
            else:
                b[i:i] = rnd.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90"
                                     b"\x80\x80", b"\xe0\x80\x80", b"\xff",
                                     b"\xf0\x80\x80\x80", b"\xc3", b"\xe2\x82"])
        try:
            n = len(bytes(b).decode())
            ok, prefix = 1, len(b)
        except UnicodeDecodeError as e:
            n, ok, prefix = 0, 0, e.start
        put(hexed(bytes(b)), ok, prefix, n)


def crc32c(b):
    c = 0xffffffff
    for x in b:
        c ^= x
        for _ in range(8):
            c = c >> 1 ^ (0x82f63b78 if c & 1 else 0)
    return c ^ 0xffffffff


def hashes():
    for n in list(range(70)) + [255, 256, 1000]:
        b = rnd.randbytes(n)
        put(hexed(b), "%08x" % crc32c(b), "%08x" % zlib.crc32(b))


def digests():
    for n in list(range(150)) + [255, 256, 257, 1000]:
        b, k = rnd.randbytes(n), rnd.randbytes(rnd.randrange(1, 200))
        for i, name in enumerate(("md5", "sha1", "sha256", "sha512")):
            put(i, hexed(b), hexed(k), hashlib.new(name, b).hexdigest(),
                hmac.new(k, b, name).hexdigest())


KINDS = {f.__name__: f for f in (floats, floatprint, float32s, float32print,
                                 decimals, times, patterns, zones, utf8,
                                 hashes, digests)}


if __name__ == "__main__":
    KINDS[sys.argv[1]]()
    sys.stdout.write("\n".join(out) + "\n")
