/* test_compare.c - which rows of two tables differ: by key, whole, many times the same, and more than fit.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/compare/descriptor.h"
#include "engine/compare/differ.h"
#include "engine/compare/view.h"
#include "engine/core/typed.h"

enum { BATCH_ROWS = 1000 };

/* A table of two columns, id and name; row i of a side is made by the test. */
struct table {
	struct schema *schema;
	struct batch *batch;
	uint64_t records; /* of the pass */
};

static void table_begin(struct table *table)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;

	table->schema = schema_new("t", &error);
	assert_non_null(table->schema);
	assert_non_null(schema_add_field(table->schema, "id", VALUE_INTEGER, &error));
	assert_non_null(schema_add_field(table->schema, "name", VALUE_STRING, &error));
	table->batch = batch_new(table->schema, BATCH_ROWS, &limits, &error);
	assert_non_null(table->batch);
	table->records = 0;
}

static void table_end(struct table *table)
{
	batch_free(table->batch);
	schema_free(table->schema);
}

/* name NULL: null. */
static void add(struct table *table, int64_t id, const char *name)
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(table->batch);

	table->batch->origins[row].record_no = ++table->records;
	typed_integer(table->batch, 0, row, id);
	if (name)
		assert_int_equal(typed_bytes(table->batch, 1, row, (struct text){name, strlen(name)}, &error), 0);
	else
		typed_null(table->batch, 1, row);
}

/* Gives the batch to a stage when it is full or last, and empties it. */
typedef int stage(struct differ *differ, enum differ_side side, const struct batch *batch, struct error *error);

struct feed {
	struct differ *differ;
	stage *to;
	enum differ_side side;
};

static void flush(struct table *table, const struct feed *feed)
{
	struct error error = ERROR_INIT;

	assert_int_equal(feed->to(feed->differ, feed->side, table->batch, &error), 0);
	batch_reset(table->batch);
}

/* The rows of a side: called for each stage. */
typedef void rows(struct table *table, const struct feed *feed);

static json_t *compared(rows *a, rows *b, const size_t *key, size_t key_count, size_t shown)
{
	struct error error = ERROR_INIT;
	struct differ *differ = differ_new(key, key_count, shown, &error);
	rows *const sides[] = {a, b};
	stage *const stages[] = {differ_tally, differ_match, differ_capture};
	struct table table;
	json_t *report = json_object();

	assert_non_null(differ);
	table_begin(&table);
	for (size_t s = 0; s < 3; s++) {
		for (int again = 1; again >= 0; again--) {
			for (int side = 0; side < 2; side++) {
				const struct feed feed = {.differ = differ, .to = stages[s], .side = (enum differ_side)side};
				table.records = 0;
				sides[side](&table, &feed);
				flush(&table, &feed);
			}
			if (s > 0 || differ_tallied(differ))
				break;
			assert_int_equal(again, 1);
		}
		if (s == 1)
			assert_int_equal(differ_matched(differ, &error), 0);
	}
	assert_int_equal(differ_report(differ, table.schema, report, &error), 0);
	table_end(&table);
	differ_free(differ);
	return report;
}

static long long number(const json_t *report, const char *key)
{
	return (long long)json_integer_value(json_object_get(report, key));
}

