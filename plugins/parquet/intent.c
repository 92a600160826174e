/* SPDX-License-Identifier: MIT
 *
 * What a writer decides to have published: a list of staged files.
 *
 *	magic stamp n { staged dir size rows }...	little-endian, texts
 *							with a length before
 *
 * Where the list is too long for an intent it is a staged file itself, named
 * by the first of its files, and the intent names that.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec.h"
#include "sink.h"

#define HERE 0x31495157u  /* "WQI1" */
#define THERE 0x314c5157u /* "WQL1" */
#define INTENT_MAX 65536u

static void
put_u32(struct pq_bytes *to, uint32_t v)
{
	uint8_t b[4];

	pq_put32(b, v);
	pq_bytes_add(to, b, 4);
}

static void
put_u64(struct pq_bytes *to, uint64_t v)
{
	uint8_t b[8];

	pq_put64(b, v);
	pq_bytes_add(to, b, 8);
}

static void
put_str(struct pq_bytes *to, const char *s)
{
	put_u32(to, (uint32_t)strlen(s));
	pq_bytes_add(to, s, strlen(s));
}

static void
put_list(struct pq_bytes *to, const struct pq_cut *ct)
{
	const struct pq_part *pa;

	put_u32(to, HERE);
	put_u64(to, (uint64_t)ct->stamp);
	put_u32(to, ct->nparts);
	for (pa = ct->parts; pa != NULL; pa = pa->next) {
		put_str(to, pa->staged);
		put_str(to, pa->dir);
		put_u64(to, pa->size);
		put_u64(to, pa->rows);
	}
}

static int
write_list(const char *path, const struct pq_bytes *b)
{
	size_t done = 0;
	ssize_t got;
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	while (rc == 0 && done < b->len) {
		got = write(fd, b->p + done, b->len - done);
		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			rc = -1;
	}
	if (rc == 0)
		rc = fdatasync(fd);
	if (close(fd) != 0)
		rc = -1;
	return rc;
}

/* The list goes into a file; what is left is where. */
static int
move_list(struct weir_stage *st, struct pq_bytes *b, const char *first,
    struct weir_err *err)
{
	const struct pq_sink *sk = st->state;
	char path[PQ_PATH + 8];
	uint32_t crc = pq_crc32(0, b->p, b->len);
	uint64_t len = b->len;

	snprintf(path, sizeof path, "%s.list", first);
	if (write_list(path, b) != 0 || pq_place_sync_dir(sk->dir) != 0) {
		(void)unlink(path);
		return st->host->fail(err, WEIR_NOWHERE, "parquet.write",
		    "cannot write \"%s\": %s", path, strerror(errno));
	}
	b->len = 0;
	put_u32(b, THERE);
	put_u64(b, len);
	put_u32(b, crc);
	put_str(b, path);
	return WEIR_OK;
}

int
pq_intent_make(struct weir_stage *st, const struct pq_cut *ct,
    struct weir_intent *intent, struct weir_err *err)
{
	const struct pq_part *pa;
	struct pq_bytes b;

	memset(intent, 0, sizeof *intent);
	intent->held_from = ct->held_from;
	if (ct->nparts == 0)
		return WEIR_OK;
	for (pa = ct->parts; pa != NULL; pa = pa->next)
		intent->rows += pa->rows;
	pq_bytes_init(&b, st->host);
	put_list(&b, ct);
	if (!b.failed && b.len > INTENT_MAX &&
	    move_list(st, &b, ct->parts->staged, err) != WEIR_OK) {
		pq_bytes_fini(&b);
		return WEIR_ERROR;
	}
	if (b.failed) {
		pq_bytes_fini(&b);
		return st->host->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	}
	intent->data = b.p; /* the host's memory: the engine frees it */
	intent->len = b.len;
	return WEIR_OK;
}

/* ---- reading */

static uint64_t
get(struct pq_intent *in, size_t n)
{
	uint64_t v;

	if (in->bad || (size_t)(in->end - in->p) < n) {
		in->bad = true;
		return 0;
	}
	v = n == 4 ? pq_get32(in->p) : pq_get64(in->p);
	in->p += n;
	return v;
}

static void
get_str(struct pq_intent *in, char *to)
{
	size_t n = (size_t)get(in, 4);

	to[0] = '\0';
	if (in->bad || n >= PQ_PATH || (size_t)(in->end - in->p) < n) {
		in->bad = true;
		return;
	}
	memcpy(to, in->p, n);
	to[n] = '\0';
	in->p += n;
}

/* The file that holds the list, checked by length and checksum. */
static void
read_list(struct pq_intent *in)
{
	uint64_t len = get(in, 8);
	uint32_t crc = (uint32_t)get(in, 4);
	ssize_t got = -1;
	uint8_t *to;
	int fd;

	get_str(in, in->list_path);
	if (in->bad)
		return;
	fd = open(in->list_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		in->gone = true;
		in->left = 0;
		return;
	}
	to = len < (1u << 30) ? pq_bytes_room(&in->list, (size_t)len + 1)
			      : NULL;
	if (fd >= 0 && to != NULL)
		got = read(fd, to, (size_t)len + 1);
	if (fd >= 0)
		close(fd);
	if (got < 0 || (uint64_t)got != len ||
	    pq_crc32(0, to, (size_t)len) != crc) {
		in->bad = true;
		return;
	}
	in->p = to;
	in->end = to + len;
	if (get(in, 4) != HERE)
		in->bad = true;
}

void
pq_intent_begin(struct pq_intent *in, const struct weir_host *ho,
    const struct weir_intent *from)
{
	uint32_t magic;

	memset(in, 0, sizeof *in);
	pq_bytes_init(&in->list, ho);
	if (from->len == 0)
		return;
	in->p = from->data;
	in->end = in->p + from->len;
	magic = (uint32_t)get(in, 4);
	if (magic == THERE)
		read_list(in);
	else if (magic != HERE)
		in->bad = true;
	if (in->bad || in->gone)
		return;
	in->stamp = (int64_t)get(in, 8);
	in->left = (uint32_t)get(in, 4);
}

bool
pq_intent_next(struct pq_intent *in, struct pq_intent_file *out)
{
	if (in->bad || in->left == 0)
		return false;
	in->left--;
	get_str(in, out->staged);
	get_str(in, out->dir);
	out->size = get(in, 8);
	out->rows = get(in, 8);
	return !in->bad;
}

void
pq_intent_end(struct pq_intent *in)
{
	pq_bytes_fini(&in->list);
}
