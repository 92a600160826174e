# SPDX-License-Identifier: MIT
bench_programs = \
	bench/expr \
	bench/json_decode \
	bench/kafka_consume \
	bench/kafka_fill \
	bench/kafka_produce \
	bench/parquet_write \
	bench/pg_copy \
	bench/state
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs)
bench_expr_SOURCES = bench/expr.c
bench_expr_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_expr_LDADD = $(UNIT_LIBS)
bench_json_decode_SOURCES = bench/json_decode.c
bench_json_decode_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_json_decode_LDADD = $(UNIT_LIBS)
bench_kafka_consume_SOURCES = bench/kafka_consume.c
bench_kafka_consume_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_kafka_consume_LDADD = $(UNIT_LIBS) $(RDKAFKA_LIBS)
bench_kafka_fill_SOURCES = bench/kafka_fill.c
bench_kafka_fill_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_kafka_fill_LDADD = $(UNIT_LIBS) $(RDKAFKA_LIBS)
bench_kafka_produce_SOURCES = bench/kafka_produce.c
bench_kafka_produce_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_kafka_produce_LDADD = $(UNIT_LIBS) $(RDKAFKA_LIBS)
bench_parquet_write_SOURCES = bench/parquet_write.c
bench_parquet_write_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_parquet_write_LDADD = $(UNIT_LIBS)
bench_pg_copy_SOURCES = bench/pg_copy.c
bench_pg_copy_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
bench_pg_copy_LDADD = $(PQ_LIBS)
bench_state_SOURCES = bench/state.c
bench_state_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_state_LDADD = $(UNIT_LIBS)
EXTRA_DIST += \
	bench/README.md \
	bench/RESULTS.md \
	bench/kafka_conf.h \
	bench/meter.h \
	bench/postgres.sh \
	bench/pyarrow_rewrite.py \
	bench/pyarrow_write.py \
	bench/run.sh \
	bench/table.py \
	bench/time_one.py \
	bench/txn.h

# The programs of the benchmarks; bench/README.md says how to use them.
bench: $(bench_programs) weir$(EXEEXT) $(plugin_LTLIBRARIES)
.PHONY: bench
