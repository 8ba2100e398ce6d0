/* dialect.h - what differs between databases, one file a database: quoting, types, limits, upsert, locks, catalog.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DIALECT_H
#define PENSTOCK_ODBC_DIALECT_H

#include "engine/core/buffer.h"
#include "engine/core/schema.h"
#include "connectors/odbc/session.h"

struct catalog;
struct catalog_column;
struct connect_string;
struct way_ops;
struct way_task;

/* What a bound value is in this process. */
enum carrier {
	CARRY_INTEGER = 1, /* int64 */
	CARRY_DOUBLE,      /* double */
	CARRY_TEXT,        /* formatted by us into a small place, or a span of the batch */
	CARRY_BINARY,      /* a span of raw bytes */
};

enum catalog_parts { CATALOG_KEYS = 1, CATALOG_WHOLE }; /* columns and unique keys; also what a writer asks for (catalog.h) */
enum state_type { STATE_TEXT = 1, STATE_NAME, STATE_INTEGER, STATE_TIME }; /* of columns of penstock_* tables */

/* A setting that `penstock check` reads back. */
struct dialect_setting {
	const char *name;
	const char *sql;          /* gives it as one text */
	const char *const *words; /* what 0, 1, ... mean, NULL at the end; or NULL */
};

struct dialect {
	const char *name;            /* "sqlite", "postgresql", "mariadb", "sqlserver" */
	const char *dbms_name;       /* SQL_DBMS_NAME begins with it */
	const char *driver_words[5]; /* a driver's name or library holds one of them (lower case); NULL at the end */
	unsigned parameters_max;     /* of one statement */
	unsigned name_max;           /* of a name, in characters, or in bytes where name_bytes says so; 0: any */
	bool name_bytes;
	unsigned columns_max;        /* of a table that is made */
	bool loads_faster_at_once;
	bool single_writer;          /* one transaction writes at a time */
	char quote;                  /* around identifiers; doubled inside */
	char quote_end;              /* the same behind them, where it is another one; 0: it is not */

	/* Only its DDL is known: no session is opened, and nothing below is there but ddl, script_head, state_type and time_parameter. */
	bool ddl_only;

	/* Optional. All tables of a dictionary, where ddl.c's CREATE TABLE is not this database's. */
	int (*ddl)(const struct schema *const *schemas, size_t count, struct buffer *out, struct error *error);
	const char *script_head;     /* before the statements of a script (odbc_ddl, odbc_state_ddl); NULL: nothing */

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

	/* Optional: begins the transaction of a session that only reads, all of it from one snapshot. */
	int (*begin_snapshot)(struct session *session, struct error *error);

	/* What a diagnostic means. state: five characters; native: the driver's code; words: its message. */
	struct trouble (*classify)(const char *state, int native, const char *words);

	/* Optional. The refused row of a statement over many, from 0, where the words say so; DIAGNOSIS_NOWHERE otherwise. */
	size_t (*refused_row)(int native, const char *words);

	/* Type of a dictionary field in DDL: "numeric(12,2)". Returns 0, or -1 and ERROR_CONFIG where this database cannot hold it. */
	int (*type)(const struct field *field, bool in_key, struct buffer *out, struct error *error);

	/* Expression for a bound parameter of this field that goes to this column: "?" or "CAST(? AS timestamptz)". */
	int (*parameter)(const struct field *field, const struct catalog_column *column, struct buffer *out, struct error *error);

	/* Optional. The same where it is compared with the column. */
	int (*compared)(const struct field *field, const struct catalog_column *column, struct buffer *out, struct error *error);

	/* Optional, where (a, b) > (?, ?) does not use an index (behind.h): the column as it is ordered, so that nothing is equal but the same where
	 * exact says so, and a bound text, as read gives it, that is compared with that. */
	int (*ordered)(const struct catalog_column *column, const char *quoted, bool exact, struct buffer *out, struct error *error);
	int (*ordered_value)(const struct catalog_column *column, bool exact, struct buffer *out, struct error *error);

	/* Optional: this database takes arrays. The type of an array's elements for this field and column; *cast: what each element is to be
	 * cast to behind that, or NULL. */
	const char *(*element)(const struct field *field, const struct catalog_column *column, const char **cast);

	/* How its values are bound. */
	enum carrier (*carrier)(const struct field *field);

	/* Type of a column of a penstock_* table: STATE_TEXT any text, STATE_NAME a short one that may be in a key, STATE_INTEGER 64 bits,
	 * STATE_TIME a datetime. */
	const char *(*state_type)(enum state_type type);

