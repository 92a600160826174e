/* SPDX-License-Identifier: MIT
 *
 * show: rows on standard output, in aligned columns.
 *
 * Cells are collected as text until the epoch ends (or there are enough for
 * one table) and printed when the epoch is prepared.
 */
#include <errno.h>
#include <stdio.h>

#include "base/utf8.h"
#include "core.h"
#include "show.h"

#define SHOW_CHUNK 1000u /* rows of one table at most */
#define SHOW_BYTES 65536u /* text kept before it is printed */

struct show_config {
	struct weir_config head;
	int64_t limit;
	int64_t width;
	int32_t format; /* enum show_format */
	struct weir_str title;
	const struct weir_schema *schema;
};

/* Rows waiting to be printed: cell texts one after another, where each ends,
 * and how many characters each has. */
struct show_cells {
	struct show_text text;
	size_t *ends;
	uint32_t *chars;
	size_t n;
	size_t cap;
	uint32_t rows;
};

struct show_state {
	struct show_cells cells;
	struct show_text done; /* tables of this epoch */
	int64_t left;	       /* rows that may still be shown in this epoch */
	uint64_t rows;	       /* of this epoch */
	uint64_t hidden;
	bool headed; /* csv: the header has been written */
};

/* What a cut hands to prepare. */
struct show_cut {
	struct show_text done;
	uint64_t rows;
};

struct show_publisher {
	uint64_t epoch;
};

/* ---- cells */

static bool
utf8_first(char c)
{
	return ((uint8_t)c & 0xc0) != 0x80;
}

/* The text from `from` on becomes a cell: no more than `width` characters, and
 * nothing that could steer a terminal. */
static bool
cells_end(const struct weir_host *host, struct show_cells *ce, size_t from,
    size_t width)
{
	struct show_text *tx = &ce->text;
	uint32_t chars = 0;
	size_t i, cut = 0;

	if (ce->n == ce->cap) {
		size_t cap = ce->cap == 0 ? 256 : ce->cap * 2;
		size_t *ends = host->realloc(ce->ends, cap * sizeof *ends);
		uint32_t *cs;

		if (ends == NULL)
			return false;
		ce->ends = ends;
		cs = host->realloc(ce->chars, cap * sizeof *cs);
		if (cs == NULL)
			return false;
		ce->chars = cs;
		ce->cap = cap;
	}
	for (i = from; i < tx->len; i++) {
		if ((uint8_t)tx->p[i] < 0x20 || tx->p[i] == 0x7f)
			tx->p[i] = ' ';
		if (!utf8_first(tx->p[i]))
			continue;
		if (width > 0 && chars == width - 1)
			cut = i;
		chars++;
	}
	if (width > 0 && chars > width) {
		tx->len = cut;
		chars = (uint32_t)width;
		if (!show_add(host, tx, "\xe2\x80\xa6", 3))
			return false;
	}
	ce->chars[ce->n] = chars;
	ce->ends[ce->n++] = tx->len;
	return true;
}

static bool
cells_str(const struct weir_host *host, struct show_cells *ce, const char *s,
    size_t n, size_t width)
{
	size_t from = ce->text.len;

	return show_add(host, &ce->text, s, n) &&
	    cells_end(host, ce, from, width);
}

/* One value: text, and bytes that are text, as it is, everything else as in
 * JSON without quotes. */
static bool
cells_value(const struct weir_host *host, struct show_cells *ce,
    const struct weir_type *ty, const struct weir_column *co, uint32_t row,
    size_t width)
{
	struct show_text *tx = &ce->text;
	size_t from = tx->len, room = 64, len = 0;
	char *to;

	if (!weir_present(co))
		return cells_str(host, ce, "", 0, width);
	if (!weir_valid(co, row))
		return cells_str(host, ce, "null", 4, width);
	if (ty->kind == WEIR_STRING || ty->kind == WEIR_JSON ||
	    (ty->kind == WEIR_BYTES && weir__utf8_valid(
		weir_str_data(&co->u.str[row]), co->u.str[row].len)))
		return cells_str(host, ce, weir_str_data(&co->u.str[row]),
		    co->u.str[row].len, width);
	for (;;) {
		to = show_room(host, tx, room);
		if (to == NULL ||
		    host->json_text(ty, co, row, to, room, &len) != WEIR_OK)
			return false;
		if (len <= room)
			break;
		room = len;
	}
	if (!weir_type_nested(ty) && len >= 2 && to[0] == '"') {
		len -= 2;
		memmove(to, to + 1, len);
	}
	tx->len += len;
	return cells_end(host, ce, from, width);
}

/* ---- tables */

static bool
show_right(const struct weir_type *ty)
{
	return (ty->kind >= WEIR_INT32 && ty->kind <= WEIR_DECIMAL) ||
	    ty->kind == WEIR_DURATION;
}

