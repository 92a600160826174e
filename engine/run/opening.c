/* SPDX-License-Identifier: MIT
 *
 * Does what the journal tells of the runs before fit the plan?  And how this
 * run begins in it.
 *
 *	stages	those that keep anything are as they were, or new
 *	sinks	write to where they wrote; one that writes elsewhere begins
 *		anew there, once it has published everything where it was
 */
#include <inttypes.h>

#include "journal/coding.h"
#include "plan/fingerprint.h"
#include "plan/parts.h"
#include "run/journal.h"
#include "run/opening.h"

/* ---- stages */

static int
refuse(const struct weir__run *ru, const struct weir__plan_change *ch,
    struct weir_err *err)
{
	const char *dir = ru->pl->state_dir;

	if (ch->how == WEIR__PLAN_GONE)
		return weir_fail(err, WEIR_NOWHERE, "state.plan",
		    "the state in %s is of a pipeline with a stage %.*s, which "
		    "this one lacks: run that one, or give this one another "
		    "`state:`, or drop what was kept for it with `weir state "
		    "reset --stage %.*s`", dir, (int)ch->id_len, ch->id,
		    (int)ch->id_len, ch->id);
	return weir_fail(err, WEIR_NOWHERE, "state.plan",
	    "the state of %.*s in %s was kept for another version of it (was: "
	    "%.*s; is: %.*s): run that one, or give this one another `state:`, "
	    "or drop what was kept for it with `weir state reset --stage %.*s`",
	    (int)ch->id_len, ch->id, dir, (int)ch->was_len, ch->was,
	    (int)ch->is_len, ch->is, (int)ch->id_len, ch->id);
}

static int
check_stages(struct weir__run *ru, struct weir_err *err)
{
	const char *was = ru->past->plan, *at = NULL;
	struct weir__plan_change ch;
	struct weir__buf bf;
	int rc = WEIR_OK;

	if (was == NULL)
		return WEIR_OK;
	weir__buf_init(&bf);
	weir__plan_fingerprint(&bf, ru->pl);
	if (bf.failed)
		rc = weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	while (rc == WEIR_OK &&
	    weir__plan_changes(was, weir__buf_cstr(&bf), ru->pl, &at, &ch)) {
		if (ch.how == WEIR__PLAN_MIGRATED)
			weir__log(&ru->log, WEIR_LOG_INFO, "", "what %.*s "
			    "keeps is carried over (was: %.*s; is: %.*s)",
			    (int)ch.id_len, ch.id, (int)ch.was_len, ch.was,
			    (int)ch.is_len, ch.is);
		else if (ch.how != WEIR__PLAN_SAME)
			rc = refuse(ru, &ch, err);
	}
	weir__buf_fini(&bf);
	return rc;
}

/* ---- sinks */

const char *
weir__sink_target(const struct weir__node *nd)
{
	return nd->with_state ? "" : nd->target;
}

const char *
weir__sink_place(const struct weir__node *nd)
{
	return nd->with_state ? "" : nd->place;
}

const char *
weir__sink_name(const char *target)
{
	return target[0] != '\0' ? target : "the state directory";
}

/* Is it what it was?  Without memory it is: then a sink finds out itself that
 * its marker is not there. */
static bool
same_kind(const char *was, const struct weir__node *nd)
{
	struct weir__buf is;
	bool same;

	weir__buf_init(&is);
	weir__plan_sink(&is, nd);
	same = is.failed || strcmp(was, weir__buf_cstr(&is)) == 0;
	weir__buf_fini(&is);
	return same;
}

bool
weir__sink_moved(const struct weir__past_sink *si, const struct weir__node *nd)
{
	if (si == NULL || !si->born || si->target == NULL)
		return false;
	if (!same_kind(si->what, nd))
		return true;
	return strcmp(si->target, weir__sink_target(nd)) != 0 &&
	    (si->place[0] == '\0' ||
		strcmp(si->place, weir__sink_place(nd)) != 0);
}

