/* SPDX-License-Identifier: MIT
 *
 * Schedules of the simulation.
 *
 *	sim [-n SCHEDULES] [-s SEED] [-j JOBS] [-v]
 *
 * A schedule is a few lives of one pipeline, each ended at some moment, by a
 * kill or with the power cut, until one comes to its end; then each sink has
 * to hold exactly its rows.  `sim -n 1 -s SEED -v` runs one again.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plan/plan.h"
#include "run/run.h"
#include "sim.h"

#define LIVES 8 /* the last of them is spared */

static const char pipeline[] =
    "settings { state: \"%s/state\", quarantine: \"%s/q\","
    " epoch: { rows: 7, every: 1h } }\n"
    "src = generate.sequence(count: 9, start: \"2026-01-01T00:00:00Z\","
    " step: 1s)\n"
    "raw = src -> watermark(at, delay: 8s, max_ahead: 87600h)\n"
    "raw -> csv.write(\"%s/a\")\n"
    "raw -> csv.write(\"%s/b\")\n"
    "raw -> csv.write(\"%s/c\")\n"
    "win = raw -> set { k: n %% 4 } -> window.tumbling(10s, by: k) {"
    " c: count(), m: max(n) }\n"
    "win -> where(c > 1) -> csv.write(\"%s/d\")\n"
    "win.late -> csv.write(\"%s/e\")\n";

struct world *world;
static struct far want[MAX_SINKS];
static uint32_t nwant;

/* The pipeline's id is no surprise either. */
ssize_t
getrandom(void *p, size_t n, unsigned int flags)
{
	unsigned char *to = p;
	size_t i;

	(void)flags;
	for (i = 0; i < n; i++)
		to[i] = (unsigned char)draw(256);
	return (ssize_t)n;
}

static int
gone(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

static void
remove_tree(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof path, "%s%s", dir, name);
	nftw(path, gone, 16, FTW_DEPTH | FTW_PHYS);
}

/* ------------------------------------------------------------------- lives */

static int
live(const struct weir__plan *pl, struct weir__errors *es, const char *dir)
{
	struct weir__run_options op = { .quiet = true };
	char log[512];
	int rc, fd;
	pid_t pid;

	snprintf(log, sizeof log, "%s/log", dir);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (fd >= 0)
			dup2(fd, STDERR_FILENO);
		fprintf(stderr, "-- life %d\n", world->life);
		alarm(60);
		sched_begin();
		_exit(weir__run(pl, es, &op));
	}
	if (pid < 0 || waitpid(pid, &rc, 0) != pid)
		return -1;
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : 1000 + WTERMSIG(rc);
}

/* How the next life goes: some end early, some late, some by a full disk. */
static void
set_fate(void)
{
	static const uint32_t crash[] = { 0, 30, 200, 600, 1500 };
	static const uint32_t fault[] = { 0, 0, 0, 40, 300 };
	static const uint32_t far[] = { 0, 3, 10 };
	static const uint32_t change[] = { 1, 3, 10, 40, 40, 200 };

	world->crash_in = crash[draw(5)];
	world->fault_in = fault[draw(5)];
	world->far_in = far[draw(3)];
	world->switch_in = change[draw(6)];
	if (world->life == LIVES - 1)
		world->crash_in = world->fault_in = 0;
	world->faulted = false;
	world->choices = 0;
	world->clock += 1000000;
	world->broken[0] = '\0';
	world->lives++;
}

static const char *
said(int rc)
{
	static char text[64];

	switch (rc) {
	case EXIT_DEADLOCK:
		return "all threads wait for each other";
	case EXIT_ENDLESS:
		return "it goes on for ever";
	case EXIT_BROKEN:
		return world->broken;
	default:
		snprintf(text, sizeof text, "exit %d with no cause", rc);
		return text;
	}
}

static void
begin(const char *dir, uint64_t seed)
{
	remove_tree(dir, "/state");
	remove_tree(dir, "/state.gone");
	remove_tree(dir, "/log");
	world->seed = seed;
	world->rnd = seed * UINT64_C(0xd1342543de82ef95) + 1;
	world->clock = 0;
	world->nundo = 0;
	world->ninodes = 0;
	world->nbytes = 0;
	model_reset();
}

static void
log_end(const char *dir, const char *how)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/log", dir);
	f = fopen(path, "a");
	if (f != NULL) {
		fprintf(f, "-- %s\n", how);
		fclose(f);
	}
}

/* One schedule; NULL, or what is wrong. */
static const char *
schedule(const struct weir__plan *pl, struct weir__errors *es,
    const char *dir, uint64_t seed)
{
	char state[512];
	int rc;
	pid_t pid;
	bool cut;

	begin(dir, seed);
	snprintf(state, sizeof state, "%s/state", dir);
	disk_root(state);
	for (world->life = 0; world->life < LIVES; world->life++) {
		set_fate();
		rc = live(pl, es, dir);
		if (rc == 0)
			break;
		if (rc != EXIT_CRASH && !(rc == 1 && world->faulted))
			return said(rc);
		world->crashes += rc == EXIT_CRASH;
		cut = rc == EXIT_CRASH && draw(2) == 0;
		if (cut)
			disk_power_cut();
		log_end(dir, cut ? "the power is cut" : rc == EXIT_CRASH ?
			"it is killed" : "it ends by itself");
	}
	if (world->life == LIVES)
		return "it never comes to an end";
	/* in a process, since broken() ends it */
	pid = fork();
	if (pid == 0) {
		model_check(want, nwant);
		_exit(0);
	}
	if (waitpid(pid, &rc, 0) != pid || rc != 0)
		return world->broken;
	return NULL;
}

