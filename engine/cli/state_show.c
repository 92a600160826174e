/* SPDX-License-Identifier: MIT
 *
 * weir state show: where a pipeline stands, as text or as JSON.
 */
#include <inttypes.h>

#include "base/time.h"
#include "batch/json_text.h"
#include "cli/cli.h"
#include "cli/state.h"
#include "plan/parts.h"
#include "run/save.h"

static int
damaged(const struct weir__look *lo, struct weir_err *err)
{
	return weir_fail(err, WEIR_NOWHERE, "state.damaged",
	    "what epoch %" PRIu64 " in %s says of watermarks and positions is "
	    "damaged", lo->past.epoch, lo->path);
}

static void
plain_time(struct weir__buf *bf, int64_t us)
{
	char text[WEIR__TIME_TEXT];

	if (us == INT64_MAX)
		weir__buf_str(bf, "at its end");
	else if (us < WEIR__TIME_MIN || us > WEIR__TIME_MAX)
		weir__buf_str(bf, "-");
	else
		weir__buf_add(bf, text, weir__time_print(text, us));
}

/* ---- the parts, each as text or as JSON */

static void
head(struct weir__buf *bf, const struct weir__look *lo, bool json)
{
	const struct weir__past *pa = &lo->past;
	bool end = (pa->flags & WEIR__DECIDE_FINISHED) != 0;

	if (json) {
		weir__buf_str(bf, "{\"state\":");
		weir__json_string(bf, lo->path, strlen(lo->path));
		weir__buf_printf(bf, ",\"pipeline\":\"%s\",\"fence\":%" PRIu64
		    ",\"epoch\":%" PRIu64 ",\"decided_at\":", lo->id, lo->fence,
		    pa->epoch);
		weir__put_time(bf, pa->epoch != 0 ? pa->now : INT64_MIN);
		weir__buf_printf(bf, ",\"finished\":%s,\"journal\":{\"from\":%"
		    PRIu64 ",\"epochs\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
		    end ? "true" : "false", lo->first, lo->records,
		    lo->segments_bytes);
		return;
	}
	weir__buf_printf(bf, "state     %s\npipeline  %s\nfence     %" PRIu64
	    "\n", lo->path, lo->id, lo->fence);
	if (pa->epoch == 0) {
		weir__buf_str(bf, "epoch     none is decided yet\n");
		return;
	}
	weir__buf_printf(bf, "epoch     %" PRIu64 ", decided at ", pa->epoch);
	plain_time(bf, pa->now);
	weir__buf_printf(bf, "%s\njournal   %" PRIu64 " epoch%s from %" PRIu64
	    " on, %" PRIu64 " bytes\n", end ? "; all sources have come to "
	    "their end" : "", lo->records, lo->records == 1 ? "" : "s",
	    lo->first, lo->segments_bytes);
}

/* Columns of a table: one wide, the rest as they come. */
static void
row(struct weir__buf *bf, size_t width, const char *name, size_t n)
{
	weir__buf_str(bf, "  ");
	weir__buf_add(bf, name, n);
	weir__buf_fill(bf, ' ', n < width ? width - n : 0);
}

static void
one_part(struct weir__buf *bf, const struct weir__facts_stage *fs,
    const struct weir__facts_part *fp, bool json, size_t width)
{
	static const char *const states[] = { "", ", at its end",
		", finished" };

	if (json) {
		weir__buf_str(bf, "{\"source\":");
		weir__json_string(bf, fs->id, fs->id_len);
		weir__buf_printf(bf, ",\"partition\":%d,\"name\":",
		    (int)fp->no);
		weir__json_string(bf, fp->name, fp->name_len);
		weir__buf_printf(bf, ",\"next\":%" PRId64 ",\"finished\":%s}",
		    fp->next, fp->state == WEIR_PART_FINISHED ? "true" :
								"false");
		return;
	}
	row(bf, width, fs->id, fs->id_len);
	weir__buf_printf(bf, "  partition %d", (int)fp->no);
	if (fp->name_len != 0)
		weir__buf_printf(bf, " (%.*s)", (int)fp->name_len, fp->name);
	weir__buf_printf(bf, ", next %" PRId64 "%s\n", fp->next,
	    states[fp->state == WEIR_PART_FINISHED ? 2 : 0]);
}

