# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/parquet.la
%C%_parquet_la_SOURCES = \
	%D%/assemble.c \
	%D%/assemble.h \
	%D%/bound.c \
	%D%/bound.h \
	%D%/bytes.h \
	%D%/codec.c \
	%D%/codec.h \
	%D%/column.c \
	%D%/column.h \
	%D%/convert.c \
	%D%/crc.c \
	%D%/delta.c \
	%D%/delta.h \
	%D%/dict.c \
	%D%/dict.h \
	%D%/file.c \
	%D%/file.h \
	%D%/footer.c \
	%D%/format.h \
	%D%/hybrid.h \
	%D%/hybrid_get.c \
	%D%/hybrid_put.c \
	%D%/json.c \
	%D%/kinds.c \
	%D%/kinds.h \
	%D%/meta.c \
	%D%/meta.h \
	%D%/page.c \
	%D%/pages.c \
	%D%/parquet.h \
	%D%/paths.c \
	%D%/paths.h \
	%D%/plugin.c \
	%D%/read.c \
	%D%/reader.c \
	%D%/reader.h \
	%D%/schema.c \
	%D%/schema.h \
	%D%/shred.c \
	%D%/shred.h \
	%D%/sink.c \
	%D%/sink.h \
	%D%/spool.c \
	%D%/thrift.h \
	%D%/thrift_get.c \
	%D%/thrift_put.c \
	%D%/tree.c \
	%D%/tree.h \
	%D%/values.c \
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
	plugins/common/filesink_side.c
%C%_parquet_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_parquet_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_parquet_la_LIBADD = $(BASE) $(ZSTD_LIBS) $(SNAPPY_LIBS) $(LZ4_LIBS) $(Z_LIBS)
