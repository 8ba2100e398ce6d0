/* csv-spectrum: what each of its files means, by its own JSON. Skipped where the suite is not at hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <jansson.h>
#include <string.h>

#include "connectors/csv/csv.h"
#include "tests/support/csv_seen.h"

enum { FILES = 11 };

/* $PENSTOCK_SUITES, else ../shared/suites beside the source. */
static bool find_suite(char *folder, size_t size)
{
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");
	if (suites && *suites)
		snprintf(folder, size, "%s/csv-spectrum", suites);
	else
		snprintf(folder, size, "%s/../shared/suites/csv-spectrum", top && *top ? top : ".");
	DIR *there = opendir(folder);
	if (there)
		closedir(there);
	return there != NULL;
}

/* Every row and cell as the JSON has it; the labels in the order of the JSON's keys, which need not be the file's. */
static void compare(const char *csv, const char *json)
{
	struct error error = ERROR_INIT;
	json_error_t why;
	json_t *rows = json_load_file(json, JSON_REJECT_DUPLICATES, &why);
	if (!rows)
		fail_msg("%s: %s", json, why.text);
	struct schema *schema = schema_new("spectrum", &error);
	assert_non_null(schema);
	const char *key;
	json_t *value;
	json_object_foreach(json_array_get(rows, 0), key, value)
		assert_non_null(schema_add_field(schema, key, VALUE_STRING, &error));

	struct csv_case how = { .path = csv, .options = { .header = true, .delimiter = ",", .quote = "\"", .double_quote = true }, .schema = schema,
	                        .limits = LIMITS_DEFAULT };
	void *self;
	if (csv_open_case(&how, &self, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	struct batch *batch = batch_new(schema, 100, &how.limits, &error);
	assert_non_null(batch);
	assert_int_equal(csv_source_ops.read(self, batch, &error), SOURCE_BATCH);
	assert_true(batch->last);
	assert_int_equal(batch->rows, json_array_size(rows));
	assert_int_equal(batch->fault_count, 0);
	for (size_t r = 0; r < batch->rows; r++) {
		json_t *row = json_array_get(rows, r);
		assert_int_equal(json_object_size(row), schema->field_count);
		for (size_t f = 0; f < schema->field_count; f++) {
			struct span seen = batch->columns[f].texts[r];
			const char *expected = json_string_value(json_object_get(row, schema->fields[f].name));
			assert_non_null(expected);
			assert_int_equal(batch->columns[f].cells[r], CELL_TEXT);
			assert_int_equal(seen.length, strlen(expected));
			assert_memory_equal(batch_bytes(batch, seen), expected, seen.length);
		}
	}
	batch_free(batch);
	csv_close_case(self);
	schema_free(schema);
	json_decref(rows);
}

static void test_spectrum(void **state)
{
	(void)state;
	char folder[2048], csvs[2100], csv[2400], json[2400];
	if (!find_suite(folder, sizeof folder)) {
		print_message("# csv-spectrum is not at hand (PENSTOCK_SUITES names the folder it is in)\n");
		skip();
	}
	snprintf(csvs, sizeof csvs, "%s/csvs", folder);
	DIR *list = opendir(csvs);
	assert_non_null(list);
	size_t files = 0;
	for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".csv") != 0)
			continue;
		snprintf(csv, sizeof csv, "%s/%s", csvs, entry->d_name);
		snprintf(json, sizeof json, "%s/json/%.*s.json", folder, (int)(dot - entry->d_name), entry->d_name);
		compare(csv, json);
		files++;
	}
	closedir(list);
	assert_true(files >= FILES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_spectrum) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
