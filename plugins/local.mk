# SPDX-License-Identifier: MIT
include plugins/core/local.mk
include plugins/csv/local.mk
include plugins/file/local.mk
include plugins/generate/local.mk
include plugins/json/local.mk
include plugins/kafka/local.mk
include plugins/parquet/local.mk
include plugins/postgres/local.mk
include plugins/window/local.mk
