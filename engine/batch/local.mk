# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/batch.c \
	%D%/batch.h \
	%D%/column.c \
	%D%/frame.c \
	%D%/frame.h \
	%D%/json_text.c \
	%D%/json_text.h \
	%D%/type.c \
	%D%/value.c
