/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files, killed: at each effect on the disk in turn, and again
 * while they recover; what was decided survives in a journal that is a piece of
 * shared memory.  What is published in the end must be the rows of the run that
 * nobody killed.
 *
 *	child     open, resume, redo, epochs ... ── kill -9 at effect N
 *	parent    tails that were not decided are torn
 *	child     open, resume, redo, epochs ... ── kill -9 at effect M
 *	child     ... to the end
 *	parent    all published rows, sorted, against those of the whole run
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../../plugins/common/filesink_parts.h"
#include "base/fault.h"
#include "base/hash.h"
#include "batch/frame.h"
#include "parquet_host.h"

#define EPOCHS 7
#define KEEP (1 << 16)

/* What a journal would have. */
struct journal {
	uint64_t fence;
	uint64_t epoch;	    /* decided */
	uint64_t published; /* by the sink, as the journal knows it */
	size_t keep_len;
	char keep[KEEP];
	struct {
		uint64_t rows;
		size_t len;
		char data[KEEP];
	} intent[EPOCHS + 1];
	char error[600]; /* of the child that failed */
};

static struct journal *jo;

/* One of the sinks and how it is driven. */
struct subject {
	const char *plugin;
	const char *schema;
	const char *path; /* below the directory; "" all rows in it */
	uint32_t batch;	  /* rows */
	uint32_t batches; /* an epoch */
	uint64_t lag;	  /* epochs that wait to be published */
	const char *opts[12];
};

/* How many of the places are taken: each in a long run. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE 31
#else
#define STRIDE 7
#endif

static int stride = STRIDE;
static struct weir__pool *pool;
static struct weir_err err;
static uint64_t settled_to;

/* ---- the host */

static int
host_save(const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    void **data, size_t *len)
{
	return weir__batch_save(b, rows, n, data, len);
}

static struct weir_batch *
host_load(struct weir_stage *st, const struct weir_schema *sc,
    const void *data, size_t len)
{
	(void)st;
	return weir__batch_load(pool, sc, data, len, NULL);
}

static void
host_unref(struct weir_batch *b)
{
	weir__batch_unref(b);
}

static uint64_t
host_settled(const struct weir_publisher *pb)
{
	(void)pb;
	return settled_to;
}

static const struct weir_fence *
fence_of(bool taken_over)
{
	ph.fence = (struct weir_fence){ .fence = ++jo->fence,
		.epoch = jo->epoch, .fresh = jo->epoch == 0,
		.published = jo->published, .taken_over = taken_over,
		.pipeline = "0123456789abcdef0123456789abcdef",
		.sink = "test" };
	return &ph.fence;
}

static struct ts *
make(const struct subject *su, const char *dir)
{
	struct ts *ts = ph_with(ts_plugin(su->plugin), "write", su->schema);
	char path[1024];
	int i;

	ts->host.batch_save = host_save;
	ts->host.batch_load = host_load;
	ts->host.batch_unref = host_unref;
	ts->host.settled = host_settled;
	for (i = 0; su->opts[i] != NULL; i += 2)
		ph_opt(ts, su->opts[i], su->opts[i + 1]);
	snprintf(path, sizeof path, "%s/%s", dir, su->path);
	ph_path(ts, path, su->path[0] == '\0');
	return ts;
}

/* ---- rows: the same in every run */

static struct weir_batch *
epoch_batch(struct ts *ts, const struct subject *su, uint64_t epoch,
    uint32_t no)
{
	struct ph_gen g = { .state = epoch * 1000 + no, .text_max = 24,
		.nulls = PH_SOME };
	struct weir_batch *b = ph_batch(ts, &g, su->batch);
	struct weir_str *s;
	uint32_t i;

	for (i = 0; i < su->batch; i++)
		b->cols[0].u.i64[i] = (int64_t)((epoch * 1000 + no) * 5000 + i);
	if (su->path[0] == '\0')
		return b;
	s = weir__arena_alloc(&ts_priv(b)->ar, su->batch * sizeof *s);
	for (i = 0; i < su->batch; i++) {
		char *p = weir__arena_printf(&ts_priv(b)->ar, "%s%u",
		    ph.prefix, (unsigned)(no + i) % 3);

		s[i] = weir_str_make(p, strlen(p));
	}
	ph.paths.u.str = s;
	return b;
}

