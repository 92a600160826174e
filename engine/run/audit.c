/* SPDX-License-Identifier: MIT
 *
 * What `weir audit` proves from the journal: see audit.h.
 *
 *	epochs    no number is missing
 *	stages    in each epoch, rows in are rows accounted for
 *	edges     what came in is what was sent
 *	sources   positions never go back
 *	sinks     what was decided is what went in; each sink's own look
 */
#include "run/audit.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "journal/coding.h"
#include "run/save.h"

#define PROBLEMS_MAX 100

static int
oom(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static WEIR_PRINTF(4, 5) void
bad(struct weir__audit *au, uint64_t epoch, const char *where, const char *fmt,
    ...)
{
	struct weir__audit_problem *list, *pr;
	va_list ap;

	if (au->nproblems == PROBLEMS_MAX) {
		au->more++;
		return;
	}
	list = weir__realloc(au->problems,
	    (au->nproblems + 1) * sizeof *list);
	if (list == NULL) {
		au->more++;
		return;
	}
	au->problems = list;
	pr = &list[au->nproblems++];
	pr->epoch = epoch;
	snprintf(pr->where, sizeof pr->where, "%s", where);
	va_start(ap, fmt);
	vsnprintf(pr->text, sizeof pr->text, fmt, ap);
	va_end(ap);
}

/* One more element of a list, zeroed. */
static void *
grow(void *listp, size_t *n, size_t size)
{
	void **list = listp;
	char *p = weir__realloc(*list, (*n + 1) * size);

	if (p == NULL)
		return NULL;
	*list = p;
	memset(p + *n * size, 0, size);
	return p + (*n)++ * size;
}

static bool
same(const char *id, const char *p, size_t n)
{
	return strlen(id) == n && memcmp(id, p, n) == 0;
}

/* ---- stages */

static struct weir__audit_stage *
find_stage(const struct weir__audit *au, const char *id, size_t n)
{
	size_t i;

	for (i = 0; i < au->nstages; i++)
		if (same(au->stages[i].id, id, n))
			return &au->stages[i];
	return NULL;
}

static struct weir__audit_stage *
get_stage(struct weir__audit *au, const char *id, size_t n)
{
	struct weir__audit_stage *sg = find_stage(au, id, n);

	if (sg != NULL)
		return sg;
	sg = grow(&au->stages, &au->nstages, sizeof *sg);
	if (sg == NULL)
		return NULL;
	sg->id = weir__strndup(id, n);
	return sg->id != NULL ? sg : NULL;
}

static uint64_t
accounted(const uint64_t *c)
{
	return c[WEIR__AUDIT_PASSED] + c[WEIR__AUDIT_FILTERED] +
	    c[WEIR__AUDIT_REJECTED] - c[WEIR__AUDIT_UNMADE] +
	    c[WEIR__AUDIT_LATE] + c[WEIR__AUDIT_DUPLICATE] +
	    c[WEIR__AUDIT_ABSORBED];
}

static int
take_stage(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_stage *rs, struct weir_err *err)
{
	struct weir__audit_stage *sg = get_stage(au, rs->id, rs->id_len);
	uint64_t d[WEIR__AUDIT_COUNTS], sum;
	size_t i;

	if (sg == NULL)
		return oom(err);
	/* what stood before the first epoch that the journal still has */
	if (sg->epoch == 0 && epoch == au->first && epoch != 1) {
		memcpy(sg->counts, rs->counts, sizeof sg->counts);
		memcpy(sg->first, rs->counts, sizeof sg->first);
		if (rs->counts[WEIR__AUDIT_IN] != accounted(rs->counts))
			bad(au, epoch, sg->id, "up to it %" PRIu64 " rows came "
			    "in, and %" PRIu64 " are accounted for",
			    rs->counts[WEIR__AUDIT_IN], accounted(rs->counts));
	}
	for (i = 0; i < WEIR__AUDIT_COUNTS; i++)
		d[i] = rs->counts[i] - sg->counts[i];
	sum = accounted(d);
	if (d[WEIR__AUDIT_IN] != sum)
		bad(au, epoch, sg->id, "%" PRId64 " rows came in, and %" PRId64
		    " are accounted for", (int64_t)d[WEIR__AUDIT_IN],
		    (int64_t)sum);
	if ((int64_t)d[WEIR__AUDIT_IN] < 0)
		bad(au, epoch, sg->id, "its count of rows went back by %"
		    PRId64, -(int64_t)d[WEIR__AUDIT_IN]);
	au->replayed += d[WEIR__AUDIT_REPLAYED];
	memcpy(sg->counts, rs->counts, sizeof sg->counts);
	sg->epoch = epoch;
	return WEIR_OK;
}

/* ---- edges */

static uint64_t
number_at(const char *p, uint32_t i)
{
	uint64_t v;

	memcpy(&v, p + i * sizeof v, sizeof v);
	return v;
}

/* Are the stages of the epoch those of the plan?  Else it was another's, and
 * that one's edges are not known here. */
static bool
plans_own(const struct weir__audit *au, uint64_t epoch)
{
	const struct weir__audit_stage *sg;
	const struct weir__node *nd;
	size_t i, n = 0;

	for (i = 0; i < au->nstages; i++)
		n += au->stages[i].facts == epoch;
	for (i = 0; i < au->pl->nnodes; i++) {
		nd = au->pl->nodes[i];
		sg = find_stage(au, nd->id, strlen(nd->id));
		if (sg == NULL || sg->facts != epoch ||
		    sg->nports != nd->nports || sg->ninputs != nd->ninputs)
			return false;
	}
	return n == au->pl->nnodes;
}

static void
check_input(struct weir__audit *au, uint64_t epoch, const struct weir__node *nd,
    uint32_t k)
{
	const struct weir__audit_stage *to, *from;
	const struct weir__edge *ed;
	uint64_t sent = 0, got;
	size_t j;

	to = find_stage(au, nd->id, strlen(nd->id));
	for (j = 0; j < nd->inputs[k].nproducers; j++) {
		ed = &nd->inputs[k].producers[j];
		from = find_stage(au, ed->to->id, strlen(ed->to->id));
		sent += number_at(from->ports, ed->input);
	}
	got = number_at(to->inputs, k);
	if (got != sent)
		bad(au, epoch, nd->id, "input %u got %" PRIu64 " rows, and %"
		    PRIu64 " were sent to it", k, got, sent);
}

static int
take_facts(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_decide *rd, struct weir_err *err)
{
	struct weir__facts_stage fs;
	struct weir__audit_stage *sg;
	const char *at = NULL;
	uint32_t k;
	size_t i;
	int rc;

	while ((rc = weir__facts_next(&fs, &at, rd->facts, rd->facts_len)) ==
	    WEIR_OK) {
		sg = get_stage(au, fs.id, fs.id_len);
		if (sg == NULL)
			return oom(err);
		sg->facts = epoch;
		sg->ports = fs.ports;
		sg->inputs = fs.inputs;
		sg->nports = fs.nports;
		sg->ninputs = fs.ninputs;
	}
	if (rc != WEIR_END)
		bad(au, epoch, "journal", "what it says of rows on edges is "
		    "damaged");
	else if (plans_own(au, epoch))
		for (i = 0; i < au->pl->nnodes; i++)
			for (k = 0; k < au->pl->nodes[i]->ninputs; k++)
				check_input(au, epoch, au->pl->nodes[i], k);
	return WEIR_OK;
}

/* ---- sources */

static int
take_offset(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_decide *rd, const struct weir__rec_offset *of,
    struct weir_err *err)
{
	struct weir__audit_stage *sg = get_stage(au, of->id, of->id_len);
	struct weir__audit_part *pa = NULL;
	uint64_t lost = 0, unknown = 0;
	size_t i;

	if (sg == NULL)
		return oom(err);
	for (i = 0; i < rd->nstages; i++)
		if (same(sg->id, rd->stages[i].id, rd->stages[i].id_len)) {
			lost = rd->stages[i].lost;
			unknown = rd->stages[i].lost_unknown;
		}
	for (i = 0; i < au->nparts && pa == NULL; i++)
		if (&au->stages[au->parts[i].stage] == sg &&
		    au->parts[i].no == of->partition)
			pa = &au->parts[i];
	if (pa == NULL) {
		pa = grow(&au->parts, &au->nparts, sizeof *pa);
		if (pa == NULL)
			return oom(err);
		*pa = (struct weir__audit_part){ (size_t)(sg - au->stages),
			of->partition, of->next, of->next };
	}
	/* what is lost is counted: a topic made anew begins at its beginning */
	if (of->next < pa->next && lost == sg->lost &&
	    unknown == sg->lost_unknown)
		bad(au, epoch, sg->id, "partition %d goes back from %" PRId64
		    " to %" PRId64, (int)of->partition, pa->next, of->next);
	pa->next = of->next;
	return WEIR_OK;
}

static int
take_offsets(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_decide *rd, struct weir_err *err)
{
	struct weir__audit_stage *sg;
	size_t i;

	for (i = 0; i < rd->noffsets; i++)
		if (take_offset(au, epoch, rd, &rd->offsets[i], err) !=
		    WEIR_OK)
			return WEIR_ERROR;
	for (i = 0; i < rd->nstages; i++) {
		sg = get_stage(au, rd->stages[i].id, rd->stages[i].id_len);
		if (sg == NULL)
			return oom(err);
		sg->lost = rd->stages[i].lost;
		sg->lost_unknown = rd->stages[i].lost_unknown;
	}
	return WEIR_OK;
}

/* ---- sinks */

static const struct weir__node *
node_of(const struct weir__plan *pl, const char *id)
{
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (strcmp(pl->nodes[i]->id, id) == 0 &&
		    pl->nodes[i]->type->role == WEIR_SINK)
			return pl->nodes[i];
	return NULL;
}

static struct weir__audit_sink *
get_sink(struct weir__audit *au, const char *id, size_t n, struct weir_err *err)
{
	struct weir__audit_sink *si;
	size_t i;

	for (i = 0; i < au->nsinks; i++)
		if (same(au->sinks[i].id, id, n))
			return &au->sinks[i];
	si = grow(&au->sinks, &au->nsinks, sizeof *si);
	if (si == NULL || (si->id = weir__strndup(id, n)) == NULL) {
		oom(err);
		return NULL;
	}
	si->node = node_of(au->pl, si->id);
	if (si->node == NULL || si->node->type->sink->audit == NULL ||
	    si->node->type->sink->publish == NULL)
		return si;
	si->publisher = weir__publisher_look(au->ru, si->node);
	if (si->publisher == NULL) {
		oom(err);
		return NULL;
	}
	return si;
}

static void
ask(struct weir__audit *au, struct weir__audit_sink *si, uint64_t epoch,
    const struct weir_intent *in, size_t n)
{
	struct weir_err why = { 0 };

	if (si->publisher == NULL || si->broken)
		return;
	si->found.bad[0] = '\0'; /* one thing an epoch; numbers add up */
	if (weir__publisher_audit(si->publisher, epoch, in, n, &si->found,
		&why) != WEIR_OK) {
		si->broken = true;
		bad(au, epoch, si->id, "it can't be looked at: %s",
		    why.text[0] != '\0' ? why.text : "no reason is given");
		return;
	}
	if (si->found.bad[0] != '\0')
		bad(au, epoch, si->id, "%s", si->found.bad);
}

static int
take_sink(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_sink *rs, struct weir_err *err)
{
	struct weir__audit_sink *si = get_sink(au, rs->id, rs->id_len, err);
	const struct weir__past_sink *ps;
	struct weir_intent in = {
		.rows = rs->rows,
		.held_from = rs->held_from,
		.data = (void *)(uintptr_t)rs->data,
		.len = rs->len,
		.keep = (void *)(uintptr_t)rs->keep,
		.keep_len = rs->keep_len,
	};

	if (si == NULL)
		return WEIR_ERROR;
	ps = weir__past_sink(&au->lo->past, si->id);
	si->decided += rs->rows;
	si->held_from = rs->held_from;
	if (ps != NULL && epoch <= ps->since) {
		si->before += rs->rows;
		return WEIR_OK;
	}
	/* what is not known to be published may be there or not */
	if (ps == NULL || epoch > ps->published) {
		si->pending++;
		return WEIR_OK;
	}
	si->published += rs->rows;
	ask(au, si, epoch, &in, 1);
	return WEIR_OK;
}

static int
take_reject(struct weir__audit *au, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	struct weir__audit_reject *rj;
	const char *s;
	size_t n;

	s = weir__get_bytes(&de, &n);
	rj = grow(&au->rejects, &au->nrejects, sizeof *rj);
	if (rj == NULL || (rj->sink = weir__strndup(s, n)) == NULL)
		return oom(err);
	rj->epoch = re->epoch;
	rj->rows = weir__get_n(&de, 3);
	return WEIR_OK;
}

static void
take_taken(struct weir__audit *au, const struct weir__rec_taken *ta)
{
	struct weir__audit_sink *si;
	size_t i, k;

	for (i = 0; i < au->nrejects; i++) {
		if (au->rejects[i].epoch != ta->epoch ||
		    !same(au->rejects[i].sink, ta->id, ta->id_len))
			continue;
		for (k = 0; k < au->nsinks; k++) {
			si = &au->sinks[k];
			if (same(si->id, ta->id, ta->id_len))
				si->rejected += au->rejects[i].rows;
		}
		au->rejects[i].rows = 0;
	}
}

/* A sink has nothing to do with what was; a source may go back. */
static void
take_forget(struct weir__audit *au, const struct weir__record *re)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	uint64_t kind = weir__get_u(&de);
	const struct weir__audit_stage *sg;
	size_t n, i;
	const char *id = weir__get_bytes(&de, &n);

	for (i = 0; kind == WEIR__FORGET_SINK && i < au->nsinks; i++)
		if (same(au->sinks[i].id, id, n)) {
			au->sinks[i].anew = true;
			au->sinks[i].dropped |= au->sinks[i].held_from != 0;
			au->sinks[i].held_from = 0;
		}
	sg = find_stage(au, id, n);
	if (kind != WEIR__FORGET_STAGE || sg == NULL)
		return;
	for (i = 0; i < au->nparts; i++)
		if (&au->stages[au->parts[i].stage] == sg)
			au->parts[i].next = INT64_MIN;
}

