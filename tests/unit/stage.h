/* SPDX-License-Identifier: MIT
 *
 * A stand-in for the engine, to run one stage of a plugin in a unit test.
 *
 *	struct ts *ts = ts_new(ts_plugin("json"), "decode", "value: bytes");
 *	ts_opt(ts, "schema", "id: int64!, tags: list(string)");
 *	ts_bind(ts, &err); ts_init(ts, &err);
 *	b = ts_batch(ts, 2); ts_text(b, 0, 0, "{\"id\": 1}", 9); ...
 *	ts_process(ts, b, &err);
 *	ts_dump(ts, 0)		each emitted row as JSON, a line each
 *	ts_rejects(ts)		"row code column position" a line each
 *	ts_free(ts);
 *
 * Texts are kept in blocks of exactly their size, so that sanitizers see each
 * byte read beyond them.
 */
#ifndef STAGE_H
#define STAGE_H

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"
#include "batch/json_text.h"
#include "stage_types.h"
#include "weir/plugin.h"

#define TS_MAX 64 /* output columns, emitted batches a port */

struct weir_expr {
	const struct weir_field *field;
	int32_t col;
};

struct weir_bind {
	const struct weir_host *host;
	struct ts *ts;
};

/* What stands behind the batches of this harness. */
struct ts_private {
	struct weir__arena ar;
	struct ts *ts;
	int refs;
};

struct ts_stage {
	struct weir_stage st;
	struct ts *ts;
};

struct ts {
	struct weir_host host;
	struct weir_bind bind;
	struct ts_stage stage;
	struct weir__arena ar;
	const struct weir_plugin *plugin;
	const struct weir_stage_type *type;
	struct weir_schema in;
	struct weir_schema out;
	int32_t pass[TS_MAX]; /* column of the input, or -1 */
	bool unwanted[TS_MAX];
	void *config;
	bool bound;
	bool inited;
	struct weir_batch *batches[TS_MAX]; /* emitted */
	uint32_t nbatches;
	struct weir__buf rejects;
	struct weir__buf texts; /* reasons */
	struct weir__buf logs;
	struct weir__buf dump;
	uint64_t nrejects;
	int64_t live; /* batches not yet released */
	int64_t clock;
	struct weir_batch *current; /* being processed */
};

/* A table without keys: its one slot. */
struct weir_table {
	char slot[64] __attribute__((aligned(16)));
};

/* --------------------------------------------------------------- binding */

static int
ts_fail(struct weir_err *err, struct weir_span span, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return WEIR_ERROR;
	memset(err, 0, sizeof *err);
	err->span = span;
	snprintf(err->code, sizeof err->code, "%s", code);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return WEIR_ERROR;
}

static int
ts_option_fail(struct weir_bind *bi, const char *name, struct weir_err *err,
    const char *code, const char *fmt, ...)
{
	va_list ap;

	(void)bi;
	memset(err, 0, sizeof *err);
	snprintf(err->code, sizeof err->code, "%s", code);
	snprintf(err->stage, sizeof err->stage, "%s", name); /* for tests */
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return WEIR_ERROR;
}

static struct weir_span
ts_option_span(struct weir_bind *bi, const char *name)
{
	(void)bi;
	(void)name;
	return WEIR_NOWHERE;
}

static uint32_t
ts_inputs(struct weir_bind *bi)
{
	return bi->ts->in.ncols != 0;
}

static const struct weir_schema *
ts_input(struct weir_bind *bi, uint32_t i)
{
	return i == 0 ? &bi->ts->in : NULL;
}

static const struct weir_table *
ts_table(struct weir_bind *bi, const struct weir_table_spec *spec)
{
	if (spec->nkeys != 0 || spec->slot_size > sizeof(struct weir_table))
		return NULL;
	return weir__arena_zalloc(&bi->ts->ar, sizeof(struct weir_table));
}

static int
ts_lookup(struct weir_stage *st, const struct weir_table *ta,
    const struct weir_column *const *keys, const uint32_t *rows, uint32_t n,
    const int64_t *due, void **slots, uint8_t *created)
{
	(void)st;
	(void)keys;
	(void)rows;
	(void)due;
	(void)created;
	if (n != 1)
		return WEIR_ERROR;
	slots[0] = (void *)(uintptr_t)ta->slot;
	return WEIR_OK;
}

