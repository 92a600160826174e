/* SPDX-License-Identifier: MIT
 *
 * json.decode against jansson: the same texts are taken and refused, and the
 * values are the same, over generated documents and mutations of them.
 *
 *	json_differ [documents [seed]]
 */
#include "t.h"

#include <jansson.h>
#include <math.h>

#include "json.h"

#define SCHEMA                                                                 \
	"s: string, i: int64, f: float64, b: bool, j: json, l: list(int64), "  \
	"m: map(string), o: struct{s: string, f: float64, l: list(struct{i: "  \
	"int64, s: string!})}, r: int64!, q: string from \"q\xc3\xa9\", "       \
	"ll: list(list(string)), t: timestamp"

static uint64_t state = 1;

static uint32_t
rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) % n);
}

/* ------------------------------------------------------------ generating */

static void
blanks(struct weir__buf *bf)
{
	static int mode;

	if (rnd(400) == 0)
		mode = (int)rnd(3);
	if (mode == 1)
		weir__buf_chr(bf, ' ');
	else if (mode == 2)
		while (rnd(3) == 0)
			weir__buf_chr(bf, " \n\t\r"[rnd(4)]);
}

static void
gen_string(struct weir__buf *bf)
{
	static const char *const parts[] = { "a", "b", "Z", "0", " ", "{", "]",
		",", "\\\"", "\\\\", "\\/", "\\n", "\\u0041", "\\u00e9",
		"\\u20AC", "\\ud83d\\ude00", "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\x7f", "abcdefgh", "0123456789",
		"\\u0000", "\\ud83d", "\\b\\f" };
	uint32_t n = rnd(4) == 0 ? rnd(40) : rnd(8);

	weir__buf_chr(bf, '"');
	while (n-- != 0)
		weir__buf_str(bf, rnd(3) ? parts[rnd(4)]
			: parts[rnd(rnd(200) ? 23 : 25)]);
	weir__buf_chr(bf, '"');
}

static void
gen_number(struct weir__buf *bf)
{
	uint32_t i, n;

	if (rnd(3) == 0)
		weir__buf_chr(bf, '-');
	n = rnd(6) == 0 ? 1 + rnd(22) : 1 + rnd(9);
	for (i = 0; i < n; i++)
		weir__buf_chr(bf, i == 0 && n > 1 && rnd(50)
			? (char)('1' + rnd(9))
			: (char)('0' + rnd(10)));
	if (rnd(2) == 0) {
		weir__buf_chr(bf, '.');
		for (n = rnd(5) == 0 ? rnd(20) : 1 + rnd(7); n != 0; n--)
			weir__buf_chr(bf, (char)('0' + rnd(10)));
	}
	if (rnd(6) == 0)
		weir__buf_printf(bf, "%c%s%u", "eE"[rnd(2)],
		    rnd(2) ? "" : rnd(2) ? "-" : "+", rnd(rnd(9) ? 20 : 400));
}

static void gen_any(struct weir__buf *bf, int depth);

static void
gen_list(struct weir__buf *bf, int depth, void (*item)(struct weir__buf *, int))
{
	uint32_t n = rnd(5);

	weir__buf_chr(bf, '[');
	blanks(bf);
	while (n-- != 0) {
		item(bf, depth);
		blanks(bf);
		if (n != 0)
			weir__buf_chr(bf, ',');
		blanks(bf);
	}
	weir__buf_chr(bf, ']');
}

static void
gen_key(struct weir__buf *bf, const char *key)
{
	blanks(bf);
	weir__buf_chr(bf, '"');
	weir__buf_str(bf, key);
	weir__buf_chr(bf, '"');
	blanks(bf);
	weir__buf_chr(bf, ':');
	blanks(bf);
}

