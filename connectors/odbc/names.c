/* names.c - whether the names of a dictionary's table are names in a database.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/names.h"

/* In the unit that the database counts in. */
static size_t length_of(const struct dialect *dialect, const char *name, size_t bytes)
{
	size_t length = 0;

	for (size_t i = 0; i < bytes; i++)
		length += dialect->name_bytes || ((unsigned char)name[i] & 0xc0) != 0x80;
	return length;
}

static int check_length(const struct dialect *dialect, const char *what, const char *name, size_t bytes, const char *place, struct error *error)
{
	if (dialect->name_max == 0 || length_of(dialect, name, bytes) <= dialect->name_max)
		return 0;
	return error_set(error, ERROR_CONFIG, place, "the name of %s \"%.*s\" is longer than the %u %s that %s takes", what, (int)bytes, name,
		dialect->name_max, dialect->name_bytes ? "bytes" : "characters", dialect->dbms_name);
}

static int check_table(const struct dialect *dialect, const char *table, const struct option_map *tables, const char *place,
	struct error *error)
{
	const char *dot = strchr(table, '.'), *name = dot ? dot + 1 : table;

	if ((dot && check_length(dialect, "schema", table, (size_t)(dot - table), place, error)) ||
	    check_length(dialect, "table", name, strlen(name), place, error))
		return -1;
	for (size_t i = 0; dialect->tables_ignore_case && tables && i < tables->count; i++)
		if (strcasecmp(tables->values[i], table) == 0 && strcmp(tables->values[i], table) != 0)
			return error_set(error, ERROR_CONFIG, place, "tables %s and %s are one table to %s, which does not tell upper from lower case",
				tables->values[i], table, dialect->dbms_name);
	return 0;
}

int names_check(const struct dialect *dialect, const struct schema *schema, const char *table, const struct option_map *tables,
	const char *place, struct error *error)
{
	if (check_table(dialect, table, tables, place, error))
		return -1;
	for (size_t i = 0; i < schema->field_count; i++) {
		const char *name = schema->fields[i].name;

		if (check_length(dialect, "field", name, strlen(name), place, error))
			return -1;
		for (size_t k = 0; dialect->names_ignore_case && k < i; k++)
			if (strcasecmp(schema->fields[k].name, name) == 0)
				return error_set(error, ERROR_CONFIG, place,
					"fields %s and %s of table %s are one column to %s, which does not tell upper from lower case",
					schema->fields[k].name, name, table, dialect->dbms_name);
	}
	return 0;
}
