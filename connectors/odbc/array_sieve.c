/* array_sieve.c - MariaDB: writes the rows of a batch that the server takes and learns which it refuses.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/array_sieve.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"

enum {
	TOGETHER = 2,          /* rows of one VALUES: of a single one the server does not leave out what a CHECK refuses */
	ROW_TEXT = 16,         /* "16384 4025 " */
};

void array_sieve_init(struct array_sieve *sieve, const struct way_task *task)
{
	memset(sieve, 0, sizeof *sieve);
	sieve->task = task;
}

void array_sieve_close(struct array_sieve *sieve)
{
	bound_arrays_close(&sieve->arrays);
	free(sieve->text);
	memset(sieve, 0, sizeof *sieve);
}

/* A table of InnoDB without triggers for INSERT, which are seen by those alone who may make some. */
static int ask_table(const struct way_task *task, bool *plain, struct error *error)
{
	static const char sql[] =
		"WITH me (grantee, db, name) AS (SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), ''''), ?, ?)"
		" SELECT EXISTS (SELECT 1 FROM information_schema.tables t JOIN me ON t.table_schema = me.db AND t.table_name = me.name"
		" WHERE t.table_type = 'BASE TABLE' AND t.engine = 'InnoDB')"
		" AND (EXISTS (SELECT 1 FROM information_schema.user_privileges p JOIN me ON p.grantee = me.grantee WHERE p.privilege_type = 'TRIGGER')"
		" OR EXISTS (SELECT 1 FROM information_schema.schema_privileges p JOIN me ON p.grantee = me.grantee AND me.db LIKE p.table_schema"
		" WHERE p.privilege_type = 'TRIGGER')"
		" OR EXISTS (SELECT 1 FROM information_schema.table_privileges p JOIN me ON p.grantee = me.grantee AND me.db = p.table_schema"
		" AND me.name = p.table_name WHERE p.privilege_type = 'TRIGGER'))"
		" AND NOT EXISTS (SELECT 1 FROM information_schema.triggers g JOIN me ON g.event_object_schema = me.db AND"
		" g.event_object_table = me.name WHERE g.event_manipulation = 'INSERT')";
	struct session *session = task->session;
	char schema[NAME_MAX_BYTES];
	struct statement statement;
	const char *name;
	int64_t found = 0;
	bool null = true;
	int row = -1;

	dialect_split(task->catalog->table, schema, sizeof schema, &name);
	if (statement_open(&statement, session, "asking for triggers", sql, error))
		return -1;
	if (statement_bind_string(&statement, 1, schema[0] ? schema : session->default_schema, error) == 0 &&
	    statement_bind_string(&statement, 2, name, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	if (row > 0 && statement_integer(&statement, 1, &found, &null, error))
		row = -1;
	statement_close(&statement);
	*plain = row > 0 && !null && found == 1;
	return row < 0 ? -1 : 0;
}

/* A unique key that only the server can name: it compares otherwise than byte by byte, or has a column that the step does not write. */
static bool only_server_knows(const struct way_task *task, const struct catalog_key *key)
{
	for (size_t i = 0; i < key->count; i++)
		if (schema_find(task->schema, key->columns[i]) == SIZE_MAX)
			return true;
	return key->partial;
}

static int open_sieve(struct array_sieve *sieve, struct error *error)
{
	const struct way_task *task = sieve->task;
	bool plain = !task->upsert && !task->session->rows_uncounted;

	size_t unknown = 0;

	sieve->state = SIEVE_SHUT;
	/* Of two such keys the server names one or the other, by which rows are in when it is asked. */
	for (size_t i = 0; i < task->catalog->unique_count; i++)
		unknown += only_server_knows(task, &task->catalog->unique[i]);
	plain = plain && unknown < 2;
	for (size_t i = 0; i < task->catalog->foreign_count; i++)
		plain = plain && !task->catalog->foreign[i].itself;
	if (plain && ask_table(task, &plain, error))
		return -1;
	if (!plain)
		return 0;
	if (bound_arrays_open(&sieve->arrays, task, "INSERT IGNORE", TOGETHER, error))
		return -1;
	sieve->text = malloc(ROW_TEXT * (sieve->arrays.rows_max + 2));
	if (!sieve->text)
		return error_memory(error, "a writer");
	sieve->state = SIEVE_OPEN;
	return 0;
}

/* What the server says of the statement before: the rows it wrote, then number and code of each that it warns of. */
static int ask_outcome(struct array_sieve *sieve, struct error *error)
{
	static const char sql[] =
		"BEGIN NOT ATOMIC DECLARE conditions, written, place, code, at INT DEFAULT 0; DECLARE found LONGTEXT DEFAULT '';"
		" GET DIAGNOSTICS conditions = NUMBER, written = ROW_COUNT;"
		" WHILE at < conditions DO SET at = at + 1; GET DIAGNOSTICS CONDITION at place = ROW_NUMBER, code = MYSQL_ERRNO;"
		" SET found = CONCAT(found, ' ', place, ' ', code); END WHILE; SET @penstock_rows = CONCAT(written, found); END";
	struct session *session = sieve->task->session;

	if (session_execute(session, sql, error) ||
	    session_query_text(session, "SELECT @penstock_rows", sieve->text, ROW_TEXT * (sieve->arrays.rows_max + 2), error) < 0)
		return -1;
	return 0;
}

/* What a row was left out for, or 0 for what may have changed it. */
static uint8_t left_out_for(unsigned long code)
{
	switch (code) {
	case 1062:
	case 1586:
		return TROUBLE_UNIQUE;
	case 1216:
	case 1452:
		return TROUBLE_FOREIGN;
	case 4025:
		return TROUBLE_ROW;
	default:
		return 0;
	}
}

/* True where what the server said is that it left out these rows and wrote all others as they are. */
static bool read_outcome(const char *text, size_t count, uint8_t *refused)
{
	char *next;
	unsigned long written = strtoul(text, &next, 10);
	size_t left_out = 0;

	memset(refused, 0, count * sizeof *refused);
	if (next == text)
		return false;
	while (*next == ' ') {
		unsigned long place = strtoul(next, &next, 10), code = *next == ' ' ? strtoul(next, &next, 10) : 0;

		if (place < 1 || place > count || refused[place - 1] || !left_out_for(code))
			return false;
		refused[place - 1] = left_out_for(code);
		left_out++;
	}
	return *next == '\0' && written + left_out == count;
}

int array_sieve_run(struct array_sieve *sieve, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused,
	struct error *error)
{
	struct session *session = sieve->task->session;
	struct bound_arrays *arrays = &sieve->arrays;
	struct diagnosis diagnosis;
	int result;

	if (sieve->state == SIEVE_UNKNOWN && open_sieve(sieve, error))
		return -1;
	*count = sieve->state == SIEVE_OPEN ? bound_arrays_take(arrays, batch, rows, *count) : 0;
	if (*count == TOGETHER && bound_arrays_too_large(arrays, batch, rows))
		*count = 0;
	if (!*count)
		return 0;
	result = bound_arrays_execute(arrays, batch, rows, *count, &diagnosis, error);
	if (result) {
		sieve->state = SIEVE_SHUT;
		return result;
	}
	if (ask_outcome(sieve, error) == 0 && read_outcome(sieve->text, *count, refused))
		return 0;
	sieve->state = SIEVE_SHUT;
	/* A server that does not understand the question leaves the transaction as it was. */
	if (error_is_set(error) && !session->lost)
		error_clear(error);
	return error_is_set(error) ? -1 : 1;
}