static bool
show_cell(const struct weir_host *host, struct show_text *tx, const char *p,
    size_t len, size_t chars, size_t width, bool right, bool last)
{
	size_t pad = width > chars ? width - chars : 0;

	if (right && !show_fill(host, tx, ' ', pad))
		return false;
	if (!show_add(host, tx, p, len))
		return false;
	if (last)
		return show_add(host, tx, "\n", 1);
	return show_fill(host, tx, ' ', (right ? 0 : pad) + 2);
}

static size_t
show_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += utf8_first(*s);
	return n;
}

/* The width of column c over its head and all waiting rows. */
static size_t
show_width(const struct show_cells *ce, const char *head, uint32_t c,
    uint32_t ncols)
{
	size_t w = show_chars(head), i;

	for (i = c; i < ce->n; i += ncols)
		if (ce->chars[i] > w)
			w = ce->chars[i];
	return w;
}

/* Put the waiting cells into a table; of changes, the first column is the
 * operation. */
static int
show_table(struct weir_stage *st, struct weir_err *err)
{
	const struct show_config *cf = st->config;
	const struct weir_schema *sc = cf->schema;
	struct show_state *ss = st->state;
	struct show_cells *ce = &ss->cells;
	uint32_t ops = sc->kind == WEIR_CHANGES, nc = sc->ncols + ops, c;
	size_t *widths, i, at;
	bool ok = true;

	if (ce->rows == 0)
		return WEIR_OK;
	widths = st->host->alloc((nc + 1) * sizeof *widths);
	if (widths == NULL)
		return core_no_memory(st->host, err);
	if (cf->title.len > 0)
		ok = show_add(st->host, &ss->done, weir_str_data(&cf->title),
		    cf->title.len) && show_add(st->host, &ss->done, "\n", 1);
	for (c = 0; ok && c < nc; c++) {
		const char *head = c < ops ? "" : sc->cols[c - ops].name;

		widths[c] = show_width(ce, head, c, nc);
		ok = show_cell(st->host, &ss->done, head, strlen(head),
		    show_chars(head), widths[c],
		    c >= ops && show_right(sc->cols[c - ops].type),
		    c + 1 == nc);
	}
	for (i = 0, at = 0; ok && i < ce->n; at = ce->ends[i++]) {
		c = (uint32_t)(i % nc);
		ok = show_cell(st->host, &ss->done, ce->text.p + at,
		    ce->ends[i] - at, ce->chars[i], widths[c],
		    c >= ops && show_right(sc->cols[c - ops].type),
		    c + 1 == nc);
	}
	st->host->free(widths);
	ce->n = 0;
	ce->rows = 0;
	ce->text.len = 0;
	return ok ? WEIR_OK : core_no_memory(st->host, err);
}

static int
show_print(const struct weir_host *host, struct show_text *tx,
    struct weir_err *err)
{
	size_t n = tx->len;

	tx->len = 0;
	if (n == 0)
		return WEIR_OK;
	if (fwrite(tx->p, 1, n, stdout) != n || fflush(stdout) != 0)
		return host->fail(err, WEIR_NOWHERE, "show.output",
		    "cannot write to standard output: %s", strerror(errno));
	return WEIR_OK;
}

/* ---- the sink */

static int
show_init(struct weir_stage *st, struct weir_err *err)
{
	const struct show_config *cf = st->config;
	struct show_state *ss = st->state;

	(void)err;
	ss->left = cf->limit > 0 ? cf->limit : INT64_MAX;
	return WEIR_OK;
}

static void
show_fini(struct weir_stage *st)
{
	struct show_state *ss = st->state;

	st->host->free(ss->cells.text.p);
	st->host->free(ss->cells.ends);
	st->host->free(ss->cells.chars);
	st->host->free(ss->done.p);
}

static bool
show_row(struct weir_stage *st, const struct weir_batch *b, uint32_t row)
{
	const struct show_config *cf = st->config;
	struct show_state *ss = st->state;
	size_t width = (size_t)cf->width;
	uint32_t c;

	if (b->schema->kind == WEIR_CHANGES) {
		bool del = b->ops != NULL && b->ops[row] == WEIR_DELETE;

		if (!cells_str(st->host, &ss->cells, del ? "-" : "+", 1, 0))
			return false;
	}
	for (c = 0; c < b->ncols; c++)
		if (!cells_value(st->host, &ss->cells,
			b->schema->cols[c].type, &b->cols[c], row, width))
			return false;
	ss->cells.rows++;
	return true;
}

