/* SPDX-License-Identifier: MIT
 *
 * The state tree over a plan made by hand: a source of several partitions, a
 * watermark, a transform of two minds and a sink that remembers.
 *
 *	source ─► watermark ─► middle ─┬─ main ─► sink
 *	                               ├─ late ─► sink
 *	                               └─ rejected ─► sink
 */
#include "t.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "run/instance.h"
#include "run/run.h"
#include "run/save.h"
#include "run/watermark.h"

#define S INT64_C(1000000)

/* ---- a source that is told what to read */

struct script {
	int32_t partition;
	int64_t at[4]; /* event times; 0 ends them */
	enum weir_partition_state then;
};

struct source_state {
	int64_t next[4];
};

static const struct script *script; /* the next poll */
static int64_t committed[4];

static int
source_poll(struct weir_stage *st, uint32_t max, int64_t wait,
    struct weir_err *err)
{
	struct source_state *ss = st->state;
	const struct script *sc = script;
	struct weir_batch *b;
	int64_t *positions;
	uint32_t n = 0;
	int rc = WEIR_OK;

	(void)wait;
	if (sc == NULL)
		return WEIR_END;
	b = weir_batch_new(st, 0, max < 4 ? max : 4);
	positions = weir_batch_alloc(st, b, 4 * sizeof *positions);
	for (; n < 4 && sc->at[n] != 0; n++) {
		b->cols[0].u.i64[n] = sc->at[n];
		positions[n] = ss->next[sc->partition]++;
	}
	b->nrows = n;
	b->partition = sc->partition;
	b->positions = positions;
	if (n != 0)
		rc = weir_emit(st, 0, b, err);
	else
		weir_batch_unref(st, b);
	if (rc == WEIR_OK)
		rc = weir_position(st, sc->partition,
		    ss->next[sc->partition], sc->then);
	return rc == WEIR_OK && n == 0 ? WEIR_AGAIN : rc;
}

static int
source_commit(struct weir_stage *st, const struct weir_position *at, size_t n,
    struct weir_err *err)
{
	size_t i;

	(void)st;
	(void)err;
	for (i = 0; i < n; i++)
		committed[at[i].partition] = at[i].next;
	return WEIR_OK;
}

static const struct weir_source_ops source_ops = {
	.size = sizeof source_ops, .poll = source_poll, .commit = source_commit
};
static const struct weir_stage_type source_type = {
	.size = sizeof source_type,
	.verb = "source",
	.role = WEIR_SOURCE,
	.state_size = sizeof(struct source_state),
	.source = &source_ops,
};

/* ---- a transform: times of whole minutes are late, of 13 s are rejected, of
 * 17 s are lost when it is careless */

static bool careless;
static int64_t told; /* the last watermark */

static int
middle_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	static const struct weir_reason why = {
		.code = "t.thirteen", .text = "unlucky", .position = -1
	};
	uint32_t rows[4], late[4], n = 0, m = 0, i;
	int64_t t;
	int rc;

	(void)input;
	for (i = 0; i < b->nrows; i++) {
		t = b->cols[0].u.i64[i] / S;
		if (t % 60 == 0)
			late[m++] = i;
		else if (t == 13)
			weir_reject(st, b, i, &why);
		else if (t != 17 || !careless)
			rows[n++] = i;
	}
	rc = weir_emit(st, 1, weir_batch_derive(st, 1, b, late, m), err);
	return rc != WEIR_OK ? rc :
	    weir_emit(st, 0, weir_batch_derive(st, 0, b, rows, n), err);
}

static int
middle_watermark(struct weir_stage *st, int64_t wm, struct weir_err *err)
{
	(void)st;
	(void)err;
	told = wm;
	return WEIR_OK;
}

static const struct weir_stage_type middle_type = {
	.size = sizeof middle_type,
	.verb = "middle",
	.role = WEIR_TRANSFORM,
	.process = middle_process,
	.watermark = middle_watermark,
};
static const struct weir_stage_type watermark_type = {
	.size = sizeof watermark_type, .verb = "wm", .role = WEIR_TRANSFORM
};

/* ---- sinks */

static struct weir__buf seen[3];