/* ---- rejected rows that are kept */

/* Each was kept, and is replayed once; and so many came into stages. */
static int
take_shelf(struct weir__audit *au, uint64_t epoch,
    const struct weir__rec_decide *rd, struct weir_err *err)
{
	const struct weir__shelf_cut *sc = &rd->shelf;
	const struct weir__ids *ids;
	uint64_t n = 0;
	size_t i;
	int rc;

	for (i = 0; i < sc->ntaken; i++) {
		ids = &sc->taken[i];
		n += ids->n;
		rc = weir__shelf_list_take(&au->shelf, ids);
		if (rc == WEIR_ERROR)
			return oom(err);
		if (rc == WEIR_END && ids->epoch >= au->first)
			bad(au, epoch, "replay", "rows %" PRIu64 ".%" PRIu64
			    " to %" PRIu64 ".%" PRIu64 " were replayed, and "
			    "were not kept or had been replayed before",
			    ids->epoch, ids->first, ids->epoch,
			    ids->first + ids->n - 1);
	}
	if (au->replayed != n && (epoch == 1 || epoch != au->first))
		bad(au, epoch, "replay", "%" PRIu64 " rows were replayed, and %"
		    PRId64 " came into stages again", n, (int64_t)au->replayed);
	weir__shelf_list_drop(&au->shelf, sc->gone);
	return weir__shelf_list_add(&au->shelf, epoch, rd->now, &sc->part) ==
		0 ? WEIR_OK : oom(err);
}

