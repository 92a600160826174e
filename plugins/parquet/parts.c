/* SPDX-License-Identifier: MIT
 *
 * The open files of a writer: found by their directory, opened in staging,
 * ended and made durable.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "sink.h"

/* Descriptors that wait for their fdatasync at the cut; beyond these a file is
 * synced and closed as soon as it is ended. */
#define WAITING 32

static uint32_t
hash_dir(const char *p, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a, RFC draft eastlake-fnv */

	while (n-- > 0)
		h = (h ^ (uint8_t)*p++) * 16777619u;
	return h;
}

static bool
is_dir(const struct pq_part *pa, const char *dir, size_t len)
{
	return strncmp(pa->dir, dir, len) == 0 && pa->dir[len] == '\0';
}

struct pq_part *
pq_part_find(struct weir_stage *st, const char *dir, size_t len)
{
	const struct weir_host *ho = st->host;
	struct pq_sink *sk = st->state;
	struct pq_part *pa = sk->last;
	uint32_t hash;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (pa != NULL && is_dir(pa, dir, len))
		return pa;
	hash = hash_dir(dir, len);
	for (pa = sk->bucket[hash % PQ_BUCKETS]; pa != NULL; pa = pa->next)
		if (pa->hash == hash && is_dir(pa, dir, len))
			return sk->last = pa;
	pa = ho->zalloc(sizeof *pa);
	if (pa == NULL)
		return NULL;
	pa->dir = ho->alloc(len + 1);
	if (pa->dir == NULL) {
		ho->free(pa);
		return NULL;
	}
	memcpy(pa->dir, dir, len);
	pa->dir[len] = '\0';
	pa->hash = hash;
	pa->fd = -1;
	pa->next = sk->bucket[hash % PQ_BUCKETS];
	sk->bucket[hash % PQ_BUCKETS] = pa;
	return sk->last = pa;
}

void
pq_part_unlink(struct pq_sink *sk, struct pq_part *pa)
{
	struct pq_part **at = &sk->bucket[pa->hash % PQ_BUCKETS];

	while (*at != NULL && *at != pa)
		at = &(*at)->next;
	if (*at != NULL)
		*at = pa->next;
	if (sk->last == pa)
		sk->last = NULL;
	if (pa->open)
		sk->nopen--;
	pa->open = false;
	pa->next = NULL;
}

void
pq_part_free(const struct weir_host *ho, struct pq_part *pa, bool drop)
{
	if (pa->fd >= 0)
		close(pa->fd);
	if (drop && pa->staged != NULL)
		(void)unlink(pa->staged);
	pq_file_fini(&pa->file);
	if (pa->staged != NULL)
		ho->free(pa->staged);
	ho->free(pa->dir);
	ho->free(pa);
}

void
pq_cut_free(const struct weir_host *ho, struct pq_cut *ct, bool drop)
{
	struct pq_part *pa;

	while ((pa = ct->parts) != NULL) {
		ct->parts = pa->next;
		pq_part_free(ho, pa, drop);
	}
	ho->free(ct);
}

uint64_t
pq_part_bytes(const struct pq_part *pa)
{
	return pa->file.size + pa->file.held;
}

static int
no_staging(struct weir_stage *st, const char *path, struct weir_err *err)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return st->host->fail(err, WEIR_NOWHERE, "parquet.full",
		    "the disk under \"%s\" is full: nothing of this epoch has "
		    "been published; make room and start again", path);
	return st->host->fail(err, WEIR_NOWHERE, "parquet.staging",
	    "cannot make \"%s\": %s", path, strerror(errno));
}

/* The directory of staged files, when the first of them is made. */
static int
staging_dir(struct weir_stage *st, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	const struct weir_fence *fe = st->host->fence(st);
	struct pq_sink *sk = st->state;

	if (sk->staging)
		return WEIR_OK;
	if (pq_place_staging(sk->dir, sizeof sk->dir - PQ_NAME, wc->base,
		fe->pipeline, fe->fence) != 0)
		return no_staging(st, wc->base, err);
	if (pq_place_mkdir(sk->dir) != 0)
		return no_staging(st, sk->dir, err);
	sk->staging = true;
	return WEIR_OK;
}

/* An empty file with a name that no other worker has. */
static int
staged_file(struct weir_stage *st, struct pq_part *pa, struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	char path[PQ_PATH];
	size_t n;

	if (staging_dir(st, err) != WEIR_OK)
		return WEIR_ERROR;
	do {
		n = (size_t)snprintf(path, sizeof path, "%s/%s@%06u.open",
		    sk->dir, sk->stem, ++sk->staged);
		if (n >= sizeof path) {
			errno = ENAMETOOLONG;
			return no_staging(st, sk->dir, err);
		}
		pa->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
	} while (pa->fd < 0 && errno == EEXIST);
	if (pa->fd < 0)
		return no_staging(st, path, err);
	pa->staged = st->host->alloc(n + 1);
	if (pa->staged == NULL) {
		(void)unlink(path);
		return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	}
	memcpy(pa->staged, path, n + 1);
	return WEIR_OK;
}

