# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/coding.h \
	%D%/extents.c \
	%D%/extents.h \
	%D%/segments.c \
	%D%/segments.h \
	%D%/segments_file.h \
	%D%/segments_read.c
