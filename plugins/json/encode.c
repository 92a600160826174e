/* SPDX-License-Identifier: MIT
 *
 * json.encode: columns of a row as one JSON object in a further column.
 */
#include "write.h"

struct config {
	struct weir_config head;
	struct weir_list columns;
	struct weir_str into;
	int32_t nulls;	  /* 0 keep, 1 omit */
	int32_t decimals; /* 0 number, 1 text */
	int32_t nan;	  /* enum jw_nan */
	/* Made by bind. */
	const uint32_t *which; /* n columns of the input */
	uint32_t n;
	uint32_t out; /* the column that is made */
};

struct state {
	struct jw jw;
	struct jw_node *nodes;
	bool checks; /* rows may have to be rejected */
	uint32_t good[WEIR_BATCH_ROWS];
};

/* --------------------------------------------------------------- binding */

/* Maps of other keys than text have no object of their own in JSON. */
static bool
type_ok(const struct weir_type *ty)
{
	uint32_t i;

	if (ty->kind == WEIR_MAP && ty->fields[0].type->kind != WEIR_STRING)
		return false;
	for (i = 0; i < ty->nfields; i++)
		if (!type_ok(ty->fields[i].type))
			return false;
	return true;
}

static int
bind_columns(struct weir_bind *bi, struct config *cf, struct weir_err *err)
{
	const struct weir_schema *in = weir_input(bi, 0);
	uint32_t *all, i;

	cf->which = cf->columns.items;
	cf->n = (uint32_t)cf->columns.n;
	if (cf->n == 0) {
		all = weir_plan_alloc(bi, (in->ncols + 1) * sizeof *all);
		if (all == NULL)
			return weir_option_fail(bi, "columns", err, "memory",
			    "out of memory");
		for (i = 0; i < in->ncols; i++)
			all[i] = i;
		cf->which = all;
		cf->n = in->ncols;
	}
	for (i = 0; i < cf->n; i++) {
		const struct weir_field *fi = &in->cols[cf->which[i]];

		if (!type_ok(fi->type))
			return weir_option_fail(bi, "columns", err,
			    "type.mismatch",
			    "column \"%s\" holds a map whose keys are not "
			    "strings, which JSON cannot show", fi->name);
		if (weir_reads(bi, 0, cf->which[i]) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
bind_into(struct weir_bind *bi, struct config *cf, struct weir_err *err)
{
	const struct weir_schema *in = weir_input(bi, 0);
	struct weir_field fi = { .required = in->kind != WEIR_CHANGES };
	char *name = weir_plan_alloc(bi, (size_t)cf->into.len + 1);
	uint32_t i;

	fi.type = weir_make_type(bi, WEIR_STRING, 0, 0, NULL, 0);
	if (name == NULL || fi.type == NULL)
		return weir_option_fail(bi, "into", err, "memory",
		    "out of memory");
	memcpy(name, weir_str_data(&cf->into), cf->into.len);
	for (i = 0; i < in->ncols; i++)
		if (strcmp(in->cols[i].name, name) == 0)
			return weir_option_fail(bi, "into", err, "name.clash",
			    "there is a column \"%s\" already; drop or rename "
			    "it, or name another with \"into\"", name);
	fi.name = name;
	fi.span = weir_option_span(bi, "into");
	cf->out = in->ncols;
	return weir_out_field(bi, 0, &fi);
}

static int
encode_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	const struct weir_schema *in = weir_input(bi, 0);
	struct config *cf = config;

	if (bind_columns(bi, cf, err) != WEIR_OK ||
	    weir_out_pass_all(bi, 0, 0) != WEIR_OK ||
	    bind_into(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	if (in->kind == WEIR_CHANGES)
		return weir_out_changes(bi, 0, in->keys, in->nkeys);
	return WEIR_OK;
}

/* --------------------------------------------------------------- running */

static int
out_of_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static int
init(struct weir_stage *st, struct weir_err *err)
{
	const struct config *cf = st->config;
	const struct weir_schema *out = weir_out_schema(st, 0);
	struct state *en = st->state;
	struct weir_field *fi;
	uint32_t i;

	en->jw.st = st;
	en->jw.omit_nulls = cf->nulls == 1;
	en->jw.text_decimals = cf->decimals == 1;
	en->jw.nan = (enum jw_nan)cf->nan;
	fi = st->host->zalloc((cf->n + 1) * sizeof *fi);
	if (fi == NULL)
		return out_of_memory(st, err);
	for (i = 0; i < cf->n; i++)
		fi[i] = out->cols[cf->which[i]]; /* passed, so the same */
	en->nodes = jw_nodes(&en->jw, fi, cf->n, true);
	st->host->free(fi);
	if (en->nodes == NULL)
		return out_of_memory(st, err);
	for (i = 0; i < cf->n && cf->nan == JW_NAN_REJECT; i++)
		en->checks |= en->nodes[i].has_floats;
	return WEIR_OK;
}

static void
fini(struct weir_stage *st)
{
	struct state *en = st->state;

	jw_free(&en->jw);
}

/* Reject rows that JSON has no numbers for; the others' numbers go to
 * en->good.  How many they are, or -1. */
static int64_t
check_rows(struct weir_stage *st, const struct weir_batch *b)
{
	const struct config *cf = st->config;
	struct state *en = st->state;
	struct weir_reason why = { .code = "json.range",
		.text = "the value is not finite, and JSON has no number for "
			"that (\"nan\" would write null or text)",
		.position = -1 };
	uint32_t i, row, n = 0;

	for (row = 0; row < b->nrows; row++) {
		for (i = 0; i < cf->n; i++)
			if (en->nodes[i].has_floats &&
			    jw_has_nan(&en->nodes[i], &b->cols[cf->which[i]],
				row))
				break;
		if (i == cf->n) {
			en->good[n++] = row;
			continue;
		}
		why.column = b->schema->cols[cf->which[i]].name;
		if (weir_reject(st, b, row, &why) != WEIR_OK)
			return -1;
	}
	return n;
}

/* Rows that delete have no text. */
static bool
make_valid(struct weir_stage *st, struct weir_batch *out)
{
	const struct config *cf = st->config;
	size_t n = 8 * WEIR_BITMAP_WORDS(out->nrows);
	uint64_t *valid = weir_batch_alloc(st, out, n);
	uint32_t i;

	if (valid == NULL)
		return false;
	memset(valid, 0xff, n);
	for (i = 0; i < out->nrows; i++)
		if (out->ops[i] == WEIR_DELETE)
			weir_bit_clear(valid, i);
	out->cols[cf->out].valid = valid;
	return true;
}

static bool
write_rows(struct weir_stage *st, struct weir_batch *out,
    const struct weir_batch *b, const uint32_t *rows)
{
	const struct config *cf = st->config;
	struct weir_column *to = &out->cols[cf->out];
	struct state *en = st->state;
	uint32_t i;

	if (!weir_present(to))
		return true;
	if (out->ops != NULL && !make_valid(st, out))
		return false;
	jw_begin(&en->jw, out);
	for (i = 0; i < out->nrows; i++) {
		if (!weir_valid(to, i)) {
			to->u.str[i] = weir_str_make("", 0);
			continue;
		}
		if (!jw_row(&en->jw, &to->u.str[i], en->nodes, cf->n, b->cols,
			cf->which, rows == NULL ? i : rows[i]))
			return false;
	}
	return true;
}

static int
encode(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	struct state *en = st->state;
	const uint32_t *rows = NULL;
	struct weir_batch *out;
	int64_t n = b->nrows;

	(void)input;
	if (en->checks) {
		n = check_rows(st, b);
		if (n < 0)
			return WEIR_ERROR;
		rows = n < b->nrows ? en->good : NULL;
	}
	if (n == 0)
		return WEIR_OK;
	out = weir_batch_derive(st, 0, b, rows, (uint32_t)n);
	if (out == NULL)
		return out_of_memory(st, err);
	if (!write_rows(st, out, b, rows)) {
		weir_batch_unref(st, out);
		return out_of_memory(st, err);
	}
	return weir_emit(st, 0, out, err);
}

/* --------------------------------------------------------------- options */

#define OPTION .size = sizeof(struct weir_option)
#define AT(member) .offset = offsetof(struct config, member)

static const char *const nulls_choices[] = { "keep", "omit", NULL };
static const char *const decimals_choices[] = { "number", "text", NULL };
static const char *const nan_choices[] = { [JW_NAN_REJECT] = "reject",
	[JW_NAN_NULL] = "null", [JW_NAN_TEXT] = "text", NULL };

static const struct weir_option opt_columns = { OPTION, .name = "columns",
	.type = WEIR_OPT_COLUMNS, AT(columns),
	.help = "The columns that become fields, in this order. By default "
		"all." };

static const struct weir_option opt_into = { OPTION, .name = "into",
	.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_NAMES, AT(into),
	.def = "value", .help = "The name of the column that is added." };

static const struct weir_option opt_nulls = { OPTION, .name = "nulls",
	.type = WEIR_OPT_ENUM, AT(nulls), .def = "keep",
	.choices = nulls_choices,
	.help = "keep: a null is written as null; omit: its field is left "
		"out." };

static const struct weir_option opt_decimals = { OPTION, .name = "decimals",
	.type = WEIR_OPT_ENUM, AT(decimals), .def = "number",
	.choices = decimals_choices,
	.help = "number: 12.50; text: \"12.50\", for readers that make floats "
		"of all numbers." };

static const struct weir_option opt_nan = { OPTION, .name = "nan",
	.type = WEIR_OPT_ENUM, AT(nan), .def = "reject",
	.choices = nan_choices,
	.help = "What becomes of floats that are NaN or infinite: reject the "
		"row (json.range), null, or text (\"nan\", \"inf\", "
		"\"-inf\")." };

static const struct weir_option *const encode_options[] = { &opt_columns,
	&opt_into, &opt_nulls, &opt_decimals, &opt_nan, NULL };

const struct weir_stage_type js_encode_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "encode",
	.summary = "columns into JSON text",
	.help =
	    "Adds the column value (or another, see into) with one JSON object "
	    "a row, without blanks, and keeps the other columns, so that a "
	    "sink can still use them: kafka.write(topic: t, key: id).\n\n"
	    "Integers and decimals are written with all their digits, floats "
	    "with the fewest that read back as the same number, string as "
	    "text, bytes as base64, timestamp as RFC 3339 in UTC "
	    "(2026-01-02T03:04:05.678Z, with milli- or microseconds where "
	    "there are any), date as 2026-01-02, duration as 1h30m, json as it "
	    "stands, list as an array, map and struct as objects.\n\n"
	    "In a stream of changes, rows that delete get null, which "
	    "kafka.write makes a tombstone.",
	.example = "generate.payments(count: 3)\n"
		   "    -> json.encode(columns: [transactionId, amount, "
		   "currency])\n"
		   "    -> select { value }\n"
		   "    -> show()\n",
	.role = WEIR_TRANSFORM,
	.flags = WEIR_STAGEF_CHANGES,
	.options = encode_options,
	.config_size = sizeof(struct config),
	.state_size = sizeof(struct state),
	.bind = encode_bind,
	.init = init,
	.fini = fini,
	.process = encode,
};