static void
gen_any(struct weir__buf *bf, int depth)
{
	char key[16];
	uint32_t i, n;

	switch (rnd(depth > 5 ? 5 : 7)) {
	case 0:
		weir__buf_str(bf, "null");
		break;
	case 1:
		weir__buf_str(bf, rnd(2) ? "true" : "false");
		break;
	case 2:
	case 3:
		gen_number(bf);
		break;
	case 4:
		gen_string(bf);
		break;
	case 5:
		gen_list(bf, depth + 1, gen_any);
		break;
	default:
		weir__buf_chr(bf, '{');
		n = rnd(4);
		for (i = 0; i < n; i++) {
			snprintf(key, sizeof key, "k%u", i);
			gen_key(bf, key);
			gen_any(bf, depth + 1);
			blanks(bf);
			if (i + 1 < n)
				weir__buf_chr(bf, ',');
		}
		blanks(bf);
		weir__buf_chr(bf, '}');
	}
}

static void
gen_type(struct weir__buf *bf, const struct weir_field *fi, int depth);

static void
gen_fields(struct weir__buf *bf, const struct weir_field *fi, uint32_t n,
    int depth)
{
	uint32_t i, at;
	bool any = false;

	weir__buf_chr(bf, '{');
	at = rnd(8) ? 0 : rnd(n);
	for (i = 0; i < n; i++) {
		const struct weir_field *f = &fi[(i + at) % n];

		if (rnd(9) == 0)
			continue;
		if (any)
			weir__buf_chr(bf, ',');
		any = true;
		if (rnd(12) == 0) {
			gen_key(bf, rnd(2) ? "unknown" : "\\u0075");
			gen_any(bf, depth);
			blanks(bf);
			weir__buf_chr(bf, ',');
		}
		gen_key(bf, f->from ? f->from : f->name);
		gen_type(bf, f, depth + 1);
		blanks(bf);
	}
	blanks(bf);
	weir__buf_chr(bf, '}');
}

/* Mostly a value that fits. */
static void
gen_type(struct weir__buf *bf, const struct weir_field *fi, int depth)
{
	const struct weir_type *ty = fi->type;
	uint32_t i, n = rnd(4);

	if (rnd(12) == 0) {
		weir__buf_str(bf, "null");
		return;
	}
	if (rnd(60) == 0) {
		gen_any(bf, depth);
		return;
	}
	switch (ty->kind) {
	case WEIR_STRING:
		gen_string(bf);
		break;
	case WEIR_INT64:
		weir__buf_printf(bf, rnd(30) ? "%d" : "%d.0",
		    (int)rnd(2000000) - 1000000);
		break;
	case WEIR_FLOAT64:
		gen_number(bf);
		break;
	case WEIR_BOOL:
		weir__buf_str(bf, rnd(2) ? "true" : "false");
		break;
	case WEIR_LIST:
	case WEIR_MAP:
		weir__buf_chr(bf, ty->kind == WEIR_LIST ? '[' : '{');
		for (i = 0; i < n; i++) {
			char key[16];

			if (i != 0)
				weir__buf_chr(bf, ',');
			snprintf(key, sizeof key, "k%u", i);
			if (ty->kind == WEIR_MAP)
				gen_key(bf, key);
			blanks(bf);
			gen_type(bf, &ty->fields[ty->nfields - 1], depth + 1);
		}
		blanks(bf);
		weir__buf_chr(bf, ty->kind == WEIR_LIST ? ']' : '}');
		break;
	case WEIR_STRUCT:
		gen_fields(bf, ty->fields, ty->nfields, depth + 1);
		break;
	case WEIR_TIMESTAMP:
		weir__buf_printf(bf, "\"2026-%02u-%02uT%02u:%02u:%02uZ\"",
		    1 + rnd(12), 1 + rnd(28), rnd(24), rnd(60), rnd(60));
		break;
	default:
		gen_any(bf, depth);
	}
}

