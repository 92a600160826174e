/* SPDX-License-Identifier: MIT
 *
 * Sources that read local files: which ones, and their bytes in blocks.
 */
#include "fileset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

static int
no_memory(const struct weir_host *host, struct weir_err *err)
{
	return host->fail(err, WEIR_NOWHERE, "memory", "out of memory");
}

static int
io_error(const struct weir_host *host, struct weir_err *err, const char *what,
    const char *path)
{
	return host->fail(err, WEIR_NOWHERE, "file.io", "cannot %s %s: %s",
	    what, path, strerror(errno));
}

/* ---- which files */

static int
list_add(const struct weir_host *host, struct fset_list *li, const char *path,
    struct weir_err *err)
{
	size_t n = strlen(path) + 1;
	char **paths = host->realloc(li->paths, (li->n + 1) * sizeof *paths);

	if (paths == NULL)
		return no_memory(host, err);
	li->paths = paths;
	paths[li->n] = host->alloc(n);
	if (paths[li->n] == NULL)
		return no_memory(host, err);
	memcpy(paths[li->n++], path, n);
	return WEIR_OK;
}

void
fset_list_free(const struct weir_host *host, struct fset_list *li)
{
	size_t i;

	for (i = 0; i < li->n; i++)
		host->free(li->paths[i]);
	host->free(li->paths);
	memset(li, 0, sizeof *li);
}

static bool
ends_with(const char *s, size_t n, const char *end)
{
	size_t k = strlen(end);

	return n > k && memcmp(s + n - k, end, k) == 0;
}

static bool
is_wanted(const char *name, const char *const *endings)
{
	size_t n = strlen(name);

	if (ends_with(name, n, ".gz"))
		n -= 3;
	else if (ends_with(name, n, ".zst"))
		n -= 4;
	for (; *endings != NULL; endings++)
		if (ends_with(name, n, *endings))
			return true;
	return false;
}

static int
find_dir(const struct weir_host *host, struct fset_list *li, const char *path,
    const char *const *endings, int depth, struct weir_err *err)
{
	char sub[4096];
	struct dirent *de;
	struct stat sb;
	int rc = WEIR_OK;
	DIR *dp = opendir(path);

	if (dp == NULL)
		return io_error(host, err, "open directory", path);
	while (rc == WEIR_OK && (de = readdir(dp)) != NULL) {
		if (de->d_name[0] == '.' || de->d_name[0] == '_')
			continue;
		snprintf(sub, sizeof sub, "%s/%s", path, de->d_name);
		if (stat(sub, &sb) != 0)
			continue;
		if (S_ISDIR(sb.st_mode) && depth < 16)
			rc = find_dir(host, li, sub, endings, depth + 1, err);
		else if (S_ISREG(sb.st_mode) && is_wanted(de->d_name, endings))
			rc = list_add(host, li, sub, err);
	}
	closedir(dp);
	return rc;
}

static int
find_glob(const struct weir_host *host, struct fset_list *li, const char *path,
    struct weir_err *err)
{
	struct stat sb;
	int rc = WEIR_OK;
	glob_t gl;
	size_t i;

