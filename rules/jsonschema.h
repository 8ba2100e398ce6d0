/* jsonschema.h - what the rules of a table ask of one record, as JSON Schema (draft 2020-12).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record that the schema accepts passes stages 1 and 2 of the judgement, but for what JSON Schema cannot say: the order of dates, times
 * and durations, digits of decimals, patterns beyond what all dialects of regular expressions share; these stand in `description`. Some
 * records that it refuses are accepted: numbers and booleans may come as texts, moments without an offset.
 */
#ifndef PENSTOCK_RULES_JSONSCHEMA_H
#define PENSTOCK_RULES_JSONSCHEMA_H

#include "engine/core/json_write.h"
#include "rules/dictionary.h"

#define JSON_SCHEMA_DRAFT "https://json-schema.org/draft/2020-12/schema"

/* Writes the members of the schema of a record of the table into the object that is open. */
void table_json_schema(const struct table *table, struct jw *writer);

#endif
