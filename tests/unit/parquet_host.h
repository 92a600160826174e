/* SPDX-License-Identifier: MIT
 *
 * One stage of the plugin "parquet" with stage.h as its engine: what that
 * leaves out of sinks and sources, and columns of made-up values.
 */
#ifndef PARQUET_HOST_H
#define PARQUET_HOST_H

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

#include "stage.h"
#include "t.h"

static struct {
	struct weir_fence fence;
	uint64_t epoch;
	struct weir_value path; /* of the constant */
	const char *prefix;
	struct weir_column paths; /* of the batch being written */
	struct weir_publisher pb;
	struct weir_type text;
	struct weir_field field;
	struct weir_expr expr; /* the path option */
	uint64_t rows;	       /* of the last intent */
	uint64_t held_from;
	struct weir_intent intent; /* of the last epoch, kept for redoing */
	int64_t next; /* sources: the last position reported */
	int state;
	char out[512]; /* a directory for the tests' files */
} ph;

static const struct weir_value *
ph_const(const struct weir_expr *ex)
{
	return ex == &ph.expr && ph.path.type != NULL ? &ph.path : NULL;
}

static const char *
ph_prefix(const struct weir_expr *ex)
{
	(void)ex;
	return ph.prefix;
}

static const struct weir_fence *
ph_fence(const struct weir_stage *st)
{
	(void)st;
	return &ph.fence;
}

static uint64_t
ph_epoch(const struct weir_stage *st)
{
	(void)st;
	return ph.epoch;
}

static const struct weir_column *
ph_eval(struct weir_stage *st, const struct weir_expr *ex)
{
	(void)st;
	(void)ex;
	return &ph.paths;
}

static void
ph_log(const struct weir_publisher *pb, enum weir_log_level level,
    const char *fmt, ...)
{
	(void)pb;
	(void)level;
	(void)fmt;
}

static const char *
ph_local_path(struct weir_bind *bi, struct weir_str path)
{
	return weir__arena_strndup(&bi->ts->ar, weir_str_data(&path),
	    path.len);
}

static int
ph_partition(struct weir_stage *st, int32_t partition, const char *name)
{
	(void)st;
	(void)partition;
	(void)name;
	return WEIR_OK;
}

static int
ph_position(struct weir_stage *st, int32_t partition, int64_t next,
    enum weir_partition_state state)
{
	(void)st;
	(void)partition;
	ph.next = next;
	ph.state = (int)state;
	return WEIR_OK;
}

static void
ph_lag(struct weir_stage *st, int32_t partition, int64_t rows)
{
	(void)st;
	(void)partition;
	(void)rows;
}

/* ---- options */

static double
ph_number(const char *text)
{
	char plain[64];
	size_t n = 0;
	char *end;
	double v;

	for (; *text != '\0' && n + 1 < sizeof plain; text++)
		if (*text != '_')
			plain[n++] = *text;
	plain[n] = '\0';
	v = strtod(plain, &end);
	if (strcmp(end, "KiB") == 0)
		v *= 1024;
	else if (strcmp(end, "MiB") == 0)
		v *= 1048576;
	else if (strcmp(end, "ms") == 0)
		v *= 1000;
	else if (strcmp(end, "s") == 0)
		v *= 1000000;
	else if (strcmp(end, "m") == 0)
		v *= 60000000;
	return v;
}

static void
ph_put(struct ts *ts, const struct weir_option *op, char *base,
    const char *text)
{
	char num[64];

	switch (op->type) {
	case WEIR_OPT_INT:
	case WEIR_OPT_DURATION:
	case WEIR_OPT_SIZE:
		snprintf(num, sizeof num, "%.0f", ph_number(text));
		text = num;
		break;
	default:
		break;
	}
	/* ts_opt_put adds the offset to the config */
	{
		void *keep = ts->config;

		ts->config = base;
		ts_opt_put(ts, op, text);
		ts->config = keep;
	}
}

static void
ph_defaults(struct ts *ts, const struct weir_option *const *op, char *base)
{
	for (; *op != NULL; op++) {
		if ((*op)->type == WEIR_OPT_RECORD)
			ph_defaults(ts, (*op)->fields, base + (*op)->offset);
		else if ((*op)->def != NULL)
			ph_put(ts, *op, base, (*op)->def);
	}
}

