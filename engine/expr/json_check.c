/* SPDX-License-Identifier: MIT
 *
 * Is it JSON?  A checker of RFC 8259 that keeps nothing.
 */
#include "base/utf8.h"
#include "expr/cast.h"

#define DEPTH_MAX 512

struct reader {
	const unsigned char *p;
	const unsigned char *end;
	unsigned depth;
};

static void
blanks(struct reader *rd)
{
	while (rd->p < rd->end && (*rd->p == ' ' || *rd->p == '\t' ||
	    *rd->p == '\n' || *rd->p == '\r'))
		rd->p++;
}

static bool
word(struct reader *rd, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(rd->end - rd->p) < n || memcmp(rd->p, w, n) != 0)
		return false;
	rd->p += n;
	return true;
}

static bool
digits(struct reader *rd)
{
	const unsigned char *from = rd->p;

	while (rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9')
		rd->p++;
	return rd->p != from;
}

static bool
number(struct reader *rd)
{
	word(rd, "-");
	if (!word(rd, "0") && !digits(rd))
		return false;
	if (word(rd, ".") && !digits(rd))
		return false;
	if (word(rd, "e") || word(rd, "E")) {
		if (!word(rd, "+"))
			word(rd, "-");
		return digits(rd);
	}
	return true;
}

static int
hex4(struct reader *rd)
{
	int v = 0, i;

	if (rd->end - rd->p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		int c = *rd->p++, d;

		d = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : -1;
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static bool
escape(struct reader *rd)
{
	int v;

	if (rd->p == rd->end)
		return false;
	if (*rd->p != 'u')
		return strchr("\"\\/bfnrt", *rd->p) != NULL && *rd->p++ != 0;
	rd->p++;
	v = hex4(rd);
	if (v < 0 || (v >= 0xdc00 && v < 0xe000))
		return false;
	if (v < 0xd800 || v >= 0xe000)
		return true;
	if (!word(rd, "\\u"))
		return false;
	v = hex4(rd);
	return v >= 0xdc00 && v < 0xe000;
}

static bool
string(struct reader *rd)
{
	if (!word(rd, "\""))
		return false;
	while (rd->p < rd->end) {
		unsigned char c = *rd->p++;

		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !escape(rd)))
			return false;
	}
	return false;
}

static bool value(struct reader *rd);

/* After the opening bracket: members up to the closing one. */
static bool
members(struct reader *rd, bool object)
{
	const char *close = object ? "}" : "]";

	if (++rd->depth > DEPTH_MAX)
		return false;
	blanks(rd);
	if (!word(rd, close)) {
		do {
			blanks(rd);
			if (object) {
				if (!string(rd))
					return false;
				blanks(rd);
				if (!word(rd, ":"))
					return false;
			}
			if (!value(rd))
				return false;
			blanks(rd);
		} while (word(rd, ","));
		if (!word(rd, close))
			return false;
	}
	rd->depth--;
	return true;
}

static bool
value(struct reader *rd)
{
	blanks(rd);
	if (rd->p == rd->end)
		return false;
	switch (*rd->p) {
	case '{':
	case '[':
		return members(rd, *rd->p++ == '{');
	case '"':
		return string(rd);
	case 't':
		return word(rd, "true");
	case 'f':
		return word(rd, "false");
	case 'n':
		return word(rd, "null");
	default:
		return number(rd);
	}
}

bool
weir__json_valid(const char *p, size_t n)
{
	struct reader rd = { (const unsigned char *)p,
		(const unsigned char *)p + n, 0 };

	if (!weir__utf8_valid(p, n) || !value(&rd))
		return false;
	blanks(&rd);
	return rd.p == rd.end;
}
