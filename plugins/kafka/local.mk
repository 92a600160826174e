# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/kafka.la
%C%_kafka_la_SOURCES = \
	%D%/client.c \
	%D%/commit.c \
	%D%/embedded.c \
	%D%/frame.c \
	%D%/kafka.h \
	%D%/marker.c \
	%D%/note.c \
	%D%/offsets.c \
	%D%/once.c \
	%D%/once.h \
	%D%/options.c \
	%D%/plugin.c \
	%D%/read.c \
	%D%/records.c \
	%D%/refused.c \
	%D%/rows.c \
	%D%/sink.c \
	%D%/sink.h \
	%D%/source.c \
	%D%/source.h \
	%D%/txn.c \
	%D%/watch.c \
	%D%/write.c
%C%_kafka_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_kafka_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_kafka_la_LIBADD = $(BASE) $(RDKAFKA_LIBS)
