#!/bin/bash
# SPDX-License-Identifier: MIT
# Whole-process CPU of three pipelines on a real Kafka beside the floors C, P
# and W, all measured in the same run; a table on standard output.
#
#   bench/run.sh BUILD DIR [EVENTS] [ROUNDS]
#
# BUILD has weir, plugins/ and bench/; DIR is for the broker, the topics and
# what the pipelines write; PYTHON is a Python with pyarrow.  The floors run
# under the allocator that WEIR_BENCH_PRELOAD names (say libjemalloc.so.2), and
# so does weir when it is linked with none.  WEIR_BENCH_PIN is put before every
# command, say "taskset -c 1": two threads that run at once share caches, and
# cost up to half more each.  Minima of ROUNDS are shown: machines are noisy.
set -eu

build=$(cd "${1:?the build directory}" && pwd)
mkdir -p "${2:?a directory to work in}"
dir=$(cd "$2" && pwd)
events=${3:-2000000} rounds=${4:-3}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
preload=${WEIR_BENCH_PRELOAD:-}
read -ra pin <<<"${WEIR_BENCH_PIN:-env}"
kafka=$here/../tests/peers/kafka.sh
out=$dir/out.txt
export WEIR_PLUGIN_PATH=${WEIR_PLUGIN_PATH:-$build/plugins}

finish() {
	"$kafka" stop "$dir/kafka"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

broker=$("$kafka" start "$dir/kafka")
: >"$out"
topic=events$events
if [ ! -f "$dir/$topic.dump" ]; then
	"$build/bench/kafka_fill" -b "$broker" -t "$topic" -n "$events" -p 4 \
	    >/dev/null
	"$build/bench/kafka_fill" -n $((events < 1000000 ? events : 1000000)) \
	    -d "$dir/$topic.dump" >/dev/null
fi

schema='schema transaction {
    txn_id: string!
    event_ts: timestamp!
    user_id: string
    card_id: string
    merchant: string
    category: string
    amount: decimal(12, 2)
    currency: string
    status: string
    city: string
    country: string
    lat: float64
    lon: float64
}'

gold() {
	cat <<-X
	settings { epoch: { every: 10s, rows: 500000 } }
	$schema
	kafka.read("$topic", brokers: "$broker", until: end)
	    -> json.decode(transaction)
	    -> watermark(event_ts, delay: 5m)
	    -> window.tumbling(1m, by: card_id) {
	           txn_count: count(), sum_amount: sum(amount)
	           avg_amount: avg(amount), max_amount: max(amount)
	       }
	    -> parquet.write("$dir/out/gold")
	X
}

medallion() {
	cat <<-X
	settings {
	    epoch: { every: 10s, rows: 500000 }
	    quarantine: "$dir/out/quarantine"
	}
	$schema
	raw = kafka.read("$topic", brokers: "$broker", until: end)
	raw -> parquet.write("$dir/out/bronze")
	txn = raw -> json.decode(transaction)
	silver = txn -> rename { event_time: event_ts }
	    -> watermark(event_time, delay: 5m)
	silver -> parquet.write("$dir/out/silver")
	silver -> csv.write("$dir/out/csv")
	gold = silver -> window.tumbling(1m, by: card_id) {
	    txn_count: count(), sum_amount: sum(amount)
	    avg_amount: avg(amount), max_amount: max(amount)
	}
	gold -> parquet.write("$dir/out/gold")
	gold.late -> parquet.write("$dir/out/late")
	X
}

pass() {
	cat <<-X
	settings { epoch: { every: 10s, rows: 500000 }, kafka: { brokers: "$broker" } }
	$schema
	kafka.read("$topic", until: end)
	    -> json.decode(transaction)
	    -> where(amount > 100)
	    -> json.encode()
	    -> kafka.write("passed", key: card_id)
	X
}

# The same, each epoch in a transaction.
pass_once() {
	pass | sed 's/"passed",/"passed_once", delivery: exactly_once,/'
}

# name, then the command: its CPU and peak memory, as bench/meter.h has them.
weir() {
	rm -rf "$dir/out" "$dir/.weir"
	"$1" >"$dir/$1.weir"
	"${pin[@]}" env LD_PRELOAD="$preload" "$python" "$here/time_one.py" \
	    "weir_$1" "$events" "$build/weir" run --quiet "$dir/$1.weir" \
	    >>"$out"
}

floor() {
	"${pin[@]}" env LD_PRELOAD="$preload" "$@" >>"$out"
}

for _ in $(seq "$rounds"); do
	floor "$build/bench/kafka_consume" -b "$broker" -t "$topic"
	floor "$build/bench/kafka_produce" -b "$broker" -t produced \
	    -n "$events"
	weir gold
	weir medallion
	weir pass
	weir pass_once
	for t in bronze silver; do
		"${pin[@]}" "$python" "$here/pyarrow_write.py" $t "$dir/$topic.dump" \
		    "$dir/$t.parquet" "$events" >>"$out"
	done
done
"$python" "$here/table.py" "$out"
