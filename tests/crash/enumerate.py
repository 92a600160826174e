#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every place of the sources x what can happen there x sinks: the program is
made to fail at that place, started again, and has to end with what a run that
never failed has written.

	enumerate.py [--quick | --long] [--seed N] [-k PATTERN] [--only SETS]
	             [--servers [--kafka BROKERS] [--postgres CONNECTION]]

A place that is reached only while a run recovers is met so: one fault makes
recovery needed, a second one is met in the run that recovers.  A place of the
sources that no run has reached is a failure, but for those in `excuses`.

With --servers the sinks are Kafka, PostgreSQL, and these with all that are
files at once.  A server without an address is started, and stopped in the end.
"""
import argparse
import collections
import multiprocessing
import os
import pickle
import random
import re
import shutil
import signal
import sys
import time

import common
from common import SENTENCE, Bench, ok
from peers import Servers

ACTIONS = ("kill", "eio", "enospc", "short", "delay", "stop", "take")
# Whose places can be reached only with a server: plugins, and what they use.
SERVED = re.compile(r"^(kafka|postgres|spool)\.")
# Processes: runs with servers wait for most of their time.
WORKERS, WAITERS = 2, 6


def paused(be, spec, want):
    """It stops for a while, and goes on."""
    p = be.start(spec)
    if common.stopped(p):
        time.sleep(.05)
        p.send_signal(signal.SIGCONT)
    rc = be.end(p, f"run {spec}")
    return f"stopped for a while: exit {rc}" if rc != 0 else be.wrong(want)


def taken(be, spec, want, log):
    """It stops, another takes its place and ends, it wakes up: that changes
    nothing but what it has staged itself, which goes with the next run."""
    p = be.start(spec)
    if not common.stopped(p):
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


def new_bench(kind):
    sinks, peers, rows, nrows = SETS[kind]
    return Bench(f"{BASE}/{kind}.{os.getpid()}", sinks, peers=peers, rows=rows,
                 nrows=nrows)


def bench(kind):
    """This worker's bench of a set of sinks and what a run without faults
    writes there."""
    if kind not in benches:
        with open(f"{BASE}/{kind}.want", "rb") as f:
            benches[kind] = new_bench(kind), pickle.load(f)
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
    """What a run without faults writes, and its places and those of the one
    behind it."""
    be = new_bench(kind)
    log = f"{be.root}.log"
    if be.run(log=log) != 0:
        return kind, [], f"it fails\n{be.said()}"
    want = be.outputs()
    with open(f"{BASE}/{kind}.want", "wb") as f:
        pickle.dump(want, f)
    first = read_log(log)
    why = restarted(be, want, log)
    return kind, first + read_log(log), why and f"{why}\n{be.said()}"


def tell(be, kind, spec, action, why):
    if why and be.peers:
        be.peers.forget()
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


def chance(args, place, kind=""):
    """Random numbers of this place alone, so that others don't change it."""
    return random.Random(f"{args.seed} {kind} {place}")


def wanted(args, kind, place):
    """Is anything to happen there?"""
    if args.k and not re.search(args.k, place):
        return False
    if kind == "many":
        return place.startswith("file.list")
    # of the places that the sets of files have, some with all at once
    return not args.servers or SERVED.match(place) is not None or \
        kind == "everything" and (args.mode == "long" or
                                  chance(args, place).random() < .1)


def with_servers(args, kind, place, everything):
    """The faults at a place of a set with servers.  Kills are for all of them
    at once, where the place is reached so; the others for one alone."""
    rnd = chance(args, place, kind)
    some = rnd.randrange(2, 9)
    if args.mode == "long":
        return [(a, n) for a in ACTIONS for n in (1, some)
                if n == 1 or a != "delay" and SERVED.match(place)]
    if kind == "everything":
        return [("kill", rnd.choice((1, some)))]
    return [(rnd.choice(ACTIONS[1:]), rnd.choice((1, 1, some)))] + \
        [("kill", 1)] * (place not in everything)


def with_files(args, rnd, kind, turn):
    """The same of a set of files alone."""
    some = rnd.randrange(2, 9)
    if args.mode == "long":
        return [(a, n) for a in ACTIONS for n in
                (1, 2, some, rnd.randrange(6, 60)) if n == 1 or a != "delay"]
    if kind == worst():
        return [("kill", 1)] if args.mode == "quick" else \
            [("kill", 1), ("kill", some), ("eio", 1), ("take", 1)]
    if args.mode == "quick":
        return []
    return [("kill", rnd.randrange(2, 30)), ("eio", some),
            ("short", rnd.randrange(1, 5)),
            (("enospc", 1), ("stop", 1), ("delay", 1), ("enospc", some))
            [turn % 4]]