/* ---- a process */

static void
give_up(const char *what)
{
	snprintf(jo->error, sizeof jo->error, "%s: %s [%s]", what, err.text,
	    err.code);
	_exit(1);
}

static void
publish(struct ts *ts, uint64_t upto)
{
	struct weir_intent in;
	uint64_t e;

	for (e = jo->published + 1; e <= upto && e <= jo->epoch; e++) {
		in = (struct weir_intent){ .rows = jo->intent[e].rows,
			.data = jo->intent[e].data,
			.len = jo->intent[e].len };
		if (ts->type->sink->publish(&ph.pb, e, &in, 1, &err) !=
		    WEIR_OK)
			give_up("publish");
		jo->published = e;
	}
}

static void
decide(uint64_t fence, uint64_t epoch)
{
	if (fence != jo->fence) { /* another has taken over */
		snprintf(err.text, sizeof err.text, "fenced");
		give_up("decide");
	}
	if (ph.intent.len > KEEP || ph.intent.keep_len >= KEEP)
		give_up("journal");
	memcpy(jo->keep, ph.intent.keep, ph.intent.keep_len);
	jo->keep[ph.intent.keep_len] = '\0';
	jo->keep_len = ph.intent.keep_len;
	if (ph.intent.len > 0)
		memcpy(jo->intent[epoch].data, ph.intent.data, ph.intent.len);
	jo->intent[epoch].len = ph.intent.len;
	jo->intent[epoch].rows = ph.intent.rows;
	jo->epoch = epoch; /* the commit point */
	settled_to = jo->published;
	weir__free(ph.intent.keep);
	ph.intent.keep = NULL;
}

/* Stop oneself in the middle of an epoch. */
static uint64_t stop_in;

static void
work(struct ts *ts, const struct subject *su, uint64_t fence)
{
	uint64_t e;
	uint32_t i;

	for (e = jo->epoch + 1; e <= EPOCHS; e++) {
		ph.epoch = e;
		ts->clock += 1000000;
		for (i = 0; i < su->batches; i++) {
			if (ph_write(ts, epoch_batch(ts, su, e, i), &err) !=
			    WEIR_OK)
				give_up("write");
			if (e == stop_in && i == su->batches / 2)
				raise(SIGSTOP);
		}
		if (ph_decide(ts, e == EPOCHS, &err) != WEIR_OK)
			give_up("prepare");
		decide(fence, e);
		publish(ts, e == EPOCHS || e < su->lag ? e : e - su->lag);
	}
}

static void
process(const struct subject *su, const char *dir, bool taken_over)
{
	struct ts *ts;
	uint64_t fence;

	pool = weir__pool_new();
	fence = fence_of(taken_over)->fence;
	settled_to = jo->published;
	ts = make(su, dir);
	ts->clock += (int64_t)fence * 10000000;
	if (ph_start(ts, &err) != WEIR_OK)
		give_up("open");
	if (jo->epoch > 0 && ts->type->sink->resume(&ts->stage.st, jo->epoch,
		jo->keep, jo->keep_len, &err) != WEIR_OK)
		give_up("resume");
	publish(ts, jo->epoch);
	work(ts, su, fence);
	settled_to = jo->published;
	if (ph_free(ts) != 0)
		give_up("batches are lost");
	if (weir__pool_live(pool) != 0)
		give_up("batches of the pool are lost");
	weir__pool_free(pool);
}

/* A child with faults; how it ended.  With `stop` it stands still in the midst
 * of that epoch: its process. */
