/* SPDX-License-Identifier: MIT
 *
 * csv.write: rows as comma-separated values (RFC 4180).
 */
#include "../common/filesink.h"
#include "base/decimal.h"
#include "base/num.h"
#include "base/time.h"
#include "csv.h"

#define CSV_ROOM 64 /* enough for every value but text and nested ones */

enum csv_formulas {
	CSV_KEEP = 0,
	CSV_ESCAPE,
};

enum csv_lines {
	CSV_CRLF = 0,
	CSV_LF,
};

struct csv_write_config {
	struct fsink_config sink;
	struct weir_str delimiter_text;
	bool header;
	struct weir_str null;
	int32_t formulas;
	int32_t lines;

	char delimiter;
	/* Bytes that make a field need quotes. */
	bool special[256];
};

/* A row's text before it goes to the file. */
struct csv_out {
	char *p;
	size_t len;
	size_t cap;
};

/* ---- text */

static char *
out_room(const struct weir_host *host, struct csv_out *co, size_t n)
{
	size_t cap = co->cap == 0 ? FSINK_BUFFER : co->cap;
	char *p;

	if (co->cap - co->len >= n)
		return co->p + co->len;
	while (cap - co->len < n)
		cap *= 2;
	p = host->realloc(co->p, cap);
	if (p == NULL)
		return NULL;
	co->p = p;
	co->cap = cap;
	return p + co->len;
}

static bool
out_add(const struct weir_host *host, struct csv_out *co, const char *p,
    size_t n)
{
	char *to = out_room(host, co, n + 1);

	if (to == NULL)
		return false;
	if (n > 0)
		memcpy(to, p, n);
	co->len += n;
	return true;
}

/* In quotes, quotes doubled, with `lead` in front. */
static bool
out_quoted(const struct weir_host *host, struct csv_out *co, const char *lead,
    const char *p, size_t n)
{
	char *to = out_room(host, co, 2 * n + strlen(lead) + 2), *at = to;
	size_t i;

	if (to == NULL)
		return false;
	*at++ = '"';
	while (*lead != '\0')
		*at++ = *lead++;
	for (i = 0; i < n; i++) {
		if (p[i] == '"')
			*at++ = '"';
		*at++ = p[i];
	}
	*at++ = '"';
	co->len += (size_t)(at - to);
	return true;
}

/* A field that a spreadsheet would take for a formula (OWASP, "CSV
 * Injection"). */
static bool
is_formula(const char *p, size_t n)
{
	return n > 0 && (*p == '=' || *p == '+' || *p == '-' || *p == '@' ||
	    *p == '\t' || *p == '\r');
}

/* Text: in quotes where it must be, and where it would read as null. */
static bool
out_text(const struct weir_host *host, const struct csv_write_config *cf,
    struct csv_out *co, const char *p, size_t n)
{
	bool special = false;
	size_t i;

	if (cf->formulas == CSV_ESCAPE && is_formula(p, n))
		return out_quoted(host, co, "'", p, n);
	for (i = 0; i < n; i++)
		special |= cf->special[(uint8_t)p[i]];
	if (special || (n == cf->null.len &&
	    memcmp(p, weir_str_data(&cf->null), n) == 0))
		return out_quoted(host, co, "", p, n);
	return out_add(host, co, p, n);
}

/* ---- values */

/* As in JSON, without the quotes of a scalar. */
static bool
out_json(const struct weir_host *host, const struct csv_write_config *cf,
    struct csv_out *co, const struct weir_type *ty,
    const struct weir_column *col, uint32_t row)
{
	size_t room = 256, len = 0, used;
	struct csv_out tmp = { 0 };
	char *to;
	bool ok;

	for (;;) {
		to = out_room(host, &tmp, room);
		if (to == NULL ||
		    host->json_text(ty, col, row, to, room, &len) != WEIR_OK)
			return host->free(tmp.p), false;
		if (len <= room)
			break;
		room = len;
	}
	used = !weir_type_nested(ty) && len >= 2 && to[0] == '"';
	ok = out_text(host, cf, co, to + used, len - 2 * used);
	host->free(tmp.p);
	return ok;
}