/* ---- records */

static int
take_decide(struct weir__audit *au, const struct weir__record *re,
    const struct weir__rec_decide *rd, struct weir_err *err)
{
	uint64_t epoch = re->epoch;
	size_t i;
	int rc = WEIR_OK;

	if (au->first == 0)
		au->first = epoch;
	else if (rd->before != au->last || epoch <= au->last)
		bad(au, epoch, "journal", "it follows epoch %" PRIu64 ", and "
		    "was decided behind epoch %" PRIu64 ": what is between "
		    "them is missing", au->last, rd->before);
	au->last = epoch;
	au->epochs++;
	au->rows += rd->rows;
	au->replayed = 0;
	rc = take_offsets(au, epoch, rd, err);
	for (i = 0; i < rd->nstages && rc == WEIR_OK; i++)
		rc = take_stage(au, epoch, &rd->stages[i], err);
	if (rc == WEIR_OK)
		rc = take_facts(au, epoch, rd, err);
	if (rc == WEIR_OK)
		rc = take_shelf(au, epoch, rd, err);
	for (i = 0; i < rd->nsinks && rc == WEIR_OK; i++)
		rc = take_sink(au, epoch, &rd->sinks[i], err);
	for (i = 0; i < rd->ntaken && rc == WEIR_OK; i++)
		take_taken(au, &rd->taken[i]);
	return rc;
}

