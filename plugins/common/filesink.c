/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the writer, which stages them.
 */
#include "filesink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"

#define INTENT_MAX (64u * 1024)

/* What a cut hands to prepare. */
struct fsink_cut {
	struct fsink_file *files;
	uint64_t held_from;
};

/* ---- errors and paths */

int
fsink_no_memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
fsink_errno(const struct weir_host *host, struct weir_err *err,
    const char *what, const char *path)
{
	int e = errno;

	return host->fail(err, WEIR_NOWHERE,
	    e == ENOSPC || e == EDQUOT ? "file.full" : "file.io",
	    "cannot %s %s: %s", what, path, strerror(e));
}

char *
fsink_join(const struct weir_host *host, const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *p = host->alloc(na + nb + 2);

	if (p == NULL)
		return NULL;
	memcpy(p, a, na);
	if (nb > 0)
		p[na++] = '/';
	memcpy(p + na, b, nb + 1);
	return p;
}

void
fsink_stem(char stem[FSINK_STEM], const char *id)
{
	size_t n = 0;

	for (; *id != '\0' && n + 1 < FSINK_STEM; id++) {
		if (*id == '/' && n > 0) /* the verb is told by the extension */
			while (id[1] != '\0' && id[1] != '#')
				id++;
		else if ((*id >= '0' && *id <= '9') || *id == '_' ||
		    (*id >= 'a' && *id <= 'z') || (*id >= 'A' && *id <= 'Z'))
			stem[n++] = *id;
		else if (n > 0 && stem[n - 1] != '-')
			stem[n++] = '-';
	}
	while (n > 0 && stem[n - 1] == '-')
		n--;
	stem[n] = '\0';
	/* Names that begin with these are passed over by readers. */
	if (n == 0 || stem[0] == '_')
		snprintf(stem, FSINK_STEM, "part");
}

char *
fsink_staging_path(const struct weir_host *host, const struct fsink_config *cf,
    const struct weir_fence *fence)
{
	char tail[128];

	snprintf(tail, sizeof tail, ".staging/%.32s/%" PRIu64, fence->pipeline,
	    fence->fence);
	return fsink_join(host, cf->base, tail);
}

/* ---- bytes */

