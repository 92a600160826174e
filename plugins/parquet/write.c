/* SPDX-License-Identifier: MIT
 *
 * parquet.write: its options and how they are bound.
 */
#include <ctype.h>
#include <stdio.h>

#include "parquet.h"
#include "sink.h"

enum choice {
	CHOICE_ZSTD,
	CHOICE_SNAPPY,
	CHOICE_GZIP,
	CHOICE_LZ4_RAW,
	CHOICE_NONE,
};

/* The place of `level` in the option table. */
#define OPT_LEVEL 4

static int
bind_name(struct weir_bind *bi, struct pq_write *wc, struct weir_err *err)
{
	const char *p = weir_str_data(&wc->name);
	uint32_t i, n = wc->name.len;
	char *stem;

	if (n == 0)
		return WEIR_OK;
	if (n >= FSINK_STEM)
		return weir_option_fail(bi, "name", err, "parquet.name",
		    "the name has %u bytes, at most %u can be", n,
		    FSINK_STEM - 1);
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '-' &&
		    (i == 0 || (p[i] != '_' && p[i] != '.')))
			return weir_option_fail(bi, "name", err,
			    "parquet.name", "\"%.*s\" cannot begin a file's "
			    "name: use letters, digits, - _ and points, and "
			    "begin with a letter or digit", (int)n, p);
	stem = weir_plan_alloc(bi, n + 1);
	if (stem == NULL)
		return WEIR_BIND_HOST(bi)->fail(err, WEIR_NOWHERE,
		    "parquet.memory", "out of memory");
	memcpy(stem, p, n);
	wc->sink.stem = stem;
	return WEIR_OK;
}

static int
bind_codec(struct weir_bind *bi, struct pq_write *wc, struct weir_err *err)
{
	static const struct {
		enum pq_codec codec;
		int def, min, max;
	} of[] = {
		[CHOICE_ZSTD] = { PQ_ZSTD, 1, -7, 22 },
		[CHOICE_SNAPPY] = { PQ_SNAPPY, 0, 0, 0 },
		[CHOICE_GZIP] = { PQ_GZIP, 6, 1, 9 },
		[CHOICE_LZ4_RAW] = { PQ_LZ4_RAW, 0, 0, 0 },
		[CHOICE_NONE] = { PQ_UNCOMPRESSED, 0, 0, 0 },
	};
	int at = wc->compression;

	wc->settings.codec = of[at].codec;
	wc->settings.level = of[at].def;
	if ((wc->sink.head.set >> OPT_LEVEL & 1) == 0)
		return WEIR_OK;
	if (of[at].min == of[at].max)
		return weir_option_fail(bi, "level", err, "parquet.level",
		    "compression %s has no levels; leave the option out, or "
		    "take zstd or gzip", pq_codec_name((int)of[at].codec));
	if (wc->level < of[at].min || wc->level > of[at].max)
		return weir_option_fail(bi, "level", err, "parquet.level",
		    "level %lld is none of %s: %d to %d",
		    (long long)wc->level, pq_codec_name((int)of[at].codec),
		    of[at].min, of[at].max);
	wc->settings.level = (int)wc->level;
	return WEIR_OK;
}

static const struct weir_type op_type = { .kind = WEIR_STRING };