static int
take(void *arg, const struct weir__record *re, struct weir_err *err)
{
	struct weir__audit *au = arg;
	struct weir__rec_decide rd;
	struct weir__dec de;
	int rc;

	if (re->type == WEIR__REC_REJECT)
		return take_reject(au, re, err);
	if (re->type == WEIR__REC_SHELF) {
		de = weir__dec(re->data, re->len);
		return weir__shelf_list_get(&au->shelf, &de) == WEIR_ERROR ?
		    oom(err) : WEIR_OK;
	}
	if (re->type == WEIR__REC_FORGET)
		take_forget(au, re);
	if (re->type != WEIR__REC_DECIDE)
		return WEIR_OK;
	rc = weir__rec_decide(&rd, re->data, re->len, err);
	if (rc == WEIR_OK)
		rc = take_decide(au, re, &rd, err);
	weir__rec_decide_fini(&rd);
	return rc;
}

/* Rows that went into a sink are rows that were decided for it, where all of
 * its epochs are known and none is held in an open file. */
static void
check_sink(struct weir__audit *au, const struct weir__audit_sink *si)
{
	const struct weir__audit_stage *sg;
	uint64_t went;

	sg = find_stage(au, si->id, strlen(si->id));
	if (si->node == NULL || si->node->type->sink->publish == NULL ||
	    sg == NULL || au->first != 1 || si->held_from != 0 || si->dropped)
		return;
	went = sg->counts[WEIR__AUDIT_PASSED];
	if (went + si->rejected != si->decided)
		bad(au, 0, si->id, "%" PRIu64 " rows went into it, and %" PRIu64
		    " were decided for it", went + si->rejected, si->decided);
}

