# SPDX-License-Identifier: MIT
"""What parquet.write wrote, read by pyarrow and by DuckDB.

usage: written.py BUILD-DIRECTORY
"""
import datetime
import decimal
import glob
import json
import shutil
import struct
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from raw import File, crc_ok
from common import SCALARS, built, load, micros, number, ok, run, done, want

decimal.getcontext().prec = 60
tool = built("parquet_write")
top = tempfile.mkdtemp(prefix="weir-parquet-")
NULLS = {"none": 0, "all": 1, "alternating": 2, "runs": 3, "some": 4}


def write(schema, rows, batch=4096, nulls="some", kinds=0, text=30, **opts):
    out = tempfile.mkdtemp(dir=top)
    args = []
    for k, v in opts.items():
        args += [k.replace("__", "."), v]
    run(tool, out, schema, rows, batch, NULLS[nulls], kinds, text, *args)
    files = sorted(glob.glob(out + "/*.parquet"))
    return files, load(out + "/_rows.jsonl")


def plain(v, ty):
    """A value of pyarrow's or DuckDB's as common.want() gives it."""
    if v is None:
        return None
    if ty == "timestamp":
        return micros(v)
    if ty in ("float32", "float64"):
        return number(v)
    if ty == "bytes":
        return bytes(v)
    if ty == "json":
        return json.loads(v, parse_float=decimal.Decimal)
    if ty == "duration" and isinstance(v, datetime.timedelta):
        return round(v / datetime.timedelta(microseconds=1))
    return v


def by_arrow(files):
    t = pa.concat_tables([pq.read_table(f, page_checksum_verification=True,
                                        use_threads=False) for f in files])
    t.validate(full=True)
    return {c: t.column(c).to_pylist() for c in t.column_names}


con = duckdb.connect()
con.sql("set threads=1; set timezone='UTC'")


def by_duck(files):
    r = con.sql(f"select * from read_parquet({files!r})")
    rows = r.fetchall()
    return {c: [x[i] for x in rows] for i, c in enumerate(r.columns)}


def same(files, rows, types, what, readers=(by_arrow, by_duck)):
    for read in readers:
        try:
            got = read(files)
        except Exception as e:
            ok(False, f"{what}: {read.__name__}: {e}")
            continue
        bad = None
        for c, ty in types.items():
            g = [plain(v, ty) for v in got[c]]
            w = [want(r[c], ty) for r in rows]
            if ty == "float32":
                w = [number(pa.scalar(float(x[0]) * x[1] if isinstance(x, tuple)
                     else float(x), pa.float32()).as_py()) if x not in (None, "nan")
                     and not isinstance(x, tuple) else x for x in w]
            if g != w:
                i = next((i for i in range(min(len(g), len(w)))
                          if g[i] != w[i]), len(g))
                bad = f"{c} row {i}: {g[i:i+1]} is not {w[i:i+1]} ({len(g)}/{len(w)})"
                break
        ok(bad is None, f"{what}: {read.__name__}{': ' + bad if bad else ''}")


COLS = {f"c{i}": t for i, t in enumerate(SCALARS)}
SCHEMA = ", ".join(f"{c}: {t}" for c, t in COLS.items())
REQUIRED = ", ".join(f"{c}: {t}!" for c, t in COLS.items())


def test_types():
    for nulls in NULLS:
        f, rows = write(SCHEMA, 3000, nulls=nulls)
        same(f, rows, COLS, f"every type, nulls {nulls}")
        f, rows = write(SCHEMA, 3000, nulls=nulls, kinds=50)
        same(f, rows, COLS, f"every type, few values, nulls {nulls}")
    f, rows = write(REQUIRED, 3000)
    same(f, rows, COLS, "every type, required")
    f, rows = write(SCHEMA, 500, batch=1)
    same(f, rows, COLS, "batches of one row")


