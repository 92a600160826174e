/* SPDX-License-Identifier: MIT
 *
 * What belongs to a decision beside keyed state: watermarks, where sources
 * stand, the ledger.
 *
 *	facts	uint32 magic, uint32 stages; the stages
 *	stage	a head, its id; rows sent by each port, rows got by each input;
 *		what the watermark keeps; the partitions
 *
 * Stages call each other by their place in the record.
 */
#include "base/alloc.h"
#include "run/instance.h"
#include "run/save.h"
#include "run/watermark.h"

#define MAGIC 0x54524957u /* "WIRT" */

struct stage_head {
	struct weir__counts n;
	int64_t watermark;
	int64_t watermark_in;
	int64_t trail;
	uint64_t lost;
	uint64_t lost_unknown;
	uint32_t wm_len;
	uint32_t nparts;
	uint32_t nports;
	uint32_t ninputs;
	uint32_t id_len;
	uint32_t reserved;
};

struct part_head {
	int64_t next;
	int32_t no;
	uint8_t state;
	uint8_t note_len;
	uint16_t name_len;
};

/* ---- saving */

static void
save_part(const struct weir__part *pa, struct weir__buf *to)
{
	struct part_head ph = {
		.next = pa->next,
		.no = pa->no,
		.state = (uint8_t)pa->state,
		.note_len = pa->note_len,
	};
	size_t n = pa->name != NULL ? strlen(pa->name) : 0;

	ph.name_len = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
	weir__buf_add(to, &ph, sizeof ph);
	weir__buf_add(to, pa->note, ph.note_len);
	weir__buf_add(to, pa->name, ph.name_len);
}

static void
save_stage(const struct weir__instance *sg, struct weir__buf *to,
    const uint32_t *stage_of)
{
	const struct weir__node *nd = sg->nd;
	struct stage_head sh = {
		.n = sg->n,
		.watermark = sg->watermark,
		.watermark_in = sg->watermark_in,
		.trail = sg->trail,
		.lost = sg->lost,
		.lost_unknown = sg->lost_unknown,
		.nparts = (uint32_t)sg->nparts,
		.nports = nd->nports,
		.ninputs = nd->ninputs,
		.id_len = (uint32_t)strlen(nd->id),
	};
	size_t at = to->len, was, i;

	weir__buf_add(to, &sh, sizeof sh);
	weir__buf_add(to, nd->id, sh.id_len);
	weir__buf_add(to, sg->port_out, nd->nports * sizeof *sg->port_out);
	weir__buf_add(to, sg->input_in, nd->ninputs * sizeof *sg->input_in);
	was = to->len;
	if (sg->wm != NULL)
		weir__wm_save(sg->wm, to, stage_of);
	sh.wm_len = (uint32_t)(to->len - was);
	for (i = 0; i < sg->nparts; i++)
		save_part(&sg->parts[i], to);
	if (!to->failed)
		memcpy(to->data + at, &sh, sizeof sh);
}

int
weir__tree_facts_save(const struct weir__tree *tr, struct weir__buf *to)
{
	uint32_t *stage_of = weir__alloc((tr->nsources + 1) * sizeof *stage_of);
	const uint32_t head[2] = { MAGIC, (uint32_t)tr->nstages };
	size_t i;

	if (stage_of == NULL)
		return -1;
	for (i = 0; i < tr->nsources; i++)
		stage_of[tr->sources[i]->source_no] = tr->sources[i]->nd->no;
	weir__buf_add(to, head, sizeof head);
	for (i = 0; i < tr->nstages; i++)
		save_stage(&tr->stages[i], to, stage_of);
	weir__free(stage_of);
	return to->failed ? -1 : 0;
}

/* ---- loading */

struct facts {
	const char *p;
	const char *end;
	int32_t *source_of; /* by place in the record: source_no, or -1 */
	uint32_t nstages;
};

static const char *
take(struct facts *fa, size_t n)
{
	const char *p = fa->p;

	if (n > (size_t)(fa->end - p))
		return NULL;
	fa->p += n;
	return p;
}

