# SPDX-License-Identifier: MIT
"""The crash tests' sinks on servers: what a pipeline writes there, and how that
is read back.  @TAG@ in a line of a pipeline is another text for each run from
nothing, so that topics and tables are new."""
import collections
import os
import subprocess


class Kafka:
    kind = "kafka"

    def __init__(self, brokers):
        self.brokers = brokers
        self.names = ("each", "gold")

    def sinks(self):
        return [f'{src} -> json.encode() -> kafka.write(topic: '
                f'"{name}-@TAG@", brokers: "{self.brokers}", '
                'delivery: exactly_once)'
                for src, name in (("ev", "each"),
                                  ("gold -> where(n > 1)", "gold"))]

    def make(self, tag):
        """The topics, made by asking for them."""
        for name in self.names:
            for _ in range(50):
                p = subprocess.run(
                    ["kcat", "-b", self.brokers, "-L", "-t", f"{name}-{tag}",
                     "-X", "allow.auto.create.topics=true"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True)
                if "leader 1" in p.stdout and "error" not in p.stdout:
                    break

    def read(self, tag):
        return {f"kafka-{name}": self.topic(f"{name}-{tag}")
                for name in self.names}

    def topic(self, topic):
        """What a reader of committed records sees."""
        p = subprocess.run(
            ["kcat", "-b", self.brokers, "-C", "-t", topic, "-e", "-q", "-X",
             "isolation.level=read_committed", "-f", "%s\n"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if p.returncode != 0:
            return collections.Counter([f"kcat: {p.stderr}"])
        return collections.Counter(p.stdout.splitlines())


class Postgres:
    kind = "postgres"

    def __init__(self, conn):
        self.conn = conn
        self.names = ("each", "last", "gold")

    def sinks(self):
        to = f'postgres.write("{self.conn}", table: '
        return [f'ev -> {to}"each_@TAG@")',
                f'ev -> {to}"last_@TAG@", key: card, newer: id)',
                f'gold -> where(n > 1) -> {to}"gold_@TAG@")']

    def make(self, tag):
        """The sink makes its tables."""

    def read(self, tag):
        return {f"postgres-{name}": self.table(f"{name}_{tag}")
                for name in self.names}

    def table(self, table):
        p = subprocess.run(
            ["psql", "-X", "-At", "-d", self.conn, "-c",
             f"select t::text from {table} t"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if p.returncode != 0:
            return collections.Counter([f"psql: {p.stderr}"])
        return collections.Counter(p.stdout.splitlines())


class Peers:
    """Those of which an address is given."""

    count = 0

    def __init__(self, *list_):
        self.list = list_

    def sinks(self):
        return [line for peer in self.list for line in peer.sinks()]

    def tag(self):
        Peers.count += 1
        tag = f"c{os.getpid()}x{Peers.count}"
        for peer in self.list:
            peer.make(tag)
        return tag

    def read(self, tag):
        got = {}
        for peer in self.list:
            got.update(peer.read(tag))
        return got


def arguments(ap):
    ap.add_argument("--kafka", default="", metavar="BROKERS")
    ap.add_argument("--postgres", default="", metavar="CONNECTION")


def given(args):
    """{kind: peer} of those whose address is given."""
    out = {}
    if args.kafka:
        out["kafka"] = Kafka(args.kafka)
    if args.postgres:
        out["postgres"] = Postgres(args.postgres)
    return out
