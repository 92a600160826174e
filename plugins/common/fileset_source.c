/* SPDX-License-Identifier: MIT
 *
 * A source over many files, each a partition, one after the other.
 */
#include <string.h>

#include "fileset.h"

/* What a position is kept with: the end of the file's path and a hash of the
 * whole. */
struct note {
	uint64_t hash;
	char tail[WEIR_NOTE_MAX - sizeof(uint64_t)]; /* zeros behind it */
};

static void
make_note(struct note *no, const char *path)
{
	size_t n = strlen(path), i;

	memset(no, 0, sizeof *no);
	no->hash = UINT64_C(14695981039346656037); /* FNV-1a */
	for (i = 0; i < n; i++)
		no->hash = (no->hash ^ (unsigned char)path[i]) *
		    UINT64_C(1099511628211);
	if (n > sizeof no->tail)
		path += n - sizeof no->tail;
	memcpy(no->tail, path, n < sizeof no->tail ? n : sizeof no->tail);
}

/* The file of a position, or files.n. */
static size_t
find_file(const struct fset_source *so, const struct weir_position *at)
{
	struct note no;
	size_t i;

	for (i = 0; i < so->files.n; i++) {
		make_note(&no, so->files.paths[i]);
		if (at->note_len == sizeof no &&
		    memcmp(at->note, &no, sizeof no) == 0)
			return i;
	}
	return so->files.n;
}

static int
gone(struct weir_stage *st, const struct weir_position *at,
    struct weir_err *err)
{
	struct note no;

	if (at->note_len != sizeof no)
		return st->host->fail(err, WEIR_NOWHERE, "file.gone",
		    "what was read of these files before is not known");
	memcpy(&no, at->note, sizeof no);
	return st->host->fail(err, WEIR_NOWHERE, "file.gone",
	    "%.*s was read up to byte %lld and is not there any more: put it "
	    "back, or begin anew with `weir state reset`",
	    (int)strnlen(no.tail, sizeof no.tail), no.tail,
	    (long long)at->next);
}

/* Numbers and positions of what was known, then numbers for the rest. */
static int
recall(struct weir_stage *st, struct fset_source *so,
    const struct weir_position *at, size_t n, struct weir_err *err)
{
	int32_t next = 0;
	size_t i, k;

	for (i = 0; i < so->files.n; i++)
		so->numbers[i] = -1;
	for (i = 0; i < n; i++) {
		next = at[i].partition >= next ? at[i].partition + 1 : next;
		k = find_file(so, &at[i]);
		if (k == so->files.n) {
			if (at[i].next > 0 && at[i].state != WEIR_PART_FINISHED)
				return gone(st, &at[i], err);
			continue;
		}
		so->numbers[k] = at[i].partition;
		so->starts[k] = at[i].state == WEIR_PART_FINISHED ? -1 :
								    at[i].next;
	}
	for (i = 0; i < so->files.n; i++)
		if (so->numbers[i] < 0)
			so->numbers[i] = next++;
	return WEIR_OK;
}

int
fset_source_open(struct weir_stage *st, struct fset_source *so,
    const char *path, const char *const *endings,
    const struct weir_position *at, size_t n, struct weir_err *err)
{
	struct note no;
	int32_t part;
	size_t i;

	if (fset_find(st->host, &so->files, path, endings, err) != WEIR_OK)
		return WEIR_ERROR;
	so->starts = st->host->zalloc((so->files.n + 1) * sizeof *so->starts);
	so->numbers = st->host->zalloc((so->files.n + 1) *
	    sizeof *so->numbers);
	if (so->starts == NULL || so->numbers == NULL)
		goto memory;
	if (recall(st, so, at, n, err) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < so->files.n; i++) {
		part = so->numbers[i];
		make_note(&no, so->files.paths[i]);
		if (weir_partition(st, part, so->files.paths[i]) != WEIR_OK ||
		    weir_position_note(st, part, &no, sizeof no) != WEIR_OK ||
		    (so->starts[i] >= 0 &&
			weir_position(st, part, so->starts[i],
			    WEIR_PART_READING) != WEIR_OK))
			goto memory;
	}
	return WEIR_OK;
memory:
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
fset_source_ready(struct weir_stage *st, struct fset_source *so, bool *fresh,
    struct weir_err *err)
{
	*fresh = false;
	while (so->at < so->files.n && so->starts[so->at] < 0)
		so->at++;
	if (so->at == so->files.n)
		return WEIR_END;
	if (so->open)
		return WEIR_OK;
	if (fset_open(&so->re, st->host, so->files.paths[so->at],
		so->starts[so->at], err) != WEIR_OK)
		return WEIR_ERROR;
	so->open = true;
	*fresh = true;
	return WEIR_OK;
}

int
fset_source_next(struct weir_stage *st, struct fset_source *so)
{
	int64_t end = so->re.offset;

	fset_close(&so->re);
	so->open = false;
	return weir_position(st, so->numbers[so->at++], end,
	    WEIR_PART_FINISHED);
}

void
fset_source_fini(struct weir_stage *st, struct fset_source *so)
{
	if (so->open)
		fset_close(&so->re);
	so->open = false;
	st->host->free(so->starts);
	so->starts = NULL;
	st->host->free(so->numbers);
	so->numbers = NULL;
	fset_list_free(st->host, &so->files);
}

int
fset_pin(struct weir_stage *st, struct fset_source *so, struct weir_batch *b)
{
	struct fset_block *bl = so->re.block;

	bl->refs++;
	if (weir_batch_pin(st, b, bl, fset_block_unref) == WEIR_OK)
		return WEIR_OK;
	bl->refs--;
	return WEIR_ERROR;
}
