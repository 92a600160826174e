/* SPDX-License-Identifier: MIT
 *
 * Lists of aggregates: binding.
 */
#include "expr/aggs.h"

struct weir_expr *
weir__bind_aggregate(struct weir__binder *bd, const struct weir_aggregate *ag,
    const struct weir__ast_expr *as)
{
	return weir__bind_fail(bd, as->span, "agg.place",
	    "the aggregate %s can't stand here", ag->name);
}

struct weir_aggs *
weir__aggs_bind(struct weir__scope *sc, const struct weir__ast_entry *entries,
    size_t n)
{
	weir__errors_fail(sc->errors, n != 0 ? entries[0].span : WEIR_NOWHERE,
	    "agg.missing", "aggregates are not there");
	return NULL;
}

uint32_t
weir__aggs_n(const struct weir_aggs *ag)
{
	(void)ag;
	return 0;
}

const struct weir_field *
weir__aggs_field(const struct weir_aggs *ag, uint32_t i)
{
	(void)ag;
	(void)i;
	return NULL;
}

size_t
weir__aggs_slot(const struct weir_aggs *ag, size_t *align)
{
	(void)ag;
	*align = 1;
	return 0;
}

void
weir__aggs_reads(const struct weir_aggs *ag,
    void (*column)(void *arg, uint32_t col),
    void (*origin)(void *arg, const char *name), void *arg)
{
	(void)ag;
	(void)column;
	(void)origin;
	(void)arg;
}