/* "keep" or "roll.size". */
static inline void
ph_opt(struct ts *ts, const char *name, const char *text)
{
	const struct weir_option *const *op = ts->type->options;
	const char *point = strchr(name, '.');
	size_t n = point != NULL ? (size_t)(point - name) : strlen(name);
	char *base = ts->config;
	uint32_t i;

	for (i = 0; op[i] != NULL; i++)
		if (strncmp(op[i]->name, name, n) == 0 &&
		    op[i]->name[n] == '\0')
			break;
	if (op[i] == NULL)
		abort();
	((struct weir_config *)ts->config)->set |= UINT64_C(1) << i;
	if (point == NULL) {
		ph_put(ts, op[i], base, text);
		return;
	}
	base += op[i]->offset;
	for (op = op[i]->fields; *op != NULL; op++)
		if (strcmp((*op)->name, point + 1) == 0)
			break;
	if (*op == NULL)
		abort();
	ph_put(ts, *op, base, text);
}

static inline struct ts *
ph_with(const struct weir_plugin *plugin, const char *verb, const char *schema)
{
	struct ts *ts = ts_new(plugin, verb, schema);

	ts->host.expr_const = ph_const;
	ts->host.expr_prefix = ph_prefix;
	ts->host.fence = ph_fence;
	ts->host.epoch_no = ph_epoch;
	ts->host.expr_eval = ph_eval;
	ts->host.publisher_log = ph_log;
	ts->host.local_path = ph_local_path;
	ts->host.partition = ph_partition;
	ts->host.position = ph_position;
	ts->host.lag = ph_lag;
	ph_defaults(ts, ts->type->options, ts->config);
	((struct weir_config *)ts->config)->set = 0;
	memset(&ph.path, 0, sizeof ph.path);
	ph.text.kind = WEIR_STRING;
	ph.field.type = &ph.text;
	ph.expr.field = &ph.field;
	ph.epoch = 1;
	return ts;
}

static inline struct ts *
ph_new(const char *verb, const char *schema)
{
	return ph_with(ts_plugin("parquet"), verb, schema);
}

/* The path option: a constant, or what begins the paths of ph.paths. */
static inline void
ph_path(struct ts *ts, const char *dir, bool constant)
{
	const char *copy = weir__arena_strdup(&ts->ar, dir);
	const struct weir_option *const *op = ts->type->options;

	ph.prefix = copy;
	if (constant) {
		ph.path.type = &ph.text;
		ph.path.u.s = weir_str_make(copy, strlen(copy));
	}
	for (; *op != NULL; op++)
		if ((*op)->type == WEIR_OPT_EXPR)
			*(const struct weir_expr **)((char *)ts->config +
			    (*op)->offset) = &ph.expr;
}

/* ---- a sink's life */

static inline int
ph_open(struct ts *ts, struct weir_err *err)
{
	memset(&ph.pb, 0, sizeof ph.pb);
	ph.pb.host = &ts->host;
	ph.pb.config = ts->config;
	ph.pb.id = "test";
	ph.pb.state = calloc(1, ts->type->sink->publisher_size);
	return ts->type->sink->open(&ph.pb, &ph.fence, err);
}

static inline int
ph_start(struct ts *ts, struct weir_err *err)
{
	if (ph.fence.pipeline == NULL)
		ph.fence = (struct weir_fence){ .fence = 1, .fresh = true,
			.pipeline = "0123456789abcdef0123456789abcdef",
			.sink = "test" };
	if (ts_bind(ts, err) != WEIR_OK || ph_open(ts, err) != WEIR_OK ||
	    ts_init(ts, err) != WEIR_OK)
		return WEIR_ERROR;
	return WEIR_OK;
}

static inline int
ph_write(struct ts *ts, struct weir_batch *b, struct weir_err *err)
{
	int rc = ts->type->sink->write(&ts->stage.st, b, err);

	ts_unref(b);
	return rc;
}

/* The epoch's end, up to its intent. */
static inline int
ph_decide(struct ts *ts, bool last, struct weir_err *err)
{
	const struct weir_sink_ops *si = ts->type->sink;
	void *cut = NULL;
	int rc;

	ts->host.free(ph.intent.data);
	ts->host.free(ph.intent.keep);
	memset(&ph.intent, 0, sizeof ph.intent);
	rc = si->cut(&ts->stage.st, ph.epoch, last, &cut, err);
	if (rc == WEIR_OK)
		rc = si->prepare(&ts->stage.st, cut, &ph.intent, err);
	return rc;
}

