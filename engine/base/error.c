/* SPDX-License-Identifier: MIT
 *
 * Errors kept with their places and printed with carets.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/utf8.h"

#define ERRORS_MAX 1000	 /* further ones are not kept */
#define ERRORS_WIDTH 160 /* columns of a source line that are shown */
#define ERRORS_TAB 8
#define NOT_KEPT SIZE_MAX

/* Cut a partial character off the end of a text that did not fit. */
static void
trim(char *s, size_t cap)
{
	size_t n = strlen(s);

	if (n + 1 == cap)
		s[weir__utf8_valid_prefix(s, n)] = '\0';
}

static void
fill(struct weir_err *err, struct weir_span span, const char *code,
    const char *fmt, va_list ap)
{
	memset(err, 0, sizeof *err);
	err->span = span;
	snprintf(err->code, sizeof err->code, "%s", code);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	trim(err->text, sizeof err->text);
}

int
weir_fail(struct weir_err *err, struct weir_span span, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return WEIR_ERROR;
	va_start(ap, fmt);
	fill(err, span, code, fmt, ap);
	va_end(ap);
	return WEIR_ERROR;
}

void
weir__errors_init(struct weir__errors *es)
{
	memset(es, 0, sizeof *es);
	weir__arena_init(&es->ar, 0);
	es->last = NOT_KEPT;
}

void
weir__errors_fini(struct weir__errors *es)
{
	weir__arena_fini(&es->ar);
	weir__free(es->sources);
	weir__free(es->list);
	memset(es, 0, sizeof *es);
	es->last = NOT_KEPT;
}

uint32_t
weir__errors_source(struct weir__errors *es, const char *name,
    const char *text, size_t len)
{
	struct weir__source so, *list;

	if (len >= UINT32_MAX)
		goto fail;
	so.len = len;
	so.name = weir__arena_strdup(&es->ar, name);
	so.text = weir__arena_strndup(&es->ar, text, len);
	list = weir__realloc(es->sources, (es->nsources + 1) * sizeof *list);
	if (list != NULL)
		es->sources = list;
	if (list == NULL || so.name == NULL || so.text == NULL)
		goto fail;
	es->sources[es->nsources++] = so;
	return (uint32_t)es->nsources;
fail:
	es->out_of_memory = true;
	return 0;
}

/* Characters stay as wide as they are in bytes: places do not move. */
void
weir__errors_hide(struct weir__errors *es, struct weir_span span)
{
	const struct weir__source *so;
	char *text;
	uint32_t i;

	if (span.src == 0 || span.src > es->nsources)
		return;
	so = &es->sources[span.src - 1];
	text = (char *)(uintptr_t)so->text; /* a copy of our own */
	for (i = span.at; i < span.end && i < so->len; i++)
		if (text[i] != '\n')
			text[i] = '*';
}

static bool
same_span(struct weir_span a, struct weir_span b)
{
	return a.src == b.src && a.at == b.at && a.end == b.end;
}

void
weir__errors_add(struct weir__errors *es, const struct weir_err *err)
{
	struct weir_err *list;
	size_t i, cap;

	for (i = 0; i < es->n && es->n < ERRORS_MAX; i++) {
		if (same_span(es->list[i].span, err->span) &&
		    strcmp(es->list[i].text, err->text) == 0) {
			es->last = i;
			return;
		}
	}
	es->spare = *err;
	es->last = NOT_KEPT;
	if (es->n == ERRORS_MAX)
		return;
	if (es->n == es->cap) {
		cap = es->cap != 0 ? 2 * es->cap : 8;
		list = weir__realloc(es->list, cap * sizeof *list);
		if (list == NULL) {
			es->out_of_memory = true;
			return;
		}
		es->list = list;
		es->cap = cap;
	}
	es->last = es->n;
	es->list[es->n++] = es->spare;
}

void
weir__errors_fail(struct weir__errors *es, struct weir_span span,
    const char *code, const char *fmt, ...)
{
	struct weir_err err;
	va_list ap;

	va_start(ap, fmt);
	fill(&err, span, code, fmt, ap);
	va_end(ap);
	weir__errors_add(es, &err);
}

