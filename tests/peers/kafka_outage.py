#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Kafka that is not there, comes, is killed and comes back.

usage: kafka_outage.py WEIR FILL DIR

WEIR is the program, FILL bench/kafka_fill, DIR an empty directory for a broker
of this test's own (tests/peers/kafka.sh).  TAP on standard output.

A pipeline copies one topic into another and into CSV.  While it lives, no row
may be lost or doubled, whatever becomes of the broker; the log says once that
the broker is lost and once that it is back; waiting costs no CPU.
"""
import collections
import csv
import glob
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PIPELINE = """
settings {{ epoch: {{ every: 1s }}, kafka: {{ brokers: "{brokers}" }} }}
raw = kafka.read(topic: "from", start: earliest, group: "copy")
raw -> kafka.write(topic: "to", key: key)
raw -> select {{ partition, offset }}
    -> csv.write("{out}", roll: {{ epochs: 1 }})
"""
tests = bad = 0


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}", flush=True)
    for line in str(why).splitlines()[-30:] if not cond else ():
        print(f"# {line}", flush=True)


def broker(verb, where, *more):
    return subprocess.run([f"{HERE}/kafka.sh", verb, where, *more], check=True,
                          text=True, stdout=subprocess.PIPE).stdout.strip()


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        t = f.read().rsplit(")", 1)[1].split()
    return (int(t[11]) + int(t[12])) / os.sysconf("SC_CLK_TCK")


def wait(cond, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cond():
            return True
        time.sleep(0.1)
    return cond()


class Run:
    """weir, its log and what it has written."""

    def __init__(self, weir, path, out):
        self.out = out
        self.log_path = path + ".log"
        self.log_file = open(self.log_path, "wb")
        self.p = subprocess.Popen([weir, "run", path], stderr=self.log_file,
                                  stdout=self.log_file,
                                  stdin=subprocess.DEVNULL)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def count(self, text):
        return len(re.findall(text, self.log()))

    def rows(self):
        got = collections.Counter()
        for path in glob.glob(f"{self.out}/**/*.csv", recursive=True):
            with open(path, newline="", encoding="utf-8") as f:
                for row in csv.DictReader(f):
                    got[int(row["partition"]), int(row["offset"])] += 1
        return got

    def idle_cpu(self, seconds):
        before = cpu(self.p.pid)
        time.sleep(seconds)
        return (cpu(self.p.pid) - before) / seconds


def topic(brokers, name):
    """The values of a topic with how often each is there."""
    p = subprocess.run(["kcat", "-b", brokers, "-C", "-t", name, "-e", "-q",
                        "-f", "%k\t%s\n"], check=True, stdout=subprocess.PIPE)
    return collections.Counter(p.stdout.splitlines())


def main():
    weir, fill, where = sys.argv[1:4]
    os.makedirs(where, exist_ok=True)
    kafka, out = f"{where}/kafka", f"{where}/out"
    path = f"{where}/copy.weir"
    brokers = broker("start", kafka)
    run = None

    def put(first, n):
        return subprocess.Popen(
            [fill, "-b", brokers, "-t", "from", "-p", "4", "-n", str(n),
             "-f", str(first)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    try:
        put(0, 20000).wait()
        broker("topic", kafka, "to", "4")
        broker("stop", kafka)
        with open(path, "w", encoding="utf-8") as f:
            f.write(PIPELINE.format(brokers=brokers, out=out))

        run = Run(weir, path, out)
        time.sleep(4)
        ok(run.p.poll() is None, "waits for a broker that is not there",
           run.log())
        ok(run.count("no answer from") >= 1, "and says so", run.log())
        used = run.idle_cpu(3)
        ok(used < 0.1, f"with {used:.3f} of a core")
        broker("start", kafka)
        ok(wait(lambda: sum(run.rows().values()) >= 20000, 60),
           "reads when the broker comes", run.log())

        lost = run.count("no answer from")
        filler = put(20000, 150000)
        time.sleep(0.7)
        broker("kill", kafka)
        time.sleep(5)
        ok(run.p.poll() is None, "lives on when the broker is killed",
           run.log())
        said = run.count("no answer from") - lost
        ok(1 <= said <= 3, f"says so {said} times: once a stage, or a "
           "prepare", run.log())
        used = run.idle_cpu(3)
        ok(used < 0.1, f"with {used:.3f} of a core")
        broker("start", kafka)
        filler.wait()
        want = topic(brokers, "from")
        n = sum(want.values())
        ok(wait(lambda: sum(run.rows().values()) >= n, 120),
           f"goes on to the last of {n} rows", run.log())
        ok(run.count("answers again") >= 1, "says that it is back", run.log())
        run.p.send_signal(signal.SIGTERM)
        ok(run.p.wait(30) == 0, "ends with 0", run.log())

        rows = run.rows()
        ok(len(rows) == n, f"CSV has every row: {len(rows)} of {n}")
        ok(all(k == 1 for k in rows.values()), "and none twice")
        got = topic(brokers, "to")
        ok(got == want, "the copy has every row once",
           f"{sum(got.values())} of {n}, more: {list((got - want))[:2]}, "
           f"less: {list((want - got))[:2]}")
    finally:
        if run is not None and run.p.poll() is None:
            run.p.kill()
        broker("kill" if os.path.exists(f"{kafka}/pid") else "stop", kafka)
    print(f"1..{tests}")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main())
