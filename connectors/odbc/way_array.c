/* way_array.c - INSERT of one row with arrays of parameters, which the driver sends as one request (MariaDB's bulk protocol).
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the driver says of single rows is not believed (a status array full of nonsense): a refused statement is taken back as a whole. The server is
 * asked where it stopped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/array_proof.h"
#include "connectors/odbc/array_sieve.h"
#include "connectors/odbc/bound_arrays.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/way.h"

struct array_way {
	struct way way;
	struct bound_arrays arrays;
	struct array_sieve sieve;
};

static void array_close(struct way *way)
{
	struct array_way *array = (struct array_way *)way;

	if (!array)
		return;
	bound_arrays_close(&array->arrays);
	array_sieve_close(&array->sieve);
	free(array);
}

static bool array_usable(struct session *session, char why[WAY_WHY_MAX])
{
	return array_proved(session, why);
}

static bool array_fits(const struct way_task *task, char why[WAY_WHY_MAX])
{
	if (task->schema->field_count)
		return array_proved(task->session, why);
	snprintf(why, WAY_WHY_MAX, "the table of the dictionary has no field");
	return false;
}

static int array_open(const struct way_task *task, struct way **out, struct error *error)
{
	struct array_way *array = calloc(1, sizeof *array);

	if (!array)
		return error_memory(error, "a writer");
	array->way.ops = &way_array;
	if (bound_arrays_open(&array->arrays, task, "INSERT", 1, error)) {
		free(array);
		return -1;
	}
	array_sieve_init(&array->sieve, task);
	*out = &array->way;
	return 0;
}

static size_t array_take(const struct way *way, const struct batch *batch, const uint32_t *rows, size_t count)
{
	return bound_arrays_take(&((const struct array_way *)way)->arrays, batch, rows, count);
}

static int too_large(const struct session *session, struct diagnosis *diagnosis)
{
	memset(diagnosis, 0, sizeof *diagnosis);
	diagnosis->at = diagnosis->near = DIAGNOSIS_NOWHERE;
	diagnosis->trouble.kind = TROUBLE_ROW;
	snprintf(diagnosis->words, sizeof diagnosis->words, "the row is larger than the server takes in one piece (max_allowed_packet, %llu bytes)",
		(unsigned long long)session->statement_bytes_max);
	return 1;
}

/* The row, from 0, at which the server stopped, as MariaDB tells it from 10.7 on. What a trigger executes may have been counted instead, so it is a
 * guess. */
static size_t where_it_stopped(struct session *session)
{
	struct error ignored = ERROR_INIT;
	char text[24] = "";
	size_t row;

	if (session->rows_uncounted)
		return DIAGNOSIS_NOWHERE;
	if (session_execute(session, "GET DIAGNOSTICS CONDITION 1 @penstock_row = ROW_NUMBER", &ignored) ||
	    session_query_text(session, "SELECT @penstock_row", text, sizeof text, &ignored) < 0) {
		session->rows_uncounted = true;
		error_clear(&ignored);
		return DIAGNOSIS_NOWHERE;
	}
	row = strtoul(text, NULL, 10);
	return row ? row - 1 : DIAGNOSIS_NOWHERE;
}

static int array_insert(struct way *way, const struct batch *batch, const uint32_t *rows, size_t count, struct diagnosis *diagnosis,
	struct error *error)
{
	struct bound_arrays *arrays = &((struct array_way *)way)->arrays;
	struct session *session = arrays->task->session;
	int result;

	if (count == 1 && bound_arrays_too_large(arrays, batch, rows))
		return too_large(session, diagnosis);
	result = bound_arrays_execute(arrays, batch, rows, count, diagnosis, error);
	if (result > 0 && count > 1 && diagnosis->at == DIAGNOSIS_NOWHERE)
		diagnosis->near = where_it_stopped(session);
	return result;
}

static int array_sift(struct way *way, const struct batch *batch, const uint32_t *rows, size_t *count, uint8_t *refused, struct error *error)
{
	return array_sieve_run(&((struct array_way *)way)->sieve, batch, rows, count, refused, error);
}

static int array_print(const struct way *way, struct buffer *out, size_t *rows, struct error *error)
{
	const struct array_way *array = (const struct array_way *)way;

	*rows = array->arrays.rows_max;
	return buffer_puts(out, array->arrays.sql, error);
}

const struct way_ops way_array = {
	.name = "array",
	.help = "INSERT of one row with arrays of parameters, sent as one request",
	.usable = array_usable,
	.fits = array_fits,
	.open = array_open,
	.take = array_take,
	.insert = array_insert,
	.sift = array_sift,
	.print = array_print,
	.close = array_close,
};
