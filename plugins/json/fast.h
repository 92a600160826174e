/* SPDX-License-Identifier: MIT
 *
 * Readers for the usual shape of each type.
 *
 * Each reads the value at p and answers the byte behind it, or NULL when it is
 * not of the usual shape: js_scalar() has the last word then.
 */
#ifndef JSON_FAST_H
#define JSON_FAST_H

#include "base/time.h"
#include "scan.h"

#define INLINE static inline __attribute__((always_inline))

/* --------------------------------------------------------------- scalars */

INLINE const char *
read_string(const struct js *js, struct js_slot *sl, const char *p,
    uint32_t row)
{
	js_vec x;
	const char *q;

	if (*p++ != '"')
		return NULL;
	q = js_string_end(&x, p, js->end);
	if (__builtin_expect(q == NULL, 0))
		return NULL;
	js_str_put((struct weir_str *)sl->data + (row & sl->mask), x, p,
	    (size_t)(q - p));
	return q + 1;
}

INLINE const char *
read_int(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale != 0)
		return NULL;
	v = nu.negative ? -(int64_t)nu.digits : (int64_t)nu.digits;
	if (sl->op == JS_INT64) {
		((int64_t *)sl->data)[row & sl->mask] = v;
		return p;
	}
	if (v != (int32_t)v)
		return NULL;
	((int32_t *)sl->data)[row & sl->mask] = (int32_t)v;
	return p;
}

INLINE const char *
read_decimal(const struct js *js, struct js_slot *sl, const char *p,
    uint32_t row)
{
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale > sl->scale ||
	    nu.whole + sl->scale > 18)
		return NULL;
	v = (int64_t)(nu.digits * js_pow10[sl->scale - nu.scale]);
	if (v >= (int64_t)js_pow10[sl->precision])
		return NULL;
	((int64_t *)sl->data)[row & sl->mask] = nu.negative ? -v : v;
	return p;
}

/* Where digits and the power of ten are exact in a float64, one division
 * rounds once: Clinger, "How to read floating point numbers accurately". */
INLINE const char *
read_float(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	static const double pow10[9] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7,
		1e8 };
	struct js_number nu;
	double d;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.digits > UINT64_C(1) << 53)
		return NULL;
	d = (double)(int64_t)nu.digits / pow10[nu.scale];
	((double *)sl->data)[row & sl->mask] = nu.negative ? -d : d;
	return p;
}

INLINE const char *
read_bool(const struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	uint64_t v = js_load_end(p, js->end);
	bool on = (uint32_t)v == UINT32_C(0x65757274); /* true */
	uint64_t *word = (uint64_t *)sl->data + (row & sl->mask) / 64;
	uint64_t bit = UINT64_C(1) << row % 64;

	if (!on && (v & UINT64_C(0xffffffffff)) != UINT64_C(0x65736c6166))
		return NULL;
	*word = on ? *word | bit : *word & ~bit;
	return p + 5 - on;
}

/* ------------------------------------------------------------ timestamps */

#define T_DATE UINT64_C(0x2d30302d30303030)  /* "0000-00-" */
#define T_CLOCK UINT64_C(0x30303a30303a3030) /* "00:00:00" */
#define T_SEPS UINT64_C(0x7f76767f76767676)  /* 0x7f where no digit stands */
#define T_COLONS UINT64_C(0x76767f76767f7676)

/* Ten bytes YYYY-MM-DD at p as microseconds; remembers the last. */
INLINE bool
read_date(struct js *js, const char *p, int64_t *us)
{
	uint64_t a = js_load64(p), v;
	uint32_t b = js_load16(p + 8), y, m, d;

	if (__builtin_expect(a == js->date_text && b == js->date_text2, 1)) {
		*us = js->date_us;
		return true;
	}
	v = a ^ T_DATE;
	if ((((v + T_SEPS) | v) & JS_HIGH) != 0)
		return false;
	v = v * 10 + (v >> 8);
	y = (uint32_t)(v & 0xff) * 100 + (uint32_t)(v >> 16 & 0xff);
	m = (uint32_t)(v >> 40 & 0xff);
	d = ((b & 0xff) - '0') * 10 + ((b >> 8) - '0');
	if ((b & 0xff) - '0' > 9 || (b >> 8) - '0' > 9 || y < 2 || y > 9998 ||
	    m < 1 || m > 12 || d < 1 || d > weir__time_month_days(y, m))
		return false;
	js->date_text = a;
	js->date_text2 = b;
	*us = js->date_us = weir__time_days(y, m, d) * WEIR__US_DAY;
	return true;
}

