/* SPDX-License-Identifier: MIT
 *
 * parquet.write as a sink: files, names, rolling, redoing, refusing.  With
 * arguments it writes files of made-up rows, and the rows as JSON beside them,
 * for other programs to read:
 *
 *	parquet_write DIR 'SCHEMA' ROWS BATCH NULLS KINDS TEXT [OPTION VALUE]...
 */
#include "parquet_host.h"

static struct weir_err err;

static struct ts *
begin(const char *dir, bool constant)
{
	struct ts *ts = ph_new("write", "id: int64!, name: string");
	char path[4200];

	snprintf(path, sizeof path, "%s/%s", ph.out, dir);
	ph_path(ts, path, constant);
	return ts;
}

static struct weir_batch *
rows(struct ts *ts, uint32_t n)
{
	struct ph_gen g = { .state = n, .kinds = 10, .text_max = 20,
		.nulls = PH_SOME };

	return ph_batch(ts, &g, n);
}

static int
count(const char *dir)
{
	static char names[1000][256];
	char path[4200];

	snprintf(path, sizeof path, "%s/%s", ph.out, dir);
	return ph_list(path, names, 1000);
}

static bool
exists(const char *name)
{
	char path[4200];
	struct stat sb;

	snprintf(path, sizeof path, "%s/%s", ph.out, name);
	return stat(path, &sb) == 0;
}

static void
test_epochs(void)
{
	static char names[10][256];
	char path[4200];
	struct ts *ts = begin("a", true);

	ph_opt(ts, "roll.epochs", "1");
	T_INT(ph_start(ts, &err), WEIR_OK);
	T(exists("a"));
	T_INT(ph_write(ts, rows(ts, 100), &err), WEIR_OK);
	T_INT(ph_write(ts, rows(ts, 50), &err), WEIR_OK);
	T_INT(count("a"), 0);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(count("a"), 1);
	T_INT(ph.intent.rows, 150);
	T_INT(ph.intent.held_from, 0);
	/* an empty epoch makes no file */
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(count("a"), 1);
	ts->clock += 5000000;
	T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(count("a"), 2);
	snprintf(path, sizeof path, "%s/a", ph.out);
	ph_list(path, names, 10);
	T_STR(names[0],
	    "test-20260101T000000000Z-0000000001-0000.parquet");
	T_STR(names[1],
	    "test-20260101T000005000Z-0000000003-0000.parquet");
	T_INT(ph_free(ts), 0);
	T(!exists("a/.staging"));
}

