/* type.h - an Avro schema (Avro 1.11, also the timestamps in nanoseconds of 1.12) as a tree.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A named type that is mentioned again is the same struct, so that the tree of a recursive type has loops. Immutable once parsed.
 * Logical types that are unknown, or stand on a type that cannot have them, are not there, as the specification wants it.
 */
#ifndef PENSTOCK_AVRO_TYPE_H
#define PENSTOCK_AVRO_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/buffer.h"
#include "engine/core/error.h"

enum avro_kind {
	KIND_NULL = 1,
	KIND_BOOLEAN,
	KIND_INT,
	KIND_LONG,
	KIND_FLOAT,
	KIND_DOUBLE,
	KIND_BYTES,
	KIND_STRING,
	KIND_FIXED,
	KIND_ENUM,
	KIND_ARRAY,
	KIND_MAP,
	KIND_RECORD,
	KIND_UNION,
};

enum avro_logical {
	LOGICAL_NONE = 0,
	LOGICAL_DECIMAL,  /* bytes, fixed */
	LOGICAL_DATE,     /* int */
	LOGICAL_TIME_MILLIS, /* int */
	LOGICAL_TIME_MICROS, /* long, as all that follow up to the local timestamps */
	LOGICAL_TIME_NANOS,
	LOGICAL_TIMESTAMP_MILLIS,
	LOGICAL_TIMESTAMP_MICROS,
	LOGICAL_TIMESTAMP_NANOS,
	LOGICAL_LOCAL_MILLIS,
	LOGICAL_LOCAL_MICROS,
	LOGICAL_LOCAL_NANOS,
	LOGICAL_UUID,     /* string, fixed of 16 bytes */
	LOGICAL_DURATION, /* fixed of 12 bytes */
};

enum {
	AVRO_SCHEMA_MAX = 1 << 20,   /* bytes of the JSON */
	AVRO_NESTING_MAX = 64,       /* types within types, in the schema and in values */
	AVRO_TYPES_MAX = 1 << 16,    /* of one schema */
	AVRO_FIXED_MAX = 16 << 20,   /* bytes of a fixed: none could be longer than a block */
	AVRO_DECIMAL_DIGITS = 38,
};

struct avro_type;

struct avro_field {
	char *name;
	char *original; /* property penstock.name: what the field was called before its name was made fit for Avro; NULL: the same */
	char *doc;      /* NULL: none */
	char **aliases;
	size_t alias_count;
	const struct avro_type *type;
};

struct avro_type {
	enum avro_kind kind;
	enum avro_logical logical;
	uint32_t precision, scale;  /* LOGICAL_DECIMAL; as written, possibly more than 38 */
	char *name;                 /* with its namespace; record, enum, fixed */
	uint32_t size;              /* fixed: bytes */
	uint64_t least;             /* bytes of its shortest value; 0: a value may take none */
	struct avro_field *fields;  /* record */
	char **symbols;             /* enum */
	const struct avro_type **branches; /* union */
	const struct avro_type *items;     /* array: of an item; map: of a value */
	size_t count;               /* of fields, symbols or branches */
};

/* What the one field is called of a file whose values are no records. */
#define AVRO_ONLY_FIELD "value"

struct avro_schema {
	const struct avro_type *root;
	const struct avro_field *fields; /* of the root record; of any other root one field with the root as its type */
	size_t field_count;
	struct avro_field only;
	char only_name[sizeof AVRO_ONLY_FIELD];
	struct avro_type **types; /* all of them */
	size_t count, room;
};

/* Parses the JSON of a schema (not terminated). NULL and ERROR_SOURCE, with place, that says what is wrong where in the schema. */
struct avro_schema *avro_schema_parse(const char *json, size_t length, const char *place, struct error *error) MUST_CHECK;
void avro_schema_close(struct avro_schema *schema); /* NULL is fine */

/* The name by which people know a field. */
static inline const char *avro_field_label(const struct avro_field *field)
{
	return field->original ? field->original : field->name;
}

/* The branch of a union that is null, or -1 (also where it is no union). */
int avro_null_branch(const struct avro_type *type);

/* The one branch beside null of ["null", T] and [T, "null"]; T itself of anything that is no union; NULL of wider unions and of [null]. */
const struct avro_type *avro_bare(const struct avro_type *type);

/* Adds how a person would say it: "long", "nullable timestamp-micros", "decimal(10,2)", "array of string". */
int avro_describe(const struct avro_type *type, struct buffer *out, struct error *error) MUST_CHECK;

#endif
