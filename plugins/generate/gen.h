/* SPDX-License-Identifier: MIT
 *
 * What the generators share: pace, event time and chance.
 *
 * Row i follows from the seed and from i alone, so that a run that goes on at
 * some position makes what an uninterrupted one would have made.
 */
#ifndef GEN_H
#define GEN_H

#include "weir/plugin.h"

extern const struct weir_stage_type gen_sequence, gen_payments,
    gen_transactions;

/* The options of every generator; their configs begin with it. */
struct gen_config {
	struct weir_config head;
	double rate;	/* rows a second, 0: as fast as they are taken */
	int64_t count;	/* rows in all, INT64_MAX: no end */
	int64_t lasts;	/* microseconds, 0: not written */
	int64_t seed;
	int64_t start;	/* event time of row 0, INT64_MIN: not written */
	double speed;	/* event time's seconds in one of the clock's */
	int64_t step;	/* event time from row to row, 0: not written */
	int64_t jitter; /* how much rows are out of order at most */
	/* Put rows first .. first + n into a new batch; WEIR_OK or memory. */
	int (*fill)(struct weir_stage *st, struct weir_batch *b, int64_t first,
	    uint32_t n);
};

struct gen_state {
	int64_t next;	  /* the next row */
	int64_t base;	  /* event time of row 0 */
	double step;	  /* microseconds from row to row */
	int64_t began;	  /* monotonic microseconds, */
	int64_t from;	  /* at which the next row was this one */
	bool announced;	  /* the engine knows that it has ended */
	struct gen_block { /* room for texts in the batch being filled */
		char *at;
		size_t left;
	} block;
};

/* The common options, for the tables of the stages. */
extern const struct weir_option gen_opt_rate, gen_opt_count, gen_opt_lasts,
    gen_opt_seed, gen_opt_start, gen_opt_speed, gen_opt_step, gen_opt_jitter;

/* The first half of every bind: the common options against each other.  The
 * numbers say where start and lasts stand in the stage's option table. */
int gen_bind_common(struct weir_bind *bi, struct gen_config *cf,
    unsigned start_no, struct weir_err *err);

extern const struct weir_source_ops gen_source;

/* The event time of row i, not yet out of order. */
int64_t gen_time(const struct gen_state *gs, int64_t i);

/* ---- chance */

struct gen_rng {
	uint64_t s;
};

struct gen_rng gen_rng_row(int64_t seed, int64_t row);
uint64_t gen_next(struct gen_rng *rng);
uint32_t gen_below(struct gen_rng *rng, uint32_t n); /* 0 .. n - 1 */
bool gen_chance(struct gen_rng *rng, double share);

/* ---- text: each writes at p and returns the end */

char *gen_put(char *p, const char *s);
char *gen_put_uint(char *p, uint64_t v, int width);	/* zeros in front */
char *gen_put_fixed(char *p, int64_t v, int digits);	/* v / 10^digits */
char *gen_put_uuid(char *p, struct gen_rng *rng);	/* 36 bytes */
char *gen_put_time(char *p, int64_t us);		/* 32 bytes */

/* A copy of the text in the batch's memory; false when it is out. */
bool gen_keep(struct weir_stage *st, struct weir_batch *b, struct weir_str *to,
    const char *p, size_t n);

/* ---- types */

extern const struct weir_type gen_bool, gen_int64, gen_string, gen_timestamp,
    gen_amount;

/* Add a column to output 0. */
int gen_field(struct weir_bind *bi, const char *name,
    const struct weir_type *ty, bool required, struct weir_err *err);

/* ---- places: where cards are used */

struct gen_place {
	const char *city; /* as JSON text */
	const char *plain;
	const char *country;
	const char *currency;
	int32_t lat; /* in ten-thousandths of a degree */
	int32_t lon;
};

#define GEN_PLACES 12
extern const struct gen_place gen_places[GEN_PLACES];

#endif
