/* registry.c - the connectors of this build.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/registry.h"

#include <string.h>

#include "connectors/avro/sink.h"
#include "connectors/avro/source.h"
#include "connectors/csv/csv.h"
#include "connectors/csv/format.h"
#include "connectors/csv/sink.h"
#include "connectors/http/source.h"
#include "connectors/json/format.h"
#include "connectors/json/sink.h"
#include "connectors/json/source.h"
#include "connectors/odbc/sink.h"
#include "connectors/odbc/source.h"
#include "connectors/odbc/store.h"
#include "connectors/response/sink.h"

static const struct source_ops *const sources[] = { &avro_source_ops, &csv_source_ops, &http_source_ops, &json_source_ops, &odbc_source_ops, NULL };
static const struct sink_ops *const sinks[] = { &avro_sink_ops, &csv_sink_ops, &json_sink_ops, &odbc_sink_ops, &response_sink_ops, NULL };

static const struct format_ops *const formats[] = { &csv_format_ops, &json_format_ops, &ndjson_format_ops, NULL };

const struct source_ops *connector_source(const char *name)
{
	for (size_t i = 0; sources[i]; i++)
		if (strcmp(sources[i]->name, name) == 0)
			return sources[i];
	return NULL;
}

const struct sink_ops *connector_sink(const char *name)
{
	for (size_t i = 0; sinks[i]; i++)
		if (strcmp(sinks[i]->name, name) == 0)
			return sinks[i];
	return NULL;
}

const struct source_ops *const *connector_sources(void)
{
	return sources;
}

const struct sink_ops *const *connector_sinks(void)
{
	return sinks;
}

const struct store_ops *connector_store(const char *type)
{
	return strcmp(type, "odbc") == 0 ? &odbc_store_ops : NULL;
}

const struct format_ops *connector_format(const char *name)
{
	for (size_t i = 0; formats[i]; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}
