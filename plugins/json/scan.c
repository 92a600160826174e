/* SPDX-License-Identifier: MIT
 *
 * Tokens by the whole grammar of RFC 8259, and what is wrong with them.
 */
#include <stdio.h>

#include "scan.h"

/* ---------------------------------------------------------------- errors */

const char *
js_fail(struct js *js, const char *at, const char *code, const char *fmt, ...)
{
	va_list ap;

	js->err.code = code;
	js->err.at = at;
	js->err.path_at = JS_PATH - 1;
	js->err.path[JS_PATH - 1] = '\0';
	va_start(ap, fmt);
	vsnprintf(js->err.text, sizeof js->err.text, fmt, ap);
	va_end(ap);
	return NULL;
}

const char *
js_no_memory(struct js *js)
{
	js->no_memory = true;
	return js_fail(js, js->begin, "memory", "out of memory");
}

const char *
js_too_deep(struct js *js, const char *p)
{
	return js_fail(js, p, "json.depth",
	    "lists and objects lie more than %u deep (max_depth)",
	    js->max_depth);
}

const char *
js_found(const struct js *js, const char *p)
{
	if (p >= js->end)
		return "the end of the text";
	switch (*p) {
	case '"':
		return "a string";
	case '{':
		return "an object";
	case '[':
		return "an array";
	case 't':
	case 'f':
		return "a bool";
	case 'n':
		return "null";
	case '-':
	case '0' ... '9':
		return "a number";
	default:
		return "something else";
	}
}

const char *
js_syntax(struct js *js, const char *p, const char *wanted)
{
	uint8_t c;

	if (p >= js->end)
		return js_fail(js, p, "json.syntax",
		    "expected %s, found the end of the text", wanted);
	c = (uint8_t)*p;
	if (c > 0x20 && c < 0x7f)
		return js_fail(js, p, "json.syntax", "expected %s, found '%c'",
		    wanted, c);
	return js_fail(js, p, "json.syntax", "expected %s, found byte 0x%02x",
	    wanted, c);
}

/* Control bytes in a key would make a bad column name of it. */
void
js_path_name(struct js *js, const char *name, size_t len)
{
	struct js_error *er = &js->err;
	bool dot = er->path[er->path_at] != '\0' &&
	    er->path[er->path_at] != '[';

	if (len > 64)
		for (len = 64; ((uint8_t)name[len] & 0xc0) == 0x80;)
			len--;
	if (er->path_at < len + 1)
		return;
	if (dot)
		er->path[--er->path_at] = '.';
	er->path_at -= (uint32_t)len;
	memcpy(er->path + er->path_at, name, len);
	for (; len != 0; len--)
		if ((uint8_t)er->path[er->path_at + len - 1] < 0x20)
			er->path[er->path_at + len - 1] = '?';
}

void
js_path_index(struct js *js, uint32_t i)
{
	struct js_error *er = &js->err;
	char text[16];
	int n = snprintf(text, sizeof text, "[%u]", i);

	if (er->path[er->path_at] != '\0' && er->path[er->path_at] != '[') {
		if (er->path_at == 0)
			return;
		er->path[--er->path_at] = '.';
	}
	if (er->path_at < (uint32_t)n)
		return;
	er->path_at -= (uint32_t)n;
	memcpy(er->path + er->path_at, text, (size_t)n);
}

/* --------------------------------------------------------------- strings */

