/* writer.c - chooses the way by which rows go into a table, and drives it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/writer.h"

enum { WRITER_NAME_MAX = 4096 };

/* The names of a dialect's ways, for messages. */
static const char *names_of(const struct dialect *dialect, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; dialect->ways[i] && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", dialect->ways[i]->name);
	return out;
}

static void note(struct writer *writer, const char *way, const char *why)
{
	size_t used = strlen(writer->others);

	snprintf(writer->others + used, sizeof writer->others - used, "-- not by %s: %s\n", way, why);
}

static const struct way_ops *choose(struct writer *writer, const char *bulk, struct error *error)
{
	const struct way_task *task = &writer->task;
	const struct dialect *dialect = task->session->dialect;
	bool any = strcmp(bulk, "auto") == 0;
	char why[WAY_WHY_MAX] = "", names[128];

	for (size_t i = 0; dialect->ways[i]; i++) {
		const struct way_ops *ops = dialect->ways[i];

		if (!any && strcmp(ops->name, bulk) != 0)
			continue;
		if (!ops->fits || ops->fits(task, why))
			return ops;
		if (any) {
			note(writer, ops->name, why);
			continue;
		}
		error_set(error, ERROR_CONFIG, task->session->place, "bulk: %s is not possible for table %s: %s", bulk, task->catalog->table,
			why);
		return NULL;
	}
	error_set(error, ERROR_CONFIG, task->session->place, "%s has no bulk: %s (it has auto, %s)", dialect->name, bulk,
		names_of(dialect, names, sizeof names));
	return NULL;
}

int writer_open(struct writer *writer, struct session *session, const struct schema *schema, const struct catalog *catalog,
	const struct key *upsert, const char *bulk, struct error *error)
{
	const struct way_ops *ops;

	memset(writer, 0, sizeof *writer);
	snprintf(writer->what, sizeof writer->what, "inserting into %s", catalog->table);
	writer->task = (struct way_task){ .session = session, .schema = schema, .catalog = catalog, .upsert = upsert,
					  .what = writer->what };
	ops = choose(writer, bulk, error);
	return ops ? ops->open(&writer->task, &writer->way, error) : -1;
}

void writer_close(struct writer *writer)
{
	statement_close(&writer->tried);
	buffer_fini(&writer->table);
	if (writer->way)
		writer->way->ops->close(writer->way);
	memset(writer, 0, sizeof *writer);
}

int writer_print(const struct writer *writer, struct buffer *out, struct error *error)
{
	size_t rows = 0;

	if (writer->way->ops->print(writer->way, out, &rows, error))
		return -1;
	return buffer_printf(out, error, ";\n-- by %s, %zu rows in one statement\n%s", writer->way->ops->name, rows, writer->others);
}

size_t writer_take(const struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count)
{
	return writer->way->ops->take(writer->way, batch, rows, count);
}

int writer_insert(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	for (size_t done = 0; done < count;) {
		size_t take = writer_take(writer, batch, rows + done, count - done);
		int result;

		diagnosis->at = diagnosis->near = DIAGNOSIS_NOWHERE;
		diagnosis->kept = false;
		result = writer->way->ops->insert(writer->way, batch, rows + done, take, diagnosis, error);
		if (result > 0 && diagnosis->at != DIAGNOSIS_NOWHERE)
			diagnosis->at += done;
		else if (result > 0 && take == 1)
			diagnosis->at = done;
		if (result > 0 && diagnosis->near != DIAGNOSIS_NOWHERE)
			diagnosis->near += done;
		if (result)
			return result;
		done += take;
	}
	return 0;
}

bool writer_sifts(const struct writer *writer)
{
	return writer->way->ops->sift != NULL;
}

int writer_sift(struct writer *writer, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused,
	struct error *error)
{
	return writer->way->ops->sift(writer->way, batch, rows, count, refused, error);
}

bool writer_run_on(struct writer *writer)
{
	writer->task.runs_on = writer->way->ops->finish != NULL;
	return writer->task.runs_on;
}

int writer_finish(struct writer *writer, struct diagnosis *diagnosis, struct error *error)
{
	diagnosis->at = diagnosis->near = DIAGNOSIS_NOWHERE;
	diagnosis->kept = false;
	return writer->task.runs_on ? writer->way->ops->finish(writer->way, diagnosis, error) : 0;
}

static int open_tried(struct writer *writer, const char *sql, struct error *error)
{
	struct session *session = writer->task.session;

	buffer_init(&writer->table, WRITER_NAME_MAX);
	if (dialect_quote_table(session->dialect, &writer->table, writer->task.catalog->table, error) ||
	    statement_open(&writer->tried, session, "counting rows", sql, error))
		return -1;
	return statement_bind_string(&writer->tried, 1, buffer_text(&writer->table), error);
}

int writer_tried(struct writer *writer, int64_t *count, struct error *error)
{
	const char *sql = writer->task.session->dialect->tried_sql;
	bool null = true;
	int row;

	if (!sql)
		return 0;
	if (!writer->tried.handle && open_tried(writer, sql, error))
		return -1;
	if (statement_execute(&writer->tried, NULL, NULL, error))
		return -1;
	row = statement_fetch(&writer->tried, error);
	if (row == 1 && statement_integer(&writer->tried, 1, count, &null, error))
		row = -1;
	statement_finish(&writer->tried);
	return row < 0 ? -1 : row && !null;
}
