/* pair.c - one table of each side: columns, then fingerprints, then rows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/compare/differ.h"
#include "engine/compare/view.h"
#include "engine/core/fingerprint.h"

enum { WORK_MAX = 64 << 20, NAME_MAX_LENGTH = 1024 };

static const char *const letters[2] = {"a", "b"};

struct work {
	const struct pair *pair;
	json_t *report;
	const char **columns;      /* that are compared, of the resource */
	size_t column_count;
	size_t *key;               /* of columns */
	size_t key_count;
	struct pull pulls[2];
	struct view views[2];
	bool viewed[2];
	struct fingerprints prints[2];
	uint64_t unreadable[2];
	struct buffer bytes;
	struct differ *differ;
	int side;                  /* whose rows are coming */
	int (*stage)(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error);
};

/* --- the report --------------------------------------------------------------------------------- */

static int put(struct work *work, const char *key, const char *letter, json_t *value)
{
	char name[64];

	snprintf(name, sizeof name, "%s%s%s", key, letter ? "_" : "", letter ? letter : "");
	return json_object_set_new(work->report, name, value);
}

static int add_name(struct work *work, const char *key, const char *letter, const char *name)
{
	char list_name[64];

	snprintf(list_name, sizeof list_name, "%s%s%s", key, letter ? "_" : "", letter ? letter : "");
	json_t *list = json_object_get(work->report, list_name);
	if (!list && json_object_set_new(work->report, list_name, list = json_array()) < 0)
		return -1;
	return json_array_append_new(list, json_string(name));
}

static int different(struct work *work)
{
	return put(work, "result", NULL, json_string("different"));
}

/* --- columns ------------------------------------------------------------------------------------ */

static bool ignored(const struct pair *pair, const char *column)
{
	char qualified[NAME_MAX_LENGTH];

	snprintf(qualified, sizeof qualified, "%s.%s", pair->name, column);
	for (size_t i = 0; i < pair->ignore_count; i++)
		if (strcmp(pair->ignore[i], column) == 0 || strcmp(pair->ignore[i], qualified) == 0)
			return true;
	return false;
}

/* A CSV file has the columns that the schema says. */
static bool side_has(const struct pair *pair, int side, const char *column)
{
	const json_t *resource = pair->tables[side]->resource;

	return descriptor_has(resource ? resource : pair->resource, column);
}

/* Where a column stands: nothing to tell where both sides have it and the schema does. */
static int tell_column(struct work *work, const char *column)
{
	const struct pair *pair = work->pair;
	bool a = side_has(pair, 0, column), b = side_has(pair, 1, column), known = descriptor_has(pair->resource, column);

	if (ignored(pair, column))
		return add_name(work, "columns_ignored", NULL, column);
	if (a && b && known) {
		work->columns[work->column_count++] = column;
		return 0;
	}
	if (different(work))
		return -1;
	if (a != b)
		return add_name(work, "columns_only_in", letters[a ? 0 : 1], column);
	return add_name(work, a ? "columns_not_in_dictionary" : "columns_in_neither", NULL, column);
}

static int match_columns(struct work *work, struct error *error)
{
	const struct pair *pair = work->pair;
	const json_t *three[] = {pair->resource, pair->tables[0]->resource, pair->tables[1]->resource};

	work->columns = calloc(descriptor_fields(pair->resource) + 1, sizeof *work->columns);
	if (!work->columns)
		return error_memory(error, "the columns to compare");
	for (size_t r = 0; r < 3; r++)
		for (size_t i = 0; three[r] && i < descriptor_fields(three[r]); i++) {
			const char *column = descriptor_field(three[r], i);
			bool told = false;
			for (size_t before = 0; before < r && !told; before++)
				told = three[before] && descriptor_has(three[before], column);
			if (!told && tell_column(work, column))
				return error_memory(error, "the report");
		}
	return 0;
}

