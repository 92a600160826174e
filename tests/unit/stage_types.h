/* SPDX-License-Identifier: MIT
 *
 * Types and schemas from their text, for unit tests:
 *
 *	id: int64!, at: timestamp("ms"), who: struct { name: string from "n" },
 *	tags: list(string!), rates: map(decimal(18, 8))
 */
#ifndef STAGE_TYPES_H
#define STAGE_TYPES_H

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "weir/types.h"

static const char *
ts_ws(const char *s)
{
	while (*s == ' ' || *s == '\n' || *s == '\t' || *s == ',')
		s++;
	return s;
}

static const char *
ts_word(const char *s, char *out, size_t cap)
{
	size_t n = 0;

	s = ts_ws(s);
	while (*s != '\0' && strchr(" \n\t,:!(){}\"", *s) == NULL) {
		if (n + 1 < cap)
			out[n++] = *s;
		s++;
	}
	out[n] = '\0';
	return s;
}

static const char *
ts_quoted(struct weir__arena *ar, const char *s, const char **out)
{
	const char *e = strchr(s + 1, '"');

	*out = weir__arena_strndup(ar, s + 1, (size_t)(e - s - 1));
	return e + 1;
}

static const char *ts_fields(struct weir__arena *ar, const char *s,
    struct weir_field **fields, uint32_t *n);

static const char *
ts_type(struct weir__arena *ar, const char *s, struct weir_field *fi)
{
	static const char *const names[WEIR_KINDS] = { "null", "bool", "int32",
		"int64", "float32", "float64", "decimal", "string", "bytes",
		"timestamp", "date", "duration", "json", "list", "map",
		"struct" };
	struct weir_type *ty = weir__arena_zalloc(ar, sizeof *ty);
	struct weir_field *fs;
	char word[64];
	int k;

	s = ts_word(s, word, sizeof word);
	for (k = WEIR_BOOL; k < WEIR_KINDS; k++)
		if (strcmp(word, names[k]) == 0)
			break;
	if (k == WEIR_KINDS) {
		fprintf(stderr, "stage.h: no type \"%s\"\n", word);
		abort();
	}
	ty->kind = (uint8_t)k;
	if (k == WEIR_DECIMAL) {
		ty->precision = (uint8_t)strtol(s + 1, (char **)&s, 10);
		ty->scale = (uint8_t)strtol(ts_ws(s), (char **)&s, 10);
		s = ts_ws(s) + 1;
	} else if (k == WEIR_LIST || k == WEIR_MAP) {
		uint32_t n = k == WEIR_LIST ? 1 : 2;

		fs = weir__arena_zalloc(ar, n * sizeof *fs);
		if (k == WEIR_MAP) {
			struct weir_type *kt =
			    weir__arena_zalloc(ar, sizeof *kt);

			kt->kind = WEIR_STRING;
			fs[0] = (struct weir_field){ .name = "key",
				.type = kt, .required = true };
		}
		fs[n - 1].name = k == WEIR_LIST ? "element" : "value";
		s = ts_ws(ts_type(ar, s + 1, &fs[n - 1])) + 1;
		ty->nfields = n;
		ty->fields = fs;
	} else if (k == WEIR_STRUCT) {
		s = ts_fields(ar, ts_ws(s) + 1, &fs, &ty->nfields);
		ty->fields = fs;
		s = ts_ws(s) + 1;
	} else if (*s == '(') {
		s = ts_quoted(ar, s + 1, &fi->format) + 1;
	}
	if (*s == '!') {
		fi->required = true;
		s++;
	}
	fi->type = ty;
	return s;
}

/* "name: type! from "x", ..." up to the end or a closing brace. */
static const char *
ts_fields(struct weir__arena *ar, const char *s, struct weir_field **fields, uint32_t *n)
{
	struct weir_field *fs =
	    weir__arena_zalloc(ar, 1024 * sizeof *fs);
	char word[1024];

	*n = 0;
	for (s = ts_ws(s); *s != '\0' && *s != '}'; s = ts_ws(s)) {
		struct weir_field *fi = &fs[(*n)++];

		if (*s == '"') {
			s = ts_quoted(ar, s, &fi->name);
		} else {
			s = ts_word(s, word, sizeof word);
			fi->name = weir__arena_strdup(ar, word);
		}
		s = ts_ws(ts_type(ar, ts_ws(s) + 1, fi));
		if (strncmp(s, "from ", 5) == 0)
			s = ts_quoted(ar, ts_ws(s + 5), &fi->from);
	}
	*fields = fs;
	return s;
}

static inline void
ts_schema(struct weir__arena *ar, struct weir_schema *sc, const char *text)
{
	struct weir_field *fs;

	memset(sc, 0, sizeof *sc);
	sc->event_time = -1;
	ts_fields(ar, text, &fs, &sc->ncols);
	sc->cols = fs;
}

static inline int32_t
ts_col(const struct weir_schema *sc, const char *name)
{
	uint32_t i;

	for (i = 0; i < sc->ncols; i++)
		if (strcmp(sc->cols[i].name, name) == 0)
			return (int32_t)i;
	return -1;
}

#endif
