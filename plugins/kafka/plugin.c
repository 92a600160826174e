/* SPDX-License-Identifier: MIT
 *
 * The plugin kafka: topics in and out, through librdkafka.
 */
#include "kafka.h"

static const struct weir_stage_type *const stages[] = {
	&kafka_read_type,
	&kafka_write_type,
	NULL
};

WEIR_EXPORT const struct weir_plugin weir_plugin = {
	WEIR_PLUGIN_HEAD,
	.name = "kafka",
	.version = "0.1.0",
	.summary = "topics of Apache Kafka, read and written",
	.stages = stages,
};
