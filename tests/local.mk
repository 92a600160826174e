# SPDX-License-Identifier: MIT
unit_tests = \
	tests/unit/aggs \
	tests/unit/core \
	tests/unit/decimal \
	tests/unit/digest \
	tests/unit/dsl \
	tests/unit/dsl_error \
	tests/unit/expr \
	tests/unit/fault \
	tests/unit/filesink \
	tests/unit/filesink_resume \
	tests/unit/frame \
	tests/unit/functions \
	tests/unit/generate \
	tests/unit/hash \
	tests/unit/journal \
	tests/unit/json_conform \
	tests/unit/json_decode \
	tests/unit/json_differ \
	tests/unit/json_encode \
	tests/unit/json_text \
	tests/unit/kafka \
	tests/unit/look \
	tests/unit/kafka_once \
	tests/unit/num \
	tests/unit/parquet_read \
	tests/unit/parquet_write \
	tests/unit/postgres \
	tests/unit/restart \
	tests/unit/run_memory \
	tests/unit/run_tree \
	tests/unit/run_watermark \
	tests/unit/save \
	tests/unit/shelf \
	tests/unit/state \
	tests/unit/time \
	tests/unit/utf8 \
	tests/unit/window_align \
	tests/unit/zone
fuzz_targets = \
	tests/fuzz/expr \
	tests/fuzz/frame \
	tests/fuzz/json_decode \
	tests/fuzz/parquet_read \
	tests/fuzz/parse \
	tests/fuzz/postgres_decode \
	tests/fuzz/state
check_PROGRAMS += $(unit_tests) $(fuzz_targets) \
	tests/expr/evalrow \
	tests/sim/sim
EXTRA_DIST += \
	tests/unit/pipelines/ecommerce.weir \
	tests/unit/pipelines/iot_and_logs.weir \
	tests/unit/pipelines/merchant_totals.weir \
	tests/unit/pipelines/warehouse.weir \
	tests/alloc.py \
	tests/crash/common.py \
	tests/crash/disks.py \
	tests/crash/disturb.py \
	tests/crash/enumerate.py \
	tests/crash/excuses \
	tests/crash/full.py \
	tests/crash/kills.py \
	tests/crash/replay.py \
	tests/crash/loads.py \
	tests/crash/peers.py \
	tests/crash/points.sh \
	tests/crash/preload/trace.c \
	tests/expr/differ.py \
	tests/fuzz/check.py \
	tests/fuzz/run \
	tests/headers.sh \
	tests/install.sh \
	tests/lists.sh \
	tests/manual.sh \
	tests/parquet/common.py \
	tests/parquet/raw.py \
	tests/parquet/read_back.py \
	tests/parquet/written.py \
	tests/peers/README.md \
	tests/peers/kafka.sh \
	tests/peers/kafka_proxy.py \
	tests/peers/medallion.py \
	tests/peers/peer.py \
	tests/peers/pgpeer.py \
	tests/peers/postgres.sh \
	tests/peers/test_audit \
	tests/peers/test_kafka_moved \
	tests/peers/test_disk_full \
	tests/peers/test_down \
	tests/peers/test_kafka_again \
	tests/peers/test_kafka_cluster \
	tests/peers/totals.weir \
	tests/peers/test_kafka_lost \
	tests/peers/test_kafka_once \
	tests/peers/test_kafka_outage \
	tests/peers/test_kafka_proxy \
	tests/peers/test_kafka_secure \
	tests/peers/test_kafka_txn \
	tests/peers/test_medallion_postgres \
	tests/peers/test_postgres \
	tests/peers/test_postgres_odd \
	tests/peers/test_postgres_tls \
	tests/migrate.py \
	tests/plugins.py \
	tests/symbols.sh \
	tests/unit/c11_threads.h \
	tests/unit/json.h \
	tests/unit/parquet_host.h \
	tests/unit/stage.h \
	tests/unit/stage_types.h \
	tests/unit/t.h \
	tests/unit/vectors.h \
	tests/unit/vectors.py \
	tests/windows.py
