#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What postgres.write costs in our process, beside binary COPY alone.
#
#	postgres.sh BUILD DIR [ROWS] [ROUNDS]
#
# DIR is a new directory: a PostgreSQL is started in it.  Prints CPU seconds of
# the process (user and system), the least of the rounds.
set -eu

build=$(cd "$1" && pwd)
mkdir -p "$2"
dir=$(cd "$2" && pwd)
rows=${3:-1000000}
rounds=${4:-3}
here=$(cd "$(dirname "$0")" && pwd)
peers=$here/../tests/peers
weir=$build/weir

trap '"$peers/postgres.sh" stop "$dir/pg"' EXIT
trap 'exit 130' INT TERM
PG_FSYNC=off "$peers/postgres.sh" start "$dir/pg" >/dev/null
url="host=127.0.0.1 port=$(cat "$dir/pg/port") user=postgres dbname=postgres"

schema='schema t {
    txn_id: string!, event_ts: timestamp!, user_id: string, card_id: string,
    merchant: string, category: string, amount: decimal(12, 2),
    currency: string, status: string, city: string, country: string,
    lat: float64, lon: float64
}
settings { epoch: { every: 1s } }'

pipe() {
	printf '%s\n%s\n' "$schema" "$2" >"$dir/$1.weir"
}

pipe fill "generate.transactions(count: $rows, seed: 3) -> file.write(\"$dir/in\")"
pipe decode "file.read(\"$dir/in\") -> json.decode(t) -> where(lat > 1000)
    -> csv.write(\"$dir/none\")"
pipe append "file.read(\"$dir/in\") -> json.decode(t)
    -> postgres.write(\"$url\", table: \"append\")"
pipe upsert "file.read(\"$dir/in\") -> json.decode(t)
    -> postgres.write(\"$url\", table: \"upsert\", key: txn_id)"

# CPU seconds of a command.
cpu() {
	python3 - "$@" <<-X
	import resource, subprocess, sys
	p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL,
	                   stderr=subprocess.PIPE)
	if p.returncode:
	    sys.exit(p.stderr.decode()[-2000:])
	r = resource.getrusage(resource.RUSAGE_CHILDREN)
	print("%.3f" % (r.ru_utime + r.ru_stime))
	X
}

least() {
	sort -n | head -n 1
}

sql() {
	"$peers/postgres.sh" psql "$dir/pg" -c "$1"
}

run() {
	i=0
	while [ $i -lt "$rounds" ]; do
		rm -rf "$dir/.weir" "$dir/none"
		sql 'SET client_min_messages = error;
		    DROP TABLE IF EXISTS weir_epochs, append, upsert'
		cpu "$weir" run --no-view "$dir/$1.weir"
		i=$((i + 1))
	done | least
}

copy() {
	i=0
	while [ $i -lt "$rounds" ]; do
		sql 'TRUNCATE bare'
		cpu "$build/bench/pg_copy" "$url" put bare "$dir/rows"
		i=$((i + 1))
	done | least
}

"$weir" run --no-view "$dir/fill.weir" >/dev/null 2>&1
d=$(run decode)
u=$(run upsert)
a=$(run append)
n=$(sql 'SELECT count(*) FROM append')
"$build/bench/pg_copy" "$url" get append "$dir/rows" >/dev/null
sql 'CREATE TABLE bare (LIKE append)'
c=$(copy)
awk -v d="$d" -v a="$a" -v u="$u" -v c="$c" -v n="$n" 'BEGIN {
	m = n / 1e6
	printf "rows %d, CPU s per million in the client\n", n
	printf "decode alone        %.3f\n", d / m
	printf "decode and append   %.3f: append %.3f\n", a / m, (a - d) / m
	printf "decode and upsert   %.3f: upsert %.3f\n", u / m, (u - d) / m
	printf "binary COPY alone   %.3f\n", c / m
}'
