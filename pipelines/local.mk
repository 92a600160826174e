# SPDX-License-Identifier: MIT
dist_examples_DATA = \
	pipelines/medallion.weir \
	pipelines/medallion_postgres.weir \
	pipelines/quickstart.weir
