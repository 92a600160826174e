/* SPDX-License-Identifier: MIT
 *
 * The writers of values.
 */
#include "write.h"

#include <math.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/num.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define SHORT 64u /* text up to here is copied before it is looked at */
#define SHORT_ROOM WEIR__JSON_STRING_TEXT(SHORT)

/* ----------------------------------------------------------------- shape */

static void *
block(struct jw *jw, size_t n)
{
	struct js_block *bl = jw->st->host->zalloc(sizeof *bl + n);

	if (bl == NULL)
		return NULL;
	bl->next = jw->blocks;
	jw->blocks = bl;
	return bl + 1;
}

static bool
make_node(struct jw *jw, struct jw_node *no, const struct weir_field *fi,
    bool named)
{
	const struct weir_type *ty = fi->type;
	size_t n = named ? strlen(fi->name) : 0;
	uint32_t i;
	char *p;

	no->type = ty;
	no->prefix = "";
	no->has_floats = ty->kind == WEIR_FLOAT32 || ty->kind == WEIR_FLOAT64;
	if (named) {
		p = block(jw, WEIR__JSON_STRING_TEXT(n) + 2 + 32);
		if (p == NULL)
			return false;
		p[0] = ',';
		n = 1 + weir__json_quote(p + 1, fi->name, n);
		p[n++] = ':';
		no->prefix = p;
		no->prefix_len = (uint32_t)n;
		no->prefix_room = (uint32_t)n + 32;
	}
	if (!weir_type_nested(ty))
		return true;
	no->kids = jw_nodes(jw, ty->fields, ty->nfields,
	    ty->kind == WEIR_STRUCT);
	if (no->kids == NULL)
		return false;
	for (i = 0; i < ty->nfields; i++)
		no->has_floats |= no->kids[i].has_floats;
	return true;
}

struct jw_node *
jw_nodes(struct jw *jw, const struct weir_field *fi, uint32_t n, bool named)
{
	struct jw_node *no = block(jw, (n + 1) * sizeof *no);
	uint32_t i;

	for (i = 0; no != NULL && i < n; i++)
		if (!make_node(jw, &no[i], &fi[i], named))
			return NULL;
	return no;
}

void
jw_free(struct jw *jw)
{
	const struct weir_host *h = jw->st->host;
	struct js_block *bl, *next;

	for (bl = jw->blocks; bl != NULL; bl = next) {
		next = bl->next;
		h->free(bl);
	}
}

/* ---------------------------------------------------------------- memory */

void
jw_begin(struct jw *jw, struct weir_batch *b)
{
	jw->b = b;
	jw->row = jw->p = jw->end = NULL;
}

/* The row so far goes to a new chunk. */
static __attribute__((noinline)) bool
more_room(struct jw *jw, size_t n)
{
	size_t used = (size_t)(jw->p - jw->row);
	size_t want = 2 * (used + n + JW_SLACK);
	char *p;

	if (want < JW_CHUNK)
		want = JW_CHUNK;
	p = weir_batch_alloc(jw->st, jw->b, want);
	if (p == NULL)
		return false;
	if (used != 0)
		memcpy(p, jw->row, used);
	jw->row = p;
	jw->p = p + used;
	jw->end = p + want;
	return true;
}

static inline bool
room(struct jw *jw, size_t n)
{
	return (size_t)(jw->end - jw->p) >= n + JW_SLACK || more_room(jw, n);
}

/* ------------------------------------------------------------------ text */

#if defined(__SSE2__)

/* Sixteen bytes from x to `to`: a bit for each one that needs an escape. */
static inline unsigned
copy16(char *to, __m128i x)
{
	__m128i low =
	    _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
	__m128i back = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));

	_mm_storeu_si128((__m128i *)(void *)to, x);
	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(low, _mm_or_si128(quote, back)));
}

