/* SPDX-License-Identifier: MIT
 *
 * From a schema to slots, and the tables of keys.
 */
#include "base/json.h"
#include "scan.h"

static const char *const units[] = { [JS_S] = "s", [JS_MS] = "ms",
	[JS_US] = "us", [JS_NS] = "ns" };

/* ---------------------------------------------------------------- memory */

void *
js_block(struct js *js, size_t n)
{
	struct js_block *bl = js->st->host->zalloc(sizeof *bl + n);

	if (bl == NULL)
		return NULL;
	bl->next = js->blocks;
	js->blocks = bl;
	return bl + 1;
}

char *
js_text(struct js *js, size_t n)
{
	char *p;

	if (n > js->text_left) {
		size_t want = n > JS_TEXT_CHUNK / 4 ? n : JS_TEXT_CHUNK;

		p = weir_batch_alloc(js->st, js->out, want);
		if (p == NULL) {
			js_no_memory(js);
			return NULL;
		}
		if (want == n)
			return p;
		js->text = p;
		js->text_left = want;
	}
	p = js->text;
	js->text += n;
	js->text_left -= n;
	return p;
}

bool
js_buf_room(struct js *js, struct js_buf *bf, size_t n)
{
	size_t cap = bf->cap < 256 ? 256 : bf->cap;
	char *p;

	if (bf->cap - bf->len >= n)
		return true;
	while (cap - bf->len < n)
		cap *= 2;
	p = js->st->host->realloc(bf->p, cap);
	if (p == NULL) {
		js_no_memory(js);
		return false;
	}
	bf->p = p;
	bf->cap = cap;
	return true;
}

bool
js_buf_add(struct js *js, struct js_buf *bf, const void *p, size_t n)
{
	if (!js_buf_room(js, bf, n))
		return false;
	if (n != 0)
		memcpy(bf->p + bf->len, p, n);
	bf->len += n;
	return true;
}

/* ------------------------------------------------------------------ keys */

uint32_t
js_hash(const char *p, size_t n)
{
	uint64_t a = 0, b = 0;

	if (n >= 8) {
		a = js_load64(p);
		b = js_load64(p + n - 8);
	} else if (n >= 4) {
		a = js_load32(p);
		b = js_load32(p + n - 4);
	} else if (n != 0) {
		a = (uint8_t)p[0] | (uint64_t)(uint8_t)p[n - 1] << 8;
		b = (uint8_t)p[n / 2];
	}
	a = (a ^ (b << 29 | b >> 35) ^ n) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(a >> 32) ^ (uint32_t)(a >> 17);
}

struct js_slot *
js_find(struct js_object *ob, const char *key, size_t len)
{
	uint32_t i = js_hash(key, len);
	struct js_slot *sl;

	for (;; i++) {
		sl = ob->table[i & ob->table_mask];
		if (sl == NULL || (sl->name_len == len &&
				      memcmp(sl->name, key, len) == 0))
			return sl;
	}
}

static void
table_put(struct js_object *ob, struct js_slot *sl)
{
	uint32_t i = js_hash(sl->name, sl->name_len);

	while (ob->table[i & ob->table_mask] != NULL)
		i++;
	ob->table[i & ob->table_mask] = sl;
}

/* A table with at least as many free places as keys, one more included. */
static bool
make_table(struct js *js, struct js_object *ob)
{
	uint32_t size = 8, i;
	struct js_slot *sl, **table;

	while (size < 2 * (ob->n + ob->nlearned + 1))
		size *= 2;
	if (ob->table != NULL && size == ob->table_mask + 1)
		return true;
	table = js_block(js, size * sizeof *table);
	if (table == NULL)
		return false;
	ob->table = table;
	ob->table_mask = size - 1;
	for (i = 0; i < ob->n; i++)
		table_put(ob, &ob->slots[i]);
	for (sl = ob->learned; sl != NULL; sl = sl->chain)
		table_put(ob, sl);
	return true;
}

