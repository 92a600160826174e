#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Transactions of a real Kafka: what is read, and where `until: end` ends.

usage: kafka_txn.py WEIR FILL DIR

As kafka_outage.py.  The last offsets of a topic written in transactions are
control records, which are never rows; those of an aborted transaction are not
read, and those of an open one not yet there.
"""
import os
import subprocess
import sys

import kafka_outage as o
from kafka_outage import Run, broker, ok

PIPELINE = """
settings {{ epoch: {{ every: 1s }}, kafka: {{ brokers: "{brokers}" }} }}
kafka.read(topic: "txn", until: end) -> select {{ partition, offset }}
    -> csv.write("{out}")
"""


def main():
    weir, fill, where = sys.argv[1:4]
    os.makedirs(where, exist_ok=True)
    kafka = f"{where}/kafka"
    brokers = broker("start", kafka)
    runs = []

    def put(n, how):
        subprocess.run([fill, "-b", brokers, "-t", "txn", "-p", "3", "-n",
                        str(n), "-T", how], check=True, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def read(what, want):
        path, out = f"{where}/{what}.weir", f"{where}/{what}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(PIPELINE.format(brokers=brokers, out=out))
        run = Run(weir, path, out)
        runs.append(run)
        try:
            rc = run.p.wait(30)
        except subprocess.TimeoutExpired:
            rc = "no end"
        ok(rc == 0, f"{what}: ends with 0", f"{rc}\n{run.log()}")
        rows = run.rows()
        ok(len(rows) == want and all(n == 1 for n in rows.values()),
           f"{what}: {want} rows", f"{len(rows)}\n{run.log()}")

    try:
        put(1000, "commit")
        read("committed", 1000)
        put(500, "abort")
        read("aborted", 1000)
        put(700, "commit")
        read("mixed", 1700)
        put(300, "open")
        read("open", 1700)
    finally:
        for run in runs:
            if run.p.poll() is None:
                run.p.kill()
        broker("stop", kafka)
    print(f"1..{o.tests}")
    return 1 if o.bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main())
