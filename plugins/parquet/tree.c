/* SPDX-License-Identifier: MIT
 *
 * A file's schema as columns: groups become lists, maps and structs.
 */
#include "tree.h"

#include <stdio.h>

#include "kinds.h"

#define MAX_DEPTH 32
#define MAX_LEVEL 200

struct grow {
	struct pq_tree *tr;
	const struct pq_meta *m;
	const char *file;
	struct weir_err *err;
	uint32_t at;   /* the next node */
	uint32_t leaf; /* the next leaf */
	const char *top; /* the column, for messages */
	uint32_t top_len;
};

static int
out_of_memory(const struct grow *gr)
{
	return gr->tr->ho->fail(gr->err, WEIR_NOWHERE, "parquet.memory",
	    "out of memory");
}

static int
unreadable(const struct grow *gr, const char *what)
{
	return gr->tr->ho->fail(gr->err, WEIR_NOWHERE, "parquet.type",
	    "\"%s\": column \"%.*s\" is %s, which parquet.read does not read",
	    gr->file, (int)gr->top_len, gr->top, what);
}

static int
set_name(const struct grow *gr, struct pq_field *fi, const struct pq_node *no)
{
	fi->name = gr->tr->ho->alloc(no->name_len + 1);
	if (fi->name == NULL)
		return out_of_memory(gr);
	memcpy(fi->name, no->name, no->name_len);
	fi->name[no->name_len] = '\0';
	return WEIR_OK;
}

/* Nodes of the subtree at `at`. */
static uint32_t
subtree(const struct pq_meta *m, uint32_t at)
{
	uint64_t left = 1;
	uint32_t i = at;

	/* the counts have been checked to make a tree */
	while (left > 0 && i < m->nnodes) {
		left += m->nodes[i].nchildren;
		left--;
		i++;
	}
	return i - at;
}

static int grow_field(struct grow *gr, struct pq_field *fi, uint8_t def,
    uint8_t rep, int depth);

static int
sub_fields(struct grow *gr, struct pq_field *fi, uint32_t n)
{
	fi->sub = gr->tr->ho->zalloc((n + 1) * sizeof *fi->sub);
	if (fi->sub == NULL)
		return out_of_memory(gr);
	fi->nsub = n;
	return WEIR_OK;
}

static int
grow_leaf(struct grow *gr, struct pq_field *fi, uint8_t def, uint8_t rep)
{
	const struct pq_node *no = &gr->m->nodes[gr->at++];
	const char *what;

	fi->leaf = gr->leaf++;
	fi->nleaves = 1;
	fi->phys = no->phys;
	fi->fixed_len = no->fixed_len;
	fi->max_def = def;
	fi->max_rep = rep;
	what = pq_kind_of(fi, no);
	return what != NULL ? unreadable(gr, what) : WEIR_OK;
}

