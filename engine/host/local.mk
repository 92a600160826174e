# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/load.c \
	%D%/load.h \
	%D%/verify.c
