/* SPDX-License-Identifier: MIT
 *
 * Arithmetic: which types go with which operator, and what comes out.
 *
 *	int, int		int64; `/` float64
 *	decimal, number		decimal (base/decimal.h has the rules)
 *	float, number		float64
 *	timestamp - timestamp	duration	date counts as its midnight
 *	timestamp +- duration	timestamp
 *	duration +- duration	duration
 *	duration * number	duration	and duration / int
 *	duration / duration	float64		// int64, % duration
 */
#include "base/decimal.h"
#include "expr/arith.h"
#include "expr/bind.h"

static enum weir__arith_op
op_of(enum weir__ast_kind kind)
{
	return (enum weir__arith_op)(kind - WEIR__E_ADD + WEIR__ADD);
}

static const char *
op_text(enum weir__arith_op op)
{
	static const char *const text[] = {
		[WEIR__ADD] = "+",
		[WEIR__SUB] = "-",
		[WEIR__MUL] = "*",
		[WEIR__DIV] = "/",
		[WEIR__IDIV] = "//",
		[WEIR__MOD] = "%",
	};

	return text[op];
}

/* One operation being typed. */
struct operation {
	struct weir__binder *bd;
	enum weir__arith_op op;
	struct weir_expr *a;
	struct weir_expr *b;
	struct weir_span span;
	struct weir_span opspan;
};

static struct weir_expr *
make(struct operation *op, const struct weir__arith *ar,
    const struct weir_type *ty)
{
	struct weir_expr *ex =
	    weir__node(op->bd, op->span, ty, weir__eval_arith, 2);
	struct weir__arith *copy =
	    weir__arena_alloc(op->bd->sc->ar, sizeof *copy);

	if (ex == NULL || copy == NULL)
		return weir__bind_nomem(op->bd);
	*copy = *ar;
	ex->op = op->span;
	ex->u.arith = copy;
	ex->args[0] = op->a;
	ex->args[1] = op->b;
	ex->fallible = ar->fallible;
	ex->required = op->a->required && op->b->required;
	return weir__node_done(op->bd, ex);
}

/* Both operands as type `ty`. */
static bool
both(struct operation *op, const struct weir_type *a,
    const struct weir_type *b)
{
	op->a = weir__convert_must(op->bd, op->a, a, NULL);
	op->b = weir__convert_must(op->bd, op->b, b, NULL);
	return op->a != NULL && op->b != NULL;
}

static struct weir_expr *
int_op(struct operation *op, const struct weir_type *ty)
{
	struct weir__arith ar = { .op = op->op, .fallible = true };

	ar.run = weir__arith_i64(op->op);
	return make(op, &ar, ty);
}

static struct weir_expr *
float_op(struct operation *op)
{
	const struct weir_type *ty = weir__type_scalar(WEIR_FLOAT64);
	struct weir__arith ar = { .op = op->op };

	if (!both(op, ty, ty))
		return NULL;
	ar.run = weir__arith_f64(op->op);
	ar.fallible = op->op >= WEIR__DIV;
	return make(op, &ar, ty);
}

static bool
decimal_result(struct weir__decimal_type *r, enum weir__arith_op op,
    const struct weir_type *a, const struct weir_type *b)
{
	struct weir__decimal_type x = { a->precision, a->scale };
	struct weir__decimal_type y = { b->precision, b->scale };
	unsigned p;

	switch (op) {
	case WEIR__ADD:
	case WEIR__SUB:
		return weir__decimal_add_type(r, x, y);
	case WEIR__MUL:
		return weir__decimal_mul_type(r, x, y);
	case WEIR__DIV:
		return weir__decimal_div_type(r, x, y);
	case WEIR__MOD:
		return weir__decimal_mod_type(r, x, y);
	default:
		p = x.precision - x.scale + (unsigned)y.scale;
		r->precision = (uint8_t)(p == 0 ? 1 : p > 38 ? 38 : p);
		r->scale = 0;
		return true;
	}
}

