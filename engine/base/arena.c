/* SPDX-License-Identifier: MIT
 *
 * The arena.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#define ARENA_ALIGN 16u
#define ARENA_MAX ((size_t)1 << 20)
#define ARENA_KEEP ((size_t)4 << 20) /* the largest that a reset foresees */

struct weir__arena_chunk {
	struct weir__arena_chunk *next;
	size_t size; /* usable bytes */
	_Alignas(ARENA_ALIGN) char data[];
};

struct weir__arena_clean {
	struct weir__arena_clean *next;
	void (*fn)(void *);
	void *arg;
};

void
weir__arena_init(struct weir__arena *ar, size_t first)
{
	memset(ar, 0, sizeof *ar);
	ar->next = first != 0 ? first : 4096;
}

static void
run_cleans(struct weir__arena *ar)
{
	struct weir__arena_clean *c;

	while ((c = ar->cleans) != NULL) {
		ar->cleans = c->next;
		c->fn(c->arg);
	}
}

void
weir__arena_fini(struct weir__arena *ar)
{
	struct weir__arena_chunk *c;

	run_cleans(ar);
	while ((c = ar->chunks) != NULL) {
		ar->chunks = c->next;
		weir__free(c);
	}
	ar->at = ar->end = NULL;
	ar->total = 0;
}

void
weir__arena_reset(struct weir__arena *ar)
{
#ifdef WEIR_ARENA_EMULATE
	weir__arena_fini(ar);
#else
	struct weir__arena_chunk *keep = NULL, *c, *next;
	size_t total = ar->total;

	run_cleans(ar);
	for (c = ar->chunks; c != NULL; c = next) {
		next = c->next;
		if (keep == NULL || c->size > keep->size) {
			weir__free(keep);
			keep = c;
		} else {
			weir__free(c);
		}
	}
	ar->chunks = keep;
	ar->at = ar->end = NULL;
	ar->total = 0;
	/* One chunk for all of it, the next time there is as much. */
	if (keep != NULL && total > keep->size)
		ar->next = total < ARENA_KEEP ? total : ARENA_KEEP;
	if (keep != NULL) {
		keep->next = NULL;
		ar->at = keep->data;
		ar->end = keep->data + keep->size;
		ar->total = keep->size;
	}
#endif
}

static struct weir__arena_chunk *
add_chunk(struct weir__arena *ar, size_t size)
{
	struct weir__arena_chunk *c;

	if (size > SIZE_MAX - sizeof *c)
		return NULL;
	c = weir__alloc(sizeof *c + size);
	if (c == NULL)
		return NULL;
	c->size = size;
	c->next = ar->chunks;
	ar->chunks = c;
	ar->total += size;
	return c;
}

void *
weir__arena_alloc(struct weir__arena *ar, size_t n)
{
	struct weir__arena_chunk *c;
	char *p;

	if (n > SIZE_MAX / 2)
		return NULL;
#ifdef WEIR_ARENA_EMULATE
	c = add_chunk(ar, n);
	(void)p;
	return c != NULL ? c->data : NULL;
#else
	n = n == 0 ? 1 : n; /* NULL means that memory is out */
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if ((size_t)(ar->end - ar->at) >= n) {
		p = ar->at;
		ar->at += n;
		return p;
	}
	if (n > ar->next / 4 && n > 256) {
		c = add_chunk(ar, n);
		return c != NULL ? c->data : NULL;
	}
	c = add_chunk(ar, n > ar->next ? n : ar->next);
	if (c == NULL)
		return NULL;
	if (ar->next < ARENA_MAX)
		ar->next *= 2;
	ar->at = c->data + n;
	ar->end = c->data + c->size;
	return c->data;
#endif
}

void *
weir__arena_zalloc(struct weir__arena *ar, size_t n)
{
	void *p = weir__arena_alloc(ar, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

char *
weir__arena_strndup(struct weir__arena *ar, const char *s, size_t n)
{
	char *p = weir__arena_alloc(ar, n + 1);

	if (p == NULL)
		return NULL;
	if (n != 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
weir__arena_strdup(struct weir__arena *ar, const char *s)
{
	return weir__arena_strndup(ar, s, strlen(s));
}

char *
weir__arena_printf(struct weir__arena *ar, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (p = weir__arena_alloc(ar, (size_t)n + 1)) == NULL)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

int
weir__arena_on_fini(struct weir__arena *ar, void (*fn)(void *), void *arg)
{
	struct weir__arena_clean *c = weir__arena_alloc(ar, sizeof *c);

	if (c == NULL)
		return -1;
	c->fn = fn;
	c->arg = arg;
	c->next = ar->cleans;
	ar->cleans = c;
	return 0;
}