static void
mutate(struct weir__buf *bf)
{
	static const char *const bits[] = { "\"", "{", "}", "[", "]", ",", ":",
		"null", "true", "1", "-", "0", ".", "e", "\\", "\\u", "\xff",
		"\xc3", "\xed\xa0\x80", "\xe2\x82", "\x00", "\x01", " ", "//",
		"\xef\xbb\xbf", "\xf4\x90\x80\x80", "\xc0\x80", "NaN", "'" };
	uint32_t n = 1 + rnd(3), at, len, k;
	const char *s;

	while (n-- != 0 && bf->len != 0) {
		at = rnd((uint32_t)bf->len);
		switch (rnd(4)) {
		case 0: /* another byte */
			bf->data[at] = (char)rnd(256);
			break;
		case 1: /* cut out */
			len = 1 + rnd(rnd(4) ? 2 : 20);
			if (len > bf->len - at)
				len = (uint32_t)bf->len - at;
			memmove(bf->data + at, bf->data + at + len,
			    bf->len - at - len);
			bf->len -= len;
			break;
		case 2: /* put in */
			k = rnd(sizeof bits / sizeof *bits);
			s = bits[k];
			len = k == 20 ? 1 : (uint32_t)strlen(s);
			weir__buf_fill(bf, ' ', len);
			memmove(bf->data + at + len, bf->data + at,
			    bf->len - at - len);
			memcpy(bf->data + at, s, len);
			break;
		default: /* cut off */
			if (rnd(4) == 0)
				bf->len = at;
		}
	}
}

/* ------------------------------------------------------------- comparing */

/* What the schema makes of jansson's tree; NULL: the row must be refused. */
static json_t *
project(const json_t *j, const struct weir_field *fi);

static json_t *
project_fields(const json_t *j, const struct weir_field *fi, uint32_t n)
{
	json_t *out = json_object(), *v;
	uint32_t i;

	for (i = 0; i < n; i++) {
		v = json_object_get(j, fi[i].from ? "q\xc3\xa9" : fi[i].name);
		v = project(v, &fi[i]);
		if (v == NULL) {
			json_decref(out);
			return NULL;
		}
		json_object_set_new(out, fi[i].name, v);
	}
	return out;
}

static json_t *
project_list(const json_t *j, const struct weir_field *fi)
{
	json_t *out = json_array(), *v;
	size_t i;

	for (i = 0; i < json_array_size(j); i++) {
		v = project(json_array_get(j, i), fi);
		if (v == NULL) {
			json_decref(out);
			return NULL;
		}
		json_array_append_new(out, v);
	}
	return out;
}

static json_t *
project_map(const json_t *j, const struct weir_field *fi)
{
	json_t *out = json_object(), *v;
	void *it;

	for (it = json_object_iter((json_t *)j); it != NULL;
	     it = json_object_iter_next((json_t *)j, it)) {
		v = project(json_object_iter_value(it), fi);
		if (v == NULL) {
			json_decref(out);
			return NULL;
		}
		json_object_set_new(out, json_object_iter_key(it), v);
	}
	return out;
}

static json_t *
project(const json_t *j, const struct weir_field *fi)
{
	const struct weir_type *ty = fi->type;
	double d;

	if (j == NULL || json_is_null(j))
		return fi->required ? NULL : json_null();
	switch (ty->kind) {
	case WEIR_STRING:
	case WEIR_TIMESTAMP:
		return json_is_string(j) ? json_copy((json_t *)j) : NULL;
	case WEIR_INT64: /* jansson gives all numbers as doubles here */
		d = json_real_value(j);
		return json_is_real(j) && d == floor(d) && fabs(d) < 9e15
		    ? json_real(d)
		    : NULL;
	case WEIR_FLOAT64:
		return json_is_real(j) ? json_real(json_real_value(j)) : NULL;
	case WEIR_BOOL:
		return json_is_boolean(j) ? json_copy((json_t *)j) : NULL;
	case WEIR_LIST:
		return json_is_array(j) ? project_list(j, &ty->fields[0])
					: NULL;
	case WEIR_MAP:
		return json_is_object(j) ? project_map(j, &ty->fields[1])
					 : NULL;
	case WEIR_STRUCT:
		return json_is_object(j)
		    ? project_fields(j, ty->fields, ty->nfields)
		    : NULL;
	default:
		return json_deep_copy(j);
	}
}

