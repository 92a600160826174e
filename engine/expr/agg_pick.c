/* SPDX-License-Identifier: MIT
 *
 * min, max, first, last: one of the values that were there.
 */
#include "expr/agg.h"

struct pick {
	union {
		int64_t i64;
		double f64;
		weir_i128 i128;
		struct weir_str str; /* long text: memory of the host */
	} u;
	uint64_t set;
};

enum pick_what {
	PICK_MIN,
	PICK_MAX,
	PICK_FIRST,
	PICK_LAST,
};

struct pick_bound {
	enum pick_what what;
	uint8_t kind;
	bool text;
	bool wide; /* a decimal of 16 bytes */
};

static int
bind(struct weir_agg_bind *ab, enum pick_what what, struct weir_err *err)
{
	const struct weir_type *ty = ab->fn.types[0];
	struct pick_bound *pb;

	if (weir_type_nested(ty) || ty->kind == WEIR_NULL) {
		ab->fn.bad_arg = 1;
		return weir_fail(err, WEIR_NOWHERE, "type.mismatch",
		    "expected a single value, not a list, map or struct");
	}
	pb = ab->fn.alloc(&ab->fn, sizeof *pb);
	if (pb == NULL)
		return WEIR_ERROR;
	pb->what = what;
	pb->kind = ty->kind;
	pb->text = weir_type_textual(ty);
	pb->wide = ty->kind == WEIR_DECIMAL && weir_decimal_wide(ty);
	ab->fn.bound = pb;
	ab->fn.type = ty;
	ab->slot_size = sizeof(struct pick);
	ab->slot_align = 16;
	if (pb->text)
		ab->flags |= WEIR_AGG_OWNS;
	if (what >= PICK_FIRST)
		ab->flags |= WEIR_AGG_ORDERED;
	return WEIR_OK;
}

#define BIND(name, what)                                                      \
	static int name(struct weir_agg_bind *ab, struct weir_err *err)       \
	{                                                                     \
		return bind(ab, what, err);                                   \
	}

BIND(min_bind, PICK_MIN)
BIND(max_bind, PICK_MAX)
BIND(first_bind, PICK_FIRST)
BIND(last_bind, PICK_LAST)

static struct pick
value_at(const struct pick_bound *pb, const struct weir_column *co,
    uint32_t row)
{
	struct pick p = { .set = 1 };

	switch (pb->kind) {
	case WEIR_BOOL:
		p.u.i64 = weir_bit(co->u.bits, row);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		p.u.i64 = co->u.i32[row];
		break;
	case WEIR_FLOAT32:
		p.u.f64 = (double)co->u.f32[row];
		break;
	case WEIR_FLOAT64:
		p.u.f64 = co->u.f64[row];
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		p.u.str = co->u.str[row];
		break;
	default:
		if (pb->wide)
			p.u.i128 = co->u.i128[row];
		else
			p.u.i64 = co->u.i64[row];
	}
	return p;
}

#define ORDER(x, y) (((x) > (y)) - ((x) < (y)))

/* NaN is above all other numbers. */
static int
compare(const struct pick_bound *pb, const struct pick *a,
    const struct pick *b)
{
	if (pb->text)
		return weir_str_cmp(&a->u.str, &b->u.str);
	if (pb->kind == WEIR_FLOAT32 || pb->kind == WEIR_FLOAT64) {
		bool na = a->u.f64 != a->u.f64, nb = b->u.f64 != b->u.f64;

		return na || nb ? (int)na - (int)nb :
				  ORDER(a->u.f64, b->u.f64);
	}
	return pb->wide ? ORDER(a->u.i128, b->u.i128) :
			  ORDER(a->u.i64, b->u.i64);
}

static bool
takes_place(const struct pick_bound *pb, const struct pick *old,
    const struct pick *new)
{
	if (!new->set)
		return false;
	if (!old->set)
		return true;
	switch (pb->what) {
	case PICK_MIN:
		return compare(pb, new, old) < 0;
	case PICK_MAX:
		return compare(pb, new, old) > 0;
	case PICK_FIRST:
		return false;
	default:
		return true;
	}
}

static void
drop_text(const struct weir_host *host, struct pick *p)
{
	if (p->set && p->u.str.len > WEIR_STR_SMALL)
		host->free((void *)(uintptr_t)p->u.str.u.big.ptr);
	p->set = 0;
}

static int
put(const struct pick_bound *pb, const struct weir_host *host,
    struct pick *old, const struct pick *new)
{
	struct pick own = *new;
	char *p;

	if (pb->text && own.u.str.len > WEIR_STR_SMALL) {
		p = host->alloc(own.u.str.len);
		if (p == NULL)
			return WEIR_ERROR;
		memcpy(p, weir_str_data(&own.u.str), own.u.str.len);
		own.u.str = weir_str_make(p, own.u.str.len);
	}
	if (pb->text)
		drop_text(host, old);
	*old = own;
	return WEIR_OK;
}

/* The least or greatest int64, which is most that is ever asked: no branch
 * that depends on the values. */
static void
update_i64(const struct weir_agg_call *ca, bool max)
{
	const int64_t *v = ca->args[0]->u.i64;
	uint32_t i, row;

	AGG_EACH(ca, i, row) {
		struct pick *p = AGG_SLOT(ca, i);
		int64_t x = v[row], old = p->u.i64;
		bool take = (p->set == 0) | (max ? x > old : x < old);

		p->u.i64 = take ? x : old;
		p->set = 1;
	}
}

