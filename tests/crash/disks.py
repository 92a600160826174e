#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Power cuts: every effect of a run on its files is recorded, and for points of
that record the disks are made that a power cut there may leave.  The program
is started on each and has to end with what a run without a cut has written.

	disks.py [--disks N] [--seed N] [--keep DIR] [--one SEED] [-k KIND]

What a power cut may leave, by what POSIX and the file systems promise:

	a write since the last sync of its file   any of its blocks of 512 bytes,
	                                          none, all; the length may have
	                                          grown over zeros
	a length set since then                   or not
	a name made, moved or taken away          or not, unless the directory was
	since the last sync of its directory      synced; in a directory in order,
	                                          and a rename whole or not at all

Before it is started again, what lies under a final name has to be readable and
to hold only rows that belong there.
"""
import argparse
import collections
import multiprocessing
import os
import random
import shutil
import subprocess
import sys

import common
from common import Bench, difference, ok, outputs

BLOCK = 512


# ---------------------------------------------------------------- the record

def read_trace(path):
    """[(op, fields, data)]"""
    with open(path, "rb") as f:
        text = f.read()
    ops, at = [], 0
    while at < len(text):
        end = text.index(b"\n", at)
        line = text[at:end].decode("utf-8")
        at = end + 1
        op, rest = line[0], line[2:]
        if op == "W":
            ino, offset, n = map(int, rest.split(" "))
            ops.append((op, (ino, offset), text[at:at + n]))
            at += n + 1
        elif op in "TA":
            ops.append((op, tuple(map(int, rest.split(" "))), None))
        elif op in "SD":
            ops.append((op, (int(rest),), None))
        elif op == "O":
            ino, n, name = rest.split(" ", 2)
            ops.append((op, (int(ino), int(n), name), None))
        elif op == "M":
            ino, name = rest.split(" ", 1)
            ops.append((op, (int(ino), name), None))
        elif op in "RL":
            ops.append((op, tuple(rest.split("\t")), None))
        else:
            ops.append((op, (rest,), None))
    return ops


def show(op):
    return " ".join([op[0], *map(str, op[1])]) + \
        (f" +{len(op[2])}" if op[2] is not None else "")


# ----------------------------------------------------------------- the model

class File:
    def __init__(self, data=b""):
        self.durable = data  # at its last sync
        self.pending = []    # W, T, A since


class Dir:
    def __init__(self):
        self.durable = {}    # what was there at the beginning
        self.now = {}        # what the process sees


class Disk:
    """The files of one record, up to a point of it."""

    blind = None  # an effect that is not seen: what if it were never done?

    def __init__(self, root):
        self.root = Dir()
        self.inodes = {}
        self.names = []      # [(changes, forced)], a change is (dir, name, it)
        self.load(root, self.root)

    def load(self, path, d):
        self.inodes[os.stat(path).st_ino] = d
        for name in os.listdir(path):
            if d is self.root and name not in ("state", "out"):
                continue
            full = f"{path}/{name}"
            if os.path.isdir(full):
                it = Dir()
                self.load(full, it)
            else:
                with open(full, "rb") as f:
                    it = File(f.read())
                self.inodes[os.stat(full).st_ino] = it
            d.durable[name] = d.now[name] = it

    def parent(self, path):
        d = self.root
        *dirs, name = path.split("/")
        for part in dirs:
            d = d.now[part]
        return d, name

    def change(self, *changes):
        for d, name, it in changes:
            if it is None:
                d.now.pop(name, None)
            else:
                d.now[name] = it
        self.names.append([changes, False])

    def opened(self, ino, length, path):
        try:
            d, name = self.parent(path)
        except KeyError:
            return
        it = d.now.get(name)
        if it is None:
            it = File()
            self.change((d, name, it))
        elif length == 0:
            it.pending.append(("T", 0, None))
        self.inodes[ino] = it

    def do(self, op, f, data):
        if op == self.blind:
            return
        if op == "O":
            self.opened(*f)
        elif op in "WTA":
            it = self.inodes.get(f[0])
            if isinstance(it, File):
                it.pending.append((op, f[1], data))
        elif op == "S":
            it = self.inodes.get(f[0])
            if isinstance(it, File):
                it.durable = apply(it.durable, it.pending)
                it.pending = []
        elif op == "D":
            d = self.inodes.get(f[0])
            for entry in self.names:
                if any(c[0] is d for c in entry[0]):
                    entry[1] = True
        elif op == "M":
            d, name = self.parent(f[1])
            self.inodes[f[0]] = it = Dir()
            self.change((d, name, it))
        elif op in "RL":
            (d, a), (e, b) = self.parent(f[0]), self.parent(f[1])
            it = d.now[a]
            self.change(*([(d, a, None)] if op == "R" else []), (e, b, it))
        else:
            d, name = self.parent(f[0])
            self.change((d, name, None))

    # ---- a disk that may be left

    def left(self, rnd, how):
        """A tree of dicts and bytes."""
        tree = {}
        for d in self.dirs():
            tree[d] = dict(d.durable)
        broken = set()
        for changes, forced in self.names:
            dirs = {c[0] for c in changes}
            if not forced and (dirs & broken or not keep(rnd, how)):
                broken |= dirs
                continue
            for d, name, it in changes:
                if it is None:
                    tree[d].pop(name, None)
                else:
                    tree[d][name] = it
        return self.build(self.root, tree, rnd, how, {})

    def dirs(self):
        seen = {self.root}
        seen.update(d for d in self.inodes.values() if isinstance(d, Dir))
        for changes, _ in self.names:
            for d, _, it in changes:
                seen.add(d)
                if isinstance(it, Dir):
                    seen.add(it)
        return seen

    def build(self, d, tree, rnd, how, files):
        out = {}
        for name, it in tree[d].items():
            if isinstance(it, Dir):
                out[name] = self.build(it, tree, rnd, how, files)
            else:
                if it not in files:
                    files[it] = content(it, rnd, how)
                out[name] = files[it]
        return out


def keep(rnd, how):
    """Does an effect that was not synced survive?"""
    return how == "all" or (how != "none" and rnd.random() < how)


def apply(data, pending):
    out = bytearray(data)
    for op, at, more in pending:
        if op == "W":
            if len(out) < at:
                out += bytes(at - len(out))
            out[at:at + len(more)] = more
        elif op == "A":
            if len(out) < at:
                out += bytes(at - len(out))
        elif at < len(out):
            del out[at:]
        else:
            out += bytes(at - len(out))
    return bytes(out)


def content(it, rnd, how):
    if how == "all":
        return apply(it.durable, it.pending)
    some = []
    for op, at, more in it.pending:
        if keep(rnd, how):
            some.append((op, at, more))
        elif op == "W" and how != "none":
            # some of its blocks, or only the length
            end, p = at + len(more), at
            while p < end:
                q = min(end, (p // BLOCK + 1) * BLOCK)
                if rnd.random() < how:
                    some.append(("W", p, more[p - at:q - at]))
                p = q
            if rnd.random() < .3:
                some.append(("A", end, None))
    return apply(it.durable, some)


def put(tree, path):
    os.makedirs(path, exist_ok=True)
    for name, it in tree.items():
        if isinstance(it, dict):
            put(it, f"{path}/{name}")
        else:
            with open(f"{path}/{name}", "wb") as f:
                f.write(it)


# ------------------------------------------------------------------ the test

def compiled(where):
    so = f"{where}/trace.so"
    subprocess.run([*os.environ.get("CC", "cc").split(), "-O1", "-fPIC",
                    "-shared", "-o", so, f"{common.HERE}/preload/trace.c"],
                   check=True)
    return so


class Worker:
    """A bench, the record of one run in it, and what that run has written."""

    def __init__(self, where, so, sinks):
        self.be = Bench(where, sinks)
        self.so = so
        self.log = f"{where}.trace"
        self.record("the run that is recorded")
        self.want = self.be.outputs()
        assert self.want, self.be.said()

    def record(self, what):
        """Run with the trace; the files as they were before are the disk's."""
        self.first = f"{self.be.root}.first"
        shutil.rmtree(self.first, ignore_errors=True)
        self.disk = lambda d=Disk(self.be.root): d
        if os.path.exists(self.log):
            os.unlink(self.log)
        p = self.be.start(env={"TRACE_ROOT": self.be.root,
                               "TRACE_LOG": self.log, "LD_PRELOAD": self.so})
        rc = self.be.end(p, what)
        self.ops = read_trace(self.log)
        return rc

    def cut(self, disk, seed):
        """(where it was cut, the tree)"""
        rnd = random.Random(seed)
        at = rnd.randrange(len(self.ops) + 1)
        how = rnd.choice(("none", "none", "all", .5, .2, .8, .95))
        for op in self.ops[:at]:
            disk.do(*op)
        return f"after effect {at} of {len(self.ops)}, " \
            f"unsynced survive: {how}", at, disk.left(rnd, how)


