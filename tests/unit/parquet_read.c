/* SPDX-License-Identifier: MIT
 *
 * parquet.read: what parquet.write wrote comes back to the last bit, and what
 * is damaged is refused.  With arguments it prints the rows of files, a line of
 * JSON each, or with -s the columns:
 *
 *	parquet_read [-s] [-c COLUMN]... PATH
 */
#include "parquet_host.h"

static struct weir_err err;

#define ALL                                                                   \
	"a: bool, b: int32, c: int64, d: float32, e: float64, "               \
	"f: decimal(7,2), g: decimal(18,4), h: decimal(38,10), i: string, "   \
	"j: bytes, k: timestamp, l: date, m: duration, n: json"
#define NESTED                                                                \
	"a: list(int64), b: list(list(string)), c: list(string!)!, "          \
	"d: struct { x: int32, y: string!, z: struct { w: duration } }, "     \
	"e: map(int64), f: list(struct { x: bool, y: list(date) }), "         \
	"g: map(list(duration)), h: struct { t: list(timestamp), "              \
	"d: decimal(25,3) }!, i: list(map(struct { q: int64! }))"

static struct ts *
reader(const char *path)
{
	struct ts *ts = ph_new("read", "");

	ts_opt(ts, "path", path);
	return ts;
}

/* Bind, init and open. */
static int
start(struct ts *ts)
{
	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK)
		return WEIR_ERROR;
	return ts->type->source->open(&ts->stage.st, NULL, 0, &err);
}

static int
poll(struct ts *ts, uint32_t max)
{
	return ts->type->source->poll(&ts->stage.st, max, 0, &err);
}

/* Everything that is left, as JSON lines. */
static int
drain(struct ts *ts, struct weir__buf *to)
{
	int rc;

	while ((rc = poll(ts, 4096)) == WEIR_OK) {
		weir__buf_str(to, ts_dump(ts));
		ts_clear(ts);
	}
	return rc;
}

/* Write made-up rows and give them back as JSON. */
static void
make(const char *dir, const char *schema, struct ph_gen g, uint32_t rows,
    uint32_t batch, struct weir__buf *json, const char *const *opts)
{
	struct ts *ts = ph_new("write", schema);
	struct weir_batch *b;
	uint32_t i, n, k;

	ph_remove(dir);
	ph_path(ts, dir, true);
	for (; opts != NULL && *opts != NULL; opts += 2)
		ph_opt(ts, opts[0], opts[1]);
	T_INT(ph_start(ts, &err), WEIR_OK);
	for (i = 0; i < rows; i += n) {
		n = rows - i < batch ? rows - i : batch;
		b = ph_batch(ts, &g, n);
		for (k = 0; k < n; k++) {
			weir__json_row(json, &ts->in, b->cols, k);
			weir__buf_chr(json, '\n');
		}
		if (ph_write(ts, b, &err) != WEIR_OK)
			T_STR(err.text, "");
	}
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(ph_free(ts), 0);
}

static void
first_difference(const char *a, const char *b)
{
	size_t i, line = 0, col = 0;

	for (i = 0; a[i] != '\0' && a[i] == b[i]; i++, col++)
		if (a[i] == '\n') {
			line++;
			col = 0;
		}
	printf("# line %zu byte %zu: %.60s | %.60s\n", line + 1, col,
	    a + (i > 20 && col > 20 ? i - 20 : i), b + i);
}

static void
round_trip(const char *what, const char *schema, struct ph_gen g,
    uint32_t rows, uint32_t batch, const char *const *opts)
{
	struct weir__buf want, got;
	char dir[600];
	struct ts *ts;
	bool same;

	snprintf(dir, sizeof dir, "%s/t", ph.out);
	weir__buf_init(&want);
	weir__buf_init(&got);
	make(dir, schema, g, rows, batch, &want, opts);
	ts = reader(dir);
	if (start(ts) != WEIR_OK || drain(ts, &got) != WEIR_END) {
		printf("# %s\n", err.text);
		T(!"reading fails");
	}
	T_INT(ph.next, rows);
	T_INT(ph.state, WEIR_PART_FINISHED);
	same = strcmp(weir__buf_cstr(&want), weir__buf_cstr(&got)) == 0;
	t_line(same, __FILE__, __LINE__, what);
	if (!same)
		first_difference(weir__buf_cstr(&got), weir__buf_cstr(&want));
	T_INT(ts_free(ts), 0);
	weir__buf_fini(&want);
	weir__buf_fini(&got);
}