/* The columns of the files: the stream's, after `op` in changelogs. */
static int
bind_columns(struct weir_bind *bi, struct pq_write *wc, struct weir_err *err)
{
	const struct weir_host *ho = WEIR_BIND_HOST(bi);
	const struct weir_schema *in = weir_input(bi, 0);
	const struct weir_field *cols = in->cols;
	uint32_t n = in->ncols, i;
	struct weir_field *all;

	if (in->kind == WEIR_CHANGES && wc->as != PQ_AS_CHANGELOG)
		return weir_option_fail(bi, "as", err, "parquet.changes",
		    "the stream changes rows that were there before, and "
		    "Parquet files only grow; write the changes themselves "
		    "with as: changelog");
	if (wc->as == PQ_AS_CHANGELOG) {
		for (i = 0; i < n; i++)
			if (strcmp(cols[i].name, "op") == 0)
				return weir_option_fail(bi, "as", err,
				    "parquet.op", "a changelog has a column "
				    "\"op\", but the stream has one of that "
				    "name; rename it");
		all = weir_plan_alloc(bi, (n + 1) * sizeof *all);
		if (all == NULL)
			return ho->fail(err, WEIR_NOWHERE, "parquet.memory",
			    "out of memory");
		all[0] = (struct weir_field){ .name = "op", .type = &op_type,
			.required = true };
		memcpy(all + 1, cols, n * sizeof *all);
		cols = all;
		n++;
	}
	if (pq_schema_check(ho, cols, n, weir_option_span(bi, "path"), err) !=
	    WEIR_OK)
		return WEIR_ERROR;
	if (pq_schema_init(&wc->schema, ho, cols, n) != 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	return weir_reads_all(bi, 0);
}

static int
write_bind(struct weir_bind *bi, void *config, struct weir_err *err)
{
	struct pq_write *wc = config;
	struct pq_settings *se = &wc->settings;

	se->dictionary = wc->dictionary;
	se->statistics = wc->statistics;
	se->page_rows = (uint32_t)wc->page_rows;
	se->page_size = (uint32_t)wc->page_size;
	se->dict_size = (uint32_t)wc->dictionary_size;
	se->group_rows = (uint64_t)wc->row_group_rows;
	se->group_size = wc->row_group_size;
	if (fsink_bind(bi, &wc->sink, &pq_format, err) != WEIR_OK ||
	    bind_name(bi, wc, err) != WEIR_OK ||
	    bind_codec(bi, wc, err) != WEIR_OK)
		return WEIR_ERROR;
	return bind_columns(bi, wc, err);
}

static void
write_unbind(void *config)
{
	struct pq_write *wc = config;

	pq_schema_fini(&wc->schema);
}

/* ---- options */

#define OPTION(id, field, ...)                                                \
	static const struct weir_option opt_##id = {                          \
		.size = sizeof(struct weir_option),                           \
		.name = #id,                                                  \
		.offset = offsetof(struct pq_write, field),                   \
		__VA_ARGS__                                                   \
	}

#define ROLL(id, ...)                                                         \
	static const struct weir_option roll_##id = {                         \
		.size = sizeof(struct weir_option),                           \
		.name = #id,                                                  \
		.offset = offsetof(struct fsink_roll, id),                       \
		__VA_ARGS__                                                   \
	}

ROLL(size, .type = WEIR_OPT_SIZE, .def = "128MiB", .unit = "bytes",
    .help = "Once the file has about so many bytes; 0B: at any size.");
ROLL(rows, .type = WEIR_OPT_INT, .def = "0", .unit = "rows", .min = 0,
    .max = 9e15, .help = "Once it has so many rows; 0: at any number.");
ROLL(age, .type = WEIR_OPT_DURATION, .def = "10m", .min = 0, .max = 9e18,
    .help = "At the end of the epoch in which it becomes so old; 0s: at any "
	"age.");
ROLL(idle, .type = WEIR_OPT_DURATION, .def = "0s", .min = 0, .max = 9e18,
    .help = "At the end of the epoch in which no row has come for so long; "
	"0s: never for that.");
ROLL(epochs, .type = WEIR_OPT_INT, .def = "0", .unit = "epochs", .min = 0,
    .max = 9e15, .help = "At the end of so many epochs; 1: each epoch has "
	"files of its own; 0: epochs do not matter.");

static const struct weir_option *const roll_fields[] = { &roll_size,
	&roll_rows, &roll_age, &roll_idle, &roll_epochs, NULL };

OPTION(roll, sink.roll, .type = WEIR_OPT_RECORD, .fields = roll_fields,
    .help = "When a file is finished and the next one begun: the first limit "
	"that is reached.  A finished file is published when its epoch is "
	"decided; the rows of an unfinished one can't be read yet.");
OPTION(name, name, .type = WEIR_OPT_STRING, .help = "How the files' names "
	"begin; by default with the name of the stream.");

static const char *const codec_names[] = { [CHOICE_ZSTD] = "zstd",
	[CHOICE_SNAPPY] = "snappy", [CHOICE_GZIP] = "gzip",
	[CHOICE_LZ4_RAW] = "lz4_raw", [CHOICE_NONE] = "none", NULL };

OPTION(compression, compression, .type = WEIR_OPT_ENUM, .def = "zstd",
    .choices = codec_names, .help = "How pages are compressed.  Every reader "
	"of today knows all of these; the oldest know snappy, gzip and none.");
OPTION(level, level, .type = WEIR_OPT_INT, .min = -7, .max = 22,
    .help = "How hard: -7 to 22 with zstd, by default 1; 1 to 9 with gzip, by "
	"default 6.");
OPTION(dictionary, dictionary, .type = WEIR_OPT_BOOL, .def = "true",
    .help = "Write each distinct value of a column once, and rows as numbers "
	"of those.  It is given up column by column where it does not pay.");
OPTION(dictionary_size, dictionary_size, .type = WEIR_OPT_SIZE,
    .def = "1MiB", .unit = "bytes", .min = 1024, .max = 256 * 1048576.0,
    .help = "Where a column's distinct values take more than this, the rest "
	"of the row group is written without.");
