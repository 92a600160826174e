/* SPDX-License-Identifier: MIT */
/*
 * Card transactions for tests and benchmarks: about 300 bytes of JSON with 13
 * fields.  Event i depends on the seed and on i alone, so any part of a stream
 * can be made again, in any order, by anyone.
 */
#ifndef WEIR_BENCH_TXN_H
#define WEIR_BENCH_TXN_H

#include <stdint.h>
#include <string.h>

#define TXN_MAX 640		/* no event is longer */
#define TXN_KEY_MAX 24

enum txn_kind {
	TXN_GOOD,
	TXN_MALFORMED,		/* not JSON, or a field of the wrong type */
	TXN_INCOMPLETE,		/* lacks txn_id or event_ts, or has a null */
	TXN_LATE,		/* 10 to 120 minutes behind its place */
	TXN_FUTURE,		/* ten years ahead of its place */
	TXN_NKINDS
};

struct txn_gen {
	uint64_t seed;
	int64_t start_us;	/* event time of event 0 */
	int64_t step_us;	/* from one event to the next */
	int64_t jitter_us;	/* good events are up to this much behind */
	uint32_t cards;
	uint32_t users;
	uint32_t malformed;	/* shares, in events per million */
	uint32_t incomplete;
	uint32_t late;
	uint32_t future;
	uint32_t nulls;		/* events whose city is null */
};

#define TXN_DEFAULT (struct txn_gen){ .seed = 1, .step_us = 1000, \
	.start_us = 1767225600000000, .jitter_us = 20000000, \
	.cards = 5000, .users = 3000, .nulls = 10000 }

struct txn {
	enum txn_kind kind;
	int64_t event_us;
	uint32_t card;
	size_t len, keylen;
	char key[TXN_KEY_MAX];
	char value[TXN_MAX];
};

struct txn__place {
	const char *city, *country, *currency;
	int32_t lat, lon;	/* in ten-thousandths of a degree */
};

static inline uint64_t
txn__mix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint32_t
txn__below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(((txn__mix(state) >> 32) * n) >> 32);
}

