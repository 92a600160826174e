# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/elf.c \
	%D%/load.c \
	%D%/load.h \
	%D%/verify.c
