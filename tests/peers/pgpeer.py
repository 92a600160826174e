# SPDX-License-Identifier: MIT
"""What the tests with a PostgreSQL of their own share.

A test is `pgpeer.main(tests, tls)`: `tests` has functions by name, each is given a
directory and the server; with names on the command line only those run.
"""
import json
import decimal
import os
import signal
import subprocess
import sys
import tempfile

import peer
from peer import HERE, WEIR


class Server:
    def __init__(self, where, tls=False):
        self.dir = f"{where}/postgres"
        # The server is another user when the tests are run by root.
        os.chmod(where, 0o755)
        self.env = {**os.environ, **({"PG_TLS": "1"} if tls else {})}
        self.do("start")
        with open(f"{self.dir}/port", encoding="ascii") as f:
            self.port = int(f.read())

    def do(self, verb, *more):
        return subprocess.run([f"{HERE}/postgres.sh", verb, self.dir, *more],
                              check=True, text=True, timeout=90, env=self.env,
                              stdout=subprocess.PIPE).stdout.strip()

    def sql(self, text, db="postgres"):
        return self.do("psql", "-d", db, "-c",
                       "SET client_min_messages = error;" + text)

    def there(self, table):
        return self.sql(f"SELECT to_regclass('{table}')") == table

    def rows(self, table):
        """The table's rows as JSON; numbers keep their digits."""
        text = self.do("psql", "-c", "SET TimeZone = 'UTC'", "-c",
                       f"SELECT to_jsonb(t) FROM {table} t")
        return [json.loads(line, parse_float=decimal.Decimal)
                for line in text.splitlines()]

    def url(self, port=None, **more):
        words = {"host": "127.0.0.1", "port": port or self.port,
                 "user": "postgres", "dbname": "postgres", **more}
        return " ".join(f"{k}={v}" for k, v in words.items())


def pipeline(where, name, text):
    path = f"{where}/{name}.weir"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def weir(*words, seconds=60, env=None):
    p = subprocess.run([WEIR, *words], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                       text=True, timeout=seconds, check=False,
                       errors="replace", env={**os.environ, **(env or {})})
    return p.returncode, p.stdout


def run_to_end(path, seconds=60, env=None):
    return weir("run", path, seconds=seconds, env=env)


def main(tests, tls=False):
    signal.signal(signal.SIGTERM, peer.end)
    only = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="weir-pg.") as where:
        pg = Server(where, tls)
        try:
            for name, test in tests.items():
                if not only or name in only:
                    test(where, pg)
        finally:
            for run in peer.runs:
                if run.p.poll() is None:
                    run.p.kill()
                    run.p.wait()
            pg.do("stop")
    print(f"1..{peer.tests}")
    sys.exit(1 if peer.bad else 0)