/* Integers stay as they are stored; others than int64 become that. */
static struct weir_expr *
decimal_operand(struct weir__binder *bd, struct weir_expr *ex)
{
	if (ex->type->kind != WEIR_INT32)
		return ex;
	return weir__convert(bd, ex, weir__type_scalar(WEIR_INT64));
}

static struct weir_expr *
decimal_op(struct operation *op)
{
	struct weir__binder *bd = op->bd;
	const struct weir_type *x = weir__decimal_of(bd, op->a);
	const struct weir_type *y = weir__decimal_of(bd, op->b), *ty;
	struct weir__arith ar = { .op = op->op };
	struct weir__decimal_type r;

	if (x == NULL || y == NULL)
		return weir__bind_nomem(bd);
	if (!decimal_result(&r, op->op, x, y)) {
		weir__bind_fail(bd, op->span, "type.decimal",
		    "the result of %s %s %s has more digits after the point "
		    "than 38 digits can hold", weir__type_text(bd, x),
		    op_text(op->op), weir__type_text(bd, y));
		weir__bind_hint(bd, "cast an operand to fewer digits first");
		return NULL;
	}
	ty = weir__type_decimal(bd->sc->ar, r.precision, r.scale);
	op->a = decimal_operand(bd, op->a);
	op->b = decimal_operand(bd, op->b);
	if (ty == NULL || op->a == NULL || op->b == NULL)
		return weir__bind_nomem(bd);
	ar.as = x->scale;
	ar.bs = y->scale;
	ar.p = r.precision;
	ar.s = r.scale;
	ar.wide_a = op->a->type->kind == WEIR_DECIMAL && weir_decimal_wide(x);
	ar.wide_b = op->b->type->kind == WEIR_DECIMAL && weir_decimal_wide(y);
	ar.wide_out = weir_decimal_wide(ty);
	weir__arith_decimal(&ar, x->precision, y->precision);
	return make(op, &ar, ty);
}

static struct weir_expr *
number_op(struct operation *op)
{
	const struct weir_type *ty = weir__type_scalar(WEIR_INT64);

	if (weir__is_float(op->a->type) || weir__is_float(op->b->type))
		return float_op(op);
	if (op->a->type->kind == WEIR_DECIMAL ||
	    op->b->type->kind == WEIR_DECIMAL)
		return decimal_op(op);
	if (op->op == WEIR__DIV)
		return float_op(op);
	return both(op, ty, ty) ? int_op(op, ty) : NULL;
}

/* ---- time */

static struct weir_expr *
time_minus_time(struct operation *op)
{
	const struct weir_type *ty = weir__type_scalar(WEIR_TIMESTAMP);
	struct weir__arith ar = { .op = op->op };

	op->a = weir__cast_node(op->bd, op->a, ty, NULL, op->a->span);
	op->b = weir__cast_node(op->bd, op->b, ty, NULL, op->b->span);
	if (op->a == NULL || op->b == NULL)
		return NULL;
	/* Ten thousand years of microseconds fit. */
	ar.run = weir__arith_i64(WEIR__SUB);
	ar.fallible = true;
	return make(op, &ar, weir__type_scalar(WEIR_DURATION));
}

static struct weir_expr *
time_and_duration(struct operation *op)
{
	const struct weir_type *ty = weir__type_scalar(WEIR_TIMESTAMP);
	struct weir__arith ar = { .op = op->op, .fallible = true };

	if (op->a->type->kind == WEIR_DATE)
		op->a = weir__cast_node(op->bd, op->a, ty, NULL, op->a->span);
	if (op->b->type->kind == WEIR_DATE)
		op->b = weir__cast_node(op->bd, op->b, ty, NULL, op->b->span);
	if (op->a == NULL || op->b == NULL)
		return NULL;
	ar.run = weir__arith_time(op->op);
	ar.temporal = true;
	return make(op, &ar, ty);
}