static int
child(const struct subject *su, const char *dir, const char *faults,
    bool taken_over, uint64_t stop)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		stop_in = stop;
		if (faults != NULL && weir__fault_arm(faults, NULL) != 0)
			_exit(2);
		process(su, dir, taken_over);
		_exit(0);
	}
	if (stop != 0) {
		waitpid(pid, &status, WUNTRACED);
		return WIFSTOPPED(status) ? (int)pid : -1;
	}
	waitpid(pid, &status, 0);
	return status;
}

/* ---- what is there in the end */

struct lines {
	char *at[60000];
	size_t n;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_line(struct lines *li, const char *p, size_t n)
{
	if (li->n < sizeof li->at / sizeof *li->at)
		li->at[li->n++] = strndup(p, n);
}

static void
add_text(struct lines *li, const char *text, const char *skip)
{
	const char *nl;

	for (; (nl = strchr(text, '\n')) != NULL; text = nl + 1)
		if (skip == NULL || strncmp(text, skip, strlen(skip)) != 0)
			add_line(li, text, (size_t)(nl - text));
}

static void
read_parquet(struct lines *li, const char *path)
{
	struct ts *ts = ph_new("read", "");
	int rc = WEIR_OK;

	ts_opt(ts, "path", path);
	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK ||
	    ts->type->source->open(&ts->stage.st, NULL, 0, &err) != WEIR_OK) {
		add_line(li, err.text, strlen(err.text));
	} else {
		while (rc == WEIR_OK) {
			rc = ts->type->source->poll(&ts->stage.st, 4096, 0,
			    &err);
			add_text(li, ts_dump(ts), NULL);
			ts_clear(ts);
		}
		if (rc != WEIR_END)
			add_line(li, err.text, strlen(err.text));
	}
	ts_free(ts);
}

static void
read_text(struct lines *li, const char *path)
{
	static char text[1 << 22];
	FILE *fp = fopen(path, "r");
	size_t n = fp == NULL ? 0 : fread(text, 1, sizeof text - 1, fp);

	if (fp != NULL)
		fclose(fp);
	text[n] = '\0';
	add_text(li, text, "id,");
}

/* Every visible file below. */
static void
read_tree(struct lines *li, const char *dir)
{
	struct dirent *en;
	struct stat sb;
	char path[2048];
	DIR *d = opendir(dir);

	while (d != NULL && (en = readdir(d)) != NULL) {
		if (en->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, en->d_name);
		if (stat(path, &sb) == 0 && S_ISDIR(sb.st_mode))
			read_tree(li, path);
		else if (strstr(en->d_name, ".parquet") != NULL)
			read_parquet(li, path);
		else
			read_text(li, path);
	}
	if (d != NULL)
		closedir(d);
}

/* Their number and a hash of all, sorted. */
static uint64_t
rows_of(const char *dir, size_t *n)
{
	static struct lines li;
	uint64_t h = 0;
	size_t i;

	li.n = 0;
	read_tree(&li, dir);
	qsort(li.at, li.n, sizeof *li.at, by_text);
	for (i = 0; i < li.n; i++) {
		h = weir__hash_crc32c((uint32_t)h, li.at[i],
		    strlen(li.at[i])) | (uint64_t)i << 32;
		free(li.at[i]);
	}
	*n = li.n;
	return h;
}

static bool
has(const char *dir, const char *name)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

/* ---- tearing: of open files anything may be behind what was decided */

static uint64_t chance = 1;

static void
tear(const char *dir)
{
	uint64_t fence, length;
	char path[2048], name[128];
	const char *p = jo->keep, *end = jo->keep + jo->keep_len;
	struct stat sb;
	int fd;

	for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL && p + 1 < end;
	     p++) {
		if (sscanf(p + 1, "%lu %*s %*s %*s %*s %*s %*s %*s %127s",
			&length, name) != 2)
			continue;
		for (fence = 1; fence <= jo->fence; fence++) {
			snprintf(path, sizeof path,
			    "%s/.staging/0123456789abcdef0123456789abcdef/%lu/"
			    "%s", dir, fence, name);
			fd = open(path, O_RDWR | O_CLOEXEC);
			if (fd < 0)
				continue;
			chance = chance * 6364136223846793005u + 1;
			if (fstat(fd, &sb) == 0 &&
			    (uint64_t)sb.st_size >= length) {
				if (chance >> 40 & 1)
					(void)!ftruncate(fd, (off_t)length);
				else
					(void)!pwrite(fd, "torn", 4,
					    sb.st_size);
			}
			close(fd);
		}
	}
}

