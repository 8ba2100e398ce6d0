/* dataset.c - names of tables for catalogues.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/dataset.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "connectors/odbc/connect.h"

static const struct kind {
	const char *words[4];    /* in the name or the path of its driver, in small letters */
	const char *scheme, *port;
	const char *schema;      /* where a table is, unless its name says so; NULL: there are none */
} kinds[] = {
	{{"psql", "postgres", NULL}, "postgres", "5432", "public"},
	{{"maria", "mysql", "maodbc", NULL}, "mysql", "3306", NULL},
	{{"sql server", "freetds", "tdsodbc", "msodbc"}, "mssql", "1433", "dbo"},
};

static bool has_word(const char *driver, const char *word)
{
	size_t length = strlen(word);

	for (; *driver; driver++)
		if (strncasecmp(driver, word, length) == 0)
			return true;
	return false;
}

static const struct kind *kind_of(const char *driver)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for (size_t k = 0; k < 4 && kinds[i].words[k]; k++)
			if (has_word(driver, kinds[i].words[k]))
				return &kinds[i];
	return NULL;
}

static const char *first_of(const struct connect_string *string, const char *const *keys)
{
	const char *value = NULL;

	for (size_t i = 0; keys[i] && (!value || !*value); i++)
		value = connect_find(string, keys[i]);
	return value && *value ? value : NULL;
}

static bool fits(int wrote, size_t size)
{
	return wrote > 0 && (size_t)wrote < size;
}

static bool server_dataset(const struct kind *kind, const struct connect_string *string, const char *table, char *space, size_t space_size, char *name,
	size_t name_size)
{
	static const char *const hosts[] = {"Server", "Servername", "Host", NULL}, *const ports[] = {"Port", NULL}, *const databases[] = {"Database", "DB", NULL};
	const char *host = first_of(string, hosts), *port = first_of(string, ports), *database = first_of(string, databases);
	const char *comma = host ? strchr(host, ',') : NULL; /* SQL Server: "host,port" */

	host = host ? host : "localhost";
	if (!fits(snprintf(space, space_size, "%s://%.*s:%s", kind->scheme, comma ? (int)(comma - host) : (int)strlen(host), host,
		    comma && !port ? comma + 1 : port ? port : kind->port), space_size) || !database)
		return false;
	if (kind->schema && !strchr(table, '.'))
		return fits(snprintf(name, name_size, "%s.%s.%s", database, kind->schema, table), name_size);
	return fits(snprintf(name, name_size, "%s.%s", database, table), name_size);
}

static bool sqlite_dataset(const char *path, const char *table, char *space, size_t space_size, char *name, size_t name_size)
{
	char *whole = realpath(path, NULL), folder[PATH_MAX] = "";
	int wrote = -1;

	/* A database that this run is going to make. */
	if (whole)
		wrote = snprintf(space, space_size, "sqlite://%s", whole);
	else if (path[0] == '/')
		wrote = snprintf(space, space_size, "sqlite://%s", path);
	else if (getcwd(folder, sizeof folder))
		wrote = snprintf(space, space_size, "sqlite://%s/%s", folder, path);
	free(whole);
	return fits(wrote, space_size) && fits(snprintf(name, name_size, "%s", table), name_size);
}

bool odbc_dataset(const char *connect, const char *table, char *space, size_t space_size, char *name, size_t name_size)
{
	struct connect_string *string = calloc(1, sizeof *string);
	struct error ignored = ERROR_INIT;
	bool known = false;

	if (string && connect_parse(string, connect, "lineage", &ignored) == 0) {
		const char *driver = connect_find(string, "Driver"), *database = connect_find(string, "Database"), *dsn = connect_find(string, "DSN");
		const struct kind *kind = driver ? kind_of(driver) : NULL;

		if (kind)
			known = server_dataset(kind, string, table, space, space_size, name, name_size);
		else if (driver && has_word(driver, "sqlite") && database && *database)
			known = sqlite_dataset(database, table, space, space_size, name, name_size);
		else if (dsn && *dsn)
			known = fits(snprintf(space, space_size, "odbc://%s", dsn), space_size) && fits(snprintf(name, name_size, "%s", table), name_size);
	}
	if (string)
		connect_fini(string);
	free(string);
	return known;
}