/* The file that was opened first makes room for another. */
static int
close_oldest(struct weir_stage *st, const struct pq_part *but,
    struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	struct pq_part *pa, *old = NULL;
	uint32_t i;

	for (i = 0; i < PQ_BUCKETS; i++)
		for (pa = sk->bucket[i]; pa != NULL; pa = pa->next)
			if (pa->open && pa != but &&
			    (old == NULL || pa->serial < old->serial))
				old = pa;
	return old == NULL ? WEIR_OK : pq_part_end(st, old, err);
}

static struct pq_column *
spare_take(struct pq_sink *sk)
{
	struct pq_column *cols = NULL;
	int i;

	for (i = 0; cols == NULL && i < PQ_SPARE; i++)
		cols = atomic_exchange(&sk->spare[i], NULL);
	return cols;
}

/* Kept for another file, or freed when there are enough. */
static void
spare_put(struct weir_stage *st, struct pq_column *cols)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;
	struct pq_column *none;
	int i;

	for (i = 0; i < PQ_SPARE; i++) {
		none = NULL;
		if (atomic_compare_exchange_strong(&sk->spare[i], &none, cols))
			return;
	}
	pq_file_columns_free(st->host, &wc->schema, cols);
}

int
pq_part_open(struct weir_stage *st, struct pq_part *pa, struct weir_err *err)
{
	const struct pq_write *wc = st->config;
	struct pq_sink *sk = st->state;

	if (pa->open)
		return WEIR_OK;
	if (sk->nopen >= (uint64_t)wc->max_open &&
	    close_oldest(st, pa, err) != WEIR_OK)
		return WEIR_ERROR;
	if (staged_file(st, pa, err) != WEIR_OK)
		return WEIR_ERROR;
	pa->open = true;
	pa->serial = ++sk->serial;
	pa->first_epoch = st->host->epoch_no(st);
	pa->opened_at = weir_clock(st);
	sk->nopen++;
	return pq_file_begin(&pa->file, st->host, &wc->schema, &wc->settings,
	    pa->fd, spare_take(sk), pa->staged, err);
}

int
pq_part_finish(struct weir_stage *st, struct pq_part *pa,
    struct pq_scratch *sx, struct weir_err *err)
{
	char epochs[48];
	struct pq_note note[] = {
		{ "weir.pipeline", st->host->fence(st)->pipeline },
		{ "weir.sink", st->id },
		{ "weir.epochs", epochs },
	};

	if (pa->ended)
		return WEIR_OK;
	if (pa->first_epoch == pa->last_epoch)
		snprintf(epochs, sizeof epochs, "%" PRIu64, pa->first_epoch);
	else
		snprintf(epochs, sizeof epochs, "%" PRIu64 "-%" PRIu64,
		    pa->first_epoch, pa->last_epoch);
	if (pq_file_end(&pa->file, sx, note, 3, pa->staged, err) != WEIR_OK)
		return WEIR_ERROR;
	pa->size = pa->file.size;
	pa->rows = pa->file.rows;
	pa->ended = true;
	spare_put(st, pq_file_columns(&pa->file));
	pq_file_fini(&pa->file);
	return WEIR_OK;
}

int
pq_part_sync(struct weir_stage *st, struct pq_part *pa, struct weir_err *err)
{
	int rc;

	if (pa->fd < 0)
		return WEIR_OK;
	rc = fdatasync(pa->fd);
	if (rc != 0 && (errno == ENOSPC || errno == EDQUOT))
		(void)no_staging(st, pa->staged, err);
	else if (rc != 0)
		st->host->fail(err, WEIR_NOWHERE, "parquet.sync",
		    "cannot make \"%s\" durable: %s", pa->staged,
		    strerror(errno));
	if (close(pa->fd) != 0 && rc == 0)
		rc = st->host->fail(err, WEIR_NOWHERE, "parquet.sync",
		    "cannot close \"%s\": %s", pa->staged, strerror(errno));
	pa->fd = -1;
	return rc == 0 ? WEIR_OK : WEIR_ERROR;
}

/* The part's file in a part of its own; the part itself stays, closed, for
 * rows to come. */
static struct pq_part *
part_detach(struct weir_stage *st, struct pq_part *pa)
{
	const struct weir_host *ho = st->host;
	struct pq_sink *sk = st->state;
	size_t n = strlen(pa->dir) + 1;
	struct pq_part *done = ho->alloc(sizeof *done);
	char *dir = ho->alloc(n);

	if (done == NULL || dir == NULL) {
		if (done != NULL)
			ho->free(done);
		if (dir != NULL)
			ho->free(dir);
		return NULL;
	}
	memcpy(dir, pa->dir, n);
	*done = *pa;
	done->dir = dir;
	done->next = NULL;
	memset(&pa->file, 0, sizeof pa->file);
	pa->staged = NULL;
	pa->fd = -1;
	pa->open = false;
	sk->nopen--;
	return done;
}

int
pq_part_end(struct weir_stage *st, struct pq_part *pa, struct weir_err *err)
{
	struct pq_sink *sk = st->state;
	struct pq_part *done = part_detach(st, pa);

	if (done == NULL)
		return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	done->next = sk->ended;
	sk->ended = done;
	sk->nended++;
	if (pq_part_finish(st, done, &sk->scratch, err) != WEIR_OK)
		return WEIR_ERROR;
	return sk->nended > WAITING ? pq_part_sync(st, done, err) : WEIR_OK;
}
