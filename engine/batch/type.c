/* SPDX-License-Identifier: MIT
 *
 * Types: comparing, copying and printing them.
 */
#include "base/buf.h"
#include "batch/batch.h"
#include "dsl/ast.h"

static const char *const kind_names[WEIR_KINDS] = {
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

static const struct weir_type scalars[WEIR_LIST] = {
	[WEIR_NULL] = { .kind = WEIR_NULL },
	[WEIR_BOOL] = { .kind = WEIR_BOOL },
	[WEIR_INT32] = { .kind = WEIR_INT32 },
	[WEIR_INT64] = { .kind = WEIR_INT64 },
	[WEIR_FLOAT32] = { .kind = WEIR_FLOAT32 },
	[WEIR_FLOAT64] = { .kind = WEIR_FLOAT64 },
	[WEIR_STRING] = { .kind = WEIR_STRING },
	[WEIR_BYTES] = { .kind = WEIR_BYTES },
	[WEIR_TIMESTAMP] = { .kind = WEIR_TIMESTAMP },
	[WEIR_DATE] = { .kind = WEIR_DATE },
	[WEIR_DURATION] = { .kind = WEIR_DURATION },
	[WEIR_JSON] = { .kind = WEIR_JSON },
};

const struct weir_type *
weir__type_scalar(enum weir_kind kind)
{
	if (kind >= WEIR_LIST || kind == WEIR_DECIMAL)
		return NULL;
	return &scalars[kind];
}

const struct weir_type *
weir__type_decimal(struct weir__arena *ar, int precision, int scale)
{
	struct weir_type *ty = weir__arena_zalloc(ar, sizeof *ty);

	if (ty == NULL)
		return NULL;
	ty->kind = WEIR_DECIMAL;
	ty->precision = (uint8_t)precision;
	ty->scale = (uint8_t)scale;
	return ty;
}

bool
weir__type_same(const struct weir_type *a, const struct weir_type *b,
    bool strict)
{
	uint32_t i;

	if (a == b)
		return true;
	if (a->kind != b->kind || a->nfields != b->nfields)
		return false;
	if (a->kind == WEIR_DECIMAL)
		return a->precision == b->precision && a->scale == b->scale;
	for (i = 0; i < a->nfields; i++) {
		if (a->kind == WEIR_STRUCT &&
		    strcmp(a->fields[i].name, b->fields[i].name) != 0)
			return false;
		if (strict && a->fields[i].required != b->fields[i].required)
			return false;
		if (!weir__type_same(a->fields[i].type, b->fields[i].type,
			strict))
			return false;
	}
	return true;
}

static void
print_field_type(struct weir__buf *bf, const struct weir_field *fi)
{
	weir__type_print(bf, fi->type);
	if (fi->required)
		weir__buf_chr(bf, '!');
}

void
weir__type_print(struct weir__buf *bf, const struct weir_type *ty)
{
	uint32_t i;

	weir__buf_str(bf, kind_names[ty->kind]);
	switch (ty->kind) {
	case WEIR_DECIMAL:
		weir__buf_printf(bf, "(%d, %d)", ty->precision, ty->scale);
		break;
	case WEIR_LIST:
		weir__buf_chr(bf, '(');
		print_field_type(bf, &ty->fields[0]);
		weir__buf_chr(bf, ')');
		break;
	case WEIR_MAP:
		weir__buf_chr(bf, '(');
		print_field_type(bf, &ty->fields[1]);
		weir__buf_chr(bf, ')');
		break;
	case WEIR_STRUCT:
		weir__buf_str(bf, " {");
		for (i = 0; i < ty->nfields; i++) {
			weir__buf_str(bf, i == 0 ? " " : ", ");
			weir__ast_name_print(bf, ty->fields[i].name);
			weir__buf_str(bf, ": ");
			print_field_type(bf, &ty->fields[i]);
		}
		weir__buf_str(bf, " }");
		break;
	default:
		break;
	}
}

const struct weir_field *
weir__fields_copy(struct weir__arena *ar, const struct weir_field *fi,
    uint32_t n)
{
	struct weir_field *to = weir__arena_zalloc(ar, n * sizeof *to);
	uint32_t i;

	if (to == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		to[i] = fi[i];
		to[i].name = weir__arena_strdup(ar,
		    fi[i].name != NULL ? fi[i].name : "");
		to[i].type = weir__type_copy(ar, fi[i].type);
		if (to[i].name == NULL || to[i].type == NULL)
			return NULL;
		if (fi[i].from != NULL &&
		    (to[i].from = weir__arena_strdup(ar, fi[i].from)) == NULL)
			return NULL;
		if (fi[i].format != NULL &&
		    (to[i].format = weir__arena_strdup(ar, fi[i].format)) ==
			NULL)
			return NULL;
	}
	return to;
}

const struct weir_type *
weir__type_copy(struct weir__arena *ar, const struct weir_type *ty)
{
	struct weir_type *to;

	if (ty->kind < WEIR_LIST && ty->kind != WEIR_DECIMAL)
		return &scalars[ty->kind];
	to = weir__arena_zalloc(ar, sizeof *to);
	if (to == NULL)
		return NULL;
	*to = *ty;
	if (ty->nfields != 0) {
		to->fields = weir__fields_copy(ar, ty->fields, ty->nfields);
		if (to->fields == NULL)
			return NULL;
	}
	return to;
}

int32_t
weir__schema_find(const struct weir_schema *sc, const char *name)
{
	uint32_t i;

	for (i = 0; i < sc->ncols; i++)
		if (strcmp(sc->cols[i].name, name) == 0)
			return (int32_t)i;
	return -1;
}
