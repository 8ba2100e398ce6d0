/* dialect.c - finding a dialect, and quoting names in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "connectors/odbc/dialect.h"

static const struct dialect *const dialects[] = { &dialect_sqlite, &dialect_postgresql, &dialect_mariadb, &dialect_sqlserver };

enum { DIALECTS = sizeof dialects / sizeof *dialects };

const struct dialect *dialect_find(const char *name)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (strcmp(dialects[i]->name, name) == 0)
			return dialects[i];
	return NULL;
}

const struct dialect *dialect_by_dbms(const char *dbms_name)
{
	for (size_t i = 0; i < DIALECTS; i++)
		if (strncasecmp(dialects[i]->dbms_name, dbms_name, strlen(dialects[i]->dbms_name)) == 0)
			return dialects[i];
	return NULL;
}

const struct dialect *dialect_by_driver(const char *driver)
{
	for (size_t i = 0; i < DIALECTS; i++)
		for (const char *const *word = dialects[i]->driver_words; *word; word++)
			if (strcasestr(driver, *word))
				return dialects[i];
	return NULL;
}

const char *dialect_names(void)
{
	return "sqlite, postgresql, mariadb";
}

const char *dialect_ddl_names(void)
{
	return "sqlite, postgresql, mariadb, sqlserver";
}

int dialect_quote(const struct dialect *dialect, struct buffer *out, const char *name, struct error *error)
{
	char last = dialect->quote_end ? dialect->quote_end : dialect->quote, twice[2] = { last, last };

	if (buffer_append(out, &dialect->quote, 1, error))
		return -1;
	for (const char *p = name; *p; p++)
		if (*p == last ? buffer_append(out, twice, 2, error) : buffer_append(out, p, 1, error))
			return -1;
	return buffer_append(out, twice, 1, error);
}

void dialect_split(const char *table, char *schema, size_t schema_size, const char **name)
{
	const char *dot = strchr(table, '.');

	snprintf(schema, schema_size, "%.*s", dot ? (int)(dot - table) : 0, table);
	*name = dot ? dot + 1 : table;
}

int dialect_quote_table(const struct dialect *dialect, struct buffer *out, const char *table, struct error *error)
{
	char schema[NAME_MAX_BYTES];
	const char *name;

	dialect_split(table, schema, sizeof schema, &name);
	if (schema[0] && (dialect_quote(dialect, out, schema, error) || buffer_puts(out, ".", error)))
		return -1;
	return dialect_quote(dialect, out, name, error);
}
