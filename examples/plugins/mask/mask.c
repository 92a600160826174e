/* SPDX-License-Identifier: MIT
 *
 * A complete plugin: mask.text(card, keep: 4) replaces all but the last
 * characters of a text column by stars.
 *
 *	cc -std=c11 -shared -fPIC $(pkg-config --cflags weir) -o mask.so mask.c
 *	weir run --plugin-dir . example.weir
 */
#include <weir/plugin.h>

struct mask_config {
	struct weir_config head;
	int32_t column;
	int64_t keep;
};

/* Once a stage: the column becomes a new one, all others are passed on. */
static int
mask_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct mask_config *cf = config;
	const struct weir_schema *in = weir_input(bi, 0);
	uint32_t i;
	int rc;

	if (in->cols[cf->column].type->kind != WEIR_STRING)
		return weir_option_fail(bi, "column", err, "mask.type",
		    "expected a column of text, but \"%s\" is none",
		    in->cols[cf->column].name);
	for (i = 0; i < in->ncols; i++) {
		rc = (int32_t)i == cf->column ?
		    weir_out_field(bi, 0, &in->cols[i]) :
		    weir_out_pass(bi, 0, 0, i, NULL);
		if (rc != WEIR_OK)
			return WEIR_ERROR;
	}
	return weir_reads(bi, 0, (uint32_t)cf->column);
}

/* One value, in memory of the batch. */
static int
mask_one(struct weir_stage *st, struct weir_batch *out, struct weir_str *to,
    const struct weir_str *from, size_t keep)
{
	size_t i, n = from->len, stars = n > keep ? n - keep : 0;
	char *p = weir_batch_alloc(st, out, n);

	if (p == NULL)
		return WEIR_ERROR;
	memcpy(p, weir_str_data(from), n);
	for (i = 0; i < stars; i++)
		p[i] = '*';
	*to = weir_str_make(p, n);
	return WEIR_OK;
}

static int
mask_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err)
{
	const struct mask_config *cf = st->config;
	struct weir_batch *out = weir_batch_derive(st, 0, b, NULL, b->nrows);
	const struct weir_column *from = &b->cols[cf->column];
	struct weir_column *to;
	uint32_t i;

	(void)input;
	if (out == NULL)
		return WEIR_ERROR;
	to = &out->cols[cf->column];
	to->valid = from->valid;
	for (i = 0; i < b->nrows && weir_present(to); i++)
		if (weir_valid(from, i) &&
		    mask_one(st, out, &to->u.str[i], &from->u.str[i],
			(size_t)cf->keep) != WEIR_OK) {
			weir_batch_unref(st, out);
			return WEIR_ERROR;
		}
	return weir_emit(st, 0, out, err);
}

static const struct weir_option opt_column = {
	.size = sizeof(struct weir_option),
	.name = "column",
	.type = WEIR_OPT_COLUMN,
	.flags = WEIR_OPTF_POSITIONAL | WEIR_OPTF_REQUIRED,
	.offset = offsetof(struct mask_config, column),
	.help = "The column of text to mask.",
};

static const struct weir_option opt_keep = {
	.size = sizeof(struct weir_option),
	.name = "keep",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct mask_config, keep),
	.def = "4",
	.min = 0,
	.max = 1000,
	.unit = "bytes",
	.help = "How many bytes at the end stay readable.",
};

static const struct weir_option *const mask_options[] = {
	&opt_column,
	&opt_keep,
	NULL,
};

static const struct weir_stage_type mask_text = {
	.size = sizeof(struct weir_stage_type),
	.verb = "text",
	.summary = "replace all but the end of a text by stars",
	.role = WEIR_TRANSFORM,
	.options = mask_options,
	.config_size = sizeof(struct mask_config),
	.bind = mask_bind,
	.process = mask_process,
};

static const struct weir_stage_type *const mask_stages[] = {
	&mask_text,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "mask",
	.version = "1.0",
	.summary = "hides parts of texts",
	.stages = mask_stages,
};
