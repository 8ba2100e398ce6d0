/* array_proof.c - whether arrays of parameters arrive as they were bound.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/array_proof.h"
#include "connectors/odbc/dialect.h"
#include "engine/core/limits.h"
#include "engine/core/typed.h"

enum { SQL_MAX = 64 * 1024, ROWS = 6, COLUMNS = 10, LONG_BYTES = 9000 };

/* What is sent one after the other: the first so many rows each, so that a statement is used again for as many, for fewer and for more. */
static const size_t pieces[] = { ROWS, ROWS, 2, 1, ROWS, 3, 3 };

enum { PIECES = sizeof pieces / sizeof *pieces, SENT = 3 * ROWS + 2 + 1 + 3 + 3 };

#define PROOF STAGE_PREFIX "proof"
#define WANTED STAGE_PREFIX "wanted"

static const struct {
	const char *name;
	enum value_type type;
	const char *declared;
} columns[COLUMNS] = {
	{ "k", VALUE_INTEGER, "BIGINT NOT NULL PRIMARY KEY" }, { "n", VALUE_INTEGER, "BIGINT" }, { "d", VALUE_DOUBLE, "DOUBLE" }, { "p", VALUE_DECIMAL, "DECIMAL(38,10)" }, { "a", VALUE_DATE, "DATE" },
	{ "t", VALUE_TIME, "TIME(6)" }, { "m", VALUE_DATETIME, "DATETIME(6)" }, { "v", VALUE_STRING, "VARCHAR(40)" },
	{ "l", VALUE_STRING, "LONGTEXT" }, { "b", VALUE_BINARY, "LONGBLOB" },
};

/* As texts, bytes in hexadecimal; a running number comes before; NULL: null. The long ones are written as the character that they consist of. */
static const char *const rows[ROWS][COLUMNS] = {
	{ NULL, "-9223372036854775808", "0.1", "1234567890123456789012345678.0123456789", "0001-01-01", "00:00:00", "1969-12-31 23:59:59.999999", "", "x", "00" },
	{ NULL },
	{ NULL, "9223372036854775807", "-1.7976931348623157e308", "-0.0000000001", "9999-12-31", "23:59:59.999999", "9999-12-31 23:59:59.999999",
		"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80' \\ ", "*", "" },
	{ NULL, "0", "2.2250738585072014e-308", "0.0000000000", "2024-02-29", "12:34:56.5", "2021-11-07 02:48:42", " a ", "", "00ff00" },
	{ NULL, NULL, "0", NULL, "1970-01-01", NULL, "0001-01-01 00:00:00", "a", "\xc3\xa4", "deadbeef00" },
	{ NULL, "1", NULL, "1.5000000000", NULL, "00:00:00.000001", NULL, NULL, "x", "*" },
};

static bool is_long(const char *value)
{
	return value && strcmp(value, "*") == 0;
}

static int put_literal(size_t column, const char *value, struct buffer *sql, struct error *error)
{
	bool bytes = columns[column].type == VALUE_BINARY, plain = columns[column].type == VALUE_INTEGER || columns[column].type == VALUE_DOUBLE ||
		columns[column].type == VALUE_DECIMAL;

	if (!value)
		return buffer_puts(sql, "NULL", error);
	if (is_long(value))
		return buffer_printf(sql, error, "REPEAT(%s, %d)", bytes ? "x'41'" : "'A'", LONG_BYTES);
	if (bytes)
		return buffer_printf(sql, error, "x'%s'", value);
	if (plain)
		return buffer_puts(sql, value, error);
	if (buffer_puts(sql, "CONVERT(x'", error))
		return -1;
	for (const char *p = value; *p; p++)
		if (buffer_printf(sql, error, "%02x", (unsigned)(unsigned char)*p))
			return -1;
	return buffer_puts(sql, "' USING utf8mb4)", error);
}

/* The wanted rows, as SQL that binds nothing. */
static int put_literals(struct buffer *sql, struct error *error)
{
	if (buffer_puts(sql, "INSERT INTO " WANTED " (k, n, d, p, a, t, m, v, l, b) VALUES ", error))
		return -1;
	for (size_t piece = 0, number = 0; piece < PIECES; piece++)
		for (size_t row = 0; row < pieces[piece]; row++) {
			if (buffer_printf(sql, error, "%s%zu", number ? "), (" : "(", number) || ++number == 0)
				return -1;
			for (size_t i = 1; i < COLUMNS; i++)
				if (buffer_puts(sql, ", ", error) || put_literal(i, rows[row][i], sql, error))
					return -1;
		}
	return buffer_puts(sql, ")", error);
}

static int put_cell(struct batch *batch, uint32_t row, size_t column, const char *value, struct error *error)
{
	char longest[LONG_BYTES * 2];
	struct text text = { value, value ? strlen(value) : 0 };
	bool valid;

	if (!value) {
		batch->columns[column].cells[row] = CELL_NULL;
		return 0;
	}
	if (is_long(value)) {
		text = (struct text){ longest, columns[column].type == VALUE_BINARY ? 2 * LONG_BYTES : LONG_BYTES };
		for (size_t i = 0; i < text.length; i++)
			longest[i] = columns[column].type == VALUE_BINARY && i % 2 == 0 ? '4' : columns[column].type == VALUE_BINARY ? '1' : 'A';
	}
	if (columns[column].type == VALUE_STRING)
		return typed_bytes(batch, column, row, text, error);
	if (typed_read(batch, column, row, text, &valid, error))
		return -1;
	return valid ? 0 : error_set(error, ERROR_RESOURCE, NULL, "the proof of arrays has a value that is none: %s", value);
}

static struct schema *make_schema(struct error *error)
{
	struct schema *schema = schema_new(PROOF, error);

