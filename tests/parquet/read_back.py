# SPDX-License-Identifier: MIT
"""What pyarrow and DuckDB wrote, read by parquet.read.

usage: read_back.py BUILD-DIRECTORY
"""
import base64
import datetime
import decimal
import itertools
import json
import math
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from common import built, done, duration, micros, number, ok

tool = built("parquet_read")
top = tempfile.mkdtemp(prefix="weir-parquet-")
rnd = random.Random(11)
D = decimal.Decimal


def read(path, *args):
    p = subprocess.run([tool, *args, path], capture_output=True, text=True)
    if p.returncode != 0:
        raise RuntimeError(p.stderr.strip()[:400])
    return [json.loads(x, parse_float=D, parse_int=lambda s: -0.0 if s == "-0" else int(s))
            for x in p.stdout.splitlines()]


def plain(v, ty):
    """A value of pyarrow's, comparable with ours by the arrow type."""
    if v is None:
        return None
    if pa.types.is_timestamp(ty):
        return v
    if pa.types.is_list(ty) or pa.types.is_large_list(ty):
        return [plain(x, ty.value_type) for x in v]
    if pa.types.is_map(ty):
        return {k: plain(x, ty.item_type) for k, x in v}
    if pa.types.is_struct(ty):
        return {f.name: plain(v[f.name], f.type) for f in ty}
    if pa.types.is_floating(ty):
        return number(v)
    if pa.types.is_date(ty):
        return v.isoformat()
    if isinstance(v, bytes):
        return v
    if pa.types.is_decimal(ty):
        return D(v)
    if isinstance(v, datetime.time):
        return ((v.hour * 60 + v.minute) * 60 + v.second) * 1000000 + v.microsecond
    return v


def ours(v, ty):
    if v is None:
        return None
    if pa.types.is_timestamp(ty):
        return micros(v)
    if pa.types.is_time(ty):
        return duration(v)
    if pa.types.is_list(ty) or pa.types.is_large_list(ty):
        return [ours(x, ty.value_type) for x in v]
    if pa.types.is_map(ty):
        return {k: ours(x, ty.item_type) for k, x in v.items()}
    if pa.types.is_struct(ty):
        return {f.name: ours(v[f.name], f.type) for f in ty}
    if pa.types.is_float32(ty) or pa.types.is_float16(ty):
        return number(v) if v == "nan" else number(struct.unpack("f", struct.pack("f", float(v)))[0])
    if pa.types.is_floating(ty):
        return number(v)
    if pa.types.is_binary(ty) or pa.types.is_fixed_size_binary(ty) or pa.types.is_large_binary(ty):
        return base64.b64decode(v)
    if pa.types.is_decimal(ty):
        return D(v)
    return v