static void
test_types(void)
{
	static const char *const codecs[] = { "zstd", "snappy", "gzip",
		"lz4_raw", "none" };
	struct ph_gen g = { .state = 1, .text_max = 40 };
	char what[100];
	int i;

	for (i = 0; i < PH_NULLS; i++) {
		g.nulls = (enum ph_nulls)i;
		g.kinds = 0;
		snprintf(what, sizeof what, "nulls %d", i);
		round_trip(what, ALL, g, 6000, 4096, NULL);
		g.kinds = 30;
		round_trip(what, ALL, g, 6000, 1000, NULL);
		g.kinds = 0;
		round_trip(what, NESTED, g, 2000, 700, NULL);
		g.kinds = 30;
		round_trip(what, NESTED, g, 2000, 2000, NULL);
	}
	for (i = 0; i < 5; i++) {
		const char *opts[] = { "compression", codecs[i], NULL };

		g.nulls = PH_SOME;
		round_trip(codecs[i], ALL, g, 3000, 4096, opts);
	}
	{
		const char *opts[] = { "page_rows", "64", "row_group_rows",
			"1000", NULL };

		round_trip("small pages", ALL, g, 5000, 333, opts);
		round_trip("small pages, nested", NESTED, g, 3000, 333, opts);
	}
	{
		const char *opts[] = { "page_size", "1KiB",
			"dictionary_size", "4KiB", "page_rows", "100",
			NULL };

		g.kinds = 3000;
		round_trip("leaving dictionaries", ALL, g, 9000, 4096, opts);
		round_trip("leaving dictionaries, nested", NESTED, g, 3000,
		    4096, opts);
	}
	round_trip("one row", ALL, g, 1, 1, NULL);
	round_trip("one row, nested", NESTED, g, 1, 1, NULL);
}

/* Only what is wanted is read; rows are counted without any. */
static void
test_projection(void)
{
	struct ph_gen g = { .state = 5, .text_max = 10, .nulls = PH_SOME };
	struct weir__buf want, got;
	char dir[600];
	struct ts *ts;
	uint32_t rows = 0;

	snprintf(dir, sizeof dir, "%s/t", ph.out);
	weir__buf_init(&want);
	weir__buf_init(&got);
	make(dir, "a: int64!, b: string, c: list(int32)", g, 5000, 4096, &want,
	    NULL);
	ts = reader(dir);
	ts->unwanted[1] = ts->unwanted[2] = true;
	T_INT(start(ts), WEIR_OK);
	T_INT(poll(ts, 100), WEIR_OK);
	T_INT(ts->batches[0]->nrows, 100);
	T(weir_present(&ts->batches[0]->cols[0]));
	T(!weir_present(&ts->batches[0]->cols[1]));
	T(!weir_present(&ts->batches[0]->cols[2]));
	T_INT(ts->batches[0]->positions[99], 99);
	T_INT(ph.next, 100);
	ts_free(ts);
	ts = reader(dir);
	ts->unwanted[0] = ts->unwanted[1] = ts->unwanted[2] = true;
	T_INT(start(ts), WEIR_OK);
	while (poll(ts, 4096) == WEIR_OK) {
		rows += ts->batches[0]->nrows;
		ts_clear(ts);
	}
	T_INT(rows, 5000);
	ts_free(ts);
	/* from a position on */
	ts = reader(dir);
	T_INT(ts_bind(ts, &err), WEIR_OK);
	T_INT(ts_init(ts, &err), WEIR_OK);
	T_INT(ts->type->source->open(&ts->stage.st,
	    &(struct weir_position){ .next = 4990 }, 1, &err), WEIR_OK);
	T_INT(drain(ts, &got), WEIR_END);
	T_INT(strlen(weir__buf_cstr(&got)) != 0, 1);
	T(strcmp(weir__buf_cstr(&got), weir__buf_cstr(&want) + want.len -
	    got.len) == 0);
	T_INT(ts_free(ts), 0);
	weir__buf_fini(&want);
	weir__buf_fini(&got);
}

