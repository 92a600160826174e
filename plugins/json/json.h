/* SPDX-License-Identifier: MIT
 *
 * The inside of the plugin json: a schema as a tree of slots, each of which
 * knows how its value is read and where it goes.
 *
 *	decoder ─► object ─► slot  txn_id   string ──► column 0
 *	             │        │ next: what came after it in the row before
 *	             │        ▼
 *	             │       slot  amount   decimal ─► column 6
 *	             │
 *	             └─ table: key ─► slot, where the guess is wrong
 *
 * One pass over the text and no tree of it: the bytes between two values,
 * `, "amount": `, are compared as a whole with those that stood there in an
 * earlier row, and the value is read by a reader of its type.  Whatever is not
 * of the usual shape is read again from its first byte by the slow readers,
 * which alone know the whole of RFC 8259 and all errors.
 *
 * Rows go into memory of the output batch; what lies below a list or a map is
 * collected in the decoder and copied when its number is known.
 *
 * Of the engine only engine/base is used, linked into the plugin: numbers,
 * decimals, times.
 */
#ifndef JSON_H
#define JSON_H

#include "weir/plugin.h"

#define JS_GLUE 32	  /* longest text between two values that is learned */
#define JS_LEARNED 256	  /* unknown keys that are learned, an object ... */
#define JS_LEARNED_NAME 128 /* ... and their length */
#define JS_TEXT_CHUNK 8192
#define JS_PATH 192	  /* longest column path of an error */
#define JS_DEPTH_LIMIT 1024

/* How a slot's value is read.  ODD ones have only the slow reader. */
enum js_op {
	JS_STRING,
	JS_INT32,
	JS_INT64,
	JS_FLOAT64,
	JS_DECIMAL64,
	JS_TIME,
	JS_BOOL,
	JS_STRUCT,
	JS_LIST,
	JS_MAP,
	JS_EPOCH,
	JS_ODD,
	JS_UNKNOWN,
};

/* What a number of a time counts. */
enum js_unit {
	JS_TEXT = 0,
	JS_PATTERN,
	JS_S,
	JS_MS,
	JS_US,
	JS_NS,
};

enum js_duplicates {
	JS_DUP_REJECT,
	JS_DUP_FIRST,
	JS_DUP_LAST,
};

/* The rows of a column that are being made: the batch's, or the elements of a
 * list's. */
struct js_rows {
	uint32_t n;
	uint32_t cap;
};

struct js_object;

/* A field, a list's element, or a map's key or value. */
struct js_slot {
	/* Read and written for every value. */
	void *data;		/* of the column */
	uint64_t stamp;		/* the object it was last seen in */
	struct js_slot *next;	/* which key came after this one */
	char glue[JS_GLUE];	/* the text before its value, from behind the
				 * comma or brace */
	uint32_t glue_len;	/* UINT32_MAX: none yet */
	uint32_t mask;		/* 0 when no one wants the column, else ~0:
				 * & row, so that all go to the first row of
				 * memory that no one reads */
	uint8_t op;		/* enum js_op */
	uint8_t precision;
	uint8_t scale;
	uint8_t unit;		/* enum js_unit */
	bool required;
	bool convert;
	bool stored;
	bool nulls;		/* valid has a cleared bit */

	int32_t *offsets;	/* list, map */
	uint64_t *valid;	/* NULL until the first null */
	struct js_rows *rows;	/* which rows these are */
	struct js_rows items;	/* list, map: the elements */
	struct js_slot *item;	/* list, map: the element, the value */
	struct js_slot *key;	/* map: the key */
	struct js_object *object; /* struct: its; unknown: the one it is in */
	struct js_slot *chain;
	struct weir_column *col; /* of the batch being made, or NULL */
	const struct weir_field *field;
	const char *name;	/* in the text; not NUL-ended when learned */
	uint32_t name_len;
};

/* The keys of an object and their slots. */
struct js_object {
	struct js_slot *slots;	/* n of the schema */
	uint32_t n;
	uint32_t nlearned;
	struct js_slot *learned; /* a list, by `chain` */
	struct js_slot *first;	/* which key came first */
	struct js_slot **table;	/* by hash; NULL: free */
	uint32_t table_mask;
	bool keeps_extra;	/* unknown fields go into the extra column */
	const char *prefix;	/* "user." for those, escaped */
	uint32_t prefix_len;
};

/* Why a row is bad.  code NULL: it is not. */
struct js_error {
	const char *code;
	const char *at;
	char text[192];
	char path[JS_PATH];
	uint32_t path_at; /* grows downwards */
};

/* A block of memory that goes with the decoder. */
struct js_block {
	struct js_block *next;
	uint64_t align; /* the bytes begin on 16 */
};

struct js_buf {
	char *p;
	size_t len;
	size_t cap;
};

struct js_config {
	struct weir_config head;
	const struct weir_schema *schema;
	int32_t from;
	struct weir_str unknown;
	int32_t duplicates; /* enum js_duplicates */
	struct weir_list convert;
	int32_t round; /* 0 none, 1 half_even */
	int64_t max_depth;
	int64_t max_items;
	struct weir_list keep;
	/* Made by bind. */
	bool reject_unknown;
	uint32_t nfields; /* columns of the schema */
	bool extra;	  /* and one for unknown fields after them */
};

