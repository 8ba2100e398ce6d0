/* way_values.c - the portable way: INSERT of many rows of VALUES with bound parameters; or of one row at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/bulk.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

struct values_way {
	struct way way;
	struct bulk bulk;
};

static struct bulk *bulk_of(struct way *way)
{
	return &((struct values_way *)way)->bulk;
}

static void values_close(struct way *way)
{
	if (way)
		bulk_close(bulk_of(way));
	free(way);
}

static int put_tuple(const struct way_task *task, struct buffer *out, struct error *error)
{
	const struct dialect *dialect = task->session->dialect;

	for (size_t i = 0; i < task->schema->field_count; i++) {
		const struct field *field = &task->schema->fields[i];

		if ((i && buffer_puts(out, ",", error)) ||
		    dialect->parameter(field, catalog_find(task->catalog, dialect, field->name), out, error))
			return -1;
	}
	return buffer_puts(out, "", error);
}

static int open_bulk(struct bulk *bulk, const struct way_task *task, size_t most, struct error *error)
{
	size_t count = task->schema->field_count;
	const struct field **fields = calloc(count ? count : 1, sizeof *fields);
	struct buffer head, tuple, tail;
	bool overriding;
	int result = -1;

	buffer_init(&head, BULK_SQL_MAX);
	buffer_init(&tuple, BULK_SQL_MAX);
	buffer_init(&tail, BULK_SQL_MAX);
	if (!fields) {
		error_memory(error, "a writer");
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		fields[i] = &task->schema->fields[i];
	if (way_put_insert(task, &head, &overriding, error) == 0 &&
	    buffer_puts(&head, overriding ? " OVERRIDING SYSTEM VALUE VALUES " : " VALUES ", error) == 0 &&
	    put_tuple(task, &tuple, error) == 0 && way_put_upsert(task, &tail, error) == 0)
		result = bulk_open(bulk, task->session, task->what, fields, count, false, buffer_text(&head), buffer_text(&tuple),
			buffer_text(&tail), most, error);
	bulk->may_skip = way_may_skip(task);
out:
	buffer_fini(&head);
	buffer_fini(&tuple);
	buffer_fini(&tail);
	free(fields);
	return result;
}

static int open_most(const struct way_ops *ops, const struct way_task *task, size_t most, struct way **out, struct error *error)
{
	struct values_way *values = calloc(1, sizeof *values);

	if (!values)
		return error_memory(error, "a writer");
	values->way.ops = ops;
	if (open_bulk(&values->bulk, task, most, error)) {
		values_close(&values->way);
		return -1;
	}
	*out = &values->way;
	return 0;
}

static int values_open(const struct way_task *task, struct way **out, struct error *error)
{
	return open_most(&way_values, task, 0, out, error);
}

static int row_open(const struct way_task *task, struct way **out, struct error *error)
{
	return open_most(&way_row, task, 1, out, error);
}

static size_t values_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	return bulk_take(&((const struct values_way *)way)->bulk, batch, NULL, rows, count);
}

static int values_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	return bulk_execute(bulk_of(way), batch, NULL, rows, count, NULL, diagnosis, error);
}

static int values_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	const struct bulk *bulk = &((const struct values_way *)way)->bulk;

	*rows = bulk->rows_max;
	return buffer_printf(out, error, "%s(%s)%s", bulk->head, bulk->tuple, bulk->tail);
}

const struct way_ops way_values = {
	.name = "values",
	.help = "INSERT with many rows of VALUES, bound: the portable way",
	.open = values_open,
	.take = values_take,
	.insert = values_insert,
	.print = values_print,
	.close = values_close,
};

const struct way_ops way_row = {
	.name = "row",
	.help = "INSERT of one row at a time",
	.open = row_open,
	.take = values_take,
	.insert = values_insert,
	.print = values_print,
	.close = values_close,
};
