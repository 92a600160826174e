/* SPDX-License-Identifier: MIT
 *
 * Row groups out of columns, files out of row groups.
 */
#include "file.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#define IOVS 64

static int
no_memory(struct pq_file *f, const char *name, struct weir_err *err)
{
	return f->ho->fail(err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory while writing \"%s\"", name);
}

static int
write_failed(struct pq_file *f, const char *name, struct weir_err *err)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return f->ho->fail(err, WEIR_NOWHERE, "parquet.full",
		    "the disk under \"%s\" is full: nothing of this epoch has "
		    "been published; make room and start again", name);
	return f->ho->fail(err, WEIR_NOWHERE, "parquet.write",
	    "cannot write \"%s\": %s", name, strerror(errno));
}

/* All of the pieces at the file's end. */
static int
write_all(struct pq_file *f, struct iovec *iov, int n, const char *name,
    struct weir_err *err)
{
	ssize_t got;

	while (n > 0) {
		got = pwritev(f->fd, iov, n, (off_t)f->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return write_failed(f, name, err);
		f->size += (uint64_t)got;
		while (n > 0 && (size_t)got >= iov->iov_len) {
			got -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	return WEIR_OK;
}

static int
write_bytes(struct pq_file *f, const void *p, size_t n, const char *name,
    struct weir_err *err)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	return n == 0 ? WEIR_OK : write_all(f, &iov, 1, name, err);
}

int
pq_file_begin(struct pq_file *f, const struct weir_host *ho,
    const struct pq_schema *sc, const struct pq_settings *se, int fd,
    struct pq_column *cols, const char *name, struct weir_err *err)
{
	uint32_t i;

	memset(f, 0, sizeof *f);
	f->ho = ho;
	f->sc = sc;
	f->se = se;
	f->fd = fd;
	pq_bytes_init(&f->groups, ho);
	pq_shred_init(&f->shred, ho);
	f->cols = cols;
	for (i = 0; cols != NULL && i < sc->nleaves; i++)
		pq_column_again(&cols[i]);
	if (cols == NULL) {
		f->cols = ho->zalloc((sc->nleaves + 1) * sizeof *f->cols);
		if (f->cols == NULL)
			return no_memory(f, name, err);
		for (i = 0; i < sc->nleaves; i++)
			pq_column_init(&f->cols[i], ho, &sc->leaves[i], se);
	}
	return write_bytes(f, PQ_MAGIC, 4, name, err);
}

void
pq_file_columns_free(const struct weir_host *ho, const struct pq_schema *sc,
    struct pq_column *cols)
{
	uint32_t i;

	if (cols == NULL)
		return;
	for (i = 0; i < sc->nleaves; i++)
		pq_column_fini(&cols[i]);
	ho->free(cols);
}

struct pq_column *
pq_file_columns(struct pq_file *f)
{
	struct pq_column *cols = f->cols;

	f->cols = NULL;
	return cols;
}

void
pq_file_fini(struct pq_file *f)
{
	if (f->ho == NULL)
		return;
	pq_file_columns_free(f->ho, f->sc, f->cols);
	f->cols = NULL;
	pq_shred_fini(&f->shred);
	pq_bytes_fini(&f->groups);
	f->ho = NULL;
}

int
pq_file_write(struct pq_file *f, struct pq_scratch *sx,
    const struct weir_column *cols, const uint32_t *rows, uint32_t n,
    const char *name, struct weir_err *err)
{
	const struct pq_schema *sc = f->sc;
	uint64_t held = 0;
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sc->ncols; i++) {
		struct pq_column *c = &f->cols[sc->first[i]];

		if (weir_type_nested(sc->cols[i].type))
			rc = pq_shred_write(&f->shred, sx, &sc->cols[i],
			    &cols[i], rows, n, c);
		else
			rc = pq_column_flat(c, sx, &cols[i], rows, n);
	}
	if (rc != 0)
		return no_memory(f, name, err);
	f->group_rows += n;
	f->rows += n;
	for (i = 0; i < sc->nleaves; i++)
		held += f->cols[i].held + pq_column_open(&f->cols[i]) +
		    f->cols[i].dict.bytes;
	f->held = held;
	if (f->group_rows >= f->se->group_rows ||
	    f->held >= f->se->group_size)
		return pq_file_group(f, sx, name, err);
	return WEIR_OK;
}

/* A chunk's pages, the dictionary first. */
static int
write_chunk(struct pq_file *f, struct pq_column *c, struct pq_place *at,
    const char *name, struct weir_err *err)
{
	struct iovec iov[IOVS];
	uint32_t i;
	int n = 0;

	if (c->dict_page.data != NULL) {
		at->dict = f->size;
		at->plain += c->dict_page.plain_len;
		at->packed += c->dict_page.len;
		iov[n++] = (struct iovec){ c->dict_page.data,
			c->dict_page.len };
	}
	at->data = f->size + at->packed;
	for (i = 0; i < c->npages; i++) {
		at->plain += c->pages[i].plain_len;
		at->packed += c->pages[i].len;
		iov[n++] = (struct iovec){ c->pages[i].data, c->pages[i].len };
		if (n < IOVS && i + 1 < c->npages)
			continue;
		if (write_all(f, iov, n, name, err) != WEIR_OK)
			return WEIR_ERROR;
		n = 0;
	}
	return WEIR_OK;
}

/* The page indexes of all chunks, one after the other. */
static int
write_indexes(struct pq_file *f, struct pq_place *at, const char *name,
    struct weir_err *err)
{
	struct pq_bytes ix;
	size_t from;
	uint32_t i;
	int rc;