static struct weir_expr *
duration_op(struct operation *op)
{
	switch (op->op) {
	case WEIR__ADD:
	case WEIR__SUB:
	case WEIR__MOD:
		return int_op(op, weir__type_scalar(WEIR_DURATION));
	case WEIR__IDIV:
		return int_op(op, weir__type_scalar(WEIR_INT64));
	case WEIR__DIV: {
		const struct weir_type *i = weir__type_scalar(WEIR_INT64);
		const struct weir_type *f = weir__type_scalar(WEIR_FLOAT64);
		struct operation o = *op;

		/* Microseconds as numbers. */
		o.a = weir__retype(op->bd, op->a, i);
		o.b = weir__retype(op->bd, op->b, i);
		if (o.a == NULL || o.b == NULL || !both(&o, f, f))
			return NULL;
		return float_op(&o);
	}
	default:
		return NULL;
	}
}

/* duration * number, number * duration, duration / number */
static struct weir_expr *
duration_scaled(struct operation *op)
{
	const struct weir_type *du = weir__type_scalar(WEIR_DURATION);
	const struct weir_type *i = weir__type_scalar(WEIR_INT64);
	const struct weir_type *f = weir__type_scalar(WEIR_FLOAT64);
	struct weir__arith ar = { .op = op->op, .fallible = true };
	struct weir_expr *t;

	if (op->b->type->kind == WEIR_DURATION) {
		t = op->a;
		op->a = op->b;
		op->b = t;
	}
	if (weir__is_int(op->b->type)) {
		if (op->op == WEIR__DIV)
			op->op = WEIR__IDIV;
		op->b = weir__convert(op->bd, op->b, i);
		return op->b != NULL ? int_op(op, du) : NULL;
	}
	if (op->op != WEIR__MUL)
		return NULL;
	op->b = weir__convert(op->bd, op->b, f);
	if (op->b == NULL)
		return NULL;
	ar.run = weir__arith_scale_duration;
	return make(op, &ar, du);
}

static bool
is_time(const struct weir_type *ty)
{
	return ty->kind == WEIR_TIMESTAMP || ty->kind == WEIR_DATE;
}

/* Text beside a time in a subtraction is a time, elsewhere a duration. */
static void
text_beside_time(struct operation *op)
{
	const struct weir_type *a = op->a->type, *b = op->b->type;
	const struct weir_type *du = weir__type_scalar(WEIR_DURATION);

	if (op->b->literal == WEIR__LIT_STRING &&
	    (is_time(a) || a->kind == WEIR_DURATION)) {
		op->b = weir__convert_must(op->bd, op->b,
		    op->op == WEIR__SUB && is_time(a)
			? weir__type_scalar(WEIR_TIMESTAMP)
			: du, NULL);
	} else if (op->a->literal == WEIR__LIT_STRING && is_time(b)) {
		op->a = weir__convert_must(op->bd, op->a,
		    op->op == WEIR__SUB ? weir__type_scalar(WEIR_TIMESTAMP)
					: du, NULL);
	}
}

static struct weir_expr *
refuse(struct operation *op)
{
	struct weir__binder *bd = op->bd;
	const struct weir_type *a = op->a->type, *b = op->b->type;

	weir__bind_fail(bd, op->opspan, "type.operator",
	    "no `%s` for %s and %s", op_text(op->op), weir__type_text(bd, a),
	    weir__type_text(bd, b));
	if (a->kind == WEIR_STRING && b->kind == WEIR_STRING &&
	    op->op == WEIR__ADD)
		weir__bind_hint(bd, "texts are joined as \"${a}${b}\"");
	else if (is_time(a) && weir__is_number(b))
		weir__bind_hint(bd, "say which unit: 5s, 1h, n * 1ms");
	else if (a->kind == WEIR_STRING || b->kind == WEIR_STRING)
		weir__bind_hint(bd, "cast(... as decimal(12, 2)), for example");
	return NULL;
}

