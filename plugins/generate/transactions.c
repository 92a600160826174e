/* SPDX-License-Identifier: MIT
 *
 * generate.transactions: card transactions as JSON text, some of them bad.
 */
#include "gen.h"

#define TXN_ROOM 640
#define TXN_YEAR (INT64_C(31556952) * 1000000)
#define TXN_MINUTE (INT64_C(60) * 1000000)

enum {
	TXN_COL_KEY = 0,
	TXN_COL_VALUE,
	TXN_COL_TIME,

	TXN_OPT_START = 4, /* its place in the option table */
};

enum txn_kind {
	TXN_GOOD,
	TXN_BAD,
	TXN_INCOMPLETE,
	TXN_LATE,
	TXN_FUTURE,
};

struct transactions_config {
	struct gen_config gen;
	int64_t cards;
	double bad;
	double incomplete;
	double late;
	double future;
};

/* One event being made. */
struct txn {
	enum txn_kind kind;
	unsigned flaw; /* which one, of a bad or incomplete event */
	int64_t time;
	uint32_t card;
	char key[24];
	size_t key_len;
	char value[TXN_ROOM];
	size_t len;
};

static const struct {
	const char *name;
	const char *category;
} txn_merchants[] = {
	{ "Corner Grocery", "grocery" },
	{ "Metro Fuel", "fuel" },
	{ "Blue Door Coffee", "dining" },
	{ "Northwind Books", "books" },
	{ "Old Town Hardware", "hardware" },
	{ "City Pharmacy", "health" },
	{ "Skyline Air", "travel" },
	{ "Grand Hotel", "lodging" },
	{ "Green Garden", "home" },
	{ "Fit \\\"n\\\" Fun", "sport" },
};
#define TXN_MERCHANTS 10

static enum txn_kind
txn_pick(const struct transactions_config *cf, struct gen_rng *rng)
{
	double r = (double)(gen_next(rng) >> 11) / 9007199254740992.0;

	if ((r -= cf->bad) < 0)
		return TXN_BAD;
	if ((r -= cf->incomplete) < 0)
		return TXN_INCOMPLETE;
	if ((r -= cf->late) < 0)
		return TXN_LATE;
	return r - cf->future < 0 ? TXN_FUTURE : TXN_GOOD;
}

/* "txn_id" to "category".  An incomplete event lacks its id (flaw 0), has a
 * null in its place (1), lacks its time (2) or has a null there (3). */
static char *
txn_who(char *p, const struct txn *tx, struct gen_rng *rng)
{
	bool gap = tx->kind == TXN_INCOMPLETE;
	uint32_t m = gen_below(rng, TXN_MERCHANTS);
	char id[40];

	gen_put_uuid(id, rng);
	id[36] = '\0';
	*p++ = '{';
	if (gap && tx->flaw == 1)
		p = gen_put(p, "\"txn_id\":null,");
	else if (!gap || tx->flaw != 0)
		p = gen_put(gen_put(gen_put(p, "\"txn_id\":\""), id), "\",");
	if (gap && tx->flaw == 3)
		p = gen_put(p, "\"event_ts\":null,");
	else if (!gap || tx->flaw != 2)
		p = gen_put(gen_put_time(gen_put(p, "\"event_ts\":\""),
		    tx->time), "\",");
	p = gen_put_uint(gen_put(p, "\"user_id\":\"user_"),
	    tx->card / 2, 5);
	p = gen_put(p, "\",\"card_id\":\"");
	memcpy(p, tx->key, tx->key_len);
	p = gen_put(p + tx->key_len, "\",\"merchant\":\"");
	p = gen_put(p, txn_merchants[m].name);
	p = gen_put(p, "\",\"category\":\"");
	p = gen_put(p, txn_merchants[m].category);
	return gen_put(p, "\",");
}

