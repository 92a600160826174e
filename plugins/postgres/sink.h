/* SPDX-License-Identifier: MIT
 *
 * postgres.write while it runs.
 *
 *	rows.c        rows checked ─► the engine's spool
 *	publish.c     spool ─► one transaction an epoch:
 *
 *	    BEGIN; the marker's row FOR UPDATE	whose is it, how far is it?
 *	    COPY into the table			(append)
 *	    COPY into weir_load; one statement	(upsert, deletes)
 *	    UPDATE the marker to this epoch	if it is where it was
 *	    COMMIT
 *
 * The marker stands at the last epoch that had rows.  Epochs without rows are
 * not committed one by one: redoing them does nothing.
 */
#ifndef POSTGRES_SINK_H
#define POSTGRES_SINK_H

#include "encode.h"

enum pg_ddl { PG_DDL_NONE, PG_DDL_CREATE, PG_DDL_ADD_COLUMNS };

struct write_config {
	struct pg_common common; /* first */
	struct weir_str table;
	struct weir_list key; /* uint32_t */
	int32_t newer;
	const struct weir_expr *gone; /* delete: */
	int64_t remember;
	int32_t ddl;
	/* Of bind. */
	const struct weir_schema *in;
	const uint32_t *keys;
	uint32_t nkeys;
	bool deletes;
	char schema[PG_NAME]; /* "": where the server looks first */
	char name[PG_NAME];
};

/* The table as it is at the server, and how our columns go into it. */
struct pg_target {
	const struct weir_host *host;
	const struct write_config *cf;
	struct pg_link *li;
	struct pg_col *cols; /* one of each of the input's */
	uint32_t ncols;
	char schema[PG_NAME];
	uint32_t oid; /* 0: not there */
	char relkind;
	bool may_make;	  /* in that schema */
	bool has_marker;  /* there is a table weir_epochs */
	bool may_mark;	  /* and we may use it */
	bool has_graves;  /* and one for what was deleted */
	char graves[PG_NAME];
	uint64_t *missing; /* columns of ours that it lacks */
	uint32_t nmissing;
	char seal[24]; /* a hash of our columns as they are there */
};

/* ---- table.c: all of these only look */
int pg_target_init(struct pg_target *ta, const struct write_config *cf,
    struct pg_link *li, struct weir_err *err);
void pg_target_fini(struct pg_target *ta);
int pg_target_look(struct pg_target *ta, struct weir_err *err);
/* Does it fit, or can it be made to?  Says all that doesn't. */
int pg_target_check(struct pg_target *ta, struct weir_err *err);
/* Once everything is made: what it is like now; and is it so still?  Rows are
 * sent as those columns want them, and the server would take some of them for
 * something else. */
int pg_target_seal(struct pg_target *ta, struct weir_err *err);
int pg_target_same(struct pg_target *ta, struct weir_err *err);
int pg_target_changed(struct pg_target *ta, struct weir_err *err);
/* Names as SQL. */
void pg_target_seal_sql(const struct pg_target *ta, struct pg_buf *bf);
void pg_target_name(const struct pg_target *ta, struct pg_buf *bf,
    const char *table);
void pg_target_columns(const struct pg_target *ta, struct pg_buf *bf,
    const char *prefix);
void pg_target_keys(const struct pg_target *ta, struct pg_buf *bf,
    const char *prefix);
bool pg_is_key(const struct write_config *cf, uint32_t col);

/* ---- ddl.c: make what is missing; inside a transaction */
int pg_ddl_marker(struct pg_target *ta, struct weir_err *err);
int pg_ddl_table(struct pg_target *ta, const struct weir_publisher *pb,
    bool *made, struct weir_err *err);

/* ---- marker.c */
struct pg_marker {
	uint64_t epoch, fence;
	uint64_t rows;	   /* that went in, of all epochs */
	uint64_t rejected; /* that the server refused */
	bool found;
	bool made; /* we made the table: all its rows are ours */
	bool other; /* it is of another table */
};

/* The row of this sink; locked until the transaction ends, or (for audit)
 * not. */
