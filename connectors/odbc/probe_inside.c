/* probe_inside.c - which of some keys are in a table of SQLite: one statement of constant text over the batch, which the database reads in
 * this process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/probe_inside.h"

#include <assert.h>
#include <stdlib.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/inside.h"
#include "connectors/odbc/shown.h"
#include "engine/core/buffer.h"

enum { SQL_MAX = 1024 * 1024 };

struct probe_inside {
	struct session *session;
	const char *what;
	struct buffer sql;
	enum shown_kind *kinds; /* one for each part of the key */
	size_t count;
	struct sqlite3_stmt *statement; /* prepared when first needed */
};

/* SELECT b.rowid FROM penstock_batch_16 b WHERE (SELECT 1 FROM t WHERE t.a = +b.c0 AND t.b = +b.c1 LIMIT 1) = 1
 * With the plus a value is no column, whose affinity would count: it is compared as a bound parameter is. */
static int put_sql(const struct dialect *dialect, const struct catalog *table, const char *const *columns, size_t count, struct buffer *out,
	struct error *error)
{
	if (buffer_printf(out, error, "SELECT b.rowid FROM %s b WHERE (SELECT 1 FROM ", shown_name_for(count)) ||
	    dialect_quote_table(dialect, out, table->table, error) || buffer_puts(out, " t WHERE ", error))
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct catalog_column *column = catalog_find(table, dialect, columns[i]);

		if (buffer_puts(out, i ? " AND t." : "t.", error) || dialect_quote(dialect, out, column ? column->name : columns[i], error) ||
		    buffer_printf(out, error, " = +b.c%zu", i))
			return -1;
	}
	return buffer_puts(out, " LIMIT 1) = 1", error);
}

int probe_inside_open(struct probe_inside **out, struct session *session, const char *what, const struct catalog *table,
	const char *const *columns, const struct field *const *fields, size_t count, struct error *error)
{
	struct probe_inside *probe;

	*out = NULL;
	if (!inside_usable(session) || shown_columns_max(session->shown) < count)
		return 0;
	probe = calloc(1, sizeof *probe);
	if (!probe)
		return error_memory(error, "a look-up");
	*probe = (struct probe_inside){ .session = session, .what = what, .count = count };
	buffer_init(&probe->sql, SQL_MAX);
	probe->kinds = calloc(count ? count : 1, sizeof *probe->kinds);
	if (!probe->kinds || put_sql(session->dialect, table, columns, count, &probe->sql, error)) {
		if (!probe->kinds)
			error_memory(error, "a look-up");
		probe_inside_close(probe);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		probe->kinds[i] = shown_kind_of(fields[i], session->dialect->carrier(fields[i]));
	*out = probe;
	return 0;
}

void probe_inside_close(struct probe_inside *probe)
{
	if (!probe)
		return;
	inside_free(probe->statement);
	buffer_fini(&probe->sql);
	free(probe->kinds);
	free(probe);
}

/* What fails here fails in the same way when it is asked with parameters, unless a table of the database has the name of what is shown. */
static int prepare(struct probe_inside *probe)
{
	struct error ignored = ERROR_INIT;
	bool broken = probe->session->broken;

	if (!probe->statement)
		probe->statement = inside_prepare(probe->session, buffer_text(&probe->sql), probe->what, &ignored);
	if (!probe->statement)
		probe->session->broken = broken;
	return probe->statement ? 0 : -1;
}

int probe_inside_rows(struct probe_inside *probe, const struct batch *batch, const size_t *in_columns, const uint32_t *rows, size_t count,
	bool *found, struct error *error)
{
	struct session *session = probe->session;
	struct shown *shown = session->shown;
	struct diagnosis diagnosis;
	int more;

	if (prepare(probe))
		return 1;
	shown_begin_columns(shown, batch, in_columns, probe->count, probe->kinds, rows, count, session->cancel);
	while ((more = inside_step(session, probe->statement, &diagnosis, NULL)) > 0 && shown->view.begun) {
		int64_t place = inside_integer(probe->statement, 0);

		assert(place >= 0 && (uint64_t)place < count);
		found[place] = true;
	}
	if (more > 0)
		inside_reset(probe->statement);
	shown_end(shown);
	if (more < 0 && shown->view.cancelled)
		return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
	if (more < 0) {
		diagnosis_error(session, &diagnosis, probe->what, error);
		return -1;
	}
	return !shown->view.begun;
}