	for (size_t i = 0; schema && i < COLUMNS; i++) {
		struct field *field = schema_add_field(schema, columns[i].name, columns[i].type, error);

		if (!field) {
			schema_free(schema);
			return NULL;
		}
		if (columns[i].type == VALUE_DECIMAL) {
			field->precision = 38;
			field->scale = 10;
		}
	}
	return schema;
}

static int send(struct session *session, const struct schema *schema, const struct catalog *catalog, struct batch *batch,
	struct diagnosis *diagnosis, struct error *error)
{
	struct way_task task = { .session = session, .schema = schema, .catalog = catalog, .what = "trying arrays of parameters" };
	uint32_t places[SENT];
	struct way *way = NULL;
	size_t number = 0;
	int result = 0;

	for (size_t piece = 0; piece < PIECES; piece++)
		for (size_t row = 0; row < pieces[piece]; row++, number++) {
			places[number] = batch_add_row(batch);
			typed_integer(batch, 0, places[number], (int64_t)number);
			for (size_t i = 1; i < COLUMNS; i++)
				if (put_cell(batch, places[number], i, rows[row][i], error))
					return -1;
		}
	number = 0;
	if (way_array.open(&task, &way, error))
		return -1;
	for (size_t piece = 0; result == 0 && piece < PIECES; number += pieces[piece++])
		result = way_array.insert(way, batch, places + number, pieces[piece], diagnosis, error);
	way_array.close(way);
	return result;
}

static int make_tables(struct session *session, struct error *error)
{
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, SQL_MAX);
	if (buffer_puts(&sql, "CREATE TEMPORARY TABLE " PROOF " (", error))
		goto out;
	for (size_t i = 0; i < COLUMNS; i++)
		if (buffer_printf(&sql, error, "%s%s %s", i ? ", " : "", columns[i].name, columns[i].declared))
			goto out;
	if (buffer_printf(&sql, error, ")%s", session->dialect->table_tail) || session_execute(session, buffer_text(&sql), error) ||
	    session_execute(session, "CREATE TEMPORARY TABLE " WANTED " LIKE " PROOF, error))
		goto out;
	buffer_clear(&sql);
	if (put_literals(&sql, error) == 0)
		result = session_execute(session, buffer_text(&sql), error);
out:
	buffer_fini(&sql);
	return result;
}

/* How many of the wanted rows came. Texts that only look alike are told apart by their bytes. */
static int count_equal(struct session *session, int *out, struct error *error)
{
	static const char sql[] =
		"SELECT COUNT(*) FROM " WANTED " AS w JOIN " PROOF " AS p ON p.k = w.k WHERE p.n <=> w.n AND p.d <=> w.d AND p.p <=> w.p AND p.a <=> w.a"
		" AND p.t <=> w.t AND p.m <=> w.m AND CAST(p.v AS BINARY) <=> CAST(w.v AS BINARY)"
		" AND CAST(p.l AS BINARY) <=> CAST(w.l AS BINARY) AND p.b <=> w.b";
	char text[16];

	*out = -1;
	if (session_query_text(session, sql, text, sizeof text, error) < 0)
		return -1;
	*out = atoi(text);
	return 0;
}

/* 1 proved, 0 not, -1 and error. */
static int try_arrays(struct session *session, char why[WAY_WHY_MAX], struct error *error)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct schema *schema = make_schema(error);
	struct batch *batch = schema ? batch_new(schema, SENT, &limits, error) : NULL;
	struct diagnosis diagnosis = { .at = 0 };
	struct catalog catalog = { .table = NULL };
	int result = -1, equal = -1;

	if (batch && catalog_plan(session->dialect, schema, PROOF, &catalog, error) == 0 && make_tables(session, error) == 0)
		result = send(session, schema, &catalog, batch, &diagnosis, error);
	if (result > 0)
		snprintf(why, WAY_WHY_MAX, "the driver cannot send them: %.160s", diagnosis.words);
	else if (result == 0 && count_equal(session, &equal, error) == 0)
		snprintf(why, WAY_WHY_MAX, "of %d rows that were sent by arrays %d arrived as they were", (int)SENT, equal);
	catalog_fini(&catalog);
	if (batch)
		batch_free(batch);
	if (schema)
		schema_free(schema);
	return error_is_set(error) ? -1 : equal == SENT;
}

static void drop_tables(struct session *session)
{
	struct error ignored = ERROR_INIT;

	if (!session->lost && session_execute(session, "DROP TEMPORARY TABLE IF EXISTS " PROOF ", " WANTED, &ignored))
		error_clear(&ignored);
}

/* Whatever fails here leaves the session as it was. */
static void prove(struct session *session, char why[WAY_WHY_MAX])
{
	bool within = session->in_transaction;
	struct error error = ERROR_INIT;
	int result = -1;

	if ((within ? session_savepoint(session, &error) : session_begin(session, &error)) == 0)
		result = try_arrays(session, why, &error);
	if (result < 0)
		snprintf(why, WAY_WHY_MAX, "trying them failed: %.180s", error.message);
	error_clear(&error);
	if (!within)
		session_rollback(session);
	else if (!session->lost && session_rollback_to(session, &error))
		error_clear(&error);
	drop_tables(session);
	session->arrays = result == 1 ? ARRAYS_TRUE : ARRAYS_FALSE;
}

bool array_proved(struct session *session, char why[WAY_WHY_MAX])
{
	if (session->arrays == ARRAYS_UNKNOWN && !session->read_only)
		prove(session, why);
	else if (session->arrays == ARRAYS_FALSE)
		snprintf(why, WAY_WHY_MAX, "the driver did not bring them over as they were");
	return session->arrays != ARRAYS_FALSE;
}