static void *
ts_plan_alloc(struct weir_bind *bi, size_t n)
{
	return weir__arena_zalloc(&bi->ts->ar, n);
}

static const struct weir_type *
ts_make_type(struct weir_bind *bi, enum weir_kind kind, int precision,
    int scale, const struct weir_field *fields, uint32_t nfields)
{
	struct weir_type *ty = weir__arena_zalloc(&bi->ts->ar, sizeof *ty);
	struct weir_field *fs = NULL;

	if (nfields != 0)
		fs = weir__arena_zalloc(&bi->ts->ar, nfields * sizeof *fs);
	if (ty == NULL || (nfields != 0 && fs == NULL))
		return NULL;
	if (nfields != 0)
		memcpy(fs, fields, nfields * sizeof *fs);
	*ty = (struct weir_type){ .kind = (uint8_t)kind,
		.precision = (uint8_t)precision, .scale = (uint8_t)scale,
		.nfields = nfields, .fields = fs };
	return ty;
}

static int
ts_out_add(struct ts *ts, const struct weir_field *fi, const char *name,
    int32_t pass)
{
	struct weir_field *fs = (struct weir_field *)ts->out.cols;
	uint32_t i = ts->out.ncols;

	if (i == TS_MAX)
		return ts_fail(NULL, WEIR_NOWHERE, "test", "too many columns");
	fs[i] = *fi;
	fs[i].name = weir__arena_strdup(&ts->ar, name ? name : fi->name);
	ts->pass[i] = pass;
	ts->out.ncols++;
	return fs[i].name == NULL ? WEIR_ERROR : WEIR_OK;
}

static int
ts_out_field(struct weir_bind *bi, uint32_t port, const struct weir_field *fi)
{
	return port != 0 ? WEIR_OK : ts_out_add(bi->ts, fi, NULL, -1);
}

static int
ts_out_pass(struct weir_bind *bi, uint32_t port, uint32_t input, uint32_t col,
    const char *name)
{
	(void)input;
	return port != 0 ? WEIR_OK
			 : ts_out_add(bi->ts, &bi->ts->in.cols[col], name,
			       (int32_t)col);
}

static int
ts_event_time(struct weir_bind *bi, uint32_t port, uint32_t col)
{
	if (port == 0)
		bi->ts->out.event_time = (int32_t)col;
	return WEIR_OK;
}

static int
ts_changes(struct weir_bind *bi, uint32_t port, const uint32_t *keys,
    uint32_t nkeys)
{
	if (port == 0) {
		bi->ts->out.kind = WEIR_CHANGES;
		bi->ts->out.keys = keys;
		bi->ts->out.nkeys = nkeys;
	}
	return WEIR_OK;
}

static int
ts_reads(struct weir_bind *bi, uint32_t input, uint32_t col)
{
	(void)bi;
	(void)input;
	(void)col;
	return WEIR_OK;
}

static int
ts_reads_all(struct weir_bind *bi, uint32_t input)
{
	(void)bi;
	(void)input;
	return WEIR_OK;
}

static const struct weir_type *
ts_expr_type(const struct weir_expr *ex)
{
	return ex->field->type;
}

static const char *
ts_expr_name(const struct weir_expr *ex)
{
	return ex->field->name;
}

static int32_t
ts_expr_column_no(const struct weir_expr *ex)
{
	return ex->col;
}

static bool
ts_expr_required(const struct weir_expr *ex)
{
	return ex->field->required;
}

static struct weir_span
ts_expr_span(const struct weir_expr *ex)
{
	return ex->field->span;
}

static const struct weir_value *
ts_expr_const(const struct weir_expr *ex)
{
	(void)ex;
	return NULL;
}

/* --------------------------------------------------------------- batches */

static struct ts_private *
ts_priv(const struct weir_batch *b)
{
	return (void *)b->priv;
}

static void
ts_storage(struct ts *ts, struct weir_batch *b, const struct weir_type *ty,
    struct weir_column *co, uint32_t rows, bool deep, bool *ok)
{
	size_t w = weir_type_width(ty);
	uint32_t i;
	void *p = NULL;

