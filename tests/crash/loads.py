# SPDX-License-Identifier: MIT
"""A load of the random kills: an input in files or in a topic, a pipeline with
sinks of several kinds, and what each of them has to hold in the end, as Python
has it from the input.

What a sink holds is told by its name: rows, gold, late, last, lines or rejected,
a point (in a table an underscore), and anything.
"""
import collections
import csv
import datetime
import decimal
import json
import os
import re
import subprocess
import time

import pyarrow.parquet as pq

import common

HEAD = """settings {{
    state: "state"
    quarantine: "out/rejected.q"
    epoch: {{ rows: {epoch}, every: 1h }}
}}

schema event {{
    id:     int64!
    at:     timestamp!
    card:   string
    amount: decimal(12, 2)
}}

raw = {source}
ev = raw -> json.decode(event) -> watermark(at, delay: 20s, max_ahead: 87600h)
gold = ev -> window.tumbling(10s, by: card) {{
    n: count(), total: sum(amount), top: max(amount)
}} -> where(n > 1)
"""
DELAY, SIZE = 20_000_000, 10_000_000
PATIENCE = 60  # seconds in which servers come to rest

FILES = {
    "parquet": [
        'ev -> parquet.write("out/rows.each", roll: { epochs: 1 })',
        'ev -> parquet.write("out/rows.long", roll: { epochs: 3 })',
        'ev -> parquet.write("out/rows.one")',
        'gold -> parquet.write("out/gold.pq", roll: { epochs: 2 })',
        'gold.late -> parquet.write("out/late.pq")',
    ],
    "csv": [
        'ev -> csv.write("out/rows.csv", roll: { rows: 450 })',
        'ev -> csv.write("out/rows.parts/card=${card}", roll: { epochs: 4 }, '
        'max_open: 4)',
        'raw -> file.write("out/lines.f")',
        'gold -> csv.write("out/gold.csv", roll: { epochs: 2 })',
        'gold.late -> csv.write("out/late.csv")',
    ],
}
TOPICS = ("rows.k", "gold.k", "late.k")
TABLES = {"rows_t": "", "gold_t": "", "late_t": "", "last_t": ", key: card, newer: id",
          "gold_u": ", key: [card, window_start]"}


def stream(name):
    return name.replace("_", ".").split(".")[0]


def source_of(name):
    return {"rows": "ev", "last": "ev", "late": "gold.late"}.get(
        stream(name), "gold")


def sinks(kind, servers):
    """The lines of a kind of sink, or of all of them; @TAG@ is the load's."""
    kafka, postgres = servers
    if kind == "files":
        return FILES["parquet"] + FILES["csv"]
    if kind == "all":
        return [line for k in (*FILES, *(("kafka",) if kafka else ()),
                               *(("postgres",) if postgres else ()))
                for line in sinks(k, servers)]
    if kind == "kafka":
        return [f'{source_of(t)} -> json.encode() -> kafka.write(topic: '
                f'"{t}-@TAG@", brokers: "{kafka}", delivery: exactly_once)'
                for t in TOPICS]
    if kind == "postgres":
        return [f'{source_of(t)} -> postgres.write("{postgres}", table: '
                f'"{t}_@TAG@"{more})' for t, more in TABLES.items()]
    return FILES[kind]


# ---------------------------------------------------- what Python makes of it

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
CENT = decimal.Decimal("0.01")


def micros(v):
    if isinstance(v, str):
        v = datetime.datetime.fromisoformat(v.replace("Z", "+00:00"))
    if v.tzinfo is None:
        v = v.replace(tzinfo=datetime.timezone.utc)
    return (v - EPOCH) // datetime.timedelta(microseconds=1)


def money(v):
    return decimal.Decimal(v).quantize(CENT)


def normal(name, r):
    """A row as it comes from a reader, in the one form that is compared."""
    what = stream(name)
    if what in ("lines", "rejected"):
        v = r["value"]
        return v.decode() if isinstance(v, bytes) else v
    if what == "gold":
        return (micros(r["window_start"]), micros(r["window_end"]), r["card"],
                int(r["n"]), money(r["total"]), money(r["top"]))
    return int(r["id"]), micros(r["at"]), r["card"], money(r["amount"])


