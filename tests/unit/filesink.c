/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: what is staged, what is published and when, what is
 * kept, what is refused; and the text of csv.write.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../plugins/common/filesink_parts.h"
#include "stage.h"
#include "t.h"

/* The path option of the sink under test. */
static const char *prefix;
static bool constant;
static const struct weir_field path_field;
static struct weir_expr path_expr = { &path_field, 1 };
static uint64_t epoch;
static struct weir_fence fence;
static char root[64];

static const char *
fake_prefix(const struct weir_expr *ex)
{
	(void)ex;
	return prefix;
}

static const struct weir_value *
fake_const(const struct weir_expr *ex)
{
	static const struct weir_value va;

	(void)ex;
	return constant ? &va : NULL;
}

static uint64_t
fake_epoch(const struct weir_stage *st)
{
	(void)st;
	return epoch;
}

static const struct weir_fence *
fake_fence(const struct weir_stage *st)
{
	(void)st;
	return &fence;
}

static void
fake_log(const struct weir_publisher *pb, enum weir_log_level level,
    const char *fmt, ...)
{
	(void)pb;
	(void)level;
	(void)fmt;
}

struct sink {
	struct ts *ts;
	struct weir_publisher pb;
	struct weir_err err;
	bool decided; /* the last epoch */
};

static void
sink_open(struct sink *si, const char *input, const char *path, bool whole)
{
	struct ts *ts = ts_new(ts_plugin("csv"), "write", input);

	memset(si, 0, sizeof *si);
	si->ts = ts;
	prefix = path;
	constant = whole;
	ts->host.expr_prefix = fake_prefix;
	ts->host.expr_const = fake_const;
	ts->host.epoch_no = fake_epoch;
	ts->host.fence = fake_fence;
	ts->host.publisher_log = fake_log;
	*(const struct weir_expr **)((char *)ts->config + 8) = &path_expr;
	*(struct weir_str *)((char *)ts->config +
	    ts->type->options[4]->offset) = weir_str_make(",", 1);
	*(struct weir_str *)((char *)ts->config +
	    ts->type->options[6]->offset) = weir_str_make("", 0);
	epoch = 1;
}

/* Bind, and open the publisher. */
static int
sink_start(struct sink *si)
{
	const struct weir_sink_ops *op = si->ts->type->sink;

	if (ts_bind(si->ts, &si->err) != WEIR_OK ||
	    ts_init(si->ts, &si->err) != WEIR_OK)
		return WEIR_ERROR;
	si->ts->stage.st.id = "out/csv.write";
	si->pb = (struct weir_publisher){ .host = &si->ts->host,
		.config = si->ts->config, .id = "out/csv.write",
		.state = calloc(1, op->publisher_size) };
	return op->open(&si->pb, &fence, &si->err);
}

static int
sink_write(struct sink *si, struct weir_batch *b)
{
	int rc;

	si->ts->current = b;
	rc = si->ts->type->sink->write(&si->ts->stage.st, b, &si->err);
	ts_unref(b);
	return rc;
}

/* The end of an epoch: cut, prepare, publish. */
static int
sink_epoch(struct sink *si, bool last, struct weir_intent *in)
{
	const struct weir_sink_ops *op = si->ts->type->sink;
	void *cut = NULL;
	int rc;

	memset(in, 0, sizeof *in);
	rc = op->cut(&si->ts->stage.st, epoch, last, &cut, &si->err);
	if (rc == WEIR_OK)
		rc = op->prepare(&si->ts->stage.st, cut, in, &si->err);
	si->decided = rc == WEIR_OK;
	if (rc == WEIR_OK)
		rc = op->publish(&si->pb, epoch, in, 1, &si->err);
	weir__free(in->data);
	weir__free(in->keep);
	in->data = in->keep = NULL;
	epoch++;
	return rc;
}

