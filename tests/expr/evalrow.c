/* SPDX-License-Identifier: MIT
 *
 * Evaluates expressions over rows that it is given as text, for tests that
 * compare the results with other programs'.  Lines of input, fields parted by
 * tabs:
 *
 *	S name:type ...		the columns
 *	R value ...		one row; \N is null
 *	E expression		answered by "T type", then for each row
 *				"V text", "N" (null) or "F code"; by "B errors"
 *				where it can't be bound
 *	A { name: ... }		aggregates, grouped by the first column (an
 *				int64 from 0): "T types", then for each group
 *				"V text \t N ..."
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "expr/choose.h"
#include "expr/expr.h"

#define COLS 32
#define ROWS 4096
#define GROUPS 64

struct table {
	struct weir__arena ar;
	struct weir__errors es;
	struct weir__registry *functions;
	struct weir_schema schema;
	struct weir_field fields[COLS];
	struct weir_column parts[COLS][ROWS];
	struct weir_column cols[COLS];
	uint32_t nrows;
	bool built;
};

static struct weir_host host;

static void
die(const char *what)
{
	fprintf(stderr, "evalrow: %s\n", what);
	exit(2);
}

static void
scope(struct table *ta, struct weir__scope *sc, struct weir__arena *ar,
    struct weir__errors *es)
{
	memset(sc, 0, sizeof *sc);
	sc->ar = ar;
	sc->errors = es;
	sc->functions = ta->functions;
	sc->schema = &ta->schema;
	sc->host = &host;
}

static void
read_schema(struct table *ta, char *line)
{
	struct weir__scope sc;
	char *save = NULL, *f;

	scope(ta, &sc, &ta->ar, &ta->es);
	ta->schema.cols = ta->fields;
	ta->schema.event_time = -1;
	for (f = strtok_r(line, "\t", &save); f != NULL;
	     f = strtok_r(NULL, "\t", &save)) {
		struct weir_field *fi = &ta->fields[ta->schema.ncols++];
		char *type = strchr(f, ':');
		struct weir__ast_type *at;
		uint32_t src;

		if (type == NULL || ta->schema.ncols == COLS)
			die("schema");
		*type++ = '\0';
		fi->name = weir__arena_strdup(&ta->ar, f);
		src = weir__errors_source(&ta->es, "type", type, strlen(type));
		at = weir__parse_type(&ta->ar, &ta->es, src);
		if (at == NULL || (fi->type = weir__type_bind(&sc, at, NULL)) ==
		    NULL)
			die("type");
		fi->required = at->required;
	}
}

static void
read_row(struct table *ta, char *line)
{
	uint32_t c;

	for (c = 0; c < ta->schema.ncols; c++) {
		const struct weir_type *ty = ta->fields[c].type;
		char *tab = strchr(line, '\t');
		struct weir_value v;
		struct weir_err err;

		if (tab != NULL)
			*tab = '\0';
		memset(&v, 0, sizeof v);
		v.type = ty;
		v.null = strcmp(line, "\\N") == 0;
		if (!v.null && weir__value_from_text(&ta->ar, &v, ty, line,
		    strlen(line), &err) != 0)
			die(err.text);
		if (ta->nrows == ROWS || weir__column_fill(&ta->ar,
		    &ta->parts[c][ta->nrows], &v, ty, 1) != 0)
			die("row");
		line = tab != NULL ? tab + 1 : line + strlen(line);
	}
	ta->nrows++;
}

static void
build(struct table *ta)
{
	static uint32_t part[ROWS], zero[ROWS];
	static const struct weir_column *parts[ROWS];
	uint32_t c, i;

	for (c = 0; c < ta->schema.ncols && !ta->built; c++) {
		for (i = 0; i < ta->nrows; i++) {
			part[i] = i;
			parts[i] = &ta->parts[c][i];
		}
		if (weir__mix_columns(&ta->ar, &ta->cols[c],
			ta->fields[c].type, parts, part, zero, ta->nrows) != 0)
			die("memory");
	}
	ta->built = true;
}

static void
print_errors(const struct weir__errors *es)
{
	size_t i;

	fputs("B", stdout);
	for (i = 0; i < es->n; i++)
		printf(" %s %u-%u: %s;", es->list[i].code, es->list[i].span.at,
		    es->list[i].span.end, es->list[i].text);
	putchar('\n');
}

static void
put_value(struct weir__arena *ar, const struct weir_column *co,
    const struct weir_type *ty, uint32_t row)
{
	struct weir__buf bf;
	struct weir_value v;

	if (weir__column_value(ar, &v, co, ty, row) != 0)
		die("memory");
	if (v.null) {
		putchar('N');
		return;
	}
	weir__buf_init(&bf);
	weir__value_show(&bf, &v);
	printf("V %s", weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
}

static void
put_type(const char *before, const struct weir_type *ty)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__type_print(&bf, ty);
	printf("%s%s", before, weir__buf_cstr(&bf));
	weir__buf_fini(&bf);
}

static void
do_expr(struct table *ta, const struct weir__scope *sc,
    const struct weir__ast_expr *as)
{
	struct weir__scope copy = *sc;
	struct weir_expr *ex =
	    as != NULL ? weir__expr_bind(&copy, as, NULL) : NULL;
	struct weir_column co;
	struct weir__eval ev;
	uint32_t i;

	if (ex == NULL) {
		print_errors(sc->errors);
		return;
	}
	memset(&ev, 0, sizeof ev);
	ev.ar = sc->ar;
	ev.cols = ta->cols;
	ev.nrows = ta->nrows;
	ev.host = &host;
	if (weir__expr_eval(&ev, ex, &co) != 0)
		die("memory");
	put_type("T ", weir__expr_type(ex));
	putchar('\n');
	for (i = 0; i < ta->nrows; i++) {
		if (ev.errors != NULL && weir_bit(ev.errors, i))
			printf("F %s", weir__eval_error(&ev, i)->code);
		else
			put_value(sc->ar, &co, weir__expr_type(ex), i);
		putchar('\n');
	}
}

/* None fails: what stands in braces is calls alone. */
static void
on_failed(void *arg, uint32_t slot, const char *column,
    const struct weir__row_error *re)
{
	(void)arg;
	(void)slot;
	(void)re;
	die(column);
}

