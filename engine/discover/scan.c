/* scan.c - batches of text into profiles.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/csv/csv.h"
#include "engine/core/limits.h"

enum { WIDER = 8, UNIQUE_ROOM = 48 << 20 };

static int make_room(struct scan *scan, const struct limits *limits, struct error *error)
{
	scan->columns = scan->guess.columns;
	scan->width = scan->guess.most + WIDER < limits->columns ? scan->guess.most + WIDER : (size_t)limits->columns;
	if (scan->columns > scan->width)
		return error_set(error, ERROR_SOURCE, scan->path, "has %zu cells in most of its records, more than limits.columns (%" PRIu64 ")",
			scan->columns, limits->columns);
	scan->profiles = calloc(scan->width, sizeof *scan->profiles);
	scan->first = calloc(scan->width, sizeof *scan->first);
	scan->repeats = calloc(scan->width, sizeof *scan->repeats);
	if (!scan->profiles || !scan->first || !scan->repeats)
		return error_memory(error, "the columns of a file");
	for (size_t i = 0; i < scan->width; i++)
		column_profile_init(&scan->profiles[i]);
	return profiling_init(&scan->profiling, UNIQUE_ROOM, error);
}

static struct schema *text_schema(size_t count, struct error *error)
{
	struct schema *schema = schema_new("file", error);
	for (size_t i = 0; schema && i < count; i++) {
		char name[32];
		snprintf(name, sizeof name, "column_%zu", i + 1);
		if (!schema_add_field(schema, name, VALUE_STRING, error)) {
			schema_free(schema);
			return NULL;
		}
	}
	return schema;
}

/* Kept aside until it is known whether it is a header; records that are a header together as one, whose labels are joined as the source joins them. */
static int keep_first(struct scan *scan, const struct batch *batch, uint32_t row, size_t cells, struct error *error)
{
	const struct span text = batch->origins[row].text;
	const char *bytes = batch_bytes(batch, text);

	scan->first_cells = cells > scan->first_cells ? cells : scan->first_cells;
	scan->most = scan->first_cells;
	scan->header_lines[scan->records - 1] = batch->origins[row].line_no;
	scan->first_line = scan->header_lines[0];
	scan->first_lines = batch->origins[row].line_no - scan->first_line + 1;
	for (size_t i = 0; i < text.length; i++)
		scan->first_lines += bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == text.length || bytes[i + 1] != '\n'));
	for (size_t c = 0; c < cells; c++) {
		struct span cell = batch->columns[c].texts[row];
		char *above = scan->first[c], *joined = NULL;
		if (above && (above[0] == '\0' || cell.length == 0))
			joined = above[0] == '\0' ? strndup(batch_bytes(batch, cell), cell.length) : strdup(above);
		else if (above)
			joined = asprintf(&joined, "%s %.*s", above, (int)cell.length, batch_bytes(batch, cell)) < 0 ? NULL : joined;
		else
			joined = strndup(batch_bytes(batch, cell), cell.length);
		free(above);
		scan->first[c] = joined;
		if (!joined)
			return error_memory(error, "the first record");
	}
	return 0;
}

static int take_row(struct scan *scan, const struct batch *batch, uint32_t row, struct error *error)
{
	size_t cells = 0;
	bool extra = false;

	while (cells < scan->width && batch->columns[cells].cells[row] != CELL_ABSENT)
		cells++;
	scan->profiling.line = batch->origins[row].line_no;
	if ((int64_t)scan->records++ < (scan->header_rows > 0 ? scan->header_rows : 1))
		return keep_first(scan, batch, row, cells, error);
	for (size_t c = 0; c < scan->width; c++) {
		if (c >= cells) {
			scan->profiles[c].absent++;
			continue;
		}
		if (batch->columns[c].cells[row] != CELL_TEXT)
			continue;
		struct span cell = batch->columns[c].texts[row];
		const char *text = batch_bytes(batch, cell);
		if (column_profile_add(&scan->profiles[c], &scan->profiling, text, cell.length, error) < 0)
			return -1;
		extra = extra || (c >= scan->columns && cell.length > 0);
		if (c < scan->first_cells && strlen(scan->first[c]) == cell.length && memcmp(scan->first[c], text, cell.length) == 0)
			scan->repeats[c]++;
	}
	scan->extra_filled += extra;
	scan->most = cells > scan->most ? cells : scan->most;
	return 0;
}

/* The faults of a row; false: its cells say nothing. */
static bool heed_faults(struct scan *scan, const struct batch *batch, uint32_t row, size_t *fault)
{
	bool damaged = false, bad = false, extra = false;
	for (; *fault < batch->fault_count && batch->faults[*fault].row == row; ++*fault) {
		damaged = damaged || batch->faults[*fault].kind == FAULT_RECORD;
		bad = bad || batch->faults[*fault].kind == FAULT_ENCODING;
		extra = extra || batch->faults[*fault].kind == FAULT_EXTRA;
	}
	scan->damaged += damaged;
	scan->bad_bytes += bad;
	scan->extra_filled += extra && !bad && !damaged;
	return !damaged && !bad && !extra;
}

static int take_batch(struct scan *scan, const struct batch *batch, uint64_t most, struct error *error)
{
	size_t fault = 0;
	for (uint32_t row = 0; row < batch->rows; row++) {
		if (most > 0 && scan->records >= most) {
			scan->all = false;
			return 0;
		}
		bool sound = heed_faults(scan, batch, row, &fault);
		if (batch->status[row] == ROW_BLANK)
			scan->blank++;
		else if (sound && take_row(scan, batch, row, error) < 0)
			return -1;
	}
	return 0;
}

int scan_file(struct scan *scan, uint64_t most, struct cancel *cancel, struct error *error)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct schema *schema = NULL;
	struct batch *batch = NULL;
	struct csv_source *source = NULL;
	int result = -1;

	if (make_room(scan, &limits, error) < 0)
		return -1;
	schema = text_schema(scan->width, error);
	if (!schema)
		goto out;
	batch = batch_new(schema, batch_rows_for(schema, 0), &limits, error);
	source = calloc(1, sizeof *source);
	if (!batch || !source) {
		error_memory(error, "a CSV source");
		goto out;
	}
	const struct source_context context = { .schema = schema, .limits = &limits, .cancel = cancel };
	/* A file by this very name is there: it is no glob. */
	source->file.options.path = (struct option_list){ .items = &scan->path, .count = 1 };
	source->options = scan->options;
	scan->all = true;
	result = csv_source_ops.open(source, &context, error);
	while (result == 0 && scan->all) {
		batch_reset(batch);
		enum source_result got = csv_source_ops.read(source, batch, error);
		if (got == SOURCE_END)
			break;
		result = got == SOURCE_ERROR ? -1 : take_batch(scan, batch, most, error);
	}
out:
	if (source)
		csv_source_ops.close(source);
	free(source);
	batch_free(batch);
	schema_free(schema);
	return result;
}

void scan_fini(struct scan *scan)
{
	for (size_t i = 0; i < scan->width && scan->profiles; i++)
		column_profile_fini(&scan->profiles[i], &scan->profiling);
	for (size_t i = 0; i < scan->width && scan->first; i++)
		free(scan->first[i]);
	free(scan->profiles);
	free(scan->first);
	free(scan->repeats);
	profiling_fini(&scan->profiling);
	scan->profiles = NULL;
	scan->first = NULL;
	scan->repeats = NULL;
}