struct js_slot *
js_learn(struct js *js, struct js_object *ob, const char *key, size_t len)
{
	struct js_slot *sl;
	char *name;

	if (ob->nlearned == JS_LEARNED || len > JS_LEARNED_NAME ||
	    !make_table(js, ob))
		return NULL;
	sl = js_block(js, sizeof *sl + len);
	if (sl == NULL)
		return NULL;
	name = (char *)(sl + 1);
	memcpy(name, key, len);
	sl->name = name;
	sl->name_len = (uint32_t)len;
	sl->op = JS_UNKNOWN;
	sl->object = ob;
	sl->glue_len = UINT32_MAX;
	sl->chain = ob->learned;
	ob->learned = sl;
	ob->nlearned++;
	table_put(ob, sl);
	if (js->cf->extra)
		weir_log(js->st, WEIR_LOG_INFO,
		    "field \"%s%.*s\" is not in the schema%s", ob->prefix,
		    (int)len, name,
		    ob->keeps_extra ? ""
				    : " and is in a list: it is not kept");
	return sl;
}

/* --------------------------------------------------------------- shaping */

static struct js_object *shape_object(struct js *js,
    const struct weir_field *fi, uint32_t n, struct js_rows *rows,
    const char *prefix, bool convert);

/* The readers of types that have fast ones. */
static enum js_op
op_of(const struct js_slot *sl)
{
	const struct weir_type *ty = sl->field->type;

	switch (ty->kind) {
	case WEIR_STRING:
		return JS_STRING;
	case WEIR_INT32:
		return JS_INT32;
	case WEIR_INT64:
		return JS_INT64;
	case WEIR_FLOAT64:
		return JS_FLOAT64;
	case WEIR_DECIMAL:
		return weir_decimal_wide(ty) ? JS_ODD : JS_DECIMAL64;
	case WEIR_TIMESTAMP:
		if (sl->unit == JS_TEXT)
			return JS_TIME;
		return sl->unit == JS_PATTERN || sl->unit == JS_NS ? JS_ODD
								   : JS_EPOCH;
	case WEIR_BOOL:
		return JS_BOOL;
	case WEIR_STRUCT:
		return JS_STRUCT;
	case WEIR_LIST:
		return JS_LIST;
	case WEIR_MAP:
		return JS_MAP;
	default:
		return JS_ODD;
	}
}

static enum js_unit
unit_of(const struct weir_field *fi)
{
	int u;

	if (fi->format == NULL)
		return JS_TEXT;
	for (u = JS_S; u <= JS_NS; u++)
		if (strcmp(fi->format, units[u]) == 0)
			return (enum js_unit)u;
	return JS_PATTERN;
}

static bool shape_slot(struct js *js, struct js_slot *sl,
    const struct weir_field *fi, struct js_rows *rows, const char *prefix,
    bool convert);

/* "a.b." of what lies in the field, or NULL when memory is out. */
static const char *
longer_prefix(struct js *js, const char *prefix, const char *name, size_t len)
{
	size_t n = strlen(prefix);
	char *p = js_block(js, n + WEIR__JSON_STRING_TEXT(len) + 2);
	size_t m;

	if (p == NULL)
		return NULL;
	memcpy(p, prefix, n);
	m = weir__json_quote(p + n, name, len) - 2;
	memmove(p + n, p + n + 1, m);
	memcpy(p + n + m, ".", 2);
	return p;
}

/* What lies in a list, a map or a struct. */
static bool
shape_nested(struct js *js, struct js_slot *sl, const char *prefix,
    bool convert)
{
	const struct weir_type *ty = sl->field->type;

	if (ty->kind == WEIR_STRUCT) {
		if (prefix != NULL) {
			prefix = longer_prefix(js, prefix, sl->name,
			    sl->name_len);
			if (prefix == NULL)
				return false;
		}
		sl->object = shape_object(js, ty->fields, ty->nfields,
		    sl->rows, prefix, convert);
		return sl->object != NULL;
	}
	sl->item = js_block(js, 2 * sizeof *sl->item);
	if (sl->item == NULL ||
	    !shape_slot(js, sl->item, &ty->fields[ty->nfields - 1],
		&sl->items, NULL, convert))
		return false;
	sl->item->stored = true;
	if (ty->kind == WEIR_MAP) {
		sl->key = sl->item + 1;
		return shape_slot(js, sl->key, &ty->fields[0], &sl->items,
		    NULL, false);
	}
	return true;
}

/* `prefix` is NULL inside of lists. */
static bool
shape_slot(struct js *js, struct js_slot *sl, const struct weir_field *fi,
    struct js_rows *rows, const char *prefix, bool convert)
{
	const struct weir_type *ty = fi->type;
	const char *name = fi->from != NULL ? fi->from : fi->name;