static void
see(struct weir__buf *bf, const struct weir_batch *b)
{
	uint32_t i;

	for (i = 0; i < b->nrows; i++) {
		weir__buf_printf(bf, "%d/%lld", b->partition,
		    (long long)b->positions[i]);
		if (b->watermarks == NULL)
			weir__buf_str(bf, " ");
		else if (b->watermarks[i] == INT64_MIN)
			weir__buf_str(bf, "@- ");
		else
			weir__buf_printf(bf, "@%lld ",
			    (long long)(b->watermarks[i] / S));
	}
}

static int
sink_write(struct weir_stage *st, struct weir_batch *b, struct weir_err *err)
{
	int no = st->id[4] - '0';
	uint32_t i;

	(void)err;
	see(&seen[no], b);
	for (i = 0; no == 2 && i < b->nrows; i++)
		weir__buf_printf(&seen[no], "%.*s %.*s ",
		    (int)b->cols[WEIR__REJ_CODE].u.str[i].len,
		    weir_str_data(&b->cols[WEIR__REJ_CODE].u.str[i]),
		    (int)b->cols[WEIR__REJ_ROW].u.str[i].len,
		    weir_str_data(&b->cols[WEIR__REJ_ROW].u.str[i]));
	return WEIR_OK;
}

static const struct weir_sink_ops sink_ops = {
	.size = sizeof sink_ops, .write = sink_write
};
static const struct weir_stage_type sink_type = {
	.size = sizeof sink_type,
	.verb = "sink",
	.role = WEIR_SINK,
	.sink = &sink_ops,
};

/* ---- the plan */

enum { SOURCE, MARK, MIDDLE, SINK0, SINK1, SINK2, NODES };

static const struct weir_type time_type = { .kind = WEIR_TIMESTAMP };
static const struct weir_field at_field = { .name = "at", .type = &time_type };

struct made {
	struct weir__plan pl;
	struct weir__node nodes[NODES];
	struct weir__node *list[NODES];
	struct weir__port ports[NODES][3];
	struct weir__input inputs[NODES];
	struct weir__edge edges[NODES], back[NODES];
	struct weir_schema schema;
	struct weir__out out;
	uint8_t wanted[WEIR__REJ_COLS];
	struct weir__run ru;
};

static void
join(struct made *ma, int from, int port, int to)
{
	struct weir__port *po = &ma->ports[from][port];

	ma->edges[to] = (struct weir__edge){ &ma->nodes[to], 0 };
	ma->back[to] = (struct weir__edge){ &ma->nodes[from],
		(uint32_t)port };
	po->edges = &ma->edges[to];
	po->nedges = 1;
	ma->inputs[to].schema = &po->schema;
	ma->inputs[to].producers = &ma->back[to];
	ma->inputs[to].nproducers = 1;
}

static void
make_node(struct made *ma, int no, const char *id,
    const struct weir_stage_type *ty, uint32_t nports)
{
	struct weir__node *nd = &ma->nodes[no];
	uint32_t p;

	*nd = (struct weir__node){
		.no = (uint32_t)no,
		.id = id,
		.label = id,
		.what = id,
		.stream = "",
		.type = ty,
		.inputs = &ma->inputs[no],
		.ninputs = no != SOURCE,
		.ports = ma->ports[no],
		.nports = nports,
	};
	ma->list[no] = nd;
	for (p = 0; p < nports; p++)
		ma->ports[no][p] = (struct weir__port){
			.name = p == 0 ? "" : p + 1 == nports ? "rejected" :
								"late",
			.schema = p + 1 == nports ? weir__rejected_schema :
						    ma->schema,
			.outs = no == SOURCE ? NULL : &ma->out,
			.wanted = ma->wanted,
		};
}

