# SPDX-License-Identifier: MIT
weir_SOURCES += \
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
	%D%/run.c
