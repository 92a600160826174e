/* SPDX-License-Identifier: MIT
 *
 * The plugin csv: comma-separated values, RFC 4180.
 */
#include "csv.h"

char
csv_delimiter(struct weir_bind *bi, const struct weir_str *text,
    struct weir_err *err)
{
	char c = text->len == 1 ? text->u.small[0] : '\0';

	if (c == '\0' || c == '"' || c == '\r' || c == '\n' ||
	    (c & 0x80) != 0) {
		weir_option_fail(bi, "delimiter", err, "csv.delimiter",
		    "the delimiter must be one ASCII character, not a quote "
		    "and no line end, such as \",\", \";\" or \"\\t\"");
		return '\0';
	}
	return c;
}

int
csv_no_memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static const struct weir_stage_type *const csv_stages[] = {
	&csv_read,
	&csv_write,
	NULL,
};

const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "csv",
	.version = "0.1.0",
	.summary = "comma-separated values, RFC 4180",
	.stages = csv_stages,
};
