/* SPDX-License-Identifier: MIT
 *
 * Built-in functions that make text of text.  Text is valid UTF-8, and what is
 * counted is characters.
 */
#include <string.h>

#include "base/utf8.h"
#include "expr/fn.h"
#include "expr/fn_case.h"

#define PURE (WEIR_FN_PURE | WEIR_FN_TOTAL)
#define FAILS (PURE | WEIR_FN_FALLIBLE)

/* --- case --- */

static uint32_t
other_case(uint32_t cp, const struct weir__case_run *runs, unsigned n)
{
	unsigned lo = 0, hi = n, mid;

	while (lo < hi) { /* the first run that ends at cp or later */
		mid = (lo + hi) / 2;
		if (runs[mid].last < cp)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == n || cp < runs[lo].first ||
	    (cp - runs[lo].first) % runs[lo].step != 0)
		return cp;
	return (uint32_t)((int32_t)cp + runs[lo].by);
}

static uint32_t
lower_char(uint32_t cp)
{
	if (cp < 0x80)
		return cp - 'A' < 26 ? cp + 32 : cp;
	return other_case(cp, weir__case_lower, weir__case_nlower);
}

static uint32_t
upper_char(uint32_t cp)
{
	if (cp < 0x80)
		return cp - 'a' < 26 ? cp - 32 : cp;
	return other_case(cp, weir__case_upper, weir__case_nupper);
}

/* ASCII text with the 26 letters from `first` on in their other case. */
static void
flip_ascii(char *to, const char *p, size_t n, unsigned char first)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v, from, after;
	size_t i;

	for (i = 0; n - i >= 8; i += 8) {
		/* Each byte is below 128: sums do not run over. */
		memcpy(&v, p + i, 8);
		from = v + ones * (0x80u - first);
		after = v + ones * (0x80u - first - 26);
		v ^= ((from ^ after) & ones * 0x80) >> 2;
		memcpy(to + i, &v, 8);
	}
	for (; i < n; i++)
		to[i] = (char)(p[i] ^
		    ((unsigned char)(p[i] - first) < 26 ? 32 : 0));
}

static void
change_case(struct weir_call *ca, unsigned char first,
    uint32_t (*change)(uint32_t))
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i, cp;
	size_t at, n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		/* A character of two bytes may become one of three. */
		to = weir__fn_room(&he, s.n + s.n / 2 + 4);
		if (to == NULL)
			return;
		if (weir__utf8_ascii(s.p, s.n)) {
			flip_ascii(to, s.p, s.n, first);
			weir__fn_put(&he, i, s.n);
			continue;
		}
		for (at = n = 0; at < s.n;) {
			at += weir__utf8_decode(&cp, s.p + at, s.n - at);
			n += weir__utf8_encode(to + n, change(cp));
		}
		weir__fn_put(&he, i, n);
	}
}

static void
eval_lower(struct weir_call *ca)
{
	change_case(ca, 'A', lower_char);
}

static void
eval_upper(struct weir_call *ca)
{
	change_case(ca, 'a', upper_char);
}

static bool
in_word(uint32_t cp)
{
	return cp >= 0x80 || (cp | 32) - 'a' < 26 || cp - '0' < 10;
}

static void
eval_initcap(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i, cp;
	size_t at, n;
	bool inside;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, s.n + s.n / 2 + 4);
		if (to == NULL)
			return;
		inside = false;
		for (at = n = 0; at < s.n;) {
			at += weir__utf8_decode(&cp, s.p + at, s.n - at);
			n += weir__utf8_encode(to + n,
			    inside ? lower_char(cp) : upper_char(cp));
			inside = in_word(cp);
		}
		weir__fn_put(&he, i, n);
	}
}

/* --- trimming: views of the argument --- */

static bool
in_set(const char *p, size_t len, const struct weir__fn_view *set)
{
	size_t at;
	unsigned n;

	if (set->p == NULL)
		return *p == ' ' || (*p >= '\t' && *p <= '\r');
	for (at = 0; at < set->n; at += n) {
		n = weir__utf8_size(set->p[at]);
		if (n == len && memcmp(set->p + at, p, n) == 0)
			return true;
	}
	return false;
}

static void
trim(struct weir_call *ca, bool begin, bool end)
{
	struct weir__fn_view s, set = { NULL, 0 };
	uint32_t i;
	size_t n;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		if (ca->nargs > 1)
			set = weir__fn_arg(ca, 1, i);
		while (begin && s.n > 0) {
			n = weir__utf8_size(*s.p);
			if (!in_set(s.p, n, &set))
				break;
			s.p += n;
			s.n -= n;
		}
		while (end && s.n > 0) {
			for (n = 1; (s.p[s.n - n] & 0xc0) == 0x80; n++)
				;
			if (!in_set(s.p + s.n - n, n, &set))
				break;
			s.n -= n;
		}
		ca->out->u.str[i] = weir_str_make(s.p, s.n);
	}
}

