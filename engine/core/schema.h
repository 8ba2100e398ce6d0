/* schema.h - the shape of one table: fields with their types, and its keys. Immutable once built.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Made from the dictionary by rules/ (and from a result set by connectors); read by every room. It holds what a
 * database or a file needs to know of a table; constraints that only the rules check stay in rules/.
 */
#ifndef PENSTOCK_CORE_SCHEMA_H
#define PENSTOCK_CORE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/error.h"
#include "engine/core/value.h"

struct field {
	char *name;
	enum value_type type;
	uint8_t precision;   /* VALUE_DECIMAL: 1 to 38 */
	uint8_t scale;       /* VALUE_DECIMAL: 0 to precision */
	bool required;       /* NOT NULL; true for the fields of the primary key */
	bool sensitive;      /* masked wherever a person could see it */
	uint64_t max_length; /* characters; 0 where there is no bound */
	char *description;   /* for people; NULL: none */
};

/* Fields of one key, by index, in key order. count 0: no such key. */
struct key {
	size_t *fields;
	size_t count;
};

struct foreign_key {
	struct key key;      /* the referencing fields */
	char *resource;      /* the referenced resource of the dictionary; the table's own name for a self-reference */
	char **columns;      /* key.count names of the referenced fields */
};

struct schema {
	char *name;          /* the dictionary's name of the table */
	char *description;   /* for people; NULL: none */
	struct field *fields;
	size_t field_count;
	struct key primary;
	struct key *unique;
	size_t unique_count;
	struct foreign_key *foreign;
	size_t foreign_count;
};

#define SCHEMA_NO_FIELD ((size_t)-1)

/* A new schema named name without fields; NULL and error when out of memory. Free with schema_free. */
struct schema *schema_new(const char *name, struct error *error) MUST_CHECK;
void schema_free(struct schema *schema);

/* Adds a field (name is copied). Returns it, borrowed until the next add; NULL and error when out of memory. */
struct field *schema_add_field(struct schema *schema, const char *name, enum value_type type, struct error *error)
 MUST_CHECK;

/* Sets or adds a key of count fields (indexes copied). Returns 0 or -1. */
int schema_set_primary(struct schema *schema, const size_t *fields, size_t count, struct error *error) MUST_CHECK;
int schema_add_unique(struct schema *schema, const size_t *fields, size_t count, struct error *error) MUST_CHECK;
int schema_add_foreign(struct schema *schema, const size_t *fields, size_t count, const char *resource,
	const char *const *columns, struct error *error) MUST_CHECK;

/* Sets the description of a field (borrowed from schema_add_field), or of the schema itself where field is NULL; copied. Returns 0 or -1. */
int schema_describe(struct schema *schema, struct field *field, const char *text, struct error *error) MUST_CHECK;

/* Index of the field, or SCHEMA_NO_FIELD. Exact match. */
size_t schema_find(const struct schema *schema, const char *name);

/* A new schema of some fields of another one, in that order, without keys and descriptions (for key look-ups). NULL and error. */
struct schema *schema_project(const struct schema *schema, const size_t *fields, size_t count, struct error *error)
 MUST_CHECK;

#endif
