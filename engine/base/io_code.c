/* SPDX-License-Identifier: MIT
 *
 * What an effect that failed is called; apart from the effects, which the
 * simulation has of its own.
 */
#include <errno.h>

#include "base/io.h"

const char *
weir__disk_code(const char *other)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
		return "disk.full";
	case EIO:
		return "disk.error";
	default:
		return other;
	}
}
