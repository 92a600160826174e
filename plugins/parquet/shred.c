/* SPDX-License-Identifier: MIT
 *
 * From nested columns to levels.
 *
 * For one leaf, a list of entries goes down the path from the column to it.
 * At first there is one a row; an optional field ends those that are null
 * there, a list makes one of each of its elements.  What an entry has when it
 * ends or arrives is a pair of levels.
 */
#include "shred.h"

#define ROWS 512u /* at a time */

struct entry {
	uint32_t at; /* in the column reached */
	uint8_t def;
	uint8_t rep;
	bool ended;
};

/* A leaf's way down: in a field, its column there. */
struct way {
	const struct weir_type *type;
	const struct weir_column *co;
	bool required;
	uint8_t def; /* levels so far */
	uint8_t rep;
};

void
pq_shred_init(struct pq_shred *sh, const struct weir_host *ho)
{
	pq_bytes_init(&sh->a, ho);
	pq_bytes_init(&sh->b, ho);
	pq_bytes_init(&sh->def, ho);
	pq_bytes_init(&sh->rep, ho);
	pq_bytes_init(&sh->at, ho);
}

void
pq_shred_fini(struct pq_shred *sh)
{
	if (sh->a.ho == NULL)
		return;
	pq_bytes_fini(&sh->a);
	pq_bytes_fini(&sh->b);
	pq_bytes_fini(&sh->def);
	pq_bytes_fini(&sh->rep);
	pq_bytes_fini(&sh->at);
}

static struct entry *
entries(struct pq_bytes *b)
{
	return (struct entry *)(void *)b->p;
}

static size_t
nentries(const struct pq_bytes *b)
{
	return b->len / sizeof(struct entry);
}

static void
entry_add(struct pq_bytes *b, struct entry en)
{
	struct entry *to = (void *)pq_bytes_room(b, sizeof *to);

	if (to != NULL) {
		*to = en;
		b->len += sizeof *to;
	}
}

/* Nulls of an optional field end here; the others are one level deeper. */
static void
step_optional(struct pq_shred *sh, const struct weir_column *co)
{
	struct entry *en = entries(&sh->a);
	size_t i, n = nentries(&sh->a);

	for (i = 0; i < n; i++) {
		if (en[i].ended)
			continue;
		if (weir_valid(co, en[i].at))
			en[i].def++;
		else
			en[i].ended = true;
	}
}

/* Elements take the place of their list; an empty one ends. */
static int
step_list(struct pq_shred *sh, const struct weir_column *co, uint8_t rep)
{
	struct entry *en = entries(&sh->a), to;
	size_t i, n = nentries(&sh->a);
	struct pq_bytes swap;
	int32_t k;

	sh->b.len = 0;
	for (i = 0; i < n; i++) {
		int32_t from, end;

		to = en[i];
		if (to.ended) {
			entry_add(&sh->b, to);
			continue;
		}
		from = co->offsets[to.at];
		end = co->offsets[to.at + 1];
		if (from >= end) {
			to.ended = true;
			entry_add(&sh->b, to);
			continue;
		}
		to.def++;
		for (k = from; k < end; k++) {
			to.at = (uint32_t)k;
			entry_add(&sh->b, to);
			to.rep = rep;
		}
	}
	if (sh->b.failed)
		return -1;
	swap = sh->a;
	sh->a = sh->b;
	sh->b = swap;
	return 0;
}

/* The entries have arrived at their leaf. */
static int
arrive(struct pq_shred *sh, struct pq_scratch *sx, const struct weir_column *co,
    struct pq_column *leaf, uint32_t rows)
{
	const struct entry *en = entries(&sh->a);
	size_t n = nentries(&sh->a), i;
	struct pq_levels lv = { .n = (uint32_t)n, .rows = rows };

	sh->def.len = sh->rep.len = sh->at.len = 0;
	lv.def = pq_bytes_room(&sh->def, n + 1);
	lv.rep = pq_bytes_room(&sh->rep, n + 1);
	lv.at = (void *)pq_bytes_room(&sh->at, 4 * n + 4);
	if (lv.def == NULL || lv.rep == NULL || lv.at == NULL)
		return -1;
	for (i = 0; i < n; i++) {
		lv.def[i] = en[i].def;
		lv.rep[i] = en[i].rep;
		lv.at[lv.nat] = en[i].at;
		lv.nat += !en[i].ended;
	}
	return pq_column_levels(leaf, sx, co, &lv);
}

/* Leaves below a field; where each branch goes on, entries begin anew at the
 * rows, so that what is kept is one leaf's. */
struct path {
	struct way way[3 * 32];
	uint32_t n;
};

static int
run_path(struct pq_shred *sh, struct pq_scratch *sx, const struct path *pa,
    const uint32_t *rows, uint32_t first, uint32_t n, struct pq_column *leaf)
{
	const struct way *wa = pa->way;
	uint32_t i;

	sh->a.len = 0;
	for (i = 0; i < n; i++)
		entry_add(&sh->a, (struct entry){
		    .at = rows != NULL ? rows[first + i] : first + i });
	if (sh->a.failed)
		return -1;
	for (i = 0; i < pa->n; i++, wa++) {
		if (!wa->required)
			step_optional(sh, wa->co);
		if ((wa->type->kind == WEIR_LIST ||
		    wa->type->kind == WEIR_MAP) &&
		    step_list(sh, wa->co, wa->rep) != 0)
			return -1;
	}
	return arrive(sh, sx, wa[-1].co, leaf, n);
}

struct job {
	struct pq_shred *sh;
	struct pq_scratch *sx;
	const uint32_t *rows;
	uint32_t first;
	uint32_t n;
	struct pq_column *leaf; /* the next one */
	struct path path;
};

static int
descend(struct job *jo, const struct weir_type *ty,
    const struct weir_column *co, bool required, uint8_t rep)
{
	struct way *wa = &jo->path.way[jo->path.n++];
	bool repeats = ty->kind == WEIR_LIST || ty->kind == WEIR_MAP;
	uint32_t i;
	int rc = 0;

	*wa = (struct way){ .type = ty, .co = co, .required = required,
		.rep = (uint8_t)(rep + repeats) };
	if (!weir_type_nested(ty))
		rc = run_path(jo->sh, jo->sx, &jo->path, jo->rows, jo->first,
		    jo->n, jo->leaf++);
	for (i = 0; rc == 0 && i < ty->nfields; i++)
		rc = descend(jo, ty->fields[i].type, &co->child[i],
		    ty->fields[i].required ||
			(ty->kind == WEIR_MAP && i == 0), wa->rep);
	jo->path.n--;
	return rc;
}

int
pq_shred_write(struct pq_shred *sh, struct pq_scratch *sx,
    const struct weir_field *fi, const struct weir_column *co,
    const uint32_t *rows, uint32_t n, struct pq_column *leaf)
{
	struct job jo = { .sh = sh, .sx = sx, .rows = rows };

	for (jo.first = 0; jo.first < n; jo.first += jo.n) {
		jo.n = n - jo.first < ROWS ? n - jo.first : ROWS;
		jo.leaf = leaf;
		if (descend(&jo, fi->type, co, fi->required, 0) != 0)
			return -1;
	}
	return 0;
}