static struct weir_expr *
typed(struct operation *op)
{
	const struct weir_type *a = op->a->type, *b = op->b->type;
	bool da = a->kind == WEIR_DURATION, db = b->kind == WEIR_DURATION;
	bool add = op->op == WEIR__ADD, sub = op->op == WEIR__SUB;

	if (weir__is_number(a) && weir__is_number(b))
		return number_op(op);
	if (is_time(a) && is_time(b) && sub)
		return time_minus_time(op);
	if ((is_time(a) && db && (add || sub)) || (da && is_time(b) && add))
		return time_and_duration(op);
	if (da && db && op->op != WEIR__MUL)
		return duration_op(op);
	if ((da && weir__is_number(b) &&
		(op->op == WEIR__MUL ||
		    ((op->op == WEIR__DIV || op->op == WEIR__IDIV) &&
			weir__is_int(b)))) ||
	    (weir__is_number(a) && db && op->op == WEIR__MUL))
		return duration_scaled(op);
	return refuse(op);
}

struct weir_expr *
weir__arith_node(struct weir__binder *bd, enum weir__arith_op kind,
    struct weir_expr *a, struct weir_expr *b, struct weir_span span,
    struct weir_span opspan)
{
	struct operation op = { bd, kind, a, b, span, opspan };

	/* null + x is null, of the type that x + x has. */
	if (a->type->kind == WEIR_NULL)
		op.a = weir__convert(bd, a, b->type);
	if (b->type->kind == WEIR_NULL)
		op.b = weir__convert(bd, b, a->type);
	if (op.a == NULL || op.b == NULL)
		return NULL;
	if (op.a->type->kind == WEIR_NULL)
		return a;
	text_beside_time(&op);
	if (op.a == NULL || op.b == NULL)
		return NULL;
	return typed(&op);
}

struct weir_expr *
weir__bind_arith(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *a = weir__bind(bd, as->u.bin.a, NULL);
	struct weir_expr *b = weir__bind(bd, as->u.bin.b, NULL);

	if (a == NULL || b == NULL)
		return NULL;
	return weir__arith_node(bd, op_of(as->kind), a, b, as->span, as->op);
}

/* -x: 0 - x, with x's own type. */
struct weir_expr *
weir__bind_neg(struct weir__binder *bd, const struct weir__ast_expr *as)
{
	struct weir_expr *x = weir__bind(bd, as->u.bin.a, NULL);
	struct operation op = { bd, WEIR__SUB, NULL, x, as->span, as->op };
	struct weir__arith ar = { .op = WEIR__SUB };
	struct weir_value v;

	if (x == NULL || x->type->kind == WEIR_NULL)
		return x;
	if (!weir__is_number(x->type) && x->type->kind != WEIR_DURATION)
		return weir__bind_fail(bd, as->span, "type.operator",
		    "no `-` for %s: a number or a duration was expected",
		    weir__type_text(bd, x->type));
	if (x->type->kind == WEIR_INT32)
		op.b = weir__convert(bd, x, weir__type_scalar(WEIR_INT64));
	if (x->type->kind == WEIR_FLOAT32)
		op.b = weir__convert(bd, x, weir__type_scalar(WEIR_FLOAT64));
	if (op.b == NULL)
		return NULL;
	memset(&v, 0, sizeof v);
	v.type = op.b->type;
	if (v.type->kind == WEIR_FLOAT64) {
		v.u.f = -1; /* 0 - 0.0 would lose the sign */
		ar.op = WEIR__MUL;
		ar.run = weir__arith_f64(WEIR__MUL);
	} else if (v.type->kind == WEIR_DECIMAL) {
		ar.run = weir__arith_negate(weir_decimal_wide(v.type));
	} else {
		ar.run = weir__arith_i64(WEIR__SUB);
		ar.fallible = true;
	}
	op.a = weir__const_node(bd, as->span, &v, WEIR__LIT_NONE);
	if (op.a == NULL)
		return NULL;
	return make(&op, &ar, v.type);
}
