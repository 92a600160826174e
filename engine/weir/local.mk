# SPDX-License-Identifier: MIT
weirinclude_HEADERS = \
	%D%/batch.h \
	%D%/error.h \
	%D%/host.h \
	%D%/io.h \
	%D%/plugin.h \
	%D%/types.h
