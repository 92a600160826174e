/* SPDX-License-Identifier: MIT
 *
 * Writing thrift's compact protocol.
 */
#include "thrift.h"

static void
put_varint(struct pq_put *pt, uint64_t v)
{
	uint8_t *to = pq_bytes_room(pt->to, 10);

	if (to != NULL)
		pt->to->len += pq_varint(to, v);
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void
put_field(struct pq_put *pt, int id, enum pq_ttype type)
{
	int delta = id - pt->last[pt->depth];

	if (delta > 0 && delta < 16)
		pq_bytes_byte(pt->to, (uint8_t)(delta << 4 | type));
	else {
		pq_bytes_byte(pt->to, (uint8_t)type);
		put_varint(pt, zigzag(id));
	}
	pt->last[pt->depth] = (int16_t)id;
}

void
pq_put_begin(struct pq_put *pt, struct pq_bytes *to)
{
	memset(pt, 0, sizeof *pt);
	pt->to = to;
}

void
pq_put_bool(struct pq_put *pt, int id, bool v)
{
	put_field(pt, id, v ? PQ_T_TRUE : PQ_T_FALSE);
}

void
pq_put_i8(struct pq_put *pt, int id, int8_t v)
{
	put_field(pt, id, PQ_T_BYTE);
	pq_bytes_byte(pt->to, (uint8_t)v);
}

void
pq_put_i16(struct pq_put *pt, int id, int16_t v)
{
	put_field(pt, id, PQ_T_I16);
	put_varint(pt, zigzag(v));
}

void
pq_put_i32(struct pq_put *pt, int id, int32_t v)
{
	put_field(pt, id, PQ_T_I32);
	put_varint(pt, zigzag(v));
}

void
pq_put_i64(struct pq_put *pt, int id, int64_t v)
{
	put_field(pt, id, PQ_T_I64);
	put_varint(pt, zigzag(v));
}

void
pq_put_bin(struct pq_put *pt, int id, const void *p, size_t n)
{
	put_field(pt, id, PQ_T_BINARY);
	pq_put_elem_bin(pt, p, n);
}

void
pq_put_text(struct pq_put *pt, int id, const char *s)
{
	pq_put_bin(pt, id, s, strlen(s));
}

void
pq_put_struct(struct pq_put *pt, int id)
{
	put_field(pt, id, PQ_T_STRUCT);
	pq_put_elem(pt);
}

void
pq_put_list(struct pq_put *pt, int id, enum pq_ttype of, size_t n)
{
	put_field(pt, id, PQ_T_LIST);
	if (n < 15) {
		pq_bytes_byte(pt->to, (uint8_t)(n << 4 | of));
		return;
	}
	pq_bytes_byte(pt->to, (uint8_t)(0xf0 | of));
	put_varint(pt, n);
}

void
pq_put_elem(struct pq_put *pt)
{
	pt->last[++pt->depth] = 0;
}

void
pq_put_elem_i32(struct pq_put *pt, int32_t v)
{
	put_varint(pt, zigzag(v));
}

void
pq_put_elem_i64(struct pq_put *pt, int64_t v)
{
	put_varint(pt, zigzag(v));
}

void
pq_put_elem_bin(struct pq_put *pt, const void *p, size_t n)
{
	put_varint(pt, n);
	pq_bytes_add(pt->to, p, n);
}

void
pq_put_elem_bool(struct pq_put *pt, bool v)
{
	pq_bytes_byte(pt->to, v ? PQ_T_TRUE : PQ_T_FALSE);
}

void
pq_put_end(struct pq_put *pt)
{
	pq_bytes_byte(pt->to, PQ_T_STOP);
	pt->depth--;
}