def test_schema():
    f, _ = write(SCHEMA, 10)
    s = pq.read_schema(f[0])
    want = [pa.bool_(), pa.int32(), pa.int64(), pa.float32(), pa.float64(),
            pa.decimal128(7, 2), pa.decimal128(18, 4), pa.decimal128(38, 10),
            pa.string(), pa.binary(), pa.timestamp("us", "UTC"), pa.date32(),
            pa.int64(), None]
    for i, (field, w) in enumerate(zip(s, want)):
        if w is not None:
            ok(field.type == w, f"{SCALARS[i]} is {field.type}")
        ok(field.nullable, f"{SCALARS[i]} is optional")
    md = pq.ParquetFile(f[0]).metadata
    ps = pq.ParquetFile(f[0]).schema
    ok([ps.column(i).physical_type for i in range(14)] ==
       ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "INT32", "INT64",
        "FIXED_LEN_BYTE_ARRAY", "BYTE_ARRAY", "BYTE_ARRAY", "INT64", "INT32",
        "INT64", "BYTE_ARRAY"], "physical types")
    ok("JSON" in str(ps.column(13).logical_type).upper(), "json is JSON")
    ok(ps.column(8).converted_type == "UTF8", "converted type of text")
    ok(ps.column(10).converted_type == "TIMESTAMP_MICROS", "of timestamps")
    ok(md.created_by.startswith("weir version 0.1.0 (build "), md.created_by)
    kv = md.metadata
    ok(kv[b"weir.type:c12"] == b"duration", "a duration is noted")
    ok(kv[b"weir.pipeline"] == b"0123456789abcdef0123456789abcdef", "the pipeline is noted")
    ok(kv[b"weir.epochs"] == b"1", "the epochs are noted")
    f, _ = write(REQUIRED, 10)
    ok(not any(x.nullable for x in pq.read_schema(f[0])), "required columns")


def test_codecs():
    for codec in ["zstd", "snappy", "gzip", "lz4_raw", "none"]:
        f, rows = write(SCHEMA, 5000, compression=codec, kinds=300)
        same(f, rows, COLS, f"codec {codec}")
        got = pq.ParquetFile(f[0]).metadata.row_group(0).column(8).compression
        ok(got == {"none": "UNCOMPRESSED", "lz4_raw": "LZ4"}.get(codec, codec.upper()),
           f"codec {codec} is {got}")
    for codec, level in [("zstd", 9), ("zstd", -3), ("gzip", 1)]:
        f, rows = write(SCHEMA, 1000, compression=codec, level=level)
        same(f, rows, COLS, f"codec {codec} level {level}")


def test_pages():
    for rows in [1, 7, 8, 9, 99, 100, 101, 1000]:
        f, want = write(SCHEMA, rows, page_rows=100, kinds=20)
        same(f, want, COLS, f"{rows} rows in pages of 100")
    f, want = write(SCHEMA, 20000, page_size=1024, text=100)
    same(f, want, COLS, "pages of 1 KiB")
    f, want = write("s: string", 300, page_size=1024, text=5000)
    same(f, want, {"s": "string"}, "texts longer than a page")
    f, want = write(SCHEMA, 20000, row_group_rows=3000)
    same(f, want, COLS, "row groups of 3000 rows")
    md = pq.ParquetFile(f[0]).metadata
    ok(md.num_row_groups == 5, f"{md.num_row_groups} row groups")
    f, want = write(SCHEMA, 20000, row_group_size=65536)
    same(f, want, COLS, "row groups of 64 KiB")


def encodings(f, col, group=0):
    return pq.ParquetFile(f).metadata.row_group(group).column(col).encodings


