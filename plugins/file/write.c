/* SPDX-License-Identifier: MIT
 *
 * file.write: the text of one column, a line a row.
 */
#include <stdio.h>

#include "../common/filesink.h"
#include "file.h"

struct file_write_config {
	struct fsink_config sink;
	int32_t column;
	struct weir_str extension;

	struct fsink_format format;
};

static int
line_rows(struct fsink_file *f, const struct weir_batch *b,
    const uint32_t *rows, uint32_t n, struct weir_err *err)
{
	const struct file_write_config *cf =
	    (const struct file_write_config *)f->env.cf;
	const struct weir_column *co = &b->cols[cf->column];
	uint32_t i, r;

	for (i = 0; i < n; i++) {
		r = rows != NULL ? rows[i] : i;
		if (weir_present(co) && weir_valid(co, r) &&
		    fsink_put(f, weir_str_data(&co->u.str[r]),
			co->u.str[r].len, err) != WEIR_OK)
			return WEIR_ERROR;
		if (fsink_put(f, "\n", 1, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
find_value(struct weir_bind *bi, struct file_write_config *cf,
    struct weir_err *err)
{
	const struct weir_schema *sc = weir_input(bi, 0);
	uint32_t i;

	for (i = 0; cf->column < 0 && i < sc->ncols; i++)
		if (strcmp(sc->cols[i].name, "value") == 0)
			cf->column = (int32_t)i;
	if (cf->column < 0)
		return weir_option_fail(bi, "column", err, "file.column",
		    "there is no column \"value\" to write; make one with "
		    "json.encode(), or say which: column: name");
	if (!weir_type_textual(sc->cols[cf->column].type))
		return weir_option_fail(bi, "column", err, "type.mismatch",
		    "\"%s\" is no text; make some of it with json.encode() or "
		    "cast(%s as string)", sc->cols[cf->column].name,
		    sc->cols[cf->column].name);
	return WEIR_OK;
}

static int
file_write_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct file_write_config *cf = config;
	char *ext;

	if (find_value(bi, cf, err) != WEIR_OK)
		return WEIR_ERROR;
	if (cf->extension.len == 0 || memchr(weir_str_data(&cf->extension), '/',
		cf->extension.len) != NULL)
		return weir_option_fail(bi, "extension", err, "file.extension",
		    "the extension must be the end of a file's name, such as "
		    "ndjson or txt");
	ext = weir_plan_alloc(bi, cf->extension.len + 1);
	if (ext == NULL || weir_reads(bi, 0, (uint32_t)cf->column) != WEIR_OK)
		return WEIR_BIND_HOST(bi)->fail(err, WEIR_NOWHERE, "memory",
		    "out of memory");
	memcpy(ext, weir_str_data(&cf->extension), cf->extension.len);
	cf->format.extension = ext;
	cf->format.codes = "file";
	cf->format.rows = line_rows;
	return fsink_bind(bi, &cf->sink, &cf->format, err);
}

static const char *const extensions[] = { "ndjson", "txt", "log", NULL };

static const struct weir_option write_column = {
	.size = sizeof(struct weir_option),
	.name = "column",
	.type = WEIR_OPT_COLUMN,
	.offset = offsetof(struct file_write_config, column),
	.help = "The text of each line; by default the column value, which "
		"encoders make.",
};

static const struct weir_option write_extension = {
	.size = sizeof(struct weir_option),
	.name = "extension",
	.type = WEIR_OPT_STRING,
	.offset = offsetof(struct file_write_config, extension),
	.def = "ndjson",
	.choices = extensions,
	.help = "How the files' names end.",
};

static const struct weir_option *const write_options[] = {
	FSINK_OPTIONS,
	&write_column,
	&write_extension,
	NULL,
};

const struct weir_stage_type file_write = {
	.size = sizeof(struct weir_stage_type),
	.verb = "write",
	.summary = "write a column as lines of text",
	.help = "With json.encode() before it that is JSON by the line "
		"(ndjson).  The text is written as it is; null makes an empty "
		"line.\n\n" FSINK_HELP,
	.example = "generate.payments(count: 1000, start: "
		   "\"2026-01-01T00:00:00Z\")\n"
		   "    -> json.encode()\n"
		   "    -> file.write(\"out/lines\")",
	.role = WEIR_SINK,
	.options = write_options,
	.config_size = sizeof(struct file_write_config),
	.state_size = sizeof(struct fsink_state),
	.bind = file_write_bind,
	.init = fsink_init,
	.fini = fsink_fini,
	.sink = &fsink_ops,
};
