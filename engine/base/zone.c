/* SPDX-License-Identifier: MIT
 *
 * Time zones: TZif files (RFC 9636) and the cache of those in use.
 */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/time.h"
#include "base/zone_rule.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define NAME_MAX_LEN 63
#define FILE_MAX 1048576
#define OFFSET_MAX (26 * 3600) /* RFC 9636: -24:59:59 to +25:59:59 */

struct kind {
	int32_t offset; /* seconds east */
	bool dst;
	uint8_t abbr; /* in abbrs */
};

struct weir__zone {
	char name[NAME_MAX_LEN + 1];
	int64_t *at; /* transitions, seconds UTC, ascending */
	uint8_t *to; /* the kind that each begins */
	struct kind *kinds;
	char *abbrs;
	uint64_t hash; /* of the file */
	uint32_t nat;
	uint32_t nkinds;
	bool ruled;
	struct weir__zone_rule rule; /* after the last transition */
};

/* --- loading --- */

/* The six counts of a TZif header. */
struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

#define HEADER 44

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static int64_t
be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool
read_header(struct counts *co, const uint8_t *p, size_t len)
{
	if (len < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	co->isut = be32(p + 20);
	co->isstd = be32(p + 24);
	co->leap = be32(p + 28);
	co->time = be32(p + 32);
	co->type = be32(p + 36);
	co->chars = be32(p + 40);
	return (co->isut | co->isstd | co->leap | co->time | co->type |
		   co->chars) < FILE_MAX;
}

/* Bytes of the data after a header, times being `width` bytes wide. */
static size_t
data_size(const struct counts *co, size_t width)
{
	return co->time * (width + 1) + co->type * 6 + co->chars +
	    co->leap * (width + 4) + co->isstd + co->isut;
}

static bool
take_table(struct weir__zone *z, const struct counts *co, const uint8_t *p)
{
	const uint8_t *types = p + co->time * 9;
	const uint8_t *chars = types + co->type * 6;
	uint32_t i;

	for (i = 0; i < co->time; i++) {
		z->at[i] = be64(p + i * 8);
		z->to[i] = p[co->time * 8 + i];
		if (z->to[i] >= co->type ||
		    (i > 0 && z->at[i] <= z->at[i - 1]))
			return false;
	}
	for (i = 0; i < co->type; i++) {
		z->kinds[i].offset = (int32_t)be32(types + i * 6);
		z->kinds[i].dst = types[i * 6 + 4] != 0;
		z->kinds[i].abbr = types[i * 6 + 5];
		if (z->kinds[i].offset > OFFSET_MAX ||
		    z->kinds[i].offset < -OFFSET_MAX ||
		    z->kinds[i].abbr >= co->chars)
			return false;
	}
	memcpy(z->abbrs, chars, co->chars);
	z->nat = co->time;
	z->nkinds = co->type;
	return true;
}

/* Room for the table, in one piece with the zone. */
static struct weir__zone *
zone_new(const char *name, size_t len, const struct counts *co)
{
	size_t at = sizeof(struct weir__zone);
	size_t kinds = at + co->time * sizeof(int64_t);
	size_t to = kinds + co->type * sizeof(struct kind);
	size_t abbrs = to + co->time;
	struct weir__zone *z = weir__zalloc(abbrs + co->chars + 1);

	if (z == NULL)
		return NULL;
	z->at = (int64_t *)((char *)z + at);
	z->kinds = (struct kind *)((char *)z + kinds);
	z->to = (uint8_t *)z + to;
	z->abbrs = (char *)z + abbrs;
	memcpy(z->name, name, len < NAME_MAX_LEN ? len : NAME_MAX_LEN);
	return z;
}

struct weir__zone *
weir__zone_load(const char *name, const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len, *line;
	struct weir__zone *z;
	struct counts co;
	size_t skip;

	/* The first block is for readers of version 1. */
	if (!read_header(&co, p, len))
		return NULL;
	skip = HEADER + data_size(&co, 4);
	if (skip > len || !read_header(&co, p + skip, len - skip))
		return NULL;
	p += skip + HEADER;
	skip = data_size(&co, 8);
	if (skip > (size_t)(end - p) || co.type == 0 || co.type > 256)
		return NULL;
	z = zone_new(name, strlen(name), &co);
	if (z == NULL)
		return NULL;
	if (!take_table(z, &co, p))
		goto bad;
	p += skip;
	if (p == end || *p++ != '\n')
		goto bad;
	line = memchr(p, '\n', (size_t)(end - p));
	if (line == NULL)
		goto bad;
	if (line != p) {
		z->ruled = weir__zone_rule_parse(&z->rule, (const char *)p,
		    (size_t)(line - p));
		if (!z->ruled)
			goto bad;
	}
	return z;
bad:
	weir__zone_free(z);
	return NULL;
}

void
weir__zone_free(struct weir__zone *z)
{
	weir__free(z);
}

const char *
weir__zone_name(const struct weir__zone *z)
{
	return z->name;
}

uint64_t
weir__zone_hash(const struct weir__zone *z)
{
	return z->hash;
}

/* A zone of one offset for ever. */
static struct weir__zone *
fixed(const char *name, size_t len, int32_t offset)
{
	struct counts co = { .type = 1, .chars = (uint32_t)len + 1 };
	struct weir__zone *z = zone_new(name, len, &co);

	if (z == NULL)
		return NULL;
	z->nkinds = 1;
	z->kinds[0].offset = offset;
	memcpy(z->abbrs, name, len);
	return z;
}

/* --- looking up --- */

static void
give(struct weir__zone_span *out, int64_t from, int64_t to, int32_t offset,
    bool dst, const char *abbr)
{
	/* Seconds to microseconds, at the ends of int64 for "always". */
	out->from = from < INT64_MIN / WEIR__US_SEC ? INT64_MIN
						    : from * WEIR__US_SEC;
	out->to = to > INT64_MAX / WEIR__US_SEC ? INT64_MAX
						: to * WEIR__US_SEC;
	out->offset = offset * WEIR__US_SEC;
	out->dst = dst;
	out->abbr = abbr;
}

void
weir__zone_find(const struct weir__zone *z, int64_t us,
    struct weir__zone_span *out)
{
	int64_t sec = weir__time_floor(us, WEIR__US_SEC), from, to;
	uint32_t lo = 0, hi = z->nat, mid;
	const struct kind *ki;
	int32_t offset;
	const char *abbr;
	bool dst;

	while (lo < hi) { /* the first transition after sec */
		mid = lo + (hi - lo) / 2;
		if (z->at[mid] <= sec)
			lo = mid + 1;
		else
			hi = mid;
	}
	from = lo == 0 ? INT64_MIN : z->at[lo - 1];
	if (lo == z->nat && z->ruled) {
		offset = weir__zone_rule_find(&z->rule, sec, &from, &to, &dst,
		    &abbr);
		give(out, from, to, offset, dst, abbr);
		return;
	}
	to = lo == z->nat ? INT64_MAX : z->at[lo];
	ki = &z->kinds[lo == 0 ? 0 : z->to[lo - 1]];
	give(out, from, to, ki->offset, ki->dst, z->abbrs + ki->abbr);
}

int64_t
weir__zone_offset(const struct weir__zone *z, int64_t us)
{
	struct weir__zone_span sp;

	weir__zone_find(z, us, &sp);
	return sp.offset;
}

int64_t
weir__zone_utc(const struct weir__zone *z, int64_t local)
{
	struct weir__zone_span sp;
	int64_t before;

	/* Start below any offset and go on to the stretch that has it. */
	weir__zone_find(z, local - OFFSET_MAX * WEIR__US_SEC, &sp);
	for (before = sp.offset;; before = sp.offset) {
		if (local - sp.offset < sp.to)
			break;
		weir__zone_find(z, sp.to, &sp);
		if (local - sp.offset < sp.from)
			return local - before; /* in the gap */
	}
	return local - sp.offset;
}

/* --- the cache --- */

static const char *
zone_dir(void)
{
	const char *dir = getenv("TZDIR");

	return dir != NULL && dir[0] == '/' ? dir : ZONE_DIR;
}

/* The first line of tzdata.zi: "# version 2025b". */
void
weir__zones_version(char to[32])
{
	static const char head[] = "# version ";
	char path[1024], line[64];
	ssize_t n;
	int fd;

	to[0] = '\0';
	snprintf(path, sizeof path, "%s/tzdata.zi", zone_dir());
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	n = read(fd, line, sizeof line - 1);
	close(fd);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, head, sizeof head - 1) == 0)
		snprintf(to, 32, "%.31s", line + sizeof head - 1);
}

