/* catalog.h - what the database says of one table: columns with their real types, unique keys, foreign keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_CATALOG_H
#define PENSTOCK_ODBC_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connectors/odbc/session.h"
#include "engine/core/schema.h"

/* Families of column types, for "a column of another kind". */
enum column_kind {
	KIND_TEXT = 1,
	KIND_INTEGER,
	KIND_DECIMAL,  /* exact: numeric, decimal */
	KIND_REAL,     /* binary floating point */
	KIND_BOOLEAN,
	KIND_DATE,
	KIND_TIME,
	KIND_DATETIME,
	KIND_UUID,
	KIND_BINARY,
	KIND_JSON,
	KIND_ANY,      /* keeps whatever comes, as it comes (SQLite without a type) */
	KIND_OTHER,    /* the database's own: enum, inet, ...; takes texts that it understands */
};

struct catalog_column {
	char *name;
	char *declared;     /* as the database prints it: "character varying(20)" */
	char *cast;         /* the type without length and precision, to cast a parameter to; NULL where none is needed */
	enum column_kind kind;
	uint64_t length;    /* KIND_TEXT, KIND_BINARY: characters or bytes; 0 unbounded */
	int bits;           /* KIND_INTEGER: 16, 32 or 64; KIND_REAL: 32 or 64 */
	int precision;      /* KIND_DECIMAL: digits, -1 unbounded; KIND_TIME, KIND_DATETIME: fractional digits kept */
	int scale;          /* KIND_DECIMAL, where precision is not -1 */
	bool padded;        /* KIND_TEXT: char(n) that pads with spaces */
	bool cuts_spaces;   /* KIND_TEXT: char(n) that loses those at the end */
	bool fills;         /* KIND_BINARY: binary(n) that fills up with zeros */
	bool makes_numbers; /* SQLite: texts that look like numbers become numbers (affinity NUMERIC) */
	bool counts_bytes;  /* KIND_TEXT: length is one of bytes */
	bool bit_field;     /* KIND_INTEGER: BIT(n) of MariaDB, whose values are bytes to whoever reads them plainly */
	bool not_negative;  /* KIND_DECIMAL, KIND_REAL: unsigned */
	bool ranged;        /* integers, datetimes: minimum to maximum (microseconds) is all it takes */
	int64_t minimum, maximum;
	char *collation;    /* MariaDB: of texts; else NULL */
	bool not_null;
	bool has_default;   /* also identity and serial */
	bool generated;     /* computed: cannot be written */
	bool identity_always; /* writing needs OVERRIDING SYSTEM VALUE */
};

/* How the names of temporary tables of ours begin (stage.h). */
#define STAGE_PREFIX "penstock_stage_"

struct catalog_key {
	char *name;         /* of the index or constraint; may be empty */
	bool primary;
	bool partial;       /* partial, over expressions, deferred, or compared otherwise than byte by byte: a plain probe proves nothing */
	bool ordered;       /* although it is partial: its columns as a whole are unique and in order as the database compares them */
	bool inexact;       /* although it is not partial: values that are not the same may be equal (collations, citext), or nulls are */
	bool itself;        /* foreign keys: the table references itself */
	bool deferred;      /* foreign keys of SQLite: may be checked at the commit only, when no row can be blamed any more */
	char **columns;
	size_t count;
	char *parent;       /* foreign keys: the referenced table, "schema.name", else NULL */
	char **parent_columns; /* foreign keys: count names */
};

