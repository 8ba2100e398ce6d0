/* write_schema.h - the Avro schema (Avro 1.11, JSON) that a table is written with.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A table is a record of its name, a field of the table a field of the record, in the same order. Where a name is no Avro name its
 * characters become "_"; the original stands in "doc" and in the property "penstock.name". Names that would become the same are told
 * apart by a number at their end. A field that may be null is the union ["null", TYPE] with the default null.
 *
 *   string, yearmonth, duration, object, array, any  string      integer   long         boolean   boolean
 *   number     double       decimal   bytes, decimal(p,s)        year      int          binary    bytes
 *   date       int, date    time      long, time-micros          datetime  long, timestamp-micros   uuid  string, uuid
 */
#ifndef PENSTOCK_AVRO_WRITE_SCHEMA_H
#define PENSTOCK_AVRO_WRITE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/core/buffer.h"
#include "engine/core/schema.h"

enum { AVRO_TYPE_SIZE = 48 };

/* The schema in one line, always the same for the same table. all_nullable: required fields may be null, too (rules check types
 * alone). To be freed by the caller; NULL and error when out of memory. */
char *avro_schema_text(const struct schema *schema, bool all_nullable, struct error *error) MUST_CHECK;

/* Adds schemas for a person to out, each indented, with descriptions as "doc" and a line end: one table is its record, any other number a union of records. */
int avro_schema_print(const struct schema *const *schemas, size_t count, struct buffer *out, struct error *error) MUST_CHECK;

/* What a field becomes, for messages: "long timestamp-micros", "bytes decimal(10,2)". */
void avro_type_describe(const struct field *field, char out[AVRO_TYPE_SIZE]);

#endif
