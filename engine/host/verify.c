/* SPDX-License-Identifier: MIT
 *
 * Is what a plugin says of itself consistent?  Each refusal is one sentence
 * with both values and the remedy.
 */
#include <stdio.h>

#include "host/load.h"

struct where {
	const char *plugin;
	const char *path;
	struct weir_err *err;
};

#define REFUSE(wh, code, fmt, ...)                                            \
	return weir_fail((wh)->err, WEIR_NOWHERE, code,                       \
	    "plugin \"%s\": " fmt " (%s)", (wh)->plugin, __VA_ARGS__,         \
	    (wh)->path)

static bool
is_word(const char *s)
{
	size_t i;

	if (s == NULL || s[0] == '\0')
		return false;
	for (i = 0; s[i] != '\0'; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || s[i] == '_' ||
			(i > 0 && s[i] >= '0' && s[i] <= '9')))
			return false;
	return true;
}

/* Bytes that an option's value takes in the config struct. */
static size_t
option_width(const struct weir_option *op)
{
	switch (op->type) {
	case WEIR_OPT_BOOL:
		return sizeof(bool);
	case WEIR_OPT_ENUM:
	case WEIR_OPT_COLUMN:
		return sizeof(int32_t);
	case WEIR_OPT_STRING:
	case WEIR_OPT_STRINGS:
	case WEIR_OPT_INTS:
	case WEIR_OPT_PAIRS:
	case WEIR_OPT_EXPRS:
	case WEIR_OPT_NAMED:
	case WEIR_OPT_RENAMES:
	case WEIR_OPT_COLUMNS:
	case WEIR_OPT_FIELDS:
		return 16;
	case WEIR_OPT_RECORD:
		return 0;
	default:
		return 8;
	}
}

static int
verify_option(struct where *wh, const struct weir_option *op, const char *verb,
    size_t base, size_t room)
{
	size_t i, j;

	if (op->size < offsetof(struct weir_option, help) + sizeof op->help)
		REFUSE(wh, "plugin.table",
		    "an option of %s says that it has %zu bytes, but %zu are "
		    "needed: build it again with this weir's header", verb,
		    op->size, sizeof *op);
	if ((op->flags & WEIR_OPTF_BRACES) == 0 && !is_word(op->name))
		REFUSE(wh, "plugin.table",
		    "an option of %s has no proper name: small letters, digits "
		    "and _", verb);
	if (op->name == NULL || op->help == NULL)
		REFUSE(wh, "plugin.table", "option %s of %s has no help text",
		    op->name != NULL ? op->name : "?", verb);
	if (op->type == WEIR_OPT_ENUM && op->choices == NULL)
		REFUSE(wh, "plugin.table",
		    "option %s of %s is an enum without choices", op->name,
		    verb);
	if (base + op->offset + option_width(op) > room)
		REFUSE(wh, "plugin.table",
		    "option %s of %s lies at byte %zu, beyond the config's %zu "
		    "bytes", op->name, verb, base + op->offset, room);
	if (op->type != WEIR_OPT_RECORD)
		return WEIR_OK;
	if (op->fields == NULL)
		REFUSE(wh, "plugin.table",
		    "option %s of %s is a record without fields", op->name,
		    verb);
	for (i = 0; op->fields[i] != NULL; i++) {
		if (verify_option(wh, op->fields[i], verb, base + op->offset,
			room) != WEIR_OK)
			return WEIR_ERROR;
		for (j = 0; j < i; j++)
			if (strcmp(op->fields[i]->name, op->fields[j]->name) ==
			    0)
				REFUSE(wh, "plugin.table",
				    "field %s of option %s of %s is there "
				    "twice", op->fields[i]->name, op->name,
				    verb);
	}
	return WEIR_OK;
}

static int
verify_options(struct where *wh, const struct weir_stage_type *ty)
{
	size_t i, j;

	for (i = 0; ty->options != NULL && ty->options[i] != NULL; i++) {
		if (i >= 64)
			REFUSE(wh, "plugin.table",
			    "%s has more than 64 options", ty->verb);
		if (verify_option(wh, ty->options[i], ty->verb, 0,
			ty->config_size) != WEIR_OK)
			return WEIR_ERROR;
		for (j = 0; j < i; j++)
			if (strcmp(ty->options[i]->name,
				ty->options[j]->name) == 0)
				REFUSE(wh, "plugin.table",
				    "option %s of %s is there twice",
				    ty->options[i]->name, ty->verb);
	}
	return WEIR_OK;
}

static int
verify_operations(struct where *wh, const struct weir_stage_type *ty)
{
	const char *missing = NULL;
	const struct weir_sink_ops *si = ty->sink;

	if (ty->bind == NULL)
		missing = "bind";
	switch (ty->role) {
	case WEIR_SOURCE:
		if (ty->source == NULL)
			missing = "the source's operations";
		else if (ty->source->open == NULL)
			missing = "source.open";
		else if (ty->source->poll == NULL)
			missing = "source.poll";
		break;
	case WEIR_SINK:
		if (si == NULL)
			missing = "the sink's operations";
		else if (si->write == NULL &&
		    (si->flags & WEIR_SINKF_SPOOL) == 0)
			missing = "sink.write";
		else if (si->publish != NULL && si->open == NULL)
			missing = "sink.open";
		break;
	case WEIR_TRANSFORM:
		break;
	default:
		REFUSE(wh, "plugin.table", "%s has role %d, which is none",
		    ty->verb, (int)ty->role);
	}
	if (missing != NULL)
		REFUSE(wh, "plugin.table", "%s lacks %s", ty->verb, missing);
	return WEIR_OK;
}

