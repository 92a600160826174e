/* SPDX-License-Identifier: MIT
 *
 * Chance, and the texts that generators write.
 */
#include "base/time.h"
#include "gen.h"

#define GEN_BLOCK 65536u

const struct weir_type gen_bool = { .kind = WEIR_BOOL };
const struct weir_type gen_int64 = { .kind = WEIR_INT64 };
const struct weir_type gen_string = { .kind = WEIR_STRING };
const struct weir_type gen_timestamp = { .kind = WEIR_TIMESTAMP };
const struct weir_type gen_amount = {
	.kind = WEIR_DECIMAL,
	.precision = 12,
	.scale = 2,
};

const struct gen_place gen_places[GEN_PLACES] = {
	{ "Amsterdam", "Amsterdam", "NL", "EUR", 523702, 48952 },
	{ "Berlin", "Berlin", "DE", "EUR", 525200, 134050 },
	{ "Cape Town", "Cape Town", "ZA", "ZAR", -339249, 184241 },
	{ "Chicago", "Chicago", "US", "USD", 418781, -876298 },
	{ "Lisboa", "Lisboa", "PT", "EUR", 387223, -91393 },
	{ "London", "London", "GB", "GBP", 515074, -1278 },
	{ "New York", "New York", "US", "USD", 407128, -740060 },
	{ "Osaka", "Osaka", "JP", "JPY", 346937, 1355023 },
	{ "S\\u00e3o Paulo", "S\xc3\xa3o Paulo", "BR", "BRL", -235505,
	    -466333 },
	{ "Toronto", "Toronto", "CA", "CAD", 436532, -793832 },
	{ "Warszawa", "Warszawa", "PL", "PLN", 522297, 210122 },
	{ "Z\\u00fcrich", "Z\xc3\xbcrich", "CH", "CHF", 473769, 85417 },
};

/* The generator splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators", 2014), one stream a row. */
uint64_t
gen_next(struct gen_rng *rng)
{
	uint64_t z = rng->s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct gen_rng
gen_rng_row(int64_t seed, int64_t row)
{
	struct gen_rng rng = { (uint64_t)seed };

	rng.s = gen_next(&rng) ^ (uint64_t)row * UINT64_C(0xd1342543de82ef95);
	rng.s = gen_next(&rng);
	return rng;
}

uint32_t
gen_below(struct gen_rng *rng, uint32_t n)
{
	return (uint32_t)((gen_next(rng) >> 32) * n >> 32);
}

bool
gen_chance(struct gen_rng *rng, double share)
{
	return (double)(gen_next(rng) >> 11) < share * 9007199254740992.0;
}

char *
gen_put(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

char *
gen_put_uint(char *p, uint64_t v, int width)
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

char *
gen_put_fixed(char *p, int64_t v, int digits)
{
	int64_t unit = 1;
	int i;

	for (i = 0; i < digits; i++)
		unit *= 10;
	if (v < 0) {
		*p++ = '-';
		v = -v;
	}
	p = gen_put_uint(p, (uint64_t)(v / unit), 1);
	*p++ = '.';
	return gen_put_uint(p, (uint64_t)(v % unit), digits);
}

char *
gen_put_uuid(char *p, struct gen_rng *rng)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t v = 0;
	int i;

	for (i = 0; i < 32; i++, v >>= 4) {
		if (i % 16 == 0)
			v = gen_next(rng);
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*p++ = '-';
		*p++ = hex[v & 15];
	}
	return p;
}

char *
gen_put_time(char *p, int64_t us)
{
	int64_t sec = weir__time_floor(us, WEIR__US_SEC);
	int64_t rest = weir__time_rest(sec, 86400), y;
	unsigned m, d;

	weir__time_civil(weir__time_floor(sec, 86400), &y, &m, &d);
	p = gen_put_uint(p, (uint64_t)y, 4);
	*p++ = '-';
	p = gen_put_uint(p, m, 2);
	*p++ = '-';
	p = gen_put_uint(p, d, 2);
	*p++ = 'T';
	p = gen_put_uint(p, (uint64_t)rest / 3600, 2);
	*p++ = ':';
	p = gen_put_uint(p, (uint64_t)rest / 60 % 60, 2);
	*p++ = ':';
	p = gen_put_uint(p, (uint64_t)rest % 60, 2);
	*p++ = '.';
	p = gen_put_uint(p, (uint64_t)weir__time_rest(us, WEIR__US_SEC), 6);
	return gen_put(p, "+00:00");
}

bool
gen_keep(struct weir_stage *st, struct weir_batch *b, struct weir_str *to,
    const char *p, size_t n)
{
	struct gen_state *gs = st->state;

	if (n > WEIR_STR_SMALL) {
		if (gs->block.left < n) {
			gs->block.left = n > GEN_BLOCK ? n : GEN_BLOCK;
			gs->block.at = weir_batch_alloc(st, b, gs->block.left);
			if (gs->block.at == NULL) {
				gs->block.left = 0;
				return false;
			}
		}
		memcpy(gs->block.at, p, n);
		p = gs->block.at;
		gs->block.at += n;
		gs->block.left -= n;
	}
	*to = weir_str_make(p, n);
	return true;
}

int
gen_field(struct weir_bind *bi, const char *name, const struct weir_type *ty,
    bool required, struct weir_err *err)
{
	struct weir_field fi = {
		.name = name,
		.type = ty,
		.required = required,
	};

	if (weir_out_field(bi, 0, &fi) == WEIR_OK)
		return WEIR_OK;
	return WEIR_BIND_HOST(bi)->fail(err, WEIR_NOWHERE, "memory",
	    "out of memory");
}
