/* sample_row.c - rows made of samples.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/sample_row.h"

#include <stdlib.h>

enum { DEPTH_MAX = 64 };

void sample_row_fini(struct sample_row *row, const struct schema *schema)
{
	for (size_t i = 0; row->cells && i < schema->field_count; i++)
		sample_fini(&row->cells[i]);
	free(row->cells);
	*row = (struct sample_row){.cells = NULL};
}

int sample_row_copy(const struct sample_row *from, struct sample_row *to, const struct schema *schema, struct error *error)
{
	*to = (struct sample_row){.cells = calloc(schema->field_count + 1, sizeof(*to->cells)), .fault = from->fault};
	for (size_t i = 0; to->cells && i < schema->field_count; i++)
		if (!sample_copy(&from->cells[i], &to->cells[i]))
			return error_memory(error, "a row of a test");
	return to->cells ? 0 : error_memory(error, "a row of a test");
}

int sample_row_put(const struct sample_row *row, struct batch *batch, struct error *error)
{
	uint32_t at = batch_add_row(batch);

	batch->origins[at].record_no = batch->origins[at].line_no = at + 1;
	for (size_t i = 0; i < batch->schema->field_count; i++)
		if (sample_put(&row->cells[i], batch, i, at, error) < 0)
			return -1;
	return row->fault ? batch_fault(batch, at, row->fault, SCHEMA_NO_FIELD, error, "made for a test") : 0;
}

static int make(const struct dictionary *dictionary, const struct table *table, unsigned k, int depth, struct sample_row *row, size_t *lacking,
	struct error *error)
{
	const struct schema *schema = table->schema;

	*lacking = SCHEMA_NO_FIELD;
	*row = (struct sample_row){.cells = calloc(schema->field_count + 1, sizeof(*row->cells))};
	if (!row->cells)
		return error_memory(error, "a row of a test");
	for (size_t i = 0; i < schema->field_count; i++)
		if (!sample_good(&schema->fields[i], &table->fields[i], k, &row->cells[i])) {
			row->cells[i].kind = SAMPLE_NULL;
			if (schema->fields[i].required && *lacking == SCHEMA_NO_FIELD)
				*lacking = i;
		}
	for (size_t f = 0; f < schema->foreign_count; f++) {
		const struct foreign_key *foreign = &schema->foreign[f];
		const struct table *parent = dictionary_find(dictionary, foreign->resource);
		bool itself = parent == table;
		struct sample_row other = {.cells = NULL};
		size_t unused;

		if (!parent || depth > DEPTH_MAX)
			continue;
		if (!itself && make(dictionary, parent, k, depth + 1, &other, &unused, error) < 0) {
			sample_row_fini(&other, parent->schema);
			return -1;
		}
		for (size_t i = 0; i < foreign->key.count; i++) {
			size_t own = foreign->key.fields[i], column = schema_find(parent->schema, foreign->columns[i]);
			struct sample copy = {.kind = SAMPLE_NULL};
			bool optional = itself && !schema->fields[own].required;

			if (column == SCHEMA_NO_FIELD || own == column)
				continue;
			if (!optional && !sample_copy(itself ? &row->cells[column] : &other.cells[column], &copy)) {
				sample_row_fini(&other, parent->schema);
				return error_memory(error, "a row of a test");
			}
			sample_fini(&row->cells[own]);
			row->cells[own] = copy;
		}
		sample_row_fini(&other, parent->schema);
	}
	return 0;
}

int sample_row_make(const struct dictionary *dictionary, const struct table *table, unsigned k, struct sample_row *row, size_t *lacking,
	struct error *error)
{
	return make(dictionary, table, k, 0, row, lacking, error);
}