/* One worker's decoder. */
struct js {
	struct weir_stage *st;
	const struct js_config *cf;
	const char *begin; /* of the row being read */
	const char *end;
	uint64_t stamp;
	uint64_t seed; /* of hashes of keys that others chose */
	uint32_t max_depth;
	struct js_object *root;
	struct js_slot *extra; /* or NULL */
	struct js_rows rows;
	uint32_t items_left; /* of max_items, for this row */
	struct weir_batch *out;

	/* Text of the batch being made. */
	char *text;
	size_t text_left;

	/* The last date: its ten bytes and its days. */
	uint64_t date_text;
	uint32_t date_text2;
	int64_t date_us;

	struct js_buf scratch;	/* unescaped text of one token */
	struct js_buf extras;	/* unknown fields of one row */
	struct js_buf keys;	/* keys of one map, when it has many */
	uint64_t unknown_seen;	/* unknown fields met */
	uint64_t unknown_told;
	struct js_block *blocks;
	struct js_error err;
	bool no_memory;
	char dummy[64] __attribute__((aligned(16)));
	int32_t dummy_offsets[2];
	char small[48];		/* a copy of a short row */
	uint32_t good[WEIR_BATCH_ROWS];
};

/* ---- shape.c: slots and keys */

int js_shape(struct js *js, struct weir_err *err);
void js_shape_free(struct js *js);

/* The slot of a key, or NULL. */
struct js_slot *js_find(struct js_object *ob, const char *key, size_t len);

/* A slot for a key that the schema does not know, or NULL. */
struct js_slot *js_learn(struct js *js, struct js_object *ob, const char *key,
    size_t len);

void *js_block(struct js *js, size_t n); /* zeroed */

/* Text that lives as long as the batch. */
char *js_text(struct js *js, size_t n);
bool js_buf_room(struct js *js, struct js_buf *bf, size_t n);
bool js_buf_add(struct js *js, struct js_buf *bf, const void *p, size_t n);

/* ---- store.c: the memory behind the slots */

/* Point the slots at the columns of js->out; false: memory is out. */
bool js_attach(struct js *js);

/* Forget what was written at and behind a row: the current one of all columns,
 * row n of a slot, element n of a list. */
void js_rewind(struct js *js);
void js_rewind_slot(struct js *js, struct js_slot *sl, uint32_t n);
void js_rewind_items(struct js *js, struct js_slot *sl, uint32_t n);

/* Give the columns of `out` their validity and elements. */
bool js_finish(struct js *js, struct weir_batch *out);

/* Room for one more element in a list or map; false: memory is out. */
bool js_grow(struct js *js, struct js_slot *sl);

/* Make row `row` null; false: memory is out. */
bool js_set_null(struct js *js, struct js_slot *sl, uint32_t row);

/* ---- scan.c: tokens, whatever their shape */

/* All of these take the token's first byte, and answer the byte behind it or
 * NULL with js->err filled in. */

/* A string whose opening quote is at p: its text, unescaped, lies in the row or
 * in js->scratch. */
const char *js_scan_string(struct js *js, const char *p, const char **text,
    size_t *len);

/* Check that here is a number by RFC 8259's grammar. */
const char *js_scan_number(struct js *js, const char *p);

/* Any value; depth is how deep it lies. */
const char *js_scan_value(struct js *js, const char *p, uint32_t depth);

const char *js_fail(struct js *js, const char *at, const char *code,
    const char *fmt, ...) WEIR_PRINTF(4, 5);
const char *js_no_memory(struct js *js);
const char *js_too_deep(struct js *js, const char *p);

/* What is wrong with the byte at p, where `wanted` was expected. */
const char *js_syntax(struct js *js, const char *p, const char *wanted);

/* "a string", "a number", ... of the value at p. */
const char *js_found(const struct js *js, const char *p);

/* Put a name or [i] before the error's path. */
void js_path_name(struct js *js, const char *name, size_t len);
void js_path_index(struct js *js, uint32_t i);

/* ---- scalar.c: any value for a slot of a scalar type */
const char *js_scalar(struct js *js, struct js_slot *sl, const char *p,
    uint32_t row, uint32_t depth);

/* ---- map.c */
const char *js_read_map(struct js *js, struct js_slot *sl, const char *p,
    uint32_t row, uint32_t depth);

/* Room for one more element of a list or map, which begins at p. */
bool js_next_item(struct js *js, struct js_slot *sl, const char *p);

/* Behind an element: the byte after the comma, or *done and behind the end. */
const char *js_after_item(struct js *js, const char *p, char close,
    bool *done);

/* ---- read.c */

/* The value at p, into row `row` of a slot, depth levels deep. */
const char *js_read_value(struct js *js, struct js_slot *sl, const char *p,
    uint32_t row, uint32_t depth);

/* One row; false with js->err filled in. */
bool js_read_row(struct js *js, const char *p, size_t n);

/* ---- the verbs */
extern const struct weir_stage_type js_decode_type;
extern const struct weir_stage_type js_encode_type;

#endif