static inline int
ph_publish(struct ts *ts, struct weir_err *err)
{
	return ts->type->sink->publish(&ph.pb, ph.epoch, &ph.intent, 1, err);
}

static inline int
ph_epoch_end(struct ts *ts, bool last, struct weir_err *err)
{
	int rc = ph_decide(ts, last, err);

	if (rc == WEIR_OK)
		rc = ph_publish(ts, err);
	ph.epoch++;
	return rc;
}

static inline int64_t
ph_free(struct ts *ts)
{
	if (ph.pb.state != NULL) {
		ts->type->sink->close(&ph.pb);
		free(ph.pb.state);
		ph.pb.state = NULL;
	}
	ts->host.free(ph.intent.data);
	ts->host.free(ph.intent.keep);
	memset(&ph.intent, 0, sizeof ph.intent);
	return ts_free(ts);
}

/* ---- made-up values */

enum ph_nulls {
	PH_NONE,
	PH_ALL,
	PH_ALTERNATING,
	PH_RUNS,
	PH_SOME,
	PH_NULLS,
};

struct ph_gen {
	uint64_t state;
	enum ph_nulls nulls;
	uint32_t kinds;	   /* distinct values; 0: as many as rows */
	uint32_t text_max; /* bytes */
};

static inline uint64_t
ph_random(struct ph_gen *g)
{
	uint64_t z = (g->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void
ph_text(struct ph_gen *g, struct weir_batch *b, struct weir_str *to,
    enum weir_kind kind, uint64_t v)
{
	static const char *const part[] = { "a", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "~", "Z", "0", "\xef\xbf\xbf" };
	struct ph_gen h = { .state = v };
	size_t n = ph_random(&h) % (g->text_max + 1), len = 0;
	char *p = weir__arena_alloc(&ts_priv(b)->ar, n + 8);

	if (kind == WEIR_JSON) {
		len = (size_t)snprintf(p, n + 8, "%u", (unsigned)(v % 99999));
		if (n > 20)
			len = (size_t)snprintf(p, n + 8, "{\"k\":[%u]}",
			    (unsigned)(v % 99999));
	} else
		while (len < n) {
			const char *s = part[ph_random(&h) % 8];

			if (kind == WEIR_BYTES) {
				p[len++] = (char)ph_random(&h);
				continue;
			}
			if (len + strlen(s) > n)
				s = "x";
			memcpy(p + len, s, strlen(s));
			len += strlen(s);
		}
	*to = weir_str_make(p, len);
}

static bool
ph_is_null(struct ph_gen *g, uint32_t i)
{
	switch (g->nulls) {
	case PH_ALL:
		return true;
	case PH_ALTERNATING:
		return i % 2 == 0;
	case PH_RUNS:
		return (i / 700) % 2 == 1;
	case PH_SOME:
		return ph_random(g) % 10 == 0;
	default:
		return false;
	}
}

static void
ph_value(struct ph_gen *g, struct weir_batch *b, const struct weir_type *ty,
    struct weir_column *co, uint32_t i)
{
	uint64_t v = ph_random(g);
	static const double odd[] = { 0.0, -0.0, 1.5, -2.25, 1e300, -1e-300 };
	weir_i128 most = 1;
	unsigned k;

	if (g->kinds != 0) {
		struct ph_gen h = { .state = v % g->kinds };

		v = ph_random(&h);
	}
	switch (ty->kind) {
	case WEIR_BOOL:
		weir_bit_put(co->u.bits, i, v & 1);
		break;
	case WEIR_INT32:
		co->u.i32[i] = (int32_t)v;
		break;
	case WEIR_DATE:
		co->u.i32[i] = (int32_t)(v % 60000) - 10000;
		break;
	case WEIR_INT64:
		co->u.i64[i] = (int64_t)v;
		break;
	case WEIR_TIMESTAMP:
		co->u.i64[i] = (int64_t)(v % 4000000000000000u) -
		    INT64_C(1000000000000000);
		break;
	case WEIR_DURATION:
		co->u.i64[i] = (int64_t)(v % 4000000000000u) -
		    INT64_C(1000000000000);
		break;
	case WEIR_FLOAT32:
		co->u.f32[i] = v % 7 < 6 ? (float)odd[v % 6 % 4]
					 : (float)(int32_t)v / 64;
		break;
	case WEIR_FLOAT64:
		co->u.f64[i] = v % 9 < 6 ? odd[v % 6]
					 : (double)(int64_t)v / 1024;
		if (v % 50 == 0)
			co->u.f64[i] = NAN;
		break;
	case WEIR_DECIMAL:
		for (k = 0; k < ty->precision; k++)
			most *= 10;
		if (weir_decimal_wide(ty)) {
			weir_u128 d = (weir_u128)v << 64 | (v * 31);

			co->u.i128[i] = (weir_i128)(d % (weir_u128)most);
			if (v & 1)
				co->u.i128[i] = -co->u.i128[i];
		} else
			co->u.i64[i] = (int64_t)(v % (uint64_t)most) *
			    (v >> 63 ? -1 : 1);
		break;
	default:
		ph_text(g, b, &co->u.str[i], (enum weir_kind)ty->kind, v);
	}
}

/* A column of n made-up rows. */
static void
ph_column(struct ph_gen *g, struct weir_batch *b, const struct weir_field *fi,
    struct weir_column *co, uint32_t n)
{
	const struct weir_type *ty = fi->type;
	bool ok = true;
	uint32_t i, k, total = 0;

	memset(co, 0, sizeof *co);
	ts_storage(ts_priv(b)->ts, b, ty, co, n, false, &ok);
	if (!fi->required && g->nulls != PH_NONE) {
		co->valid = weir__arena_zalloc(&ts_priv(b)->ar,
		    8 * WEIR_BITMAP_WORDS(n) + 8);
		for (i = 0; i < n; i++)
			weir_bit_put(co->valid, i, !ph_is_null(g, i));
	}
	if (ty->kind == WEIR_STRUCT) {
		for (k = 0; k < ty->nfields; k++)
			ph_column(g, b, &ty->fields[k], &co->child[k], n);
		return;
	}
	if (ty->kind == WEIR_LIST || ty->kind == WEIR_MAP) {
		for (i = 0; i < n; i++) {
			co->offsets[i] = (int32_t)total;
			if (weir_valid(co, i))
				total += ph_random(g) % 4;
		}
		co->offsets[n] = (int32_t)total;
		for (k = 0; k < ty->nfields; k++)
			ph_column(g, b, &ty->fields[k], &co->child[k], total);
		/* a map's keys differ within a row */
		for (i = 0; ty->kind == WEIR_MAP && i < n; i++)
			for (k = (uint32_t)co->offsets[i];
			     k < (uint32_t)co->offsets[i + 1]; k++) {
				char *p = weir__arena_printf(&ts_priv(b)->ar,
				    "k%u", k - (uint32_t)co->offsets[i]);

				co->child[0].u.str[k] = weir_str_make(p,
				    strlen(p));
			}
		return;
	}
	for (i = 0; i < n; i++)
		ph_value(g, b, ty, co, i);
}

static inline struct weir_batch *
ph_batch(struct ts *ts, struct ph_gen *g, uint32_t n)
{
	struct weir_batch *b = ts_make(ts, &ts->in, n);
	uint32_t i;

	for (i = 0; i < b->ncols; i++)
		ph_column(g, b, &ts->in.cols[i], &b->cols[i], n);
	return b;
}

/* ---- files */

static inline void
ph_tmp(void)
{
	const char *dir = getenv("TMPDIR");

	snprintf(ph.out, sizeof ph.out, "%s/weir-parquet-XXXXXX",
	    dir != NULL ? dir : "/tmp");
	if (mkdtemp(ph.out) == NULL)
		abort();
}

static inline void
ph_remove(const char *dir)
{
	struct dirent *en;
	DIR *d = opendir(dir);
	char *path;

	if (d == NULL)
		return;
	while ((en = readdir(d)) != NULL) {
		if (strcmp(en->d_name, ".") == 0 ||
		    strcmp(en->d_name, "..") == 0 ||
		    asprintf(&path, "%s/%s", dir, en->d_name) < 0)
			continue;
		if (unlink(path) != 0)
			ph_remove(path);
		free(path);
	}
	closedir(d);
	rmdir(dir);
}

static int
ph_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The visible entries of a directory, sorted; how many. */
static inline int
ph_list(const char *dir, char (*names)[256], int cap)
{
	struct dirent *en;
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL)
		return -1;
	while ((en = readdir(d)) != NULL)
		if (en->d_name[0] != '.' && n < cap)
			snprintf(names[n++], 256, "%s", en->d_name);
	closedir(d);
	qsort(names, (size_t)n, 256, ph_cmp);
	return n;
}

#endif
