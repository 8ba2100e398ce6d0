/* way_copy.c - PostgreSQL at its fastest: COPY in binary form over the driver's own connection.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One COPY a batch, in the session's transaction and under its savepoint; or one for as many batches as come within a second, where no
 * row of a table that the transaction has made is expected to be refused. Defaults, CHECKs, generated columns and triggers work as they
 * do for INSERT; rules do not, and rows of a table with row level security are refused, so such tables go another way. A given value of
 * an identity column is taken, as OVERRIDING SYSTEM VALUE takes it. A few rows (of a request, or around a refused one) go as arrays, which take
 * one answer of the server instead of two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/binary_postgresql.h"
#include "connectors/odbc/bulk.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/statement.h"
#include "connectors/odbc/way.h"
#include "engine/core/clock.h"

enum {
	PIECE_BYTES = 64 * 1024,           /* sent at once */
	FEW_ROWS = 32,                     /* measured: up to here arrays are as fast */
	RUN_MS = 1000,                     /* a refusal shows at the end of a COPY only */
	ROW_CEILING = 1024 * 1024 * 1024,  /* what PostgreSQL takes as one value; limits.record is far below it */
};

struct copy_way {
	struct way way;
	const struct way_task *task;
	struct binary_column *columns;
	char *sql, *sql_running; /* of one batch; of a COPY that goes on over several inserts (task->runs_on) */
	const char *table; /* without its schema, as the server's context names it */
	struct buffer bytes;
	struct way *few; /* way_unnest; NULL where it does not fit */
	bool open;         /* one that goes on */
	uint64_t sent;     /* rows of it */
	int64_t since_ms;
};

/* ---- whether it fits ---- */

static bool fields_fit(const struct way_task *task, char why[WAY_WHY_MAX])
{
	for (size_t i = 0; i < task->schema->field_count; i++) {
		const struct field *field = &task->schema->fields[i];
		const struct catalog_column *column = catalog_find(task->catalog, task->session->dialect, field->name);
		struct binary_column ignored;

		if (binary_plan(&ignored, field, column->declared))
			continue;
		snprintf(why, WAY_WHY_MAX, "column %.64s is of type %.64s, whose binary form is not known here", column->name,
			column->declared);
		return false;
	}
	if (!task->schema->field_count)
		snprintf(why, WAY_WHY_MAX, "the table of the dictionary has no field");
	return task->schema->field_count > 0;
}

/* The reason why the relation takes no COPY, or an empty text; 1, 0 without the relation, or -1 and error. */
static int ask_relation(const struct way_task *task, char why[WAY_WHY_MAX], struct error *error)
{
	static const char sql[] =
		"SELECT CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'it is no plain table' "
		"WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '3') "
		"THEN 'it has a rule for INSERT, which COPY does not follow' "
		"WHEN pg_catalog.row_security_active(c.oid) THEN 'row level security is on for this user, and COPY does not follow it' "
		"ELSE '' END FROM pg_catalog.pg_class c WHERE c.oid = CAST(? AS regclass)";
	struct session *session = task->session;
	struct statement statement;
	struct buffer quoted;
	struct text text;
	int row = -1;

	buffer_init(&quoted, BULK_SQL_MAX);
	if (dialect_quote_table(session->dialect, &quoted, task->catalog->table, error) == 0 && buffer_puts(&quoted, "", error) == 0 &&
	    statement_open(&statement, session, "asking whether a table takes COPY", sql, error) == 0) {
		if (statement_bind_string(&statement, 1, buffer_text(&quoted), error) == 0 &&
		    statement_execute(&statement, NULL, NULL, error) == 0)
			row = statement_fetch(&statement, error);
		if (row > 0 && statement_text(&statement, 1, &text, error))
			row = -1;
		if (row > 0)
			snprintf(why, WAY_WHY_MAX, "%s", text.data ? text.data : "");
		statement_close(&statement);
	}
	buffer_fini(&quoted);
	return row;
}

static bool copy_usable(struct session *session, char why[WAY_WHY_MAX])
{
	return pq_usable(session, why);
}

