/* SPDX-License-Identifier: MIT
 *
 * An arena: many allocations, one release, with clean-up callbacks.
 *
 *	chunk ─► chunk ─► chunk      each twice the last, up to 1 MiB; a request
 *	                             larger than a quarter chunk gets its own;
 *	                             after a reset, one for as much as there was
 *
 * With WEIR_ARENA_EMULATE defined every allocation is a malloc of its own, so
 * that sanitizers see each bound.
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stddef.h>

struct weir__arena_chunk;
struct weir__arena_clean;

struct weir__arena {
	char *at;
	char *end;
	struct weir__arena_chunk *chunks;
	struct weir__arena_clean *cleans;
	size_t next;  /* size of the next chunk */
	size_t total; /* bytes held */
};

/* Ready an arena whose first chunk will have `first` bytes (0: 4096).
 * Allocates nothing. */
void weir__arena_init(struct weir__arena *ar, size_t first);

/* Run the clean-ups, last first, and release all memory.  The arena can be
 * used again. */
void weir__arena_fini(struct weir__arena *ar);

/* As fini, but one chunk is kept for the next use. */
void weir__arena_reset(struct weir__arena *ar);

/* `n` bytes aligned to 16, or NULL.  weir__arena_zalloc zeroes them. */
void *weir__arena_alloc(struct weir__arena *ar, size_t n);
void *weir__arena_zalloc(struct weir__arena *ar, size_t n);

/* NUL-ended copies and formatted text in the arena, or NULL. */
char *weir__arena_strdup(struct weir__arena *ar, const char *s);
char *weir__arena_strndup(struct weir__arena *ar, const char *s, size_t n);
char *weir__arena_printf(struct weir__arena *ar, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Call fn(arg) when the arena ends.  0, or -1 when memory is out (fn is then
 * not called). */
int weir__arena_on_fini(struct weir__arena *ar, void (*fn)(void *), void *arg);

#endif
