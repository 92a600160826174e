/* SPDX-License-Identifier: MIT
 *
 * Looking at a state directory from outside: see look.h.
 */
#include "run/look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "run/claim.h"
#include "run/save.h"

/* A run that appends or trims meanwhile: so often it is looked again. */
#define TRIES 5
#define PAUSE_NS 20000000

static int
oom(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static void
pause_a_little(void)
{
	struct timespec ts = { .tv_nsec = PAUSE_NS };

	nanosleep(&ts, NULL);
}

/* ---- the journal */

struct reading {
	struct weir__look *lo;
	weir__record_fn *fn; /* NULL: the first reading */
	void *arg;
	bool began; /* fn has been called */
};

static int
take(void *arg, const struct weir__record *re, struct weir_err *err)
{
	struct reading *rd = arg;
	struct weir__look *lo = rd->lo;

	if (rd->fn != NULL) {
		if (re->epoch > lo->past.epoch)
			return WEIR_OK;
		rd->began = true;
		return rd->fn(rd->arg, re, err);
	}
	if (re->type == WEIR__REC_DECIDE) {
		lo->records++;
		if (lo->first == 0)
			lo->first = re->epoch;
	}
	return weir__past_take(&lo->past, re, err);
}

static int
read_journal(struct reading *rd, struct weir_err *err)
{
	struct weir__look *lo = rd->lo;
	struct weir__segments *sg;
	int fd, i;

	for (i = 0; i < TRIES; i++) {
		if (i != 0)
			pause_a_little();
		memset(err, 0, sizeof *err);
		if (rd->fn == NULL) {
			weir__past_fini(&lo->past);
			lo->records = lo->first = 0;
		}
		fd = openat(lo->dir, "journal",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return errno == ENOENT ? WEIR_OK :
			    weir_fail(err, WEIR_NOWHERE, "journal.read",
				"the journal's directory can't be read: %m");
		sg = weir__segments_open(fd, lo->id, take, rd, err);
		close(fd);
		if (sg != NULL && rd->fn == NULL) {
			lo->segments_bytes = weir__segments_bytes(sg);
			weir__past_settle(&lo->past);
		}
		weir__segments_close(sg);
		if (sg != NULL || rd->began ||
		    strncmp(err->code, "journal.", 8) != 0 ||
		    strcmp(err->code, "journal.other") == 0)
			return sg != NULL ? WEIR_OK : WEIR_ERROR;
	}
	return WEIR_ERROR;
}

int
weir__look_records(struct weir__look *lo, weir__record_fn *fn, void *arg,
    struct weir_err *err)
{
	struct reading rd = { .lo = lo, .fn = fn, .arg = arg };

	return read_journal(&rd, err);
}

/* ---- the directory */

static int
read_small(struct weir__look *lo, struct weir_err *err)
{
	char *id = weir__state_read(lo->dir, "id");
	char *fence = weir__state_read(lo->dir, "fence");

	if (id != NULL)
		snprintf(lo->id, sizeof lo->id, "%.32s", id);
	if (fence != NULL)
		lo->fence = strtoull(fence, NULL, 10);
	weir__free(fence);
	weir__free(id);
	if (id == NULL || fence == NULL)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "the state directory %s can't be read: %m", lo->path);
	if (lo->id[0] == '\0')
		return weir_fail(err, WEIR_NOWHERE, "state.none",
		    "nothing is kept in %s: the pipeline has not run with it",
		    lo->path);
	return WEIR_OK;
}

int
weir__look(struct weir__look *lo, const char *path, struct weir_err *err)
{
	struct reading rd = { .lo = lo };

	memset(lo, 0, sizeof *lo);
	lo->path = path;
	weir__past_init(&lo->past);
	lo->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lo->dir < 0 && errno == ENOENT)
		return weir_fail(err, WEIR_NOWHERE, "state.none",
		    "there is no state directory %s: the pipeline has not run "
		    "with it", path);
	if (lo->dir < 0)
		return weir_fail(err, WEIR_NOWHERE, "state.dir",
		    "the state directory %s can't be read: %m", path);
	if (read_small(lo, err) != WEIR_OK || read_journal(&rd, err) != WEIR_OK)
		return WEIR_ERROR;
	return WEIR_OK;
}

static void
free_kept(struct weir__look *lo)
{
	size_t i;

	for (i = 0; i < lo->nkept; i++) {
		weir__free(lo->kept[i].stage);
		weir__state_free(lo->kept[i].state);
	}
	weir__free(lo->kept);
	lo->kept = NULL;
	lo->nkept = 0;
}

void
weir__look_fini(struct weir__look *lo)
{
	free_kept(lo);
	weir__past_fini(&lo->past);
	if (lo->dir >= 0)
		close(lo->dir);
	lo->dir = -1;
}

uint64_t
weir__look_spool(const struct weir__look *lo, const char *sink)
{
	char path[4096];
	struct dirent *de;
	struct stat sb;
	uint64_t bytes = 0;
	DIR *dp;

	weir__spool_path(path, sizeof path, lo->path, sink);
	dp = opendir(path);
	while (dp != NULL && (de = readdir(dp)) != NULL)
		if (fstatat(dirfd(dp), de->d_name, &sb, 0) == 0 &&
		    S_ISREG(sb.st_mode))
			bytes += (uint64_t)sb.st_size;
	if (dp != NULL)
		closedir(dp);
	return bytes;
}

/* ---- keyed state */

