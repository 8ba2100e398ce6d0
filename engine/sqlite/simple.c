/* simple.c - one scan over one table, and nothing else.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sqlite/simple.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/diagnostics.h"
#include "engine/sqlite/functions.h"

/* --- what it may name --------------------------------------------------------------------------- */

static bool has_column(const struct schema *source, const char *name)
{
	for (size_t i = 0; i < source->field_count; i++)
		if (sqlite3_stricmp(source->fields[i].name, name) == 0)
			return true;
	return false;
}

static int deny(struct simple *simple, const char *what, const char *name, const char *why)
{
	if (!simple->refused[0])
		snprintf(simple->refused, sizeof simple->refused, "%.64s%.64s%.120s", what, name, why);
	return SQLITE_DENY;
}

static int on_read(struct simple *simple, const char *table, const char *column)
{
	if (!table || sqlite3_stricmp(table, SIMPLE_TABLE) != 0)
		return deny(simple, "the only table of a transform is " SIMPLE_TABLE ", not ", table ? table : "another", "");
	if (column && sqlite3_stricmp(column, "ROWID") == 0 && !has_column(simple->source, column))
		return deny(simple, "", "rowid", " is no number of the record: it depends on where a batch begins");
	return SQLITE_OK;
}

static int on_function(struct simple *simple, const char *name)
{
	const char *why = functions_refusal(name ? name : "");

	return why ? deny(simple, name ? name : "a function", "() ", why) : SQLITE_OK;
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database, const char *trigger)
{
	struct simple *simple = arg;

	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
		return ++simple->selects == 1 ? SQLITE_OK :
			deny(simple, "", "a transform", " is one SELECT over batch: it cannot hold another one, nor WITH, UNION, INTERSECT or EXCEPT");
	case SQLITE_READ:
		return on_read(simple, first, second);
	case SQLITE_FUNCTION:
		return on_function(simple, second);
	default:
		return deny(simple, "", "a transform", " is a SELECT; it can neither change anything nor open anything");
	}
}

void simple_guard(struct simple *simple, sqlite3 *db, const struct schema *source)
{
	*simple = (struct simple){.db = db, .source = source};
	sqlite3_set_authorizer(db, authorize, simple);
}

/* --- what SQLite says of a statement that it does not take --------------------------------------- */

/* The word behind a beginning of SQLite's message; NULL: it begins otherwise. */
static const char *behind(const char *message, const char *beginning)
{
	return strncmp(message, beginning, strlen(beginning)) == 0 ? message + strlen(beginning) : NULL;
}

static int unknown_column(const struct simple *simple, const char *name, struct error *error)
{
	const char **names = calloc(simple->source->field_count + 1, sizeof *names);
	const char *dot = strrchr(name, '.'), *near;

	if (!names)
		return error_memory(error, "the columns of a transform");
	for (size_t i = 0; i < simple->source->field_count; i++)
		names[i] = simple->source->fields[i].name;
	near = suggest(dot ? dot + 1 : name, names);
	if (near && strcmp(near, dot ? dot + 1 : name) == 0)
		near = NULL; /* of another table */
	error_set(error, ERROR_CONFIG, NULL, "batch has no column \"%.128s\"%s%s%s", name, near ? " (did you mean \"" : "", near ? near : "",
		near ? "\"?)" : "; a text stands in single quotes, and a column that is no field of the table must be named in the transform's columns");
	free(names);
	return -1;
}

static int explain(const struct simple *simple, struct error *error)
{
	const char *message = sqlite3_errmsg(simple->db), *name, *near;

	if (sqlite3_errcode(simple->db) == SQLITE_NOMEM)
		return error_memory(error, "a transform");
	if (simple->refused[0])
		return error_set(error, ERROR_CONFIG, NULL, "%s", simple->refused);
	if ((name = behind(message, "no such column: ")))
		return unknown_column(simple, name, error);
	if ((name = behind(message, "no such table: ")))
		return error_set(error, ERROR_CONFIG, NULL, "there is no table \"%.128s\" here; the records of the source are the table " SIMPLE_TABLE, name);
	if ((name = behind(message, "no such function: "))) {
		near = suggest(name, functions_allowed);
		return error_set(error, ERROR_CONFIG, NULL, "there is no function \"%.128s\"%s%s%s", name, near ? " (did you mean \"" : "",
			near ? near : "", near ? "\"?)" : "");
	}
	return error_set(error, ERROR_CONFIG, NULL, "%.512s", message);
}

/* --- the program that was compiled -------------------------------------------------------------- */

/* Steps that work within one row, or go from one row to the next. OpenEphemeral and those around it hold the list of an IN; where they would gather
 * rows, the plan says so. */
static const char *const harmless[] = {"Add", "AddImm", "Affinity", "And", "BeginSubrtn", "BitAnd", "BitNot", "BitOr", "Blob", "Cast", "Close", "CollSeq",
	"Compare", "Concat", "Copy", "Divide", "ElseEq", "Eq", "Explain", "Expire", "Found", "Function", "Ge", "Gosub", "Goto", "Gt", "Halt", "HaltIfNull",
	"IdxInsert", "If", "IfNot", "IfNullRow", "Init", "Int64", "Integer", "IntCopy", "IsNull", "IsTrue", "IsType", "Jump", "Last", "Le", "Lt", "MakeRecord",
	"Move", "Multiply", "MustBeInt", "Ne", "Next", "Noop", "Not", "NotFound", "NotNull", "Null", "NullRow", "Once", "OpenEphemeral", "Or",
	"Permutation", "PureFunc", "Real", "RealAffinity", "Remainder", "ResultRow", "Return", "Rewind", "Rowid", "SCopy", "ShiftLeft", "ShiftRight",
	"SoftNull", "String", "String8", "Subtract", "Trace", "Transaction", "Variable", "VColumn", "VFilter", "VNext", "VOpen", "Column", "ClrSubtype",
	"GetSubtype", "SetSubtype", "ZeroOrNull", "NullRow", "TypeCheck", "FilterAdd", "Filter", NULL};

