/* SPDX-License-Identifier: MIT
 *
 * csv.read: rows of comma-separated values (RFC 4180), strictly.
 */
#include <stdio.h>

#include "../common/fileset.h"
#include "convert.h"
#include "csv.h"
#include "parse.h"

#define CSV_MAX_FIELDS 4096u

struct csv_read_config {
	struct weir_config head;
	struct weir_str path_text;
	const struct weir_schema *schema; /* or NULL: every column a string */
	bool header;
	struct weir_str delimiter_text;
	struct weir_str null;

	char delimiter;
	const char *path;
	const struct weir_field *cols;
	uint32_t ncols;
};

struct csv_read_state {
	struct fset_source source;
	struct csv_record record;
	int32_t *map;	  /* column -> field of the current file, or -1 */
	uint32_t nfields; /* of each record of the current file, 0: unknown */
};

/* A batch being filled. */
struct csv_batch {
	struct weir_stage *st;
	struct weir_batch *b;
	int64_t *positions;
	const char *text; /* of the record */
	int64_t offset;
};

static const char *const csv_endings[] = { ".csv", ".tsv", ".txt", NULL };

/* ---- rejected rows */

/* The batch of one row that stands for a record that is none: its root has
 * the record's text as `value`. */
static struct weir_batch *
bad_batch(const struct csv_batch *cb, size_t len)
{
	static const struct weir_type text = { .kind = WEIR_BYTES };
	static const struct weir_field field = { .name = "value",
		.type = &text };
	static const struct weir_schema schema = { .ncols = 1, .cols = &field,
		.event_time = -1 };
	struct weir_batch *x = weir_batch_new(cb->st, 0, 1), *root;
	struct weir_str *s;
	int64_t *at;
	uint32_t c;
	char *copy;

	if (x == NULL)
		return NULL;
	root = weir_batch_alloc(cb->st, x, sizeof *root);
	s = weir_batch_alloc(cb->st, x, sizeof *s);
	at = weir_batch_alloc(cb->st, x, sizeof *at);
	copy = weir_batch_alloc(cb->st, x, len + 1);
	if (root == NULL || s == NULL || at == NULL || copy == NULL)
		goto fail;
	memcpy(copy, cb->text, len);
	*s = weir_str_make(copy, len);
	*at = cb->offset;
	memset(root, 0, sizeof *root);
	root->schema = &schema;
	root->nrows = root->ncols = 1;
	root->cols = weir_batch_alloc(cb->st, x, sizeof *root->cols);
	if (root->cols == NULL)
		goto fail;
	memset(root->cols, 0, sizeof *root->cols);
	root->cols->u.str = s;
	for (c = 0; c < x->ncols; c++) {
		uint64_t *valid = weir_batch_alloc(cb->st, x, sizeof *valid);

		if (valid == NULL)
			goto fail;
		*valid = 0;
		x->cols[c].valid = valid;
	}
	x->nrows = 1;
	x->partition = cb->b->partition;
	x->positions = at;
	x->root = root;
	return x;
fail:
	weir_batch_unref(cb->st, x);
	return NULL;
}

static int
reject(const struct csv_batch *cb, size_t len, const struct weir_reason *why,
    struct weir_err *err)
{
	struct weir_batch *x = bad_batch(cb, len);
	int rc;

	if (x == NULL)
		return csv_no_memory(cb->st->host, err);
	rc = weir_reject(cb->st, x, 0, why);
	weir_batch_unref(cb->st, x);
	return rc == WEIR_OK ? WEIR_OK : csv_no_memory(cb->st->host, err);
}

static int
reject_record(const struct csv_batch *cb, const struct csv_record *re,
    const char *code, const char *text, size_t at, struct weir_err *err)
{
	struct weir_reason why = {
		.code = code,
		.text = text,
		.position = (int64_t)at,
	};

	return reject(cb, re->length, &why, err);
}

/* ---- rows */

/* The text of a field, or NULL where memory is out. */
static const char *
field_text(const struct csv_batch *cb, const struct csv_field *f, size_t *n)
{
	char *to;

	*n = f->n;
	if (!f->doubled)
		return f->p;
	to = weir_batch_alloc(cb->st, cb->b, f->n);
	if (to != NULL)
		*n = csv_unquote(to, f);
	return to;
}