/* Files that span epochs: what is held, and when it comes out. */
static void
test_rolling(void)
{
	struct ts *ts = begin("b", true);

	ph_opt(ts, "roll.age", "10s");
	ph_opt(ts, "roll.idle", "3s");
	T_INT(ph_start(ts, &err), WEIR_OK);
	T_INT(ph_write(ts, rows(ts, 100), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(ph.intent.held_from, 1);
	T_INT(ph.intent.rows, 0);
	ts->clock += 2000000;
	T_INT(ph_write(ts, rows(ts, 100), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(ph.intent.held_from, 1);
	ts->clock += 3000000;
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(ph.intent.held_from, 0);
	T_INT(ph.intent.rows, 200);
	T_INT(count("b"), 1);
	for (int i = 0; i < 5; i++) {
		T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
		ts->clock += 2500000;
		T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
		T_INT(ph.intent.held_from, i < 3 ? 4 : i == 3 ? 0 : 8);
	}
	T_INT(count("b"), 2);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(count("b"), 3);
	T_INT(ph_free(ts), 0);

	ts = begin("b2", true);
	ph_opt(ts, "roll.rows", "250");
	T_INT(ph_start(ts, &err), WEIR_OK);
	for (int i = 0; i < 10; i++)
		T_INT(ph_write(ts, rows(ts, 100), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(count("b2"), 3);
	T_INT(ph.intent.rows, 900);
	T_INT(ph.intent.held_from, 1);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(ph.intent.rows, 100);
	T_INT(count("b2"), 4);
	T_INT(ph_free(ts), 0);

	ts = begin("b3", true);
	ph_opt(ts, "roll.size", "64KiB");
	ph_opt(ts, "compression", "none");
	ph_opt(ts, "dictionary", "false");
	T_INT(ph_start(ts, &err), WEIR_OK);
	for (int i = 0; i < 10; i++)
		T_INT(ph_write(ts, rows(ts, 1000), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T(count("b3") >= 2 && count("b3") <= 5);
	T_INT(ph_free(ts), 0);
}

static void
test_keep(void)
{
	static char names[10][256];
	char path[4200];
	struct ts *ts = begin("k", true);

	ph_opt(ts, "roll.epochs", "1");
	ph_opt(ts, "keep", "3");
	T_INT(ph_start(ts, &err), WEIR_OK);
	for (int i = 0; i < 7; i++) {
		T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
		T_INT(ph_epoch_end(ts, i == 6, &err), WEIR_OK);
	}
	T_INT(count("k"), 3);
	snprintf(path, sizeof path, "%s/k", ph.out);
	ph_list(path, names, 10);
	T_STR(names[0],
	    "test-20260101T000000000Z-0000000005-0000.parquet");
	/* the last one again, and one that has been pruned */
	ph.epoch = 7;
	T_INT(ph_publish(ts, &err), WEIR_OK);
	T_INT(count("k"), 3);
	T_INT(ph_free(ts), 0);
}

static struct weir_batch *
spread(struct ts *ts, const char *base, uint32_t n, uint32_t parts)
{
	struct weir_batch *b = rows(ts, n);
	struct weir_str *s;
	uint32_t i;

	s = weir__arena_alloc(&ts_priv(b)->ar, n * sizeof *s);
	for (i = 0; i < n; i++) {
		char *p = weir__arena_printf(&ts_priv(b)->ar, "%s%u", base,
		    (i * 7) % parts);

		s[i] = weir_str_make(p, strlen(p));
	}
	ph.paths.u.str = s;
	return b;
}

static void
test_partitions(void)
{
	struct ts *ts = begin("p/day=", false);
	char base[4200];

	snprintf(base, sizeof base, "%s/p/day=", ph.out);
	ph_opt(ts, "max_open", "4");
	ph_opt(ts, "roll.epochs", "1");
	T_INT(ph_start(ts, &err), WEIR_OK);
	T_INT(ph_write(ts, spread(ts, base, 1000, 3), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(count("p"), 3);
	T_INT(ph.intent.rows, 1000);
	T_INT(ph_write(ts, spread(ts, base, 1000, 10), &err), WEIR_OK);
	T_INT(ph_write(ts, spread(ts, base, 1000, 10), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, false, &err), WEIR_OK);
	T_INT(ph.intent.rows, 2000);
	T_INT(count("p"), 10);
	/* 4 open at once: each batch opens all ten anew */
	T_INT(count("p/day=7"), 2);
	/* more files than an intent can list */
	T_INT(ph_write(ts, spread(ts, base, 4096, 1200), &err), WEIR_OK);
	T_INT(ph_decide(ts, false, &err), WEIR_OK);
	T(ph.intent.len < 65536 && ph.intent.len > 0);
	T_INT(ph.intent.rows, 4096);
	T_INT(ph_publish(ts, &err), WEIR_OK);
	T_INT(count("p"), 1000); /* the most that count() counts */
	T(exists("p/day=1199"));
	T_INT(ph_publish(ts, &err), WEIR_OK);
	ph.epoch++;
	T_INT(ph_write(ts, spread(ts, "/elsewhere/", 10, 2), &err), WEIR_ERROR);
	T_STR(err.code, "parquet.path");
	T_INT(ph_free(ts), 0);
	T(!exists("p/.staging"));
}

/* A first run needs an empty place. */
static void
test_occupied(void)
{
	struct ts *ts = begin("a", true);

	T_INT(ph_start(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.occupied");
	T(strstr(err.text, "--append") != NULL);
	T(strstr(err.text, "test-2026") != NULL);
	ph_free(ts);

	ts = begin("p/day=", false);
	T_INT(ph_start(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.occupied");
	ph_free(ts);

	ph.fence.append = true;
	ts = begin("a", true);
	ts->clock += 3600000000;
	T_INT(ph_start(ts, &err), WEIR_OK);
	T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(count("a"), 3);
	ph_free(ts);

	/* files of these names by someone else */
	ph.fence.pipeline = "ffff456789abcdef0123456789abcdef";
	ts = begin("a", true);
	T_INT(ph_start(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.owner");
	ph_free(ts);
	ts = begin("a", true);
	ph_opt(ts, "name", "mine");
	T_INT(ph_start(ts, &err), WEIR_OK);
	ph_free(ts);
	ph.fence.pipeline = "0123456789abcdef0123456789abcdef";
	ph.fence.append = false;
}

static void
put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		abort();
	fputs(text, f);
	fclose(f);
}

/* Publishing again what a process before us published, or did not. */
static void
test_redo(void)
{
	static char names[10][256];
	char path[4200], text[4500];
	struct ts *ts = begin("r", true);

	ph_opt(ts, "roll.epochs", "1");
	T_INT(ph_start(ts, &err), WEIR_OK);
	T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
	T_INT(ph_decide(ts, false, &err), WEIR_OK);
	T_INT(count("r"), 0);
	T_INT(ph_publish(ts, &err), WEIR_OK);
	T_INT(ph_publish(ts, &err), WEIR_OK);
	T_INT(count("r"), 1);
	/* what stands there is something else */
	snprintf(path, sizeof path, "%s/r", ph.out);
	ph_list(path, names, 10);
	snprintf(text, sizeof text, "%s/%s", path, names[0]);
	put_file(text, "something else");
	T_INT(ph_publish(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.clash");
	unlink(text);
	T_INT(ph_publish(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.lost");
	/* something there, and the staged file too */
	ph.epoch++;
	T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
	T_INT(ph_decide(ts, false, &err), WEIR_OK);
	snprintf(text, sizeof text, "%s/%s", path,
	    "test-20260101T000000000Z-0000000002-0000.parquet");
	put_file(text, "something else");
	T_INT(ph_publish(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.clash");
	unlink(text);
	T_INT(ph_publish(ts, &err), WEIR_OK);
	/* garbage for an intent */
	ph.intent.len = 7;
	T_INT(ph_publish(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.intent");
	T_INT(ph_free(ts), 0);
}

/* Staging of a crash goes, others' stays. */
static void
test_leftovers(void)
{
	char path[4200], text[8200];
	struct ts *ts = begin("l", true);

	snprintf(path, sizeof path,
	    "mkdir -p %s/l/.staging/%s/7 %s/l/.staging/other/1", ph.out,
	    ph.fence.pipeline, ph.out);
	if (system(path) != 0)
		abort();
	snprintf(text, sizeof text, "%s/l/.staging/%s/7/test@000001.open",
	    ph.out, ph.fence.pipeline);
	put_file(text, "half");
	snprintf(text, sizeof text, "%s/l/.staging/other/1/test@000001.open",
	    ph.out);
	put_file(text, "half");
	T_INT(ph_start(ts, &err), WEIR_OK);
	T(!exists("l/.staging/0123456789abcdef0123456789abcdef"));
	T(exists("l/.staging/other/1/test@000001.open"));
	/* dropped without a cut: nothing stays */
	T_INT(ph_write(ts, rows(ts, 10), &err), WEIR_OK);
	T(exists("l/.staging/0123456789abcdef0123456789abcdef/1/"
		 "test@000001.open"));
	ts->type->sink->abandon(&ph.pb);
	T(!exists("l/.staging/0123456789abcdef0123456789abcdef"));
	T_INT(ph_free(ts), 0);
}

/* What happened to rows, as rows. */
static void
test_changelog(void)
{
	static const uint8_t ops[5] = { WEIR_PUT, WEIR_DELETE, WEIR_PUT,
		WEIR_PUT, WEIR_DELETE };
	struct ts *ts = begin("c", true);
	struct weir_batch *b;
	char path[4200];

	ts->in.kind = WEIR_CHANGES;
	ph_opt(ts, "as", "changelog");
	T_INT(ph_start(ts, &err), WEIR_OK);
	b = rows(ts, 5);
	b->ops = ops;
	T_INT(ph_write(ts, b, &err), WEIR_OK);
	T_INT(ph_epoch_end(ts, true, &err), WEIR_OK);
	T_INT(ph_free(ts), 0);
	ts = ph_new("read", "");
	snprintf(path, sizeof path, "%s/c", ph.out);
	ts_opt(ts, "path", path);
	T_INT(ts_bind(ts, &err), WEIR_OK);
	ts->unwanted[1] = ts->unwanted[2] = true;
	T_INT(ts_init(ts, &err), WEIR_OK);
	T_INT(ts->type->source->open(&ts->stage.st, NULL, 0, &err), WEIR_OK);
	T_INT(ts->type->source->poll(&ts->stage.st, 100, 0, &err), WEIR_OK);
	T_STR(ts_dump(ts), "{\"op\":\"put\"}\n{\"op\":\"delete\"}\n"
	    "{\"op\":\"put\"}\n{\"op\":\"put\"}\n{\"op\":\"delete\"}\n");
	ts_free(ts);
}

static void
test_options(void)
{
	struct ts *ts = begin("o", true);

	ph_opt(ts, "compression", "snappy");
	ph_opt(ts, "level", "3");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.level");
	ts_free(ts);
	ts = begin("o", true);
	ph_opt(ts, "compression", "gzip");
	ph_opt(ts, "level", "12");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.level");
	ts_free(ts);
	ts = begin("o", true);
	ph_opt(ts, "name", "../x");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.name");
	ts_free(ts);
	ts = begin("o", true);
	ts->in.kind = WEIR_CHANGES;
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.changes");
	ts_free(ts);
	ts = ph_new("write", "op: int64!");
	ph_path(ts, "x", true);
	ph_opt(ts, "as", "changelog");
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.op");
	ts_free(ts);
	ts = ph_new("write", "a: struct { }");
	ph_path(ts, "x", true);
	T_INT(ts_bind(ts, &err), WEIR_ERROR);
	T_STR(err.code, "parquet.type");
	ts_free(ts);
}

/* No write, cut or prepare may lose a buffer or crash where memory ends. */
static void
test_memory(void)
{
	uint64_t n;
	int rc = WEIR_ERROR;

	for (n = 1; rc != WEIR_OK && n < 3000; n++) {
		struct ts *ts = ph_new("write",
		    "id: int64!, name: string, l: list(decimal(20,2))");
		struct ph_gen g = { .state = 1, .text_max = 30,
			.nulls = PH_SOME };
		struct weir_batch *b;
		char path[4200];

		snprintf(path, sizeof path, "%s/m", ph.out);
		ph_remove(path);
		ph_path(ts, path, true);
		b = ph_batch(ts, &g, 300);
		weir__alloc_fail_at(n, 1);
		rc = ph_start(ts, &err);
		if (rc == WEIR_OK)
			rc = ph_write(ts, b, &err);
		else
			ts_unref(b);
		if (rc == WEIR_OK)
			rc = ph_decide(ts, true, &err);
		if (rc == WEIR_OK)
			rc = ph_publish(ts, &err);
		weir__alloc_fail_at(0, 0);
		if (rc != WEIR_OK && strcmp(err.code, "parquet.memory") != 0)
			T_STR(err.code, "parquet.memory");
		if (ph_free(ts) != 0)
			T(!"batches are lost");
	}
	T(rc == WEIR_OK && n > 50);
	T_INT(count("m"), 1);
}

/* ---- as a tool */

static int
tool(int argc, char **argv)
{
	struct ts *ts = ph_new("write", argv[2]);
	long n = atol(argv[3]), size = atol(argv[4]), done, part;
	struct ph_gen g = { .state = 7, .nulls = (enum ph_nulls)atoi(argv[5]),
		.kinds = (uint32_t)atoi(argv[6]),
		.text_max = (uint32_t)atoi(argv[7]) };
	struct weir__buf line;
	char path[4200];
	FILE *f;
	int i;

	ph_path(ts, argv[1], true);
	for (i = 8; i + 1 < argc; i += 2)
		ph_opt(ts, argv[i], argv[i + 1]);
	if (ph_start(ts, &err) != WEIR_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	snprintf(path, sizeof path, "%s/_rows.jsonl", argv[1]);
	f = fopen(path, "w");
	if (f == NULL)
		return 1;
	weir__buf_init(&line);
	for (done = 0; done < n; done += part) {
		struct weir_batch *b;

		part = n - done < size ? n - done : size;
		b = ph_batch(ts, &g, (uint32_t)part);
		for (i = 0; i < part; i++) {
			weir__buf_clear(&line);
			weir__json_row(&line, &ts->in, b->cols, (uint32_t)i);
			fprintf(f, "%s\n", weir__buf_cstr(&line));
		}
		if (ph_write(ts, b, &err) != WEIR_OK) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
	}
	weir__buf_fini(&line);
	fclose(f);
	if (ph_epoch_end(ts, true, &err) != WEIR_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return ph_free(ts) != 0;
}

int
main(int argc, char **argv)
{
	if (argc > 7)
		return tool(argc, argv);
	ph_tmp();
	test_epochs();
	test_rolling();
	test_keep();
	test_partitions();
	test_occupied();
	test_redo();
	test_leftovers();
	test_changelog();
	test_options();
	test_memory();
	ph_remove(ph.out);
	return t_done();
}
