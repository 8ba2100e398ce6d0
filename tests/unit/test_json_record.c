/* JSON records: every value in every type of field, what is wrong with records, limits; and JSONTestSuite, each of its files as a record.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <string.h>

#include "connectors/json/record.h"
#include "tests/support/json_seen.h"

/* One field of each type that matters, in this order. */
static const struct {
	const char *name;
	enum value_type type;
} fields[] = {
	{ "s", VALUE_STRING }, { "i", VALUE_INTEGER }, { "n", VALUE_DOUBLE }, { "d", VALUE_DECIMAL }, { "b", VALUE_BOOLEAN },
	{ "t", VALUE_DATE }, { "u", VALUE_UUID }, { "x", VALUE_BINARY }, { "j", VALUE_JSON },
};
enum { FIELDS = sizeof fields / sizeof *fields };

struct world {
	struct schema *schema;
	struct limits limits;
	struct json_record record;
	struct batch *batch;
};

static void begin(struct world *world, size_t count, const struct option_map *labels)
{
	struct error error = ERROR_INIT;

	*world = (struct world){ .limits = LIMITS_DEFAULT, .schema = schema_new("t", &error) };
	assert_non_null(world->schema);
	for (size_t i = 0; i < count; i++) {
		struct field *field = schema_add_field(world->schema, fields[i].name, fields[i].type, &error);
		assert_non_null(field);
		field->precision = 38;
		field->scale = 4;
	}
	if (json_record_init(&world->record, world->schema, labels, &world->limits, "p", &error) < 0)
		fail_msg("%s", error.message);
	world->batch = batch_new(world->schema, 1, &world->limits, &error);
	assert_non_null(world->batch);
}

static void end(struct world *world)
{
	json_record_fini(&world->record);
	batch_free(world->batch);
	schema_free(world->schema);
}

/* The row as json_seen.h says; detail: of its first fault, or "". */
static char *row_of(struct world *world, const char *text, size_t length, char *detail, size_t size)
{
	struct error error = ERROR_INIT;
	size_t fault = 0;

	batch_reset(world->batch);
	uint32_t row = batch_add_row(world->batch);
	world->batch->origins[row].byte_offset = 1000;
	assert_int_equal(batch_store(world->batch, text, length, &world->batch->origins[row].text, &error), 0);
	if (json_record_fill(&world->record, world->batch, row, &error) < 0)
		fail_msg("%.60s: %s", text, error.message);
	if (detail) {
		struct span span = world->batch->fault_count > 0 ? world->batch->faults[0].detail : (struct span){ 0, 0 };
		snprintf(detail, size, "%.*s", (int)span.length, span.length ? batch_bytes(world->batch, span) : "");
	}
	return json_seen_row(world->batch, row, &fault);
}

static void expect(struct world *world, const char *text, const char *wanted, const char *says)
{
	char detail[512];
	char *got = row_of(world, text, strlen(text), detail, sizeof detail);

	if (strcmp(got, wanted) != 0)
		fail_msg("%s\n  wanted \"%s\"\n  got    \"%s\" (%s)", text, wanted, got, detail);
	if (says && !strstr(detail, says))
		fail_msg("%s\n  wanted \"%s\"\n  in     \"%s\"", text, says, detail);
	free(got);
}

/* The whole record is null but for one field. */
static void expect_cell(struct world *world, const char *field, const char *value, const char *cell)
{
	char text[256], wanted[512] = "";

	snprintf(text, sizeof text, "{\"%s\":%s}", field, value);
	for (size_t i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, field) != 0)
			strcat(wanted, " _");
		else if (*cell)
			strcat(strcat(wanted, " "), cell);
		else
			strcat(wanted, " !");
	if (!*cell)
		for (size_t i = 0; i < FIELDS; i++)
			if (strcmp(fields[i].name, field) == 0)
				snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), " type(%zu)", i);
	expect(world, text, wanted, NULL);
}