	if (glob(path, GLOB_NOSORT, NULL, &gl) != 0)
		return WEIR_OK;
	for (i = 0; i < gl.gl_pathc && rc == WEIR_OK; i++)
		if (stat(gl.gl_pathv[i], &sb) == 0 && S_ISREG(sb.st_mode))
			rc = list_add(host, li, gl.gl_pathv[i], err);
	globfree(&gl);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
fset_find(const struct weir_host *host, struct fset_list *li, const char *path,
    const char *const *endings, struct weir_err *err)
{
	struct stat sb;
	int rc;

	memset(li, 0, sizeof *li);
	if (stat(path, &sb) == 0)
		rc = S_ISDIR(sb.st_mode)
		    ? find_dir(host, li, path, endings, 0, err)
		    : list_add(host, li, path, err);
	else if (strpbrk(path, "*?[") != NULL)
		rc = find_glob(host, li, path, err);
	else
		rc = io_error(host, err, "read", path);
	if (rc == WEIR_OK && li->n == 0)
		rc = host->fail(err, WEIR_NOWHERE, "file.none",
		    "there is no file to read: %s", path);
	if (rc != WEIR_OK)
		fset_list_free(host, li);
	else
		qsort(li->paths, li->n, sizeof *li->paths, by_name);
	return rc;
}

/* ---- bytes of a file: plain, gzip (RFC 1952) or zstd (RFC 8878) */

struct fset_stream {
	const struct weir_host *host;
	int fd;		/* plain and zstd */
	gzFile gz;	/* gzip */
	ZSTD_DStream *zs;
	ZSTD_inBuffer in;
	size_t want; /* not 0 in the middle of a zstd frame */
	char *raw;
};

static void
stream_free(struct fset_stream *s)
{
	if (s == NULL)
		return;
	if (s->gz != NULL)
		gzclose(s->gz);
	if (s->fd >= 0)
		close(s->fd);
	ZSTD_freeDStream(s->zs);
	s->host->free(s->raw);
	s->host->free(s);
}

static bool
stream_start(struct fset_stream *s, const uint8_t *magic, ssize_t n)
{
	if (n >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
		s->gz = gzdopen(s->fd, "rb");
		if (s->gz == NULL)
			return false;
		s->fd = -1;
		gzbuffer(s->gz, 65536);
	} else if (n >= 4 && magic[0] == 0x28 && magic[1] == 0xb5 &&
	    magic[2] == 0x2f && magic[3] == 0xfd) {
		s->zs = ZSTD_createDStream();
		s->raw = s->host->alloc(65536);
		s->in.src = s->raw;
		return s->zs != NULL && s->raw != NULL;
	}
	return true;
}

static struct fset_stream *
stream_open(const struct weir_host *host, const char *path,
    struct weir_err *err)
{
	struct fset_stream *s = host->zalloc(sizeof *s);
	uint8_t magic[4];
	ssize_t n;

	if (s == NULL) {
		no_memory(host, err);
		return NULL;
	}
	s->host = host;
	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0) {
		io_error(host, err, "open", path);
		stream_free(s);
		return NULL;
	}
	n = pread(s->fd, magic, sizeof magic, 0);
	if (!stream_start(s, magic, n)) {
		no_memory(host, err);
		stream_free(s);
		return NULL;
	}
	return s;
}

static ssize_t
read_fd(int fd, void *p, size_t n)
{
	ssize_t k;

	do
		k = read(fd, p, n);
	while (k < 0 && errno == EINTR);
	return k;
}

static int
read_zstd(struct fset_stream *s, char *p, size_t n, size_t *got,
    const char *path, struct weir_err *err)
{
	ZSTD_outBuffer out = { p, n, 0 };
	ssize_t k;

	while (out.pos < n) {
		if (s->in.pos == s->in.size) {
			k = read_fd(s->fd, s->raw, 65536);
			if (k < 0)
				return io_error(s->host, err, "read", path);
			if (k == 0)
				break;
			s->in.pos = 0;
			s->in.size = (size_t)k;
		}
		s->want = ZSTD_decompressStream(s->zs, &out, &s->in);
		if (ZSTD_isError(s->want))
			return s->host->fail(err, WEIR_NOWHERE, "file.zstd",
			    "%s is not whole: %s", path,
			    ZSTD_getErrorName(s->want));
	}
	*got = out.pos;
	if (out.pos == 0 && s->want != 0)
		return s->host->fail(err, WEIR_NOWHERE, "file.zstd",
		    "%s is not whole: it ends in the middle of a frame", path);
	return WEIR_OK;
}