static void
test_paths(void)
{
	struct ph_gen g = { .state = 5, .text_max = 10 };
	struct weir__buf want;
	char dir[600], cmd[3000];
	struct ts *ts;

	snprintf(dir, sizeof dir, "%s/nothing", ph.out);
	ts = reader(dir);
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.none");
	ts_free(ts);
	weir__buf_init(&want);
	snprintf(dir, sizeof dir, "%s/t", ph.out);
	make(dir, "a: int64!, b: string", g, 10, 10, &want, NULL);
	snprintf(cmd, sizeof cmd, "cd %s && rm -rf p && mkdir -p p/x/y p/.h "
	    "p/_s && cp t/*.parquet p/x/y/b.parquet && cp t/*.parquet "
	    "p/x/a.parquet && cp t/*.parquet p/.h/c.parquet && cp t/*.parquet "
	    "p/_s/d.parquet && echo no > p/x/e.txt", ph.out);
	if (system(cmd) != 0)
		abort();
	snprintf(dir, sizeof dir, "%s/p", ph.out);
	ts = reader(dir);
	T_INT(start(ts), WEIR_OK);
	T_INT(drain(ts, &want), WEIR_END);
	T_INT(ph.next, 20);
	ts_free(ts);
	snprintf(dir, sizeof dir, "%s/p/*/a.par*", ph.out);
	ts = reader(dir);
	T_INT(start(ts), WEIR_OK);
	T_INT(drain(ts, &want), WEIR_END);
	T_INT(ph.next, 10);
	ts_free(ts);
	/* files that differ */
	snprintf(dir, sizeof dir, "%s/t", ph.out);
	make(dir, "a: int64!, b: bytes", g, 10, 10, &want, NULL);
	snprintf(cmd, sizeof cmd, "cp %s/t/*.parquet %s/p/x/z.parquet", ph.out,
	    ph.out);
	if (system(cmd) != 0)
		abort();
	snprintf(dir, sizeof dir, "%s/p", ph.out);
	ts = reader(dir);
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.schema");
	T(strstr(err.text, "b: string") != NULL);
	T(strstr(err.text, "b: bytes") != NULL);
	ts_free(ts);
	snprintf(dir, sizeof dir, "%s/p/x/e.txt", ph.out);
	ts = reader(dir);
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.magic");
	ts_free(ts);
	weir__buf_fini(&want);
}

static size_t
load(const char *dir, uint8_t **to)
{
	static char names[4][256];
	char path[900];
	struct stat sb;
	FILE *f;

	T_INT(ph_list(dir, names, 4), 1);
	snprintf(path, sizeof path, "%s/%s", dir, names[0]);
	f = fopen(path, "rb");
	if (f == NULL || fstat(fileno(f), &sb) != 0)
		abort();
	*to = malloc((size_t)sb.st_size);
	if (fread(*to, 1, (size_t)sb.st_size, f) != (size_t)sb.st_size)
		abort();
	fclose(f);
	return (size_t)sb.st_size;
}

static void
store(const char *path, const uint8_t *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(p, 1, n, f) != n)
		abort();
	fclose(f);
}

/* One way to be damaged; it is read or it is refused, and nothing is lost. */
static bool
try(const char *path)
{
	struct ts *ts = reader(path);
	bool fine = start(ts) == WEIR_OK;
	int rc = WEIR_ERROR, i;

	memset(&err, 0, sizeof err);
	for (i = 0; fine && i < 1000 && (rc = poll(ts, 4096)) == WEIR_OK; i++)
		ts_clear(ts);
	if (ts_free(ts) != 0)
		T(!"batches are lost");
	return fine && rc == WEIR_END;
}