static int
show_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct show_config *cf = st->config;
	struct show_state *ss = st->state;
	uint32_t i;

	ss->rows += b->nrows;
	for (i = 0; i < b->nrows && ss->left > 0; i++, ss->left--) {
		if (cf->format == SHOW_TABLE ? !show_row(st, b, i) :
			!show_line(st->host, &ss->done, b, i, cf->format,
			    &ss->headed))
			return core_no_memory(st->host, err);
		if (ss->cells.rows < SHOW_CHUNK && ss->done.len < SHOW_BYTES)
			continue;
		if (show_table(st, err) != WEIR_OK ||
		    show_print(st->host, &ss->done, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	ss->hidden += b->nrows - i;
	return WEIR_OK;
}

static int
show_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	const struct show_config *cf = st->config;
	struct show_state *ss = st->state;
	struct show_cut *sc;
	char note[80];
	int n;

	(void)epoch;
	(void)last;
	if (show_table(st, err) != WEIR_OK)
		return WEIR_ERROR;
	if (ss->hidden > 0 && cf->format == SHOW_TABLE) {
		n = snprintf(note, sizeof note, "... and %llu more rows\n",
		    (unsigned long long)ss->hidden);
		if (!show_add(st->host, &ss->done, note, (size_t)n))
			return core_no_memory(st->host, err);
	}
	sc = st->host->zalloc(sizeof *sc);
	if (sc == NULL)
		return core_no_memory(st->host, err);
	sc->done = ss->done;
	sc->rows = ss->rows;
	memset(&ss->done, 0, sizeof ss->done);
	ss->rows = 0;
	ss->hidden = 0;
	ss->left = cf->limit > 0 ? cf->limit : INT64_MAX;
	*cut = sc;
	return WEIR_OK;
}

static int
show_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err)
{
	struct show_cut *sc = cut;
	int rc;

	rc = show_print(st->host, &sc->done, err);
	intent->rows = sc->rows;
	st->host->free(sc->done.p);
	st->host->free(sc);
	return rc;
}

/* ---- the publisher: all has been printed already */

static int
show_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	struct show_publisher *sp = pb->state;

	(void)err;
	sp->epoch = fence->epoch;
	return WEIR_OK;
}

static int
show_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	struct show_publisher *sp = pb->state;

	(void)intents;
	(void)n;
	(void)err;
	sp->epoch = epoch;
	return WEIR_OK;
}

static int
show_last_published(struct weir_publisher *pb, uint64_t *epoch,
    struct weir_err *err)
{
	const struct show_publisher *sp = pb->state;

	(void)err;
	*epoch = sp->epoch;
	return WEIR_OK;
}

static void
show_abandon(struct weir_publisher *pb)
{
	(void)pb;
}

static void
show_close(struct weir_publisher *pb)
{
	(void)pb;
}

static const struct weir_sink_ops show_sink = {
	.size = sizeof(struct weir_sink_ops),
	.write = show_write,
	.cut = show_cut,
	.prepare = show_prepare,
	.publisher_size = sizeof(struct show_publisher),
	.open = show_open,
	.publish = show_publish,
	.last_published = show_last_published,
	.abandon = show_abandon,
	.close = show_close,
};

static int
show_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct show_config *cf = config;

	(void)err;
	cf->schema = weir_input(bi, 0);
	return WEIR_OK;
}

static const struct weir_option show_limit = {
	.size = sizeof(struct weir_option),
	.name = "limit",
	.type = WEIR_OPT_INT,
	.flags = WEIR_OPTF_POSITIONAL,
	.offset = offsetof(struct show_config, limit),
	.def = "0",
	.unit = "rows",
	.min = 0,
	.max = 9e15,
	.help = "How many rows of each epoch are shown; 0: all.",
};

static const struct weir_option show_width_option = {
	.size = sizeof(struct weir_option),
	.name = "width",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct show_config, width),
	.def = "48",
	.unit = "characters",
	.min = 0,
	.max = 65536,
	.help = "The widest that a column gets; longer values are cut off.  "
		"0: no limit.",
};

static const char *const show_formats[] = { "table", "json", "csv", NULL };

static const struct weir_option show_format = {
	.size = sizeof(struct weir_option),
	.name = "format",
	.type = WEIR_OPT_ENUM,
	.offset = offsetof(struct show_config, format),
	.def = "table",
	.choices = show_formats,
	.help = "An aligned table, a JSON object a row, or CSV with a header.",
};

static const struct weir_option show_title = {
	.size = sizeof(struct weir_option),
	.name = "title",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct show_config, title),
	.help = "A line above each table.",
};

static const struct weir_option *const show_options[] = {
	&show_limit,
	&show_width_option,
	&show_title,
	&show_format,
	NULL,
};

const struct weir_stage_type core_show = {
	.size = sizeof(struct weir_stage_type),
	.verb = "show",
	.summary = "print rows on standard output",
	.help = "The rows of an epoch are printed as one table, when the epoch "
		"ends.  In a stream of changes the first column is + for a "
		"row that was put and - for one that was deleted.  Control "
		"characters are shown as blanks.",
	.example = "generate.sequence(to: 5) -> show()",
	.role = WEIR_SINK,
	.flags = WEIR_STAGEF_CHANGES,
	.options = show_options,
	.config_size = sizeof(struct show_config),
	.state_size = sizeof(struct show_state),
	.bind = show_bind,
	.init = show_init,
	.fini = show_fini,
	.sink = &show_sink,
};
