/* SPDX-License-Identifier: MIT
 *
 * Rows into binary COPY; see encode.h.
 */
#include "encode.h"

enum { FIXED = 4 + PG_NUMERIC_MAX }; /* a field's length, and most values */

static const char head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

void
pg_encode_begin(struct pg_encoder *en)
{
	pg_buf_clear(&en->bf);
	pg_buf_add(&en->bf, head, sizeof(head));
}

void
pg_encode_end(struct pg_encoder *en)
{
	pg_buf_add(&en->bf, "\377\377", 2);
}

static bool
bad_value(struct pg_encoder *en, const struct pg_col *pc, const char *why)
{
	en->bad = true;
	snprintf(en->bad_code, sizeof(en->bad_code), "postgres.value");
	snprintf(en->bad_text, sizeof(en->bad_text), "column '%s': %s",
	    pc->name, why);
	return false;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 32 hexadecimal digits, hyphens between any of them, braces around. */
static bool
put_uuid(struct pg_encoder *en, const struct pg_col *pc,
    const struct weir_str *s)
{
	const char *p = weir_str_data(s), *end = p + s->len;
	uint8_t out[16] = { 0 };
	int n = 0;

	if (s->len >= 2 && *p == '{' && end[-1] == '}') {
		p++;
		end--;
	}
	for (; p < end; p++) {
		if (*p == '-' && n > 0)
			continue;
		if (hex(*p) < 0 || n == 32)
			return bad_value(en, pc, "not a uuid");
		out[n / 2] |= (uint8_t)(hex(*p) << (n % 2 == 0 ? 4 : 0));
		n++;
	}
	if (n != 32)
		return bad_value(en, pc, "not a uuid");
	pg_put32(en->bf.p + en->bf.len, 16);
	memcpy(en->bf.p + en->bf.len + 4, out, 16);
	en->bf.len += 20;
	return true;
}

/* Texts of a few more bytes than fit inline are the most: no call for these. */
static inline void
put_long(char *to, const char *from, size_t n)
{
	if (n > 32) {
		memcpy(to, from, n);
	} else if (n >= 16) {
		memcpy(to, from, 16);
		memcpy(to + n - 16, from + n - 16, 16);
	} else {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	}
}

/* Length, `lead` bytes, and the bytes; room for what follows stays. */
static inline bool
put_bytes(struct pg_encoder *en, const struct weir_str *s, bool jsonb)
{
	struct pg_buf *bf = &en->bf;
	size_t n = s->len + (jsonb ? 1 : 0);

	if (n > bf->cap - bf->len - FIXED && !pg_buf_room(bf, n + FIXED))
		return false;
	pg_put32(bf->p + bf->len, (uint32_t)n);
	bf->len += 4;
	if (jsonb)
		bf->p[bf->len++] = 1; /* jsonb's version */
	if (s->len <= WEIR_STR_SMALL)
		memcpy(bf->p + bf->len, s->u.small, WEIR_STR_SMALL);
	else
		put_long(bf->p + bf->len, s->u.big.ptr, s->len);
	bf->len += s->len;
	return true;
}

/* Any value as JSON text. */
static bool
put_json(struct pg_encoder *en, const struct pg_col *pc,
    const struct weir_type *ty, const struct weir_column *co, uint32_t row,
    bool jsonb)
{
	struct pg_buf *bf = &en->bf;
	size_t at = bf->len, need = 256, n;

	(void)pc;
	for (;;) {
		if (!pg_buf_room(bf, need + 5 + FIXED))
			return false;
		n = 0;
		if (en->host->json_text(ty, co, row, bf->p + at + 4 + jsonb,
		    need, &n) != WEIR_OK && n <= need)
			return false;
		if (n <= need)
			break;
		need = n;
	}
	pg_put32(bf->p + at, (uint32_t)(n + jsonb));
	if (jsonb)
		bf->p[at + 4] = 1;
	bf->len = at + 4 + jsonb + n;
	return true;
}

static bool put_array(struct pg_encoder *en, const struct pg_col *pc,
    const struct weir_column *co, uint32_t row);

static void
put_interval(char *p, int64_t us)
{
	pg_put32(p, 16);
	pg_put64(p + 4, (uint64_t)us);
	memset(p + 12, 0, 8); /* days, months */
}

/* A value of a type of fixed size, and its length before it; how many bytes, 0
 * for what is not so simple. */
static inline size_t
put_simple(char *p, enum pg_put put, const struct weir_type *ty,
    const struct weir_column *co, uint32_t i)
{
	size_t n;

	switch (put) {
	case PG_PUT_BOOL:
		pg_put32(p, 1);
		p[4] = weir_bit(co->u.bits, i);
		return 5;
	case PG_PUT_I32:
	case PG_PUT_F32:
		pg_put32(p, 4);
		pg_put32(p + 4, (uint32_t)co->u.i32[i]);
		return 8;
	case PG_PUT_I64:
	case PG_PUT_F64:
		pg_put32(p, 8);
		pg_put64(p + 4, (uint64_t)co->u.i64[i]);
		return 12;
	case PG_PUT_DECIMAL:
		n = pg_numeric_put64(p + 4, co->u.i64[i], ty->scale);
		pg_put32(p, (uint32_t)n);
		return 4 + n;
	case PG_PUT_TIME:
		if (co->u.i64[i] < PG_TIME_MIN)
			return 0;
		pg_put32(p, 8);
		pg_put64(p + 4, (uint64_t)(co->u.i64[i] - PG_EPOCH_US));
		return 12;
	case PG_PUT_DATE:
		if (co->u.i32[i] < PG_DATE_MIN || co->u.i32[i] >= PG_DATE_END)
			return 0;
		pg_put32(p, 4);
		pg_put32(p + 4, (uint32_t)(co->u.i32[i] - PG_EPOCH_DAYS));
		return 8;
	default:
		return 0;
	}
}

/* One value that is not null; FIXED bytes are there. */
static bool
put_value(struct pg_encoder *en, const struct pg_col *pc, enum pg_put put,
    const struct weir_type *ty, const struct weir_column *co, uint32_t i)
{
	char *p = en->bf.p + en->bf.len;
	size_t n = put_simple(p, put, ty, co, i);
	double f;

	en->bf.len += n;
	if (n != 0)
		return true;
	switch (put) {
	case PG_PUT_I32_I64:
		pg_put32(p, 8);
		pg_put64(p + 4, (uint64_t)(int64_t)co->u.i32[i]);
		en->bf.len += 12;
		return true;
	case PG_PUT_F32_F64:
		f = co->u.f32[i];
		pg_put32(p, 8);
		memcpy(&p[4], &f, 8);
		pg_put64(p + 4, __builtin_bswap64(pg_get64(p + 4)));
		en->bf.len += 12;
		return true;
	case PG_PUT_I32_NUMERIC:
		n = pg_numeric_put64(p + 4, co->u.i32[i], 0);
		break;
	case PG_PUT_I64_NUMERIC:
		n = co->u.i64[i] >= 1000000000000000000 ||
		    co->u.i64[i] <= -1000000000000000000 ?
		    pg_numeric_put(p + 4, co->u.i64[i], 0) :
		    pg_numeric_put64(p + 4, co->u.i64[i], 0);
		break;
	case PG_PUT_DECIMAL_WIDE:
		n = pg_numeric_put(p + 4, co->u.i128[i], ty->scale);
		break;
	case PG_PUT_TEXT:
		return put_bytes(en, &co->u.str[i], false);
	case PG_PUT_JSONB:
		return put_bytes(en, &co->u.str[i], true);
	case PG_PUT_TIME:
	case PG_PUT_DATE:
		return bad_value(en, pc, "outside the times that the server "
		    "knows");
	case PG_PUT_INTERVAL:
		put_interval(p, co->u.i64[i]);
		en->bf.len += 20;
		return true;
	case PG_PUT_UUID:
		return put_uuid(en, pc, &co->u.str[i]);
	case PG_PUT_ARRAY:
		return put_array(en, pc, co, i);
	case PG_PUT_AS_JSON:
		return put_json(en, pc, ty, co, i, false);
	case PG_PUT_AS_JSONB:
		return put_json(en, pc, ty, co, i, true);
	default:
		return bad_value(en, pc, "no way into the table");
	}
	pg_put32(p, (uint32_t)n);
	en->bf.len += 4 + n;
	return true;
}

/* array_recv in src/backend/utils/adt/arrayfuncs.c: dimensions, whether there
 * are nulls, the elements' type; each dimension's size and lower bound. */
static bool
put_array(struct pg_encoder *en, const struct pg_col *pc,
    const struct weir_column *co, uint32_t row)
{
	const struct weir_column *child = &co->child[0];
	const struct weir_type *ty = pc->type->fields[0].type;
	int32_t from = co->offsets[row], to = co->offsets[row + 1];
	struct pg_buf *bf = &en->bf;
	size_t at = bf->len;
	bool nulls = false;

	if (!pg_buf_room(bf, 24 + FIXED))
		return false;
	bf->len += from == to ? 16 : 24;
	for (int32_t i = from; i < to; i++) {
		if (!pg_buf_room(bf, FIXED))
			return false;
		if (!weir_valid(child, (size_t)i)) {
			nulls = true;
			pg_put32(bf->p + bf->len, UINT32_MAX);
			bf->len += 4;
		} else if (!put_value(en, pc, pc->item, ty, child,
		    (uint32_t)i))
			return false;
	}
	pg_put32(bf->p + at, (uint32_t)(bf->len - at - 4));
	pg_put32(bf->p + at + 4, from == to ? 0 : 1);
	pg_put32(bf->p + at + 8, nulls);
	pg_put32(bf->p + at + 12, pc->item_oid);
	if (from != to) {
		pg_put32(bf->p + at + 16, (uint32_t)(to - from));
		pg_put32(bf->p + at + 20, 1);
	}
	return pg_buf_room(bf, FIXED);
}

/* A text behind its length at p; where there is no room for it and one value
 * more, 0. */
static inline size_t
put_text(char *p, const char *end, const struct weir_str *s)
{
	if ((size_t)(end - p) < (size_t)s->len + 2 * FIXED)
		return 0;
	pg_put32(p, s->len);
	if (s->len <= WEIR_STR_SMALL)
		memcpy(p + 4, s->u.small, WEIR_STR_SMALL);
	else
		put_long(p + 4, s->u.big.ptr, s->len);
	return 4 + (size_t)s->len;
}

static char *
put_tail(struct pg_encoder *en, char *p, bool gone)
{
	pg_put32(p, 8);
	pg_put64(p + 4, (uint64_t)en->seq++);
	pg_put32(p + 12, 1);
	p[16] = gone;
	return p + 17;
}

/* p is where the next value goes, FIXED bytes at least before the end; what is
 * not simple is put by others, into the buffer. */
static bool
put_row(struct pg_encoder *en, const struct weir_batch *b, const uint8_t *tags,
    uint32_t row)
{
	const size_t room = (size_t)FIXED * (en->ncols + 1);
	struct pg_buf *bf = &en->bf;
	const char *end;
	size_t n;
	char *p;

	if (!pg_buf_room(bf, room))
		return false;
	p = bf->p + bf->len;
	end = bf->p + bf->cap;
	pg_put16(p, en->ncols + (en->merge ? 2 : 0));
	p += 2;
	for (uint32_t c = 0; c < en->ncols; c++) {
		const struct pg_col *pc = &en->cols[c];
		const struct weir_column *co = &b->cols[c];

		if (!weir_present(co) || !weir_valid(co, row)) {
			pg_put32(p, UINT32_MAX);
			p += 4;
			n = 4;
		} else {
			n = pc->put == PG_PUT_TEXT ?
			    put_text(p, end, &co->u.str[row]) :
			    put_simple(p, pc->put, pc->type, co, row);
			p += n;
		}
		if (n != 0 && (size_t)(end - p) >= FIXED)
			continue;
		bf->len = (size_t)(p - bf->p);
		if (n == 0 && !put_value(en, pc, pc->put, pc->type, co, row))
			return false;
		/* Texts leave room for one value only. */
		if (bf->cap - bf->len < FIXED && !pg_buf_room(bf, room))
			return false;
		p = bf->p + bf->len;
		end = bf->p + bf->cap;
	}
	if (en->merge)
		p = put_tail(en, p, tags != NULL && tags[row] == WEIR_DELETE);
	bf->len = (size_t)(p - bf->p);
	return true;
}

int
pg_encode_rows(struct pg_encoder *en, const struct weir_batch *b,
    const uint8_t *tags, const uint64_t *skip, uint32_t *from, uint32_t to)
{
	size_t at;

	en->bad = false;
	for (; *from < to; (*from)++) {
		if (skip != NULL && weir_bit(skip, *from))
			continue;
		at = en->bf.len;
		if (put_row(en, b, tags, *from))
			continue;
		if (!en->bad)
			return WEIR_ERROR;
		en->bf.len = at;
		en->bad_row = (*from)++;
		return WEIR_OK;
	}
	return en->bf.failed ? WEIR_ERROR : WEIR_OK;
}