static void
sink_end(struct sink *si)
{
	const struct weir_sink_ops *op = si->ts->type->sink;

	op->abandon(&si->pb);
	op->close(&si->pb);
	free(si->pb.state);
	T_INT(ts_free(si->ts), 0);
}

static struct weir_batch *
rows(struct sink *si, int64_t from, uint32_t n)
{
	struct weir_batch *b = ts_batch(si->ts, n);
	uint32_t i;

	for (i = 0; i < n; i++) {
		b->cols[0].u.i64[i] = from + i;
		ts_text(b, 1, i, (from + i) % 2 != 0 ? "r/odd" : "r/even",
		    (from + i) % 2 != 0 ? 5 : 6);
	}
	return b;
}

/* What lies under a directory: "count:bytes of all", files whose name does
 * not begin with a point only. */
static int
count_files(const char *dir, bool hidden)
{
	DIR *dp = opendir(dir);
	struct dirent *de;
	char sub[4096];
	int n = 0;

	if (dp == NULL)
		return 0;
	while ((de = readdir(dp)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		if (de->d_name[0] == '.' && !hidden)
			continue;
		if (strstr(de->d_name, ".weir") != NULL) /* whose it is */
			continue;
		snprintf(sub, sizeof sub, "%s/%s", dir, de->d_name);
		if (de->d_type == DT_DIR)
			n += count_files(sub, hidden);
		else
			n++;
	}
	closedir(dp);
	return n;
}

static char text[65536];

/* The text of all files in a directory, in the order of their names. */
static const char *
read_all(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort), i;
	char path[4096];
	size_t len = 0;
	FILE *fp;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		fp = list[i]->d_name[0] == '.' ? NULL : fopen(path, "r");
		free(list[i]);
		if (fp == NULL)
			continue;
		len += fread(text + len, 1, sizeof text - 1 - len, fp);
		fclose(fp);
	}
	if (n >= 0)
		free(list);
	text[len] = '\0';
	return text;
}

static const char *
dir_of(const char *name)
{
	static char dir[128];

	snprintf(dir, sizeof dir, "%s/%s", root, name);
	return dir;
}

static void
test_text(void)
{
	struct weir_intent in;
	struct weir_batch *b;
	struct sink si;

	sink_open(&si, "id: int64, name: string, ok: bool, d: decimal(5, 2)",
	    dir_of("text"), true);
	ts_opt(si.ts, "formulas", "escape");
	T_INT(sink_start(&si), WEIR_OK);
	b = ts_batch(si.ts, 4);
	memset(b->cols[2].u.bits, 0xff, 8);
	b->cols[0].u.i64[0] = -1;
	b->cols[0].u.i64[1] = INT64_MAX;
	ts_null(b, 0, 2);
	b->cols[0].u.i64[3] = 0;
	ts_text(b, 1, 0, "a,b \"c\"\n", 8);
	ts_text(b, 1, 1, "", 0);
	ts_text(b, 1, 2, "plain", 5);
	ts_null(b, 1, 2);
	ts_text(b, 1, 3, "=1+1", 4);
	b->cols[3].u.i64[0] = 1234;
	b->cols[3].u.i64[1] = -5;
	b->cols[3].u.i64[2] = 0;
	b->cols[3].u.i64[3] = 99999;
	T_INT(sink_write(&si, b), WEIR_OK);
	T_INT(sink_epoch(&si, true, &in), WEIR_OK);
	T_INT(in.rows, 4);
	T_STR(read_all(dir_of("text")),
	    "id,name,ok,d\r\n"
	    "-1,\"a,b \"\"c\"\"\n\",true,12.34\r\n"
	    "9223372036854775807,\"\",true,-0.05\r\n"
	    ",,true,0.00\r\n"
	    "0,\"'=1+1\",true,999.99\r\n");
	sink_end(&si);
}