def test_dictionary():
    # fits
    f, rows = write("a: int64, s: string", 50000, kinds=1000)
    same(f, rows, {"a": "int64", "s": "string"}, "dictionaries")
    ok("RLE_DICTIONARY" in encodings(f[0], 0), "a dictionary of numbers")
    ok("RLE_DICTIONARY" in encodings(f[0], 1), "a dictionary of texts")
    # given up at once
    f, rows = write("a: int64, s: string", 50000)
    same(f, rows, {"a": "int64", "s": "string"}, "no dictionaries")
    ok("RLE_DICTIONARY" not in encodings(f[0], 0), "none of all different numbers")
    # given up when it is full
    f, rows = write("a: int64, s: string!, d: decimal(30,3), e: decimal(5,1), "
                    "f: float32, g: date", 60000,
                    kinds=20000, dictionary_size=65536, page_rows=2000, text=40)
    same(f, rows, {"a": "int64", "s": "string", "d": "decimal(30,3)",
                   "e": "decimal(5,1)", "f": "float32", "g": "date"},
         "dictionaries that grow too large")
    f, rows = write("a: int64", 60000, kinds=20000, dictionary_size=131072,
                    page_rows=2000)
    same(f, rows, {"a": "int64"}, "a dictionary left half-way")
    ok("RLE_DICTIONARY" in encodings(f[0], 0) and "PLAIN" in encodings(f[0], 0),
       "both encodings")
    f, rows = write(SCHEMA, 5000, kinds=3, dictionary="false")
    same(f, rows, COLS, "dictionary: false")
    ok("RLE_DICTIONARY" not in encodings(f[0], 8), "dictionary: false is heard")
    f, rows = write(SCHEMA, 5000, kinds=1)
    same(f, rows, COLS, "one value only")


def test_statistics():
    f, rows = write("a: int64, s: string, d: decimal(30,3), f: float64, b: bool, "
                    "x: bytes, t: timestamp", 5000, page_rows=500, text=200)
    types = {"a": "int64", "s": "string", "d": "decimal(30,3)", "f": "float64",
             "b": "bool", "x": "bytes", "t": "timestamp"}
    rg = pq.ParquetFile(f[0]).metadata.row_group(0)
    for i, (c, ty) in enumerate(types.items()):
        st = rg.column(i).statistics
        vals = [want(r[c], ty) for r in rows]
        some = [v for v in vals if v is not None]
        ok(st.null_count == len(vals) - len(some), f"{c}: nulls counted")
        if ty == "timestamp":
            ok((micros(st.min), micros(st.max)) == (min(some), max(some)), f"{c}: bounds")
        elif ty == "float64":
            some = [v[0] if isinstance(v, tuple) else float(v) for v in some if v != "nan"]
            ok((st.min, st.max) == (min(some), max(some)), f"{c}: bounds")
        elif ty in ("string", "bytes"):
            enc = [v.encode() if isinstance(v, str) else v for v in some]
            lo, hi = st.min, st.max
            lo = lo.encode() if isinstance(lo, str) else lo
            hi = hi.encode() if isinstance(hi, str) else hi
            ok(lo <= min(enc) and hi >= max(enc) and len(lo) <= 64 and len(hi) <= 64,
               f"{c}: bounds are cut outwards")
            ok(min(enc).startswith(lo), f"{c}: the lower bound begins the least")
            exact = con.sql(f"select min_is_exact, max_is_exact from "
                            f"parquet_metadata({f!r}) where path_in_schema = '{c}'").fetchall()[0]
            ok(exact == (lo == min(enc), hi == max(enc)), f"{c}: exactness {exact}")
        else:
            ok((st.min, st.max) == (min(some), max(some)), f"{c}: bounds {st.min} {st.max}")
        ok(rg.column(i).has_column_index and rg.column(i).has_offset_index,
           f"{c}: page indexes")
    # DuckDB prunes by them: every value must be found
    con.sql(f"create or replace view v as select * from read_parquet({f!r})")
    for r in rows[::400]:
        if r["a"] is not None:
            n = con.sql(f"select count(*) from v where a = {r['a']}").fetchall()[0][0]
            ok(n == sum(x["a"] == r["a"] for x in rows), "a value is found again")
        if r["s"] is not None:
            n = con.execute("select count(*) from v where s = ?", [r["s"]]).fetchall()[0][0]
            ok(n == sum(x["s"] == r["s"] for x in rows), "a text is found again")
    meta = con.sql(f"select path_in_schema, stats_null_count, num_values "
                   f"from parquet_metadata({f!r})").fetchall()
    ok(len(meta) == 7 and all(m[2] == 5000 for m in meta), "DuckDB counts the same")
    f, rows = write(SCHEMA, 1000, statistics="false")
    same(f, rows, COLS, "statistics: false")
    ok(pq.ParquetFile(f[0]).metadata.row_group(0).column(1).statistics is None,
       "statistics: false is heard")
    f, rows = write(SCHEMA, 1000, nulls="all")
    st = pq.ParquetFile(f[0]).metadata.row_group(0).column(2).statistics
    ok(st.null_count == 1000 and not st.has_min_max, "all null: no bounds")


