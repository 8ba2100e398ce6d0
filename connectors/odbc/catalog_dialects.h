/* catalog_dialects.h - the catalog hooks of each dialect, for their const structs alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_CATALOG_DIALECTS_H
#define PENSTOCK_ODBC_CATALOG_DIALECTS_H

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/dialect.h"

int sqlite_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error) MUST_CHECK;
int sqlite_column_type(struct catalog_column *column, struct error *error) MUST_CHECK;

int postgresql_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error) MUST_CHECK;
int postgresql_column_type(struct catalog_column *column, struct error *error) MUST_CHECK;

int mariadb_catalog(struct session *session, const char *schema, const char *name, enum catalog_parts parts, struct catalog *out,
	struct error *error) MUST_CHECK;
int mariadb_column_type(struct catalog_column *column, struct error *error) MUST_CHECK;

#endif