static void
test_roll(void)
{
	struct weir_intent in;
	struct sink si;

	sink_open(&si, "id: int64, dir: string", dir_of("roll"), true);
	T_INT(sink_start(&si), WEIR_OK);
	((int64_t *)((char *)si.ts->config +
	    si.ts->type->options[1]->offset))[1] = 3; /* roll: { rows: 3 } */
	T_INT(sink_write(&si, rows(&si, 0, 4)), WEIR_OK);
	T_INT(count_files(dir_of("roll"), false), 0);
	T_INT(sink_epoch(&si, false, &in), WEIR_OK);
	T_INT(count_files(dir_of("roll"), false), 1);
	T_INT(in.rows, 3);
	T_INT(in.held_from, 1);
	T_INT(sink_write(&si, rows(&si, 4, 2)), WEIR_OK);
	T_INT(sink_epoch(&si, false, &in), WEIR_OK);
	T_INT(count_files(dir_of("roll"), false), 2);
	T_INT(in.held_from, 0);
	T_INT(sink_write(&si, rows(&si, 6, 1)), WEIR_OK);
	T_INT(sink_epoch(&si, true, &in), WEIR_OK);
	T_STR(read_all(dir_of("roll")),
	    "id,dir\r\n0,r/even\r\n1,r/odd\r\n2,r/even\r\n"
	    "id,dir\r\n3,r/odd\r\n4,r/even\r\n5,r/odd\r\n"
	    "id,dir\r\n6,r/even\r\n");
	sink_end(&si);
	T_INT(count_files(dir_of("roll"), true), 3);
}

static void
test_dirs(void)
{
	struct weir_intent in;
	struct sink si;
	char base[128];

	snprintf(base, sizeof base, "%s/r", root);
	T_INT(mkdir(base, 0777), 0);
	T_INT(rmdir(base), 0);
	T_INT(chdir(root), 0);
	sink_open(&si, "id: int64, dir: string", "r/", false);
	T_INT(sink_start(&si), WEIR_OK);
	T_INT(sink_write(&si, rows(&si, 0, 4)), WEIR_OK);
	T_INT(sink_epoch(&si, true, &in), WEIR_OK);
	T_STR(read_all(dir_of("r/odd")),
	    "id,dir\r\n1,r/odd\r\n3,r/odd\r\n");
	T_STR(read_all(dir_of("r/even")),
	    "id,dir\r\n0,r/even\r\n2,r/even\r\n");
	sink_end(&si);

	/* It is not empty now: refused, unless appending. */
	sink_open(&si, "id: int64, dir: string", "r/", false);
	T_INT(sink_start(&si), WEIR_ERROR);
	T_STR(si.err.code, "file.occupied");
	si.ts->type->sink->close(&si.pb);
	free(si.pb.state);
	T_INT(ts_free(si.ts), 0);

	fence.append = true;
	sink_open(&si, "id: int64, dir: string", "r/", false);
	T_INT(sink_start(&si), WEIR_OK);
	sink_end(&si);
	fence.append = false;
}

static void
test_keep(void)
{
	struct weir_intent in;
	struct sink si;
	int i;

	sink_open(&si, "id: int64, dir: string", dir_of("keep"), true);
	ts_opt(si.ts, "keep", "2");
	T_INT(sink_start(&si), WEIR_OK);
	((int64_t *)((char *)si.ts->config +
	    si.ts->type->options[1]->offset))[4] = 1; /* epochs: 1 */
	for (i = 0; i < 5; i++) {
		T_INT(sink_write(&si, rows(&si, i, 1)), WEIR_OK);
		T_INT(sink_epoch(&si, false, &in), WEIR_OK);
	}
	T_STR(read_all(dir_of("keep")), "id,dir\r\n3,r/odd\r\n"
	    "id,dir\r\n4,r/even\r\n");
	sink_end(&si);

	fence.append = true;
	sink_open(&si, "id: int64, dir: string", dir_of("keep"), true);
	ts_opt(si.ts, "keep", "2");
	T_INT(sink_start(&si), WEIR_OK);
	si.ts->clock += 5000000;
	T_INT(sink_write(&si, rows(&si, 9, 1)), WEIR_OK);
	T_INT(sink_epoch(&si, true, &in), WEIR_OK);
	T_STR(read_all(dir_of("keep")), "id,dir\r\n4,r/even\r\n"
	    "id,dir\r\n9,r/odd\r\n");
	sink_end(&si);
	fence.append = false;
}

