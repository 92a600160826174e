/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the parser takes any bytes; what it finds no fault with is
 * printed and laid out so that it reads as the same again.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "dsl/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each param's value printed, read and printed again. */
static void
reprint(const struct weir__ast_expr *e)
{
	struct weir__errors es;
	struct weir__arena ar;
	struct weir__buf a, b;
	struct weir__ast_expr *again;
	uint32_t src;

	weir__errors_init(&es);
	weir__arena_init(&ar, 0);
	weir__buf_init(&a);
	weir__buf_init(&b);
	weir__ast_expr_print(&a, e);
	src = weir__errors_source(&es, "a", weir__buf_cstr(&a), a.len);
	again = weir__parse_expr(&ar, &es, src);
	if (again == NULL)
		abort();
	weir__ast_expr_print(&b, again);
	if (a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
		abort();
	weir__buf_fini(&a);
	weir__buf_fini(&b);
	weir__arena_fini(&ar);
	weir__errors_fini(&es);
}

/* Lay the source out; when that is done, the number of the new one. */
static uint32_t
layout(struct weir__errors *es, struct weir__arena *ar, uint32_t src,
    struct weir__buf *bf)
{
	struct weir__ast_file *f = weir__parse(ar, es, src);
	size_t i;

	if (f->damaged != (es->n != 0))
		abort();
	weir__buf_init(bf);
	if (f->damaged)
		return 0;
	for (i = 0; i < f->nitems; i++)
		if (f->items[i].what == WEIR__I_PARAM &&
		    f->items[i].u.param.value != NULL)
			reprint(f->items[i].u.param.value);
	if (weir__fmt(bf, ar, es, f) != 0)
		abort();
	return weir__errors_source(es, "b", weir__buf_cstr(bf), bf->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir__errors es;
	struct weir__arena ar;
	struct weir__buf a, b, text;
	uint32_t src;

	weir__errors_init(&es);
	weir__arena_init(&ar, 0);
	weir__buf_init(&text);
	src = weir__errors_source(&es, "a", (const char *)data, size);
	src = layout(&es, &ar, src, &a);
	weir__errors_print(&es, &text, size % 2 != 0);
	if (src != 0) {
		if (layout(&es, &ar, src, &b) == 0 || a.len != b.len ||
		    (a.len != 0 && memcmp(a.data, b.data, a.len) != 0))
			abort();
		weir__buf_fini(&b);
	}
	weir__buf_fini(&a);
	weir__buf_fini(&text);
	weir__arena_fini(&ar);
	weir__errors_fini(&es);
	return 0;
}