/* Eight bytes hh:mm:ss. */
INLINE bool
read_clock(const char *p, int64_t *us)
{
	uint64_t v = js_load64(p) ^ T_CLOCK;
	uint32_t h, m, s;

	if ((((v + T_COLONS) | v) & JS_HIGH) != 0)
		return false;
	v = v * 10 + (v >> 8);
	h = (uint32_t)(v & 0xff);
	m = (uint32_t)(v >> 24 & 0xff);
	s = (uint32_t)(v >> 48 & 0xff);
	*us += (int64_t)(h * 3600 + m * 60 + s) * WEIR__US_SEC;
	return h < 24 && m < 60 && s < 60;
}

/* Z, +hh:mm, or nothing, up to the closing quote. */
INLINE const char *
read_zone(const struct js *js, const char *p, int64_t *us)
{
	uint64_t v = js_load_end(p, js->end), x;
	int64_t off;
	uint32_t h, m;
	char c = (char)v;

	if (c == 'Z')
		return (v >> 8 & 0xff) == '"' ? p + 2 : NULL;
	if (c == '"')
		return p + 1;
	if ((c != '+' && c != '-') || (v >> 48 & 0xff) != '"')
		return NULL;
	x = (v >> 8 & UINT64_C(0xffffffffff)) ^ UINT64_C(0x30303a3030);
	if ((((x + UINT64_C(0x76767f7676)) | x) & JS_HIGH) != 0)
		return NULL;
	x = x * 10 + (x >> 8);
	h = (uint32_t)(x & 0xff);
	m = (uint32_t)(x >> 24 & 0xff);
	if (h > 23 || m > 59)
		return NULL;
	off = (int64_t)(h * 3600 + m * 60) * WEIR__US_SEC;
	*us -= c == '-' ? -off : off;
	return p + 7;
}

INLINE const char *
read_time(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	uint64_t v, text;
	unsigned n;
	int64_t us;

	if (js->end - p < 22 || *p++ != '"' ||
	    (p[10] != 'T' && p[10] != ' ' && p[10] != 't') ||
	    !read_date(js, p, &us) || !read_clock(p + 11, &us))
		return NULL;
	p += 19;
	if (*p == '.') {
		text = js_load_end(++p, js->end);
		n = js_digits(&v, text);
		if (n == 0 || n > 6)
			return NULL;
		us += (int64_t)(js_digits_value(v, n) * js_pow10[6 - n]);
		p += n;
	}
	p = read_zone(js, p, &us);
	if (p == NULL)
		return NULL;
	((int64_t *)sl->data)[row & sl->mask] = us;
	return p;
}

/* A whole number of seconds, milli-, micro- or nanoseconds. */
INLINE const char *
read_epoch(struct js *js, struct js_slot *sl, const char *p, uint32_t row)
{
	static const int64_t us[] = { [JS_S] = WEIR__US_SEC, [JS_MS] = 1000,
		[JS_US] = 1, [JS_NS] = 1 };
	struct js_number nu;
	int64_t v;

	p = js_number(&nu, p, js->end);
	if (p == NULL || nu.scale != 0 || nu.negative ||
	    (int64_t)nu.digits > WEIR__TIME_MAX / us[sl->unit])
		return NULL;
	v = (int64_t)nu.digits * us[sl->unit];
	((int64_t *)sl->data)[row & sl->mask] = v;
	return p;
}

/* A scalar that no one wants. */
INLINE const char *
skip_scalar(const struct js *js, const char *p)
{
	struct js_number nu;
	js_vec x;

	if (js_peek(p, js->end) != '"')
		return p < js->end ? js_number(&nu, p, js->end) : NULL;
	p = js_string_end(&x, p + 1, js->end);
	return p == NULL ? NULL : p + 1;
}

#endif
