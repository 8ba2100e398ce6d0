/* replace_parts.h - what the files that replace tables share: where databases differ, and their SQL; nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statements are written once, for all databases, with parts in braces. A table stands under one letter:
 *   t the table, s its stage, c the list of changed keys, r the list of keys among which a refused one is looked for
 *   {t} {s} {c} {r}   the table, quoted
 *   {s=t}             the same key in both: s."id" = t."id" AND ... (any two letters)
 *   {keys s}          s."id" AS "id", ...
 *   {order s}         s."id", ...
 *   {key}             "id", ...
 *   {list_end}        the name of c without its schema, with an end: "penstock_changed_1_end"
 *   {values s}        s."id", s."name", ...: all fields; NULL for those of {loose}
 *   {columns}         "id", "name", ...
 *   {overriding}      what lets an INSERT write identity columns, or nothing
 *   {set}             "name" = s."name", ...: all fields but the key; NULL for references among the table's own rows that come later (untied)
 *   {loose}           t."parent" = NULL, ...: one column of each reference among the table's own rows
 *   {differs}         t and s differ in one of those
 *   {held}            a row of the table, x, holds a unique value that s is to get
 *   {wanted}          a row of c that still waits is to get a unique value that t holds
 *   {taken}           a row of s is to get a unique value that t holds
 *   {free}            nothing references t
 *   {by N}            what number N of the references says of t: EXISTS (...)
 *   {temporary}       what a CREATE TEMPORARY TABLE needs to be gone after the transaction, or nothing
 */
#ifndef PENSTOCK_ODBC_REPLACE_PARTS_H
#define PENSTOCK_ODBC_REPLACE_PARTS_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/replace.h"
#include "connectors/odbc/session.h"
#include "engine/core/buffer.h"

enum { REPLACE_SQL_MAX = 4 * 1024 * 1024, REPLACE_TEXT_MAX = 16 * 1024, REPLACE_KEY_MAX = 512 };

struct replace_traits {
	const struct dialect *dialect;
	const char *temporary_schema; /* under which temporary tables are addressed; empty: by their bare names */
	const char *until_end;        /* {temporary} */
	/* The keys that reference the table of parameter 2 in schema 1 (empty: the default): a text that is the same for one key of a
	 * table, name, table, column, referenced column, action on DELETE, on UPDATE, 1 where it is the table itself; key by key. */
	const char *references_sql;
	const char *analyze;          /* before the name of a temporary table that was filled; NULL: not needed */
	const char *overriding;       /* {overriding} */
	const char *index_changed;    /* makes an index over the keys in c; NULL: that would end the transaction */
	const char *delete_from;      /* before "{t} AS t" in a DELETE; NULL: "DELETE FROM " */
	const char *drop;             /* before the name of a temporary table; NULL: "DROP TABLE IF EXISTS " */
	bool joins_in_update;         /* UPDATE t JOIN s ON ... SET t.x = ..., where others say UPDATE t SET x = ... FROM s */
	bool row_by_row;              /* foreign keys are judged with each row, not at the end of the statement */

	/* Makes the temporary table (stage.h). */
	int (*make_stage)(struct session *session, const struct schema *schema, const struct catalog *target, const char *name,
		struct error *error);
	/* Optional. Keeps other writers away from the table until the transaction ends. */
	int (*lock)(struct session *session, const char *table, struct error *error);
	/* Appends a condition: true where two values of that column differ in any way, NULLs being equal. */
	int (*differs)(const struct catalog_column *column, const char *left, const char *right, struct buffer *out,
		struct error *error);
};

extern const struct replace_traits replace_sqlite;
extern const struct replace_traits replace_postgresql;
extern const struct replace_traits replace_mariadb;

const struct replace_traits *replace_traits_of(const struct session *session);

/* The field that is written to this column, or SCHEMA_NO_FIELD. */
size_t replace_field_of(const struct schema *schema, const struct dialect *dialect, const char *column);

/* The number-th unique key of the table besides its own key that a stage can hold and compare, or NULL. */
const struct catalog_key *replace_other_key(const struct session *session, const struct schema *schema,
	const struct catalog *catalog, size_t number);

/* Appends text with its parts replaced. */
int replace_expand(const struct replace *replace, const char *text, struct buffer *out, struct error *error) MUST_CHECK;

/* Expands text, which is printf-like, and executes it. affected and class may be NULL. */
int replace_run(const struct replace *replace, const char *what, int64_t *affected, enum fault_class *class,
	struct error *error, const char *text, ...) PRINTF_LIKE(6, 7) MUST_CHECK;

/* The number that a query gives. */
int replace_count(const struct replace *replace, const char *what, const char *text, int64_t *out, struct error *error)
	MUST_CHECK;

/* The key of the first row of a query over `FROM ... t ...` (whatever follows FROM): "id = 3". 1 a row, 0 none, -1 and error. */
int replace_key_text(const struct replace *replace, const char *from, char out[REPLACE_KEY_MAX], struct error *error) MUST_CHECK;

/* Rows of the table may reference other rows of it. */
bool replace_is_tree(const struct replace *replace);

/* Of a reference among the table's own rows: the column that makes it none while it is null, outside the key; NULL: there is none. */
const struct catalog_column *replace_loose_column(const struct replace *replace, const struct reference *reference);

/* replace_untie.c: whether each reference among the table's own rows can be null for a while in a column that the rows bring; the name of such a
 * column; and that of the rows which reference one that goes is null from now on. */
bool replace_can_untie(const struct replace *replace);
bool replace_unties(const struct replace *replace, const char *column);
int replace_untie(const struct replace *replace, struct error *error) MUST_CHECK;

/* Rows of the table whose keys did not come. */
#define REPLACE_FROM "{t} AS t "
#define REPLACE_GONE_WHERE "WHERE NOT EXISTS (SELECT 1 FROM {s} AS s WHERE {s=t})"
#define REPLACE_GONE REPLACE_FROM REPLACE_GONE_WHERE
#define REPLACE_LOOSE REPLACE_FROM "SET {loose} "

/* "DELETE FROM " */
const char *replace_delete_words(const struct replace *replace);

/* Deletes rows of the table; from: what follows FROM, beginning with REPLACE_FROM, up to a condition that more may follow. */
int replace_delete(const struct replace *replace, const char *from, struct error *error) MUST_CHECK;

/* Deletes rows that did not come; those that are referenced stay where `left` says so. */
int replace_delete_gone(const struct replace *replace, struct error *error) MUST_CHECK;

/* ERROR_BOOKS unless the table holds the rows that were given. */
int replace_check_count(const struct replace *replace, struct error *error) MUST_CHECK;

/* Staged rows into their places. */
int replace_changed_rows(struct replace *replace, struct error *error) MUST_CHECK;
int replace_new_rows(struct replace *replace, struct error *error) MUST_CHECK;

extern const char replace_insert_sql[];

#endif
