/* SPDX-License-Identifier: MIT
 *
 * weir fmt: lay out pipeline files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/cli.h"
#include "dsl/ast.h"

struct fmt {
	bool check; /* only say what would change */
	bool write; /* in place */
	int code;
};

static int
fail(const char *path, const char *what)
{
	fprintf(stderr, "weir: fmt: can't %s %s: %m\n", what, path);
	return WEIR__EXIT_RUN;
}

static int
read_file(struct weir__buf *bf, const char *path)
{
	int fd = STDIN_FILENO, rc = 0;
	ssize_t n;
	char *to;

	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	for (;;) {
		to = weir__buf_room(bf, 65536);
		if (to == NULL) {
			errno = ENOMEM;
			rc = -1;
			break;
		}
		n = read(fd, to, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -1 : 0;
			break;
		}
		bf->len += (size_t)n;
	}
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

static int
write_all(int fd, const struct weir__buf *bf)
{
	size_t at = 0;
	ssize_t n;

	while (at < bf->len) {
		n = write(fd, bf->data + at, bf->len - at);
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Put the new text in the place of the old: all of it or none. */
static int
replace(const char *path, const struct weir__buf *bf)
{
	struct weir__buf tmp;
	struct stat st;
	char *real = realpath(path, NULL); /* a link stays one */
	int fd = -1, rc = -1;

	if (real == NULL)
		return -1;
	weir__buf_init(&tmp);
	weir__buf_printf(&tmp, "%s.fmt-XXXXXX", real);
	weir__buf_cstr(&tmp);
	if (!tmp.failed && stat(real, &st) == 0)
		fd = mkostemp(tmp.data, O_CLOEXEC);
	if (fd >= 0) {
		if (fchmod(fd, st.st_mode & 07777) == 0 &&
		    write_all(fd, bf) == 0 && fsync(fd) == 0)
			rc = 0;
		if (close(fd) != 0)
			rc = -1;
		if (rc == 0)
			rc = rename(tmp.data, real);
		if (rc != 0)
			unlink(tmp.data);
	}
	weir__buf_fini(&tmp);
	free(real);
	return rc;
}

/* What becomes of the laid out text. */
static int
deliver(const struct fmt *fm, const char *path, const struct weir__buf *old,
    struct weir__buf *new)
{
	bool same = old->len == new->len &&
	    (new->len == 0 || memcmp(old->data, new->data, new->len) == 0);

	if (fm->check) {
		if (!same)
			printf("%s\n", path);
		return same ? WEIR__EXIT_OK : WEIR__EXIT_RUN;
	}
	if (!fm->write)
		return weir__put(new, stdout);
	if (!same && replace(path, new) != 0)
		return fail(path, "write");
	return WEIR__EXIT_OK;
}

static int
one_file(const struct fmt *fm, const char *path)
{
	struct weir__errors es;
	struct weir__arena ar;
	struct weir__buf old, new;
	struct weir__ast_file *f = NULL;
	uint32_t src;
	int code;

	weir__errors_init(&es);
	weir__arena_init(&ar, 0);
	weir__buf_init(&old);
	weir__buf_init(&new);
	if (read_file(&old, path) != 0) {
		code = fail(path, "read");
		goto out;
	}
	src = weir__errors_source(&es, path, weir__buf_cstr(&old), old.len);
	if (src != 0)
		f = weir__parse(&ar, &es, src);
	if (es.n != 0) {
		weir__errors_print(&es, &new, isatty(STDERR_FILENO));
		weir__put(&new, stderr);
		code = WEIR__EXIT_FILE;
	} else if (f == NULL || weir__fmt(&new, &ar, &es, f) != 0) {
		errno = ENOMEM;
		code = fail(path, "lay out");
	} else {
		code = deliver(fm, path, &old, &new);
	}
out:
	weir__buf_fini(&old);
	weir__buf_fini(&new);
	weir__arena_fini(&ar);
	weir__errors_fini(&es);
	return code;
}

int
weir__cmd_fmt(int argc, char **argv)
{
	struct fmt fm = { 0 };
	int i, n = 0, rc, code = WEIR__EXIT_OK;
	bool more = true;

	for (i = 1; i < argc; i++) {
		if (more && strcmp(argv[i], "--") == 0)
			more = false;
		else if (more && strcmp(argv[i], "--check") == 0)
			fm.check = true;
		else if (more && (strcmp(argv[i], "-w") == 0 ||
			strcmp(argv[i], "--write") == 0))
			fm.write = true;
		else if (more && argv[i][0] == '-' && argv[i][1] != '\0')
			return weir__usage("fmt", "no option %s", argv[i]);
		else
			argv[n++] = argv[i];
	}
	if (n == 0)
		return weir__usage("fmt", "which file?");
	if (fm.check && fm.write)
		return weir__usage("fmt", "--check writes nothing, -w does");
	for (i = 0; i < n; i++) {
		if (fm.write && strcmp(argv[i], "-") == 0)
			return weir__usage("fmt", "- cannot be written");
		rc = one_file(&fm, argv[i]);
		code = rc > code ? rc : code;
	}
	return code;
}