def early(be, want):
    """What a reader sees before the program is there again."""
    try:
        got = outputs(f"{be.root}/out")
    except Exception as e:
        return f"a file under its final name can't be read: {e!r}"
    for k, rows in got.items():
        more = rows - want.get(k, collections.Counter())
        if more:
            return f"{k} holds rows that do not belong: {list(more)[:3]}"
    return ""


def one(wo, seed):
    """A cut, perhaps a second one while it recovers; what is wrong."""
    be = wo.be
    be.clear()
    rnd = random.Random(seed * 7 + 1)
    twice = rnd.random() < .25
    where, at, tree = wo.cut(Disk(be.root), seed)
    ops = wo.ops
    put(tree, be.root)
    why = early(be, wo.want)
    if why == "" and twice:
        saved = wo.ops
        disk = Disk(be.root)
        be.logs = []
        wo.record("recovery that is recorded")
        w2, at2, tree = wo.cut(disk, seed + 1)
        ops2, wo.ops = wo.ops, saved
        be.clear()
        put(tree, be.root)
        where += "; recovering " + w2
        why = early(be, wo.want)
        ops, at = ops2, at2
    if why == "":
        rc = be.run()
        why = be.wrong(wo.want) if rc == 0 else f"the restart: exit {rc}"
        if why == "" and (be.run() != 0 or be.wrong(wo.want)):
            why = "a second restart: " + be.wrong(wo.want)
    if why == "":
        return None
    around = "\n".join(f"  {i}{'*' if i == at - 1 else ' '} {show(ops[i])}"
                       for i in range(max(0, at - 8), min(len(ops), at + 3)))
    return f"seed {seed}: cut {where}\n{why}\n{around}\n{be.said()}"


