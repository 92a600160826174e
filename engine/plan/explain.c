/* SPDX-License-Identifier: MIT
 *
 * The plan as text, and as a graph for dot(1).
 */
#include "batch/batch.h"
#include "plan/plan.h"

static void
print_column(struct weir__buf *bf, const struct weir__port *po, uint32_t c)
{
	const struct weir_field *fi = &po->schema.cols[c];

	weir__ast_name_print(bf, fi->name);
	weir__buf_str(bf, ": ");
	weir__type_print(bf, fi->type);
	if (fi->required)
		weir__buf_chr(bf, '!');
	if ((int32_t)c == po->schema.event_time)
		weir__buf_str(bf, " (event time)");
	if (po->wanted != NULL && !po->wanted[c])
		weir__buf_str(bf, " (not read)");
}

static void
print_readers(struct weir__buf *bf, const struct weir__port *po)
{
	size_t e;

	for (e = 0; e < po->nedges; e++)
		weir__buf_printf(bf, "%s %s", e == 0 ? " ->" : ",",
		    po->edges[e].to->id);
	weir__buf_chr(bf, '\n');
}

static void
print_port(struct weir__buf *bf, const struct weir__node *nd, uint32_t p)
{
	const struct weir__port *po = &nd->ports[p];
	uint32_t c;

	if (po->nedges == 0)
		return;
	weir__buf_printf(bf, "    %s", p == 0 ? "rows" : po->name);
	if (po->schema.kind == WEIR_CHANGES)
		weir__buf_str(bf, " (changes)");
	print_readers(bf, po);
	if (p + 1 == nd->nports)
		return;
	for (c = 0; c < po->schema.ncols; c++) {
		weir__buf_str(bf, "        ");
		print_column(bf, po, c);
		weir__buf_chr(bf, '\n');
	}
}

static void
print_facts(struct weir__buf *bf, const struct weir__node *nd)
{
	const struct weir_table *ta;

	if (nd->target != NULL && nd->target[0] != '\0')
		weir__buf_printf(bf, "    writes to %s\n", nd->target);
	if (nd->engine_run && !nd->watermark.on)
		weir__buf_str(bf, "    run by the engine, in one pass with its "
				  "neighbours\n");
	if (nd->filter != NULL) {
		weir__buf_str(bf, "    keeps rows where ");
		weir__expr_print(bf, nd->filter);
		weir__buf_chr(bf, '\n');
	}
	if (nd->watermark.on)
		weir__buf_printf(bf, "    watermark on %s, delay %gs\n",
		    nd->inputs[0].schema->cols[nd->watermark.col].name,
		    (double)nd->watermark.delay / 1e6);
	for (ta = nd->tables; ta != NULL; ta = ta->next)
		weir__buf_printf(bf, "    keeps state \"%s\": %u key columns, "
		    "%zu bytes a key\n", ta->spec.name, ta->spec.nkeys,
		    ta->spec.slot_size);
}

void
weir__plan_explain(struct weir__buf *bf, const struct weir__plan *pl)
{
	const struct weir__node *nd;
	size_t i;
	uint32_t p;

	for (i = 0; i < pl->nnodes; i++) {
		nd = pl->nodes[i];
		weir__buf_printf(bf, "%s%s", i == 0 ? "" : "\n", nd->id);
		if (nd->stream[0] != '\0')
			weir__buf_printf(bf, "  (%s)", nd->stream);
		weir__buf_chr(bf, '\n');
		print_facts(bf, nd);
		for (p = 0; p < nd->nports; p++)
			print_port(bf, nd, p);
	}
}

/* In a label of dot, these three are escaped. */
static void
dot_text(struct weir__buf *bf, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			weir__buf_chr(bf, '\\');
		weir__buf_chr(bf, *s);
	}
}

void
weir__plan_dot(struct weir__buf *bf, const struct weir__plan *pl)
{
	static const char *const shapes[] = { "", "house", "box", "cylinder" };
	const struct weir__node *nd;
	const struct weir__port *po;
	size_t i, e;
	uint32_t p;

	weir__buf_str(bf, "digraph \"");
	dot_text(bf, pl->stem);
	weir__buf_str(bf, "\" {\n\trankdir=LR;\n");
	for (i = 0; i < pl->nnodes; i++) {
		nd = pl->nodes[i];
		weir__buf_printf(bf, "\tn%u [shape=%s, label=\"", nd->no,
		    shapes[nd->type->role]);
		dot_text(bf, nd->id);
		if (nd->target != NULL && nd->target[0] != '\0') {
			weir__buf_str(bf, "\\n");
			dot_text(bf, nd->target);
		}
		weir__buf_str(bf, "\"];\n");
		for (p = 0; p < nd->nports; p++) {
			po = &nd->ports[p];
			for (e = 0; e < po->nedges; e++)
				weir__buf_printf(bf,
				    p == 0 ? "\tn%u -> n%u;\n" :
					     "\tn%u -> n%u [style=dashed, "
					     "label=\"%s\"];\n",
				    nd->no, po->edges[e].to->no, po->name);
		}
	}
	weir__buf_str(bf, "}\n");
}
