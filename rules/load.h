/* load.h - the parts of reading a dictionary file: fields, constraints, keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Private to rules/. Each function says what is wrong in diagnostics and goes on, so that one run over a file finds
 * all.
 */
#ifndef PENSTOCK_RULES_LOAD_H
#define PENSTOCK_RULES_LOAD_H

#include "engine/core/diagnostics.h"
#include "engine/core/node.h"
#include "rules/cast.h"
#include "rules/table.h"

enum { TABLE_FIELDS_MAX = 4096, DICTIONARY_TABLES_MAX = 10000, KEY_FIELDS_MAX = 32 };

struct loader {
	struct diagnostics *diagnostics;
	size_t errors; /* that were there before this file */
	struct caster caster;
};

/* "missingValues" of the nearest level that has one; NULL: the default. */
struct inherited {
	const struct node *missing;
};

/* Reads a field: appends it to the schema and fills rules, which is zeroed. unique: `unique: true`. False when the
 * field could not be appended (it has no name, or memory ran out). */
bool load_field(struct loader *loader, const struct node *node, const struct inherited *inherited,
		struct schema *schema, struct field_rules *rules, bool *unique);

/* Keeps the description of a field or, where field is NULL, of the table; without one its title. Anything but a text is left alone. */
void load_description(struct loader *loader, const struct node *node, struct schema *schema, struct field *field);

/* Reads `constraints` of a field whose type and spelling are known. */
void load_constraints(struct loader *loader, const struct node *node, struct field *field, struct field_rules *rules,
		      bool *unique);

/* Reads primaryKey, uniqueKeys and the fields of `unique: true` (by index). */
void load_keys(struct loader *loader, const struct node *schema_node, struct table *table, const size_t *unique,
	       size_t unique_count);

/* Reads foreignKeys, when all tables are known. nodes: the schema of each table as it was read. */
void load_references(struct loader *loader, const struct node *const *nodes, struct table *const *tables, size_t count);

/* Parents before children into order (count indexes); an error that names the loop where there is one. nodes as above.
 * Returns 0 or -1. */
int load_order(struct loader *loader, const struct node *const *nodes, struct table *const *tables, size_t count,
	       size_t *order);

/* Fills table->hash. Returns 0 or -1. */
int load_hash(struct table *table, struct error *error) MUST_CHECK;

void field_rules_fini(struct field_rules *rules, enum value_type type);

#endif