def expected(partitions):
    """{what: Counter} of the lines of each partition."""
    want = collections.defaultdict(collections.Counter)
    groups, last = collections.defaultdict(list), {}
    for lines in partitions:
        seen = None
        for line in lines:
            want["lines"][line] += 1
            try:
                doc = json.loads(line, parse_float=decimal.Decimal)
            except ValueError:
                want["rejected"][line] += 1
                continue
            row = normal("rows", doc)
            want["rows"][row] += 1
            last[row[2]] = max(last.get(row[2], row), row)
            start = row[1] // SIZE * SIZE
            if seen is not None and start + SIZE <= seen - DELAY:
                want["late"][row] += 1
            else:
                groups[start, row[2]].append(row[3])
            seen = row[1] if seen is None else max(seen, row[1])
    want["last"].update(last.values())
    want["gold"].update((start, start + SIZE, card, len(a), sum(a), max(a))
                        for (start, card), a in groups.items() if len(a) > 1)
    return want


# ------------------------------------------------------------ what is there

def read_file(path):
    if path.endswith(".parquet"):
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        return table.to_pylist()
    with open(path, newline="", encoding="utf-8") as f:
        if path.endswith(".csv"):
            return list(csv.DictReader(f))
        text = f.read()
    assert text == "" or text.endswith("\n"), f"{path} ends in half a line"
    return [{"value": line} for line in text.split("\n")[:-1]]


def read_files(out):
    got = collections.defaultdict(collections.Counter)
    for at, dirs, names in os.walk(out):
        dirs[:] = [d for d in dirs if not d.startswith(".")]
        for file in names:
            name = os.path.relpath(at, out).split("/")[0]
            if not file.startswith("."):
                got[name].update(normal(name, r)
                                 for r in read_file(f"{at}/{file}"))
    return got


def ask(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          **more).stdout


