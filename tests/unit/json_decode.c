/* SPDX-License-Identifier: MIT
 *
 * json.decode: types, reasons, options, and that a bad row leaves no trace.
 */
#include "t.h"

#include "stage.h"

static const struct weir_plugin *plugin;

/* Decode texts (NULL: null), one a row; the rows that came out. */
static struct ts *
start(const char *schema, const char *const *opts)
{
	struct ts *ts = ts_new(plugin, "decode", "id: int64, value: bytes");
	struct weir_err err = { 0 };
	int i;

	ts_opt(ts, "schema", schema);
	for (i = 0; opts != NULL && opts[i] != NULL; i += 2)
		ts_opt(ts, opts[i], opts[i + 1]);
	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK)
		printf("# %s: %s\n", err.code, err.text);
	return ts;
}

static void
run(struct ts *ts, const char *const *texts, uint32_t n)
{
	struct weir_batch *b = ts_batch(ts, n);
	struct weir_err err = { 0 };
	uint32_t i;

	for (i = 0; i < n; i++) {
		b->cols[0].u.i64[i] = i;
		if (texts[i] == NULL)
			ts_null(b, 1, i);
		else
			ts_text(b, 1, i, texts[i], strlen(texts[i]));
	}
	if (ts_process(ts, b, &err) != WEIR_OK)
		printf("# %s: %s\n", err.code, err.text);
}

#define ROWS(ts, ...)                                                          \
	do {                                                                   \
		const char *const texts[] = { __VA_ARGS__ };                   \
		ts_clear(ts);                                                  \
		run(ts, texts, sizeof texts / sizeof *texts);                  \
	} while (0)

int
main(void)
{
	struct ts *ts;

	plugin = ts_plugin("json");
	ts = start("a: int64!, b: string, c: decimal(12, 2), d: timestamp, "
		   "e: float64, f: bool", NULL);
	ROWS(ts, "{\"a\":1,\"b\":\"x\",\"c\":12.5,\"d\":\"2026-01-02T03:04:05."
		 "123456+01:00\",\"e\":52.2297,\"f\":true}",
	    "{oops", NULL, "{\"a\": 2, \"b\": \"long enough to be outside\"}");
	T_STR(ts_dump(ts),
	    "{\"a\":1,\"b\":\"x\",\"c\":12.50,\"d\":\"2026-01-02T02:04:05."
	    "123456Z\",\"e\":52.2297,\"f\":true}\n"
	    "{\"a\":2,\"b\":\"long enough to be outside\",\"c\":null,"
	    "\"d\":null,\"e\":null,\"f\":null}\n");
	T_STR(ts_rejects(ts), "1 json.syntax - 1\n2 json.missing - -1\n");
	T_INT(ts_free(ts), 0);
	return t_done();
}
