#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows that a real Kafka deletes before they are read.

usage: kafka_lost.py WEIR FILL DIR

As kafka_outage.py.  A slow pipeline reads a topic whose rows are deleted ahead
of it: it must stop and say which are gone, or, where told to, say so and go
on.  A start offset that is no longer there, and one that is not yet there, are
found at the start.
"""
import json
import os
import re
import subprocess
import sys

import kafka_outage as o
from kafka_outage import Run, broker, ok, wait

EVENTS = 400000
PIPELINE = """
settings {{ epoch: {{ every: 300ms }}, kafka: {{ brokers: "{brokers}" }} }}
kafka.read(topic: "from", {options}) -> select {{ partition, offset }}
    -> csv.write("{out}", roll: {{ epochs: 1 }})
"""


def delete(where, brokers, upto):
    """Everything before `upto` in the topic's only partition."""
    path = f"{where}/delete.json"
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"version": 1, "partitions": [
            {"topic": "from", "partition": 0, "offset": upto}]}, f)
    cache = os.environ.get("WEIR_CACHE", os.path.expanduser("~/.cache/weir"))
    version = next(n for n in os.listdir(cache) if n.startswith("kafka-"))
    subprocess.run(
        ["java", "-Xmx64m", "-XX:+UseSerialGC", "-cp",
         f"{cache}/{version}/lib/*",
         "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server",
         brokers, "--offset-json-file", path], check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    weir, fill, where = sys.argv[1:4]
    os.makedirs(where, exist_ok=True)
    kafka = f"{where}/kafka"
    brokers = broker("start", kafka)
    runs = []

    def start(name, options):
        path, out = f"{where}/{name}.weir", f"{where}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(PIPELINE.format(brokers=brokers, options=options, out=out))
        runs.append(Run(weir, path, out))
        return runs[-1]

    try:
        subprocess.run([fill, "-b", brokers, "-t", "from", "-p", "1", "-n",
                        str(EVENTS)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        slow = "max_rows: 500, queue: 1MiB"
        stop = start("stop", slow)
        go_on = start("go_on", f"{slow}, on_data_loss: continue")
        for run in (stop, go_on):
            ok(wait(lambda r=run: sum(r.rows().values()) >= 500, 30),
               "reads", run.log())
        delete(where, brokers, EVENTS - 1000)
        ok(wait(lambda: stop.p.poll() is not None, 90), "stops", stop.log())
        ok(stop.p.poll() == 1, "with 1", stop.log())
        n = sum(stop.rows().values())
        gone = re.findall(rf"offsets (\d+) to {EVENTS - 1001} are gone",
                          stop.log())
        ok(len(gone) == 1 and n <= int(gone[0]) < n + 500,
           "and says from where on, in the epoch that was cut off",
           stop.log())

        last = (0, EVENTS - 1)
        ok(wait(lambda: go_on.rows()[last] == 1, 90),
           "goes on behind the gap where told to", go_on.log())
        rows = go_on.rows()
        first = min(k for k in range(EVENTS) if (0, k) not in rows)
        ok(go_on.count(rf"offsets {first} to {EVENTS - 1001} are gone") == 1,
           "and says what is gone", go_on.log())
        ok(len(rows) == first + 1000 and all(k == 1 for k in rows.values()),
           "with every other row, once", f"{len(rows)} rows, first {first}")

        for offset, text in ((5, r"offsets 5 to \d+ are gone"),
                             (EVENTS + 5, f"the topic ends at {EVENTS}")):
            run = start(f"at{offset}",
                        f"partitions: [0], offsets: [{offset}]")
            run.p.wait(30)
            ok(run.p.returncode == 1 and run.count(text) == 1,
               f"start at {offset}: {text}", run.log())
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
