#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The floor W: what pyarrow needs to write a table from memory as Parquet.

usage: pyarrow_write.py TABLE DUMP OUT [EVENTS]

TABLE is bronze (key, value, topic, partition, offset, timestamp, headers) or
silver (the 13 typed fields).  DUMP is what `bench/kafka_fill -d` wrote.  The
table is made before the clock starts; it is written by one thread with zstd
level 1, and repeated until it has EVENTS rows.  Prints one line as
bench/meter.h does.
"""
import decimal
import json
import os
import resource
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 131072


def lines(path):
    with open(path, "rb") as f:
        for line in f:
            yield line.rstrip(b"\n").split(b"\t", 5)


def bronze(path):
    col = {n: [] for n in ("key", "value", "partition", "offset", "timestamp")}
    for part, offset, stamp, _, key, value in lines(path):
        col["key"].append(key)
        col["value"].append(value)
        col["partition"].append(int(part))
        col["offset"].append(int(offset))
        col["timestamp"].append(int(stamp) * 1000)
    n = len(col["key"])
    header = pa.map_(pa.string(), pa.binary())
    return pa.table({
        "key": pa.array(col["key"], pa.binary()),
        "value": pa.array(col["value"], pa.binary()),
        "topic": pa.array(["transactions"] * n, pa.string()),
        "partition": pa.array(col["partition"], pa.int32()),
        "offset": pa.array(col["offset"], pa.int64()),
        "timestamp": pa.array(col["timestamp"], pa.timestamp("us", "UTC")),
        "headers": pa.array([[]] * n, header),
    })


def silver(path):
    names = ("txn_id event_time user_id card_id merchant category amount "
             "currency status city country lat lon").split()
    col = {n: [] for n in names}
    for *_, kind, _, value in lines(path):
        if kind in (b"malformed", b"incomplete"):
            continue
        row = json.loads(value, parse_float=decimal.Decimal)
        row["event_time"] = row.pop("event_ts")
        for name in names:
            col[name].append(row[name])
    out = {}
    for name in names:
        if name == "event_time":
            text = pa.array([t[:26] for t in col[name]])
            out[name] = text.cast(pa.timestamp("us")).cast(
                pa.timestamp("us", "UTC"))
        elif name == "amount":
            out[name] = pa.array(col[name], pa.decimal128(12, 2))
        elif name in ("lat", "lon"):
            out[name] = pa.array(map(float, col[name]), pa.float64())
        else:
            out[name] = pa.array(col[name], pa.string())
    return pa.table(out)


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in ("bronze", "silver"):
        sys.exit(__doc__)
    table = {"bronze": bronze, "silver": silver}[sys.argv[1]](sys.argv[2])
    table = table.combine_chunks()
    want = int(sys.argv[4]) if len(sys.argv) == 5 else table.num_rows
    pa.set_cpu_count(1)
    cpu, wall, done = time.process_time(), time.monotonic(), 0
    with pq.ParquetWriter(sys.argv[3], table.schema, compression="zstd",
                          compression_level=1) as w:
        while done < want:
            part = table.slice(0, min(table.num_rows, want - done))
            w.write_table(part, row_group_size=ROW_GROUP)
            done += part.num_rows
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"pyarrow_{sys.argv[1]} events={done} "
          f"bytes={os.path.getsize(sys.argv[3])} first_s=0.000 "
          f"wall_s={wall:.3f} cpu_s={cpu:.3f} "
          f"cpu_per_million={cpu * 1e6 / done:.3f} "
          f"events_per_s={done / wall:.0f} peak_mib={peak:.1f}")


main()
