/* match.h - which column of a table or a query is which field, and whether both sides know all of the other.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_MATCH_H
#define PENSTOCK_ODBC_MATCH_H

#include "connectors/odbc/reader.h"

struct match {
	struct snapshot *snapshot;
	const struct source_context *context;
	const char *table;                  /* NULL: a query */
	const struct option_list *columns;  /* fields to read; none: all */
	const struct option_list *ignore;
};

/* Fill the reader's catalog and columns. ERROR_CONFIG for a table or columns that are missing, a required field that is not read, columns
 * and (with context->every_table) tables that the dictionary lacks and that are not ignored; each named. A
 * column that the database computes may be missing from the dictionary. */
int match_table(const struct match *match, struct reader *reader, struct error *error) MUST_CHECK;
int match_query(const struct match *match, struct reader *reader, struct error *error) MUST_CHECK;

#endif
