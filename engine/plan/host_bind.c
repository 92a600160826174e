/* SPDX-License-Identifier: MIT
 *
 * What a plugin's bind may call: output columns, reads, tables, errors.
 */
#include "plan/host_bind.h"

#include <stdio.h>

#include "batch/batch.h"
#include "plan/build.h"

uint32_t
weir__bind_inputs(struct weir_bind *bi)
{
	return bi->nd->ninputs;
}

const struct weir_schema *
weir__bind_input(struct weir_bind *bi, uint32_t i)
{
	return i < bi->nd->ninputs ? bi->nd->inputs[i].schema : NULL;
}

uint32_t
weir__bind_stream_input(const struct weir_stream *sm)
{
	return sm->input;
}

const char *
weir__bind_stream_alias(const struct weir_stream *sm)
{
	return sm->alias;
}

void *
weir__bind_plan_alloc(struct weir_bind *bi, size_t n)
{
	return weir__arena_zalloc(bi->bu->ar, n);
}

const struct weir_type *
weir__bind_make_type(struct weir_bind *bi, enum weir_kind kind, int precision,
    int scale, const struct weir_field *fields, uint32_t nfields)
{
	struct weir_type *ty;

	if (!weir_type_nested(&(struct weir_type){ .kind = (uint8_t)kind }) &&
	    kind != WEIR_DECIMAL)
		return weir__type_scalar(kind);
	ty = weir__arena_zalloc(bi->bu->ar, sizeof *ty);
	if (ty == NULL)
		return NULL;
	ty->kind = (uint8_t)kind;
	ty->precision = (uint8_t)precision;
	ty->scale = (uint8_t)scale;
	ty->nfields = nfields;
	if (nfields != 0)
		ty->fields = weir__fields_copy(bi->bu->ar, fields, nfields);
	return nfields == 0 || ty->fields != NULL ? ty : NULL;
}

struct weir_span
weir__bind_option_span(struct weir_bind *bi, const char *name)
{
	const struct weir_option *const *op = bi->nd->type->options;
	size_t i;

	for (i = 0; op != NULL && op[i] != NULL; i++) {
		if (strcmp(op[i]->name, name) != 0)
			continue;
		if ((op[i]->flags & WEIR_OPTF_BRACES) != 0 &&
		    bi->nd->ast->has_braces)
			return bi->nd->ast->braces;
		if (bi->dr->slots.span[i].src != 0)
			return bi->dr->slots.span[i];
	}
	return bi->nd->span;
}

int
weir__bind_option_fail(struct weir_bind *bi, const char *name,
    struct weir_err *err, const char *code, const char *fmt, ...)
{
	char text[sizeof err->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return weir_fail(err, weir__bind_option_span(bi, name), code, "%s",
	    text);
}

const char *
weir__bind_local_path(struct weir_bind *bi, struct weir_str path)
{
	struct weir__arena *ar = bi->bu->ar;
	const char *pipeline = bi->bu->pl->path;
	const char *slash = strrchr(pipeline, '/');
	const char *p = weir_str_data(&path);

	if (path.len == 0 || p[0] == '/' || slash == NULL)
		p = weir__arena_strndup(ar, p, path.len);
	else
		p = weir__arena_printf(ar, "%.*s/%.*s",
		    (int)(slash - pipeline), pipeline, (int)path.len, p);
	if (p != NULL && weir__build_file(bi->bu, bi->nd, p) != 0)
		return NULL;
	return p;
}

/* ---------------------------------------------------------- output columns */

static int
add_out(struct weir_bind *bi, uint32_t port, const struct weir_field *fi,
    struct weir__out out)
{
	struct weir__draft_port *dp;
	struct weir_field *cols;
	struct weir__out *outs;
	uint32_t cap;