static struct weir__tree *
make(struct made *ma, int64_t idle)
{
	struct weir_err err = { 0 };
	int i;

	memset(ma, 0, sizeof *ma);
	memset(ma->wanted, 1, sizeof ma->wanted);
	ma->schema = (struct weir_schema){
		.ncols = 1, .cols = &at_field, .event_time = 0
	};
	ma->out = (struct weir__out){ .how = WEIR__OUT_PASS };
	make_node(ma, SOURCE, "source", &source_type, 2);
	ma->schema.watermarked = true;
	make_node(ma, MARK, "mark", &watermark_type, 2);
	make_node(ma, MIDDLE, "middle", &middle_type, 3);
	make_node(ma, SINK0, "sink0", &sink_type, 1);
	make_node(ma, SINK1, "sink1", &sink_type, 1);
	make_node(ma, SINK2, "sink2", &sink_type, 1);
	ma->nodes[MARK].engine_run = true;
	ma->nodes[MARK].watermark = (struct weir__watermark){
		.on = true, .delay = 10 * S, .idle = idle, .max_ahead = 3600 * S
	};
	join(ma, SOURCE, 0, MARK);
	join(ma, MARK, 0, MIDDLE);
	join(ma, MIDDLE, 0, SINK0);
	join(ma, MIDDLE, 1, SINK1);
	join(ma, MIDDLE, 2, SINK2);
	ma->pl.nodes = ma->list;
	ma->pl.nnodes = NODES;
	ma->ru.pl = &ma->pl;
	ma->ru.now = 100000 * S;
	ma->ru.epoch = 1;
	for (i = 0; i < 3; i++)
		weir__buf_clear(&seen[i]);
	told = 0;
	ma->ru.tree = weir__tree_new(&ma->ru, &err);
	if (ma->ru.tree == NULL)
		printf("Bail out! %s\n", err.text);
	return ma->ru.tree;
}

static int
poll(struct made *ma, struct script sc)
{
	struct weir_err err = { 0 };
	uint64_t rows, bytes;
	int rc;

	script = &sc;
	rc = weir__tree_poll(ma->ru.tree, &ma->nodes[SOURCE], 4, 0, &rows,
	    &bytes, &err);
	script = NULL;
	return rc;
}

static int64_t
end_epoch(struct made *ma, bool final)
{
	struct weir_err err = { 0 };

	if (weir__tree_end_epoch(ma->ru.tree, final, &err) != WEIR_OK) {
		printf("# %s\n", err.text);
		return -1;
	}
	return weir__tree_watermark(ma->ru.tree);
}

#define READING WEIR_PART_READING

static void
test_partitions(void)
{
	struct made ma;
	struct weir__tree *tr = make(&ma, 30 * S);
	const struct weir__offset *at;
	const struct weir__counts *n;
	struct weir_err err = { 0 };
	struct weir__buf bf;

	T_INT(poll(&ma, (struct script){ 0, { 100 * S, 130 * S, 90 * S, 0 },
		      READING }), WEIR_OK);
	T_INT(poll(&ma, (struct script){ 1, { 0 }, READING }), WEIR_AGAIN);
	/* partition 1 holds time back; each row has its own watermark */
	T_INT(end_epoch(&ma, false), INT64_MIN);
	T_STR(weir__buf_cstr(&seen[0]), "0/0@- 0/1@90 0/2@120 ");
	T_INT(told, 0);
	T_INT(poll(&ma, (struct script){ 1, { 50 * S, 60 * S, 13 * S, 17 * S },
		      READING }), WEIR_OK);
	T_STR(weir__buf_cstr(&seen[0]),
	    "0/0@- 0/1@90 0/2@120 1/0@- 1/3@50 ");
	T_STR(weir__buf_cstr(&seen[1]), "1/1@40 ");
	T_STR(weir__buf_cstr(&seen[2]),
	    "1/2@50 t.thirteen {\"at\":\"1970-01-01T00:00:13Z\"} ");
	T_INT(end_epoch(&ma, false), 50 * S);
	T_INT(told, 50 * S);
	n = weir__tree_counts(tr, &ma.nodes[MIDDLE]);
	T(n->in == 7 && n->passed == 5 && n->late == 1 && n->rejected == 1);
	/* too far ahead: rejected, and time does not move */
	T_INT(poll(&ma, (struct script){ 1, { 103601 * S, 0 }, READING }),
	    WEIR_OK);
	T_INT(poll(&ma, (struct script){ 0, { 103600 * S, 0 }, READING }),
	    WEIR_OK);
	T_INT(end_epoch(&ma, false), 50 * S);
	n = weir__tree_counts(tr, &ma.nodes[MARK]);
	T(n->in == 9 && n->passed == 8 && n->rejected == 1);
	T_INT(weir__tree_offsets(tr, &at), 2);
	T(at[0].next == 4 && at[1].next == 5);
	T_INT(weir__tree_commit(tr, at, 2, &err), WEIR_OK);
	T(committed[0] == 4 && committed[1] == 5);
	weir__buf_init(&bf);
	weir__tree_watermarks_json(tr, &bf);
	T_STR(weir__buf_cstr(&bf),
	    "{\"source\":{\"0\":103590000000,\"1\":50000000}}");
	weir__buf_fini(&bf);
	/* one is finished: the other alone counts; then all are */
	T_INT(poll(&ma, (struct script){ 1, { 0 }, WEIR_PART_FINISHED }),
	    WEIR_AGAIN);
	T_INT(end_epoch(&ma, false), 103590 * S);
	T_INT(poll(&ma, (struct script){ 0, { 0 }, WEIR_PART_FINISHED }),
	    WEIR_AGAIN);
	T_INT(end_epoch(&ma, false), INT64_MAX);
	T_INT(told, INT64_MAX);
	weir__tree_free(tr);
}