NESTED = {
    "l": "list(int64)",
    "ll": "list(list(string))",
    "lr": "list(string!)!",
    "s": "struct { a: int32, b: string!, c: struct { d: float64 } }",
    "m": "map(int64)",
    "ls": "list(struct { x: int64, y: list(date) })",
    "ml": "map(list(string))",
    "sl": "struct { t: list(timestamp), d: decimal(25,3) }",
}


def nested_want(v):
    return v


def canon(v):
    """Nested values of either side, comparable."""
    if isinstance(v, dict):
        return {k: canon(x) for k, x in v.items()}
    if isinstance(v, list):
        if v and all(isinstance(x, tuple) and len(x) == 2 for x in v):
            return {k: canon(x) for k, x in v}
        return [canon(x) for x in v]
    if isinstance(v, datetime.datetime):
        us = micros(v)
        t = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)
        return ("t", us)
    if isinstance(v, datetime.date):
        return v.isoformat()
    if isinstance(v, str):
        try:
            return ("t", micros(v))
        except Exception:
            return v
    if isinstance(v, (int, float, decimal.Decimal)):
        return "nan" if v != v else float(v)
    return v


def empty_map(v, w):
    """pyarrow gives an empty map as [], which is {} here."""
    if isinstance(w, dict) and v == []:
        return {}
    if isinstance(w, dict) and isinstance(v, dict):
        return {k: empty_map(v.get(k), x) for k, x in w.items()}
    if isinstance(w, list) and isinstance(v, list) and len(v) == len(w):
        return [empty_map(a, b) for a, b in zip(v, w)]
    return v


def test_nested():
    schema = ", ".join(f"{c}: {t}" for c, t in NESTED.items())
    for opts in [{}, {"page_rows": 50}, {"kinds": 5}, {"nulls": "alternating"},
                 {"nulls": "all"}, {"nulls": "none"}, {"row_group_rows": 300},
                 {"batch": 1}, {"compression": "snappy", "dictionary": "false"}]:
        f, rows = write(schema, 1000, **opts)
        for read in (by_arrow, by_duck):
            try:
                got = read(f)
            except Exception as e:
                ok(False, f"nested {opts}: {read.__name__}: {e}")
                continue
            bad = None
            for c in NESTED:
                for i, r in enumerate(rows):
                    w = canon(r[c])
                    g = empty_map(canon(got[c][i]), w)
                    if g != w:
                        bad = f"{c} row {i}: {g} is not {w}"
                        break
                if bad:
                    break
            ok(bad is None, f"nested {opts}: {read.__name__}{': ' + bad if bad else ''}")


def bound(raw, ty, upper):
    """A page's bound as a value that compares as the column does."""
    if ty == "int64":
        return int.from_bytes(raw, "little", signed=True)
    if ty.startswith("decimal"):
        return int.from_bytes(raw, "big", signed=True)
    if ty == "float64":
        return struct.unpack("<d", raw)[0]
    return raw


def in_order(v, ty):
    if ty.startswith("decimal"):
        return int(v.scaleb(3))
    if ty == "string":
        return v.encode()
    if ty == "float64":
        return v[0] if isinstance(v, tuple) else float(v)
    return v


