/* SPDX-License-Identifier: MIT
 *
 * The hot path: an object's keys in the order in which they were met last, and
 * a reader for the usual shape of each type.
 */
#include "base/hash.h"
#include "base/time.h"
#include "scan.h"

#define HOPS 3 /* keys that may be left out before the guess is given up */

#define INLINE static inline __attribute__((always_inline))

static const char *read_object(struct js *js, struct js_object *ob,
    const char *p, uint32_t row, uint32_t depth);

/* --------------------------------------------------------------- scalars */

/* Each reads the value at p and answers the byte behind it, or NULL when it is
 * not of the usual shape: js_scalar() has the last word then. */

INLINE const char *
read_string(const struct js *js, struct js_slot *sl, const char *p,
    uint32_t row)
{
	js_vec x;
	const char *q;

	if (*p++ != '"')
		return NULL;
	q = js_string_end(&x, p, js->end);
	if (__builtin_expect(q == NULL, 0))
		return NULL;
	js_str_put((struct weir_str *)sl->data + (row & sl->mask), x, p,
	    (size_t)(q - p));
	return q + 1;
}

INLINE const char *
read_int(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale != 0)
		return NULL;
	v = nu.negative ? -(int64_t)nu.digits : (int64_t)nu.digits;
	if (sl->op == JS_INT64) {
		((int64_t *)sl->data)[row & sl->mask] = v;
		return p;
	}
	if (v != (int32_t)v)
		return NULL;
	((int32_t *)sl->data)[row & sl->mask] = (int32_t)v;
	return p;
}

INLINE const char *
read_decimal(const struct js *js, struct js_slot *sl, const char *p,
    uint32_t row)
{
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale > sl->scale ||
	    nu.whole + sl->scale > 18)
		return NULL;
	v = (int64_t)(nu.digits * js_pow10[sl->scale - nu.scale]);
	if (v >= (int64_t)js_pow10[sl->precision])
		return NULL;
	((int64_t *)sl->data)[row & sl->mask] = nu.negative ? -v : v;
	return p;
}

/* Where digits and the power of ten are exact in a float64, one division
 * rounds once: Clinger, "How to read floating point numbers accurately". */
INLINE const char *
read_float(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	static const double pow10[9] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8 };
	struct js_number nu;
	double d;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.digits > UINT64_C(1) << 53)
		return NULL;
	d = (double)(int64_t)nu.digits / pow10[nu.scale];
	((double *)sl->data)[row & sl->mask] = nu.negative ? -d : d;
	return p;
}

INLINE const char *
read_bool(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	uint64_t v = js_load_end(p, js->end);
	bool on = (uint32_t)v == UINT32_C(0x65757274); /* true */
	uint64_t *word = (uint64_t *)sl->data + (row & sl->mask) / 64;
	uint64_t bit = UINT64_C(1) << row % 64;

	if (!on && (v & UINT64_C(0xffffffffff)) != UINT64_C(0x65736c6166))
		return NULL;
	*word = on ? *word | bit : *word & ~bit;
	return p + 5 - on;
}

/* ------------------------------------------------------------ timestamps */

#define T_DATE UINT64_C(0x2d30302d30303030)  /* "0000-00-" */
#define T_CLOCK UINT64_C(0x30303a30303a3030) /* "00:00:00" */
#define T_SEPS UINT64_C(0x7f76767f76767676)  /* 0x7f where no digit stands */
#define T_COLONS UINT64_C(0x76767f76767f7676)

/* Ten bytes YYYY-MM-DD at p as microseconds; remembers the last. */
INLINE bool
read_date(struct js *js, const char *p, int64_t *us)
{
	uint64_t a = js_load64(p), v;
	uint32_t b = js_load16(p + 8), y, m, d;

	if (__builtin_expect(a == js->date_text && b == js->date_text2, 1)) {
		*us = js->date_us;
		return true;
	}
	v = a ^ T_DATE;
	if ((((v + T_SEPS) | v) & JS_HIGH) != 0)
		return false;
	v = v * 10 + (v >> 8);
	y = (uint32_t)(v & 0xff) * 100 + (uint32_t)(v >> 16 & 0xff);
	m = (uint32_t)(v >> 40 & 0xff);
	d = ((b & 0xff) - '0') * 10 + ((b >> 8) - '0');
	if ((b & 0xff) - '0' > 9 || (b >> 8) - '0' > 9 || y < 2 || y > 9998 ||
	    m < 1 || m > 12 || d < 1 || d > weir__time_month_days(y, m))
		return false;
	js->date_text = a;
	js->date_text2 = b;
	*us = js->date_us = weir__time_days(y, m, d) * WEIR__US_DAY;
	return true;
}

