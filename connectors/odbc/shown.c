/* shown.c - the batch that is being written, as a table that SQLite reads in this process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <sqlite3.h>

#include "connectors/odbc/shown.h"

/* The library's own limit is never above the last one. */
static const struct {
	const char *name;
	int columns;
} sizes[SHOWN_NAMES] = { { "penstock_batch_16", 16 }, { "penstock_batch_128", 128 }, { "penstock_batch", 32767 } };

/* Which session the connection belongs to that this thread is opening. */
static _Thread_local struct shown *connecting;

static int connect_table(sqlite3 *db, void *data, int count, const char *const *arguments, sqlite3_vtab **out, char **message)
{
	const struct shown_name *name = data;
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
	code = rows_connect(db, text, &name->shown->view, out);
	sqlite3_free(text);
	return code;
}

/* Without xCreate it is there by its name alone, and no CREATE VIRTUAL TABLE can make another. */
static const sqlite3_module module = {
	ROWS_HOOKS,
	.xConnect = connect_table,
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
	assert(!shown->view.batch);
	shown->view = (struct rows){ .batch = batch, .columns = batch->columns, .of = columns, .column_count = column_count, .kinds = kinds,
		.numbers = rows, .count = count, .cancel = cancel };
	shown->changes = 0;
	if (shown->counted)
		sqlite3_update_hook(shown->db, count_change, shown);
}

void shown_end(struct shown *shown)
{
	shown->view.batch = NULL;
	if (shown->counted)
		sqlite3_update_hook(shown->db, NULL, NULL);
}

size_t shown_kept(const struct shown *shown)
{
	int kept = sqlite3_changes(shown->db);

	return kept > 0 ? (size_t)kept : 0;
}
