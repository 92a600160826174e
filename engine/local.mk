# SPDX-License-Identifier: MIT
include engine/base/local.mk
include engine/batch/local.mk
include engine/cli/local.mk
include engine/dsl/local.mk
include engine/expr/local.mk
include engine/host/local.mk
include engine/plan/local.mk
include engine/journal/local.mk
include engine/run/local.mk
include engine/weir/local.mk
EXTRA_DIST += \
	engine/README.md
