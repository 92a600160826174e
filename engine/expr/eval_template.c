/* SPDX-License-Identifier: MIT
 *
 * Templates: the texts of several columns in one, and their escaping in paths.
 */
#include "expr/node.h"

#define NULL_PIECE "__HIVE_DEFAULT_PARTITION__"

static bool
plain(unsigned char c)
{
	return c >= 0x20 && c != 0x7f && c != '/' && c != '%';
}

/* A piece put into a path must stay one piece of one name: no separator, no
 * leading dot (a hidden file, or ".."), not empty.  Percent-escapes can be
 * undone. */
static void
add_escaped(struct weir__buf *bf, const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	if (n == 0)
		weir__buf_str(bf, NULL_PIECE);
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (plain(c) && !(c == '.' && i == 0)) {
			weir__buf_chr(bf, (char)c);
			continue;
		}
		weir__buf_chr(bf, '%');
		weir__buf_chr(bf, hex[c >> 4]);
		weir__buf_chr(bf, hex[c & 15]);
	}
}

static void
one_row(struct weir__buf *bf, const struct weir_expr *ex,
    const struct weir__vec *v, uint32_t row)
{
	uint32_t k;

	weir__buf_clear(bf);
	for (k = 0; k < ex->nargs; k++) {
		uint32_t i = weir__vec_at(&v[k], row);
		const struct weir_str *s = &v[k].co.u.str[i];

		if (!ex->u.tmpl.path || !ex->u.tmpl.pieces[k])
			weir__buf_add(bf, weir_str_data(s), s->len);
		else if (!weir_valid(&v[k].co, i))
			weir__buf_str(bf, NULL_PIECE);
		else
			add_escaped(bf, weir_str_data(s), s->len);
	}
}

static int
fill(struct weir__cx *cx, const struct weir_expr *ex,
    const struct weir__vec *v, const uint64_t *live, struct weir__vec *out)
{
	struct weir__buf bf;
	uint32_t i;
	int rc = 0;

	weir__buf_init(&bf);
	for (i = 0; i < cx->n && rc == 0; i++) {
		if (!weir__live(live, i))
			continue;
		one_row(&bf, ex, v, i);
		rc = bf.failed || bf.len > INT32_MAX
		    ? -1
		    : weir__put_text(cx, &out->co.u.str[i],
			  bf.data != NULL ? bf.data : "", bf.len);
	}
	weir__buf_fini(&bf);
	return rc;
}

int
weir__eval_template(struct weir__cx *cx, const struct weir_expr *ex,
    const uint64_t *rows, struct weir__vec *out)
{
	struct weir__vec *v =
	    weir__arena_alloc(cx->ar, (ex->nargs + 1) * sizeof *v);
	const uint64_t *live;
	uint32_t k;

	if (v == NULL)
		return -1;
	for (k = 0; k < ex->nargs; k++)
		if (weir__node_run(cx, ex->args[k], rows, &v[k]) != 0 ||
		    weir__vec_errors(cx, out, &v[k]) != 0 ||
		    (!ex->u.tmpl.path &&
			weir__vec_valid(cx, out, &v[k]) != 0))
			return -1;
	if (weir__vec_live(cx, rows, out->co.valid, out->errors, &live) != 0)
		return -1;
	out->co.u.str =
	    weir__arena_zalloc(cx->ar, (size_t)cx->n * sizeof *out->co.u.str);
	if (out->co.u.str == NULL)
		return -1;
	return fill(cx, ex, v, live, out);
}
