# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/bind.c \
	%D%/build.h \
	%D%/declare.c \
	%D%/explain.c \
	%D%/fingerprint.c \
	%D%/fingerprint.h \
	%D%/graph.c \
	%D%/host_bind.c \
	%D%/host_bind.h \
	%D%/options.c \
	%D%/parts.c \
	%D%/parts.h \
	%D%/plan.c \
	%D%/plan.h \
	%D%/probe.c \
	%D%/probe.h \
	%D%/settings.c \
	%D%/shape.c \
	%D%/shape.h \
	%D%/target.c \
	%D%/value.c \
	%D%/value.h \
	%D%/value_row.c \
	%D%/wanted.c
