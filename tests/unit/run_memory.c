/* SPDX-License-Identifier: MIT
 *
 * A whole run in which the n-th allocation fails, for many n (for every one
 * with WEIR_TEST_LONG=1): it ends with an error, and sanitizers see nothing
 * left behind.
 */
#include "t.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "run/run.h"

static const char pipeline[] =
    "settings { epoch: { every: 1h, rows: 700 }, quarantine: \"q\",\n"
    "    quarantine_writer: \"csv.write\" }\n"
    "x = generate.sequence(from: 1, to: 2000)\n"
    "    -> set { at: cast(\"2026-01-01T00:00:00Z\" as timestamp) + n * 1s,\n"
    "             k: \"a longer key ${n % 50}\" }\n"
    "    -> where(n % 7 != 0) -> set { v: 10 // (n % 1000 - 1) }\n"
    "    -> watermark(at, delay: 10s)\n"
    "w = x -> window.tumbling(1m, by: k) { rows: count(), v: sum(v) }\n"
    "w -> show(3)\n"
    "w.late -> show(3)\n"
    "x.rejected -> select { row } -> show()\n"
    "x -> window.hopping(2m, every: 1m, by: k, emit: update) "
    "{ d: count() } -> show(3)\n";

static struct weir__plan *
make_plan(struct weir__errors *es, const char *path)
{
	const char *dirs[2] = { getenv("WEIR_PLUGINS"), NULL };
	struct weir__plan_options op = { .path = path, .need_secrets = true };
	char self[3072], dir[4096];
	struct weir__buf bf;
	struct weir__plan *pl;
	ssize_t n;

	if (dirs[0] == NULL) {
		n = readlink("/proc/self/exe", self, sizeof self - 1);
		self[n < 0 ? 0 : n] = '\0';
		*strrchr(self, '/') = '\0';
		snprintf(dir, sizeof dir, "%s/../plugins", self);
		dirs[0] = dir;
	}
	op.plugin_dirs = dirs;
	op.nplugin_dirs = 1;
	pl = weir__plan_make(es, &op);
	if (es->n != 0) {
		weir__buf_init(&bf);
		weir__errors_print(es, &bf, false);
		printf("Bail out! %s\n", weir__buf_cstr(&bf));
		exit(1);
	}
	return pl;
}

/* One run with its output thrown away. */
static int
run_once(const struct weir__plan *pl, struct weir__errors *es, uint64_t fail,
    int sticky)
{
	struct weir__run_options op = { .quiet = true, .append = true };
	int null = open("/dev/null", O_WRONLY), out, err, rc;

	fflush(stdout);
	out = dup(1);
	err = dup(2);
	dup2(null, 1);
	dup2(null, 2);
	weir__alloc_fail_at(fail, sticky);
	rc = weir__run(pl, es, &op);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(null);
	return rc;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
remove_all(const char *dir)
{
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	char dir[] = "/tmp/weir-run-XXXXXX", path[64];
	struct weir__errors es;
	struct weir__plan *pl;
	bool every = getenv("WEIR_TEST_LONG") != NULL;
	uint64_t n, total;
	int good = 0, bad = 0, odd = 0, rc;
	FILE *f;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return 1;
	snprintf(path, sizeof path, "%s/x.weir", dir);
	f = fopen(path, "w");
	if (f == NULL || fputs(pipeline, f) < 0 || fclose(f) != 0)
		return 1;
	weir__errors_init(&es);
	pl = make_plan(&es, path);
	T_INT(run_once(pl, &es, 0, 0), 0);
	total = weir__alloc_count();
	T(total > 100);
	for (n = 1; n <= total + 20; n += every ? 1 : 1 + n / 50) {
		rc = run_once(pl, &es, n, n % 2);
		if (rc == 0)
			good++;
		else if (rc == 1)
			bad++;
		else
			odd++;
	}
	printf("# %llu allocations: %d runs failed, %d did not\n",
	    (unsigned long long)total, bad, good);
	T(bad > 50);
	T_INT(odd, 0);
	T_INT(run_once(pl, &es, 0, 0), 0);
	weir__plan_free(pl);
	weir__errors_fini(&es);
	if (chdir("/") != 0 || remove_all(dir) != 0)
		return 1;
	return t_done();
}
