/* SPDX-License-Identifier: MIT
 *
 * The hot path: an object's keys in the order in which they were met last, and
 * their values.
 */
#include "fast.h"

#define HOPS 3 /* keys that may be left out before the guess is given up */

static const char *read_object(struct js *js, struct js_object *ob,
    const char *p, uint32_t row, uint32_t depth);

/* ---------------------------------------------------------------- values */

static const char *read_list(struct js *js, struct js_slot *sl, const char *p,
    uint32_t row, uint32_t depth);

static const char *
read_nested(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	if (*p == '{' && sl->op == JS_STRUCT)
		return read_object(js, sl->object, p, row, depth);
	if (*p == '[' && sl->op == JS_LIST)
		return read_list(js, sl, p, row, depth);
	if (*p == '{' && sl->op == JS_MAP)
		return js_read_map(js, sl, p, row, depth);
	return js_scalar(js, sl, p, row, depth);
}

/* `"key":value` of a field that the schema does not know.  The key is as it
 * stands in the text. */
static const char *
read_unknown(struct js *js, const struct js_object *ob, const char *key,
    size_t len, const char *p, uint32_t depth)
{
	struct js_buf *bf = &js->extras;
	const char *q = skip_scalar(js, p);

	if (q == NULL)
		q = js_scan_value(js, p, depth);
	if (q == NULL)
		return NULL;
	js->unknown_seen++;
	if (!ob->keeps_extra)
		return q;
	return js_buf_add(js, bf, bf->len == 0 ? "{\"" : ",\"", 2) &&
		js_buf_add(js, bf, ob->prefix, ob->prefix_len) &&
		js_buf_add(js, bf, key, len) && js_buf_add(js, bf, "\":", 2) &&
		js_buf_add(js, bf, p, (size_t)(q - p))
	    ? q
	    : NULL;
}

INLINE const char *
read_value(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	const char *q = NULL;

	if (__builtin_expect(p >= js->end, 0))
		return js_syntax(js, p, "a value");
	switch (sl->op) {
	case JS_STRING:
		q = read_string(js, sl, p, row);
		break;
	case JS_TIME:
		q = read_time(js, sl, p, row);
		break;
	case JS_DECIMAL64:
		q = read_decimal(js, sl, p, row);
		break;
	case JS_FLOAT64:
		q = read_float(js, sl, p, row);
		break;
	case JS_INT32:
	case JS_INT64:
		q = read_int(js, sl, p, row);
		break;
	case JS_EPOCH:
		q = read_epoch(js, sl, p, row);
		break;
	case JS_BOOL:
		q = read_bool(js, sl, p, row);
		break;
	case JS_STRUCT:
	case JS_LIST:
	case JS_MAP:
		return read_nested(js, sl, p, row, depth);
	case JS_UNKNOWN:
		return read_unknown(js, sl->object, sl->name, sl->name_len, p,
		    depth);
	default:
		break;
	}
	return __builtin_expect(q != NULL, 1)
	    ? q
	    : js_scalar(js, sl, p, row, depth);
}

const char *
js_read_value(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	return read_value(js, sl, p, row, depth);
}

/* --------------------------------------------------------------- objects */

INLINE bool
glue_is(const struct js_slot *sl, const char *p, const char *end)
{
	uint32_t n = sl->glue_len;

	if ((size_t)(end - p) < n)
		return false;
	if (n >= 16)
		return ((js_load64(p) ^ js_load64(sl->glue)) |
			   (js_load64(p + 8) ^ js_load64(sl->glue + 8)) |
			   (js_load64(p + n - 16) ^
			       js_load64(sl->glue + n - 16)) |
			   (js_load64(p + n - 8) ^
			       js_load64(sl->glue + n - 8))) == 0;
	if (n >= 8)
		return ((js_load64(p) ^ js_load64(sl->glue)) |
			   (js_load64(p + n - 8) ^
			       js_load64(sl->glue + n - 8))) == 0;
	return ((js_load32(p) ^ js_load32(sl->glue)) |
		   (js_load32(p + n - 4) ^ js_load32(sl->glue + n - 4))) == 0;
}

/* The slot whose key stands at p, if it is the expected one or follows soon. */
INLINE struct js_slot *
guess(struct js_slot *sl, const char *p, const char *end)
{
	int hops;

	for (hops = 0; sl != NULL && hops < HOPS; hops++, sl = sl->next)
		if (glue_is(sl, p, end))
			return sl;
	return NULL;
}

/* Where an object's reading stands: the key last met. */
struct key {
	struct js_slot *slot; /* NULL: none yet, or unknown */
	const char *raw;      /* as it stands in the text, when unknown */
	size_t raw_len;
	uint64_t stamp; /* of the object */
	bool first;
};

