/* SPDX-License-Identifier: MIT
 *
 * Is it one JSON text (RFC 8259)?  A column of type json holds nothing else,
 * whatever wrote the file.
 */
#include "reader.h"

#define DEPTH 256

struct scan {
	const uint8_t *p;
	const uint8_t *end;
	int depth;
};

static bool scan_value(struct scan *sc);

static void
blanks(struct scan *sc)
{
	while (sc->p < sc->end && (*sc->p == ' ' || *sc->p == '\n' ||
	    *sc->p == '\r' || *sc->p == '\t'))
		sc->p++;
}

static bool
take(struct scan *sc, char c)
{
	if (sc->p == sc->end || *sc->p != (uint8_t)c)
		return false;
	sc->p++;
	return true;
}

static bool
word(struct scan *sc, const char *w)
{
	while (*w != '\0')
		if (!take(sc, *w++))
			return false;
	return true;
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

static bool
scan_string(struct scan *sc)
{
	int i;

	if (!take(sc, '"'))
		return false;
	while (sc->p < sc->end && *sc->p != '"') {
		if (*sc->p < 0x20)
			return false;
		if (*sc->p++ != '\\')
			continue;
		if (sc->p == sc->end)
			return false;
		if (*sc->p == 'u') {
			for (i = 0; i < 4; i++)
				if (++sc->p == sc->end || !is_hex(*sc->p))
					return false;
		} else if (*sc->p == '\0' ||
		    strchr("\"\\/bfnrt", *sc->p) == NULL)
			return false;
		sc->p++;
	}
	return take(sc, '"');
}

static bool
digits(struct scan *sc)
{
	const uint8_t *from = sc->p;

	while (sc->p < sc->end && *sc->p >= '0' && *sc->p <= '9')
		sc->p++;
	return sc->p > from;
}

static bool
scan_number(struct scan *sc)
{
	take(sc, '-');
	if (!take(sc, '0') && !digits(sc))
		return false;
	if (take(sc, '.') && !digits(sc))
		return false;
	if (take(sc, 'e') || take(sc, 'E')) {
		if (!take(sc, '+'))
			take(sc, '-');
		return digits(sc);
	}
	return true;
}

/* Members or elements up to `end`. */
static bool
scan_items(struct scan *sc, bool keys, char end)
{
	if (++sc->depth > DEPTH)
		return false;
	blanks(sc);
	if (take(sc, end)) {
		sc->depth--;
		return true;
	}
	do {
		blanks(sc);
		if (keys) {
			if (!scan_string(sc))
				return false;
			blanks(sc);
			if (!take(sc, ':'))
				return false;
		}
		if (!scan_value(sc))
			return false;
		blanks(sc);
	} while (take(sc, ','));
	sc->depth--;
	return take(sc, end);
}

static bool
scan_value(struct scan *sc)
{
	blanks(sc);
	if (sc->p == sc->end)
		return false;
	switch (*sc->p) {
	case '{':
		sc->p++;
		return scan_items(sc, true, '}');
	case '[':
		sc->p++;
		return scan_items(sc, false, ']');
	case '"':
		return scan_string(sc);
	case 't':
		return word(sc, "true");
	case 'f':
		return word(sc, "false");
	case 'n':
		return word(sc, "null");
	default:
		return scan_number(sc);
	}
}

bool
pq_is_json(const uint8_t *p, size_t n)
{
	struct scan sc = { .p = p, .end = p + n };

	if (!scan_value(&sc))
		return false;
	blanks(&sc);
	return sc.p == sc.end;
}