static void expect(json_t *report, long long changed, long long only_a, long long only_b, const char *rows_text)
{
	char *text = json_dumps(json_object_get(report, "rows"), JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	assert_int_equal(number(report, "changed"), changed);
	assert_int_equal(number(report, "only_in_a"), only_a);
	assert_int_equal(number(report, "only_in_b"), only_b);
	assert_true(json_is_true(json_object_get(report, "counted_all")));
	if (rows_text)
		assert_string_equal(text, rows_text);
	free(text);
	json_decref(report);
}

static const size_t by_id[] = {0};

/* ---- few rows ---- */

static void three(struct table *table, const struct feed *feed)
{
	(void)feed;
	add(table, 1, "one");
	add(table, 2, "two");
	add(table, 3, NULL);
}

static void three_backwards(struct table *table, const struct feed *feed)
{
	(void)feed;
	add(table, 3, NULL);
	add(table, 2, "two");
	add(table, 1, "one");
}

static void three_otherwise(struct table *table, const struct feed *feed)
{
	(void)feed;
	add(table, 4, "four");
	add(table, 3, "");
	add(table, 1, "one");
}

static void order_does_not_matter(void **state)
{
	(void)state;
	expect(compared(three, three_backwards, by_id, 1, 10), 0, 0, 0, "[]");
	expect(compared(three, three_backwards, NULL, 0, 10), 0, 0, 0, "[]");
}

static void changes_by_key(void **state)
{
	(void)state;
	expect(compared(three, three_otherwise, by_id, 1, 10), 1, 1, 1,
		"[{\"difference\":\"only_in_a\",\"key\":{\"id\":\"2\"},\"row\":{\"id\":\"2\",\"name\":\"two\"},\"times\":1},"
		"{\"columns\":{\"name\":{\"a\":null,\"b\":\"\"}},\"difference\":\"changed\",\"key\":{\"id\":\"3\"}},"
		"{\"difference\":\"only_in_b\",\"key\":{\"id\":\"4\"},\"row\":{\"id\":\"4\",\"name\":\"four\"},\"times\":1}]");
}

static void whole_rows(void **state)
{
	(void)state;
	expect(compared(three, three_otherwise, NULL, 0, 10), 0, 2, 2,
		"[{\"difference\":\"only_in_a\",\"key\":{},\"row\":{\"id\":\"2\",\"name\":\"two\"},\"times\":1},"
		"{\"difference\":\"only_in_a\",\"key\":{},\"row\":{\"id\":\"3\",\"name\":null},\"times\":1},"
		"{\"difference\":\"only_in_b\",\"key\":{},\"row\":{\"id\":\"4\",\"name\":\"four\"},\"times\":1},"
		"{\"difference\":\"only_in_b\",\"key\":{},\"row\":{\"id\":\"3\",\"name\":\"\"},\"times\":1}]");
}

static void five_of_one(struct table *table, const struct feed *feed)
{
	(void)feed;
	for (int i = 0; i < 5; i++)
		add(table, 1, "same");
	add(table, 2, "b");
	add(table, 2, "c");
}

static void two_of_one(struct table *table, const struct feed *feed)
{
	(void)feed;
	add(table, 1, "same");
	add(table, 2, "c");
	add(table, 2, "d");
	add(table, 2, "e");
	add(table, 1, "same");
}

static void rows_that_are_there_several_times(void **state)
{
	(void)state;
	/* The key 2 has b against d, c against c, and e is left over; 1 has three too many. */
	expect(compared(five_of_one, two_of_one, by_id, 1, 10), 1, 3, 1, NULL);
	expect(compared(five_of_one, two_of_one, NULL, 0, 10), 0, 4, 2, NULL);
}

/* ---- many rows ---- */

enum { MANY = 40000, CHANGED_EVERY = 5000 };

static void many(struct table *table, const struct feed *feed)
{
	char name[32];

	for (int i = 0; i < MANY; i++) {
		if (batch_is_full(table->batch))
			flush(table, feed);
		snprintf(name, sizeof name, "name %d", i);
		add(table, i, name);
	}
}

static void many_changed(struct table *table, const struct feed *feed)
{
	char name[32];

	for (int i = MANY - 1; i >= 0; i--) {
		if (batch_is_full(table->batch))
			flush(table, feed);
		snprintf(name, sizeof name, i % CHANGED_EVERY ? "name %d" : "changed %d", i);
		add(table, i, name);
	}
}

static void nothing(struct table *table, const struct feed *feed)
{
	(void)table;
	(void)feed;
}

static void few_among_many(void **state)
{
	(void)state;
	json_t *report = compared(many, many_changed, by_id, 1, 100);

	/* In the order of the left side. */
	for (size_t i = 0; i < MANY / CHANGED_EVERY; i++) {
		char wanted[16];
		snprintf(wanted, sizeof wanted, "%zu", i * CHANGED_EVERY);
		const json_t *row = json_array_get(json_object_get(report, "rows"), i);
		assert_string_equal(json_string_value(json_object_get(json_object_get(row, "key"), "id")), wanted);
	}
	expect(report, MANY / CHANGED_EVERY, 0, 0, NULL);
	report = compared(many, many_changed, by_id, 1, 3);
	assert_int_equal(json_array_size(json_object_get(report, "rows")), 3);
	expect(report, MANY / CHANGED_EVERY, 0, 0, NULL);
}

/* More than is looked into: what is told is true, and said to be a part. */
static void all_of_many(void **state)
{
	(void)state;
	json_t *report = compared(many, nothing, by_id, 1, 10);

	assert_false(json_is_true(json_object_get(report, "counted_all")));
	assert_true(number(report, "only_in_a") > MANY / 4);
	assert_true(number(report, "only_in_a") < MANY);
	assert_int_equal(number(report, "changed"), 0);
	assert_int_equal(number(report, "only_in_b"), 0);
	assert_int_equal(json_array_size(json_object_get(report, "rows")), 10);
	json_decref(report);
}

/* One key for all rows: they are matched whole. */
static void same_key(struct table *table, const struct feed *feed)
{
	char name[32];

	for (int i = 0; i < MANY; i++) {
		if (batch_is_full(table->batch))
			flush(table, feed);
		snprintf(name, sizeof name, "name %d", i);
		add(table, 7, name);
	}
}

static void same_key_but_one(struct table *table, const struct feed *feed)
{
	same_key(table, feed);
	flush(table, feed);
	add(table, 7, "one more");
}

static void a_key_that_is_none(void **state)
{
	(void)state;
	json_t *report = compared(same_key, same_key_but_one, by_id, 1, 10);

	assert_int_equal(json_array_size(json_object_get(report, "key")), 0);
	expect(report, 0, 0, 1,
		"[{\"difference\":\"only_in_b\",\"key\":{},\"row\":{\"id\":\"7\",\"name\":\"one more\"},\"times\":1}]");
}

/* ---- what is shown ---- */

static void long_and_binary(void **state)
{
	(void)state;
	static char text[1001];
	struct error error = ERROR_INIT;
	static const struct limits limits = LIMITS_DEFAULT;
	struct schema *schema = schema_new("t", &error);

	assert_non_null(schema_add_field(schema, "text", VALUE_STRING, &error));
	assert_non_null(schema_add_field(schema, "bytes", VALUE_BINARY, &error));
	struct field *secret = schema_add_field(schema, "secret", VALUE_STRING, &error);
	assert_non_null(secret);
	secret->sensitive = true;
	struct batch *batch = batch_new(schema, 10, &limits, &error);
	uint32_t row = batch_add_row(batch);
	/* Cut before the character that the limit goes through: 255 x, then of two bytes each. */
	memset(text, 'x', 255);
	for (int i = 0; i < 50; i++)
		memcpy(text + 255 + 2 * i, "\xc3\xa9", 2);
	assert_int_equal(typed_bytes(batch, 0, row, (struct text){text, strlen(text)}, &error), 0);
	assert_int_equal(typed_bytes(batch, 1, row, (struct text){"\x00\xff", 2}, &error), 0);
	assert_int_equal(typed_bytes(batch, 2, row, (struct text){"hush", 4}, &error), 0);
	struct differ *differ = differ_new(NULL, 0, 10, &error);
	assert_int_equal(differ_tally(differ, SIDE_A, batch, &error), 0);
	assert_true(differ_tallied(differ));
	assert_int_equal(differ_match(differ, SIDE_A, batch, &error), 0);
	assert_int_equal(differ_matched(differ, &error), 0);
	assert_int_equal(differ_capture(differ, SIDE_A, batch, &error), 0);
	json_t *report = json_object();
	assert_int_equal(differ_report(differ, schema, report, &error), 0);
	const json_t *shown = json_object_get(json_array_get(json_object_get(report, "rows"), 0), "row");
	memset(text, 'x', 255);
	strcpy(text + 255, "...");
	assert_string_equal(json_string_value(json_object_get(shown, "text")), text);
	assert_string_equal(json_string_value(json_object_get(shown, "bytes")), "00ff");
	assert_string_equal(json_string_value(json_object_get(shown, "secret")), "(sensitive)");
	json_decref(report);
	differ_free(differ);
	batch_free(batch);
	schema_free(schema);
}

/* ---- descriptors and views ---- */

static bool keeps_a_and_c(const void *arg, const char *field)
{
	(void)arg;
	return strcmp(field, "b") != 0;
}

static void descriptor_without_a_field(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	json_t *list = descriptor_parse("{\"resources\":[{\"name\":\"t\",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"number\",\"precision\":5,"
		"\"constraints\":{\"minimum\":3}},{\"name\":\"b\"},{\"name\":\"c\"}],\"primaryKey\":[\"a\",\"b\"],\"missingValues\":[\"-\"],"
		"\"uniqueKeys\":[[\"c\"]],\"foreignKeys\":[{\"fields\":[\"c\"],\"reference\":{\"resource\":\"u\",\"fields\":[\"x\"]}}]}}]}",
		"here", &error);

	assert_int_equal(json_array_size(list), 1);
	const json_t *resource = json_array_get(list, 0);
	assert_int_equal(descriptor_fields(resource), 3);
	assert_true(descriptor_has(resource, "b"));
	assert_false(descriptor_has(resource, "x"));
	assert_int_equal(descriptor_key_size(descriptor_key(resource)), 2);
	char *package = descriptor_package(resource, keeps_a_and_c, NULL, &error);
	assert_string_equal(package, "{\"resources\":[{\"name\":\"t\",\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"number\",\"precision\":5},"
		"{\"name\":\"c\"}],\"missingValues\":[\"-\"]}}]}");
	free(package);
	/* A parent that is not there is forgotten. */
	package = descriptor_whole((const json_t *const[]){resource}, 1, &error);
	assert_null(strstr(package, "foreignKeys"));
	assert_non_null(strstr(package, "uniqueKeys"));
	free(package);
	json_decref(list);
	assert_null(descriptor_parse("{\"resources\":[{\"name\":\"t\"}]}", "here", &error));
	assert_int_equal(error.kind, ERROR_SOURCE);
}

static void view_of_some_columns(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct view view;
	struct table table;

	table_begin(&table);
	add(&table, 5, "five");
	assert_int_equal(view_init(&view, table.schema, (const char *const[]){"name"}, 1, &error), 0);
	const struct batch *seen = view_of(&view, table.batch);
	char small[VALUE_TEXT_MAX];
	struct text text = batch_cell_text(seen, 0, 0, small);
	assert_int_equal(seen->schema->field_count, 1);
	assert_int_equal(text.length, 4);
	assert_memory_equal(text.data, "five", 4);
	view_fini(&view);
	table_end(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_matter),
		cmocka_unit_test(changes_by_key),
		cmocka_unit_test(whole_rows),
		cmocka_unit_test(rows_that_are_there_several_times),
		cmocka_unit_test(few_among_many),
		cmocka_unit_test(all_of_many),
		cmocka_unit_test(a_key_that_is_none),
		cmocka_unit_test(long_and_binary),
		cmocka_unit_test(descriptor_without_a_field),
		cmocka_unit_test(view_of_some_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
