# SPDX-License-Identifier: MIT
dist_examples_DATA = \
	pipelines/medallion.weir \
	pipelines/quickstart.weir
