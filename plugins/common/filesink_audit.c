/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: published files held against the journal.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "filesink_parts.h"

/* The CRC-32C of a whole file; -1 and errno. */
static int
read_all(const struct fsink_env *en, const char *path, uint64_t *bytes,
    uint32_t *crc)
{
	const struct weir_io *io = en->host->io;
	char buf[32768];
	ssize_t got;
	int fd = io->open(WEIR_AT("file.audit.open"), AT_FDCWD, path, O_RDONLY,
	    0), e;

	*bytes = 0;
	*crc = 0;
	if (fd < 0)
		return -1;
	while ((got = io->pread(WEIR_AT("file.audit.read"), fd, buf, sizeof buf,
		    (int64_t)*bytes)) > 0) {
		*crc = weir__hash_crc32c(*crc, buf, (size_t)got);
		*bytes += (uint64_t)got;
	}
	e = errno;
	io->close(WEIR_AT("file.audit.close"), fd);
	errno = e;
	return got < 0 ? -1 : 0;
}

static int
look(struct fsink_publisher *fp, const struct fsink_entry *entry,
    struct weir_audit *out, struct weir_err *err)
{
	const struct fsink_env *en = &fp->env;
	char *path = fsink_join(en, en->cf->base, entry->final);
	uint64_t bytes;
	uint32_t crc;
	int rc = WEIR_OK;

	if (path == NULL)
		return fsink_no_memory(en, err);
	if (read_all(en, path, &bytes, &crc) != 0) {
		if (errno != ENOENT)
			rc = fsink_errno(en, err, "read", path);
		else if (en->cf->keep == 0 && out->bad[0] == '\0')
			snprintf(out->bad, sizeof out->bad, "\"%s\" with %"
			    PRIu64 " rows is missing", path, entry->rows);
	} else if (bytes != entry->bytes || crc != entry->crc) {
		if (out->bad[0] == '\0')
			snprintf(out->bad, sizeof out->bad, "\"%s\" has %"
			    PRIu64 " bytes and CRC-32C %08" PRIx32 ", but %"
			    PRIu64 " and %08" PRIx32 " were published", path,
			    bytes, crc, entry->bytes, entry->crc);
	} else {
		out->files++;
		out->rows += entry->rows;
	}
	en->host->free(path);
	return rc;
}

static int
look_through(struct fsink_publisher *fp, const struct weir_intent *in,
    struct weir_audit *out, struct weir_err *err)
{
	struct fsink_entry entry;
	struct fsink_list li;
	int rc;

	rc = fsink_list_begin(&li, &fp->env, fp->staging, in, err);
	while (rc == WEIR_OK && fsink_list_next(&li, &entry))
		rc = look(fp, &entry, out, err);
	/* A list that is a file goes once its epoch is settled: its rows are
	 * believed. */
	if (rc == WEIR_OK && li.gone)
		out->rows += in->rows;
	if (rc == WEIR_OK && li.bad && out->bad[0] == '\0')
		snprintf(out->bad, sizeof out->bad,
		    "what was published cannot be read from the journal");
	fsink_list_end(&li);
	return rc;
}

int
fsink_audit(struct weir_publisher *pb, const struct weir_fence *fence,
    uint64_t epoch, const struct weir_intent *intents, size_t n,
    struct weir_audit *out, struct weir_err *err)
{
	struct fsink_publisher fp = { .env = { pb->host, pb->config } };
	int rc = WEIR_OK;
	size_t i;

	(void)epoch;
	fsink_stem(fp.stem, fp.env.cf, pb->id);
	fp.staging = fsink_staging(&fp.env, fence);
	if (fp.staging == NULL)
		return fsink_no_memory(&fp.env, err);
	for (i = 0; rc == WEIR_OK && i < n; i++)
		rc = look_through(&fp, &intents[i], out, err);
	pb->host->free(fp.staging);
	return rc;
}