/* "amount" to "lon". */
static char *
txn_what(char *p, const struct txn *tx, struct gen_rng *rng)
{
	static const char *const states[] = {
		"approved", "approved", "approved", "approved", "approved",
		"approved", "declined", "pending",
	};
	const struct gen_place *pl = &gen_places[gen_below(rng, GEN_PLACES)];
	int64_t cents = 1 + (int64_t)gen_below(rng, 2000) *
	    gen_below(rng, 100);

	p = gen_put(p, "\"amount\":");
	p = tx->kind == TXN_BAD && tx->flaw == 0 ? gen_put(p, "\"a lot\"") :
	    gen_put_fixed(p, cents, 2);
	p = gen_put(gen_put(p, ",\"currency\":\""), pl->currency);
	p = gen_put(gen_put(p, "\",\"status\":\""), states[gen_below(rng, 8)]);
	if (gen_chance(rng, 0.01))
		p = gen_put(p, "\",\"city\":null");
	else
		p = gen_put(gen_put(gen_put(p, "\",\"city\":\""), pl->city),
		    "\"");
	p = gen_put(gen_put(p, ",\"country\":\""), pl->country);
	p = gen_put_fixed(gen_put(p, "\",\"lat\":"), (int64_t)pl->lat * 100 +
	    gen_below(rng, 100000), 6);
	p = gen_put_fixed(gen_put(p, ",\"lon\":"), (int64_t)pl->lon * 100 +
	    gen_below(rng, 100000), 6);
	return gen_put(p, "}");
}

/* Flaws of bad events: 0 an amount that is text, 1 cut off, 2 a letter before
 * the brace, 3 no JSON at all, 4 a time that is none. */
static void
txn_spoil(struct txn *tx, struct gen_rng *rng)
{
	char *at;

	switch (tx->flaw) {
	case 1:
		tx->len = 1 + gen_below(rng, (uint32_t)tx->len - 1);
		break;
	case 2:
		tx->value[0] = 'x';
		break;
	case 3:
		tx->len = (size_t)(gen_put(tx->value, "{oops") - tx->value);
		break;
	case 4:
		at = memchr(tx->value, 'T', tx->len);
		if (at != NULL)
			*at = '?';
		break;
	default:
		break;
	}
}

static void
txn_make(struct txn *tx, const struct transactions_config *cf,
    const struct gen_state *gs, int64_t row)
{
	struct gen_rng rng = gen_rng_row(cf->gen.seed, row);
	uint32_t a, b;
	char *p;

	tx->kind = txn_pick(cf, &rng);
	tx->flaw = gen_below(&rng, tx->kind == TXN_BAD ? 5 : 4);
	tx->time = gen_time(gs, row);
	if (cf->gen.jitter > 0)
		tx->time -= (int64_t)(gen_next(&rng) %
		    (uint64_t)cf->gen.jitter);
	if (tx->kind == TXN_LATE)
		tx->time -= TXN_MINUTE * (10 + gen_below(&rng, 111));
	if (tx->kind == TXN_FUTURE)
		tx->time += 10 * TXN_YEAR;
	/* Low numbers are used more often: the lesser of two. */
	a = gen_below(&rng, (uint32_t)cf->cards);
	b = gen_below(&rng, (uint32_t)cf->cards);
	tx->card = a < b ? a : b;
	tx->key_len = (size_t)(gen_put_uint(gen_put(tx->key, "card_"), tx->card,
	    5) - tx->key);
	p = txn_who(tx->value, tx, &rng);
	p = txn_what(p, tx, &rng);
	tx->len = (size_t)(p - tx->value);
	if (tx->kind == TXN_BAD)
		txn_spoil(tx, &rng);
}

static int
transactions_fill(struct weir_stage *st, struct weir_batch *b, int64_t first,
    uint32_t n)
{
	const struct transactions_config *cf = st->config;
	const struct gen_state *gs = st->state;
	struct weir_column *co = b->cols;
	struct txn tx;
	uint32_t i;

	for (i = 0; i < n; i++) {
		txn_make(&tx, cf, gs, first + i);
		if (weir_wanted(st, 0, TXN_COL_KEY) &&
		    !gen_keep(st, b, &co[TXN_COL_KEY].u.str[i], tx.key,
			tx.key_len))
			return WEIR_ERROR;
		if (weir_wanted(st, 0, TXN_COL_VALUE) &&
		    !gen_keep(st, b, &co[TXN_COL_VALUE].u.str[i], tx.value,
			tx.len))
			return WEIR_ERROR;
		if (weir_wanted(st, 0, TXN_COL_TIME))
			co[TXN_COL_TIME].u.i64[i] = gen_time(gs, first + i);
		b->bytes += tx.len + tx.key_len;
	}
	return WEIR_OK;
}

