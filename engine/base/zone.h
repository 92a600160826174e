/* SPDX-License-Identifier: MIT
 *
 * Time zones of the IANA data base, read from compiled TZif files (RFC 9636).
 *
 *	file ── transitions [-1883650800, ...]  each begins a stretch of one
 *	   │                                    offset and abbreviation
 *	   └─── footer  "CET-1CEST,M3.5.0,M10.5.0/3": the rule for ever after
 *
 * A zone is immutable and may be read by any thread.  The cache is the
 * caller's and belongs to one thread.
 */
#ifndef WEIR_BASE_ZONE_H
#define WEIR_BASE_ZONE_H

#include "base/num.h"
#include "weir/error.h"

struct weir__zone;

struct weir__zones {
	struct weir__zone **list;
	size_t n;
	size_t cap;
	const char *dir;
};

/* A cache over `dir` (NULL: $TZDIR, else /usr/share/zoneinfo), which must outlive
 * it. */
void weir__zones_init(struct weir__zones *zs, const char *dir);
void weir__zones_fini(struct weir__zones *zs);

/* The zone of a name ("Europe/Berlin", "UTC", or a fixed offset "+05:30"),
 * owned by the cache; or NULL with `err` at `span` filled in: "time.zone" for
 * a name that is none, "memory".  UTC needs no file. */
const struct weir__zone *weir__zones_get(struct weir__zones *zs,
    const char *name, size_t len, struct weir_span span,
    struct weir_err *err);

/* A zone from the bytes of a TZif file, for tests and fuzzing; free it with
 * weir__zone_free().  NULL: the bytes are not such a file, or no memory. */
struct weir__zone *weir__zone_load(const char *name, const void *data,
    size_t len);
void weir__zone_free(struct weir__zone *z);

const char *weir__zone_name(const struct weir__zone *z);
/* Of the file's bytes; 0 for UTC and fixed offsets. */
uint64_t weir__zone_hash(const struct weir__zone *z);

/* The version of the system's data ("2025b"), or "" where it does not say. */
void weir__zones_version(char to[32]);

/* A stretch of time with one offset: from <= t < to, in microseconds UTC. */
struct weir__zone_span {
	int64_t from;
	int64_t to;
	int64_t offset; /* microseconds to add to UTC for local time */
	bool dst;
	const char *abbr;
};

/* The stretch that `us` lies in.  Keep it and ask only when a time leaves it:
 * whole columns are mostly of one stretch. */
void weir__zone_find(const struct weir__zone *z, int64_t us,
    struct weir__zone_span *out);

/* Offset in microseconds at an instant. */
int64_t weir__zone_offset(const struct weir__zone *z, int64_t us);

/* Instant to local time, as microseconds since local 1970-01-01T00:00:00. */
static inline int64_t
weir__zone_local(const struct weir__zone *z, int64_t us)
{
	return us + weir__zone_offset(z, us);
}

/* Local time to instant.  A local time that occurs twice is the earlier
 * instant; one that is skipped is moved on by the length of the gap (02:30 in
 * a gap from 2 to 3 is 03:30), as java.time and JavaScript's Temporal do. */
int64_t weir__zone_utc(const struct weir__zone *z, int64_t local);

#endif
