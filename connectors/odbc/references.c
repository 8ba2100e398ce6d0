/* references.c - who references a table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/references.h"
#include "connectors/odbc/replace_parts.h"
#include "connectors/odbc/statement.h"

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; names && i < count; i++)
		free(names[i]);
	free(names);
}

void references_fini(struct references *references)
{
	for (size_t i = 0; i < references->count; i++) {
		struct reference *item = &references->items[i];

		free(item->constraint);
		free(item->table);
		free_names(item->columns, item->count);
		free_names(item->parent_columns, item->count);
	}
	free(references->items);
	memset(references, 0, sizeof *references);
}

static struct reference *add(struct references *references, struct error *error)
{
	struct reference *items = realloc(references->items, (references->count + 1) * sizeof *items);

	if (!items) {
		error_memory(error, "the catalog");
		return NULL;
	}
	references->items = items;
	memset(&items[references->count], 0, sizeof *items);
	return &items[references->count++];
}

static int add_name(char ***names, size_t count, const char *name, struct error *error)
{
	char **grown = realloc(*names, (count + 1) * sizeof *grown);

	if (!grown)
		return error_memory(error, "the catalog");
	*names = grown;
	grown[count] = strdup(name);
	return grown[count] ? 0 : error_memory(error, "the catalog");
}

static int copy_text(struct statement *statement, unsigned column, char *out, size_t size, struct error *error)
{
	struct text text;

	if (statement_text(statement, column, &text, error))
		return -1;
	snprintf(out, size, "%s", text.data ? text.data : "");
	return 0;
}

/* One row: one column of one key. key: what the last row's key was known by. */
static int read_row(struct statement *statement, struct references *out, char *key, size_t size, struct error *error)
{
	struct reference *item = out->count ? &out->items[out->count - 1] : NULL;
	char known[64], name[1024], table[1024], column[1024], parent[1024], on_delete[16], on_update[16];
	int64_t itself;

	if (copy_text(statement, 1, known, sizeof known, error) || copy_text(statement, 2, name, sizeof name, error) ||
	    copy_text(statement, 3, table, sizeof table, error) || copy_text(statement, 4, column, sizeof column, error) ||
	    copy_text(statement, 5, parent, sizeof parent, error) ||
	    copy_text(statement, 6, on_delete, sizeof on_delete, error) ||
	    copy_text(statement, 7, on_update, sizeof on_update, error) ||
	    statement_integer(statement, 8, &itself, NULL, error))
		return -1;
	/* Known by a number within its table. */
	if (!item || strcmp(key, known) != 0 || strcmp(item->table, table) != 0) {
		item = add(out, error);
		if (!item)
			return -1;
		snprintf(key, size, "%s", known);
		item->constraint = strdup(name);
		item->table = strdup(table);
		item->itself = itself != 0;
		memcpy(item->on_delete, on_delete, sizeof on_delete);
		memcpy(item->on_update, on_update, sizeof on_update);
		if (!item->constraint || !item->table)
			return error_memory(error, "the catalog");
	}
	if (add_name(&item->columns, item->count, column, error))
		return -1;
	if (add_name(&item->parent_columns, item->count, parent, error)) {
		free(item->columns[item->count]);
		return -1;
	}
	item->count++;
	return 0;
}

int references_read(struct session *session, const char *table, struct references *out, struct error *error)
{
	struct statement statement;
	char schema[NAME_MAX_BYTES], key[64] = "";
	const char *name;
	int row;

	memset(out, 0, sizeof *out);
	if (session->absent)
		return 0;
	dialect_split(table, schema, sizeof schema, &name);
	if (statement_open(&statement, session, "looking for references to a table",
		    replace_traits_of(session)->references_sql, error))
		return -1;
	row = statement_bind_string(&statement, 1, schema, error);
	if (row == 0)
		row = statement_bind_string(&statement, 2, name, error);
	if (row == 0)
		row = statement_execute(&statement, NULL, NULL, error);
	while (row == 0 && (row = statement_fetch(&statement, error)) == 1)
		row = read_row(&statement, out, key, sizeof key, error);
	statement_close(&statement);
	if (row == 0)
		return 0;
	references_fini(out);
	return -1;
}

bool reference_acts(const char *action)
{
	return strcmp(action, "NO ACTION") != 0 && strcmp(action, "RESTRICT") != 0;
}

const char *reference_text(const struct reference *reference, char *out, size_t size)
{
	size_t used;

	if (reference->constraint[0]) {
		snprintf(out, size, "constraint \"%s\" of table %s", reference->constraint, reference->table);
		return out;
	}
	used = (size_t)snprintf(out, size, "the foreign key (");
	for (size_t i = 0; i < reference->count && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", reference->columns[i]);
	if (used < size)
		snprintf(out + used, size - used, ") of table %s", reference->table);
	return out;
}
