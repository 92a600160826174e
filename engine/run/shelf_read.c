/* SPDX-License-Identifier: MIT
 *
 * Reading what is on the shelf, frame by frame.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "run/shelf.h"
#include "run/shelf_frame.h"

/* Types within types: what the language can say is far below. */
#define DEPTH_MAX 64

/* ---- names and types */

static void
put_type(struct weir__buf *bf, const struct weir_type *ty)
{
	uint32_t i;

	weir__put_u(bf, ty->kind);
	weir__put_u(bf, ty->precision);
	weir__put_u(bf, ty->scale);
	weir__put_u(bf, ty->nfields);
	for (i = 0; i < ty->nfields; i++) {
		weir__put_str(bf, ty->fields[i].name != NULL ?
			ty->fields[i].name : "");
		weir__put_u(bf, ty->fields[i].required);
		put_type(bf, ty->fields[i].type);
	}
}

void
weir__schema_put(struct weir__buf *bf, const struct weir_schema *sc)
{
	struct weir_type ty = { .nfields = sc->ncols, .fields = sc->cols };

	put_type(bf, &ty);
}

static int
get_type(struct weir_type *ty, struct weir__dec *de, struct weir__arena *ar,
    int depth)
{
	struct weir_field *fi;
	struct weir_type *of;
	const char *s;
	size_t i, len;
	int rc = WEIR_OK;

	ty->kind = (uint8_t)weir__get_u(de);
	ty->precision = (uint8_t)weir__get_u(de);
	ty->scale = (uint8_t)weir__get_u(de);
	ty->nfields = (uint32_t)weir__get_n(de, 6);
	if (de->bad || depth > DEPTH_MAX)
		return WEIR_END;
	fi = weir__arena_zalloc(ar, (ty->nfields + 1) * sizeof *fi);
	of = weir__arena_zalloc(ar, (ty->nfields + 1) * sizeof *of);
	if (fi == NULL || of == NULL)
		return WEIR_ERROR;
	ty->fields = fi;
	for (i = 0; i < ty->nfields && rc == WEIR_OK; i++) {
		s = weir__get_bytes(de, &len);
		fi[i].name = weir__arena_strndup(ar, s, len);
		fi[i].required = weir__get_u(de) != 0;
		fi[i].type = &of[i];
		rc = fi[i].name == NULL ? WEIR_ERROR :
					  get_type(&of[i], de, ar, depth + 1);
	}
	return rc;
}

int
weir__schema_get(struct weir_schema *sc, struct weir__dec *de,
    struct weir__arena *ar)
{
	struct weir_type ty = { 0 };
	int rc = get_type(&ty, de, ar, 0);

	*sc = (struct weir_schema){ .ncols = ty.nfields, .cols = ty.fields,
		.event_time = -1 };
	return rc;
}

/* ---- a frame */

static const char *
get_text(struct weir__dec *de, struct weir__arena *ar)
{
	size_t n;
	const char *s = weir__get_bytes(de, &n);

	return weir__arena_strndup(ar, s, n);
}

static int
get_head(struct weir__shelf_frame *fr, struct weir__dec *de)
{
	struct weir__arena *ar = &fr->ar;
	unsigned flags;
	size_t i, n;
	int rc;

	fr->stage = get_text(de, ar);
	fr->input = (uint32_t)weir__get_u(de);
	flags = (unsigned)weir__get_u(de);
	fr->own_root = (flags & WEIR__SHELF_OWN_ROOT) != 0;
	n = weir__get_n(de, 1);
	fr->sources = weir__arena_zalloc(ar, (n + 1) * sizeof *fr->sources);
	if (fr->stage == NULL || fr->sources == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		if ((fr->sources[i] = get_text(de, ar)) == NULL)
			return WEIR_ERROR;
	fr->nsources = (uint32_t)n;
	n = weir__get_n(de, 2);
	if (de->bad || n != fr->rows)
		return WEIR_END;
	fr->codes = weir__arena_zalloc(ar, (n + 1) * sizeof *fr->codes);
	fr->texts = weir__arena_zalloc(ar, (n + 1) * sizeof *fr->texts);
	if (fr->codes == NULL || fr->texts == NULL)
		return WEIR_ERROR;
	for (i = 0; i < n; i++)
		if ((fr->codes[i] = get_text(de, ar)) == NULL ||
		    (fr->texts[i] = get_text(de, ar)) == NULL)
			return WEIR_ERROR;
	rc = weir__schema_get(&fr->schema, de, ar);
	if ((flags & WEIR__SHELF_CHANGES) != 0)
		fr->schema.kind = WEIR_CHANGES;
	if (rc == WEIR_OK && (flags & WEIR__SHELF_ROOT) != 0)
		rc = weir__schema_get(&fr->root_schema, de, ar);
	return rc == WEIR_OK && de->bad ? WEIR_END : rc;
}

static int
get_frame(struct weir__shelf_frame *fr, const struct weir_frame *from)
{
	const char *p = from->data;
	struct weir__dec de;
	uint32_t lens[4];

	if (from->data == NULL || from->len < sizeof lens)
		return WEIR_END;
	memcpy(lens, p, sizeof lens);
	if ((uint64_t)lens[0] + lens[1] + lens[2] + sizeof lens != from->len)
		return WEIR_END;
	p += sizeof lens;
	fr->first = from->first + 1;
	fr->rows = from->rows;
	fr->data = p + lens[0];
	fr->len = lens[1];
	fr->root = lens[2] != 0 ? p + lens[0] + lens[1] : NULL;
	fr->root_len = lens[2];
	de = weir__dec(p, lens[0]);
	return get_head(fr, &de);
}

/* ---- all of them */

int
weir__shelf_open(struct weir__shelf_reader *re, const char *dir,
    struct weir_err *err)
{
	char path[4096];

	memset(re, 0, sizeof *re);
	weir__arena_init(&re->frame.ar, 4096);
	snprintf(path, sizeof path, "%s/replay", dir);
	re->sp = weir__spool_at(path, "what is kept for replay", err);
	return re->sp != NULL ? WEIR_OK : WEIR_ERROR;
}

int
weir__shelf_begin(struct weir__shelf_reader *re,
    const struct weir__shelved *sd, struct weir_err *err)
{
	if (re->reading)
		weir__spool_done(&re->rd);
	re->reading = false;
	if (weir__spool_read(&re->rd, re->sp, &sd->part, NULL) != 0)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	re->reading = true;
	return WEIR_OK;
}

int
weir__shelf_next(struct weir__shelf_reader *re, struct weir_err *err)
{
	struct weir__arena ar = re->frame.ar;
	struct weir_frame fr;
	int rc;

	weir__arena_reset(&ar);
	re->frame = (struct weir__shelf_frame){ .ar = ar };
	rc = weir__spool_next(&re->rd, &fr, err);
	if (rc != WEIR_OK)
		return rc;
	rc = get_frame(&re->frame, &fr);
	if (rc == WEIR_OK)
		return rc;
	if (rc == WEIR_ERROR)
		return weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
	return weir_fail(err, WEIR_NOWHERE, "spool.damaged",
	    "what is kept for replay is damaged in its file %llu: it is not as "
	    "it was written", (unsigned long long)re->rd.part.extent.file);
}

void
weir__shelf_close(struct weir__shelf_reader *re)
{
	if (re->reading)
		weir__spool_done(&re->rd);
	weir__spool_free(re->sp);
	weir__arena_fini(&re->frame.ar);
	memset(re, 0, sizeof *re);
}
