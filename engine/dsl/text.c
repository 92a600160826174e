/* SPDX-License-Identifier: MIT
 *
 * Literals: what the text of a string or number token means.
 *
 *	"plain"		escapes and ${...}; one line
 *	"""long"""	${...}, a backslash is itself; any lines
 *	r"raw"		nothing is special; one line
 *	r#"raw"#	the same with quotes in it; any lines
 *	r"""raw"""	as long, without ${...}
 *
 * Of a long string that begins with a line's end, that end, the common
 * indentation of its lines (the closing quotes' line counts), and a last line
 * that is blank together with the line end before it are not part of the text.
 */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/time.h"
#include "base/utf8.h"
#include "dsl/parse.h"

/* --- strings --- */

struct reader {
	struct weir__parser *ps;
	const char *s;
	uint32_t at;
	uint32_t to;
	size_t indent; /* bytes to leave out at each line's start */
	bool escapes;  /* a backslash is special */
	bool holes;    /* ${ is special */
	bool lng;
	char *out; /* room for all of it */
	size_t n;
	size_t begun; /* of the current piece in `out` */
	uint32_t from; /* and in the source */
	struct weir__ast_piece *pieces;
	size_t npieces;
	bool bad;
};

static struct weir_span
span(const struct reader *rd, uint32_t at, uint32_t end)
{
	return (struct weir_span){ rd->ps->src, at, end };
}

static void
end_piece(struct reader *rd)
{
	struct weir__ast_piece *p;

	if (rd->n == rd->begun)
		return;
	rd->pieces = weir__ps_grow(rd->ps, rd->pieces, rd->npieces,
	    sizeof *rd->pieces);
	p = &rd->pieces[rd->npieces++];
	memset(p, 0, sizeof *p);
	p->span = span(rd, rd->from, rd->at);
	p->text = rd->out + rd->begun;
	p->len = rd->n - rd->begun;
	rd->out[rd->n++] = '\0';
	rd->begun = rd->n;
}

/* ${...}, with `at` on the dollar. */
static void
read_hole(struct reader *rd)
{
	struct weir__parser *ps = rd->ps;
	struct weir__tok *toks = ps->toks;
	size_t pos = ps->pos;
	bool quiet = ps->quiet;
	struct weir__ast_piece *p;
	struct weir__ast_expr *e;
	uint32_t end;

	end_piece(rd);
	end = weir__lex_hole(rd->s, rd->at + 2, rd->to);
	ps->toks = weir__lex(ps, rd->at + 2, end, false);
	ps->pos = 0;
	e = weir__ps_expr(ps);
	if (!weir__ps_at(ps, T_END))
		weir__ps_expected(ps, false, "an operator or \"}\"");
	ps->toks = toks;
	ps->pos = pos;
	ps->quiet = quiet;
	rd->pieces = weir__ps_grow(ps, rd->pieces, rd->npieces,
	    sizeof *rd->pieces);
	p = &rd->pieces[rd->npieces++];
	memset(p, 0, sizeof *p);
	p->expr = e;
	rd->at = end < rd->to ? end + 1 : end;
	p->span = span(rd, e->span.at, rd->at);
	rd->from = rd->at;
}

