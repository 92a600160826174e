/* SPDX-License-Identifier: MIT
 *
 * The plugin window: options of its stages, and its descriptor.
 */
#include "window.h"

#define FIELD(f) .size = sizeof(struct weir_option), .name = #f, \
	.offset = offsetof(struct window_config, f)
#define DAYS(n) ((n) * 86400e6)

static const struct weir_option opt_size = {
	FIELD(size),
	.type = WEIR_OPT_DURATION,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_STATE,
	.min = 1,
	.max = DAYS(36500),
	.help = "How long a window is.",
};

static const struct weir_option opt_every = {
	FIELD(every),
	.type = WEIR_OPT_DURATION,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_STATE,
	.min = 1,
	.max = DAYS(36500),
	.help = "From the start of one window to the start of the next, at "
		"most the size.",
};

static const struct weir_option opt_offset = {
	FIELD(offset),
	.type = WEIR_OPT_DURATION,
	.flags = WEIR_OPTF_STATE,
	.def = "0s",
	.min = -DAYS(36500),
	.max = DAYS(36500),
	.help = "Windows begin at multiples of their distance since "
		"1970-01-01T00:00:00Z, plus this.",
};

static const struct weir_option opt_lateness = {
	FIELD(lateness),
	.type = WEIR_OPT_DURATION,
	.flags = WEIR_OPTF_STATE,
	.def = "0s",
	.min = 0,
	.max = DAYS(36500),
	.help = "How long, in event time, a window waits for late rows after "
		"its end.",
};

static const char *const emit_choices[] = { "close", "update", NULL };

static const struct weir_option opt_emit = {
	FIELD(emit),
	.type = WEIR_OPT_ENUM,
	.def = "close",
	.choices = emit_choices,
	.help = "close: one row for each window and key, when the window "
		"closes.  update: at the end of each epoch one row for each "
		"that has changed; the output is a stream of changes then, "
		"with the key window_start, window_end and by.",
};

static const struct weir_option opt_by = {
	FIELD(by),
	.type = WEIR_OPT_EXPRS,
	.flags = WEIR_OPTF_STATE,
	.help = "What splits the rows: each key has windows of its own.  Null "
		"is a key like any other.",
};

static const struct weir_option opt_aggs = {
	FIELD(aggs),
	.type = WEIR_OPT_AGGS,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_BRACES | WEIR_OPTF_STATE,
	.help = "The columns of a window's row: name: expression, with "
		"aggregates such as count(), sum(x), avg(x), each with where:.",
};

static const struct weir_option *const tumbling_options[] = {
	&opt_size,
	&opt_by,
	&opt_lateness,
	&opt_emit,
	&opt_offset,
	&opt_aggs,
	NULL,
};

static const struct weir_option *const hopping_options[] = {
	&opt_size,
	&opt_every,
	&opt_by,
	&opt_lateness,
	&opt_emit,
	&opt_offset,
	&opt_aggs,
	NULL,
};

#define ROWS                                                                  \
	"A row of the output has window_start and window_end (the first "     \
	"instant after the window), the columns of by:, and the aggregates.  " \
	"It is made when the watermark reaches the window's end plus the "     \
	"lateness, and its event time is window_end less a microsecond, so "   \
	"that windows of windows work.  Rows come sorted by window, then by "  \
	"key.\n\n"                                                             \
	"A row of the input is late when its window had ended, plus the "     \
	"lateness, at the watermark of its own partition at its own "          \
	"position.  So which rows are late depends on the input alone."

static const struct weir_stage_type window_tumbling = {
	.size = sizeof(struct weir_stage_type),
	.verb = "tumbling",
	.summary = "aggregate by windows of event time, one after the other",
	.help = "Every row is in one window.\n\n" ROWS,
	.example =
	    "generate.sequence(to: 100, step: 10s)\n"
	    "    -> watermark(at, delay: 1m)\n"
	    "    -> window.tumbling(5m, by: n % 2) { rows: count() }\n"
	    "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_WATERMARK,
	.state_version = 1,
	.options = tumbling_options,
	.ports = window_ports,
	.config_size = sizeof(struct window_config),
	.state_size = sizeof(struct window_state),
	.bind = window_bind,
	.init = window_init,
	.process = window_process,
	.watermark = window_watermark,
	.epoch = window_epoch,
};

static const struct weir_stage_type window_hopping = {
	.size = sizeof(struct weir_stage_type),
	.verb = "hopping",
	.summary = "aggregate by windows of event time that overlap",
	.help = "A row is in every window that holds its time, size / every "
		"of them.  One that is late for some of them still counts in "
		"the others.\n\n" ROWS,
	.example =
	    "generate.sequence(to: 100, step: 10s)\n"
	    "    -> watermark(at, delay: 1m)\n"
	    "    -> window.hopping(5m, every: 1m) { rows: count() }\n"
	    "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_WATERMARK,
	.state_version = 1,
	.options = hopping_options,
	.ports = window_ports,
	.config_size = sizeof(struct window_config),
	.state_size = sizeof(struct window_state),
	.bind = window_bind,
	.init = window_init,
	.process = window_process,
	.watermark = window_watermark,
	.epoch = window_epoch,
};

static const struct weir_stage_type *const window_stages[] = {
	&window_tumbling,
	&window_hopping,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "window",
	.version = "0.1.0",
	.summary = "aggregates over windows of event time",
	.stages = window_stages,
};
