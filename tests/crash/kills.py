#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kill -9 at random moments under load, again and again: every sink has to hold
in the end what Python makes of the input, and weir audit has to prove it.

	kills.py [--kills N] [--seed N] [--seconds N] [--rows N] [--keep DIR]
	         [--kafka BROKERS] [--postgres CONNECTION]
	         [--start kafka,postgres] [--pause SECONDS]

A load is run until it ends, each run being killed after a random time; then
its output is compared, and the next load begins with another input.  Two of
five kills come from outside, at any instruction; the others when the n-th
effect on disk or network is reached, anywhere or at a place that was met, so
that the short moments between two of them are met as often as the long ones.

Servers that are started here (a cluster of three brokers, a database behind a
proxy) are disturbed meanwhile: see disturb.py.  Without any, sinks are files.
"""
import argparse
import collections
import multiprocessing
import random
import shutil
import signal
import sys
import time

import common
from common import ok
from disturb import Servers
from loads import PATIENCE, Load

MOST = 40  # kills of one load; then it may end
# Sinks, and whether the input is in a topic, which needs a broker.
FILES = [("parquet", 0), ("csv", 0), ("files", 0)]
SERVED = [("all", 1), ("kafka", 0), ("postgres", 1), ("all", 0), ("kafka", 1),
          ("parquet", 1), ("postgres", 0), ("csv", 1)]


def kinds(kafka, postgres):
    """What the loads are in turn."""
    if not kafka and not postgres:
        return FILES
    return [(k, topic and bool(kafka)) for k, topic in SERVED
            if (k != "kafka" or kafka) and (k != "postgres" or postgres)]


def kill_once(lo, rnd, pace):
    """Start it and end it; its exit code, None when it was killed, and how."""
    what, fault, seconds = "at any time", None, rnd.uniform(0, pace)
    dice = rnd.random()
    some = lo.places() if dice > .7 else None
    if some:
        # what is never reached must not let it end
        what, seconds = "at a place", pace * rnd.uniform(1, 2)
        n = rnd.choice((1, 1, 2, rnd.randrange(3, 20)))
        fault = f"{rnd.choice(some)}=kill@{n}"
    elif dice > .4:
        what, seconds = "at the n-th effect", 5 + pace
        often = EFFECTS.get(lo.kind, 150)
        fault = f"*=kill@{int(rnd.expovariate(1 / often)) + 1}"
    rc = lo.end(lo.start(fault), seconds, fault or "killed")
    if rc is None:
        return None, "at any time"
    return (None, what) if rc == -signal.SIGKILL else (rc, what)


def at_rest(look):
    """What is wrong, again and again until nothing is: a transaction may be
    committed and not seen yet, a server may be down.  What is lost or doubled
    stays so."""
    end, looks = time.monotonic() + PATIENCE, 0
    while True:
        got, looks = look(), looks + 1
        if not got[0] or (time.monotonic() > end and looks > 3):
            return got
        time.sleep(1)


# Seconds until a run is killed at the latest, by kind of sink: longer when kills
# come before anything new is decided, shorter when a load ends before it had
# many; each load teaches it to the next.
paces = {"kafka": 1.5, "all": 2.5, "postgres": .6}
# Effects on disk and network until a run is killed, on average.
EFFECTS = {"all": 1200, "kafka": 400, "postgres": 400}


def one_load(root, seed, most, args, servers):
    """Kills until it has ended; what came of it."""
    rnd = random.Random(seed)
    list_ = kinds(*servers)
    kind, topic = list_[seed % len(list_)]
    got = collections.Counter()
    lo = Load(root, seed, kind, topic, servers, args.rows)
    why, rc = "", None
    pace, idle = paces.get(kind, .12), 0
    while not why and rc is None and got["kills"] < most:
        moves = lo.moves
        rc, what = kill_once(lo, rnd, pace)
        idle = idle + 1 if moves == lo.moves else 0
        if idle == 3:
            pace, idle = pace * 1.4, 0
        if rc is None:
            got["kills"] += 1
            got[what] += 1
        elif rc != 0:
            why = f"exit {rc}"
    paces[kind] = pace * (1. if rc is None else .7)
    if not why and rc is None:
        rc = lo.run()
        why = f"exit {rc} after the last kill" if rc != 0 else ""
    if not why:
        why, got["lost"], got["doubled"] = at_rest(lo.wrong)
    why = why or at_rest(lambda: [lo.audit()])[0]
    got.update(loads=1, rows=lo.rows(), moves=lo.moves)
    if why:
        where = "a topic" if topic else "files"
        why = f"seed {seed}, {kind} from {where}, {got['kills']} kills: " \
            f"{why}\n" + "\n".join(lo.logs)
        if args.keep:
            shutil.copytree(root, f"{args.keep}/{seed}", dirs_exist_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    return got, why


class Budget:
    """What is left to do, shared by the workers."""

    def __init__(self, kills, seed, seconds):
        self.lock = multiprocessing.Lock()
        self.left = multiprocessing.Value("i", kills)
        self.seed = multiprocessing.Value("i", seed)
        self.busy = multiprocessing.Value("i", 0)
        self.end = time.monotonic() + seconds if seconds else None

    def take(self):
        """(seed, kills) of the next load; None when all is done."""
        while True:
            with self.lock:
                late = self.end and time.monotonic() > self.end
                n = 0 if late else min(MOST, self.left.value)
                if n > 0:
                    if n == self.left.value:
                        n = (n + 1) // 2
                    self.left.value -= n
                    self.busy.value += 1
                    self.seed.value += 1
                    return self.seed.value - 1, n
                if late or self.busy.value == 0:
                    return None
            time.sleep(.1)

    def give(self, unused):
        with self.lock:
            self.left.value = 0 if unused is None else \
                self.left.value + unused
            self.busy.value -= 1


def stop(*_):
    sys.exit(1)


def worker(base, budget, args, servers, results):
    signal.signal(signal.SIGTERM, stop)
    while (job := budget.take()) is not None:
        seed, most = job
        try:
            got, why = one_load(f"{base}/{seed}", seed, most, args, servers)
        except Exception as e:
            got, why = collections.Counter(loads=1), \
                f"seed {seed}: {e!r} {getattr(e, 'stderr', '')}"
        # one that failed ends it all, or it would be found a hundred times
        budget.give(None if why else most - got["kills"])
        results.put((got, why))
    results.put(None)


def loop(base, args, servers):
    budget = Budget(args.kills, args.seed, args.seconds)
    results = multiprocessing.Queue()
    to = servers.kafka, servers.postgres
    many = [multiprocessing.Process(
        target=worker, args=(base, budget, args, to, results))
        for _ in range(2)]
    got, bad, ended = collections.Counter(), [], 0
    for p in many:
        p.start()
    try:
        servers.begin(args.pause)
        while ended < len(many):
            it = results.get(timeout=900)
            if it is None:
                ended += 1
                continue
            got.update(it[0])
            bad += [it[1]] if it[1] else []
            print(f"# {got['kills']} kills, {got['loads']} loads",
                  flush=True)
    finally:
        for p in many:
            p.terminate()
    return got, bad


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--kills", type=int, default=60)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--seconds", type=int, default=0, help="begin no load "
                    "after so many")
    ap.add_argument("--rows", type=int, default=4000, help="of each of "
                    "three partitions")
    ap.add_argument("--keep", default="")
    ap.add_argument("--kafka", default="", metavar="BROKERS")
    ap.add_argument("--postgres", default="", metavar="CONNECTION")
    ap.add_argument("--start", default="", metavar="SERVERS")
    ap.add_argument("--pause", type=float, default=2., help="seconds between "
                    "sessions that are ended, on average; 0: none are")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, stop)
    base = common.scratch()
    began = time.monotonic()
    servers = Servers(base, args.kafka, args.postgres, args.start,
                      random.Random(args.seed))
    try:
        with servers:
            got, bad = loop(base, args, servers)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    name = ", ".join(n for n, it in (("Kafka", servers.kafka),
                                     ("PostgreSQL", servers.postgres)) if it)
    how = ", ".join(f"{got[k]} {k}" for k in ("at any time", "at a place",
                                              "at the n-th effect"))
    ok(not bad, f"{name or 'files'}: {got['kills']} kills in {got['loads']} "
       f"loads of {got['rows']} rows, none lost, none doubled",
       "\n".join(bad))
    print(f"# killed {how}; {got['moves']} times with new epochs behind it; "
          f"{got['lost']} rows lost, {got['doubled']} doubled")
    if args.start:
        ok(servers.failed == "", "servers were disturbed: " + (", ".join(
            f"{n} {what}" for what, n in servers.did.items()) or "never"),
           servers.failed)
    print(f"# {time.monotonic() - began:.0f} s, seed {args.seed}")
    common.done()


if __name__ == "__main__":
    main()
