/* SPDX-License-Identifier: MIT
 *
 * Values of a batch's column into the open page: numbers of the dictionary
 * while that pays, PLAIN once it does not.
 */
#include <math.h>

#include "column.h"

#define PIECE 1024u /* values at a time */
#define SAMPLE 4096u /* values after which a dictionary is first judged */

/* ---- PLAIN */

static uint8_t *
plain_room(struct pq_column *c, size_t n)
{
	if (c->raw.len == 0 && pq_bytes_room(&c->raw, PQ_HEADROOM + n) != NULL)
		c->raw.len = PQ_HEADROOM;
	return pq_bytes_room(&c->raw, n);
}

static int
plain_text(struct pq_column *c, const struct weir_str *s, const uint32_t *at,
    uint32_t n)
{
	size_t need = 0;
	uint32_t i;
	uint8_t *to;

	for (i = 0; i < n; i++)
		need += 4 + (size_t)s[at != NULL ? at[i] : i].len;
	/* slack: short texts are copied 16 bytes at a time */
	to = plain_room(c, need + 16);
	if (to == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		const struct weir_str *t = &s[at != NULL ? at[i] : i];

		if (t->len <= WEIR_STR_SMALL)
			memcpy(to, t, 16); /* the length comes first */
		else {
			pq_put32(to, t->len);
			memcpy(to + 4, t->u.big.ptr, t->len);
		}
		to += 4 + (size_t)t->len;
	}
	c->raw.len += need;
	c->text_bytes += need - 4 * (size_t)n;
	if (c->se->statistics)
		pq_bound_texts(&c->bound, s, at, n);
	return 0;
}

static int
plain_bits(struct pq_column *c, const uint64_t *bits, const uint32_t *at,
    uint32_t first, uint32_t n)
{
	uint32_t i, k = c->nvalues & 7;
	int64_t v;
	uint8_t *to = plain_room(c, n / 8 + 2);

	if (to == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		v = weir_bit(bits, at != NULL ? at[i] : first + i);
		if (k == 0)
			c->raw.p[c->raw.len++] = 0;
		c->raw.p[c->raw.len - 1] |= (uint8_t)(v << k);
		k = (k + 1) & 7;
		if (c->bound.any && c->bound.lo.i != c->bound.hi.i)
			continue;
		pq_bound_ints(&c->bound, &v, 1);
	}
	return 0;
}

/* Values of 4 or 8 bytes; bounds over what now stands there. */
static int
plain_fixed(struct pq_column *c, const void *from, const uint32_t *at,
    uint32_t n, uint32_t width)
{
	uint8_t *to = plain_room(c, (size_t)n * width);
	const uint32_t *a = from;
	const uint64_t *b = from;
	uint32_t i;

	if (to == NULL)
		return -1;
	if (at == NULL)
		memcpy(to, from, (size_t)n * width);
	else if (width == 4)
		for (i = 0; i < n; i++)
			memcpy(to + 4 * i, &a[at[i]], 4);
	else
		for (i = 0; i < n; i++)
			memcpy(to + 8 * i, &b[at[i]], 8);
	c->raw.len += (size_t)n * width;
	return 0;
}

static void
bound_fixed(struct pq_column *c, uint32_t n)
{
	union {
		int64_t i[PIECE];
		int32_t h[PIECE];
		double f[PIECE];
		float g[PIECE];
	} v;
	size_t len = (size_t)n * c->leaf->width;

	if (!c->se->statistics)
		return;
	memcpy(&v, c->raw.p + c->raw.len - len, len);
	switch (c->leaf->class) {
	case PQ_IS_F64:
		pq_bound_f64(&c->bound, v.f, n);
		break;
	case PQ_IS_F32:
		pq_bound_f32(&c->bound, v.g, n);
		break;
	case PQ_IS_I64:
		pq_bound_ints(&c->bound, v.i, n);
		break;
	default:
		pq_bound_i32(&c->bound, v.h, n);
		break;
	}
}

