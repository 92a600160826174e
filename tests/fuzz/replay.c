/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over files and the files of directories, in place of a
 * fuzzer: FILE|DIRECTORY...  One TAP line for each.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ran;

static void
run_file(const char *path)
{
	FILE *fp = fopen(path, "rb");
	uint8_t *p = NULL;
	size_t n = 0, cap = 0, k;

	if (fp == NULL)
		return;
	do {
		if (cap - n < 65536) {
			cap += 65536;
			p = realloc(p, cap);
			if (p == NULL)
				exit(1);
		}
		k = fread(p + n, 1, cap - n, fp);
		n += k;
	} while (k > 0);
	fclose(fp);
	/* Exactly its size, so that a byte read beyond it is seen. */
	p = realloc(p, n > 0 ? n : 1);
	LLVMFuzzerTestOneInput(p, n);
	free(p);
	printf("ok %d - %s\n", ++ran, path);
	fflush(stdout);
}

static void
run_path(const char *path)
{
	char sub[4096];
	struct dirent *de;
	struct stat sb;
	DIR *dp;

	if (stat(path, &sb) == 0 && !S_ISDIR(sb.st_mode)) {
		run_file(path);
		return;
	}
	dp = opendir(path);
	while (dp != NULL && (de = readdir(dp)) != NULL) {
		snprintf(sub, sizeof sub, "%s/%s", path, de->d_name);
		if (de->d_name[0] != '.')
			run_path(sub);
	}
	if (dp != NULL)
		closedir(dp);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("1..%d\n", ran);
	return 0;
}
