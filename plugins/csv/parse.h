/* SPDX-License-Identifier: MIT
 *
 * Records of CSV text (RFC 4180), strictly.
 */
#ifndef CSV_PARSE_H
#define CSV_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_field {
	const char *p; /* without the quotes around it */
	size_t n;
	size_t at;	/* where it begins in the record */
	bool quoted;
	bool doubled;	/* quotes in it are doubled still */
};

enum csv_result {
	CSV_RECORD,
	CSV_MORE, /* the text ends before the record does */
	CSV_BAD,  /* see why and where; `used` ends with the line */
};

struct csv_record {
	struct csv_field *fields;
	uint32_t cap;
	uint32_t n;    /* fields there are, more than cap too */
	size_t used;   /* bytes of the record with its line end */
	size_t length; /* without it */
	const char *why;
	size_t where;
};

/* The record at p[0..n), n > 0.  `ended`: nothing comes after p[n]. */
enum csv_result csv_parse(struct csv_record *re, const char *p, size_t n,
    bool ended, char delimiter);

/* The field's text with doubled quotes made single: f->n bytes of room; how
 * many were written. */
size_t csv_unquote(char *to, const struct csv_field *f);

#endif