	(void)ts;
	if (w != 0)
		p = weir__arena_alloc(&ts_priv(b)->ar, w * rows + 1);
	else if (ty->kind == WEIR_BOOL)
		p = weir__arena_alloc(&ts_priv(b)->ar,
		    8 * WEIR_BITMAP_WORDS(rows) + 8);
	if ((w != 0 || ty->kind == WEIR_BOOL) && p == NULL)
		*ok = false;
	co->u.data = p;
	if (ty->kind == WEIR_LIST || ty->kind == WEIR_MAP) {
		co->offsets = weir__arena_zalloc(&ts_priv(b)->ar, 4 * (rows + 1));
		*ok = *ok && co->offsets != NULL;
	}
	if (weir_type_nested(ty)) {
		co->child = weir__arena_zalloc(&ts_priv(b)->ar,
		    (ty->nfields + 1) * sizeof *co->child);
		co->nchild = ty->nfields;
		if (co->child == NULL)
			*ok = false;
		else if (deep)
			for (i = 0; i < ty->nfields; i++)
				ts_storage(ts, b, ty->fields[i].type,
				    &co->child[i], rows, deep, ok);
	}
}

static void
ts_unref(struct weir_batch *b)
{
	struct ts *ts = ts_priv(b)->ts;
	struct ts_private *pr = ts_priv(b);

	if (--pr->refs > 0)
		return;
	weir__arena_fini(&pr->ar);
	free(pr);
	free(b->cols);
	free(b);
	ts->live--;
}

static struct weir_batch *
ts_make(struct ts *ts, const struct weir_schema *sc, uint32_t rows)
{
	struct weir_batch *b = calloc(1, sizeof *b);

	b->priv = calloc(1, sizeof(struct ts_private));
	b->cols = calloc(sc->ncols + 1, sizeof *b->cols);
	weir__arena_init(&ts_priv(b)->ar, 0);
	ts_priv(b)->refs = 1;
	ts_priv(b)->ts = ts;
	b->schema = sc;
	b->ncols = sc->ncols;
	b->source = -1;
	b->nrows = rows;
	ts->live++;
	return b;
}

static bool
ts_wanted(const struct weir_stage *st, uint32_t port, uint32_t col)
{
	return port == 0 && !((const struct ts_stage *)st)->ts->unwanted[col];
}

static struct weir_batch *
ts_out_new(struct ts *ts, uint32_t rows, bool passed)
{
	struct weir_batch *b = ts_make(ts, &ts->out, rows);
	bool ok = true;
	uint32_t i;

	for (i = 0; i < ts->out.ncols; i++)
		if (!ts->unwanted[i] && !(passed && ts->pass[i] >= 0))
			ts_storage(ts, b, ts->out.cols[i].type, &b->cols[i],
			    rows, false, &ok);
	if (ok)
		return b;
	ts_unref(b);
	return NULL;
}

static struct weir_batch *
ts_batch_new(struct weir_stage *st, uint32_t port, uint32_t rows)
{
	struct weir_batch *b;

	if (port != 0)
		abort();
	b = ts_out_new(((struct ts_stage *)st)->ts, rows, false);
	if (b != NULL)
		b->nrows = 0;
	return b;
}

/* Rows of a flat column. */
static void
ts_take(struct weir_batch *to, const struct weir_type *ty,
    struct weir_column *out, const struct weir_column *in,
    const uint32_t *rows, uint32_t n)
{
	size_t w = weir_type_width(ty);
	bool ok = true;
	uint32_t i;

	if (rows == NULL || weir_type_nested(ty)) {
		if (rows != NULL) {
			fprintf(stderr, "stage.h: nested column passed\n");
			abort();
		}
		*out = *in;
		return;
	}
	ts_storage(ts_priv(to)->ts, to, ty, out, n, false, &ok);
	if (in->valid != NULL)
		out->valid = weir__arena_zalloc(&ts_priv(to)->ar,
		    8 * WEIR_BITMAP_WORDS(n) + 8);
	if (!ok)
		return;
	for (i = 0; i < n; i++) {
		if (in->valid != NULL)
			weir_bit_put(out->valid, i, weir_valid(in, rows[i]));
		if (w != 0)
			memcpy((char *)out->u.data + i * w,
			    (char *)in->u.data + rows[i] * w, w);
		else
			weir_bit_put(out->u.bits, i,
			    weir_bit(in->u.bits, rows[i]));
	}
}

