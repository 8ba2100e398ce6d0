/* check.c - for `penstock check`: what a connection can do, and which way rows will go.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/check.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"
#include "connectors/odbc/way.h"

enum { ANSWER_MAX = 512 };

static int put_info(struct session *session, SQLUSMALLINT what, const char *before, struct buffer *out, struct error *error)
{
	char text[ANSWER_MAX] = "";
	SQLSMALLINT length = 0;

	if (!SQL_SUCCEEDED(SQLGetInfo(session->connection, what, text, sizeof text, &length)))
		snprintf(text, sizeof text, "unknown");
	return buffer_printf(out, error, "%s%s", before, text);
}

/* One character of each length that UTF-8 has, and an apostrophe. */
static const char UTF8_SAMPLE[] = "a'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";

static int utf8_survives(struct session *session, bool *survives, struct error *error)
{
	struct statement statement;
	struct text text;
	int row = -1;

	if (statement_open(&statement, session, "sending a text and reading it back", session->dialect->echo_sql, error))
		return -1;
	if (statement_bind_string(&statement, 1, UTF8_SAMPLE, error) == 0 &&
	    statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	*survives = row == 1 && statement_text(&statement, 1, &text, error) == 0 && text.data &&
		strcmp(text.data, UTF8_SAMPLE) == 0;
	statement_close(&statement);
	return row == 1 && !error_is_set(error) ? 0 : -1;
}

static int put_settings(struct session *session, struct buffer *out, struct error *error)
{
	for (const struct dialect_setting *setting = session->dialect->settings; setting->name; setting++) {
		char value[ANSWER_MAX];
		const char *word = value;

		if (session_query_text(session, setting->sql, value, sizeof value, error) < 0)
			return -1;
		for (size_t i = 0; setting->words && setting->words[i]; i++)
			if (value[0] == (char)('0' + i) && !value[1])
				word = setting->words[i];
		if (buffer_printf(out, error, "%s: %s\n", setting->name, word))
			return -1;
	}
	return 0;
}

static int put_ways(struct session *session, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, "ways of rows (bulk:), auto takes the first that fits the table:\n", error))
		return -1;
	for (size_t i = 0; session->dialect->ways[i]; i++) {
		const struct way_ops *way = session->dialect->ways[i];
		char why[WAY_WHY_MAX] = "";
		bool usable = !way->usable || way->usable(session, why);

		if (buffer_printf(out, error, "  %-8s %s%s%s\n", way->name, way->help, usable ? "" : "; not here: ", why))
			return -1;
	}
	return 0;
}

/* Which way rows come, where there is a choice. */
static int put_readings(struct session *session, struct buffer *out, struct error *error)
{
	char why[PQ_WHY_MAX] = "";

	if (!session->dialect->copies_out)
		return 0;
	pq_usable(session, why);
	return buffer_printf(out, error,
		"ways to read rows (read:), auto takes the first that is possible:\n"
		"  %-8s binary COPY over the driver's connection%s%s\n  %-8s pages and cursors, as from any driver\n",
		"copy", why[0] ? "; not here: " : "", why, "fetch");
}

static int put_session(struct session *session, struct buffer *out, struct error *error)
{
	SQLUSMALLINT transactions = SQL_TC_NONE;
	bool survives;

	if (put_info(session, SQL_DBMS_NAME, "database system: ", out, error) ||
	    put_info(session, SQL_DBMS_VER, " ", out, error) || put_info(session, SQL_DRIVER_NAME, "\ndriver: ", out, error) ||
	    put_info(session, SQL_DRIVER_VER, " ", out, error) || put_info(session, SQL_DM_VER, "\ndriver manager: ", out, error) ||
	    buffer_printf(out, error, "\ndialect: %s\ndatabase: %s\nschema: %s\n", session->dialect->name, session->database,
		    session->default_schema))
		return -1;
	if (!SQL_SUCCEEDED(SQLGetInfo(session->connection, SQL_TXN_CAPABLE, &transactions, sizeof transactions, NULL)))
		transactions = SQL_TC_NONE;
	if (buffer_printf(out, error, "transactions: %s\n", transactions == SQL_TC_NONE ? "none" : "yes, with savepoints") ||
	    utf8_survives(session, &survives, error) ||
	    buffer_printf(out, error, "utf-8: %s\n", survives ? "comes back as it was sent" : "CHANGES ON THE WAY") ||
	    buffer_printf(out, error, "parameters in one statement: %u\n", session->dialect->parameters_max) ||
	    put_settings(session, out, error))
		return -1;
	return put_ways(session, out, error) || put_readings(session, out, error) ? -1 : 0;
}

int odbc_check(const struct store_target *target, struct buffer *out, struct error *error)
{
	struct session session;
	int result;

	if (session_open(&session, target, error))
		return -1;
	if (session.absent)
		result = buffer_printf(out, error, "database: %s does not exist yet; a run creates it\ndialect: %s\n",
			session.database, session.dialect->name);
	else
		result = put_session(&session, out, error);
	session_close(&session);
	return result;
}