static void
eval_trim(struct weir_call *ca)
{
	trim(ca, true, true);
}

static void
eval_ltrim(struct weir_call *ca)
{
	trim(ca, true, false);
}

static void
eval_rtrim(struct weir_call *ca)
{
	trim(ca, false, true);
}

/* --- lengths and parts --- */

static void
eval_length(struct weir_call *ca)
{
	bool bytes = ca->types[0]->kind == WEIR_BYTES;
	struct weir__fn_view s;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		ca->out->u.i64[i] =
		    (int64_t)(bytes ? s.n : weir__utf8_length(s.p, s.n));
	}
}

static void
eval_bytes_length(struct weir_call *ca)
{
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		ca->out->u.i64[i] = ca->args[0]->u.str[i].len;
}

static size_t
clip(int64_t n)
{
	return n < 0 ? 0 : (size_t)n;
}

/* The characters from number `from` (0 is the first), `n` of them. */
static void
put_part(struct weir_call *ca, uint32_t i, struct weir__fn_view s, size_t from,
    size_t n)
{
	size_t a, b;

	if (weir__utf8_ascii(s.p, s.n)) {
		a = from < s.n ? from : s.n;
		b = n < s.n - a ? a + n : s.n;
	} else {
		a = weir__utf8_at(s.p, s.n, from);
		b = a + weir__utf8_at(s.p + a, s.n - a, n);
	}
	ca->out->u.str[i] = weir_str_make(s.p + a, b - a);
}

static void
eval_substr(struct weir_call *ca)
{
	struct weir__fn_view s;
	int64_t from, len, n;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		from = ca->args[1]->u.i64[i];
		n = ca->nargs > 2 ? ca->args[2]->u.i64[i] : INT64_MAX;
		if (n < 0) {
			weir__fn_fail(ca, i, "expr.argument",
			    "the length is %lld, it must not be negative",
			    (long long)n);
			continue;
		}
		if (from < 0) {
			len = (int64_t)weir__utf8_length(s.p, s.n);
			if (from < -len) {
				/* What lies before the text counts, too. */
				n = n == INT64_MAX ? n : n + (from + len);
				from = -len;
			}
			from += len;
		} else if (from > 0) {
			from--;
		}
		put_part(ca, i, s, clip(from), clip(n));
	}
}

static void
eval_left(struct weir_call *ca)
{
	struct weir__fn_view s;
	uint32_t i;
	int64_t n;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		n = ca->args[1]->u.i64[i];
		if (n < 0)
			n += (int64_t)weir__utf8_length(s.p, s.n);
		put_part(ca, i, s, 0, clip(n));
	}
}

static void
eval_right(struct weir_call *ca)
{
	struct weir__fn_view s;
	int64_t n, len;
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		n = ca->args[1]->u.i64[i];
		len = (int64_t)weir__utf8_length(s.p, s.n);
		if (n < 0)
			n = n < -len ? 0 : len + n;
		put_part(ca, i, s, clip(len - (n < len ? n : len)), clip(n));
	}
}

/* --- longer text --- */

/* False, and the row fails, where a row's text would be too long. */
static bool
small_enough(struct weir_call *ca, uint32_t i, uint64_t n)
{
	if (n <= WEIR__FN_TEXT_MAX)
		return true;
	weir__fn_fail(ca, i, "expr.argument",
	    "the text would be longer than 16 MiB");
	return false;
}

static void
pad(struct weir_call *ca, bool left)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s, fill = { " ", 1 };
	size_t len, flen, more, whole, part, n;
	uint32_t i;
	int64_t want;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		want = ca->args[1]->u.i64[i];
		if (ca->nargs > 2)
			fill = weir__fn_arg(ca, 2, i);
		len = weir__utf8_length(s.p, s.n);
		flen = weir__utf8_length(fill.p, fill.n);
		if (want <= (int64_t)len || flen == 0) {
			put_part(ca, i, s, 0, clip(want));
			continue;
		}
		if (!small_enough(ca, i, (uint64_t)want))
			continue;
		more = (size_t)want - len;
		whole = more / flen;
		part = weir__utf8_at(fill.p, fill.n, more % flen);
		n = whole * fill.n + part;
		if (!small_enough(ca, i, s.n + n))
			continue;
		to = weir__fn_room(&he, s.n + n);
		if (to == NULL)
			return;
		if (!left)
			memcpy(to, s.p, s.n);
		to += left ? 0 : s.n;
		for (; whole > 0; whole--, to += fill.n)
			memcpy(to, fill.p, fill.n);
		memcpy(to, fill.p, part);
		if (left)
			memcpy(to + part, s.p, s.n);
		weir__fn_put(&he, i, s.n + n);
	}
}

