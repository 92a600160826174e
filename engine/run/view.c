/* SPDX-License-Identifier: MIT
 *
 * The live view: a few lines on a terminal, drawn over each other.
 */
#include <time.h>

#include "base/alloc.h"
#include "base/time.h"
#include "run/run.h"
#include "run/tree.h"

#define REDRAW 500000 /* microseconds */

void
weir__view_init(struct weir__view *vi, struct weir__run *ru)
{
	vi->began = vi->drawn = weir__run_monotonic();
	vi->lines = 0;
	vi->last = weir__zalloc((ru->pl->nnodes + 1) * sizeof *vi->last);
}

void
weir__view_fini(struct weir__view *vi)
{
	weir__free(vi->last);
	vi->last = NULL;
}

static uint64_t
rows_of(const struct weir__run *ru, const struct weir__node *nd)
{
	const struct weir__counts *co = weir__tree_counts(ru->tree, nd);

	return co->passed + co->created - co->unmade;
}

static void
draw_node(struct weir__view *vi, struct weir__run *ru,
    const struct weir__node *nd, double seconds, struct weir__buf *bf)
{
	const struct weir__counts *co = weir__tree_counts(ru->tree, nd);
	uint64_t rows = rows_of(ru, nd);
	double rate = (double)(rows - vi->last[nd->no]) / seconds, files;

	vi->last[nd->no] = rows;
	weir__buf_printf(bf, "\033[K  %-34.34s %12llu rows %10.0f/s", nd->id,
	    (unsigned long long)rows, rate);
	if (co->rejected + co->late != 0)
		weir__buf_printf(bf, "  %llu rejected, %llu late",
		    (unsigned long long)co->rejected,
		    (unsigned long long)co->late);
	if (weir__metrics_get(&ru->metrics, nd->id, "files", NULL, &files))
		weir__buf_printf(bf, "  %.0f file%s", files,
		    files == 1 ? "" : "s");
	weir__buf_chr(bf, '\n');
	vi->lines++;
}

static void
draw_head(struct weir__view *vi, struct weir__run *ru, int64_t now,
    struct weir__buf *bf)
{
	int64_t wm = weir__tree_watermark(ru->tree);
	char when[64] = "not yet";
	struct tm tm;
	time_t t;

	if (wm == INT64_MAX) {
		snprintf(when, sizeof when, "at the end");
	} else if (wm > INT64_MIN / 2) {
		t = (time_t)(wm / 1000000);
		if (gmtime_r(&t, &tm) != NULL)
			strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
	}
	weir__buf_printf(bf, "\033[K%s: %.0f s, epoch %llu, watermark %s\n",
	    ru->pl->stem, (double)(now - vi->began) / 1e6,
	    (unsigned long long)ru->epoch, when);
	vi->lines++;
}

void
weir__view_draw(struct weir__view *vi, struct weir__run *ru, bool last)
{
	int64_t now = weir__run_monotonic();
	double seconds = (double)(now - vi->drawn) / 1e6;
	struct weir__buf bf;
	size_t i;

	if ((!last && now - vi->drawn < REDRAW) || vi->last == NULL)
		return;
	weir__buf_init(&bf);
	vi->lines = 0;
	vi->drawn = now;
	draw_head(vi, ru, now, &bf);
	for (i = 0; i < ru->pl->nnodes; i++)
		draw_node(vi, ru, ru->pl->nodes[i],
		    seconds > 0 ? seconds : 1, &bf);
	weir__log_draw(&ru->log, &bf, vi->lines);
	weir__buf_fini(&bf);
}
