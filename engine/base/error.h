/* SPDX-License-Identifier: MIT
 *
 * Source texts and a list of errors in them, printed with carets.
 *
 *	pipelines/x.weir:7:12: error: no column or param "amout" [name.column]
 *	   7 | txn -> where(amout > 0)
 *	     |              ^~~~~ did you mean "amount"?
 */
#ifndef WEIR_BASE_ERROR_H
#define WEIR_BASE_ERROR_H

#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "weir/error.h"

/* One source text.  Number 1 is the pipeline file; others are includes and
 * `--set` arguments. */
struct weir__source {
	const char *name; /* as the user wrote it */
	const char *text; /* UTF-8, NUL-ended */
	size_t len;
};

/* All source texts of a pipeline and the errors found so far. */
struct weir__errors {
	struct weir__arena ar;
	struct weir__source *sources; /* sources[span.src - 1] */
	size_t nsources;
	struct weir_err *list;
	size_t n;
	size_t cap;
	size_t last;	      /* in list, of the error added last */
	struct weir_err spare; /* the one added last, where it was not kept */
	bool out_of_memory;   /* an error could not even be kept */
};

void weir__errors_init(struct weir__errors *es);
void weir__errors_fini(struct weir__errors *es);

/* Add a source text (copied); its number, or 0 when memory is out. */
uint32_t weir__errors_source(struct weir__errors *es, const char *name,
    const char *text, size_t len);

/* Print stars for the characters of this span from now on: it is a secret. */
void weir__errors_hide(struct weir__errors *es, struct weir_span span);

/* Add an error (copied).  One at the same place with the same text is kept
 * once. */
void weir__errors_add(struct weir__errors *es, const struct weir_err *err);
void weir__errors_fail(struct weir__errors *es, struct weir_span span,
    const char *code, const char *fmt, ...) WEIR_PRINTF(4, 5);

/* The error added last, to hang a hint or a second place on; never NULL. */
struct weir_err *weir__errors_last(struct weir__errors *es);

/* Print all, sorted by place, as above; `color` for a terminal.  A hint stands
 * behind the carets, a second place follows as a note. */
void weir__errors_print(const struct weir__errors *es, struct weir__buf *bf,
    bool color);

/* Print one. */
void weir__error_print(const struct weir__errors *es,
    const struct weir_err *err, struct weir__buf *bf, bool color);

/* Line and column (both from 1, columns in characters) of a byte offset. */
void weir__source_place(const struct weir__source *so, uint32_t at,
    uint32_t *line, uint32_t *col);

/* The nearest of `n` names to `name`, or NULL when none is near: at most a
 * third of its letters differ (Damerau-Levenshtein, case counts half), or only
 * in case. */
const char *weir__nearest(const char *name, size_t len,
    const char *const *names, size_t n);

#endif
