/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that look for text in text.
 */
#include <string.h>

#include "base/utf8.h"
#include "expr/fn.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

/* Where `what` begins in p[0..n), or NULL. */
static const char *
find(const char *p, size_t n, struct weir__fn_view what)
{
	return what.n == 0 ? p : memmem(p, n, what.p, what.n);
}

static void
eval_contains(struct weir_call *ca)
{
	struct weir__fn_view s;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		weir_bit_put(ca->out->u.bits, i,
		    find(s.p, s.n, weir__fn_arg(ca, 1, i)) != NULL);
	}
}

static void
affix(struct weir_call *ca, bool end)
{
	struct weir__fn_view s, a;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		a = weir__fn_arg(ca, 1, i);
		weir_bit_put(ca->out->u.bits, i,
		    a.n <= s.n &&
			memcmp(s.p + (end ? s.n - a.n : 0), a.p, a.n) == 0);
	}
}

static void
eval_starts_with(struct weir_call *ca)
{
	affix(ca, false);
}

static void
eval_ends_with(struct weir_call *ca)
{
	affix(ca, true);
}

static void
eval_position(struct weir_call *ca)
{
	struct weir__fn_view s;
	const char *at;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		at = find(s.p, s.n, weir__fn_arg(ca, 1, i));
		ca->out->u.i64[i] = at == NULL
		    ? 0
		    : (int64_t)weir__utf8_length(s.p, (size_t)(at - s.p)) + 1;
	}
}

static size_t
count(struct weir__fn_view s, struct weir__fn_view what)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t n = 0;

	if (what.n == 0)
		return 0;
	while ((p = memmem(p, (size_t)(end - p), what.p, what.n)) != NULL) {
		p += what.n;
		n++;
	}
	return n;
}

static void
eval_occurrences(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i))
			ca->out->u.i64[i] = (int64_t)count(
			    weir__fn_arg(ca, 0, i), weir__fn_arg(ca, 1, i));
}

static void
eval_replace(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s, from, by;
	const char *p, *end, *hit;
	uint64_t n;
	uint32_t i;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		from = weir__fn_arg(ca, 1, i);
		by = weir__fn_arg(ca, 2, i);
		n = count(s, from);
		if (n == 0) {
			ca->out->u.str[i] = ca->args[0]->u.str[i];
			continue;
		}
		n = s.n + n * by.n - n * from.n;
		if (n > WEIR__FN_TEXT_MAX) {
			weir__fn_fail(ca, i, "expr.argument",
			    "the text would be longer than 16 MiB");
			continue;
		}
		to = weir__fn_room(&he, n);
		if (to == NULL)
			return;
		for (p = s.p, end = s.p + s.n;; p = hit + from.n) {
			hit = memmem(p, (size_t)(end - p), from.p, from.n);
			if (hit == NULL)
				break;
			memcpy(to, p, (size_t)(hit - p));
			to += hit - p;
			memcpy(to, by.p, by.n);
			to += by.n;
		}
		memcpy(to, p, (size_t)(end - p));
		weir__fn_put(&he, i, n);
	}
}

/* Each character of `from` becomes the one at its place in `to`, or goes. */
static void
eval_translate(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s, from, by;
	size_t at, n, c, place, m;
	uint32_t i;
	unsigned len;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		from = weir__fn_arg(ca, 1, i);
		by = weir__fn_arg(ca, 2, i);
		to = weir__fn_room(&he, 4 * s.n);
		if (to == NULL)
			return;
		for (at = n = 0; at < s.n; at += len) {
			len = weir__utf8_size(s.p[at]);
			place = 0;
			for (c = 0; c < from.n;
			    c += weir__utf8_size(from.p[c]), place++)
				if (weir__utf8_size(from.p[c]) == len &&
				    memcmp(from.p + c, s.p + at, len) == 0)
					break;
			if (c >= from.n) {
				memcpy(to + n, s.p + at, len);
				n += len;
				continue;
			}
			c = weir__utf8_at(by.p, by.n, place);
			m = c < by.n ? weir__utf8_size(by.p[c]) : 0;
			memcpy(to + n, by.p + c, m);
			n += m;
		}
		weir__fn_put(&he, i, n);
	}
}

