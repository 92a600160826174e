/* SPDX-License-Identifier: MIT
 *
 * Maps: objects whose keys are data, and what becomes of keys that are there
 * twice.
 */
#include "base/hash.h"
#include "scan.h"

bool
js_next_item(struct js *js, struct js_slot *sl, const char *p)
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

const char *
js_after_item(struct js *js, const char *p, char close, bool *done)
{
	p = js_space(p, js->end);
	*done = js_peek(p, js->end) == close;
	if (!*done && js_peek(p, js->end) != ',')
		return js_syntax(js, p,
		    close == ']' ? "a comma or ]" : "a comma or }");
	return js_space(p + 1, js->end);
}

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
		if (!js_next_item(js, sl, p))
			return NULL;
		p = read_map_key(js, sl, p);
		if (p == NULL)
			return NULL;
		skipped = skip != NULL && weir_bit(skip, i);
		if (skipped)
			p = js_scan_value(js, p, depth + 1);
		else
			p = js_read_value(js, sl->item, p, sl->items.n,
			    depth + 1);
		if (p == NULL) {
			key = (struct weir_str *)sl->key->data + sl->items.n;
			js_path_name(js, weir_str_data(key), key->len);
			return NULL;
		}
		sl->items.n += !skipped;
		p = js_after_item(js, p, '}', &done);
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
	uint32_t size = 16, i, j, k, last_k, twice = 0, *table;
	size_t words = WEIR_BITMAP_WORDS(n);
	uint64_t *bits;

	while (size < 2 * n)
		size *= 2;
	last_k = size - 1;
	js->keys.len = 0;
	if (!js_buf_room(js, &js->keys, 8 * words + 4 * (size_t)size))
		return 0;
	bits = (void *)js->keys.p;
	table = (void *)(js->keys.p + 8 * words);
	memset(bits, 0, 8 * words + 4 * (size_t)size);
	for (i = 0; i < n; i++) {
		j = last ? n - 1 - i : i;
		k = (uint32_t)weir__hash(weir_str_data(&keys[j]),
		    keys[j].len, js->seed);
		for (k &= last_k; table[k] != 0; k = (k + 1) & last_k)
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

const char *
js_read_map(struct js *js, struct js_slot *sl, const char *p, uint32_t row,
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
	keys = n == 0 ? NULL : (const struct weir_str *)sl->key->data + start;
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
