/* SPDX-License-Identifier: MIT
 *
 * Finding, loading and refusing plugins.
 */
#ifndef WEIR_HOST_LOAD_H
#define WEIR_HOST_LOAD_H

#include "base/arena.h"
#include "weir/plugin.h"

struct weir__plugin {
	const char *name;
	const char *path; /* the file it came from */
	void *handle;
	const struct weir_plugin *desc;
};

struct weir__loader;

/* `dirs` (may be NULL) are searched before $WEIR_PLUGIN_PATH, the build tree
 * or the directory of the program, and the installed directory.  NULL when
 * memory is out. */
struct weir__loader *weir__loader_new(const char *const *dirs, size_t ndirs);
/* Closes all that were loaded. */
void weir__loader_free(struct weir__loader *lo);

/* The plugin by name, loaded once.  NULL and err: one sentence that says which
 * file, both values, and the remedy. */
const struct weir__plugin *weir__loader_get(struct weir__loader *lo,
    const char *name, struct weir_err *err);

/* Names of all plugins that could be loaded, sorted; they live as long as the
 * loader. */
size_t weir__loader_names(struct weir__loader *lo, const char *const **names);

/* Is what the descriptor says consistent?  0, or -1 and err. */
int weir__plugin_verify(const struct weir_plugin *pl, const char *name,
    const char *path, struct weir_err *err);

/* Is the file a whole shared object for this machine?  0, or -1 and err. */
int weir__elf_check(const char *name, const char *path, struct weir_err *err);

#endif