static bool
out_number(const struct weir_host *host, struct csv_out *co,
    const struct weir_type *ty, const struct weir_column *col, uint32_t row)
{
	char *to = out_room(host, co, CSV_ROOM);

	if (to == NULL)
		return false;
	switch (ty->kind) {
	case WEIR_INT32:
		co->len += weir__i64_print(to, col->u.i32[row]);
		break;
	case WEIR_INT64:
		co->len += weir__i64_print(to, col->u.i64[row]);
		break;
	case WEIR_FLOAT32:
		co->len += weir__f32_print(to, col->u.f32[row]);
		break;
	case WEIR_FLOAT64:
		co->len += weir__f64_print(to, col->u.f64[row]);
		break;
	default:
		co->len += weir__decimal_print(to, weir_decimal_wide(ty)
		    ? col->u.i128[row] : col->u.i64[row], ty->scale);
		break;
	}
	return true;
}

static bool
out_time(const struct weir_host *host, struct csv_out *co,
    const struct weir_type *ty, const struct weir_column *col, uint32_t row)
{
	char *to = out_room(host, co, CSV_ROOM);

	if (to == NULL)
		return false;
	if (ty->kind == WEIR_TIMESTAMP)
		co->len += weir__time_print(to, col->u.i64[row]);
	else if (ty->kind == WEIR_DATE)
		co->len += weir__time_print_date(to, col->u.i32[row]);
	else
		co->len += weir__time_print_duration(to, col->u.i64[row]);
	return true;
}

static bool
out_value(const struct weir_host *host, const struct csv_write_config *cf,
    struct csv_out *co, const struct weir_type *ty,
    const struct weir_column *col, uint32_t row)
{
	const struct weir_str *s;

	if (!weir_present(col) || !weir_valid(col, row))
		return out_add(host, co, weir_str_data(&cf->null),
		    cf->null.len);
	switch (ty->kind) {
	case WEIR_BOOL:
		return weir_bit(col->u.bits, row) ? out_add(host, co, "true", 4)
						  : out_add(host, co, "false",
							5);
	case WEIR_INT32:
	case WEIR_INT64:
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
	case WEIR_DECIMAL:
		return out_number(host, co, ty, col, row);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
	case WEIR_DURATION:
		return out_time(host, co, ty, col, row);
	case WEIR_STRING:
	case WEIR_JSON:
		s = &col->u.str[row];
		return out_text(host, cf, co, weir_str_data(s), s->len);
	default:
		return out_json(host, cf, co, ty, col, row);
	}
}

/* ---- the format */

static bool
out_line_end(const struct weir_host *host, const struct csv_write_config *cf,
    struct csv_out *co)
{
	return cf->lines == CSV_CRLF ? out_add(host, co, "\r\n", 2)
				     : out_add(host, co, "\n", 1);
}

static int
csv_begin(struct fsink_file *f, struct weir_err *err)
{
	const struct csv_write_config *cf =
	    (const struct csv_write_config *)f->env.cf;
	const struct weir_schema *sc = f->env.cf->schema;
	struct csv_out *co = f->own;
	bool ok = true;
	uint32_t i;

	if (!cf->header)
		return WEIR_OK;
	for (i = 0; ok && i < sc->ncols; i++) {
		if (i > 0)
			ok = out_add(f->env.host, co, &cf->delimiter, 1);
		ok = ok && out_text(f->env.host, cf, co, sc->cols[i].name,
		    strlen(sc->cols[i].name));
	}
	if (!ok || !out_line_end(f->env.host, cf, co))
		return csv_no_memory(f->env.host, err);
	ok = fsink_put(f, co->p, co->len, err) == WEIR_OK;
	co->len = 0;
	return ok ? WEIR_OK : WEIR_ERROR;
}

static bool
csv_row(struct fsink_file *f, const struct weir_batch *b, uint32_t row)
{
	const struct csv_write_config *cf =
	    (const struct csv_write_config *)f->env.cf;
	struct csv_out *co = f->own;
	size_t from = co->len;
	uint32_t c;

	for (c = 0; c < b->ncols; c++) {
		if (c > 0 && !out_add(f->env.host, co, &cf->delimiter, 1))
			return false;
		if (!out_value(f->env.host, cf, co, b->schema->cols[c].type,
			&b->cols[c], row))
			return false;
	}
	/* An empty line would be no row to most readers. */
	if (b->ncols == 1 && co->len == from &&
	    !out_add(f->env.host, co, "\"\"", 2))
		return false;
	return out_line_end(f->env.host, cf, co);
}