/* Part number n, from 1; negative from the end. */
static struct weir__fn_view
part(struct weir__fn_view s, struct weir__fn_view sep, int64_t n)
{
	const char *end = s.p + s.n, *hit;
	int64_t parts;

	if (n < 0) {
		parts = (int64_t)count(s, sep) + 1;
		n = n < -parts ? 0 : n + parts + 1;
	}
	for (; n > 0 && sep.n != 0; n--) {
		hit = memmem(s.p, (size_t)(end - s.p), sep.p, sep.n);
		s.n = (size_t)((hit != NULL ? hit : end) - s.p);
		if (n == 1)
			return s;
		if (hit == NULL)
			break;
		s.p = hit + sep.n;
	}
	return n == 1 ? s : (struct weir__fn_view){ "", 0 };
}

static void
eval_split_part(struct weir_call *ca)
{
	struct weir__fn_view s;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (ca->args[2]->u.i64[i] == 0) {
			weir__fn_fail(ca, i, "expr.argument",
			    "parts are counted from 1, or from -1 at the end");
			continue;
		}
		s = part(weir__fn_arg(ca, 0, i), weir__fn_arg(ca, 1, i),
		    ca->args[2]->u.i64[i]);
		ca->out->u.str[i] = weir_str_make(s.p, s.n);
	}
}

static void
eval_ascii(struct weir_call *ca)
{
	struct weir__fn_view s;
	uint32_t i, cp;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		cp = 0;
		weir__utf8_decode(&cp, s.p, s.n);
		ca->out->u.i64[i] = cp;
	}
}

static void
eval_chr(struct weir_call *ca)
{
	uint32_t i;
	unsigned n;
	int64_t v;
	char text[4];

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		v = ca->args[0]->u.i64[i];
		n = v < 0 || v > 0x10ffff
		    ? 0
		    : weir__utf8_encode(text, (uint32_t)v);
		if (n == 0)
			weir__fn_fail(ca, i, "expr.argument",
			    "%lld is no Unicode character", (long long)v);
		else
			ca->out->u.str[i] = weir_str_make(text, n);
	}
}

WEIR__FN(fn_contains, "contains", PURE, NULL, eval_contains, "text",
    "is the second text somewhere in the first?",
    "contains(\"abcdef\", \"cd\") = true", "string, string -> bool");
WEIR__FN(fn_starts_with, "starts_with", PURE, NULL, eval_starts_with, "text",
    "does the first text begin with the second?",
    "starts_with(\"abcdef\", \"abc\") = true", "string, string -> bool");
WEIR__FN(fn_ends_with, "ends_with", PURE, NULL, eval_ends_with, "text",
    "does the first text end with the second?",
    "ends_with(\"abcdef\", \"abc\") = false", "string, string -> bool");
WEIR__FN(fn_position, "position", PURE, NULL, eval_position, "text",
    "at which character of the first text the second begins, from 1; 0 where "
    "it is not there",
    "position(\"abcdef\", \"cd\") = 3\nposition(\"abc\", \"x\") = 0",
    "string, string -> int64");
WEIR__FN(fn_occurrences, "occurrences", PURE, NULL, eval_occurrences, "text",
    "how often the second text is in the first, side by side",
    "occurrences(\"a,b,c\", \",\") = 2", "string, string -> int64");
WEIR__FN(fn_replace, "replace", FAILS, NULL, eval_replace, "text",
    "every second text in the first by the third",
    "replace(\"a-b-c\", \"-\", \"+\") = \"a+b+c\"",
    "string, string, string -> string");
WEIR__FN(fn_translate, "translate", PURE, NULL, eval_translate, "text",
    "each character of the second text by that of the third at its place, or "
    "by nothing",
    "translate(\"12,50 EUR\", \",EUR \", \".\") = \"12.50\"",
    "string, string, string -> string");
WEIR__FN(fn_split_part, "split_part", FAILS, NULL, eval_split_part, "text",
    "split by the second text, part so and so (negative: from the end); \"\" "
    "where there is none",
    "split_part(\"a/b/c\", \"/\", 2) = \"b\"\n"
    "split_part(\"a/b/c\", \"/\", -1) = \"c\"",
    "string, string, int64 -> string");
WEIR__FN(fn_ascii, "ascii", PURE, NULL, eval_ascii, "text",
    "the number of the first character in Unicode; 0 for \"\"",
    "ascii(\"A\") = 65", "string -> int64");
WEIR__FN(fn_chr, "chr", FAILS, NULL, eval_chr, "text",
    "the character of a number in Unicode", "chr(8364) = \"\xe2\x82\xac\"",
    "int64 -> string");

const struct weir_function *const weir__fn_find[] = {
	&fn_contains,
	&fn_starts_with,
	&fn_ends_with,
	&fn_position,
	&fn_occurrences,
	&fn_replace,
	&fn_translate,
	&fn_split_part,
	&fn_ascii,
	&fn_chr,
	NULL,
};