static int
load_part(struct facts *fa, struct weir__instance *sg)
{
	const char *p = take(fa, sizeof(struct part_head)), *note, *name;
	struct weir__part *pa;
	struct part_head ph;

	if (p == NULL)
		return WEIR_ERROR;
	memcpy(&ph, p, sizeof ph);
	if (ph.note_len > WEIR_NOTE_MAX || ph.state > WEIR_PART_FINISHED ||
	    (note = take(fa, ph.note_len)) == NULL ||
	    (name = take(fa, ph.name_len)) == NULL)
		return WEIR_ERROR;
	if (sg == NULL || sg->source_no < 0)
		return WEIR_OK;
	pa = weir__part_get(sg, ph.no);
	if (pa == NULL)
		return WEIR_AGAIN;
	pa->next = ph.next;
	/* at its end it was: it has to be seen there again */
	pa->state = ph.state == WEIR_PART_FINISHED ? WEIR_PART_FINISHED :
						     WEIR_PART_READING;
	pa->end_since = INT64_MIN;
	memcpy(pa->note, note, ph.note_len);
	pa->note_len = ph.note_len;
	if (ph.name_len != 0) {
		weir__free(pa->name);
		pa->name = weir__strndup(name, ph.name_len);
		if (pa->name == NULL)
			return WEIR_AGAIN;
	}
	return WEIR_OK;
}

static void
copy_rows(uint64_t *to, uint32_t n, const char *from, uint32_t m)
{
	n = n < m ? n : m;
	if (n != 0)
		memcpy(to, from, n * sizeof *to);
}

static void
load_counts(struct weir__instance *sg, const struct stage_head *sh,
    const char *ports, const char *inputs)
{
	sg->n = sh->n;
	sg->watermark = sh->watermark;
	sg->watermark_in = sh->watermark_in;
	if (sg->trail == 0) /* else init has said, from the options */
		sg->trail = sh->trail;
	sg->lost = sh->lost;
	sg->lost_unknown = sh->lost_unknown;
	copy_rows(sg->port_out, sg->nd->nports, ports, sh->nports);
	copy_rows(sg->input_in, sg->nd->ninputs, inputs, sh->ninputs);
}

/* One stage; with `find`, only its place is noted. */
static int
load_stage(struct facts *fa, struct weir__tree *tr, uint32_t no, bool find)
{
	const char *p = take(fa, sizeof(struct stage_head)), *id, *po, *in, *wm;
	struct weir__instance *sg;
	struct stage_head sh;
	int rc = WEIR_OK;
	uint32_t i;

	if (p == NULL)
		return WEIR_ERROR;
	memcpy(&sh, p, sizeof sh);
	if ((id = take(fa, sh.id_len)) == NULL ||
	    (po = take(fa, sh.nports * sizeof(uint64_t))) == NULL ||
	    (in = take(fa, sh.ninputs * sizeof(uint64_t))) == NULL ||
	    (wm = take(fa, sh.wm_len)) == NULL)
		return WEIR_ERROR;
	sg = weir__tree_find(tr, id, sh.id_len);
	if (find) {
		fa->source_of[no] = sg != NULL ? sg->source_no : -1;
		sg = NULL;
	}
	if (sg != NULL)
		load_counts(sg, &sh, po, in);
	if (sg != NULL && sg->wm != NULL && sh.wm_len != 0)
		rc = weir__wm_load(sg->wm, wm, sh.wm_len, fa->source_of,
		    fa->nstages);
	for (i = 0; rc == WEIR_OK && i < sh.nparts; i++)
		rc = load_part(fa, sg);
	return rc;
}

/* Where stages have come and gone, what came in is what is sent from now on:
 * the ledger balances on every edge that there is. */
static void
match_edges(struct weir__tree *tr)
{
	const struct weir__node *nd;
	const struct weir__edge *ed;
	uint32_t k;
	size_t i, j;

	for (i = 0; i < tr->nstages; i++) {
		nd = tr->stages[i].nd;
		for (k = 0; k < nd->ninputs; k++) {
			tr->stages[i].input_in[k] = 0;
			for (j = 0; j < nd->inputs[k].nproducers; j++) {
				ed = &nd->inputs[k].producers[j];
				tr->stages[i].input_in[k] +=
				    tr->stages[ed->to->no].port_out[ed->input];
			}
		}
	}
}

static int
load_all(struct facts *fa, struct weir__tree *tr, bool find)
{
	const char *p = take(fa, 2 * sizeof(uint32_t));
	uint32_t head[2], i;
	int rc = WEIR_OK;

	if (p == NULL)
		return WEIR_ERROR;
	memcpy(head, p, sizeof head);
	if (head[0] != MAGIC ||
	    head[1] > (size_t)(fa->end - fa->p) / sizeof(struct stage_head))
		return WEIR_ERROR;
	fa->nstages = head[1];
	if (find) {
		fa->source_of = weir__alloc((head[1] + (size_t)1) *
		    sizeof *fa->source_of);
		if (fa->source_of == NULL)
			return WEIR_AGAIN;
	}
	for (i = 0; rc == WEIR_OK && i < head[1]; i++)
		rc = load_stage(fa, tr, i, find);
	return rc == WEIR_OK && fa->p != fa->end ? WEIR_ERROR : rc;
}

