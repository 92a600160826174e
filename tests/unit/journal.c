/* SPDX-License-Identifier: MIT
 *
 * The journal's files: what was appended is read again; a torn tail is cut at
 * whatever byte, damage before whole records is refused.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "journal/extents.h"
#include "journal/segments.h"
#include "t.h"

#define ID "0123456789abcdef0123456789abcdef"

struct seen {
	size_t n;
	uint64_t epochs[64];
	size_t bytes;
	bool bad;
};

static int
see(void *arg, const struct weir__record *re, struct weir_err *err)
{
	struct seen *se = arg;
	const char *p = re->data;
	size_t i;

	(void)err;
	for (i = 0; i < re->len; i++)
		se->bad |= p[i] != (char)(re->epoch + i);
	se->bytes += re->len;
	se->epochs[se->n++ % 64] = re->epoch;
	return 0;
}

static struct weir__segments *
open_all(int dir, struct seen *se, struct weir_err *err)
{
	memset(se, 0, sizeof *se);
	memset(err, 0, sizeof *err);
	return weir__segments_open(dir, ID, see, se, err);
}

static int
put(struct weir__segments *sg, uint64_t epoch, size_t len)
{
	struct weir_err err = { 0 };
	char *p = malloc(len + 1);
	size_t i;
	int rc;

	for (i = 0; i < len; i++)
		p[i] = (char)(epoch + i);
	rc = weir__segments_append(sg, WEIR__REC_DECIDE, epoch, p, len, &err);
	free(p);
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

static char *
slurp(int dir, const char *name, size_t *n)
{
	struct stat sb;
	int fd = openat(dir, name, O_RDONLY);
	char *p;

	if (fd < 0 || fstat(fd, &sb) != 0)
		abort();
	*n = (size_t)sb.st_size;
	p = malloc(*n + 1);
	if (read(fd, p, *n) != (ssize_t)*n)
		abort();
	close(fd);
	return p;
}

static void
spill(int dir, const char *name, const char *p, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	close(fd);
}

#define ONE "0000000000000001.wj"

/* Three records; what is left when the file ends, or is zeros or other bytes,
 * from any byte on. */
static void
test_torn(int dir)
{
	struct weir__segments *sg;
	struct weir_err err;
	struct seen se;
	size_t n, at, want, ends[4] = { 96, 0, 0, 0 };
	char *whole, *torn;
	int how, bad = 0;

	sg = open_all(dir, &se, &err);
	T(sg != NULL);
	T_INT(se.n, 0);
	T_INT(weir__segments_begin(sg, 1, &err), WEIR_OK);
	for (at = 1; at <= 3; at++) {
		T_INT(put(sg, at, 40 * at), WEIR_OK);
		ends[at] = ends[at - 1] + ((24 + 40 * at + 7) & ~(size_t)7);
	}
	weir__segments_close(sg);
	whole = slurp(dir, ONE, &n);
	torn = malloc(n);
	for (how = 0; how < 3; how++)
		for (at = 96; at < ends[3]; at++) {
			memcpy(torn, whole, n);
			if (how == 1)
				memset(torn + at, 0, ends[3] - at);
			if (how == 2)
				for (size_t i = at; i < ends[3]; i++)
					torn[i] = (char)(i * 31 + 7);
			spill(dir, ONE, torn, how == 0 ? at : n);
			want = at >= ends[2] ? 2 : at >= ends[1] ? 1 : 0;
			sg = open_all(dir, &se, &err);
			bad += sg == NULL || se.n < want || se.n > want + 1 ||
			    se.bad;
			weir__segments_close(sg);
		}
	T_INT(bad, 0);
	/* and one that goes on behind the cut */
	memcpy(torn, whole, n);
	memset(torn + ends[2] + 9, 0, 30);
	spill(dir, ONE, torn, n);
	sg = open_all(dir, &se, &err);
	T_INT(se.n, 2);
	T_INT(weir__segments_begin(sg, 2, &err), WEIR_OK);
	T_INT(put(sg, 3, 33), WEIR_OK);
	weir__segments_close(sg);
	sg = open_all(dir, &se, &err);
	T_INT(se.n, 3);
	T_INT(se.epochs[2], 3);
	T(!se.bad);
	/* what a process that lost its place writes behind is not read */
	spill(dir, ONE, whole, ends[3]);
	weir__segments_close(sg);
	sg = open_all(dir, &se, &err);
	T_INT(se.n, 3);
	weir__segments_close(sg);
	free(whole);
	free(torn);
}