static void test_values(void **state)
{
	struct world world;
	(void)state;
	begin(&world, FIELDS, NULL);
	for (size_t i = 0; i < FIELDS; i++)
		expect_cell(&world, fields[i].name, "null", "_");
	for (size_t i = 0; i < FIELDS - 1; i++) {
		/* Strings go through the casts of the dictionary as they are; nested values are for fields of JSON alone. */
		expect_cell(&world, fields[i].name, "\"\"", "=");
		expect_cell(&world, fields[i].name, "\" 1,5 \"", "= 1,5 ");
		expect_cell(&world, fields[i].name, "{}", "");
		expect_cell(&world, fields[i].name, "[1]", "");
		if (fields[i].type != VALUE_BOOLEAN)
			expect_cell(&world, fields[i].name, "true", "");
	}
	expect_cell(&world, "s", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\u20ac\"", "=\"\\/\b\f\n\r\t\u00e9\U0001F600\u20ac");
	/* Digits as they stand there. */
	expect_cell(&world, "s", "1", "");
	expect_cell(&world, "u", "1", "");
	expect_cell(&world, "x", "1234", "");
	expect_cell(&world, "i", "9223372036854775808", "=9223372036854775808");
	expect_cell(&world, "i", "-0", "=-0");
	expect_cell(&world, "i", "1.0", "#1");
	expect_cell(&world, "i", "-10.00", "#-10");
	expect_cell(&world, "i", "1.5", "");
	expect_cell(&world, "i", "1e30", "");
	expect_cell(&world, "i", "1e2", "#100");
	expect_cell(&world, "n", "123456789012345678901234567890", "=123456789012345678901234567890");
	expect_cell(&world, "n", "0.1", "#0.1");
	expect_cell(&world, "n", "-0.0", "#0");
	expect_cell(&world, "n", "1.5E+3", "#1500");
	expect_cell(&world, "n", "1e400", "");
	expect_cell(&world, "d", "1234567890123456789012345678901234.5678", "#1234567890123456789012345678901234.5678");
	expect_cell(&world, "d", "9007199254740993", "=9007199254740993");
	expect_cell(&world, "d", "0.10", "#0.1000");
	expect_cell(&world, "d", "1.5e-3", "#0.0015");
	expect_cell(&world, "d", "0.00001", "");
	expect_cell(&world, "d", "1e99999999999", "");
	expect_cell(&world, "t", "20211107", "=20211107");
	expect_cell(&world, "b", "true", "#true");
	expect_cell(&world, "b", "false", "#false");
	expect_cell(&world, "b", "1", "=1");
	/* A string that is JSON stays a string. */
	expect_cell(&world, "j", "\"1\"", "=\"1\"");
	expect_cell(&world, "j", "\"{\\\"a\\\":1}\"", "=\"{\\\"a\\\":1}\"");
	expect_cell(&world, "j", "\"plain\"", "=plain");
	expect_cell(&world, "j", "\"\"", "=");
	expect_cell(&world, "j", "1.50", "=1.50");
	expect_cell(&world, "j", "true", "=true");
	expect_cell(&world, "j", "{\"b\": [1.50], \"a\": {}}", "={\"b\": [1.50], \"a\": {}}");
	expect_cell(&world, "j", "{\"a\":1,\"\\u0061\":2}", ""); /* a key twice */
	end(&world);
}

static void test_records(void **state)
{
	struct world world;
	(void)state;
	begin(&world, 2, NULL);
	expect(&world, " { \"i\" : 1 , \"s\" : \"x\" } ", " =x =1", NULL);
	expect(&world, "{}", " _ _", NULL);
	expect(&world, "{\"\\u0069\":1}", " _ =1", NULL);
	expect(&world, "[\"x\",1]", " =x =1", NULL);
	expect(&world, "[\"x\",null]", " =x _", NULL);
	expect(&world, "[\"x\"]", " =x -", NULL);
	expect(&world, "[]", " - -", NULL);
	expect(&world, "[\"x\",1,2]", " =x =1 extra", "2 values expected, 3 found");
	expect(&world, "{\"s\":\"x\",\"I\":1}", " =x _ extra", "1 unknown, the first is \"I\"");
	expect(&world, "{\"q\":[{}],\"r\":1,\"s\":\"x\"}", " =x _ extra", "2 unknown, the first is \"q\"");
	expect(&world, "{\"i\":1,\"i\":1}", " - - record", "the key of field i stands twice");
	expect(&world, "{\"i\":1,\"\\u0069\":1}", " - - record", "twice");
	expect(&world, "1", " - - record", "neither an object nor an array");
	expect(&world, "null", " - - record", "neither");
	expect(&world, "\"{}\"", " - - record", "neither");
	expect(&world, "", " - - record", "it ends at byte 1000 where a value should stand");
	expect(&world, "{\"i\":1", " - - record", "it ends at byte 1006 where a comma or } should stand");
	expect(&world, "{\"i\":01}", " - - record", "no digit behind the leading 0 should stand at byte 1006, not 1");
	expect(&world, "{\"i\":1}}", " - - record", "nothing should stand at byte 1007, not }");
	expect(&world, "{i:1}", " - - record", "a key in double quotes should stand at byte 1001, not i");
	expect(&world, "{\"i\" 1}", " - - record", "a colon should stand at byte 1005, not 1");
	expect(&world, "['x']", " - - record", "a value should stand at byte 1001, not '");
	expect(&world, "[\"x\ty\"]", " - - record", "not 0x09");
	expect(&world, "{\"i\":1,}", " - - record", "a key");
	expect(&world, "[NaN]", " - - record", "not N");
	/* What is no text. */
	expect(&world, "{\"s\":\"a\\u0000b\",\"i\":1}", " ! =1 encoding(0)", "\\u0000 at byte 1007");
	expect(&world, "{\"s\":\"\\uD83D\",\"i\":1}", " ! =1 encoding(0)", "half of a surrogate pair alone, at byte 1006");
	expect(&world, "{\"s\":\"\\uDE00\\uD83D\",\"i\":1}", " ! =1 encoding(0)", "half");
	expect(&world, "{\"s\":\"a\xFF\",\"i\":1}", " ! =1 encoding(0)", "no UTF-8: 0xFF at byte 1007");
	expect(&world, "{\"s\":\"\\\\u0000\"}", " =\\u0000 _", NULL);
	expect(&world, "{\"s\xC3\":\"a\"}", " _ _ encoding extra", "0xC3 at byte 1003");
	expect(&world, "{\"i\":{\"a\":[\"\\u0000\"]}}", " _ ! encoding(1)", NULL);
	expect(&world, "[\"x\",1,\"\xFF\"]", " =x =1 encoding extra", NULL);
	end(&world);
}