static void
eval_lpad(struct weir_call *ca)
{
	pad(ca, true);
}

static void
eval_rpad(struct weir_call *ca)
{
	pad(ca, false);
}

static void
eval_repeat(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint64_t n;
	uint32_t i;
	int64_t times;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		times = ca->args[1]->u.i64[i];
		if (s.n == 0 || times < 0)
			times = 0;
		if (times > WEIR__FN_TEXT_MAX)
			times = WEIR__FN_TEXT_MAX + 1;
		n = (uint64_t)times * s.n;
		if (!small_enough(ca, i, n))
			continue;
		to = weir__fn_room(&he, n);
		if (to == NULL)
			return;
		for (; times > 0; times--, to += s.n)
			memcpy(to, s.p, s.n);
		weir__fn_put(&he, i, n);
	}
}

static void
eval_reverse(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	uint32_t i;
	size_t at;
	unsigned n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		to = weir__fn_room(&he, s.n);
		if (to == NULL)
			return;
		for (at = 0; at < s.n; at += n) {
			n = weir__utf8_size(s.p[at]);
			memcpy(to + s.n - at - n, s.p + at, n);
		}
		weir__fn_put(&he, i, s.n);
	}
}

/* Row i of the arguments from `first` on that are not null, with `sep`
 * between them. */
static int
put_joined(struct weir__fn_heap *he, uint32_t i, uint32_t first,
    struct weir__fn_view sep)
{
	struct weir_call *ca = he->ca;
	struct weir__fn_view s;
	uint64_t n = 0;
	uint32_t k;
	bool any = false;
	char *to;

	for (k = first; k < ca->nargs; k++)
		if (weir_valid(ca->args[k], i))
			n += ca->args[k]->u.str[i].len + sep.n;
	if (!small_enough(ca, i, n))
		return 0;
	to = weir__fn_room(he, n);
	if (to == NULL)
		return -1;
	for (n = 0, k = first; k < ca->nargs; k++) {
		if (!weir_valid(ca->args[k], i))
			continue;
		if (any && sep.n != 0)
			memcpy(to + n, sep.p, sep.n);
		n += any ? sep.n : 0;
		any = true;
		s = weir__fn_arg(ca, k, i);
		memcpy(to + n, s.p, s.n);
		n += s.n;
	}
	weir__fn_put(he, i, n);
	return 0;
}

static void
eval_concat(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++)
		if (weir__fn_live(ca, i) &&
		    put_joined(&he, i, 0, (struct weir__fn_view){ "", 0 }) != 0)
			return;
}

static void
eval_concat_ws(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	uint32_t i;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		if (!weir_valid(ca->args[0], i))
			weir__fn_null(ca, i);
		else if (put_joined(&he, i, 1, weir__fn_arg(ca, 0, i)) != 0)
			return;
	}
}

/* All characters but the last `keep` become stars. */
static void
eval_mask(struct weir_call *ca)
{
	struct weir__fn_heap he = { .ca = ca };
	struct weir__fn_view s;
	size_t len, keep, tail;
	uint32_t i;
	int64_t n;
	char *to;

	for (i = 0; i < ca->nrows; i++) {
		if (!weir__fn_live(ca, i))
			continue;
		s = weir__fn_arg(ca, 0, i);
		n = ca->nargs > 1 ? ca->args[1]->u.i64[i] : 0;
		len = weir__utf8_length(s.p, s.n);
		keep = clip(n) < len ? clip(n) : len;
		tail = weir__utf8_at(s.p, s.n, len - keep);
		to = weir__fn_room(&he, s.n);
		if (to == NULL)
			return;
		memset(to, '*', len - keep);
		memcpy(to + len - keep, s.p + tail, s.n - tail);
		weir__fn_put(&he, i, len - keep + s.n - tail);
	}
}

WEIR__FN(fn_lower, "lower", PURE, NULL, eval_lower, "text",
    "in lower case; characters that become several are left",
    "lower(\"\xc3\x84" "bc\") = \"\xc3\xa4" "bc\"", "string -> string");
WEIR__FN(fn_upper, "upper", PURE, NULL, eval_upper, "text",
    "in upper case; characters that become several are left",
    "upper(\"abc\") = \"ABC\"", "string -> string");
WEIR__FN(fn_initcap, "initcap", PURE, NULL, eval_initcap, "text",
    "each word with a capital and the rest in lower case",
    "initcap(\"de HAVILLAND, inc\") = \"De Havilland, Inc\"",
    "string -> string");