static bool copy_fits(const struct way_task *task, char why[WAY_WHY_MAX])
{
	struct error error = ERROR_INIT;

	if (!copy_usable(task->session, why))
		return false;
	if (task->upsert) {
		snprintf(why, WAY_WHY_MAX, "COPY adds rows, and mode: upsert changes some");
		return false;
	}
	if (!fields_fit(task, why))
		return false;
	/* A table that the step is going to make is a plain one. */
	if (!task->catalog->exists)
		return true;
	why[0] = '\0';
	if (ask_relation(task, why, &error) < 0)
		snprintf(why, WAY_WHY_MAX, "%.200s", error.message);
	return !why[0];
}

/* ---- opening ---- */

static void copy_close(struct way *way)
{
	struct copy_way *copy = (struct copy_way *)way;

	if (!copy)
		return;
	if (copy->open && copy->task->session->pq.copying)
		pq_copy_abandon(copy->task->session);
	if (copy->few)
		copy->few->ops->close(copy->few);
	buffer_fini(&copy->bytes);
	free(copy->columns);
	free(copy->sql);
	free(copy->sql_running);
	free(copy);
}

static int put_sql(const struct way_task *task, const char *options, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;

	if (buffer_puts(out, "COPY ", error) || dialect_quote_table(dialect, out, task->catalog->table, error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++) {
		const struct catalog_column *column = catalog_find(task->catalog, dialect, task->schema->fields[i].name);

		if (buffer_puts(out, i ? ", " : " (", error) || dialect_quote(dialect, out, column->name, error))
			return -1;
	}
	return buffer_printf(out, error, ") FROM STDIN (%s)", options);
}

/* NULL and error. */
static char *make_sql(const struct way_task *task, const char *options, struct error *error)
{
	struct buffer sql;
	char *made = NULL;

	buffer_init(&sql, BULK_SQL_MAX);
	if (put_sql(task, options, &sql, error) == 0) {
		made = strdup(buffer_text(&sql));
		if (!made)
			error_memory(error, "a writer");
	}
	buffer_fini(&sql);
	return made;
}

static int open_few(struct copy_way *copy, struct error *error)
{
	char why[WAY_WHY_MAX];

	return way_unnest.fits(copy->task, why) ? way_unnest.open(copy->task, &copy->few, error) : 0;
}

static int copy_open(const struct way_task *task, struct way **out, struct error *error)
{
	struct copy_way *copy = calloc(1, sizeof *copy);
	const char *dot = strchr(task->catalog->table, '.');

	if (copy) {
		copy->way.ops = &way_copy;
		copy->task = task;
		copy->table = dot ? dot + 1 : task->catalog->table;
		copy->columns = calloc(task->schema->field_count, sizeof *copy->columns);
		buffer_init(&copy->bytes, ROW_CEILING);
	}
	if (!copy || !copy->columns) {
		error_memory(error, "a writer");
		goto failed;
	}
	for (size_t i = 0; i < task->schema->field_count; i++) {
		const struct field *field = &task->schema->fields[i];

		/* fits has said that it can be. */
		if (!binary_plan(&copy->columns[i], field, catalog_find(task->catalog, task->session->dialect, field->name)->declared)) {
			error_set(error, ERROR_CONFIG, task->session->place, "bulk: copy has no form for the field %s", field->name);
			goto failed;
		}
	}
	copy->sql = make_sql(task, "FORMAT binary", error);
	/* Rows of a table that nobody else has seen need not be looked at by a later VACUUM. */
	copy->sql_running = copy->sql ? make_sql(task, "FORMAT binary, FREEZE", error) : NULL;
	if (!copy->sql_running || open_few(copy, error))
		goto failed;
	*out = &copy->way;
	return 0;
failed:
	copy_close(copy ? &copy->way : NULL);
	return -1;
}

/* ---- writing ---- */

static struct way *few_of(const struct way *way, size_t count)
{
	const struct copy_way *copy = (const struct copy_way *)way;

	return count <= FEW_ROWS && !copy->task->runs_on ? copy->few : NULL;
}

/* All of them in one COPY: pieces of it are sent as they are made. */
static size_t copy_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	const struct way *few = few_of(way, count);

	return few ? few->ops->take(few, batch, rows, count) : count;
}