static bool
is_null(const struct csv_read_config *cf, const struct csv_field *f)
{
	return f == NULL || (!f->quoted && f->n == cf->null.len &&
	    memcmp(f->p, weir_str_data(&cf->null), f->n) == 0);
}

static void
bad_text(char *to, size_t cap, const struct weir_field *fi, const char *code,
    const struct csv_field *f)
{
	if (strcmp(code, "csv.missing") == 0)
		snprintf(to, cap, "%s must not be empty", fi->name);
	else if (strcmp(code, "csv.range") == 0)
		snprintf(to, cap, "%.*s is more than %s can hold",
		    (int)(f->n > 60 ? 60 : f->n), f->p, fi->name);
	else
		snprintf(to, cap, "expected %s, found %.*s", csv_expected(fi),
		    (int)(f->n > 60 ? 60 : f->n), f->p);
}

/* Row `row` of the batch out of the record; false when it was rejected. */
static bool
put_row(const struct csv_batch *cb, const struct csv_read_state *rs,
    uint32_t row, int *rc, struct weir_err *err)
{
	const struct csv_read_config *cf = cb->st->config;
	const struct csv_record *re = &rs->record;
	struct weir_reason why = { .code = NULL };
	char text[160];
	uint32_t c;
	size_t n;

	for (c = 0; c < cf->ncols; c++) {
		const struct weir_field *fi = &cf->cols[c];
		const struct csv_field *f = rs->map[c] < 0 ? NULL :
		    &re->fields[rs->map[c]];
		struct weir_column *co = &cb->b->cols[c];
		bool null = is_null(cf, f);
		const char *p;

		if (co->valid != NULL)
			weir_bit_put(co->valid, row, !null);
		if (null && fi->required)
			why.code = "csv.missing";
		else if (!null) {
			p = field_text(cb, f, &n);
			why.code = p == NULL ? "memory" : csv_convert(fi, co,
			    row, p, n, cb->st, cb->b);
		} else if (co->u.data != NULL && weir_type_width(fi->type) > 0)
			memset((char *)co->u.data +
			    row * weir_type_width(fi->type), 0,
			    weir_type_width(fi->type));
		if (why.code == NULL)
			continue;
		if (strcmp(why.code, "memory") == 0) {
			*rc = csv_no_memory(cb->st->host, err);
			return false;
		}
		bad_text(text, sizeof text, fi, why.code, f);
		why.text = text;
		why.column = fi->name;
		why.position = f != NULL ? (int64_t)f->at : 0;
		*rc = reject(cb, re->length, &why, err);
		return false;
	}
	return true;
}

/* ---- the head of a file */

/* Is the field's text this name? */
static bool
is_name(const struct csv_field *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->n; i++, name++) {
		if (f->p[i] != *name)
			return false;
		i += f->doubled && f->p[i] == '"';
	}
	return *name == '\0';
}

/* Which field each column is: by the names in the header. */
static int
map_header(struct weir_stage *st, const char *path, struct weir_err *err)
{
	const struct csv_read_config *cf = st->config;
	struct csv_read_state *rs = st->state;
	const struct csv_record *re = &rs->record;
	uint32_t c, i;

	for (c = 0; c < cf->ncols; c++) {
		const char *name = cf->cols[c].from != NULL
		    ? cf->cols[c].from : cf->cols[c].name;

		rs->map[c] = -1;
		for (i = 0; i < re->n && i < re->cap; i++) {
			if (!is_name(&re->fields[i], name))
				continue;
			if (rs->map[c] >= 0)
				return st->host->fail(err, WEIR_NOWHERE,
				    "csv.header", "%s has two columns \"%s\"",
				    path, name);
			rs->map[c] = (int32_t)i;
		}
		if (rs->map[c] < 0 && cf->cols[c].required)
			return st->host->fail(err, WEIR_NOWHERE, "csv.header",
			    "%s has no column \"%s\", which the schema "
			    "requires; its header is the first line", path,
			    name);
	}
	return WEIR_OK;
}

