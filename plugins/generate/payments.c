/* SPDX-License-Identifier: MIT
 *
 * generate.payments: payments as typed columns.
 */
#include "gen.h"

enum {
	PAY_ID = 0,
	PAY_USER,
	PAY_AMOUNT,
	PAY_TIME,
	PAY_MERCHANT,
	PAY_TYPE,
	PAY_LOCATION,
	PAY_METHOD,
	PAY_INTERNATIONAL,
	PAY_CURRENCY,
	PAY_COLUMNS,

	PAY_OPT_START = 4, /* its place in the option table */
};

struct payments_config {
	struct gen_config gen;
	int64_t users;
	int64_t merchants;
};

static const char *const pay_types[] = {
	"purchase", "purchase", "purchase", "refund", "transfer", "withdrawal",
};
static const char *const pay_methods[] = {
	"credit_card", "debit_card", "wallet", "bank_transfer",
};

struct payment {
	char id[40];
	char user[24];
	char merchant[24];
	size_t user_len;
	size_t merchant_len;
	int64_t amount;
	int64_t time;
	const char *type;
	const char *location; /* or NULL */
	const char *method;
	const char *currency;
	bool international;
};

static void
payment_make(struct payment *pa, const struct payments_config *cf,
    const struct gen_state *gs, int64_t row)
{
	struct gen_rng rng = gen_rng_row(cf->gen.seed, row);
	const struct gen_place *pl = &gen_places[gen_below(&rng, GEN_PLACES)];

	gen_put_uuid(pa->id, &rng);
	pa->user_len = (size_t)(gen_put_uint(gen_put(pa->user, "user_"),
	    gen_below(&rng, (uint32_t)cf->users), 6) - pa->user);
	pa->merchant_len = (size_t)(gen_put_uint(gen_put(pa->merchant,
	    "merchant_"), gen_below(&rng, (uint32_t)cf->merchants), 4) -
	    pa->merchant);
	pa->amount = 1 + (int64_t)gen_below(&rng, 2000) * gen_below(&rng, 100);
	pa->time = gen_time(gs, row);
	if (cf->gen.jitter > 0)
		pa->time -= (int64_t)(gen_next(&rng) %
		    (uint64_t)cf->gen.jitter);
	pa->type = pay_types[gen_below(&rng, 6)];
	pa->method = pay_methods[gen_below(&rng, 4)];
	pa->location = gen_chance(&rng, 0.01) ? NULL : pl->plain;
	pa->currency = pl->currency;
	pa->international = gen_chance(&rng, 0.2);
}

/* One text of the row, where it is wanted. */
static bool
put_text(struct weir_stage *st, struct weir_batch *b, uint32_t col,
    uint32_t row, const char *p, size_t n)
{
	return !weir_wanted(st, 0, col) ||
	    gen_keep(st, b, &b->cols[col].u.str[row], p, n);
}

static bool
payment_put(struct weir_stage *st, struct weir_batch *b, uint32_t i,
    const struct payment *pa)
{
	const char *loc = pa->location != NULL ? pa->location : "";

	if (weir_wanted(st, 0, PAY_AMOUNT))
		b->cols[PAY_AMOUNT].u.i64[i] = pa->amount;
	if (weir_wanted(st, 0, PAY_TIME))
		b->cols[PAY_TIME].u.i64[i] = pa->time;
	if (weir_wanted(st, 0, PAY_INTERNATIONAL))
		weir_bit_put(b->cols[PAY_INTERNATIONAL].u.bits, i,
		    pa->international);
	if (weir_wanted(st, 0, PAY_LOCATION))
		weir_bit_put(b->cols[PAY_LOCATION].valid, i,
		    pa->location != NULL);
	return put_text(st, b, PAY_ID, i, pa->id, 36) &&
	    put_text(st, b, PAY_USER, i, pa->user, pa->user_len) &&
	    put_text(st, b, PAY_MERCHANT, i, pa->merchant,
		pa->merchant_len) &&
	    put_text(st, b, PAY_TYPE, i, pa->type, strlen(pa->type)) &&
	    put_text(st, b, PAY_LOCATION, i, loc, strlen(loc)) &&
	    put_text(st, b, PAY_METHOD, i, pa->method, strlen(pa->method)) &&
	    put_text(st, b, PAY_CURRENCY, i, pa->currency, 3);
}