static int
grow_struct(struct grow *gr, struct pq_field *fi, uint8_t def, uint8_t rep,
    int depth)
{
	uint32_t n = gr->m->nodes[gr->at++].nchildren, i;

	if (n == 0)
		return unreadable(gr, "a group without columns");
	fi->type.kind = WEIR_STRUCT;
	fi->leaf = gr->leaf;
	if (sub_fields(gr, fi, n) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		if (grow_field(gr, &fi->sub[i], def, rep, depth + 1) !=
		    WEIR_OK)
			return WEIR_ERROR;
	fi->nleaves = gr->leaf - fi->leaf;
	return WEIR_OK;
}

static bool
is_named(const struct pq_node *no, const char *name)
{
	return no->name_len == strlen(name) &&
	    memcmp(no->name, name, no->name_len) == 0;
}

/* Is the repeated node itself the element (LogicalTypes.md, "Backward-
 * compatibility rules")? */
static bool
is_element(const struct pq_node *list, const struct pq_node *rep)
{
	static const char tuple[] = "_tuple";
	size_t n = list->name_len, m = sizeof tuple - 1;

	if (rep->phys >= 0 || rep->nchildren != 1 || is_named(rep, "array"))
		return true;
	return rep->name_len == n + m &&
	    memcmp(rep->name, list->name, n) == 0 &&
	    memcmp(rep->name + n, tuple, m) == 0;
}

/* The element of a list, whose repeated node is next. */
static int
grow_element(struct grow *gr, struct pq_field *fi, bool itself, uint8_t def,
    uint8_t rep, int depth)
{
	struct pq_field *el;

	fi->type.kind = WEIR_LIST;
	fi->leaf = gr->leaf;
	if (sub_fields(gr, fi, 1) != WEIR_OK)
		return WEIR_ERROR;
	el = &fi->sub[0];
	if (!itself) {
		gr->at++;
		if (grow_field(gr, el, def, rep, depth + 1) != WEIR_OK)
			return WEIR_ERROR;
	} else {
		el->required = true;
		el->slot_def = def;
		el->rep = rep;
		if (set_name(gr, el, &gr->m->nodes[gr->at]) != WEIR_OK)
			return WEIR_ERROR;
		if ((gr->m->nodes[gr->at].phys >= 0
			? grow_leaf(gr, el, def, rep)
			: grow_struct(gr, el, def, rep, depth + 1)) != WEIR_OK)
			return WEIR_ERROR;
	}
	fi->nleaves = gr->leaf - fi->leaf;
	return WEIR_OK;
}

/* A map: a repeated group of a key and a value. */
static int
grow_map(struct grow *gr, struct pq_field *fi, uint8_t def, uint8_t rep,
    int depth)
{
	const struct pq_node *kv = &gr->m->nodes[gr->at + 1];
	uint32_t i;

	if (kv->repetition != PQ_REPEATED || kv->phys >= 0 ||
	    kv->nchildren != 2)
		return unreadable(gr, "a map without keys and values");
	gr->at += 2;
	fi->type.kind = WEIR_MAP;
	fi->leaf = gr->leaf;
	if (sub_fields(gr, fi, 2) != WEIR_OK)
		return WEIR_ERROR;
	for (i = 0; i < 2; i++)
		if (grow_field(gr, &fi->sub[i], (uint8_t)(def + 1),
			(uint8_t)(rep + 1), depth + 1) != WEIR_OK)
			return WEIR_ERROR;
	fi->nleaves = gr->leaf - fi->leaf;
	return WEIR_OK;
}

static int
grow_group(struct grow *gr, struct pq_field *fi, uint8_t def, uint8_t rep,
    int depth)
{
	const struct pq_node *no = &gr->m->nodes[gr->at];
	bool list = no->logical == PQ_L_LIST || no->converted == PQ_C_LIST;
	bool map = no->logical == PQ_L_MAP || no->converted == PQ_C_MAP ||
	    no->converted == PQ_C_MAP_KEY_VALUE;

	if (no->nchildren == 1 && map)
		return grow_map(gr, fi, def, rep, depth);
	if (no->nchildren == 1 && list && no[1].repetition == PQ_REPEATED) {
		gr->at++;
		return grow_element(gr, fi, is_element(no, no + 1),
		    (uint8_t)(def + 1), (uint8_t)(rep + 1), depth);
	}
	return grow_struct(gr, fi, def, rep, depth);
}

/* The field whose node is next; there is a slot for it at level `def`. */
static int
grow_field(struct grow *gr, struct pq_field *fi, uint8_t def, uint8_t rep,
    int depth)
{
	const struct pq_node *no = &gr->m->nodes[gr->at];

	if (depth > MAX_DEPTH || def > MAX_LEVEL)
		return unreadable(gr, "nested more than 32 deep");
	fi->slot_def = def;
	fi->rep = rep;
	fi->required = no->repetition != PQ_OPTIONAL;
	if (set_name(gr, fi, no) != WEIR_OK)
		return WEIR_ERROR;
	/* repeated without a list around it: a list that is never null */
	if (no->repetition == PQ_REPEATED)
		return grow_element(gr, fi, true, (uint8_t)(def + 1),
		    (uint8_t)(rep + 1), depth);
	def += no->repetition == PQ_OPTIONAL;
	if (no->phys >= 0)
		return grow_leaf(gr, fi, def, rep);
	return grow_group(gr, fi, def, rep, depth);
}

/* The field of a leaf by its number. */
static struct pq_field *
field_of(struct pq_tree *tr, uint32_t leaf)
{
	uint32_t i;

	for (i = 0; i < tr->ncols; i++)
		if (leaf < tr->cols[i].leaf + tr->cols[i].nleaves)
			return (struct pq_field *)(uintptr_t)pq_tree_leaf(
			    &tr->cols[i], leaf);
	return NULL;
}

/* The path of a leaf and what stands in the file's notes under it. */
struct path {
	char text[1024];
	size_t len[3 * MAX_DEPTH]; /* where each level's name begins */
	uint32_t left[3 * MAX_DEPTH]; /* children still to come there */
	uint32_t depth;
};

static void
path_down(struct path *pa, const struct pq_node *no)
{
	size_t n = pa->len[pa->depth];
	int got;

	got = snprintf(pa->text + n, sizeof pa->text - n, "%s%.*s",
	    pa->depth == 0 ? "weir.type:" : ".", (int)no->name_len, no->name);
	n += got > 0 ? (size_t)got : 0;
	if (n >= sizeof pa->text)
		n = sizeof pa->text - 1;
	pa->depth++;
	pa->len[pa->depth] = n;
	pa->left[pa->depth] = no->nchildren;
}

/* Leaves that the file says are something else of ours. */
static void
apply_notes(struct pq_tree *tr, const struct pq_meta *m)
{
	const struct pq_pair *note;
	struct pq_field *fi;
	struct path pa;
	uint32_t i, leaf = 0;

	memset(&pa, 0, sizeof pa);
	for (i = 1; m->npairs != 0 && i < m->nnodes; i++) {
		/* grow_field has refused what is nested deeper */
		if (pa.depth + 1 >= 3 * MAX_DEPTH)
			return;
		path_down(&pa, &m->nodes[i]);
		if (m->nodes[i].phys >= 0) {
			fi = field_of(tr, leaf++);
			note = pq_meta_note(m, pa.text);
			if (note != NULL && fi != NULL &&
			    fi->type.kind == WEIR_INT64 &&
			    note->value_len == 8 &&
			    memcmp(note->value, "duration", 8) == 0)
				fi->type.kind = WEIR_DURATION;
		}
		while (pa.depth > 0 && pa.left[pa.depth] == 0) {
			pa.depth--;
			if (pa.depth > 0)
				pa.left[pa.depth]--;
		}
	}
}

int
pq_tree_make(struct pq_tree *tr, const struct pq_meta *m, const char *name,
    struct weir_err *err)
{
	struct grow gr = { .tr = tr, .m = m, .file = name, .err = err };
	uint32_t n = m->nodes[0].nchildren, i;

	tr->ho = m->ho;
	tr->ncols = 0;
	tr->cols = tr->ho->zalloc((n + 1) * sizeof *tr->cols);
	if (tr->cols == NULL)
		return out_of_memory(&gr);
	tr->ncols = n;
	gr.at = 1;
	for (i = 0; i < n; i++) {
		uint32_t end = gr.at + subtree(m, gr.at);

		gr.top = m->nodes[gr.at].name;
		gr.top_len = m->nodes[gr.at].name_len;
		if (grow_field(&gr, &tr->cols[i], 0, 0, 0) != WEIR_OK)
			return WEIR_ERROR;
		if (gr.at != end)
			return unreadable(&gr, "a group that cannot be "
			    "understood");
	}
	apply_notes(tr, m);
	return WEIR_OK;
}

static void
free_field(const struct weir_host *ho, struct pq_field *fi)
{
	uint32_t i;

	for (i = 0; i < fi->nsub; i++)
		free_field(ho, &fi->sub[i]);
	if (fi->sub != NULL)
		ho->free(fi->sub);
	if (fi->name != NULL)
		ho->free(fi->name);
}

void
pq_tree_fini(struct pq_tree *tr)
{
	uint32_t i;

	if (tr->ho == NULL || tr->cols == NULL)
		return;
	for (i = 0; i < tr->ncols; i++)
		free_field(tr->ho, &tr->cols[i]);
	tr->ho->free(tr->cols);
	tr->cols = NULL;
	tr->ncols = 0;
}

const struct pq_field *
pq_tree_leaf(const struct pq_field *fi, uint32_t leaf)
{
	uint32_t i;

	while (fi->nsub != 0) {
		for (i = 0; i + 1 < fi->nsub; i++)
			if (leaf < fi->sub[i].leaf + fi->sub[i].nleaves)
				break;
		fi = &fi->sub[i];
	}
	return fi;
}

/* ---- comparing */

static bool
same_field(const struct pq_field *a, const struct pq_field *b)
{
	uint32_t i;

	if (a->type.kind != b->type.kind || a->nsub != b->nsub ||
	    a->type.precision != b->type.precision ||
	    a->type.scale != b->type.scale || a->required != b->required)
		return false;
	for (i = 0; i < a->nsub; i++)
		if (!same_field(&a->sub[i], &b->sub[i]) ||
		    (a->type.kind == WEIR_STRUCT &&
			strcmp(a->sub[i].name, b->sub[i].name) != 0))
			return false;
	return true;
}

int
pq_tree_same(const struct pq_tree *a, const char *a_name,
    const struct pq_tree *b, const char *b_name, struct weir_err *err)
{
	char want[200], found[200];
	uint32_t i;

	for (i = 0; i < a->ncols || i < b->ncols; i++) {
		const struct pq_field *x = i < a->ncols ? &a->cols[i] : NULL;
		const struct pq_field *y = i < b->ncols ? &b->cols[i] : NULL;

		if (x != NULL && y != NULL && same_field(x, y) &&
		    strcmp(x->name, y->name) == 0)
			continue;
		snprintf(want, sizeof want, "no column %u", i + 1);
		snprintf(found, sizeof found, "none");
		if (x != NULL)
			pq_type_text(want, sizeof want, x);
		if (y != NULL)
			pq_type_text(found, sizeof found, y);
		return a->ho->fail(err, WEIR_NOWHERE, "parquet.schema",
		    "the files do not have the same columns: \"%s\" has %s "
		    "where \"%s\" has %s; read them apart", a_name, want,
		    b_name, found);
	}
	return WEIR_OK;
}

/* ---- types */

static void
type_add(char *to, size_t cap, const char *text)
{
	size_t n = strlen(to);

	if (n + 1 < cap)
		snprintf(to + n, cap - n, "%s", text);
}

static void
type_text(char *to, size_t cap, const struct pq_field *fi)
{
	static const char *const name[WEIR_KINDS] = { "null", "bool", "int32",
		"int64", "float32", "float64", "decimal", "string", "bytes",
		"timestamp", "date", "duration", "json", "list", "map",
		"struct" };
	char num[32];
	uint32_t i;

	type_add(to, cap, name[fi->type.kind]);
	if (fi->type.kind == WEIR_DECIMAL) {
		snprintf(num, sizeof num, "(%d, %d)", fi->type.precision,
		    fi->type.scale);
		type_add(to, cap, num);
	}
	if (fi->type.kind == WEIR_LIST || fi->type.kind == WEIR_MAP) {
		type_add(to, cap, "(");
		type_text(to, cap, &fi->sub[fi->nsub - 1]);
		type_add(to, cap, ")");
	}
	if (fi->type.kind == WEIR_STRUCT) {
		type_add(to, cap, " { ");
		for (i = 0; i < fi->nsub; i++) {
			type_add(to, cap, i == 0 ? "" : ", ");
			type_add(to, cap, fi->sub[i].name);
			type_add(to, cap, ": ");
			type_text(to, cap, &fi->sub[i]);
		}
		type_add(to, cap, " }");
	}
	if (fi->required)
		type_add(to, cap, "!");
}

void
pq_type_text(char *to, size_t cap, const struct pq_field *fi)
{
	snprintf(to, cap, "%s: ", fi->name);
	type_text(to, cap, fi);
}

const struct weir_type *
pq_tree_type(struct weir_bind *bi, const struct pq_field *fi)
{
	const struct weir_host *ho = WEIR_BIND_HOST(bi);
	struct weir_field *fs = NULL;
	char *name;
	uint32_t i;
	size_t n;

	if (fi->nsub != 0) {
		fs = ho->plan_alloc(bi, fi->nsub * sizeof *fs);
		if (fs == NULL)
			return NULL;
	}
	for (i = 0; i < fi->nsub; i++) {
		n = strlen(fi->sub[i].name) + 1;
		name = ho->plan_alloc(bi, n);
		fs[i].type = pq_tree_type(bi, &fi->sub[i]);
		if (name == NULL || fs[i].type == NULL)
			return NULL;
		memcpy(name, fi->sub[i].name, n);
		fs[i].name = name;
		fs[i].required = fi->sub[i].required;
	}
	return ho->make_type(bi, (enum weir_kind)fi->type.kind,
	    fi->type.precision, fi->type.scale, fs, fi->nsub);
}
