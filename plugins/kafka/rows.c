/* SPDX-License-Identifier: MIT
 *
 * Messages into a batch.  Keys, values and headers point into the messages,
 * which the batch pins and destroys all at once when it goes.  Only columns
 * that someone reads are filled.
 */
#include "source.h"

/* What a batch holds on to. */
struct pin {
	struct client_ref *ref;
	uint32_t n;
	rd_kafka_message_t *m[];
};

void
kafka_ref_drop(struct client_ref *ref)
{
	const struct weir_host *host = ref->cl.host;

	if (--ref->refs > 0)
		return;
	kafka_client_fini(&ref->cl);
	host->free(ref);
}

static void
unpin(void *p)
{
	struct pin *pi = p;
	struct client_ref *ref = pi->ref;
	uint32_t n = pi->n;

	for (uint32_t i = 0; i < n; i++)
		rd_kafka_message_destroy(pi->m[i]);
	ref->cl.host->free(pi);
	kafka_ref_drop(ref);
}

/* Row i is null. */
static int
put_null(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    uint32_t n, uint32_t i)
{
	size_t size = WEIR_BITMAP_WORDS(n) * sizeof(uint64_t);

	if (co->valid == NULL) {
		co->valid = weir_batch_alloc(st, b, size);
		if (co->valid == NULL)
			return WEIR_ERROR;
		memset(co->valid, 0xff, size);
	}
	weir_bit_clear(co->valid, i);
	return WEIR_OK;
}

static int
put_values(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    rd_kafka_message_t *const *m, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i + 8 < n)
			__builtin_prefetch(m[i + 8]->payload);
		co->u.str[i] = weir_str_make(m[i]->payload, m[i]->len);
		if (m[i]->payload == NULL) {
			co->u.str[i] = weir_str_make("", 0);
			if (put_null(st, b, co, n, i) != WEIR_OK)
				return WEIR_ERROR;
		}
	}
	return WEIR_OK;
}

