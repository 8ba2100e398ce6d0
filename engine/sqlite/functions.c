/* functions.c - the functions of a transform, and those of dates without a clock.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sqlite/functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sqlite/rows.h"

#ifndef SQLITE_RESULT_SUBTYPE /* 3.45 wants to be told */
#define SQLITE_RESULT_SUBTYPE 0
#endif

const char *const functions_allowed[] = {"abs", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "if", "ifnull", "iif",
	"instr", "length", "like", "likelihood", "likely", "lower", "ltrim", "max", "min", "nullif", "octet_length", "printf", "quote", "replace",
	"round", "rtrim", "sign", "substr", "substring", "trim", "typeof", "unhex", "unicode", "unlikely", "upper", "zeroblob",
	/* dates, by our own below */
	"date", "time", "datetime", "julianday", "unixepoch", "strftime",
	/* JSON */
	"json", "json_array", "json_array_length", "json_error_position", "json_extract", "json_insert", "json_object", "json_patch", "json_pretty",
	"json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid", "->", "->>",
	/* mathematics */
	"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "ceiling", "cos", "cosh", "degrees", "exp", "floor", "ln", "log", "log10",
	"log2", "mod", "pi", "pow", "power", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc", NULL};

const char *functions_refusal(const char *name)
{
	static const struct {
		const char *name, *why;
	} known[] = {
		{"random", "gives something else each time, so that a load could not be gone on with or tried again"},
		{"randomblob", "gives something else each time, so that a load could not be gone on with or tried again"},
		{"current_timestamp", "is another one in each run; ${run.started} is when the run began"},
		{"current_date", "is another one in each run; ${run.started:%F} is when the run began"},
		{"current_time", "is another one in each run; ${run.started} is when the run began"},
		{"count", "looks at several records, and a transform sees one at a time"},
		{"sum", "looks at several records, and a transform sees one at a time"},
		{"total", "looks at several records, and a transform sees one at a time"},
		{"avg", "looks at several records, and a transform sees one at a time"},
		{"group_concat", "looks at several records, and a transform sees one at a time"},
		{"string_agg", "looks at several records, and a transform sees one at a time"},
		{"row_number", "looks at several records, and a transform sees one at a time"},
		{"rank", "looks at several records, and a transform sees one at a time"},
		{"dense_rank", "looks at several records, and a transform sees one at a time"},
		{"lag", "looks at several records, and a transform sees one at a time"},
		{"lead", "looks at several records, and a transform sees one at a time"},
		{"first_value", "looks at several records, and a transform sees one at a time"},
		{"last_value", "looks at several records, and a transform sees one at a time"},
	};

	for (size_t i = 0; functions_allowed[i]; i++)
		if (sqlite3_stricmp(functions_allowed[i], name) == 0)
			return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (sqlite3_stricmp(known[i].name, name) == 0)
			return known[i].why;
	return "is none of the functions that a transform may call";
}

/* --- dates -------------------------------------------------------------------------------------- */

enum { DATES = 6, ARGUMENTS_MAX = 8 };

struct date_function {
	struct dates *dates;
	const char *name;
	int first;                             /* argument that is the time; those behind it modify it */
	bool canonical;                        /* its text is that of a value */
	sqlite3_stmt *calls[ARGUMENTS_MAX + 1]; /* by the number of arguments; prepared when first called so */
};

struct dates {
	sqlite3 *db;
	bool refused;
	struct date_function functions[DATES];
};

static bool is(sqlite3_value *value, const char *word)
{
	return sqlite3_value_type(value) == SQLITE_TEXT && sqlite3_stricmp((const char *)sqlite3_value_text(value), word) == 0;
}

/* Words that stand for something of this machine, be they in the statement or in a record. */
static bool refuse(const struct date_function *function, sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *why = NULL;

	if (count <= function->first || is(values[function->first], "now") || is(values[function->first], "subsec") ||
		is(values[function->first], "subsecond"))
		why = "asks for the time of day, which is another one in each run; ${run.started} is when the run began";
	for (int i = function->first + 1; i < count && !why; i++)
		if (is(values[i], "localtime") || is(values[i], "utc"))
			why = "asks for the time zone of the machine; write the offset, such as '+02:00'";
	if (count > ARGUMENTS_MAX)
		why = "has too many arguments";
	if (why) {
		char text[192];

		snprintf(text, sizeof text, "%s() %s", function->name, why);
		sqlite3_result_error(context, text, -1);
		function->dates->refused = true;
	}
	return why != NULL;
}

static int prepare(struct date_function *function, int count)
{
	char sql[64];
	int at = snprintf(sql, sizeof sql, "SELECT %s(", function->name);

	for (int i = 0; i < count; i++)
		at += snprintf(sql + at, sizeof sql - (size_t)at, i ? ",?" : "?");
	snprintf(sql + at, sizeof sql - (size_t)at, ")");
	return sqlite3_prepare_v3(function->dates->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &function->calls[count], NULL);
}

static void call(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct date_function *function = sqlite3_user_data(context);
	sqlite3_stmt *statement;

	if (refuse(function, context, count, values))
		return;
	if (!function->calls[count] && prepare(function, count) != SQLITE_OK) {
		sqlite3_result_error(context, sqlite3_errmsg(function->dates->db), -1);
		return;
	}
	statement = function->calls[count];
	for (int i = 0; i < count; i++)
		if (sqlite3_bind_value(statement, i + 1, values[i]) != SQLITE_OK)
			sqlite3_result_error_nomem(context);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		bool text = sqlite3_column_type(statement, 0) == SQLITE_TEXT;

		sqlite3_result_value(context, sqlite3_column_value(statement, 0));
		if (text && function->canonical)
			sqlite3_result_subtype(context, ROWS_CANONICAL);
	} else {
		sqlite3_result_error(context, sqlite3_errmsg(function->dates->db), -1);
	}
	sqlite3_reset(statement);
}

struct dates *dates_add(sqlite3 *db, struct error *error)
{
	static const struct {
		const char *name;
		int first;
		bool canonical;
	} functions[DATES] = {{"date", 0, true}, {"time", 0, true}, {"datetime", 0, true}, {"julianday", 0, false}, {"unixepoch", 0, false},
		{"strftime", 1, false}};
	struct dates *dates = calloc(1, sizeof *dates);
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_RESULT_SUBTYPE;
	int code = dates ? sqlite3_open_v2(":memory:", &dates->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) : SQLITE_NOMEM;

	for (size_t i = 0; i < DATES && code == SQLITE_OK; i++) {
		struct date_function *function = &dates->functions[i];

		*function = (struct date_function){.dates = dates, .name = functions[i].name, .first = functions[i].first,
			.canonical = functions[i].canonical};
		code = sqlite3_create_function_v2(db, function->name, -1, flags, function, call, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK)
		return dates;
	dates_free(dates);
	error_memory(error, "the functions of a transform");
	return NULL;
}

bool dates_refused(const struct dates *dates)
{
	return dates->refused;
}

void dates_free(struct dates *dates)
{
	if (!dates)
		return;
	for (size_t i = 0; i < DATES; i++)
		for (size_t k = 0; k <= ARGUMENTS_MAX; k++)
			sqlite3_finalize(dates->functions[i].calls[k]);
	sqlite3_close(dates->db);
	free(dates);
}
