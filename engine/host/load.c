/* SPDX-License-Identifier: MIT
 *
 * Finding and loading plugins.
 */
#include "host/load.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"

#ifndef WEIR_PLUGINDIR
#define WEIR_PLUGINDIR "/usr/local/lib/weir/plugins"
#endif

struct weir__loader {
	struct weir__arena ar;
	const char **dirs;
	size_t ndirs;
	struct weir__plugin **list;
	size_t n;
	const char **names; /* of all files in the directories */
	size_t nnames;
	bool scanned;
	struct weir__buf tried; /* for the message */
};

static int
add_dir(struct weir__loader *lo, const char *dir, size_t len)
{
	const char **dirs;

	if (len == 0)
		return 0;
	dirs = weir__realloc(lo->dirs, (lo->ndirs + 1) * sizeof *dirs);
	if (dirs == NULL)
		return -1;
	lo->dirs = dirs;
	dirs[lo->ndirs] = weir__arena_strndup(&lo->ar, dir, len);
	return dirs[lo->ndirs++] != NULL ? 0 : -1;
}

static int
add_path(struct weir__loader *lo, const char *path)
{
	const char *end;

	for (; path != NULL && *path != '\0'; path = *end != '\0' ? end + 1 :
								     end) {
		end = strchr(path, ':');
		if (end == NULL)
			end = path + strlen(path);
		if (add_dir(lo, path, (size_t)(end - path)) != 0)
			return -1;
	}
	return 0;
}

/* An uninstalled build keeps its plugins beside the program. */
static int
add_own_dirs(struct weir__loader *lo)
{
	char self[PATH_MAX], dir[PATH_MAX + 16];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL) {
			*slash = '\0';
			snprintf(dir, sizeof dir, "%s/plugins", self);
			if (add_dir(lo, dir, strlen(dir)) != 0)
				return -1;
			snprintf(dir, sizeof dir, "%s/.libs", self);
			if (add_dir(lo, dir, strlen(dir)) != 0)
				return -1;
		}
	}
	return add_dir(lo, WEIR_PLUGINDIR, strlen(WEIR_PLUGINDIR));
}

struct weir__loader *
weir__loader_new(const char *const *dirs, size_t ndirs)
{
	struct weir__loader *lo = weir__zalloc(sizeof *lo);
	size_t i;

	if (lo == NULL)
		return NULL;
	weir__arena_init(&lo->ar, 0);
	weir__buf_init(&lo->tried);
	for (i = 0; i < ndirs; i++)
		if (add_dir(lo, dirs[i], strlen(dirs[i])) != 0)
			goto fail;
	if (add_path(lo, getenv("WEIR_PLUGIN_PATH")) != 0 ||
	    add_own_dirs(lo) != 0)
		goto fail;
	return lo;
fail:
	weir__loader_free(lo);
	return NULL;
}

/* With sanitizers code stays mapped, so that reports can name it. */
static void
unload(void *handle)
{
#ifdef __SANITIZE_ADDRESS__
	(void)handle;
#else
	dlclose(handle);
#endif
}

void
weir__loader_free(struct weir__loader *lo)
{
	size_t i;

	if (lo == NULL)
		return;
	for (i = 0; i < lo->n; i++)
		if (lo->list[i]->handle != NULL)
			unload(lo->list[i]->handle);
	weir__free(lo->list);
	weir__free(lo->dirs);
	weir__free(lo->names);
	weir__buf_fini(&lo->tried);
	weir__arena_fini(&lo->ar);
	weir__free(lo);
}

static bool
is_name(const char *s)
{
	size_t i;

	if (!((s[0] >= 'a' && s[0] <= 'z') || s[0] == '_'))
		return false;
	for (i = 1; s[i] != '\0'; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || s[i] == '_' ||
			(s[i] >= '0' && s[i] <= '9')))
			return false;
	return i < 64;
}

static bool
is_file(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && S_ISREG(sb.st_mode);
}

/* DIR/NAME.so, or where an uninstalled build has it: DIR/NAME/.libs/NAME.so. */
static bool
find_in(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s.so", dir, name);

	if (n > 0 && n < PATH_MAX && is_file(path))
		return true;
	n = snprintf(path, PATH_MAX, "%s/%s/.libs/%s.so", dir, name, name);
	return n > 0 && n < PATH_MAX && is_file(path);
}

static struct weir__plugin *
keep(struct weir__loader *lo, const char *name, const char *path, void *handle)
{
	struct weir__plugin **list, *pg;

	list = weir__realloc(lo->list, (lo->n + 1) * sizeof *list);
	if (list == NULL)
		return NULL;
	lo->list = list;
	pg = weir__arena_zalloc(&lo->ar, sizeof *pg);
	if (pg == NULL)
		return NULL;
	pg->name = weir__arena_strdup(&lo->ar, name);
	pg->path = weir__arena_strdup(&lo->ar, path);
	if (pg->name == NULL || pg->path == NULL)
		return NULL;
	pg->handle = handle;
	list[lo->n++] = pg;
	return pg;
}