static bool keeps(const void *arg, const char *column)
{
	const struct work *work = arg;

	for (size_t i = 0; i < work->column_count; i++)
		if (strcmp(work->columns[i], column) == 0)
			return true;
	return false;
}

static bool keeps_all(const void *arg, const char *column)
{
	(void)arg;
	(void)column;
	return true;
}

/* --- reading ------------------------------------------------------------------------------------ */

static int open_pull(struct work *work, int side, struct error *error)
{
	const struct pair *pair = work->pair;
	const struct side_table *table = pair->tables[side];
	bool whole = !table->resource; /* a CSV file must be read with all its columns */
	const char *name = descriptor_name(pair->resource);
	json_t *ignore = json_array();
	char *package = descriptor_package(pair->resource, whole ? keeps_all : keeps, work, error);
	int result = package && ignore ? 0 : error_memory(error, "the columns to compare");

	for (size_t i = 0; result == 0 && !whole && i < descriptor_fields(table->resource); i++) {
		const char *column = descriptor_field(table->resource, i);
		if (!keeps(work, column) && json_array_append_new(ignore, json_string(column)) < 0)
			result = error_memory(error, "the columns to compare");
	}
	if (result == 0)
		result = side_pull(pair->sides[side], table, package, name, ignore, &work->pulls[side], error);
	if (result == 0 && whole && work->column_count < pull_schema(&work->pulls[side])->field_count) {
		work->viewed[side] = true;
		result = view_init(&work->views[side], pull_schema(&work->pulls[side]), work->columns, work->column_count, error);
	}
	free(package);
	json_decref(ignore);
	return result;
}

static const struct schema *schema_of(const struct work *work, int side)
{
	return work->viewed[side] ? work->views[side].schema : pull_schema(&work->pulls[side]);
}

static const struct batch *seen(struct work *work, const struct batch *batch)
{
	return work->viewed[work->side] ? view_of(&work->views[work->side], batch) : batch;
}

/* The primary key that the schema names, or else one of the sides, where all of it is compared. */
static int find_key(struct work *work, struct error *error)
{
	const struct pair *pair = work->pair;
	const json_t *three[] = {pair->resource, pair->tables[0]->resource, pair->tables[1]->resource}, *key = NULL;

	work->key = calloc(work->column_count + 1, sizeof *work->key);
	if (!work->key)
		return error_memory(error, "the columns to compare");
	for (size_t i = 0; i < 3 && descriptor_key_size(key) == 0; i++)
		key = three[i] ? descriptor_key(three[i]) : NULL;
	for (size_t i = 0; i < descriptor_key_size(key); i++) {
		size_t field = schema_find(schema_of(work, 0), descriptor_key_part(key, i));
		if (field == SCHEMA_NO_FIELD || work->key_count == work->column_count) {
			work->key_count = 0;
			return 0;
		}
		work->key[work->key_count++] = field;
	}
	return 0;
}

/* --- fingerprints ------------------------------------------------------------------------------- */

static int tell_unreadable(struct work *work, const struct batch *batch, struct error *error)
{
	json_t *list = json_object_get(work->report, "unreadable");

	if (!list && json_object_set_new(work->report, "unreadable", list = json_array()) < 0)
		return error_memory(error, "the report");
	for (size_t i = 0; i < batch->violation_count; i++) {
		const struct violation *violation = &batch->violations[i];
		if (i > 0 && batch->violations[i - 1].row == violation->row)
			continue;
		if (work->unreadable[work->side]++ >= work->pair->rows)
			continue;
		char *detail = strndup(batch_bytes(batch, violation->detail), violation->detail.length);
		json_t *entry = detail ? json_pack("{s:s, s:I, s:s, s:s}", "side", letters[work->side], "record",
			(json_int_t)batch->origins[violation->row].record_no, "rule", violation->rule->id, "message",
			violation->detail.length ? detail : violation->rule->text) : NULL;
		free(detail);
		if (json_array_append_new(list, entry) < 0)
			return error_memory(error, "the report");
	}
	return 0;
}