/* At its end, and the clock goes on. */
static void
test_idle(void)
{
	struct made ma;
	struct weir__tree *tr = make(&ma, 30 * S);
	int64_t wm;

	poll(&ma, (struct script){ 0, { 100 * S, 0 }, READING });
	poll(&ma, (struct script){ 1, { 0 }, WEIR_PART_AT_END });
	T_INT(end_epoch(&ma, false), INT64_MIN);
	ma.ru.clock_shift += 31 * S;
	T_INT(end_epoch(&ma, false), 90 * S);
	poll(&ma, (struct script){ 0, { 0 }, WEIR_PART_AT_END });
	ma.ru.clock_shift += 40 * S; /* idle since 10 s */
	wm = end_epoch(&ma, false);
	T(wm >= 100 * S && wm < 101 * S);
	/* rows again: time stands until they catch up */
	poll(&ma, (struct script){ 0, { 95 * S, 0 }, READING });
	T_INT(end_epoch(&ma, false), wm);
	weir__tree_free(tr);
}

static void
test_ends(void)
{
	struct made ma;
	struct weir__tree *tr = make(&ma, 0);
	struct weir_err err = { 0 };
	uint64_t rows, bytes;

	poll(&ma, (struct script){ 0, { 100 * S, 0 }, READING });
	T_INT(weir__tree_poll(tr, &ma.nodes[SOURCE], 4, 0, &rows, &bytes,
		  &err), WEIR_END);
	T_INT(end_epoch(&ma, true), INT64_MAX);
	weir__tree_free(tr);

	/* --drain: event time is left alone */
	tr = make(&ma, 0);
	ma.ru.op.drain = true;
	T_INT(weir__tree_open(tr, true, &err), WEIR_OK);
	T_INT(poll(&ma, (struct script){ 0, { 100 * S, 0 }, READING }),
	    WEIR_END); /* it has no `bound`: it stops at once */
	T_INT(end_epoch(&ma, false), INT64_MIN);
	weir__tree_free(tr);
}

/* A plugin that loses a row is found out. */
static void
test_ledger(void)
{
	struct made ma;
	struct weir__tree *tr = make(&ma, 0);
	struct weir_err err = { 0 };

	careless = true;
	poll(&ma, (struct script){ 0, { 17 * S, 18 * S, 0 }, READING });
	careless = false;
	T_INT(weir__tree_end_epoch(tr, false, &err), WEIR_ERROR);
	T_STR(err.code, "ledger");
	T(strstr(err.text, "middle took in 2 rows") != NULL);
	weir__tree_free(tr);
}

static void
test_one_row_batches(void)
{
	struct made ma;
	struct weir__tree *tr;

	setenv("WEIR_FRAG", "1", 1);
	tr = make(&ma, 0);
	unsetenv("WEIR_FRAG");
	poll(&ma, (struct script){ 2, { 100 * S, 120 * S, 13 * S, 99 * S },
	    READING });
	T_STR(weir__buf_cstr(&seen[0]), "2/0@- 2/3@110 ");
	T_STR(weir__buf_cstr(&seen[1]), "2/1@90 ");
	T_STR(weir__buf_cstr(&seen[2]),
	    "2/2@110 t.thirteen {\"at\":\"1970-01-01T00:00:13Z\"} ");
	T_INT(end_epoch(&ma, false), 110 * S);
	weir__tree_free(tr);
}

/* ---- a restart: another tree goes on with the facts of the first */

