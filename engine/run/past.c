/* SPDX-License-Identifier: MIT
 *
 * What the journal tells of the runs before, gathered record by record.
 */
#include "run/past.h"

#include "base/alloc.h"
#include "journal/coding.h"

void
weir__rejects_free(struct weir__rejects *re)
{
	if (re == NULL)
		return;
	weir__free(re->sink);
	weir__free(re->rows);
	weir__free(re);
}

void
weir__rejects_drop(struct weir__rejects *list)
{
	struct weir__rejects *next;

	for (; list != NULL; list = next) {
		next = list->next;
		weir__rejects_free(list);
	}
}

struct weir__rejects *
weir__rejects_new(const char *sink, uint64_t epoch,
    const struct weir__spool_part *spool, const struct weir_poison *list,
    size_t n)
{
	struct weir__rejects *re = weir__zalloc(sizeof *re);

	if (re == NULL)
		return NULL;
	re->sink = weir__strdup(sink);
	re->epoch = epoch;
	re->spool = *spool;
	re->n = n;
	re->rows = weir__alloc(n * sizeof *list);
	if (re->sink == NULL || re->rows == NULL) {
		weir__rejects_free(re);
		return NULL;
	}
	memcpy(re->rows, list, n * sizeof *list);
	return re;
}

void
weir__rejects_put(struct weir__buf *bf, const char *sink,
    const struct weir_poison *list, size_t n)
{
	size_t i;

	weir__put_str(bf, sink);
	weir__put_u(bf, n);
	for (i = 0; i < n; i++) {
		weir__put_u(bf, list[i].row);
		weir__put_str(bf, list[i].code);
		weir__put_str(bf, list[i].text);
	}
}

void
weir__past_init(struct weir__past *pa)
{
	memset(pa, 0, sizeof *pa);
	pa->intents_end = &pa->intents;
}

static void
free_intent(struct weir__past_intent *in)
{
	weir__free(in->data);
	weir__free(in);
}

void
weir__past_fini(struct weir__past *pa)
{
	struct weir__past_intent *in;
	size_t i;

	while ((in = pa->intents) != NULL) {
		pa->intents = in->next;
		free_intent(in);
	}
	weir__rejects_drop(pa->rejects);
	weir__rejects_drop(pa->rejected);
	for (i = 0; i < pa->nsinks; i++) {
		weir__free(pa->sinks[i].id);
		weir__free(pa->sinks[i].what);
		weir__free(pa->sinks[i].target);
		weir__free(pa->sinks[i].place);
		weir__free(pa->sinks[i].keep);
	}
	weir__past_open_fini(pa);
	weir__shelf_list_fini(&pa->shelf);
	weir__free(pa->sinks);
	weir__free(pa->states);
	weir__free(pa->segments);
	weir__free(pa->facts);
	weir__past_init(pa);
}

