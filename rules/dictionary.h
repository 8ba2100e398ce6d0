/* dictionary.h - a data dictionary (Frictionless Data Package) read into tables with their constraints.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read from a parsed document; every complaint goes to diagnostics with its place. Immutable once loaded.
 */
#ifndef PENSTOCK_RULES_DICTIONARY_H
#define PENSTOCK_RULES_DICTIONARY_H

#include "engine/core/buffer.h"
#include "engine/core/diagnostics.h"
#include "engine/core/schema.h"

struct table; /* one resource: its schema and its constraints; private to rules/ (rules/table.h) */
struct dictionary;

/* Reads root. NULL when diagnostics got an error. The nodes may be freed afterwards. */
struct dictionary *dictionary_load(const struct node *root, struct diagnostics *diagnostics);
void dictionary_free(struct dictionary *dictionary);

/* Tables in file order. */
size_t dictionary_count(const struct dictionary *dictionary);
const struct table *dictionary_at(const struct dictionary *dictionary, size_t index);
/* NULL when there is none of that name. */
const struct table *dictionary_find(const struct dictionary *dictionary, const char *name);
/* Indexes of all tables, parents before children; a cycle other than a self-reference was refused at load. */
const size_t *dictionary_order(const struct dictionary *dictionary);

const struct schema *table_schema(const struct table *table);

/* Appends the table as a resource with a Table Schema, as JSON without line breaks: {"name": ..., "schema": ...}. What it means is there, and
 * nothing else (titles, comments); read back, it gives the same table_hash. A foreign key names its resource, which must be read with it.
 * Returns 0 or -1. */
int table_json(const struct table *table, struct buffer *out, struct error *error) MUST_CHECK;

/* SHA-256 (hex) of what the table means (not of how the file is written). */
void table_hash(const struct table *table, char out[65]);

#endif
