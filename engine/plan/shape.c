/* SPDX-License-Identifier: MIT
 *
 * The shape of a table of keyed state: see shape.h.
 */
#include "plan/shape.h"

#include <stdio.h>
#include <stdlib.h>

#include "batch/batch.h"
#include "expr/expr.h"

void
weir__shape_of(struct weir__shape *sh, const struct weir_table_spec *sp)
{
	uint32_t k;

	memset(sh, 0, sizeof *sh);
	sh->version = sp->version;
	sh->slot = (uint32_t)sp->slot_size;
	sh->timed = sp->timed;
	sh->nkeys = sp->nkeys;
	for (k = 0; k < sp->nkeys && k < WEIR__SHAPE_KEYS; k++) {
		sh->keys[k].kind = sp->keys[k]->kind;
		sh->keys[k].precision = sp->keys[k]->precision;
		sh->keys[k].scale = sp->keys[k]->scale;
	}
	if (sp->aggs == NULL)
		return;
	sh->aggs = true;
	sh->aggs_at = (uint32_t)sp->aggs_offset;
	sh->aggs_size = (uint32_t)weir__aggs_slot(sp->aggs, NULL);
	sh->owns = weir__aggs_owns(sp->aggs);
}

static struct weir_type
key_type(const struct weir__shape *sh, uint32_t k)
{
	return (struct weir_type){ .kind = sh->keys[k].kind,
		.precision = sh->keys[k].precision,
		.scale = sh->keys[k].scale };
}

size_t
weir__shape_key_width(const struct weir__shape *sh, uint32_t k)
{
	struct weir_type ty = key_type(sh, k);

	if (weir_type_textual(&ty))
		return 0;
	return ty.kind == WEIR_DECIMAL && weir_decimal_wide(&ty) ? 16 : 8;
}

/* ---- fitting */

static enum weir__fit
fit_key(const struct weir__shape *a, const struct weir__shape *b, uint32_t k)
{
	uint8_t was = a->keys[k].kind, is = b->keys[k].kind;

	if (memcmp(&a->keys[k], &b->keys[k], sizeof a->keys[k]) == 0)
		return WEIR__FIT_SAME;
	if ((was == WEIR_INT32 && is == WEIR_INT64) ||
	    (was == WEIR_FLOAT32 && is == WEIR_FLOAT64))
		return WEIR__FIT_CARRIED;
	return was == WEIR_DECIMAL && is == WEIR_DECIMAL &&
		a->keys[k].scale == b->keys[k].scale &&
		a->keys[k].precision < b->keys[k].precision ?
	    WEIR__FIT_CARRIED : WEIR__FIT_NOT;
}

/* What is in the slots. */
static enum weir__fit
fit_slot(const struct weir__shape *a, const struct weir__shape *b,
    const struct weir_table_spec *sp)
{
	if (a->aggs != b->aggs || a->aggs_size != b->aggs_size ||
	    a->owns != b->owns)
		return WEIR__FIT_NOT;
	if (a->version == b->version)
		return a->slot == b->slot && a->aggs_at == b->aggs_at ?
		    WEIR__FIT_SAME : WEIR__FIT_NOT;
	return sp->migrate != NULL &&
		sp->migrate(a->version, NULL, a->slot, NULL) == WEIR_OK ?
	    WEIR__FIT_CARRIED : WEIR__FIT_NOT;
}

enum weir__fit
weir__shape_fit(const struct weir__shape *was, const struct weir_table_spec *sp)
{
	struct weir__shape is;
	enum weir__fit fit, key;
	uint32_t k;

	weir__shape_of(&is, sp);
	if (was->timed != is.timed || was->nkeys != is.nkeys)
		return WEIR__FIT_NOT;
	fit = fit_slot(was, &is, sp);
	for (k = 0; k < is.nkeys && k < WEIR__SHAPE_KEYS; k++) {
		key = fit_key(was, &is, k);
		fit = key < fit ? key : fit;
	}
	return fit;
}