static int
verify_stage(struct where *wh, const struct weir_stage_type *ty)
{
	size_t i;

	if (ty->size < sizeof *ty)
		REFUSE(wh, "plugin.table",
		    "a stage type has %zu bytes, but %zu are needed: build it "
		    "again with this weir's header", ty->size, sizeof *ty);
	if (!is_word(ty->verb))
		REFUSE(wh, "plugin.table", "%s",
		    "a stage type has no proper verb: small letters, digits "
		    "and _");
	if (ty->summary == NULL)
		REFUSE(wh, "plugin.table", "%s has no summary", ty->verb);
	if (ty->config_size < sizeof(struct weir_config))
		REFUSE(wh, "plugin.table",
		    "%s has a config of %zu bytes, which can't begin with "
		    "struct weir_config", ty->verb, ty->config_size);
	for (i = 0; ty->ports != NULL && ty->ports[i] != NULL; i++)
		if (!is_word(ty->ports[i]->name) ||
		    strcmp(ty->ports[i]->name, "rejected") == 0)
			REFUSE(wh, "plugin.table",
			    "side output %zu of %s has no proper name", i + 1,
			    ty->verb);
	if (verify_operations(wh, ty) != WEIR_OK)
		return WEIR_ERROR;
	return verify_options(wh, ty);
}

static int
verify_calls(struct where *wh, const struct weir_plugin *pl)
{
	const struct weir_aggregate *ag;
	const struct weir_function *fn;
	size_t i;

	for (i = 0; pl->functions != NULL && pl->functions[i] != NULL; i++) {
		fn = pl->functions[i];
		if (fn->size < sizeof *fn || !is_word(fn->name))
			REFUSE(wh, "plugin.table",
			    "function %zu has no proper name or size", i + 1);
		if (fn->signatures == NULL || fn->eval == NULL)
			REFUSE(wh, "plugin.table",
			    "function %s lacks signatures or eval", fn->name);
	}
	for (i = 0; pl->aggregates != NULL && pl->aggregates[i] != NULL; i++) {
		ag = pl->aggregates[i];
		if (ag->size < sizeof *ag || !is_word(ag->name))
			REFUSE(wh, "plugin.table",
			    "aggregate %zu has no proper name or size", i + 1);
		if (ag->bind == NULL || ag->update == NULL ||
		    ag->merge == NULL || ag->finish == NULL)
			REFUSE(wh, "plugin.table",
			    "aggregate %s lacks bind, update, merge or finish",
			    ag->name);
	}
	return WEIR_OK;
}

int
weir__plugin_verify(const struct weir_plugin *pl, const char *name,
    const char *path, struct weir_err *err)
{
	struct where wh = { name, path, err };
	size_t i, j;

	if (pl->magic != WEIR_MAGIC)
		REFUSE(&wh, "plugin.magic",
		    "its magic number is %08x, not %08x: it is no plugin of "
		    "weir", pl->magic, WEIR_MAGIC);
	if (pl->abi_major != WEIR_ABI_MAJOR)
		REFUSE(&wh, "plugin.abi",
		    "it was built for ABI %u and this weir has %u: build it "
		    "again with this weir's header", pl->abi_major,
		    WEIR_ABI_MAJOR);
	if (pl->abi_minor > WEIR_ABI_MINOR)
		REFUSE(&wh, "plugin.abi",
		    "it needs ABI %u.%u and this weir has %u.%u: a newer weir "
		    "is needed", pl->abi_major, pl->abi_minor, WEIR_ABI_MAJOR,
		    WEIR_ABI_MINOR);
	if (pl->size < sizeof *pl)
		REFUSE(&wh, "plugin.size",
		    "its descriptor has %u bytes, but %zu are needed: build it "
		    "again with this weir's header", pl->size, sizeof *pl);
	if (pl->name == NULL || strcmp(pl->name, name) != 0)
		REFUSE(&wh, "plugin.name",
		    "it calls itself \"%s\": the file must have the plugin's "
		    "name", pl->name != NULL ? pl->name : "");
	if (pl->version == NULL || pl->summary == NULL)
		REFUSE(&wh, "plugin.table", "%s",
		    "it has no version or no summary");
	for (i = 0; pl->stages != NULL && pl->stages[i] != NULL; i++) {
		if (verify_stage(&wh, pl->stages[i]) != WEIR_OK)
			return WEIR_ERROR;
		for (j = 0; j < i; j++)
			if (strcmp(pl->stages[i]->verb, pl->stages[j]->verb) ==
			    0)
				REFUSE(&wh, "plugin.table",
				    "%s is there twice", pl->stages[i]->verb);
	}
	return verify_calls(&wh, pl);
}
