/* SPDX-License-Identifier: MIT
 *
 * What parquet.write costs a row: the 13 columns of the medallion's silver
 * layer, from memory into one file, cut, prepare and publish included.
 *
 *	parquet_write DIRECTORY [ROWS [RUNS [OPTION VALUE]...]]
 *
 * The option `epoch` is ours: an epoch ends after so many rows, of which none
 * may be lost then.
 *
 * Each run writes its own file below the directory, the best one's CPU is
 * printed.  bench/pyarrow_rewrite.py FILE gives pyarrow's figure for the same
 * table.
 */
#include "../tests/unit/parquet_host.h"
#include "batch/frame.h"
#include "meter.h"
#include "txn.h"

#define SCHEMA                                                                \
	"txn_id: string!, event_time: timestamp!, user_id: string, "          \
	"card_id: string, merchant: string, category: string, "               \
	"amount: decimal(12,2), currency: string, status: string, "           \
	"city: string, country: string, lat: float64, lon: float64"

static struct weir_err err;

/* The value of the next field of the document, without its quotes. */
static const char *
field(const char *p, const char **value, size_t *len)
{
	const char *e;

	p = strchr(p, ':') + 1;
	if (*p == '"') {
		for (e = ++p; *e != '"'; e++)
			e += *e == '\\';
		*value = p;
		*len = (size_t)(e - p);
		return e + 1;
	}
	*value = p;
	*len = strcspn(p, ",}");
	return p + *len;
}

static void
put(struct weir_batch *b, uint32_t col, uint32_t row, const char *p,
    size_t len, const struct txn *t)
{
	struct weir_column *co = &b->cols[col];
	char *copy;

	switch (b->schema->cols[col].type->kind) {
	case WEIR_TIMESTAMP:
		co->u.i64[row] = t->event_us;
		break;
	case WEIR_DECIMAL:
		co->u.i64[row] = (int64_t)(strtod(p, NULL) * 100 + 0.5);
		break;
	case WEIR_FLOAT64:
		co->u.f64[row] = strtod(p, NULL);
		break;
	default:
		if (len == 4 && memcmp(p, "null", 4) == 0) {
			ts_null(b, col, row);
			return;
		}
		copy = weir__arena_strndup(&ts_priv(b)->ar, p, len);
		co->u.str[row] = weir_str_make(copy, len);
	}
}

static struct weir_batch *
batch(struct ts *ts, uint64_t first, uint32_t n)
{
	struct weir_batch *b = ts_batch(ts, n);
	struct txn_gen g = TXN_DEFAULT;
	const char *p, *v;
	uint32_t i, c;
	struct txn t;
	size_t len;

	for (i = 0; i < n; i++) {
		txn_make(&t, &g, first + i);
		t.value[t.len] = '\0';
		for (c = 0, p = t.value; c < ts->in.ncols; c++) {
			p = field(p, &v, &len);
			put(b, c, i, v, len, &t);
		}
	}
	return b;
}

static uint64_t
file_bytes(const char *dir)
{
	static char names[4][256];
	char path[1024];
	struct stat sb;

	if (ph_list(dir, names, 4) != 1)
		return 0;
	snprintf(path, sizeof path, "%s/%s", dir, names[0]);
	return stat(path, &sb) == 0 ? (uint64_t)sb.st_size : 0;
}

/* The value of `epoch`, or 0. */
static uint64_t
epoch_rows(int argc, char **argv)
{
	int k;

	for (k = 4; k + 1 < argc; k += 2)
		if (strcmp(argv[k], "epoch") == 0)
			return strtoull(argv[k + 1], NULL, 10);
	return 0;
}

/* CPU seconds of one file. */
static double
run(struct weir_batch **bs, uint32_t n, const char *dir, int argc, char **argv,
    double *wall)
{
	uint64_t epoch = epoch_rows(argc, argv), rows = 0;
	struct ts *ts = ph_new("write", SCHEMA);
	double cpu;
	uint32_t i;
	int k;

	ph_remove(dir);
	ph_path(ts, dir, true);
	for (k = 4; k + 1 < argc; k += 2)
		if (strcmp(argv[k], "epoch") != 0)
			ph_opt(ts, argv[k], argv[k + 1]);
	ts->host.batch_save = weir__batch_save;
	if (ph_start(ts, &err) != WEIR_OK)
		goto fail;
	cpu = meter_cpu();
	*wall = meter_wall();
	for (i = 0; i < n; i++) {
		ts_priv(bs[i])->refs++;
		rows += bs[i]->nrows;
		if (ph_write(ts, bs[i], &err) != WEIR_OK)
			goto fail;
		if (epoch != 0 && rows >= epoch && i + 1 < n) {
			if (ph_epoch_end(ts, false, &err) != WEIR_OK)
				goto fail;
			rows = 0;
		}
	}
	if (ph_epoch_end(ts, true, &err) != WEIR_OK)
		goto fail;
	cpu = meter_cpu() - cpu;
	*wall = meter_wall() - *wall;
	ph_free(ts);
	return cpu;
fail:
	fprintf(stderr, "parquet_write: %s\n", err.text);
	exit(1);
}

int
main(int argc, char **argv)
{
	uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000, at;
	int runs = argc > 3 ? atoi(argv[3]) : 5, i;
	uint64_t epoch = epoch_rows(argc, argv);
	uint32_t size = epoch != 0 && epoch < 4096 ? (uint32_t)epoch : 4096;
	uint32_t n = 0, max = (uint32_t)(rows / size + 1);
	double cpu, wall = 0, best = 1e9, best_wall = 0;
	struct weir_batch **bs = calloc(max, sizeof *bs);
	char dir[600];
	struct ts *ts;

	if (argc < 2) {
		fprintf(stderr, "which directory?\n");
		return 2;
	}
	ts = ph_new("write", SCHEMA);
	for (at = 0; at < rows; at += bs[n++]->nrows)
		bs[n] = batch(ts, at, (uint32_t)(rows - at < size
			? rows - at : size));
	snprintf(dir, sizeof dir, "%s/parquet_write", argv[1]);
	for (i = 0; i < runs; i++) {
		cpu = run(bs, n, dir, argc, argv, &wall);
		if (cpu < best) {
			best = cpu;
			best_wall = wall;
		}
	}
	meter_print("parquet_write", rows, file_bytes(dir), 0, best_wall,
	    best);
	return 0;
}
