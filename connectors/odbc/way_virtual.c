/* way_virtual.c - SQLite's own way: one INSERT ... SELECT over the batch, which the database reads in this process.
 * SPDX-License-Identifier: Apache-2.0
 *
 * INSERT OR FAIL keeps the rows before a refused one, so that a refusal costs one more statement and nothing is written twice. Only
 * where the table has no trigger: what one has done for the refused row would stay, too. With triggers the database gathers all rows
 * of a statement before it inserts the first one; so then a statement has few rows, and leaves none behind when one is refused.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/inside.h"
#include "connectors/odbc/shown.h"
#include "connectors/odbc/statement.h"
#include "connectors/odbc/way.h"

enum { SQL_MAX = 1024 * 1024, TRIGGERED_ROWS = 256 };

struct virtual_way {
	struct way way;
	struct session *session;
	const char *what;
	const char *table;          /* "schema.name" or "name" */
	const char *name;           /* of it, without a schema */
	const struct schema *schema;
	struct buffer sql;          /* INSERT INTO ... SELECT ... */
	enum shown_kind *kinds;     /* one for each field */
	bool may_skip;
	bool upsert;
	bool counts;                /* the library counts rows of this table (those without a rowid it does not) */
	bool triggered;             /* the table has triggers; known once statement is set */
	struct sqlite3_stmt *statement; /* prepared when first needed */
};

static struct virtual_way *virtual_of(struct way *way)
{
	return (struct virtual_way *)way;
}

/* In a database that does not exist yet it will be: this process makes it. */
static bool virtual_usable(struct session *session, char why[WAY_WHY_MAX])
{
	if (session->absent || shown_columns_max(session->shown))
		return true;
	snprintf(why, WAY_WHY_MAX, "the driver brings an SQLite of its own, which sees nothing of this process");
	return false;
}

static bool virtual_fits(const struct way_task *task, char why[WAY_WHY_MAX])
{
	if (!virtual_usable(task->session, why))
		return false;
	if (task->session->absent || shown_columns_max(task->session->shown) >= task->schema->field_count)
		return true;
	snprintf(why, WAY_WHY_MAX, "it has too many columns");
	return false;
}

static void virtual_close(struct way *way)
{
	struct virtual_way *virtual = virtual_of(way);

	if (!virtual)
		return;
	inside_free(virtual->statement);
	buffer_fini(&virtual->sql);
	free(virtual->kinds);
	free(virtual);
}

static int put_sql(const struct way_task *task, struct buffer *out, struct error *error)
{
	size_t count = task->schema->field_count;

	if (way_put_insert(task, out, NULL, error))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(out, error, "%sc%zu", i ? ", " : " SELECT ", i))
			return -1;
	/* Without a WHERE the grammar would take ON for that of a join. */
	if (buffer_printf(out, error, " FROM %s%s", shown_name_for(count), task->upsert ? " WHERE true" : ""))
		return -1;
	return way_put_upsert(task, out, error);
}

static int virtual_open(const struct way_task *task, struct way **out, struct error *error)
{
	size_t count = task->schema->field_count;
	struct virtual_way *virtual = calloc(1, sizeof *virtual);

	if (!virtual)
		return error_memory(error, "a writer");
	*virtual = (struct virtual_way){ .way.ops = &way_virtual, .session = task->session, .what = task->what, .schema = task->schema,
					 .table = task->catalog->table, .may_skip = way_may_skip(task), .upsert = task->upsert != NULL };
	virtual->name = strchr(virtual->table, '.') ? strchr(virtual->table, '.') + 1 : virtual->table;
	buffer_init(&virtual->sql, SQL_MAX);
	virtual->kinds = calloc(count ? count : 1, sizeof *virtual->kinds);
	if (!virtual->kinds) {
		virtual_close(&virtual->way);
		return error_memory(error, "a writer");
	}
	for (size_t i = 0; i < count; i++)
		virtual->kinds[i] = shown_kind_of(&task->schema->fields[i], task->session->dialect->carrier(&task->schema->fields[i]));
	if (put_sql(task, &virtual->sql, error)) {
		virtual_close(&virtual->way);
		return -1;
	}
	*out = &virtual->way;
	return 0;
}

/* Those of the table's own schema, and temporary ones, which may be on any table. */
static int ask_triggers(const struct virtual_way *virtual, bool *any, struct error *error)
{
	struct statement statement;
	struct buffer sql;
	char schema[NAME_MAX_BYTES];
	const char *name;
	int row = -1;

	dialect_split(virtual->table, schema, sizeof schema, &name);
	buffer_init(&sql, SQL_MAX);
	if (buffer_puts(&sql, "SELECT 1 FROM (SELECT type, tbl_name FROM ", error) ||
	    dialect_quote(virtual->session->dialect, &sql, schema[0] ? schema : "main", error) ||
	    buffer_puts(&sql, ".sqlite_master UNION ALL SELECT type, tbl_name FROM sqlite_temp_master) "
			      "WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1", error) ||
	    statement_open(&statement, virtual->session, "looking for triggers", buffer_text(&sql), error)) {
		buffer_fini(&sql);
		return -1;
	}
	buffer_fini(&sql);
	if (statement_bind_string(&statement, 1, name, error) == 0 && statement_execute(&statement, NULL, NULL, error) == 0)
		row = statement_fetch(&statement, error);
	statement_close(&statement);
	*any = row == 1;
	return row < 0 ? -1 : 0;
}