static const struct weir_table *
table_of(const struct weir__plan *pl, const struct weir__section *se,
    const struct weir__node **nd)
{
	const struct weir_table *ta;
	size_t i;

	for (i = 0; pl != NULL && i < pl->nnodes; i++) {
		*nd = pl->nodes[i];
		if (strlen((*nd)->id) != se->id_len ||
		    memcmp((*nd)->id, se->id, se->id_len) != 0)
			continue;
		for (ta = (*nd)->tables; ta != NULL; ta = ta->next)
			if (ta->no == se->table &&
			    weir__shape_fit(&se->shape, &ta->spec) !=
				WEIR__FIT_NOT)
				return ta;
	}
	*nd = NULL;
	return NULL;
}

static struct weir__kept *
kept_of(struct weir__look *lo, const struct weir__plan *pl,
    const struct weir__section *se)
{
	struct weir__kept *list, *ke;
	size_t i;

	for (i = 0; i < lo->nkept; i++)
		if (lo->kept[i].no == se->table &&
		    strlen(lo->kept[i].stage) == se->id_len &&
		    memcmp(lo->kept[i].stage, se->id, se->id_len) == 0)
			return &lo->kept[i];
	list = weir__realloc(lo->kept, (lo->nkept + 1) * sizeof *list);
	if (list == NULL)
		return NULL;
	lo->kept = list;
	ke = &list[lo->nkept];
	*ke = (struct weir__kept){ .no = se->table };
	ke->stage = weir__strndup(se->id, se->id_len);
	if (ke->stage == NULL)
		return NULL;
	lo->nkept++;
	ke->table = table_of(pl, se, &ke->node);
	if (ke->table == NULL)
		return ke;
	ke->state = weir__state_new(&ke->table->spec, 0);
	return ke->state != NULL ? ke : NULL;
}

static int
take_record(struct weir__look *lo, const struct weir__plan *pl,
    uint64_t epoch, const char *p, size_t n, struct weir_err *err)
{
	struct weir__section se;
	struct weir__kept *ke;
	const char *at = NULL;
	int rc;

	while ((rc = weir__section_next(&se, &at, p, n)) == WEIR_OK) {
		ke = kept_of(lo, pl, &se);
		if (ke == NULL)
			return oom(err);
		ke->bytes += se.len;
		if (ke->state == NULL)
			continue;
		rc = weir__state_carry(ke->state, &se.shape, se.part, se.len);
		if (rc == WEIR_AGAIN)
			return oom(err);
		if (rc != WEIR_OK)
			break;
	}
	if (rc == WEIR_END)
		return WEIR_OK;
	return weir_fail(err, WEIR_NOWHERE, "state.damaged",
	    "the state of epoch %" PRIu64 " in %s is damaged", epoch, lo->path);
}

static int
read_extent(const struct weir__look *lo, const struct weir__past_state *ps,
    char *to, struct weir_err *err)
{
	char name[48];
	ssize_t got = -1;
	int fd;

	snprintf(name, sizeof name, "state/%016" PRIx64 ".we", ps->extent.file);
	fd = openat(lo->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = pread(fd, to, ps->extent.len, (off_t)ps->extent.at);
		close(fd);
	}
	if (fd < 0 && errno == ENOENT)
		return weir_fail(err, WEIR_NOWHERE, "state.missing",
		    "the state lacks %s/%s, which the journal refers to",
		    lo->path, name);
	if (fd < 0 || got < 0)
		return weir_fail(err, WEIR_NOWHERE, "state.read",
		    "the state can't be read from %s/%s: %m", lo->path, name);
	if (got != (ssize_t)ps->extent.len)
		return weir_fail(err, WEIR_NOWHERE, "state.missing",
		    "the state is shorter than the journal says: %s/%s",
		    lo->path, name);
	if (weir__hash_crc32c(0, to, ps->extent.len) != ps->crc)
		return weir_fail(err, WEIR_NOWHERE, "state.damaged",
		    "the state of epoch %" PRIu64 " in %s is damaged",
		    ps->epoch, lo->path);
	return WEIR_OK;
}

static int
read_state(struct weir__look *lo, const struct weir__plan *pl,
    struct weir_err *err)
{
	const struct weir__past_state *ps;
	struct weir__buf bf;
	int rc = WEIR_OK;
	char *to;
	size_t i, n;

	weir__buf_init(&bf);
	for (i = 0; i < lo->past.nstates && rc == WEIR_OK; i++) {
		ps = &lo->past.states[i];
		if (ps->extent.file == 0)
			continue;
		weir__buf_clear(&bf);
		to = weir__buf_room(&bf, ps->extent.len);
		n = ps->extent.len;
		rc = to == NULL ? oom(err) : read_extent(lo, ps, to, err);
		if (rc != WEIR_OK)
			break;
		weir__sections_forget(&lo->past, ps->epoch, to, &n);
		rc = take_record(lo, pl, ps->epoch, to, n, err);
	}
	weir__buf_fini(&bf);
	return rc;
}

int
weir__look_state(struct weir__look *lo, const struct weir__plan *pl,
    struct weir_err *err)
{
	struct reading rd = { .lo = lo };
	int i, rc;

	for (i = 0;; i++) {
		free_kept(lo);
		rc = read_state(lo, pl, err);
		if (rc == WEIR_OK || i + 1 == TRIES ||
		    strcmp(err->code, "state.missing") != 0)
			return rc;
		/* a run has trimmed it since the journal was read */
		pause_a_little();
		memset(err, 0, sizeof *err);
		if (read_journal(&rd, err) != WEIR_OK)
			return WEIR_ERROR;
	}
}