int
weir__tree_facts_load(struct weir__tree *tr, const void *p, size_t n,
    struct weir_err *err)
{
	struct facts fa = { .p = p, .end = (const char *)p + n };
	int rc = load_all(&fa, tr, true);

	if (rc == WEIR_OK) {
		fa.p = p;
		rc = load_all(&fa, tr, false);
	}
	weir__free(fa.source_of);
	if (rc == WEIR_AGAIN)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	if (rc != WEIR_OK)
		return weir_fail(err, WEIR_NOWHERE, "state.damaged", "what the "
		    "last epoch says of watermarks, positions and the ledger "
		    "is damaged: not as it was written");
	match_edges(tr);
	return WEIR_OK;
}

/* ---- without a tree */

int
weir__facts_part(struct weir__facts_part *fp, struct weir__facts_stage *fs)
{
	struct part_head ph;

	if ((size_t)(fs->end - fs->parts) < sizeof ph)
		return WEIR_ERROR;
	memcpy(&ph, fs->parts, sizeof ph);
	fs->parts += sizeof ph;
	if ((size_t)(fs->end - fs->parts) < (size_t)ph.note_len + ph.name_len)
		return WEIR_ERROR;
	fp->no = ph.no;
	fp->next = ph.next;
	fp->state = (enum weir_partition_state)ph.state;
	fp->name = fs->parts + ph.note_len;
	fp->name_len = ph.name_len;
	fs->parts += (size_t)ph.note_len + ph.name_len;
	return WEIR_OK;
}

int
weir__facts_next(struct weir__facts_stage *fs, const char **at, const void *p,
    size_t n)
{
	struct facts fa = { .p = *at, .end = (const char *)p + n };
	struct weir__facts_stage walk;
	struct weir__facts_part part;
	struct stage_head sh;
	uint32_t head[2], i;

	if (fa.p == NULL) {
		if (n == 0)
			return WEIR_END;
		fa.p = p;
		if (n < sizeof head)
			return WEIR_ERROR;
		memcpy(head, take(&fa, sizeof head), sizeof head);
		if (head[0] != MAGIC)
			return WEIR_ERROR;
	}
	if (fa.p == fa.end)
		return WEIR_END;
	memset(fs, 0, sizeof *fs);
	if ((size_t)(fa.end - fa.p) < sizeof sh)
		return WEIR_ERROR;
	memcpy(&sh, take(&fa, sizeof sh), sizeof sh);
	fs->n = sh.n;
	fs->watermark = sh.watermark;
	fs->nports = sh.nports;
	fs->ninputs = sh.ninputs;
	fs->nparts = sh.nparts;
	fs->id_len = sh.id_len;
	if ((fs->id = take(&fa, sh.id_len)) == NULL ||
	    (fs->ports = take(&fa, sh.nports * sizeof(uint64_t))) == NULL ||
	    (fs->inputs = take(&fa, sh.ninputs * sizeof(uint64_t))) == NULL ||
	    take(&fa, sh.wm_len) == NULL)
		return WEIR_ERROR;
	fs->parts = fa.p;
	fs->end = fa.end;
	walk = *fs;
	for (i = 0; i < sh.nparts; i++)
		if (weir__facts_part(&part, &walk) != WEIR_OK)
			return WEIR_ERROR;
	*at = walk.parts;
	return WEIR_OK;
}

/* A stage begins with its head; `end` is where the next one does. */
static void
blank(char *p, size_t *n, size_t at, size_t end)
{
	struct stage_head sh;
	size_t keep;

	memcpy(&sh, p + at, sizeof sh);
	keep = at + sizeof sh + sh.id_len +
	    ((size_t)sh.nports + sh.ninputs) * sizeof(uint64_t);
	sh.wm_len = 0;
	sh.nparts = 0;
	sh.watermark = sh.watermark_in = INT64_MIN;
	memcpy(p + at, &sh, sizeof sh);
	memmove(p + keep, p + end, *n - end);
	*n -= end - keep;
}

void
weir__facts_blank(char *p, size_t *n, const char *id, size_t id_len)
{
	struct weir__facts_stage fs;
	const char *at = NULL;
	size_t from = 2 * sizeof(uint32_t);

	while (p != NULL && weir__facts_next(&fs, &at, p, *n) == WEIR_OK) {
		if (fs.id_len == id_len && memcmp(fs.id, id, id_len) == 0) {
			blank(p, n, from, (size_t)(at - p));
			return;
		}
		from = (size_t)(at - p);
	}
}