static void
bad_escape(struct reader *rd, uint32_t end, const char *why)
{
	rd->bad = true;
	weir__ps_soft(rd->ps, span(rd, rd->at, end), "syntax.escape",
	    "%s", why);
	weir__ps_hint(rd->ps, "a backslash itself is \\\\; in r\"...\" it is "
	    "not special");
	rd->at = end;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \u{...} */
static void
read_unicode(struct reader *rd)
{
	uint32_t p = rd->at + 2, cp = 0;
	unsigned digits = 0, n;

	if (p < rd->to && rd->s[p] == '{') {
		for (p++; p < rd->to && hex(rd->s[p]) >= 0; p++)
			if (digits++ < 7)
				cp = cp << 4 | (uint32_t)hex(rd->s[p]);
	}
	if (digits == 0 || p == rd->to || rd->s[p] != '}') {
		bad_escape(rd, p, "expected hexadecimal digits in braces, "
		    "as in \\u{e9}");
		return;
	}
	n = digits > 7 ? 0 : weir__utf8_encode(rd->out + rd->n, cp);
	if (n == 0) {
		bad_escape(rd, p + 1, "there is no such character");
		return;
	}
	rd->n += n;
	rd->at = p + 1;
}

static void
read_escape(struct reader *rd)
{
	static const char from[] = "ntr\"\\$0", to[] = "\n\t\r\"\\$";
	char c = rd->s[rd->at + 1];
	const char *f = c != '\0' ? strchr(from, c) : NULL;
	uint32_t at = rd->at, end;
	uint32_t cp;

	if (f != NULL) {
		rd->out[rd->n++] = to[f - from];
		rd->at += 2;
	} else if (c == 'u') {
		read_unicode(rd);
	} else if (c == 'x') {
		if (rd->to - at < 4 || hex(rd->s[at + 2]) < 0 ||
		    hex(rd->s[at + 3]) < 0) {
			bad_escape(rd, at + 2, "expected two hexadecimal "
			    "digits, as in \\x1b");
		} else if (hex(rd->s[at + 2]) > 7) {
			bad_escape(rd, at + 4, "a text holds characters, not "
			    "bytes: write \\u{...} above \\x7f");
		} else {
			rd->out[rd->n++] = (char)(hex(rd->s[at + 2]) << 4 |
			    hex(rd->s[at + 3]));
			rd->at += 4;
		}
	} else {
		end = at + 1;
		end += weir__utf8_decode(&cp, rd->s + end, rd->to - end);
		bad_escape(rd, end, "unknown escape; known are \\n \\t \\r "
		    "\\\" \\\\ \\$ \\0 \\xNN \\u{...}");
	}
}

/* Blanks at the start of a line. */
static uint32_t
blanks(const struct reader *rd, uint32_t at)
{
	uint32_t n = 0;

	while (at + n < rd->to &&
	    (rd->s[at + n] == ' ' || rd->s[at + n] == '\t'))
		n++;
	return n;
}

/* The indentation that all lines from `at` on share; blank ones do not count
 * but for the last. */
static uint32_t
common_indent(const struct reader *rd)
{
	uint32_t at = rd->at, most = UINT32_MAX, n, i;
	uint32_t model = at;

	for (;;) {
		n = blanks(rd, at);
		if (at + n == rd->to || (rd->s[at + n] != '\n' &&
			rd->s[at + n] != '\r')) {
			if (most == UINT32_MAX) {
				model = at;
				most = n;
			}
			for (i = 0; i < n && i < most; i++)
				if (rd->s[at + i] != rd->s[model + i])
					break;
			most = i;
		}
		for (; at < rd->to && rd->s[at] != '\n'; at++)
			if (rd->holes && rd->s[at] == '$' &&
			    rd->s[at + 1] == '{')
				at = weir__lex_hole(rd->s, at + 2, rd->to);
		if (at >= rd->to)
			return most;
		at++;
	}
}

/* Leave out what layout brought into a long string. */
static void
dedent(struct reader *rd)
{
	uint32_t p = rd->at, end;

	p += blanks(rd, p);
	if (p < rd->to && rd->s[p] == '\r')
		p++;
	if (p == rd->to || rd->s[p] != '\n')
		return;
	rd->at = p + 1;
	rd->indent = common_indent(rd);
	for (end = rd->to; end > rd->at; end--)
		if (rd->s[end - 1] != ' ' && rd->s[end - 1] != '\t')
			break;
	if (end > rd->at && rd->s[end - 1] == '\n') {
		end--;
		if (end > rd->at && rd->s[end - 1] == '\r')
			end--;
		rd->to = end;
	} else if (end == rd->at) {
		rd->at = rd->to;
	}
}

static void
skip_indent(struct reader *rd)
{
	uint32_t n = blanks(rd, rd->at);

	rd->at += n < rd->indent ? n : (uint32_t)rd->indent;
}

static void
read_text(struct reader *rd)
{
	char c;

	rd->from = rd->at;
	skip_indent(rd);
	while (rd->at < rd->to) {
		c = rd->s[rd->at];
		if (c == '\\' && rd->escapes) {
			read_escape(rd);
		} else if (c == '$' && rd->holes && rd->at + 1 < rd->to &&
		    rd->s[rd->at + 1] == '{') {
			read_hole(rd);
		} else if (c == '\r' && rd->lng && rd->at + 1 < rd->to &&
		    rd->s[rd->at + 1] == '\n') {
			rd->at++;
		} else {
			rd->out[rd->n++] = c;
			rd->at++;
			if (c == '\n' && rd->lng)
				skip_indent(rd);
		}
	}
}

static struct weir__ast_expr *
make(struct weir__parser *ps, enum weir__ast_kind kind, struct weir__tok tok)
{
	struct weir__ast_expr *e = weir__ps_alloc(ps, sizeof *e);

	e->kind = kind;
	e->span = (struct weir_span){ ps->src, tok.at, tok.end };
	e->height = 1;
	return e;
}

static uint16_t
height(const struct reader *rd)
{
	uint16_t most = 0;
	size_t i;

	for (i = 0; i < rd->npieces; i++)
		if (rd->pieces[i].expr != NULL &&
		    rd->pieces[i].expr->height > most)
			most = rd->pieces[i].expr->height;
	return most + 1;
}

struct weir__ast_expr *
weir__ps_string(struct weir__parser *ps, struct weir__tok tok)
{
	struct reader rd = { .ps = ps, .s = ps->text, .at = tok.at,
		.to = tok.end };
	struct weir__ast_expr *e;
	bool raw = rd.s[rd.at] == 'r', lng;
	uint32_t marks = 0;

	if (raw)
		for (rd.at++; rd.s[rd.at] == '#'; rd.at++)
			marks++;
	lng = marks == 0 && rd.to - rd.at >= 6 &&
	    memcmp(rd.s + rd.at, "\"\"\"", 3) == 0;
	rd.at += lng ? 3 : 1;
	rd.to -= lng ? 3 : 1 + marks;
	rd.out = weir__ps_alloc(ps, rd.to - rd.at + 2);
	rd.lng = lng;
	rd.escapes = !raw && !lng;
	rd.holes = !raw;
	if (lng)
		dedent(&rd);
	read_text(&rd);
	if (rd.bad || !weir__utf8_valid(rd.out, rd.n)) {
		ps->damaged = true;
		return make(ps, WEIR__E_BAD, tok);
	}
	if (rd.npieces == 0) {
		e = make(ps, WEIR__E_STRING, tok);
		rd.out[rd.n] = '\0';
		e->u.str.text = rd.out;
		e->u.str.len = rd.n;
		return e;
	}
	end_piece(&rd);
	e = make(ps, WEIR__E_TEMPLATE, tok);
	e->u.tmpl.pieces = rd.pieces;
	e->u.tmpl.n = rd.npieces;
	e->height = height(&rd);
	return e;
}

/* --- numbers --- */

static const struct {
	const char *name;
	int64_t bytes;
} sizes[] = {
	{ "B", 1 },
	{ "kB", 1000 }, { "KB", 1000 }, { "KiB", 1 << 10 },
	{ "MB", 1000000 }, { "MiB", 1 << 20 },
	{ "GB", 1000000000 }, { "GiB", 1 << 30 },
	{ "TB", 1000000000000 }, { "TiB", INT64_C(1) << 40 },
};

static bool
digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t
size_unit(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (strlen(sizes[i].name) == n &&
		    memcmp(sizes[i].name, s, n) == 0)
			return sizes[i].bytes;
	return 0;
}

int
weir__size_from_text(int64_t *bytes, const char *s, size_t len)
{
	int64_t whole = 0, part, tenth = 1, frac = 0, unit;
	size_t i = 0;

	if (len == 0 || !digit(s[0]))
		return -1;
	for (; i < len && digit(s[i]); i++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, s[i] - '0', &whole))
			return -1;
	if (i + 1 < len && s[i] == '.' && digit(s[i + 1])) {
		for (i++; i < len && digit(s[i]); i++) {
			if (tenth > 1000000 && s[i] != '0')
				return -1;
			if (tenth > 1000000)
				continue;
			tenth *= 10;
			frac = frac * 10 + (s[i] - '0');
		}
	}
	while (i < len && s[i] == ' ')
		i++;
	unit = i == len ? 1 : size_unit(s + i, len - i);
	if (unit == 0 || __builtin_mul_overflow(whole, unit, &whole))
		return -1;
	part = frac * (unit / tenth) + frac * (unit % tenth) / tenth;
	if (frac != 0 && (frac * (unit % tenth)) % tenth != 0)
		return -1;
	return __builtin_add_overflow(whole, part, bytes) ? -1 : 0;
}

