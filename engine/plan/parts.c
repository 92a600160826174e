/* SPDX-License-Identifier: MIT
 *
 * What a plan was made of: see parts.h.
 */
#include "plan/parts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/version.h"
#include "base/zone.h"
#include "plan/build.h"

/* A larger file is told by its length and its time. */
#define FILE_MAX ((int64_t)64 << 20)

/* ---- writing */

static void
put_name(struct weir__buf *bf, const char *s)
{
	weir__buf_chr(bf, '\t');
	for (; *s != '\0'; s++)
		weir__buf_chr(bf, (unsigned char)*s < ' ' ? '?' : *s);
}

static void
put_hash(struct weir__buf *bf, uint64_t h)
{
	weir__buf_printf(bf, "\t%016" PRIx64 "\n", h);
}

/* -1: it can't be read, or memory is out. */
static int
hash_of(uint64_t *to, int fd, const struct stat *sb)
{
	size_t size = (size_t)sb->st_size, n = 0;
	ssize_t got = 0;
	char *p;

	if (sb->st_size > FILE_MAX) {
		const int64_t w[3] = { sb->st_size, sb->st_mtim.tv_sec,
			sb->st_mtim.tv_nsec };

		*to = weir__hash(w, sizeof w, 1);
		return 0;
	}
	p = weir__alloc(size + 1);
	while (p != NULL && n < size &&
	    (got = pread(fd, p + n, size - n, (off_t)n)) > 0)
		n += (size_t)got;
	if (p == NULL || got < 0) {
		weir__free(p);
		return -1;
	}
	*to = weir__hash(p, n, 0);
	weir__free(p);
	return 0;
}

/* What can't be read, or is no file, has the same hash as long as it is so. */
static uint64_t
hash_file(struct weir__buf *bf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat sb;
	uint64_t h = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) &&
	    hash_of(&h, fd, &sb) != 0)
		bf->failed = true;
	close(fd);
	return h;
}

static void
put_params(struct weir__buf *bf, const struct weir__plan *pl)
{
	const struct weir__param *pa;
	struct weir__buf text;
	size_t i;

	weir__buf_init(&text);
	for (i = 0; i < pl->nparams; i++) {
		pa = &pl->params[i];
		weir__buf_str(bf, "param");
		put_name(bf, pa->name);
		if (pa->secret) {
			/* a hash of it could be tried out */
			weir__buf_str(bf, "\t\tsecret\n");
			continue;
		}
		weir__buf_clear(&text);
		weir__value_show(&text, &pa->value);
		weir__buf_chr(bf, '\t');
		put_hash(bf, weir__hash(text.data, text.len, 0));
		bf->failed |= text.failed;
	}
	weir__buf_fini(&text);
}

static void
put_plugin(struct weir__buf *bf, const struct weir__plugin *pg)
{
	weir__buf_str(bf, "plugin");
	put_name(bf, pg->name);
	put_name(bf, pg->desc->version);
	weir__buf_printf(bf, " (ABI %d.%d)", (int)pg->desc->abi_major,
	    (int)pg->desc->abi_minor);
	put_hash(bf, hash_file(bf, pg->path));
}

/* Has a stage before this one the same plugin? */
static bool
stage_has(const struct weir__plan *pl, const char *name, size_t before)
{
	size_t i;

	for (i = 0; i < before; i++)
		if (strcmp(pl->nodes[i]->plugin->name, name) == 0)
			return true;
	return false;
}

static void
put_plugins(struct weir__buf *bf, const struct weir__plan *pl)
{
	const struct weir__ast_plugin *ap;
	const struct weir__plugin *pg;
	struct weir_err err = { 0 };
	size_t i;

	for (i = 0; i < pl->nnodes; i++)
		if (!stage_has(pl, pl->nodes[i]->plugin->name, i))
			put_plugin(bf, pl->nodes[i]->plugin);
	/* those of which only functions are called */
	for (ap = pl->ast->plugins; ap != NULL; ap = ap->next) {
		pg = stage_has(pl, ap->name, pl->nnodes) ? NULL :
		    weir__loader_get(pl->loader, ap->name, &err);
		if (pg != NULL)
			put_plugin(bf, pg);
	}
}

void
weir__parts(struct weir__buf *bf, const struct weir__plan *pl)
{
	const struct weir__plan_note *no;
	char version[32];

	weir__buf_str(bf, "weir\t\t" WEIR_VERSION "\t\n");
	weir__buf_str(bf, "pipeline");
	put_name(bf, pl->stem);
	weir__buf_chr(bf, '\t');
	put_hash(bf, pl->text_hash);
	put_params(bf, pl);
	put_plugins(bf, pl);
	weir__zones_version(version);
	for (no = pl->zones; no != NULL; no = no->next) {
		weir__buf_str(bf, "zone");
		put_name(bf, no->name);
		put_name(bf, version);
		put_hash(bf, no->hash);
	}
	for (no = pl->files; no != NULL; no = no->next) {
		weir__buf_str(bf, "file");
		put_name(bf, no->name);
		weir__buf_chr(bf, '\t');
		put_hash(bf, hash_file(bf, no->name));
	}
}

/* ---- noting, while the plan is made */

