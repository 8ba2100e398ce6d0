/* dialect.h - what differs between databases, one file a database: quoting, types, limits, upsert, locks, catalog.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DIALECT_H
#define PENSTOCK_ODBC_DIALECT_H

#include "engine/core/buffer.h"
#include "engine/core/schema.h"
#include "connectors/odbc/session.h"

struct catalog;
struct connect_string;

enum state_type { STATE_TEXT = 1, STATE_NAME, STATE_INTEGER, STATE_TIME }; /* of columns of penstock_* tables */

struct dialect {
	const char *name;            /* "sqlite", "postgresql" */
	const char *dbms_name;       /* SQL_DBMS_NAME begins with it */
	const char *driver_words[4]; /* a driver's name or library holds one of them (lower case); NULL at the end */
	unsigned parameters_max;     /* of one statement */
	bool loads_faster_at_once;
	char quote;                  /* around identifiers; doubled inside */

	/* Before connecting: sets what the driver must be told. May set session->absent. */
	int (*prepare)(struct session *session, const struct store_target *target, struct connect_string *string,
		struct error *error);

	/* Optional. Replaces what connecting or setup said by a cause that the file system or so knows better. */
	void (*explain_connect)(struct session *session, struct error *error);

	/* After connecting: settings of the session, read back where they matter; fills database and default_schema. */
	int (*setup)(struct session *session, const struct store_target *target, struct error *error);

	/* Transactions; begin waits for the writer's place at most lock_timeout where a database has only one. */
	int (*begin)(struct session *session, struct error *error);
	int (*commit)(struct session *session, struct error *error);
	void (*rollback)(struct session *session);

	/* What a diagnostic means. state: five characters; native: the driver's code; words: its message. */
	struct trouble (*classify)(const char *state, int native, const char *words);

	/* Type of a dictionary field in DDL: "numeric(12,2)". Returns 0, or -1 and ERROR_CONFIG where this database cannot hold it. */
	int (*type)(const struct field *field, bool in_key, struct buffer *out, struct error *error);

	/* Expression for a bound parameter of this field: "?" or "CAST(? AS timestamptz)". Of a decimal with its precision and scale. */
	int (*parameter)(const struct field *field, struct buffer *out, struct error *error);

	/* Type of a column of a penstock_* table: STATE_TEXT any text, STATE_NAME a short one that may be in a key, STATE_INTEGER 64 bits,
	 * STATE_TIME a datetime. */
	const char *(*state_type)(enum state_type type);

	/* Expression for a bound STATE_TIME text "2021-11-07T02:48:42.123456Z". */
	const char *time_parameter;

	/* Fills catalog for schema.table (connectors/odbc/catalog.h). */
	int (*catalog)(struct session *session, const char *schema, const char *table, struct catalog *out, struct error *error);
};

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgresql;

/* By name as in `--dialect`; NULL where there is none. */
const struct dialect *dialect_find(const char *name);

/* By SQL_DBMS_NAME; NULL where there is none. */
const struct dialect *dialect_by_dbms(const char *dbms_name);

/* By the name or library of a driver; NULL where neither tells. */
const struct dialect *dialect_by_driver(const char *driver);

/* Names of all dialects, "sqlite, postgresql", for messages. */
const char *dialect_names(void);

/* "schema.name" into its parts; schema is empty where there is none. *name points into table. */
void dialect_split(const char *table, char *schema, size_t schema_size, const char **name);

/* Appends an identifier quoted; "schema.name" is quoted in its parts by dialect_quote_table. */
int dialect_quote(const struct dialect *dialect, struct buffer *out, const char *name, struct error *error) MUST_CHECK;
int dialect_quote_table(const struct dialect *dialect, struct buffer *out, const char *table, struct error *error) MUST_CHECK;

#endif
