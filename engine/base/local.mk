# SPDX-License-Identifier: MIT
base_sources = \
	%D%/alloc.c \
	%D%/alloc.h \
	%D%/arena.c \
	%D%/arena.h \
	%D%/buf.c \
	%D%/buf.h \
	%D%/decimal.c \
	%D%/decimal.h \
	%D%/decimal_text.c \
	%D%/digest.c \
	%D%/digest.h \
	%D%/error.c \
	%D%/error.h \
	%D%/fault.c \
	%D%/fault.h \
	%D%/hash.c \
	%D%/hash.h \
	%D%/io.c \
	%D%/io.h \
	%D%/io_code.c \
	%D%/json.c \
	%D%/json.h \
	%D%/num.c \
	%D%/num.h \
	%D%/num_float.c \
	%D%/num_pow.c \
	%D%/num_pow.h \
	%D%/num_print.c \
	%D%/time.c \
	%D%/time.h \
	%D%/time_duration.c \
	%D%/time_pattern.c \
	%D%/utf8.c \
	%D%/utf8.h \
	%D%/version.h \
	%D%/zone.c \
	%D%/zone.h \
	%D%/zone_rule.c \
	%D%/zone_rule.h
libweir_a_SOURCES += $(base_sources)
libweirbase_la_SOURCES += $(base_sources)
EXTRA_DIST += \
	%D%/num_pow.py
