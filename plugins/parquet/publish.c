/* SPDX-License-Identifier: MIT
 *
 * The publishing half of parquet.write: staged files get their names.
 *
 * Whatever it does may have been done before, wholly or in part, by a process
 * that died: a file is staged, or published, or has been published and pruned.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink.h"

#define FAIL(pb, err, code, ...)                                              \
	((pb)->host->fail((err), WEIR_NOWHERE, (code), __VA_ARGS__))

/* Is there something in the way of a first run? */
static int
check_empty(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;
	char found[PQ_PATH];

	if (fence->append || !fence->fresh ||
	    !pq_place_occupied(found, sizeof found, wc->base, wc->prefix,
		wc->constant, pu->stem))
		return WEIR_OK;
	return pb->host->fail(err, pb->host->expr_span(wc->path),
	    "parquet.occupied", "the directory \"%s\" is not empty (it holds "
	    "\"%s\"): write to another one, or add to it with --append",
	    wc->base, found);
}

/* Files of our names by another pipeline would be pruned by us. */
static int
check_owner(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;
	char found[PQ_PATH], owner[64];

	if (!fence->append ||
	    !pq_place_newest(found, sizeof found, wc->base, pu->stem) ||
	    !pq_file_note(pb->host, found, "weir.pipeline", owner,
		sizeof owner) ||
	    strcmp(owner, fence->pipeline) == 0)
		return WEIR_OK;
	return pb->host->fail(err, pb->host->expr_span(wc->path),
	    "parquet.owner", "the directory \"%s\" belongs to another "
	    "pipeline (%s wrote \"%s\", this one is %s): write to another "
	    "one, or give the files other names with `name`", wc->base, owner,
	    found, fence->pipeline);
}

int
pq_publish_open(struct weir_publisher *pb, const struct weir_fence *fence,
    struct weir_err *err)
{
	const struct pq_write *wc = pb->config;
	struct pq_publisher *pu = pb->state;

	snprintf(pu->pipeline, sizeof pu->pipeline, "%s", fence->pipeline);
	pq_write_stem(pu->stem, wc, pb->id);
	if (check_empty(pb, fence, err) != WEIR_OK ||
	    check_owner(pb, fence, err) != WEIR_OK)
		return WEIR_ERROR;
	if (fence->fresh)
		pq_place_sweep(wc->base, pu->pipeline, pu->stem);
	if (pq_place_mkdir(wc->base) != 0)
		return pb->host->fail(err, pb->host->expr_span(wc->path),
		    "parquet.path", "cannot make the directory \"%s\": %s",
		    wc->base, strerror(errno));
	if (access(wc->base, W_OK | X_OK) != 0)
		return pb->host->fail(err, pb->host->expr_span(wc->path),
		    "parquet.path", "cannot write to the directory \"%s\": %s",
		    wc->base, strerror(errno));
	pu->opened = true;
	return WEIR_OK;
}

/* Do the two files hold the same bytes? */
static bool
same_bytes(const char *a, const char *b)
{
	int fa = open(a, O_RDONLY | O_CLOEXEC);
	int fb = open(b, O_RDONLY | O_CLOEXEC);
	char x[16384], y[16384];
	bool same = fa >= 0 && fb >= 0;
	ssize_t n, m;

	while (same) {
		n = read(fa, x, sizeof x);
		m = read(fb, y, sizeof y);
		same = n == m && n >= 0 && memcmp(x, y, (size_t)n) == 0;
		if (n <= 0)
			break;
	}
	if (fa >= 0)
		close(fa);
	if (fb >= 0)
		close(fb);
	return same;
}

/* Staged and published at once: a crash in a rename by link and unlink. */
static int
both_there(struct weir_publisher *pb, const struct pq_intent_file *fi,
    const char *final, struct weir_err *err)
{
	if (same_bytes(fi->staged, final)) {
		(void)unlink(fi->staged);
		return WEIR_OK;
	}
	return FAIL(pb, err, "parquet.clash",
	    "cannot publish \"%s\": a different file of that name is there; "
	    "move it away and start again", final);
}

/* Not staged any more: it must have been published. */
static int
was_published(struct weir_publisher *pb, const struct pq_intent_file *fi,
    const char *final, const char *name, struct weir_err *err)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;
	struct stat sb;

	if (stat(final, &sb) == 0) {
		if ((uint64_t)sb.st_size == fi->size)
			return WEIR_OK;
		return FAIL(pb, err, "parquet.clash",
		    "\"%s\" has %lld bytes, but %" PRIu64 " were to be "
		    "published under that name", final,
		    (long long)sb.st_size, fi->size);
	}
	/* pruned since */
	if (wc->keep != 0 &&
	    pq_place_newer(fi->dir, pu->stem, name) >= wc->keep)
		return WEIR_OK;
	return FAIL(pb, err, "parquet.lost",
	    "%" PRIu64 " rows are lost: neither the staged file \"%s\" nor "
	    "\"%s\" is there", fi->rows, fi->staged, final);
}

