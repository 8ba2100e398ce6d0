/* visible.c - tables of which a user sees only some rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/visible.h"

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

/* 1 where policies apply to this user, 0, -1 and error. */
static int policies_apply(struct session *session, const char *quoted, struct error *error)
{
	struct statement statement;
	int64_t active = 0;
	int row = -1;

	if (statement_open(&statement, session, "looking for row level security",
		    "SELECT CASE WHEN pg_catalog.row_security_active(pg_catalog.to_regclass(?)) THEN 1 ELSE 0 END", error))
		return -1;
	if (statement_bind_string(&statement, 1, quoted, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	if (row == 1 && statement_integer(&statement, 1, &active, NULL, error))
		row = -1;
	statement_close(&statement);
	return row < 0 ? -1 : active == 1;
}

int visible_need_all(struct session *session, const char *table, const char *doing, struct error *error)
{
	struct buffer quoted;
	int hidden = 0;

	if (!session->dialect->row_policies)
		return 0;
	buffer_init(&quoted, 4096);
	if (dialect_quote_table(session->dialect, &quoted, table, error))
		hidden = -1;
	if (hidden == 0)
		hidden = policies_apply(session, buffer_text(&quoted), error);
	buffer_fini(&quoted);
	if (hidden <= 0)
		return hidden;
	return error_set(error, ERROR_CONFIG, session->place,
		"table %s cannot be %s: row level security may hide rows of it from this user; connect as its owner or as a role with BYPASSRLS",
		table, doing);
}
