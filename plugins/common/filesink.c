/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the writer, which brings the rows of a batch to the
 * open files of their directories.
 */
#include "filesink_parts.h"

/* Ended files that keep their descriptors for prepare to sync; beyond these a
 * file is synced as soon as it has ended. */
#define WAITING 32u

/* ---- the open files */

static void
list_remove(struct fsink_state *fs, struct fsink_file *f)
{
	if (f->newer != NULL)
		f->newer->older = f->older;
	else
		fs->newest = f->older;
	if (f->older != NULL)
		f->older->newer = f->newer;
	else
		fs->oldest = f->newer;
	f->newer = f->older = NULL;
}

static void
list_add(struct fsink_state *fs, struct fsink_file *f)
{
	f->newer = NULL;
	f->older = fs->newest;
	if (fs->newest != NULL)
		fs->newest->newer = f;
	else
		fs->oldest = f;
	fs->newest = f;
}

/* FNV-1a. */
static uint64_t
hash_text(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
	return h;
}

void
fsink_add(struct fsink_state *fs, struct fsink_file *f)
{
	f->hash = hash_text(f->dir, f->ndir);
	f->next = fs->hash[f->hash % FSINK_HASH];
	fs->hash[f->hash % FSINK_HASH] = f;
	list_add(fs, f);
	fs->nopen++;
}

void
fsink_shut(struct fsink_state *fs, struct fsink_file *f)
{
	struct fsink_file **at = &fs->hash[f->hash % FSINK_HASH];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	list_remove(fs, f);
	fs->nopen--;
	f->next = NULL;
	*fs->closed_end = f;
	fs->closed_end = &f->next;
	fs->nclosed++;
}

/* No more rows: it waits for the cut. */
static int
end_file(struct fsink_state *fs, struct fsink_file *f, struct weir_err *err)
{
	fsink_shut(fs, f);
	if (fsink_file_end(f, err) != WEIR_OK)
		return WEIR_ERROR;
	return fs->nclosed > WAITING ? fsink_file_sync(f, err) : WEIR_OK;
}

/* The open file of a directory below base, opened where there is none; the one
 * that was not used for longest makes room. */
static struct fsink_file *
file_of(struct weir_stage *st, const char *dir, size_t ndir,
    struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	struct fsink_state *fs = st->state;
	uint64_t hash = hash_text(dir, ndir);
	struct fsink_file *f = fs->hash[hash % FSINK_HASH];

	while (f != NULL && (f->hash != hash || f->ndir != ndir ||
	    memcmp(f->dir, dir, ndir) != 0))
		f = f->next;
	if (f != NULL) {
		if (f != fs->newest) {
			list_remove(fs, f);
			list_add(fs, f);
		}
		return f;
	}
	if (fs->nopen >= (uint32_t)cf->max_open &&
	    end_file(fs, fs->oldest, err) != WEIR_OK)
		return NULL;
	f = fsink_file_new(st, dir, ndir, err);
	if (f != NULL)
		fsink_add(fs, f);
	return f;
}

static bool
is_full(const struct fsink_file *f)
{
	const struct fsink_config *cf = f->env.cf;
	uint64_t bytes = cf->format->bytes != NULL ? cf->format->bytes(f)
						   : f->written;

	return (cf->roll.size > 0 && bytes >= cf->roll.size) ||
	    (cf->roll.rows > 0 && f->rows >= (uint64_t)cf->roll.rows);
}

/* Rows for one directory; a file that is full is followed by another. */
static int
write_dir(struct weir_stage *st, const char *dir, size_t ndir,
    const struct weir_batch *b, const uint32_t *rows, uint32_t n,
    struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	struct fsink_state *fs = st->state;
	struct fsink_file *f;
	uint32_t take, i;

	while (n > 0) {
		f = file_of(st, dir, ndir, err);
		if (f == NULL)
			return WEIR_ERROR;
		take = n;
		if (cf->roll.rows > 0 && !cf->format->whole_batches &&
		    (uint64_t)cf->roll.rows - f->rows < take)
			take = (uint32_t)((uint64_t)cf->roll.rows - f->rows);
		if (rows == NULL && take < n) {
			for (i = 0; i < n; i++)
				fs->rows[i] = i;
			rows = fs->rows;
		}
		if (cf->format->rows(f, b, rows, take, err) != WEIR_OK)
			return WEIR_ERROR;
		f->rows += take;
		f->used = weir_clock(st);
		f->last_epoch = st->host->epoch_no(st);
		if (is_full(f) && end_file(fs, f, err) != WEIR_OK)
			return WEIR_ERROR;
		n -= take;
		rows = rows == NULL ? NULL : rows + take;
	}
	return WEIR_OK;
}

/* ---- rows by directory */

#define SLOTS (2 * WEIR_BATCH_ROWS)

/* The different paths of a batch, and each row's. */
struct fsink_spread {
	uint32_t n;
	const struct weir_str *path[WEIR_BATCH_ROWS];
	uint64_t hash[WEIR_BATCH_ROWS];
	uint32_t end[WEIR_BATCH_ROWS + 1]; /* of its rows among all, sorted */
	uint16_t which[WEIR_BATCH_ROWS];   /* a row: its path */
	uint16_t slot[SLOTS];		   /* by hash: path + 1 */
	uint32_t rows[WEIR_BATCH_ROWS];
};