static inline __m128i
load16(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Copy text that needs no escape; false when it does. */
static inline bool
copy_plain(char *to, const struct weir_str *s)
{
	const char *p = s->u.big.ptr;
	uint32_t i, n = s->len;
	unsigned bits;

	if (n <= WEIR_STR_SMALL) {
		bits = copy16(to,
		    _mm_srli_si128(load16((const char *)s), 4));
		return (bits & ((1u << n) - 1)) == 0;
	}
	if (n < 16) {
		bits = copy16(to, _mm_loadl_epi64((const void *)p));
		bits &= 0xff;
		bits |= copy16(to + n - 8,
			    _mm_loadl_epi64((const void *)(p + n - 8))) & 0xff;
		return bits == 0;
	}
	bits = copy16(to + n - 16, load16(p + n - 16));
	for (i = 0; i + 16 < n; i += 16)
		bits |= copy16(to + i, load16(p + i));
	return bits == 0;
}

#else

static inline bool
copy_plain(char *to, const struct weir_str *s)
{
	memcpy(to, weir_str_data(s), s->len);
	return weir__json_plain(to, s->len) == s->len;
}

#endif

static bool
put_raw(struct jw *jw, const char *p, size_t n)
{
	if (!room(jw, n))
		return false;
	memcpy(jw->p, p, n);
	jw->p += n;
	return true;
}

/* Text of at most SHORT bytes. */
static inline char *
short_string(char *p, const struct weir_str *s)
{
	p[0] = '"';
	if (__builtin_expect(!copy_plain(p + 1, s), 0))
		return p + weir__json_quote(p, weir_str_data(s), s->len);
	p += s->len + 2;
	p[-1] = '"';
	return p;
}

static bool
put_string(struct jw *jw, const struct weir_str *s)
{
	const char *p = weir_str_data(s);

	if (!room(jw, weir__json_plain(p, s->len) == s->len
		    ? (size_t)s->len + 2
		    : WEIR__JSON_STRING_TEXT(s->len)))
		return false;
	jw->p += weir__json_quote(jw->p, p, s->len);
	return true;
}

static bool
put_bytes(struct jw *jw, const struct weir_str *s)
{
	if (!room(jw, WEIR__BASE64_TEXT(s->len) + 2))
		return false;
	*jw->p++ = '"';
	jw->p += weir__base64_encode(jw->p, weir_str_data(s), s->len);
	*jw->p++ = '"';
	return true;
}

/* --------------------------------------------------------------- numbers */

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324"
    "25262728293031323334353637383940414243444546474849"
    "50515253545556575859606162636465666768697071727374"
    "75767778798081828384858687888990919293949596979899";

static inline void
two_digits(char *p, uint64_t v)
{
	memcpy(p, pairs + 2 * v, 2);
}

/* Exactly n digits of v. */
static inline void
put_digits(char *p, uint64_t v, unsigned n)
{
	for (p += n; n >= 2; n -= 2, v /= 100)
		memcpy(p -= 2, pairs + 2 * (v % 100), 2);
	if (n != 0)
		*--p = (char)('0' + v % 10);
}

static char *
put_decimal64(char *p, int64_t v, unsigned scale)
{
	uint64_t u = v < 0 ? -(uint64_t)v : (uint64_t)v, one;

	if (v < 0)
		*p++ = '-';
	if (scale == 0)
		return p + weir__u64_print(p, u);
	if (scale == 2) { /* no division by what is not known */
		p += weir__u64_print(p, u / 100);
		p[0] = '.';
		two_digits(p + 1, u % 100);
		return p + 3;
	}
	one = (uint64_t)weir__decimal_pow10_64[scale];
	p += weir__u64_print(p, u / one);
	*p++ = '.';
	put_digits(p, u % one, scale);
	return p + scale;
}

/* A float of at most six digits behind the point and fifteen in all is the
 * only such number near its float64, so it is the shortest text for it. */
static char *
put_double(char *p, double v)
{
	double a = fabs(v);
	uint64_t m;
	unsigned n = 6;

	if (!(a >= 1e-5 && a < 1e9))
		return p + weir__f64_print(p, v);
	m = (uint64_t)(int64_t)(a * 1e6 + 0.5);
	if ((double)(int64_t)m / 1e6 != a)
		return p + weir__f64_print(p, v);
	if (v < 0)
		*p++ = '-';
	p += weir__u64_print(p, m / 1000000);
	m %= 1000000;
	if (m == 0)
		return p;
	for (; m % 10 == 0; n--)
		m /= 10;
	*p++ = '.';
	put_digits(p, m, n);
	return p + n;
}

static char *
put_float(const struct jw *jw, char *p, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	bool wide = ty->kind == WEIR_FLOAT64;
	double v = wide ? co->u.f64[row] : (double)co->u.f32[row];
	bool text = !isfinite(v);

	if (text && jw->nan != JW_NAN_TEXT) {
		memcpy(p, "null", 4);
		return p + 4;
	}
	if (text)
		*p++ = '"';
	p = wide ? put_double(p, v) : p + weir__f32_print(p, co->u.f32[row]);
	if (text)
		*p++ = '"';
	return p;
}

static char *
put_decimal(const struct jw *jw, char *p, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	if (jw->text_decimals)
		*p++ = '"';
	if (weir_decimal_wide(ty))
		p += weir__decimal_print(p, co->u.i128[row], ty->scale);
	else
		p = put_decimal64(p, co->u.i64[row], ty->scale);
	if (jw->text_decimals)
		*p++ = '"';
	return p;
}

/* ----------------------------------------------------------------- times */

/* "2026-01-02T03:04:05.678Z", with the date kept from row to row. */
static char *
put_timestamp(struct jw *jw, char *p, int64_t us)
{
	int64_t day = weir__time_floor(us, WEIR__US_DAY);
	uint32_t s, frac;

	if (us < WEIR__TIME_MIN || us > WEIR__TIME_MAX)
		return p + weir__time_print(p, us);
	if (__builtin_expect(day != jw->day || jw->date[0] == '\0', 0)) {
		weir__time_print_date(jw->date, (int32_t)day);
		jw->day = day;
	}
	memcpy(p, jw->date, 16);
	us -= day * WEIR__US_DAY;
	s = (uint32_t)(us / WEIR__US_SEC);
	frac = (uint32_t)(us % WEIR__US_SEC);
	p[10] = 'T';
	two_digits(p + 11, s / 3600);
	p[13] = ':';
	two_digits(p + 14, s / 60 % 60);
	p[16] = ':';
	two_digits(p + 17, s % 60);
	p += 19;
	if (frac != 0) {
		*p++ = '.';
		if (frac % 1000 == 0) {
			put_digits(p, frac / 1000, 3);
			p += 3;
		} else {
			put_digits(p, frac, 6);
			p += 6;
		}
	}
	*p++ = 'Z';
	return p;
}

static char *
put_time(struct jw *jw, char *p, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	*p++ = '"';
	if (ty->kind == WEIR_TIMESTAMP)
		p = put_timestamp(jw, p, co->u.i64[row]);
	else if (ty->kind == WEIR_DATE)
		p += weir__time_print_date(p, co->u.i32[row]);
	else
		p += weir__time_print_duration(p, co->u.i64[row]);
	*p++ = '"';
	return p;
}

/* ---------------------------------------------------------------- values */

/* A value whose text is short (SHORT_ROOM at most), to p; NULL where it may be
 * longer. */
static inline char *
put_short(struct jw *jw, char *p, const struct weir_type *ty,
    const struct weir_column *co, uint32_t row)
{
	bool on;

	if (__builtin_expect(!weir_present(co) || !weir_valid(co, row), 0)) {
		memcpy(p, "null", 4);
		return p + 4;
	}
	switch (ty->kind) {
	case WEIR_STRING:
		return __builtin_expect(co->u.str[row].len <= SHORT, 1)
		    ? short_string(p, &co->u.str[row])
		    : NULL;
	case WEIR_BOOL:
		on = weir_bit(co->u.bits, row);
		memcpy(p, on ? "true" : "false", 5);
		return p + 5 - on;
	case WEIR_INT32:
		return p + weir__i64_print(p, co->u.i32[row]);
	case WEIR_INT64:
		return p + weir__i64_print(p, co->u.i64[row]);
	case WEIR_FLOAT32:
	case WEIR_FLOAT64:
		return put_float(jw, p, ty, co, row);
	case WEIR_DECIMAL:
		return put_decimal(jw, p, ty, co, row);
	case WEIR_TIMESTAMP:
	case WEIR_DATE:
	case WEIR_DURATION:
		return put_time(jw, p, ty, co, row);
	default:
		return NULL;
	}
}

static bool put_value(struct jw *jw, const struct jw_node *no,
    const struct weir_column *co, uint32_t row);
static bool put_long(struct jw *jw, const struct jw_node *no,
    const struct weir_column *co, uint32_t row);

static bool
put_list(struct jw *jw, const struct jw_node *no, const struct weir_column *co,
    uint32_t row)
{
	bool map = no->type->kind == WEIR_MAP;
	int32_t i, first = co->offsets[row];

	if (!put_raw(jw, map ? "{" : "[", 1))
		return false;
	for (i = first; i < co->offsets[row + 1]; i++) {
		if (i != first && !put_raw(jw, ",", 1))
			return false;
		if (map && (!put_string(jw, &co->child[0].u.str[i]) ||
			       !put_raw(jw, ":", 1)))
			return false;
		if (!put_value(jw, &no->kids[map], &co->child[map],
			(uint32_t)i))
			return false;
	}
	return put_raw(jw, map ? "}" : "]", 1);
}

/* Fields begin with a comma each; the first becomes the brace. */
static bool
put_fields(struct jw *jw, const struct jw_node *no, uint32_t n,
    const struct weir_column *cols, const uint32_t *which, uint32_t row)
{
	size_t at = (size_t)(jw->p - jw->row);
	const struct weir_column *co;
	char *p, *q;
	uint32_t i;

	for (i = 0; i < n; i++, no++) {
		co = &cols[which == NULL ? i : which[i]];
		if (jw->omit_nulls &&
		    (!weir_present(co) || !weir_valid(co, row)))
			continue;
		if (!room(jw, (size_t)no->prefix_room + SHORT_ROOM))
			return false;
		p = jw->p;
		memcpy(p, no->prefix, 32);
		if (__builtin_expect(no->prefix_len > 32, 0))
			memcpy(p + 32, no->prefix + 32, no->prefix_len - 32);
		p += no->prefix_len;
		q = put_short(jw, p, no->type, co, row);
		jw->p = q != NULL ? q : p;
		if (__builtin_expect(q == NULL, 0) &&
		    !put_long(jw, no, co, row))
			return false;
	}
	if (!room(jw, 2))
		return false;
	if ((size_t)(jw->p - jw->row) == at)
		jw->p++;
	jw->row[at] = '{';
	*jw->p++ = '}';
	return true;
}

/* A value that is not null and may be long. */
static bool
put_long(struct jw *jw, const struct jw_node *no, const struct weir_column *co,
    uint32_t row)
{
	switch (no->type->kind) {
	case WEIR_STRING:
		return put_string(jw, &co->u.str[row]);
	case WEIR_BYTES:
		return put_bytes(jw, &co->u.str[row]);
	case WEIR_JSON:
		return put_raw(jw, weir_str_data(&co->u.str[row]),
		    co->u.str[row].len);
	case WEIR_STRUCT:
		return put_fields(jw, no->kids, no->type->nfields, co->child,
		    NULL, row);
	default:
		return put_list(jw, no, co, row);
	}
}

static bool
put_value(struct jw *jw, const struct jw_node *no, const struct weir_column *co,
    uint32_t row)
{
	char *p;

	if (!room(jw, SHORT_ROOM))
		return false;
	p = put_short(jw, jw->p, no->type, co, row);
	if (p == NULL)
		return put_long(jw, no, co, row);
	jw->p = p;
	return true;
}

bool
jw_row(struct jw *jw, struct weir_str *out, const struct jw_node *nodes,
    uint32_t n, const struct weir_column *cols, const uint32_t *which,
    uint32_t row)
{
	jw->row = jw->p;
	if (!put_fields(jw, nodes, n, cols, which, row))
		return false;
	*out = weir_str_make(jw->row, (size_t)(jw->p - jw->row));
	return true;
}

bool
jw_has_nan(const struct jw_node *no, const struct weir_column *co, uint32_t row)
{
	uint32_t i, n = no->type->nfields;
	int32_t j;

	if (!no->has_floats || !weir_present(co) || !weir_valid(co, row))
		return false;
	if (no->type->kind == WEIR_FLOAT64)
		return !isfinite(co->u.f64[row]);
	if (no->type->kind == WEIR_FLOAT32)
		return !isfinite(co->u.f32[row]);
	for (i = 0; i < n; i++) {
		if (no->type->kind == WEIR_STRUCT) {
			if (jw_has_nan(&no->kids[i], &co->child[i], row))
				return true;
			continue;
		}
		for (j = co->offsets[row]; j < co->offsets[row + 1]; j++)
			if (jw_has_nan(&no->kids[i], &co->child[i],
				(uint32_t)j))
				return true;
	}
	return false;
}