def patient(read, *args):
    """What is read in the end: servers may be down just now."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return read(*args)
        except subprocess.SubprocessError:
            if time.monotonic() > end:
                raise
            time.sleep(.3)


def kcat(brokers, topic, form):
    return ask("kcat", "-b", brokers, "-C", "-t", topic, "-e", "-q", "-X",
               "isolation.level=read_committed", "-f", form).splitlines()


def read_topic(brokers, topic):
    return collections.Counter(
        normal(topic, json.loads(line, parse_float=decimal.Decimal))
        for line in kcat(brokers, topic, "%s\n"))


def read_table(conn, table):
    text = ask("psql", "-X", "-q", "-d", conn, "-v", "ON_ERROR_STOP=1", "-c",
               f"SET TimeZone = 'UTC'; COPY {table} TO STDOUT (FORMAT csv, "
               "HEADER)")
    return collections.Counter(normal(table, r) for r in
                               csv.DictReader(text.splitlines()))


# -------------------------------------------------------------------- a load

class Load:
    """A directory in which a pipeline is run, killed and run again."""

    seconds = 120  # in which a run must end

    def __init__(self, root, seed, kind, topic, servers, rows):
        """`topic`: the input is in Kafka; `servers`: (brokers, connection)."""
        self.root, self.seed, self.kind = root, seed, kind
        self.kafka, self.postgres = self.servers = servers
        self.tag = f"p{os.getpid()}s{seed}"
        self.logs = []
        self.epoch = self.moves = 0  # it has come so far, in so many runs
        self.lines = sinks(kind, servers)
        os.makedirs(root)
        common.make_input(f"{root}/in", seed=seed, rows=rows)
        self.make_topics([t for t in TOPICS if any(f'"{t}-' in line for line
                                                   in self.lines)])
        self.want = expected(self.fill() if topic else self.files())
        source = f'kafka.read("in-{self.tag}", brokers: "{self.kafka}", ' \
            'until: end)' if topic else 'file.read("in/*.ndjson")'
        with open(f"{root}/p.weir", "w", encoding="utf-8") as f:
            f.write(HEAD.format(epoch=rows // 60 + 1, source=source) +
                    "\n".join(self.lines).replace("@TAG@", self.tag) + "\n")

    def files(self):
        out = []
        for name in sorted(os.listdir(f"{self.root}/in")):
            with open(f"{self.root}/in/{name}", encoding="utf-8") as f:
                out.append(f.read().splitlines())
        return out

    def make_topics(self, names):
        """Asking for a topic makes it."""
        for name in names:
            for _ in range(100):
                p = subprocess.run(
                    ["kcat", "-b", self.kafka, "-L", "-t",
                     f"{name}-{self.tag}", "-X",
                     "allow.auto.create.topics=true"], check=False,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True)
                if "partition 0, leader" in p.stdout and \
                        "Broker:" not in p.stdout:
                    break
                time.sleep(.05)

    def fill(self):
        """Each file into a partition of a topic; what is there then."""
        self.make_topics(["in"])
        for i, lines in enumerate(self.files()):
            ask("kcat", "-b", self.kafka, "-P", "-t", f"in-{self.tag}", "-p",
                str(i), "-X", "enable.idempotence=true",
                input="".join(f"{line}\n" for line in lines))
        out = collections.defaultdict(list)
        for line in kcat(self.kafka, f"in-{self.tag}", "%p %s\n"):
            p, text = line.split(" ", 1)
            out[p].append(text)
        return list(out.values())

    def start(self, fault=None):
        e = {k: v for k, v in os.environ.items()
             if not k.startswith("WEIR_") or k == "WEIR_PLUGIN_PATH"}
        if fault:
            e["WEIR_FAULT"] = fault
        e["WEIR_FAULT_LOG"] = f"{self.root}/places"
        return subprocess.Popen([common.WEIR, "run", "--no-view", "p.weir"],
                                cwd=self.root, env=e, stdin=subprocess.DEVNULL,
                                stdout=open(f"{self.root}/log", "wb"),
                                stderr=subprocess.STDOUT)

    def end(self, p, seconds, what=""):
        """Its exit code, None when it took longer and was killed."""
        try:
            rc = p.wait(seconds)
        except subprocess.TimeoutExpired:
            rc = None
        finally:
            p.kill()
            p.wait()
        with open(f"{self.root}/log", encoding="utf-8",
                  errors="replace") as f:
            text = f.read()
        at = re.search(r"goes on behind epoch (\d+)", text)
        if at is not None and int(at[1]) != self.epoch:
            self.epoch, self.moves = int(at[1]), self.moves + 1
        text = [s for s in text.splitlines() if "/" not in s[:20]]
        self.logs.append("\n".join([f"-- {what} (exit {rc})", *text[:2],
                                    *text[2:][-12:]]))
        self.logs = self.logs[-6:]
        return rc

    def places(self):
        """Where it has passed so far, as often as there were such runs."""
        try:
            with open(f"{self.root}/places", encoding="ascii") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def run(self):
        return self.end(self.start(), self.seconds, "run")

    def read(self):
        got = read_files(f"{self.root}/out")
        for name in TOPICS:
            if any(f'"{name}-' in line for line in self.lines):
                got[name] = patient(read_topic, self.kafka,
                                    f"{name}-{self.tag}")
        for name in TABLES:
            if any(f'"{name}_' in line for line in self.lines):
                got[name] = patient(read_table, self.postgres,
                                    f"{name}_{self.tag}")
        return got

    def names(self):
        """Every sink of the pipeline, by the name of what it writes."""
        text = "\n".join(self.lines)
        return {"rejected.q", *(n for n in (*TOPICS, *TABLES)
                                if f'"{n}-' in text or f'"{n}_' in text),
                *(s.split('"')[0].split("/")[0]
                  for s in text.split('"out/')[1:])}

    def wrong(self):
        """What is not as it must be, how many rows are lost and doubled."""
        try:
            got = self.read()
        except subprocess.SubprocessError as e:
            return f"{e}: {e.stderr}", 0, 0
        except Exception as e:  # what can't be read is a finding
            return f"unreadable: {e!r}", 0, 0
        why, lost, doubled = [], 0, 0
        for name in sorted(self.names() | set(got)):
            g, w = got.get(name, collections.Counter()), self.want[stream(name)]
            more, less = g - w, w - g
            lost += sum(less.values())
            doubled += sum(more.values())
            if more or less:
                why.append(f"{name}: {sum(g.values())} rows, "
                           f"{sum(w.values())} expected; "
                           f"{sum(more.values())} too many {list(more)[:2]}, "
                           f"{sum(less.values())} missing {list(less)[:2]}")
        left = common.staged(f"{self.root}/out")
        if left:
            why.append(f"{len(left)} staged files are left: {left[:2]}")
        return "\n".join(why), lost, doubled

    def rows(self):
        """So many rows are in all sinks in the end."""
        return sum(sum(self.want[stream(n)].values()) for n in self.names())

    def audit(self):
        p = subprocess.run([common.WEIR, "audit", "p.weir"], cwd=self.root,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           check=False, text=True, timeout=120)
        return "" if p.returncode == 0 else \
            f"weir audit: exit {p.returncode}: {p.stdout[-1500:]}"