static void
go_on(struct made *ma, const struct made *from, const struct weir__buf *facts)
{
	struct weir__tree *tr = make(ma, 30 * S);
	struct weir_err err = { 0 };

	ma->ru.clock_shift = from->ru.clock_shift;
	T_INT(weir__tree_facts_load(tr, facts->data, facts->len, &err),
	    WEIR_OK);
	/* as the source would, told to go on at its positions */
	memcpy(tr->sources[0]->st.state, from->ru.tree->sources[0]->st.state,
	    sizeof(struct source_state));
}

static void
test_restart(void)
{
	static const struct script then[] = {
		{ 1, { 61 * S, 13 * S, 120 * S, 0 }, READING },
		{ 0, { 131 * S, 0 }, READING },
	};
	struct made ma, mb;
	struct weir__tree *tr = make(&ma, 30 * S);
	const struct weir__offset *at;
	struct weir__buf facts, again, out;
	int64_t wm;
	int i;

	weir__buf_init(&facts);
	weir__buf_init(&again);
	weir__buf_init(&out);
	poll(&ma, (struct script){ 0, { 100 * S, 130 * S, 0 }, READING });
	poll(&ma, (struct script){ 1, { 60 * S, 13 * S, 0 }, READING });
	weir_partition(&tr->sources[0]->st, 1, "p-one");
	weir_position_note(&tr->sources[0]->st, 1, "note", 4);
	wm = end_epoch(&ma, false);
	T_INT(wm, 50 * S);
	T_INT(weir__tree_facts_save(tr, &facts), 0);
	for (i = 0; i < 2; i++)
		poll(&ma, then[i]);
	wm = end_epoch(&ma, false);
	T_INT(wm, 110 * S);
	weir__tree_facts_save(tr, &out);

	/* the other comes from the first's end of the first epoch */
	((struct source_state *)tr->sources[0]->st.state)->next[0] = 2;
	((struct source_state *)tr->sources[0]->st.state)->next[1] = 2;
	go_on(&mb, &ma, &facts);
	weir__tree_facts_save(mb.ru.tree, &again);
	T(again.len == facts.len &&
	    memcmp(again.data, facts.data, facts.len) == 0);
	T_STR(mb.ru.tree->sources[0]->parts[1].name, "p-one");
	T_INT(mb.ru.tree->sources[0]->parts[1].note_len, 4);
	T_INT(weir__tree_offsets(mb.ru.tree, &at), 2);
	T(at[0].next == 2 && at[1].next == 2);
	T_INT(weir__tree_watermark(mb.ru.tree), 50 * S);
	for (i = 0; i < 2; i++)
		poll(&mb, then[i]);
	/* rows have the watermarks of what was before */
	T_STR(weir__buf_cstr(&seen[0]), "1/2@50 0/2@120 ");
	T_STR(weir__buf_cstr(&seen[1]), "1/4@51 ");
	T_INT(end_epoch(&mb, false), wm);
	weir__buf_clear(&again);
	weir__tree_facts_save(mb.ru.tree, &again);
	T(again.len == out.len && memcmp(again.data, out.data, out.len) == 0);
	weir__tree_free(mb.ru.tree);
	weir__tree_free(tr);
	weir__buf_fini(&facts);
	weir__buf_fini(&again);
	weir__buf_fini(&out);
}

/* Idle before the restart: not idle after it until it was looked at; and time
 * never goes back. */
static void
test_restart_idle(void)
{
	struct made ma, mb;
	struct weir__tree *tr = make(&ma, 30 * S);
	struct weir__buf facts;
	int64_t wm;

	weir__buf_init(&facts);
	poll(&ma, (struct script){ 0, { 100 * S, 0 }, READING });
	poll(&ma, (struct script){ 1, { 0 }, WEIR_PART_AT_END });
	ma.ru.clock_shift += 31 * S;
	T_INT(end_epoch(&ma, false), 90 * S);
	weir__tree_facts_save(tr, &facts);
	go_on(&mb, &ma, &facts);
	/* what was closed stays so */
	T_INT(weir_event_time(weir__tree_stage(mb.ru.tree,
		  &mb.nodes[MIDDLE])), 90 * S);
	mb.ru.clock_shift += 3600 * S; /* down for an hour */
	poll(&mb, (struct script){ 0, { 200 * S, 0 }, READING });
	T_INT(end_epoch(&mb, false), 90 * S);
	poll(&mb, (struct script){ 1, { 0 }, WEIR_PART_AT_END });
	T_INT(end_epoch(&mb, false), 90 * S);
	mb.ru.clock_shift += 31 * S;
	T_INT(end_epoch(&mb, false), 190 * S);
	/* all idle: the clock leads, and goes on leading after a restart */
	poll(&mb, (struct script){ 0, { 0 }, WEIR_PART_AT_END });
	mb.ru.clock_shift += 40 * S;
	wm = end_epoch(&mb, false);
	T(wm >= 200 * S && wm < 201 * S);
	weir__buf_clear(&facts);
	weir__tree_facts_save(mb.ru.tree, &facts);
	weir__tree_free(tr);
	go_on(&ma, &mb, &facts);
	T_INT(end_epoch(&ma, false), wm);
	poll(&ma, (struct script){ 0, { 0 }, WEIR_PART_AT_END });
	poll(&ma, (struct script){ 1, { 0 }, WEIR_PART_AT_END });
	ma.ru.clock_shift += 40 * S; /* idle since 10 s */
	T(end_epoch(&ma, false) >= wm + 10 * S);
	weir__tree_free(ma.ru.tree);
	weir__tree_free(mb.ru.tree);
	weir__buf_fini(&facts);
}