static int
csv_rows(struct fsink_file *f, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, struct weir_err *err)
{
	struct csv_out *co = f->own;
	uint32_t i;
	int rc;

	for (i = 0; i < n; i++) {
		if (!csv_row(f, b, rows != NULL ? rows[i] : i))
			return csv_no_memory(f->env.host, err);
		if (co->len < FSINK_BUFFER / 2 && i + 1 < n)
			continue;
		rc = fsink_put(f, co->p, co->len, err);
		co->len = 0;
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

static void
csv_drop(struct fsink_file *f)
{
	struct csv_out *co = f->own;

	f->env.host->free(co->p);
}

static const struct fsink_format csv_format = {
	.extension = "csv",
	.codes = "file",
	.own_size = sizeof(struct csv_out),
	.begin = csv_begin,
	.rows = csv_rows,
	.drop = csv_drop,
};

/* ---- the stage */

static int
csv_write_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct csv_write_config *cf = config;
	const char *null = weir_str_data(&cf->null);
	uint32_t i;

	cf->delimiter = csv_delimiter(bi, &cf->delimiter_text, err);
	if (cf->delimiter == '\0')
		return WEIR_ERROR;
	cf->special['"'] = cf->special['\r'] = cf->special['\n'] = true;
	cf->special[(uint8_t)cf->delimiter] = true;
	for (i = 0; i < cf->null.len; i++)
		if (cf->special[(uint8_t)null[i]])
			return weir_option_fail(bi, "null", err, "csv.null",
			    "the text for null must have no quote, delimiter "
			    "or line end in it");
	return fsink_bind(bi, &cf->sink, &csv_format, err);
}

static const char *const formulas_names[] = { "keep", "escape", NULL };
static const char *const lines_names[] = { "crlf", "lf", NULL };

static const struct weir_option write_delimiter = {
	.size = sizeof(struct weir_option),
	.name = "delimiter",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct csv_write_config, delimiter_text),
	.def = "\",\"",
	.help = "What stands between fields: one character.",
};

static const struct weir_option write_header = {
	.size = sizeof(struct weir_option),
	.name = "header",
	.type = WEIR_OPT_BOOL,
	.offset = offsetof(struct csv_write_config, header),
	.def = "true",
	.help = "Each file begins with a line of the columns' names.",
};

static const struct weir_option write_null = {
	.size = sizeof(struct weir_option),
	.name = "null",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct csv_write_config, null),
	.def = "\"\"",
	.help = "The text for null.  A text that is the same is put in quotes, "
		"so that the two can be told apart: an empty field is null, "
		"\"\" is the empty text.",
};

static const struct weir_option write_formulas = {
	.size = sizeof(struct weir_option),
	.name = "formulas",
	.type = WEIR_OPT_ENUM,
	.offset = offsetof(struct csv_write_config, formulas),
	.def = "keep",
	.choices = formulas_names,
	.help = "escape: text that a spreadsheet would run as a formula (it "
		"begins with = + - @, a tab or a carriage return) gets a ' in "
		"front.  keep: text is written as it is.",
};

static const struct weir_option write_lines = {
	.size = sizeof(struct weir_option),
	.name = "lines",
	.type = WEIR_OPT_ENUM,
	.offset = offsetof(struct csv_write_config, lines),
	.def = "crlf",
	.choices = lines_names,
	.help = "How lines end: crlf, as RFC 4180 has it, or lf.",
};

static const struct weir_option *const write_options[] = {
	FSINK_OPTIONS,
	&write_delimiter,
	&write_header,
	&write_null,
	&write_formulas,
	&write_lines,
	NULL,
};

const struct weir_stage_type csv_write = {
	.size = sizeof(struct weir_stage_type),
	.verb = "write",
	.summary = "write rows as comma-separated values",
	.help = "RFC 4180, UTF-8: a field is in quotes where it holds the "
		"delimiter, a quote or a line end, and quotes in it are "
		"doubled.  Numbers have all their digits, timestamps are RFC "
		"3339, bytes are base64, lists, maps and structs are JSON.\n\n"
		FSINK_HELP,
	.example = "generate.payments(count: 1000, start: "
		   "\"2026-01-01T00:00:00Z\")\n"
		   "    -> csv.write(\"out/payments\")",
	.role = WEIR_SINK,
	.options = write_options,
	.config_size = sizeof(struct csv_write_config),
	.state_size = sizeof(struct fsink_state),
	.bind = csv_write_bind,
	.init = fsink_init,
	.fini = fsink_fini,
	.sink = &fsink_ops,
};
