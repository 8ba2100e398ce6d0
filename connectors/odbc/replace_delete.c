/* replace_delete.c - the deletion of many rows within memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * SQLite remembers the number of each row that one DELETE is going to delete, 24 bytes each, unless nothing of the schema could be concerned. So
 * there rows go in ranges of their numbers; elsewhere, and where rows reference each other, in one statement.
 */
#include <inttypes.h>
#include <stdio.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/replace_parts.h"

enum { ROWS_AT_ONCE = 50000, TEXT_BYTES = 256 };

/* A name of the row's number that no column hides, or NULL. */
static const char *number_of_row(const struct replace *replace)
{
	static const char *const aliases[] = { "rowid", "_rowid_", "oid" };
	const struct catalog *catalog = &replace->target->catalog;

	for (size_t i = 0; catalog->has_rowid && i < sizeof aliases / sizeof *aliases; i++)
		if (!catalog_find(catalog, replace->target->session->dialect, aliases[i]))
			return aliases[i];
	return NULL;
}

const char *replace_delete_words(const struct replace *replace)
{
	const char *words = replace_traits_of(replace->target->session)->delete_from;

	return words ? words : "DELETE FROM ";
}

int replace_delete(const struct replace *replace, const char *from, struct error *error)
{
	/* A row of a tree may be referenced by one of another range. */
	const char *number = replace_is_tree(replace) ? NULL : number_of_row(replace);
	int64_t first = INT64_MIN, last = 0, rows = 0;
	char text[TEXT_BYTES];

	/* Each would keep those that it references from going before it. */
	if (replace->loose && replace_run(replace, "deleting references of", NULL, NULL, error, "UPDATE %s%s", REPLACE_LOOSE, from + sizeof REPLACE_FROM - 1))
		return -1;
	if (!number)
		return replace_run(replace, "deleting rows of", NULL, NULL, error, "%s%s", replace_delete_words(replace), from);
	for (;;) {
		snprintf(text, sizeof text, "SELECT count(*) FROM (SELECT 1 FROM {t} WHERE %s >= %" PRId64 " ORDER BY %s LIMIT %d)", number, first,
			number, ROWS_AT_ONCE);
		if (replace_count(replace, "counting rows", text, &rows, error) < 0)
			return -1;
		if (rows == 0)
			return 0;
		snprintf(text, sizeof text, "SELECT max(n) FROM (SELECT %s AS n FROM {t} WHERE %s >= %" PRId64 " ORDER BY 1 LIMIT %d)", number, number,
			first, ROWS_AT_ONCE);
		if (replace_count(replace, "counting rows", text, &last, error) < 0 ||
		    replace_run(replace, "deleting rows of", NULL, NULL, error, "%s%s AND t.%s BETWEEN %" PRId64 " AND %" PRId64,
			    replace_delete_words(replace), from,
			    number, first, last))
			return -1;
		if (last == INT64_MAX)
			return 0;
		first = last + 1;
	}
}