int pg_marker_read(struct pg_target *ta, const struct weir_fence *fe,
    bool lock, struct pg_marker *ma, struct weir_err *err);
/* Begin a transaction with that. */
int pg_marker_begin(struct pg_target *ta, const struct weir_fence *fe,
    struct pg_marker *ma, struct weir_err *err);
/* A new sink of this name begins: the row of the table before it goes aside. */
int pg_marker_leave(struct pg_target *ta, const struct weir_fence *fe,
    struct weir_err *err);
/* Rows of a table without key that other owners have put there? */
int pg_marker_others(struct pg_target *ta, const struct weir_fence *fe,
    struct weir_err *err);
/* Make the row, or raise its fence. */
int pg_marker_own(struct pg_target *ta, const struct weir_fence *fe,
    const struct pg_marker *ma, bool made, struct weir_err *err);
/* From one epoch to another; WEIR_ERROR when the row is not where it was. */
int pg_marker_move(struct pg_target *ta, const struct weir_fence *fe,
    uint64_t from, uint64_t to, uint64_t rows, uint64_t rejected,
    struct weir_err *err);
/* End those of our own sessions that hold what we wait for: an earlier run's,
 * or one whose end the server has not noticed. */
int pg_marker_evict(struct pg_target *ta, struct weir_err *err);

/* ---- merge.c */
void pg_merge_temp(const struct pg_target *ta, struct pg_buf *bf);
void pg_merge_sql(const struct pg_target *ta, struct pg_buf *bf);
void pg_merge_forget(const struct pg_target *ta, struct pg_buf *bf);

/* ---- load.c */
struct publisher {
	struct pg_link li;
	struct pg_target ta;
	struct pg_encoder en;
	struct weir_fence fe;
	char pipeline[40];
	char *sink;	/* the fence's */
	char app[64];
	struct pg_buf copy;  /* COPY ... FROM STDIN */
	struct pg_buf merge; /* what follows a COPY into weir_load */
	struct pg_buf forget;
	uint64_t epoch; /* the marker's, as we know it */
	uint64_t audited; /* rows that the journal says were published */
	int64_t forgot; /* when graves were last cleared */
	bool ready;	/* open was well */
	bool temp;	/* weir_load is there */
	bool locked;	/* someone held the marker for too long */
	struct weir_poison *bad;
	size_t nbad, room;
};

bool pg_is_merge(const struct write_config *cf);
int pg_load_init(struct weir_publisher *pb, struct weir_err *err);
void pg_load_fini(struct publisher *pu);
/* All frames of the epoch; how many rows went in, and were left out.
 * WEIR_ERROR with verdict PG_ROW: there is a row that the server refuses. */
int pg_load_epoch(struct weir_publisher *pb, uint64_t epoch, uint64_t *rows,
    uint64_t *rejected, struct weir_err *err);
/* Rows [from, to) of one frame but those of skip, as a load of their own. */
int pg_load_part(struct weir_publisher *pb, const struct weir_frame *fr,
    const uint64_t *skip, uint32_t from, uint32_t to, struct weir_err *err);
/* weir_load, once a connection. */
int pg_load_temp(struct weir_publisher *pb, struct weir_err *err);

/* ---- poison.c */
/* Find the rows that the server refuses, and have the engine decide so. */
int pg_poison_search(struct weir_publisher *pb, uint64_t epoch,
    struct weir_err *err);

/* ---- audit.c */
int pg_sink_audit(struct weir_publisher *pb, const struct weir_fence *fence,
    uint64_t epoch, const struct weir_intent *intents, size_t n,
    struct weir_audit *out, struct weir_err *err);

/* ---- publish.c */
extern const struct weir_sink_ops pg_sink_ops;
void pg_app_name(const struct weir_fence *fe, char *to, size_t room);

/* ---- rows.c */
struct writer {
	uint8_t tags[WEIR_BATCH_ROWS];
	uint32_t rows[WEIR_BATCH_ROWS];
	uint64_t bad[WEIR_BITMAP_WORDS(WEIR_BATCH_ROWS)];
};
int pg_write_rows(struct weir_stage *st, struct weir_batch *b,
    struct weir_err *err);

#endif
