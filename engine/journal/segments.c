/* SPDX-License-Identifier: MIT
 *
 * The journal's files: writing and trimming them.  See segments.h.
 */
#include "journal/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/io.h"
#include "journal/segments_file.h"

#define SEGMENT_BYTES ((size_t)1 << 20)

void
weir__segment_name(char to[32], uint64_t no)
{
	snprintf(to, 32, "%016" PRIx64 ".wj", no);
}

static void
put32(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)v;
	to[1] = (uint8_t)(v >> 8);
	to[2] = (uint8_t)(v >> 16);
	to[3] = (uint8_t)(v >> 24);
}

static void
put64(uint8_t *to, uint64_t v)
{
	put32(to, (uint32_t)v);
	put32(to + 4, (uint32_t)(v >> 32));
}

/* ---- a new segment */

static void
header(uint8_t to[SEGMENT_HEAD], const struct weir__segments *sg, uint64_t no)
{
	memset(to, 0, SEGMENT_HEAD);
	memcpy(to, SEGMENT_MAGIC, 8);
	put32(to + 8, SEGMENT_VERSION);
	put64(to + 16, no);
	put64(to + 24, sg->fence);
	put64(to + 32, sg->n != 0 ? sg->list[sg->n - 1].no : 0);
	put64(to + 40, sg->n != 0 ? sg->list[sg->n - 1].end : 0);
	memcpy(to + 48, sg->id, 32);
	put32(to + 12, weir__hash_crc32c(0, to + 16, SEGMENT_HEAD - 16));
}

static int
say(const struct weir__segments *sg, struct weir_err *err, uint64_t no,
    const char *what)
{
	char name[32];

	(void)sg;
	weir__segment_name(name, no);
	return weir_fail(err, WEIR_NOWHERE,
	    weir__disk_code("journal.write"),
	    "the journal's %s can't be %s: %m", name, what);
}

static int
list_add(struct weir__segments *sg, uint64_t no, uint64_t size)
{
	struct segment *list;

	list = weir__realloc(sg->list, (sg->n + 1) * sizeof *list);
	if (list == NULL)
		return -1;
	sg->list = list;
	sg->list[sg->n++] = (struct segment){ no, sg->fence, SEGMENT_HEAD,
		size };
	return 0;
}

/* The last one keeps what it has; its zeros go. */
static void
cut_last(struct weir__segments *sg)
{
	struct segment *se;
	char name[32];
	int fd = sg->fd;

	if (sg->n == 0)
		return;
	se = &sg->list[sg->n - 1];
	weir__segment_name(name, se->no);
	if (fd < 0)
		fd = weir__io.open(WEIR_AT("journal.cut.open"), sg->dir, name,
		    O_WRONLY, 0);
	if (fd < 0)
		return;
	if (se->size > se->end && weir__io.truncate(WEIR_AT("journal.cut"), fd,
		(int64_t)se->end) == 0)
		se->size = se->end;
	weir__io.close(WEIR_AT("journal.close"), fd);
	sg->fd = -1;
}

/* The last segment of an earlier run may hold a record that was written and
 * never synced.  It counts from now on, so it has to stay. */
static int
sync_earlier(const struct weir__segments *sg)
{
	char name[32];
	int fd, rc;

	if (sg->n == 0 || sg->fd >= 0)
		return 0;
	weir__segment_name(name, sg->list[sg->n - 1].no);
	fd = weir__io.open(WEIR_AT("recover.journal.again"), sg->dir, name,
	    O_RDWR, 0);
	if (fd < 0)
		return -1;
	rc = weir__io.sync(WEIR_AT("recover.journal.sync"), fd);
	return weir__io.close(WEIR_AT("recover.journal.close"), fd) == 0 ? rc :
									   -1;
}

/* Made aside, durable before it gets its name, which no other process has given
 * away: the descriptor, or -1. */