static struct weir__plan_note *
note(struct weir__build *bu, struct weir__plan_note **list, const char *name)
{
	struct weir__plan_note *no;

	while ((no = *list) != NULL) {
		if (strcmp(no->name, name) == 0)
			return no;
		list = &no->next;
	}
	no = weir__arena_zalloc(bu->ar, sizeof *no);
	if (no == NULL)
		return NULL;
	no->name = weir__arena_strdup(bu->ar, name);
	if (no->name == NULL)
		return NULL;
	return *list = no;
}

int
weir__build_zone(struct weir__build *bu, const char *name, uint64_t hash)
{
	struct weir__plan_note *no = note(bu, &bu->pl->zones, name);

	if (no == NULL)
		return -1;
	no->hash = hash;
	return 0;
}

int
weir__build_file(struct weir__build *bu, const struct weir__node *nd,
    const char *path)
{
	const struct weir_option *const *op = nd->type->options;
	const uint32_t data = WEIR_OPTF_LOCAL_FILE | WEIR_OPTF_STATE;

	/* what a source reads is known by its positions */
	for (; nd->type->role == WEIR_SOURCE && op != NULL && *op != NULL; op++)
		if (((*op)->flags & data) == data)
			return 0;
	return note(bu, &bu->pl->files, path) != NULL ? 0 : -1;
}

/* ---- comparing */

static void
field(const char **at, const char **to, int *n)
{
	size_t len = strcspn(*at, "\t\n");

	*to = *at;
	*n = (int)len;
	*at += len + ((*at)[len] == '\t');
}

bool
weir__parts_next(const char **at, const char *text, struct weir__part_line *li)
{
	const char *p = *at != NULL ? *at : text;

	if (*p == '\0')
		return false;
	field(&p, &li->kind, &li->kind_len);
	field(&p, &li->name, &li->name_len);
	field(&p, &li->version, &li->version_len);
	field(&p, &li->hash, &li->hash_len);
	p += strcspn(p, "\n");
	*at = p + (*p == '\n');
	return true;
}

static bool
same(const char *a, int na, const char *b, int nb)
{
	return na == nb && memcmp(a, b, (size_t)na) == 0;
}

static bool
is_kind(const struct weir__part_line *li, const char *kind)
{
	return same(li->kind, li->kind_len, kind, (int)strlen(kind));
}

/* The same thing in another text. */
static bool
find(const char *text, const struct weir__part_line *li,
    struct weir__part_line *out)
{
	const char *at = NULL;

	while (weir__parts_next(&at, text, out))
		if (same(out->kind, out->kind_len, li->kind, li->kind_len) &&
		    (is_kind(li, "pipeline") ||
			same(out->name, out->name_len, li->name, li->name_len)))
			return true;
	return false;
}

static void
say(struct weir__parts_change *ch, const struct weir__part_line *was,
    const struct weir__part_line *is)
{
	bool version = !same(was->version, was->version_len, is->version,
	    is->version_len);
	const char *tail = ": where its days and hours end may be other "
	    "instants now";

	ch->zone = is_kind(is, "zone");
	if (is_kind(is, "pipeline"))
		snprintf(ch->text, sizeof ch->text, "the pipeline's text has "
		    "changed since the last run");
	else if (is_kind(is, "param"))
		snprintf(ch->text, sizeof ch->text, "the param %.*s has "
		    "another value than in the last run", is->name_len,
		    is->name);
	else if (is_kind(is, "file"))
		snprintf(ch->text, sizeof ch->text, "the file %.*s has changed "
		    "since the last run", is->name_len, is->name);
	else if (ch->zone && version && was->version_len != 0 &&
	    is->version_len != 0)
		snprintf(ch->text, sizeof ch->text, "time-zone data was %.*s, "
		    "is %.*s, and %.*s has changed%s", was->version_len,
		    was->version, is->version_len, is->version, is->name_len,
		    is->name, tail);
	else if (ch->zone)
		snprintf(ch->text, sizeof ch->text, "the data of the time zone "
		    "%.*s has changed since the last run%s", is->name_len,
		    is->name, tail);
	else if (version)
		snprintf(ch->text, sizeof ch->text, "%.*s%s%.*s was %.*s, is "
		    "%.*s", is->kind_len, is->kind,
		    is->name_len != 0 ? " " : "", is->name_len, is->name,
		    was->version_len, was->version, is->version_len,
		    is->version);
	else
		snprintf(ch->text, sizeof ch->text, "%.*s %.*s %.*s is another "
		    "build than in the last run", is->kind_len, is->kind,
		    is->name_len, is->name, is->version_len, is->version);
}

bool
weir__parts_changed(const char *was, const char *is, const char **at,
    struct weir__parts_change *ch)
{
	struct weir__part_line now, then;

	while (weir__parts_next(at, is, &now)) {
		if (!find(was, &now, &then))
			continue;
		/* another version of all zones means nothing for one that is
		 * the same */
		if (same(then.hash, then.hash_len, now.hash, now.hash_len) &&
		    (is_kind(&now, "zone") ||
			same(then.version, then.version_len, now.version,
			    now.version_len)))
			continue;
		say(ch, &then, &now);
		return true;
	}
	return false;
}
