/* SPDX-License-Identifier: MIT
 *
 * The server's binary values into columns.  A value that our type can't hold
 * (a numeric with more digits, infinity as a time, months in an interval)
 * rejects its row.
 */
#include "source.h"

static bool
is_text(uint32_t oid)
{
	return oid == PG_TEXT || oid == PG_VARCHAR || oid == PG_BPCHAR ||
	    oid == PG_NAME_TYPE || oid == PG_JSON || oid == PG_JSONB ||
	    oid == PG_UUID || oid >= 16384; /* enums, citext */
}

static bool
fits(const struct weir_type *ty, uint32_t oid)
{
	switch (ty->kind) {
	case WEIR_BOOL:
		return oid == PG_BOOL;
	case WEIR_INT32:
		return oid == PG_INT2 || oid == PG_INT4;
	case WEIR_INT64:
		return oid == PG_INT2 || oid == PG_INT4 || oid == PG_INT8 ||
		    oid == PG_OID;
	case WEIR_FLOAT32:
		return oid == PG_FLOAT4;
	case WEIR_FLOAT64:
		return oid == PG_FLOAT4 || oid == PG_FLOAT8;
	case WEIR_DECIMAL:
		return oid == PG_NUMERIC;
	case WEIR_STRING:
		return is_text(oid);
	case WEIR_BYTES:
		return oid == PG_BYTEA;
	case WEIR_JSON:
		return oid == PG_JSON || oid == PG_JSONB;
	case WEIR_TIMESTAMP:
		return oid == PG_TIMESTAMP || oid == PG_TIMESTAMPTZ;
	case WEIR_DATE:
		return oid == PG_DATE;
	case WEIR_DURATION:
		return oid == PG_INTERVAL;
	default:
		return false;
	}
}

int
pg_decode_check(struct weir_stage *st, const PGresult *res,
    struct weir_err *err)
{
	const struct read_config *cf = st->config;
	const struct source *so = st->state;
	char text[360], ours[96];
	size_t n = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < cf->schema->ncols; i++) {
		if (fits(cf->schema->cols[i].type, PQftype(res, (int)i)) ||
		    n > 280)
			continue;
		pg_kind_text(cf->schema->cols[i].type, ours, sizeof(ours));
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%scolumn '%.60s' is no %.60s there", n > 0 ? "; " : "",
		    cf->schema->cols[i].name, ours);
	}
	if (n == 0)
		return WEIR_OK;
	return st->host->fail(err, WEIR_NOWHERE, "postgres.type",
	    "%s: %s; cast it in the query, or change the schema",
	    so->li.where, text);
}

int64_t
pg_decode_by(const PGresult *res, int row, int col)
{
	const char *p = PQgetvalue(res, row, col);
	int64_t v;

	switch (PQgetlength(res, row, col)) {
	case 2:
		return (int16_t)pg_get16(p);
	case 4:
		return (int32_t)pg_get32(p);
	case 8:
		v = (int64_t)pg_get64(p);
		/* infinity is not asked for */
		if (PQftype(res, col) != PG_INT8)
			__builtin_add_overflow(v, PG_EPOCH_US, &v);
		return v;
	default:
		return 0;
	}
}

/* Has a value of this type so many bytes? */
static bool
length_fits(uint32_t oid, size_t n)
{
	switch (oid) {
	case PG_BOOL:
		return n == 1;
	case PG_INT2:
		return n == 2;
	case PG_INT4:
	case PG_OID:
	case PG_FLOAT4:
	case PG_DATE:
		return n == 4;
	case PG_INT8:
	case PG_FLOAT8:
	case PG_TIMESTAMP:
	case PG_TIMESTAMPTZ:
		return n == 8;
	case PG_INTERVAL:
	case PG_UUID:
		return n == 16;
	default:
		return true;
	}
}

static const char *
take_text(struct weir_stage *st, struct weir_batch *b, struct weir_str *to,
    const char *p, size_t n, uint32_t oid)
{
	char uuid[37], *copy;

	if (oid == PG_UUID && n == 16) {
		n = 0;
		for (int i = 0; i < 16; i++)
			n += (size_t)snprintf(uuid + n, sizeof(uuid) - n,
			    "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ?
			    "-" : "", (uint8_t)p[i]);
		p = uuid;
	} else if (oid == PG_JSONB && n > 0) {
		p++;
		n--;
	}
	if (n <= WEIR_STR_SMALL) {
		*to = weir_str_make(p, n);
		return NULL;
	}
	copy = weir_batch_alloc(st, b, n);
	if (copy == NULL)
		return "memory";
	memcpy(copy, p, n);
	*to = weir_str_make(copy, n);
	return NULL;
}

