# SPDX-License-Identifier: MIT
plugin_LTLIBRARIES += %D%/parquet.la
%C%_parquet_la_SOURCES = \
	%D%/bound.c \
	%D%/bound.h \
	%D%/bytes.h \
	%D%/codec.c \
	%D%/codec.h \
	%D%/column.c \
	%D%/column.h \
	%D%/crc.c \
	%D%/cut.c \
	%D%/dict.c \
	%D%/dict.h \
	%D%/file.c \
	%D%/file.h \
	%D%/footer.c \
	%D%/format.h \
	%D%/hybrid.h \
	%D%/hybrid_put.c \
	%D%/intent.c \
	%D%/listing.c \
	%D%/meta.c \
	%D%/meta.h \
	%D%/page.c \
	%D%/parquet.h \
	%D%/parts.c \
	%D%/place.c \
	%D%/place.h \
	%D%/plugin.c \
	%D%/publish.c \
	%D%/schema.c \
	%D%/schema.h \
	%D%/shred.c \
	%D%/shred.h \
	%D%/sink.h \
	%D%/thrift.h \
	%D%/thrift_get.c \
	%D%/thrift_put.c \
	%D%/values.c \
	%D%/write.c \
	%D%/writer.c
%C%_parquet_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_parquet_la_LDFLAGS = $(PLUGIN_LDFLAGS)
%C%_parquet_la_LIBADD = $(BASE) $(ZSTD_LIBS) $(SNAPPY_LIBS) $(LZ4_LIBS) $(Z_LIBS)
