/* discover.h - a data dictionary made from an Avro file.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_DISCOVER_H
#define PENSTOCK_AVRO_DISCOVER_H

#include "engine/core/buffer.h"

/* Adds a Data Package descriptor (JSON, indented, with a line end) of one table: the one that penstock wrote into the file, or one made
 * from its Avro schema, named after the file. Foreign keys to other tables are left out. Only the header is read. 0, or -1 and ERROR_SOURCE. */
int avro_discover(const char *path, struct buffer *out, struct error *error) MUST_CHECK;

#endif
