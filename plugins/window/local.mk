# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/window.la
%C%_window_la_SOURCES = \
	%D%/align.h \
	%D%/plugin.c \
	%D%/window.c \
	%D%/window.h
%C%_window_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_window_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_window_la_LIBADD = $(BASE)