static const struct {
	const char *step, *means;
} several[] = {
	{"AggStep", "a function over several records (min() and max() of one value are such, too)"},
	{"AggFinal", "a function over several records"},
	{"AggValue", "a window over several records"},
	{"AggInverse", "a window over several records"},
	{"DecrJumpZero", "LIMIT"},
	{"IfPos", "OFFSET"},
	{"OffsetLimit", "LIMIT"},
};

static bool is_listed(const char *const *list, const char *word)
{
	for (size_t i = 0; list[i]; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static int look_at_step(const char *step, int counts[3], struct error *error)
{
	static const char *const once[3] = {"VOpen", "VFilter", "ResultRow"};

	for (int i = 0; i < 3; i++)
		if (strcmp(step, once[i]) == 0)
			counts[i]++;
	if (is_listed(harmless, step))
		return 0;
	for (size_t i = 0; i < sizeof several / sizeof *several; i++)
		if (strncmp(step, several[i].step, strlen(several[i].step)) == 0)
			return error_set(error, ERROR_CONFIG, NULL, "a transform sees one record at a time, and this one has %s", several[i].means);
	return error_set(error, ERROR_CONFIG, NULL, "a transform sees one record at a time, and this one does more than that (SQLite: %s)", step);
}

static int look_at_plan(const char *words, int line, struct error *error)
{
	static const char *const clauses[] = {"DISTINCT", "GROUP BY", "ORDER BY"};

	bool reads = strncmp(words, "SCAN ", 5) == 0 || strncmp(words, "SEARCH ", 7) == 0;

	if (line == 0 && reads)
		return 0;
	if (reads)
		return error_set(error, ERROR_CONFIG, NULL, "a transform sees one record at a time, and this one joins");
	for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++)
		if (strstr(words, clauses[i]))
			return error_set(error, ERROR_CONFIG, NULL, "a transform sees one record at a time, and this one has %s", clauses[i]);
	return error_set(error, ERROR_CONFIG, NULL, "a transform sees one record at a time, and this one does more than that (SQLite: %s)", words);
}

/* Each line of EXPLAIN or EXPLAIN QUERY PLAN. */
static int look(struct simple *simple, bool plan, const char *sql, int counts[3], struct error *error)
{
	char *text = sqlite3_mprintf("EXPLAIN %s%s", plan ? "QUERY PLAN " : "", sql);
	sqlite3_stmt *statement = NULL;
	int result = text ? 0 : error_memory(error, "a transform"), code = SQLITE_ROW, line = 0;

	simple->selects = 0;
	if (result == 0 && sqlite3_prepare_v2(simple->db, text, -1, &statement, NULL) != SQLITE_OK)
		result = explain(simple, error);
	while (result == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *word = (const char *)sqlite3_column_text(statement, plan ? 3 : 1);

		result = !word ? error_memory(error, "a transform") :
			plan ? look_at_plan(word, line++, error) : look_at_step(word, counts, error);
	}
	if (result == 0 && code != SQLITE_DONE)
		result = explain(simple, error);
	sqlite3_finalize(statement);
	sqlite3_free(text);
	return result;
}

/* Nothing but blanks, semicolons and comments. */
static bool is_idle(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n\f;");
		if (strncmp(text, "--", 2) == 0) {
			text += strcspn(text, "\n");
		} else if (strncmp(text, "/*", 2) == 0) {
			const char *end = strstr(text + 2, "*/");

			if (!end)
				return true;
			text = end + 2;
		} else {
			return !*text;
		}
	}
}

static int check(struct simple *simple, sqlite3_stmt *statement, const char *sql, const char *tail, struct error *error)
{
	int counts[3] = {0};

	if (!statement || sqlite3_column_count(statement) == 0)
		return error_set(error, ERROR_CONFIG, NULL, "a transform is a SELECT over batch");
	if (!is_idle(tail))
		return error_set(error, ERROR_CONFIG, NULL, "a transform is one statement, and this one goes on behind its end: \"%.40s\"", tail);
	if (sqlite3_stmt_isexplain(statement) || !sqlite3_stmt_readonly(statement))
		return error_set(error, ERROR_CONFIG, NULL, "a transform is a SELECT over batch");
	if (look(simple, true, sql, counts, error) < 0 || look(simple, false, sql, counts, error) < 0)
		return -1;
	if (counts[0] != 1 || counts[1] != 1 || counts[2] != 1)
		return error_set(error, ERROR_CONFIG, NULL, "a transform reads batch, once: SELECT ... FROM batch");
	return 0;
}

sqlite3_stmt *simple_prepare(struct simple *simple, const char *sql, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	const char *tail = "";

	simple->selects = 0;
	simple->refused[0] = '\0';
	if (sqlite3_prepare_v3(simple->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, &tail) != SQLITE_OK) {
		explain(simple, error);
		return NULL;
	}
	if (check(simple, statement, sql, tail, error) == 0)
		return statement;
	sqlite3_finalize(statement);
	return NULL;
}
