/* SPDX-License-Identifier: MIT
 *
 * Small files of the state directory.
 */
#ifndef WEIR_RUN_CLAIM_H
#define WEIR_RUN_CLAIM_H

/* All of a small file, NUL-ended, "" when it is not there; freed by
 * weir__free().  NULL and errno. */
char *weir__state_read(int dir, const char *name);
/* Written aside, synced, renamed, the directory synced.  0, or -1 and errno. */
int weir__state_write(int dir, const char *name, const char *text);

#endif
