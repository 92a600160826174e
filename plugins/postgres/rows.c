/* SPDX-License-Identifier: MIT
 *
 * The writer: rows that no table could take are rejected here, where their
 * origin is known; the rest goes to the engine's spool, each with whether it
 * deletes.
 */
#include "sink.h"

static int
reject(struct weir_stage *st, const struct weir_batch *b, uint32_t row,
    uint32_t col, const char *code, const char *text)
{
	const struct write_config *cf = st->config;
	struct writer *wr = st->state;
	struct weir_reason why = { .code = code, .text = text,
		.column = cf->in->cols[col].name, .position = -1 };

	if (weir_bit(wr->bad, row))
		return WEIR_OK;
	weir_bit_set(wr->bad, row);
	return weir_reject(st, b, row, &why);
}

/* Columns that say which row it is, or which is the newer one. */
static int
check_null(struct weir_stage *st, const struct weir_batch *b, uint32_t col,
    const char *code, const char *text)
{
	const struct weir_column *co = &b->cols[col];

	if (weir_present(co) && co->valid == NULL)
		return WEIR_OK;
	for (uint32_t i = 0; i < b->nrows; i++)
		if ((!weir_present(co) || !weir_valid(co, i)) &&
		    reject(st, b, i, col, code, text) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* Is a byte of the eight zero? */
static inline bool
zero_byte(uint64_t v)
{
	return ((v - 0x0101010101010101u) & ~v & 0x8080808080808080u) != 0;
}

/* Of 8 to 32 bytes: four words that overlap. */
static inline bool
has_nul_long(const char *p, size_t n)
{
	size_t half = n < 16 ? n - 8 : 8;
	uint64_t a[4];

	memcpy(&a[0], p, 8);
	memcpy(&a[1], p + half, 8);
	memcpy(&a[2], p + n - 8 - half, 8);
	memcpy(&a[3], p + n - 8, 8);
	return zero_byte(a[0]) || zero_byte(a[1]) || zero_byte(a[2]) ||
	    zero_byte(a[3]);
}

/* What makes the bytes behind the end of an inline text other than zero. */
static const struct {
	uint64_t a;
	uint32_t b;
} behind[WEIR_STR_SMALL + 1] = {
#define ALL UINT64_MAX
	{ ALL, UINT32_MAX }, { ALL << 8, UINT32_MAX },
	{ ALL << 16, UINT32_MAX }, { ALL << 24, UINT32_MAX },
	{ ALL << 32, UINT32_MAX }, { ALL << 40, UINT32_MAX },
	{ ALL << 48, UINT32_MAX }, { ALL << 56, UINT32_MAX },
	{ 0, UINT32_MAX }, { 0, UINT32_MAX << 8 }, { 0, UINT32_MAX << 16 },
	{ 0, UINT32_MAX << 24 }, { 0, 0 },
#undef ALL
};

static inline bool
has_nul(const struct weir_str *s)
{
	uint64_t a;
	uint32_t b;

	if (s->len > 32)
		return memchr(s->u.big.ptr, '\0', s->len) != NULL;
	if (s->len > WEIR_STR_SMALL)
		return has_nul_long(s->u.big.ptr, s->len);
	memcpy(&a, s->u.small, 8);
	memcpy(&b, s->u.small + 8, 4);
	return zero_byte(a | behind[s->len].a) |
	    zero_byte(b | behind[s->len].b | UINT64_MAX << 32);
}

/* Does any text of the column have one? */
static bool
any_nul(const struct weir_column *co, uint32_t n)
{
	bool any = false;

	if (co->valid == NULL)
		for (uint32_t i = 0; i < n; i++)
			any |= has_nul(&co->u.str[i]);
	else
		for (uint32_t i = 0; i < n; i++)
			any |= weir_valid(co, i) && has_nul(&co->u.str[i]);
	return any;
}

static int
check_text(struct weir_stage *st, const struct weir_batch *b, uint32_t col)
{
	const struct weir_column *co = &b->cols[col];

	if (!any_nul(co, b->nrows))
		return WEIR_OK;
	for (uint32_t i = 0; i < b->nrows; i++)
		if (weir_valid(co, i) && has_nul(&co->u.str[i]) &&
		    reject(st, b, i, col, "postgres.nul", "a text with a NUL "
		    "in it, which PostgreSQL can't hold") != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

static int
check_times(struct weir_stage *st, const struct weir_batch *b, uint32_t col,
    bool date)
{
	const struct weir_column *co = &b->cols[col];

	for (uint32_t i = 0; i < b->nrows; i++) {
		bool fits = date ? co->u.i32[i] >= PG_DATE_MIN &&
		    co->u.i32[i] < PG_DATE_END : co->u.i64[i] >= PG_TIME_MIN;

		if (!fits && weir_valid(co, i) && reject(st, b, i, col,
		    "postgres.range", "outside the times that PostgreSQL "
		    "knows") != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
check_column(struct weir_stage *st, const struct weir_batch *b, uint32_t col)
{
	const struct write_config *cf = st->config;

	if (!weir_present(&b->cols[col]))
		return WEIR_OK;
	switch (cf->in->cols[col].type->kind) {
	case WEIR_STRING:
		return check_text(st, b, col);
	case WEIR_TIMESTAMP:
		return check_times(st, b, col, false);
	case WEIR_DATE:
		return check_times(st, b, col, true);
	default:
		return WEIR_OK;
	}
}

static int
check(struct weir_stage *st, const struct weir_batch *b)
{
	const struct write_config *cf = st->config;
	struct writer *wr = st->state;

	memset(wr->bad, 0, sizeof(wr->bad));
	for (uint32_t i = 0; i < cf->nkeys; i++)
		if (check_null(st, b, cf->keys[i], "postgres.key", "null in a "
		    "column of the key") != WEIR_OK)
			return WEIR_ERROR;
	if (cf->newer >= 0 && check_null(st, b, (uint32_t)cf->newer,
	    "postgres.newer", "null in the column that says which row is "
	    "newer") != WEIR_OK)
		return WEIR_ERROR;
	for (uint32_t i = 0; i < b->ncols; i++)
		if (check_column(st, b, i) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* A byte a row: an enum weir_op.  NULL where nothing can delete. */
static const uint8_t *
tag(struct weir_stage *st, const struct weir_batch *b)
{
	const struct write_config *cf = st->config;
	struct writer *wr = st->state;
	const struct weir_column *co;

	if (!cf->deletes)
		return NULL;
	for (uint32_t i = 0; i < b->nrows; i++)
		wr->tags[i] = b->ops != NULL ? b->ops[i] : WEIR_PUT;
	if (cf->gone == NULL)
		return wr->tags;
	co = weir_column_of(st, cf->gone);
	for (uint32_t i = 0; i < b->nrows; i++)
		if (weir_valid(co, i) && weir_bit(co->u.bits, i))
			wr->tags[i] = WEIR_DELETE;
	return wr->tags;
}

/* The batch without the rows that were rejected. */
static int
spool_rest(struct weir_stage *st, const struct weir_batch *b,
    const uint8_t *tags, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct writer *wr = st->state;
	struct weir_batch *rest;
	uint32_t n = 0;
	void *data = NULL;
	size_t len;
	int rc;

	for (uint32_t i = 0; i < b->nrows; i++) {
		if (weir_bit(wr->bad, i))
			continue;
		wr->rows[n] = i;
		if (tags != NULL)
			wr->tags[n] = tags[i];
		n++;
	}
	if (n == 0)
		return WEIR_OK;
	if (weir_batch_save(st->host, b, wr->rows, n, &data, &len) != 0)
		return pg_memory(st->host, err);
	rest = weir_batch_load(st, cf->in, data, len);
	st->host->free(data);
	if (rest == NULL)
		return pg_memory(st->host, err);
	rc = weir_spool(st, rest, tags, err);
	weir_batch_unref(st, rest);
	return rc;
}

int
pg_write_rows(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	struct writer *wr = st->state;
	const uint8_t *tags;
	uint64_t any = 0;

	if (check(st, b) != WEIR_OK)
		return pg_memory(st->host, err);
	tags = tag(st, b);
	for (uint32_t i = 0; i < WEIR_BITMAP_WORDS(b->nrows); i++)
		any |= wr->bad[i];
	return any == 0 ? weir_spool(st, b, tags, err) :
	    spool_rest(st, b, tags, err);
}
