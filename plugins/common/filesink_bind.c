/* SPDX-License-Identifier: MIT
 *
 * Sinks that write files: the options that they share.
 */
#include "base/time.h"
#include "filesink_parts.h"

/* The place of `roll` in every option table. */
#define OPT_ROLL 1

/* FNV-1a over names and types. */
static uint64_t
hash_fields(uint64_t h, const struct weir_field *fi, uint32_t n)
{
	const uint64_t prime = UINT64_C(0x100000001b3);
	const char *p;
	uint32_t i;

	for (i = 0; i < n; i++) {
		for (p = fi[i].name != NULL ? fi[i].name : ""; *p != '\0'; p++)
			h = (h ^ (uint8_t)*p) * prime;
		h = (h ^ (uint64_t)fi[i].type->kind << 8) * prime;
		h = (h ^ (uint64_t)fi[i].type->precision << 16) * prime;
		h = (h ^ (uint64_t)fi[i].type->scale << 24) * prime;
		h = (h ^ fi[i].required) * prime;
		h = hash_fields(h * prime, fi[i].type->fields,
		    fi[i].type->nfields);
	}
	return (h ^ n) * prime;
}

int
fsink_bind(struct weir_bind *bi, struct fsink_config *cf,
    const struct fsink_format *format, struct weir_err *err)
{
	const struct weir_host *host = WEIR_BIND_HOST(bi);
	const struct weir_value *v = host->expr_const(cf->path);
	struct fsink_env en = { host, cf };
	char code[24];
	size_t n;
	char *base;

	cf->format = format;
	cf->schema = weir_input(bi, 0);
	cf->columns = hash_fields(UINT64_C(0xcbf29ce484222325),
	    cf->schema->cols, cf->schema->ncols);
	cf->constant = v != NULL;
	cf->prefix = host->expr_prefix(cf->path);
	if (cf->prefix == NULL)
		cf->prefix = "";
	n = strlen(cf->prefix);
	fsink_code(code, &en, "path");
	if (cf->constant && n == 0)
		return weir_option_fail(bi, "path", err, code,
		    "the path is empty; name a directory");
	if (!cf->constant)
		while (n > 0 && cf->prefix[n - 1] != '/')
			n--;
	if (n == 0)
		return weir_option_fail(bi, "path", err, code,
		    "the path must begin with a constant directory, as in "
		    "\"data/day=${date(at)}\"");
	if (n >= FSINK_PATH - 3 * FSINK_NAME)
		return weir_option_fail(bi, "path", err, code,
		    "the path has %zu bytes, at most %u can be", n,
		    FSINK_PATH - 3 * FSINK_NAME);
	while (n > 1 && cf->prefix[n - 1] == '/')
		n--;
	base = weir_plan_alloc(bi, n + 1);
	if (base == NULL)
		return fsink_no_memory(&en, err);
	memcpy(base, cf->prefix, n);
	cf->base = base;
	if ((cf->head.set >> OPT_ROLL & 1) == 0 && cf->roll.size == 0 &&
	    cf->roll.rows == 0 && cf->roll.age == 0 && cf->roll.idle == 0 &&
	    cf->roll.epochs == 0) {
		cf->roll.size = UINT64_C(128) << 20;
		cf->roll.age = 10 * WEIR__US_MIN;
	}
	return WEIR_OK;
}
static const struct weir_option roll_size = {
	.size = sizeof(struct weir_option),
	.name = "size",
	.type = WEIR_OPT_SIZE,
	.offset = offsetof(struct fsink_roll, size),
	.def = "0B",
	.unit = "bytes",
	.help = "The file has about so many bytes.",
};

static const struct weir_option roll_rows = {
	.size = sizeof(struct weir_option),
	.name = "rows",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_roll, rows),
	.def = "0",
	.unit = "rows",
	.min = 0,
	.max = 9e15,
	.help = "The file has exactly so many rows.",
};

static const struct weir_option roll_age = {
	.size = sizeof(struct weir_option),
	.name = "age",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct fsink_roll, age),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "Its first row is so old, by the clock.",
};

static const struct weir_option roll_idle = {
	.size = sizeof(struct weir_option),
	.name = "idle",
	.type = WEIR_OPT_DURATION,
	.offset = offsetof(struct fsink_roll, idle),
	.def = "0s",
	.min = 0,
	.max = 3660.0 * 86400e6,
	.help = "No row has come for so long.",
};

static const struct weir_option roll_epochs = {
	.size = sizeof(struct weir_option),
	.name = "epochs",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_roll, epochs),
	.def = "0",
	.unit = "epochs",
	.min = 0,
	.max = 1e9,
	.help = "It spans so many epochs.",
};

static const struct weir_option *const roll_fields[] = {
	&roll_size,
	&roll_rows,
	&roll_age,
	&roll_idle,
	&roll_epochs,
	NULL,
};

const struct weir_option fsink_opt_path = {
	.size = sizeof(struct weir_option),
	.name = "path",
	.type = WEIR_OPT_EXPR,
	.flags = WEIR_OPTF_REQUIRED | WEIR_OPTF_POSITIONAL | WEIR_OPTF_PATH |
	    WEIR_OPTF_TARGET,
	.offset = offsetof(struct fsink_config, path),
	.type_text = "string",
	.help = "The directory of the files.  With expressions in it, each row "
		"goes to the directory that its own values give: "
		"\"lake/day=${date(at)}\".  Files are made in a hidden "
		"directory .staging under the path's constant part and renamed "
		"when their epoch is decided, so a reader never sees half a "
		"file.",
};

const struct weir_option fsink_opt_roll = {
	.size = sizeof(struct weir_option),
	.name = "roll",
	.type = WEIR_OPT_RECORD,
	.offset = offsetof(struct fsink_config, roll),
	.fields = roll_fields,
	.help = "When a file is whole and the next one begins: at the first of "
		"these that is reached.  Without any: { size: 128MiB, age: "
		"10m }.  The end of a run makes every file whole.",
};

const struct weir_option fsink_opt_keep = {
	.size = sizeof(struct weir_option),
	.name = "keep",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_config, keep),
	.def = "0",
	.unit = "files",
	.min = 0,
	.max = 1e9,
	.help = "Of each directory, keep only the newest files of this stage, "
		"so many; 0 keeps all.",
};

const struct weir_option fsink_opt_max_open = {
	.size = sizeof(struct weir_option),
	.name = "max_open",
	.type = WEIR_OPT_INT,
	.offset = offsetof(struct fsink_config, max_open),
	.def = "64",
	.unit = "files",
	.min = 1,
	.max = 4096,
	.help = "How many files may be open at once where the path has "
		"expressions; the one that was not used for longest is "
		"finished to make room.",
};