/* Four hex digits, or -1. */
static int32_t
hex4(const char *p, const char *end)
{
	int32_t v = 0;
	int i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v += c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v += (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* The escape at p, behind the u of \u; *to grows. */
static const char *
unicode_escape(struct js *js, const char *p, char **to)
{
	int32_t c = hex4(p, js->end), low;

	if (c < 0)
		return js_fail(js, p - 2, "json.syntax",
		    "expected four hex digits after \\u");
	p += 4;
	if (c >= 0xd800 && c < 0xe000) {
		low = js->end - p >= 6 && p[0] == '\\' && p[1] == 'u'
		    ? hex4(p + 2, js->end)
		    : -1;
		if (c >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
			return js_fail(js, p - 6, "json.syntax",
			    "\\u%04x is half of a surrogate pair", (unsigned)c);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	*to = put_utf8(*to, (uint32_t)c);
	return p;
}

/* The escape whose backslash is at p. */
static const char *
escape(struct js *js, const char *p, char **to)
{
	char c = js_peek(p + 1, js->end);

	switch (c) {
	case '"':
	case '\\':
	case '/':
		break;
	case 'b':
		c = '\b';
		break;
	case 'f':
		c = '\f';
		break;
	case 'n':
		c = '\n';
		break;
	case 'r':
		c = '\r';
		break;
	case 't':
		c = '\t';
		break;
	case 'u':
		return unicode_escape(js, p + 2, to);
	default:
		return js_fail(js, p, "json.syntax",
		    "a backslash begins no escape that JSON knows");
	}
	*(*to)++ = c;
	return p + 2;
}

static const char *
string_error(struct js *js, const char *p)
{
	if (p >= js->end)
		return js_fail(js, p, "json.syntax",
		    "the text ends within a string");
	if ((uint8_t)*p < 0x20)
		return js_fail(js, p, "json.syntax",
		    "control byte 0x%02x in a string, which must be escaped",
		    (unsigned)(uint8_t)*p);
	return js_fail(js, p, "json.syntax",
	    "byte 0x%02x in a string is not valid UTF-8",
	    (unsigned)(uint8_t)*p);
}

/* The bytes from p that stand for themselves. */
static const char *
plain(const char *p, const char *end)
{
	unsigned bits, n;

	for (;;) {
		bits = js_vec_special(js_vec_load(p, end));
		if (bits == 0) {
			p += JS_STEP;
			continue;
		}
		p += __builtin_ctz(bits);
		if (p >= end)
			return end;
		if ((uint8_t)*p < 0x80)
			return p;
		n = js_utf8(p, end);
		if (n == 0)
			return p;
		p += n;
	}
}

const char *
js_scan_string(struct js *js, const char *p, const char **text, size_t *len)
{
	const char *run = ++p;
	struct js_buf *bf = &js->scratch;
	char *to;

	p = plain(p, js->end);
	if (p < js->end && *p == '"') {
		*text = run;
		*len = (size_t)(p - run);
		return p + 1;
	}
	bf->len = 0; /* text never grows when it is unescaped */
	if (!js_buf_room(js, bf, (size_t)(js->end - run) + 4))
		return NULL;
	for (to = bf->p;;) {
		memcpy(to, run, (size_t)(p - run));
		to += p - run;
		if (p >= js->end || (*p != '"' && *p != '\\'))
			return string_error(js, p);
		if (*p == '"')
			break;
		p = escape(js, p, &to);
		if (p == NULL)
			return NULL;
		run = p;
		p = plain(p, js->end);
	}
	*text = bf->p;
	*len = (size_t)(to - bf->p);
	return p + 1;
}

/* As above where the text is not wanted. */
static const char *
skip_string(struct js *js, const char *p)
{
	char text[8], *to;

	for (p = plain(p + 1, js->end);; p = plain(p, js->end)) {
		if (p >= js->end || (*p != '"' && *p != '\\'))
			return string_error(js, p);
		if (*p == '"')
			return p + 1;
		to = text;
		p = escape(js, p, &to);
		if (p == NULL)
			return NULL;
	}
}

/* ------------------------------------------------------ numbers, literals */

static const char *
digits(const char *p, const char *end)
{
	uint64_t v;
	unsigned n;

	do {
		n = js_digits(&v, js_load_end(p, end));
		p += n;
	} while (n == 8);
	return p;
}

const char *
js_scan_number(struct js *js, const char *p)
{
	const char *q;

	if (*p == '-')
		p++;
	q = digits(p, js->end);
	if (q == p)
		return js_syntax(js, p, "a digit");
	if (*p == '0' && q - p > 1)
		return js_fail(js, p, "json.syntax",
		    "a number must not begin with a zero");
	p = q;
	if (js_peek(p, js->end) == '.') {
		q = digits(++p, js->end);
		if (q == p)
			return js_syntax(js, p, "a digit after the point");
		p = q;
	}
	if ((js_peek(p, js->end) | 0x20) == 'e') {
		p++;
		if (js_peek(p, js->end) == '+' || js_peek(p, js->end) == '-')
			p++;
		q = digits(p, js->end);
		if (q == p)
			return js_syntax(js, p, "a digit of the exponent");
		p = q;
	}
	return p;
}

static const char *
literal(struct js *js, const char *p, const char *word, size_t n)
{
	if ((size_t)(js->end - p) >= n && memcmp(p, word, n) == 0)
		return p + n;
	return js_syntax(js, p, "a value");
}

/* Any value but lists and objects. */
static const char *
scan_leaf(struct js *js, const char *p)
{
	switch (js_peek(p, js->end)) {
	case '"':
		return skip_string(js, p);
	case '-':
	case '0' ... '9':
		return js_scan_number(js, p);
	case 't':
		return literal(js, p, "true", 4);
	case 'f':
		return literal(js, p, "false", 5);
	case 'n':
		return literal(js, p, "null", 4);
	default:
		return js_syntax(js, p, "a value");
	}
}

/* A key and its colon. */
static const char *
scan_key(struct js *js, const char *p)
{
	if (js_peek(p, js->end) != '"')
		return js_syntax(js, p, "a key");
	p = skip_string(js, p);
	if (p == NULL)
		return NULL;
	p = js_space(p, js->end);
	if (js_peek(p, js->end) != ':')
		return js_syntax(js, p, "a colon");
	return js_space(p + 1, js->end);
}

/* Behind a value: closes what ends here, up to where the next value begins, or
 * to the end of the whole. */
static const char *
scan_after(struct js *js, const char *p, uint64_t *objects, uint32_t *level)
{
	bool object;
	char c;

	while (*level != 0) {
		object = weir_bit(objects, *level);
		p = js_space(p, js->end);
		c = js_peek(p, js->end);
		if (c == ',') {
			p = js_space(p + 1, js->end);
			return object ? scan_key(js, p) : p;
		}
		if (c != (object ? '}' : ']'))
			return js_syntax(js, p,
			    object ? "a comma or }" : "a comma or ]");
		p++;
		--*level;
	}
	return p;
}

/* No recursion: one bit a level says whether it is an object. */
static const char *
scan_nested(struct js *js, const char *p, uint32_t depth)
{
	uint64_t objects[JS_DEPTH_LIMIT / 64 + 1] = { 0 };
	uint32_t level = 0;
	bool opened;
	char c;

	do {
		c = js_peek(p, js->end);
		opened = c == '{' || c == '[';
		if (opened) {
			if (level + depth > js->max_depth)
				return js_too_deep(js, p);
			weir_bit_put(objects, ++level, c == '{');
			p = js_space(p + 1, js->end);
			if (js_peek(p, js->end) == (c == '{' ? '}' : ']')) {
				p++;
				level--;
				opened = false;
			} else if (c == '{') {
				p = scan_key(js, p);
			}
		} else {
			p = scan_leaf(js, p);
		}
		if (p != NULL && !opened)
			p = scan_after(js, p, objects, &level);
	} while (p != NULL && level != 0);
	return p;
}

const char *
js_scan_value(struct js *js, const char *p, uint32_t depth)
{
	char c = js_peek(p, js->end);

	return c == '{' || c == '[' ? scan_nested(js, p, depth)
				    : scan_leaf(js, p);
}
