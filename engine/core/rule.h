/* rule.h - the identity of a rule: what a reject names and the books count by.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids: TABLE.FIELD.RULE for one field, TABLE.RULE(A+B) for several, TABLE.RULE for none. RULE is the constraint's
 * name, else the code, but "type" for type-error and "unique" for unique-error. Filled while a step is being opened
 * (by rules/ when it compiles, then by the sink); read only while rows flow, so it needs no lock.
 */
#ifndef PENSTOCK_CORE_RULE_H
#define PENSTOCK_CORE_RULE_H

#include <stddef.h>

#include "engine/core/error.h"
#include "engine/core/schema.h"

enum code {
	CODE_TYPE_ERROR = 1,
	CODE_CONSTRAINT_ERROR,
	CODE_PRIMARY_KEY,
	CODE_UNIQUE_ERROR,
	CODE_FOREIGN_KEY,
	CODE_MISSING_CELL,
	CODE_EXTRA_CELL,
	CODE_ENCODING_ERROR,
	CODE_RECORD_ERROR,
	CODE_DATABASE_ERROR,
};

/* The order in which the violations of a record are listed; within one of them, by field. */
enum stage {
	STAGE_ENCODING = 1,
	STAGE_RECORD,
	STAGE_MISSING,
	STAGE_EXTRA,
	STAGE_CELL,
	STAGE_PRIMARY_KEY,
	STAGE_UNIQUE,
	STAGE_FOREIGN_KEY,
	STAGE_DATABASE,
};

struct rule {
	char *id;
	enum code code;
	enum stage stage;
	size_t field;   /* index of the one field, or SCHEMA_NO_FIELD */
	size_t first_field; /* index of the first of its fields, or SCHEMA_NO_FIELD; orders violations */
	char *fields;   /* "id", "region+id", or "" : what the reject table's column `field` holds */
	char *text;     /* what a person reads after the value: "is not an integer (64 bit)", "is required" */
	size_t index;   /* position in its set; for counters */
};

struct rule_set {
	struct schema const *schema; /* borrowed; names the table and the fields */
	struct rule **rules;
	size_t count;
};

void rule_set_init(struct rule_set *set, const struct schema *schema);
void rule_set_fini(struct rule_set *set);

/* The rule of this code and name (a constraint's name such as "required" or "column", or NULL for the code's own name) over
 * these fields of the schema; made when it is new, with text (copied), else the one there is. NULL and error when
 * out of memory. */
const struct rule *rule_set_get(struct rule_set *set, enum code code, const char *name, const size_t *fields,
	size_t field_count, const char *text, struct error *error) MUST_CHECK;

/* "type-error", "primary-key", ... */
const char *code_name(enum code code);

#endif
