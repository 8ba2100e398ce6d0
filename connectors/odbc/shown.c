/* shown.c - the batch that is being written, as a table that SQLite reads in this process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <sqlite3.h>

#include "connectors/odbc/carry.h"
#include "connectors/odbc/shown.h"

enum { CANCEL_ROWS = 1024 };

/* The library's own limit is never above the last one. */
static const struct {
	const char *name;
	int columns;
} sizes[SHOWN_NAMES] = { { "penstock_batch_16", 16 }, { "penstock_batch_128", 128 }, { "penstock_batch", 32767 } };

/* Which session the connection belongs to that this thread is opening. */
static _Thread_local struct shown *connecting;

struct table {
	sqlite3_vtab base;
	struct shown *shown;
};

/* What is read again and again of it stands here. */
struct cursor {
	sqlite3_vtab_cursor base;
	struct shown *shown;
	const struct batch *batch;
	const enum shown_kind *kinds;
	const uint32_t *rows;
	const size_t *of;
	size_t at, count, columns;
};

static int connect_table(sqlite3 *db, void *data, int count, const char *const *arguments, sqlite3_vtab **out, char **message)
{
	const struct shown_name *name = data;
	struct table *table;
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int code;

	(void)count;
	(void)arguments;
	(void)message;
	*out = NULL;
	for (int i = 0; i < name->columns; i++)
		sqlite3_str_appendf(sql, "%sc%d", i ? "," : "CREATE TABLE batch(", i);
	sqlite3_str_appendall(sql, ")");
	text = sqlite3_str_finish(sql);
	if (!text)
		return SQLITE_NOMEM;
	code = sqlite3_declare_vtab(db, text);
	sqlite3_free(text);
	/* Not from within triggers and views. */
	if (code == SQLITE_OK)
		code = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	if (code != SQLITE_OK)
		return code;
	table = sqlite3_malloc64(sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct table){ .shown = name->shown };
	*out = &table->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);

	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct cursor){ .shown = ((struct table *)table)->shown };
	*out = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	sqlite3_free(cursor);
	return SQLITE_OK;
}

static int refuse(sqlite3_vtab_cursor *cursor, const char *words)
{
	sqlite3_free(cursor->pVtab->zErrMsg);
	cursor->pVtab->zErrMsg = sqlite3_mprintf("%s", words);
	return SQLITE_ERROR;
}

/* Each step of the cursor: so that a long statement can be ended, and others know how far it came. */
static int stand(struct cursor *cursor, size_t at)
{
	struct shown *shown = cursor->shown;

	cursor->at = shown->at = at;
	if (at % CANCEL_ROWS || !cancel_requested(shown->cancel))
		return SQLITE_OK;
	shown->cancelled = true;
	return SQLITE_INTERRUPT;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *name, int count, sqlite3_value **values)
{
	struct cursor *cursor = (struct cursor *)base;
	struct shown *shown = cursor->shown;

	(void)number;
	(void)name;
	(void)count;
	(void)values;
	if (!shown->batch)
		return refuse(base, "this table is for penstock alone");
	if (shown->begun)
		return refuse(base, "a batch can be read once");
	shown->begun = true;
	cursor->batch = shown->batch;
	cursor->of = shown->columns;
	cursor->columns = shown->column_count;
	cursor->kinds = shown->kinds;
	cursor->rows = shown->rows;
	cursor->count = shown->count;
	return stand(cursor, 0);
}

static int next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;

	return stand(cursor, cursor->at + 1);
}

static int at_end(sqlite3_vtab_cursor *base)
{
	const struct cursor *cursor = (const struct cursor *)base;

	return cursor->at >= cursor->count;
}

/* The bytes of spans stay where they are until the statement is done; what is formatted here is copied. */
static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
	const struct cursor *cursor = (const struct cursor *)base;
	const struct column *from;
	char text[VALUE_TEXT_MAX];
	struct span span;
	uint32_t row;

	if ((size_t)number >= cursor->columns)
		return SQLITE_OK; /* null */
	from = &cursor->batch->columns[cursor->of ? cursor->of[number] : (size_t)number];
	row = cursor->rows[cursor->at];
	if (from->cells[row] != CELL_VALUE)
		return SQLITE_OK;
	switch (cursor->kinds[number]) {
	case SHOWN_INTEGER:
		sqlite3_result_int64(context, from->integers[row]);
		break;
	case SHOWN_DOUBLE:
		sqlite3_result_double(context, from->doubles[row]);
		break;
	case SHOWN_BYTES:
		span = from->spans[row];
		sqlite3_result_blob64(context, span.length ? batch_bytes(cursor->batch, span) : "", span.length, SQLITE_STATIC);
		break;
	case SHOWN_TEXT:
		span = from->spans[row];
		sqlite3_result_text64(context, span.length ? batch_bytes(cursor->batch, span) : "", span.length, SQLITE_STATIC,
			SQLITE_UTF8);
		break;
	case SHOWN_FORMATTED:
		sqlite3_result_text(context, text, (int)carry_text(from->field, from, row, text), SQLITE_TRANSIENT);
		break;
	}
	return SQLITE_OK;
}