	pq_bytes_init(&ix, f->ho);
	for (i = 0; i < f->sc->nleaves; i++) {
		from = ix.len;
		if (f->se->statistics &&
		    pq_footer_column_index(&f->cols[i], &ix)) {
			at[i].column_index = f->size + from;
			at[i].column_len = (uint32_t)(ix.len - from);
		}
	}
	for (i = 0; i < f->sc->nleaves; i++) {
		from = ix.len;
		pq_footer_offset_index(&f->cols[i], at[i].data, &ix);
		at[i].offset_index = f->size + from;
		at[i].offset_len = (uint32_t)(ix.len - from);
	}
	rc = ix.failed ? no_memory(f, name, err)
		       : write_bytes(f, ix.p, ix.len, name, err);
	pq_bytes_fini(&ix);
	return rc;
}

int
pq_file_group(struct pq_file *f, struct pq_scratch *sx, const char *name,
    struct weir_err *err)
{
	uint32_t i, n = f->sc->nleaves;
	struct pq_place *at;
	int rc = WEIR_OK;

	if (f->group_rows == 0)
		return WEIR_OK;
	at = f->ho->zalloc((n + 1) * sizeof *at);
	if (at == NULL)
		return no_memory(f, name, err);
	for (i = 0; rc == WEIR_OK && i < n; i++) {
		if (pq_column_finish(&f->cols[i], sx) != 0)
			rc = no_memory(f, name, err);
		else
			rc = write_chunk(f, &f->cols[i], &at[i], name, err);
	}
	if (rc == WEIR_OK)
		rc = write_indexes(f, at, name, err);
	if (rc == WEIR_OK) {
		pq_footer_group(f, at);
		if (f->groups.failed)
			rc = no_memory(f, name, err);
	}
	f->ho->free(at);
	if (rc != WEIR_OK)
		return rc;
	for (i = 0; i < n; i++)
		pq_column_reset(&f->cols[i]);
	f->ngroups++;
	f->group_rows = 0;
	f->held = 0;
	return WEIR_OK;
}

int
pq_file_end(struct pq_file *f, struct pq_scratch *sx,
    const struct pq_note *notes, uint32_t nnotes, const char *name,
    struct weir_err *err)
{
	struct pq_bytes foot;
	uint8_t tail[8];
	int rc;

	rc = pq_file_group(f, sx, name, err);
	if (rc != WEIR_OK)
		return rc;
	pq_bytes_init(&foot, f->ho);
	pq_footer_file(f, notes, nnotes, &foot);
	pq_put32(tail, (uint32_t)foot.len);
	memcpy(tail + 4, PQ_MAGIC, 4);
	pq_bytes_add(&foot, tail, sizeof tail);
	rc = foot.failed ? no_memory(f, name, err)
			 : write_bytes(f, foot.p, foot.len, name, err);
	pq_bytes_fini(&foot);
	return rc;
}