	if (port + 1 >= bi->nd->nports)
		return WEIR_ERROR;
	dp = &bi->dr->ports[port];
	if (dp->n == dp->cap) {
		cap = dp->cap != 0 ? 2 * dp->cap : 16;
		cols = weir__build_alloc(bi->bu, cap * sizeof *cols);
		outs = weir__build_alloc(bi->bu, cap * sizeof *outs);
		if (cols == NULL || outs == NULL)
			return WEIR_ERROR;
		if (dp->n != 0) {
			memcpy(cols, dp->cols, dp->n * sizeof *cols);
			memcpy(outs, dp->outs, dp->n * sizeof *outs);
		}
		dp->cols = cols;
		dp->outs = outs;
		dp->cap = cap;
	}
	dp->cols[dp->n] = *fi;
	dp->cols[dp->n].name = weir__arena_strdup(bi->bu->ar, fi->name);
	if (dp->cols[dp->n].name == NULL) {
		weir__build_oom(bi->bu);
		return WEIR_ERROR;
	}
	dp->outs[dp->n++] = out;
	return WEIR_OK;
}

int
weir__bind_out_field(struct weir_bind *bi, uint32_t port,
    const struct weir_field *fi)
{
	return add_out(bi, port, fi,
	    (struct weir__out){ .how = WEIR__OUT_NEW });
}

int
weir__bind_out_pass(struct weir_bind *bi, uint32_t port, uint32_t input,
    uint32_t col, const char *name)
{
	const struct weir_schema *sc = weir__bind_input(bi, input);
	struct weir_field fi;

	if (sc == NULL || col >= sc->ncols)
		return WEIR_ERROR;
	fi = sc->cols[col];
	if (name != NULL)
		fi.name = name;
	return add_out(bi, port, &fi,
	    (struct weir__out){
		.how = WEIR__OUT_PASS, .input = input, .col = col });
}

int
weir__bind_out_expr(struct weir_bind *bi, const char *name,
    const struct weir_expr *ex)
{
	struct weir_field fi = {
		.name = name,
		.type = weir__expr_type(ex),
		.required = weir__expr_required(ex),
		.span = weir__expr_span(ex),
	};

	return add_out(bi, 0, &fi,
	    (struct weir__out){ .how = WEIR__OUT_EXPR, .expr = ex });
}

int
weir__bind_out_filter(struct weir_bind *bi, const struct weir_expr *ex)
{
	bi->nd->filter = ex;
	return WEIR_OK;
}

int
weir__bind_out_changes(struct weir_bind *bi, uint32_t port,
    const uint32_t *keys, uint32_t nkeys)
{
	struct weir__draft_port *dp;
	uint32_t *own;

	if (port + 1 >= bi->nd->nports)
		return WEIR_ERROR;
	own = weir__build_alloc(bi->bu, (nkeys + 1) * sizeof *own);
	if (own == NULL)
		return WEIR_ERROR;
	if (nkeys != 0)
		memcpy(own, keys, nkeys * sizeof *own);
	dp = &bi->dr->ports[port];
	dp->changes = true;
	dp->keys = own;
	dp->nkeys = nkeys;
	return WEIR_OK;
}

int
weir__bind_out_event_time(struct weir_bind *bi, uint32_t port, uint32_t col)
{
	if (port + 1 >= bi->nd->nports)
		return WEIR_ERROR;
	bi->dr->ports[port].event_time = (int32_t)col;
	return WEIR_OK;
}

int
weir__bind_out_event_end(struct weir_bind *bi, uint32_t port, uint32_t col)
{
	if (weir__bind_out_event_time(bi, port, col) != WEIR_OK)
		return WEIR_ERROR;
	bi->dr->ports[port].event_end = true;
	return WEIR_OK;
}

/* ------------------------------------------------------- reads, time, state */

int
weir__bind_reads(struct weir_bind *bi, uint32_t input, uint32_t col)
{
	struct weir__input *in;

	if (input >= bi->nd->ninputs)
		return WEIR_ERROR;
	in = &bi->nd->inputs[input];
	bi->dr->reads_said = true;
	if (in->schema == NULL || col >= in->schema->ncols)
		return WEIR_ERROR;
	in->reads[col] = 1;
	return WEIR_OK;
}

int
weir__bind_reads_all(struct weir_bind *bi, uint32_t input)
{
	struct weir__input *in;

	if (input >= bi->nd->ninputs)
		return WEIR_ERROR;
	in = &bi->nd->inputs[input];
	bi->dr->reads_said = true;
	memset(in->reads, 1, in->schema->ncols);
	return WEIR_OK;
}

int
weir__bind_watermark(struct weir_bind *bi, uint32_t col, int64_t delay,
    int64_t idle, int64_t max_ahead)
{
	bi->nd->watermark = (struct weir__watermark){
		.on = true,
		.col = col,
		.delay = delay,
		.idle = idle,
		.max_ahead = max_ahead,
	};
	return WEIR_OK;
}

void
weir__bind_sink_spool(struct weir_bind *bi)
{
	bi->nd->spool = true;
}

const struct weir_table *
weir__bind_table(struct weir_bind *bi, const struct weir_table_spec *spec)
{
	struct weir_table *ta = weir__build_alloc(bi->bu, sizeof *ta), **at;
	const struct weir_type **keys;
	uint32_t i;

	keys = weir__build_alloc(bi->bu, (spec->nkeys + 1) * sizeof *keys);
	if (ta == NULL || keys == NULL)
		return NULL;
	for (i = 0; i < spec->nkeys; i++)
		keys[i] = spec->keys[i];
	memcpy(&ta->spec, spec, spec->size < sizeof *spec ? spec->size :
							    sizeof *spec);
	ta->spec.keys = keys;
	ta->spec.name = weir__arena_strdup(bi->bu->ar, spec->name);
	if (ta->spec.name == NULL)
		return NULL;
	ta->node = bi->nd;
	ta->no = bi->nd->ntables++;
	for (at = &bi->nd->tables; *at != NULL; at = &(*at)->next)
		;
	*at = ta;
	return ta;
}
