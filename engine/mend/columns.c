/* columns.c - matching the labels of a sheet with the fields of a table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/mend/columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/diagnostics.h"
#include "engine/core/utf8.h"

enum { LABEL_SHOWN = 128 };

static const char *const plain[OWN_COLUMNS] = { "reject_id", "rule", "message", "extra" };
static const char *const apart[OWN_COLUMNS] = { "penstock.reject_id", "penstock.rule", "penstock.message", "penstock.extra" };

const char *columns_label(const struct schema *schema, enum own_column column)
{
	return schema_find(schema, plain[column]) == SCHEMA_NO_FIELD ? plain[column] : apart[column];
}

/* Places before own_count are ours, those behind them fields. */
static size_t *find_place(struct columns *columns, const char **wanted, struct text label)
{
	for (size_t i = 0; wanted[i]; i++)
		if (strlen(wanted[i]) == label.length && memcmp(wanted[i], label.data, label.length) == 0)
			return i < OWN_COLUMNS ? &columns->own[i] : &columns->fields[i - OWN_COLUMNS];
	return NULL;
}

static int unknown(const char *place, const struct schema *schema, const char **wanted, struct text label, struct error *error)
{
	char *copy = strndup(label.data, utf8_cut(label.data, label.length, LABEL_SHOWN));
	if (!copy)
		return error_memory(error, "a label");
	const char *near = *copy ? suggest(copy, wanted) : NULL;
	if (*copy)
		error_set(error, ERROR_CONFIG, place, "column \"%s\" is no field of table %s%s%s%s", copy, schema->name,
			near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	else
		error_set(error, ERROR_CONFIG, place, "a column has no label: take it away, or give it back the name of its field");
	free(copy);
	return -1;
}

static int match_all(struct columns *columns, const struct sheet *sheet, const struct schema *schema, const char **wanted,
	struct error *error)
{
	char place[ERROR_PLACE_MAX];
	snprintf(place, sizeof place, "%s:%" PRIu64, sheet->name, sheet->at);
	for (size_t cell = 0; cell < sheet->count; cell++) {
		struct text label = sheet_cell(sheet, cell);
		size_t *at = find_place(columns, wanted, label);
		bool at_end = label.length == 0;
		for (size_t i = cell; i < sheet->count; i++)
			at_end = at_end && sheet->cells[i].length == 0;
		if (at_end)
			break;
		if (!at)
			return unknown(place, schema, wanted, label, error);
		if (*at != SIZE_MAX)
			return error_set(error, ERROR_CONFIG, place, "column \"%.*s\" is there twice", (int)label.length, label.data);
		*at = cell;
	}
	for (size_t i = 0; i < schema->field_count; i++)
		if (columns->fields[i] == SIZE_MAX)
			return error_set(error, ERROR_CONFIG, place,
				"column \"%s\" is missing: a replay needs every field of table %s; export the rejects again, or add it",
				schema->fields[i].name, schema->name);
	if (columns->own[OWN_REJECT_ID] == SIZE_MAX)
		return error_set(error, ERROR_CONFIG, place, "column \"%s\" is missing: it says which reject a row mends", wanted[OWN_REJECT_ID]);
	return 0;
}

int columns_match(struct columns *columns, const struct sheet *sheet, const struct schema *schema, struct error *error)
{
	const char **wanted = calloc(OWN_COLUMNS + schema->field_count + 1, sizeof *wanted);
	columns->fields = calloc(schema->field_count ? schema->field_count : 1, sizeof *columns->fields);
	if (!wanted || !columns->fields) {
		free(wanted);
		return error_memory(error, "the columns of a file");
	}
	for (size_t i = 0; i < OWN_COLUMNS; i++) {
		wanted[i] = columns_label(schema, (enum own_column)i);
		columns->own[i] = SIZE_MAX;
	}
	for (size_t i = 0; i < schema->field_count; i++) {
		wanted[OWN_COLUMNS + i] = schema->fields[i].name;
		columns->fields[i] = SIZE_MAX;
	}
	int result = match_all(columns, sheet, schema, wanted, error);
	free(wanted);
	return result;
}

void columns_fini(struct columns *columns)
{
	free(columns->fields);
	columns->fields = NULL;
}
