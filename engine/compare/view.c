/* view.c - a batch with fewer columns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/view.h"

#include <assert.h>
#include <stdlib.h>

int view_init(struct view *view, const struct schema *schema, const char *const *names, size_t count, struct error *error)
{
	*view = (struct view){.fields = calloc(count + 1, sizeof *view->fields), .columns = calloc(count + 1, sizeof *view->columns)};
	if (!view->fields || !view->columns)
		return error_memory(error, "the comparison of a table");
	for (size_t i = 0; i < count; i++) {
		view->fields[i] = schema_find(schema, names[i]);
		assert(view->fields[i] != SCHEMA_NO_FIELD);
	}
	view->schema = schema_project(schema, view->fields, count, error);
	return view->schema ? 0 : -1;
}

void view_fini(struct view *view)
{
	if (view->schema)
		schema_free(view->schema);
	free(view->fields);
	free(view->columns);
	*view = (struct view){.schema = NULL};
}

const struct batch *view_of(struct view *view, const struct batch *batch)
{
	view->batch = *batch;
	view->batch.schema = view->schema;
	view->batch.columns = view->columns;
	for (size_t i = 0; i < view->schema->field_count; i++) {
		view->columns[i] = batch->columns[view->fields[i]];
		view->columns[i].field = &view->schema->fields[i];
	}
	return &view->batch;
}
