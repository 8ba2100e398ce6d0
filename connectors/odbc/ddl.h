/* ddl.h - CREATE TABLE from a dictionary's schema: for a sink that creates its table, and for `penstock schema ddl`.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_DDL_H
#define PENSTOCK_ODBC_DDL_H

#include "engine/core/buffer.h"
#include "engine/core/option.h"
#include "engine/core/schema.h"

struct dialect;

/* The target table of a resource: what tables says, else the resource's own name in the schema of default_table (NULL: none).
 * Appended to out. */
int ddl_target(const struct option_map *tables, const char *default_table, const char *resource, struct buffer *out,
	struct error *error) MUST_CHECK;

/* Appends "CREATE TABLE ..." without a semicolon: columns, NOT NULL, primary, unique and foreign keys. tables may be NULL. */
int ddl_table(const struct dialect *dialect, const struct schema *schema, const char *table,
	const struct option_map *tables, struct buffer *out, struct error *error) MUST_CHECK;

/* The same in two parts: the table without its keys, and "ALTER TABLE ..." that adds them, which gives the same table; empty where it has
 * none. */
int ddl_table_without_keys(const struct dialect *dialect, const struct schema *schema, const char *table, struct buffer *out,
	struct error *error) MUST_CHECK;
int ddl_keys(const struct dialect *dialect, const struct schema *schema, const char *table, const struct option_map *tables,
	struct buffer *out, struct error *error) MUST_CHECK;

/* A whole dictionary, parents before children, as SQL that runs as it stands in the shell of the database. dialect as in
 * `--dialect`; ERROR_CONFIG for one that is not known, or for a type that it cannot hold. */
int odbc_ddl(const char *dialect, const struct schema *const *schemas, size_t count, struct buffer *out,
	struct error *error) MUST_CHECK;

/* The penstock_* tables in schema (NULL: the shell's default), in the same way. */
int odbc_state_ddl(const char *dialect, const char *schema, struct buffer *out, struct error *error) MUST_CHECK;

#endif