static int
make(struct weir__segments *sg, uint64_t no, size_t size)
{
	uint8_t head[SEGMENT_HEAD];
	char name[32], aside[64];
	bool named = false;
	int fd, err;

	weir__segment_name(name, no);
	snprintf(aside, sizeof aside, "%s.new.%" PRIu64, name, sg->fence);
	fd = weir__io.open(WEIR_AT("journal.segment.open"), sg->dir, aside,
	    O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return -1;
	header(head, sg, no);
	if (weir__io.allocate(WEIR_AT("journal.segment.allocate"), fd,
		(int64_t)size) == 0 &&
	    weir__io.pwrite(WEIR_AT("journal.segment.head"), fd, head,
		sizeof head, 0) == 0 &&
	    weir__io.sync(WEIR_AT("journal.segment.sync"), fd) == 0 &&
	    (named = weir__io.rename_new(WEIR_AT("journal.segment.rename"),
		 sg->dir, aside, sg->dir, name) == 0) &&
	    weir__io.sync_dir(WEIR_AT("journal.segment.dir"), sg->dir, ".") ==
		0)
		return fd;
	err = errno;
	weir__io.close(WEIR_AT("journal.segment.close"), fd);
	weir__io.unlink(WEIR_AT("journal.segment.unlink"), sg->dir,
	    named ? name : aside, 0);
	errno = err;
	return -1;
}

static int
new_segment(struct weir__segments *sg, size_t need, struct weir_err *err)
{
	uint64_t no = sg->n != 0 ? sg->list[sg->n - 1].no + 1 : 1;
	size_t size = SEGMENT_BYTES;
	int fd;

	while (size < need + SEGMENT_HEAD + RECORD_HEAD + 8)
		size *= 2;
	if (sync_earlier(sg) != 0) {
		say(sg, err, sg->list[sg->n - 1].no, "synced");
		return WEIR_ERROR;
	}
	fd = make(sg, no, size);
	if (fd < 0 && (errno == EEXIST || errno == ENOENT))
		return weir_fail(err, WEIR_NOWHERE, "state.taken",
		    "another process has gone on with the journal: this one "
		    "has lost it, and nothing more is published");
	if (fd < 0) {
		say(sg, err, no, "made");
		return errno == ENOSPC || errno == EDQUOT ? WEIR_AGAIN :
							    WEIR_ERROR;
	}
	cut_last(sg);
	if (list_add(sg, no, size) != 0) {
		weir__io.close(WEIR_AT("journal.segment.close.memory"), fd);
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	}
	sg->fd = fd;
	sg->seq = 0;
	return WEIR_OK;
}

int
weir__segments_begin(struct weir__segments *sg, uint64_t fence,
    struct weir_err *err)
{
	sg->fence = fence;
	return new_segment(sg, 0, err);
}

/* ---- records */

/* Where there is room for it. */
static int
put(struct weir__segments *sg, enum weir__record_type ty, uint64_t epoch,
    const void *data, size_t len, struct weir_err *err)
{
	size_t total = (RECORD_HEAD + len + 7) & ~(size_t)7;
	struct segment *se = &sg->list[sg->n - 1];
	uint8_t *re;
	int rc;

	re = weir__zalloc(total);
	if (re == NULL)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	put32(re, (uint32_t)len);
	put32(re + 8, (uint32_t)ty);
	put32(re + 12, sg->seq);
	put64(re + 16, epoch);
	memcpy(re + RECORD_HEAD, data, len);
	put32(re + 4, weir__hash_crc32c(0, re + 8, RECORD_HEAD - 8 + len));
	rc = weir__io.pwrite(WEIR_AT("journal.append.write"), sg->fd, re, total,
	    (int64_t)se->end);
	weir__free(re);
	if (rc != 0 ||
	    weir__io.datasync(WEIR_AT("journal.append.sync"), sg->fd) != 0)
		return say(sg, err, se->no, "written");
	se->end += total;
	sg->seq++;
	return weir__io.point(WEIR_AT("journal.append.done")) == 0 ? WEIR_OK :
	    say(sg, err, se->no, "written");
}

int
weir__segments_append(struct weir__segments *sg, enum weir__record_type ty,
    uint64_t epoch, const void *data, size_t len, struct weir_err *err)
{
	size_t total = (RECORD_HEAD + len + 7) & ~(size_t)7;
	struct segment *se = &sg->list[sg->n - 1];
	int rc;

	if (len > RECORD_MAX)
		return weir_fail(err, WEIR_NOWHERE, "journal.size",
		    "a record of %zu bytes is too long for the journal", len);
	if (se->end + total > se->size) {
		rc = new_segment(sg, total + sg->opening_len + RECORD_HEAD + 8,
		    err);
		if (rc == WEIR_OK && sg->opening != NULL)
			rc = put(sg, WEIR__REC_OPEN, epoch - 1, sg->opening,
			    sg->opening_len, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return put(sg, ty, epoch, data, len, err);
}

int
weir__segments_opening(struct weir__segments *sg, const void *data, size_t len)
{
	void *p = weir__alloc(len + 1);

	if (p == NULL)
		return -1;
	memcpy(p, data, len);
	weir__free(sg->opening);
	sg->opening = p;
	sg->opening_len = len;
	return 0;
}

uint64_t
weir__segments_no(const struct weir__segments *sg)
{
	return sg->n != 0 ? sg->list[sg->n - 1].no : 0;
}

uint64_t
weir__segments_first(const struct weir__segments *sg)
{
	return sg->n != 0 ? sg->list[0].no : 0;
}

uint64_t
weir__segments_bytes(const struct weir__segments *sg)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < sg->n; i++)
		bytes += sg->list[i].end;
	return bytes;
}

int
weir__segments_trim(struct weir__segments *sg, uint64_t no,
    struct weir_err *err)
{
	char name[32];
	size_t i = 0;

	for (; i + 1 < sg->n && sg->list[i].no < no; i++) {
		weir__segment_name(name, sg->list[i].no);
		if (weir__io.unlink(WEIR_AT("journal.trim"), sg->dir, name,
			0) != 0 && errno != ENOENT) {
			say(sg, err, sg->list[i].no, "removed");
			break;
		}
	}
	memmove(sg->list, sg->list + i, (sg->n - i) * sizeof *sg->list);
	sg->n -= i;
	return i != 0 || err->text[0] == '\0' ? WEIR_OK : WEIR_ERROR;
}

void
weir__segments_end(struct weir__segments *sg)
{
	if (sg->fd >= 0)
		cut_last(sg);
}

void
weir__segments_close(struct weir__segments *sg)
{
	if (sg == NULL)
		return;
	if (sg->fd >= 0)
		weir__io.close(WEIR_AT("journal.end.close"), sg->fd);
	weir__free(sg->list);
	weir__free(sg->opening);
	weir__free(sg);
}
