/* SPDX-License-Identifier: MIT
 *
 * What tumbling and hopping windows share: they differ in their options only.
 */
#ifndef WINDOW_WINDOW_H
#define WINDOW_WINDOW_H

#include "align.h"
#include "weir/plugin.h"

#define WINDOW_FIRST 2u /* columns before those of by: start and end */

enum window_emit {
	WINDOW_CLOSE,
	WINDOW_UPDATE,
};

struct window_config {
	struct weir_config head;
	int64_t size;	  /* microseconds */
	int64_t every;	  /* from one start to the next; tumbling: 0 */
	int64_t offset;	  /* starts are multiples of `every`, plus this */
	int64_t lateness; /* how long a window stays open after its end */
	int32_t emit;	  /* enum window_emit */
	struct weir_list by;	     /* const struct weir_expr * */
	const struct weir_aggs *aggs;
	/* Made by bind. */
	const struct weir_table *table;
	const struct weir_table *changed; /* update: (window, key) -> slot */
	uint32_t time; /* the event-time column of the input */
	int64_t shift; /* added to it */
};

struct window_state {
	int64_t closed; /* the watermark up to which windows were closed */
	uint32_t rows[WEIR_BATCH_ROWS];
	uint32_t late[WEIR_BATCH_ROWS];
	int64_t last[WEIR_BATCH_ROWS]; /* the last window that a row is in */
	int64_t due[WEIR_BATCH_ROWS];
	void *slots[WEIR_BATCH_ROWS];
	void *marks[WEIR_BATCH_ROWS]; /* slots of `changed` */
	uint64_t taken[WEIR_BATCH_ROWS / 64];
	uint64_t rejected[WEIR_BATCH_ROWS / 64];
};

extern const struct weir_port *const window_ports[];

int window_bind(struct weir_bind *bi, void *config, struct weir_err *err);
int window_init(struct weir_stage *st, struct weir_err *err);
int window_process(struct weir_stage *st, uint32_t input, struct weir_batch *b,
    struct weir_err *err);
int window_watermark(struct weir_stage *st, int64_t wm, struct weir_err *err);
int window_epoch(struct weir_stage *st, uint64_t epoch, struct weir_err *err);

#endif
