/* SPDX-License-Identifier: MIT
 *
 * Rejected rows: gathered while a stage works, sent on when its call is over,
 * each with its payload, its origin and the reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "batch/json_text.h"
#include "run/instance.h"
#include "run/shelf.h"

static const char *
keep(struct weir__arena *ar, const char *s)
{
	return s != NULL ? weir__arena_strdup(ar, s) : NULL;
}

/* Is the column told beside the row, as its payload or its origin? */
static bool
told(const char *name)
{
	static const char *const names[] = { "topic", "partition", "offset",
		"timestamp", "key", "value" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* The row as JSON.  Of a source's own row with a payload only what is not told
 * beside it; nothing where that is all. */
static void
row_json(struct weir__buf *bf, const struct weir_batch *b, uint32_t row,
    const struct weir_schema *sc, const struct weir_column *cols)
{
	struct weir_column few[64];
	uint32_t i;

	if (b->root == NULL || sc != b->root->schema || sc->ncols > 64 ||
	    weir__schema_find(sc, "value") < 0) {
		weir__json_row(bf, sc, cols, row);
		return;
	}
	for (i = 0; i < sc->ncols; i++) {
		few[i] = cols[i];
		if (told(sc->cols[i].name))
			memset(&few[i], 0, sizeof few[i]);
	}
	weir__json_row(bf, sc, few, row);
	if (bf->len == 2) /* {} */
		weir__buf_clear(bf);
}

/* Fill in an entry: the row as JSON and copies of the reason. */
static int
note(struct weir__arena *ar, struct weir__rejected *re, struct weir_batch *b,
    uint32_t row, const struct weir_schema *sc, const struct weir_column *cols,
    const struct weir_reason *why)
{
	struct weir__buf bf;
	char *json = NULL;
	bool ok;

	weir__buf_init(&bf);
	row_json(&bf, b, row, sc, cols);
	if (!bf.failed && bf.len != 0 &&
	    (json = weir__arena_alloc(ar, bf.len)) != NULL)
		memcpy(json, bf.data, bf.len);
	ok = !bf.failed && (bf.len == 0 || json != NULL);
	*re = (struct weir__rejected){
		.row = row,
		.json = json,
		.json_len = bf.len,
		.code = keep(ar, why->code != NULL ? why->code : "rejected"),
		.text = keep(ar, why->text != NULL ? why->text : ""),
		.column = keep(ar, why->column),
		.position = why->position,
		.schema = sc,
		.cols = cols,
		.input = -1,
	};
	weir__buf_fini(&bf);
	if (!ok || re->code == NULL || re->text == NULL ||
	    (why->column != NULL && re->column == NULL))
		return -1;
	re->b = weir__batch_ref(b);
	return 0;
}

int
weir__reject_add(struct weir__instance *sg, struct weir_batch *b, uint32_t row,
    const struct weir_schema *sc, const struct weir_column *cols,
    const struct weir_reason *why)
{
	struct weir__rejected *list;
	uint32_t cap;

	if (sg->nrejects == sg->cap_rejects) {
		cap = sg->cap_rejects != 0 ? sg->cap_rejects * 2 : 16;
		list = weir__realloc(sg->rejects, cap * sizeof *list);
		if (list == NULL)
			return -1;
		sg->rejects = list;
		sg->cap_rejects = cap;
	}
	if (note(&sg->scratch, &sg->rejects[sg->nrejects], b, row, sc, cols,
		why) != 0)
		return -1;
	if (sg->source_no < 0)
		sg->rejects[sg->nrejects].input = (int32_t)sg->cur_input;
	sg->nrejects++;
	sg->n.rejected++;
	return 0;
}

void
weir__reject_made(struct weir__instance *sg)
{
	sg->rejects[sg->nrejects - 1].input = -1;
}

void
weir__reject_drop(struct weir__instance *sg)
{
	uint32_t i;

	if (sg->nrejects == 0)
		return;
	for (i = 0; i < sg->nrejects; i++)
		weir__batch_unref(sg->rejects[i].b);
	sg->nrejects = 0;
	weir__arena_reset(&sg->scratch);
}

/* ---- making a batch of them */

struct making {
	struct weir__instance *sg;
	struct weir_batch *out;
	const struct weir_batch *of;
	const struct weir__rejected *list;
	uint32_t n;
	int32_t value; /* settings.quarantine_value: 0 keep, 1 hash, 2 omit */
	uint64_t first; /* number of the first on the shelf; 0: not there */
};

static const struct weir_column *
root_column(const struct making *ma, const char *name, enum weir_kind kind,
    enum weir_kind or)
{
	const struct weir_batch *root = ma->of->root;
	enum weir_kind is;
	int32_t c;

	if (root == NULL)
		return NULL;
	c = weir__schema_find(root->schema, name);
	if (c < 0 || !weir_present(&root->cols[c]))
		return NULL;
	is = root->schema->cols[c].type->kind;
	return is == kind || is == or ? &root->cols[c] : NULL;
}

static uint32_t
root_row(const struct making *ma, uint32_t i)
{
	uint32_t row = ma->list[i].row;

	return ma->of->root_rows != NULL ? ma->of->root_rows[row] : row;
}

static int
set_null(struct making *ma, struct weir_column *co, uint32_t i)
{
	if (co->valid == NULL &&
	    weir__column_validity(weir__batch_arena(ma->out), co, ma->n,
		true) != 0)
		return -1;
	weir_bit_clear(co->valid, i);
	return 0;
}

static int
put_text(struct making *ma, struct weir_column *co, uint32_t i, const char *p,
    size_t n)
{
	co->u.str[i] = weir_str_make(p, n);
	if (p == NULL)
		return set_null(ma, co, i);
	return 0;
}

/* "sha256:" and 64 hex digits. */
static int
hashed(struct making *ma, struct weir_str *s)
{
	static const char hex[] = "0123456789abcdef";
	char *p = weir__arena_alloc(weir__batch_arena(ma->out), 7 + 64);
	uint8_t md[WEIR__DIGEST_MAX];
	struct weir__digest di;
	size_t len, i;

	if (p == NULL)
		return -1;
	weir__digest_init(&di, WEIR__SHA256);
	weir__digest_add(&di, weir_str_data(s), s->len);
	len = weir__digest_end(&di, md);
	memcpy(p, "sha256:", 7);
	for (i = 0; i < len; i++) {
		p[7 + 2 * i] = hex[md[i] >> 4];
		p[8 + 2 * i] = hex[md[i] & 15];
	}
	*s = weir_str_make(p, 7 + 64);
	return 0;
}

/* Key and value: the bytes that came. */
static int
fill_payload(struct making *ma, struct weir_column *co, const char *name)
{
	const struct weir_column *from = root_column(ma, name, WEIR_BYTES,
	    WEIR_STRING);
	uint32_t i, r;
	int rc = 0;

	for (i = 0; i < ma->n && rc == 0; i++) {
		r = from != NULL ? root_row(ma, i) : 0;
		if (from == NULL || !weir_valid(from, r) || ma->value == 2) {
			rc = put_text(ma, co, i, NULL, 0);
			continue;
		}
		co->u.str[i] = from->u.str[r];
		if (ma->value == 1)
			rc = hashed(ma, &co->u.str[i]);
	}
	return rc;
}

/* The topic, where rows came with one; else the source's id. */
static int
fill_source(struct making *ma, struct weir_column *co)
{
	const struct weir_column *from = root_column(ma, "topic", WEIR_STRING,
	    WEIR_STRING);
	const char *id;
	int32_t source;
	uint32_t i, r;
	int rc = 0;

	for (i = 0; i < ma->n && rc == 0; i++) {
		r = from != NULL ? root_row(ma, i) : 0;
		if (from != NULL && weir_valid(from, r)) {
			co->u.str[i] = from->u.str[r];
			continue;
		}
		source = ma->of->sources != NULL ?
		    ma->of->sources[ma->list[i].row] : ma->of->source;
		id = source < 0 ? NULL :
		    ma->sg->tree->sources[source]->nd->id;
		rc = put_text(ma, co, i, id, id != NULL ? strlen(id) : 0);
	}
	return rc;
}

static int
fill_origin(struct making *ma, struct weir_column *co, bool offset)
{
	const struct weir_batch *of = ma->of;
	uint32_t i, r;
	int64_t v;
	bool has;

	for (i = 0; i < ma->n; i++) {
		r = ma->list[i].row;
		has = (of->sources != NULL ? of->sources[r] : of->source) >= 0;
		if (offset) {
			has = has && of->positions != NULL;
			v = has ? of->positions[r] : 0;
			co->u.i64[i] = v;
		} else {
			v = of->partitions != NULL ? of->partitions[r] :
						     of->partition;
			has = has && v >= 0;
			co->u.i32[i] = (int32_t)v;
		}
		if (!has && set_null(ma, co, i) != 0)
			return -1;
	}
	return 0;
}

static int
fill_timestamp(struct making *ma, struct weir_column *co)
{
	const struct weir_column *from = root_column(ma, "timestamp",
	    WEIR_TIMESTAMP, WEIR_TIMESTAMP);
	uint32_t i, r;

	for (i = 0; i < ma->n; i++) {
		r = from != NULL ? root_row(ma, i) : 0;
		co->u.i64[i] = 0;
		if (from != NULL && weir_valid(from, r))
			co->u.i64[i] = from->u.i64[r];
		else if (set_null(ma, co, i) != 0)
			return -1;
	}
	return 0;
}

static int
fill_text(struct making *ma, struct weir_column *co, enum weir__rejected_col c)
{
	const char *label = ma->sg->nd->label, *s;
	const struct weir__rejected *re;
	uint32_t i;

	for (i = 0; i < ma->n; i++) {
		re = &ma->list[i];
		s = c == WEIR__REJ_STAGE ? label :
		    c == WEIR__REJ_CODE	 ? re->code :
		    c == WEIR__REJ_TEXT	 ? re->text :
					   re->column;
		if (put_text(ma, co, i, s, s != NULL ? strlen(s) : 0) != 0)
			return -1;
	}
	return 0;
}

static int
fill_row(struct making *ma, struct weir_column *co)
{
	uint32_t i;

	for (i = 0; i < ma->n; i++)
		if (put_text(ma, co, i,
			ma->value == 0 ? ma->list[i].json : NULL,
			ma->value == 0 ? ma->list[i].json_len : 0) != 0)
			return -1;
	return 0;
}

static int
fill_position(struct making *ma, struct weir_column *co)
{
	uint32_t i;

	for (i = 0; i < ma->n; i++) {
		co->u.i64[i] = ma->list[i].position;
		if (ma->list[i].position < 0 && set_null(ma, co, i) != 0)
			return -1;
	}
	return 0;
}

static int
fill_at(struct making *ma, struct weir_column *co)
{
	uint32_t i;

	for (i = 0; i < ma->n; i++)
		co->u.i64[i] = ma->sg->tree->run->now;
	return 0;
}

/* EPOCH.NUMBER of those that can be replayed. */
static int
fill_id(struct making *ma, struct weir_column *co)
{
	struct weir__arena *ar = weir__batch_arena(ma->out);
	uint64_t epoch = ma->sg->tree->run->epoch;
	const char *s = NULL;
	uint32_t i;

	for (i = 0; i < ma->n; i++) {
		if (ma->first != 0) {
			s = weir__arena_printf(ar, "%" PRIu64 ".%" PRIu64,
			    epoch, ma->first + i);
			if (s == NULL)
				return -1;
		}
		if (put_text(ma, co, i, s, s != NULL ? strlen(s) : 0) != 0)
			return -1;
	}
	return 0;
}

static int
fill_column(struct making *ma, enum weir__rejected_col c)
{
	struct weir_column *co = &ma->out->cols[c];

	switch (c) {
	case WEIR__REJ_SOURCE:
		return fill_source(ma, co);
	case WEIR__REJ_PARTITION:
		return fill_origin(ma, co, false);
	case WEIR__REJ_OFFSET:
		return fill_origin(ma, co, true);
	case WEIR__REJ_TIMESTAMP:
		return fill_timestamp(ma, co);
	case WEIR__REJ_KEY:
		return fill_payload(ma, co, "key");
	case WEIR__REJ_VALUE:
		return fill_payload(ma, co, "value");
	case WEIR__REJ_ROW:
		return fill_row(ma, co);
	case WEIR__REJ_POSITION:
		return fill_position(ma, co);
	case WEIR__REJ_AT:
		return fill_at(ma, co);
	case WEIR__REJ_ID:
		return fill_id(ma, co);
	default:
		return fill_text(ma, co, c);
	}
}

/* A batch of rejected rows that are all of one batch, by rising row. */
static struct weir_batch *
make(struct weir__instance *sg, struct weir_batch *of,
    const struct weir__rejected *list, uint32_t n, int32_t value,
    uint64_t first)
{
	struct making ma = { .sg = sg, .of = of, .list = list, .n = n,
		.value = value, .first = first };
	const struct weir_schema *sc = &weir__rejected_schema;
	uint32_t rows[WEIR_BATCH_ROWS], i;

	for (i = 0; i < n; i++)
		rows[i] = list[i].row;
	ma.out = weir__batch_derive(sg->tree->pool, sc, of, rows, n);
	if (ma.out == NULL)
		return NULL;
	ma.out->ops = NULL;
	for (i = 0; i < sc->ncols; i++)
		if (weir__column_alloc(weir__batch_arena(ma.out),
			&ma.out->cols[i], sc->cols[i].type, n) != 0 ||
		    fill_column(&ma, (enum weir__rejected_col)i) != 0) {
			weir__batch_unref(ma.out);
			return NULL;
		}
	return ma.out;
}

/* ---- sending */

static int
by_row(const void *a, const void *b)
{
	const struct weir__rejected *x = a, *y = b;

	return (x->row > y->row) - (x->row < y->row);
}

/* Are two rows of one batch, seen at one place? */
static bool
alike(const struct weir__rejected *a, const struct weir__rejected *b)
{
	return a->b == b->b && a->cols == b->cols && a->input == b->input;
}

int
weir__reject_flush(struct weir__instance *sg, struct weir_err *err)
{
	const struct weir__port *po = &sg->nd->ports[sg->nd->nports - 1];
	int32_t value = po->nedges != 0 && po->edges[0].to->is_quarantine ?
	    sg->tree->pl->settings.quarantine_value : 0;
	uint32_t i, n, total = sg->nrejects;
	struct weir_batch *b;
	uint64_t first;
	int rc = WEIR_OK;

	for (i = 0; i < total && rc == WEIR_OK; i += n) {
		for (n = 1; i + n < total && n < WEIR_BATCH_ROWS &&
		    alike(&sg->rejects[i + n], &sg->rejects[i]); n++)
			;
		qsort(&sg->rejects[i], n, sizeof *sg->rejects, by_row);
		rc = weir__shelf_put(sg->tree->run->shelf, sg, &sg->rejects[i],
		    n, &first, err);
		if (rc != WEIR_OK)
			break;
		b = make(sg, sg->rejects[i].b, &sg->rejects[i], n, value,
		    first);
		if (b == NULL)
			rc = weir__tree_oom(sg, err);
		else
			rc = weir__tree_send(sg, sg->nd->nports - 1, b, err);
		weir__batch_unref(b);
	}
	weir__reject_drop(sg);
	return rc;
}

int
weir__reject_port(struct weir__instance *sg, uint32_t port,
    struct weir_batch *b, struct weir_err *err)
{
	const struct weir__port *po = &sg->nd->ports[port];
	struct weir__instance *to = &sg->tree->stages[po->edges[0].to->no];
	struct weir_reason why = {
		.code = po->name,
		.text = "the row came out of a port that no stage reads",
		.position = -1,
	};
	struct weir__rejected *list;
	struct weir__arena ar;
	struct weir_batch *out = NULL;
	uint32_t n = 0, i;
	int rc = WEIR_ERROR;

	weir__arena_init(&ar, 0);
	list = weir__arena_alloc(&ar, b->nrows * sizeof *list);
	while (list != NULL && n < b->nrows &&
	    note(&ar, &list[n], b, n, b->schema, b->cols, &why) == 0)
		n++;
	if (list != NULL && n == b->nrows)
		out = make(sg, b, list, n,
		    sg->tree->pl->settings.quarantine_value, 0);
	for (i = 0; i < n; i++)
		weir__batch_unref(b);
	if (out != NULL) {
		to->input_in[po->edges[0].input] += out->nrows;
		rc = weir__tree_deliver(to, po->edges[0].input, out, err);
		weir__batch_unref(out);
	} else {
		weir__tree_oom(sg, err);
	}
	weir__arena_fini(&ar);
	return rc;
}