struct weir_err *
weir__errors_last(struct weir__errors *es)
{
	return es->last != NOT_KEPT ? &es->list[es->last] : &es->spare;
}

/* --- places --- */

/* The character at `at`: its bytes (at least 1) and code point; what is not
 * UTF-8, or would move the cursor, is shown as U+FFFD. */
static unsigned
char_at(const struct weir__source *so, size_t at, uint32_t *cp)
{
	unsigned n = weir__utf8_decode(cp, so->text + at, so->len - at);

	if (n == 0) {
		*cp = 0xfffd;
		return 1;
	}
	if ((*cp < 0x20 && *cp != '\t') || (*cp >= 0x7f && *cp < 0xa0) ||
	    *cp == 0x2028 || *cp == 0x2029 || (*cp >= 0x202a && *cp <= 0x202e) ||
	    (*cp >= 0x2066 && *cp <= 0x2069))
		*cp = 0xfffd;
	return n;
}

/* Columns that a character takes on a terminal: the blocks of combining marks
 * and of wide East Asian characters (Unicode Standard Annex 11), coarsely. */
static unsigned
char_width(uint32_t cp)
{
	static const uint32_t none[][2] = { { 0x300, 0x36f },
		{ 0x483, 0x489 }, { 0x591, 0x5bd }, { 0x200b, 0x200f },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff } };
	static const uint32_t wide[][2] = { { 0x1100, 0x115f },
		{ 0x2e80, 0x303e }, { 0x3041, 0xa4cf }, { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f }, { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1faff }, { 0x20000, 0x3fffd } };
	size_t i;

	if (cp < 0x300)
		return 1;
	for (i = 0; i < sizeof none / sizeof *none; i++)
		if (cp >= none[i][0] && cp <= none[i][1])
			return 0;
	for (i = 0; i < sizeof wide / sizeof *wide; i++)
		if (cp >= wide[i][0] && cp <= wide[i][1])
			return 2;
	return 1;
}

static uint32_t
line_start(const struct weir__source *so, uint32_t at)
{
	bool mark = at >= 3 && memcmp(so->text, "\xef\xbb\xbf", 3) == 0;

	const char *nl = memrchr(so->text, '\n', at);

	if (nl != NULL)
		return (uint32_t)(nl + 1 - so->text);
	return mark ? 3 : 0; /* past the byte order mark */
}

static uint32_t
line_end(const struct weir__source *so, uint32_t at)
{
	const char *nl = memchr(so->text + at, '\n', so->len - at);

	return (uint32_t)(nl != NULL ? (size_t)(nl - so->text) : so->len);
}

void
weir__source_place(const struct weir__source *so, uint32_t at, uint32_t *line,
    uint32_t *col)
{
	const char *p = so->text, *end;
	uint32_t i, begin;

	if (at > so->len)
		at = (uint32_t)so->len;
	begin = line_start(so, at);
	end = so->text + begin;
	*line = 1;
	*col = 1;
	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		++*line;
		p++;
	}
	for (i = begin; i < at; i++)
		*col += ((unsigned char)so->text[i] & 0xc0) != 0x80;
}

/* --- printing --- */

#define RED "\033[1;31m"
#define BOLD "\033[1m"
#define CYAN "\033[1;36m"
#define PLAIN "\033[0m"

/* One source line, tabs expanded, and the display columns of a span in it. */
struct shown {
	uint32_t from; /* first byte shown */
	uint32_t to;   /* one after the last */
	bool cut;      /* something before it is not shown */
	bool more;     /* something after it is not shown */
	size_t begin;  /* columns before the caret */
	size_t width;  /* columns of carets, at least 1 */
};

/* Columns that bytes [start, to) take; no more are counted when it is clear
 * that they are too many. */
static size_t
columns(const struct weir__source *so, uint32_t start, uint32_t to)
{
	uint32_t i, cp;
	size_t w = 0;

	for (i = start; i < to && w <= ERRORS_WIDTH;) {
		i += char_at(so, i, &cp);
		w += cp == '\t' ? ERRORS_TAB - w % ERRORS_TAB : char_width(cp);
	}
	return w;
}

/* Choose what of the line to show: all, or of a very long one what is around
 * the span. */
