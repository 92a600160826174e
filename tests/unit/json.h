/* SPDX-License-Identifier: MIT
 *
 * What the tests of the plugin json share.
 */
#ifndef TEST_JSON_H
#define TEST_JSON_H

#include "stage.h"

/* A bound decoder of (id: int64, value: bytes); options as name, text, ...,
 * NULL.  NULL when it did not bind: see *err. */
static inline struct ts *
js_start(const struct weir_plugin *plugin, const char *schema,
    const char *const *opts, struct weir_err *err)
{
	struct ts *ts = ts_new(plugin, "decode", "id: int64, value: bytes");
	int i;

	memset(err, 0, sizeof *err);
	ts_opt(ts, "schema", schema);
	for (i = 0; opts != NULL && opts[i] != NULL; i += 2)
		ts_opt(ts, opts[i], opts[i + 1]);
	if (ts_bind(ts, err) == WEIR_OK && ts_init(ts, err) == WEIR_OK)
		return ts;
	ts_free(ts);
	return NULL;
}

/* Decode n texts, one a row (a NULL is null), after dropping earlier rows. */
static inline int
js_run(struct ts *ts, const char *const *texts, const size_t *lens, uint32_t n)
{
	struct weir_batch *b = ts_batch(ts, n);
	struct weir_err err = { 0 };
	uint32_t i;
	int rc;

	ts_clear(ts);
	for (i = 0; i < n; i++) {
		b->cols[0].u.i64[i] = i;
		if (texts[i] == NULL)
			ts_null(b, 1, i);
		else
			ts_text(b, 1, i, texts[i],
			    lens != NULL ? lens[i] : strlen(texts[i]));
	}
	rc = ts_process(ts, b, &err);
	if (rc != WEIR_OK)
		weir__buf_printf(&ts->rejects, "error %s\n", err.code);
	return rc;
}

#endif
