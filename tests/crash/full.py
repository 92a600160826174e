#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk is full: under the state, under the output, each a tmpfs of 8 MiB
in a mount name space of the test's own.  The run ends with a clear error, what
can be seen is whole and right; when there is space again, a restart ends with
what a run that never failed has written.

	full.py
"""
import os
import shutil
import subprocess
import sys
import time

if len(sys.argv) == 1:
    for how in (["unshare", "-m"], ["unshare", "-Urm"]):
        if subprocess.run([*how, "mount", "-t", "tmpfs", "x", "/mnt"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            os.execvp("unshare", [*how, sys.executable,
                                  os.path.abspath(__file__), "inside"])
    print("1..1\nnot ok 1 - no tmpfs can be mounted here, neither as root nor "
          "in a user name space")
    sys.exit(1)

import common  # noqa: E402
from common import SENTENCE, Bench, ok  # noqa: E402

SIZE = 8 << 20
INODES = 400


class Full(Bench):
    """A bench of which one directory is a small disk."""

    def mount(self, name, options):
        path = f"{self.root}/{name}"
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "x", path],
                       check=True)
        return path

    def unmount(self, name):
        subprocess.run(["umount", "-l", f"{self.root}/{name}"], check=True)


def leave(path, n):
    """A file that leaves so many bytes."""
    st = os.statvfs(path)
    n = st.f_bavail * st.f_frsize - n
    with open(f"{path}/.ballast", "wb") as f:
        if n > 0:
            os.posix_fallocate(f.fileno(), 0, n)


def early(be, want):
    """What can be seen while nothing runs."""
    try:
        got = be.outputs()
    except Exception as e:
        return f"unreadable: {e!r}"
    why = [f"{k}: rows that do not belong" for k, rows in got.items()
           if rows - want.get(k, type(rows)())]
    return "\n".join(why)


def tries(be, want, space, what):
    """Runs on the full disk until one fails, then one with space."""
    rc = be.run()
    if rc == 0:
        return False
    log = be.logs[-1]
    ok(rc == 1 and SENTENCE.search(log) and
       ("full" in log or "pace" in log or "room" in log),
       f"{what}: a clear error", f"exit {rc}\n{be.said()}")
    why = early(be, want)
    ok(why == "", f"{what}: what can be seen is right", why)
    rc = be.run()
    ok(rc == 1, f"{what}: started again while it is full, it says so again",
       f"exit {rc}\n{be.said()}")
    os.unlink(f"{be.root}/{space}/.ballast")
    rc = be.run()
    why = be.wrong(want) if rc == 0 else f"exit {rc}"
    ok(why == "", f"{what}: with space again the results are whole",
       f"{why}\n{be.said()}")
    return True


def case(base, kind, sinks, space):
    """Less and less space, until it is not enough."""
    be = Full(f"{base}/{kind}-{space}", sinks, rows=500, nrows=4000)
    rc = be.run()
    assert rc == 0, be.said()
    want = be.outputs()
    be.clear()
    met = 0
    for left in (3 << 20, 1 << 20, 300 << 10, 100 << 10, 30 << 10, 4096, 0):
        be.logs = []
        leave(be.mount(space, f"size={SIZE}"), left)
        met += tries(be, want, space, f"{kind}, {space}, {left >> 10} KiB")
        be.unmount(space)
        be.clear()
    ok(met >= 2, f"{kind}, {space}: was full {met} times")


def inodes(base):
    """No inode is left, though there is space."""
    be = Full(f"{base}/inodes", common.SINKS["csv"])
    rc = be.run()
    assert rc == 0, be.said()
    want = be.outputs()
    be.clear()
    path = be.mount("out", f"size={SIZE},nr_inodes={INODES}")
    os.mkdir(f"{path}/.more")
    for i in range(INODES - 40):
        with open(f"{path}/.more/{i}", "wb"):
            pass
    rc = be.run()
    ok(rc == 1 and SENTENCE.search(be.logs[-1]), "no inode: a clear error",
       be.said())
    shutil.rmtree(f"{path}/.more")
    rc = be.run()
    why = be.wrong(want) if rc == 0 else f"exit {rc}"
    ok(why == "", "no inode: with some again the results are whole",
       f"{why}\n{be.said()}")
    be.unmount("out")


def main():
    base = common.scratch()
    began = time.monotonic()
    try:
        for kind, sinks in common.SINKS.items():
            for space in ("out", "state"):
                case(base, kind, sinks, space)
        inodes(base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"# {time.monotonic() - began:.0f} s")
    common.done()


main()