static void
ts_unref_arg(void *p)
{
	ts_unref(p);
}

static struct weir_batch *
ts_batch_derive(struct weir_stage *st, uint32_t port, struct weir_batch *of,
    const uint32_t *rows, uint32_t n)
{
	struct ts *ts = ((struct ts_stage *)st)->ts;
	struct weir_batch *b;
	uint32_t i;

	if (port != 0)
		abort();
	b = ts_out_new(ts, n, true);
	if (b == NULL)
		return NULL;
	if (weir__arena_on_fini(&ts_priv(b)->ar, ts_unref_arg, of) != 0) {
		ts_unref(b);
		return NULL;
	}
	ts_priv(of)->refs++;
	if (rows == NULL)
		b->ops = of->ops;
	for (i = 0; i < ts->out.ncols; i++)
		if (ts->pass[i] >= 0 && !ts->unwanted[i])
			ts_take(b, ts->out.cols[i].type, &b->cols[i],
			    &of->cols[ts->pass[i]], rows, n);
	return b;
}

static void *
ts_batch_alloc(struct weir_batch *b, size_t n)
{
	return weir__arena_alloc(&ts_priv(b)->ar, n);
}

static int
ts_batch_pin(struct weir_batch *b, void *p, void (*release)(void *))
{
	return weir__arena_on_fini(&ts_priv(b)->ar, release, p) == 0 ? WEIR_OK
								   : WEIR_ERROR;
}

static struct weir_batch *
ts_ref(struct weir_batch *b)
{
	ts_priv(b)->refs++;
	return b;
}

static int
ts_emit(struct weir_stage *st, uint32_t port, struct weir_batch *b,
    struct weir_err *err)
{
	struct ts *ts = ((struct ts_stage *)st)->ts;

	(void)err;
	if (port != 0 || b->nrows == 0 || ts->nbatches == TS_MAX)
		ts_unref(b);
	else
		ts->batches[ts->nbatches++] = b;
	return WEIR_OK;
}

static int
ts_reject(struct weir_stage *st, const struct weir_batch *b, uint32_t row,
    const struct weir_reason *why)
{
	struct ts *ts = ((struct ts_stage *)st)->ts;

	(void)b;
	ts->nrejects++;
	weir__buf_printf(&ts->rejects, "%u %s %s %lld\n", row, why->code,
	    why->column == NULL ? "-" : why->column,
	    (long long)why->position);
	weir__buf_printf(&ts->texts, "%s\n", why->text);
	return WEIR_OK;
}

/* ----------------------------------------------------------- other calls */

static void
ts_log(const struct weir_stage *st, enum weir_log_level level, const char *fmt,
    ...)
{
	struct ts *ts = ((const struct ts_stage *)st)->ts;
	char line[512];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	weir__buf_printf(&ts->logs, "%s\n", line);
}

static bool
ts_stopping(const struct weir_stage *st)
{
	(void)st;
	return false;
}

static int64_t
ts_now(const struct weir_stage *st)
{
	return ((const struct ts_stage *)st)->ts->clock;
}

static void
ts_metric(const struct weir_stage *st, const char *name, const char *labels,
    double value)
{
	(void)st;
	(void)name;
	(void)labels;
	(void)value;
}

static const struct weir_column *
ts_expr_eval(struct weir_stage *st, const struct weir_expr *ex)
{
	return &((struct ts_stage *)st)->ts->current->cols[ex->col];
}

static const struct weir_schema *
ts_out_schema(const struct weir_stage *st, uint32_t port)
{
	return port == 0 ? &((const struct ts_stage *)st)->ts->out : NULL;
}

static void
ts_count(struct weir_stage *st, uint64_t rows)
{
	(void)st;
	(void)rows;
}

