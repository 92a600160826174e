/* SPDX-License-Identifier: MIT
 *
 * The engine's own settings, as an option table like a plugin's.
 */
#include "plan/plan.h"

#define OPT(field) .size = sizeof(struct weir_option), .name = #field, \
	.offset = offsetof(struct weir__settings, field)

static const char *const quarantine_values[] = { "keep", "hash", "omit", NULL };

static const struct weir_option epoch_every = {
	.size = sizeof(struct weir_option),
	.name = "every",
	.type = WEIR_OPT_DURATION,
	.offset = 0,
	.def = "1s",
	.min = 1000,
	.max = 86400e6,
	.help = "the longest that an epoch lasts",
};
static const struct weir_option epoch_rows = {
	.size = sizeof(struct weir_option),
	.name = "rows",
	.type = WEIR_OPT_INT,
	.offset = 8,
	.unit = "rows",
	.min = 1,
	.max = 9e15,
	.help = "an epoch ends when its sources have read so many rows",
};
static const struct weir_option epoch_bytes = {
	.size = sizeof(struct weir_option),
	.name = "bytes",
	.type = WEIR_OPT_SIZE,
	.offset = 16,
	.unit = "bytes",
	.min = 1,
	.max = 9e15,
	.help = "an epoch ends when its sources have read so many bytes",
};
static const struct weir_option *const epoch_fields[] = {
	&epoch_every,
	&epoch_rows,
	&epoch_bytes,
	NULL,
};

static const struct weir_option state = {
	OPT(state),
	.type = WEIR_OPT_STRING,
	.help = "the directory that keeps what the pipeline must remember; by "
		"default .weir/NAME beside the pipeline file",
};
static const struct weir_option quarantine = {
	OPT(quarantine),
	.type = WEIR_OPT_STRING,
	.help = "where rejected rows go that no stage reads; by default "
		"quarantine in the state directory",
};
static const struct weir_option quarantine_writer = {
	OPT(quarantine_writer),
	.type = WEIR_OPT_STRING,
	.def = "\"parquet.write\"",
	.help = "the sink that writes the quarantine; its first argument is "
		"the directory",
};
static const struct weir_option quarantine_value = {
	OPT(quarantine_value),
	.type = WEIR_OPT_ENUM,
	.choices = quarantine_values,
	.def = "keep",
	.help = "what becomes of key, value and row of a quarantined row: kept, "
		"replaced by a hash, or left out",
};
static const struct weir_option epoch = {
	OPT(epoch),
	.type = WEIR_OPT_RECORD,
	.fields = epoch_fields,
	.help = "when an epoch ends: the first limit reached",
};
static const struct weir_option memory = {
	OPT(memory),
	.type = WEIR_OPT_SIZE,
	.def = "1GiB",
	.unit = "bytes",
	.min = 16 << 20,
	.max = 9e15,
	.help = "the budget for keyed state; a run that needs more stops with a "
		"clear error",
};
static const struct weir_option spool = {
	OPT(spool),
	.type = WEIR_OPT_SIZE,
	.def = "4GiB",
	.unit = "bytes",
	.min = 1 << 20,
	.max = 9e15,
	.help = "how much may wait on disk for a sink that is down or slow; then "
		"nothing more is read until it has taken some",
};
static const struct weir_option replay_age = {
	.size = sizeof(struct weir_option),
	.name = "age",
	.type = WEIR_OPT_DURATION,
	.offset = 0,
	.def = "168h",
	.min = 1e6,
	.max = 9e15,
	.help = "how long rejected rows are kept",
};
static const struct weir_option replay_size = {
	.size = sizeof(struct weir_option),
	.name = "size",
	.type = WEIR_OPT_SIZE,
	.offset = 8,
	.def = "1GiB",
	.unit = "bytes",
	.min = 0,
	.max = 9e15,
	.help = "how much of them is kept; 0: nothing",
};
static const struct weir_option *const replay_fields[] = {
	&replay_age,
	&replay_size,
	NULL,
};
static const struct weir_option replay = {
	OPT(replay),
	.type = WEIR_OPT_RECORD,
	.fields = replay_fields,
	.help = "what is kept of rejected rows for weir replay: the oldest go "
		"when either limit is reached; nothing where quarantine_value "
		"is not keep",
};
static const struct weir_option workers = {
	OPT(workers),
	.type = WEIR_OPT_INT,
	.def = "1",
	.min = 0,
	.max = 1,
	.help = "how many workers share the sources' partitions",
};

const struct weir_option *const weir__settings_options[] = {
	&state,
	&quarantine,
	&quarantine_writer,
	&quarantine_value,
	&epoch,
	&memory,
	&spool,
	&replay,
	&workers,
	NULL,
};

_Static_assert(offsetof(struct weir__settings, epoch.rows) -
	offsetof(struct weir__settings, epoch) == 8, "as epoch_rows says");
_Static_assert(offsetof(struct weir__settings, epoch.bytes) -
	offsetof(struct weir__settings, epoch) == 16, "as epoch_bytes says");
_Static_assert(offsetof(struct weir__settings, replay.size) -
	offsetof(struct weir__settings, replay) == 8, "as replay_size says");
