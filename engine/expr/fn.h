/* SPDX-License-Identifier: MIT
 *
 * The built-in functions, and what their files share.
 *
 * A function runs over a column at a time.  It skips rows that do not count or
 * are null already (`weir__fn_live`), fails single rows (`weir__fn_fail`), and
 * takes memory for text in large pieces (`struct weir__fn_heap`).
 */
#ifndef WEIR_EXPR_FN_H
#define WEIR_EXPR_FN_H

#include "weir/plugin.h"

/* All of them: a NULL-ended list of NULL-ended lists. */
extern const struct weir_function *const *const weir__fn_builtin[];

extern const struct weir_function *const weir__fn_text[]; /* fn_text.c */
extern const struct weir_function *const weir__fn_find[]; /* fn_find.c */
extern const struct weir_function *const weir__fn_encode[]; /* fn_encode.c */
extern const struct weir_function *const weir__fn_json[]; /* fn_json.c */
extern const struct weir_function *const weir__fn_num[];  /* fn_num.c */
extern const struct weir_function *const weir__fn_math[]; /* fn_math.c */
extern const struct weir_function *const weir__fn_any[];  /* fn_any.c */
extern const struct weir_function *const weir__fn_time[]; /* fn_time.c */
extern const struct weir_function *const weir__fn_date[]; /* fn_date.c */
extern const struct weir_function *const weir__fn_hash[]; /* fn_hash.c */

/* The longest text that a function makes of one row. */
#define WEIR__FN_TEXT_MAX (16u << 20)

/* Does the row count, with no null among the arguments? */
static inline bool
weir__fn_live(const struct weir_call *ca, uint32_t i)
{
	return weir_bit(ca->out->valid, i) &&
	    (ca->rows == NULL || weir_bit(ca->rows, i));
}

/* Row i fails; only the first one says why. */
void weir__fn_fail(struct weir_call *ca, uint32_t i, const char *code,
    const char *fmt, ...) WEIR_PRINTF(4, 5);

static inline void
weir__fn_null(struct weir_call *ca, uint32_t i)
{
	weir_bit_clear(ca->out->valid, i);
}

/* Memory for text, taken from the call in pieces. */
struct weir__fn_heap {
	struct weir_call *ca;
	char *at;
	char *end;
};

/* Room for n bytes, or NULL: memory is out and the call may return (who
 * called it knows). */
char *weir__fn_room(struct weir__fn_heap *he, size_t n);

/* Row i is the n bytes written at the start of the last room. */
static inline void
weir__fn_put(struct weir__fn_heap *he, uint32_t i, size_t n)
{
	he->ca->out->u.str[i] = weir_str_make(he->at, n);
	if (n > WEIR_STR_SMALL)
		he->at += n;
}

/* A view of text: where it is and how long. */
struct weir__fn_view {
	const char *p;
	size_t n;
};

static inline struct weir__fn_view
weir__fn_arg(const struct weir_call *ca, uint32_t arg, uint32_t i)
{
	const struct weir_str *s = &ca->args[arg]->u.str[i];

	return (struct weir__fn_view){ weir_str_data(s), s->len };
}

/* The text of argument `arg`, which must be constant (`what` names it in the
 * error); *view.p is NULL when it is null. */
int weir__fn_const_text(struct weir_fn_bind *fb, uint32_t arg,
    const char *what, struct weir__fn_view *view, struct weir_err *err);

/* Refuse argument `arg` (from 0). */
/* bind_call.c: the plan notes the zone; hash 0: one of a fixed offset. */
int weir__fn_zone_used(struct weir_fn_bind *fb, const char *name, uint64_t hash,
    struct weir_err *err);
int weir__fn_refuse(struct weir_fn_bind *fb, uint32_t arg,
    struct weir_err *err, const char *code, const char *fmt, ...)
    WEIR_PRINTF(5, 6);

#define WEIR__FN_SIGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* One function: its name, flags, signatures, and so on. */
#define WEIR__FN(var, nm, fl, bindfn, evalfn, grp, sum, ex, ...)              \
	static const struct weir_function var = {                              \
		.size = sizeof(struct weir_function),                          \
		.name = nm,                                                    \
		.signatures = WEIR__FN_SIGS(__VA_ARGS__),                      \
		.flags = fl,                                                   \
		.bind = bindfn,                                                \
		.eval = evalfn,                                                \
		.summary = sum,                                                \
		.example = ex,                                                 \
		.group = grp,                                                  \
	}

#endif