# Whole folders of cases.
EXTRA_DIST += tests/golden tests/fuzz/corpus
tests_unit_aggs_SOURCES = tests/unit/aggs.c
tests_unit_aggs_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_aggs_LDADD = $(UNIT_LIBS)
tests_unit_core_SOURCES = tests/unit/core.c
tests_unit_core_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_core_LDADD = $(UNIT_LIBS)
tests_unit_decimal_SOURCES = tests/unit/decimal.c
tests_unit_decimal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_decimal_LDADD = $(UNIT_LIBS)
tests_unit_digest_SOURCES = tests/unit/digest.c
tests_unit_digest_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_digest_LDADD = $(UNIT_LIBS)
tests_unit_dsl_SOURCES = tests/unit/dsl.c
tests_unit_dsl_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_dsl_LDADD = $(UNIT_LIBS)
tests_unit_dsl_error_SOURCES = tests/unit/dsl_error.c
tests_unit_dsl_error_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_dsl_error_LDADD = $(UNIT_LIBS)
tests_unit_expr_SOURCES = tests/unit/expr.c
tests_unit_expr_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_expr_LDADD = $(UNIT_LIBS)
tests_unit_fault_SOURCES = tests/unit/fault.c
tests_unit_fault_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_fault_LDADD = $(UNIT_LIBS)
tests_unit_filesink_SOURCES = tests/unit/filesink.c
tests_unit_filesink_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_filesink_LDADD = $(UNIT_LIBS)
tests_unit_frame_SOURCES = tests/unit/frame.c
tests_unit_frame_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_frame_LDADD = $(UNIT_LIBS)
tests_unit_filesink_resume_SOURCES = tests/unit/filesink_resume.c
tests_unit_filesink_resume_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_filesink_resume_LDADD = $(UNIT_LIBS)
tests_unit_frame_SOURCES = tests/unit/frame.c
tests_unit_frame_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_frame_LDADD = $(UNIT_LIBS)
tests_unit_functions_SOURCES = tests/unit/functions.c
tests_unit_functions_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_functions_LDADD = $(UNIT_LIBS)
tests_unit_generate_SOURCES = tests/unit/generate.c
tests_unit_generate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_generate_LDADD = $(UNIT_LIBS)
tests_unit_hash_SOURCES = tests/unit/hash.c
tests_unit_hash_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_hash_LDADD = $(UNIT_LIBS)
tests_unit_journal_SOURCES = tests/unit/journal.c
tests_unit_journal_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_journal_LDADD = $(UNIT_LIBS)
tests_unit_json_conform_SOURCES = tests/unit/json_conform.c
tests_unit_json_conform_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_conform_LDADD = $(UNIT_LIBS)
tests_unit_json_decode_SOURCES = tests/unit/json_decode.c
tests_unit_json_decode_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_decode_LDADD = $(UNIT_LIBS)
tests_unit_json_differ_SOURCES = tests/unit/json_differ.c
tests_unit_json_differ_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_differ_LDADD = $(UNIT_LIBS)
tests_unit_json_encode_SOURCES = tests/unit/json_encode.c
tests_unit_json_encode_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_encode_LDADD = $(UNIT_LIBS)
tests_unit_json_text_SOURCES = tests/unit/json_text.c
tests_unit_json_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_json_text_LDADD = $(UNIT_LIBS)
tests_unit_kafka_SOURCES = tests/unit/kafka.c
tests_unit_kafka_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_kafka_LDADD = $(UNIT_LIBS)
tests_unit_kafka_once_SOURCES = tests/unit/kafka_once.c
tests_unit_kafka_once_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_kafka_once_LDADD = $(UNIT_LIBS)
tests_unit_look_SOURCES = tests/unit/look.c
tests_unit_look_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_look_LDADD = $(UNIT_LIBS)
tests_unit_num_SOURCES = tests/unit/num.c
tests_unit_num_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_num_LDADD = $(UNIT_LIBS)
tests_unit_parquet_read_SOURCES = tests/unit/parquet_read.c
tests_unit_parquet_read_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_parquet_read_LDADD = $(UNIT_LIBS)
tests_unit_parquet_write_SOURCES = tests/unit/parquet_write.c
tests_unit_parquet_write_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_parquet_write_LDADD = $(UNIT_LIBS)
tests_unit_postgres_SOURCES = tests/unit/postgres.c
tests_unit_postgres_CPPFLAGS = $(UNIT_CPPFLAGS) $(PQ_CFLAGS)
tests_unit_postgres_LDADD = $(UNIT_LIBS) $(PQ_LIBS)
tests_unit_restart_SOURCES = tests/unit/restart.c
tests_unit_restart_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_restart_LDADD = $(UNIT_LIBS)
tests_unit_run_memory_SOURCES = tests/unit/run_memory.c
tests_unit_run_memory_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_run_memory_LDADD = $(UNIT_LIBS)
tests_unit_run_tree_SOURCES = tests/unit/run_tree.c
tests_unit_run_tree_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_run_tree_LDADD = $(UNIT_LIBS)
tests_unit_run_watermark_SOURCES = tests/unit/run_watermark.c
tests_unit_run_watermark_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_run_watermark_LDADD = $(UNIT_LIBS)
tests_unit_save_SOURCES = tests/unit/save.c
tests_unit_save_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_save_LDADD = $(UNIT_LIBS)
tests_unit_shelf_SOURCES = tests/unit/shelf.c
tests_unit_shelf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_shelf_LDADD = $(UNIT_LIBS)
tests_unit_state_SOURCES = tests/unit/state.c
tests_unit_state_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_state_LDADD = $(UNIT_LIBS)
tests_unit_time_SOURCES = tests/unit/time.c
tests_unit_time_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_time_LDADD = $(UNIT_LIBS)
tests_unit_utf8_SOURCES = tests/unit/utf8.c
tests_unit_utf8_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_utf8_LDADD = $(UNIT_LIBS)
tests_unit_window_align_SOURCES = tests/unit/window_align.c
tests_unit_window_align_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_window_align_LDADD = $(UNIT_LIBS)
tests_unit_zone_SOURCES = tests/unit/zone.c
tests_unit_zone_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_zone_LDADD = $(UNIT_LIBS)
tests_expr_evalrow_SOURCES = tests/expr/evalrow.c
tests_expr_evalrow_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_expr_evalrow_LDADD = $(UNIT_LIBS)
tests_sim_sim_SOURCES = \
	tests/sim/disk.c \
	tests/sim/model.c \
	tests/sim/sched.c \
	tests/sim/sim.c \
	tests/sim/sim.h