/* No end in sight.  A quote that is never closed costs its line alone. */
static enum csv_result
too_long(struct csv_record *re, const char *p, size_t n, char delimiter)
{
	if (csv_parse(re, p, n, true, delimiter) == CSV_BAD)
		return CSV_BAD;
	re->used = re->length = n;
	re->why = "it is longer than 16 MiB";
	re->where = 0;
	return CSV_BAD;
}

/* Parse one record; with more bytes as needed.  WEIR_END: there is none. */
static int
next_record(struct weir_stage *st, struct fset_reader *fr, bool may_read,
    enum csv_result *res, struct weir_err *err)
{
	const struct csv_read_config *cf = st->config;
	struct csv_read_state *rs = st->state;
	const char *p;
	size_t n;

	for (;;) {
		p = fset_left(fr, &n);
		if (n > 0) {
			*res = csv_parse(&rs->record, p, n, fr->ended,
			    cf->delimiter);
			if (*res == CSV_MORE && n > FSET_MAX_ROW)
				*res = too_long(&rs->record, p, n,
				    cf->delimiter);
			if (*res != CSV_MORE)
				return WEIR_OK;
		} else if (fr->ended) {
			return WEIR_END;
		}
		if (!may_read)
			return WEIR_AGAIN;
		if (fset_more(fr, err) != WEIR_OK)
			return WEIR_ERROR;
	}
}

