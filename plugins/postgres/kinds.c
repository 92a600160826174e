/* SPDX-License-Identifier: MIT
 *
 * Our types and the server's: what a column is made as, and how a value goes
 * into a column that is there already.
 *
 *	bool boolean		int32 integer	int64 bigint
 *	float32 real		float64 double precision
 *	decimal(p, s) numeric(p, s)		string text	bytes bytea
 *	timestamp timestamptz	date date	duration interval
 *	json jsonb		list of scalars: an array of theirs
 *	other lists, maps, structs: jsonb
 */
#include "postgres.h"

static const struct {
	enum weir_kind kind;
	const char *name; /* ours */
	const char *sql;
	uint32_t oid;
	uint32_t array;
	enum pg_put put;
} made[] = {
	{ WEIR_BOOL, "bool", "boolean", PG_BOOL, 1000, PG_PUT_BOOL },
	{ WEIR_INT32, "int32", "integer", PG_INT4, 1007, PG_PUT_I32 },
	{ WEIR_INT64, "int64", "bigint", PG_INT8, 1016, PG_PUT_I64 },
	{ WEIR_FLOAT32, "float32", "real", PG_FLOAT4, 1021, PG_PUT_F32 },
	{ WEIR_FLOAT64, "float64", "double precision", PG_FLOAT8, 1022,
	    PG_PUT_F64 },
	{ WEIR_DECIMAL, "decimal", "numeric", PG_NUMERIC, 1231,
	    PG_PUT_DECIMAL },
	{ WEIR_STRING, "string", "text", PG_TEXT, 1009, PG_PUT_TEXT },
	{ WEIR_BYTES, "bytes", "bytea", PG_BYTEA, 1001, PG_PUT_TEXT },
	{ WEIR_TIMESTAMP, "timestamp", "timestamp with time zone",
	    PG_TIMESTAMPTZ, 1185, PG_PUT_TIME },
	{ WEIR_DATE, "date", "date", PG_DATE, 1182, PG_PUT_DATE },
	{ WEIR_DURATION, "duration", "interval", PG_INTERVAL, 1187,
	    PG_PUT_INTERVAL },
	{ WEIR_JSON, "json", "jsonb", PG_JSONB, 3807, PG_PUT_JSONB },
};

enum { NMADE = sizeof(made) / sizeof(*made) };

/* The table's row of a scalar; NMADE for nested types. */
static size_t
scalar(const struct weir_type *ty)
{
	size_t i;

	for (i = 0; i < NMADE; i++)
		if (made[i].kind == ty->kind)
			break;
	return i;
}

static enum pg_put
wide(const struct weir_type *ty, enum pg_put put)
{
	return put == PG_PUT_DECIMAL && weir_decimal_wide(ty) ?
	    PG_PUT_DECIMAL_WIDE : put;
}

const char *
pg_kind_sql(const struct weir_type *ty, char *to, size_t room)
{
	size_t i = scalar(ty);

	if (ty->kind == WEIR_DECIMAL)
		snprintf(to, room, "numeric(%u,%u)", ty->precision, ty->scale);
	else if (i < NMADE)
		snprintf(to, room, "%s", made[i].sql);
	else if (ty->kind == WEIR_LIST && scalar(ty->fields[0].type) < NMADE) {
		pg_kind_sql(ty->fields[0].type, to, room);
		i = strlen(to);
		snprintf(to + i, room - i, "[]");
	} else
		snprintf(to, room, "jsonb");
	return to;
}

void
pg_kind_text(const struct weir_type *ty, char *to, size_t room)
{
	size_t i = scalar(ty), n;

	if (ty->kind == WEIR_DECIMAL) {
		snprintf(to, room, "decimal(%u, %u)", ty->precision, ty->scale);
		return;
	}
	if (i < NMADE) {
		snprintf(to, room, "%s", made[i].name);
		return;
	}
	n = (size_t)snprintf(to, room, "%s", ty->kind == WEIR_LIST ? "list(" :
	    ty->kind == WEIR_MAP ? "map(" : "struct { ");
	for (uint32_t f = ty->kind == WEIR_MAP; f < ty->nfields &&
	    n + 2 < room; f++) {
		if (ty->kind == WEIR_STRUCT)
			n += (size_t)snprintf(to + n, room - n, "%s%s: ",
			    f > 0 ? ", " : "", ty->fields[f].name);
		if (n < room) {
			pg_kind_text(ty->fields[f].type, to + n, room - n);
			n = strlen(to);
		}
	}
	if (n + 3 < room)
		snprintf(to + n, room - n, ty->kind == WEIR_STRUCT ? " }" :
		    ")");
}