static uint16_t
find_path(struct fsink_spread *sp, const struct weir_str *s)
{
	uint64_t h = hash_text(weir_str_data(s), s->len);
	uint32_t at = (uint32_t)(h % SLOTS), k;

	for (; (k = sp->slot[at]) != 0; at = (at + 1) % SLOTS)
		if (sp->hash[k - 1] == h && weir_str_eq(sp->path[k - 1], s))
			return (uint16_t)(k - 1);
	sp->path[sp->n] = s;
	sp->hash[sp->n] = h;
	sp->slot[at] = (uint16_t)++sp->n;
	return (uint16_t)(sp->n - 1);
}

/* Counted by path, then sorted by it. */
static void
spread(struct fsink_spread *sp, const struct weir_str *paths, uint32_t n)
{
	uint32_t i;

	sp->n = 0;
	memset(sp->slot, 0, sizeof sp->slot);
	memset(sp->end, 0, (n + 1) * sizeof *sp->end);
	for (i = 0; i < n; i++) {
		if (i > 0 && weir_str_eq(&paths[i], &paths[i - 1]))
			sp->which[i] = sp->which[i - 1];
		else
			sp->which[i] = find_path(sp, &paths[i]);
		sp->end[sp->which[i] + 1]++;
	}
	for (i = 0; i < sp->n; i++)
		sp->end[i + 1] += sp->end[i];
	for (i = 0; i < n; i++)
		sp->rows[sp->end[sp->which[i]]++] = i;
}

/* The directory of a path below base: no slashes at its ends.  It must begin
 * as the option says, and fit into a line of an intent. */
static const char *
below_base(const struct fsink_env *en, const struct weir_str *s, size_t *n,
    struct weir_err *err)
{
	const struct fsink_config *cf = en->cf;
	const char *p = weir_str_data(s);
	size_t len = s->len, np = strlen(cf->prefix), nb = strlen(cf->base);

	if (len < np || memcmp(p, cf->prefix, np) != 0 ||
	    len > FSINK_PATH - 2 * FSINK_NAME ||
	    memchr(p, '\0', len) != NULL || memchr(p, '\n', len) != NULL) {
		fsink_fail(en, err, "path", "the path \"%.*s\" does not lie "
		    "under \"%s\"", (int)(len > 200 ? 200 : len), p, cf->base);
		return NULL;
	}
	p += nb;
	len -= nb;
	while (len > 0 && *p == '/') {
		p++;
		len--;
	}
	while (len > 0 && p[len - 1] == '/')
		len--;
	*n = len;
	return p;
}

static int
write_by_dir(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	struct fsink_state *fs = st->state;
	const struct weir_column *co = weir_column_of(st, cf->path);
	struct fsink_spread *sp = fs->spread;
	const char *dir;
	uint32_t i, from;
	size_t ndir;

	if (sp == NULL)
		sp = fs->spread = st->host->alloc(sizeof *sp);
	if (co == NULL || sp == NULL)
		return fsink_no_memory(&fs->env, err);
	spread(sp, co->u.str, b->nrows);
	for (i = 0, from = 0; i < sp->n; from = sp->end[i++]) {
		dir = below_base(&fs->env, sp->path[i], &ndir, err);
		if (dir == NULL || write_dir(st, dir, ndir, b, sp->rows + from,
			sp->end[i] - from, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

/* Files together hold at most `buffer`: the fullest lets go of its own. */
static int
keep_buffer(struct fsink_state *fs, struct weir_err *err)
{
	const struct fsink_config *cf = fs->env.cf;
	struct fsink_file *f, *most;
	uint64_t held, sum;

	if (cf->format->held == NULL)
		return WEIR_OK;
	for (;;) {
		sum = 0;
		most = NULL;
		for (f = fs->oldest; f != NULL; f = f->newer) {
			held = cf->format->held(f);
			sum += held;
			if (most == NULL || held > cf->format->held(most))
				most = f;
		}
		if (sum <= cf->buffer || most == NULL)
			return WEIR_OK;
		if (cf->format->spill(most, err) != WEIR_OK)
			return WEIR_ERROR;
	}
}

static int
fsink_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	int rc;

	if (b->nrows == 0)
		return WEIR_OK;
	if (cf->format->batch != NULL &&
	    cf->format->batch(st, b, err) != WEIR_OK)
		return WEIR_ERROR;
	rc = cf->constant ? write_dir(st, "", 0, b, NULL, b->nrows, err)
			  : write_by_dir(st, b, err);
	return rc == WEIR_OK ? keep_buffer(st->state, err) : rc;
}

/* ---- life */

int
fsink_init(struct weir_stage *st, struct weir_err *err)
{
	struct fsink_state *fs = st->state;

	(void)err;
	fs->env = (struct fsink_env){ st->host, st->config };
	fs->closed_end = &fs->closed;
	return WEIR_OK;
}

void
fsink_fini(struct weir_stage *st)
{
	struct fsink_state *fs = st->state;
	struct fsink_file *f;

	while (fs->newest != NULL)
		fsink_shut(fs, fs->newest);
	while ((f = fs->closed) != NULL) {
		fs->closed = f->next;
		fsink_file_free(f);
	}
	st->host->free(fs->spread);
	st->host->free(fs->staging);
	st->host->free(fs->stale);
	fs->spread = NULL;
	fs->staging = fs->stale = NULL;
}

const struct weir_sink_ops fsink_ops = {
	.size = sizeof(struct weir_sink_ops),
	.write = fsink_write,
	.cut = fsink_cut,
	.prepare = fsink_prepare,
	.publisher_size = sizeof(struct fsink_publisher),
	.open = fsink_open,
	.publish = fsink_publish,
	.abandon = fsink_abandon,
	.close = fsink_close,
	.resume = fsink_resume,
	.audit = fsink_audit,
};