void
weir__zones_init(struct weir__zones *zs, const char *dir)
{
	memset(zs, 0, sizeof *zs);
	zs->dir = dir != NULL ? dir : zone_dir();
}

void
weir__zones_fini(struct weir__zones *zs)
{
	size_t i;

	for (i = 0; i < zs->n; i++)
		weir__zone_free(zs->list[i]);
	weir__free(zs->list);
	memset(zs, 0, sizeof *zs);
}

/* May the name be looked for below the directory?  Letters, digits, _ + - and
 * single slashes: so no "..", and nothing hidden. */
static bool
good_name(const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > NAME_MAX_LEN || name[len - 1] == '/')
		return false;
	for (i = 0; i < len; i++) {
		if (name[i] == '/' && i > 0 && name[i - 1] != '/')
			continue;
		if ((name[i] | 32) >= 'a' && (name[i] | 32) <= 'z')
			continue;
		if (name[i] >= '0' && name[i] <= '9')
			continue;
		if (name[i] != '_' && name[i] != '+' && name[i] != '-')
			return false;
	}
	return true;
}

/* +05:30, +0530, +05. */
static bool
fixed_offset(const char *name, size_t len, int32_t *offset)
{
	unsigned v[4] = { 0, 0, 0, 0 };
	size_t i, n = 0;

	if (len < 3 || len > 6 || (*name != '+' && *name != '-'))
		return false;
	for (i = 1; i < len; i++) {
		if (len == 6 && i == 3 && name[i] == ':')
			continue;
		if (name[i] < '0' || name[i] > '9' || n == 4)
			return false;
		v[n++] = (unsigned)(name[i] - '0');
	}
	if ((n != 2 && n != 4) || v[0] * 10 + v[1] > 23 || v[2] > 5)
		return false;
	*offset = (int32_t)((v[0] * 10 + v[1]) * 3600 +
	    (v[2] * 10 + v[3]) * 60);
	if (*name == '-')
		*offset = -*offset;
	return true;
}