def test_indexes():
    """Page indexes, headers, checksums and offsets, by the bytes."""
    types = {"a": "int64", "s": "string", "d": "decimal(30,3)", "f": "float64",
             "x": "bytes", "n": "string"}
    for nulls, kinds in [("some", 0), ("runs", 0), ("none", 40), ("runs", 40), ("all", 0)]:
        f, rows = write(", ".join(f"{c}: {t}" for c, t in types.items()), 5000,
                        nulls=nulls, kinds=kinds, page_rows=300, text=120,
                        row_group_rows=2000)
        raw = File(f[0])
        first, crcs, offsets, bounds, counts, orders, sizes = 0, True, True, True, True, True, True
        for group in raw.meta[4]:
            total = 0
            for chunk, (c, ty) in zip(group[1], types.items()):
                md = chunk[3]
                off, col = raw.index(chunk)
                pages = list(raw.pages(chunk))
                crcs &= all(crc_ok(h, d) for _, _, h, d in pages)
                total += md[7]
                sizes &= sum(n for _, n, _, _ in pages) == md[7]
                sizes &= sum(n - h[3] + h[2] for _, n, h, _ in pages) == md[6]
                data = [p for p in pages if p[2][1] == 0]
                offsets &= [(p[0], p[1]) for p in data] == [(o[1], o[2]) for o in off[1]]
                sizes &= sum(p[2][5][1] for p in data) == md[5] == group[3]
                starts = [o[3] for o in off[1]] + [group[3]]
                los, his = [], []
                for i in range(len(data)):
                    v = [want(r[c], ty) for r in rows[first + starts[i]:first + starts[i + 1]]]
                    counts &= col[5][i] == sum(x is None for x in v)
                    some = [in_order(x, ty) for x in v if x is not None and x != "nan"]
                    counts &= col[1][i] == (not some)
                    counts &= data[i][2][5][1] == len(v)
                    if not some:
                        continue
                    lo, hi = bound(col[2][i], ty, False), bound(col[3][i], ty, True)
                    los.append(lo)
                    his.append(hi)
                    if ty in ("string", "bytes"):
                        bounds &= lo <= min(some) and hi >= max(some)
                        bounds &= min(some).startswith(lo) and len(hi) <= 64
                        bounds &= len(max(some)) > 64 or hi == max(some)
                    else:
                        bounds &= (lo, hi) == (min(some), max(some))
                up = los == sorted(los) and his == sorted(his)
                down = los == sorted(los, reverse=True) and his == sorted(his, reverse=True)
                orders &= col[4] == (1 if up else 2 if down else 0)
            sizes &= group[6] == total
            first += group[3]
        what = f"page indexes, nulls {nulls}, kinds {kinds}"
        ok(crcs, f"{what}: checksums")
        ok(offsets, f"{what}: offsets")
        ok(bounds, f"{what}: bounds")
        ok(counts, f"{what}: counts")
        ok(orders, f"{what}: order")
        ok(sizes, f"{what}: sizes")
    ok(raw.meta[7] == [{1: {}}] * len(types), "column orders")


def test_nan():
    """Floats without a bound have neither statistics nor a column index."""
    f, rows = write("f: float64", 3000, nulls="none", kinds=0, page_rows=500)
    md = File(f[0]).meta[4][0][1][0]
    st = md[3][12]
    vals = [want(r["f"], "float64") for r in rows]
    ok("nan" in vals, "there are NaN among them")
    vals = [in_order(v, "float64") for v in vals if v != "nan"]
    zero = any(v == 0 for v in vals)
    ok(zero and struct.unpack("<d", st[6])[0] == min(vals), "the least float")
    f, rows = write("f: float64!", 2000, nulls="none", page_rows=1)
    off, col = File(f[0]).index(File(f[0]).meta[4][0][1][0])
    ok(col is None and len(off[1]) == 2000, "a page of NaN only: no column index")
    f, rows = write("f: float32!", 10, nulls="none", kinds=1)
    st = File(f[0]).meta[4][0][1][0][3][12]
    v = float(rows[0]["f"])
    if v == 0:
        ok(st[6] == b"\0\0\0\x80" and st[5] == b"\0\0\0\0", "zero is -0 below and +0 above")
    else:
        ok(struct.unpack("<f", st[6])[0] == v, "one float")


def test_size():
    """Beside pyarrow's own file of the same table."""
    f, _ = write("id: string!, at: timestamp!, a: decimal(12,2), x: float64",
                 50000, nulls="none", text=36)
    t = pq.read_table(f[0])
    pq.write_table(t, top + "/pa.parquet", compression="zstd", compression_level=1)
    import os
    a, b = os.path.getsize(f[0]), os.path.getsize(top + "/pa.parquet")
    ok(a <= 1.05 * b, f"{a} bytes, pyarrow {b}")


test_types()
test_schema()
test_codecs()
test_pages()
test_dictionary()
test_statistics()
test_nested()
test_indexes()
test_nan()
test_size()
shutil.rmtree(top)
done()
