/* SPDX-License-Identifier: MIT
 *
 * limit: the first so many rows.
 */
#include "core.h"

enum limit_per {
	LIMIT_ALL = 0,
	LIMIT_EPOCH,
};

struct limit_config {
	struct weir_config head;
	int64_t rows;
	int32_t per;
	const struct weir_table *table; /* all: one slot, int64 rows passed */
};

struct limit_state {
	bool known;
	int64_t left;
};

static int
limit_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct limit_config *cf = config;
	const struct weir_table_spec spec = {
		.size = sizeof spec,
		.name = "passed",
		.slot_size = sizeof(int64_t),
		.slot_align = _Alignof(int64_t),
		.version = 1,
	};

	if (cf->per == LIMIT_ALL &&
	    (cf->table = weir_table(bi, &spec)) == NULL)
		return core_no_memory(WEIR_BIND_HOST(bi), err);
	return core_pass_all(bi, err);
}

/* How many may still pass, now that so many more want to: those that do are
 * counted, also for a run that goes on later. */
static int
limit_take(struct weir_stage *st, uint32_t *n)
{
	const struct limit_config *cf = st->config;
	struct limit_state *ls = st->state;
	void *slot = NULL;

	if (ls->known && ls->left == 0) {
		*n = 0;
		return WEIR_OK;
	}
	if (cf->per == LIMIT_ALL && weir_lookup(st, cf->table, NULL, NULL, 1,
	    NULL, &slot, NULL) != WEIR_OK)
		return WEIR_ERROR;
	if (!ls->known) {
		ls->left = cf->rows;
		if (slot != NULL)
			ls->left -= *(int64_t *)slot;
		ls->left = ls->left > 0 ? ls->left : 0;
		ls->known = true;
	}
	if (ls->left < (int64_t)*n)
		*n = (uint32_t)ls->left;
	ls->left -= *n;
	if (slot != NULL)
		*(int64_t *)slot += *n;
	return WEIR_OK;
}

static int
limit_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	struct weir_batch *out;
	uint32_t n = b->nrows;

	(void)input;
	if (limit_take(st, &n) != WEIR_OK)
		return core_no_memory(st->host, err);
	if (n < b->nrows)
		weir_filtered(st, b->nrows - n);
	if (n == 0)
		return WEIR_OK;
	out = weir_batch_derive(st, 0, b, NULL, n);
	if (out == NULL)
		return core_no_memory(st->host, err);
	return weir_emit(st, 0, out, err);
}

static int
limit_epoch(struct weir_stage *st, uint64_t epoch, struct weir_err *err)
{
	const struct limit_config *cf = st->config;
	struct limit_state *ls = st->state;

	(void)epoch;
	(void)err;
	if (cf->per == LIMIT_EPOCH)
		ls->known = false;
	return WEIR_OK;
}

static const char *const limit_per_names[] = { "all", "epoch", NULL };

static const struct weir_option limit_rows = {
	.size = sizeof(struct weir_option),
	.name = "rows",
	.type = WEIR_OPT_INT,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct limit_config, rows),
	.unit = "rows",
	.min = 0,
	.max = 9e15,
	.help = "How many rows go on; those after them are dropped.",
};

static const struct weir_option limit_per = {
	.size = sizeof(struct weir_option),
	.name = "per",
	.type = WEIR_OPT_ENUM,
	.offset = offsetof(struct limit_config, per),
	.def = "all",
	.choices = limit_per_names,
	.help = "all: so many in all, also over restarts; epoch: so many in "
		"each epoch.",
};

static const struct weir_option *const limit_options[] = {
	&limit_rows,
	&limit_per,
	NULL,
};

const struct weir_stage_type core_limit = {
	.size = sizeof(struct weir_stage_type),
	.verb = "limit",
	.summary = "let only the first rows pass",
	.help = "Each worker counts for itself.  The run goes on after the "
		"last row; what follows is counted as filtered.",
	.example = "generate.sequence(to: 1000) -> limit(5) -> show()",
	.role = WEIR_TRANSFORM,
	.options = limit_options,
	.config_size = sizeof(struct limit_config),
	.state_size = sizeof(struct limit_state),
	.bind = limit_bind,
	.process = limit_process,
	.epoch = limit_epoch,
};
