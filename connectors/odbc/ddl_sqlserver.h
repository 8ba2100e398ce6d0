/* ddl_sqlserver.h - a dictionary's tables as Transact-SQL.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A module of its own beside ddl.c: in SQL Server a unique key that may hold null is a filtered index, a column of a foreign key must have the
 * very length of the one it refers to, and what a key may hold is counted in bytes.
 */
#ifndef PENSTOCK_ODBC_DDL_SQLSERVER_H
#define PENSTOCK_ODBC_DDL_SQLSERVER_H

#include "engine/core/buffer.h"
#include "engine/core/schema.h"

/* Code points are compared, nothing else; every version and edition has it. */
#define SQLSERVER_COLLATION "Latin1_General_100_BIN2"

/* What filtered indexes need of a session; sqlcmd has QUOTED_IDENTIFIER off. */
#define SQLSERVER_SETTINGS \
	"SET NUMERIC_ROUNDABORT OFF;\n" \
	"SET ANSI_PADDING, ANSI_WARNINGS, CONCAT_NULL_YIELDS_NULL, ARITHABORT, QUOTED_IDENTIFIER, ANSI_NULLS ON;\n"

/* All tables, parents before children, with their keys; one batch, without GO. ERROR_CONFIG, naming table and field, for what SQL Server cannot
 * hold. */
int sqlserver_ddl(const struct schema *const *schemas, size_t count, struct buffer *out, struct error *error) MUST_CHECK;

#endif
