/* source.h - the json source.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_CONNECTORS_JSON_SOURCE_H
#define PENSTOCK_CONNECTORS_JSON_SOURCE_H

#include "connectors/file/source.h"
#include "connectors/json/reader.h"
#include "engine/core/source.h"

/* What an instance of the source is; all of it but `files` are options. */
struct json_source {
	struct file_source file;
	struct json_options options;
};

extern const struct source_ops json_source_ops;

#endif