static int
transactions_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct transactions_config *cf = config;

	if (gen_bind_common(bi, &cf->gen, TXN_OPT_START, err) != WEIR_OK)
		return WEIR_ERROR;
	if (cf->bad + cf->incomplete + cf->late + cf->future > 1)
		return weir_option_fail(bi, "bad", err, "generate.shares",
		    "bad, incomplete, late and future are more than all rows "
		    "together; their sum may be 1");
	cf->gen.fill = transactions_fill;
	if (gen_field(bi, "key", &gen_string, true, err) != WEIR_OK ||
	    gen_field(bi, "value", &gen_string, true, err) != WEIR_OK)
		return WEIR_ERROR;
	return gen_field(bi, "timestamp", &gen_timestamp, true, err);
}

static const struct weir_option txn_cards = {
	.size = sizeof(struct weir_option),
	.name = "cards",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct transactions_config, cards),
	.def = "500",
	.min = 1,
	.max = 1e9,
	.help = "How many cards there are.  Low numbers are used more often.",
};

static const struct weir_option txn_bad = {
	.size = sizeof(struct weir_option),
	.name = "bad",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct transactions_config, bad),
	.def = "0",
	.min = 0,
	.max = 1,
	.help = "The share of events that are not JSON or have a field of the "
		"wrong type.",
};

static const struct weir_option txn_incomplete = {
	.size = sizeof(struct weir_option),
	.name = "incomplete",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct transactions_config, incomplete),
	.def = "0",
	.min = 0,
	.max = 1,
	.help = "The share of events that lack txn_id or event_ts or have null "
		"there.",
};

static const struct weir_option txn_late = {
	.size = sizeof(struct weir_option),
	.name = "late",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct transactions_config, late),
	.def = "0",
	.min = 0,
	.max = 1,
	.help = "The share of events that come 10 minutes to 2 hours late.",
};

static const struct weir_option txn_future = {
	.size = sizeof(struct weir_option),
	.name = "future",
	.type = WEIR_OPT_FLOAT,
	.offset = offsetof(struct transactions_config, future),
	.def = "0",
	.min = 0,
	.max = 1,
	.help = "The share of events whose time is ten years ahead.",
};

static const struct weir_option *const transactions_options[] = {
	&gen_opt_rate,
	&gen_opt_count,
	&gen_opt_lasts,
	&gen_opt_seed,
	[TXN_OPT_START] = &gen_opt_start,
	&gen_opt_speed,
	&gen_opt_step,
	&gen_opt_jitter,
	&txn_cards,
	&txn_bad,
	&txn_incomplete,
	&txn_late,
	&txn_future,
	NULL,
};

const struct weir_stage_type gen_transactions = {
	.size = sizeof(struct weir_stage_type),
	.verb = "transactions",
	.summary = "make card transactions as JSON text, some of them bad",
	.help = "The columns are key: string! (the card), value: string! (one "
		"JSON object of 13 fields) and timestamp: timestamp!, as a "
		"topic of such events would have them.\n\n"
		"With a speed above 1, event time runs faster than the clock "
		"and ends at now: windows of a minute close within seconds.",
	.example = "generate.transactions(count: 3, start: "
		   "\"2026-01-01T00:00:00Z\")\n"
		   "    -> show(width: 70)",
	.role = WEIR_SOURCE,
	.options = transactions_options,
	.config_size = sizeof(struct transactions_config),
	.state_size = sizeof(struct gen_state),
	.bind = transactions_bind,
	.source = &gen_source,
};
