/* SPDX-License-Identifier: MIT
 *
 * Reading thrift's compact protocol from bytes that may be anything.
 */
#include "thrift.h"

/* All that follows is nothing. */
static void
get_bad(struct pq_get *ge)
{
	ge->bad = true;
	ge->p = ge->end;
	ge->type = PQ_T_STOP;
}

static uint64_t
get_varint(struct pq_get *ge)
{
	uint64_t v = 0;
	unsigned shift;

	for (shift = 0; shift < 64 && ge->p < ge->end; shift += 7) {
		uint8_t c = *ge->p++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
	get_bad(ge);
	return 0;
}

static int64_t
get_zigzag(struct pq_get *ge)
{
	uint64_t v = get_varint(ge);

	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

void
pq_get_begin(struct pq_get *ge, const void *p, size_t n)
{
	memset(ge, 0, sizeof *ge);
	ge->p = p;
	ge->end = ge->p + n;
}

int
pq_get_field(struct pq_get *ge)
{
	uint8_t c;
	int64_t id;

	if (ge->bad || ge->p >= ge->end) {
		get_bad(ge);
		return 0;
	}
	c = *ge->p++;
	ge->type = c & 15;
	if (ge->type == PQ_T_STOP) {
		if (ge->depth > 0)
			ge->depth--;
		return 0;
	}
	id = c >> 4 != 0 ? ge->last[ge->depth] + (c >> 4) : get_zigzag(ge);
	if (ge->bad || ge->type > PQ_T_UUID || id <= 0 || id > INT16_MAX) {
		get_bad(ge);
		return 0;
	}
	ge->last[ge->depth] = (int16_t)id;
	return (int)id;
}

bool
pq_get_bool(struct pq_get *ge)
{
	if (ge->type != PQ_T_TRUE && ge->type != PQ_T_FALSE) {
		get_bad(ge);
		return false;
	}
	return ge->type == PQ_T_TRUE;
}

int64_t
pq_get_int(struct pq_get *ge)
{
	switch (ge->type) {
	case PQ_T_BYTE:
		if (ge->p < ge->end)
			return (int8_t)*ge->p++;
		break;
	case PQ_T_I16:
	case PQ_T_I32:
	case PQ_T_I64:
		return get_zigzag(ge);
	default:
		break;
	}
	get_bad(ge);
	return 0;
}

const uint8_t *
pq_get_bin(struct pq_get *ge, size_t *n)
{
	const uint8_t *p;
	uint64_t len;

	*n = 0;
	if (ge->type != PQ_T_BINARY) {
		get_bad(ge);
		return ge->p;
	}
	len = get_varint(ge);
	if (len > (uint64_t)(ge->end - ge->p)) {
		get_bad(ge);
		return ge->p;
	}
	p = ge->p;
	ge->p += len;
	*n = (size_t)len;
	return p;
}

void
pq_get_struct(struct pq_get *ge)
{
	if (ge->type != PQ_T_STRUCT || ge->depth + 1 >= PQ_THRIFT_DEPTH) {
		get_bad(ge);
		return;
	}
	ge->last[++ge->depth] = 0;
}

size_t
pq_get_list(struct pq_get *ge)
{
	uint64_t n;
	uint8_t c;

	if ((ge->type != PQ_T_LIST && ge->type != PQ_T_SET) ||
	    ge->p >= ge->end) {
		get_bad(ge);
		return 0;
	}
	c = *ge->p++;
	ge->type = c & 15;
	n = c >> 4;
	if (n == 15)
		n = get_varint(ge);
	/* every element takes a byte at least */
	if (ge->type == PQ_T_STOP || ge->type > PQ_T_UUID ||
	    n > (uint64_t)(ge->end - ge->p)) {
		get_bad(ge);
		return 0;
	}
	return (size_t)n;
}

static void
skip_bytes(struct pq_get *ge, uint64_t n)
{
	if (n > (uint64_t)(ge->end - ge->p))
		get_bad(ge);
	else
		ge->p += n;
}

static void skip_elems(struct pq_get *ge, enum pq_ttype of, uint64_t n);

static void
skip_map(struct pq_get *ge)
{
	uint64_t n = get_varint(ge);
	enum pq_ttype k, v;
	uint64_t i;

	if (n == 0 || ge->bad)
		return;
	if (n > (uint64_t)(ge->end - ge->p)) {
		get_bad(ge);
		return;
	}
	k = *ge->p >> 4;
	v = *ge->p++ & 15;
	for (i = 0; i < n && !ge->bad; i++) {
		skip_elems(ge, k, 1);
		skip_elems(ge, v, 1);
	}
}

/* The value of the field just met, whatever it is. */
void
pq_get_skip(struct pq_get *ge)
{
	enum pq_ttype of;
	size_t n;

	switch (ge->type) {
	case PQ_T_TRUE:
	case PQ_T_FALSE:
		return;
	case PQ_T_BYTE:
		skip_bytes(ge, 1);
		return;
	case PQ_T_I16:
	case PQ_T_I32:
	case PQ_T_I64:
		get_varint(ge);
		return;
	case PQ_T_DOUBLE:
		skip_bytes(ge, 8);
		return;
	case PQ_T_UUID:
		skip_bytes(ge, 16);
		return;
	case PQ_T_BINARY:
		(void)pq_get_bin(ge, &n);
		return;
	case PQ_T_LIST:
	case PQ_T_SET:
		n = pq_get_list(ge);
		of = ge->type;
		skip_elems(ge, of, n);
		return;
	case PQ_T_MAP:
		skip_map(ge);
		return;
	case PQ_T_STRUCT:
		pq_get_struct(ge);
		while (pq_get_field(ge) != 0)
			pq_get_skip(ge);
		return;
	default:
		get_bad(ge);
	}
}

/* Elements of a list: bools there are a byte each. */
static void
skip_elems(struct pq_get *ge, enum pq_ttype of, uint64_t n)
{
	uint64_t i;

	if (of == PQ_T_TRUE || of == PQ_T_FALSE) {
		skip_bytes(ge, n);
		return;
	}
	if (of == PQ_T_LIST || of == PQ_T_SET || of == PQ_T_MAP) {
		/* nested containers do not occur in Parquet's metadata */
		if (n != 0)
			get_bad(ge);
		return;
	}
	for (i = 0; i < n && !ge->bad; i++) {
		ge->type = of;
		pq_get_skip(ge);
	}
}
