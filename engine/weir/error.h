/* SPDX-License-Identifier: MIT
 *
 * Errors with a place: the one error struct that the engine and its plugins
 * fill, and the return codes of every call that can fail.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WEIR_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define WEIR_PRINTF(f, a)
#endif

/* What a call answers.  Anything below zero is a failure and `err` is filled
 * in; a failed object stays failed. */
enum weir_rc {
	WEIR_OK = 0,
	WEIR_END = 1,	 /* nothing more will ever come */
	WEIR_AGAIN = 2,	 /* nothing now, or the other side is down: try later */
	WEIR_ERROR = -1, /* see err */
};

/* A stretch of a source text, in bytes.  `src` numbers the text (0 is none),
 * `at` is the first byte and `end` the one after the last. */
struct weir_span {
	uint32_t src;
	uint32_t at;
	uint32_t end;
};

#define WEIR_NOWHERE ((struct weir_span){ 0, 0, 0 })

/* A caller-owned error.  Messages are lower case, without a full stop: what
 * was expected, what was found, the remedy. */
struct weir_err {
	char code[24];		/* "json.syntax", "type.mismatch"; "" none */
	struct weir_span span;	/* where it is */
	struct weir_span span2; /* a second place, say of a first definition */
	char stage[48];		/* the stage's id, "" where none */
	char text[512];		/* the message */
	char hint[256];		/* a remedy for a line of its own, or "" */
	char text2[128];	/* what stands at span2 */
};

/* Fill `err` and return WEIR_ERROR, so that `return weir_fail(...)` is a
 * whole error path.  err may be NULL. */
int weir_fail(struct weir_err *err, struct weir_span span, const char *code,
    const char *fmt, ...) WEIR_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif
#endif