WEIR__FN(fn_trim, "trim", PURE, NULL, eval_trim, "text",
    "without blanks, or without the given characters, at both ends",
    "trim(\"  a b \") = \"a b\"\ntrim(\"xxaxyx\", \"xy\") = \"a\"",
    "string, [string] -> string");
WEIR__FN(fn_ltrim, "ltrim", PURE, NULL, eval_ltrim, "text",
    "without blanks, or without the given characters, at the beginning",
    "ltrim(\"  a \") = \"a \"\nltrim(\"0042\", \"0\") = \"42\"",
    "string, [string] -> string");
WEIR__FN(fn_rtrim, "rtrim", PURE, NULL, eval_rtrim, "text",
    "without blanks, or without the given characters, at the end",
    "rtrim(\" a  \") = \" a\"\nrtrim(\"1.500\", \"0\") = \"1.5\"",
    "string, [string] -> string");
WEIR__FN(fn_length, "length", PURE, NULL, eval_length, "text",
    "how many characters a text has, or bytes have",
    "length(\"na\xc3\xafve\") = 5", "string -> int64", "bytes -> int64");
WEIR__FN(fn_bytes_length, "bytes_length", PURE, NULL, eval_bytes_length,
    "text", "how many bytes it has", "bytes_length(\"na\xc3\xafve\") = 6",
    "string -> int64", "bytes -> int64", "json -> int64");
WEIR__FN(fn_substr, "substr", FAILS, NULL, eval_substr, "text",
    "the characters from one place on (the first is 1, negative counts from "
    "the end), all or so many",
    "substr(\"abcdef\", 3) = \"cdef\"\nsubstr(\"abcdef\", 3, 2) = \"cd\"\n"
    "substr(\"abcdef\", -2) = \"ef\"",
    "string, int64, [int64] -> string");
WEIR__FN(fn_left, "left", PURE, NULL, eval_left, "text",
    "the first characters; with a negative number all but the last",
    "left(\"abcdef\", 2) = \"ab\"\nleft(\"abcdef\", -2) = \"abcd\"",
    "string, int64 -> string");
WEIR__FN(fn_right, "right", PURE, NULL, eval_right, "text",
    "the last characters; with a negative number all but the first",
    "right(\"abcdef\", 2) = \"ef\"\nright(\"abcdef\", -2) = \"cdef\"",
    "string, int64 -> string");
WEIR__FN(fn_lpad, "lpad", FAILS, NULL, eval_lpad, "text",
    "filled up on the left, or cut off, to so many characters",
    "lpad(\"7\", 3, \"0\") = \"007\"\nlpad(\"abc\", 2) = \"ab\"",
    "string, int64, [string] -> string");
WEIR__FN(fn_rpad, "rpad", FAILS, NULL, eval_rpad, "text",
    "filled up on the right, or cut off, to so many characters",
    "rpad(\"7\", 3, \".\") = \"7..\"", "string, int64, [string] -> string");
WEIR__FN(fn_repeat, "repeat", FAILS, NULL, eval_repeat, "text",
    "so many times in a row", "repeat(\"ab\", 3) = \"ababab\"",
    "string, int64 -> string");
WEIR__FN(fn_reverse, "reverse", PURE, NULL, eval_reverse, "text",
    "the characters in reverse order", "reverse(\"abc\") = \"cba\"",
    "string -> string");
WEIR__FN(fn_concat, "concat", FAILS, NULL, eval_concat, "text",
    "one text after the other; null if one is",
    "concat(\"a\", \"b\", \"c\") = \"abc\"", "string... -> string");
WEIR__FN(fn_concat_ws, "concat_ws", FAILS | WEIR_FN_NULLS, NULL,
    eval_concat_ws, "text",
    "the texts after the first, joined by it; nulls among them are left out",
    "concat_ws(\"-\", \"a\", null, \"c\") = \"a-c\"",
    "string, string... -> string");
WEIR__FN(fn_mask, "mask", PURE, NULL, eval_mask, "text",
    "stars for all characters, or for all but the last few",
    "mask(\"4111111111111111\", 4) = \"************1111\"",
    "string, [int64] -> string");

const struct weir_function *const weir__fn_text[] = {
	&fn_lower,
	&fn_upper,
	&fn_initcap,
	&fn_trim,
	&fn_ltrim,
	&fn_rtrim,
	&fn_length,
	&fn_bytes_length,
	&fn_substr,
	&fn_left,
	&fn_right,
	&fn_lpad,
	&fn_rpad,
	&fn_repeat,
	&fn_reverse,
	&fn_concat,
	&fn_concat_ws,
	&fn_mask,
	NULL,
};
