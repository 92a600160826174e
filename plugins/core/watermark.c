/* SPDX-License-Identifier: MIT
 *
 * watermark: which column is the event time, and how far rows may be late.
 */
#include "core.h"

struct watermark_config {
	struct weir_config head;
	int32_t column;
	int64_t delay;
	int64_t idle;
	int64_t max_ahead;
};

static int
watermark_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct watermark_config *cf = config;
	const struct weir_schema *sc = weir_input(bi, 0);
	const struct weir_field *fi = &sc->cols[cf->column];
	uint32_t col = (uint32_t)cf->column;
	char text[64];

	if (fi->type->kind != WEIR_TIMESTAMP)
		return weir_option_fail(bi, "column", err, "type.mismatch",
		    "a watermark needs a column of type timestamp, but \"%s\" "
		    "is %s; convert it first", fi->name,
		    core_type_text(fi->type, text, sizeof text));
	if (sc->watermarked)
		return weir_option_fail(bi, "", err, "watermark.twice",
		    "the stream has a watermark already; leave this one out");
	if (core_pass_all(bi, err) != WEIR_OK)
		return WEIR_ERROR;
	if (core_checked(bi, weir_out_event_time(bi, 0, col), err) != WEIR_OK)
		return WEIR_ERROR;
	return core_checked(bi, weir_watermark(bi, col, cf->delay, cf->idle,
	    cf->max_ahead), err);
}

static const struct weir_option watermark_column = {
	.size = sizeof(struct weir_option),
	.name = "column",
	.type = WEIR_OPT_COLUMN,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct watermark_config, column),
	.help = "The event time: a timestamp.  A row without one is rejected.",
};

static const struct weir_option watermark_delay = {
	.size = sizeof(struct weir_option),
	.name = "delay",
	.type = WEIR_OPT_DURATION,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_STATE,
	.offset = offsetof(struct watermark_config, delay),
	.min = 0,
	.max = 366.0 * 86400e6,
	.help = "How far a row may be behind the newest one of its partition "
		"before it counts as late.",
};

static const struct weir_option watermark_idle = {
	.size = sizeof(struct weir_option),
	.name = "idle",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct watermark_config, idle),
	.def = "1m",
	.min = 0,
	.max = 366.0 * 86400e6,
	.help = "A partition that stood at its end for so long holds back no "
		"window any more until it has rows again.  0s: it always "
		"does.",
};

static const struct weir_option watermark_max_ahead = {
	.size = sizeof(struct weir_option),
	.name = "max_ahead",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct watermark_config, max_ahead),
	.def = "1h",
	.min = 0,
	.max = 36600.0 * 86400e6,
	.help = "A row whose event time is further than this beyond the clock "
		"is rejected as time.future, so that one wrong clock cannot "
		"close every window.",
};

static const struct weir_option *const watermark_options[] = {
	&watermark_column,
	&watermark_delay,
	&watermark_idle,
	&watermark_max_ahead,
	NULL,
};

const struct weir_stage_type core_watermark = {
	.size = sizeof(struct weir_stage_type),
	.verb = "watermark",
	.summary = "declare the event time and how late rows may be",
	.help = "The watermark of a partition is the greatest event time seen "
		"in it, less the delay; that of the stream is the least over "
		"the partitions that are not idle.  A window is closed when "
		"the stream's watermark passes its end.",
	.example = "generate.payments(count: 1000)\n"
		   "    -> watermark(transactionTime, delay: 1m)\n"
		   "    -> window.tumbling(1m, by: merchantId) "
		   "{ n: count() }\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = watermark_options,
	.config_size = sizeof(struct watermark_config),
	.bind = watermark_bind,
};