static void
skip_bom(struct fset_reader *fr)
{
	size_t n;
	const char *p = fset_left(fr, &n);

	if (fr->offset == 0 && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		fset_take(fr, 3);
}

/* A file was opened: learn its columns.  One that is gone on with further
 * down is read from its beginning for that. */
static int
begin_file(struct weir_stage *st, struct weir_err *err)
{
	const struct csv_read_config *cf = st->config;
	struct csv_read_state *rs = st->state;
	struct fset_source *so = &rs->source;
	const char *path = so->files.paths[so->at];
	int64_t start = so->starts[so->at];
	enum csv_result res;
	uint32_t c;
	int rc;

	rs->nfields = cf->header ? 0 : cf->ncols;
	for (c = 0; c < cf->ncols; c++)
		rs->map[c] = (int32_t)c;
	if (cf->header && start > 0) {
		fset_close(&so->re);
		if (fset_open(&so->re, st->host, path, 0, err) != WEIR_OK) {
			so->open = false;
			return WEIR_ERROR;
		}
	}
	if (fset_more(&so->re, err) != WEIR_OK)
		return WEIR_ERROR;
	skip_bom(&so->re);
	if (!cf->header)
		return WEIR_OK;
	rc = next_record(st, &so->re, true, &res, err);
	if (rc != WEIR_OK)
		return rc == WEIR_END ? WEIR_OK : rc;
	if (res == CSV_BAD)
		return st->host->fail(err, WEIR_NOWHERE, "csv.header",
		    "the header of %s is no CSV: %s", path, rs->record.why);
	if (map_header(st, path, err) != WEIR_OK)
		return WEIR_ERROR;
	rs->nfields = rs->record.n;
	if (start == 0) {
		fset_take(&so->re, rs->record.used);
		return WEIR_OK;
	}
	fset_close(&so->re);
	if (fset_open(&so->re, st->host, path, start, err) == WEIR_OK)
		return WEIR_OK;
	so->open = false;
	return WEIR_ERROR;
}

/* ---- polling */

static int
make_batch(struct csv_batch *cb, struct weir_stage *st, uint32_t max,
    struct weir_err *err)
{
	const struct csv_read_config *cf = st->config;
	const struct csv_read_state *rs = st->state;
	size_t words = WEIR_BITMAP_WORDS(max);
	uint32_t c;

	cb->st = st;
	cb->b = weir_batch_new(st, 0, max);
	if (cb->b == NULL)
		return csv_no_memory(st->host, err);
	cb->b->partition = fset_source_no(&rs->source);
	cb->positions = weir_batch_alloc(st, cb->b,
	    max * sizeof *cb->positions);
	for (c = 0; cb->positions != NULL && c < cf->ncols; c++) {
		if (cf->cols[c].required || !weir_wanted(st, 0, c))
			continue;
		cb->b->cols[c].valid = weir_batch_alloc(st, cb->b, words * 8);
		if (cb->b->cols[c].valid == NULL)
			break;
	}
	if (cb->positions != NULL && c == cf->ncols)
		return WEIR_OK;
	weir_batch_unref(st, cb->b);
	return csv_no_memory(st->host, err);
}

/* What is wrong with the record as such, or NULL. */
static const char *
record_flaw(const struct csv_read_state *rs, enum csv_result res, char *text,
    size_t cap, const char **code, size_t *at)
{
	const struct csv_record *re = &rs->record;

	if (res == CSV_BAD) {
		*code = re->used > FSET_MAX_ROW ? "csv.size" : "csv.quote";
		*at = re->where;
		return re->why;
	}
	if (re->n == rs->nfields)
		return NULL;
	*code = "csv.columns";
	*at = 0;
	snprintf(text, cap, "expected %u fields, found %u", rs->nfields, re->n);
	return text;
}

/* Fill the batch; the number of rows in it. */
static int
fill(struct csv_batch *cb, uint32_t max, uint32_t *nrows, struct weir_err *err)
{
	struct csv_read_state *rs = cb->st->state;
	struct fset_reader *fr = &rs->source.re;
	enum csv_result res;
	const char *flaw, *code;
	char text[64];
	size_t at, left;
	uint32_t n = 0, seen;
	int rc = WEIR_OK;

	for (seen = 0; seen < max && rc == WEIR_OK; seen++) {
		rc = next_record(cb->st, fr, seen == 0, &res, err);
		if (rc != WEIR_OK)
			break;
		cb->text = fset_left(fr, &left);
		cb->offset = fr->offset;
		flaw = record_flaw(rs, res, text, sizeof text, &code, &at);
		if (rs->record.length == 0 && rs->nfields != 1) {
			seen--; /* an empty line */
		} else if (flaw != NULL) {
			rc = reject_record(cb, &rs->record, code, flaw, at,
			    err);
		} else if (put_row(cb, rs, n, &rc, err)) {
			cb->positions[n++] = fr->offset;
		}
		cb->b->bytes += rs->record.used;
		fset_take(fr, rs->record.used);
	}
	*nrows = n;
	return rc == WEIR_AGAIN ? WEIR_OK : rc;
}

static int
send(struct csv_batch *cb, uint32_t n, struct weir_err *err)
{
	struct weir_stage *st = cb->st;
	struct csv_read_state *rs = st->state;
	struct fset_source *so = &rs->source;
	int rc;

	cb->b->nrows = n;
	cb->b->positions = cb->positions;
	if (n == 0) {
		weir_batch_unref(st, cb->b);
		return weir_position(st, fset_source_no(so), so->re.offset,
		    WEIR_PART_READING);
	}
	if (fset_pin(st, so, cb->b) != WEIR_OK) {
		weir_batch_unref(st, cb->b);
		return csv_no_memory(st->host, err);
	}
	rc = weir_emit(st, 0, cb->b, err);
	if (rc == WEIR_OK)
		rc = weir_position(st, fset_source_no(so), so->re.offset,
		    WEIR_PART_READING);
	return rc;
}

static int
csv_read_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	struct csv_read_state *rs = st->state;
	struct csv_batch cb = { .st = NULL };
	bool fresh;
	uint32_t n;
	int rc;

	(void)wait_us;
	if (max_rows > WEIR_BATCH_ROWS)
		max_rows = WEIR_BATCH_ROWS;
	rc = fset_source_ready(st, &rs->source, &fresh, err);
	if (rc == WEIR_OK && fresh)
		rc = begin_file(st, err);
	if (rc != WEIR_OK)
		return rc;
	if (make_batch(&cb, st, max_rows, err) != WEIR_OK)
		return WEIR_ERROR;
	rc = fill(&cb, max_rows, &n, err);
	if (rc == WEIR_ERROR) {
		weir_batch_unref(st, cb.b);
		return rc;
	}
	if (send(&cb, n, err) != WEIR_OK)
		return WEIR_ERROR;
	if (rc == WEIR_END && fset_source_next(st, &rs->source) != WEIR_OK)
		return csv_no_memory(st->host, err);
	return WEIR_OK;
}