bool
weir__sink_owes(const struct weir__past *pa, const struct weir__past_sink *si,
    uint64_t *rows, uint64_t *from)
{
	const struct weir__past_intent *in;
	bool owes = si->held_from != 0;

	(void)weir__past_pending(pa, si, rows, from);
	for (in = pa->intents; in != NULL; in = in->next)
		if (&pa->sinks[in->sink] == si &&
		    (in->rows != 0 || in->len != 0))
			owes = true;
	if (si->held_from != 0 && (*from == 0 || si->held_from < *from))
		*from = si->held_from;
	return owes;
}

static int
refuse_sink(const struct weir__run *ru, const struct weir__node *nd,
    const struct weir__past_sink *si, struct weir_err *err)
{
	uint64_t rows, from;

	(void)weir__sink_owes(ru->past, si, &rows, &from);
	return weir_fail(err, nd->span, "state.target", "%s wrote to \"%s\" "
	    "(%s), which lacks what was decided for it from epoch %" PRIu64
	    " on; \"%s\" is not given that: run the pipeline once more as it "
	    "was, so that it is published there, or drop it with `weir state "
	    "reset --sink %s`", nd->id, weir__sink_name(si->target), si->what, from,
	    weir__sink_name(weir__sink_target(nd)),
	    nd->id);
}

/* It begins anew, and no one has to guess why. */
static int
forget_sink(struct weir__journal *jo, const struct weir__node *nd,
    const struct weir__past_sink *si, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	int rc = WEIR_OK;

	if (strcmp(si->target, weir__sink_target(nd)) == 0)
		weir__log(&ru->log, WEIR_LOG_INFO, nd->id, "was %s, which has "
		    "written all that was decided for it: begins anew in the "
		    "same place", si->what);
	else
		weir__log(&ru->log, WEIR_LOG_INFO, nd->id, "writes to \"%s\" "
		    "now, no more to \"%s\", which has all that was decided "
		    "for it: begins there as a new sink",
		    weir__sink_name(weir__sink_target(nd)),
		    weir__sink_name(si->target));
	if (!jo->begun)
		rc = weir__segments_begin(jo->segments, ru->fence, err);
	jo->begun = true;
	if (rc == WEIR_OK)
		rc = weir__forget_put(jo->segments, ru->past,
		    WEIR__FORGET_SINK, nd->id, err);
	return rc == WEIR_OK ? WEIR_OK : WEIR_ERROR;
}

static int
check_sinks(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	const struct weir__past_sink *si;
	const struct weir__node *nd;
	uint64_t rows, from;
	size_t i;
	int rc = WEIR_OK;

	for (i = 0; rc == WEIR_OK && i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		si = weir__past_sink(ru->past, nd->id);
		if (weir__sink_moved(si, nd) &&
		    weir__sink_owes(ru->past, si, &rows, &from))
			rc = refuse_sink(ru, nd, si, err);
	}
	for (i = 0; rc == WEIR_OK && i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		si = weir__past_sink(ru->past, nd->id);
		if (weir__sink_moved(si, nd))
			rc = forget_sink(jo, nd, si, err);
		else if (si != NULL && si->born && si->place != NULL &&
		    si->place[0] != '\0' &&
		    strcmp(si->place, weir__sink_place(nd)) != 0)
			weir__log(&ru->log, WEIR_LOG_INFO, nd->id, "\"%s\" was "
			    "%s, is %s: the pipeline was moved, or runs in "
			    "another directory", nd->target, si->place,
			    nd->place);
	}
	return rc;
}

int
weir__forget_put(struct weir__segments *sg, struct weir__past *pa,
    enum weir__forget kind, const char *id, struct weir_err *err)
{
	struct weir__record re = { .type = WEIR__REC_FORGET };
	struct weir__buf bf;
	int rc;

