# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/postgres.la
%C%_postgres_la_SOURCES = \
	%D%/audit.c \
	%D%/buf.c \
	%D%/ddl.c \
	%D%/decode.c \
	%D%/encode.c \
	%D%/encode.h \
	%D%/kinds.c \
	%D%/link.c \
	%D%/load.c \
	%D%/marker.c \
	%D%/merge.c \
	%D%/numeric.c \
	%D%/open.c \
	%D%/options.c \
	%D%/plugin.c \
	%D%/poison.c \
	%D%/postgres.h \
	%D%/publish.c \
	%D%/read.c \
	%D%/rows.c \
	%D%/seal.c \
	%D%/sink.h \
	%D%/source.c \
	%D%/source.h \
	%D%/table.c \
	%D%/verdict.c \
	%D%/write.c
%C%_postgres_la_CPPFLAGS = $(AM_CPPFLAGS) $(PQ_CFLAGS)
%C%_postgres_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_postgres_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_postgres_la_LIBADD = $(BASE) $(PQ_LIBS)