/* A stage that is gone, a new one, damage, no memory. */
static void
test_facts(void)
{
	struct made ma, mb;
	struct weir__tree *tr = make(&ma, 30 * S);
	struct weir_err err = { 0 };
	struct weir__buf facts;
	uint32_t i, silent = 0, failed = 0, k;
	size_t n;
	char *copy;
	int rc;

	weir__buf_init(&facts);
	poll(&ma, (struct script){ 0, { 100 * S, 130 * S, 60 * S, 0 },
	    READING });
	weir_partition(&tr->sources[0]->st, 0, "name");
	end_epoch(&ma, false);
	weir__tree_facts_save(tr, &facts);
	make(&mb, 30 * S);
	mb.nodes[SINK1].id = "sink1/other";
	T_INT(weir__tree_facts_load(mb.ru.tree, facts.data, facts.len, &err),
	    WEIR_OK);
	T_INT(weir__tree_counts(mb.ru.tree, &mb.nodes[SINK1])->in, 0);
	T_INT(weir__tree_counts(mb.ru.tree, &mb.nodes[SINK0])->in, 2);
	poll(&mb, (struct script){ 0, { 120 * S, 0 }, READING });
	T(end_epoch(&mb, false) != -1); /* the ledger balances */
	T_INT(weir__tree_counts(mb.ru.tree, &mb.nodes[SINK1])->in, 1);
	weir__tree_free(mb.ru.tree);
	for (i = 0; i < 3000; i++) {
		make(&mb, 30 * S);
		n = i % 2 == 0 ? i * facts.len / 3000 : facts.len;
		copy = malloc(n + 1);
		memcpy(copy, facts.data, n);
		k = (i * 2654435761u >> 8) % (uint32_t)(n + 1);
		copy[k] = (char)(i % 4 == 1 ? 0xff : copy[k] ^ 1 << i % 8);
		copy = realloc(copy, n + (n == 0));
		memset(&err, 0, sizeof err);
		rc = weir__tree_facts_load(mb.ru.tree, copy, n, &err);
		failed += rc != WEIR_OK;
		silent += rc != WEIR_OK && strcmp(err.code, "state.damaged") &&
		    strcmp(err.code, "memory");
		weir__tree_free(mb.ru.tree);
		free(copy);
	}
	T(failed >= 1500);
	T_INT(silent, 0);
	for (i = 1, failed = 0; i < 20; i++) {
		make(&mb, 30 * S);
		weir__alloc_fail_at(i, 0);
		rc = weir__tree_facts_load(mb.ru.tree, facts.data, facts.len,
		    &err);
		weir__alloc_fail_at(0, 0);
		failed += rc != WEIR_OK;
		weir__tree_free(mb.ru.tree);
	}
	T(failed >= 3 && failed < 19);
	weir__tree_free(tr);
	weir__buf_fini(&facts);
}

int
main(void)
{
	int i;

	unsetenv("WEIR_FRAG");
	for (i = 0; i < 3; i++)
		weir__buf_init(&seen[i]);
	test_partitions();
	test_idle();
	test_ends();
	test_ledger();
	test_one_row_batches();
	test_restart();
	test_restart_idle();
	test_facts();
	for (i = 0; i < 3; i++)
		weir__buf_fini(&seen[i]);
	return t_done();
}
