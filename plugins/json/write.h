/* SPDX-License-Identifier: MIT
 *
 * Rows as JSON text, into memory of a batch.
 *
 *	chunk: ... row │{"id":1,"at":"2026-..."}│{"id":2,"at":... ◄ p    end
 *	                                         ▲ row
 *
 * A row that does not fit into the rest of a chunk moves to a new one.
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include "base/time.h"
#include "json.h"

#define JW_CHUNK 65536u
#define JW_SLACK 48u /* writers may write so many bytes more than they keep */

enum jw_nan {
	JW_NAN_REJECT,
	JW_NAN_NULL,
	JW_NAN_TEXT,
};

/* A column, field, element, key or value, and how it is written. */
struct jw_node {
	const struct weir_type *type;
	const char *prefix; /* ,"name": of a field; else "" */
	uint32_t prefix_len; /* 32 more bytes may be read behind it */
	uint32_t prefix_room;
	bool has_floats;
	struct jw_node *kids; /* as the type's fields */
};

struct jw {
	struct weir_stage *st;
	struct weir_batch *b; /* whose memory it is */
	char *row;	      /* where the row begins */
	char *p;
	char *end;
	bool omit_nulls;
	bool text_decimals;
	enum jw_nan nan;

	/* The last date. */
	int64_t day;
	char date[WEIR__TIME_TEXT];

	struct js_block *blocks;
};

/* The nodes of n fields, with names as prefixes; NULL: memory is out. */
struct jw_node *jw_nodes(struct jw *jw, const struct weir_field *fi, uint32_t n,
    bool named);
void jw_free(struct jw *jw);

/* Begin a batch, into whose memory rows will be written. */
void jw_begin(struct jw *jw, struct weir_batch *b);

/* One row: cols[which[i]] is written by nodes[i]; false: memory is out. */
bool jw_row(struct jw *jw, struct weir_str *out, const struct jw_node *nodes,
    uint32_t n, const struct weir_column *cols, const uint32_t *which,
    uint32_t row);

/* Is any float in the value not finite? */
bool jw_has_nan(const struct jw_node *no, const struct weir_column *co,
    uint32_t row);

#endif