static int send_piece(struct copy_way *copy, size_t least, struct error *error)
{
	int result;

	if (copy->bytes.length < least)
		return 0;
	result = pq_copy_send(copy->task->session, copy->task->what, copy->bytes.data, copy->bytes.length, error);
	/* Gives back what one huge row took. */
	if (copy->bytes.size > 16 * (size_t)PIECE_BYTES)
		buffer_fini(&copy->bytes);
	buffer_clear(&copy->bytes);
	return result;
}

static int send_rows(struct copy_way *copy, const struct batch *batch, const uint32_t *rows, size_t count, struct error *error)
{
	size_t columns = copy->task->schema->field_count;

	for (size_t i = 0; i < count; i++) {
		if (binary_put_row(copy->columns, columns, batch, rows[i], &copy->bytes, error)) {
			pq_copy_abandon(copy->task->session);
			return -1;
		}
		if (send_piece(copy, PIECE_BYTES, error))
			return -1;
	}
	return 0;
}

static int begin(struct copy_way *copy, struct error *error)
{
	if (pq_copy_begin(copy->task->session, copy->task->what, copy->task->runs_on ? copy->sql_running : copy->sql, error))
		return -1;
	buffer_clear(&copy->bytes);
	if (binary_put_head(&copy->bytes, error) == 0)
		return 0;
	pq_copy_abandon(copy->task->session);
	return -1;
}

/* As insert, of all rows since begin. */
static int end(struct copy_way *copy, uint64_t count, struct diagnosis *diagnosis, struct error *error)
{
	struct session *session = copy->task->session;
	uint64_t written = 0;
	int result;

	if (binary_put_tail(&copy->bytes, error)) {
		pq_copy_abandon(session);
		return -1;
	}
	if (send_piece(copy, 0, error))
		return -1;
	result = pq_copy_end(session, copy->task->what, copy->table, &written, diagnosis, error);
	if (result == 0 && written < count) {
		diagnosis_dropped(diagnosis);
		return 1;
	}
	return result;
}

static int copy_finish(struct way *way, struct diagnosis *diagnosis, struct error *error)
{
	struct copy_way *copy = (struct copy_way *)way;

	if (!copy->open)
		return 0;
	copy->open = false;
	return end(copy, copy->sent, diagnosis, error);
}

/* Begins or goes on; what is left of a piece waits for the next batch. */
static int run_on(struct copy_way *copy, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	if (!copy->open) {
		if (begin(copy, error))
			return -1;
		copy->open = true;
		copy->sent = 0;
		copy->since_ms = clock_elapsed_ms();
	}
	if (send_rows(copy, batch, rows, count, error)) {
		copy->open = false;
		return -1;
	}
	copy->sent += count;
	return clock_elapsed_ms() - copy->since_ms < RUN_MS ? 0 : copy_finish(&copy->way, diagnosis, error);
}

static int copy_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	struct copy_way *copy = (struct copy_way *)way;
	struct way *few = few_of(way, count);

	if (few)
		return few->ops->insert(few, batch, rows, count, diagnosis, error);
	if (copy->task->runs_on)
		return run_on(copy, batch, rows, count, diagnosis, error);
	if (begin(copy, error) || send_rows(copy, batch, rows, count, error))
		return -1;
	return end(copy, count, diagnosis, error);
}

static int copy_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	const struct copy_way *copy = (const struct copy_way *)way;

	*rows = batch_rows_for(copy->task->schema, 0);
	return buffer_puts(out, copy->sql, error);
}

const struct way_ops way_copy = {
	.name = "copy",
	.help = "binary COPY over the driver's connection",
	.usable = copy_usable,
	.fits = copy_fits,
	.open = copy_open,
	.take = copy_take,
	.insert = copy_insert,
	.finish = copy_finish,
	.print = copy_print,
	.close = copy_close,
};