static void test_labels(void **state)
{
	static const char *const keys[] = { "i", "s" }, *const values[] = { "The no.", "i" };
	static const char *const same[] = { "x", "x" }, *const other[] = { "q" };
	struct option_map labels = { keys, values, 2 };
	struct world world;
	(void)state;
	begin(&world, 2, &labels);
	expect(&world, "{\"The no.\":1,\"i\":\"x\"}", " =x =1", NULL);
	expect(&world, "{\"The no\":1}", " _ _ extra", "\"The no\" (did you mean \"The no.\"?)");
	struct error error = ERROR_INIT;
	struct json_record record;
	labels = (struct option_map){ keys, same, 2 };
	assert_int_equal(json_record_init(&record, world.schema, &labels, &world.limits, "p", &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "would both come from the key \"x\""));
	json_record_fini(&record);
	error = (struct error)ERROR_INIT;
	labels = (struct option_map){ other, same, 1 };
	assert_int_equal(json_record_init(&record, world.schema, &labels, &world.limits, "p", &error), -1);
	assert_non_null(strstr(error.message, "\"q\""));
	json_record_fini(&record);
	end(&world);
}

static void test_limits(void **state)
{
	struct world world;
	char text[1024];
	(void)state;
	begin(&world, FIELDS, NULL);
	world.limits.field = 5;
	world.limits.columns = 2;
	expect(&world, "{\"s\":\"12345\"}", " =12345 _ _ _ _ _ _ _ _", NULL);
	expect(&world, "{\"s\":\"123456\"}", " - - - - - - - - - record", "limits.field (5)");
	expect(&world, "{\"i\":1,\"n\":1}", " _ =1 =1 _ _ _ _ _ _", NULL);
	expect(&world, "{\"i\":1,\"n\":1,\"d\":1}", " - - - - - - - - - record", "limits.columns (2)");
	expect(&world, "[1,2,3]", " - - - - - - - - - record", "limits.columns (2)");
	end(&world);
	begin(&world, 1, NULL);
	/* A record and 63 within it are 64. */
	for (int depth = 63; depth <= 64; depth++) {
		memset(text, '[', (size_t)depth + 1);
		memset(text + depth + 1, ']', (size_t)depth + 1);
		text[2 * depth + 2] = '\0';
		if (depth == 63)
			expect(&world, text, " ! type(0)", NULL);
		else
			expect(&world, text, " - record", "deeper than 64");
	}
	end(&world);
}

/* $PENSTOCK_SUITES, else ../shared/suites beside the source. */
static DIR *open_suite(char *folder, size_t size)
{
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");

	if (suites && *suites)
		snprintf(folder, size, "%s/JSONTestSuite/test_parsing", suites);
	else
		snprintf(folder, size, "%s/../shared/suites/JSONTestSuite/test_parsing", top && *top ? top : ".");
	return opendir(folder);
}

/* What must be refused is, what must be accepted is but for keys that stand twice and those with a NUL. */
static void test_suite(void **state)
{
	char folder[4096], path[8192], detail[512];
	size_t accepted = 0, refused = 0;
	struct world world;
	DIR *suite = open_suite(folder, sizeof folder);
	(void)state;
	if (!suite) {
		print_message("JSONTestSuite is not at %s: skipped\n", folder);
		skip();
	}
	begin(&world, FIELDS, NULL);
	for (struct dirent *entry; (entry = readdir(suite)) != NULL;) {
		static char text[1 << 20];
		if (!strstr(entry->d_name, ".json"))
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "rb");
		assert_non_null(file);
		size_t length = fread(text, 1, sizeof text, file);
		fclose(file);
		free(row_of(&world, text, length, detail, sizeof detail));
		bool bad = strncmp(detail, "no JSON", 7) == 0 || strstr(detail, "twice");
		if (entry->d_name[0] == 'n' && !bad)
			fail_msg("%s was accepted", entry->d_name);
		if (entry->d_name[0] == 'y' && bad && strncmp(entry->d_name, "y_object_duplicated_key", 23) != 0)
			fail_msg("%s was refused: %s", entry->d_name, detail);
		if (bad)
			refused++;
		else
			accepted++;
	}
	closedir(suite);
	end(&world);
	assert_true(refused >= 188);
	assert_true(accepted >= 92);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_records), cmocka_unit_test(test_labels),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_suite),
	};
	return cmocka_run_group_tests_name("json_record", tests, NULL, NULL);
}
