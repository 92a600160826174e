/* SPDX-License-Identifier: MIT
 *
 * The journal's files: reading all of them at a start.  See segments.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/io.h"
#include "journal/segments.h"
#include "journal/segments_file.h"

/* A file as it was read. */
struct file {
	uint64_t no;
	uint8_t *data;
	size_t size;
	uint64_t fence;
	uint64_t prev, prev_end;
};

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint64_t
get64(const uint8_t *p)
{
	return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int
damaged(struct weir_err *err, uint64_t no, uint64_t at, const char *what)
{
	char name[32];

	weir__segment_name(name, no);
	return weir_fail(err, WEIR_NOWHERE, "journal.damaged",
	    "the journal's %s is damaged at byte %llu (%s), before records that "
	    "are whole: nothing is guessed; put the state directory back from a "
	    "copy, or begin anew with `weir state reset`", name,
	    (unsigned long long)at, what);
}

/* ---- the directory */

static int
by_no(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->no < y->no ? -1 : x->no > y->no;
}

static int
add_name(struct file **list, size_t *n, const char *name)
{
	struct file *to;
	uint64_t no;
	char *end;

	if (strlen(name) != 19 || strcmp(name + 16, ".wj") != 0)
		return 0;
	no = strtoull(name, &end, 16);
	if (end != name + 16 || no == 0)
		return 0;
	to = weir__realloc(*list, (*n + 1) * sizeof *to);
	if (to == NULL)
		return -1;
	*list = to;
	to[(*n)++] = (struct file){ .no = no };
	return 0;
}

static int
list_files(int dir, struct file **list, size_t *n)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dp = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;
	int rc = 0;

	if (dp == NULL) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (rc == 0 && (de = readdir(dp)) != NULL)
		if (strncmp(de->d_name + strcspn(de->d_name, "."), ".wj.new.",
			8) == 0) /* half made */
			(void)weir__io.unlink(
			    WEIR_AT("recover.journal.sweep"), dir, de->d_name,
			    0);
		else
			rc = add_name(list, n, de->d_name);
	closedir(dp);
	if (rc != 0)
		errno = ENOMEM;
	if (*n > 1)
		qsort(*list, *n, sizeof **list, by_no);
	return rc;
}

/* ---- one file */

static int
read_file(int dir, struct file *fi, struct weir_err *err)
{
	struct stat sb;
	char name[32];
	int fd;

	weir__segment_name(name, fi->no);
	fd = weir__io.open(WEIR_AT("recover.journal.open"), dir, name, O_RDONLY,
	    0);
	if (fd < 0 || fstat(fd, &sb) != 0)
		goto fail;
	fi->size = (size_t)sb.st_size;
	fi->data = weir__alloc(fi->size + 8);
	if (fi->data == NULL) {
		errno = ENOMEM;
		goto fail;
	}
	if (weir__io.pread(WEIR_AT("recover.journal.read"), fd, fi->data,
		fi->size, 0) != (ssize_t)fi->size)
		goto fail;
	close(fd);
	return WEIR_OK;
fail:
	weir_fail(err, WEIR_NOWHERE, "journal.read",
	    "the journal's %s can't be read: %m", name);
	if (fd >= 0)
		close(fd);
	return WEIR_ERROR;
}

static bool
head_ok(struct file *fi)
{
	const uint8_t *p = fi->data;

	if (fi->size < SEGMENT_HEAD || memcmp(p, SEGMENT_MAGIC, 8) != 0 ||
	    get32(p + 12) != weir__hash_crc32c(0, p + 16, SEGMENT_HEAD - 16) ||
	    get64(p + 16) != fi->no)
		return false;
	fi->fence = get64(p + 24);
	fi->prev = get64(p + 32);
	fi->prev_end = get64(p + 40);
	return true;
}

/* Is there a whole record at `at`?  Its length in the file, or 0.  `seq`: the
 * number it must have, or one that is not less where `later`. */
static size_t
record_at(const struct file *fi, size_t at, uint32_t seq, bool later)
{
	const uint8_t *p = fi->data + at;
	size_t len;

	if (fi->size - at < RECORD_HEAD)
		return 0;
	len = get32(p);
	if (get32(p + 8) == 0 || len > fi->size - at - RECORD_HEAD ||
	    (later ? get32(p + 12) < seq : get32(p + 12) != seq) ||
	    get32(p + 4) != weir__hash_crc32c(0, p + 8, RECORD_HEAD - 8 + len))
		return 0;
	len = (RECORD_HEAD + len + 7) & ~(size_t)7;
	return len < fi->size - at ? len : fi->size - at;
}

