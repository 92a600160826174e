/* SPDX-License-Identifier: MIT
 *
 * file.read: the lines of text files.
 */
#include "../common/fileset.h"
#include "base/utf8.h"
#include "file.h"

enum {
	FILE_VALUE = 0,
	FILE_PATH,
	FILE_LINE,
	FILE_COLUMNS,
};

struct file_read_config {
	struct weir_config head;
	struct weir_str path_text;
	bool bytes;

	const char *path;
};

struct file_read_state {
	struct fset_source source;
	int64_t line; /* number of the next one */
	bool long_line; /* in one whose beginning was rejected */
};

static const char *const file_endings[] = { ".ndjson", ".jsonl", ".json",
	".txt", ".log", NULL };

static int
no_memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

/* Count the lines before the place where the source goes on. */
static int
count_lines(struct weir_stage *st, struct weir_err *err)
{
	struct file_read_state *rs = st->state;
	struct fset_source *so = &rs->source;
	int64_t start = so->starts[so->at];
	struct fset_reader fr;
	const char *p, *nl;
	size_t n;
	int rc;

	rs->line = 1;
	rs->long_line = false;
	if (start == 0)
		return WEIR_OK;
	rc = fset_open(&fr, st->host, so->files.paths[so->at], 0, err);
	while (rc == WEIR_OK && fr.offset < start && !fr.ended) {
		rc = fset_more(&fr, err);
		if (rc != WEIR_OK)
			break;
		p = fset_left(&fr, &n);
		if ((int64_t)n > start - fr.offset)
			n = (size_t)(start - fr.offset);
		fset_take(&fr, n);
		while ((nl = memchr(p, '\n', n)) != NULL) {
			rs->line++;
			n -= (size_t)(nl + 1 - p);
			p = nl + 1;
		}
	}
	fset_close(&fr);
	return rc;
}

/* The next line of the block, without its end; false: more is needed.  Of a
 * line that is too long it is a piece, and *whole false but for the last. */
static bool
next_line(struct fset_reader *fr, struct weir_str *line, size_t *used,
    bool *whole)
{
	size_t n, len;
	const char *p = fset_left(fr, &n);
	const char *nl = n > 0 ? memchr(p, '\n', n) : NULL;

	if (nl == NULL && (n == 0 || (!fr->ended && n < FSET_MAX_ROW)))
		return false;
	len = nl != NULL ? (size_t)(nl - p) : n;
	*used = nl != NULL ? len + 1 : n;
	*whole = nl != NULL || fr->ended;
	if (len > 0 && nl != NULL && p[len - 1] == '\r')
		len--;
	*line = weir_str_make(p, len);
	return true;
}

/* One line that can't be a row, in a batch of its own. */
static int
reject(struct weir_stage *st, const struct weir_batch *of, int64_t offset,
    const struct weir_str *s, struct weir_reason *why, struct weir_err *err)
{
	static const struct weir_type text = { .kind = WEIR_BYTES };
	static const struct weir_field field = { .name = "value",
		.type = &text };
	static const struct weir_schema schema = { .ncols = 1, .cols = &field,
		.event_time = -1 };
	struct weir_batch *x = weir_batch_new(st, 0, 1), *root = NULL;
	int64_t *at = NULL;
	char *copy = NULL;
	int rc = WEIR_ERROR;
	uint32_t c;

	if (x != NULL) {
		root = weir_batch_alloc(st, x, sizeof *root + sizeof *s +
		    sizeof *root->cols);
		at = weir_batch_alloc(st, x, 2 * sizeof *at);
		copy = weir_batch_alloc(st, x, s->len + 1);
	}
	if (root != NULL && at != NULL && copy != NULL) {
		memset(root, 0, sizeof *root + sizeof *root->cols);
		root->schema = &schema;
		root->nrows = root->ncols = 1;
		root->cols = (struct weir_column *)(root + 1);
		root->cols->u.str = (struct weir_str *)(root->cols + 1);
		memcpy(copy, weir_str_data(s), s->len);
		*root->cols->u.str = weir_str_make(copy, s->len);
		at[0] = offset;
		at[1] = 0; /* no row of it is valid */
		for (c = 0; c < x->ncols; c++)
			x->cols[c].valid = (uint64_t *)&at[1];
		x->nrows = 1;
		x->partition = of->partition;
		x->positions = at;
		x->root = root;
		rc = weir_reject(st, x, 0, why);
	}
	if (x != NULL)
		weir_batch_unref(st, x);
	return rc == WEIR_OK ? WEIR_OK : no_memory(st, err);
}

