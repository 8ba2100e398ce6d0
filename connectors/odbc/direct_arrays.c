/* direct_arrays.c - arrays of parameters over the driver's own connection.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "connectors/odbc/carry.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/direct_arrays.h"

enum { VALUE_BYTES = 16 }; /* of a number or a formatted text, about */

struct direct_column {
	const struct field *field;
	size_t from;  /* the column of the batch */
	size_t turn;  /* which of the rows that stand together */
	bool span;    /* a span of the batch */
	char *places; /* of formatted texts, VALUE_TEXT_MAX each; else NULL */
};

struct direct_arrays {
	const struct way_task *task;
	const char *sql;
	size_t together, count;
	struct direct_column *columns;   /* count each */
	struct my_parameter *parameters;
	struct my_arrays *statement;     /* NULL: not prepared yet */
};

void direct_arrays_free(struct direct_arrays *arrays)
{
	if (!arrays)
		return;
	my_arrays_free(arrays->statement);
	for (size_t i = 0; arrays->columns && arrays->parameters && i < arrays->count; i++) {
		free(arrays->columns[i].places);
		free(arrays->parameters[i].integers);
		free(arrays->parameters[i].lengths);
		free(arrays->parameters[i].nulls);
	}
	free(arrays->columns);
	free(arrays->parameters);
	free(arrays);
}

static enum my_form form_of(const struct dialect *dialect, const struct field *field)
{
	switch (dialect->carrier(field)) {
	case CARRY_INTEGER:
		return MY_INTEGER;
	case CARRY_DOUBLE:
		return MY_DOUBLE;
	case CARRY_BINARY:
		return MY_BYTES;
	default:
		return field->type == VALUE_DATETIME ? MY_DATETIME : MY_TEXT;
	}
}

static bool open_column(struct direct_arrays *arrays, size_t at, size_t elements)
{
	struct direct_column *column = &arrays->columns[at];
	struct my_parameter *parameter = &arrays->parameters[at];
	const struct schema *schema = arrays->task->schema;
	bool text;

	column->from = at % schema->field_count;
	column->turn = at / schema->field_count;
	column->field = &schema->fields[column->from];
	column->span = value_storage(column->field->type) == STORAGE_SPAN;
	parameter->form = form_of(arrays->task->session->dialect, column->field);
	text = parameter->form == MY_TEXT || parameter->form == MY_BYTES;
	/* All of them are eight bytes. */
	parameter->integers = calloc(elements, sizeof *parameter->integers);
	parameter->nulls = calloc(elements, 1);
	if (text)
		parameter->lengths = calloc(elements, sizeof *parameter->lengths);
	if (text && !column->span)
		column->places = malloc(elements * VALUE_TEXT_MAX);
	return parameter->integers && parameter->nulls && (!text || (parameter->lengths && (column->span || column->places)));
}

struct direct_arrays *direct_arrays_new(const struct way_task *task, const char *sql, size_t together, size_t rows_max, struct error *error)
{
	struct direct_arrays *arrays = calloc(1, sizeof *arrays);
	bool done = arrays != NULL;

	if (arrays) {
		arrays->task = task;
		arrays->sql = sql;
		arrays->together = together;
		arrays->count = together * task->schema->field_count;
		arrays->columns = calloc(arrays->count, sizeof *arrays->columns);
		arrays->parameters = calloc(arrays->count, sizeof *arrays->parameters);
		done = arrays->columns && arrays->parameters;
	}
	for (size_t i = 0; done && i < arrays->count; i++)
		done = open_column(arrays, i, rows_max / together);
	if (done)
		return arrays;
	direct_arrays_free(arrays);
	error_memory(error, "a writer");
	return NULL;
}

size_t direct_arrays_take(const struct direct_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count, size_t bytes)
{
	size_t taken = 0, used = 0;

	count -= count % arrays->together;
	for (; taken < count; taken += arrays->together) {
		for (size_t i = 0; i < arrays->count; i++) {
			const struct direct_column *column = &arrays->columns[i];
			const struct column *from = &batch->columns[column->from];
			uint32_t row = rows[taken + column->turn];

			used += VALUE_BYTES + (column->span && from->cells[row] == CELL_VALUE ? from->spans[row].length : 0);
		}
		if (taken && used > bytes)
			break;
	}
	return taken;
}

static void fill(struct direct_arrays *arrays, size_t at, const struct batch *batch, const uint32_t *rows, size_t elements)
{
	const struct direct_column *column = &arrays->columns[at];
	const struct column *from = &batch->columns[column->from];
	struct my_parameter *parameter = &arrays->parameters[at];

	for (size_t i = 0; i < elements; i++) {
		uint32_t row = rows[i * arrays->together + column->turn];

		parameter->nulls[i] = from->cells[row] != CELL_VALUE;
		if (parameter->nulls[i]) {
			parameter->integers[i] = 0;
		} else if (parameter->form == MY_INTEGER || parameter->form == MY_DATETIME) {
			parameter->integers[i] = from->integers[row];
		} else if (parameter->form == MY_DOUBLE) {
			parameter->doubles[i] = from->doubles[row];
		} else if (column->span) {
			parameter->texts[i] = from->spans[row].length ? batch_bytes(batch, from->spans[row]) : "";
			parameter->lengths[i] = from->spans[row].length;
		} else {
			char *place = column->places + i * VALUE_TEXT_MAX;

			parameter->lengths[i] = carry_text(column->field, from, row, place);
			parameter->texts[i] = place;
		}
	}
}

int direct_arrays_execute(struct direct_arrays *arrays, const struct batch *batch, const uint32_t *rows, size_t count,
	struct diagnosis *diagnosis, struct error *error)
{
	size_t elements = count / arrays->together;

	if (!arrays->statement)
		arrays->statement = my_arrays_prepare(arrays->task->session, arrays->task->what, arrays->sql, arrays->count, error);
	if (!arrays->statement)
		return -1;
	for (size_t i = 0; i < arrays->count; i++)
		fill(arrays, i, batch, rows, elements);
	return my_arrays_execute(arrays->statement, arrays->parameters, elements, diagnosis, error);
}