static int add_prints(void *arg, const struct batch *batch, struct error *error)
{
	struct work *work = arg;

	if (batch->violation_count > 0 && tell_unreadable(work, batch, error))
		return -1;
	return fingerprints_add_batch(&work->prints[work->side], seen(work, batch), &work->bytes, NULL, error);
}

static int take_prints(struct work *work, struct error *error)
{
	char hex[FINGERPRINT_HEX_SIZE];
	int failed = 0;

	for (int i = 0; i < 2; i++) {
		struct fingerprints *prints = &work->prints[i];
		work->side = i;
		if (fingerprints_init(prints, work->column_count, error) || pull_all(&work->pulls[i], add_prints, work, error))
			return -1;
		fingerprint_format(&prints->total, hex);
		failed |= put(work, "rows", letters[i], json_integer((json_int_t)prints->rows));
		failed |= put(work, "fingerprint", letters[i], json_string(hex));
		if (work->unreadable[i])
			failed |= different(work) | put(work, "unreadable", letters[i], json_integer((json_int_t)work->unreadable[i]));
	}
	if (fingerprints_equal(&work->prints[0], &work->prints[1]))
		return failed ? error_memory(error, "the report") : 0;
	failed |= different(work);
	for (size_t i = 0; i < work->column_count; i++)
		if (!fingerprint_equal(&work->prints[0].columns[i], &work->prints[1].columns[i]))
			failed |= add_name(work, "columns_different", NULL, work->columns[i]);
	return failed ? error_memory(error, "the report") : 0;
}

/* --- rows --------------------------------------------------------------------------------------- */

static int to_stage(void *arg, const struct batch *batch, struct error *error)
{
	struct work *work = arg;

	return work->stage(work->differ, (enum differ_side)work->side, seen(work, batch), error);
}

static int both_through(struct work *work,
	int (*stage)(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error), struct error *error)
{
	work->stage = stage;
	for (int i = 0; i < 2; i++) {
		work->side = i;
		if (pull_all(&work->pulls[i], to_stage, work, error))
			return -1;
	}
	return 0;
}

static int find_rows(struct work *work, struct error *error)
{
	work->differ = differ_new(work->key, work->key_count, work->pair->rows, error);
	if (!work->differ || both_through(work, differ_tally, error))
		return -1;
	if (!differ_tallied(work->differ)) {
		if (both_through(work, differ_tally, error))
			return -1;
		(void)differ_tallied(work->differ);
	}
	if (both_through(work, differ_match, error) || differ_matched(work->differ, error) || both_through(work, differ_capture, error))
		return -1;
	return differ_report(work->differ, schema_of(work, 0), work->report, error);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static int run(struct work *work, struct error *error)
{
	if (put(work, "name", NULL, json_string(work->pair->name)) || put(work, "result", NULL, json_string("equal")))
		return error_memory(error, "the report");
	if (match_columns(work, error))
		return -1;
	if (work->column_count == 0)
		return different(work) ? error_memory(error, "the report") : 0;
	for (int i = 0; i < 2; i++)
		if (open_pull(work, i, error))
			return -1;
	if (find_key(work, error) || take_prints(work, error))
		return -1;
	bool equal = fingerprints_equal(&work->prints[0], &work->prints[1]);
	return equal || work->pair->rows == 0 ? 0 : find_rows(work, error);
}

json_t *pair_compare(const struct pair *pair, struct error *error)
{
	struct work work = {.pair = pair, .report = json_object()};

	buffer_init(&work.bytes, WORK_MAX);
	int result = work.report ? run(&work, error) : error_memory(error, "the report");
	differ_free(work.differ);
	for (int i = 0; i < 2; i++) {
		view_fini(&work.views[i]);
		pull_close(&work.pulls[i]);
		fingerprints_fini(&work.prints[i]);
	}
	buffer_fini(&work.bytes);
	free(work.columns);
	free(work.key);
	if (result == 0)
		return work.report;
	json_decref(work.report);
	return NULL;
}
