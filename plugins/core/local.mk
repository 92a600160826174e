# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/core.la
%C%_core_la_SOURCES = \
	%D%/core.h \
	%D%/drop.c \
	%D%/limit.c \
	%D%/map.c \
	%D%/plugin.c \
	%D%/rename.c \
	%D%/sample.c \
	%D%/select.c \
	%D%/set.c \
	%D%/show.c \
	%D%/show.h \
	%D%/show_line.c \
	%D%/throttle.c \
	%D%/type.c \
	%D%/union.c \
	%D%/unnest.c \
	%D%/watermark.c \
	%D%/where.c
%C%_core_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_core_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_core_la_LIBADD = $(BASE)