def first_jobs(args, rnd, reached):
    """What is tried where: each place in each set that reaches it.  All sinks
    together get the worst; the others are taken in turns."""
    jobs = []
    for kind, list_ in reached.items():
        for place in dict.fromkeys(list_):
            if not wanted(args, kind, place):
                continue
            more = with_servers(args, kind, place,
                                reached.get("everything", ())) \
                if args.servers else with_files(args, rnd, kind, len(jobs))
            if more:
                jobs.append((kind, place, more))
    return jobs


def again(args, rnd, kind):
    """What happens at a place of a recovery."""
    if args.mode == "quick" or args.servers and args.mode != "long":
        return [("kill", 1)]
    if args.servers:
        return [("kill", 1), ("eio", 1), (rnd.choice(ACTIONS[2:-1]), 1)]
    list_ = [("kill", 1), ("eio", 1)] if kind == worst() else \
        [("kill", 2), ("short", 1)]
    if args.mode == "long":
        list_ += [("enospc", 1), ("delay", 1), ("stop", 1),
                  ("kill", rnd.randrange(3, 20)),
                  ("eio", rnd.randrange(2, 9))]
    return list_


def second_jobs(args, rnd, seen):
    """Each place of a recovery, after one of the faults that led to it."""
    by_place = collections.defaultdict(lambda: collections.defaultdict(list))
    for kind, spec, list_ in seen:
        for place in list_ if spec else ():
            by_place[place][kind].append(spec)
    jobs = []
    for place, kinds in sorted(by_place.items()):
        if args.servers and args.mode != "long" and "everything" in kinds:
            kinds = {"everything": kinds["everything"]}
        for kind, specs in sorted(kinds.items()):
            if wanted(args, kind, place):
                jobs.append((kind, place,
                             [(rnd.choice(specs), a, n)
                              for a, n in again(args, rnd, kind)]))
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


def arguments():
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", dest="mode", action="store_const",
                    const="quick", default="normal")
    ap.add_argument("--long", dest="mode", action="store_const", const="long")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("-k", default="")
    ap.add_argument("--only", default="")
    ap.add_argument("--servers", action="store_true")
    ap.add_argument("--kafka", default="", metavar="BROKERS")
    ap.add_argument("--postgres", default="", metavar="CONNECTION")
    return ap.parse_args()


def all_places(args):
    """Faults everywhere; (places of runs without one, those of recoveries)."""
    rnd = random.Random(args.seed)
    began = time.monotonic()
    with multiprocessing.Pool(WAITERS if args.servers else WORKERS,
                              signal.signal,
                              (signal.SIGTERM, signal.SIG_DFL)) as pool:
        reached = {}
        for kind, list_, why in pool.map(clean, SETS, 1):
            if ok(why == "", f"{kind}: without a fault", why):
                reached[kind] = list_
        n, seen = gather(pool, normal, first_jobs(args, rnd, reached), "")
        m, _ = gather(pool, recovering, second_jobs(args, rnd, seen),
                      " while recovering")
    met = set().union(*reached.values(), *(got for _, _, got in seen))
    print(f"# {len(met)} places, {n} faults, {m} more while recovering, "
          f"{time.monotonic() - began:.0f} s")
    return met


def main():
    global BASE, SETS
    args = arguments()
    BASE = common.scratch()
    servers = None
    try:
        SETS = {k: (v, None, 200, 500) for k, v in common.SINKS.items()}
        SETS["many"] = common.MANY, None, 600, 500
        SETS["all"] = common.both(), None, 200, 500
        if args.servers:
            servers = Servers(BASE, args.kafka, args.postgres)
            SETS = servers.sets(common.FEW)
        if args.only:
            SETS = {k: SETS[k] for k in args.only.split(",")}
        met = all_places(args)
    finally:
        if servers is not None:
            servers.stop()
        shutil.rmtree(BASE, ignore_errors=True)
    every = {p for p in common.places()
             if bool(SERVED.match(p)) == args.servers}
    if not args.k and not args.only:
        excused = set(excuses())
        lost = sorted(every - met - excused)
        print("# reached, though excused: " + " ".join(sorted(excused & met)))
        ok(every and not lost, f"each of {len(every)} places was reached",
           "never reached: " + " ".join(lost))
    common.done()


if __name__ == "__main__":
    main()