static void
choose(const struct weir__source *so, struct weir_span sp, struct shown *sh)
{
	uint32_t from = line_start(so, sp.at), to = line_end(so, sp.at), end;

	if (to > from && so->text[to - 1] == '\r')
		to--;
	end = sp.end < to ? sp.end : to;
	if (columns(so, from, to) > ERRORS_WIDTH) {
		if (columns(so, from, end) > ERRORS_WIDTH - 40) {
			from = sp.at > from + 60 ? sp.at - 60 : from;
			while (from < sp.at && (so->text[from] & 0xc0) == 0x80)
				from++;
		}
		if (to > from + ERRORS_WIDTH) {
			to = from + ERRORS_WIDTH;
			while (to > from && (so->text[to] & 0xc0) == 0x80)
				to--;
		}
	}
	end = end < to ? end : to;
	sh->from = from;
	sh->to = to;
	sh->cut = from > line_start(so, sp.at);
	sh->more = so->text[to] != '\n' && so->text[to] != '\r' &&
	    to < so->len;
	sh->begin = columns(so, from, sp.at < to ? sp.at : to);
	sh->width = 1;
	if (end > sp.at)
		sh->width = columns(so, from, end) - sh->begin;
	if (sh->width == 0)
		sh->width = 1;
}

static void
print_line(const struct weir__source *so, const struct shown *sh,
    struct weir__buf *bf)
{
	uint32_t i, n, cp;
	size_t w = 0, step;

	for (i = sh->from; i < sh->to; i += n) {
		n = char_at(so, i, &cp);
		if (cp == '\t') {
			step = ERRORS_TAB - w % ERRORS_TAB;
			weir__buf_fill(bf, ' ', step);
		} else {
			step = char_width(cp);
			if (cp == 0xfffd)
				weir__buf_str(bf, "\xef\xbf\xbd");
			else
				weir__buf_add(bf, so->text + i, n);
		}
		w += step;
	}
}

/* Text of a message: control characters, which a name in it may have brought
 * along, must not reach a terminal. */
static void
print_text(struct weir__buf *bf, const char *s)
{
	for (; *s != '\0'; s++)
		weir__buf_chr(bf, (unsigned char)*s < 0x20 || *s == 0x7f
			? '?' : *s);
}

static void
print_where(const struct weir__source *so, struct weir_span sp,
    const char *note, struct weir__buf *bf, bool color)
{
	struct shown sh;
	uint32_t line, col;
	int digits;
	char num[16];

	if (sp.at > so->len)
		sp.at = (uint32_t)so->len;
	weir__source_place(so, sp.at, &line, &col);
	choose(so, sp, &sh);
	digits = snprintf(num, sizeof num, "%4u", line);
	weir__buf_printf(bf, "%s | %s", num, sh.cut ? "..." : "");
	print_line(so, &sh, bf);
	weir__buf_str(bf, sh.more ? "...\n" : "\n");
	weir__buf_fill(bf, ' ', (size_t)digits);
	weir__buf_str(bf, " | ");
	weir__buf_fill(bf, ' ', sh.begin + (sh.cut ? 3 : 0));
	if (color)
		weir__buf_str(bf, RED);
	weir__buf_chr(bf, '^');
	weir__buf_fill(bf, '~', sh.width - 1);
	if (color)
		weir__buf_str(bf, PLAIN);
	if (note[0] != '\0') {
		weir__buf_chr(bf, ' ');
		print_text(bf, note);
	}
	weir__buf_chr(bf, '\n');
}

/* "file:line:col: ", and the source when there is a place. */
static const struct weir__source *
print_place(const struct weir__errors *es, struct weir_span sp,
    struct weir__buf *bf)
{
	const struct weir__source *so;
	uint32_t line, col;

	if (sp.src == 0 || sp.src > es->nsources)
		return NULL;
	so = &es->sources[sp.src - 1];
	weir__source_place(so, sp.at, &line, &col);
	print_text(bf, so->name);
	weir__buf_printf(bf, ":%u:%u: ", line, col);
	return so;
}

void
weir__error_print(const struct weir__errors *es, const struct weir_err *err,
    struct weir__buf *bf, bool color)
{
	const struct weir__source *so;

