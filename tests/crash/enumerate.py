#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every place of the sources x what can happen there x sinks: the program is
made to fail at that place, started again, and has to end with what a run that
never failed has written.

	enumerate.py [--quick | --long] [--seed N] [-k PATTERN] [--only SETS]
	             [--kafka BROKERS] [--postgres CONNECTION]

A place that is reached only while a run recovers is met so: one fault makes
recovery needed, a second one is met in the run that recovers.  A place of the
sources that no run has reached is a failure, but for those in `excuses`.
"""
import argparse
import collections
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import time

import common
from common import SENTENCE, Bench, ok
from peers import Peers, arguments, given

ACTIONS = ("kill", "eio", "enospc", "short", "delay", "stop", "take")
# Plugins of which places can be reached only with a server.
SERVED = ("kafka", "postgres")
SPOOLS = ("spool",)


def stopped(p):
    """Wait until it has stopped itself; False when it ended instead."""
    end = time.monotonic() + common.TIMEOUT
    while time.monotonic() < end:
        it = os.waitid(os.P_PID, p.pid, os.WSTOPPED | os.WEXITED |
                       os.WNOHANG | os.WNOWAIT)
        if it is not None:
            return it.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED)
        time.sleep(.002)
    return False


def paused(be, spec, want):
    """It stops for a while, and goes on."""
    p = be.start(spec)
    if stopped(p):
        time.sleep(.05)
        p.send_signal(signal.SIGCONT)
    rc = be.end(p, f"run {spec}")
    return f"stopped for a while: exit {rc}" if rc != 0 else be.wrong(want)


def taken(be, spec, want, log):
    """It stops, another takes its place and ends, it wakes up: that changes
    nothing but what it has staged itself, which goes with the next run."""
    p = be.start(spec)
    if not stopped(p):
        return "" if be.end(p, f"run {spec}") == 0 else "never stopped"
    rc = be.run(more=["--take-over"], log=log)
    p.send_signal(signal.SIGCONT)
    woken = be.end(p, f"run {spec}, woken")
    if rc != 0:
        return f"the other: exit {rc}"
    if woken is None:
        return "it hangs when it wakes up"
    if woken != 0 and not SENTENCE.search(be.logs[-1]):
        return "it ends without a sentence"
    why = be.wrong(want, True)
    if why:
        return f"after the sleeper woke up: {why}"
    if be.run() != 0:
        return "once more after the end: it fails"
    # what the sleeper staged may have the numbers of files that are decided:
    # then it stays, and no one looks at it
    why = be.wrong(want, True)
    return why and f"once more after the end: {why}"


def restarted(be, want, log=None, again=True):
    """Started without a fault it has to end; once more changes nothing."""
    rc = be.run(log=log)
    if rc != 0:
        return f"the restart: exit {rc}"
    if again and be.run() != 0:
        return "once more after the end: it fails"
    return be.wrong(want)


def failed(be, spec, log=None):
    """A run with a fault; what is wrong with how it ended."""
    rc = be.run(spec, log)
    if rc is None:
        return "it hangs"
    if rc < 0 and rc != -signal.SIGKILL:
        return f"it dies of signal {-rc}"
    if rc > 0 and not SENTENCE.search(be.logs[-1]):
        return f"exit {rc} without a sentence"
    return ""


def scenario(be, want, spec, action, log=None):
    be.clear()
    if action == "stop":
        return paused(be, spec, want)
    if action == "take":
        return taken(be, spec, want, log)
    return failed(be, spec) or \
        restarted(be, want, log, spec.endswith("=kill@1"))


# ------------------------------------------------------------------- workers

benches = {}
BASE = None
SETS = {}


def bench(kind):
    """This worker's bench of a set of sinks and what a run without faults
    writes there."""
    if kind not in benches:
        sinks, peers = SETS[kind]
        be = Bench(f"{BASE}/{kind}.{os.getpid()}", sinks, peers=peers,
                   rows=600 if kind == "many" else 200)
        rc = be.run()
        assert rc == 0, be.said()
        benches[kind] = be, be.outputs()
    return benches[kind]


def read_log(path):
    try:
        with open(path, encoding="ascii") as f:
            return f.read().split()
    except FileNotFoundError:
        return []
    finally:
        if os.path.exists(path):
            os.unlink(path)


def clean(kind):
    """The places of a run without faults, and of the one behind it."""
    be, want = bench(kind)
    log = f"{be.root}.log"
    be.clear()
    why = "" if be.run(log=log) == 0 else "it fails"
    first = read_log(log)
    why = why or restarted(be, want, log)
    return kind, first + read_log(log), why and f"{why}\n{be.said()}"


def tell(be, kind, spec, action, why):
    return why and f"{kind}: {spec} ({action}): {why}\n{be.said()}"


def normal(job):
    """Faults at one place of a run that would go well.  Answers how many,
    what is wrong, and which places the recoveries reached, by fault."""
    kind, place, list_ = job
    be, want = bench(kind)
    log = f"{be.root}.log"
    bad, seen = [], {}
    for action, n in list_:
        spec = f"{place}={'stop' if action == 'take' else action}@{n}"
        why = scenario(be, want, spec, action, log)
        if why:
            bad.append(tell(be, kind, spec, action, why))
        # a run that takes over is no recovery from a fault
        seen[spec if action != "take" else ""] = read_log(log)
    return kind, place, len(list_), bad, seen


def recovering(job):
    """A fault, and another one while the next run recovers."""
    kind, place, list_ = job
    be, want = bench(kind)
    bad = []
    for first, action, n in list_:
        be.clear()
        spec = f"{place}={action}@{n}"
        why = failed(be, first)
        if why == "" and action == "stop":
            why = paused(be, spec, want)
        elif why == "":
            why = failed(be, spec) or restarted(be, want, None, n == 1)
        if why:
            bad.append(tell(be, kind, f"{first}, recovering: {spec}", action,
                            why))
    return kind, place, len(list_), bad, {}


# ---------------------------------------------------------------------- jobs

def worst():
    """The set in which most goes on at once."""
    return "all" if "all" in SETS else list(SETS)[-1]


def first_jobs(args, rnd, reached):
    """What is tried where: each place in each set that reaches it.  All sinks
    together get the worst; the others are taken in turns."""
    jobs = []
    turn = 0
    for kind, list_ in reached.items():
        for place in dict.fromkeys(list_):
            turn += 1
            some = rnd.randrange(2, 9)
            served = SETS[kind][1] is not None
            if args.k and not re.search(args.k, place) or \
                    kind == "many" and not place.startswith("file.list"):
                continue
            if args.mode == "long" and not served:
                more = [(a, n) for a in ACTIONS for n in
                        (1, 2, some, rnd.randrange(6, 60))
                        if n == 1 or a != "delay"]
            elif served and args.mode != "long":
                # servers are slow: what only they reach, and their spools
                if place.split(".")[0] not in (*SERVED, "spool"):
                    continue
                more = [("kill", 1), ("kill", some), ("eio", 1), ("eio", 3),
                        ("take", 1)]
            elif kind == worst():
                more = [("kill", 1)]
                if args.mode != "quick":
                    more += [("kill", some), ("eio", 1), ("take", 1)]
            elif args.mode != "quick":
                more = [("kill", rnd.randrange(2, 30)), ("eio", some),
                        ("short", rnd.randrange(1, 5))]
                more += [[("enospc", 1)], [("stop", 1)], [("delay", 1)],
                         [("enospc", some)]][turn % 4]
            else:
                continue
            jobs.append((kind, place, more))
    return jobs


def second_jobs(args, rnd, seen):
    """Each place of a recovery, after one of the faults that led to it."""
    by_place = collections.defaultdict(lambda: collections.defaultdict(list))
    for kind, spec, list_ in seen:
        for place in list_ if spec else ():
            by_place[place][kind].append(spec)
    jobs = []
    for place, kinds in sorted(by_place.items()):
        if args.k and not re.search(args.k, place):
            continue
        for kind, specs in sorted(kinds.items()):
            list_ = [("kill", 1)]
            if kind == "many" and not place.startswith("file.list"):
                continue
            if SETS[kind][1] is not None and args.mode != "long":
                if place.split(".")[0] in (*SERVED, "spool"):
                    jobs.append((kind, place,
                                 [(rnd.choice(specs), "kill", 1)]))
                continue
            if args.mode != "quick" and kind == worst():
                list_ = [("kill", 1), ("eio", 1)]
            elif args.mode != "quick":
                list_ = [("kill", 2), ("short", 1)]
            if args.mode == "long":
                list_ += [("enospc", 1), ("delay", 1), ("stop", 1),
                          ("kill", rnd.randrange(3, 20)),
                          ("eio", rnd.randrange(2, 9))]
            jobs.append((kind, place,
                         [(rnd.choice(specs), a, n) for a, n in list_]))
    return jobs


def excuses():
    path = f"{common.HERE}/excuses"
    out = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                place, why = line.split(None, 1)
                out[place] = why.strip()
    return out


def gather(pool, work, jobs, what):
    """Run the jobs; one line of TAP a place."""
    count, bad, seen = collections.Counter(), collections.defaultdict(list), []
    for kind, place, n, list_, logs in pool.imap_unordered(work, jobs):
        count[place] += n
        bad[place] += list_
        seen += [(kind, spec, got) for spec, got in logs.items()]
    for place in sorted(count):
        ok(not bad[place], f"{place}: {count[place]} faults{what}",
           f"{len(bad[place])} of them\n" + "\n".join(bad[place][:2]))
    return sum(count.values()), seen


def main():
    global BASE, SETS
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", dest="mode", action="store_const",
                    const="quick", default="normal")
    ap.add_argument("--long", dest="mode", action="store_const", const="long")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("-k", default="")
    ap.add_argument("--only", default="")
    arguments(ap)
    args = ap.parse_args()
    rnd = random.Random(args.seed)
    SETS = {k: (v, None) for k, v in common.SINKS.items()}
    SETS["many"] = common.MANY, None
    SETS["all"] = common.both(), None
    peers = given(args)
    for k, peer in peers.items():
        SETS[k] = [], Peers(peer)
    if peers:
        SETS["servers"] = common.both(), Peers(*peers.values())
    if args.only:
        SETS = {k: v for k, v in SETS.items() if k in args.only.split(",")}
    BASE = common.scratch()
    began = time.monotonic()
    try:
        with multiprocessing.Pool(2) as pool:
            reached = {}
            for kind, list_, why in pool.map(clean, SETS, 1):
                ok(why == "", f"{kind}: without a fault", why)
                reached[kind] = list_
            n, seen = gather(pool, normal,
                             first_jobs(args, rnd, reached), "")
            m, _ = gather(pool, recovering, second_jobs(args, rnd, seen),
                          " while recovering")
    finally:
        shutil.rmtree(BASE, ignore_errors=True)
    every = {p for p in common.places()
             if p.split(".")[0] not in (*SERVED, *SPOOLS) or
             p.split(".")[0] in (*peers, *(SPOOLS if peers else ()))}
    met = set().union(*reached.values(), *(got for _, _, got in seen))
    if not args.k and not args.only:
        lost = sorted(every - met - set(excuses()))
        ok(every and not lost, f"each of {len(every)} places was reached",
           "never reached: " + " ".join(lost))
    print(f"# {len(met)} places, {n} faults, {m} more while recovering, "
          f"{time.monotonic() - began:.0f} s")
    common.done()


if __name__ == "__main__":
    main()
