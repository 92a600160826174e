/* SPDX-License-Identifier: MIT
 *
 * json.decode: JSON objects, one a row, into the columns of a schema.
 *
 * A batch of all rows is made first and filled as far as rows are good; if
 * some are not, a second one takes over its columns with only their origins.
 */
#include "base/time.h"
#include "json.h"

/* --------------------------------------------------------------- binding */

/* The rules that a schema must keep to be read from JSON. */
static int
check_field(struct weir_bind *bi, const struct weir_field *fi, int depth,
    struct weir_err *err);

static const char *
key_of(const struct weir_field *fi)
{
	return fi->from != NULL ? fi->from : fi->name;
}

static int
check_fields(struct weir_bind *bi, const struct weir_field *fi, uint32_t n,
    int depth, struct weir_err *err)
{
	uint32_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(key_of(&fi[i]), key_of(&fi[j])) == 0)
				return weir_option_fail(bi, "schema", err,
				    "json.schema",
				    "fields \"%s\" and \"%s\" are both read "
				    "from the key \"%s\"", fi[j].name,
				    fi[i].name, key_of(&fi[i]));
		if (check_field(bi, &fi[i], depth, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static bool
format_ok(const struct weir_field *fi, size_t *at)
{
	const char *f = fi->format;

	if (f == NULL || fi->type->kind < WEIR_TIMESTAMP ||
	    fi->type->kind > WEIR_DURATION || strcmp(f, "s") == 0 ||
	    strcmp(f, "ms") == 0 || strcmp(f, "us") == 0 ||
	    strcmp(f, "ns") == 0)
		return true;
	*at = 0;
	return fi->type->kind != WEIR_DURATION &&
	    weir__time_pattern_ok(f, strlen(f), true, at);
}

static int
check_field(struct weir_bind *bi, const struct weir_field *fi, int depth,
    struct weir_err *err)
{
	const struct weir_type *ty = fi->type;
	size_t at;

	if (!format_ok(fi, &at))
		return weir_option_fail(bi, "schema", err, "json.schema",
		    "field \"%s\": expected \"s\", \"ms\", \"us\", \"ns\" or a "
		    "pattern, found \"%s\", which is wrong from byte %zu on",
		    fi->name, fi->format, at + 1);
	if (!weir_type_nested(ty))
		return WEIR_OK;
	if (depth == 64)
		return weir_option_fail(bi, "schema", err, "json.schema",
		    "field \"%s\": types lie more than 64 deep", fi->name);
	if (ty->kind == WEIR_STRUCT)
		return check_fields(bi, ty->fields, ty->nfields, depth + 1,
		    err);
	if (ty->kind == WEIR_MAP && ty->fields[0].type->kind != WEIR_STRING)
		return weir_option_fail(bi, "schema", err, "json.schema",
		    "field \"%s\": the keys of a map are strings in JSON",
		    fi->name);
	return check_field(bi, &ty->fields[ty->nfields - 1], depth + 1, err);
}

static int
check_convert(struct weir_bind *bi, const struct js_config *cf,
    struct weir_err *err)
{
	const struct weir_str *names = cf->convert.items;
	size_t i;
	uint32_t j;

	for (i = 0; i < cf->convert.n; i++) {
		const char *p = weir_str_data(&names[i]);

		for (j = 0; j < cf->nfields; j++)
			if (strlen(cf->schema->cols[j].name) == names[i].len &&
			    memcmp(p, cf->schema->cols[j].name,
				names[i].len) == 0)
				break;
		if (j == cf->nfields)
			return weir_option_fail(bi, "convert", err,
			    "name.column",
			    "expected a column of the schema, found \"%.*s\"",
			    (int)names[i].len, p);
	}
	return WEIR_OK;
}

static bool
is(const struct weir_str *s, const char *text)
{
	return s->len == strlen(text) &&
	    memcmp(weir_str_data(s), text, s->len) == 0;
}

/* The column of unknown fields. */
static int
bind_extra(struct weir_bind *bi, struct js_config *cf, struct weir_err *err)
{
	struct weir_field fi = { .span = weir_option_span(bi, "unknown") };
	char *name = weir_plan_alloc(bi, (size_t)cf->unknown.len + 1);
	uint32_t i;

	fi.type = weir_make_type(bi, WEIR_JSON, 0, 0, NULL, 0);
	if (name == NULL || fi.type == NULL)
		return weir_option_fail(bi, "unknown", err, "memory",
		    "out of memory");
	memcpy(name, weir_str_data(&cf->unknown), cf->unknown.len);
	for (i = 0; i < cf->nfields; i++)
		if (strcmp(cf->schema->cols[i].name, name) == 0)
			return weir_option_fail(bi, "unknown", err,
			    "name.clash",
			    "the schema has a column \"%s\" already; name the "
			    "one for unknown fields otherwise", name);
	fi.name = name;
	return weir_out_field(bi, 0, &fi);
}

static int
check_from(struct weir_bind *bi, const struct js_config *cf,
    struct weir_err *err)
{
	const struct weir_schema *in = weir_input(bi, 0);

	if (cf->from < 0 || (uint32_t)cf->from >= in->ncols)
		return weir_option_fail(bi, "from", err, "name.column",
		    "there is no column \"value\"; say with \"from\" which "
		    "one holds the JSON text");
	if (!weir_type_textual(in->cols[cf->from].type))
		return weir_option_fail(bi, "from", err, "type.mismatch",
		    "JSON text is in a column of string, bytes or json, which "
		    "\"%s\" is not; say with \"from\" which one holds it",
		    in->cols[cf->from].name);
	return WEIR_OK;
}

static int
decode_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct js_config *cf = config;
	const uint32_t *keep = cf->keep.items;
	struct weir_field fi;
	size_t i;

	cf->nfields = cf->schema->ncols;
	cf->reject_unknown = is(&cf->unknown, "reject");
	cf->extra = !cf->reject_unknown && !is(&cf->unknown, "ignore") &&
	    cf->unknown.len != 0;
	if (check_from(bi, cf, err) != WEIR_OK ||
	    check_fields(bi, cf->schema->cols, cf->nfields, 0, err) !=
		WEIR_OK ||
	    check_convert(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < cf->nfields; i++) {
		fi = cf->schema->cols[i];
		fi.from = NULL; /* those were for us */
		fi.format = NULL;
		if (weir_out_field(bi, 0, &fi) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (cf->extra && bind_extra(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < cf->keep.n; i++)
		if (weir_out_pass(bi, 0, 0, keep[i], NULL) != WEIR_OK)
			return WEIR_ERROR;
	return weir_reads(bi, 0, (uint32_t)cf->from);
}

/* --------------------------------------------------------------- running */

static int
decode_init(struct weir_stage *st, struct weir_err *err)
{
	struct js *js = st->state;

	js->st = st;
	js->cf = st->config;
	js->max_depth = (uint32_t)js->cf->max_depth;
	js->seed = (uint64_t)weir_clock(st) ^ (uint64_t)(uintptr_t)js;
	return js_shape(js, err);
}

static void
decode_fini(struct weir_stage *st)
{
	js_shape_free(st->state);
}

static int
out_of_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static int
reject(struct js *js, const struct weir_batch *b, uint32_t row)
{
	const struct js_error *er = &js->err;
	const char *path = er->path + er->path_at;
	struct weir_reason why = { .code = er->code, .text = er->text,
		.column = *path == '\0' ? NULL : path,
		.position = er->at - js->begin };

	return weir_reject(js->st, b, row, &why);
}

static int
reject_null(struct js *js, const struct weir_batch *b, uint32_t row)
{
	struct weir_reason why = { .code = "json.missing",
		.text = "the text is null (a tombstone, perhaps: "
			"where(value is not null) would pass over them)",
		.position = -1 };

	return weir_reject(js->st, b, row, &why);
}

/* Read all rows into js->out; their numbers go to js->good. */
static int
read_rows(struct js *js, const struct weir_batch *b, struct weir_err *err)
{
	const struct weir_column *from = &b->cols[js->cf->from];
	const struct weir_str *s;
	uint32_t i;
	int rc = WEIR_OK;

	for (i = 0; rc == WEIR_OK && i < b->nrows; i++) {
		if (!weir_valid(from, i)) {
			rc = reject_null(js, b, i);
			continue;
		}
		s = &from->u.str[i];
		if (js_read_row(js, weir_str_data(s), s->len)) {
			js->good[js->rows.n++] = i;
			continue;
		}
		if (js->no_memory)
			return out_of_memory(js->st, err);
		js_rewind(js);
		rc = reject(js, b, i);
	}
	return rc;
}

/* What keeps the first batch alive behind the second. */
struct pin {
	const struct weir_host *host;
	struct weir_batch *b;
};

static void
unpin(void *p)
{
	struct pin *pin = p;

	pin->host->batch_unref(pin->b);
	pin->host->free(pin);
}

/* A batch of the good rows only, with the columns of js->out, whose reference
 * it takes; NULL: memory is out. */
static struct weir_batch *
without_bad(struct js *js, struct weir_batch *of)
{
	const struct weir_host *h = js->st->host;
	uint32_t i, n = js->cf->nfields + js->cf->extra;
	struct weir_batch *b;
	struct pin *pin;

	b = weir_batch_derive(js->st, 0, of, js->good, js->rows.n);
	if (b == NULL)
		return NULL;
	pin = h->alloc(sizeof *pin);
	if (pin != NULL) {
		*pin = (struct pin){ .host = h, .b = js->out };
		if (weir_batch_pin(js->st, b, pin, unpin) == WEIR_OK) {
			for (i = 0; i < n; i++)
				b->cols[i] = js->out->cols[i];
			js->out = NULL;
			return b;
		}
		h->free(pin);
	}
	weir_batch_unref(js->st, b);
	return NULL;
}

static int
emit(struct js *js, struct weir_batch *of, struct weir_err *err)
{
	struct weir_batch *b = js->out;

	if (js->rows.n == 0)
		return WEIR_OK;
	if (js->rows.n < of->nrows)
		b = without_bad(js, of);
	if (b == NULL)
		return out_of_memory(js->st, err);
	if (js->out == b)
		js->out = NULL;
	if (!js_finish(js, b)) {
		weir_batch_unref(js->st, b);
		return out_of_memory(js->st, err);
	}
	return weir_emit(js->st, 0, b, err);
}

static int
decode(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	struct js *js = st->state;
	int rc;

	(void)input;
	if (b->nrows == 0)
		return WEIR_OK;
	js->no_memory = false;
	js->out = weir_batch_derive(st, 0, b, NULL, b->nrows);
	if (js->out == NULL)
		return out_of_memory(st, err);
	rc = js_attach(js) ? read_rows(js, b, err) : out_of_memory(st, err);
	if (rc == WEIR_OK)
		rc = emit(js, b, err);
	if (js->out != NULL)
		weir_batch_unref(st, js->out);
	js->out = NULL;
	if (js->unknown_seen != js->unknown_told && js->cf->extra) {
		weir_metric(st, "json_unknown_fields", NULL,
		    (double)js->unknown_seen);
		js->unknown_told = js->unknown_seen;
	}
	return rc;
}

/* --------------------------------------------------------------- options */

#define OPTION .size = sizeof(struct weir_option)
#define AT(member) .offset = offsetof(struct js_config, member)

static const char *const unknown_choices[] = { "ignore", "reject", NULL };
static const char *const duplicate_choices[] = { [JS_DUP_REJECT] = "reject",
	[JS_DUP_FIRST] = "first", [JS_DUP_LAST] = "last", NULL };
static const char *const round_choices[] = { "none", "half_even", NULL };

static const struct weir_option opt_schema = { OPTION, .name = "schema",
	.type = WEIR_OPT_SCHEMA,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL, AT(schema),
	.help = "Which fields there are, and their types." };

static const struct weir_option opt_from = { OPTION, .name = "from",
	.type = WEIR_OPT_COLUMN, AT(from), .def = "value",
	.help = "The column that holds the JSON text: string, bytes or json." };

static const struct weir_option opt_unknown = { OPTION, .name = "unknown",
	.type = WEIR_OPT_STRING, .flags = WEIR_OPTF_NAMES, AT(unknown),
	.def = "ignore", .choices = unknown_choices,
	.help = "What becomes of fields that the schema does not know: ignore "
		"them, reject the row, or the name of a json column that they "
		"are put into." };

static const struct weir_option opt_duplicates = { OPTION,
	.name = "duplicates", .type = WEIR_OPT_ENUM, AT(duplicates),
	.def = "reject", .choices = duplicate_choices,
	.help = "Which value counts when an object has a key twice. By default "
		"the row is rejected, for other programs may have read the "
		"other one." };

static const struct weir_option opt_convert = { OPTION, .name = "convert",
	.type = WEIR_OPT_STRINGS, .flags = WEIR_OPTF_NAMES, AT(convert),
	.help = "Columns that take scalars of another JSON type where these "
		"parse exactly: \"12.50\" for a number, 17 for a string." };

static const struct weir_option opt_round = { OPTION, .name = "round",
	.type = WEIR_OPT_ENUM, AT(round), .def = "none",
	.choices = round_choices,
	.help = "Decimals with more digits than their scale: none rejects the "
		"row, half_even rounds to the nearest, ties to the even "
		"digit." };

static const struct weir_option opt_max_depth = { OPTION, .name = "max_depth",
	.type = WEIR_OPT_INT, AT(max_depth), .def = "64", .min = 1,
	.max = JS_DEPTH_LIMIT, .unit = "levels",
	.help = "How deep objects and arrays may lie in each other." };

static const struct weir_option opt_max_items = { OPTION, .name = "max_items",
	.type = WEIR_OPT_INT, AT(max_items), .def = "100_000", .min = 1,
	.max = 500000, .unit = "elements",
	.help = "How many elements the lists and maps of one row may have "
		"together." };

static const struct weir_option opt_keep = { OPTION, .name = "keep",
	.type = WEIR_OPT_COLUMNS, AT(keep),
	.help = "Columns of the input that are passed on, behind those of the "
		"schema." };

static const struct weir_option *const decode_options[] = { &opt_schema,
	&opt_from, &opt_unknown, &opt_duplicates, &opt_convert, &opt_round,
	&opt_max_depth, &opt_max_items, &opt_keep, NULL };

const struct weir_stage_type js_decode_type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "decode",
	.summary = "JSON text into the columns of a schema",
	.help =
	    "Each row's text must be one JSON object by RFC 8259, strictly: "
	    "valid UTF-8, no lone surrogates, nothing behind it, no byte order "
	    "mark. Its fields go into the columns of the schema, and what the "
	    "message came with stays readable as origin.topic, "
	    "origin.timestamp and so on.\n\n"
	    "A field is found by its name, or by the text after \"from\". A "
	    "field that is null or not there is null; where its type ends in "
	    "! the row is rejected. Columns that nothing reads are checked all "
	    "the same, but not stored.\n\n"
	    "int32 and int64 take any number that is whole: 17, 1.0, 1e2. A "
	    "decimal takes a number whose digits fit its precision and scale, "
	    "zeros at the end aside. float64 and float32 are rounded "
	    "correctly. string takes strings, \\u0000 too; bytes takes base64 "
	    "(either alphabet, padded or not). timestamp takes RFC 3339 and "
	    "ISO 8601 text, timestamp(ms) a number since 1970 (also s, us, ns), "
	    "timestamp(\"%d/%m/%Y\") text of that pattern; "
	    "parts of a microsecond are cut off. date and duration take text "
	    "likewise (2026-01-31, 1h30m). json takes any value and keeps its "
	    "text. list(T), map(T) and structs take arrays and objects.\n\n"
	    "A row that does not fit goes to the port rejected, with the "
	    "byte's position and the column's path (items[2].price), for one "
	    "of these reasons:\n\n"
	    "json.syntax: the text is not JSON, or has more than one "
	    "value.\n\n"
	    "json.missing: a required field is null or not there, or the text "
	    "itself is null (where(value is not null) before the decoder "
	    "passes over tombstones).\n\n"
	    "json.type: a value of another type than the schema's.\n\n"
	    "json.range: a number, time or list beyond what the column holds, "
	    "or a decimal with too many digits.\n\n"
	    "json.unknown: a field that the schema does not know (unknown: "
	    "reject).\n\n"
	    "json.duplicate: a key twice in one object, among those that the "
	    "schema knows and in maps.\n\n"
	    "json.depth: nested deeper than max_depth.\n\n"
	    "With unknown: NAME, fields that the schema does not know are "
	    "gathered in a json column as one object, null where there are "
	    "none; those of structs under \"struct.field\", those of structs "
	    "in lists are not kept. The first sight of each is logged.",
	.example = "schema transaction {\n"
		   "    txn_id:   string!\n"
		   "    event_ts: timestamp!\n"
		   "    merchant: string\n"
		   "    amount:   decimal(12, 2)\n"
		   "}\n"
		   "\n"
		   "generate.transactions(count: 5, bad: 0.2)\n"
		   "    -> json.decode(transaction, unknown: more, convert: "
		   "[amount])\n"
		   "    -> show()\n",
	.role = WEIR_TRANSFORM,
	.flags = 0,
	.options = decode_options,
	.config_size = sizeof(struct js_config),
	.state_size = sizeof(struct js),
	.bind = decode_bind,
	.init = decode_init,
	.fini = decode_fini,
	.process = decode,
};
