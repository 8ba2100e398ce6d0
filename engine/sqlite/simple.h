/* simple.h - whether a statement of SQLite works record by record, each by itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three guards, of which each would do for most statements: what it may name is decided while SQLite compiles it (one SELECT, one table, functions
 * that always give the same); the program that SQLite compiled may hold nothing but one scan and what is worked out of one row; and SQLite's own words for
 * its plan are those of one scan, without a place where rows are gathered. A program of another version of SQLite that has a step unknown here is
 * refused.
 */
#ifndef PENSTOCK_SQLITE_SIMPLE_H
#define PENSTOCK_SQLITE_SIMPLE_H

#include <sqlite3.h>

#include "engine/core/error.h"
#include "engine/core/schema.h"

#define SIMPLE_TABLE "batch"

struct simple {
	sqlite3 *db;
	const struct schema *source; /* columns of the table, for what is meant by a name */
	int selects;                 /* while a statement is being compiled */
	char refused[256];           /* the first thing that it may not do; empty: none */
};

/* Guards what is compiled on the connection from here on; simple outlives it. */
void simple_guard(struct simple *simple, sqlite3 *db, const struct schema *source);

/* The one statement in sql, compiled and found simple. NULL and ERROR_CONFIG without a place, or ERROR_RESOURCE. */
sqlite3_stmt *simple_prepare(struct simple *simple, const char *sql, struct error *error) MUST_CHECK;

#endif