static int
put_fd(struct fsink_file *f, const char *p, size_t n, struct weir_err *err)
{
	ssize_t k;

	while (n > 0) {
		k = write(f->fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return fsink_errno(f->host, err, "write", f->staged);
		p += k;
		n -= (size_t)k;
	}
	return WEIR_OK;
}

static int
flush(struct fsink_file *f, struct weir_err *err)
{
	size_t n = f->nbuf;

	f->nbuf = 0;
	return put_fd(f, f->buf, n, err);
}

int
fsink_put(struct fsink_file *f, const void *p, size_t n, struct weir_err *err)
{
	f->written += n;
	if (f->nbuf + n > FSINK_BUFFER && flush(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (n >= FSINK_BUFFER)
		return put_fd(f, p, n, err);
	if (n > 0)
		memcpy(f->buf + f->nbuf, p, n);
	f->nbuf += n;
	return WEIR_OK;
}

/* ---- open files */

static void
file_free(struct fsink_file *f)
{
	const struct weir_host *host = f->host;

	if (f->own != NULL && f->cf->format->drop != NULL)
		f->cf->format->drop(f);
	if (f->fd >= 0)
		close(f->fd);
	host->free(f->own);
	host->free(f->buf);
	host->free(f->staged);
	host->free(f->final);
	host->free(f);
}

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

/* Let go of what a file that gets no more rows holds, so that any number of
 * them can wait for the cut. */
static int
file_release(struct fsink_file *f, struct weir_err *err)
{
	const struct fsink_format *fo = f->cf->format;
	int rc;

	if (fo->finish != NULL && fo->finish(f, err) != WEIR_OK)
		return WEIR_ERROR;
	if (flush(f, err) != WEIR_OK)
		return WEIR_ERROR;
	rc = close(f->fd);
	f->fd = -1;
	if (rc != 0)
		return fsink_errno(f->host, err, "close", f->staged);
	if (fo->drop != NULL)
		fo->drop(f);
	f->host->free(f->own);
	f->host->free(f->buf);
	f->own = NULL;
	f->buf = NULL;
	return WEIR_OK;
}

/* Out of the open files, into the list for the next cut. */
static void
file_shut(struct fsink_state *fs, struct fsink_file *f)
{
	struct fsink_file **at = &fs->hash[f->hash % FSINK_HASH];

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	list_remove(fs, f);
	fs->nopen--;
	f->next = fs->closed;
	fs->closed = f;
}

/* STEM-TIME-EPOCH-NUMBER.EXT below `dir`. */
static char *
final_path(struct weir_stage *st, const char *dir, size_t ndir, int64_t now,
    uint32_t number)
{
	const struct fsink_config *cf = st->config;
	const struct fsink_state *fs = st->state;
	size_t cap = ndir + FSINK_STEM + 128;
	char *p = st->host->alloc(cap);
	int64_t sec = weir__time_floor(now, WEIR__US_SEC), y;
	unsigned m, d, ms, of_day;
	int n = 0;

	if (p == NULL)
		return NULL;
	weir__time_civil(weir__time_floor(sec, 86400), &y, &m, &d);
	of_day = (unsigned)weir__time_rest(sec, 86400);
	ms = (unsigned)(weir__time_rest(now, WEIR__US_SEC) / 1000);
	if (ndir > 0)
		n = snprintf(p, cap, "%.*s/", (int)ndir, dir);
	snprintf(p + n, cap - (size_t)n,
	    "%s-%04d%02u%02uT%02u%02u%02u%03uZ-%010" PRIu64 "-%04u.%s",
	    fs->stem, (int)y, m, d, of_day / 3600, of_day / 60 % 60,
	    of_day % 60, ms, st->host->epoch_no(st), number,
	    cf->format->extension);
	return p;
}

/* The first free number in the staging directory, which other workers use,
 * too. */
static int
file_create(struct weir_stage *st, struct fsink_file *f, struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	char name[FSINK_STEM + 32];

	if (fs->staging == NULL) {
		fsink_stem(fs->stem, st->id);
		fs->staging = fsink_staging_path(st->host, f->cf,
		    st->host->fence(st));
		if (fs->staging == NULL)
			return fsink_no_memory(st->host, err);
	}
	for (;;) {
		snprintf(name, sizeof name, "%s.%06u.open", fs->stem,
		    ++fs->number);
		st->host->free(f->staged);
		f->staged = fsink_join(st->host, fs->staging, name);
		if (f->staged == NULL)
			return fsink_no_memory(st->host, err);
		f->fd = open(f->staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
		if (f->fd >= 0)
			return WEIR_OK;
		if (errno != EEXIST)
			return fsink_errno(st->host, err, "create", f->staged);
	}
}

static int
file_fill(struct weir_stage *st, struct fsink_file *f, const char *dir,
    size_t ndir, struct weir_err *err)
{
	const struct fsink_format *fo = f->cf->format;
	struct fsink_state *fs = st->state;

	f->buf = st->host->alloc(FSINK_BUFFER);
	if (f->buf == NULL)
		return fsink_no_memory(st->host, err);
	if (file_create(st, f, err) != WEIR_OK)
		return WEIR_ERROR;
	f->final = final_path(st, dir, ndir, f->opened, fs->number);
	f->own = st->host->zalloc(fo->own_size > 0 ? fo->own_size : 1);
	if (f->final == NULL || f->own == NULL)
		return fsink_no_memory(st->host, err);
	return fo->begin != NULL ? fo->begin(f, err) : WEIR_OK;
}

static struct fsink_file *
file_new(struct weir_stage *st, const char *dir, size_t ndir, uint64_t hash,
    struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	struct fsink_state *fs = st->state;
	struct fsink_file *f;

	if (fs->nopen >= (uint32_t)cf->max_open) {
		f = fs->oldest;
		file_shut(fs, f);
		if (file_release(f, err) != WEIR_OK)
			return NULL;
	}
	f = st->host->zalloc(sizeof *f);
	if (f == NULL) {
		fsink_no_memory(st->host, err);
		return NULL;
	}
	f->host = st->host;
	f->cf = cf;
	f->fd = -1;
	f->hash = hash;
	f->ndir = ndir;
	f->opened = weir_now(st);
	f->first_epoch = st->host->epoch_no(st);
	if (file_fill(st, f, dir, ndir, err) != WEIR_OK) {
		if (f->fd >= 0)
			unlink(f->staged);
		file_free(f);
		return NULL;
	}
	f->next = fs->hash[hash % FSINK_HASH];
	fs->hash[hash % FSINK_HASH] = f;
	list_add(fs, f);
	fs->nopen++;
	return f;
}

/* FNV-1a. */
static uint64_t
dir_hash(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* The open file of a directory below base, opened where there is none. */
static struct fsink_file *
file_of(struct weir_stage *st, const char *dir, size_t ndir,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	uint64_t hash = dir_hash(dir, ndir);
	struct fsink_file *f = fs->hash[hash % FSINK_HASH];

	for (; f != NULL; f = f->next)
		if (f->hash == hash && f->ndir == ndir &&
		    memcmp(f->final, dir, ndir) == 0)
			break;
	if (f == NULL)
		return file_new(st, dir, ndir, hash, err);
	if (f != fs->newest) {
		list_remove(fs, f);
		list_add(fs, f);
	}
	return f;
}

static bool
file_full(const struct fsink_file *f)
{
	const struct fsink_roll *ro = &f->cf->roll;
	uint64_t bytes = f->cf->format->bytes != NULL
	    ? f->cf->format->bytes(f) : f->written;

	return (ro->size > 0 && bytes >= ro->size) ||
	    (ro->rows > 0 && f->rows >= (uint64_t)ro->rows);
}

/* ---- writing */

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
		if (cf->roll.rows > 0 &&
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
		f->used = weir_now(st);
		f->last_epoch = st->host->epoch_no(st);
		if (file_full(f)) {
			file_shut(fs, f);
			if (file_release(f, err) != WEIR_OK)
				return WEIR_ERROR;
		}
		n -= take;
		rows = rows == NULL ? NULL : rows + take;
	}
	return WEIR_OK;
}

/* The directory of a path value below base: no slashes at its ends. */
static const char *
row_dir(const struct fsink_config *cf, const struct weir_str *s, size_t *n)
{
	const char *p = weir_str_data(s);
	size_t len = s->len, skip = cf->skip < len ? cf->skip : len;

	p += skip;
	len -= skip;
	while (len > 0 && *p == '/') {
		p++;
		len--;
	}
	while (len > 0 && p[len - 1] == '/')
		len--;
	*n = len;
	return p;
}

/* One directory after the other: the rows of the first one not yet written,
 * until there are none.  Few directories a batch make few passes. */
static int
write_by_dir(struct weir_stage *st, const struct weir_batch *b,
    struct weir_err *err)
{
	const struct fsink_config *cf = st->config;
	struct fsink_state *fs = st->state;
	const struct weir_column *co = weir_column_of(st, cf->path);
	uint64_t done[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)] = { 0 };
	uint32_t first, i, n;
	const char *dir;
	size_t ndir;

	if (co == NULL)
		return fsink_no_memory(st->host, err);
	for (first = 0; first < b->nrows; first++) {
		const struct weir_str *s = &co->u.str[first];

		if (weir_bit(done, first))
			continue;
		for (i = first, n = 0; i < b->nrows; i++)
			if (!weir_bit(done, i) &&
			    weir_str_eq(s, &co->u.str[i])) {
				weir_bit_set(done, i);
				fs->rows[n++] = i;
			}
		dir = row_dir(cf, s, &ndir);
		if (write_dir(st, dir, ndir, b, fs->rows, n, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
fsink_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	const struct fsink_config *cf = st->config;

	if (cf->constant)
		return write_dir(st, "", 0, b, NULL, b->nrows, err);
	return write_by_dir(st, b, err);
}

/* ---- the boundary of an epoch */

static bool
file_due(const struct fsink_file *f, uint64_t epoch, int64_t now)
{
	const struct fsink_roll *ro = &f->cf->roll;

	return (ro->epochs > 0 &&
		   epoch - f->first_epoch + 1 >= (uint64_t)ro->epochs) ||
	    (ro->age > 0 && now - f->opened >= ro->age) ||
	    (ro->idle > 0 && now - f->used >= ro->idle);
}

static int
fsink_cut(struct weir_stage *st, uint64_t epoch, bool last, void **cut,
    struct weir_err *err)
{
	struct fsink_state *fs = st->state;
	struct fsink_cut *fc = st->host->zalloc(sizeof *fc);
	struct fsink_file *f, *newer;
	int64_t now = weir_now(st);

	if (fc == NULL)
		return fsink_no_memory(st->host, err);
	for (f = fs->oldest; f != NULL; f = newer) {
		newer = f->newer;
		if (last || file_due(f, epoch, now))
			file_shut(fs, f);
		else if (fc->held_from == 0 || f->first_epoch < fc->held_from)
			fc->held_from = f->first_epoch;
	}
	fc->files = fs->closed;
	fs->closed = NULL;
	*cut = fc;
	return WEIR_OK;
}

static int
file_settle(struct fsink_file *f, struct weir_err *err)
{
	int rc;

	if (f->own != NULL && file_release(f, err) != WEIR_OK)
		return WEIR_ERROR;
	/* Any descriptor of a file syncs all of it. */
	f->fd = open(f->staged, O_WRONLY | O_CLOEXEC);
	if (f->fd < 0)
		return fsink_errno(f->host, err, "open", f->staged);
	rc = fdatasync(f->fd);
	if (rc != 0)
		fsink_errno(f->host, err, "sync", f->staged);
	close(f->fd);
	f->fd = -1;
	return rc == 0 ? WEIR_OK : WEIR_ERROR;
}

/* One line of the intent: rows, bytes, the staged file's name, the final
 * path. */
static int
intent_add(const struct fsink_file *f, struct weir_intent *in,
    struct weir_err *err)
{
	const char *staged = strrchr(f->staged, '/') + 1;
	size_t room = strlen(f->final) + strlen(staged) + 64;
	char *p;

	p = f->host->realloc(in->data, in->len + room);
	if (p == NULL)
		return fsink_no_memory(f->host, err);
	in->data = p;
	in->len += (size_t)snprintf(p + in->len, room,
	    "%" PRIu64 " %" PRIu64 " %s %s\n", f->rows, f->written, staged,
	    f->final);
	in->rows += f->rows;
	return WEIR_OK;
}

/* A list that is too long for an intent is a staged file itself, named after
 * the first file in it, and the intent names that. */
static int
intent_shorten(const struct weir_host *host, const struct fsink_file *first,
    struct weir_intent *in, struct weir_err *err)
{
	size_t n = strlen(first->staged) - strlen("open");
	struct fsink_file f = { .host = host };
	int rc;

	if (in->len <= INTENT_MAX)
		return WEIR_OK;
	f.staged = host->alloc(n + sizeof "list");
	if (f.staged == NULL)
		return fsink_no_memory(host, err);
	memcpy(f.staged, first->staged, n);
	memcpy(f.staged + n, "list", sizeof "list");
	f.fd = open(f.staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (f.fd < 0)
		rc = fsink_errno(host, err, "create", f.staged);
	else
		rc = put_fd(&f, in->data, in->len, err);
	if (rc == WEIR_OK && fdatasync(f.fd) != 0)
		rc = fsink_errno(host, err, "sync", f.staged);
	if (f.fd >= 0)
		close(f.fd);
	in->len = (size_t)snprintf(in->data, in->len, "@%s",
	    strrchr(f.staged, '/') + 1);
	host->free(f.staged);
	return rc;
}

static int
sync_dir(const struct weir_host *host, const char *staged, struct weir_err *err)
{
	char dir[4096];
	int fd, rc = 0;

	snprintf(dir, sizeof dir, "%.*s",
	    (int)(strrchr(staged, '/') - staged), staged);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rc = fsync(fd);
		close(fd);
	}
	if (fd < 0 || rc != 0)
		return fsink_errno(host, err, "sync", dir);
	return WEIR_OK;
}

static int
fsink_prepare(struct weir_stage *st, void *cut, struct weir_intent *intent,
    struct weir_err *err)
{
	const struct weir_host *host = st->host;
	struct fsink_state *fs = st->state;
	struct fsink_cut *fc = cut;
	struct fsink_file *f, *next, *order = NULL;
	int rc = WEIR_OK;

	for (f = fc->files; f != NULL; f = next) {
		next = f->next;
		f->next = order;
		order = f;
	}
	for (f = order; f != NULL && rc == WEIR_OK; f = f->next) {
		rc = file_settle(f, err);
		if (rc == WEIR_OK)
			rc = intent_add(f, intent, err);
	}
	if (rc == WEIR_OK && order != NULL)
		rc = intent_shorten(host, order, intent, err);
	if (rc == WEIR_OK && order != NULL)
		rc = sync_dir(host, order->staged, err);
	intent->held_from = fc->held_from;
	for (f = order; f != NULL; f = next) {
		next = f->next;
		file_free(f);
		fs->nfiles++;
	}
	if (rc == WEIR_OK && order != NULL)
		weir_metric(st, "files", NULL, (double)fs->nfiles);
	host->free(fc);
	return rc;
}

/* ---- life */

int
fsink_init(struct weir_stage *st, struct weir_err *err)
{
	(void)st;
	(void)err;
	return WEIR_OK;
}

void
fsink_fini(struct weir_stage *st)
{
	struct fsink_state *fs = st->state;
	struct fsink_file *f;

	while (fs->newest != NULL)
		file_shut(fs, fs->newest);
	while ((f = fs->closed) != NULL) {
		fs->closed = f->next;
		file_free(f);
	}
	st->host->free(fs->staging);
	fs->staging = NULL;
}

const struct weir_sink_ops fsink_ops = {
	.size = sizeof(struct weir_sink_ops),
	.write = fsink_write,
	.cut = fsink_cut,
	.prepare = fsink_prepare,
	.publisher_size = sizeof(struct fsink_publisher),
	.open = fsink_open,
	.publish = fsink_publish,
	.last_published = fsink_last_published,
	.abandon = fsink_abandon,
	.close = fsink_close,
};

/* ---- binding */

int
fsink_bind(struct weir_bind *bi, struct fsink_config *cf,
    const struct fsink_format *format, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const char *prefix = host->expr_prefix(cf->path);
	const char *slash = strrchr(prefix, '/');
	struct fsink_roll *ro = &cf->roll;
	char *base;

	cf->format = format;
	cf->schema = weir_input(bi, 0);
	cf->constant = host->expr_const(cf->path) != NULL;
	cf->skip = cf->constant ? strlen(prefix) :
	    slash == NULL ? 0 : (size_t)(slash - prefix);
	if (cf->skip == 0)
		return weir_option_fail(bi, "path", err, "file.path",
		    "the path must begin with a constant directory, as in "
		    "\"data/day=${date(at)}\"");
	while (cf->skip > 1 && prefix[cf->skip - 1] == '/')
		cf->skip--;
	base = weir_plan_alloc(bi, cf->skip + 1);
	if (base == NULL)
		return fsink_no_memory(host, err);
	memcpy(base, prefix, cf->skip);
	cf->base = base;
	if (ro->size == 0 && ro->rows == 0 && ro->age == 0 && ro->idle == 0 &&
	    ro->epochs == 0) {
		ro->size = UINT64_C(128) << 20;
		ro->age = 10 * WEIR__US_MIN;
	}
	return WEIR_OK;
}

static const struct weir_option roll_size = {
	.size = sizeof(struct weir_option),
	.name = "size",
	.type = WEIR_OPT_SIZE,
	.offset = offsetof(struct fsink_roll, size),
	.def = "0B",
	.unit = "bytes",
	.help = "The file has about so many bytes.",
};

static const struct weir_option roll_rows = {
	.size = sizeof(struct weir_option),
	.name = "rows",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_roll, rows),
	.def = "0",
	.unit = "rows",
	.min = 0,
	.max = 9e15,
	.help = "The file has exactly so many rows.",
};

static const struct weir_option roll_age = {
	.size = sizeof(struct weir_option),
	.name = "age",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct fsink_roll, age),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "Its first row is so old, by the clock.",
};

static const struct weir_option roll_idle = {
	.size = sizeof(struct weir_option),
	.name = "idle",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct fsink_roll, idle),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "No row has come for so long.",
};

static const struct weir_option roll_epochs = {
	.size = sizeof(struct weir_option),
	.name = "epochs",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_roll, epochs),
	.def = "0",
	.unit = "epochs",
	.min = 0,
	.max = 1e9,
	.help = "It spans so many epochs.",
};

static const struct weir_option *const roll_fields[] = {
	&roll_size,
	&roll_rows,
	&roll_age,
	&roll_idle,
	&roll_epochs,
	NULL,
};

const struct weir_option fsink_opt_path = {
	.size = sizeof(struct weir_option),
	.name = "path",
	.type = WEIR_OPT_EXPR,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_PATH |
	    WEIR_OPTF_TARGET,
	.offset = offsetof(struct fsink_config, path),
	.type_text = "string",
	.help = "The directory in which files are made.  With ${} in it each "
		"row goes to its own: \"data/day=${date(at)}\".",
};

const struct weir_option fsink_opt_roll = {
	.size = sizeof(struct weir_option),
	.name = "roll",
	.type = WEIR_OPT_RECORD,
	.offset = offsetof(struct fsink_config, roll),
	.fields = roll_fields,
	.help = "When a file is whole and the next one begins: at the first of "
		"these that is reached.  Without any: { size: 128MiB, age: "
		"10m }.  The end of a run makes every file whole.",
};

const struct weir_option fsink_opt_keep = {
	.size = sizeof(struct weir_option),
	.name = "keep",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_config, keep),
	.def = "0",
	.unit = "files",
	.min = 0,
	.max = 1e9,
	.help = "Only so many of the newest files stay; older ones are "
		"deleted.  0: all stay.",
};

const struct weir_option fsink_opt_max_open = {
	.size = sizeof(struct weir_option),
	.name = "max_open",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_config, max_open),
	.def = "64",
	.unit = "files",
	.min = 1,
	.max = 4096,
	.help = "How many files are being written at most, with ${} in the "
		"path.  Where one more is needed, the one that was not used "
		"for longest becomes whole.",
};