static int
csv_read_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct csv_read_config *cf = st->config;
	struct csv_read_state *rs = st->state;

	rs->record.cap = CSV_MAX_FIELDS;
	rs->record.fields = st->host->alloc(CSV_MAX_FIELDS *
	    sizeof *rs->record.fields);
	rs->map = st->host->alloc((cf->ncols + 1) * sizeof *rs->map);
	if (rs->record.fields == NULL || rs->map == NULL)
		return csv_no_memory(st->host, err);
	return fset_source_open(st, &rs->source, cf->path, csv_endings, at, n,
	    err);
}

static const struct weir_source_ops csv_source = {
	.size = sizeof(struct weir_source_ops),
	.open = csv_read_open,
	.poll = csv_read_poll,
};

static void
csv_read_fini(struct weir_stage *st)
{
	struct csv_read_state *rs = st->state;

	fset_source_fini(st, &rs->source);
	st->host->free(rs->record.fields);
	st->host->free(rs->map);
}

/* ---- binding */

/* Without a schema: a string column for each name in the first file's header.
 * A name that is none becomes column_N. */
static int
guess(struct weir_bind *bi, struct csv_read_config *cf,
    const struct csv_record *re, struct weir_err *err)
{
	static const struct weir_type text = { .kind = WEIR_STRING };
	struct weir_field *cols = weir_plan_alloc(bi, (re->n + 1) *
	    sizeof *cols);
	uint32_t i;
	char *name;

	for (i = 0; cols != NULL && i < re->n; i++) {
		const struct csv_field *f = &re->fields[i];

		name = weir_plan_alloc(bi, f->n + 24);
		if (name == NULL)
			break;
		if (cf->header && f->n > 0 && f->doubled)
			csv_unquote(name, f);
		else if (cf->header && f->n > 0)
			memcpy(name, f->p, f->n);
		else
			snprintf(name, 24, "column_%u", i + 1);
		cols[i].name = name;
		cols[i].type = &text;
	}
	if (cols == NULL || i < re->n)
		return csv_no_memory(WEIR_BIND_HOST(bi), err);
	cf->cols = cols;
	cf->ncols = re->n;
	return WEIR_OK;
}

static int
bind_first_line(struct weir_bind *bi, struct csv_read_config *cf,
    struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	struct csv_field *fields = weir_plan_alloc(bi,
	    CSV_MAX_FIELDS * sizeof *fields);
	struct csv_record re = { .fields = fields, .cap = CSV_MAX_FIELDS };
	struct fset_list li = { NULL, 0 };
	struct fset_reader fr = { .host = NULL };
	enum csv_result res = CSV_BAD;
	const char *p;
	size_t n = 0;
	int rc;

	if (fields == NULL)
		return csv_no_memory(host, err);
	if (fset_find(host, &li, cf->path, csv_endings, err) != WEIR_OK)
		return weir_option_fail(bi, "path", err, "file.none",
		    "%s: without a schema the columns are those of the first "
		    "file, and there is none", cf->path);
	rc = fset_open(&fr, host, li.paths[0], 0, err);
	if (rc == WEIR_OK)
		rc = fset_more(&fr, err);
	if (rc == WEIR_OK) {
		skip_bom(&fr);
		p = fset_left(&fr, &n);
		re.why = "it is empty";
		if (n > 0)
			res = csv_parse(&re, p, n, true, cf->delimiter);
		if (res == CSV_RECORD && re.n <= re.cap)
			rc = guess(bi, cf, &re, err);
		else
			rc = weir_option_fail(bi, "path", err, "csv.header",
			    "the first line of %s cannot be read: %s",
			    li.paths[0], re.why);
	}
	fset_close(&fr);
	fset_list_free(host, &li);
	return rc;
}