/* The whole file, or NULL with errno. */
static char *
slurp(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat sb;
	char *data = NULL;
	ssize_t n = 0;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &sb) != 0)
		goto out;
	if (!S_ISREG(sb.st_mode) || sb.st_size > FILE_MAX) {
		errno = EINVAL;
		goto out;
	}
	data = weir__alloc((size_t)sb.st_size);
	if (data == NULL) {
		errno = ENOMEM;
		goto out;
	}
	for (*len = 0; *len < (size_t)sb.st_size; *len += (size_t)n) {
		n = read(fd, data + *len, (size_t)sb.st_size - *len);
		if (n <= 0)
			break;
	}
out:
	close(fd);
	return data;
}

static struct weir__zone *
open_zone(struct weir__zones *zs, const char *name, size_t len,
    struct weir_span span, struct weir_err *err)
{
	struct weir__zone *z;
	char path[1024], text[NAME_MAX_LEN + 1];
	int32_t offset;
	size_t size;
	char *data;

	if ((len == 3 && memcmp(name, "UTC", 3) == 0) ||
	    (len == 1 && *name == 'Z'))
		return fixed("UTC", 3, 0);
	if (fixed_offset(name, len, &offset))
		return fixed(name, len, offset);
	if (!good_name(name, len)) {
		weir_fail(err, span, "time.zone",
		    "expected a time zone such as Europe/Berlin or +05:30, "
		    "found \"%.*s\"",
		    (int)(len < 80 ? len : 80), name);
		return NULL;
	}
	memcpy(text, name, len);
	text[len] = '\0';
	snprintf(path, sizeof path, "%s/%s", zs->dir, text);
	data = slurp(path, &size);
	if (data == NULL) {
		weir_fail(err, span, errno == ENOMEM ? "memory" : "time.zone",
		    errno == ENOMEM ? "out of memory for the time zone \"%s\""
				    : "no time zone \"%s\" in %s",
		    text, zs->dir);
		return NULL;
	}
	z = weir__zone_load(text, data, size);
	if (z != NULL)
		z->hash = weir__hash(data, size, 0);
	weir__free(data);
	if (z == NULL)
		weir_fail(err, span, "time.zone",
		    "\"%s\" is no time zone: %s is not a TZif file of "
		    "version 2 or later",
		    text, path);
	return z;
}

const struct weir__zone *
weir__zones_get(struct weir__zones *zs, const char *name, size_t len,
    struct weir_span span, struct weir_err *err)
{
	struct weir__zone *z, **more;
	size_t i, cap;

	for (i = 0; i < zs->n; i++) {
		if (strlen(zs->list[i]->name) == len &&
		    memcmp(zs->list[i]->name, name, len) == 0)
			return zs->list[i];
	}
	if (err != NULL)
		err->code[0] = '\0';
	z = open_zone(zs, name, len, span, err);
	if (z == NULL) {
		if (err != NULL && err->code[0] == '\0')
			weir_fail(err, span, "memory",
			    "out of memory for a time zone");
		return NULL;
	}
	if (zs->n == zs->cap) {
		cap = zs->cap != 0 ? zs->cap * 2 : 4;
		more = weir__realloc(zs->list, cap * sizeof *more);
		if (more == NULL) {
			weir__zone_free(z);
			weir_fail(err, span, "memory",
			    "out of memory for a time zone");
			return NULL;
		}
		zs->list = more;
		zs->cap = cap;
	}
	zs->list[zs->n++] = z;
	return z;
}
