/* SPDX-License-Identifier: MIT
 *
 * Allocation that can be told to fail.
 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The one mutable state of the process that is not the pipeline's: a test's
 * fault counter.  It is 0, and costs one predicted branch, everywhere else. */
static struct {
	_Atomic uint64_t armed;
	_Atomic uint64_t left;
	_Atomic uint64_t count;
	_Atomic int sticky;
} fault;

static int
fails(void)
{
	uint64_t left;

	if (atomic_load_explicit(&fault.armed, memory_order_relaxed) == 0)
		return 0;
	atomic_fetch_add(&fault.count, 1);
	left = atomic_load(&fault.left);
	if (left == 0)
		return 0;
	if (left == 1) {
		if (!atomic_load(&fault.sticky))
			atomic_store(&fault.left, 0);
		return 1;
	}
	atomic_store(&fault.left, left - 1);
	return 0;
}

void *
weir__alloc(size_t n)
{
	return fails() ? NULL : malloc(n != 0 ? n : 1);
}

void *
weir__zalloc(size_t n)
{
	return fails() ? NULL : calloc(1, n != 0 ? n : 1);
}

void *
weir__realloc(void *p, size_t n)
{
	return fails() ? NULL : realloc(p, n != 0 ? n : 1);
}

void
weir__free(void *p)
{
	free(p);
}

char *
weir__strndup(const char *s, size_t n)
{
	char *p = weir__alloc(n + 1);

	if (p == NULL)
		return NULL;
	if (n != 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
weir__strdup(const char *s)
{
	return weir__strndup(s, strlen(s));
}

void
weir__alloc_fail_at(uint64_t n, int sticky)
{
	atomic_store(&fault.count, 0);
	atomic_store(&fault.left, n);
	atomic_store(&fault.sticky, sticky);
	atomic_store(&fault.armed, 1);
}

uint64_t
weir__alloc_count(void)
{
	return atomic_load(&fault.count);
}
