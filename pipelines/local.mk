# SPDX-License-Identifier: MIT
dist_examples_DATA = \
	pipelines/ecommerce.weir \
	pipelines/iot_and_logs.weir \
	pipelines/medallion.weir \
	pipelines/merchant_totals.weir \
	pipelines/quickstart.weir \
	pipelines/warehouse.weir
