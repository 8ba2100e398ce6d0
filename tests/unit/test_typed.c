/* test_typed.c - canonical texts into typed cells: what is a value of its type, and what it reads back as.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/core/typed.h"

static struct batch *batch_of(struct schema **schema, enum value_type type)
{
	const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	*schema = schema_new("t", &error);
	assert_non_null(*schema);
	struct field *field = schema_add_field(*schema, "x", type, &error);
	assert_non_null(field);
	field->precision = 6;
	field->scale = 2;
	struct batch *batch = batch_new(*schema, 4, &limits, &error);
	assert_non_null(batch);
	return batch;
}

/* NULL: no value of the type. */
static void expect(enum value_type type, const char *text, const char *canonical)
{
	struct schema *schema;
	struct batch *batch = batch_of(&schema, type);
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);
	bool valid;
	char out[VALUE_TEXT_MAX];
	assert_int_equal(typed_read(batch, 0, row, (struct text){text, strlen(text)}, &valid, &error), 0);
	if (valid != (canonical != NULL))
		fail_msg("%s as %s: %s", text, value_type_name(type), valid ? "accepted" : "refused");
	assert_int_equal(batch->columns[0].cells[row], valid ? CELL_VALUE : CELL_ABSENT);
	if (valid) {
		struct text got = batch_cell_text(batch, 0, row, out);
		if (got.length != strlen(canonical) || memcmp(got.data, canonical, got.length) != 0)
			fail_msg("%s as %s: %.*s", text, value_type_name(type), (int)got.length, got.data);
	}
	batch_free(batch);
	schema_free(schema);
}

static void numbers(void **state)
{
	(void)state;
	expect(VALUE_INTEGER, "9223372036854775807", "9223372036854775807");
	expect(VALUE_INTEGER, "9223372036854775808", NULL);
	expect(VALUE_INTEGER, "", NULL);
	expect(VALUE_INTEGER, "1.0", NULL);
	expect(VALUE_DOUBLE, "-0", "0");
	expect(VALUE_DOUBLE, "1e-3", "0.001");
	expect(VALUE_DOUBLE, "nan", NULL);
	expect(VALUE_DECIMAL, "1234.5", "1234.50");
	expect(VALUE_DECIMAL, "12345", NULL);
	expect(VALUE_YEAR, "0033", "33");
	expect(VALUE_YEAR, "9999", "9999");
	expect(VALUE_YEAR, "0", NULL);
	expect(VALUE_YEAR, "10000", NULL);
	expect(VALUE_BOOLEAN, "t", "true");
	expect(VALUE_BOOLEAN, "0", "false");
	expect(VALUE_BOOLEAN, "yes", NULL);
}

static void moments(void **state)
{
	(void)state;
	expect(VALUE_DATE, "2021-11-07", "2021-11-07");
	expect(VALUE_DATE, "2021-02-29", NULL);
	expect(VALUE_TIME, "02:48:42.5", "02:48:42.500000");
	expect(VALUE_TIME, "24:00:00", NULL);
	expect(VALUE_DATETIME, "2021-11-07 02:48:42+00", "2021-11-07T02:48:42Z");
	expect(VALUE_DATETIME, "2021-11-07T02:48:42+01:00", NULL);
	expect(VALUE_YEARMONTH, "2021-11", "2021-11");
	expect(VALUE_YEARMONTH, "2021-13", NULL);
	expect(VALUE_YEARMONTH, "0000-01", NULL);
	expect(VALUE_YEARMONTH, "2021-1", NULL);
	expect(VALUE_YEARMONTH, "", NULL);
}

/* The first ones are of frictionless-py's own tests. */
static void durations(void **state)
{
	static const char *const good[] = {"P1Y10M3DT5H11M7S", "P1Y", "P1M", "PT1S", "-P1D", "P0D", "PT36H", "P2W", "PT0.5S", "P1YT1S",
		"PT1M", "P1DT1.000001S"};
	static const char *const wrong[] = {"P1M1Y", "P-1Y", "year", "", "P", "PT", "P1", "P1YT", "1Y", "P1S", "PT1D", "P1.5D", "PT1.5H",
		"PT1.S", "PT.5S", "P1W1D", "P1D1W", "p1y", "P1Y ", "+P1Y", "P1Y1Y", "--P1Y", "PT1S1S",
		"P1Y00000000000000000000000000000000000000000000000000000000000001M"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		expect(VALUE_DURATION, good[i], good[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		expect(VALUE_DURATION, wrong[i], NULL);
}

static void others(void **state)
{
	(void)state;
	expect(VALUE_STRING, "", "");
	expect(VALUE_STRING, "NULL", "NULL");
	expect(VALUE_UUID, "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e");
	expect(VALUE_UUID, "0f8fad5bd9cb469fa16570867728950e", NULL);
	expect(VALUE_BINARY, "fF41", "\xff" "A");
	expect(VALUE_BINARY, "0", NULL);
	expect(VALUE_JSON, " {\"b\": [1.50, 1e2], \"a\": null}", "{\"a\":null,\"b\":[1.50,100]}");
	expect(VALUE_JSON, "\"\"", "\"\"");
	expect(VALUE_JSON, "", NULL);
	expect(VALUE_JSON, "{\"a\":1,\"a\":2}", NULL);
}

static void bad_values_are_shown(void **state)
{
	struct schema *schema;
	struct batch *batch = batch_of(&schema, VALUE_INTEGER);
	struct error error = ERROR_INIT;
	char large[1000];

	(void)state;
	memset(large, 'x', sizeof large);
	uint32_t row = batch_add_row(batch);
	assert_int_equal(typed_bad(batch, 0, row, (struct text){large, sizeof large}, &error), 0);
	assert_int_equal(batch->columns[0].cells[row], CELL_BAD);
	assert_int_equal(batch->columns[0].texts[row].length, 256);
	assert_int_equal(batch->fault_count, 1);
	assert_int_equal(batch->faults[0].kind, FAULT_TYPE);
	assert_int_equal(batch->faults[0].field, 0);
	batch_free(batch);
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers), cmocka_unit_test(moments), cmocka_unit_test(durations), cmocka_unit_test(others),
		cmocka_unit_test(bad_values_are_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
