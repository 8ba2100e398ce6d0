/* dialect_sqlserver.c - SQL Server, of which only the DDL is known: `penstock schema ddl` prints it, no session is opened.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Transact-SQL of SQL Server 2016 and later, from Microsoft's documentation.
 */
#include "connectors/odbc/ddl_sqlserver.h"
#include "connectors/odbc/dialect.h"

static const char *state_type(enum state_type type)
{
	switch (type) {
	case STATE_INTEGER:
		return "bigint";
	case STATE_TIME:
		return "datetime2(6)";
	case STATE_NAME:
		/* Four of them and a number are what an index can hold. */
		return "nvarchar(200) COLLATE " SQLSERVER_COLLATION;
	default:
		return "nvarchar(max) COLLATE " SQLSERVER_COLLATION;
	}
}

const struct dialect dialect_sqlserver = {
	.name = "sqlserver",
	.dbms_name = "Microsoft SQL Server",
	.driver_words = { "msodbcsql", "tdsodbc", "freetds", "sql server", NULL },
	.ddl_only = true,
	.ddl = sqlserver_ddl,
	.script_head = SQLSERVER_SETTINGS,
	.quote = '[',
	.quote_end = ']',
	.state_type = state_type,
	.time_parameter = "?",
};
