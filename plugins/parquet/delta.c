/* SPDX-License-Identifier: MIT
 *
 * Undoing DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY and
 * BYTE_STREAM_SPLIT.
 */
#include "delta.h"

#define BAD (-1)
#define NO_MEMORY (-2)
#define MINIS 512u /* miniblocks a block; real writers use 4 or 8 */

struct delta {
	const uint8_t *p;
	const uint8_t *end;
	uint64_t block; /* values a block */
	uint64_t minis;
	uint64_t mini; /* values a miniblock */
	uint64_t total;
	uint64_t last;
	bool bad;
};

static uint64_t
get_varint(struct delta *de)
{
	uint64_t v = 0;
	unsigned shift;

	for (shift = 0; shift < 64 && de->p < de->end; shift += 7) {
		uint8_t c = *de->p++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
	de->bad = true;
	return 0;
}

static uint64_t
get_zigzag(struct delta *de)
{
	uint64_t v = get_varint(de);

	return v >> 1 ^ (0 - (v & 1));
}

static bool
delta_begin(struct delta *de, const uint8_t *p, size_t n)
{
	memset(de, 0, sizeof *de);
	de->p = p;
	de->end = p + n;
	de->block = get_varint(de);
	de->minis = get_varint(de);
	de->total = get_varint(de);
	de->last = get_zigzag(de);
	if (de->bad || de->minis == 0 || de->minis > MINIS ||
	    de->block == 0 || de->block > (1u << 24) ||
	    de->block % de->minis != 0)
		return false;
	de->mini = de->block / de->minis;
	return de->mini % 8 == 0;
}

/* One value of w bits (0 to 64) at a bit offset that lies inside. */
static uint64_t
bits_at(const uint8_t *p, const uint8_t *end, uint64_t at, unsigned w)
{
	uint64_t v = 0;
	unsigned got = 0, shift = (unsigned)(at & 7);

	p += at >> 3;
	while (got < w && p < end) {
		unsigned take = 8 - shift;
		uint64_t b = *p++ >> shift;

		v |= b << got;
		got += take;
		shift = 0;
	}
	return w == 64 ? v : v & ((UINT64_C(1) << w) - 1);
}

/* The values in turn, to sink(arg, value); -1 when the bytes end. */
static int
delta_run(struct delta *de, uint64_t most, void (*sink)(void *, uint64_t),
    void *arg)
{
	uint64_t left, m, i, least;
	const uint8_t *widths;
	unsigned k;

	if (de->total > most)
		return BAD;
	left = de->total;
	if (left == 0)
		return 0;
	sink(arg, de->last);
	left--;
	while (left > 0) {
		least = get_zigzag(de);
		if (de->bad || (uint64_t)(de->end - de->p) < de->minis)
			return BAD;
		widths = de->p;
		de->p += de->minis;
		for (k = 0; k < de->minis && left > 0; k++) {
			unsigned w = widths[k];
			uint64_t bytes = de->mini / 8 * w;

			m = left < de->mini ? left : de->mini;
			/* the last miniblock may be cut short by old writers */
			if (w > 64 ||
			    (uint64_t)(de->end - de->p) < (m * w + 7) / 8)
				return BAD;
			for (i = 0; i < m; i++) {
				de->last += least +
				    bits_at(de->p, de->end, i * w, w);
				sink(arg, de->last);
			}
			left -= m;
			de->p += bytes < (uint64_t)(de->end - de->p)
			    ? bytes
			    : (uint64_t)(de->end - de->p);
		}
	}
	return 0;
}

struct ints {
	uint8_t *to;
	uint32_t width;
};

static void
put_int(void *arg, uint64_t v)
{
	struct ints *in = arg;

	if (in->width == 4)
		pq_put32(in->to, (uint32_t)v);
	else
		pq_put64(in->to, v);
	in->to += in->width;
}

int64_t
pq_delta_ints(struct pq_bytes *to, const uint8_t *p, size_t n, uint32_t width,
    uint64_t most)
{
	struct ints in = { .width = width };
	struct delta de;

	if (!delta_begin(&de, p, n) || de.total > most)
		return BAD;
	in.to = pq_bytes_room(to, de.total * width + 1);
	if (in.to == NULL)
		return NO_MEMORY;
	if (delta_run(&de, most, put_int, &in) != 0)
		return BAD;
	to->len += de.total * width;
	return (int64_t)de.total;
}

/* Lengths as 4-byte numbers into `to`; where the rest begins in *rest. */
static int64_t
lengths(struct pq_bytes *to, const uint8_t *p, size_t n, uint64_t most,
    const uint8_t **rest)
{
	struct ints in = { .width = 4 };
	struct delta de;

	if (!delta_begin(&de, p, n) || de.total > most)
		return BAD;
	in.to = pq_bytes_room(to, de.total * 4 + 1);
	if (in.to == NULL)
		return NO_MEMORY;
	if (delta_run(&de, most, put_int, &in) != 0)
		return BAD;
	to->len += de.total * 4;
	*rest = de.p;
	return (int64_t)de.total;
}

int64_t
pq_delta_lengths(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint64_t most)
{
	const uint8_t *end = p + n, *at;
	struct pq_bytes len;
	int64_t count, i;
	uint32_t k;

	pq_bytes_init(&len, to->ho);
	count = lengths(&len, p, n, most, &at);
	for (i = 0; i < count; i++) {
		k = pq_get32(len.p + 4 * i);
		if (k > (size_t)(end - at)) {
			count = BAD;
			break;
		}
		pq_bytes_add(to, len.p + 4 * i, 4);
		pq_bytes_add(to, at, k);
		at += k;
	}
	pq_bytes_fini(&len);
	return to->failed ? NO_MEMORY : count;
}

/* One value: the first `pre` bytes of the one before, then `suf` new ones. */
static bool
join(struct pq_bytes *to, size_t *last, size_t *last_len, uint32_t pre,
    const uint8_t *suffix, uint32_t suf, uint32_t fixed)
{
	size_t len = (size_t)pre + suf;
	uint8_t *at;

	if (pre > *last_len || (fixed != 0 && len != fixed) ||
	    len > INT32_MAX)
		return false;
	at = pq_bytes_room(to, len + 4);
	if (at == NULL)
		return true;
	if (fixed == 0) {
		pq_put32(at, (uint32_t)len);
		at += 4;
		to->len += 4;
	}
	if (pre != 0)
		memcpy(at, to->p + *last, pre);
	if (suf != 0)
		memcpy(at + pre, suffix, suf);
	*last = to->len;
	*last_len = len;
	to->len += len;
	return true;
}

int64_t
pq_delta_bytes(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint32_t fixed, uint64_t most)
{
	const uint8_t *end = p + n, *at;
	struct pq_bytes pre, suf;
	size_t last = 0, last_len = 0;
	int64_t count, i, sufs;

	pq_bytes_init(&pre, to->ho);
	pq_bytes_init(&suf, to->ho);
	count = lengths(&pre, p, n, most, &at);
	if (count >= 0) {
		sufs = lengths(&suf, at, (size_t)(end - at), most, &at);
		if (sufs != count)
			count = sufs == NO_MEMORY ? NO_MEMORY : BAD;
	}
	for (i = 0; i < count; i++) {
		uint32_t k = pq_get32(suf.p + 4 * i);

		if (k > (size_t)(end - at) ||
		    !join(to, &last, &last_len, pq_get32(pre.p + 4 * i), at,
			k, fixed)) {
			count = BAD;
			break;
		}
		/* a prefix repeated a million times needs no bytes of its own:
		 * a page is a page even so */
		if (to->failed || to->len > INT32_MAX)
			break;
		at += k;
	}
	pq_bytes_fini(&pre);
	pq_bytes_fini(&suf);
	if (to->failed)
		return NO_MEMORY;
	return to->len > INT32_MAX ? BAD : count;
}

int64_t
pq_byte_streams(struct pq_bytes *to, const uint8_t *p, size_t n,
    uint32_t width, uint64_t most)
{
	uint64_t count = width == 0 ? 0 : n / width, i;
	uint8_t *out;
	uint32_t k;

	if (width == 0 || n % width != 0 || count > most)
		return BAD;
	out = pq_bytes_room(to, n + 1);
	if (out == NULL)
		return NO_MEMORY;
	for (k = 0; k < width; k++)
		for (i = 0; i < count; i++)
			out[i * width + k] = p[k * count + i];
	to->len += n;
	return (int64_t)count;
}