static int
oom(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static char *
copy(const void *p, size_t n)
{
	char *s = weir__alloc(n + 1);

	if (s != NULL) {
		memcpy(s, p, n);
		s[n] = '\0';
	}
	return s;
}

/* ---- sinks */

static struct weir__past_sink *
find_sink(struct weir__past *pa, const char *id, size_t n)
{
	size_t i;

	for (i = 0; i < pa->nsinks; i++)
		if (strlen(pa->sinks[i].id) == n &&
		    memcmp(pa->sinks[i].id, id, n) == 0)
			return &pa->sinks[i];
	return NULL;
}

struct weir__past_sink *
weir__past_sink(struct weir__past *pa, const char *id)
{
	return find_sink(pa, id, strlen(id));
}

struct weir__past_sink *
weir__past_sink_get(struct weir__past *pa, const char *id, size_t n)
{
	struct weir__past_sink *list, *si = find_sink(pa, id, n);

	if (si != NULL)
		return si;
	list = weir__realloc(pa->sinks, (pa->nsinks + 1) * sizeof *list);
	if (list == NULL)
		return NULL;
	pa->sinks = list;
	si = &list[pa->nsinks];
	*si = (struct weir__past_sink){ .id = copy(id, n) };
	if (si->id == NULL)
		return NULL;
	pa->nsinks++;
	return si;
}

/* ---- records */

static int
take_close(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	struct weir__past_sink *si;
	size_t n = weir__get_n(&de, 3), i, len;
	uint64_t published, solid;
	const char *s;

	for (i = 0; i < n && !de.bad; i++) {
		s = weir__get_bytes(&de, &len);
		published = weir__get_u(&de);
		solid = weir__get_u(&de);
		si = find_sink(pa, s, len);
		if (si == NULL || published <= si->published)
			continue;
		si->published = published;
		si->solid = solid;
	}
	return de.bad ? weir_fail(err, WEIR_NOWHERE, "journal.damaged",
	    "a record of the journal can't be read") : WEIR_OK;
}

static void
text_to(char *to, size_t room, const char *s, size_t n)
{
	n = n < room - 1 ? n : room - 1;
	memcpy(to, s, n);
	to[n] = '\0';
}

static int
take_reject(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	struct weir__rejects *rj = weir__zalloc(sizeof *rj);
	const struct weir__past_intent *in;
	size_t len, i;
	const char *s;

	if (rj == NULL)
		return oom(err);
	rj->next = pa->rejects;
	pa->rejects = rj;
	s = weir__get_bytes(&de, &len);
	rj->sink = copy(s, len);
	rj->epoch = re->epoch;
	rj->n = weir__get_n(&de, 3);
	rj->rows = weir__zalloc((rj->n + 1) * sizeof *rj->rows);
	if (rj->sink == NULL || rj->rows == NULL)
		return oom(err);
	for (i = 0; i < rj->n && !de.bad; i++) {
		rj->rows[i].row = weir__get_u(&de);
		s = weir__get_bytes(&de, &len);
		text_to(rj->rows[i].code, sizeof rj->rows[i].code, s, len);
		s = weir__get_bytes(&de, &len);
		text_to(rj->rows[i].text, sizeof rj->rows[i].text, s, len);
	}
	for (in = pa->intents; in != NULL; in = in->next)
		if (in->epoch == re->epoch &&
		    strcmp(pa->sinks[in->sink].id, rj->sink) == 0)
			rj->spool = in->spool;
	return de.bad ? weir_fail(err, WEIR_NOWHERE, "journal.damaged",
	    "a record of the journal can't be read") : WEIR_OK;
}

/* Epochs that every sink is known to have, intents that nothing will ask for:
 * gone. */
static void
drop_published(struct weir__past *pa)
{
	struct weir__past_intent **at = &pa->intents, *in;

	while ((in = *at) != NULL) {
		if (in->epoch <= pa->sinks[in->sink].published) {
			*at = in->next;
			free_intent(in);
		} else {
			at = &in->next;
		}
	}
	pa->intents_end = at;
}

static uint64_t
published(struct weir__past *pa, const char *id)
{
	const struct weir__past_sink *si = weir__past_sink(pa, id);

	return si == NULL ? 0 : si->published;
}

void
weir__past_settle(struct weir__past *pa)
{
	struct weir__rejects **at = &pa->rejects, *re;

	drop_published(pa);
	/* what is still to be published has to leave them out again */
	while ((re = *at) != NULL)
		if (re->taken && re->epoch <= published(pa, re->sink)) {
			*at = re->next;
			weir__rejects_free(re);
		} else {
			at = &re->next;
		}
}

static int
take_sink(struct weir__past *pa, uint64_t epoch,
    const struct weir__rec_sink *rs, struct weir_err *err)
{
	struct weir__past_sink *si = weir__past_sink_get(pa, rs->id,
	    rs->id_len);
	struct weir__past_intent *in = weir__zalloc(sizeof *in);

	if (si == NULL || in == NULL) {
		weir__free(in);
		return oom(err);
	}
	*in = (struct weir__past_intent){
		.sink = (size_t)(si - pa->sinks),
		.epoch = epoch,
		.rows = rs->rows,
		.held_from = rs->held_from,
		.data = copy(rs->data, rs->len),
		.len = rs->len,
		.spool = rs->spool,
	};
	*pa->intents_end = in;
	pa->intents_end = &in->next;
	weir__free(si->keep);
	si->keep = NULL;
	si->keep_len = rs->keep_len;
	si->held_from = rs->held_from;
	si->born = true;
	if (rs->published > si->published) {
		si->published = rs->published;
		si->solid = rs->solid;
	}
	if (rs->keep_len != 0)
		si->keep = copy(rs->keep, rs->keep_len);
	if (in->data == NULL || (rs->keep_len != 0 && si->keep == NULL))
		return oom(err);
	return WEIR_OK;
}

static int
take_state(struct weir__past *pa, const struct weir__rec_decide *rd)
{
	struct weir__past_state *list;
	size_t i = 0;

	pa->base = rd->base;
	while (i < pa->nstates && pa->states[i].epoch < rd->base)
		i++;
	if (i > 0)
		memmove(pa->states, pa->states + i,
		    (pa->nstates - i) * sizeof *pa->states);
	pa->nstates -= i;
	if ((pa->nstates & (pa->nstates - 1)) == 0) {
		list = weir__realloc(pa->states,
		    (pa->nstates != 0 ? pa->nstates * 2 : 1) * sizeof *list);
		if (list == NULL)
			return -1;
		pa->states = list;
	}
	pa->states[pa->nstates++] = (struct weir__past_state){
		rd->epoch, rd->state, rd->state_crc
	};
	return 0;
}

static int
take_facts(struct weir__past *pa, const struct weir__rec_decide *rd)
{
	char *facts = copy(rd->facts, rd->facts_len), *plan;

	if (facts == NULL)
		return -1;
	if (pa->fresh) {
		plan = weir__strdup(pa->opened);
		if (plan == NULL) {
			weir__free(facts);
			return -1;
		}
		weir__free(pa->plan);
		pa->plan = plan;
		pa->fresh = false;
	}
	weir__free(pa->facts);
	pa->facts = facts;
	pa->facts_len = rd->facts_len;
	pa->epoch = rd->epoch;
	pa->flags = rd->flags;
	pa->now = rd->now;
	return 0;
}

/* What is not there, or is taken already, was so before a SHELF record that
 * comes later: that one tells. */
static int
take_shelf(struct weir__past *pa, const struct weir__rec_decide *rd)
{
	const struct weir__shelf_cut *sc = &rd->shelf;
	size_t i;

	pa->shelf.counts = sc->counts;
	for (i = 0; i < sc->ntaken; i++)
		if (weir__shelf_list_take(&pa->shelf, &sc->taken[i]) ==
		    WEIR_ERROR)
			return -1;
	weir__shelf_list_drop(&pa->shelf, sc->gone);
	return weir__shelf_list_add(&pa->shelf, rd->epoch, rd->now, &sc->part);
}

static int
take_all_shelved(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	int rc = weir__shelf_list_get(&pa->shelf, &de);

	if (rc == WEIR_END)
		return weir_fail(err, WEIR_NOWHERE, "journal.damaged",
		    "a record of the journal can't be read");
	return rc == WEIR_OK ? WEIR_OK : oom(err);
}

static int
take_decide(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__rec_decide rd;
	struct weir__rejects *rj;
	size_t i;
	int rc = weir__rec_decide(&rd, re->data, re->len, err);

	rd.epoch = re->epoch;
	if (rc == WEIR_OK && re->epoch <= pa->epoch)
		rc = weir_fail(err, WEIR_NOWHERE, "journal.damaged",
		    "the journal's epoch %llu comes after %llu",
		    (unsigned long long)re->epoch,
		    (unsigned long long)pa->epoch);
	for (i = 0; rc == WEIR_OK && i < rd.nsinks; i++)
		rc = take_sink(pa, re->epoch, &rd.sinks[i], err);
	if (rc == WEIR_OK && (take_state(pa, &rd) != 0 ||
		take_facts(pa, &rd) != 0 || take_shelf(pa, &rd) != 0))
		rc = oom(err);
	for (i = 0; rc == WEIR_OK && i < rd.ntaken; i++)
		for (rj = pa->rejects; rj != NULL; rj = rj->next)
			if (rj->epoch == rd.taken[i].epoch &&
			    strlen(rj->sink) == rd.taken[i].id_len &&
			    memcmp(rj->sink, rd.taken[i].id,
				rd.taken[i].id_len) == 0)
				rj->taken = true;
	if (rc == WEIR_OK && re->epoch % 64 == 0)
		weir__past_settle(pa);
	weir__rec_decide_fini(&rd);
	return rc;
}

static int
note_segment(struct weir__past *pa, const struct weir__record *re)
{
	struct weir__past_segment *list;

	if (re->fence > pa->fence)
		pa->fence = re->fence;
	if (pa->nsegments != 0 &&
	    pa->segments[pa->nsegments - 1].no == re->segment)
		return 0;
	list = weir__realloc(pa->segments, (pa->nsegments + 1) * sizeof *list);
	if (list == NULL)
		return -1;
	pa->segments = list;
	list[pa->nsegments++] = (struct weir__past_segment){
		re->segment,
		re->type == WEIR__REC_DECIDE ? re->epoch : pa->epoch + 1
	};
	return 0;
}

int
weir__past_take(void *arg, const struct weir__record *re, struct weir_err *err)
{
	struct weir__past *pa = arg;

	if (note_segment(pa, re) != 0)
		return oom(err);
	switch (re->type) {
	case WEIR__REC_OPEN:
		return weir__past_open(pa, re, err);
	case WEIR__REC_DECIDE:
		return take_decide(pa, re, err);
	case WEIR__REC_REJECT:
		return take_reject(pa, re, err);
	case WEIR__REC_CLOSE:
		return take_close(pa, re, err);
	case WEIR__REC_FORGET:
		return weir__past_forget(pa, re, err);
	case WEIR__REC_SHELF:
		return take_all_shelved(pa, re, err);
	}
	return weir_fail(err, WEIR_NOWHERE, "journal.version",
	    "the journal has a record of type %d, which this version of weir "
	    "does not know: a newer one has written it", (int)re->type);
}