/* Another pipeline's files are not added to, nor a directory refused from which
 * they are gone. */
static void
test_owner(void)
{
	const char *own = fence.pipeline;
	struct weir_intent in;
	char cmd[256];
	struct sink si;
	int i;

	for (i = 0; i < 3; i++) {
		fence.append = i > 0;
		sink_open(&si, "id: int64, dir: string", dir_of("own"), true);
		ts_opt(si.ts, "keep", "5");
		T_INT(sink_start(&si), i == 1 ? WEIR_ERROR : WEIR_OK);
		if (i == 1) {
			T_STR(si.err.code, "file.owner");
			T(strstr(si.err.text, own) != NULL);
			si.ts->type->sink->close(&si.pb);
			free(si.pb.state);
			T_INT(ts_free(si.ts), 0);
			snprintf(cmd, sizeof cmd, "%s/%s", dir_of("own"),
			    "out-20260101T000000000Z-0000000001-0000.csv");
			T_INT(unlink(cmd), 0);
			continue;
		}
		T_INT(sink_write(&si, rows(&si, 0, 1)), WEIR_OK);
		T_INT(sink_epoch(&si, true, &in), WEIR_OK);
		sink_end(&si);
		fence.pipeline = "ffff456789abcdef0123456789abcdef";
	}
	fence.pipeline = own;
	fence.append = false;
}

/* What a crash left is removed; what is at work is not. */
static void
test_staging(void)
{
	struct fsink_publisher *fp;
	struct sink si, other;
	char path[256];
	FILE *file;

	sink_open(&si, "id: int64, dir: string", dir_of("st"), true);
	T_INT(sink_start(&si), WEIR_OK);
	T_INT(sink_write(&si, rows(&si, 0, 4)), WEIR_OK);
	T_INT(count_files(dir_of("st"), true), 2);

	sink_open(&other, "id: int64, dir: string", dir_of("st"), true);
	T_INT(sink_start(&other), WEIR_ERROR);
	T_STR(other.err.code, "file.busy");
	other.ts->type->sink->close(&other.pb);
	free(other.pb.state);
	ts_free(other.ts);
	T_INT(count_files(dir_of("st"), true), 2);

	/* As after a kill: the lock goes, the files stay. */
	T_INT(ts_free(si.ts), 0);
	fp = si.pb.state;
	close(fp->lock);
	weir__free(fp->lock_path);
	weir__free(fp->mark_path);
	weir__free(fp->staging);
	weir__free(fp->lists);
	weir__free(fp->top);
	free(fp);
	snprintf(path, sizeof path, "%s/.staging/%s/1/other@000001.open",
	    dir_of("st"), fence.pipeline);
	file = fopen(path, "w");
	T(file != NULL);
	fclose(file);
	T_INT(count_files(dir_of("st"), true), 3);
	sink_open(&si, "id: int64, dir: string", dir_of("st"), true);
	T_INT(sink_start(&si), WEIR_OK);
	T_INT(count_files(dir_of("st"), true), 2); /* other's, and the lock */
	sink_end(&si);
	T_INT(unlink(path), 0);
}

/* More directories than may be open, and more files than an intent can name. */
static void
test_many(void)
{
	struct weir_intent in;
	struct weir_batch *b;
	struct sink si;
	char text[64];
	uint32_t i;

	T_INT(chdir(root), 0);
	sink_open(&si, "id: int64, dir: string", "m/", false);
	ts_opt(si.ts, "max_open", "4");
	T_INT(sink_start(&si), WEIR_OK);
	b = ts_batch(si.ts, 1500);
	for (i = 0; i < 1500; i++) {
		b->cols[0].u.i64[i] = i;
		snprintf(text, sizeof text,
		    "m/a directory with a rather long name=%u", i % 1200);
		ts_text(b, 1, i, text, strlen(text));
	}
	T_INT(sink_write(&si, b), WEIR_OK);
	T_INT(sink_epoch(&si, true, &in), WEIR_OK);
	T(in.len < 65536);
	T_INT(in.rows, 1500);
	T_INT(count_files(dir_of("m"), false), 1200);
	sink_end(&si);
	T_INT(count_files(dir_of("m"), true), 1200);
}

