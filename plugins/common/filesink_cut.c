/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the end of an epoch.  Which files are whole, and
 * making them durable on the journal's thread.
 */
#include <errno.h>
#include <fcntl.h>

#include "filesink_parts.h"

/* What a cut hands to prepare. */
struct fsink_cut {
	struct fsink_file *files;
	const char *staging; /* the writer's */
	uint64_t epoch;
	uint64_t held_from;
	int64_t stamp;
	bool made; /* files in staging */
	char *keep;
	size_t keep_len;
	struct fsink_handle **dirty; /* of open files, and their sides */
	size_t ndirty;
};

static void
cut_free(const struct weir_host *host, struct fsink_cut *ct)
{
	struct fsink_file *f;
	size_t i;

	while ((f = ct->files) != NULL) {
		ct->files = f->next;
		fsink_file_free(f);
	}
	for (i = 0; i < ct->ndirty; i++)
		fsink_handle_unref(ct->dirty[i]);
	host->free(ct->dirty);
	host->free(ct->keep);
	host->free(ct);
}

/* Open files as they are now, and what of them is not yet durable. */
static int
keep_open(struct fsink_state *fs, struct fsink_cut *ct, struct weir_err *err)
{
	struct fsink_file *f;

	if (fsink_keep(fs, &ct->keep, &ct->keep_len, err) != WEIR_OK)
		return WEIR_ERROR;
	ct->dirty = fs->env.host->alloc((2 * fs->nopen + 1) *
	    sizeof(struct fsink_handle *));
	if (ct->dirty == NULL)
		return fsink_no_memory(&fs->env, err);
	for (f = fs->oldest; f != NULL; f = f->newer) {
		if (ct->held_from == 0 || f->first_epoch < ct->held_from)
			ct->held_from = f->first_epoch;
		if (f->flushed != f->synced)
			ct->dirty[ct->ndirty++] = fsink_handle_ref(f->fh);
		if (f->side.fh != NULL && f->side.length != f->side_synced)
			ct->dirty[ct->ndirty++] = fsink_handle_ref(f->side.fh);
		f->synced = f->flushed;
		f->side_synced = f->side.length;
	}
	return WEIR_OK;
}

/* The cut before is decided: what it made needless goes. */
static int
remove_stale(struct fsink_state *fs, struct weir_err *err)
{
	const char *path;
	int rc = WEIR_OK;

	for (path = fs->stale; rc == WEIR_OK && path < fs->stale + fs->nstale;
	     path += strlen(path) + 1)
		if (fs->env.host->io->unlink(WEIR_AT("file.side.unlink"),
			AT_FDCWD, path, 0) != 0 && errno != ENOENT)
			rc = fsink_errno(&fs->env, err, "remove", path);
	fs->nstale = 0;
	return rc;
}

static bool
is_due(const struct fsink_file *f, uint64_t epoch, int64_t now)
{
	const struct fsink_roll *ro = &f->env.cf->roll;

	return (ro->epochs > 0 &&
		   epoch - f->first_epoch + 1 >= (uint64_t)ro->epochs) ||
	    (ro->age > 0 && now - f->opened >= ro->age) ||
	    (ro->idle > 0 && now - f->used >= ro->idle);
}

int
fsink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct fsink_cut *ct = st->host->zalloc(sizeof *ct);
	struct fsink_file *f, *newer;
	int64_t now = weir_clock(st);

	if (ct == NULL)
		return fsink_no_memory(&fs->env, err);
	ct->epoch = epoch;
	for (f = fs->oldest; f != NULL; f = newer) {
		newer = f->newer;
		if (last || is_due(f, epoch, now))
			fsink_shut(fs, f);
	}
	fsink_keep_room(fs);
	/* Names must not go back in time where the clock does. */
	if (fs->closed != NULL && now / 1000 > fs->stamp)
		fs->stamp = now / 1000;
	if (remove_stale(fs, err) != WEIR_OK ||
	    keep_open(fs, ct, err) != WEIR_OK) {
		cut_free(st->host, ct);
		return WEIR_ERROR;
	}
	ct->stamp = fs->stamp;
	ct->staging = fs->staging;
	ct->made = fs->made;
	fs->made = false;
	ct->files = fs->closed;
	for (f = ct->files; f != NULL; f = f->next)
		f->preparing = true;
	fs->closed = NULL;
	fs->closed_end = &fs->closed;
	fs->nclosed = 0;
	*cut = ct;
	return WEIR_OK;
}

static int
prepare_files(struct fsink_state *fs, struct fsink_cut *ct,
    struct weir_intent *intent, struct weir_err *err)
{
	char name[FSINK_NAME];
	struct fsink_file *f;
	uint32_t number = 0;
	size_t i;

	for (i = 0; i < ct->ndirty; i++)
		if (fs->env.host->io->datasync(WEIR_AT("file.open.sync"),
			ct->dirty[i]->fd) != 0)
			return fsink_errno(&fs->env, err, "make durable",
			    ct->dirty[i]->path);
	for (f = ct->files; f != NULL; f = f->next) {
		fsink_name(name, fs->stem, ct->stamp, ct->epoch, number++,
		    f->env.cf->format->extension);
		if (fsink_file_end(f, err) != WEIR_OK ||
		    fsink_file_sync(f, err) != WEIR_OK ||
		    fsink_intent_add(f, name, intent, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (fsink_intent_done(&fs->env, ct->staging, fs->stem, ct->epoch,
		intent, err) != WEIR_OK)
		return WEIR_ERROR;
	if ((ct->made || ct->files != NULL) &&
	    fs->env.host->io->sync_dir(WEIR_AT("file.sync.dir"), AT_FDCWD,
		ct->staging) != 0)
		return fsink_errno(&fs->env, err, "make durable", ct->staging);
	return WEIR_OK;
}

int
fsink_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct fsink_cut *ct = cut;
	struct fsink_file *f;
	uint64_t n = 0;
	int rc;

	rc = prepare_files(fs, ct, intent, err);
	intent->held_from = ct->held_from;
	if (rc == WEIR_OK) {
		intent->keep = ct->keep;
		intent->keep_len = ct->keep_len;
		ct->keep = NULL;
	}
	for (f = ct->files; f != NULL; f = f->next)
		n++;
	if (rc == WEIR_OK && n > 0) {
		fs->nfiles += n;
		weir_metric(st, "files", NULL, (double)fs->nfiles);
	}
	cut_free(st->host, ct);
	return rc;
}
