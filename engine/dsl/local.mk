# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/ast.h \
	%D%/cursor.c \
	%D%/expr.c \
	%D%/fmt.c \
	%D%/fmt.h \
	%D%/fmt_align.c \
	%D%/lex.c \
	%D%/lex.h \
	%D%/lists.c \
	%D%/parse.c \
	%D%/parse.h \
	%D%/print.c \
	%D%/text.c \
	%D%/type.c