def stamps(col):
    """Timestamps of any unit as microseconds."""
    per = {"s": 1000000, "ms": 1000, "us": 1, "ns": 1}[col.type.unit]
    raw = col.cast(pa.int64()).to_pylist()
    if col.type.unit == "ns":
        return [None if v is None else v // 1000 for v in raw]
    return [None if v is None else v * per for v in raw]


def check(table, path, what):
    try:
        got = read(path)
    except Exception as e:
        ok(False, f"{what}: {e}")
        return
    bad = None
    if len(got) != table.num_rows:
        bad = f"{len(got)} rows of {table.num_rows}"
    for c, ty in zip(table.column_names, table.schema.types):
        if bad:
            break
        col = table.column(c)
        if pa.types.is_timestamp(ty):
            want = stamps(col)
        else:
            want = [plain(v, ty) for v in col.to_pylist()]
        have = [ours(r.get(c), ty) for r in got]
        if want != have:
            i = next(i for i in range(len(want)) if want[i] != have[i])
            bad = f"{c} ({ty}) row {i}: {have[i]!r} is not {want[i]!r}"
    ok(bad is None, f"{what}{': ' + bad if bad else ''}")


def nulls(values, how):
    if how == "none":
        return values
    if how == "all":
        return [None] * len(values)
    if how == "alternating":
        return [None if i % 2 else v for i, v in enumerate(values)]
    if how == "runs":
        return [None if i // 500 % 2 else v for i, v in enumerate(values)]
    return [None if rnd.random() < 0.1 else v for v in values]


def text(n):
    return "".join(rnd.choice("aé€😀xyz0") for _ in range(rnd.randrange(n + 1)))


def make(n, how, few=False):
    def col(f, ty):
        if few:
            pool = [f() for _ in range(20)]
            vals = [rnd.choice(pool) for _ in range(n)]
        else:
            vals = [f() for _ in range(n)]
        return pa.array(nulls(vals, how), ty)
    i = rnd.randrange
    us = lambda: i(-10**15, 4 * 10**15)
    return pa.table({
        "b": col(lambda: rnd.random() < 0.5, pa.bool_()),
        "i8": col(lambda: i(-128, 128), pa.int8()),
        "u8": col(lambda: i(0, 256), pa.uint8()),
        "i16": col(lambda: i(-2**15, 2**15), pa.int16()),
        "u16": col(lambda: i(0, 2**16), pa.uint16()),
        "i32": col(lambda: i(-2**31, 2**31), pa.int32()),
        "u32": col(lambda: i(0, 2**32), pa.uint32()),
        "i64": col(lambda: i(-2**63, 2**63), pa.int64()),
        "u64": col(lambda: i(0, 2**64), pa.uint64()),
        "f32": col(lambda: struct.unpack("f", struct.pack("f", rnd.gauss(0, 1e6)))[0], pa.float32()),
        "f64": col(lambda: rnd.choice([rnd.gauss(0, 1), math.nan, math.inf, -math.inf, -0.0]), pa.float64()),
        "s": col(lambda: text(30), pa.string()),
        "x": col(lambda: rnd.randbytes(i(0, 40)), pa.binary()),
        "fx": col(lambda: rnd.randbytes(7), pa.binary(7)),
        "d5": col(lambda: D(i(-99999, 100000)).scaleb(-2), pa.decimal128(5, 2)),
        "d18": col(lambda: D(i(-10**18 + 1, 10**18)).scaleb(-6), pa.decimal128(18, 6)),
        "d38": col(lambda: decimal.Context(prec=60).scaleb(D(i(-10**38 + 1, 10**38)), -10), pa.decimal128(38, 10)),
        "date": col(lambda: datetime.date.fromordinal(i(1, 3000000)), pa.date32()),
        "tus": col(us, pa.timestamp("us", "UTC")),
        "tms": col(lambda: us() // 1000, pa.timestamp("ms")),
        "tns": col(lambda: i(-2**62, 2**62), pa.timestamp("ns", "UTC")),
        "tod": col(lambda: datetime.time(i(24), i(60), i(60), i(10**6)), pa.time64("us")),
        "todms": col(lambda: datetime.time(i(24), i(60), i(60), i(1000) * 1000), pa.time32("ms")),
    })


def test_flat():
    for how in ["none", "all", "alternating", "runs", "some"]:
        for few in (False, True):
            t = make(3000, how, few)
            for v in ("1.0", "2.0"):
                p = f"{top}/t.parquet"
                pq.write_table(t, p, data_page_version=v, data_page_size=4000,
                               write_page_checksum=True)
                check(t, p, f"nulls {how}, {'few' if few else 'many'} values, V{v}")


def test_codecs():
    t = make(2000, "some", True)
    p = f"{top}/t.parquet"
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"]:
        for v in ("1.0", "2.0"):
            pq.write_table(t, p, compression=codec, data_page_version=v)
            check(t, p, f"codec {codec} V{v}")
    pq.write_table(t, p, compression="brotli")
    try:
        read(p)
        ok(False, "brotli is refused")
    except RuntimeError as e:
        ok("parquet.codec" in str(e) and "brotli" in str(e) and '"b"' in str(e),
           f"brotli: {e}")


def test_encodings():
    t = make(4000, "some")
    p = f"{top}/t.parquet"
    enc = {"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED",
           "tus": "DELTA_BINARY_PACKED", "date": "DELTA_BINARY_PACKED",
           "s": "DELTA_BYTE_ARRAY", "x": "DELTA_LENGTH_BYTE_ARRAY",
           "fx": "DELTA_BYTE_ARRAY", "f32": "BYTE_STREAM_SPLIT",
           "f64": "BYTE_STREAM_SPLIT", "u32": "BYTE_STREAM_SPLIT",
           "u64": "BYTE_STREAM_SPLIT", "b": "RLE", "d38": "BYTE_STREAM_SPLIT"}
    for v in ("1.0", "2.0"):
        pq.write_table(t, p, use_dictionary=False, column_encoding=enc,
                       data_page_version=v, data_page_size=3000)
        got = {c: pq.ParquetFile(p).metadata.row_group(0).column(i).encodings
               for i, c in enumerate(t.column_names)}
        ok(all(e in got[c] for c, e in enc.items()), "encodings are as asked for")
        check(t, p, f"delta and split encodings V{v}")
    sorted_t = pa.table({"s": sorted(text(40) for _ in range(3000)),
                         "i": list(range(3000))})
    pq.write_table(sorted_t, p, use_dictionary=False, column_encoding={
        "s": "DELTA_BYTE_ARRAY", "i": "DELTA_BINARY_PACKED"})
    check(sorted_t, p, "sorted values")
    pq.write_table(t, p, use_dictionary=False)
    check(t, p, "PLAIN")
    pq.write_table(t, p, dictionary_pagesize_limit=2000)
    check(t, p, "dictionaries left half-way")
    old = t.drop(["tns", "u32"])
    pq.write_table(old, p, version="1.0")
    check(old, p, "format 1.0")
    pq.write_table(t, p, store_decimal_as_integer=True)
    check(t, p, "decimals as integers")
    pq.write_table(t.select(["tus", "tns"]), p, use_deprecated_int96_timestamps=True)
    check(t.select(["tus", "tns"]), p, "INT96")


def test_groups():
    t = make(5000, "some", True)
    p = f"{top}/t.parquet"
    for n in (1, 7, 1000, 4096, 4097):
        part = t.slice(0, 50) if n < 10 else t
        pq.write_table(part, p, row_group_size=n)
        check(part, p, f"row groups of {n}")
    pq.write_table(t.slice(0, 0), p)
    check(t.slice(0, 0), p, "no rows")
    with pq.ParquetWriter(p, t.schema) as w:
        w.write_table(t.slice(0, 10))
        w.write_table(t.slice(0, 0))
        w.write_table(t.slice(10, 10))
    check(t.slice(0, 20), p, "an empty row group between")
    pq.write_table(pa.table({}), p)
    ok(read(p) == [], "no columns")


def some(f, depth=0):
    return None if rnd.random() < 0.15 else f()


def test_nested():
    i = lambda: rnd.randrange(-1000, 1000)
    lst = lambda f: (lambda: [some(f) for _ in range(rnd.randrange(4))])
    rows = 1500
    types = {
        "l": (pa.list_(pa.int64()), lst(i)),
        "ll": (pa.list_(pa.list_(pa.string())), lst(lst(lambda: text(20)))),
        "lll": (pa.list_(pa.list_(pa.list_(pa.int32()))), lst(lst(lst(i)))),
        "s": (pa.struct([("a", pa.int32()), ("b", pa.string()),
                         ("c", pa.struct([("d", pa.bool_())]))]),
              lambda: {"a": some(i), "b": some(lambda: text(9)),
                       "c": some(lambda: {"d": some(lambda: True)})}),
        "m": (pa.map_(pa.string(), pa.float64()),
              lambda: [(f"k{j}", some(lambda: 0.5 * i())) for j in range(rnd.randrange(4))]),
        "ls": (pa.list_(pa.struct([("x", pa.int64()), ("y", pa.list_(pa.string()))])),
               lst(lambda: {"x": some(i), "y": some(lst(lambda: text(15)))})),
        "sl": (pa.struct([("t", pa.list_(pa.timestamp("us", "UTC"))), ("n", pa.list_(pa.int64()))]),
               lambda: {"t": None, "n": some(lst(i))}),
        "ml": (pa.map_(pa.string(), pa.list_(pa.struct([("q", pa.binary())]))),
               lambda: [(f"k{j}", some(lst(lambda: {"q": some(lambda: rnd.randbytes(3))})))
                        for j in range(rnd.randrange(3))]),
    }
    t = pa.table({c: pa.array([some(f) for _ in range(rows)], ty)
                  for c, (ty, f) in types.items()})
    p = f"{top}/n.parquet"
    for kw in [{}, {"data_page_version": "2.0"}, {"data_page_size": 300},
               {"row_group_size": 100}, {"use_dictionary": False},
               {"use_compliant_nested_type": False}]:
        pq.write_table(t, p, **kw)
        check(t, p, f"nested {kw}")
    con = duckdb.connect()
    con.register("t", t)
    con.sql(f"copy (select * exclude (sl) from t) to '{p}' (format parquet)")
    check(t.drop(["sl"]), p, "nested, by DuckDB")


def test_duckdb():
    con = duckdb.connect()
    con.sql("set timezone='UTC'; set threads=1")
    p = f"{top}/d.parquet"
    query = """select i::bigint as i, (i % 7)::int as k, ('name ' || (i % 100))::varchar as s,
        (i * 0.5)::double as f, (i % 3 = 0) as b, (i / 7.0)::decimal(18,3) as d,
        case when i % 11 = 0 then null else i * 3 end as n,
        (date '2020-01-01' + (i % 5000)::int) as dt,
        (timestamp '2020-01-01 00:00:00' + interval (i) second) as ts,
        repeat('x', (i % 50)::int)::blob as x, i::hugeint::decimal(38,5) as w,
        i::ubigint as ub, i::utinyint as ut
        from range(0, 200) t(i)"""
    big = query.replace("range(0, 200)", "range(0, 30000)").replace(", i::utinyint as ut", "")
    for what, q, opts in [("small", query, ""), ("large", big, ""),
                          ("V2", big, ", parquet_version v2"),
                          ("zstd", big, ", codec zstd"), ("gzip", big, ", codec gzip"),
                          ("lz4_raw", big, ", codec lz4_raw"),
                          ("no codec", big, ", codec uncompressed"),
                          ("row groups", big, ", row_group_size 5000"),
                          ("V2, row groups", big, ", parquet_version v2, row_group_size 3000"),
                          ("no dictionaries", big, ", dictionary_size_limit 1, parquet_version v2")]:
        con.sql(f"copy ({q}) to '{p}' (format parquet{opts})")
        t = con.sql(q).to_arrow_table() if hasattr(con.sql(q), "to_arrow_table") else con.sql(q).arrow()
        if not isinstance(t, pa.Table):
            t = t.read_all()
        check(t, p, f"DuckDB, {what}")
    con.sql(f"copy (select uuid() as u, i from range(1000) t(i)) to '{p}' (format parquet)")
    want = [str(r[0]) for r in con.sql(f"select u from '{p}'").fetchall()]
    ok([r["u"] for r in read(p)] == want, "UUIDs are text")


def test_json():
    p = f"{top}/j.parquet"
    texts = ['{"a": [1, -2.5e+3, true, null]}', "[]", '"x\\u00e9\\n"', " 12 ", None, "{}"]
    pq.write_table(pa.table({"j": pa.array(texts, pa.json_())}), p)
    got = [r["j"] for r in read(p)]
    ok(got == [None if t is None else json.loads(t, parse_float=D) for t in texts],
       f"JSON: {got}")
    for bad in ['{"a": }', "[1,]", '"\x01"', "nul", "01", "1.", '"\\x"', "", "{} {}", "[" * 300]:
        pq.write_table(pa.table({"j": pa.array([bad], pa.json_())}), p)
        try:
            read(p)
            ok(False, f"{bad[:20]!r} is no JSON")
        except RuntimeError as e:
            ok("not JSON" in str(e), f"{bad[:20]!r} is no JSON")
    pq.write_table(pa.table({"s": pa.array([b"a\xff"], pa.binary()).view(pa.string())}), p)
    try:
        read(p)
        ok(False, "text that is not UTF-8 is refused")
    except RuntimeError as e:
        ok("not UTF-8" in str(e), f"text that is not UTF-8: {e}")


def test_projection():
    t = make(3000, "some", True)
    p = f"{top}/t.parquet"
    pq.write_table(t, p)
    got = read(p, "-c", "s", "-c", "i32")
    ok(sorted(got[0]) == ["i32", "s"], "two columns")
    ok([r["s"] for r in got] == t.column("s").to_pylist(), "and they are right")


def test_schema():
    p = f"{top}/t.parquet"
    pq.write_table(pa.table({"a": pa.array([1], pa.int64())},
                            schema=pa.schema([pa.field("a", pa.int64(), False)])), p)
    out = subprocess.run([tool, "-s", p], capture_output=True, text=True).stdout
    ok(out == "a 3 0 0 !\n", f"required: {out!r}")


def test_checksum():
    t = pa.table({"s": ["abcdefgh" * 10] * 1000, "i": list(range(1000))})
    p = f"{top}/t.parquet"
    pq.write_table(t, p, compression="none", write_page_checksum=True, use_dictionary=False)
    data = bytearray(open(p, "rb").read())
    at = data.index(b"abcdefgh" * 5, 20000)  # beyond the header
    data[at] ^= 1
    open(p, "wb").write(data)
    try:
        read(p)
        ok(False, "a wrong checksum is seen")
    except RuntimeError as e:
        ok("checksum" in str(e), f"a wrong checksum: {e}")


test_flat()
test_codecs()
test_encodings()
test_groups()
test_nested()
test_duckdb()
test_json()
test_projection()
test_schema()
test_checksum()
shutil.rmtree(top)
done()