static int
put_keys(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    rd_kafka_message_t *const *m, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (m[i]->key != NULL) {
			co->u.str[i] = weir_str_make(m[i]->key, m[i]->key_len);
			continue;
		}
		co->u.str[i] = weir_str_make("", 0);
		if (put_null(st, b, co, n, i) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
put_topic(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    const char *topic, uint32_t n)
{
	size_t len = strlen(topic);
	char *copy = weir_batch_alloc(st, b, len + 1);
	struct weir_str s;

	if (copy == NULL)
		return WEIR_ERROR;
	memcpy(copy, topic, len + 1);
	s = weir_str_make(copy, len);
	for (uint32_t i = 0; i < n; i++)
		co->u.str[i] = s;
	return WEIR_OK;
}

static int
put_times(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    rd_kafka_message_t *const *m, uint32_t n)
{
	rd_kafka_timestamp_type_t how;
	int64_t ms;

	for (uint32_t i = 0; i < n; i++) {
		ms = rd_kafka_message_timestamp(m[i], &how);
		if (how == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ||
		    ms > INT64_MAX / 1000 || ms < INT64_MIN / 1000) {
			co->u.i64[i] = 0;
			if (put_null(st, b, co, n, i) != WEIR_OK)
				return WEIR_ERROR;
		} else
			co->u.i64[i] = ms * 1000;
	}
	return WEIR_OK;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool
utf8_ok(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + n;
	unsigned more, low;

	while (p < end) {
		if (*p < 0x80) {
			p++;
			continue;
		}
		if (*p < 0xc2 || *p > 0xf4)
			return false;
		more = *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
		low = *p == 0xe0 ? 0xa0 : *p == 0xf0 ? 0x90 : 0x80;
		if ((size_t)(end - p) <= more || p[1] < low ||
		    (*p == 0xed && p[1] > 0x9f) || (*p == 0xf4 && p[1] > 0x8f))
			return false;
		for (unsigned i = 1; i <= more; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		p += 1 + more;
	}
	return true;
}

/* A header's name as text: bytes that are not UTF-8 become '?'. */
static int
put_name(struct weir_stage *st, struct weir_batch *b, struct weir_str *to,
    const char *name)
{
	size_t n = strlen(name);
	char *copy;

	*to = weir_str_make(name, n);
	if (utf8_ok(name, n))
		return WEIR_OK;
	copy = weir_batch_alloc(st, b, n);
	if (copy == NULL)
		return WEIR_ERROR;
	for (size_t i = 0; i < n; i++)
		copy[i] = (unsigned char)name[i] < 0x80 ? name[i] : '?';
	*to = weir_str_make(copy, n);
	return WEIR_OK;
}

/* The headers of one message, from entry `at` on. */
static int
put_pairs(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    const rd_kafka_headers_t *h, uint32_t at, uint32_t all)
{
	const void *value;
	const char *name;
	size_t len;

	for (size_t k = 0; rd_kafka_header_get_all(h, k, &name, &value, &len) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR; k++, at++) {
		if (put_name(st, b, &co->child[0].u.str[at], name) != WEIR_OK)
			return WEIR_ERROR;
		co->child[1].u.str[at] = weir_str_make(value != NULL ? value :
		    "", value != NULL ? len : 0);
		if (value == NULL &&
		    put_null(st, b, &co->child[1], all, at) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
put_headers(struct weir_stage *st, struct weir_batch *b, struct weir_column *co,
    rd_kafka_message_t *const *m, uint32_t n)
{
	rd_kafka_headers_t *h;
	int32_t all = 0;

	for (uint32_t i = 0; i < n; i++) {
		co->offsets[i] = all;
		if (rd_kafka_message_headers(m[i], &h) ==
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			all += (int32_t)rd_kafka_header_cnt(h);
	}
	co->offsets[n] = all;
	for (int k = 0; k < 2; k++) {
		co->child[k].u.str = weir_batch_alloc(st, b,
		    ((size_t)all + 1) * sizeof(struct weir_str));
		if (co->child[k].u.str == NULL)
			return WEIR_ERROR;
	}
	for (uint32_t i = 0; all > 0 && i < n; i++)
		if (co->offsets[i + 1] > co->offsets[i] &&
		    rd_kafka_message_headers(m[i], &h) ==
		    RD_KAFKA_RESP_ERR_NO_ERROR &&
		    put_pairs(st, b, co, h, (uint32_t)co->offsets[i],
		    (uint32_t)all) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* Offsets, payload bytes, partition. */
static int
put_origin(struct weir_stage *st, struct weir_batch *b, struct part *pt,
    rd_kafka_message_t *const *m, uint32_t n)
{
	int64_t *at = weir_wanted(st, 0, COL_OFFSET) ?
	    b->cols[COL_OFFSET].u.i64 :
	    weir_batch_alloc(st, b, n * sizeof(*at));

	if (at == NULL)
		return WEIR_ERROR;
	b->bytes = 0;
	for (uint32_t i = 0; i < n; i++) {
		at[i] = m[i]->offset;
		b->bytes += m[i]->len + m[i]->key_len;
	}
	b->positions = at;
	b->partition = pt->no;
	if (weir_wanted(st, 0, COL_PARTITION))
		for (uint32_t i = 0; i < n; i++)
			b->cols[COL_PARTITION].u.i32[i] = pt->no;
	return WEIR_OK;
}

static int
fill(struct weir_stage *st, struct source *so, struct weir_batch *b,
    struct part *pt, rd_kafka_message_t *const *m, uint32_t n)
{
	struct weir_column *co = b->cols;

	if (put_origin(st, b, pt, m, n) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_wanted(st, 0, COL_VALUE) &&
	    put_values(st, b, &co[COL_VALUE], m, n) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_wanted(st, 0, COL_KEY) &&
	    put_keys(st, b, &co[COL_KEY], m, n) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_wanted(st, 0, COL_TOPIC) &&
	    put_topic(st, b, &co[COL_TOPIC], so->cl->topic, n) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_wanted(st, 0, COL_TIMESTAMP) &&
	    put_times(st, b, &co[COL_TIMESTAMP], m, n) != WEIR_OK)
		return WEIR_ERROR;
	if (weir_wanted(st, 0, COL_HEADERS) &&
	    put_headers(st, b, &co[COL_HEADERS], m, n) != WEIR_OK)
		return WEIR_ERROR;
	b->nrows = n;
	return WEIR_OK;
}

struct weir_batch *
kafka_rows(struct weir_stage *st, struct source *so, struct part *pt,
    uint32_t n)
{
	struct weir_batch *b;
	struct pin *pi;

	pi = st->host->alloc(sizeof(*pi) + n * sizeof(pi->m[0]));
	if (pi == NULL)
		return NULL;
	b = weir_batch_new(st, 0, n);
	if (b == NULL || weir_batch_pin(st, b, pi, unpin) != WEIR_OK) {
		st->host->free(pi);
		if (b != NULL)
			weir_batch_unref(st, b);
		return NULL;
	}
	pi->ref = so->ref;
	pi->ref->refs++;
	pi->n = n;
	memcpy(pi->m, pt->held, n * sizeof(pi->m[0]));
	pt->nheld -= n;
	so->held -= n;
	memmove(pt->held, pt->held + n, pt->nheld * sizeof(pt->held[0]));
	if (fill(st, so, b, pt, pi->m, n) != WEIR_OK) {
		weir_batch_unref(st, b);
		return NULL;
	}
	return b;
}
