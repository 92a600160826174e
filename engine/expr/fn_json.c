/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that look into JSON.  A json value is one valid text
 * (RFC 8259), so that scanning it needs no checks of its grammar.
 *
 *	path	[$] .name ["any name"] [3] ...   the first dot may be left out
 */
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "expr/fn.h"

#define PURE WEIR_FN_PURE
#define TOTAL (WEIR_FN_PURE | WEIR_FN_TOTAL)

/* One step of a path: a name, or an item's number where name is NULL. */
struct step {
	const char *name;
	size_t len;
	uint64_t item;
};

struct path {
	uint32_t n;
	struct step steps[];
};

/* --- paths --- */

/* The next step of the text at *p; false where it is not one. */
static bool
read_step(struct step *st, const char **p, const char *end, bool first)
{
	const char *at = *p, *close;

	st->name = NULL;
	if (*at == '[') {
		close = memchr(at, ']', (size_t)(end - at));
		if (++at < end && *at == '"') {
			st->name = ++at;
			close = memchr(at, '"', (size_t)(end - at));
			if (close == NULL || end - close < 2 ||
			    close[1] != ']')
				return false;
			st->len = (size_t)(close - at);
			*p = close + 2;
			return true;
		}
		*p = close != NULL ? close + 1 : end;
		return close != NULL && close != at && *at != '+' &&
		    weir__u64_parse(&st->item, at, (size_t)(close - at)) ==
		    WEIR__NUM_OK;
	}
	if (*at == '.')
		at++;
	else if (!first)
		return false;
	st->name = at;
	while (at < end && *at != '.' && *at != '[')
		at++;
	st->len = (size_t)(at - st->name);
	*p = at;
	return st->len != 0;
}

static int
bind_path(struct weir_fn_bind *fb, struct weir_err *err)
{
	struct weir__fn_view s;
	const char *p, *end;
	struct path *pa;
	char *text;
	int rc;

	rc = weir__fn_const_text(fb, 1, "path", &s, err);
	if (rc != WEIR_OK || s.p == NULL)
		return rc;
	text = fb->alloc(fb, s.n + 1);
	pa = fb->alloc(fb, sizeof *pa + (s.n + 1) * sizeof *pa->steps);
	if (text == NULL || pa == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory",
		    "out of memory for a path");
	memcpy(text, s.p, s.n);
	p = text;
	end = text + s.n;
	p += s.n != 0 && *p == '$';
	for (pa->n = 0; p < end; pa->n++)
		if (!read_step(&pa->steps[pa->n], &p, end,
			pa->n == 0 && p == text))
			return weir__fn_refuse(fb, 1, err, "expr.path",
			    "expected a path such as a.b[0] or $[\"a\"], found "
			    "\"%.*s\"",
			    (int)(s.n < 80 ? s.n : 80), s.p);
	fb->bound = pa;
	return WEIR_OK;
}

/* --- scanning --- */

static const char *
blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || (*p >= '\t' && *p <= '\r')))
		p++;
	return p;
}

/* After the string whose opening quote is at p. */
static const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\' && p + 1 < end;
	return p < end ? p + 1 : end;
}

/* After the value that begins at p. */
static const char *
skip(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
			continue;
		} else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return p;
			depth--;
			p++;
		} else if (*p == ',' && depth == 0) {
			return p;
		} else {
			p++;
			if (depth == 0 &&
			    (p == end || strchr(",]} \t\r\n", *p)))
				return p;
			continue;
		}
		if (depth == 0)
			return p;
	}
	return end;
}

static uint32_t
hex4(const char *p)
{
	uint32_t v = 0;
	int i;

	for (i = 0; i < 4; i++)
		v = v << 4 |
		    (uint32_t)((p[i] & 15) + (p[i] >= 'A' ? 9 : 0));
	return v;
}

/* The text of a string without its quotes, p[0..n), into `to`, which has room
 * for n bytes.  A lone surrogate becomes U+FFFD. */
static size_t
unescape(char *to, const char *p, size_t n)
{
	static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
	const char *end = p + n, *hit;
	char *at = to;
	uint32_t cp, low;

	while (p < end) {
		if (*p != '\\' || end - p < 2) {
			*at++ = *p++;
			continue;
		}
		if (p[1] != 'u' || end - p < 6) {
			hit = memchr(from, p[1], 5);
			*at++ = hit != NULL ? into[hit - from] : p[1];
			p += 2;
			continue;
		}
		cp = hex4(p + 2);
		p += 6;
		if (cp - 0xd800 < 0x400 && end - p >= 6 && p[0] == '\\' &&
		    p[1] == 'u') {
			low = hex4(p + 2);
			if (low - 0xdc00 < 0x400) {
				cp = 0x10000 + ((cp - 0xd800) << 10) +
				    (low - 0xdc00);
				p += 6;
			}
		}
		if (cp - 0xd800 < 0x800)
			cp = 0xfffd;
		at += weir__utf8_encode(at, cp);
	}
	return (size_t)(at - to);
}

/* Is the string at p (quotes and all, up to `after`) the name?  -1: memory. */
static int
same_name(struct weir__fn_heap *he, const char *p, const char *after,
    const struct step *st)
{
	size_t n = (size_t)(after - p) - 2;
	char *to;

	if (memchr(p + 1, '\\', n) == NULL)
		return n == st->len && memcmp(p + 1, st->name, n) == 0;
	to = weir__fn_room(he, n);
	if (to == NULL)
		return -1;
	n = unescape(to, p + 1, n);
	return n == st->len && memcmp(to, st->name, n) == 0;
}

