#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk is full: under the state, under the output, each a tmpfs of 8 MiB
in a mount name space of the test's own.  The run says so and waits, what can be
seen is whole and right; when there is space again, it ends with what a run that
never failed has written.

	full.py
"""
import os
import select
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


def waits(p):
    """What it has said once it waits for space; None when it has ended."""
    text = b""
    end = time.monotonic() + common.TIMEOUT
    while time.monotonic() < end:
        if select.select([p.stdout], [], [], .1)[0]:
            more = os.read(p.stdout.fileno(), 65536)
            text += more
            if more == b"":
                return None, text.decode()
        if b"trying again" in text:
            return True, text.decode()
    return None, text.decode()


def tries(be, want, space, what, ask):
    """Runs on the full disk until one waits, then there is space.  `ask`: it is
    asked to end while it waits, and another goes on."""
    p = be.start()
    waiting, log = waits(p)
    if not waiting:
        rc = be.end(p)
        be.logs[-1] += log
        if rc == 0:
            return False
        ok(rc == 1 and SENTENCE.search(log), f"{what}: not enough to begin with:"
           " a clear error", f"exit {rc}\n{log}")
        ask = True
    else:
        ok("full" in log or "pace" in log, f"{what}: it says so and waits", log)
        why = early(be, want)
        ok(why == "", f"{what}: what can be seen is right", why)
        if ask:
            p.terminate()
            rc = be.end(p)
            ok(rc == 1 and SENTENCE.search(be.logs[-1]),
               f"{what}: asked to end, it says what it lacks",
               f"exit {rc}\n{be.said()}")
    os.unlink(f"{be.root}/{space}/.ballast")
    rc = be.run() if ask else be.end(p)
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
        met += tries(be, want, space, f"{kind}, {space}, {left >> 10} KiB",
                     met % 2 == 1)
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
    p = be.start()
    waiting, log = waits(p)
    ok(waiting, "no inode: it says so and waits", log)
    shutil.rmtree(f"{path}/.more")
    rc = be.end(p)
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
