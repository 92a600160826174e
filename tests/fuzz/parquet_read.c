/* SPDX-License-Identifier: MIT
 *
 * Fuzz parquet.read: any bytes are a file.  What it answers is rows or an
 * error, without a byte read beyond its place, and no batch is lost.
 *
 * FUZZ: plugin parquet -DFUZZ_LINKED -lzstd -lsnappy -llz4
 */
#include <sys/mman.h>

#include "../unit/parquet_host.h"

#define ROWS 20000 /* runs make a million rows of one byte */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct weir_plugin *
plugin(void)
{
#ifdef FUZZ_LINKED
	return &weir_plugin;
#else
	static const struct weir_plugin *pl;

	if (pl == NULL)
		pl = ts_plugin("parquet");
	return pl;
#endif
}

static void
read_all(struct ts *ts, uint32_t max)
{
	const struct weir_source_ops *so = ts->type->source;
	struct weir_err err;
	uint32_t rows = 0;

	if (ts_bind(ts, &err) != WEIR_OK || ts_init(ts, &err) != WEIR_OK ||
	    so->open(&ts->stage.st, NULL, 0, &err) != WEIR_OK)
		return;
	while (rows < ROWS &&
	    so->poll(&ts->stage.st, max, 0, &err) == WEIR_OK) {
		rows += ts->batches[0]->nrows;
		/* every value is looked at */
		ts_dump(ts);
		ts_clear(ts);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ts *ts;
	char path[64];
	int fd;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ts = ph_with(plugin(), "read", "");
	ts_opt(ts, "path", path);
	read_all(ts, size % 3 == 0 ? 7 : 4096);
	if (ts_free(ts) != 0)
		abort();
	close(fd);
	return 0;
}
