/* SPDX-License-Identifier: MIT
 *
 * What the journal tells of the runs before: how they began, and what was to
 * begin anew.
 */
#include "base/alloc.h"
#include "journal/coding.h"
#include "plan/fingerprint.h"
#include "run/past.h"
#include "run/save.h"

static int
oom(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static int
damaged(struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "journal.damaged",
	    "a record of the journal can't be read");
}

/* The next text of a record takes the place of one that was there. */
static int
take_text(struct weir__dec *de, char **to)
{
	size_t n;
	const char *p = weir__get_bytes(de, &n);
	char *text;

	if (de->bad)
		return WEIR_OK;
	if (*to != NULL && strlen(*to) == n && memcmp(*to, p, n) == 0)
		return WEIR_OK;
	text = weir__strndup(p, n);
	if (text == NULL)
		return WEIR_ERROR;
	weir__free(*to);
	*to = text;
	return WEIR_OK;
}

int
weir__past_open(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	size_t n = weir__get_n(&de, 4), i, len;
	struct weir__past_sink *si;
	const char *id;

	for (i = 0; i < n && !de.bad; i++) {
		id = weir__get_bytes(&de, &len);
		if (de.bad)
			break;
		si = weir__past_sink_get(pa, id, len);
		if (si == NULL || take_text(&de, &si->what) != WEIR_OK ||
		    take_text(&de, &si->target) != WEIR_OK ||
		    take_text(&de, &si->place) != WEIR_OK)
			return oom(err);
		si->born = true;
	}
	if (take_text(&de, &pa->opened) != WEIR_OK ||
	    take_text(&de, &pa->made) != WEIR_OK)
		return oom(err);
	pa->fresh = !de.bad;
	return de.bad ? damaged(err) : WEIR_OK;
}

/* ---- what begins anew */

/* Rows that a sink refused and that were rejected since: the epochs that would
 * have to leave them out are no more. */
static void
drop_taken(struct weir__past *pa, const char *id)
{
	struct weir__rejects **at = &pa->rejects, *re;

	while ((re = *at) != NULL)
		if (re->taken && strcmp(re->sink, id) == 0) {
			*at = re->next;
			weir__rejects_free(re);
		} else {
			at = &re->next;
		}
}

static void
forget_sink(struct weir__past *pa, const char *id, size_t n)
{
	struct weir__past_intent **at = &pa->intents, *in;
	struct weir__past_sink *si = NULL;
	size_t i;

	for (i = 0; i < pa->nsinks; i++)
		if (strlen(pa->sinks[i].id) == n &&
		    memcmp(pa->sinks[i].id, id, n) == 0)
			si = &pa->sinks[i];
	if (si == NULL)
		return;
	while ((in = *at) != NULL) {
		if (&pa->sinks[in->sink] != si) {
			at = &in->next;
			continue;
		}
		*at = in->next;
		weir__free(in->data);
		weir__free(in);
	}
	pa->intents_end = at;
	drop_taken(pa, si->id);
	weir__free(si->what);
	weir__free(si->target);
	weir__free(si->place);
	weir__free(si->keep);
	*si = (struct weir__past_sink){ .id = si->id, .since = pa->epoch };
}

static int
forget_stage(struct weir__past *pa, const char *id, size_t n)
{
	struct weir__past_forgot *fo = weir__zalloc(sizeof *fo);

	if (fo == NULL)
		return -1;
	fo->next = pa->forgot;
	pa->forgot = fo;
	fo->epoch = pa->epoch;
	fo->stage = weir__strndup(id, n);
	if (pa->plan != NULL)
		weir__plan_without(pa->plan, id, n);
	if (pa->opened != NULL)
		weir__plan_without(pa->opened, id, n);
	weir__facts_blank(pa->facts, &pa->facts_len, id, n);
	return fo->stage != NULL ? 0 : -1;
}

int
weir__past_forget(struct weir__past *pa, const struct weir__record *re,
    struct weir_err *err)
{
	struct weir__dec de = weir__dec(re->data, re->len);
	uint64_t kind = weir__get_u(&de);
	size_t n;
	const char *id = weir__get_bytes(&de, &n);

	if (de.bad || (kind != WEIR__FORGET_SINK && kind != WEIR__FORGET_STAGE))
		return damaged(err);
	if (kind == WEIR__FORGET_SINK)
		forget_sink(pa, id, n);
	else if (forget_stage(pa, id, n) != 0)
		return oom(err);
	return WEIR_OK;
}

bool
weir__past_forgot(const struct weir__past *pa, const char *id, size_t n,
    uint64_t epoch)
{
	const struct weir__past_forgot *fo;

	for (fo = pa->forgot; fo != NULL; fo = fo->next)
		if (epoch <= fo->epoch && strlen(fo->stage) == n &&
		    memcmp(fo->stage, id, n) == 0)
			return true;
	return false;
}

uint64_t
weir__past_pending(const struct weir__past *pa,
    const struct weir__past_sink *si, uint64_t *rows, uint64_t *from)
{
	const struct weir__past_intent *in;
	uint64_t n = 0;

	*rows = *from = 0;
	for (in = pa->intents; in != NULL; in = in->next) {
		if (&pa->sinks[in->sink] != si)
			continue;
		if (n++ == 0)
			*from = in->epoch;
		*rows += in->rows;
	}
	return n;
}

void
weir__past_open_fini(struct weir__past *pa)
{
	struct weir__past_forgot *fo;

	while ((fo = pa->forgot) != NULL) {
		pa->forgot = fo->next;
		weir__free(fo->stage);
		weir__free(fo);
	}
	weir__free(pa->plan);
	weir__free(pa->opened);
	weir__free(pa->made);
}
