/* SPDX-License-Identifier: MIT
 *
 * Types compared, and in words.
 */
#include <stdio.h>

#include "core.h"

static const char *const type_names[WEIR_KINDS] = {
	[WEIR_NULL] = "null",
	[WEIR_BOOL] = "bool",
	[WEIR_INT32] = "int32",
	[WEIR_INT64] = "int64",
	[WEIR_FLOAT32] = "float32",
	[WEIR_FLOAT64] = "float64",
	[WEIR_DECIMAL] = "decimal",
	[WEIR_STRING] = "string",
	[WEIR_BYTES] = "bytes",
	[WEIR_TIMESTAMP] = "timestamp",
	[WEIR_DATE] = "date",
	[WEIR_DURATION] = "duration",
	[WEIR_JSON] = "json",
	[WEIR_LIST] = "list",
	[WEIR_MAP] = "map",
	[WEIR_STRUCT] = "struct",
};

bool
core_type_equal(const struct weir_type *a, const struct weir_type *b)
{
	uint32_t i;

	if (a->kind != b->kind || a->nfields != b->nfields)
		return false;
	if (a->kind == WEIR_DECIMAL &&
	    (a->precision != b->precision || a->scale != b->scale))
		return false;
	for (i = 0; i < a->nfields; i++) {
		const struct weir_field *fa = &a->fields[i];
		const struct weir_field *fb = &b->fields[i];

		if (fa->required != fb->required ||
		    !core_type_equal(fa->type, fb->type))
			return false;
		if (a->kind == WEIR_STRUCT && strcmp(fa->name, fb->name) != 0)
			return false;
	}
	return true;
}

static size_t
type_put(char *to, size_t cap, size_t at, const char *s)
{
	for (; *s != '\0' && at + 1 < cap; s++)
		to[at++] = *s;
	to[at] = '\0';
	return at;
}

static size_t
type_text(const struct weir_type *ty, char *to, size_t cap, size_t at)
{
	char num[24];
	uint32_t i;

	at = type_put(to, cap, at, type_names[ty->kind]);
	if (ty->kind == WEIR_DECIMAL) {
		snprintf(num, sizeof num, "(%u, %u)", ty->precision, ty->scale);
		return type_put(to, cap, at, num);
	}
	if (ty->nfields == 0)
		return at;
	at = type_put(to, cap, at, ty->kind == WEIR_STRUCT ? " { " : "(");
	/* A map's keys are always strings: only its values are written. */
	for (i = ty->kind == WEIR_MAP; i < ty->nfields; i++) {
		const struct weir_field *fi = &ty->fields[i];

		if (ty->kind == WEIR_STRUCT) {
			at = type_put(to, cap, at, i > 0 ? ", " : "");
			at = type_put(to, cap, at, fi->name);
			at = type_put(to, cap, at, ": ");
		}
		at = type_text(fi->type, to, cap, at);
		at = type_put(to, cap, at, fi->required ? "!" : "");
	}
	return type_put(to, cap, at, ty->kind == WEIR_STRUCT ? " }" : ")");
}

const char *
core_type_text(const struct weir_type *ty, char *to, size_t cap)
{
	to[0] = '\0';
	type_text(ty, to, cap, 0);
	return to;
}