	/* Expression for a bound STATE_TIME text "2021-11-07T02:48:42.123456Z". */
	const char *time_parameter;

	/* Fills catalog for schema.table (connectors/odbc/catalog.h); schema may be empty. */
	int (*catalog)(struct session *session, const char *schema, const char *table, enum catalog_parts parts, struct catalog *out,
		struct error *error);

	/* Fills the kind, length, ... of a column from its declared type. */
	int (*column_type)(struct catalog_column *column, struct error *error);

	/* True where a field of this type may go into a column of this kind. */
	bool (*accepts)(const struct field *field, const struct catalog_column *column);

	/* Expression for a value of this field in this column (may be NULL) as reading.h reads it; quoted: the column's name. */
	int (*read)(const struct field *field, const struct catalog_column *column, const char *quoted, struct buffer *out,
		struct error *error);

	/* Optional. What follows the rows in an upsert (way_put_upsert), where this is not ON CONFLICT. */
	int (*upsert)(const struct way_task *task, struct buffer *out, struct error *error);

	const struct way_ops *const *ways; /* to write rows (way.h), the best first; NULL at the end */

	/* Optional. How many rows the open transaction has tried to insert into a table (its parameter, quoted), those included that were rolled
	 * back to a savepoint; null where the database does not count them. */
	const char *tried_sql;

	/* Run before keys are added to a table of few rows (target.c); NULL: nothing is. Lasts until the transaction ends. */
	const char *few_keys_sql;

	bool has_cursors;            /* DECLARE and FETCH in SQL */
	bool whole_results;          /* its driver keeps the result of a statement in memory as a whole: asked for past it where possible */
	bool copies_out;             /* COPY ... TO STDOUT (FORMAT binary), where pq_usable says so */
	bool tagged_values;          /* values have types of their own, whatever their column: they are read with a tag before them */
	bool several_statements;     /* a text may hold several, and a server is away: what can wait is sent with what comes next */
	bool row_policies;           /* row level security may hide rows */
	bool ddl_commits;            /* a statement that changes the schema ends the transaction around it */
	bool plain_datetimes;        /* datetimes are bound as "2021-11-07 02:48:42.5", without T and Z */
	const char *table_tail;      /* behind the closing bracket of CREATE TABLE; NULL: nothing */
	const char *query_tail;      /* behind a query that stands in FROM, where it would not come in its own order otherwise; NULL: it would */
	const char *quotes;          /* what begins a quoted piece of SQL, and ends it ([ ends with ]) */
	bool backslash_escapes;      /* inside such pieces */
	bool dollar_quotes;          /* $tag$ ... $tag$ is one, too */
	bool hash_comments;          /* a comment may begin with # */
	bool reference_without_schema; /* REFERENCES takes a bare table name */
	int decimal_digits;          /* 0: decimals are exact; else what a decimal column keeps exactly */
	bool names_ignore_case;      /* columns are found whatever their case */
	bool tables_ignore_case;     /* tables are, too, wherever the database is */
	const char *echo_sql;        /* gives its one text parameter back */
	const struct dialect_setting *settings; /* NULL name at the end */
	const char *schema_sql;      /* gives a row where there is such a schema (its parameter) */
	const char *tables_sql;      /* names of the tables and views of one schema (its parameter) */
	const char *base_tables_sql; /* of those that hold rows, in order */
};

extern const struct dialect dialect_sqlite;
extern const struct dialect dialect_postgresql;
extern const struct dialect dialect_mariadb;
extern const struct dialect dialect_sqlserver;

/* By name as in `--dialect`; NULL where there is none. */
const struct dialect *dialect_find(const char *name);

/* By SQL_DBMS_NAME; NULL where there is none. */
const struct dialect *dialect_by_dbms(const char *dbms_name);

/* By the name or library of a driver; NULL where neither tells. */
const struct dialect *dialect_by_driver(const char *driver);

/* Names of all dialects for messages: "sqlite, postgresql, mariadb", and those that have DDL alone. */
const char *dialect_names(void);
const char *dialect_ddl_names(void);

/* "schema.name" into its parts; schema is empty where there is none. *name points into table. */
void dialect_split(const char *table, char *schema, size_t schema_size, const char **name);

/* Appends an identifier quoted; "schema.name" is quoted in its parts by dialect_quote_table. */
int dialect_quote(const struct dialect *dialect, struct buffer *out, const char *name, struct error *error) MUST_CHECK;
int dialect_quote_table(const struct dialect *dialect, struct buffer *out, const char *table, struct error *error) MUST_CHECK;

#endif
