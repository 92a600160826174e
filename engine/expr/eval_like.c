/* SPDX-License-Identifier: MIT
 *
 * like: the pattern is cut at each % into segments; the first must stand at
 * the beginning, the last at the end, those between follow in order, each as
 * far to the left as it can.
 */
#include "expr/like.h"

#include "base/utf8.h"

/* A stretch without %.  `any` marks the bytes that were _. */
struct segment {
	const char *text;
	const uint8_t *any; /* NULL: there is no _ in it */
	size_t n;
};

struct weir__like {
	struct segment *list; /* one more than there are % */
	size_t n;
};

bool
weir__like_ok(const char *pat, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pat[i] == '\\' && ++i == n)
			return false;
	return true;
}

const struct weir__like *
weir__like_compile(struct weir__arena *ar, const char *pat, size_t n)
{
	struct weir__like *li = weir__arena_zalloc(ar, sizeof *li);
	struct segment *sg;
	uint8_t *any;
	char *text;
	size_t i, k = 0, count = 1;

	for (i = 0; i < n; i++)
		count += pat[i] == '%';
	text = weir__arena_alloc(ar, n + 1);
	any = weir__arena_zalloc(ar, n + 1);
	if (li == NULL || text == NULL || any == NULL)
		return NULL;
	li->list = sg = weir__arena_zalloc(ar, count * sizeof *sg);
	if (sg == NULL)
		return NULL;
	sg->text = text;
	for (i = 0; i < n; i++) {
		if (pat[i] == '%') {
			sg++;
			sg->text = text + k;
			continue;
		}
		if (pat[i] == '_') {
			any[k] = 1;
			sg->any = any + (sg->text - text);
		} else if (pat[i] == '\\') {
			i++;
		}
		text[k++] = pat[i];
		sg->n++;
	}
	li->n = (size_t)(sg - li->list) + 1;
	return li;
}

/* Bytes of p[0..n) that the segment takes at the beginning, or -1. */
static ptrdiff_t
take(const struct segment *sg, const char *p, size_t n)
{
	size_t i, at = 0;

	if (sg->any == NULL) {
		if (n < sg->n || memcmp(p, sg->text, sg->n) != 0)
			return -1;
		return (ptrdiff_t)sg->n;
	}
	for (i = 0; i < sg->n; i++) {
		if (at >= n || (!sg->any[i] && p[at] != sg->text[i]))
			return -1;
		at += sg->any[i] ? weir__utf8_size(p[at]) : 1;
	}
	return at <= n ? (ptrdiff_t)at : -1;
}

/* The last segment, at the end of the text. */
static bool
ends(const struct segment *sg, const char *p, size_t n)
{
	size_t from;
	ptrdiff_t got;

	if (sg->any == NULL)
		return n >= sg->n &&
		    memcmp(p + n - sg->n, sg->text, sg->n) == 0;
	/* A _ takes one to four bytes. */
	for (from = 0; from <= n; from++) {
		if (from < n && ((unsigned char)p[from] & 0xc0) == 0x80)
			continue;
		got = take(sg, p + from, n - from);
		if (got >= 0 && from + (size_t)got == n)
			return true;
	}
	return false;
}

/* The text after the segment's first place, or NULL. */
static const char *
search(const struct segment *sg, const char *p, const char *end)
{
	const char *hit;

	if (sg->any == NULL) {
		hit = memmem(p, (size_t)(end - p), sg->text, sg->n);
		return hit != NULL ? hit + sg->n : NULL;
	}
	for (; p <= end; p++) {
		ptrdiff_t got;

		if (p < end && ((unsigned char)*p & 0xc0) == 0x80)
			continue;
		got = take(sg, p, (size_t)(end - p));
		if (got >= 0)
			return p + got;
	}
	return NULL;
}

bool
weir__like_match(const struct weir__like *li, const char *p, size_t n)
{
	const char *end = p + n;
	ptrdiff_t got = take(&li->list[0], p, n);
	size_t i;

	if (got < 0)
		return false;
	if (li->n == 1)
		return (size_t)got == n;
	p += got;
	for (i = 1; i + 1 < li->n; i++)
		if ((p = search(&li->list[i], p, end)) == NULL)
			return false;
	return ends(&li->list[i], p, (size_t)(end - p));
}

/* The pattern of one row, where it is not constant. */
static int
match_row(struct weir__cx *cx, const struct weir_expr *ex, uint32_t row,
    const struct weir_str *s, const struct weir_str *pat,
    struct weir__vec *out, bool *yes)
{
	const struct weir__like *li;

	*yes = false;
	if (!weir__like_ok(weir_str_data(pat), pat->len))
		return weir__vec_fail(cx, out, ex, row, "expr.like",
		    "the pattern ends with a lone backslash");
	li = weir__like_compile(cx->ar, weir_str_data(pat), pat->len);
	if (li == NULL)
		return -1;
	*yes = weir__like_match(li, weir_str_data(s), s->len);
	return 0;
}

int
weir__eval_like(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec a, b;
	const uint64_t *live;
	uint32_t i;

	if (weir__node_run(cx, ex->args[0], rows, &a) != 0 ||
	    weir__node_run(cx, ex->args[1], rows, &b) != 0 ||
	    weir__vec_valid(cx, out, &a) != 0 ||
	    weir__vec_valid(cx, out, &b) != 0 ||
	    weir__vec_errors(cx, out, &a) != 0 ||
	    weir__vec_errors(cx, out, &b) != 0 ||
	    weir__vec_live(cx, rows, out->co.valid, out->errors, &live) != 0 ||
	    (out->co.u.bits = weir__cx_bits(cx, false)) == NULL)
		return -1;
	for (i = 0; i < cx->n; i++) {
		const struct weir_str *s = &a.co.u.str[weir__vec_at(&a, i)];
		bool yes;

		if (!weir__live(live, i))
			continue;
		if (ex->u.like != NULL)
			yes = weir__like_match(ex->u.like, weir_str_data(s),
			    s->len);
		else if (match_row(cx, ex, i, s,
			     &b.co.u.str[weir__vec_at(&b, i)], out, &yes) != 0)
			return -1;
		if (yes)
			weir_bit_set(out->co.u.bits, i);
	}
	return 0;
}
