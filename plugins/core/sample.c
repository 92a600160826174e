/* SPDX-License-Identifier: MIT
 *
 * sample: a share of the rows, the same ones in every run.
 */
#include "core.h"

struct sample_config {
	struct weir_config head;
	double share;
	int64_t seed;
	const struct weir_table *table; /* one slot, uint64: see below */
};

struct sample_state {
	uint64_t limit;	 /* rows whose hash is below it pass */
	uint64_t *count; /* in this batch: rows seen that have no origin */
	uint32_t rows[WEIR_BATCH_ROWS];
};

/* The finalizer of splitmix64 (Steele, Lea, Flood: "Fast splittable
 * pseudorandom number generators"). */
static uint64_t
sample_mix(uint64_t v)
{
	v += UINT64_C(0x9e3779b97f4a7c15);
	v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
	return v ^ v >> 31;
}

static uint64_t
sample_hash(const struct weir_batch *b, uint32_t row, uint64_t seed,
    struct sample_state *ss)
{
	int32_t source = b->sources != NULL ? b->sources[row] : b->source;
	int32_t part = b->partitions != NULL ? b->partitions[row] :
					       b->partition;
	uint64_t at;

	if (b->positions == NULL || source < 0)
		at = (*ss->count)++;
	else
		at = (uint64_t)b->positions[row];
	return sample_mix(sample_mix(sample_mix(seed) ^
	    ((uint64_t)(uint32_t)source << 32 | (uint32_t)part)) ^ at);
}

static int
sample_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct sample_config *cf = config;
	const struct weir_table_spec spec = {
		.size = sizeof spec,
		.name = "count",
		.slot_size = sizeof(uint64_t),
		.slot_align = _Alignof(uint64_t),
		.version = 1,
	};

	cf->table = weir_table(bi, &spec);
	if (cf->table == NULL)
		return core_no_memory(WEIR_BIND_HOST(bi), err);
	return core_pass_all(bi, err);
}

/* Where a batch has rows of no origin, the count of such rows. */
static int
sample_count(struct weir_stage *st, const struct weir_batch *b)
{
	const struct sample_config *cf = st->config;
	struct sample_state *ss = st->state;
	bool any = b->positions == NULL || (b->sources == NULL &&
	    b->source < 0);
	void *slot;
	uint32_t i;

	for (i = 0; !any && b->sources != NULL && i < b->nrows; i++)
		any = b->sources[i] < 0;
	if (!any)
		return WEIR_OK;
	if (weir_lookup(st, cf->table, NULL, NULL, 1, NULL, &slot, NULL) !=
	    WEIR_OK)
		return WEIR_ERROR;
	ss->count = slot;
	return WEIR_OK;
}

static int
sample_init(struct weir_stage *st, struct weir_err *err)
{
	const struct sample_config *cf = st->config;
	struct sample_state *ss = st->state;

	(void)err;
	ss->limit = cf->share >= 1 ? UINT64_MAX :
	    (uint64_t)(cf->share * 18446744073709551616.0);
	return WEIR_OK;
}

static int
sample_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct sample_config *cf = st->config;
	struct sample_state *ss = st->state;
	struct weir_batch *out;
	uint32_t i, n = 0;

	(void)input;
	if (sample_count(st, b) != WEIR_OK)
		return core_no_memory(st->host, err);
	for (i = 0; i < b->nrows; i++) {
		uint64_t h = sample_hash(b, i, (uint64_t)cf->seed, ss);

		if (h < ss->limit || cf->share >= 1)
			ss->rows[n++] = i;
	}
	if (n < b->nrows)
		weir_filtered(st, b->nrows - n);
	if (n == 0)
		return WEIR_OK;
	out = weir_batch_derive(st, 0, b, n == b->nrows ? NULL : ss->rows, n);
	if (out == NULL)
		return core_no_memory(st->host, err);
	return weir_emit(st, 0, out, err);
}

static const struct weir_option sample_share = {
	.size = sizeof(struct weir_option),
	.name = "share",
	.type = WEIR_OPT_FLOAT,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct sample_config, share),
	.min = 0,
	.max = 1,
	.help = "The share of rows that goes on: 0.01 is one in a hundred.",
};

static const struct weir_option sample_seed = {
	.size = sizeof(struct weir_option),
	.name = "seed",
	.type = WEIR_OPT_INT,
	.flags = WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct sample_config, seed),
	.def = "0",
	.help = "Another seed takes other rows.",
};

static const struct weir_option *const sample_options[] = {
	&sample_share,
	&sample_seed,
	NULL,
};

const struct weir_stage_type core_sample = {
	.size = sizeof(struct weir_stage_type),
	.verb = "sample",
	.summary = "let a random share of the rows pass",
	.help = "Which rows pass follows from the seed and from where each row "
		"came from (source, partition and offset), so a second run "
		"over the same input takes the same rows.  Rows that come of "
		"no source, a window's, are taken by their number in the "
		"stream.",
	.example = "generate.sequence(to: 1000)\n"
		   "    -> sample(0.01, seed: 7)\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.options = sample_options,
	.config_size = sizeof(struct sample_config),
	.state_size = sizeof(struct sample_state),
	.bind = sample_bind,
	.init = sample_init,
	.process = sample_process,
};
