/* SPDX-License-Identifier: MIT
 *
 * Arithmetic over columns: kernels by operation and by how values are stored.
 *
 * A kernel works in blocks of 64 rows, one word of a bitmap; a constant operand
 * is spread over one block and read again for each.
 */
#ifndef WEIR_EXPR_ARITH_H
#define WEIR_EXPR_ARITH_H

#include "expr/bind.h"

enum weir__arith_op {
	WEIR__ADD,
	WEIR__SUB,
	WEIR__MUL,
	WEIR__DIV,
	WEIR__IDIV,
	WEIR__MOD,
};

/* One run of a kernel.  Sets bits in `bad` (a word for 64 rows, zeroed) where
 * the operation fails; rows that are not live may be found bad too. */
struct weir__kern {
	const void *a;
	const void *b;
	bool ka; /* a is one value */
	bool kb;
	void *out;
	uint32_t n;
	const uint64_t *live;
	uint64_t *bad; /* NULL where the kernel can't fail */
	const struct weir__arith *ar;
};

typedef void weir__arith_kernel(const struct weir__kern *k);

struct weir__arith {
	weir__arith_kernel *run;
	enum weir__arith_op op;
	bool fallible;
	bool temporal; /* the result is a timestamp */
	/* Decimals. */
	uint8_t wide_a, wide_b, wide_out; /* 16 bytes a value */
	uint8_t as, bs, p, s;		  /* scales, result type */
	weir_i128 ka, kb;		  /* what brings operands to scale s */
};

weir__node_eval weir__eval_arith;

/* a op b of bound operands. */
struct weir_expr *weir__arith_node(struct weir__binder *bd,
    enum weir__arith_op kind, struct weir_expr *a, struct weir_expr *b,
    struct weir_span span, struct weir_span opspan);

/* Integers, durations (int64) and floats (float64). */
weir__arith_kernel *weir__arith_i64(enum weir__arith_op op);
weir__arith_kernel *weir__arith_f64(enum weir__arith_op op);
/* A timestamp plus or minus a duration. */
weir__arith_kernel *weir__arith_time(enum weir__arith_op op);
/* A duration (int64) times a float64. */
weir__arith_kernel weir__arith_scale_duration;

/* Choose the kernel for decimals; all but `run`, `fallible`, ka and kb must be
 * filled in, and so must ap and bp: the operands' digits. */
void weir__arith_decimal(struct weir__arith *ar, unsigned ap, unsigned bp);

/* 0 - b for decimals, which has no more digits than b. */
weir__arith_kernel *weir__arith_negate(bool wide);

/* Spread a constant over one block, run BLK(a, b, out, rows, word). */
#define WEIR__BLOCKS(k, TA, TB, TO, BLK)                                       \
	do {                                                                   \
		const TA *a_ = (k)->a;                                         \
		const TB *b_ = (k)->b;                                         \
		TO *o_ = (k)->out;                                             \
		TA ca_[64];                                                    \
		TB cb_[64];                                                    \
		uint32_t i_, n_ = (k)->n;                                      \
                                                                               \
		for (i_ = 0; (k)->ka && i_ < 64; i_++)                         \
			ca_[i_] = a_[0];                                       \
		for (i_ = 0; (k)->kb && i_ < 64; i_++)                         \
			cb_[i_] = b_[0];                                       \
		for (i_ = 0; i_ + 64 <= n_; i_ += 64)                          \
			BLK((k)->ka ? ca_ : a_ + i_, (k)->kb ? cb_ : b_ + i_,  \
			    o_ + i_, 64, i_ / 64);                             \
		if (i_ < n_)                                                   \
			BLK((k)->ka ? ca_ : a_ + i_, (k)->kb ? cb_ : b_ + i_,  \
			    o_ + i_, n_ - i_, i_ / 64);                        \
	} while (0)

#endif