static int
csv_read_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct csv_read_config *cf = config;
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	char *path = weir_plan_alloc(bi, cf->path_text.len + 1);
	uint32_t i;

	if (path == NULL)
		return csv_no_memory(host, err);
	memcpy(path, weir_str_data(&cf->path_text), cf->path_text.len);
	cf->path = path;
	cf->delimiter = csv_delimiter(bi, &cf->delimiter_text, err);
	if (cf->delimiter == '\0')
		return WEIR_ERROR;
	if (cf->schema != NULL) {
		cf->cols = cf->schema->cols;
		cf->ncols = cf->schema->ncols;
	} else if (bind_first_line(bi, cf, err) != WEIR_OK) {
		return WEIR_ERROR;
	}
	for (i = 0; i < cf->ncols; i++) {
		if (!csv_convertible(cf->cols[i].type))
			return weir_option_fail(bi, "schema", err, "csv.type",
			    "a field of CSV is one plain value, which \"%s\" "
			    "is not; read it as string and decode that",
			    cf->cols[i].name);
		if (weir_out_field(bi, 0, &cf->cols[i]) != WEIR_OK)
			return csv_no_memory(host, err);
	}
	return WEIR_OK;
}

static int
csv_read_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct csv_read_config *cf = config;
	struct fset_list li;

	if (fset_find(WEIR_BIND_HOST(bi), &li, cf->path, csv_endings, err) !=
	    WEIR_OK)
		return WEIR_ERROR;
	fset_list_free(WEIR_BIND_HOST(bi), &li);
	return WEIR_OK;
}

static const struct weir_option read_path = {
	.size = sizeof(struct weir_option),
	.name = "path",
	.type = WEIR_OPT_STRING,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_STATE,
	.offset = offsetof(struct csv_read_config, path_text),
	.help = "A file, a pattern such as \"logs/*.csv\", or a directory, of "
		"which all .csv, .tsv and .txt files are read, those in "
		"directories below it too.  gzip and zstd are unpacked.",
};

static const struct weir_option read_schema = {
	.size = sizeof(struct weir_option),
	.name = "schema",
	.type = WEIR_OPT_SCHEMA,
	.flags = WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct csv_read_config, schema),
	.help = "The columns, found by the names in the header, or by their "
		"order where there is none.  Columns that are only in the "
		"file are passed over; those only in the schema are null.  "
		"Without a schema the columns are those of the first file, "
		"each a string.",
};

static const struct weir_option read_header = {
	.size = sizeof(struct weir_option),
	.name = "header",
	.type = WEIR_OPT_BOOL,
	.offset = offsetof(struct csv_read_config, header),
	.def = "true",
	.help = "The first line of each file holds the names of its columns.",
};

static const struct weir_option read_delimiter = {
	.size = sizeof(struct weir_option),
	.name = "delimiter",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct csv_read_config, delimiter_text),
	.def = "\",\"",
	.help = "What stands between fields: one character.",
};

static const struct weir_option read_null = {
	.size = sizeof(struct weir_option),
	.name = "null",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct csv_read_config, null),
	.def = "\"\"",
	.help = "The field that means null where it is not in quotes.",
};

static const struct weir_option *const read_options[] = {
	&read_path,
	&read_schema,
	&read_header,
	&read_delimiter,
	&read_null,
	NULL,
};

const struct weir_stage_type csv_read = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "read comma-separated values",
	.help = "RFC 4180, UTF-8, lines that end in CRLF or LF; a field in "
		"quotes may span lines.  The files are read once, in the "
		"order of their names, and the source ends; each is a "
		"partition, and a row's offset is the byte where its record "
		"begins.\n\n"
		"A record that has not as many fields as the header, whose "
		"quotes are wrong, or with a field that is not of its type "
		"is rejected (csv.columns, csv.quote, csv.type, csv.range, "
		"csv.missing, csv.utf8) with its text and position.  Empty "
		"lines are passed over where there is more than one column.",
	.example = "schema site { device: string!, site: string!, "
		   "max_celsius: float64! }\n"
		   "csv.read(\"devices.csv\", site) -> show()",
	.role = WEIR_SOURCE,
	.flags = WEIR_STAGEF_BOUNDED,
	.options = read_options,
	.config_size = sizeof(struct csv_read_config),
	.state_size = sizeof(struct csv_read_state),
	.bind = csv_read_bind,
	.probe = csv_read_probe,
	.fini = csv_read_fini,
	.source = &csv_source,
};
