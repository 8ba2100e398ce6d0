/* rows.c - the cursor over the rows of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sqlite/rows.h"

enum { CANCEL_ROWS = 1024 };

struct table {
	sqlite3_vtab base;
	struct rows *rows;
};

/* What is read again and again stands here. */
struct cursor {
	sqlite3_vtab_cursor base;
	struct rows *rows;
	const struct batch *batch;
	const struct column *columns;
	const enum shown_kind *kinds;
	const uint32_t *numbers;
	const size_t *of;
	size_t at, count, column_count;
	bool marked;
};

int rows_connect(sqlite3 *db, const char *declaration, struct rows *rows, sqlite3_vtab **out)
{
	struct table *table;
	int code;

	*out = NULL;
	code = sqlite3_declare_vtab(db, declaration);
	/* Not from within triggers and views. */
	if (code == SQLITE_OK)
		code = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	if (code != SQLITE_OK)
		return code;
	table = sqlite3_malloc64(sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	*table = (struct table){ .rows = rows };
	*out = &table->base;
	return SQLITE_OK;
}

int rows_disconnect(sqlite3_vtab *table)
{
	sqlite3_free(table);
	return SQLITE_OK;
}

int rows_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

int rows_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct cursor *cursor = sqlite3_malloc64(sizeof *cursor);

	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct cursor){ .rows = ((struct table *)table)->rows };
	*out = &cursor->base;
	return SQLITE_OK;
}

int rows_close(sqlite3_vtab_cursor *cursor)
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
	struct rows *rows = cursor->rows;

	cursor->at = rows->at = at;
	if (at % CANCEL_ROWS || !rows->cancel || !cancel_requested(rows->cancel))
		return SQLITE_OK;
	rows->cancelled = true;
	return SQLITE_INTERRUPT;
}

int rows_filter(sqlite3_vtab_cursor *base, int number, const char *name, int count, sqlite3_value **values)
{
	struct cursor *cursor = (struct cursor *)base;
	struct rows *rows = cursor->rows;

	(void)number;
	(void)name;
	(void)count;
	(void)values;
	if (!rows->batch)
		return refuse(base, "this table is for penstock alone");
	if (rows->begun)
		return refuse(base, "a batch can be read once");
	rows->begun = true;
	cursor->batch = rows->batch;
	cursor->columns = rows->columns;
	cursor->of = rows->of;
	cursor->column_count = rows->column_count;
	cursor->kinds = rows->kinds;
	cursor->numbers = rows->numbers;
	cursor->count = rows->count;
	cursor->marked = rows->marked;
	return stand(cursor, 0);
}

int rows_next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;

	return stand(cursor, cursor->at + 1);
}

int rows_eof(sqlite3_vtab_cursor *base)
{
	const struct cursor *cursor = (const struct cursor *)base;

	return cursor->at >= cursor->count;
}

static void give_text(const struct cursor *cursor, sqlite3_context *context, struct span span)
{
	sqlite3_result_text64(context, span.length ? batch_bytes(cursor->batch, span) : "", span.length, SQLITE_STATIC, SQLITE_UTF8);
}

/* The bytes of spans stay where they are until the row is done; what is formatted here is copied. */
int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
	const struct cursor *cursor = (const struct cursor *)base;
	const struct column *from;
	char text[VALUE_TEXT_MAX];
	struct text made;
	struct span span;
	uint32_t row;

	if ((size_t)number >= cursor->column_count)
		return SQLITE_OK; /* null */
	from = &cursor->columns[cursor->of ? cursor->of[number] : (size_t)number];
	row = cursor->numbers[cursor->at];
	if (from->cells[row] == CELL_TEXT)
		give_text(cursor, context, from->texts[row]);
	if (from->cells[row] != CELL_VALUE)
		return SQLITE_OK;
	switch (cursor->kinds[number]) {
	case SHOWN_INTEGER:
		sqlite3_result_int64(context, from->integers[row]);
		return SQLITE_OK;
	case SHOWN_DOUBLE:
		sqlite3_result_double(context, from->doubles[row]);
		return SQLITE_OK;
	case SHOWN_BYTES:
		span = from->spans[row];
		sqlite3_result_blob64(context, span.length ? batch_bytes(cursor->batch, span) : "", span.length, SQLITE_STATIC);
		return SQLITE_OK;
	case SHOWN_TEXT:
		give_text(cursor, context, from->spans[row]);
		break;
	case SHOWN_FORMATTED:
		made = batch_column_text(cursor->batch, from, row, text);
		sqlite3_result_text(context, made.data, (int)made.length, SQLITE_TRANSIENT);
		break;
	}
	if (cursor->marked)
		sqlite3_result_subtype(context, ROWS_CANONICAL);
	return SQLITE_OK;
}

int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((const struct cursor *)base)->at;
	return SQLITE_OK;
}
