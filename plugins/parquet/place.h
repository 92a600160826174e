/* SPDX-License-Identifier: MIT
 *
 * Directories and names of a sink's files.
 *
 *	BASE/.staging/PIPELINE/FENCE/STEM@000001.open	while it is written
 *	DIR/STEM-20260102T030405678Z-0000000017-0000.parquet	published
 *
 * BASE is the constant part of the path option, DIR its value for the rows of
 * the file.  Names sort by time.
 */
#ifndef PARQUET_PLACE_H
#define PARQUET_PLACE_H

#include <sys/types.h>

#include "bytes.h"

#define PQ_PATH 4096
#define PQ_NAME 160
#define PQ_STEM 64

/* The stem of a sink's names out of the stage's id: "silver/parquet.write#2"
 * becomes "silver-2". */
void pq_place_stem(char stem[PQ_STEM], const char *id);

/* The directory that holds everything a path with this constant beginning can
 * lead to. */
void pq_place_base(char *base, size_t cap, const char *prefix, bool constant);

/* `stamp` in milliseconds since 1970. */
void pq_place_name(char *to, size_t cap, const char *stem, int64_t stamp,
    uint64_t epoch, uint32_t seq);
/* Is it a name that pq_place_name() could have made of this stem? */
bool pq_place_ours(const char *name, const char *stem);

int pq_place_staging(char *to, size_t cap, const char *base,
    const char *pipeline, uint64_t fence);

/* Make a directory and its parents, each of them durable; 0 or -1 and errno. */
int pq_place_mkdir(const char *path);
int pq_place_sync_dir(const char *path);

/* Rename without replacing; -1 and EEXIST when something is there. */
int pq_place_rename(const char *from, const char *to);

/* Remove the stem's staged files of the pipeline, of all fences, and the
 * directories that are then empty. */
void pq_place_sweep(const char *base, const char *pipeline, const char *stem);

/* Keep the newest `keep` files of the stem. */
int pq_place_prune(const struct weir_host *ho, const char *dir,
    const char *stem, int64_t keep);
/* How many files of the stem are newer than `name`? */
int64_t pq_place_newer(const char *dir, const char *stem, const char *name);

/* The first entry of `base` that an output with this constant beginning would
 * find itself beside; false when there is none. */
bool pq_place_occupied(char *found, size_t cap, const char *base,
    const char *prefix, bool constant, const char *stem);
/* The newest file of the stem straight in `dir`. */
bool pq_place_newest(char *found, size_t cap, const char *dir,
    const char *stem);

#endif
