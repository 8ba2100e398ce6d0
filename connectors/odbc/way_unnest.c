/* way_unnest.c - PostgreSQL over ODBC alone: INSERT ... SELECT of arrays, one parameter a column.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets side by side in the list of a SELECT come row by row in the order of the arrays, so generated keys follow the order of the source.
 */
#include <stdio.h>
#include <stdlib.h>

#include "connectors/odbc/arrays.h"
#include "connectors/odbc/bulk.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

struct unnest_way {
	struct way way;
	struct arrays arrays;
};

static const struct arrays *arrays_of(const struct way *way)
{
	return &((const struct unnest_way *)way)->arrays;
}

static void unnest_close(struct way *way)
{
	if (way)
		arrays_close(&((struct unnest_way *)way)->arrays);
	free(way);
}

/* Without a column there is no array to say how many rows there are. */
static bool unnest_fits(const struct way_task *task, char why[WAY_WHY_MAX])
{
	if (task->session->dialect->element && task->schema->field_count)
		return true;
	snprintf(why, WAY_WHY_MAX, "%s",
		task->session->dialect->element ? "the table of the dictionary has no field" : "the database has no arrays");
	return false;
}

static int put_element(const struct way_task *task, size_t i, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;
	const struct field *field = &task->schema->fields[i];
	const char *cast, *type = dialect->element(field, catalog_find(task->catalog, dialect, field->name), &cast);

	return buffer_printf(out, error, "%s%sunnest(CAST(? AS %s[]))%s%s%s", i ? ", " : "", cast ? "CAST(" : "", type,
		cast ? " AS " : "", cast ? cast : "", cast ? ")" : "");
}

static int put_sql(const struct way_task *task, struct buffer *out, struct error *error)
{
	bool overriding;

	if (way_put_insert(task, out, &overriding, error) ||
	    buffer_puts(out, overriding ? " OVERRIDING SYSTEM VALUE SELECT " : " SELECT ", error))
		return -1;
	for (size_t i = 0; i < task->schema->field_count; i++)
		if (put_element(task, i, out, error))
			return -1;
	return way_put_upsert(task, out, error);
}

static int open_arrays(struct arrays *arrays, const struct way_task *task, struct error *error)
{
	size_t count = task->schema->field_count;
	const struct field **fields = calloc(count, sizeof *fields);
	struct buffer sql;
	int result = -1;

	buffer_init(&sql, BULK_SQL_MAX);
	if (!fields) {
		error_memory(error, "a writer");
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		fields[i] = &task->schema->fields[i];
	if (put_sql(task, &sql, error) == 0)
		result = arrays_open(arrays, task->session, task->what, fields, count, buffer_text(&sql), error);
	arrays->may_skip = way_may_skip(task);
out:
	buffer_fini(&sql);
	free(fields);
	return result;
}

static int unnest_open(const struct way_task *task, struct way **out, struct error *error)
{
	struct unnest_way *unnest = calloc(1, sizeof *unnest);

	if (!unnest)
		return error_memory(error, "a writer");
	unnest->way.ops = &way_unnest;
	if (open_arrays(&unnest->arrays, task, error)) {
		unnest_close(&unnest->way);
		return -1;
	}
	*out = &unnest->way;
	return 0;
}

static size_t unnest_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	return arrays_take(arrays_of(way), batch, NULL, rows, count);
}

static int unnest_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	return arrays_execute(&((struct unnest_way *)way)->arrays, batch, NULL, rows, count, NULL, diagnosis, error);
}

static int unnest_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	*rows = ARRAYS_ROWS_MAX;
	return buffer_puts(out, arrays_of(way)->sql, error);
}

const struct way_ops way_unnest = {
	.name = "unnest",
	.help = "INSERT from arrays, one parameter a column",
	.fits = unnest_fits,
	.open = unnest_open,
	.take = unnest_take,
	.insert = unnest_insert,
	.print = unnest_print,
	.close = unnest_close,
};