static size_t
widest(const struct weir__look *lo)
{
	struct weir__facts_stage fs;
	const char *at = NULL;
	size_t width = 0, i, n;

	while (weir__facts_next(&fs, &at, lo->past.facts, lo->past.facts_len) ==
	    WEIR_OK)
		width = fs.id_len > width ? fs.id_len : width;
	for (i = 0; i < lo->nkept; i++) {
		n = strlen(lo->kept[i].stage);
		width = n > width ? n : width;
	}
	return width;
}

static int
positions(struct weir__buf *bf, const struct weir__look *lo, bool json,
    struct weir_err *err)
{
	struct weir__facts_stage fs;
	struct weir__facts_part fp;
	const char *at = NULL;
	size_t n = 0, width = widest(lo);
	uint32_t i;
	int rc;

	weir__buf_str(bf, json ? ",\"positions\":[" : "");
	while ((rc = weir__facts_next(&fs, &at, lo->past.facts,
		    lo->past.facts_len)) == WEIR_OK)
		for (i = 0; i < fs.nparts; i++, n++) {
			(void)weir__facts_part(&fp, &fs);
			weir__buf_str(bf, json ? (n == 0 ? "" : ",") :
				n == 0 ? "\nsources\n" : "");
			one_part(bf, &fs, &fp, json, width);
		}
	weir__buf_str(bf, json ? "]" : "");
	return rc == WEIR_END ? WEIR_OK : damaged(lo, err);
}

static void
watermarks(struct weir__buf *bf, const struct weir__look *lo, bool json)
{
	struct weir__facts_stage fs;
	const char *at = NULL;
	size_t n = 0, width = widest(lo);

	weir__buf_str(bf, json ? ",\"watermarks\":[" : "");
	while (weir__facts_next(&fs, &at, lo->past.facts,
		   lo->past.facts_len) == WEIR_OK) {
		if (fs.watermark == INT64_MIN)
			continue;
		if (json) {
			weir__buf_str(bf, n++ == 0 ? "{\"stage\":" :
						     ",{\"stage\":");
			weir__json_string(bf, fs.id, fs.id_len);
			weir__buf_str(bf, ",\"watermark\":");
			weir__put_time(bf, fs.watermark);
			weir__buf_chr(bf, '}');
			continue;
		}
		weir__buf_str(bf, n++ == 0 ? "\nwatermarks\n" : "");
		row(bf, width, fs.id, fs.id_len);
		weir__buf_str(bf, "  ");
		plain_time(bf, fs.watermark);
		weir__buf_chr(bf, '\n');
	}
	weir__buf_str(bf, json ? "]" : "");
}

static uint64_t
pending(const struct weir__past *pa, size_t sink, uint64_t *rows)
{
	const struct weir__past_intent *in;
	uint64_t n = 0;

	*rows = 0;
	for (in = pa->intents; in != NULL; in = in->next)
		if (in->sink == sink) {
			n++;
			*rows += in->rows;
		}
	return n;
}

static void
sinks(struct weir__buf *bf, const struct weir__look *lo, bool json)
{
	const struct weir__past *pa = &lo->past;
	uint64_t n, rows, spool;
	size_t shown = 0, i, width = widest(lo);
	const char *id;

	weir__buf_str(bf, json ? ",\"sinks\":[" : pa->nsinks != 0 ?
		"\nsinks\n" : "");
	for (i = 0; i < pa->nsinks; i++) {
		if (!pa->sinks[i].born)
			continue;
		id = pa->sinks[i].id;
		n = pending(pa, i, &rows);
		spool = weir__look_spool(lo, id);
		if (json) {
			weir__buf_str(bf, shown++ == 0 ? "{\"sink\":" :
						   ",{\"sink\":");
			weir__json_string(bf, id, strlen(id));
			weir__buf_printf(bf, ",\"published\":%" PRIu64
			    ",\"pending\":%" PRIu64 ",\"pending_rows\":%" PRIu64
			    ",\"spool_bytes\":%" PRIu64 "}",
			    pa->sinks[i].published, n, rows, spool);
			continue;
		}
		row(bf, width, id, strlen(id));
		weir__buf_printf(bf, "  published up to epoch %" PRIu64,
		    pa->sinks[i].published);
		if (n != 0)
			weir__buf_printf(bf, ", %" PRIu64 " epoch%s with %"
			    PRIu64 " row%s pending", n, n == 1 ? "" : "s", rows,
			    rows == 1 ? "" : "s");
		if (spool != 0)
			weir__buf_printf(bf, ", %" PRIu64 " bytes in its spool",
			    spool);
		weir__buf_chr(bf, '\n');
	}
	weir__buf_str(bf, json ? "]" : "");
}