static int
publish_file(struct weir_publisher *pb, const struct pq_intent_file *fi,
    const char *name, struct weir_err *err)
{
	char final[PQ_PATH];
	struct stat sb;
	int n;

	n = snprintf(final, sizeof final, "%s/%s", fi->dir, name);
	if (n < 0 || (size_t)n >= sizeof final)
		return FAIL(pb, err, "parquet.path",
		    "the path \"%s\" is too long", fi->dir);
	if (lstat(fi->staged, &sb) != 0) {
		if (errno == ENOENT)
			return was_published(pb, fi, final, name, err);
		return FAIL(pb, err, "parquet.publish",
		    "cannot see \"%s\": %s", fi->staged, strerror(errno));
	}
	if ((uint64_t)sb.st_size != fi->size)
		return FAIL(pb, err, "parquet.lost",
		    "the staged file \"%s\" has %lld bytes, but %" PRIu64
		    " were decided", fi->staged, (long long)sb.st_size,
		    fi->size);
	if (pq_place_mkdir(fi->dir) != 0)
		return FAIL(pb, err, "parquet.publish",
		    "cannot make the directory \"%s\": %s", fi->dir,
		    strerror(errno));
	if (pq_place_rename(fi->staged, final) == 0)
		return WEIR_OK;
	if (errno == EEXIST)
		return both_there(pb, fi, final, err);
	return FAIL(pb, err, "parquet.publish",
	    "cannot publish \"%s\" as \"%s\": %s", fi->staged, final,
	    strerror(errno));
}

/* All renames first, then each directory once: names become durable. */
static int
sync_dirs(struct weir_publisher *pb, const struct weir_host *ho,
    const struct weir_intent *intent, struct weir_err *err)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;
	char before[PQ_PATH] = "";
	struct pq_intent_file fi;
	struct pq_intent in;
	int rc = WEIR_OK;

	pq_intent_begin(&in, ho, intent);
	while (rc == WEIR_OK && pq_intent_next(&in, &fi)) {
		if (strcmp(fi.dir, before) == 0)
			continue;
		snprintf(before, sizeof before, "%s", fi.dir);
		if (pq_place_sync_dir(fi.dir) != 0)
			rc = FAIL(pb, err, "parquet.sync",
			    "cannot make \"%s\" durable: %s", fi.dir,
			    strerror(errno));
		else if (wc->keep != 0 &&
		    pq_place_prune(ho, fi.dir, pu->stem, wc->keep) != 0)
			rc = FAIL(pb, err, "parquet.keep",
			    "cannot remove old files of \"%s\": %s", fi.dir,
			    strerror(errno));
	}
	/* the list itself is the last to go */
	if (rc == WEIR_OK && in.list_path[0] != '\0')
		(void)unlink(in.list_path);
	pq_intent_end(&in);
	return rc;
}

int
pq_publish(struct weir_publisher *pb, uint64_t epoch,
    const struct weir_intent *intents, size_t n, struct weir_err *err)
{
	const struct pq_publisher *pu = pb->state;
	struct pq_intent_file fi;
	struct pq_intent in;
	char name[PQ_NAME];
	uint32_t seq = 0;
	int rc = WEIR_OK;
	size_t i;

	for (i = 0; rc == WEIR_OK && i < n; i++) {
		pq_intent_begin(&in, pb->host, &intents[i]);
		while (rc == WEIR_OK && pq_intent_next(&in, &fi)) {
			pq_place_name(name, sizeof name, pu->stem, in.stamp,
			    epoch, seq++);
			rc = publish_file(pb, &fi, name, err);
		}
		if (rc == WEIR_OK && in.bad)
			rc = FAIL(pb, err, "parquet.intent",
			    "what was decided for epoch %" PRIu64
			    " cannot be read", epoch);
		pq_intent_end(&in);
	}
	for (i = 0; rc == WEIR_OK && i < n; i++)
		rc = sync_dirs(pb, pb->host, &intents[i], err);
	return rc;
}

/* Directories do not say which epochs are in them, and publishing what is
 * published does nothing: let all of it be done again. */
int
pq_publish_last(struct weir_publisher *pb, uint64_t *epoch,
    struct weir_err *err)
{
	(void)pb;
	(void)err;
	*epoch = 0;
	return WEIR_OK;
}

void
pq_publish_abandon(struct weir_publisher *pb)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;

	if (pu->opened)
		pq_place_sweep(wc->base, pu->pipeline, pu->stem);
}

/* Empty directories of staging go, files in them stay. */
void
pq_publish_close(struct weir_publisher *pb)
{
	const struct pq_write *wc = pb->config;
	const struct pq_publisher *pu = pb->state;

	if (pu->opened)
		pq_place_sweep(wc->base, pu->pipeline, "");
}