/* Eight bytes hh:mm:ss. */
INLINE bool
read_clock(const char *p, int64_t *us)
{
	uint64_t v = js_load64(p) ^ T_CLOCK;
	uint32_t h, m, s;

	if ((((v + T_COLONS) | v) & JS_HIGH) != 0)
		return false;
	v = v * 10 + (v >> 8);
	h = (uint32_t)(v & 0xff);
	m = (uint32_t)(v >> 24 & 0xff);
	s = (uint32_t)(v >> 48 & 0xff);
	*us += (int64_t)(h * 3600 + m * 60 + s) * WEIR__US_SEC;
	return h < 24 && m < 60 && s < 60;
}

/* Z, +hh:mm, or nothing, up to the closing quote. */
INLINE const char *
read_zone(const struct js *js, const char *p, int64_t *us)
{
	uint64_t v = js_load_end(p, js->end), x;
	int64_t off;
	uint32_t h, m;
	char c = (char)v;

	if (c == 'Z')
		return (v >> 8 & 0xff) == '"' ? p + 2 : NULL;
	if (c == '"')
		return p + 1;
	if ((c != '+' && c != '-') || (v >> 48 & 0xff) != '"')
		return NULL;
	x = (v >> 8 & UINT64_C(0xffffffffff)) ^ UINT64_C(0x30303a3030);
	if ((((x + UINT64_C(0x76767f7676)) | x) & JS_HIGH) != 0)
		return NULL;
	x = x * 10 + (x >> 8);
	h = (uint32_t)(x & 0xff);
	m = (uint32_t)(x >> 24 & 0xff);
	if (h > 23 || m > 59)
		return NULL;
	off = (int64_t)(h * 3600 + m * 60) * WEIR__US_SEC;
	*us -= c == '-' ? -off : off;
	return p + 7;
}

INLINE const char *
read_time(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	uint64_t v, text;
	unsigned n;
	int64_t us;

	if (js->end - p < 22 || *p++ != '"' ||
	    (p[10] != 'T' && p[10] != ' ' && p[10] != 't') ||
	    !read_date(js, p, &us) || !read_clock(p + 11, &us))
		return NULL;
	p += 19;
	if (*p == '.') {
		text = js_load_end(++p, js->end);
		n = js_digits(&v, text);
		if (n == 0 || n > 6)
			return NULL;
		us += (int64_t)(js_digits_value(v, n) * js_pow10[6 - n]);
		p += n;
	}
	p = read_zone(js, p, &us);
	if (p == NULL)
		return NULL;
	((int64_t *)sl->data)[row & sl->mask] = us;
	return p;
}

/* A whole number of seconds, milli-, micro- or nanoseconds. */
INLINE const char *
read_epoch(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	static const int64_t us[] = { [JS_S] = WEIR__US_SEC, [JS_MS] = 1000,
		[JS_US] = 1, [JS_NS] = 1 };
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale != 0 || nu.negative ||
	    (int64_t)nu.digits > WEIR__TIME_MAX / us[sl->unit])
		return NULL;
	v = (int64_t)nu.digits * us[sl->unit];
	((int64_t *)sl->data)[row & sl->mask] = v;
	return p;
}

/* ---------------------------------------------------------------- values */

static const char *read_list(struct js *js, struct js_slot *sl, const char *p,
    uint32_t row, uint32_t depth);
static const char *read_map(struct js *js, struct js_slot *sl, const char *p,
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
		return read_map(js, sl, p, row, depth);
	return js_scalar(js, sl, p, row, depth);
}

/* `"key":value` of a field that the schema does not know.  The key is as it
 * stands in the text. */
