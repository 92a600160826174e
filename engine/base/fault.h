/* SPDX-License-Identifier: MIT
 *
 * Faults that a test puts at a place of the I/O table (weir/io.h).
 */
#ifndef WEIR_BASE_FAULT_H
#define WEIR_BASE_FAULT_H

enum weir__fault {
	WEIR__FAULT_NONE = 0,
	WEIR__FAULT_SHORT, /* write half, then fail; errno is set */
	WEIR__FAULT_FAIL,  /* fail; errno is set */
};

/* Arm them.  spec (WEIR_FAULT): "PLACE=ACTION", more behind commas.  "@N": the
 * N-th time that the place is reached, @0 each time; else the first time.  The
 * place "*" is any: "*=kill@40" ends the process at its fortieth effect.
 * Actions: kill (-9, itself), stop (SIGSTOP, itself), eio, enospc, short (half
 * a write, then ENOSPC), delay (200 ms).  log (WEIR_FAULT_LOG): a file that
 * gets a line with each place's name when it is first reached.  Either may be
 * NULL.  0, or -1 when the text can't be read. */
int weir__fault_arm(const char *spec, const char *log);

/* A place has been reached; any thread.  One predicted branch when nothing is
 * armed. */
enum weir__fault weir__fault(const char *place);

#endif