static void
do_aggs(struct table *ta, const struct weir__scope *sc,
    const struct weir__ast_expr *as)
{
	struct weir__scope copy = *sc;
	struct weir_aggs *ag = NULL;
	struct weir__aggs_cursor *cu;
	struct weir_column out[COLS];
	uint64_t rejected[ROWS / 64] = { 0 };
	uint64_t failed[WEIR_BITMAP_WORDS(GROUPS)] = { 0 };
	void *slots[ROWS], *groups[GROUPS];
	struct weir__eval ev;
	uint32_t i, g, ngroups = 0;
	size_t size, align;

	if (as != NULL && as->kind == WEIR__E_RECORD)
		ag = weir__aggs_bind(&copy, as->u.record.entries,
		    as->u.record.n);
	if (ag == NULL) {
		print_errors(sc->errors);
		return;
	}
	size = weir__aggs_slot(ag, &align);
	for (g = 0; g < GROUPS; g++)
		if ((groups[g] = weir__arena_zalloc(sc->ar, size)) == NULL)
			die("memory");
	for (i = 0; i < ta->nrows; i++) {
		g = (uint32_t)ta->cols[0].u.i64[i];
		ngroups = g >= ngroups ? g + 1 : ngroups;
		slots[i] = groups[g];
	}
	memset(&ev, 0, sizeof ev);
	ev.ar = sc->ar;
	ev.cols = ta->cols;
	ev.nrows = ta->nrows;
	ev.host = &host;
	cu = weir__aggs_cursor_new(ag);
	if (cu == NULL || weir__aggs_batch(cu, &ev) != 0)
		die("memory");
	if (ev.errors != NULL)
		memcpy(rejected, ev.errors, WEIR_BITMAP_WORDS(ta->nrows) * 8);
	if (weir__aggs_update(cu, NULL, ta->nrows, slots, rejected, NULL,
		NULL) != 0 ||
	    weir__aggs_finish(ag, sc->ar, groups, ngroups, out, 0, failed,
		on_failed, NULL) != 0)
		die("memory");
	for (i = 0; i < weir__aggs_n(ag); i++)
		put_type(i ? "\t" : "T ", weir__aggs_field(ag, i)->type);
	putchar('\n');
	for (g = 0; g < ngroups; g++)
		for (i = 0; i < weir__aggs_n(ag); i++) {
			put_value(sc->ar, &out[i], weir__aggs_field(ag, i)->type,
			    g);
			putchar(i + 1 < weir__aggs_n(ag) ? '\t' : '\n');
		}
	for (g = 0; g < GROUPS; g++)
		weir__aggs_drop(ag, groups[g]);
	weir__aggs_cursor_free(cu);
}

static void
question(struct table *ta, char what, const char *text)
{
	struct weir__arena ar;
	struct weir__errors es;
	struct weir__scope sc;
	struct weir__ast_expr *as;

	build(ta);
	weir__arena_init(&ar, 1 << 16);
	weir__errors_init(&es);
	scope(ta, &sc, &ar, &es);
	as = weir__parse_expr(&ar, &es,
	    weir__errors_source(&es, "expr", text, strlen(text)));
	if (what == 'E')
		do_expr(ta, &sc, as);
	else
		do_aggs(ta, &sc, as);
	weir__errors_fini(&es);
	weir__arena_fini(&ar);
}

int
main(void)
{
	static struct table ta;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	host.size = sizeof host;
	host.alloc = weir__alloc;
	host.zalloc = weir__zalloc;
	host.realloc = weir__realloc;
	host.free = weir__free;
	weir__arena_init(&ta.ar, 1 << 16);
	weir__errors_init(&ta.es);
	ta.functions = weir__registry_new();
	if (ta.functions == NULL)
		die("registry");
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (line[0] == 'S')
			read_schema(&ta, line + 2);
		else if (line[0] == 'R')
			read_row(&ta, line + 2);
		else if (line[0] == 'E' || line[0] == 'A')
			question(&ta, line[0], line + 2);
		fflush(stdout);
	}
	free(line);
	weir__registry_free(ta.functions);
	weir__errors_fini(&ta.es);
	weir__arena_fini(&ta.ar);
	return 0;
}