/* Remember the text before a value, and that this key came after `prev`. */
static void
remember(struct js_object *ob, struct js_slot *prev, bool first,
    struct js_slot *sl, const char *glue, size_t len)
{
	if (len >= 4 && len <= JS_GLUE) {
		memcpy(sl->glue, glue, len);
		sl->glue_len = (uint32_t)len;
	}
	if (prev != NULL && prev != sl)
		prev->next = sl;
	else if (first)
		ob->first = sl;
}

/* The key at p, by its text; the first byte of its value. */
static const char *
find_key(struct js *js, struct js_object *ob, const char *p, struct key *key)
{
	struct js_slot *sl, *prev = key->slot;
	const char *glue = p, *text, *q;
	size_t len;

	p = js_space(p, js->end);
	if (js_peek(p, js->end) != '"')
		return js_syntax(js, p, key->first ? "a key or }" : "a key");
	q = js_scan_string(js, p, &text, &len);
	if (q == NULL)
		return NULL;
	key->raw = p + 1;
	key->raw_len = (size_t)(q - p) - 2;
	key->slot = sl = js_find(ob, text, len);
	if (sl == NULL && js->cf->reject_unknown) {
		js_fail(js, p, "json.unknown",
		    "the schema has no such field");
		js_path_name(js, text, len);
		return NULL;
	}
	p = js_space(q, js->end);
	if (js_peek(p, js->end) != ':')
		return js_syntax(js, p, "a colon");
	p = js_space(p + 1, js->end);
	if (text != key->raw)
		return p;
	if (sl == NULL)
		key->slot = sl = js_learn(js, ob, text, len);
	if (sl != NULL)
		remember(ob, prev, key->first, sl, glue, (size_t)(p - glue));
	return p;
}

/* The key at p, by guess if it can be; the first byte of its value. */
INLINE const char *
next_key(struct js *js, struct js_object *ob, const char *p, struct key *key)
{
	struct js_slot *sl = key->slot;
	const char *q;

	sl = guess(sl != NULL ? sl->next : key->first ? ob->first : NULL, p,
	    js->end);
	if (__builtin_expect(sl == NULL, 0))
		return find_key(js, ob, p, key);
	key->slot = sl;
	q = p + sl->glue_len;
	if (__builtin_expect(!js_is_blank(q, js->end), 1))
		return q;
	q = js_space(q, js->end);
	remember(ob, NULL, false, sl, p, (size_t)(q - p));
	return q;
}

/* A key for the second time in one object. */
static const char *
read_again(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	if (sl->op == JS_UNKNOWN)
		return js_read_value(js, sl, p, row, depth);
	switch (js->cf->duplicates) {
	case JS_DUP_FIRST:
		return js_scan_value(js, p, depth);
	case JS_DUP_LAST:
		js_rewind_slot(js, sl, row);
		return js_read_value(js, sl, p, row, depth);
	default:
		return js_fail(js, p, "json.duplicate",
		    "the key is there twice; \"duplicates\" says which one to "
		    "take");
	}
}

/* Fields that were not there are null, or make the row bad. */
static bool
fill_missing(struct js *js, struct js_object *ob, uint64_t stamp,
    const char *p, uint32_t row)
{
	struct js_slot *sl;
	uint32_t i;

	for (i = 0; i < ob->n; i++) {
		sl = &ob->slots[i];
		if (sl->stamp == stamp)
			continue;
		if (sl->required) {
			js_fail(js, p, "json.missing",
			    "the field is not there, and the schema says that "
			    "it must be");
			js_path_name(js, sl->field->name,
			    strlen(sl->field->name));
			return false;
		}
		if (!js_set_null(js, sl, row))
			return false;
	}
	return true;
}

static const char *
fail_in(struct js *js, const struct js_slot *sl)
{
	if (sl != NULL && sl->field != NULL)
		js_path_name(js, sl->field->name, strlen(sl->field->name));
	return NULL;
}

/* The value of the key just met. */
INLINE const char *
read_field(struct js *js, struct js_object *ob, struct key *key, const char *p,
    uint32_t row, uint32_t depth, uint32_t *seen)
{
	struct js_slot *sl = key->slot;

	if (__builtin_expect(sl == NULL, 0))
		return read_unknown(js, ob, key->raw, key->raw_len, p, depth);
	if (__builtin_expect(sl->stamp == key->stamp, 0))
		return read_again(js, sl, p, row, depth);
	sl->stamp = key->stamp;
	*seen += sl->op != JS_UNKNOWN;
	return read_value(js, sl, p, row, depth);
}