static void
ts_host(struct weir_host *h)
{
	*h = (struct weir_host){ .size = sizeof *h, .alloc = weir__alloc,
		.zalloc = weir__zalloc, .realloc = weir__realloc,
		.free = weir__free, .fail = ts_fail,
		.expr_type = ts_expr_type, .expr_name = ts_expr_name,
		.expr_required = ts_expr_required, .expr_span = ts_expr_span,
		.expr_const = ts_expr_const,
		.expr_column_no = ts_expr_column_no, .inputs = ts_inputs,
		.input = ts_input, .plan_alloc = ts_plan_alloc,
		.make_type = ts_make_type, .option_span = ts_option_span,
		.option_fail = ts_option_fail, .out_field = ts_out_field,
		.out_pass = ts_out_pass, .out_changes = ts_changes,
		.out_event_time = ts_event_time,
		.reads = ts_reads, .reads_all = ts_reads_all, .log = ts_log,
		.stopping = ts_stopping, .now = ts_now, .clock = ts_now,
		.metric = ts_metric, .out_schema = ts_out_schema,
		.wanted = ts_wanted, .batch_new = ts_batch_new,
		.table = ts_table, .lookup = ts_lookup,
		.batch_derive = ts_batch_derive, .batch_alloc = ts_batch_alloc,
		.batch_pin = ts_batch_pin, .batch_ref = ts_ref,
		.batch_unref = ts_unref, .emit = ts_emit, .reject = ts_reject,
		.absorb = ts_count, .filtered = ts_count,
		.created = ts_count, .expr_eval = ts_expr_eval,
		.io = &weir__io };
}

/* --------------------------------------------------------------- options */

/* Each comma-separated piece of `text` in turn. */
static bool
ts_piece(const char **text, char *out, size_t cap)
{
	size_t n;

	*text = ts_ws(*text);
	n = strcspn(*text, ",");
	if (n == 0)
		return false;
	snprintf(out, cap, "%.*s", (int)n, *text);
	*text += n;
	return true;
}

static void
ts_opt_list(struct ts *ts, const struct weir_option *op, void *at,
    const char *text)
{
	struct weir_list *li = at;
	struct weir_str *ss = weir__arena_zalloc(&ts->ar, 64 * sizeof *ss);
	uint32_t *us = weir__arena_zalloc(&ts->ar, 64 * sizeof *us);
	char piece[1024];

	for (li->n = 0; ts_piece(&text, piece, sizeof piece); li->n++) {
		const char *p = weir__arena_strdup(&ts->ar, piece);

		ss[li->n] = weir_str_make(p, strlen(p));
		us[li->n] = (uint32_t)ts_col(&ts->in, piece);
	}
	li->items = op->type == WEIR_OPT_STRINGS ? (void *)ss : (void *)us;
}

static void
ts_opt_put(struct ts *ts, const struct weir_option *op, const char *text)
{
	void *at = (char *)ts->config + op->offset;
	const char *p = weir__arena_strdup(&ts->ar, text);
	int32_t i;

	switch (op->type) {
	case WEIR_OPT_BOOL:
		*(bool *)at = strcmp(text, "true") == 0;
		break;
	case WEIR_OPT_INT:
	case WEIR_OPT_DURATION:
	case WEIR_OPT_SIZE:
	case WEIR_OPT_TIMESTAMP:
		*(int64_t *)at = strtoll(text, NULL, 10);
		break;
	case WEIR_OPT_FLOAT:
		*(double *)at = strtod(text, NULL);
		break;
	case WEIR_OPT_ENUM:
		for (i = 0; op->choices[i] != NULL; i++)
			if (strcmp(op->choices[i], text) == 0)
				break;
		if (op->choices[i] == NULL)
			abort();
		*(int32_t *)at = i;
		break;
	case WEIR_OPT_STRING:
		if (*p == '"')
			ts_quoted(&ts->ar, p, &p);
		*(struct weir_str *)at = weir_str_make(p, strlen(p));
		break;
	case WEIR_OPT_COLUMN:
		*(int32_t *)at = ts_col(&ts->in, text);
		break;
	case WEIR_OPT_STRINGS:
	case WEIR_OPT_COLUMNS:
		ts_opt_list(ts, op, at, text);
		break;
	case WEIR_OPT_SCHEMA: {
		struct weir_schema *sc =
		    weir__arena_zalloc(&ts->ar, sizeof *sc);

		ts_schema(&ts->ar, sc, text);
		*(const struct weir_schema **)at = sc;
		break;
	}
	case WEIR_OPT_EXPR: {
		struct weir_expr *ex = weir__arena_zalloc(&ts->ar, sizeof *ex);

		ex->col = ts_col(&ts->in, text);
		ex->field = &ts->in.cols[ex->col];
		*(const struct weir_expr **)at = ex;
		break;
	}
	default:
		fprintf(stderr, "stage.h: option type %d\n", op->type);
		abort();
	}
}