/* Is there a whole record anywhere behind `at`? */
static bool
record_behind(const struct file *fi, size_t at, uint32_t seq)
{
	for (at += 8; at + RECORD_HEAD <= fi->size; at += 8)
		if (get64(fi->data + at) != 0 &&
		    record_at(fi, at, seq, true) != 0)
			return true;
	return false;
}

/* Its records, up to `end` where that is not 0; where they end. */
static int
read_records(const struct file *fi, uint64_t end, weir__record_fn *fn,
    void *arg, uint64_t *at, struct weir_err *err)
{
	struct weir__record re = { .fence = fi->fence, .segment = fi->no };
	size_t len;
	uint32_t seq = 0;

	*at = SEGMENT_HEAD;
	for (;; *at += len, seq++) {
		if (end != 0 && *at >= end)
			return *at == end ? WEIR_OK :
				damaged(err, fi->no, *at, "its end");
		len = *at < fi->size ? record_at(fi, *at, seq, false) : 0;
		if (len == 0)
			break;
		re.offset = *at;
		re.type = get32(fi->data + *at + 8);
		re.epoch = get64(fi->data + *at + 16);
		re.data = fi->data + *at + RECORD_HEAD;
		re.len = get32(fi->data + *at);
		if (fn != NULL && fn(arg, &re, err) != 0)
			return WEIR_ERROR;
	}
	if (end != 0)
		return damaged(err, fi->no, *at, "a record");
	if (*at < fi->size && record_behind(fi, *at, seq))
		return damaged(err, fi->no, *at, "a record");
	return WEIR_OK;
}

/* ---- all of them */

static int
check_heads(struct file *list, size_t *n, const char *id, struct weir_err *err)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (!head_ok(&list[i])) {
			/* it was being made when the process ended */
			if (i + 1 == *n) {
				--*n;
				return WEIR_OK;
			}
			return damaged(err, list[i].no, 0, "its header");
		}
		if (memcmp(list[i].data + 48, id, 32) != 0)
			return weir_fail(err, WEIR_NOWHERE, "journal.other",
			    "the journal belongs to pipeline %.32s, and the "
			    "state directory's id is %s",
			    (const char *)list[i].data + 48, id);
		if (i != 0 && list[i].prev != list[i - 1].no)
			return damaged(err, list[i].no, 32,
			    "a segment before it is missing");
	}
	return WEIR_OK;
}

static int
read_all(struct weir__segments *sg, struct file *list, size_t n,
    weir__record_fn *fn, void *arg, struct weir_err *err)
{
	uint64_t at;
	size_t i;

	sg->list = weir__alloc((n + 1) * sizeof *sg->list);
	if (sg->list == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	for (i = 0; i < n; i++) {
		if (read_records(&list[i],
			i + 1 < n ? list[i + 1].prev_end : 0, fn, arg, &at,
			err) != WEIR_OK)
			return WEIR_ERROR;
		sg->list[sg->n++] = (struct segment){ list[i].no,
			list[i].fence, at, list[i].size };
	}
	return WEIR_OK;
}

struct weir__segments *
weir__segments_open(int dir, const char *id, weir__record_fn *fn, void *arg,
    struct weir_err *err)
{
	struct weir__segments *sg = weir__zalloc(sizeof *sg);
	struct file *list = NULL;
	size_t n = 0, all = 0, i;
	int rc;

	if (sg == NULL) {
		weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
		return NULL;
	}
	sg->dir = dir;
	sg->fd = -1;
	snprintf(sg->id, sizeof sg->id, "%s", id);
	rc = list_files(dir, &list, &n);
	if (rc != 0)
		weir_fail(err, WEIR_NOWHERE, "journal.read",
		    "the journal's directory can't be read: %m");
	all = n;
	for (i = 0; i < n && rc == 0; i++)
		rc = read_file(dir, &list[i], err);
	if (rc == 0)
		rc = check_heads(list, &n, id, err);
	if (rc == 0)
		rc = read_all(sg, list, n, fn, arg, err);
	for (i = 0; i < all; i++)
		weir__free(list[i].data);
	weir__free(list);
	if (rc == 0)
		return sg;
	weir__segments_close(sg);
	return NULL;
}