def work(args):
    where, so, sinks, seeds, keep_dir, Disk.blind = args
    wo = Worker(where, so, sinks)
    bad = []
    for seed in seeds:
        why = one(wo, seed)
        if why is None:
            continue
        bad.append(why)
        if Disk.blind:
            break
        if keep_dir:
            shutil.copytree(wo.be.root, f"{keep_dir}/{seed}",
                            dirs_exist_ok=True)
        if len(bad) >= 20:
            break
    return len(wo.ops), bad


def without(base, so, op):
    """Were files, or directories, never synced, this test would see it."""
    job = f"{base}/{op}", so, common.SINKS["csv"], range(200), "", op
    _, bad = work(job)
    ok(bad, f"without {'files' if op == 'S' else 'directories'} being synced "
       "it fails")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--disks", type=int, default=300)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--keep", default="")
    ap.add_argument("--one", type=int, default=None)
    ap.add_argument("-k", dest="kind", default="")
    args = ap.parse_args()
    base = common.scratch()
    try:
        so = compiled(base)
        for kind, sinks in (("parquet", common.SINKS["parquet"]),
                            ("csv", common.SINKS["csv"]),
                            ("all", common.both())):
            seeds = range(args.seed, args.seed + args.disks // 3)
            if args.kind not in kind:
                continue
            if args.one is not None:
                seeds = [args.one]
            jobs = [(f"{base}/{kind}{i}", so, sinks, list(seeds)[i::2],
                     args.keep and f"{args.keep}/{kind}", None)
                    for i in range(2)]
            with multiprocessing.Pool(2) as pool:
                got = pool.map(work, jobs)
            bad = [b for _, list_ in got for b in list_]
            ok(not bad, f"{kind}: {len(seeds)} disks of power cuts in "
               f"{got[0][0]} effects", f"{len(bad)} of them\n" +
               "\n".join(bad[:3]))
        if args.one is None:
            without(base, so, "S")
            without(base, so, "D")
    finally:
        shutil.rmtree(base, ignore_errors=True)
    common.done()


if __name__ == "__main__":
    main()