/* ---- */

static struct weir__run *
new_run(const struct weir__plan *pl, struct weir__look *lo)
{
	struct weir__run *ru = weir__zalloc(sizeof *ru);

	if (ru == NULL)
		return NULL;
	ru->pl = pl;
	ru->errors = pl->errors;
	ru->state_fd = -1;
	ru->past = &lo->past;
	ru->fence = lo->fence;
	memcpy(ru->pipeline_id, lo->id, sizeof ru->pipeline_id);
	weir__log_init(&ru->log, false, true);
	weir__shared_init(&ru->shared);
	weir__metrics_init(&ru->metrics);
	pthread_mutex_init(&ru->lock, NULL);
	pthread_cond_init(&ru->wake, NULL);
	return ru;
}

static void
free_run(struct weir__run *ru)
{
	if (ru == NULL)
		return;
	weir__shared_fini(&ru->shared);
	weir__metrics_fini(&ru->metrics);
	weir__log_fini(&ru->log);
	pthread_cond_destroy(&ru->wake);
	pthread_mutex_destroy(&ru->lock);
	weir__free(ru);
}

int
weir__audit(struct weir__audit *au, const struct weir__plan *pl,
    struct weir__look *lo, struct weir_err *err)
{
	size_t i;
	int rc;

	memset(au, 0, sizeof *au);
	au->pl = pl;
	au->lo = lo;
	au->ru = new_run(pl, lo);
	if (au->ru == NULL)
		return oom(err);
	rc = weir__look_records(lo, take, au, err);
	for (i = 0; i < au->nsinks; i++) {
		ask(au, &au->sinks[i], 0, NULL, 0);
		if (rc == WEIR_OK)
			check_sink(au, &au->sinks[i]);
	}
	return rc;
}

void
weir__audit_fini(struct weir__audit *au)
{
	size_t i;

	for (i = 0; i < au->nstages; i++)
		weir__free(au->stages[i].id);
	for (i = 0; i < au->nsinks; i++) {
		weir__publisher_free(au->sinks[i].publisher);
		weir__free(au->sinks[i].id);
	}
	for (i = 0; i < au->nrejects; i++)
		weir__free(au->rejects[i].sink);
	weir__shelf_list_fini(&au->shelf);
	weir__free(au->stages);
	weir__free(au->parts);
	weir__free(au->sinks);
	weir__free(au->rejects);
	weir__free(au->problems);
	free_run(au->ru);
}
