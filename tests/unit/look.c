/* SPDX-License-Identifier: MIT
 *
 * Looking at a state directory: records written by hand, each with something
 * that `weir audit` must find; and what is said of damage.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "journal/coding.h"
#include "run/audit.h"
#include "run/look.h"
#include "t.h"

#define ID "0123456789abcdef0123456789abcdef"

static char top[64];

static int
unlink_it(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static const char *
at(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof path, "%s%s", top, name);
	return path;
}

static void
make(const char *name, const char *text)
{
	FILE *fp = fopen(at(name), "w");

	T(fp != NULL && fputs(text, fp) >= 0 && fclose(fp) == 0);
}

static void
begin(void)
{
	snprintf(top, sizeof top, "/tmp/weir-look-XXXXXX");
	T(mkdtemp(top) != NULL);
	T(mkdir(at("/journal"), 0777) == 0);
	make("/id", ID);
	make("/fence", "7\n");
}

static void
end(void)
{
	nftw(top, unlink_it, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- a journal */

struct epoch {
	uint64_t no, before;
	int64_t next;
	uint64_t in, passed, unmade, lost;
	uint64_t published, rows, taken; /* of the sink */
};

static void
put_epoch(struct weir__buf *bf, const struct epoch *ep)
{
	uint64_t counts[12] = { [0] = ep->in, [1] = ep->passed,
		[3] = ep->unmade, [7] = ep->unmade, [9] = ep->unmade,
		[10] = ep->lost };
	size_t i;

	weir__buf_clear(bf);
	weir__put_i(bf, 1000000);
	weir__put_u(bf, ep->in);
	weir__put_u(bf, 0);
	weir__put_u(bf, ep->before);
	weir__put_i(bf, INT64_MIN);
	weir__put_u(bf, 1);
	weir__put_str(bf, "src");
	weir__put_i(bf, 3);
	weir__put_i(bf, ep->next);
	weir__put_u(bf, 1);
	weir__put_str(bf, "src");
	for (i = 0; i < 12; i++)
		weir__put_u(bf, counts[i]);
	weir__put_bytes(bf, NULL, 0);
	for (i = 0; i < 4; i++)
		weir__put_u(bf, 0);
	weir__put_u(bf, ep->no);
	weir__put_u(bf, 1);
	weir__put_str(bf, "out");
	weir__put_u(bf, 0);
	weir__put_u(bf, ep->published);
	weir__put_u(bf, 0);
	weir__put_u(bf, ep->rows);
	weir__put_u(bf, 0);
	weir__put_bytes(bf, NULL, 0);
	weir__put_bytes(bf, NULL, 0);
	weir__put_u(bf, ep->taken != 0);
	if (ep->taken != 0) {
		weir__put_str(bf, "out");
		weir__put_u(bf, ep->taken);
	}
	for (i = 0; i < 11; i++) /* no shelf */
		weir__put_u(bf, 0);
}

static void
write_journal(const struct epoch *list, size_t n, int type)
{
	int dir = open(at("/journal"), O_RDONLY | O_DIRECTORY);
	struct weir_err err = { 0 };
	struct weir__segments *sg;
	struct weir__past past;
	struct weir__buf bf;
	size_t i;

	weir__past_init(&past);
	weir__buf_init(&bf);
	sg = weir__segments_open(dir, ID, weir__past_take, &past, &err);
	T(sg != NULL && weir__segments_begin(sg, 7, &err) == WEIR_OK);
	for (i = 0; i < n; i++) {
		put_epoch(&bf, &list[i]);
		T(weir__segments_append(sg, type, list[i].no, bf.data, bf.len,
		      &err) == WEIR_OK);
	}
	weir__segments_close(sg);
	weir__buf_fini(&bf);
	weir__past_fini(&past);
	close(dir);
}

/* What an audit of these epochs finds; the first thing goes to `text`. */
static uint64_t
audit(const struct epoch *list, size_t n, char text[800])
{
	struct weir__plan pl = { .nnodes = 0 };
	struct weir_err err = { 0 };
	struct weir__audit au = { 0 };
	struct weir__look lo;
	uint64_t bad;

	begin();
	write_journal(list, n, WEIR__REC_DECIDE);
	T_INT(weir__look(&lo, top, &err), WEIR_OK);
	T_INT(weir__audit(&au, &pl, &lo, &err), WEIR_OK);
	bad = au.nproblems + au.more;
	text[0] = '\0';
	if (au.nproblems != 0)
		snprintf(text, 800, "%s %llu: %s", au.problems[0].where,
		    (unsigned long long)au.problems[0].epoch,
		    au.problems[0].text);
	weir__audit_fini(&au);
	weir__look_fini(&lo);
	end();
	return bad;
}