static void
test_memory(void)
{
	struct weir_intent in;
	struct weir_batch *b;
	uint64_t n;
	int rc = WEIR_ERROR;
	struct sink si;
	char dir[64];

	for (n = 1; rc != WEIR_OK && n < 200; n++) {
		snprintf(dir, sizeof dir, "oom%d/x", (int)n);
		sink_open(&si, "id: int64, dir: string", dir_of(dir), true);
		if (sink_start(&si) != WEIR_OK)
			T(false);
		b = rows(&si, 0, 4);
		weir__alloc_fail_at(n, 0);
		rc = sink_write(&si, b);
		if (rc == WEIR_OK)
			rc = sink_epoch(&si, true, &in);
		weir__alloc_fail_at(0, 0);
		if (!si.decided && count_files(dir_of(dir), false) != 0)
			T(false);
		si.ts->type->sink->abandon(&si.pb);
		si.ts->type->sink->close(&si.pb);
		free(si.pb.state);
		if (ts_free(si.ts) != 0)
			T(false);
		if (count_files(dir_of(dir), true) !=
		    count_files(dir_of(dir), false))
			T(false);
	}
	T_INT(rc, WEIR_OK);
	T(n > 5);
}

static void
test_full(void)
{
	struct weir_err err;
	struct sink si;
	void *cut = NULL;
	struct weir_intent in = { 0 };

	sink_open(&si, "id: int64, dir: string", dir_of("full"), true);
	T_INT(sink_start(&si), WEIR_OK);
	T_INT(sink_write(&si, rows(&si, 0, 4)), WEIR_OK);
	T_INT(si.ts->type->sink->cut(&si.ts->stage.st, 1, true, &cut, &err),
	    WEIR_OK);
	/* The disk is full from here on: the descriptor is one of /dev/full. */
	{
		int fd, full = open("/dev/full", O_WRONLY);

		for (fd = 3; fd < 64; fd++) {
			char link[64], to[256];
			ssize_t k;

			snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
			k = readlink(link, to, sizeof to - 1);
			to[k < 0 ? 0 : k] = '\0';
			if (strstr(to, ".open") != NULL)
				dup2(full, fd);
		}
		close(full);
	}
	T_INT(si.ts->type->sink->prepare(&si.ts->stage.st, cut, &in, &err),
	    WEIR_ERROR);
	T_STR(err.code, "disk.full");
	T(strstr(err.text, "No space left on device") != NULL);
	T_INT(count_files(dir_of("full"), false), 0);
	weir__free(in.data);
	weir__free(in.keep);
	sink_end(&si);
	T_INT(count_files(dir_of("full"), true), 0);
}

int
main(void)
{
	char cmd[128];
	pid_t pid;

	snprintf(root, sizeof root, "/tmp/weir-filesink-XXXXXX");
	if (mkdtemp(root) == NULL)
		return 1;
	fence = (struct weir_fence){ .fence = 1, .fresh = true,
		.pipeline = "0123456789abcdef0123456789abcdef" };
	test_text();
	test_roll();
	test_dirs();
	test_keep();
	test_owner();
	test_staging();
	test_many();
	test_memory();
	test_full();
	snprintf(cmd, sizeof cmd, "%s", root);
	if ((pid = fork()) == 0)
		execlp("rm", "rm", "-rf", cmd, (char *)NULL);
	waitpid(pid, NULL, 0);
	return t_done();
}