static int row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((const struct cursor *)base)->at;
	return SQLITE_OK;
}

/* Without xCreate it is there by its name alone, and no CREATE VIRTUAL TABLE can make another. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = disconnect_table,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = at_end,
	.xColumn = column,
	.xRowid = row_number,
};

static int on_connect(sqlite3 *db, const char **message, const struct sqlite3_api_routines *api)
{
	struct shown *shown = connecting;
	int most = sqlite3_limit(db, SQLITE_LIMIT_COLUMN, -1);

	(void)message;
	(void)api;
	if (!shown)
		return SQLITE_OK;
	for (size_t i = 0; i < SHOWN_NAMES; i++) {
		struct shown_name *name = &shown->names[i];

		name->shown = shown;
		name->columns = sizes[i].columns < most ? sizes[i].columns : most;
		if (sqlite3_create_module_v2(db, sizes[i].name, &module, name, NULL) != SQLITE_OK)
			return SQLITE_OK; /* then rows go another way */
	}
	shown->db = db;
	return SQLITE_OK;
}

void shown_begin_connect(struct shown *shown)
{
	/* The library keeps a list without doubles, under its own lock. */
	union {
		int (*in)(sqlite3 *, const char **, const struct sqlite3_api_routines *);
		void (*out)(void);
	} entry = { .in = on_connect };

	connecting = sqlite3_auto_extension(entry.out) == SQLITE_OK ? shown : NULL;
}

void shown_end_connect(void)
{
	connecting = NULL;
}

enum shown_kind shown_kind_of(const struct field *field, enum carrier carrier)
{
	switch (carrier) {
	case CARRY_INTEGER:
		return SHOWN_INTEGER;
	case CARRY_DOUBLE:
		return SHOWN_DOUBLE;
	case CARRY_BINARY:
		return SHOWN_BYTES;
	case CARRY_TEXT:
		break;
	}
	return value_storage(field->type) == STORAGE_SPAN ? SHOWN_TEXT : SHOWN_FORMATTED;
}

const char *shown_name_for(size_t columns)
{
	size_t i = 0;

	while (i + 1 < SHOWN_NAMES && columns > (size_t)sizes[i].columns)
		i++;
	return sizes[i].name;
}

size_t shown_columns_max(const struct shown *shown)
{
	return shown && shown->db ? (size_t)shown->names[SHOWN_NAMES - 1].columns : 0;
}

static void count_change(void *data, int operation, const char *database, const char *table, sqlite3_int64 row)
{
	struct shown *shown = data;

	(void)database;
	(void)row;
	if ((operation == SQLITE_INSERT || (operation == SQLITE_UPDATE && shown->updates)) && sqlite3_stricmp(table, shown->counted) == 0)
		shown->changes++;
}

void shown_begin(struct shown *shown, const struct batch *batch, const enum shown_kind *kinds, const uint32_t *rows, size_t count,
	struct cancel *cancel)
{
	shown_begin_columns(shown, batch, NULL, batch->schema->field_count, kinds, rows, count, cancel);
}

void shown_begin_columns(struct shown *shown, const struct batch *batch, const size_t *columns, size_t column_count,
	const enum shown_kind *kinds, const uint32_t *rows, size_t count, struct cancel *cancel)
{
	assert(!shown->batch);
	shown->batch = batch;
	shown->columns = columns;
	shown->column_count = column_count;
	shown->kinds = kinds;
	shown->rows = rows;
	shown->count = count;
	shown->cancel = cancel;
	shown->begun = shown->cancelled = false;
	shown->at = shown->changes = 0;
	if (shown->counted)
		sqlite3_update_hook(shown->db, count_change, shown);
}

void shown_end(struct shown *shown)
{
	shown->batch = NULL;
	if (shown->counted)
		sqlite3_update_hook(shown->db, NULL, NULL);
}

size_t shown_kept(const struct shown *shown)
{
	int kept = sqlite3_changes(shown->db);

	return kept > 0 ? (size_t)kept : 0;
}
