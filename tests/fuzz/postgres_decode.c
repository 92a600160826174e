/* SPDX-License-Identifier: MIT
 *
 * Fuzz the values that postgres.read gets from a server.  The first byte chooses
 * the schema, one for each column its type there, then rows: a value's length
 * (255: null) and its bytes.  Each row comes out or is rejected; a decimal that
 * came out is the same after it was written for the server and read again.
 *
 * FUZZ: files plugins/postgres/decode.c plugins/postgres/numeric.c
 * FUZZ: files plugins/postgres/kinds.c plugins/postgres/buf.c
 */
#include "../../plugins/postgres/source.h"
#include "../unit/stage.h"

enum { ROWS = 64, COLS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A result that sanitizers see the ends of. */
struct pg_result {
	int nrows;
	Oid types[COLS];
	char *values[ROWS][COLS]; /* NULL: null */
	int lens[ROWS][COLS];
};

Oid
PQftype(const PGresult *res, int col)
{
	return res->types[col];
}

int
PQgetisnull(const PGresult *res, int row, int col)
{
	return res->values[row][col] == NULL;
}

char *
PQgetvalue(const PGresult *res, int row, int col)
{
	static char none[1];

	return res->values[row][col] != NULL ? res->values[row][col] : none;
}

int
PQgetlength(const PGresult *res, int row, int col)
{
	return res->lens[row][col];
}

static const char *const schemas[] = {
	"a: bool, b: int32, c: int64, d: float32, e: float64, f: string",
	("a: decimal(12, 2)!, b: decimal(38, 10), c: decimal(18, 0), d: "
	 "decimal(38, 38), e: decimal(3, 3), f: decimal(38, 0)"),
	"a: timestamp, b: date!, c: duration, d: json, e: bytes, f: int64!",
};

static const Oid types[] = { PG_BOOL, PG_BYTEA, PG_NAME_TYPE, PG_INT8, PG_INT2,
	PG_INT4, PG_TEXT, PG_OID, PG_JSON, PG_FLOAT4, PG_FLOAT8, PG_VARCHAR,
	PG_DATE, PG_TIMESTAMP, PG_TIMESTAMPTZ, PG_INTERVAL, PG_NUMERIC, PG_UUID,
	PG_JSONB, 16400 };

/* ---- a stage with the reader's config and nothing else of it */

static const struct weir_option opt_schema = {
	.size = sizeof(struct weir_option),
	.name = "schema",
	.type = WEIR_OPT_SCHEMA,
	.flags = WEIR_OPTF_REQUIRED,
	.offset = offsetof(struct read_config, schema),
	.help = "columns",
};

static const struct weir_option *const options[] = { &opt_schema, NULL };

static int
bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct read_config *cf = config;

	(void)err;
	cf->by_col = -1;
	for (uint32_t i = 0; i < cf->schema->ncols; i++)
		weir_out_field(bi, 0, &cf->schema->cols[i]);
	return WEIR_OK;
}

static const struct weir_stage_type type = {
	.size = sizeof(struct weir_stage_type),
	.verb = "read",
	.summary = "rows",
	.role = WEIR_SOURCE,
	.options = options,
	.config_size = sizeof(struct read_config),
	.state_size = sizeof(struct source),
	.bind = bind,
};

static const struct weir_stage_type *const stages[] = { &type, NULL };
static const struct weir_plugin reader = { WEIR_PLUGIN_HEAD, .name = "postgres",
	.stages = stages };

/* ---- */

static void
make(PGresult *res, const uint8_t *p, size_t n)
{
	size_t at = 0, len;

	memset(res, 0, sizeof(*res));
	for (int c = 0; c < COLS && at < n; c++)
		res->types[c] = types[p[at++] % (sizeof(types) /
		    sizeof(*types))];
	for (; at < n && res->nrows < ROWS; res->nrows++)
		for (int c = 0; c < COLS && at < n; c++) {
			len = p[at++];
			if (len == 255)
				continue;
			if (len > n - at)
				len = n - at;
			/* libpq puts a NUL behind each */
			res->values[res->nrows][c] = calloc(1, len + 1);
			memcpy(res->values[res->nrows][c], p + at, len);
			res->lens[res->nrows][c] = (int)len;
			at += len;
		}
}

static void
drop(PGresult *res)
{
	for (int r = 0; r < res->nrows; r++)
		for (int c = 0; c < COLS; c++)
			free(res->values[r][c]);
}

static void
same_again(const struct weir_type *ty, weir_i128 v)
{
	char text[PG_NUMERIC_MAX];
	weir_i128 w;
	size_t n = pg_numeric_put(text, v, ty->scale);

	if (n > sizeof(text) || !pg_numeric_get(&w, text, n, ty->precision,
	    ty->scale) || w != v)
		abort();
	if (weir_decimal_wide(ty))
		return;
	if (pg_numeric_put64(text, (int64_t)v, ty->scale) != n ||
	    !pg_numeric_get(&w, text, n, ty->precision, ty->scale) || w != v)
		abort();
}

static void
check(const struct weir_schema *sc, const struct weir_batch *b)
{
	for (uint32_t c = 0; c < b->ncols; c++)
		for (uint32_t i = 0; i < b->nrows; i++)
			if (sc->cols[c].type->kind == WEIR_DECIMAL &&
			    weir_present(&b->cols[c]) &&
			    weir_valid(&b->cols[c], i))
				same_again(sc->cols[c].type,
				    weir_decimal_wide(sc->cols[c].type) ?
				    b->cols[c].u.i128[i] : b->cols[c].u.i64[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct read_config *cf;
	uint64_t rows = 0;
	struct weir_err err;
	PGresult res;
	struct ts *ts;

	if (size == 0)
		return 0;
	ts = ts_new(&reader, "read", "");
	ts_opt(ts, "schema", schemas[data[0] % 3]);
	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK)
		abort();
	ts->unwanted[data[0] / 3 % 8] = true;
	make(&res, data + 1, size - 1);
	cf = ts->config;
	for (int r = 0; r < res.nrows; r++)
		for (int c = 0; c < COLS; c++)
			pg_decode_by(&res, r, c);
	if (pg_decode_check(&ts->stage.st, &res, &err) == WEIR_OK &&
	    res.nrows > 0) {
		if (pg_decode_rows(&ts->stage.st, &res, 0, res.nrows, &err) !=
		    WEIR_OK)
			abort();
		for (uint32_t i = 0; i < ts->nbatches; i++) {
			rows += ts->batches[i]->nrows;
			check(cf->schema, ts->batches[i]);
		}
		if (rows + ts->nrejects != (uint64_t)res.nrows)
			abort();
		ts_dump(ts);
	}
	drop(&res);
	if (ts_free(ts) != 0)
		abort();
	return 0;
}
