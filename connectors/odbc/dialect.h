/* dialect.h - what differs between databases, one file a database: quoting, types, limits, upsert, locks, catalog.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DIALECT_H
#define PENSTOCK_ODBC_DIALECT_H

#include "engine/core/buffer.h"
#include "engine/core/schema.h"

struct session;

enum state_type { STATE_TEXT = 1, STATE_NAME, STATE_INTEGER, STATE_TIME }; /* of columns of penstock_* tables */

struct dialect {
	const char *name;            /* "sqlite", "postgresql" */
	const char *dbms_name;       /* SQL_DBMS_NAME begins with it */
	unsigned parameters_max;     /* of one statement */
	bool loads_faster_at_once;
	char quote;                  /* around identifiers; doubled inside */

	/* Type of a dictionary field in DDL: "numeric(12,2)". Returns 0, or -1 and ERROR_CONFIG where this database cannot hold it. */
	int (*type)(const struct field *field, bool in_key, struct buffer *out, struct error *error);

	/* Expression for a bound parameter of this field: "?" or "CAST(? AS timestamptz)". */
	const char *(*parameter)(const struct field *field);

	/* Type of a column of a penstock_* table. */
	const char *(*state_type)(enum state_type type);

	/* More hooks stand here as the rooms need them: catalog, limits, class of an SQLSTATE, upsert, locks. */
	int (*session_setup)(struct session *session, struct error *error);
};

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgresql;

/* By name as in `--dialect`; NULL where there is none. */
const struct dialect *dialect_find(const char *name);

/* Appends an identifier quoted; "schema.name" is quoted in its parts by dialect_quote_table. */
int dialect_quote(const struct dialect *dialect, struct buffer *out, const char *name, struct error *error) MUST_CHECK;
int dialect_quote_table(const struct dialect *dialect, struct buffer *out, const char *table, struct error *error) MUST_CHECK;

#endif