tests_sim_sim_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_sim_sim_LDADD = $(UNIT_LIBS)
tests_fuzz_expr_SOURCES = tests/fuzz/expr.c tests/fuzz/replay.c
tests_fuzz_expr_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_expr_LDADD = $(UNIT_LIBS)
tests_fuzz_frame_SOURCES = tests/fuzz/frame.c tests/fuzz/replay.c
tests_fuzz_frame_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_frame_LDADD = $(UNIT_LIBS)
tests_fuzz_json_decode_SOURCES = tests/fuzz/json_decode.c tests/fuzz/replay.c \
	plugins/json/decode.c \
	plugins/json/encode.c \
	plugins/json/map.c \
	plugins/json/plugin.c \
	plugins/json/read.c \
	plugins/json/scalar.c \
	plugins/json/scan.c \
	plugins/json/shape.c \
	plugins/json/store.c \
	plugins/json/write.c
tests_fuzz_json_decode_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_json_decode_LDADD = $(UNIT_LIBS)
tests_fuzz_parquet_read_SOURCES = tests/fuzz/parquet_read.c tests/fuzz/replay.c \
	plugins/parquet/assemble.c \
	plugins/parquet/bound.c \
	plugins/parquet/codec.c \
	plugins/parquet/column.c \
	plugins/parquet/convert.c \
	plugins/parquet/crc.c \
	plugins/parquet/delta.c \
	plugins/parquet/dict.c \
	plugins/parquet/file.c \
	plugins/parquet/footer.c \
	plugins/parquet/hybrid_get.c \
	plugins/parquet/hybrid_put.c \
	plugins/parquet/json.c \
	plugins/parquet/kinds.c \
	plugins/parquet/meta.c \
	plugins/parquet/page.c \
	plugins/parquet/pages.c \
	plugins/parquet/paths.c \
	plugins/parquet/plugin.c \
	plugins/parquet/read.c \
	plugins/parquet/reader.c \
	plugins/parquet/schema.c \
	plugins/parquet/shred.c \
	plugins/parquet/sink.c \
	plugins/parquet/spool.c \
	plugins/parquet/thrift_get.c \
	plugins/parquet/thrift_put.c \
	plugins/parquet/tree.c \
	plugins/parquet/values.c \
	plugins/parquet/write.c \
	plugins/common/filesink.c \
	plugins/common/filesink_audit.c \
	plugins/common/filesink_bind.c \
	plugins/common/filesink_cut.c \
	plugins/common/filesink_file.c \
	plugins/common/filesink_intent.c \
	plugins/common/filesink_keep.c \
	plugins/common/filesink_open.c \
	plugins/common/filesink_place.c \
	plugins/common/filesink_publish.c \
	plugins/common/filesink_side.c
tests_fuzz_parquet_read_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_parquet_read_LDADD = $(UNIT_LIBS) $(ZSTD_LIBS) $(SNAPPY_LIBS) $(LZ4_LIBS)
tests_fuzz_parse_SOURCES = tests/fuzz/parse.c tests/fuzz/replay.c
tests_fuzz_parse_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_parse_LDADD = $(UNIT_LIBS)
tests_fuzz_postgres_decode_SOURCES = tests/fuzz/postgres_decode.c \
	tests/fuzz/replay.c \
	plugins/postgres/buf.c \
	plugins/postgres/decode.c \
	plugins/postgres/kinds.c \
	plugins/postgres/numeric.c
tests_fuzz_postgres_decode_CPPFLAGS = $(UNIT_CPPFLAGS) $(PQ_CFLAGS)
tests_fuzz_postgres_decode_LDADD = $(UNIT_LIBS)
tests_fuzz_state_SOURCES = tests/fuzz/state.c tests/fuzz/replay.c
tests_fuzz_state_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_fuzz_state_LDADD = $(UNIT_LIBS)
UNIT_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
UNIT_LIBS = libweir.a $(ENGINE_LIBS) $(JANSSON_LIBS)

TESTS = $(unit_tests)
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = WEIR_PLUGINS='$(abs_top_builddir)/plugins'; \
	WEIR_SRCDIR='$(abs_top_srcdir)'; \
	export WEIR_PLUGINS WEIR_SRCDIR;
# Plugins are there before a test loads them.
$(TEST_LOGS): $(plugin_LTLIBRARIES) weir$(EXEEXT)
