# SPDX-License-Identifier: MIT
"""The crash tests' sinks and sources on servers: what a pipeline writes there,
and how that is read back.

@TAG@ in a line of a pipeline is another text for each run from nothing.  Tables
bear it in their names.  Topics are made seldom, for that is slow: @TOPIC@ in
their names is another one for each TOPICS tags of a process, and each record
says with which tag it was written.
"""
import collections
import os
import signal
import subprocess
import sys
import time

SCRIPTS = f"{os.path.dirname(os.path.abspath(__file__))}/../peers"
TOPICS = 16
END = "~ this is all ~"


class Kafka:
    kind = "kafka"

    def __init__(self, brokers):
        self.brokers = brokers
        self.names = ("each", "gold")
        self.made = set()

    def sinks(self):
        return [f'{src} -> set {{ run: "@TAG@" }} -> json.encode() -> '
                f'kafka.write(topic: "{name}-@TOPIC@", '
                f'brokers: "{self.brokers}", delivery: exactly_once, '
                f'marker_topic: "markers-@TOPIC@"{more})'
                for src, name, more in (
                    ("ev", "each", ""),
                    # some rows are for a partition that is not there
                    ("gold", "gold",
                     ", partition: if n == 4 then 99 else 0"))]

    def setup(self):
        """Nothing is to be there."""

    def make(self, tag, topic):
        """The topics, made by asking for them."""
        end = time.monotonic() + 20
        for name in self.names if topic not in self.made else ():
            while time.monotonic() < end:
                p = subprocess.run(
                    ["kcat", "-b", self.brokers, "-L", "-t", f"{name}-{topic}",
                     "-X", "allow.auto.create.topics=true"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True)
                if "leader 1" in p.stdout and "error" not in p.stdout:
                    self.made.add(topic)
                    break

    def read(self, tag, topic):
        """What a reader of committed records sees of this tag."""
        ps = [subprocess.Popen(
            ["kcat", "-b", self.brokers, "-C", "-t", f"{name}-{topic}", "-e",
             "-q", "-X", "isolation.level=read_committed", "-X",
             "fetch.wait.max.ms=5", "-f", "%s\n"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
              for name in self.names]
        got = {}
        for name, p in zip(self.names, ps):
            text, why = p.communicate(timeout=60)
            assert p.returncode == 0, f"kcat: {why}"
            got[f"kafka-{name}"] = collections.Counter(
                line for line in text.splitlines() if f'"{tag}"' in line)
        return got


class Postgres:
    kind = "postgres"
    FED = 300  # rows of a table to be read

    def __init__(self, conn, way=None):
        self.conn = conn
        self.way = way or conn  # by which the pipeline gets there
        self.names = ("each", "last")
        self.session = self.tag = self.pid = None

    def source(self, more):
        return ["schema fed { id: int64!, card: string }",
                f'fed = postgres.read("{self.way}", fed, table: "feed"{more})']

    def writes(self):
        to = f'postgres.write("{self.way}", table: '
        return [f'ev -> {to}"each_@TAG@")',
                f'ev -> {to}"last_@TAG@", key: card, newer: id)']

    def sinks(self):
        return [*self.writes(), *self.source(", by: id, settle: false"),
                'fed -> csv.write("out/fed", roll: { epochs: 2 })']

    def ask(self, sql):
        """The lines that one psql a process answers."""
        if self.pid != os.getpid() or self.session.poll() is not None:
            self.pid = os.getpid()
            self.session = subprocess.Popen(
                ["psql", "-X", "-Atq", "-d", self.conn, "-c",
                 "set client_min_messages = error", "-f", "-"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True)
        self.session.stdin.write(f"{sql};\n\\echo {END}\n")
        self.session.stdin.flush()
        got = []
        for line in self.session.stdout:
            if line.strip() == END:
                assert not got or "ERROR: " not in got[0], got
                return got
            got.append(line.rstrip("\n"))
        raise AssertionError(f"psql has ended: {got}")

    def setup(self):
        """A table to be read."""
        self.ask("drop table if exists feed; create table feed as select n "
                 "as id, 'c' || n % 7 as card from "
                 f"generate_series(1, {self.FED}) n")

    def make(self, tag, topic):
        """The sink makes its tables, but for the one that refuses some rows;
        those of the last tag go."""
        if self.tag is not None and self.pid == os.getpid():
            self.ask("set lock_timeout = '2s'; drop table if exists " +
                     ", ".join(f"{name}_{self.tag}" for name in self.names))
        self.tag = tag
        self.ask(f"create table each_{tag} (id int8 check (id % 97 <> 5), "
                 "at timestamptz, card text, amount numeric(12, 2))")

    def read(self, tag, topic):
        return {f"postgres-{name}": collections.Counter(
            self.ask(f"select t::text from {name}_{tag} t"))
            for name in self.names}


class Peers:
    """Some of them, and the names that a process gives its runs there."""

    count = -1
    marked = ("quarantine", "kafka-each", "kafka-gold")

    def __init__(self, *list_, only=()):
        self.list = list_
        self.only = only  # these lines, in place of all that they have

    def sinks(self):
        return self.only or [line for peer in self.list
                             for line in peer.sinks()]

    def tag(self):
        """The next run's tag; all that it needs is there."""
        Peers.count += 1
        tag = f"c{os.getpid()}x{Peers.count}"
        for peer in self.list:
            peer.make(tag, self.topic())
        return tag

    @staticmethod
    def topic():
        return f"{os.getpid()}x{Peers.count // TOPICS}"

    @staticmethod
    def forget():
        """Something has gone wrong: what is there may not be as it must."""
        Peers.count += TOPICS - 1 - Peers.count % TOPICS

    def named(self, text, tag):
        return text.replace("@TAG@", tag).replace("@TOPIC@", self.topic())

    def read(self, tag):
        got = {}
        for peer in self.list:
            got.update(peer.read(tag, self.topic()))
        return got

    def marks(self, tag):
        """What tells this run's rows from another's."""
        return tag, self.topic()


def start(name, base):
    """A server of our own in `base`; its address."""
    os.chmod(base, 0o755)  # PostgreSQL has a user of its own
    at = subprocess.run(
        [f"{SCRIPTS}/{name}.sh", "start", f"{base}/{name}"], check=True,
        text=True, stdout=subprocess.PIPE, timeout=600,
        env={**os.environ, "PG_FSYNC": "off"}).stdout.strip()
    return f"postgresql://postgres@{at}/postgres" if name == "postgres" else at


def stop(name, base):
    subprocess.run([f"{SCRIPTS}/{name}.sh", "stop", f"{base}/{name}"],
                   check=False, timeout=60)


def asked_to_end(*_):
    """As a handler of SIGTERM: servers are stopped, then."""
    sys.exit(1)


class Servers:
    """Those of which an address is given; others of our own, in `base`."""

    def __init__(self, base, kafka, postgres):
        self.base = base
        self.own = []
        signal.signal(signal.SIGTERM, asked_to_end)
        try:
            self.kafka = Kafka(kafka or self.start("kafka"))
            self.postgres = Postgres(postgres or self.start("postgres"))
        except BaseException:
            self.stop()
            raise

    def start(self, name):
        self.own.append(name)
        return start(name, self.base)

    def stop(self):
        for name in self.own:
            stop(name, self.base)

    def sets(self, files):
        """{name: (sinks, peers, rows an epoch, rows a file)}; `files`: the
        sinks of files that are beside them all."""
        ks, ps = self.kafka, self.postgres
        once = [*ps.source(""), 'fed -> csv.write("out/fed")',
                'ev -> csv.write("out/each")', 'gold -> csv.write("out/gold")']
        for peer in (ks, ps):
            peer.setup()
        return {"kafka": ([], Peers(ks), 80, 200),
                "postgres": (['gold -> csv.write("out/gold")'], Peers(ps), 80,
                             200),
                # a query without `by` can't be gone on with: one epoch
                "query": ([], Peers(only=once), 100000, 200),
                "everything": (files, Peers(ks, ps), 80, 200)}