/* One byte is another, in any place before the last record: refused. */
static void
test_damage(int dir)
{
	struct weir__segments *sg;
	struct weir_err err;
	struct seen se;
	size_t n, at, end = 0;
	char *whole;
	int taken = 0;

	sg = open_all(dir, &se, &err);
	T_INT(weir__segments_begin(sg, 1, &err), WEIR_OK);
	for (at = 1; at <= 3; at++)
		T_INT(put(sg, at, 50), WEIR_OK);
	weir__segments_close(sg);
	whole = slurp(dir, ONE, &n);
	end = 96 + 2 * 80;
	for (at = 96; at < end; at++) {
		if ((at - 96) % 80 >= 74)
			continue; /* padding */
		whole[at] ^= 0x10;
		spill(dir, ONE, whole, n);
		whole[at] ^= 0x10;
		sg = open_all(dir, &se, &err);
		taken += sg != NULL;
		weir__segments_close(sg);
	}
	T_INT(taken, 0);
	T(strstr(err.text, ONE) != NULL);
	T(strstr(err.text, "damaged at byte 176") != NULL);
	spill(dir, ONE, whole, n);
	sg = weir__segments_open(dir, "ffffffffffffffffffffffffffffffff", see,
	    &se, &err);
	T(sg == NULL);
	T_STR(err.code, "journal.other");
	free(whole);
}

static void
test_many(int dir)
{
	struct weir__segments *sg;
	struct weir_err err;
	struct seen se;
	uint64_t e;
	int bad = 0;

	sg = open_all(dir, &se, &err);
	T_INT(weir__segments_begin(sg, 1, &err), WEIR_OK);
	for (e = 1; e <= 40; e++)
		bad += put(sg, e, 100000) != WEIR_OK;
	bad += put(sg, 41, 3 << 20) != WEIR_OK;
	T_INT(bad, 0);
	T(weir__segments_no(sg) > 4);
	T(weir__segments_bytes(sg) > 40 * 100000);
	weir__segments_end(sg);
	weir__segments_close(sg);
	sg = open_all(dir, &se, &err);
	T_INT(se.n, 41);
	T_INT(se.bytes, 40 * 100000 + (3 << 20));
	T_INT(weir__segments_begin(sg, 2, &err), WEIR_OK);
	T_INT(weir__segments_trim(sg, 4, &err), WEIR_OK);
	weir__segments_close(sg);
	sg = open_all(dir, &se, &err);
	T(sg != NULL);
	T(se.n < 41 && se.n > 1);
	weir__segments_close(sg);
	/* a segment that was being made is none */
	spill(dir, "0000000000000099.wj", "weir", 4);
	sg = open_all(dir, &se, &err);
	T(sg != NULL);
	weir__segments_close(sg);
	spill(dir, "0000000000000003.wj", "weir", 4);
	sg = open_all(dir, &se, &err);
	T(sg == NULL);
	weir__segments_close(sg);
}

/* Every segment begins with the OPEN record, whichever are left. */
struct firsts {
	uint64_t segment;
	size_t segments, opens;
	bool bad;
};

static int
see_first(void *arg, const struct weir__record *re, struct weir_err *err)
{
	struct firsts *fi = arg;
	bool is_open = re->type == WEIR__REC_OPEN;

	(void)err;
	fi->bad |= is_open != (re->segment != fi->segment);
	fi->bad |= is_open && (re->len != 5 || memcmp(re->data, "plan", 5) != 0);
	fi->segments += re->segment != fi->segment;
	fi->opens += is_open;
	fi->segment = re->segment;
	return 0;
}