/* Is there a number on which doubles cannot decide? */
static bool
doubtful(const json_t *j)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_real(j))
		return fabs(json_real_value(j)) > 9e15;
	if (json_is_array(j))
		json_array_foreach(j, i, v)
			if (doubtful(v))
				return true;
	if (json_is_object(j))
		json_object_foreach((json_t *)j, key, v)
			if (doubtful(v))
				return true;
	return false;
}

#define FLAGS (JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

/* 1 equal, 0 not, -1 jansson has no say. */
static int
compare(struct ts *ts, const struct weir_schema *sc, const char *p, size_t n)
{
	const char *dump;
	json_error_t je;
	json_t *j = json_loadb(p, n, FLAGS | JSON_REJECT_DUPLICATES, &je);
	json_t *want = NULL, *got;
	enum json_error_code code = json_error_code(&je);
	int ok;

	js_run(ts, &p, &n, 1);
	if (memchr(p, 0, n) != NULL) { /* which jansson overlooks in places */
		json_decref(j);
		return ts->nrejects == 1;
	}
	if (j == NULL &&
	    (code == json_error_numeric_overflow ||
		code == json_error_duplicate_key ||
		code == json_error_null_byte_in_key ||
		code == json_error_stack_overflow))
		return -1;
	if (j != NULL && json_is_array(j)) {
		json_decref(j);
		return ts->nrejects == 1;
	}
	if (j != NULL)
		want = project_fields(j, sc->cols, sc->ncols);
	if (want == NULL) {
		ok = ts->nrejects == 1;
		if (!ok && j != NULL && doubtful(j))
			ok = -1;
		json_decref(j);
		return ok;
	}
	if (ts->nrejects != 0) { /* jansson knows no times either */
		ok = doubtful(j) || strstr(ts_rejects(ts), " t ") != NULL ||
			strstr(ts_rejects(ts), "json.range") != NULL
		    ? -1
		    : 0;
		json_decref(want);
		json_decref(j);
		return ok;
	}
	dump = ts_dump(ts);
	got = json_loads(dump, FLAGS, &je);
	if (json_is_string(json_object_get(want, "t"))) /* another text of it */
		json_object_set(want, "t", json_object_get(got, "t"));
	ok = got != NULL && json_equal(got, want);
	json_decref(got);
	json_decref(want);
	json_decref(j);
	return ok;
}

/* How many were found not to be the same. */
static int
run(uint32_t docs, struct ts *ts, const struct weir_schema *sc)
{
	struct weir__buf bf;
	uint32_t i, bad = 0, same = 0, taken = 0;
	char *copy;
	int rc;

	weir__buf_init(&bf);
	for (i = 0; i < docs && bad < 5; i++) {
		weir__buf_clear(&bf);
		blanks(&bf);
		gen_fields(&bf, sc->cols, sc->ncols, 0);
		blanks(&bf);
		if (rnd(2) == 0)
			mutate(&bf);
		copy = malloc(bf.len + 1); /* exactly its size, for sanitizers */
		memcpy(copy, bf.data, bf.len);
		rc = compare(ts, sc, copy, bf.len);
		same += rc == 1;
		taken += ts->nrejects == 0;
		if (rc == 0) {
			bad++;
			printf("# %.*s\n# %s# %s# %s", (int)bf.len, copy,
			    ts_rejects(ts), weir__buf_cstr(&ts->texts),
			    ts_dump(ts));
		}
		free(copy);
	}
	weir__buf_fini(&bf);
	printf("# %u documents, %u decided by jansson, %u taken\n", i, same,
	    taken);
	T(same > docs / 2);
	T(taken > docs / 10);
	return (int)bad;
}

int
main(int argc, char **argv)
{
	uint32_t docs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 20000;
	const struct weir_plugin *plugin = ts_plugin("json");
	struct weir_err err;
	struct ts *ts;
	const struct weir_schema *sc;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 20260101;
	ts = js_start(plugin, SCHEMA, NULL, &err);
	if (ts == NULL) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	sc = *(const struct weir_schema **)((char *)ts->config +
	    ts->type->options[0]->offset);
	T_INT(run(docs, ts, sc), 0);
	T_INT(ts_free(ts), 0);
	return t_done();
}
