# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/file.la
%C%_file_la_SOURCES = \
	%D%/file.h \
	%D%/plugin.c \
	%D%/read.c \
	%D%/write.c \
	plugins/common/filesink.c \
	plugins/common/filesink.h \
	plugins/common/filesink_audit.c \
	plugins/common/filesink_bind.c \
	plugins/common/filesink_cut.c \
	plugins/common/filesink_file.c \
	plugins/common/filesink_intent.c \
	plugins/common/filesink_keep.c \
	plugins/common/filesink_open.c \
	plugins/common/filesink_parts.h \
	plugins/common/filesink_place.c \
	plugins/common/filesink_publish.c \
	plugins/common/filesink_side.c \
	plugins/common/fileset.c \
	plugins/common/fileset.h \
	plugins/common/fileset_source.c
%C%_file_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_file_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_file_la_LIBADD = $(BASE) $(ZSTD_LIBS) $(Z_LIBS)
