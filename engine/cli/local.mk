# SPDX-License-Identifier: MIT
weir_SOURCES += \
	%D%/audit.c \
	%D%/cat.c \
	%D%/check.c \
	%D%/cli.h \
	%D%/common.c \
	%D%/explain.c \
	%D%/fmt.c \
	%D%/inspect.c \
	%D%/inspect.h \
	%D%/inspect_man.c \
	%D%/main.c \
	%D%/plan.c \
	%D%/replay.c \
	%D%/run.c \
	%D%/state.c \
	%D%/state.h \
	%D%/state_export.c \
	%D%/state_show.c
