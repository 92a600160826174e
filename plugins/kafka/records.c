/* SPDX-License-Identifier: MIT
 *
 * Rows of a batch as Kafka records: keys, values, partitions, time stamps and
 * headers.
 */
#include <stdio.h>

#include "sink.h"

static int
memory(struct weir_stage *st, struct weir_err *err)
{
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

/* An integer key as its decimal text, in memory of the batch. */
static int
put_number(struct weir_stage *st, struct weir_batch *b, int64_t v,
    rd_kafka_message_t *m)
{
	char text[24], *copy;
	int n = snprintf(text, sizeof(text), "%lld", (long long)v);

	copy = weir_batch_alloc(st, b, (size_t)n);
	if (copy == NULL)
		return WEIR_ERROR;
	memcpy(copy, text, (size_t)n);
	m->key = copy;
	m->key_len = (size_t)n;
	return WEIR_OK;
}

static int
put_keys(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	const struct weir_column *co = weir_column_of(st, cf->key);
	const struct weir_type *ty = st->host->expr_type(cf->key);

	for (uint32_t i = 0; i < b->nrows; i++) {
		if (!weir_valid(co, i))
			continue;
		if (ty->kind == WEIR_INT32 || ty->kind == WEIR_INT64) {
			if (put_number(st, b, ty->kind == WEIR_INT32 ?
			    co->u.i32[i] : co->u.i64[i], &si->m[i]) != WEIR_OK)
				return memory(st, err);
			continue;
		}
		si->m[i].key = (void *)(uintptr_t)weir_str_data(&co->u.str[i]);
		si->m[i].key_len = co->u.str[i].len;
	}
	return WEIR_OK;
}

/* A null value, and the row that deletes a key, is a record without value. */
static void
put_values(struct weir_stage *st, const struct weir_batch *b)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	const struct weir_column *co = cf->value != NULL ?
	    weir_column_of(st, cf->value) : &b->cols[cf->value_col];

	for (uint32_t i = 0; i < b->nrows; i++) {
		if (!weir_valid(co, i) ||
		    (b->ops != NULL && b->ops[i] == WEIR_DELETE))
			continue;
		si->m[i].payload =
		    (void *)(uintptr_t)weir_str_data(&co->u.str[i]);
		si->m[i].len = co->u.str[i].len;
	}
}

static int
put_partitions(struct weir_stage *st, const struct weir_batch *b)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;
	const struct weir_column *co = weir_column_of(st, cf->partition);
	static const struct weir_reason why = { .code = "kafka.partition",
		.text = "a partition's number is from 0 to 2147483647",
		.position = -1 };

	for (uint32_t i = 0; i < b->nrows; i++) {
		int64_t no = co->u.i64[i];

		if (!weir_valid(co, i))
			continue;
		si->m[i].partition = (int32_t)no;
		if (no >= 0 && no <= INT32_MAX)
			continue;
		si->m[i].err = RD_KAFKA_RESP_ERR__INVALID_ARG;
		if (weir_reject(st, b, i, &why) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

int
kafka_records(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	struct sink *si = st->state;

	for (uint32_t i = 0; i < b->nrows; i++) {
		struct rd_kafka_message_s *m = &si->m[i];

		m->err = RD_KAFKA_RESP_ERR_NO_ERROR;
		m->partition = RD_KAFKA_PARTITION_UA;
		m->payload = m->key = NULL;
		m->len = m->key_len = 0;
		m->_private = si->now;
	}
	put_values(st, b);
	if (cf->key != NULL && put_keys(st, b, err) != WEIR_OK)
		return WEIR_ERROR;
	if (cf->partition != NULL && put_partitions(st, b) != WEIR_OK)
		return memory(st, err);
	return WEIR_OK;
}

static int
add(rd_kafka_headers_t *h, const struct weir_str *name,
    const struct weir_str *value)
{
	return rd_kafka_header_add(h, weir_str_data(name), (ssize_t)name->len,
	    value != NULL ? weir_str_data(value) : NULL,
	    value != NULL ? (ssize_t)value->len : 0) ==
	    RD_KAFKA_RESP_ERR_NO_ERROR ? WEIR_OK : WEIR_ERROR;
}

/* The row's map, then what is added. */
static int
put_headers(struct weir_stage *st, uint32_t row, rd_kafka_headers_t *h)
{
	const struct write_config *cf = st->config;
	const struct weir_named *na = cf->add_headers.items;
	const struct weir_column *co;

	co = cf->headers != NULL ? weir_column_of(st, cf->headers) : NULL;
	if (co != NULL && weir_valid(co, row))
		for (int32_t k = co->offsets[row]; k < co->offsets[row + 1];
		    k++)
			if (add(h, &co->child[0].u.str[k],
			    weir_valid(&co->child[1], (size_t)k) ?
			    &co->child[1].u.str[k] : NULL) != WEIR_OK)
				return WEIR_ERROR;
	for (size_t i = 0; i < cf->add_headers.n; i++) {
		struct weir_str name = weir_str_make(na[i].name,
		    strlen(na[i].name));

		co = weir_column_of(st, na[i].expr);
		if (add(h, &name, weir_valid(co, row) ? &co->u.str[row] :
		    NULL) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

/* Milliseconds, rounded down. */
static int64_t
to_ms(int64_t us)
{
	return us / 1000 - (us % 1000 < 0);
}

int
kafka_record_extra(struct weir_stage *st, const struct weir_batch *b,
    uint32_t row, struct record *re, struct weir_err *err)
{
	const struct write_config *cf = st->config;
	const struct weir_column *co;

	(void)b;
	re->stamp = 0;
	re->headers = NULL;
	if (cf->timestamp != NULL) {
		co = weir_column_of(st, cf->timestamp);
		if (weir_valid(co, row))
			re->stamp = to_ms(co->u.i64[row]);
	}
	if (cf->headers == NULL && cf->add_headers.n == 0)
		return WEIR_OK;
	re->headers = rd_kafka_headers_new(4 + cf->add_headers.n);
	if (re->headers == NULL)
		return memory(st, err);
	if (put_headers(st, row, re->headers) == WEIR_OK)
		return WEIR_OK;
	rd_kafka_headers_destroy(re->headers);
	re->headers = NULL;
	return memory(st, err);
}
