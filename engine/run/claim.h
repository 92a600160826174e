/* SPDX-License-Identifier: MIT
 *
 * Small files of the state directory.
 */
#ifndef WEIR_RUN_CLAIM_H
#define WEIR_RUN_CLAIM_H

#include <stdint.h>

/* All of a small file, NUL-ended, "" when it is not there; freed by
 * weir__free().  NULL and errno. */
char *weir__state_read(int dir, const char *name);
/* Written aside, synced, renamed, the directory synced.  0, or -1 and errno. */
int weir__state_write(int dir, const char *name, const char *text);
/* The next fence, for who holds the lock.  0, or -1 and errno. */
int weir__state_fence(int dir, uint64_t *fence);

#endif