static const char *
take_decimal(const struct weir_type *ty, struct weir_column *co, uint32_t row,
    const char *p, size_t n)
{
	weir_i128 v;

	if (!pg_numeric_get(&v, p, n, ty->precision, ty->scale))
		return "not a number, or one with more digits";
	if (weir_decimal_wide(ty))
		co->u.i128[row] = v;
	else
		co->u.i64[row] = (int64_t)v;
	return NULL;
}

static const char *
take_interval(struct weir_column *co, uint32_t row, const char *p, size_t n)
{
	int64_t us = n == 16 ? (int64_t)pg_get64(p) : 0;
	int64_t days = n == 16 ? (int32_t)pg_get32(p + 8) : 0;

	if (n != 16 || pg_get32(p + 12) != 0)
		return "an interval with months, which have no length";
	if (__builtin_mul_overflow(days, INT64_C(86400000000), &days) ||
	    __builtin_add_overflow(us, days, &co->u.i64[row]))
		return "an interval that is too long";
	return NULL;
}

static const char *
take_time(const struct weir_type *ty, struct weir_column *co, uint32_t row,
    const char *p, size_t n)
{
	int64_t v;

	if (ty->kind == WEIR_DATE) {
		v = n == 4 ? (int32_t)pg_get32(p) : INT32_MAX;
		if (v == INT32_MAX || v == INT32_MIN ||
		    v > INT32_MAX - PG_EPOCH_DAYS)
			return "a date that is infinite, or too far off";
		co->u.i32[row] = (int32_t)v + PG_EPOCH_DAYS;
		return NULL;
	}
	v = n == 8 ? (int64_t)pg_get64(p) : INT64_MAX;
	if (v == INT64_MAX || v == INT64_MIN || v > INT64_MAX - PG_EPOCH_US)
		return "a time that is infinite, or too far off";
	co->u.i64[row] = v + PG_EPOCH_US;
	return NULL;
}

static int64_t
take_int(const char *p, size_t n)
{
	return n == 2 ? (int16_t)pg_get16(p) : n == 4 ? (int32_t)pg_get32(p) :
	    n == 8 ? (int64_t)pg_get64(p) : 0;
}

static double
take_float(const char *p, size_t n)
{
	uint32_t v32;
	uint64_t v;
	float f;
	double d;

	if (n == 4) {
		v32 = pg_get32(p);
		memcpy(&f, &v32, 4);
		return f;
	}
	v = n == 8 ? pg_get64(p) : 0;
	memcpy(&d, &v, 8);
	return d;
}

/* NULL, or why not. */
static const char *
take(struct weir_stage *st, struct weir_batch *b, const struct weir_type *ty,
    struct weir_column *co, uint32_t row, const char *p, size_t n, uint32_t oid)
{
	switch (ty->kind) {
	case WEIR_BOOL:
		weir_bit_put(co->u.bits, row, n > 0 && *p != 0);
		return NULL;
	case WEIR_INT32:
		co->u.i32[row] = (int32_t)take_int(p, n);
		return NULL;
	case WEIR_INT64:
		co->u.i64[row] = oid == PG_OID ? (int64_t)pg_get32(p) :
		    take_int(p, n);
		return NULL;
	case WEIR_FLOAT32:
		co->u.f32[row] = (float)take_float(p, n);
		return NULL;
	case WEIR_FLOAT64:
		co->u.f64[row] = take_float(p, n);
		return NULL;
	case WEIR_DECIMAL:
		return take_decimal(ty, co, row, p, n);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
		return take_time(ty, co, row, p, n);
	case WEIR_DURATION:
		return take_interval(co, row, p, n);
	default:
		return take_text(st, b, &co->u.str[row], p, n, oid);
	}
}

/* A value of a column that no one reads: rows do not depend on that. */
static const char *
look(const struct weir_type *ty, const char *p, size_t n)
{
	weir_i128 v;
	struct weir_column co = { .u.data = &v };

	switch (ty->kind) {
	case WEIR_DECIMAL:
		return take_decimal(ty, &co, 0, p, n);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
		return take_time(ty, &co, 0, p, n);
	case WEIR_DURATION:
		return take_interval(&co, 0, p, n);
	default:
		return NULL;
	}
}

