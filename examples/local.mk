# SPDX-License-Identifier: MIT
EXTRA_DIST += \
	examples/plugins/mask/example.weir \
	examples/plugins/mask/mask.c