	so = print_place(es, err->span, bf);
	weir__buf_str(bf, color ? RED "error:" PLAIN " " BOLD : "error: ");
	if (so == NULL && err->stage[0] != '\0') {
		print_text(bf, err->stage);
		weir__buf_str(bf, ": ");
	}
	print_text(bf, err->text);
	if (color)
		weir__buf_str(bf, PLAIN);
	if (err->code[0] != '\0')
		weir__buf_printf(bf, " [%s]", err->code);
	weir__buf_chr(bf, '\n');
	if (so != NULL) {
		print_where(so, err->span, err->hint, bf, color);
	} else if (err->hint[0] != '\0') {
		weir__buf_str(bf, "     | ");
		print_text(bf, err->hint);
		weir__buf_chr(bf, '\n');
	}
	if (err->span2.src == 0)
		return;
	so = print_place(es, err->span2, bf);
	if (so == NULL)
		return;
	weir__buf_str(bf, color ? CYAN "note:" PLAIN " " : "note: ");
	print_text(bf, err->text2[0] != '\0' ? err->text2 : "see here");
	weir__buf_chr(bf, '\n');
	print_where(so, err->span2, "", bf, color);
}

static int
by_place(const void *pa, const void *pb)
{
	const struct weir_err *a = *(const struct weir_err *const *)pa;
	const struct weir_err *b = *(const struct weir_err *const *)pb;

	if (a->span.src != b->span.src)
		return a->span.src < b->span.src ? -1 : 1;
	if (a->span.at != b->span.at)
		return a->span.at < b->span.at ? -1 : 1;
	return a < b ? -1 : a > b; /* in the list's order */
}

void
weir__errors_print(const struct weir__errors *es, struct weir__buf *bf,
    bool color)
{
	const struct weir_err **order;
	size_t i;

	order = weir__alloc(es->n * sizeof *order);
	for (i = 0; order != NULL && i < es->n; i++)
		order[i] = &es->list[i];
	if (order != NULL)
		qsort(order, es->n, sizeof *order, by_place);
	for (i = 0; i < es->n; i++)
		weir__error_print(es, order != NULL ? order[i] : &es->list[i],
		    bf, color);
	weir__free(order);
	if (es->n == ERRORS_MAX)
		weir__buf_printf(bf, "error: only the first %u errors are "
		    "shown\n", ERRORS_MAX);
	if (es->out_of_memory)
		weir__buf_str(bf, "error: out of memory\n");
}

/* --- nearest name --- */

#define NEAR_MAX 63 /* longer names are not compared */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* What it costs to take `a` for `b`, in half letters. */
static unsigned
cost(char a, char b)
{
	return a == b ? 0 : lower(a) == lower(b) ? 1 : 2;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein (F. Damerau, "A technique for computer detection and
 * correction of spelling errors", 1964), restricted to adjacent exchanges,
 * in half letters. */
static unsigned
distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][NEAR_MAX + 1], *r0 = rows[0], *r1 = rows[1],
				       *r2 = rows[2], *swap;
	size_t i, j;

	for (j = 0; j <= nb; j++)
		r1[j] = 2 * (unsigned)j;
	for (i = 1; i <= na; i++) {
		r2[0] = 2 * (unsigned)i;
		for (j = 1; j <= nb; j++) {
			r2[j] = least(r1[j - 1] + cost(a[i - 1], b[j - 1]),
			    least(r1[j], r2[j - 1]) + 2);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				r2[j] = least(r2[j], r0[j - 2] + 2);
		}
		swap = r0;
		r0 = r1;
		r1 = r2;
		r2 = swap;
	}
	return r1[nb];
}

const char *
weir__nearest(const char *name, size_t len, const char *const *names, size_t n)
{
	const char *best = NULL;
	unsigned d, least_d = UINT32_MAX;
	size_t i, m;

	if (len == 0 || len > NEAR_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		if (names[i] == NULL || (m = strlen(names[i])) > NEAR_MAX)
			continue;
		d = m == len && strncasecmp(name, names[i], m) == 0
		    ? 1 : distance(name, len, names[i], m);
		if (d < least_d && 3 * d <= 2 * (len > m ? len : m)) {
			least_d = d;
			best = names[i];
		}
	}
	return best;
}