struct number {
	struct weir__parser *ps;
	struct weir__tok tok;
	char *s; /* without _ */
	size_t n;
	size_t digits; /* before a point, exponent or unit */
	size_t mantissa; /* with the fraction */
};

static struct weir__ast_expr *
bad_number(struct number *nu, const char *hint, const char *why)
{
	struct weir_span sp = { nu->ps->src, nu->tok.at, nu->tok.end };

	weir__ps_soft(nu->ps, sp, "syntax.number", "%s", why);
	if (hint != NULL)
		weir__ps_hint(nu->ps, "%s", hint);
	return make(nu->ps, WEIR__E_BAD, nu->tok);
}

/* A unit behind the digits: a duration, a size, or nothing known. */
static struct weir__ast_expr *
with_unit(struct number *nu)
{
	static const char *const units[] = { "us", "ms", "s", "m", "h", "B",
		"kB", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB" };
	const char *unit = nu->s + nu->mantissa, *near, *p, *end = nu->s + nu->n;
	struct weir__ast_expr *e;
	size_t len = 0;
	bool known = true;

	while (unit + len < end && !digit(unit[len]))
		len++;
	if (size_unit(unit, len) != 0) {
		e = make(nu->ps, WEIR__E_SIZE, nu->tok);
		if (weir__size_from_text(&e->u.i, nu->s, nu->n) != 0)
			return bad_number(nu, NULL, unit + len < end
				? "a size has one unit"
				: "a size is a whole number of bytes below "
				  "2^63");
		return e;
	}
	for (p = unit; p < end && known; p += len) {
		for (len = 0; p + len < end && !digit(p[len]) && p[len] != '.';)
			len++;
		known = (len == 1 && strchr("smh", *p) != NULL) ||
		    (len == 2 && (*p == 'u' || *p == 'm') && p[1] == 's');
		if (!known)
			break;
		while (p + len < end && (digit(p[len]) || p[len] == '.'))
			len++;
	}
	e = make(nu->ps, WEIR__E_DURATION, nu->tok);
	if (known) {
		if (weir__time_parse_duration(&e->u.i, nu->s, nu->n) == 0)
			return e;
		return bad_number(nu, "as in 1h30m", "a duration is of whole "
		    "microseconds, its largest unit first, each unit once");
	}
	if (len == 1 && (*p == 'd' || *p == 'w'))
		return bad_number(nu, "write 24h, or, where a window is meant, "
		    "day or week with zone:", "durations go up to hours");
	near = weir__nearest(p, len, units, sizeof units / sizeof *units);
	e = bad_number(nu, NULL, weir__arena_printf(nu->ps->ar,
	    "unknown unit \"%.*s\"; expected us ms s m h or B kB KiB MB MiB "
	    "GB GiB TB TiB", (int)(len < 20 ? len : 20), p) ?: "unknown unit");
	if (near != NULL)
		weir__ps_hint(nu->ps, "did you mean %.*s%s?",
		    (int)(p - nu->s < 40 ? p - nu->s : 0), nu->s, near);
	return e;
}

static struct weir__ast_expr *
integer(struct number *nu)
{
	struct weir__ast_expr *e;

	if (nu->n > 1 && nu->s[0] == '0')
		return bad_number(nu, "dates and times stand in quotes",
		    "a number does not begin with 0");
	e = make(nu->ps, WEIR__E_INT, nu->tok);
	e->u.num.text = nu->s;
	e->u.num.big = weir__i64_parse(&e->u.num.i, nu->s, nu->n) != 0;
	if (e->u.num.big)
		e->u.num.i = 0;
	if (nu->n > 38)
		return bad_number(nu, NULL, "a number has at most 38 digits");
	return e;
}

static struct weir__ast_expr *
hexadecimal(struct number *nu)
{
	struct weir__ast_expr *e;
	uint64_t v = 0;
	char *text;
	size_t i;

	for (i = 2; i < nu->n && hex(nu->s[i]) >= 0; i++) {
		if (v >> 59 != 0)
			return bad_number(nu, NULL, "a hexadecimal number has "
			    "at most 63 bits");
		v = v << 4 | (unsigned)hex(nu->s[i]);
	}
	if (i < nu->n || i == 2)
		return bad_number(nu, NULL, "expected hexadecimal digits after "
		    "0x");
	text = weir__ps_alloc(nu->ps, WEIR__NUM_TEXT + 1);
	text[weir__u64_print(text, v)] = '\0';
	e = make(nu->ps, WEIR__E_INT, nu->tok);
	e->u.num.i = (int64_t)v;
	e->u.num.text = text;
	return e;
}

/* A point, an exponent or both, and no unit. */
static struct weir__ast_expr *
fraction(struct number *nu)
{
	struct weir__ast_expr *e;

	if (nu->digits > 1 && nu->s[0] == '0')
		return bad_number(nu, "dates and times stand in quotes",
		    "a number does not begin with 0");
	if (nu->mantissa == nu->n) {
		if (nu->n > 39)
			return bad_number(nu, "with an exponent, as in 1e0, it "
			    "is a float64", "a number has at most 38 digits");
		e = make(nu->ps, WEIR__E_DECIMAL, nu->tok);
	} else {
		e = make(nu->ps, WEIR__E_FLOAT, nu->tok);
		if (weir__f64_parse(&e->u.num.f, nu->s, nu->n) != 0 ||
		    isinf(e->u.num.f))
			return bad_number(nu, NULL, "this number is beyond "
			    "what a float64 holds");
	}
	e->u.num.text = nu->s;
	return e;
}

/* Copy the digits without _; false when one stands badly. */
static bool
strip(struct number *nu)
{
	const char *s = nu->ps->text + nu->tok.at;
	size_t i, n = nu->tok.end - nu->tok.at;

	nu->s = weir__ps_alloc(nu->ps, n + 1);
	for (i = 0; i < n; i++) {
		if (s[i] != '_')
			nu->s[nu->n++] = s[i];
		else if (i + 1 == n || (!digit(s[i + 1]) && hex(s[i + 1]) < 0) ||
		    hex(s[i - 1]) < 0)
			return false;
	}
	return true;
}

struct weir__ast_expr *
weir__ps_number(struct weir__parser *ps, struct weir__tok tok)
{
	struct number nu = { .ps = ps, .tok = tok };
	size_t i;

	if (!strip(&nu))
		return bad_number(&nu, NULL, "a _ stands between two digits");
	if (nu.n > 1 && nu.s[0] == '0' && (nu.s[1] | 32) == 'x')
		return hexadecimal(&nu);
	for (i = 0; i < nu.n && digit(nu.s[i]); i++)
		;
	nu.digits = i;
	if (i == nu.n)
		return integer(&nu);
	if (nu.s[i] == '.')
		for (i++; i < nu.n && digit(nu.s[i]); i++)
			;
	nu.mantissa = i;
	if (i == nu.n)
		return fraction(&nu);
	if ((nu.s[i] | 32) == 'e') {
		i++;
		if (i < nu.n && (nu.s[i] == '+' || nu.s[i] == '-'))
			i++;
		if (i < nu.n && digit(nu.s[i])) {
			while (i < nu.n && digit(nu.s[i]))
				i++;
			if (i == nu.n)
				return fraction(&nu);
		}
	}
	return with_unit(&nu);
}