/* ---- the tests */

static void
begin(char *dir, const char *name)
{
	snprintf(dir, 600, "%s/%s", ph.out, name);
	ph_remove(dir);
	memset(jo, 0, sizeof *jo);
}

/* Kill at effect `first`, then, where `again` is not 0, in recovery at effect
 * `again`, then to the end.  1: the run came to its end before the first. */
static int
one(const struct subject *su, const char *dir, int first, int again,
    uint64_t want, size_t rows)
{
	char spec[64];
	size_t n;
	int status;

	snprintf(spec, sizeof spec, "*=kill@%d", first);
	status = child(su, dir, spec, false, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		printf("# first, %s: %s\n", spec, jo->error);
		return -1;
	}
	tear(dir);
	snprintf(spec, sizeof spec, "*=kill@%d", again);
	if (again != 0)
		status = child(su, dir, spec, false, 0);
	if (again != 0 && WIFSIGNALED(status))
		tear(dir);
	status = child(su, dir, NULL, false, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		printf("# killed at %d and %d: %s\n", first, again, jo->error);
		return -1;
	}
	if (rows_of(dir, &n) != want || n != rows) {
		printf("# killed at %d and %d: %zu rows instead of %zu\n",
		    first, again, n, rows);
		return -1;
	}
	if (has(dir, ".staging")) {
		printf("# killed at %d and %d: staging is left\n", first,
		    again);
		return -1;
	}
	return 0;
}

static uint64_t
whole_run(const struct subject *su, char *dir, size_t *rows)
{
	uint64_t h;

	begin(dir, "whole");
	T_INT(child(su, dir, NULL, false, 0), 0);
	T_STR(jo->error, "");
	T(!has(dir, ".staging"));
	h = rows_of(dir, rows);
	T_INT(*rows, (size_t)EPOCHS * su->batch * su->batches);
	return h;
}

static void
test_kills(const struct subject *su)
{
	char dir[600];
	size_t rows;
	uint64_t want = whole_run(su, dir, &rows);
	int n, rc = 0, runs = 0;

	for (n = 1; rc == 0 && n < 2000; n += stride) {
		begin(dir, "killed");
		rc = one(su, dir, n, n % 3 == 0 ? 0 : 1 + n % 17, want, rows);
		runs++;
	}
	T_INT(rc, 1);
	T(runs > 2);
}