static void
test_damage(void)
{
	struct ph_gen g = { .state = 9, .text_max = 20, .kinds = 50,
		.nulls = PH_SOME };
	const char *opts[] = { "compression", "none", "page_rows", "100",
		NULL };
	struct weir__buf want;
	char dir[600], path[700];
	uint8_t *p, *q;
	size_t n, i;
	int passed = 0, tried = 0;

	snprintf(dir, sizeof dir, "%s/t", ph.out);
	snprintf(path, sizeof path, "%s/damaged.parquet", ph.out);
	weir__buf_init(&want);
	make(dir, ALL ", o: list(struct { a: int64, b: string })", g, 300, 300,
	    &want, opts);
	n = load(dir, &p);
	q = malloc(n);
	for (i = 0; i < 1500; i++) {
		size_t at = ph_random(&g) % n;

		/* more often in the footer than its length deserves */
		if (i % 3 == 0)
			at = n - 1 - ph_random(&g) % (n < 6000 ? n : 6000);
		memcpy(q, p, n);
		q[at] ^= (uint8_t)(1 << ph_random(&g) % 8);
		store(path, q, n);
		passed += try(path);
		tried++;
	}
	/* checksums see whatever hits a page, so little passes */
	T(tried == 1500 && passed < 500);
	for (i = 0; i < 100; i++) {
		store(path, p, ph_random(&g) % n);
		T(!try(path));
	}
	free(p);
	free(q);
	weir__buf_fini(&want);
}

static void
test_memory(void)
{
	struct ph_gen g = { .state = 9, .text_max = 20, .kinds = 50,
		.nulls = PH_SOME };
	struct weir__buf want;
	bool done = false;
	char dir[600];
	uint64_t n;

	snprintf(dir, sizeof dir, "%s/t", ph.out);
	weir__buf_init(&want);
	make(dir, "a: string, b: list(struct { x: int64, y: string }), "
	    "c: int64", g, 100, 100, &want, NULL);
	for (n = 1; !done && n < 5000; n++) {
		struct ts *ts = reader(dir);
		int rc;

		weir__alloc_fail_at(n, 1);
		rc = start(ts);
		while (rc == WEIR_OK)
			rc = poll(ts, 30);
		weir__alloc_fail_at(0, 0);
		done = rc == WEIR_END;
		if (ts_free(ts) != 0)
			T(!"batches are lost");
	}
	T(done && n > 40);
	weir__buf_fini(&want);
}

static int
tool(int argc, char **argv)
{
	const char *cols[64];
	bool schema = false;
	struct ts *ts;
	int i, k, n = 0, rc;

	for (i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], "-s") == 0)
			schema = true;
		else if (strcmp(argv[i], "-c") == 0 && n < 64)
			cols[n++] = argv[++i];
	ts = reader(argv[argc - 1]);
	if (ts_bind(ts, &err) != WEIR_OK)
		goto fail;
	for (i = 0; i < (int)ts->out.ncols; i++) {
		for (k = 0; k < n; k++)
			if (strcmp(cols[k], ts->out.cols[i].name) == 0)
				break;
		ts->unwanted[i] = n != 0 && k == n;
		if (schema)
			printf("%s %d %d %d%s\n", ts->out.cols[i].name,
			    ts->out.cols[i].type->kind,
			    ts->out.cols[i].type->precision,
			    ts->out.cols[i].type->scale,
			    ts->out.cols[i].required ? " !" : "");
	}
	if (ts_init(ts, &err) != WEIR_OK ||
	    ts->type->source->open(&ts->stage.st, NULL, 0, &err) != WEIR_OK)
		goto fail;
	while (!schema && (rc = poll(ts, 4096)) != WEIR_END) {
		if (rc != WEIR_OK)
			goto fail;
		fputs(ts_dump(ts), stdout);
		ts_clear(ts);
	}
	return ts_free(ts) != 0;
fail:
	fprintf(stderr, "%s: %s\n", err.code, err.text);
	ts_free(ts);
	return 1;
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		return tool(argc, argv);
	ph_tmp();
	test_types();
	test_projection();
	test_paths();
	test_damage();
	test_memory();
	ph_remove(ph.out);
	return t_done();
}
