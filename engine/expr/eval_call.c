/* SPDX-License-Identifier: MIT
 *
 * Calling a function over whole columns.
 */
#include "expr/call.h"

struct calling {
	struct weir_call ca;
	struct weir__cx *cx;
	bool nomem;
	char code[24]; /* of the first row that fails */
	char text[128];
	struct reason *reasons; /* a row each; NULL before one has its own */
};

struct reason {
	const char *code;
	const char *text;
};

static void *
call_alloc(struct weir_call *ca, size_t n)
{
	struct calling *cg = ca->priv;
	void *p = weir__arena_alloc(cg->cx->ar, n);

	if (p == NULL)
		cg->nomem = true;
	return p;
}

void
weir__call_reason(struct weir_call *ca, uint32_t row, const char *code,
    const char *text)
{
	struct calling *cg = ca->priv;
	struct weir__cx *cx = cg->cx;

	if (cg->reasons == NULL)
		cg->reasons = weir__arena_zalloc(cx->ar,
		    cx->n * sizeof *cg->reasons);
	if (cg->reasons == NULL) {
		cg->nomem = true;
		return;
	}
	cg->reasons[row].code = weir__arena_strdup(cx->ar, code);
	cg->reasons[row].text = weir__arena_strdup(cx->ar, text);
	if (cg->reasons[row].code == NULL || cg->reasons[row].text == NULL)
		cg->nomem = true;
}

/* The row's own reason, else that of the first row. */
static int
fail_row(struct calling *cg, const struct weir_expr *ex, uint32_t row,
    struct weir__vec *out)
{
	const struct reason *re = cg->reasons != NULL ? &cg->reasons[row] :
							NULL;
	const char *name = ex->u.call->fn->name;

	if (re != NULL && re->code != NULL)
		return weir__vec_fail(cg->cx, out, ex, row, re->code, "%s: %s",
		    name, re->text);
	return weir__vec_fail(cg->cx, out, ex, row,
	    cg->code[0] != '\0' ? weir__arena_strdup(cg->cx->ar, cg->code) :
				  "expr.call",
	    "%s: %s", name, cg->text[0] != '\0' ? cg->text : "failed");
}

/* The result's place: values zeroed where they are slices, all rows valid that
 * have valid arguments. */
static int
make_room(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *args, struct weir__vec *out)
{
	const struct weir_function *fn = ex->u.call->fn;
	struct weir__vec valid;
	uint32_t i;

	if (!weir_type_nested(ex->type) &&
	    weir__vec_alloc(cx, out, ex->type) != 0)
		return -1;
	if (weir_type_textual(ex->type))
		memset(out->co.u.str, 0, cx->n * sizeof *out->co.u.str);
	if ((out->co.valid = weir__cx_bits(cx, true)) == NULL)
		return -1;
	if (fn->flags & WEIR_FN_NULLS)
		return 0;
	memset(&valid, 0, sizeof valid);
	for (i = 0; i < ex->nargs; i++)
		if (weir__vec_valid(cx, &valid, &args[i]) != 0)
			return -1;
	if (valid.co.valid != NULL)
		memcpy(out->co.valid, valid.co.valid, (size_t)cx->words * 8);
	return 0;
}

static int
take_errors(struct calling *cg, const struct weir_expr *ex,
    const uint64_t *live, struct weir__vec *out)
{
	struct weir__cx *cx = cg->cx;
	uint32_t w;

	for (w = 0; w < cx->words; w++) {
		uint64_t bits = cg->ca.errors[w] & weir__tail_mask(cx->n, w);

		if (live != NULL)
			bits &= live[w];
		for (; bits != 0; bits &= bits - 1)
			if (fail_row(cg, ex, w * 64 +
				(uint32_t)__builtin_ctzll(bits), out) != 0)
				return -1;
	}
	return 0;
}

/* Validity that says nothing is left out: what reads the column is faster. */
static void
drop_validity(struct weir__cx *cx, struct weir__vec *out)
{
	uint32_t w;

	for (w = 0; w < cx->words; w++)
		if (~out->co.valid[w] & weir__tail_mask(cx->n, w))
			return;
	out->co.valid = NULL;
}

static int
call(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *args, const uint64_t *rows, struct weir__vec *out)
{
	const struct weir__call *wc = ex->u.call;
	const struct weir_column *cols[64];
	const uint64_t *live;
	struct calling cg;
	uint32_t i;

	if (make_room(cx, ex, args, out) != 0 ||
	    weir__vec_live(cx, rows,
		wc->fn->flags & WEIR_FN_NULLS ? NULL : out->co.valid,
		out->errors, &live) != 0)
		return -1;
	memset(&cg, 0, sizeof cg);
	for (i = 0; i < ex->nargs; i++)
		cols[i] = &args[i].co;
	cg.cx = cx;
	cg.ca = (struct weir_call){
		.host = cx->ev->host,
		.bound = wc->bound,
		.args = cols,
		.types = wc->types,
		.nargs = ex->nargs,
		.nrows = cx->n,
		.rows = live,
		.out = &out->co,
		.type = ex->type,
		.errors = weir__cx_bits(cx, false),
		.error_code = cg.code,
		.error_text = cg.text,
		.alloc = call_alloc,
		.now = cx->ev->now,
		.priv = &cg,
	};
	if (cg.ca.errors == NULL)
		return -1;
	wc->fn->eval(&cg.ca);
	if (cg.nomem || take_errors(&cg, ex, live, out) != 0)
		return -1;
	if (out->co.valid != NULL)
		drop_validity(cx, out);
	return 0;
}

int
weir__eval_call(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec *args =
	    weir__arena_alloc(cx->ar, (ex->nargs + 1) * sizeof *args);
	uint32_t i;

	if (args == NULL)
		return -1;
	for (i = 0; i < ex->nargs; i++)
		if (weir__node_run(cx, ex->args[i], rows, &args[i]) != 0 ||
		    weir__vec_flatten(cx, &args[i], ex->args[i]->type) != 0 ||
		    weir__vec_errors(cx, out, &args[i]) != 0)
			return -1;
	return call(cx, ex, args, rows, out);
}
