/* sink.h - rows of a step into an Avro file, which may be a table of a backup.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_AVRO_SINK_H
#define PENSTOCK_AVRO_SINK_H

#include "engine/core/sink.h"

extern const struct sink_ops avro_sink_ops;

/* Keys of the metadata in the header of a file that penstock wrote. */
#define AVRO_KEY_SCHEMA "avro.schema"
#define AVRO_KEY_TABLE "penstock.table"
#define AVRO_KEY_TABLE_SCHEMA "penstock.table_schema" /* the table of the dictionary as a Table Schema descriptor, JSON */
#define AVRO_KEY_DICTIONARY_HASH "penstock.dictionary_hash"
#define AVRO_KEY_VERSION "penstock.version"
#define AVRO_KEY_RUN_ID "penstock.run_id"

#endif