static int
payments_fill(struct weir_stage *st, struct weir_batch *b, int64_t first,
    uint32_t n)
{
	const struct payments_config *cf = st->config;
	struct weir_column *loc = &b->cols[PAY_LOCATION];
	struct payment pa;
	uint32_t i;

	if (weir_wanted(st, 0, PAY_LOCATION)) {
		loc->valid = weir_batch_alloc(st, b,
		    WEIR_BITMAP_WORDS(n) * sizeof *loc->valid);
		if (loc->valid == NULL)
			return WEIR_ERROR;
		memset(loc->valid, 0, WEIR_BITMAP_WORDS(n) * 8);
	}
	for (i = 0; i < n; i++) {
		payment_make(&pa, cf, st->state, first + i);
		if (!payment_put(st, b, i, &pa))
			return WEIR_ERROR;
	}
	b->bytes = 200 * (uint64_t)n;
	return WEIR_OK;
}

static int
payments_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	static const struct {
		const char *name;
		const struct weir_type *type;
		bool required;
	} cols[PAY_COLUMNS] = {
		[PAY_ID] = { "transactionId", &gen_string, true },
		[PAY_USER] = { "userId", &gen_string, true },
		[PAY_AMOUNT] = { "amount", &gen_amount, true },
		[PAY_TIME] = { "transactionTime", &gen_timestamp, true },
		[PAY_MERCHANT] = { "merchantId", &gen_string, true },
		[PAY_TYPE] = { "transactionType", &gen_string, true },
		[PAY_LOCATION] = { "location", &gen_string, false },
		[PAY_METHOD] = { "paymentMethod", &gen_string, true },
		[PAY_INTERNATIONAL] = { "isInternational", &gen_bool, true },
		[PAY_CURRENCY] = { "currency", &gen_string, true },
	};
	struct payments_config *cf = config;
	uint32_t i;

	if (gen_bind_common(bi, &cf->gen, PAY_OPT_START, err) != WEIR_OK)
		return WEIR_ERROR;
	cf->gen.fill = payments_fill;
	for (i = 0; i < PAY_COLUMNS; i++)
		if (gen_field(bi, cols[i].name, cols[i].type, cols[i].required,
			err) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

static const struct weir_option pay_users = {
	.size = sizeof(struct weir_option),
	.name = "users",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct payments_config, users),
	.def = "10000",
	.min = 1,
	.max = 1e9,
	.help = "How many users there are.",
};

static const struct weir_option pay_merchants = {
	.size = sizeof(struct weir_option),
	.name = "merchants",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct payments_config, merchants),
	.def = "100",
	.min = 1,
	.max = 1e9,
	.help = "How many merchants there are.",
};

static const struct weir_option *const payments_options[] = {
	&gen_opt_rate,
	&gen_opt_count,
	&gen_opt_lasts,
	&gen_opt_seed,
	[PAY_OPT_START] = &gen_opt_start,
	&gen_opt_speed,
	&gen_opt_step,
	&gen_opt_jitter,
	&pay_users,
	&pay_merchants,
	NULL,
};

const struct weir_stage_type gen_payments = {
	.size = sizeof(struct weir_stage_type),
	.verb = "payments",
	.summary = "make payments, typed",
	.help = "The columns are transactionId, userId: string!, amount: "
		"decimal(12, 2)!, transactionTime: timestamp!, merchantId, "
		"transactionType: string!, location: string, paymentMethod: "
		"string!, isInternational: bool!, currency: string!.  One in "
		"a hundred has no location.",
	.example = "generate.payments(count: 5, start: "
		   "\"2026-01-01T00:00:00Z\")\n"
		   "    -> select { transactionTime, merchantId, amount, "
		   "currency }\n"
		   "    -> show()",
	.role = WEIR_SOURCE,
	.options = payments_options,
	.config_size = sizeof(struct payments_config),
	.state_size = sizeof(struct gen_state),
	.bind = payments_bind,
	.source = &gen_source,
};
