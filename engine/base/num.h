/* SPDX-License-Identifier: MIT
 *
 * Numbers to and from text: exact, independent of the locale, and on byte
 * ranges that need no NUL.
 */
#ifndef WEIR_BASE_NUM_H
#define WEIR_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a conversion or a computation ended.  On anything but OK the result is
 * not to be used, except as a function says. */
enum weir__num {
	WEIR__NUM_OK = 0,
	WEIR__NUM_SYNTAX,  /* the text is not of the expected form */
	WEIR__NUM_RANGE,   /* well formed, but outside what can be held */
	WEIR__NUM_INEXACT, /* more digits after the point than can be held */
	WEIR__NUM_ZERO,	   /* division by zero */
};

/* Large enough for every print function here, without a NUL. */
#define WEIR__NUM_TEXT 32

/* The whole of p[0..n) as an integer: [+-] digits, leading zeros allowed.
 * OK, SYNTAX, or RANGE beyond int64. */
enum weir__num weir__i64_parse(int64_t *out, const char *p, size_t n);
enum weir__num weir__u64_parse(uint64_t *out, const char *p, size_t n);

/* The whole of p[0..n) as a float64, correctly rounded (half to even):
 * [+-] digits [. digits] [(e|E) [+-] digits], a digit on at least one side of
 * the point; also "nan", "inf", "infinity" in any case.  Beyond the largest
 * float64: RANGE, and *out is the infinity; below the least one: 0 and OK. */
enum weir__num weir__f64_parse(double *out, const char *p, size_t n);
enum weir__num weir__f32_parse(float *out, const char *p, size_t n);

/* digits * 10^exp10, correctly rounded: for who has scanned the text already.
 * All digits must be in `digits` (at most 19 of them).  False where the fast
 * way cannot tell, which is rare: give the text to weir__f64_parse().  An
 * infinite *out means out of range. */
bool weir__f64_make(double *out, bool negative, uint64_t digits,
    int32_t exp10);

/* Text of a number, in decimal, into out[WEIR__NUM_TEXT]; the number of bytes
 * written, no NUL.  Floats are written with the fewest digits that read back as
 * the same number (and of those the nearest): 0.1, 100, 1e+21, 1.5e-07, nan,
 * inf, -inf; with an exponent when it is below -5 or above 20.  -0 is "-0". */
size_t weir__i64_print(char *out, int64_t v);
size_t weir__u64_print(char *out, uint64_t v);
size_t weir__f64_print(char *out, double v);
size_t weir__f32_print(char *out, float v);

/* As text in 64-bit integer `*digits` * 10^`*exp10`: the shortest decimal that
 * reads back as v, without trailing zeros; v is finite and above 0. */
void weir__f64_shortest(uint64_t *digits, int32_t *exp10, double v);

/* Are the eight bytes at p all ASCII digits?  weir__num_8digits() is their
 * value when they are. */
static inline bool
weir__num_is_8digits(uint64_t le)
{
	return (((le & 0xf0f0f0f0f0f0f0f0u) |
		    (((le + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4)) ==
	    0x3333333333333333u);
}

static inline uint32_t
weir__num_8digits(uint64_t le)
{
	le = (le & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
	le = (le & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
	return (uint32_t)((le & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}

#endif