void
pg_kind_made(struct pg_col *co)
{
	size_t i = scalar(co->type);

	pg_kind_sql(co->type, co->sql_type, sizeof(co->sql_type));
	if (i < NMADE) {
		co->put = wide(co->type, made[i].put);
		co->oid = made[i].oid;
		return;
	}
	if (co->type->kind == WEIR_LIST) {
		i = scalar(co->type->fields[0].type);
		if (i < NMADE) {
			co->put = PG_PUT_ARRAY;
			co->oid = made[i].array;
			co->item = wide(co->type->fields[0].type, made[i].put);
			co->item_oid = made[i].oid;
			return;
		}
	}
	co->put = PG_PUT_AS_JSONB;
	co->oid = PG_JSONB;
}

/* numeric(p, s) of the column has room for so many digits on each side. */
static bool
numeric_holds(int32_t typmod, int digits, int scale)
{
	int p, s;

	if (typmod < 4)
		return true;
	p = ((typmod - 4) >> 16) & 0xffff;
	s = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
	return s >= scale && p - s >= digits;
}

static bool
is_text(const struct pg_found *fo)
{
	return fo->oid == PG_TEXT || fo->oid == PG_VARCHAR ||
	    fo->oid == PG_BPCHAR || fo->oid == PG_NAME_TYPE || fo->citext ||
	    fo->typtype == 'e';
}

static enum pg_put
fits_number(const struct weir_type *ty, uint32_t oid, int32_t typmod)
{
	switch (ty->kind) {
	case WEIR_INT32:
		if (oid == PG_INT4)
			return PG_PUT_I32;
		if (oid == PG_INT8)
			return PG_PUT_I32_I64;
		return oid == PG_NUMERIC && numeric_holds(typmod, 10, 0) ?
		    PG_PUT_I32_NUMERIC : PG_PUT_NONE;
	case WEIR_INT64:
		if (oid == PG_INT8)
			return PG_PUT_I64;
		return oid == PG_NUMERIC && numeric_holds(typmod, 19, 0) ?
		    PG_PUT_I64_NUMERIC : PG_PUT_NONE;
	case WEIR_FLOAT32:
		return oid == PG_FLOAT4 ? PG_PUT_F32 : oid == PG_FLOAT8 ?
		    PG_PUT_F32_F64 : PG_PUT_NONE;
	case WEIR_FLOAT64:
		return oid == PG_FLOAT8 ? PG_PUT_F64 : PG_PUT_NONE;
	default:
		return oid == PG_NUMERIC && numeric_holds(typmod,
		    ty->precision - ty->scale, ty->scale) ?
		    wide(ty, PG_PUT_DECIMAL) : PG_PUT_NONE;
	}
}

static enum pg_put
fits_scalar(const struct weir_type *ty, const struct pg_found *fo)
{
	uint32_t oid = fo->oid;

	switch (ty->kind) {
	case WEIR_BOOL:
		return oid == PG_BOOL ? PG_PUT_BOOL : PG_PUT_NONE;
	case WEIR_STRING:
		return is_text(fo) || oid == PG_JSON ? PG_PUT_TEXT :
		    oid == PG_JSONB ? PG_PUT_JSONB :
		    oid == PG_UUID ? PG_PUT_UUID : PG_PUT_NONE;
	case WEIR_BYTES:
		return oid == PG_BYTEA ? PG_PUT_TEXT : PG_PUT_NONE;
	case WEIR_JSON:
		return oid == PG_JSONB ? PG_PUT_JSONB : oid == PG_JSON ||
		    is_text(fo) ? PG_PUT_TEXT : PG_PUT_NONE;
	case WEIR_TIMESTAMP:
		return oid == PG_TIMESTAMPTZ || oid == PG_TIMESTAMP ?
		    PG_PUT_TIME : PG_PUT_NONE;
	case WEIR_DATE:
		return oid == PG_DATE ? PG_PUT_DATE : PG_PUT_NONE;
	case WEIR_DURATION:
		return oid == PG_INTERVAL ? PG_PUT_INTERVAL :
		    oid == PG_INT8 ? PG_PUT_I64 : PG_PUT_NONE;
	default:
		return fits_number(ty, oid, fo->typmod);
	}
}

bool
pg_kind_fits(struct pg_col *co, const struct pg_found *fo)
{
	struct pg_found item = { .oid = fo->item, .typmod = fo->typmod,
		.typtype = 'b' };

	snprintf(co->sql_type, sizeof(co->sql_type), "%s", fo->sql_type);
	co->oid = fo->oid;
	if (!weir_type_nested(co->type)) {
		co->put = fits_scalar(co->type, fo);
		return co->put != PG_PUT_NONE;
	}
	if (co->type->kind == WEIR_LIST && fo->item != 0) {
		co->put = PG_PUT_ARRAY;
		co->item_oid = fo->item;
		co->item = scalar(co->type->fields[0].type) < NMADE ?
		    fits_scalar(co->type->fields[0].type, &item) : PG_PUT_NONE;
		return co->item != PG_PUT_NONE;
	}
	co->put = fo->oid == PG_JSONB ? PG_PUT_AS_JSONB :
	    fo->oid == PG_JSON || fo->oid == PG_TEXT ? PG_PUT_AS_JSON :
	    PG_PUT_NONE;
	return co->put != PG_PUT_NONE;
}
