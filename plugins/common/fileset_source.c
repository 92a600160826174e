/* SPDX-License-Identifier: MIT
 *
 * A source over many files, each a partition, one after the other.
 */
#include "fileset.h"

int
fset_source_open(struct weir_stage *st, struct fset_source *so,
    const char *path, const char *const *endings,
    const struct weir_position *at, size_t n, struct weir_err *err)
{
	size_t i;

	if (fset_find(st->host, &so->files, path, endings, err) != WEIR_OK)
		return WEIR_ERROR;
	so->starts = st->host->zalloc(so->files.n * sizeof *so->starts);
	if (so->starts == NULL)
		goto memory;
	for (i = 0; i < n; i++)
		if ((size_t)at[i].partition < so->files.n)
			so->starts[at[i].partition] = at[i].next;
	for (i = 0; i < so->files.n; i++)
		if (weir_partition(st, (int32_t)i, so->files.paths[i]) !=
		    WEIR_OK ||
		    weir_position(st, (int32_t)i, so->starts[i],
			WEIR_PART_READING) != WEIR_OK)
			goto memory;
	return WEIR_OK;
memory:
	return st->host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

int
fset_source_ready(struct weir_stage *st, struct fset_source *so, bool *fresh,
    struct weir_err *err)
{
	*fresh = false;
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
	return weir_position(st, (int32_t)so->at++, end, WEIR_PART_FINISHED);
}

void
fset_source_fini(struct weir_stage *st, struct fset_source *so)
{
	if (so->open)
		fset_close(&so->re);
	so->open = false;
	st->host->free(so->starts);
	so->starts = NULL;
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
