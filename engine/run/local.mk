# SPDX-License-Identifier: MIT
libweir_a_SOURCES += \
	%D%/call.c \
	%D%/chain.c \
	%D%/claim.c \
	%D%/emit.c \
	%D%/host.c \
	%D%/instance.h \
	%D%/journal.c \
	%D%/ledger.c \
	%D%/log.c \
	%D%/publish.c \
	%D%/reject.c \
	%D%/run.c \
	%D%/run.h \
	%D%/save.c \
	%D%/save.h \
	%D%/save_facts.c \
	%D%/shared.c \
	%D%/source.c \
	%D%/state.c \
	%D%/state.h \
	%D%/state_due.c \
	%D%/state_load.c \
	%D%/state_record.h \
	%D%/state_save.c \
	%D%/state_table.h \
	%D%/time.c \
	%D%/tree.c \
	%D%/tree.h \
	%D%/view.c \
	%D%/watermark.c \
	%D%/watermark.h
