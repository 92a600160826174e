/* SPDX-License-Identifier: MIT
 *
 * union: the rows of several streams of equal columns in one.
 */
#include "core.h"

struct union_config {
	struct weir_config head;
	struct weir_list streams; /* const struct weir_stream * */
};

/* Input `k` against input 0: the same names and types in the same order. */
static int
union_compare(struct weir_bind *bi, uint32_t k, struct weir_err *err)
{
	const struct weir_schema *a = weir_input(bi, 0), *b = weir_input(bi, k);
	char ta[96], tb[96];
	uint32_t i;

	for (i = 0; i < a->ncols && i < b->ncols; i++) {
		const struct weir_field *fa = &a->cols[i], *fb = &b->cols[i];

		if (strcmp(fa->name, fb->name) != 0)
			return weir_option_fail(bi, "streams", err,
			    "union.schema", "streams in a union must have "
			    "equal columns, but column %u is \"%s\" in the "
			    "first and \"%s\" in number %u; bring them in line "
			    "with select", i + 1, fa->name, fb->name, k + 1);
		if (!core_type_equal(fa->type, fb->type))
			return weir_option_fail(bi, "streams", err,
			    "union.schema", "streams in a union must have "
			    "equal columns, but \"%s\" is %s in the first and "
			    "%s in number %u; cast one with set", fa->name,
			    core_type_text(fa->type, ta, sizeof ta),
			    core_type_text(fb->type, tb, sizeof tb), k + 1);
	}
	if (a->ncols != b->ncols)
		return weir_option_fail(bi, "streams", err, "union.schema",
		    "streams in a union must have equal columns, but \"%s\" is "
		    "only in %s %u; bring them in line with select",
		    a->ncols > b->ncols ? a->cols[i].name : b->cols[i].name,
		    "number", a->ncols > b->ncols ? 1 : k + 1);
	return WEIR_OK;
}

static int
union_compare_changes(struct weir_bind *bi, uint32_t k, struct weir_err *err)
{
	const struct weir_schema *a = weir_input(bi, 0), *b = weir_input(bi, k);

	if (a->kind != b->kind)
		return weir_option_fail(bi, "streams", err, "union.changes",
		    "a stream of changes and one of plain rows cannot be one "
		    "stream: number 1 is %s, number %u is %s",
		    a->kind == WEIR_CHANGES ? "changes" : "rows", k + 1,
		    b->kind == WEIR_CHANGES ? "changes" : "rows");
	if (a->kind == WEIR_CHANGES && (a->nkeys != b->nkeys ||
	    memcmp(a->keys, b->keys, a->nkeys * sizeof *a->keys) != 0))
		return weir_option_fail(bi, "streams", err, "union.changes",
		    "streams of changes in a union must have the same key, "
		    "but that of number %u differs from the first one's",
		    k + 1);
	return WEIR_OK;
}

/* An input in which column `col` may be null, or the first. */
static uint32_t
union_nullable(struct weir_bind *bi, uint32_t col)
{
	uint32_t k;

	for (k = 0; k < weir_inputs(bi); k++)
		if (!weir_input(bi, k)->cols[col].required)
			return k;
	return 0;
}

/* The output has event time where all inputs have the same. */
static int
union_event_time(struct weir_bind *bi, struct weir_err *err)
{
	int32_t col = weir_input(bi, 0)->event_time;
	uint32_t k;

	for (k = 1; k < weir_inputs(bi); k++)
		if (weir_input(bi, k)->event_time != col)
			return WEIR_OK;
	if (col < 0)
		return WEIR_OK;
	return core_checked(bi, weir_out_event_time(bi, 0, (uint32_t)col), err);
}

static int
union_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct weir_schema *sc = weir_input(bi, 0);
	uint32_t i, k;

	(void)config;
	for (k = 1; k < weir_inputs(bi); k++)
		if (union_compare(bi, k, err) != WEIR_OK ||
		    union_compare_changes(bi, k, err) != WEIR_OK)
			return WEIR_ERROR;
	for (i = 0; i < sc->ncols; i++)
		if (core_checked(bi, weir_out_pass(bi, 0, union_nullable(bi, i),
			i, NULL), err) != WEIR_OK)
			return WEIR_ERROR;
	if (sc->kind == WEIR_CHANGES &&
	    core_checked(bi, weir_out_changes(bi, 0, sc->keys, sc->nkeys),
		err) != WEIR_OK)
		return WEIR_ERROR;
	return union_event_time(bi, err);
}

static int
union_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	struct weir_batch *out;

	(void)input;
	out = weir_batch_derive(st, 0, b, NULL, b->nrows);
	if (out == NULL)
		return core_no_memory(st->host, err);
	return weir_emit(st, 0, out, err);
}

static const struct weir_option union_streams = {
	.size = sizeof(struct weir_option),
	.name = "streams",
	.type = WEIR_OPT_STREAM,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL |
	    WEIR_OPTF_VARIADIC,
	.offset = offsetof(struct union_config, streams),
	.help = "The streams whose rows come in besides those of the chain.",
};

static const struct weir_option *const union_options[] = {
	&union_streams,
	NULL,
};

const struct weir_stage_type core_union = {
	.size = sizeof(struct weir_stage_type),
	.verb = "union",
	.summary = "put the rows of several streams into one",
	.help = "The streams must have the same columns: names and types in "
		"the same order.  A column may be null in the union when it "
		"may be null in one of them.  [a, b] -> ... is written for "
		"a -> union(b) -> ...\n\n"
		"Rows keep where they came from.  The watermark is the least "
		"of all.",
	.example = "a = generate.sequence(to: 3)\n"
		   "b = generate.sequence(from: 11, to: 13)\n"
		   "a -> union(b) -> show()",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = union_options,
	.config_size = sizeof(struct union_config),
	.bind = union_bind,
	.process = union_process,
};
