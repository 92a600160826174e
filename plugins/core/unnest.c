/* SPDX-License-Identifier: MIT
 *
 * unnest: a row for each element of a list or each entry of a map.
 *
 * The elements of rows that follow one another follow one another as well, so
 * a stretch of output rows is one stretch of the child column:
 *
 *	row        0        1  2           3
 *	offsets    0        3  3           5 ...
 *	child      a  b  c     d  e
 *	out rows   0  0  0     2  2
 */
#include "core.h"

struct unnest_config {
	struct weir_config head;
	const struct weir_expr *expr;
	int32_t col;	    /* of input 0 that the list is, or -1: computed */
	uint32_t out_col;   /* of output 0 */
};

struct unnest_state {
	uint32_t rows[WEIR_BATCH_ROWS];
};

/* A batch being filled, and what copying needs. */
struct unnest_copy {
	struct weir_stage *st;
	struct weir_batch *out;
	bool own; /* text may not outlive the call: copy it */
};

static void *
copy_alloc(struct unnest_copy *uc, size_t n)
{
	return weir_batch_alloc(uc->st, uc->out, n == 0 ? 1 : n);
}

static uint64_t *
copy_bits(struct unnest_copy *uc, const uint64_t *from, size_t at, size_t n)
{
	size_t words = WEIR_BITMAP_WORDS(n), i;
	uint64_t *to = copy_alloc(uc, (words + 1) * sizeof *to);

	if (to == NULL)
		return NULL;
	memset(to, 0, (words + 1) * sizeof *to);
	for (i = 0; i < n; i++)
		weir_bit_put(to, i, weir_bit(from, at + i));
	return to;
}

/* Bring text of computed values into the batch. */
static int
copy_text(struct unnest_copy *uc, const struct weir_column *to, size_t n)
{
	struct weir_str *s = to->u.str;
	size_t i, total = 0;
	char *p;

	for (i = 0; i < n; i++)
		if (weir_valid(to, i) && s[i].len > WEIR_STR_SMALL)
			total += s[i].len;
	if (total == 0)
		return WEIR_OK;
	p = copy_alloc(uc, total);
	if (p == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++) {
		if (!weir_valid(to, i) || s[i].len <= WEIR_STR_SMALL)
			continue;
		memcpy(p, s[i].u.big.ptr, s[i].len);
		s[i].u.big.ptr = p;
		p += s[i].len;
	}
	return WEIR_OK;
}

static int copy_column(struct unnest_copy *uc, const struct weir_type *ty,
    struct weir_column *to, const struct weir_column *from, size_t at,
    size_t n);

static int
copy_nested(struct unnest_copy *uc, const struct weir_type *ty,
    struct weir_column *to, const struct weir_column *from, size_t at, size_t n)
{
	size_t cat = at, cn = n, i;
	uint32_t k;

