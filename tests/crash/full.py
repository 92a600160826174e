#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk is full: under the state, under the output, under the spool of a
sink that is down, each a tmpfs of 8 MiB in a mount name space of the test's
own.  The run says so and waits, what can be seen is whole and right; when there
is space again, it ends with what a run that never failed has written.

	full.py
"""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import common
import peers
from common import SENTENCE, Bench, ok

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


def early(be, want, keyed=()):
    """What can be seen before the end.  Rows of a keyed sink are yet to be
    replaced by newer ones."""
    try:
        got = be.outputs()
    except Exception as e:
        return f"unreadable: {e!r}"
    why = [f"{k}: rows that do not belong" for k, rows in got.items()
           if k not in keyed and rows - want.get(k, type(rows)())]
    return "\n".join(why)


def waits(p, word=b"given up"):
    """What it has said once it says `word`; None when it has ended."""
    text = b""
    end = time.monotonic() + common.TIMEOUT
    while time.monotonic() < end:
        if select.select([p.stdout], [], [], .1)[0]:
            more = os.read(p.stdout.fileno(), 65536)
            text += more
            if more == b"":
                return None, text.decode()
        if word in text:
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
        ok("full" in log or "pace" in log, f"{what}: it says so and waits",
           log)
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


def fills(base, kind, sinks, ask):
    """The state's disk fills up while epochs are decided."""
    be = Full(f"{base}/{kind}-fills", sinks, rows=500, nrows=4000)
    rc = be.run()
    assert rc == 0, be.said()
    want = be.outputs()
    be.clear()
    path = be.mount("state", f"size={SIZE}")
    p = be.start("journal.append.done=stop@4")
    assert common.stopped(p), be.said()
    leave(path, 0)
    p.send_signal(signal.SIGCONT)
    what = f"{kind}, state, filled meanwhile"
    waiting, log = waits(p)
    ok(waiting and ("full" in log or "pace" in log),
       f"{what}: it says so and waits", log)
    why = early(be, want)
    ok(why == "", f"{what}: what can be seen is right", why)
    if ask:
        p.kill()
        be.end(p)
    os.unlink(f"{path}/.ballast")
    rc = be.run() if ask else be.end(p)
    why = be.wrong(want) if rc == 0 else f"exit {rc}"
    ok(why == "", f"{what}: with space again the results are whole",
       f"{why}\n{be.said()}")
    be.unmount("state")


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


# ------------------------------------------------------ a sink that is down

class Gate:
    """The way to a server: shut, nobody listens there."""

    def __init__(self, to):
        self.to = to
        self.listener, self.pairs = None, []
        self.port = 0
        self.open()

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,),
                         daemon=True).start()

    def shut(self):
        for s in (self.listener, *self.pairs):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        self.pairs = []

    def accept(self, listener):
        while True:
            try:
                a = listener.accept()[0]
                b = socket.create_connection(self.to)
            except OSError:
                return
            for x in (a, b):
                x.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs += [a, b]
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=(x, y),
                                 daemon=True).start()

    @staticmethod
    def pump(x, y):
        try:
            while data := x.recv(65536):
                y.sendall(data)
            y.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def outage(be, gate, want, what, left, then):
    """The spool of a sink that is down fills its disk."""
    be.logs = []
    disk = be.mount("state/spool", f"size={SIZE}")
    be.run("journal.append.sync=kill@4")  # a new sink must be there at first
    leave(disk, left)
    gate.shut()
    p = be.start()
    full, log = waits(p)
    ok(full and "No space" in log, f"{what}: it says so and waits", log)
    why = early(be, want, ("postgres-last",))
    ok(why == "", f"{what}: what can be seen is right", why)
    if then == "ended":
        p.terminate()
        rc = be.end(p)
        # the last rows may have found room
        ok(rc == 0 or rc == 1 and SENTENCE.search(be.logs[-1]),
           f"{what}: asked to end, it says what it lacks",
           f"exit {rc}\n{be.said()}")
    if then != "server":
        os.unlink(f"{be.root}/state/spool/.ballast")
    if then == "space":  # while the server is still away
        ok(waits(p, b"back after")[0], f"{what}: with space it goes on",
           be.said())
    gate.open()
    rc = be.run() if then == "ended" else be.end(p)
    why = be.wrong(want) if rc == 0 else f"exit {rc}"
    ok(why == "", f"{what}: in the end the results are whole",
       f"{why}\n{log}{be.said()}")
    be.unmount("state/spool")
    be.clear()


def spools(base, conn):
    """Less and less space; the server comes back, and space of itself then;
    or space does, and then the server; or both do before a restart."""
    host, port = conn.split("@")[1].split("/")[0].split(":")
    gate = Gate((host, int(port)))
    ps = peers.Postgres(conn, f"postgresql://postgres@127.0.0.1:{gate.port}"
                        "/postgres")
    be = Full(f"{base}/spool", common.FEW, rows=500, nrows=4000,
              peers=peers.Peers(ps, only=ps.writes()))
    rc = be.run()
    assert rc == 0, be.said()
    want = be.outputs()
    be.clear()
    for left, then in ((400 << 10, "server"), (300 << 10, "space"), (100 << 10, "ended"),
                       (0, "space")):
        outage(be, gate, want, f"spool, {left >> 10} KiB, then {then}", left,
               then)


def main(conn):
    base = common.scratch()
    began = time.monotonic()
    try:
        for kind, sinks in common.SINKS.items():
            for space in ("out", "state"):
                case(base, kind, sinks, space)
            fills(base, kind, sinks, kind == "csv")
        inodes(base)
        spools(base, conn)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"# {time.monotonic() - began:.0f} s")
    common.done()


def outside():
    """What can't be done inside: root there need not be root."""
    for how in (["unshare", "-m"], ["unshare", "-Urm"]):
        if subprocess.run([*how, "mount", "-t", "tmpfs", "x", "/mnt"],
                          stderr=subprocess.DEVNULL).returncode == 0:
            break
    else:
        ok(False, "a tmpfs can be mounted here, as root or in a user name "
           "space")
        common.done()
    signal.signal(signal.SIGTERM, peers.asked_to_end)
    with tempfile.TemporaryDirectory(prefix="weir-full.") as base:
        try:
            conn = peers.start("postgres", base)
            sys.exit(subprocess.run(
                [*how, sys.executable, os.path.abspath(__file__), conn],
                check=False).returncode)
        finally:
            peers.stop("postgres", base)


if len(sys.argv) == 1:
    outside()
else:
    main(sys.argv[1])
