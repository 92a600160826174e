/* SPDX-License-Identifier: MIT
 *
 * A simulation of the epoch loop.  The engine's own code runs; what is around
 * it is modelled, and every choice is drawn from one seed:
 *
 *	sched.c   threads: one runs at a time; who goes on is drawn at each
 *	          lock, wait and effect.  Clocks stand still but for sleeps.
 *	disk.c    the state directory: real files, and how to take back what
 *	          was not synced when the power is cut
 *	model.c   a source with known rows, sinks of three kinds whose answers
 *	          may be lost, and what holds at all times
 *	sim.c     schedules: lives of one pipeline, each a process that is
 *	          ended at some moment, until one comes to the end
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "weir/plugin.h"

#define PARTS 3
#define PART_ROWS 40
#define MAX_SINKS 8
#define MAX_ROWS 1024 /* a sink's */
#define MAX_UNDO 4096
#define MAX_INODES 512
#define UNDO_BYTES (16 << 20)

/* How a life ends, when not by itself. */
#define EXIT_CRASH 77
#define EXIT_DEADLOCK 78
#define EXIT_ENDLESS 79
#define EXIT_BROKEN 80 /* what should always hold does not */

/* What the other side of a sink has; it lives on when the process dies. */
struct far {
	char id[128];
	uint64_t marker; /* the last epoch */
	uint32_t n;
	uint64_t rows[MAX_ROWS]; /* their hashes */
	uint64_t calls, unclear, again;
	bool born;
};

enum undo_kind { U_WRITE, U_LENGTH, U_CREATE, U_MKDIR, U_RENAME, U_UNLINK };

struct undo {
	enum undo_kind kind;
	bool done; /* synced, or taken back */
	bool over; /* a rename in the place of the one unlinked before it */
	ino_t ino;
	ino_t dirs[2];
	int64_t offset, len;	 /* what was written */
	int64_t old_len;	 /* of the file */
	size_t old, old_n;	 /* what stood there, in `bytes` */
	char from[256], to[256]; /* names */
};

/* Shared by the lives of a schedule. */
struct world {
	uint64_t seed;
	bool loud; /* effects are told */
	uint64_t rnd;
	/* this life */
	int life;
	uint32_t switch_in; /* one in so many points changes the thread */
	uint32_t crash_in;  /* one in so many choices ends it; 0: none does */
	uint32_t fault_in;  /* likewise: an effect on the disk fails */
	uint32_t far_in;    /* one in so many calls of a sink goes wrong */
	bool faulted;	    /* something was made to fail */
	uint64_t choices;
	int64_t clock;
	char broken[512];   /* what should hold and does not */
	/* the other sides */
	struct far sinks[MAX_SINKS];
	uint32_t nsinks;
	int64_t committed[PARTS];
	/* the disk */
	struct undo undo[MAX_UNDO];
	uint32_t nundo;
	struct {
		ino_t ino;
		char path[256];
	} inodes[MAX_INODES];
	uint32_t ninodes;
	size_t nbytes;
	char bytes[UNDO_BYTES];
	/* figures */
	uint64_t lives, crashes, cuts, faults, unclear;
};

extern struct world *world;

/* A number below n. */
uint32_t draw(uint32_t n);
/* True once in n; never for 0. */
bool once_in(uint32_t n);
/* What should always hold does not: the life ends, with a sentence. */
void broken(const char *fmt, ...) __attribute__((format(printf, 1, 2)))
__attribute__((noreturn));

/* sched.c */
void sched_begin(void); /* the caller is the first thread */
void sched_point(void); /* another may go on; the life may end */

/* disk.c */
void disk_root(const char *path);
void disk_power_cut(void); /* after a life: what was not synced may be gone */

/* model.c */
struct weir__plan;
void model_plan(struct weir__plan *pl); /* its source and sinks are ours */
void model_reset(void);
/* After the last life: does each sink hold its rows? */
void model_check(const struct far *want, uint32_t n);

#endif
