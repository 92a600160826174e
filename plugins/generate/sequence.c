/* SPDX-License-Identifier: MIT
 *
 * generate.sequence: whole numbers in order.
 */
#include "gen.h"

enum {
	SEQ_OPT_START = 5, /* its place in the option table */
};

struct sequence_config {
	struct gen_config gen;
	int64_t from;
	int64_t to;
	bool timed; /* there is a column `at` */
};

static int
sequence_fill(struct weir_stage *st, struct weir_batch *b, int64_t first,
    uint32_t n)
{
	const struct sequence_config *cf = st->config;
	const struct gen_state *gs = st->state;
	uint32_t i;

	if (weir_wanted(st, 0, 0))
		for (i = 0; i < n; i++)
			b->cols[0].u.i64[i] = cf->from + first + i;
	if (cf->timed && weir_wanted(st, 0, 1))
		for (i = 0; i < n; i++)
			b->cols[1].u.i64[i] = gen_time(gs, first + i);
	b->bytes = 8 * (uint64_t)n;
	return WEIR_OK;
}

static int
sequence_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct sequence_config *cf = config;
	bool to_set = (cf->gen.head.set & 2) != 0;

	if (to_set && cf->to < cf->from)
		return weir_option_fail(bi, "to", err, "generate.range",
		    "the sequence ends before it begins: from is %lld, to is "
		    "%lld", (long long)cf->from, (long long)cf->to);
	if (to_set && cf->gen.count != 0)
		return weir_option_fail(bi, "to", err, "generate.range",
		    "either to or count says where the sequence ends, not "
		    "both");
	if (to_set && __builtin_sub_overflow(cf->to, cf->from, &cf->gen.count))
		return weir_option_fail(bi, "to", err, "generate.range",
		    "the sequence is too long");
	if (to_set && cf->gen.count < INT64_MAX)
		cf->gen.count++;
	if (gen_bind_common(bi, &cf->gen, SEQ_OPT_START, err) != WEIR_OK)
		return WEIR_ERROR;
	cf->timed = cf->gen.start != INT64_MIN || cf->gen.step > 0;
	cf->gen.fill = sequence_fill;
	if (gen_field(bi, "n", &gen_int64, true, err) != WEIR_OK)
		return WEIR_ERROR;
	return cf->timed ? gen_field(bi, "at", &gen_timestamp, true, err)
			 : WEIR_OK;
}

static const struct weir_option seq_from = {
	.size = sizeof(struct weir_option),
	.name = "from",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct sequence_config, from),
	.def = "1",
	.help = "The first number.",
};

static const struct weir_option seq_to = {
	.size = sizeof(struct weir_option),
	.name = "to",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct sequence_config, to),
	.help = "The last number.  Where neither to nor count is given there "
		"is no end.",
};

static const struct weir_option *const sequence_options[] = {
	&seq_from,
	&seq_to,
	&gen_opt_count,
	&gen_opt_rate,
	&gen_opt_lasts,
	[SEQ_OPT_START] = &gen_opt_start,
	&gen_opt_step,
	NULL,
};

const struct weir_stage_type gen_sequence = {
	.size = sizeof(struct weir_stage_type),
	.verb = "sequence",
	.summary = "make the numbers 1, 2, 3 and so on",
	.help = "The column is n: int64!.  With start or step there is a "
		"second one, at: timestamp!, that goes up by step from row to "
		"row.",
	.example = "generate.sequence(to: 5, start: \"2026-01-01T00:00:00Z\", "
		   "step: 1m) -> show()",
	.role = WEIR_SOURCE,
	.options = sequence_options,
	.config_size = sizeof(struct sequence_config),
	.state_size = sizeof(struct gen_state),
	.bind = sequence_bind,
	.source = &gen_source,
};
