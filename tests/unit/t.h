/* SPDX-License-Identifier: MIT
 *
 * The smallest test harness: each check is one line of TAP.
 */
#ifndef T_H
#define T_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct {
	int n;
	int bad;
} t_state;

static inline void
t_line(int ok, const char *file, int line, const char *what)
{
	t_state.n++;
	t_state.bad += !ok;
	printf("%sok %d - %s:%d %s\n", ok ? "" : "not ", t_state.n, file, line,
	    what);
}

#define T(cond) t_line((cond) ? 1 : 0, __FILE__, __LINE__, #cond)

#define T_STR(a, b)                                                            \
	do {                                                                   \
		const char *t_a = (a), *t_b = (b);                             \
		int t_ok = strcmp(t_a, t_b) == 0;                              \
		t_line(t_ok, __FILE__, __LINE__, #a);                          \
		if (!t_ok)                                                     \
			printf("# got:  %s\n# want: %s\n", t_a, t_b);          \
	} while (0)

#define T_INT(a, b)                                                            \
	do {                                                                   \
		intmax_t t_a = (intmax_t)(a), t_b = (intmax_t)(b);             \
		t_line(t_a == t_b, __FILE__, __LINE__, #a);                    \
		if (t_a != t_b)                                                \
			printf("# got:  %" PRIdMAX "\n# want: %" PRIdMAX "\n", \
			    t_a, t_b);                                         \
	} while (0)

static inline int
t_done(void)
{
	printf("1..%d\n", t_state.n);
	return t_state.bad != 0;
}

#endif