static int
plain_narrow(struct pq_column *c, const int64_t *v, const uint32_t *at,
    uint32_t n)
{
	int32_t narrow[PIECE];
	uint32_t i;

	for (i = 0; i < n; i++)
		narrow[i] = (int32_t)v[at != NULL ? at[i] : i];
	return plain_fixed(c, narrow, NULL, n, 4);
}

static int
plain_wide(struct pq_column *c, const weir_i128 *v, const uint32_t *at,
    uint32_t n)
{
	uint32_t w = c->leaf->width, i, k;
	uint8_t *to = plain_room(c, (size_t)n * w);

	if (to == NULL)
		return -1;
	for (i = 0; i < n; i++, to += w) {
		weir_i128 d = v[at != NULL ? at[i] : i];

		for (k = 0; k < w; k++)
			to[w - 1 - k] = (uint8_t)(d >> 8 * k);
		pq_bound_wide(&c->bound, d);
	}
	c->raw.len += (size_t)n * w;
	return 0;
}

static int
plain_add(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n)
{
	uint32_t w = c->leaf->width;
	int rc;

	/* with a list of rows the data is addressed by it, else by `first` */
	if (at != NULL)
		first = 0;
	switch (c->leaf->class) {
	case PQ_IS_BOOL:
		return plain_bits(c, co->u.bits, at, first, n);
	case PQ_IS_BYTES:
		return plain_text(c, co->u.str + first, at, n);
	case PQ_IS_I128:
		return plain_wide(c, co->u.i128 + first, at, n);
	case PQ_IS_NARROW:
		rc = plain_narrow(c, co->u.i64 + first, at, n);
		break;
	default:
		rc = plain_fixed(c, (const char *)co->u.data + first * w, at,
		    n, w);
	}
	if (rc == 0)
		bound_fixed(c, n);
	return rc;
}

/* ---- through the dictionary */

static uint32_t
dict_texts(struct pq_column *c, const struct weir_str *s, const uint32_t *at,
    uint32_t n, uint32_t *out)
{
	uint32_t done, i;

	done = pq_dict_texts(&c->dict, s, at, n, out, c->se->dict_size);
	for (i = 0; i < done; i++)
		c->text_bytes += s[at != NULL ? at[i] : i].len;
	return done;
}

static uint32_t
dict_keys(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n, uint32_t *out)
{
	uint64_t key[PIECE];
	const uint64_t *k = key;
	uint32_t i;

	switch (c->leaf->class) {
	case PQ_IS_I32:
		for (i = 0; i < n; i++)
			key[i] = (uint64_t)(int64_t)
			    co->u.i32[at != NULL ? at[i] : first + i];
		break;
	case PQ_IS_F32:
		for (i = 0; i < n; i++)
			key[i] = ((const uint32_t *)co->u.data)
			    [at != NULL ? at[i] : first + i];
		break;
	default:
		if (at == NULL)
			k = (const uint64_t *)co->u.data + first;
		else
			for (i = 0; i < n; i++)
				key[i] = (uint64_t)co->u.i64[at[i]];
	}
	return pq_dict_keys(&c->dict, k, n, out, c->se->dict_size,
	    c->leaf->width);
}

/* As many of the n values as the dictionary takes. */
static uint32_t
dict_add(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n)
{
	uint32_t *out = (uint32_t *)(void *)pq_bytes_room(&c->idx,
	    n * sizeof *out);
	uint32_t done;

	if (out == NULL)
		return 0;
	if (at != NULL)
		first = 0;
	if (c->leaf->class == PQ_IS_BYTES)
		done = dict_texts(c, co->u.str + first, at, n, out);
	else if (c->leaf->class == PQ_IS_I128)
		done = pq_dict_wide(&c->dict,
		    (const weir_u128 *)co->u.data + first, at, n, out,
		    c->se->dict_size, c->leaf->width);
	else
		done = dict_keys(c, co, at, first, n, out);
	c->idx.len += done * sizeof *out;
	return done;
}