/* A process stands still, another takes over, the first goes on. */
static void
test_zombie(const struct subject *su)
{
	char dir[600];
	size_t rows, n;
	uint64_t want = whole_run(su, dir, &rows), stop;
	int a, b, status;

	for (stop = 2; stop < EPOCHS; stop += stride > 1 ? 2 : 1) {
		begin(dir, "zombie");
		a = child(su, dir, NULL, false, stop);
		T(a > 0 && jo->epoch == stop - 1);
		b = child(su, dir, NULL, true, stop + 1);
		T(b > 0 && jo->epoch == stop);
		/* The zombie writes, cuts, prepares and is not heard. */
		kill(a, SIGCONT);
		waitpid(a, &status, 0);
		T(WIFEXITED(status) && WEXITSTATUS(status) == 1);
		jo->error[0] = '\0';
		kill(b, SIGCONT);
		waitpid(b, &status, 0);
		T(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		T_STR(jo->error, "");
		T(rows_of(dir, &n) == want);
		T_INT(n, rows);
	}
}

/* Effects that fail: an error, and the next process goes on. */
static void
test_faults(const struct subject *su, const char *what)
{
	char dir[600], spec[64];
	size_t rows, n;
	uint64_t want = whole_run(su, dir, &rows);
	int i, status, bad = 0;

	for (i = 1; i < 400; i += stride) {
		begin(dir, "faults");
		snprintf(spec, sizeof spec, "*=%s@%d", what, i);
		status = child(su, dir, spec, false, 0);
		if (!WIFEXITED(status))
			bad++;
		if (status == 0 && jo->error[0] == '\0' &&
		    rows_of(dir, &n) == want && i > 150)
			break;
		status = child(su, dir, NULL, false, 0);
		if (status != 0 || rows_of(dir, &n) != want) {
			printf("# %s: %zu rows, %s\n", spec, n, jo->error);
			bad++;
		}
	}
	T_INT(bad, 0);
}

static void
killed_in(const struct subject *su, char *dir, uint64_t epoch)
{
	int pid, status;

	begin(dir, "left");
	pid = child(su, dir, NULL, false, epoch);
	T(pid > 0 && jo->epoch == epoch - 1);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* The staging of two fences: a process died while it moved files from one to
 * the other. */
static void
split_staging(const char *dir)
{
	char (*names)[256] = calloc(256, sizeof *names);
	char from[1200], to[1200];
	int i, n;

	snprintf(from, sizeof from, "%s/.staging/"
	    "0123456789abcdef0123456789abcdef/%lu", dir, jo->fence);
	n = ph_list(from, names, 256);
	jo->fence++;
	snprintf(to, sizeof to, "%s/.staging/"
	    "0123456789abcdef0123456789abcdef/%lu", dir, jo->fence);
	T_INT(mkdir(to, 0777), 0);
	for (i = 0; i < n; i += 2) {
		snprintf(from, sizeof from, "%s/.staging/"
		    "0123456789abcdef0123456789abcdef/%lu/%s", dir,
		    jo->fence - 1, names[i]);
		snprintf(to, sizeof to, "%s/.staging/"
		    "0123456789abcdef0123456789abcdef/%lu/%s", dir, jo->fence,
		    names[i]);
		T_INT(rename(from, to), 0);
	}
	free(names);
}

/* Killed at places that the other runs seldom or never reach; `how`: 0 in the
 * first process, 1 in one that takes over from one that stands still, 2 in one
 * that finds the staging of two others. */
static void
test_places(const struct subject *su, int how, const char *const *places)
{
	char dir[600], spec[64];
	size_t rows, n;
	uint64_t want = whole_run(su, dir, &rows);
	int a = 0, status;

	for (; *places != NULL; places++) {
		if (how == 2) {
			killed_in(su, dir, 4);
			split_staging(dir);
		} else
			begin(dir, "places");
		if (how == 1)
			a = child(su, dir, NULL, false, 4);
		n = strcspn(*places, "@");
		snprintf(spec, sizeof spec, "%.*s=kill%s", (int)n, *places,
		    *places + n);
		status = child(su, dir, spec, how == 1, 0);
		if (!WIFSIGNALED(status))
			printf("# %s is not reached: %s\n", spec, jo->error);
		T(WIFSIGNALED(status));
		tear(dir);
		T_INT(child(su, dir, NULL, how == 1, 0), 0);
		T_STR(jo->error, "");
		T(rows_of(dir, &n) == want);
		T_INT(n, rows);
		T(how == 1 || !has(dir, ".staging"));
		if (how == 1) {
			kill(a, SIGKILL);
			waitpid(a, &status, 0);
		}
	}
}

/* What was decided is not there: refused, with the names. */
static void
test_refusals(const struct subject *su)
{
	char dir[600], path[1200], code[32];
	char (*names)[256] = calloc(64, sizeof *names);
	int i, k, n;

	for (k = 0; k < 3; k++) {
		killed_in(su, dir, 3);
		snprintf(path, sizeof path,
		    "%s/.staging/0123456789abcdef0123456789abcdef/1", dir);
		n = ph_list(path, names, 64);
		for (i = 0; i < n; i++) {
			snprintf(path, sizeof path, "%s/.staging/"
			    "0123456789abcdef0123456789abcdef/1/%s", dir,
			    names[i]);
			if (k == 0)
				(void)unlink(path);
			else if (k == 1)
				(void)!truncate(path, 1);
			else if (strstr(path, ".side") != NULL) {
				int fd = open(path, O_WRONLY);

				(void)!pwrite(fd, "x", 1, 20);
				close(fd);
			}
		}
		T_INT(child(su, dir, NULL, false, 0) != 0,
		    k < 2 || strcmp(su->plugin, "parquet") == 0);
		if (k == 2 && strcmp(su->plugin, "parquet") != 0)
			continue;
		T(strstr(jo->error, "test@0000") != NULL);
		snprintf(code, sizeof code, "[%s.lost]",
		    strcmp(su->plugin, "parquet") == 0 ? "parquet" : "file");
		T(strstr(jo->error, code) != NULL);
		if (strstr(jo->error, code) == NULL)
			printf("# %s\n", jo->error);
	}
	free(names);
}

/* Memory that ends while a writer goes on. */
static void
test_memory(const struct subject *su)
{
	char dir[600];
	struct ts *ts;
	uint64_t n;
	int rc = WEIR_ERROR;

	killed_in(su, dir, 4);
	pool = weir__pool_new();
	for (n = 1; rc != WEIR_OK && n < 3000; n++) {
		fence_of(false);
		settled_to = jo->published;
		ts = make(su, dir);
		if (ph_start(ts, &err) != WEIR_OK)
			break;
		weir__alloc_fail_at(n, 1);
		rc = ts->type->sink->resume(&ts->stage.st, jo->epoch, jo->keep,
		    jo->keep_len, &err);
		if (rc == WEIR_OK) {
			void *cut = NULL;

			rc = ts->type->sink->cut(&ts->stage.st, jo->epoch + 1,
			    false, &cut, &err);
			memset(&ph.intent, 0, sizeof ph.intent);
			if (rc == WEIR_OK)
				rc = ts->type->sink->prepare(&ts->stage.st,
				    cut, &ph.intent, &err);
		}
		weir__alloc_fail_at(0, 0);
		if (rc != WEIR_OK && strstr(err.code, "memory") == NULL &&
		    strstr(err.text, "memory") == NULL)
			T_STR(err.text, "out of memory");
		if (ph_free(ts) != 0)
			T(!"batches are lost");
		n += rc != WEIR_OK && n > 20 ? (uint64_t)stride / 2 : 0;
	}
	T_INT(rc, WEIR_OK);
	T(n > 5);
	T_INT(weir__pool_live(pool), 0);
	weir__pool_free(pool);
}

/* The journal's word on published files against the directory. */
static void
test_audit(const struct subject *su)
{
	char dir[600], path[1200];
	char (*names)[256] = calloc(256, sizeof *names);
	struct weir_audit au;
	struct weir_intent in;
	struct ts *ts;
	uint64_t e;
	int k;

	begin(dir, "audit");
	T_INT(child(su, dir, NULL, false, 0), 0);
	T(ph_list(dir, names, 256) > 0);
	snprintf(path, sizeof path, "%s/%s", dir, names[0]);
	for (k = 0; k < 3; k++) {
		if (k == 1) {
			int fd = open(path, O_RDWR);

			(void)!pwrite(fd, "y", 1, 30);
			close(fd);
		} else if (k == 2)
			(void)unlink(path);
		memset(&au, 0, sizeof au);
		fence_of(false);
		ts = make(su, dir);
		T_INT(ts_bind(ts, &err), WEIR_OK);
		ph.pb = (struct weir_publisher){ .host = &ts->host,
			.config = ts->config, .id = "test" };
		for (e = 1; e <= EPOCHS; e++) {
			in = (struct weir_intent){ .rows = jo->intent[e].rows,
				.data = jo->intent[e].data,
				.len = jo->intent[e].len };
			T_INT(ts->type->sink->audit(&ph.pb, &ph.fence, e, &in,
				1, &au, &err), WEIR_OK);
		}
		if (k == 0) {
			T_INT(au.rows, EPOCHS * su->batch * su->batches);
			T_STR(au.bad, "");
		} else
			T(strstr(au.bad, names[0]) != NULL);
		ts_free(ts);
	}
	free(names);
}

#define NESTED                                                                \
	"id: int64!, name: string, at: timestamp, l: list(decimal(20, 2)), "  \
	"m: map(string), s: struct { a: int32, b: struct { c: bytes, "        \
	"d: float64 } }, ok: bool"

static const struct subject subjects[] = {
	{ "csv", "id: int64!, name: string, x: float64", "", 40, 3, 1,
	    { "roll.rows", "200", NULL } },
	{ "csv", "id: int64!, name: string", "part=", 1, 6, 0,
	    { "roll.age", "3s", "max_open", "2", "delimiter", ",", NULL } },
	{ "file", "id: int64!, value: string!", "", 30, 2, 2,
	    { "roll.age", "2s", "roll.size", "2KiB", NULL } },
	/* every row is spooled */
	{ "parquet", NESTED, "", 50, 2, 1, { "roll.age", "4s", NULL } },
	/* a row group an epoch, or in the midst of it */
	{ "parquet", NESTED, "", 100, 3, 1,
	    { "roll.age", "4s", "row_group_rows", "250", "compression",
		"snappy", NULL } },
	{ "parquet", "id: int64!, name: string, b: bytes", "day=", 1, 5, 0,
	    { "roll.age", "3s", "max_open", "2", "row_group_rows", "16",
		"compression", "gzip", NULL } },
	{ "parquet", NESTED, "", 1, 4, 3,
	    { "roll.rows", "11", "compression", "lz4_raw", NULL } },
	{ "parquet", NESTED, "", 20, 2, 0,
	    { "roll.epochs", "2", "compression", "none", NULL } },
};

/* More files an epoch than an intent can name. */
static const struct subject many = { "csv", "id: int64!", "", 850, 1, 1,
	{ "roll.rows", "1", "header", "false", NULL } };
static const char *const lists[] = { "file.list.create", "file.list.write",
	"file.list.sync", "file.list.open", "file.list.unlink", NULL };
/* So much is put aside that a side file is followed by another. */
static const struct subject large = { "parquet", NESTED, "", 1200, 3, 0,
	{ "roll.age", "1m", "row_group_rows", "80000", NULL } };
static const char *const sides[] = { "file.side.unlink", "file.side.write@9",
	"file.open.sync@7", NULL };
static const char *const copies[] = { "file.copy.read", "file.copy.write",
	"file.copy.sync", "file.copy.rename", NULL };
static const char *const adoptions[] = { "file.adopt.all",
	"file.adopt.rename", "file.adopt.sync", "file.adopt.rmdir",
	"file.adopt.dir", "file.resume.sweep", NULL };

int
main(void)
{
	size_t i;

	if (getenv("WEIR_LONG") != NULL)
		stride = 1;
	jo = mmap(NULL, sizeof *jo, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (jo == MAP_FAILED)
		return 1;
	/* Nothing is lost with a process: a disk only makes it slow. */
	if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	ph_tmp();
	ts_plugin("csv");
	ts_plugin("file");
	ts_plugin("parquet");
	for (i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		printf("# %s, subject %zu\n", subjects[i].plugin, i);
		fflush(stdout);
		test_kills(&subjects[i]);
		test_zombie(&subjects[i]);
		test_memory(&subjects[i]);
	}
	for (i = 0; i < 4; i++)
		test_refusals(&subjects[i]);
	test_faults(&subjects[0], "eio");
	test_faults(&subjects[4], "eio");
	test_faults(&subjects[3], "short");
	test_faults(&subjects[5], "enospc");
	test_places(&many, 0, lists);
	test_places(&large, 0, sides);
	test_places(&subjects[3], 1, copies);
	test_places(&subjects[5], 2, adoptions);
	test_audit(&subjects[0]);
	test_audit(&subjects[3]);
	ph_remove(ph.out);
	return t_done();
}