/* Behind a value: the byte after the comma, or not *more and behind the
 * brace. */
INLINE const char *
after_field(struct js *js, const char *p, bool *more)
{
	if (__builtin_expect(js_peek(p, js->end) == ',', 1))
		return p + 1;
	p = js_space(p, js->end);
	*more = js_peek(p, js->end) == ',';
	if (!*more && js_peek(p, js->end) != '}')
		return js_syntax(js, p, "a comma or }");
	return p + 1;
}

static const char *
read_object(struct js *js, struct js_object *ob, const char *p, uint32_t row,
    uint32_t depth)
{
	struct key key = { .first = true, .stamp = ++js->stamp };
	uint32_t seen = 0;
	bool more = true;

	if (depth > js->max_depth)
		return js_too_deep(js, p);
	p = js_space(p + 1, js->end);
	if (js_peek(p, js->end) == '}') {
		more = false;
		p++;
	}
	while (more) {
		p = next_key(js, ob, p, &key);
		if (__builtin_expect(p == NULL, 0))
			return NULL;
		p = read_field(js, ob, &key, p, row, depth + 1, &seen);
		if (__builtin_expect(p == NULL, 0))
			return fail_in(js, key.slot);
		key.first = false;
		p = after_field(js, p, &more);
		if (__builtin_expect(p == NULL, 0))
			return NULL;
	}
	if (__builtin_expect(seen != ob->n, 0) &&
	    !fill_missing(js, ob, key.stamp, p - 1, row))
		return NULL;
	return p;
}

/* ------------------------------------------------------------------ lists */

static const char *
read_list(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	bool done = false;
	uint32_t i;

	if (depth > js->max_depth)
		return js_too_deep(js, p);
	if (!sl->stored)
		js_rewind_slot(js, sl, 0);
	p = js_space(p + 1, js->end);
	if (js_peek(p, js->end) == ']') {
		done = true;
		p++;
	}
	for (i = 0; !done; i++) {
		if (!js_next_item(js, sl, p))
			return NULL;
		p = read_value(js, sl->item, p, sl->items.n, depth + 1);
		if (p == NULL) {
			js_path_index(js, i);
			return NULL;
		}
		sl->items.n++;
		p = js_after_item(js, p, ']', &done);
		if (p == NULL)
			return NULL;
	}
	sl->offsets[(row & sl->mask) + 1] = (int32_t)sl->items.n;
	return p;
}

/* -------------------------------------------------------------------- rows */

static bool
put_extras(struct js *js)
{
	struct js_slot *sl = js->extra;
	struct js_buf *bf = &js->extras;
	char *text;

	if (bf->len == 0)
		return js_set_null(js, sl, js->rows.n);
	if (!js_buf_add(js, bf, "}", 1))
		return false;
	text = js_text(js, bf->len);
	if (text == NULL)
		return false;
	memcpy(text, bf->p, bf->len);
	((struct weir_str *)sl->data)[js->rows.n & sl->mask] =
	    weir_str_make(text, bf->len);
	return true;
}

static const char *
read_row(struct js *js, const char *p)
{
	const char *q = js_space(p, js->end);

	if (js_peek(q, js->end) != '{') {
		if (q == js->end)
			return js_fail(js, p, "json.syntax",
			    p == q ? "the text is empty"
				   : "the text is blank");
		if (js->end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
			return js_fail(js, p, "json.syntax",
			    "the text begins with a byte order mark, which "
			    "JSON must not have");
		p = js_scan_value(js, q, 1);
		return p == NULL ? NULL
				 : js_fail(js, q, "json.type",
				       "expected an object, found %s",
				       js_found(js, q));
	}
	p = read_object(js, js->root, q, js->rows.n, 1);
	if (p == NULL)
		return NULL;
	if (__builtin_expect(p != js->end, 0)) {
		p = js_space(p, js->end);
		if (p != js->end)
			return js_fail(js, p, "json.syntax",
			    "expected the end of the text, found %s",
			    js_found(js, p));
	}
	return js->extra == NULL || put_extras(js) ? p : NULL;
}

bool
js_read_row(struct js *js, const char *p, size_t n)
{
	js->err.code = NULL;
	js->err.path_at = JS_PATH - 1;
	js->items_left = (uint32_t)js->cf->max_items;
	js->extras.len = 0;
	if (n < 16) { /* see scan.h; such a row has no text above 12 bytes */
		memset(js->small, 0, sizeof js->small);
		if (n != 0)
			memcpy(js->small + 16, p, n);
		p = js->small + 16;
	}
	js->begin = p;
	js->end = p + n;
	return read_row(js, p) != NULL;
}
