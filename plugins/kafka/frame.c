/* SPDX-License-Identifier: MIT
 *
 * Records as bytes for the engine's spool, and back.
 *
 *	frame   version, flags, 0, 0; number of records; records
 *	record  length of the key, of the value; [partition, time stamp, number
 *	        of headers, headers: lengths, name, value;] key, value
 *
 * Numbers are those of the machine, 4 bytes each, the time stamp 8; a length of
 * all ones is a null.  What is in [] is there when the frame's flag says so.
 */
#include "once.h"

enum { FRAME_VERSION = 1, FRAME_EXTRA = 1, HEAD = 8 };

#define NONE UINT32_MAX

static int
room(const struct weir_host *host, struct frame *fr, size_t n)
{
	size_t want = fr->len + n, size = fr->room < 4096 ? 4096 : fr->room;
	char *p;

	if (want <= fr->room)
		return WEIR_OK;
	while (size < want)
		size *= 2;
	p = host->realloc(fr->p, size);
	if (p == NULL)
		return WEIR_ERROR;
	fr->p = p;
	fr->room = size;
	return WEIR_OK;
}

/* There is room. */
static void
put(struct frame *fr, const void *p, size_t n)
{
	if (n > 0)
		memcpy(fr->p + fr->len, p, n);
	fr->len += n;
}

static void
put_u32(struct frame *fr, uint32_t v)
{
	put(fr, &v, sizeof(v));
}

static uint32_t
length(const void *p, size_t n)
{
	return p == NULL ? NONE : (uint32_t)n;
}

static int
put_headers(const struct weir_host *host, struct frame *fr,
    const rd_kafka_headers_t *h)
{
	const char *name;
	const void *value;
	size_t n, len;

	put_u32(fr, h == NULL ? 0 : (uint32_t)rd_kafka_header_cnt(h));
	for (size_t k = 0; h != NULL && rd_kafka_header_get_all(h, k, &name,
	    &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR; k++) {
		n = strlen(name);
		if (room(host, fr, 8 + n + len) != WEIR_OK)
			return WEIR_ERROR;
		put_u32(fr, (uint32_t)n);
		put_u32(fr, length(value, len));
		put(fr, name, n);
		put(fr, value, value != NULL ? len : 0);
	}
	return WEIR_OK;
}

int
kafka_frame_add(const struct weir_host *host, struct frame *fr,
    const struct record *re, bool extra)
{
	const unsigned char head[4] = { FRAME_VERSION,
		extra ? FRAME_EXTRA : 0 };

	if (room(host, fr, HEAD + 8 + 16 + re->key_len + re->len) != WEIR_OK)
		return WEIR_ERROR;
	if (fr->rows == 0) {
		put(fr, head, sizeof(head));
		put_u32(fr, 0);
	}
	put_u32(fr, length(re->key, re->key_len));
	put_u32(fr, length(re->value, re->len));
	if (extra) {
		put(fr, &re->partition, sizeof(re->partition));
		put(fr, &re->stamp, sizeof(re->stamp));
		if (put_headers(host, fr, re->headers) != WEIR_OK ||
		    room(host, fr, re->key_len + re->len) != WEIR_OK)
			return WEIR_ERROR;
	}
	put(fr, re->key, re->key_len);
	put(fr, re->value, re->len);
	fr->rows++;
	memcpy(fr->p + 4, &fr->rows, sizeof(fr->rows));
	return WEIR_OK;
}

void
kafka_frame_empty(struct frame *fr)
{
	fr->len = 0;
	fr->rows = 0;
}

/* ---- and back: everything is checked against the frame's end */

static bool
get(struct frame_view *fv, void *to, size_t n)
{
	if ((size_t)(fv->end - fv->p) < n)
		return false;
	memcpy(to, fv->p, n);
	fv->p += n;
	return true;
}

/* Bytes in place; NULL for a null. */
static bool
get_bytes(struct frame_view *fv, uint32_t len, const void **p, size_t *n)
{
	*p = NULL;
	*n = 0;
	if (len == NONE)
		return true;
	if ((size_t)(fv->end - fv->p) < len)
		return false;
	*p = fv->p;
	*n = len;
	fv->p += len;
	return true;
}

bool
kafka_frame_view(struct frame_view *fv, const void *p, size_t n)
{
	unsigned char head[4];

	*fv = (struct frame_view){ .p = p, .end = (const char *)p + n };
	if (!get(fv, head, sizeof(head)) || !get(fv, &fv->rows,
	    sizeof(fv->rows)) || head[0] != FRAME_VERSION)
		return false;
	fv->extra = (head[1] & FRAME_EXTRA) != 0;
	return true;
}

static bool
get_headers(struct frame_view *fv, struct record *re)
{
	uint32_t n, len[2];
	const void *name, *value;
	size_t nname, nvalue;

	if (!get(fv, &n, sizeof(n)))
		return false;
	if (n == 0)
		return true;
	re->headers = rd_kafka_headers_new(n < 64 ? n : 64);
	for (; n > 0; n--)
		if (!get(fv, len, sizeof(len)) || len[0] == NONE ||
		    !get_bytes(fv, len[0], &name, &nname) ||
		    !get_bytes(fv, len[1], &value, &nvalue) ||
		    rd_kafka_header_add(re->headers, name, (ssize_t)nname,
		    value, (ssize_t)nvalue) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return false;
	return true;
}

bool
kafka_frame_next(struct frame_view *fv, struct record *re)
{
	uint32_t len[2];

	*re = (struct record){ .partition = RD_KAFKA_PARTITION_UA };
	if (get(fv, len, sizeof(len)) && (!fv->extra ||
	    (get(fv, &re->partition, sizeof(re->partition)) &&
	    get(fv, &re->stamp, sizeof(re->stamp)) && get_headers(fv, re))) &&
	    get_bytes(fv, len[0], &re->key, &re->key_len) &&
	    get_bytes(fv, len[1], &re->value, &re->len))
		return true;
	if (re->headers != NULL)
		rd_kafka_headers_destroy(re->headers);
	re->headers = NULL;
	return false;
}