	weir__buf_init(&bf);
	weir__put_u(&bf, kind);
	weir__put_str(&bf, id);
	re.data = bf.data;
	re.len = bf.len;
	rc = bf.failed ?
	    weir_fail(err, WEIR_NOWHERE, "memory", "out of memory") :
	    weir__segments_append(sg, re.type, pa->epoch, bf.data, bf.len, err);
	if (rc == WEIR_OK)
		rc = weir__past_forget(pa, &re, err);
	weir__buf_fini(&bf);
	return rc;
}

/* What makes no state another's and is another all the same: said once. */
static int
say_parts(struct weir__run *ru, struct weir_err *err)
{
	const struct weir__past *pa = ru->past;
	struct weir__parts_change ch;
	const char *at = NULL;
	struct weir__buf is;
	bool open = false;
	size_t i;
	int rc = WEIR_OK;

	if (pa->epoch == 0 || pa->made == NULL || ru->op.replay != NULL)
		return WEIR_OK;
	for (i = 0; i < pa->nstates; i++)
		open |= pa->states[i].extent.file != 0;
	weir__buf_init(&is);
	weir__parts(&is, ru->pl);
	if (is.failed)
		rc = weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	while (rc == WEIR_OK &&
	    weir__parts_changed(pa->made, weir__buf_cstr(&is), &at, &ch))
		weir__log(&ru->log, ch.zone && open ? WEIR_LOG_WARN :
						      WEIR_LOG_INFO,
		    "", "%s%s", ch.text, ch.zone && open ? "; what is kept "
		    "and not yet out was made with the former" : "");
	weir__buf_fini(&is);
	return rc;
}

int
weir__opening_check(struct weir__journal *jo, struct weir_err *err)
{
	if (check_stages(jo->ru, err) != WEIR_OK ||
	    check_sinks(jo, err) != WEIR_OK)
		return WEIR_ERROR;
	return say_parts(jo->ru, err);
}

/* ---- the record */

static void
put_sinks(struct weir__buf *bf, const struct weir__run *ru)
{
	const struct weir__node *nd;
	struct weir__buf kind;
	size_t i, n = 0;

	weir__buf_init(&kind);
	for (i = 0; i < ru->pl->nnodes; i++)
		n += ru->publishers[i] != NULL;
	weir__put_u(bf, n);
	for (i = 0; i < ru->pl->nnodes; i++) {
		nd = ru->pl->nodes[i];
		if (ru->publishers[i] == NULL)
			continue;
		weir__put_str(bf, nd->id);
		weir__buf_clear(&kind);
		weir__plan_sink(&kind, nd);
		weir__put_str(bf, weir__buf_cstr(&kind));
		bf->failed |= kind.failed;
		weir__put_str(bf, weir__sink_target(nd));
		weir__put_str(bf, weir__sink_place(nd));
	}
	weir__buf_fini(&kind);
}

int
weir__opening_put(struct weir__journal *jo, struct weir_err *err)
{
	struct weir__run *ru = jo->ru;
	struct weir__buf bf, text;
	int rc;

	weir__buf_init(&bf);
	weir__buf_init(&text);
	put_sinks(&bf, ru);
	weir__plan_fingerprint(&text, ru->pl);
	weir__put_str(&bf, weir__buf_cstr(&text));
	bf.failed |= text.failed;
	weir__buf_clear(&text);
	/* a replay is no run: the next one says what is another */
	if (ru->op.replay != NULL && ru->past->made != NULL)
		weir__buf_str(&text, ru->past->made);
	else
		weir__parts(&text, ru->pl);
	weir__put_str(&bf, weir__buf_cstr(&text));
	if (bf.failed || text.failed ||
	    weir__segments_opening(jo->segments, bf.data, bf.len) != 0)
		rc = weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	else
		rc = weir__segments_append(jo->segments, WEIR__REC_OPEN,
		    ru->epoch, bf.data, bf.len, err);
	weir__buf_fini(&text);
	weir__buf_fini(&bf);
	return rc == WEIR_OK ? WEIR_OK : WEIR_ERROR;
}