/* The open page, written with the dictionary so far, becomes PLAIN. */
static int
dict_leave(struct pq_column *c)
{
	const uint32_t *idx = (const uint32_t *)(const void *)c->idx.p;
	uint32_t n = (uint32_t)(c->idx.len / sizeof *idx), i, m;
	struct weir_column co = { .u.data = c->dict.v.any };
	enum pq_class class = c->leaf->class;
	uint32_t narrow[PIECE];
	int64_t wide[PIECE];
	int rc = 0;

	c->use_dict = false;
	c->text_bytes = 0;
	for (i = 0; rc == 0 && i < n; i += m, c->nvalues += m) {
		m = n - i < PIECE ? n - i : PIECE;
		if (class == PQ_IS_I32 || class == PQ_IS_F32) {
			for (uint32_t k = 0; k < m; k++)
				narrow[k] = (uint32_t)c->dict.v.u64[idx[i + k]];
			co.u.data = narrow;
			rc = plain_add(c, &co, NULL, 0, m);
		} else if (class == PQ_IS_NARROW) {
			for (uint32_t k = 0; k < m; k++)
				wide[k] = (int64_t)c->dict.v.u64[idx[i + k]];
			co.u.data = wide;
			rc = plain_add(c, &co, NULL, 0, m);
		} else
			rc = plain_add(c, &co, idx + i, 0, m);
	}
	c->idx.len = 0;
	if (c->dict_pages == 0)
		pq_dict_clear(&c->dict);
	return rc;
}

/* Would so many values have so few repetitions if the column's distinct values
 * fitted into the dictionary?  Of n values drawn from m kinds about
 * m (1 - e^(-n/m)) kinds are seen. */
static bool
too_many_kinds(const struct pq_column *c, uint32_t n)
{
	double most = (double)c->se->dict_size * c->dict.n /
	    ((double)c->dict.bytes + 1);
	double seen = most * -expm1(-(double)n / most);
	double repeats = n - seen;

	/* too few repetitions to tell */
	if (repeats < 16)
		return false;
	return n - c->dict.n < repeats * 0.75;
}

int
pq_values_judge(struct pq_column *c, bool last)
{
	uint32_t n = (uint32_t)(c->idx.len / 4);
	uint64_t plain;

	if (!c->use_dict || c->judged || n == 0)
		return 0;
	if (!last) {
		if (n < SAMPLE || !too_many_kinds(c, n))
			return 0;
		c->hopeless = true;
		return dict_leave(c);
	}
	/* the only page of its chunk: what is shorter? */
	plain = c->leaf->class == PQ_IS_BYTES ? c->text_bytes + 4 * (uint64_t)n
					      : (uint64_t)n * c->leaf->width;
	if (c->dict.bytes + n / 8 < plain)
		return 0;
	return dict_leave(c);
}

static int
values_piece(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n)
{
	uint32_t done = 0;

	if (c->use_dict) {
		done = dict_add(c, co, at, first, n);
		if (c->dict.failed || c->idx.failed)
			return -1;
		if (c->dict.bytes > c->se->dict_size && dict_leave(c) != 0)
			return -1;
	}
	if (done < n) {
		if (at != NULL)
			at += done;
		else
			first += done;
		if (plain_add(c, co, at, first, n - done) != 0)
			return -1;
		c->nvalues += n - done;
	}
	return 0;
}

int
pq_values_add(struct pq_column *c, const struct weir_column *co,
    const uint32_t *at, uint32_t first, uint32_t n)
{
	uint32_t i, m;

	for (i = 0; i < n; i += m) {
		m = n - i < PIECE ? n - i : PIECE;
		if (values_piece(c, co, at != NULL ? at + i : NULL, first + i,
			m) != 0)
			return -1;
	}
	return pq_values_judge(c, false);
}