static void
test_audit(void)
{
	struct epoch ep[] = {
		{ 1, 0, 10, .in = 10, .passed = 10, .rows = 4 },
		{ 2, 1, 20, .in = 20, .passed = 20, .published = 1, .rows = 1 },
		{ 3, 2, 20, .in = 20, .passed = 20, .published = 1 },
	};
	struct epoch was;
	char text[800];

	T_INT(audit(ep, 3, text), 0);
	was = ep[1];
	ep[1].passed = 19;
	ep[2].passed = 19;
	T_INT(audit(ep, 3, text), 1);
	T_STR(text, "src 2: 10 rows came in, and 9 are accounted for");
	ep[2].passed = 20; /* made up for later: both epochs are wrong */
	T_INT(audit(ep, 3, text), 2);
	ep[1] = was;
	ep[1].unmade = ep[2].unmade = 5; /* rejected as soon as made */
	T_INT(audit(ep, 3, text), 0);
	ep[1] = was;
	ep[2].unmade = 0;
	ep[1].next = 9;
	T_INT(audit(ep, 3, text), 1);
	T_STR(text, "src 2: partition 3 goes back from 10 to 9");
	ep[1].lost = ep[2].lost = 1; /* that is said */
	T_INT(audit(ep, 3, text), 0);
	ep[1] = was;
	ep[2].lost = 0;
	ep[2].no = 5; /* 3 and 4 had no rows, and were not decided */
	T_INT(audit(ep, 3, text), 0);
	ep[2].before = 4;
	T_INT(audit(ep, 3, text), 1);
	T_STR(text, "journal 5: it follows epoch 2, and was decided behind "
		    "epoch 4: what is between them is missing");
	T_INT(audit(ep + 1, 1, text), 0); /* older ones were trimmed */
}

/* ---- looking */

static void
test_look(void)
{
	struct epoch ep = { 1, 0, 10, .in = 10, .passed = 10, .rows = 4 };
	struct weir_err err = { 0 };
	struct weir__look lo;
	char text[512];

	T_INT(weir__look(&lo, "/nowhere/at/all", &err), WEIR_ERROR);
	T_STR(err.code, "state.none");
	T_STR(err.text, "there is no state directory /nowhere/at/all: the "
			"pipeline has not run with it");
	weir__look_fini(&lo);

	begin();
	memset(&err, 0, sizeof err);
	T_INT(weir__look(&lo, top, &err), WEIR_OK);
	T_INT(lo.past.epoch, 0);
	T_INT(lo.fence, 7);
	weir__look_fini(&lo);
	write_journal(&ep, 1, WEIR__REC_DECIDE);
	T_INT(weir__look(&lo, top, &err), WEIR_OK);
	T_INT(lo.past.epoch, 1);
	T_INT(lo.first, 1);
	T_INT(weir__look_spool(&lo, "out"), 0);
	weir__look_fini(&lo);
	write_journal(&(struct epoch){ .no = 2 }, 1, 9);
	T_INT(weir__look(&lo, top, &err), WEIR_ERROR);
	T_STR(err.code, "journal.version");
	T_STR(err.text, "the journal has a record of type 9, which this "
			"version of weir does not know: a newer one has "
			"written it");
	weir__look_fini(&lo);

	T_INT(weir__look_reset(top, &err), WEIR_OK);
	T(access(at("/journal"), F_OK) != 0 && access(at("/id"), F_OK) != 0 &&
	    access(at("/fence"), F_OK) == 0);
	T_INT(weir__look(&lo, top, &err), WEIR_ERROR);
	snprintf(text, sizeof text, "nothing is kept in %s: the pipeline has "
	    "not run with it", top);
	T_STR(err.text, text);
	weir__look_fini(&lo);
	end();
}

/* ---- spools */

static int
read_spool(struct weir__spool *sp, const struct weir__spool_part *part,
    struct weir_err *err)
{
	struct weir__spool_reader rd;
	struct weir_frame fr;
	int rc;

	memset(err, 0, sizeof *err);
	T_INT(weir__spool_read(&rd, sp, part, NULL), 0);
	while ((rc = weir__spool_next(&rd, &fr, err)) == WEIR_OK)
		;
	weir__spool_done(&rd);
	return rc;
}

static void
test_spool(void)
{
	struct weir__spool_part part;
	struct weir_err err = { 0 };
	struct weir__spool *sp;
	char path[4200], text[4600];
	FILE *fp;

	begin();
	sp = weir__spool_new(top, "gold/kafka.write", &err);
	T(sp != NULL);
	T_INT(weir__spool_bytes(sp, "some rows", 9, 2, &err), WEIR_OK);
	T_INT(weir__spool_cut(sp, &part, &err), WEIR_OK);
	T_INT(weir__spool_sync(sp, &err), WEIR_OK);
	T_INT(read_spool(sp, &part, &err), WEIR_END);

	weir__spool_path(path, sizeof path, top, "gold/kafka.write");
	snprintf(path + strlen(path), 32, "/0000000000000001.we");
	fp = fopen(path, "r+");
	T(fp != NULL && fseek(fp, 30, SEEK_SET) == 0 && fputc('X', fp) == 'X' &&
	    fclose(fp) == 0);
	T_INT(read_spool(sp, &part, &err), WEIR_ERROR);
	T_STR(err.code, "spool.damaged");
	T_STR(err.text, "a spool is damaged at byte 0 of its file 1: the rows "
			"of an epoch that was decided can't be published");

	T_INT(unlink(path), 0);
	T_INT(read_spool(sp, &part, &err), WEIR_ERROR);
	T_STR(err.code, "state.missing");
	snprintf(text, sizeof text, "the spool of gold/kafka.write lacks %s, "
	    "which the journal refers to", path);
	T_STR(err.text, text);
	weir__spool_free(sp);
	end();
}

int
main(void)
{
	test_look();
	test_audit();
	test_spool();
	return t_done();
}
