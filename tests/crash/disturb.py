# SPDX-License-Identifier: MIT
"""What happens to servers while a pipeline writes to them: brokers are killed,
the database crashes, its sessions are ended, connections are cut behind COMMIT.

Only servers that were started here are crashed.
"""
import collections
import os
import random
import socket
import subprocess
import threading
import time

import common

PEERS = f"{common.HERE}/../peers"


class Proxy:
    """Between weir and a server: now and then it forwards what holds a COMMIT
    and drops the connection before the answer."""

    def __init__(self, host, port, rnd, every):
        self.to, self.rnd, self.every = (host, port), rnd, every
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def begin(self):
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            a = self.listener.accept()[0]
            try:
                b = socket.create_connection(self.to)
            except OSError:
                a.close()
                continue
            for x, y, up in ((a, b, True), (b, a, False)):
                threading.Thread(target=self.pump, args=(x, y, up),
                                 daemon=True).start()

    def pump(self, x, y, up):
        try:
            while data := x.recv(65536):
                if up and b"COMMIT\0" in data and \
                        self.rnd.randrange(self.every) == 0:
                    self.cuts += 1
                    x.shutdown(socket.SHUT_RD)
                    y.sendall(data)
                    time.sleep(self.rnd.choice((0, .001, .02)))
                    break
                y.sendall(data)
        except OSError:
            pass
        for s in (x, y):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def script(name, verb, where, check=True):
    return subprocess.run([f"{PEERS}/{name}.sh", verb, where], check=check,
                          text=True, stdout=subprocess.PIPE,
                          timeout=200).stdout.strip()


class Servers:
    """Those that were given, and those that are started here."""

    def __init__(self, where, kafka, postgres, start, rnd):
        self.where, self.start, self.rnd = where, start, rnd
        self.kafka, self.postgres, self.direct = kafka, postgres, postgres
        self.did = collections.Counter()
        self.proxy, self.threads = None, []
        self.failed = ""
        self.over = threading.Event()
        os.chmod(where, 0o755)  # the database is another user

    def __enter__(self):
        try:
            if "kafka" in self.start:
                self.kafka = script("kafka", "start3", f"{self.where}/kafka")
            if "postgres" in self.start:
                at = script("postgres", "start", f"{self.where}/postgres")
                host, port = at.split(":")
                self.proxy = Proxy(host, int(port), self.rnd, 40)
                self.direct = f"postgresql://postgres@{at}/postgres"
                self.postgres = "postgresql://postgres@127.0.0.1:" \
                    f"{self.proxy.port}/postgres"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.calm()
        self.stop()

    def stop(self):
        for n in (1, 2, 3) if "kafka" in self.start else ():
            script("kafka", "stop", f"{self.where}/kafka/{n}", False)
        if "postgres" in self.start:
            script("postgres", "stop", f"{self.where}/postgres", False)

    # ---- what is done to them

    def broker(self):
        """One of three; it comes back when the others have noticed, or
        before."""
        node = f"{self.where}/kafka/{self.rnd.choice((1, 2, 3))}"
        script("kafka", "kill", node)
        self.did["brokers killed"] += 1
        self.over.wait(self.rnd.choice((0, 1, 3, 8)))
        script("kafka", "start", node)

    def database(self):
        script("postgres", "crash", f"{self.where}/postgres")
        self.did["databases crashed"] += 1
        self.over.wait(self.rnd.choice((0, .2, 1, 3)))
        script("postgres", "start", f"{self.where}/postgres")

    def sessions(self):
        """Of all pipelines."""
        p = subprocess.run(
            ["psql", "-X", "-At", "-d", self.direct, "-c",
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE application_name LIKE 'weir%'"], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        if p.returncode == 0:
            self.did["sessions ended"] += int(p.stdout)

    def begin(self, pause):
        """From now on, at random moments: sessions with such a pause on
        average, the others less often; 0: only connections are cut.  Threads
        begin here, behind any fork."""
        if self.proxy is not None:
            self.proxy.begin()
        some = []
        if "postgres" in self.start:
            some += [(self.sessions, pause), (self.database, 5 * pause)]
        if "kafka" in self.start:
            some += [(self.broker, 8 * pause)]
        for do, often in some if pause else ():
            t = threading.Thread(target=self.loop, args=(do, often))
            t.start()
            self.threads.append(t)

    def loop(self, do, often):
        while not self.over.wait(self.rnd.expovariate(1 / often)):
            try:
                do()
            except (OSError, subprocess.SubprocessError) as e:
                self.failed = repr(e)
                return

    def calm(self):
        self.over.set()
        for t in self.threads:
            t.join()
        if self.proxy is not None:
            self.did["cut behind COMMIT"] = self.proxy.cuts