static void
one_table(struct weir__buf *bf, const struct weir__kept *ke, bool json,
    size_t width)
{
	const char *name = ke->table != NULL ? ke->table->spec.name : "";

	if (json) {
		weir__buf_str(bf, "{\"stage\":");
		weir__json_string(bf, ke->stage, strlen(ke->stage));
		weir__buf_printf(bf, ",\"table\":%u,\"name\":\"%s\"", ke->no,
		    name);
		if (ke->state != NULL)
			weir__buf_printf(bf, ",\"entries\":%" PRIu64
			    ",\"bytes\":%zu", weir__state_entries(ke->state),
			    weir__state_bytes(ke->state));
		weir__buf_printf(bf, ",\"recorded_bytes\":%" PRIu64 "}",
		    ke->bytes);
		return;
	}
	row(bf, width, ke->stage, strlen(ke->stage));
	if (ke->state != NULL)
		weir__buf_printf(bf, "  %s: %" PRIu64 " entries, %zu bytes in "
		    "memory, %" PRIu64 " on disk\n", name,
		    weir__state_entries(ke->state),
		    weir__state_bytes(ke->state), ke->bytes);
	else
		weir__buf_printf(bf, "  table %u: %" PRIu64 " bytes on disk\n",
		    ke->no, ke->bytes);
}

static void
one_part_of(struct weir__buf *bf, const struct weir__part_line *li, bool json,
    bool first)
{
	if (json) {
		weir__buf_str(bf, first ? "{\"kind\":" : ",{\"kind\":");
		weir__json_string(bf, li->kind, (size_t)li->kind_len);
		weir__buf_str(bf, ",\"name\":");
		weir__json_string(bf, li->name, (size_t)li->name_len);
		weir__buf_str(bf, ",\"version\":");
		weir__json_string(bf, li->version, (size_t)li->version_len);
		weir__buf_str(bf, ",\"hash\":");
		weir__json_string(bf, li->hash, (size_t)li->hash_len);
		weir__buf_chr(bf, '}');
		return;
	}
	weir__buf_printf(bf, "%s  %.*s", first ? "\nlast run made of\n" : "",
	    li->kind_len, li->kind);
	if (li->name_len != 0)
		weir__buf_printf(bf, " %.*s", li->name_len, li->name);
	if (li->version_len != 0)
		weir__buf_printf(bf, " %.*s", li->version_len, li->version);
	weir__buf_chr(bf, '\n');
}

/* What the last run was made of. */
static void
made(struct weir__buf *bf, const struct weir__look *lo, bool json)
{
	struct weir__part_line li;
	const char *at = NULL;
	bool first = true;

	weir__buf_str(bf, json ? ",\"made\":[" : "");
	while (lo->past.made != NULL &&
	    weir__parts_next(&at, lo->past.made, &li)) {
		one_part_of(bf, &li, json, first);
		first = false;
	}
	weir__buf_str(bf, json ? "]" : "");
}

int
weir__state_show(struct weir__buf *bf, const struct weir__look *lo, bool json,
    struct weir_err *err)
{
	size_t i, width = widest(lo);

	head(bf, lo, json);
	if (positions(bf, lo, json, err) != WEIR_OK)
		return WEIR_ERROR;
	watermarks(bf, lo, json);
	sinks(bf, lo, json);
	weir__buf_str(bf, json ? ",\"tables\":[" : lo->nkept != 0 ?
		"\nkeyed state\n" : "");
	for (i = 0; i < lo->nkept; i++) {
		weir__buf_str(bf, json && i != 0 ? "," : "");
		one_table(bf, &lo->kept[i], json, width);
	}
	weir__buf_str(bf, json ? "]" : "");
	made(bf, lo, json);
	weir__buf_str(bf, json ? "}\n" : "");
	return WEIR_OK;
}