static int prepare(struct virtual_way *virtual, struct error *error)
{
	static const char insert[] = "INSERT", insert_or_fail[] = "INSERT OR FAIL";
	const char *rest = buffer_text(&virtual->sql) + sizeof insert - 1;
	struct buffer sql;

	assert(strncmp(buffer_text(&virtual->sql), insert, sizeof insert - 1) == 0);
	buffer_init(&sql, SQL_MAX);
	if (ask_triggers(virtual, &virtual->triggered, error) == 0 &&
	    buffer_printf(&sql, error, "%s%s", virtual->triggered ? insert : insert_or_fail, rest) == 0)
		virtual->statement = inside_prepare(virtual->session, buffer_text(&sql), virtual->what, error);
	buffer_fini(&sql);
	return virtual->statement ? 0 : -1;
}

static size_t virtual_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	const struct virtual_way *virtual = (const struct virtual_way *)way;

	(void)batch;
	(void)rows;
	return virtual->triggered && count > TRIGGERED_ROWS ? TRIGGERED_ROWS : count;
}

/* With triggers the rows that were written tell about how far it came: a trigger may refuse the last of them, or the one behind it. */
static void guess(struct virtual_way *virtual, struct diagnosis *diagnosis)
{
	size_t changes = virtual->session->shown->changes;

	virtual->counts = virtual->counts || changes;
	if (virtual->triggered && virtual->counts && diagnosis->trouble.kind == TROUBLE_ROW)
		diagnosis->near = changes ? changes - 1 : 0;
}

/* The database stops where a row is refused; but missing parents are looked for when all rows are in. */
static int locate(struct virtual_way *virtual, size_t written, struct diagnosis *diagnosis, struct error *error)
{
	const struct shown *shown = virtual->session->shown;

	guess(virtual, diagnosis);
	if (virtual->triggered || !shown->view.begun || shown->view.at >= shown->view.count || diagnosis->trouble.kind == TROUBLE_FOREIGN)
		return 1;
	diagnosis->at = shown->view.at;
	/* Somebody may have made a trigger since. An upsert that leaves rows alone does not say how many it had. */
	if (written != shown->view.at || virtual->may_skip)
		return 1;
	if (ask_triggers(virtual, &virtual->triggered, error))
		return -1;
	diagnosis->kept = !virtual->triggered;
	if (virtual->triggered) {
		diagnosis->at = DIAGNOSIS_NOWHERE;
		inside_free(virtual->statement);
		virtual->statement = NULL;
	}
	return 1;
}

static int refused(struct virtual_way *virtual, size_t written, enum fault_class class, struct diagnosis *diagnosis, struct error *error)
{
	if (virtual->session->shown->view.cancelled)
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (class != FAULT_OF_ROW) {
		diagnosis_error(virtual->session, diagnosis, virtual->what, error);
		return -1;
	}
	return locate(virtual, written, diagnosis, error);
}

static int written(const struct virtual_way *virtual, size_t rows, struct diagnosis *diagnosis, struct error *error)
{
	const struct shown *shown = virtual->session->shown;

	if (!shown->view.begun || shown->view.at != shown->view.count)
		return error_set(error, ERROR_SINK, virtual->session->place,
			"%s: the database has a table named as what penstock shows it (penstock_batch...); rename it, or set bulk: values",
			virtual->what);
	if (rows >= shown->view.count || virtual->may_skip)
		return 0;
	diagnosis_dropped(diagnosis);
	return 1;
}

static int virtual_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	struct virtual_way *virtual = virtual_of(way);
	struct shown *shown = virtual->session->shown;
	enum fault_class class = FAULT_OF_OURS;
	size_t kept;
	int result;

	if (!virtual->statement && prepare(virtual, error))
		return -1;
	shown->counted = virtual->triggered ? virtual->name : NULL;
	shown->updates = virtual->upsert;
	shown_begin(shown, batch, virtual->kinds, rows, count, virtual->session->cancel);
	result = inside_step(virtual->session, virtual->statement, diagnosis, &class);
	kept = shown_kept(shown);
	shown_end(shown);
	return result < 0 ? refused(virtual, kept, class, diagnosis, error) : written(virtual, kept, diagnosis, error);
}

static int virtual_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	const struct virtual_way *virtual = (const struct virtual_way *)way;

	*rows = batch_rows_for(virtual->schema, 0);
	return buffer_puts(out, virtual->sql.data, error);
}

const struct way_ops way_virtual = {
	.name = "virtual",
	.help = "INSERT ... SELECT over the batch, which SQLite reads in this process",
	.usable = virtual_usable,
	.fits = virtual_fits,
	.open = virtual_open,
	.take = virtual_take,
	.insert = virtual_insert,
	.print = virtual_print,
	.close = virtual_close,
};