struct catalog {
	bool exists;
	char *table;        /* "schema.name" or "name" as it is addressed */
	bool unreadable;    /* PostgreSQL: this user may not SELECT from it */
	const char *refusal; /* why no row can be inserted ("is a view without an INSERT trigger"), else NULL; static text */
	const char *no_upsert; /* why no row can be upserted, else NULL; static text */
	char *immediate;    /* PostgreSQL: the statement that has constraints checked at once, in this transaction, that are otherwise checked
	                     * at its commit; NULL where there are none. Keys by which the table references itself stay as they are. */
	char *heirs;        /* PostgreSQL: tables, no partitions, that inherit from this one, "schema.name" with a line end behind each; NULL: none */
	bool has_rowid;     /* SQLite: rows are numbered, under the names rowid, _rowid_ and oid */
	uint64_t rows_hint; /* the database's estimate, 0 where it has none */
	struct catalog_column *columns;
	size_t column_count;
	struct catalog_key *unique;
	size_t unique_count;
	struct catalog_key *foreign;
	size_t foreign_count;
};

/* Whether there is a schema of this name. 1, 0, or -1 and error. */
int catalog_has_schema(struct session *session, const char *schema, struct error *error) MUST_CHECK;

/* Reads table ("schema.name" or "name"). Fills out, exists false where there is no such table. Free with catalog_fini. */
int catalog_read(struct session *session, const char *table, struct catalog *out, struct error *error) MUST_CHECK;
/* The same without what only a writer asks for, foreign keys and immediate: to look for keys. */
int catalog_read_keys(struct session *session, const char *table, struct catalog *out, struct error *error) MUST_CHECK;
void catalog_fini(struct catalog *catalog);

/* What catalog_read would find after CREATE TABLE of this schema, without names of constraints and without foreign keys. */
int catalog_plan(const struct dialect *dialect, const struct schema *schema, const char *table, struct catalog *out,
	struct error *error) MUST_CHECK;

/* The column of a name as the dialect compares names, or NULL. */
const struct catalog_column *catalog_find(const struct catalog *catalog, const struct dialect *dialect, const char *name);

/* The unique key over exactly these columns in any order that a probe may rely on, or NULL. */
const struct catalog_key *catalog_find_unique(const struct catalog *catalog, const struct dialect *dialect,
	const char *const *columns, size_t count);

/* The same, but that equal values are the same: rows may be matched by it. */
const struct catalog_key *catalog_find_exact(const struct catalog *catalog, const struct dialect *dialect,
	const char *const *columns, size_t count);

/* Whether there is a unique key over exactly these columns, of whatever kind. */
bool catalog_has_unique(const struct catalog *catalog, const struct dialect *dialect, const char *const *columns, size_t count);

/* The next of catalog->heirs into out, and *at behind it; *at NULL begins. False: there is none. */
bool catalog_next_heir(const struct catalog *catalog, const char **at, char out[NAME_MAX_BYTES]);

/* Names of tables to suggest instead of one that is missing: NULL at the end; free with catalog_free_names. */
int catalog_table_names(struct session *session, const char *table, char ***out, struct error *error) MUST_CHECK;
/* Of a table "a.b" that is not there: the one that is called so, dot and all, as it would be addressed; "" where there is none. */
int catalog_dotted(struct session *session, const char *table, char out[NAME_MAX_BYTES], struct error *error) MUST_CHECK;
/* Names of all tables of the schema that hold rows of their own: no views, no tables of the system or of penstock, no
 * partitions (their rows are those of the table they belong to). As above. */
int catalog_base_tables(struct session *session, const char *schema, char ***out, struct error *error) MUST_CHECK;
void catalog_free_names(char **names);

/* "text", "integer", ... for messages. */
const char *column_kind_name(enum column_kind kind);

/* For the dialects' own files: each adds one item, strings copied. Return NULL or -1 and error when out of memory. */
struct catalog_column *catalog_add_column(struct catalog *catalog, const char *name, const char *declared,
	struct error *error) MUST_CHECK;
struct catalog_key *catalog_add_key(struct catalog *catalog, bool foreign, const char *name, struct error *error) MUST_CHECK;
int catalog_key_add(struct catalog_key *key, const char *column, const char *parent_column, struct error *error) MUST_CHECK;

/* "name(12,2) rest" -> the word before the bracket, lower case, and up to two numbers (-1 where absent); rest is joined to the word. */
void catalog_split_type(const char *declared, char *word, size_t size, long numbers[2]);

#endif