/* The value that a step leads to from the one at p; *p is NULL where there is
 * none.  -1 when memory is out.  Of two equal names the last one counts. */
static int
follow(struct weir__fn_heap *he, const char **p, const char *end,
    const struct step *st)
{
	const char *at = *p, *found = NULL, *key;
	uint64_t i;
	int same;

	*p = NULL;
	if (at == end || *at != (st->name != NULL ? '{' : '['))
		return 0;
	at = blanks(at + 1, end);
	for (i = 0; at < end && *at != '}' && *at != ']'; i++) {
		same = st->name == NULL && i == st->item;
		if (st->name != NULL) {
			key = at;
			at = skip_string(at, end);
			if (*key != '"' || at - key < 2)
				return 0; /* not JSON after all */
			same = same_name(he, key, at, st);
			if (same < 0)
				return -1;
			at = blanks(at, end);
			at = blanks(at + (at < end), end); /* the colon */
		}
		if (same)
			found = at;
		at = blanks(skip(at, end), end);
		if (at < end && *at == ',')
			at = blanks(at + 1, end);
	}
	*p = found;
	return 0;
}

/* The value at the path in row i, or NULL; -1 when memory is out. */
static int
lookup(struct weir__fn_heap *he, uint32_t i, const char **p, const char **end)
{
	struct weir__fn_view s = weir__fn_arg(he->ca, 0, i);
	const struct path *pa = he->ca->bound;
	uint32_t k;

	*end = s.p + s.n;
	*p = blanks(s.p, *end);
	for (k = 0; k < pa->n && *p != NULL; k++)
		if (follow(he, p, *end, &pa->steps[k]) != 0)
			return -1;
	if (*p == *end)
		*p = NULL;
	if (*p != NULL)
		*end = skip(*p, *end);
	return 0;
}

static void
eval_json_get(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	const char *p, *end;
	uint32_t i;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (lookup(&he, i, &p, &end) != 0)
			return;
		if (p == NULL || *p == 'n') {
			weir__fn_null(ca, i);
		} else if (*p != '"' || end - p < 2) {
			ca->out->u.str[i] =
			    weir_str_make(p, (size_t)(end - p));
		} else if (memchr(p, '\\', (size_t)(end - p)) == NULL) {
			ca->out->u.str[i] =
			    weir_str_make(p + 1, (size_t)(end - p) - 2);
		} else {
			to = weir__fn_room(&he, (size_t)(end - p));
			if (to == NULL)
				return;
			weir__fn_put(&he, i,
			    unescape(to, p + 1, (size_t)(end - p) - 2));
		}
	}
}

static void
eval_json_part(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	const char *p, *end;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (lookup(&he, i, &p, &end) != 0)
			return;
		if (p == NULL)
			weir__fn_null(ca, i);
		else
			ca->out->u.str[i] =
			    weir_str_make(p, (size_t)(end - p));
	}
}

static void
eval_json_length(struct weir_call *ca)
{
	struct weir__fn_view s;
	const char *p, *end;
	uint32_t i;
	int64_t n;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		end = s.p + s.n;
		p = blanks(s.p, end);
		if (p == end || (*p != '[' && *p != '{')) {
			weir__fn_null(ca, i);
			continue;
		}
		p = blanks(p + 1, end);
		for (n = 0; p < end && *p != ']' && *p != '}';) {
			if (*p == ':') { /* what stood before was a name */
				n--;
				p = blanks(p + 1, end);
			}
			p = blanks(skip(p, end), end);
			n++;
			if (p < end && *p == ',')
				p = blanks(p + 1, end);
		}
		ca->out->u.i64[i] = n;
	}
}

static void
eval_json_type(struct weir_call *ca)
{
	struct weir__fn_view s;
	const char *p, *name;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		p = blanks(s.p, s.p + s.n);
		switch (p < s.p + s.n ? *p : 'n') {
		case '{':
			name = "object";
			break;
		case '[':
			name = "array";
			break;
		case '"':
			name = "string";
			break;
		case 't':
		case 'f':
			name = "boolean";
			break;
		case 'n':
			name = "null";
			break;
		default:
			name = "number";
		}
		ca->out->u.str[i] = weir_str_make(name, strlen(name));
	}
}

WEIR__FN(fn_json_get, "json_get", PURE, bind_path, eval_json_get, "json",
    "the value at a path as text: strings without their quotes, anything else "
    "as it is written; null where there is none",
    "json_get(cast(\"{\\\"a\\\": [1, {\\\"b\\\": \\\"x\\\"}]}\" as json), "
    "\"a[1].b\") = \"x\"",
    "json, string -> string");
WEIR__FN(fn_json_part, "json_part", PURE, bind_path, eval_json_part, "json",
    "the value at a path as json; null where there is none",
    "cast(json_part(cast(\"{\\\"a\\\": [1, 2]}\" as json), \"$.a\") as string) "
    "= \"[1, 2]\"",
    "json, string -> json");
WEIR__FN(fn_json_length, "json_length", PURE, NULL, eval_json_length, "json",
    "how many items an array or members an object has; else null",
    "json_length(cast(\"[1, 2, 3]\" as json)) = 3", "json -> int64");
WEIR__FN(fn_json_type, "json_type", TOTAL, NULL, eval_json_type, "json",
    "object, array, string, number, boolean or null",
    "json_type(cast(\"[1, 2, 3]\" as json)) = \"array\"", "json -> string");

const struct weir_function *const weir__fn_json[] = {
	&fn_json_get,
	&fn_json_part,
	&fn_json_length,
	&fn_json_type,
	NULL,
};
