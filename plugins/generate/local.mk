# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/generate.la
%C%_generate_la_SOURCES = \
	%D%/chance.c \
	%D%/gen.c \
	%D%/gen.h \
	%D%/payments.c \
	%D%/plugin.c \
	%D%/sequence.c \
	%D%/transactions.c
%C%_generate_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_generate_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_generate_la_LIBADD = $(BASE)
