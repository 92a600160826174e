# SPDX-License-Identifier: MIT
dist_man_MANS += \
	man/weir-audit.1 \
	man/weir-cat.1 \
	man/weir-check.1 \
	man/weir-core.7 \
	man/weir-csv.7 \
	man/weir-delivery.7 \
	man/weir-explain.1 \
	man/weir-file.7 \
	man/weir-fmt.1 \
	man/weir-functions.7 \
	man/weir-generate.7 \
	man/weir-inspect.1 \
	man/weir-json.7 \
	man/weir-kafka.7 \
	man/weir-parquet.7 \
	man/weir-pipeline.5 \
	man/weir-plan.1 \
	man/weir-plugin.3 \
	man/weir-postgres.7 \
	man/weir-replay.1 \
	man/weir-run.1 \
	man/weir-state.1 \
	man/weir-window.7 \
	man/weir.1
EXTRA_DIST += \
	man/generate