static const struct weir__plugin *
load_file(struct weir__loader *lo, const char *name, const char *path,
    struct weir_err *err)
{
	const struct weir_plugin *desc;
	struct weir__plugin *pg;
	const char *why;
	void *handle;

	if (weir__elf_check(name, path, err) != WEIR_OK)
		return NULL;
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		why = dlerror();
		weir_fail(err, WEIR_NOWHERE, "plugin.load",
		    "plugin \"%s\" can't be loaded: %s", name,
		    why != NULL ? why : path);
		return NULL;
	}
	desc = dlsym(handle, "weir_plugin");
	if (desc == NULL) {
		weir_fail(err, WEIR_NOWHERE, "plugin.symbol",
		    "%s exports no symbol weir_plugin, so it is no plugin of "
		    "weir: see weir-plugin(3)", path);
		goto fail;
	}
	if (weir__plugin_verify(desc, name, path, err) != 0)
		goto fail;
	pg = keep(lo, name, path, handle);
	if (pg == NULL) {
		weir_fail(err, WEIR_NOWHERE, "memory", "out of memory");
		goto fail;
	}
	pg->desc = desc;
	return pg;
fail:
	dlclose(handle);
	return NULL;
}

static void
near_name(struct weir__loader *lo, const char *name, struct weir_err *err)
{
	const char *const *names;
	size_t n = weir__loader_names(lo, &names);
	const char *near = weir__nearest(name, strlen(name), names, n);

	if (near != NULL && err != NULL)
		snprintf(err->hint, sizeof err->hint, "did you mean \"%s\"?",
		    near);
}

const struct weir__plugin *
weir__loader_get(struct weir__loader *lo, const char *name,
    struct weir_err *err)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < lo->n; i++)
		if (strcmp(lo->list[i]->name, name) == 0)
			return lo->list[i];
	if (!is_name(name)) {
		weir_fail(err, WEIR_NOWHERE, "plugin.name",
		    "\"%s\" is no plugin's name: small letters, digits and _",
		    name);
		near_name(lo, name, err);
		return NULL;
	}
	weir__buf_clear(&lo->tried);
	for (i = 0; i < lo->ndirs; i++) {
		if (find_in(path, lo->dirs[i], name))
			return load_file(lo, name, path, err);
		weir__buf_printf(&lo->tried, "%s%s", i == 0 ? "" : ", ",
		    lo->dirs[i]);
	}
	weir_fail(err, WEIR_NOWHERE, "plugin.missing",
	    "no plugin \"%s\": there is no %s.so in %s", name, name,
	    weir__buf_cstr(&lo->tried));
	near_name(lo, name, err);
	return NULL;
}

static int
add_found(struct weir__loader *lo, const char *name, size_t len)
{
	const char **names;
	size_t i;

	for (i = 0; i < lo->nnames; i++)
		if (strlen(lo->names[i]) == len &&
		    memcmp(lo->names[i], name, len) == 0)
			return 0;
	names = weir__realloc(lo->names, (lo->nnames + 1) * sizeof *names);
	if (names == NULL)
		return -1;
	lo->names = names;
	names[lo->nnames] = weir__arena_strndup(&lo->ar, name, len);
	if (names[lo->nnames] == NULL)
		return -1;
	lo->nnames++;
	return 0;
}

static void
scan_dir(struct weir__loader *lo, const char *dir)
{
	char path[PATH_MAX];
	struct dirent *de;
	size_t len;
	DIR *dp = opendir(dir);

	if (dp == NULL)
		return;
	while ((de = readdir(dp)) != NULL) {
		len = strlen(de->d_name);
		if (de->d_name[0] == '.')
			continue;
		if (len > 3 && strcmp(de->d_name + len - 3, ".so") == 0)
			len -= 3;
		else if (!find_in(path, dir, de->d_name))
			continue;
		if (add_found(lo, de->d_name, len) != 0)
			break;
	}
	closedir(dp);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t
weir__loader_names(struct weir__loader *lo, const char *const **names)
{
	size_t i;

	if (!lo->scanned) {
		for (i = 0; i < lo->ndirs; i++)
			scan_dir(lo, lo->dirs[i]);
		if (lo->nnames != 0)
			qsort(lo->names, lo->nnames, sizeof *lo->names, by_name);
		lo->scanned = true;
	}
	*names = lo->names;
	return lo->nnames;
}
