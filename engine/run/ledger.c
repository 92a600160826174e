/* SPDX-License-Identifier: MIT
 *
 * The ledger: where every row of every stage has gone.
 *
 *	in  = passed + filtered + rejected + late + duplicate + absorbed
 *	out = passed + created
 *
 * A row that was rejected as soon as it was created is counted as both, and
 * left out of these sums.  On every edge, what the producer sent is what the
 * consumer got.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "run/instance.h"

static uint64_t
accounted(const struct weir__counts *n)
{
	return n->passed + n->filtered + n->rejected - n->unmade + n->late +
	    n->duplicate + n->absorbed;
}

static int
check_stage(const struct weir__instance *sg, struct weir_err *err)
{
	const struct weir__node *nd = sg->nd;
	uint64_t want = accounted(&sg->n);

	if (sg->n.in == want)
		return WEIR_OK;
	weir_fail(err, nd->span, "ledger", "%s took in %" PRIu64 " rows, but "
	    "accounts for %" PRIu64 " (passed %" PRIu64 ", filtered %" PRIu64
	    ", rejected %" PRIu64 ", late %" PRIu64 ", duplicate %" PRIu64
	    ", absorbed %" PRIu64 "): this is a mistake in %s, not in the "
	    "input", nd->id, sg->n.in, want, sg->n.passed, sg->n.filtered,
	    sg->n.rejected, sg->n.late, sg->n.duplicate, sg->n.absorbed,
	    nd->what);
	return WEIR_ERROR;
}

/* What came in is what all producers of the input sent. */
static int
check_edges(const struct weir__tree *tr, const struct weir__instance *sg,
    struct weir_err *err)
{
	const struct weir__node *nd = sg->nd;
	const struct weir__edge *ed;
	uint64_t sent;
	uint32_t i;
	size_t j;

	for (i = 0; i < nd->ninputs; i++) {
		sent = 0;
		for (j = 0; j < nd->inputs[i].nproducers; j++) {
			ed = &nd->inputs[i].producers[j];
			sent += tr->stages[ed->to->no].port_out[ed->input];
		}
		if (sent == sg->input_in[i])
			continue;
		return weir_fail(err, nd->span, "ledger", "input %u of %s got "
		    "%" PRIu64 " rows, but %" PRIu64 " were sent to it: this "
		    "is a mistake in weir", i, nd->id, sg->input_in[i], sent);
	}
	return WEIR_OK;
}

int
weir__ledger_check(const struct weir__tree *tr, struct weir_err *err)
{
	size_t i;

	for (i = 0; i < tr->nstages; i++)
		if (check_stage(&tr->stages[i], err) != WEIR_OK ||
		    check_edges(tr, &tr->stages[i], err) != WEIR_OK)
			return WEIR_ERROR;
	return WEIR_OK;
}

/* ---- printing */

#define COLUMNS 11

static const char *const titles[COLUMNS] = { "stage", "in", "passed",
	"filtered", "rejected", "late", "duplicate", "absorbed", "created",
	"replayed", "out" };

static void
row_values(const struct weir__instance *sg, uint64_t v[COLUMNS])
{
	const struct weir__counts *n = &sg->n;
	bool sink = sg->nd->type->role == WEIR_SINK;

	v[1] = n->in;
	v[2] = n->passed;
	v[3] = n->filtered;
	v[4] = n->rejected;
	v[5] = n->late;
	v[6] = n->duplicate;
	v[7] = n->absorbed;
	v[8] = n->created;
	v[9] = n->replayed;
	v[10] = sink ? 0 : n->passed + n->created - n->unmade;
}

/* A path as a shell takes it. */
static void
shell_word(struct weir__buf *bf, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-=+:,@%";

	if (s[0] != '-' && s[strspn(s, plain)] == '\0') {
		weir__buf_str(bf, s);
		return;
	}
	weir__buf_str(bf, s[0] == '-' ? "'./" : "'");
	for (; *s != '\0'; s++)
		if (*s == '\'')
			weir__buf_str(bf, "'\\''");
		else
			weir__buf_chr(bf, *s);
	weir__buf_chr(bf, '\'');
}

/* Rows that no stage took are somewhere: say how to see them. */
static void
quarantined(const struct weir__tree *tr, struct weir__buf *bf)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < tr->nstages; i++)
		if (tr->stages[i].nd->is_quarantine)
			n += tr->stages[i].n.passed;
	if (n == 0)
		return;
	weir__buf_printf(bf, "%" PRIu64 " row%s in the quarantine, read %s "
	    "with: weir cat ", n, n == 1 ? " is" : "s are",
	    n == 1 ? "it" : "them");
	shell_word(bf, tr->pl->quarantine_dir);
	weir__buf_chr(bf, '\n');
}

void
weir__tree_ledger(const struct weir__tree *tr, struct weir__buf *bf)
{
	uint64_t v[COLUMNS] = { 0 };
	size_t width[COLUMNS], i, w;
	bool used[COLUMNS] = { true, true, true };
	char text[24];
	int c;

	for (c = 0; c < COLUMNS; c++)
		width[c] = strlen(titles[c]);
	for (i = 0; i < tr->nstages; i++) {
		row_values(&tr->stages[i], v);
		w = strlen(tr->stages[i].nd->id);
		width[0] = w > width[0] ? w : width[0];
		for (c = 1; c < COLUMNS; c++) {
			used[c] |= v[c] != 0;
			w = (size_t)snprintf(text, sizeof text, "%" PRIu64,
			    v[c]);
			width[c] = w > width[c] ? w : width[c];
		}
	}
	weir__buf_printf(bf, "%-*s", (int)width[0], titles[0]);
	for (c = 1; c < COLUMNS; c++)
		if (used[c])
			weir__buf_printf(bf, "  %*s", (int)width[c], titles[c]);
	weir__buf_chr(bf, '\n');
	for (i = 0; i < tr->nstages; i++) {
		row_values(&tr->stages[i], v);
		weir__buf_printf(bf, "%-*s", (int)width[0],
		    tr->stages[i].nd->id);
		for (c = 1; c < COLUMNS; c++)
			if (used[c])
				weir__buf_printf(bf, "  %*" PRIu64,
				    (int)width[c], v[c]);
		weir__buf_chr(bf, '\n');
	}
	quarantined(tr, bf);
}
