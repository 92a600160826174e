/* SPDX-License-Identifier: MIT
 *
 * Decimals: against Python's fractions, and the types of results.
 */
#include "base/decimal.h"

#include "t.h"
#include "vectors.h"

static const char *const words[] = { "ok", "syntax", "range", "inexact",
	"zero" };
static const char *const modes[] = { "exact", "even", "trunc", "up" };

/* Independent of the code under test: a plain digit loop. */
static weir_i128
wide(const char *s)
{
	weir_i128 v = 0;
	int neg = *s == '-';

	for (s += neg; *s != '\0'; s++)
		v = v * 10 + (*s - '0');
	return neg ? -v : v;
}

static enum weir__round
mode(const char *s)
{
	unsigned i;

	for (i = 0; i < 3 && strcmp(s, modes[i]) != 0; i++)
		;
	return (enum weir__round)i;
}

#define U(i) ((unsigned)atol(ve->field[i]))

static int
check_parse(struct vectors *ve, char *got)
{
	unsigned p = U(2), s = U(3);
	enum weir__round how = mode(ve->field[4]);
	weir_i128 v = 0;
	int64_t w = 0;
	enum weir__num rc = weir__decimal_parse(&v, ve->field[1], ve->len[1],
			   p, s, how),
		       rc64 = rc;

	if (p <= 18) {
		rc64 = weir__decimal_parse64(&w, ve->field[1], ve->len[1], p,
		    s, how);
		if (rc64 == rc && rc == WEIR__NUM_OK && w != v)
			return 0;
	}
	got[weir__decimal_print(got, v, 0)] = '\0';
	if (rc != rc64 || strcmp(words[rc], ve->field[6]) != 0)
		return 0;
	return rc != WEIR__NUM_OK || v == wide(ve->field[5]);
}

static int
check_print(struct vectors *ve, char *got)
{
	got[weir__decimal_print(got, wide(ve->field[1]), U(2))] = '\0';
	return strcmp(got, ve->field[3]) == 0;
}

static int
check_float(struct vectors *ve, char *got)
{
	double d = weir__decimal_to_f64(wide(ve->field[1]), U(2));
	uint64_t u;

	memcpy(&u, &d, 8);
	snprintf(got, 60, "%016" PRIx64, u);
	return strcmp(got, ve->field[3]) == 0;
}

static int
check_op(struct vectors *ve, char *got)
{
	weir_i128 a = wide(ve->field[1]), b = wide(ve->field[3]), v = 0;
	unsigned as = U(2), bs = U(4), p = U(5), s = U(6);
	const char *op = ve->field[0];
	enum weir__num rc;

	if (strcmp(op, "add") == 0)
		rc = weir__decimal_add(&v, a, as, b, bs, p, s);
	else if (strcmp(op, "sub") == 0)
		rc = weir__decimal_sub(&v, a, as, b, bs, p, s);
	else if (strcmp(op, "mul") == 0)
		rc = weir__decimal_mul(&v, a, as, b, bs, p, s);
	else if (strcmp(op, "div") == 0)
		rc = weir__decimal_div(&v, a, as, b, bs, p, s);
	else
		rc = weir__decimal_mod(&v, a, as, b, bs, p, s);
	got[weir__decimal_print(got, v, 0)] = '\0';
	if (strcmp(words[rc], ve->field[8]) != 0)
		return 0;
	return rc != WEIR__NUM_OK || v == wide(ve->field[7]);
}

static int
check_rescale(struct vectors *ve, char *got)
{
	weir_i128 v = 0;
	enum weir__num rc = weir__decimal_rescale(&v, wide(ve->field[1]), U(2),
	    U(3), U(4), mode(ve->field[5]));

	got[weir__decimal_print(got, v, 0)] = '\0';
	if (strcmp(words[rc], ve->field[7]) != 0)
		return 0;
	return rc != WEIR__NUM_OK || v == wide(ve->field[6]);
}

static int
check_from(struct vectors *ve, char *got)
{
	uint64_t u = strtoull(ve->field[1], NULL, 16);
	enum weir__num rc;
	weir_i128 v = 0;
	double d;

	memcpy(&d, &u, 8);
	rc = weir__decimal_from_f64(&v, d, U(2), U(3), mode(ve->field[4]));
	got[weir__decimal_print(got, v, 0)] = '\0';
	if (strcmp(words[rc], ve->field[6]) != 0)
		return 0;
	return rc != WEIR__NUM_OK || v == wide(ve->field[5]);
}