static void
test_opening(int dir)
{
	struct firsts fi = { .segments = 0 };
	struct weir__segments *sg;
	struct weir_err err;
	struct seen se;
	uint64_t e;
	int bad = 0;

	sg = open_all(dir, &se, &err);
	T_INT(weir__segments_begin(sg, 1, &err), WEIR_OK);
	T_INT(weir__segments_opening(sg, "plan", 5), 0);
	T_INT(weir__segments_append(sg, WEIR__REC_OPEN, 0, "plan", 5, &err),
	    WEIR_OK);
	for (e = 1; e <= 40; e++)
		bad += put(sg, e, 100000) != WEIR_OK;
	bad += put(sg, 41, 3 << 20) != WEIR_OK;
	T_INT(bad, 0);
	T_INT(weir__segments_trim(sg, 3, &err), WEIR_OK);
	weir__segments_close(sg);
	sg = weir__segments_open(dir, ID, see_first, &fi, &err);
	T(sg != NULL && !fi.bad);
	T(fi.segments > 2 && fi.opens == fi.segments);
	weir__segments_close(sg);
}

static void
test_extents(const char *dir)
{
	struct weir__extent ex[3], none;
	struct weir__extents *xs;
	struct weir_err err = { 0 };
	char big[100000], got[100000];
	int i;

	memset(big, 'b', sizeof big);
	xs = weir__extents_new(dir, "the test", 250000, &err);
	T(xs != NULL);
	T_INT(weir__extents_cut(xs, &none, &err), WEIR_OK);
	T_INT(none.file, 0);
	for (i = 0; i < 3; i++) {
		big[0] = (char)('0' + i);
		T_INT(weir__extents_add(xs, big, sizeof big, &err), WEIR_OK);
		T_INT(weir__extents_add(xs, "end", 3, &err), WEIR_OK);
		T_INT(weir__extents_cut(xs, &ex[i], &err), WEIR_OK);
		T_INT(weir__extents_sync(xs, &err), WEIR_OK);
		T_INT(ex[i].len, sizeof big + 3);
	}
	T_INT(ex[0].file, 1);
	T_INT(ex[2].file, 1);
	T_INT(weir__extents_add(xs, "x", 1, &err), WEIR_OK);
	T_INT(weir__extents_cut(xs, &none, &err), WEIR_OK);
	T_INT(none.file, 2);
	T_INT(weir__extents_sync(xs, &err), WEIR_OK);
	T_INT(weir__extents_read(xs, &ex[1], 0, got, sizeof got, &err),
	    WEIR_OK);
	T(got[0] == '1' && got[99999] == 'b');
	T_INT(weir__extents_read(xs, &ex[1], sizeof big, got, 3, &err),
	    WEIR_OK);
	T(memcmp(got, "end", 3) == 0);
	weir__extents_free(xs);
	xs = weir__extents_new(dir, "the test", 250000, &err);
	T_INT(weir__extents_add(xs, "y", 1, &err), WEIR_OK);
	T_INT(weir__extents_cut(xs, &none, &err), WEIR_OK);
	T_INT(none.file, 3);
	weir__extents_trim(xs, 2);
	T_INT(weir__extents_read(xs, &ex[1], 0, got, 1, &err), WEIR_ERROR);
	T_STR(err.code, "state.missing");
	weir__extents_free(xs);
}

int
main(void)
{
	char dir[] = "/tmp/weir-journal-XXXXXX";
	const char *names[] = { "torn", "damage", "many", "opening",
		"extents" };
	void (*tests[])(int) = { test_torn, test_damage, test_many,
		test_opening };
	int i, fd;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0)
		return 1;
	for (i = 0; i < 4; i++) {
		mkdir(names[i], 0777);
		fd = open(names[i], O_RDONLY | O_DIRECTORY);
		tests[i](fd);
		close(fd);
	}
	test_extents("extents");
	if (chdir("/") != 0)
		return 1;
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return t_done();
}
