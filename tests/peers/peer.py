# SPDX-License-Identifier: MIT
"""What the tests with a Kafka of their own share.

$WEIR is the program, $BUILD the build directory with bench/kafka_fill.  A test
is `peer.main(test)`: test(where, brokers) has a fresh broker and a directory.
"""
import collections
import csv
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
WEIR = os.environ.get("WEIR", f"{BUILD}/weir")
FILL = f"{BUILD}/bench/kafka_fill"
runs = []
tests = bad = 0
begun = time.monotonic()


def ok(cond, what, why=""):
    global tests, bad
    tests += 1
    bad += not cond
    print(f"{'ok' if cond else 'not ok'} {tests} - {what}", flush=True)
    if os.environ.get("PEER_TIMES"):
        print(f"# at {time.monotonic() - begun:.1f} s", flush=True)
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

    def __init__(self, path, out):
        self.out = out
        self.log_path = path + ".log"
        self.log_file = open(self.log_path, "wb")
        self.p = subprocess.Popen([WEIR, "run", path], stderr=self.log_file,
                                  stdout=self.log_file,
                                  stdin=subprocess.DEVNULL)
        runs.append(self)

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


def fill(brokers, topic, partitions, n, *more):
    """Fill the topic; what is returned can be waited for."""
    return subprocess.Popen(
        [FILL, "-b", brokers, "-t", topic, "-p", str(partitions), "-n", str(n),
         *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(signum, frame):
    sys.exit(128 + signum)


def main(test, nodes=1, more=""):
    """`more`: further listeners, $KAFKA_MORE of kafka.sh."""
    os.environ["KAFKA_MORE"] = more
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with tempfile.TemporaryDirectory(prefix="weir-peer.") as where:
        try:
            test(where, broker("start" if nodes == 1 else "start3",
                               f"{where}/kafka"))
        finally:
            for run in runs:
                if run.p.poll() is None:
                    run.p.kill()
                    run.p.wait()
            if nodes == 1:
                broker("stop", f"{where}/kafka")
            for n in range(1, nodes + 1) if nodes > 1 else ():
                if os.path.exists(f"{where}/kafka/{n}/pid"):
                    broker("kill", f"{where}/kafka/{n}")
    print(f"1..{tests}")
    sys.exit(1 if bad else 0)