	if (ty->kind != WEIR_STRUCT) {
		to->offsets = copy_alloc(uc, (n + 1) * sizeof *to->offsets);
		if (to->offsets == NULL)
			return WEIR_ERROR;
		cat = (size_t)from->offsets[at];
		cn = (size_t)from->offsets[at + n] - cat;
		for (i = 0; i <= n; i++)
			to->offsets[i] = from->offsets[at + i] -
			    from->offsets[at];
	}
	to->nchild = ty->nfields;
	to->child = copy_alloc(uc, ty->nfields * sizeof *to->child);
	if (to->child == NULL)
		return WEIR_ERROR;
	for (k = 0; k < ty->nfields; k++)
		if (copy_column(uc, ty->fields[k].type, &to->child[k],
			&from->child[k], cat, cn) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* Rows at .. at + n of `from` become rows 0 .. n of `to`. */
static int
copy_column(struct unnest_copy *uc, const struct weir_type *ty,
    struct weir_column *to, const struct weir_column *from, size_t at, size_t n)
{
	size_t width = weir_type_width(ty);

	memset(to, 0, sizeof *to);
	if (!weir_present(from))
		return WEIR_OK;
	if (from->valid != NULL) {
		to->valid = copy_bits(uc, from->valid, at, n);
		if (to->valid == NULL)
			return WEIR_ERROR;
	}
	if (weir_type_nested(ty))
		return copy_nested(uc, ty, to, from, at, n);
	if (ty->kind == WEIR_BOOL) {
		to->u.bits = copy_bits(uc, from->u.bits, at, n);
		return to->u.bits == NULL ? WEIR_ERROR : WEIR_OK;
	}
	to->u.data = copy_alloc(uc, n * width);
	if (to->u.data == NULL)
		return WEIR_ERROR;
	memcpy(to->u.data, (const char *)from->u.data + at * width, n * width);
	if (uc->own && weir_type_textual(ty))
		return copy_text(uc, to, n);
	return WEIR_OK;
}

/* Send on `n` elements from `at` on; their rows are in the state. */
static int
unnest_send(struct weir_stage *st, struct weir_batch *b,
    const struct weir_column *list, size_t at, uint32_t n,
    struct weir_err *err)
{
	const struct unnest_config *cf = st->config;
	const struct weir_type *ty = st->host->expr_type(cf->expr);
	struct unnest_state *us = st->state;
	struct unnest_copy uc = { .st = st, .own = cf->col < 0 };
	struct weir_column *to;
	int rc = WEIR_OK;

	uc.out = weir_batch_derive(st, 0, b, us->rows, n);
	if (uc.out == NULL)
		return core_no_memory(st->host, err);
	to = &uc.out->cols[cf->out_col];
	if (weir_wanted(st, 0, cf->out_col)) {
		const struct weir_schema *sc = weir_out_schema(st, 0);

		if (ty->kind == WEIR_LIST) {
			rc = copy_column(&uc, ty->fields[0].type, to,
			    &list->child[0], at, n);
		} else {
			struct weir_column pair = {
				.child = list->child,
				.nchild = 2,
			};

			rc = copy_column(&uc, sc->cols[cf->out_col].type, to,
			    &pair, at, n);
		}
	}
	if (rc != WEIR_OK) {
		weir_batch_unref(st, uc.out);
		return core_no_memory(st->host, err);
	}
	return weir_emit(st, 0, uc.out, err);
}

static int
unnest_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct unnest_config *cf = st->config;
	struct unnest_state *us = st->state;
	const struct weir_column *list = weir_column_of(st, cf->expr);
	uint64_t empty = 0, extra = 0;
	uint32_t i, n = 0;
	size_t from;
	int32_t k;

	(void)input;
	if (list == NULL)
		return core_no_memory(st->host, err);
	from = (size_t)list->offsets[0];
	for (i = 0; i < b->nrows; i++) {
		if (list->offsets[i] == list->offsets[i + 1]) {
			empty++;
			continue;
		}
		extra += (uint64_t)(list->offsets[i + 1] - list->offsets[i]) -
		    1;
		for (k = list->offsets[i]; k < list->offsets[i + 1]; k++) {
			us->rows[n++] = i;
			if (n < WEIR_BATCH_ROWS)
				continue;
			if (unnest_send(st, b, list, from, n, err) != WEIR_OK)
				return WEIR_ERROR;
			from += n;
			n = 0;
		}
	}
	if (empty > 0)
		weir_filtered(st, empty);
	if (extra > 0)
		weir_created(st, extra);
	return n == 0 ? WEIR_OK : unnest_send(st, b, list, from, n, err);
}

/* The field that an element makes, or a failure. */
static int
unnest_field(struct weir_bind *bi, const struct unnest_config *cf,
    struct weir_field *out, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_type *ty = host->expr_type(cf->expr);
	struct weir_field pair[2];
	char text[96];

	if (ty->kind == WEIR_LIST) {
		out->type = ty->fields[0].type;
		out->required = ty->fields[0].required;
		return WEIR_OK;
	}
	if (ty->kind != WEIR_MAP)
		return weir_option_fail(bi, "list", err, "type.mismatch",
		    "unnest needs a list or a map, but this is %s",
		    core_type_text(ty, text, sizeof text));
	memset(pair, 0, sizeof pair);
	pair[0].name = "key";
	pair[0].type = ty->fields[0].type;
	pair[0].required = true;
	pair[1].name = "value";
	pair[1].type = ty->fields[1].type;
	pair[1].required = ty->fields[1].required;
	out->type = weir_make_type(bi, WEIR_STRUCT, 0, 0, pair, 2);
	out->required = true;
	if (out->type == NULL)
		return core_no_memory(host, err);
	return WEIR_OK;
}

static int
unnest_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct unnest_config *cf = config;
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_schema *sc = weir_input(bi, 0);
	struct weir_field fi = { .name = host->expr_name(cf->expr) };
	bool done = false;
	uint32_t i;
	int rc;

	cf->col = host->expr_column_no(cf->expr);
	fi.span = host->expr_span(cf->expr);
	if (fi.name == NULL)
		return weir_option_fail(bi, "list", err, "column.name",
		    "the new column needs a name: unnest(... as name)");
	if (unnest_field(bi, cf, &fi, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < sc->ncols; i++) {
		if (strcmp(sc->cols[i].name, fi.name) != 0) {
			rc = weir_out_pass(bi, 0, 0, i, NULL);
		} else if ((int32_t)i == cf->col) {
			cf->out_col = i;
			done = true;
			rc = weir_out_field(bi, 0, &fi);
		} else {
			return weir_option_fail(bi, "list", err, "name.twice",
			    "there is a column \"%s\" already; give the "
			    "element another name: unnest(... as name)",
			    fi.name);
		}
		if (core_checked(bi, rc, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (done)
		return WEIR_OK;
	cf->out_col = sc->ncols;
	return core_checked(bi, weir_out_field(bi, 0, &fi), err);
}

static const struct weir_option unnest_list = {
	.size = sizeof(struct weir_option),
	.name = "list",
	.type = WEIR_OPT_EXPR,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_ALIAS,
	.offset = offsetof(struct unnest_config, expr),
	.help = "A list or a map, `as` the name of the new column.  Without a "
		"name a column's elements take its place.",
};

static const struct weir_option *const unnest_options[] = {
	&unnest_list,
	NULL,
};

const struct weir_stage_type core_unnest = {
	.size = sizeof(struct weir_stage_type),
	.verb = "unnest",
	.summary = "make a row of each element of a list or a map",
	.help = "The other columns are repeated in each row.  A map's entry is "
		"a struct of key and value.  A row whose list is null or "
		"empty makes no row and is counted as filtered.",
	.example = "generate.sequence(to: 3)\n"
		   "    -> set { word: [\"a\", \"b\", \"c\"] }\n"
		   "    -> unnest(word)\n"
		   "    -> show()",
	.role = WEIR_TRANSFORM,
	.options = unnest_options,
	.config_size = sizeof(struct unnest_config),
	.state_size = sizeof(struct unnest_state),
	.bind = unnest_bind,
	.process = unnest_process,
};