static void
against_python(void)
{
	static struct vectors ve;
	char got[64] = "";
	int ok;

	vectors_open(&ve, "decimals");
	while (vectors_next(&ve)) {
		if (strcmp(ve.field[0], "parse") == 0)
			ok = check_parse(&ve, got);
		else if (strcmp(ve.field[0], "print") == 0)
			ok = check_print(&ve, got);
		else if (strcmp(ve.field[0], "float") == 0)
			ok = check_float(&ve, got);
		else if (strcmp(ve.field[0], "rescale") == 0)
			ok = check_rescale(&ve, got);
		else if (strcmp(ve.field[0], "fromf") == 0)
			ok = check_from(&ve, got);
		else if (strcmp(ve.field[0], "cmp") == 0)
			ok = weir__decimal_cmp(wide(ve.field[1]),
				 (unsigned)atol(ve.field[2]),
				 wide(ve.field[3]),
				 (unsigned)atol(ve.field[4])) ==
			    atol(ve.field[5]);
		else
			ok = check_op(&ve, got);
		vectors_check(&ve, ok, got);
	}
	vectors_close(&ve, "decimals as Python has them", 80000);
}

static void
types(void)
{
	struct weir__decimal_type a = { 12, 2 }, b = { 5, 4 }, c = { 38, 20 },
				  i = { 19, 0 }, r;

	T(weir__decimal_add_type(&r, a, b) && r.precision == 15 &&
	    r.scale == 4);
	T(weir__decimal_add_type(&r, c, i) && r.precision == 38 &&
	    r.scale == 20);
	T(weir__decimal_mul_type(&r, a, b) && r.precision == 17 &&
	    r.scale == 6);
	T(!weir__decimal_mul_type(&r, c, c));
	T(weir__decimal_div_type(&r, a, b) && r.precision == 20 &&
	    r.scale == 6);
	T(weir__decimal_div_type(&r, i, i) && r.precision == 25 &&
	    r.scale == 6);
	T(weir__decimal_mod_type(&r, a, b) && r.precision == 5 &&
	    r.scale == 4);
	T(weir__decimal_sum_type(&r, a) && r.precision == 38 && r.scale == 2);
	T(weir__decimal_avg_type(&r, a) && r.precision == 16 && r.scale == 6);
	r.precision = r.scale = 38;
	T(!weir__decimal_avg_type(&r, r));
}

static void
small(void)
{
	int64_t v, big = 999999999999999999;
	weir_i128 w;

	T(weir__decimal_add64(&v, 1, 2, 1) && v == 3);
	T(!weir__decimal_add64(&v, 5, 5, 1));
	T(!weir__decimal_add64(&v, big, big, 18));
	T(!weir__decimal_sub64(&v, -big, big, 18));
	T(!weir__decimal_mul64(&v, big, big, 18));
	T(weir__decimal_mul64(&v, -1000, 1000, 7) && v == -1000000);
	T_INT(weir__decimal_from_i64(&w, INT64_MIN, 38, 19), WEIR__NUM_OK);
	T_INT(weir__decimal_from_i64(&w, INT64_MIN, 38, 20), WEIR__NUM_RANGE);
	T_INT(weir__decimal_to_i64(&v, 250, 2, WEIR__HALF_EVEN), WEIR__NUM_OK);
	T_INT(v, 2);
	T_INT(weir__decimal_to_i64(&v, 250, 2, WEIR__EXACT),
	    WEIR__NUM_INEXACT);
	T_INT(weir__decimal_to_i64(&v, weir__decimal_pow10[19], 0,
		  WEIR__EXACT),
	    WEIR__NUM_RANGE);
	T_INT(weir__decimal_digits(0), 1);
	T_INT(weir__decimal_digits(-9), 1);
	T_INT(weir__decimal_digits(10), 2);
	T_INT(weir__decimal_digits(weir__decimal_pow10[38]), 39);
	T_INT(weir__decimal_digits(weir__decimal_pow10[38] - 1), 38);
	T(weir__decimal_pow10[38] ==
	    weir__decimal_pow10[19] * weir__decimal_pow10[19]);
}

static void
powers(void)
{
	int i, bad = 0;

	for (i = 1; i < 39; i++)
		bad += weir__decimal_pow10[i] !=
		    weir__decimal_pow10[i - 1] * 10;
	for (i = 0; i < 19; i++)
		bad += weir__decimal_pow10[i] != weir__decimal_pow10_64[i];
	T_INT(bad, 0);
}

int
main(void)
{
	powers();
	types();
	small();
	against_python();
	return t_done();
}
