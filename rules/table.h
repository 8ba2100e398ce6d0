/* table.h - one table of the dictionary as the rules see it: its schema, how its cells are spelled, and its
 * constraints. SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/. Immutable once the dictionary is loaded.
 */
#ifndef PENSTOCK_RULES_TABLE_H
#define PENSTOCK_RULES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/core/json_text.h"
#include "engine/core/schema.h"
#include "engine/core/value.h"
#include "engine/core/zone.h"
#include "rules/number.h"
#include "rules/pattern.h"
#include "rules/timeformat.h"

/* A few texts that cells are compared with. */
struct words {
	struct text *items; /* each malloc'd and terminated */
	size_t count;
	size_t longest;
	bool has_empty;
};

bool words_have(const struct words *words, const char *text, size_t length);

enum string_format { STRING_ANY = 0, STRING_EMAIL, STRING_URI };

/* A value written in the dictionary. */
struct constant {
	union {
		int64_t integer;
		double number;
		decimal_t decimal;
		struct text bytes; /* STORAGE_SPAN; malloc'd */
	};
	char *written; /* as the dictionary has it; for messages */
};

enum bound_kind { BOUND_MINIMUM = 0, BOUND_MAXIMUM, BOUND_EXCLUSIVE_MINIMUM, BOUND_EXCLUSIVE_MAXIMUM, BOUNDS };

/* What the dictionary says of one field beyond its struct field. */
struct field_rules {
	/* how a cell is spelled */
	struct words missing;
	struct words true_words, false_words; /* VALUE_BOOLEAN */
	struct number_style number;           /* VALUE_INTEGER, VALUE_DOUBLE, VALUE_DECIMAL */
	enum string_format string_format;     /* VALUE_STRING */
	enum json_kind json;                  /* VALUE_JSON: JSON_OBJECT, JSON_ARRAY; 0: any */
	struct timeformat *timeformat;        /* VALUE_DATE, VALUE_TIME, VALUE_DATETIME; NULL: ISO 8601 */
	char *format;                         /* the pattern of timeformat; NULL without one */
	struct zone *zone;                    /* VALUE_DATETIME; NULL: UTC */
	char *timezone;                       /* its name; NULL: UTC */

	/* constraints */
	bool has_min_length, has_max_length;
	uint64_t min_length, max_length; /* characters; of VALUE_BINARY: bytes; of VALUE_JSON: members or elements */
	bool has_bound[BOUNDS];
	struct constant bounds[BOUNDS];
	struct pattern *pattern;
	char *pattern_text;
	struct constant *enumeration; /* ascending as constant_compare has it */
	size_t enumeration_count;
	char *enumeration_text; /* "a, b, c", cut; for messages */
};

/* The fields of a key, ascending by name (of the referenced columns, for a reference), so that the same key has one
 * shape wherever it is named. */
struct key_shape {
	struct schema *keys; /* a column for each: of the table that holds the key */
	size_t *fields;      /* index of each in the table whose records are judged */
	size_t count;
};

struct table {
	struct schema *schema;
	struct field_rules *fields;  /* schema->field_count */
	struct key *declared_unique; /* `unique` and `uniqueKeys` that say what another key says already; they are
					rules, but no key of the schema */
	size_t declared_unique_count;
	struct key_shape *references; /* schema->foreign_count */
	char hash[65];                /* SHA-256 in hex of what the table means */
};

void table_free(struct table *table);

/* The type as the dictionary has it: "string", "object", "any", ... */
const char *field_type_name(const struct field *field, const struct field_rules *rules);

/* Writes a value of the dictionary as JSON that reads as it did there; objects and arrays as a string of JSON. */
struct jw;
void constant_write(struct jw *writer, const struct field *field, const struct field_rules *rules, const struct constant *constant);

/* <0, 0, >0; values of fields of this type. */
int constant_compare(enum value_type type, const struct constant *left, const struct constant *right);

void key_shape_fini(struct key_shape *shape);

/* Fills shape from count pairs (own field, column of holder); holder is the schema that holds the key. Returns 0 or -1.
 */
int key_shape_init(struct key_shape *shape, const struct schema *holder, const size_t *columns, const size_t *fields,
		   size_t count, struct error *error) MUST_CHECK;

/* True when both are the same set of fields. */
bool key_same(const struct key *left, const struct key *right);

#endif