OPTION(statistics, statistics, .type = WEIR_OPT_BOOL, .def = "true",
    .help = "Write the least and greatest value of each page and column, by "
	"which readers pass over what they need not read.");
OPTION(row_group_rows, row_group_rows, .type = WEIR_OPT_INT,
    .def = "1_000_000", .unit = "rows", .min = 1, .max = 1e9,
    .help = "The most rows of a row group.");
OPTION(row_group_size, row_group_size, .type = WEIR_OPT_SIZE,
    .def = "32MiB", .unit = "bytes", .min = 65536, .max = 1073741824.0,
    .help = "The most bytes of a row group, compressed.  So much memory is "
	"held for a file.");
OPTION(page_rows, page_rows, .type = WEIR_OPT_INT, .def = "20_000",
    .unit = "rows", .min = 1, .max = 1e7,
    .help = "The most rows of a page, which is what readers pass over or "
	"decompress as a whole.");
OPTION(page_size, page_size, .type = WEIR_OPT_SIZE, .def = "1MiB",
    .unit = "bytes", .min = 1024, .max = 256 * 1048576.0,
    .help = "The most bytes of a page, before compression.");
OPTION(buffer, sink.buffer, .type = WEIR_OPT_SIZE, .def = "64MiB",
    .unit = "bytes", .min = 65536, .max = 1e15,
    .help = "Memory that all open files may hold together; beyond it the "
	"fullest one ends its row group early.");

static const char *const as_names[] = { [PQ_AS_ROWS] = "rows",
	[PQ_AS_CHANGELOG] = "changelog", NULL };

OPTION(as, as, .type = WEIR_OPT_ENUM, .def = "rows", .choices = as_names,
    .help = "changelog writes what happened to rows, of streams that change "
	"them: the first column is op, \"put\" or \"delete\".");

static const struct weir_option *const write_options[] = {
	&fsink_opt_path,
	&opt_roll,
	&fsink_opt_keep,
	&opt_compression,
	[OPT_LEVEL] = &opt_level,
	&opt_name,
	&fsink_opt_max_open,
	&opt_dictionary,
	&opt_dictionary_size,
	&opt_statistics,
	&opt_row_group_rows,
	&opt_row_group_size,
	&opt_page_rows,
	&opt_page_size,
	&opt_buffer,
	&opt_as,
	NULL,
};

const struct weir_stage_type pq_stage_write = {
	.size = sizeof(struct weir_stage_type),
	.verb = "write",
	.summary = "write rows to Parquet files in a directory",
	.help =
	    "Files appear whole or not at all: they are written under a hidden "
	    "name, made durable, and renamed once their epoch is decided.  "
	    "Names are NAME-TIME-EPOCH-NUMBER.parquet and sort by time.\n\n"
	    "A file may span epochs.  Where an epoch gives a good row group, an "
	    "eighth of the largest, it ends with it; the rows of smaller ones "
	    "are put aside as well until they make one, so that a run after a "
	    "crash goes on with the file.\n\n"
	    "A pipeline starts only into a directory that is empty, or that it "
	    "wrote to before; --append lets it add to another.\n\n"
	    "Types: decimals are INT32 to 9 digits, INT64 to 18, else "
	    "FIXED_LEN_BYTE_ARRAY; timestamps are microseconds in UTC; lists "
	    "have three levels; a duration is an INT64 of microseconds and a "
	    "note in the file's metadata, by which parquet.read knows it "
	    "again.  A column with ! is REQUIRED.\n\n"
	    "Pages are V1, with a CRC; row groups have statistics and page "
	    "indexes.  Memory: the pages of open row groups are kept "
	    "compressed, at most buffer bytes of all files together, besides "
	    "one open page a column.",
	.example = "schema reading { at: timestamp!, site: string!, "
		   "value: float64 }\n\n"
		   "kafka.read(brokers: \"localhost:9092\", topic: "
		   "\"readings\")\n"
		   "    -> json.decode(reading)\n"
		   "    -> parquet.write(\"lake/site=${site}/day=${date(at)}\",\n"
		   "           roll: { size: 64MiB, age: 5m, idle: 1m })",
	.role = WEIR_SINK,
	.flags = WEIR_STAGEF_CHANGES,
	.options = write_options,
	.config_size = sizeof(struct pq_write),
	.state_size = sizeof(struct pq_sink),
	.bind = write_bind,
	.unbind = write_unbind,
	.init = pq_sink_init,
	.fini = pq_sink_fini,
	.sink = &fsink_ops,
};