/* ---- as text */

void
weir__shape_print(struct weir__buf *bf, const struct weir__shape *sh)
{
	struct weir_type ty;
	uint32_t k;

	weir__buf_printf(bf, "version %u%s, keys", sh->version,
	    sh->timed ? ", timed" : "");
	for (k = 0; k < sh->nkeys && k < WEIR__SHAPE_KEYS; k++) {
		ty = key_type(sh, k);
		weir__buf_chr(bf, ' ');
		weir__type_print(bf, &ty);
	}
	weir__buf_printf(bf, ", slot %u", sh->slot);
	if (sh->aggs)
		weir__buf_printf(bf, ", aggregates %u at %u%s", sh->aggs_size,
		    sh->aggs_at, sh->owns ? " with more" : "");
}

struct text {
	const char *p;
	const char *end;
};

static bool
eat(struct text *te, const char *s)
{
	size_t n = strlen(s);

	if ((size_t)(te->end - te->p) < n || memcmp(te->p, s, n) != 0)
		return false;
	te->p += n;
	return true;
}

static bool
eat_number(struct text *te, uint32_t *to)
{
	const char *from = te->p;
	uint64_t v = 0;

	while (te->p < te->end && *te->p >= '0' && *te->p <= '9' &&
	    v <= UINT32_MAX)
		v = v * 10 + (uint64_t)(*te->p++ - '0');
	*to = (uint32_t)v;
	return te->p > from && v <= UINT32_MAX;
}

static bool
eat_key(struct text *te, struct weir__shape *sh)
{
	uint32_t k = sh->nkeys, p, s;
	struct weir__buf bf;
	bool found = false;
	int kind;

	if (k == WEIR__SHAPE_KEYS)
		return false;
	sh->nkeys++;
	if (eat(te, "decimal(")) {
		if (!eat_number(te, &p) || !eat(te, ", ") ||
		    !eat_number(te, &s) || !eat(te, ")") || p > 38 || s > p)
			return false;
		sh->keys[k].kind = WEIR_DECIMAL;
		sh->keys[k].precision = (uint8_t)p;
		sh->keys[k].scale = (uint8_t)s;
		return true;
	}
	weir__buf_init(&bf);
	for (kind = WEIR_BOOL; kind < WEIR_LIST && !found; kind++) {
		if (kind == WEIR_DECIMAL)
			continue;
		weir__buf_clear(&bf);
		weir__type_print(&bf, weir__type_scalar((enum weir_kind)kind));
		weir__buf_chr(&bf, ' ');
		if (bf.failed)
			break;
		/* int32 is followed by a space or a comma */
		bf.data[bf.len - 1] = '\0';
		found = (size_t)(te->end - te->p) >= bf.len &&
		    (te->p[bf.len - 1] == ' ' || te->p[bf.len - 1] == ',') &&
		    eat(te, bf.data);
		sh->keys[k].kind = (uint8_t)kind;
	}
	weir__buf_fini(&bf);
	return found;
}

bool
weir__shape_parse(struct weir__shape *sh, const char *p, size_t n)
{
	struct text te = { p, p + n };

	memset(sh, 0, sizeof *sh);
	if (!eat(&te, "version ") || !eat_number(&te, &sh->version))
		return false;
	sh->timed = eat(&te, ", timed");
	if (!eat(&te, ", keys"))
		return false;
	while (eat(&te, " "))
		if (!eat_key(&te, sh))
			return false;
	if (!eat(&te, ", slot ") || !eat_number(&te, &sh->slot))
		return false;
	sh->aggs = eat(&te, ", aggregates ");
	if (sh->aggs && (!eat_number(&te, &sh->aggs_size) ||
		!eat(&te, " at ") || !eat_number(&te, &sh->aggs_at)))
		return false;
	sh->owns = eat(&te, " with more");
	return te.p == te.end;
}
