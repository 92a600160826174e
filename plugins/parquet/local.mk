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
	%D%/cut.c \
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
	%D%/intent.c \
	%D%/json.c \
	%D%/kinds.c \
	%D%/kinds.h \
	%D%/listing.c \
	%D%/meta.c \
	%D%/meta.h \
	%D%/page.c \
	%D%/pages.c \
	%D%/parquet.h \
	%D%/parts.c \
	%D%/paths.c \
	%D%/paths.h \
	%D%/place.c \
	%D%/place.h \
	%D%/plugin.c \
	%D%/publish.c \
	%D%/read.c \
	%D%/reader.c \
	%D%/reader.h \
	%D%/schema.c \
	%D%/schema.h \
	%D%/shred.c \
	%D%/shred.h \
	%D%/sink.h \
	%D%/thrift.h \
	%D%/thrift_get.c \
	%D%/thrift_put.c \
	%D%/tree.c \
	%D%/tree.h \
	%D%/values.c \
	%D%/write.c \
	%D%/writer.c
%C%_parquet_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_parquet_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_parquet_la_LIBADD = $(BASE) $(ZSTD_LIBS) $(SNAPPY_LIBS) $(LZ4_LIBS) $(Z_LIBS)
