#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Prints test vectors of one kind, a line each, fields apart by tabs: inputs
# and what Python's own libraries make of them.  The same on every run.

import decimal
import random
import struct
import sys
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
    for i in range(4000):
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


KINDS = {f.__name__: f for f in (floats, floatprint, float32s, float32print,
                                 decimals)}

if __name__ == "__main__":
    KINDS[sys.argv[1]]()
    sys.stdout.write("\n".join(out) + "\n")
