/* SPDX-License-Identifier: MIT
 *
 * A look at a shared object before the loader maps it: a file that was cut
 * short would end the process with SIGBUS.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/load.h"

#define REFUSE(...)                                                           \
	weir_fail(err, WEIR_NOWHERE, "plugin.load", __VA_ARGS__)

static int
check_segments(int fd, const Elf64_Ehdr *eh, uint64_t size, const char *name,
    const char *path, struct weir_err *err)
{
	Elf64_Phdr ph;
	unsigned i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (pread(fd, &ph, sizeof ph,
			(off_t)(eh->e_phoff + i * sizeof ph)) !=
			sizeof ph ||
		    (ph.p_type == PT_LOAD && (ph.p_filesz > size ||
			ph.p_offset > size - ph.p_filesz)))
			return REFUSE("plugin \"%s\" can't be loaded: %s is cut "
			    "short, so build or copy it again", name, path);
	}
	return WEIR_OK;
}

static int
check_file(int fd, const char *name, const char *path, struct weir_err *err)
{
	static const Elf64_Half machine =
#if defined(__x86_64__)
	    EM_X86_64;
#elif defined(__aarch64__)
	    EM_AARCH64;
#else
	    EM_NONE;
#endif
	Elf64_Ehdr eh;
	struct stat sb;

	if (fstat(fd, &sb) != 0 || pread(fd, &eh, sizeof eh, 0) !=
		sizeof eh || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0)
		return REFUSE("plugin \"%s\" can't be loaded: %s is no shared "
		    "object", name, path);
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		return REFUSE("plugin \"%s\" can't be loaded: %s is not for a "
		    "64-bit machine", name, path);
	if (machine != EM_NONE && eh.e_machine != machine)
		return REFUSE("plugin \"%s\" can't be loaded: %s was built for "
		    "machine %u, and this is machine %u", name, path,
		    eh.e_machine, machine);
	if (eh.e_type != ET_DYN || eh.e_phentsize != sizeof(Elf64_Phdr))
		return REFUSE("plugin \"%s\" can't be loaded: %s is no shared "
		    "object", name, path);
	return check_segments(fd, &eh, (uint64_t)sb.st_size, name, path, err);
}

int
weir__elf_check(const char *name, const char *path, struct weir_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return REFUSE("plugin \"%s\" can't be loaded: %s can't be read: "
		    "%m", name, path);
	rc = check_file(fd, name, path, err);
	close(fd);
	return rc;
}