static const char *
read_unknown(struct js *js, const struct js_object *ob, const char *key,
    size_t len, const char *p, uint32_t depth)
{
	struct js_buf *bf = &js->extras;
	const char *q = js_scan_value(js, p, depth);

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

/* A key and where it was found. */
struct key {
	struct js_slot *slot; /* NULL: unknown */
	const char *raw;      /* as it stands in the text */
	size_t raw_len;
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
find_key(struct js *js, struct js_object *ob, struct js_slot *prev, bool first,
    const char *p, struct key *key)
{
	const char *glue = p, *text, *q;
	size_t len;

	p = js_space(p, js->end);
	if (js_peek(p, js->end) != '"')
		return js_syntax(js, p, first ? "a key or }" : "a key");
	q = js_scan_string(js, p, &text, &len);
	if (q == NULL)
		return NULL;
	key->raw = p + 1;
	key->raw_len = (size_t)(q - p) - 2;
	key->slot = js_find(ob, text, len);
	if (key->slot == NULL && js->cf->reject_unknown) {
		js_fail(js, p, "json.unknown",
		    "the schema has no such field");
		js_path_name(js, text, len);
		return NULL;
	}
	p = js_space(q, js->end);
	if (js_peek(p, js->end) != ':')
		return js_syntax(js, p, "a colon");
	p = js_space(p + 1, js->end);
	if (key->slot == NULL && text == key->raw)
		key->slot = js_learn(js, ob, text, len);
	if (js->no_memory)
		return NULL;
	if (key->slot != NULL && text == key->raw)
		remember(ob, prev, first, key->slot, glue,
		    (size_t)(p - glue));
	return p;
}

/* A key for the second time in one object. */
static const char *
read_again(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	if (sl->op == JS_UNKNOWN)
		return read_value(js, sl, p, row, depth);
	switch (js->cf->duplicates) {
	case JS_DUP_FIRST:
		return js_scan_value(js, p, depth);
	case JS_DUP_LAST:
		js_rewind_slot(js, sl, row);
		return read_value(js, sl, p, row, depth);
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

static const char *
read_object(struct js *js, struct js_object *ob, const char *p, uint32_t row,
    uint32_t depth)
{
	uint64_t stamp = ++js->stamp;
	struct js_slot *prev = NULL, *sl = ob->first;
	uint32_t seen = 0;
	bool first = true;
	struct key key = { 0 };
	const char *q;
	char c;

	if (depth > js->max_depth)
		return js_too_deep(js, p);
	for (p++;; p++, prev = sl, first = false) {
		sl = guess(first ? sl : prev == NULL ? NULL : prev->next, p,
		    js->end);
		if (__builtin_expect(sl != NULL, 1)) {
			q = p;
			p += sl->glue_len;
			if (__builtin_expect(js_is_blank(p, js->end), 0)) {
				p = js_space(p, js->end);
				remember(ob, NULL, false, sl, q,
				    (size_t)(p - q));
			}
		} else {
			q = js_space(p, js->end);
			if (first && js_peek(q, js->end) == '}') {
				p = q;
				break;
			}
			p = find_key(js, ob, prev, first, p, &key);
			if (p == NULL)
				return NULL;
			sl = key.slot;
		}
		if (__builtin_expect(sl == NULL, 0)) {
			p = read_unknown(js, ob, key.raw, key.raw_len, p,
			    depth + 1);
		} else if (__builtin_expect(sl->stamp != stamp, 1)) {
			sl->stamp = stamp;
			seen += sl->op != JS_UNKNOWN;
			p = read_value(js, sl, p, row, depth + 1);
		} else {
			p = read_again(js, sl, p, row, depth + 1);
		}
		if (__builtin_expect(p == NULL, 0))
			return fail_in(js, sl);
		c = js_peek(p, js->end);
		if (__builtin_expect(c == ',', 1))
			continue;
		p = js_space(p, js->end);
		c = js_peek(p, js->end);
		if (c == '}')
			break;
		if (c != ',')
			return js_syntax(js, p, "a comma or }");
	}
	if (__builtin_expect(seen != ob->n, 0) &&
	    !fill_missing(js, ob, stamp, p, row))
		return NULL;
	return p + 1;
}

/* ------------------------------------------------------------------ lists */

/* Room for one more element. */
static bool
next_item(struct js *js, struct js_slot *sl, const char *p)
{
	if (js->items_left == 0) {
		js_fail(js, p, "json.range",
		    "the row has more than %lld list elements (max_items)",
		    (long long)js->cf->max_items);
		return false;
	}
	js->items_left--;
	return sl->items.n < sl->items.cap || js_grow(js, sl);
}

/* Behind an element: the byte after the comma, *done: behind the end. */
static const char *
after_item(struct js *js, const char *p, char close, bool *done)
{
	p = js_space(p, js->end);
	*done = js_peek(p, js->end) == close;
	if (!*done && js_peek(p, js->end) != ',')
		return js_syntax(js, p,
		    close == ']' ? "a comma or ]" : "a comma or }");
	return js_space(p + 1, js->end);
}

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
		if (!next_item(js, sl, p))
			return NULL;
		p = read_value(js, sl->item, p, sl->items.n, depth + 1);
		if (p == NULL) {
			js_path_index(js, i);
			return NULL;
		}
		sl->items.n++;
		p = after_item(js, p, ']', &done);
		if (p == NULL)
			return NULL;
	}
	sl->offsets[(row & sl->mask) + 1] = (int32_t)sl->items.n;
	return p;
}

/* ------------------------------------------------------------------- maps */

static const char *
read_map_key(struct js *js, struct js_slot *sl, const char *p)
{
	const char *text, *q;
	char *copy;
	size_t len;

	if (js_peek(p, js->end) != '"')
		return js_syntax(js, p, "a key");
	q = js_scan_string(js, p, &text, &len);
	if (q == NULL)
		return NULL;
	if (text != p + 1 && len > WEIR_STR_SMALL) {
		copy = js_text(js, len);
		if (copy == NULL)
			return NULL;
		memcpy(copy, text, len);
		text = copy;
	}
	((struct weir_str *)sl->key->data)[sl->items.n] =
	    weir_str_make(text, len);
	p = js_space(q, js->end);
	if (js_peek(p, js->end) != ':')
		return js_syntax(js, p, "a colon");
	return js_space(p + 1, js->end);
}

/* The map at p, less the entries whose bit is set. */
static const char *
read_entries(struct js *js, struct js_slot *sl, const char *p, uint32_t depth,
    const uint64_t *skip)
{
	const struct weir_str *key;
	bool done = false, skipped;
	uint32_t i;

	p = js_space(p + 1, js->end);
	if (js_peek(p, js->end) == '}')
		return p + 1;
	for (i = 0; !done; i++) {
		if (!next_item(js, sl, p))
			return NULL;
		p = read_map_key(js, sl, p);
		if (p == NULL)
			return NULL;
		skipped = skip != NULL && weir_bit(skip, i);
		if (skipped)
			p = js_scan_value(js, p, depth + 1);
		else
			p = read_value(js, sl->item, p, sl->items.n,
			    depth + 1);
		if (p == NULL) {
			key = (struct weir_str *)sl->key->data + sl->items.n;
			js_path_name(js, weir_str_data(key), key->len);
			return NULL;
		}
		sl->items.n += !skipped;
		p = after_item(js, p, '}', &done);
		if (p == NULL)
			return NULL;
	}
	return p;
}

/* Which of n keys are there again, before (LAST: those to leave out) or after
 * (FIRST)?  The number of such keys; their bits go to js->keys. */
static uint32_t
find_twice(struct js *js, const struct weir_str *keys, uint32_t n, bool last)
{
	uint32_t size = 16, i, j, k, h, twice = 0, *table;
	size_t words = WEIR_BITMAP_WORDS(n);
	uint64_t *bits;

	while (size < 2 * n)
		size *= 2;
	js->keys.len = 0;
	if (!js_buf_room(js, &js->keys, 8 * words + 4 * (size_t)size))
		return 0;
	bits = (void *)js->keys.p;
	table = (void *)(js->keys.p + 8 * words);
	memset(bits, 0, 8 * words + 4 * (size_t)size);
	for (i = 0; i < n; i++) {
		j = last ? n - 1 - i : i;
		h = (uint32_t)weir__hash(weir_str_data(&keys[j]),
		    keys[j].len, js->seed);
		for (k = h & (size - 1); table[k] != 0; k = (k + 1) & (size - 1))
			if (weir_str_eq(&keys[table[k] - 1], &keys[j]))
				break;
		if (table[k] != 0) {
			weir_bit_set(bits, j);
			twice++;
		} else {
			table[k] = j + 1;
		}
	}
	return twice;
}

static bool
any_twice(const struct weir_str *keys, uint32_t n)
{
	uint32_t i, j;

	for (i = 1; i < n; i++)
		for (j = 0; j < i; j++)
			if (weir_str_eq(&keys[i], &keys[j]))
				return true;
	return false;
}

static const char *
read_map(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
    uint32_t depth)
{
	const struct weir_str *keys;
	uint32_t start, n, i, left = js->items_left;
	const char *q;

	if (depth > js->max_depth)
		return js_too_deep(js, p);
	if (!sl->stored)
		js_rewind_slot(js, sl, 0);
	start = sl->items.n;
	q = read_entries(js, sl, p, depth, NULL);
	if (q == NULL)
		return NULL;
	n = sl->items.n - start;
	keys = (const struct weir_str *)sl->key->data + start;
	if ((n > 8 || any_twice(keys, n)) &&
	    find_twice(js, keys, n, js->cf->duplicates == JS_DUP_LAST) != 0) {
		if (js->cf->duplicates == JS_DUP_REJECT) {
			for (i = 0; !weir_bit((uint64_t *)(void *)js->keys.p,
				 i); i++)
				;
			js_fail(js, p, "json.duplicate",
			    "the key is there twice; \"duplicates\" says which "
			    "one to take");
			js_path_name(js, weir_str_data(&keys[i]), keys[i].len);
			return NULL;
		}
		js_rewind_items(js, sl, start);
		js->items_left = left;
		q = read_entries(js, sl, p, depth,
		    (const uint64_t *)(void *)js->keys.p);
	}
	if (q == NULL || js->no_memory)
		return NULL;
	sl->offsets[(row & sl->mask) + 1] = (int32_t)sl->items.n;
	return q;
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