static inline char *
txn__text(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

/* Decimal with at least `width` digits. */
static inline char *
txn__uint(char *p, uint64_t v, int width)
{
	char tmp[24];
	int n = 0;

	do {
		tmp[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0 || n < width);
	while (n > 0)
		*p++ = tmp[--n];
	return p;
}

/* `v` in units of 10^-digits. */
static inline char *
txn__fixed(char *p, int64_t v, int digits)
{
	int64_t unit = 1;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	if (v < 0) {
		*p++ = '-';
		v = -v;
	}
	p = txn__uint(p, (uint64_t)(v / unit), 1);
	*p++ = '.';
	return txn__uint(p, (uint64_t)(v % unit), digits);
}

static inline char *
txn__uuid(char *p, uint64_t *state)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t v = 0;

	for (int i = 0; i < 32; i++) {
		if (i % 16 == 0)
			v = txn__mix(state);
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*p++ = '-';
		*p++ = hex[v & 15];
		v >>= 4;
	}
	return p;
}

/* Civil date from days: H. Hinnant, "chrono-compatible date algorithms". */
static inline char *
txn__time(char *p, int64_t us)
{
	int64_t sec = us / 1000000, frac = us % 1000000;
	int64_t z = sec / 86400 + 719468, rest = sec % 86400;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	p = txn__uint(p, (uint64_t)(yoe + era * 400 + (month <= 2)), 4);
	*p++ = '-';
	p = txn__uint(p, (uint64_t)month, 2);
	*p++ = '-';
	p = txn__uint(p, (uint64_t)(doy - (153 * mp + 2) / 5 + 1), 2);
	*p++ = 'T';
	p = txn__uint(p, (uint64_t)(rest / 3600), 2);
	*p++ = ':';
	p = txn__uint(p, (uint64_t)(rest / 60 % 60), 2);
	*p++ = ':';
	p = txn__uint(p, (uint64_t)(rest % 60), 2);
	*p++ = '.';
	p = txn__uint(p, (uint64_t)frac, 6);
	return txn__text(p, "+00:00");
}

static inline enum txn_kind
txn__kind(const struct txn_gen *g, uint64_t *state)
{
	uint32_t r = txn__below(state, 1000000);

	if (r < g->malformed)
		return TXN_MALFORMED;
	r -= g->malformed;
	if (r < g->incomplete)
		return TXN_INCOMPLETE;
	r -= g->incomplete;
	if (r < g->late)
		return TXN_LATE;
	r -= g->late;
	return r < g->future ? TXN_FUTURE : TXN_GOOD;
}

static inline int64_t
txn__when(const struct txn_gen *g, uint64_t i, enum txn_kind kind,
    uint64_t *state)
{
	int64_t t = g->start_us + (int64_t)i * g->step_us;

	if (g->jitter_us > 0)
		t -= (int64_t)(txn__mix(state) % (uint64_t)g->jitter_us);
	if (kind == TXN_LATE)
		t -= 600000000 + (int64_t)txn__below(state, 6600) * 1000000;
	if (kind == TXN_FUTURE)
		t += (int64_t)3653 * 86400 * 1000000;
	return t;
}

static inline const struct txn__place *
txn__place(uint64_t *state)
{
	static const struct txn__place place[] = {
		{ "Amsterdam", "NL", "EUR", 523702, 48952 },
		{ "Berlin", "DE", "EUR", 525200, 134050 },
		{ "Bogot\\u00e1", "CO", "COP", 47110, -740721 },
		{ "Istanbul", "TR", "TRY", 410082, 289784 },
		{ "London", "GB", "GBP", 515074, -1278 },
		{ "Madrid", "ES", "EUR", 404168, -37038 },
		{ "Mumbai", "IN", "INR", 190760, 728777 },
		{ "New York", "US", "USD", 407128, -740060 },
		{ "Paris", "FR", "EUR", 488566, 23522 },
		{ "San Francisco", "US", "USD", 377749, -1224194 },
		{ "S\xc3\xa3o Paulo", "BR", "BRL", -235505, -466333 },
		{ "Sydney", "AU", "AUD", -338688, 1512093 },
		{ "Tokyo", "JP", "JPY", 356762, 1396503 },
		{ "Toronto", "CA", "CAD", 436532, -793832 },
		{ "Warsaw", "PL", "PLN", 522297, 210122 },
		{ "Z\xc3\xbcrich", "CH", "CHF", 473769, 85417 },
	};

	return &place[txn__below(state, 16)];
}

/* From txn_id to category; `gap` 1 leaves txn_id out, 2 makes it null. */
static inline char *
txn__who(char *p, const struct txn_gen *g, struct txn *t, int gap,
    uint64_t *state)
{
	static const char *const merchant[] = {
		"Corner Grocery", "Metro Fuel", "Blue Bottle Coffee",
		"Northwind Books", "Acme Hardware", "City Pharmacy",
		"Skyline Airlines", "Grand Hotel", "Stream Media",
		"Pixel Electronics", "Green Garden", "Fit & Fun \\\"Gym\\\"",
	};
	static const char *const category[] = {
		"grocery", "fuel", "dining", "books", "hardware", "health",
		"travel", "lodging", "entertainment", "electronics", "home",
		"sport",
	};
	uint32_t m = txn__below(state, 12);

	*p++ = '{';
	if (gap == 0) {
		p = txn__text(p, "\"txn_id\":\"");
		p = txn__uuid(p, state);
		p = txn__text(p, "\",");
	} else if (gap == 2)
		p = txn__text(p, "\"txn_id\":null,");
	if (gap != 3) {
		p = txn__text(p, "\"event_ts\":\"");
		p = txn__time(p, t->event_us);
		p = txn__text(p, "\",");
	}
	p = txn__text(p, "\"user_id\":\"user_");
	p = txn__uint(p, txn__below(state, g->users), 5);
	p = txn__text(p, "\",\"card_id\":\"");
	memcpy(p, t->key, t->keylen);
	p = txn__text(p + t->keylen, "\",\"merchant\":\"");
	p = txn__text(p, merchant[m]);
	p = txn__text(p, "\",\"category\":\"");
	p = txn__text(p, category[m]);
	return txn__text(p, "\",");
}

/* From amount to lon; `wrong` writes an amount that is no number. */
static inline char *
txn__what(char *p, const struct txn_gen *g, int wrong, uint64_t *state)
{
	static const char *const status[] = {
		"approved", "approved", "approved", "approved", "approved",
		"approved", "declined", "pending",
	};
	const struct txn__place *pl = txn__place(state);
	uint32_t cents = 1 + txn__below(state, 2000) * txn__below(state, 100);

	p = txn__text(p, "\"amount\":");
	p = wrong ? txn__text(p, "\"a lot\"") : txn__fixed(p, cents, 2);
	p = txn__text(p, ",\"currency\":\"");
	p = txn__text(p, pl->currency);
	p = txn__text(p, "\",\"status\":\"");
	p = txn__text(p, status[txn__below(state, 8)]);
	p = txn__text(p, "\",\"city\":");
	if (txn__below(state, 1000000) < g->nulls)
		p = txn__text(p, "null");
	else {
		*p++ = '"';
		p = txn__text(p, pl->city);
		*p++ = '"';
	}
	p = txn__text(p, ",\"country\":\"");
	p = txn__text(p, pl->country);
	p = txn__text(p, "\",\"lat\":");
	p = txn__fixed(p, (int64_t)pl->lat * 100 +
	    txn__below(state, 100000), 6);
	p = txn__text(p, ",\"lon\":");
	p = txn__fixed(p, (int64_t)pl->lon * 100 +
	    txn__below(state, 100000), 6);
	return txn__text(p, "}");
}

/* Spoil a good document: cut it, put text before it, or break its UTF-8. */
static inline size_t
txn__spoil(char *value, size_t len, uint64_t *state)
{
	switch (txn__below(state, 4)) {
	case 0:
		return 1 + txn__below(state, (uint32_t)len - 1);
	case 1:
		value[0] = '<';
		return len;
	case 2:
		value[len / 2] = '\xff';
		return len;
	default:
		return (size_t)(txn__text(value, "oops") - value);
	}
}

/* Makes event `i` into `t`.  Lengths are bytes; nothing ends in NUL. */
static inline void
txn_make(struct txn *t, const struct txn_gen *g, uint64_t i)
{
	uint64_t state = g->seed * 0xd1342543de82ef95u + i;
	int gap = 0, wrong = 0;
	char *p;

	txn__mix(&state);
	t->kind = txn__kind(g, &state);
	t->event_us = txn__when(g, i, t->kind, &state);
	t->card = txn__below(&state, g->cards);
	p = txn__text(t->key, "card_");
	t->keylen = (size_t)(txn__uint(p, t->card, 6) - t->key);
	if (t->kind == TXN_INCOMPLETE)
		gap = 1 + (int)txn__below(&state, 3);
	if (t->kind == TXN_MALFORMED)
		wrong = txn__below(&state, 4) == 0;
	p = txn__who(t->value, g, t, gap, &state);
	p = txn__what(p, g, wrong, &state);
	t->len = (size_t)(p - t->value);
	if (t->kind == TXN_MALFORMED && !wrong)
		t->len = txn__spoil(t->value, t->len, &state);
}

#endif
