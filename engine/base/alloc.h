/* SPDX-License-Identifier: MIT
 *
 * All memory of the engine comes through here, so that a test can make the
 * n-th allocation fail and the budget can be counted.
 */
#ifndef WEIR_BASE_ALLOC_H
#define WEIR_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

/* As malloc, calloc, realloc and free; NULL when memory is out or when the
 * allocation was told to fail.  Any thread.  A size of 0 gives a pointer. */
void *weir__alloc(size_t n);
void *weir__zalloc(size_t n);
void *weir__realloc(void *p, size_t n);
void weir__free(void *p);

/* NUL-ended copies. */
char *weir__strdup(const char *s);
char *weir__strndup(const char *s, size_t n);

/* Let the n-th allocation from now fail (1 is the next), and every one after
 * it when `sticky`.  0 switches that off.  Also by WEIR_FAIL_ALLOC=n[+]. */
void weir__alloc_fail_at(uint64_t n, int sticky);

/* How many allocations were asked for since the last weir__alloc_fail_at(). */
uint64_t weir__alloc_count(void);

#endif
