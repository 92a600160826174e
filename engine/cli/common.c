/* SPDX-License-Identifier: MIT
 *
 * What the commands share.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/time.h"
#include "cli/cli.h"

int
weir__usage(const char *cmd, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "weir: %s: ", cmd);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\ntry: weir %s --help\n", cmd);
	return WEIR__EXIT_USAGE;
}

static int
add_set(struct weir__common *co, const char *cmd, char *arg)
{
	struct weir__setting *sets;
	char *eq = strchr(arg, '=');

	if (eq == NULL || eq == arg) {
		weir__usage(cmd, "--set takes NAME=VALUE, not \"%s\"", arg);
		return -1;
	}
	sets = weir__realloc(co->sets, (co->nsets + 1) * sizeof *sets);
	if (sets == NULL)
		return -1;
	co->sets = sets;
	*eq = '\0';
	sets[co->nsets++] = (struct weir__setting){ arg, eq + 1, false };
	return 1;
}

static int
add_plugin_dir(struct weir__common *co, const char *dir)
{
	const char **dirs = weir__realloc(co->dirs,
	    (co->ndirs + 1) * sizeof *dirs);

	if (dirs == NULL)
		return -1;
	co->dirs = dirs;
	dirs[co->ndirs++] = dir;
	return 1;
}

int
weir__common_arg(struct weir__common *co, const char *cmd, int argc,
    char **argv, int *i)
{
	char *arg = argv[*i], *value;
	size_t len;
	bool set = strncmp(arg, "--set", 5) == 0;

	if (!set && strncmp(arg, "--plugin-dir", 12) != 0)
		return 0;
	len = set ? 5 : 12;
	if (arg[len] == '=') {
		value = arg + len + 1;
	} else if (arg[len] != '\0') {
		return 0;
	} else if (*i + 1 >= argc) {
		weir__usage(cmd, "%s needs a value", arg);
		return -1;
	} else {
		value = argv[++*i];
	}
	return set ? add_set(co, cmd, value) : add_plugin_dir(co, value);
}

void
weir__common_fini(struct weir__common *co)
{
	weir__free(co->sets);
	weir__free(co->dirs);
}

void
weir__say_all(const struct weir__errors *es)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__errors_print(es, &bf, isatty(STDERR_FILENO));
	if (bf.failed || bf.len == 0)
		fprintf(stderr, "weir: out of memory\n");
	else
		weir__put(&bf, stderr);
	weir__buf_fini(&bf);
}

static struct weir__plan *
load(struct weir__errors *es, struct weir__common *co, const char *path,
    const char *text, bool need_secrets, int *code)
{
	struct weir__plan_options op = {
		.path = path,
		.text = text,
		.sets = co->sets,
		.nsets = co->nsets,
		.plugin_dirs = co->dirs,
		.nplugin_dirs = co->ndirs,
		.need_secrets = need_secrets,
	};
	struct weir__plan *pl = weir__plan_make(es, &op);

	*code = WEIR__EXIT_OK;
	if (pl != NULL && es->n == 0)
		return pl;
	weir__say_all(es);
	weir__plan_free(pl);
	*code = WEIR__EXIT_FILE;
	return NULL;
}

struct weir__plan *
weir__load(struct weir__errors *es, struct weir__common *co, const char *path,
    bool need_secrets, int *code)
{
	return load(es, co, path, NULL, need_secrets, code);
}

struct weir__plan *
weir__load_text(struct weir__errors *es, struct weir__common *co,
    const char *path, const char *text, int *code)
{
	return load(es, co, path, text, true, code);
}

int
weir__put(struct weir__buf *bf, FILE *to)
{
	if (bf->failed) {
		fprintf(stderr, "weir: out of memory\n");
		return WEIR__EXIT_RUN;
	}
	if (bf->len != 0 && (fwrite(bf->data, 1, bf->len, to) != bf->len ||
		fflush(to) != 0)) {
		fprintf(stderr, "weir: can't write: %m\n");
		return WEIR__EXIT_RUN;
	}
	return WEIR__EXIT_OK;
}

int
weir__say(const struct weir__errors *es, const struct weir_err *err)
{
	struct weir__buf bf;

	weir__buf_init(&bf);
	weir__error_print(es, err, &bf, isatty(STDERR_FILENO));
	if (bf.failed)
		fprintf(stderr, "weir: %s\n", err->text);
	else
		weir__put(&bf, stderr);
	weir__buf_fini(&bf);
	return WEIR__EXIT_RUN;
}

void
weir__put_time(struct weir__buf *bf, int64_t us)
{
	char text[WEIR__TIME_TEXT];

	if (us < WEIR__TIME_MIN || us > WEIR__TIME_MAX) {
		weir__buf_str(bf, us == INT64_MAX ? "\"end\"" : "null");
		return;
	}
	weir__buf_chr(bf, '"');
	weir__buf_add(bf, text, weir__time_print(text, us));
	weir__buf_chr(bf, '"');
}