static int
reject_utf8(struct weir_stage *st, const struct weir_batch *of,
    int64_t offset, const struct weir_str *s, struct weir_err *err)
{
	struct weir_reason why = { .code = "file.utf8",
		.text = "the line is no valid UTF-8; with bytes: true it is "
			"read as it is",
		.column = "value" };

	why.position = (int64_t)weir__utf8_valid_prefix(weir_str_data(s),
	    s->len);
	return reject(st, of, offset, s, &why, err);
}

/* Of a line that is too long only the beginning is kept. */
static int
reject_long(struct weir_stage *st, const struct weir_batch *of,
    int64_t offset, const struct weir_str *s, struct weir_err *err)
{
	struct weir_reason why = { .code = "file.long",
		.text = "the line is longer than 16 MiB; its first 4096 bytes "
			"are here",
		.column = "value", .position = FSET_MAX_ROW };
	struct weir_str head = weir_str_make(weir_str_data(s),
	    s->len < 4096 ? s->len : 4096);

	return reject(st, of, offset, &head, &why, err);
}

/* Windows puts a byte order mark before text. */
static void
skip_mark(struct weir_str *s)
{
	const char *p = weir_str_data(s);

	if (s->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		*s = weir_str_make(p + 3, s->len - 3);
}

static int
fill(struct weir_stage *st, struct weir_batch *b, int64_t *at, uint32_t max,
    struct weir_err *err)
{
	const struct file_read_config *cf = st->config;
	struct file_read_state *rs = st->state;
	struct fset_reader *fr = &rs->source.re;
	const char *path = rs->source.files.paths[rs->source.at];
	struct weir_str s;
	uint32_t n = 0;
	size_t used;
	bool whole;

	for (; n < max && next_line(fr, &s, &used, &whole);
	    fset_take(fr, used)) {
		int64_t line = rs->line;

		b->bytes += used;
		rs->line += whole;
		if (rs->long_line || !whole || s.len > FSET_MAX_ROW) {
			if (!rs->long_line &&
			    reject_long(st, b, fr->offset, &s, err) != WEIR_OK)
				return WEIR_ERROR;
			rs->long_line = !whole;
			continue;
		}
		if (!cf->bytes && fr->offset == 0)
			skip_mark(&s);
		if (!cf->bytes &&
		    !weir__utf8_valid(weir_str_data(&s), s.len)) {
			if (reject_utf8(st, b, fr->offset, &s, err) != WEIR_OK)
				return WEIR_ERROR;
			continue;
		}
		if (weir_wanted(st, 0, FILE_VALUE))
			b->cols[FILE_VALUE].u.str[n] = s;
		if (weir_wanted(st, 0, FILE_PATH))
			b->cols[FILE_PATH].u.str[n] = weir_str_make(path,
			    strlen(path));
		if (weir_wanted(st, 0, FILE_LINE))
			b->cols[FILE_LINE].u.i64[n] = line;
		at[n++] = fr->offset;
	}
	b->nrows = n;
	return WEIR_OK;
}

/* Lines of the block, or of the next one. */
static int
poll_block(struct weir_stage *st, uint32_t max, struct weir_err *err)
{
	struct file_read_state *rs = st->state;
	struct fset_source *so = &rs->source;
	struct weir_batch *b = weir_batch_new(st, 0, max);
	int64_t *at = b == NULL ? NULL :
	    weir_batch_alloc(st, b, max * sizeof *at);
	int rc = WEIR_OK;

	if (at == NULL || fset_pin(st, so, b) != WEIR_OK) {
		if (b != NULL)
			weir_batch_unref(st, b);
		return no_memory(st, err);
	}
	b->partition = fset_source_no(so);
	b->positions = at;
	if (fill(st, b, at, max, err) != WEIR_OK) {
		weir_batch_unref(st, b);
		return WEIR_ERROR;
	}
	rc = weir_emit(st, 0, b, err);
	return rc != WEIR_OK ? rc : weir_position(st, fset_source_no(so),
	    so->re.offset, WEIR_PART_READING);
}

static int
file_read_poll(struct weir_stage *st, uint32_t max_rows, int64_t wait_us,
    struct weir_err *err)
{
	struct file_read_state *rs = st->state;
	struct fset_source *so = &rs->source;
	struct fset_reader *fr = &so->re;
	struct weir_str s;
	size_t used;
	bool fresh, whole;
	int rc;

	(void)wait_us;
	if (max_rows > WEIR_BATCH_ROWS)
		max_rows = WEIR_BATCH_ROWS;
	rc = fset_source_ready(st, so, &fresh, err);
	if (rc == WEIR_OK && fresh)
		rc = count_lines(st, err);
	if (rc != WEIR_OK)
		return rc;
	while (!next_line(fr, &s, &used, &whole)) {
		if (fr->ended)
			return fset_source_next(st, so) == WEIR_OK ? WEIR_OK :
			    no_memory(st, err);
		if (fset_more(fr, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return poll_block(st, max_rows, err);
}

static int
file_read_open(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	const struct file_read_config *cf = st->config;
	struct file_read_state *rs = st->state;

	return fset_source_open(st, &rs->source, cf->path, file_endings, at, n,
	    err);
}

static const struct weir_source_ops file_source = {
	.size = sizeof(struct weir_source_ops),
	.open = file_read_open,
	.poll = file_read_poll,
};

static void
file_read_fini(struct weir_stage *st)
{
	struct file_read_state *rs = st->state;

	fset_source_fini(st, &rs->source);
}

static int
file_read_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	static const struct weir_type string = { .kind = WEIR_STRING };
	static const struct weir_type bytes = { .kind = WEIR_BYTES };
	static const struct weir_type number = { .kind = WEIR_INT64 };
	struct file_read_config *cf = config;
	const struct weir_field fields[FILE_COLUMNS] = {
		[FILE_VALUE] = { .name = "value", .required = true,
		    .type = cf->bytes ? &bytes : &string },
		[FILE_PATH] = { .name = "path", .required = true,
		    .type = &string },
		[FILE_LINE] = { .name = "line_no", .required = true,
		    .type = &number },
	};
	char *path = weir_plan_alloc(bi, cf->path_text.len + 1);
	int i;

	if (path == NULL)
		goto memory;
	memcpy(path, weir_str_data(&cf->path_text), cf->path_text.len);
	cf->path = path;
	for (i = 0; i < FILE_COLUMNS; i++)
		if (weir_out_field(bi, 0, &fields[i]) != WEIR_OK)
			goto memory;
	return WEIR_OK;
memory:
	return WEIR_BIND_HOST(bi)->fail(err, WEIR_NOWHERE, "memory",
	    "out of memory");
}

static int
file_read_probe(struct weir_bind *bi, const void *config, struct weir_err *err)
{
	const struct file_read_config *cf = config;
	struct fset_list li;

	if (fset_find(WEIR_BIND_HOST(bi), &li, cf->path, file_endings, err) !=
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
	.offset = offsetof(struct file_read_config, path_text),
	.help = "A file, a pattern such as \"logs/*.log\", or a directory, of "
		"which all .ndjson, .jsonl, .json, .txt and .log files are "
		"read, those in directories below it too.  gzip and zstd are "
		"unpacked.",
};

static const struct weir_option read_bytes = {
	.size = sizeof(struct weir_option),
	.name = "bytes",
	.type = WEIR_OPT_BOOL,
	.offset = offsetof(struct file_read_config, bytes),
	.def = "false",
	.help = "value is of type bytes and need not be UTF-8.  Otherwise a "
		"line that is not is rejected.",
};

static const struct weir_option *const read_options[] = {
	&read_path,
	&read_bytes,
	NULL,
};

const struct weir_stage_type file_read = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "read the lines of text files",
	.help = "The columns are value: string! (the line without its LF or "
		"CRLF), path: string!, line_no: int64!.  A decoder takes "
		"value, so that JSON by the line is read by file.read(...) "
		"-> json.decode(schema).\n\n"
		"The files are read once, in the order of their names, and "
		"the source ends; each is a partition, and a row's offset is "
		"the byte where its line begins.\n\n"
		"A byte order mark at the beginning of a file is no part of "
		"its first line, and a line longer than 16 MiB is rejected "
		"(file.long), as is one that is no UTF-8 (file.utf8).",
	.example = "file.read(\"/etc/services\")\n"
		   "    -> where(value like \"http%\")\n"
		   "    -> select { line_no, value }\n"
		   "    -> show()",
	.role = WEIR_SOURCE,
	.flags = WEIR_STAGEF_BOUNDED,
	.options = read_options,
	.config_size = sizeof(struct file_read_config),
	.state_size = sizeof(struct file_read_state),
	.bind = file_read_bind,
	.probe = file_read_probe,
	.fini = file_read_fini,
	.source = &file_source,
};
