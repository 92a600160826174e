# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/json.la
%C%_json_la_SOURCES = \
	%D%/decode.c \
	%D%/encode.c \
	%D%/fast.h \
	%D%/json.h \
	%D%/map.c \
	%D%/plugin.c \
	%D%/read.c \
	%D%/scalar.c \
	%D%/scan.c \
	%D%/scan.h \
	%D%/shape.c \
	%D%/store.c \
	%D%/write.c \
	%D%/write.h
%C%_json_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_json_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_json_la_LIBADD = $(BASE)
