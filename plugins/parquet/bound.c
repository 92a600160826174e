/* SPDX-License-Identifier: MIT
 *
 * Keeping least and greatest values.
 */
#include "bound.h"

void
pq_bound_ints(struct pq_bound *bo, const int64_t *v, uint32_t n)
{
	int64_t lo, hi;
	uint32_t i;

	if (n == 0)
		return;
	lo = bo->any ? bo->lo.i : v[0];
	hi = bo->any ? bo->hi.i : v[0];
	for (i = 0; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	bo->lo.i = lo;
	bo->hi.i = hi;
	bo->any = true;
}

void
pq_bound_i32(struct pq_bound *bo, const int32_t *v, uint32_t n)
{
	int32_t lo, hi;
	uint32_t i;
	int64_t two[2];

	if (n == 0)
		return;
	lo = hi = v[0];
	for (i = 0; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	two[0] = lo;
	two[1] = hi;
	pq_bound_ints(bo, two, 2);
}

/* A NaN compares false, so it changes nothing; only the first value must not
 * be one. */
void
pq_bound_f64(struct pq_bound *bo, const double *v, uint32_t n)
{
	double lo, hi;
	uint32_t i = 0;

	while (!bo->any && i < n && v[i] != v[i])
		i++;
	if (i == n)
		return;
	lo = bo->any ? bo->lo.f : v[i];
	hi = bo->any ? bo->hi.f : v[i];
	for (; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	bo->lo.f = lo;
	bo->hi.f = hi;
	bo->any = true;
}

void
pq_bound_f32(struct pq_bound *bo, const float *v, uint32_t n)
{
	double wide[256];
	uint32_t i, j;

	for (i = 0; i < n; i += j) {
		for (j = 0; j < 256 && i + j < n; j++)
			wide[j] = (double)v[i + j];
		pq_bound_f64(bo, wide, j);
	}
}

void
pq_bound_wide(struct pq_bound *bo, weir_i128 v)
{
	if (!bo->any || v < bo->lo.d)
		bo->lo.d = v;
	if (!bo->any || v > bo->hi.d)
		bo->hi.d = v;
	bo->any = true;
}

/* ---- texts */

static uint64_t
text_key(const char *p, uint32_t n)
{
	uint64_t v = 0;
	uint32_t i;

	if (n >= 8) {
		memcpy(&v, p, 8);
		return __builtin_bswap64(v);
	}
	for (i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)p[i] << (56 - 8 * i);
	return v;
}

/* A text against a beginning: by what is kept of both, then what was cut. */
static int
prefix_cmp(const char *p, uint32_t len, const struct pq_prefix *pr)
{
	uint32_t kept = len < PQ_BOUND_TEXT ? len : PQ_BOUND_TEXT;
	int c = memcmp(p, pr->p, kept < pr->len ? kept : pr->len);

	if (c != 0)
		return c;
	if (kept != pr->len)
		return kept < pr->len ? -1 : 1;
	return (int)pr->whole - (int)(len <= PQ_BOUND_TEXT);
}

static void
prefix_set(struct pq_prefix *pr, const char *p, uint32_t len, uint64_t key)
{
	pr->key = key;
	pr->whole = len <= PQ_BOUND_TEXT;
	pr->len = pr->whole ? len : PQ_BOUND_TEXT;
	memcpy(pr->p, p, pr->len);
}

static inline void
bound_text(struct pq_bound *bo, const struct weir_str *s)
{
	const char *p = weir_str_data(s);
	uint64_t key = text_key(p, s->len);

	if (!bo->any) {
		bo->any = true;
		prefix_set(&bo->tlo, p, s->len, key);
		prefix_set(&bo->thi, p, s->len, key);
		return;
	}
	if (key <= bo->tlo.key && (key < bo->tlo.key ||
	    prefix_cmp(p, s->len, &bo->tlo) < 0))
		prefix_set(&bo->tlo, p, s->len, key);
	if (key >= bo->thi.key && (key > bo->thi.key ||
	    prefix_cmp(p, s->len, &bo->thi) > 0))
		prefix_set(&bo->thi, p, s->len, key);
}

void
pq_bound_text(struct pq_bound *bo, const struct weir_str *s)
{
	bound_text(bo, s);
}

void
pq_bound_texts(struct pq_bound *bo, const struct weir_str *s,
    const uint32_t *at, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		bound_text(bo, &s[at != NULL ? at[i] : i]);
}

static int
prefixes_cmp(const struct pq_prefix *a, const struct pq_prefix *b)
{
	int c = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);

	if (c != 0)
		return c;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return (int)b->whole - (int)a->whole;
}

/* ---- all types */

int
pq_bound_cmp(const struct pq_bound *a, const struct pq_bound *b,
    enum pq_class class, bool upper)
{
	switch (class) {
	case PQ_IS_F32:
	case PQ_IS_F64: {
		double x = upper ? a->hi.f : a->lo.f;
		double y = upper ? b->hi.f : b->lo.f;

		return (x > y) - (x < y);
	}
	case PQ_IS_I128: {
		weir_i128 x = upper ? a->hi.d : a->lo.d;
		weir_i128 y = upper ? b->hi.d : b->lo.d;

		return (x > y) - (x < y);
	}
	case PQ_IS_BYTES:
		return upper ? prefixes_cmp(&a->thi, &b->thi)
			     : prefixes_cmp(&a->tlo, &b->tlo);
	default: {
		int64_t x = upper ? a->hi.i : a->lo.i;
		int64_t y = upper ? b->hi.i : b->lo.i;

		return (x > y) - (x < y);
	}
	}
}

void
pq_bound_merge(struct pq_bound *to, const struct pq_bound *from,
    enum pq_class class)
{
	if (!from->any)
		return;
	if (!to->any) {
		*to = *from;
		return;
	}
	if (pq_bound_cmp(from, to, class, false) < 0) {
		to->lo = from->lo;
		to->tlo = from->tlo;
	}
	if (pq_bound_cmp(from, to, class, true) > 0) {
		to->hi = from->hi;
		to->thi = from->thi;
	}
}

/* ---- as bytes */

/* The start of the character that ends before p[n]. */
static uint32_t
char_start(const uint8_t *p, uint32_t n)
{
	uint32_t i = n - 1;

	while (i > 0 && (p[i] & 0xc0) == 0x80)
		i--;
	return i;
}

/* Whole characters only: how many bytes of the n are. */
static uint32_t
whole_chars(const uint8_t *p, uint32_t n)
{
	uint32_t at = char_start(p, n);
	uint32_t want = p[at] < 0x80 ? 1 : p[at] < 0xe0 ? 2 : p[at] < 0xf0 ? 3
									   : 4;

	return at + want <= n ? n : at;
}

/* The character at p, of n bytes, becomes the next one of as many bytes. */
static bool
next_char(uint8_t *p, uint32_t n)
{
	uint32_t i = n;

	if (n == 1) {
		if (p[0] >= 0x7f)
			return false;
		p[0]++;
		return true;
	}
	while (i-- > 1) {
		if (p[i] < 0xbf) {
			p[i]++;
			/* U+D800 to U+DFFF are no characters */
			if (n == 3 && p[0] == 0xed && p[1] >= 0xa0) {
				p[0] = 0xee;
				p[1] = 0x80;
				p[2] = 0x80;
			}
			return true;
		}
		p[i] = 0x80;
	}
	if (p[0] == 0xdf || p[0] == 0xef || p[0] >= 0xf4)
		return false;
	p[0]++;
	return true;
}

/* The least text above everything that begins with p[0..n): its length, or -1
 * when there is none. */
static int
above(uint8_t *p, uint32_t n, bool utf8)
{
	uint32_t at;

	while (n > 0) {
		if (utf8) {
			uint8_t old[4];

			at = char_start(p, n);
			if (n - at > 4)
				return -1;
			memcpy(old, p + at, n - at);
			if (next_char(p + at, n - at) &&
			    !(old[0] == 0xf4 && p[at + 1] > 0x8f))
				return (int)n;
			n = at;
			continue;
		}
		if (p[n - 1] != 0xff) {
			p[n - 1]++;
			return (int)n;
		}
		n--;
	}
	return -1;
}

static int
text_bytes(const struct pq_prefix *pr, bool upper, bool utf8, uint8_t *out,
    bool *exact)
{
	uint32_t n = pr->len;

	memcpy(out, pr->p, n);
	*exact = pr->whole;
	if (pr->whole)
		return (int)n;
	if (utf8)
		n = whole_chars(out, n);
	return upper ? above(out, n, utf8) : (int)n;
}

static int
float_bytes(double v, bool upper, uint32_t width, uint8_t *out)
{
	uint64_t u;
	float f;
	uint32_t w;

	if (v == 0)
		v = upper ? 0.0 : -0.0;
	if (width == 8) {
		memcpy(&u, &v, 8);
		pq_put64(out, u);
		return 8;
	}
	f = (float)v;
	memcpy(&w, &f, 4);
	pq_put32(out, w);
	return 4;
}

int
pq_bound_bytes(const struct pq_bound *bo, const struct pq_leaf *le,
    bool upper, uint8_t out[PQ_BOUND_TEXT], bool *exact)
{
	int64_t i = upper ? bo->hi.i : bo->lo.i;
	weir_i128 d = upper ? bo->hi.d : bo->lo.d;
	uint32_t k;

	*exact = true;
	if (!bo->any)
		return -1;
	switch (le->class) {
	case PQ_IS_BOOL:
		out[0] = (uint8_t)i;
		return 1;
	case PQ_IS_F32:
	case PQ_IS_F64:
		return float_bytes(upper ? bo->hi.f : bo->lo.f, upper,
		    le->width, out);
	case PQ_IS_I128:
		for (k = 0; k < le->width; k++)
			out[le->width - 1 - k] = (uint8_t)(d >> 8 * k);
		return (int)le->width;
	case PQ_IS_BYTES:
		return text_bytes(upper ? &bo->thi : &bo->tlo, upper, le->utf8,
		    out, exact);
	default:
		if (le->width == 4)
			pq_put32(out, (uint32_t)i);
		else
			pq_put64(out, (uint64_t)i);
		return (int)le->width;
	}
}