	sl->field = fi;
	sl->name = name == NULL ? "" : name;
	sl->name_len = (uint32_t)strlen(sl->name);
	sl->rows = rows;
	sl->required = fi->required;
	sl->convert = convert;
	sl->precision = ty->precision;
	sl->scale = ty->scale;
	sl->unit = (uint8_t)unit_of(fi);
	sl->op = (uint8_t)op_of(sl);
	sl->mask = UINT32_MAX;
	sl->stored = true;
	sl->glue_len = UINT32_MAX;
	/* The likely text; rows will teach a better one. */
	if (sl->name_len + 3 <= JS_GLUE && sl->name_len != 0 &&
	    weir__json_plain(sl->name, sl->name_len) == sl->name_len) {
		sl->glue[0] = '"';
		memcpy(sl->glue + 1, sl->name, sl->name_len);
		memcpy(sl->glue + 1 + sl->name_len, "\":", 2);
		sl->glue_len = sl->name_len + 3;
	}
	return !weir_type_nested(ty) || shape_nested(js, sl, prefix, convert);
}

static bool
converts(const struct js_config *cf, const char *name)
{
	const struct weir_str *names = cf->convert.items;
	size_t i, n = strlen(name);

	for (i = 0; i < cf->convert.n; i++)
		if (names[i].len == n &&
		    memcmp(weir_str_data(&names[i]), name, n) == 0)
			return true;
	return false;
}

static struct js_object *
shape_object(struct js *js, const struct weir_field *fi, uint32_t n,
    struct js_rows *rows, const char *prefix, bool convert)
{
	struct js_object *ob = js_block(js, sizeof *ob);
	bool root = rows == &js->rows && js->root == NULL;
	uint32_t i;

	if (ob == NULL)
		return NULL;
	if (root)
		js->root = ob;
	ob->n = n;
	ob->slots = js_block(js, (n + 1) * sizeof *ob->slots);
	if (ob->slots == NULL)
		return NULL;
	ob->keeps_extra = js->cf->extra && prefix != NULL;
	ob->prefix = prefix == NULL ? "" : prefix;
	ob->prefix_len = (uint32_t)strlen(ob->prefix);
	for (i = 0; i < n; i++) {
		if (!shape_slot(js, &ob->slots[i], &fi[i], rows, prefix,
			convert || (root && converts(js->cf, fi[i].name))))
			return NULL;
		ob->slots[i].next = i + 1 < n ? &ob->slots[i + 1] : NULL;
	}
	ob->first = n != 0 ? &ob->slots[0] : NULL;
	return make_table(js, ob) ? ob : NULL;
}

int
js_shape(struct js *js, struct weir_err *err)
{
	const struct weir_schema *out = weir_out_schema(js->st, 0);
	const struct js_config *cf = js->cf;
	struct js_object *root;
	bool ok;

	root = shape_object(js, cf->schema->cols, cf->nfields, &js->rows, "",
	    false);
	ok = root != NULL;
	if (ok && cf->extra) {
		js->extra = js_block(js, sizeof *js->extra);
		ok = js->extra != NULL &&
		    shape_slot(js, js->extra, &out->cols[cf->nfields],
			&js->rows, NULL, false);
	}
	return ok ? WEIR_OK
		  : js->st->host->fail(err, WEIR_NOWHERE, "memory",
			"out of memory");
}

static void free_object(struct js *js, struct js_object *ob);

/* Memory of elements; that of other slots is the batch's. */
static void
free_slot(struct js *js, struct js_slot *sl)
{
	const struct weir_host *h = js->st->host;

	if (sl->rows != &js->rows && sl->rows != NULL) {
		h->free(sl->data);
		h->free(sl->valid);
		h->free(sl->offsets);
	}
	if (sl->item != NULL)
		free_slot(js, sl->item);
	if (sl->key != NULL)
		free_slot(js, sl->key);
	if (sl->op == JS_STRUCT && sl->object != NULL)
		free_object(js, sl->object);
}

static void
free_object(struct js *js, struct js_object *ob)
{
	uint32_t i;

	for (i = 0; ob->slots != NULL && i < ob->n; i++)
		if (ob->slots[i].field != NULL)
			free_slot(js, &ob->slots[i]);
}

void
js_shape_free(struct js *js)
{
	const struct weir_host *h = js->st->host;
	struct js_block *bl, *next;

	if (js->root != NULL)
		free_object(js, js->root);
	for (bl = js->blocks; bl != NULL; bl = next) {
		next = bl->next;
		h->free(bl);
	}
	h->free(js->scratch.p);
	h->free(js->extras.p);
	h->free(js->keys.p);
}