/* ----------------------------------------------------------------- workers */

static void
show_log(const char *dir)
{
	char line[512], path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/log", dir);
	f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		printf("# %s", line);
	if (f != NULL)
		fclose(f);
}

static struct weir__plan *
make_plan(struct weir__errors *es, const char *dir)
{
	static char text[4096];
	struct weir__plan_options op = { .path = "sim.weir", .text = text };
	struct weir__plan *pl;
	struct weir__buf bf;

	snprintf(text, sizeof text, pipeline, dir, dir, dir, dir, dir, dir,
	    dir);
	weir__errors_init(es);
	pl = weir__plan_make(es, &op);
	if (pl == NULL || es->n != 0) {
		weir__buf_init(&bf);
		weir__errors_print(es, &bf, false);
		fwrite(bf.data, 1, bf.len, stdout);
		exit(2);
	}
	model_plan(pl);
	return pl;
}

/* A schedule without a fault says what the sinks are to hold. */
static void
reference(const struct weir__plan *pl, struct weir__errors *es,
    const char *dir)
{
	char state[512];
	uint32_t i;
	int rc;

	begin(dir, 0);
	snprintf(state, sizeof state, "%s/state", dir);
	disk_root(state);
	world->crash_in = world->fault_in = world->far_in = 0;
	world->switch_in = 1;
	rc = live(pl, es, dir);
	if (rc != 0) {
		printf("# a run without a fault fails: %s\n", said(rc));
		show_log(dir);
		exit(1);
	}
	for (i = 0; i < world->nsinks; i++)
		if (world->sinks[i].n == 0)
			printf("# %s gets no rows\n", world->sinks[i].id);
	memcpy(want, world->sinks, sizeof want);
	nwant = world->nsinks;
}

/* One thread runs at a time: to hand over is cheap on one processor. */
static void
stay_here(int no)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)no % (size_t)(n < 1 ? 1 : n), &set);
	sched_setaffinity(0, sizeof set, &set);
}

static int
work(const char *base, int no, int jobs, uint64_t seed, long n)
{
	char dir[256];
	struct weir__errors es;
	struct weir__plan *pl;
	const char *why;
	int bad = 0;
	long i;

	snprintf(dir, sizeof dir, "%s/%d", base, no);
	mkdir(dir, 0777);
	stay_here(no);
	pl = make_plan(&es, dir);
	reference(pl, &es, dir);
	for (i = no; i < n && bad < 5; i += jobs) {
		why = schedule(pl, &es, dir, seed + (uint64_t)i);
		if (why == NULL && !world->loud)
			continue;
		bad += why != NULL;
		printf("# seed %llu, life %d: %s\n",
		    (unsigned long long)(seed + (uint64_t)i), world->life,
		    why == NULL ? "well" : why);
		show_log(dir);
		fflush(stdout);
	}
	return bad != 0;
}

static struct world *
shared(void)
{
	void *p = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	return p;
}

int
main(int argc, char **argv)
{
	char base[] = "/dev/shm/weir-sim.XXXXXX", other[] = "/tmp/weir-sim.XXXXXX";
	struct world *worlds[16], total = { 0 };
	uint64_t seed = 1;
	long n = 1000, jobs = 2;
	bool loud = false;
	char *dir;
	int opt, rc, bad = 0, i;

	while ((opt = getopt(argc, argv, "n:s:j:v")) != -1)
		switch (opt) {
		case 'n': n = strtol(optarg, NULL, 10); break;
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'j': jobs = strtol(optarg, NULL, 10); break;
		case 'v': loud = true; break;
		default: return 2;
		}
	jobs = jobs < 1 ? 1 : jobs > 16 ? 16 : jobs > n ? n : jobs;
	dir = mkdtemp(base);
	dir = dir != NULL ? dir : mkdtemp(other);
	if (dir == NULL)
		return 2;
	for (i = 0; i < jobs; i++) {
		world = worlds[i] = shared();
		world->loud = loud;
		fflush(NULL);
		if (fork() == 0)
			exit(work(dir, i, (int)jobs, seed, n));
	}
	while (wait(&rc) > 0)
		bad |= rc != 0;
	for (i = 0; i < jobs; i++) {
		total.lives += worlds[i]->lives;
		total.crashes += worlds[i]->crashes;
		total.cuts += worlds[i]->cuts;
		total.faults += worlds[i]->faults;
		total.unclear += worlds[i]->unclear;
	}
	remove_tree(dir, "");
	printf("%sok 1 - %ld schedules, %llu lives, %llu crashes, %llu of them "
	       "with the power, %llu failed effects, %llu lost answers\n1..1\n",
	    bad ? "not " : "", n, (unsigned long long)total.lives,
	    (unsigned long long)total.crashes, (unsigned long long)total.cuts,
	    (unsigned long long)total.faults,
	    (unsigned long long)total.unclear);
	return bad != 0;
}
