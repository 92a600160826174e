/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the list of what an epoch publishes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "filesink_parts.h"

#define INTENT_MAX (64u * 1024)
#define MAGIC "weir-files 1\n"

int
fsink_intent_add(const struct fsink_file *f, const char *name,
    struct weir_intent *in, struct weir_err *err)
{
	const char *staged = strrchr(f->staged, '/') + 1;
	const char *side = f->side.name != NULL ? f->side.name : "-";
	size_t room = f->ndir + strlen(name) + strlen(staged) + strlen(side) +
	    128;
	char *p = f->env.host->realloc(in->data, in->len + room);

	if (p == NULL)
		return fsink_no_memory(&f->env, err);
	in->data = p;
	p += in->len;
	in->len += (size_t)snprintf(p, room, "%s%" PRIu64 " %" PRIu64
	    " %08" PRIx32 " %s %s %s%s%s\n", in->len == 0 ? MAGIC : "", f->rows,
	    f->flushed, f->crc, staged, side, f->dir, f->ndir > 0 ? "/" : "",
	    name);
	in->rows += f->rows;
	return WEIR_OK;
}

char *
fsink_list_path(const struct fsink_env *en, const char *staging,
    const char *stem, uint64_t epoch)
{
	char name[FSINK_NAME];

	snprintf(name, sizeof name, "%s@%010" PRIu64 ".list", stem, epoch);
	return fsink_join(en, staging, name);
}

static int
write_list(const struct fsink_env *en, const char *path, const void *p,
    size_t n, struct weir_err *err)
{
	const struct weir_io *io = en->host->io;
	int fd = io->open(WEIR_AT("file.list.create"), AT_FDCWD, path,
	    O_WRONLY | O_CREAT | O_TRUNC, 0666), rc = WEIR_OK;

	if (fd < 0)
		return fsink_errno(en, err, "make", path);
	if (io->pwrite(WEIR_AT("file.list.write"), fd, p, n, 0) != 0)
		rc = fsink_errno(en, err, "write", path);
	else if (io->datasync(WEIR_AT("file.list.sync"), fd) != 0)
		rc = fsink_errno(en, err, "make durable", path);
	io->close(WEIR_AT("file.list.close"), fd);
	return rc;
}

int
fsink_intent_done(const struct fsink_env *en, const char *staging,
    const char *stem, uint64_t epoch, struct weir_intent *in,
    struct weir_err *err)
{
	uint32_t crc;
	char *path;
	int rc;

	if (in->len <= INTENT_MAX)
		return WEIR_OK;
	path = fsink_list_path(en, staging, stem, epoch);
	if (path == NULL)
		return fsink_no_memory(en, err);
	crc = weir__hash_crc32c(0, in->data, in->len);
	rc = write_list(en, path, in->data, in->len, err);
	in->len = (size_t)snprintf(in->data, in->len, "@%zu %08" PRIx32 " %s",
	    in->len, crc, strrchr(path, '/') + 1);
	en->host->free(path);
	return rc;
}

/* ---- reading */

/* The file that an intent "@BYTES CRC NAME" names, checked by both. */
static int
read_list(struct fsink_list *li, const char *staging, const char *spec,
    struct weir_err *err)
{
	const struct weir_io *io = li->en->host->io;
	char name[FSINK_NAME];
	ssize_t got = -1;
	uint32_t crc;
	size_t n;
	int fd;

	if (sscanf(spec, "@%zu %" SCNx32 " %191s", &n, &crc, name) != 3 ||
	    n > (1u << 30) || strchr(name, '/') != NULL)
		return li->bad = true, WEIR_OK;
	li->path = fsink_join(li->en, staging, name);
	li->text = li->en->host->alloc(n + 1);
	if (li->path == NULL || li->text == NULL)
		return fsink_no_memory(li->en, err);
	fd = io->open(WEIR_AT("file.list.open"), AT_FDCWD, li->path, O_RDONLY,
	    0);
	if (fd < 0 && errno == ENOENT)
		return li->gone = true, WEIR_OK;
	if (fd >= 0) {
		got = io->pread(WEIR_AT("file.list.read"), fd, li->text, n + 1,
		    0);
		io->close(WEIR_AT("file.list.done"), fd);
	}
	if (got < 0)
		return fsink_errno(li->en, err, "read", li->path);
	li->bad = (size_t)got != n ||
	    weir__hash_crc32c(0, li->text, n) != crc;
	li->at = li->text;
	li->end = li->text + n;
	return WEIR_OK;
}

int
fsink_list_begin(struct fsink_list *li, const struct fsink_env *en,
    const char *staging, const struct weir_intent *in, struct weir_err *err)
{
	size_t n = strlen(MAGIC);
	char spec[512];

	*li = (struct fsink_list){ .en = en, .at = in->data };
	if (in->len == 0 || in->data == NULL) {
		li->at = li->end = "";
		return WEIR_OK;
	}
	li->end = li->at + in->len;
	if (*li->at == '@') {
		snprintf(spec, sizeof spec, "%.*s", (int)in->len, li->at);
		if (read_list(li, staging, spec, err) != WEIR_OK)
			return WEIR_ERROR;
	}
	if (li->bad || li->gone) {
		li->at = li->end;
		return WEIR_OK;
	}
	if ((size_t)(li->end - li->at) < n || memcmp(li->at, MAGIC, n) != 0)
		li->bad = true;
	else
		li->at += n;
	return WEIR_OK;
}

bool
fsink_list_next(struct fsink_list *li, struct fsink_entry *out)
{
	char line[FSINK_PATH + 512];
	const char *nl;
	size_t n;
	int used = 0;

	if (li->bad || li->at == li->end)
		return false;
	li->bad = true;
	nl = memchr(li->at, '\n', (size_t)(li->end - li->at));
	if (nl == NULL)
		return false;
	n = (size_t)(nl - li->at);
	if (n >= sizeof line)
		return false;
	memcpy(line, li->at, n);
	line[n] = '\0';
	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNx32
		" %191s %191s %n", &out->rows, &out->bytes, &out->crc,
		out->staged, out->side, &used) != 5 || used == 0 ||
	    n - (size_t)used >= sizeof out->final ||
	    strchr(out->staged, '/') != NULL || strchr(out->side, '/') != NULL)
		return false;
	memcpy(out->final, line + used, n - (size_t)used + 1);
	li->at = nl + 1;
	li->bad = false;
	return true;
}

void
fsink_list_end(struct fsink_list *li)
{
	if (li->en == NULL)
		return;
	li->en->host->free(li->text);
	li->en->host->free(li->path);
}