static void
make_null(struct weir_column *co, const struct weir_type *ty, uint32_t row)
{
	size_t w = weir_type_width(ty);

	if (co->valid != NULL)
		weir_bit_clear(co->valid, row);
	if (w > 0)
		memset((char *)co->u.data + row * w, 0, w);
	else if (ty->kind == WEIR_BOOL)
		weir_bit_clear(co->u.bits, row);
}

/* One row; NULL, or why it can't be, and the column. */
static const char *
take_row(struct weir_stage *st, struct weir_batch *b, uint32_t to,
    const PGresult *res, int row, uint32_t *bad)
{
	const struct read_config *cf = st->config;
	const char *why = NULL, *w, *p;
	size_t n;

	for (uint32_t c = 0; c < cf->schema->ncols; c++) {
		const struct weir_field *fi = &cf->schema->cols[c];
		struct weir_column *co = &b->cols[c];
		bool null = PQgetisnull(res, row, (int)c);

		if (null && !fi->required && !weir_present(co))
			continue;
		p = PQgetvalue(res, row, (int)c);
		n = (size_t)PQgetlength(res, row, (int)c);
		if (null)
			w = fi->required ? "null, and the schema has it as "
			    "required" : NULL;
		else if (!length_fits(PQftype(res, (int)c), n))
			w = "a length that its type does not have";
		else
			w = weir_present(co) ? take(st, b, fi->type, co, to, p,
			    n, PQftype(res, (int)c)) : look(fi->type, p, n);
		if ((null || w != NULL) && weir_present(co))
			make_null(co, fi->type, to);
		else if (co->valid != NULL)
			weir_bit_set(co->valid, to);
		if (w != NULL && why == NULL) {
			why = w;
			*bad = c;
		}
	}
	return why;
}

/* A batch with a bitmap for every column, and positions. */
static struct weir_batch *
batch_new(struct weir_stage *st, uint32_t n)
{
	const struct read_config *cf = st->config;
	struct weir_batch *b = weir_batch_new(st, 0, n);
	size_t bytes = 8 * WEIR_BITMAP_WORDS(n);

	if (b == NULL)
		return NULL;
	b->positions = weir_batch_alloc(st, b, n * sizeof(*b->positions));
	for (uint32_t c = 0; b->positions != NULL && c < cf->schema->ncols; c++)
		if (weir_present(&b->cols[c])) {
			b->cols[c].valid = weir_batch_alloc(st, b, bytes);
			if (b->cols[c].valid == NULL)
				break;
			memset(b->cols[c].valid, 0xff, bytes);
			if (c + 1 == cf->schema->ncols)
				return b;
		} else if (c + 1 == cf->schema->ncols)
			return b;
	weir_batch_unref(st, b);
	return NULL;
}

static int64_t
position(struct weir_stage *st, const PGresult *res, int row)
{
	const struct read_config *cf = st->config;
	const struct source *so = st->state;

	return cf->by_col >= 0 ? pg_decode_by(res, row, cf->by_col) :
	    so->next + (row - so->row);
}

static int
reject(struct weir_stage *st, const PGresult *res, int row, const char *text,
    uint32_t col)
{
	const struct read_config *cf = st->config;
	struct weir_reason why = { .code = "postgres.value", .text = text,
		.column = cf->schema->cols[col].name, .position = -1 };
	struct weir_batch *b = batch_new(st, 1);
	uint32_t bad;
	int rc;

	if (b == NULL)
		return WEIR_ERROR;
	take_row(st, b, 0, res, row, &bad);
	((int64_t *)(uintptr_t)b->positions)[0] = position(st, res, row);
	b->nrows = 1;
	b->partition = 0;
	rc = weir_reject(st, b, 0, &why);
	weir_batch_unref(st, b);
	return rc;
}

int
pg_decode_rows(struct weir_stage *st, const PGresult *res, int from, int to,
    struct weir_err *err)
{
	struct weir_batch *b = batch_new(st, (uint32_t)(to - from));
	uint32_t n = 0, bad = 0;
	const char *why;

	if (b == NULL)
		return pg_memory(st->host, err);
	for (int i = from; i < to; i++) {
		why = take_row(st, b, n, res, i, &bad);
		if (why == NULL) {
			((int64_t *)(uintptr_t)b->positions)[n++] =
			    position(st, res, i);
			continue;
		}
		if (strcmp(why, "memory") == 0 ||
		    reject(st, res, i, why, bad) != WEIR_OK) {
			weir_batch_unref(st, b);
			return pg_memory(st->host, err);
		}
	}
	b->nrows = n;
	b->partition = 0;
	b->bytes = (uint64_t)n * 64;
	return weir_emit(st, 0, b, err);
}