static int
read_gzip(struct fset_stream *s, char *p, size_t n, size_t *got,
    const char *path, struct weir_err *err)
{
	int k = gzread(s->gz, p, (unsigned)n), code;
	const char *why = gzerror(s->gz, &code);
	const char *end = why != NULL ? strstr(why, ">: ") : NULL;

	*got = k < 0 ? 0 : (size_t)k;
	if (end != NULL) /* "<fd:3>: why" */
		why = end + 3;
	if (k < 0 || (code != Z_OK && code != Z_STREAM_END))
		return s->host->fail(err, WEIR_NOWHERE, "file.gzip",
		    "%s is not whole: %s", path, why);
	return WEIR_OK;
}

/* Up to n bytes; 0 at the end. */
static int
stream_read(struct fset_stream *s, char *p, size_t n, size_t *got,
    const char *path, struct weir_err *err)
{
	ssize_t k;

	*got = 0;
	if (s->gz != NULL)
		return read_gzip(s, p, n, got, path, err);
	if (s->zs != NULL)
		return read_zstd(s, p, n, got, path, err);
	k = read_fd(s->fd, p, n);
	if (k < 0)
		return io_error(s->host, err, "read", path);
	*got = (size_t)k;
	return WEIR_OK;
}

/* ---- the reader */

void
fset_block_unref(void *block)
{
	struct fset_block *bl = block;

	if (bl != NULL && --bl->refs == 0)
		bl->host->free(bl);
}

static int
skip(struct fset_reader *re, int64_t offset, struct weir_err *err)
{
	char *junk;
	size_t n, got = 1;
	int rc = WEIR_OK;

	re->offset = offset;
	if (offset == 0)
		return WEIR_OK;
	if (re->in->gz == NULL && re->in->zs == NULL) {
		if (lseek(re->in->fd, offset, SEEK_SET) < 0)
			return io_error(re->host, err, "seek in", re->path);
		return WEIR_OK;
	}
	junk = re->host->alloc(FSET_BLOCK);
	if (junk == NULL)
		return no_memory(re->host, err);
	while (rc == WEIR_OK && offset > 0 && got > 0) {
		n = offset < (int64_t)FSET_BLOCK ? (size_t)offset : FSET_BLOCK;
		rc = stream_read(re->in, junk, n, &got, re->path, err);
		offset -= (int64_t)got;
	}
	re->host->free(junk);
	return rc;
}

int
fset_open(struct fset_reader *re, const struct weir_host *host,
    const char *path, int64_t offset, struct weir_err *err)
{
	memset(re, 0, sizeof *re);
	re->host = host;
	re->path = path;
	re->in = stream_open(host, path, err);
	if (re->in == NULL)
		return WEIR_ERROR;
	if (skip(re, offset, err) != WEIR_OK) {
		fset_close(re);
		return WEIR_ERROR;
	}
	return WEIR_OK;
}

void
fset_close(struct fset_reader *re)
{
	stream_free(re->in);
	fset_block_unref(re->block);
	memset(re, 0, sizeof *re);
}

int
fset_more(struct fset_reader *re, struct weir_err *err)
{
	size_t left = re->block == NULL ? 0 : re->block->len - re->at;
	size_t cap = left < FSET_BLOCK / 2 ? FSET_BLOCK : 2 * left, got = 1;
	struct fset_block *bl = re->host->alloc(sizeof *bl + cap);
	int rc = WEIR_OK;

	if (bl == NULL)
		return no_memory(re->host, err);
	bl->host = re->host;
	bl->refs = 1;
	bl->cap = cap;
	bl->len = left;
	if (left > 0)
		memcpy(bl->data, re->block->data + re->at, left);
	while (rc == WEIR_OK && bl->len < cap && got > 0) {
		rc = stream_read(re->in, bl->data + bl->len, cap - bl->len,
		    &got, re->path, err);
		bl->len += got;
	}
	fset_block_unref(re->block);
	re->block = bl;
	re->at = 0;
	re->ended = got == 0;
	return rc;
}