/* Set an option by its text: a number, a choice, a column's name, names parted
 * by commas, or the fields of a schema. */
static inline void
ts_opt(struct ts *ts, const char *name, const char *text)
{
	uint32_t i;

	for (i = 0; ts->type->options[i] != NULL; i++)
		if (strcmp(ts->type->options[i]->name, name) == 0)
			break;
	if (ts->type->options[i] == NULL) {
		fprintf(stderr, "stage.h: no option \"%s\"\n", name);
		abort();
	}
	ts_opt_put(ts, ts->type->options[i], text);
	((struct weir_config *)ts->config)->set |= UINT64_C(1) << i;
}

/* ------------------------------------------------------------------ life */

/* The plugin of a name: $WEIR_PLUGINS/NAME.so or NAME/.libs/NAME.so there, or
 * ../plugins/NAME.so beside the running program's folder. */
static inline const struct weir_plugin *
ts_plugin(const char *name)
{
	const char *dir = getenv("WEIR_PLUGINS");
	char path[4096], self[3072];
	ssize_t n;
	void *so;

	if (dir != NULL) {
		snprintf(path, sizeof path, "%s/%s.so", dir, name);
		if (access(path, F_OK) != 0)
			snprintf(path, sizeof path, "%s/%s/.libs/%s.so", dir,
			    name, name);
	} else {
		n = readlink("/proc/self/exe", self, sizeof self - 1);
		self[n < 0 ? 0 : n] = '\0';
		*strrchr(self, '/') = '\0';
		snprintf(path, sizeof path, "%s/../plugins/%s.so", self, name);
	}
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (so == NULL) {
		printf("Bail out! %s\n", dlerror());
		exit(1);
	}
	return dlsym(so, "weir_plugin");
}

static inline struct ts *
ts_new(const struct weir_plugin *pl, const char *verb, const char *input)
{
	struct ts *ts = calloc(1, sizeof *ts);
	uint32_t i;

	weir__arena_init(&ts->ar, 0);
	weir__buf_init(&ts->rejects);
	weir__buf_init(&ts->texts);
	weir__buf_init(&ts->logs);
	weir__buf_init(&ts->dump);
	ts_host(&ts->host);
	ts->bind = (struct weir_bind){ .host = &ts->host, .ts = ts };
	ts->clock = INT64_C(1767225600000000);
	ts->plugin = pl;
	for (i = 0; pl->stages[i] != NULL; i++)
		if (strcmp(pl->stages[i]->verb, verb) == 0)
			ts->type = pl->stages[i];
	if (ts->type == NULL)
		abort();
	ts_schema(&ts->ar, &ts->in, input);
	ts->config = calloc(1, ts->type->config_size);
	ts->out.cols = calloc(TS_MAX, sizeof *ts->out.cols);
	ts->out.event_time = -1;
	for (i = 0; ts->type->options[i] != NULL; i++) {
		const struct weir_option *op = ts->type->options[i];

		if (op->type == WEIR_OPT_COLUMN)
			*(int32_t *)((char *)ts->config + op->offset) = -1;
		if (op->def != NULL)
			ts_opt_put(ts, op, op->def);
	}
	return ts;
}

static inline int
ts_bind(struct ts *ts, struct weir_err *err)
{
	int rc = WEIR_OK;

	if (ts->type->bind != NULL)
		rc = ts->type->bind(&ts->bind, ts->config, err);
	ts->bound = true;
	return rc;
}

