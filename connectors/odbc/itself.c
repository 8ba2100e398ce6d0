/* itself.c - rows that are their own parents.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/odbc/itself.h"

#include <string.h>

static bool same_value(const struct batch *batch, const struct column *left, const struct column *right, uint32_t row)
{
	enum value_storage storage = value_storage(left->field->type);

	if (left->cells[row] != CELL_VALUE || right->cells[row] != CELL_VALUE || storage != value_storage(right->field->type))
		return false;
	if (storage == STORAGE_INTEGER)
		return left->integers[row] == right->integers[row];
	if (storage == STORAGE_DECIMAL)
		return left->field->scale == right->field->scale && left->decimals[row] == right->decimals[row];
	if (storage == STORAGE_DOUBLE)
		return left->doubles[row] >= right->doubles[row] && left->doubles[row] <= right->doubles[row];
	const struct span a = left->spans[row], b = right->spans[row];
	return a.length == b.length && memcmp(batch_bytes(batch, a), batch_bytes(batch, b), a.length) == 0;
}

bool itself_refers(const struct batch *batch, const size_t *own, const size_t *theirs, size_t count, uint32_t row)
{
	for (size_t i = 0; i < count; i++)
		if (!same_value(batch, &batch->columns[own[i]], &batch->columns[theirs[i]], row))
			return false;
	return true;
}