static void
update_f64(const struct weir_agg_call *ca, bool max)
{
	const double *v = ca->args[0]->u.f64;
	uint32_t i, row;

	AGG_EACH(ca, i, row) {
		struct pick *p = AGG_SLOT(ca, i);
		double x = v[row], old = p->u.f64;
		bool nx = x != x, no = old != old;
		bool more = (x > old) | (nx & !no);
		bool less = (x < old) | (no & !nx);
		bool take = (p->set == 0) | (max ? more : less);

		p->u.f64 = take ? x : old;
		p->set = 1;
	}
}

static bool
update_fast(const struct weir_agg_call *ca, const struct pick_bound *pb)
{
	bool max = pb->what == PICK_MAX;

	if (pb->what > PICK_MAX)
		return false;
	switch (pb->kind) {
	case WEIR_DECIMAL:
		if (pb->wide)
			return false;
		/* fall through */
	case WEIR_INT64:
	case WEIR_TIMESTAMP:
	case WEIR_DURATION:
		update_i64(ca, max);
		return true;
	case WEIR_FLOAT64:
		update_f64(ca, max);
		return true;
	default:
		return false;
	}
}

static int
pick_update(const struct weir_agg_call *ca)
{
	const struct pick_bound *pb = ca->bound;
	struct pick new, *old;
	uint32_t i, row;

	if (update_fast(ca, pb))
		return WEIR_OK;
	AGG_EACH(ca, i, row) {
		old = AGG_SLOT(ca, i);
		new = value_at(pb, ca->args[0], row);
		if (takes_place(pb, old, &new) &&
		    put(pb, ca->host, old, &new) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static int
pick_merge(const void *bound, const struct weir_host *host, void *const *into,
    void *const *from, size_t offset, uint32_t n)
{
	const struct pick_bound *pb = bound;
	struct pick *old, *new;
	uint32_t i;

	for (i = 0; i < n; i++) {
		old = (void *)((char *)into[i] + offset);
		new = (void *)((char *)from[i] + offset);
		if (takes_place(pb, old, new) &&
		    put(pb, host, old, new) != WEIR_OK)
			return WEIR_ERROR;
	}
	return WEIR_OK;
}

static void
value_to(const struct pick_bound *pb, const struct pick *p,
    struct weir_column *out, uint32_t i)
{
	switch (pb->kind) {
	case WEIR_BOOL:
		weir_bit_put(out->u.bits, i, p->u.i64 != 0);
		break;
	case WEIR_INT32:
	case WEIR_DATE:
		out->u.i32[i] = (int32_t)p->u.i64;
		break;
	case WEIR_FLOAT32:
		out->u.f32[i] = (float)p->u.f64;
		break;
	case WEIR_FLOAT64:
		out->u.f64[i] = p->u.f64;
		break;
	case WEIR_STRING:
	case WEIR_BYTES:
	case WEIR_JSON:
		out->u.str[i] = p->u.str;
		break;
	default:
		if (pb->wide)
			out->u.i128[i] = p->u.i128;
		else
			out->u.i64[i] = p->u.i64;
	}
}

static int
pick_finish(const void *bound, const struct weir_host *host,
    void *const *slots, size_t offset, uint32_t n, const struct weir_type *type,
    struct weir_column *out)
{
	static const struct pick none;
	const struct pick *p;
	uint32_t i;

	(void)host;
	(void)type;
	for (i = 0; i < n; i++) {
		p = (const void *)((const char *)slots[i] + offset);
		if (!p->set) {
			weir_bit_clear(out->valid, i);
			p = &none;
		}
		value_to(bound, p, out, i);
	}
	return WEIR_OK;
}

static void
pick_drop(const void *bound, const struct weir_host *host, void *slot)
{
	const struct pick_bound *pb = bound;

	if (pb->text)
		drop_text(host, slot);
}

static size_t
pick_save_size(const void *bound, const void *slot)
{
	const struct pick *p = slot;

	(void)bound;
	return 1 + (p->set ? p->u.str.len : 0);
}

static void
pick_save(const void *bound, const void *slot, void *to)
{
	const struct pick *p = slot;

	(void)bound;
	*(char *)to = (char)p->set;
	if (p->set)
		memcpy((char *)to + 1, weir_str_data(&p->u.str), p->u.str.len);
}

static int
pick_load(const void *bound, const struct weir_host *host, void *slot,
    const void *from, size_t len)
{
	struct pick new = { .set = 1 };

	if (len == 0)
		return WEIR_ERROR;
	if (*(const char *)from == 0)
		return WEIR_OK;
	new.u.str = weir_str_make((const char *)from + 1, len - 1);
	return put(bound, host, slot, &new);
}

static const char *const pick_signatures[] = { "T -> T", NULL };

#define PICK(NAME, SUMMARY, EXAMPLE)                                          \
	const struct weir_aggregate weir__agg_##NAME = {                      \
		.size = sizeof(struct weir_aggregate),                        \
		.name = #NAME,                                                \
		.signatures = pick_signatures,                                \
		.bind = NAME##_bind,                                          \
		.update = pick_update,                                        \
		.merge = pick_merge,                                          \
		.finish = pick_finish,                                        \
		.drop = pick_drop,                                            \
		.save_size = pick_save_size,                                  \
		.save = pick_save,                                            \
		.load = pick_load,                                            \
		.summary = SUMMARY,                                           \
		.example = EXAMPLE,                                           \
	}

PICK(min, "the least value that is not null; text by its bytes", "min(amount)");
PICK(max, "the greatest value that is not null; NaN is above all numbers",
    "max(amount)");
PICK(first, "the first value that is not null, in the order of the rows",
    "first(url)");
PICK(last, "the last value that is not null, in the order of the rows",
    "last(url)");