static inline int
ts_init(struct ts *ts, struct weir_err *err)
{
	ts->stage.ts = ts;
	ts->stage.st = (struct weir_stage){ .host = &ts->host,
		.config = ts->config, .id = "test",
		.state = calloc(1, ts->type->state_size + 1) };
	ts->inited = true;
	return ts->type->init == NULL ? WEIR_OK
				      : ts->type->init(&ts->stage.st, err);
}

/* Drop what was emitted and rejected so far. */
static inline void
ts_clear(struct ts *ts)
{
	uint32_t i;

	for (i = 0; i < ts->nbatches; i++)
		ts_unref(ts->batches[i]);
	ts->nbatches = 0;
	ts->nrejects = 0;
	weir__buf_clear(&ts->rejects);
	weir__buf_clear(&ts->texts);
	weir__buf_clear(&ts->logs);
}

/* The number of batches that were not released: 0 when all is well. */
static inline int64_t
ts_free(struct ts *ts)
{
	int64_t live;

	ts_clear(ts);
	if (ts->inited && ts->type->fini != NULL)
		ts->type->fini(&ts->stage.st);
	if (ts->bound && ts->type->unbind != NULL)
		ts->type->unbind(ts->config);
	live = ts->live;
	free(ts->stage.st.state);
	free(ts->config);
	free((void *)ts->out.cols);
	weir__arena_fini(&ts->ar);
	weir__buf_fini(&ts->rejects);
	weir__buf_fini(&ts->texts);
	weir__buf_fini(&ts->logs);
	weir__buf_fini(&ts->dump);
	free(ts);
	return live;
}

/* An input batch with storage for every column. */
static inline struct weir_batch *
ts_batch(struct ts *ts, uint32_t rows)
{
	struct weir_batch *b = ts_make(ts, &ts->in, rows);
	bool ok = true;
	uint32_t i;

	for (i = 0; i < b->ncols; i++)
		ts_storage(ts, b, ts->in.cols[i].type, &b->cols[i], rows, true,
		    &ok);
	if (!ok)
		abort();
	return b;
}

static inline void
ts_text(struct weir_batch *b, uint32_t col, uint32_t row, const char *p,
    size_t n)
{
	char *copy = malloc(n != 0 ? n : 1);

	memcpy(copy, p, n);
	b->cols[col].u.str[row] = weir_str_make(copy, n);
	if (n <= WEIR_STR_SMALL)
		free(copy);
	else if (weir__arena_on_fini(&ts_priv(b)->ar, free, copy) != 0)
		abort();
}

static inline void
ts_null(struct weir_batch *b, uint32_t col, uint32_t row)
{
	struct weir_column *co = &b->cols[col];
	size_t n = 8 * WEIR_BITMAP_WORDS(b->nrows);
	size_t w = weir_type_width(b->schema->cols[col].type);

	if (co->valid == NULL) {
		co->valid = weir__arena_alloc(&ts_priv(b)->ar, n);
		memset(co->valid, 0xff, n);
	}
	weir_bit_clear(co->valid, row);
	if (w != 0)
		memset((char *)co->u.data + row * w, 0, w);
}

/* Run one batch; consumes the reference. */
static inline int
ts_process(struct ts *ts, struct weir_batch *b, struct weir_err *err)
{
	int rc;

	ts->current = b;
	rc = ts->type->process(&ts->stage.st, 0, b, err);
	ts_unref(b);
	return rc;
}

/* All emitted rows, a line of JSON each. */
static inline const char *
ts_dump(struct ts *ts)
{
	uint32_t i, r;

	weir__buf_clear(&ts->dump);
	for (i = 0; i < ts->nbatches; i++)
		for (r = 0; r < ts->batches[i]->nrows; r++) {
			weir__json_row(&ts->dump, &ts->out,
			    ts->batches[i]->cols, r);
			weir__buf_chr(&ts->dump, '\n');
		}
	return weir__buf_cstr(&ts->dump);
}

static inline const char *
ts_rejects(struct ts *ts)
{
	return weir__buf_cstr(&ts->rejects);
}

#endif
