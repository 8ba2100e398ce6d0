/* Avro schemas: what is one, what is none (by the specification, by hand, and by avro-c where the suite is at hand), names, logical types.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <avro.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/type.h"

static struct avro_schema *parse(const char *json)
{
	struct error error = ERROR_INIT;
	struct avro_schema *schema = avro_schema_parse(json, strlen(json), "f.avro", &error);
	if (!schema)
		fail_msg("%s: %s", json, error.message);
	return schema;
}

static void assert_refused(const char *json, const char *says)
{
	struct error error = ERROR_INIT;
	struct avro_schema *schema = avro_schema_parse(json, strlen(json), "f.avro", &error);
	avro_schema_close(schema);
	if (schema)
		fail_msg("%.200s was taken", json);
	assert_int_equal(error.kind, ERROR_SOURCE);
	assert_string_equal(error.place, "f.avro");
	if (!strstr(error.message, says))
		fail_msg("\"%s\" does not say \"%s\"", error.message, says);
}

static void assert_described(const char *json, const char *expected)
{
	struct avro_schema *schema = parse(json);
	struct error error = ERROR_INIT;
	struct buffer out;
	buffer_init(&out, 4096);
	assert_int_equal(avro_describe(schema->root, &out, &error), 0);
	assert_string_equal(buffer_text(&out), expected);
	buffer_fini(&out);
	avro_schema_close(schema);
}

static void test_shapes(void **state)
{
	(void)state;
	static const struct {
		const char *json, *is;
	} cases[] = {
		{ "\"long\"", "long" },
		{ "{\"type\": \"long\"}", "long" },
		{ "{\"type\": {\"type\": \"string\"}}", "string" },
		{ "[\"null\", \"int\"]", "nullable int" },
		{ "[\"string\", \"null\"]", "nullable string" },
		{ "[\"string\"]", "string" },
		{ "[\"null\"]", "null" },
		{ "[\"string\", \"int\", \"null\"]", "string or int or null" },
		{ "{\"type\": \"array\", \"items\": [\"null\", {\"type\": \"map\", \"values\": \"bytes\"}]}", "array of nullable map of bytes" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": 5}", "fixed(5)" },
		{ "{\"type\": \"error\", \"name\": \"E\", \"fields\": []}", "record" },
		{ "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\", \"B\"], \"default\": \"A\"}", "enum" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_described(cases[i].json, cases[i].is);
}

/* Each on the type that the specification gives it; on others it is not there. */
static void test_logical(void **state)
{
	(void)state;
	static const struct {
		const char *json, *is;
	} cases[] = {
		{ "{\"type\": \"int\", \"logicalType\": \"date\"}", "date" },
		{ "{\"type\": \"long\", \"logicalType\": \"date\"}", "long" },
		{ "{\"type\": \"int\", \"logicalType\": \"time-millis\"}", "time-millis" },
		{ "{\"type\": \"long\", \"logicalType\": \"time-micros\"}", "time-micros" },
		{ "{\"type\": \"int\", \"logicalType\": \"time-micros\"}", "int" },
		{ "{\"type\": \"long\", \"logicalType\": \"timestamp-millis\"}", "timestamp-millis" },
		{ "{\"type\": \"long\", \"logicalType\": \"timestamp-nanos\"}", "timestamp-nanos" },
		{ "{\"type\": \"long\", \"logicalType\": \"local-timestamp-micros\"}", "local-timestamp-micros" },
		{ "{\"type\": \"long\", \"logicalType\": \"of-the-future\"}", "long" },
		{ "{\"type\": \"long\", \"logicalType\": 7}", "long" },
		{ "{\"type\": \"string\", \"logicalType\": \"uuid\"}", "uuid" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"uuid\"}", "bytes" },
		{ "{\"type\": \"fixed\", \"name\": \"U\", \"size\": 16, \"logicalType\": \"uuid\"}", "uuid" },
		{ "{\"type\": \"fixed\", \"name\": \"U\", \"size\": 15, \"logicalType\": \"uuid\"}", "fixed(15)" },
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 12, \"logicalType\": \"duration\"}", "duration" },
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 11, \"logicalType\": \"duration\"}", "fixed(11)" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 76, \"scale\": 10}", "decimal(76,10)" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 4}", "decimal(4,0)" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 0}", "bytes" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\"}", "bytes" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 4, \"scale\": 5}", "bytes" },
		{ "{\"type\": \"bytes\", \"logicalType\": \"decimal\", \"precision\": 4, \"scale\": -1}", "bytes" },
		{ "{\"type\": \"string\", \"logicalType\": \"decimal\", \"precision\": 4}", "string" },
		/* floor(log10(2^(8n-1) - 1)): 2, 4, 6, 9, 11, 14, 16, 18 for n = 1 to 8 */
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 1, \"logicalType\": \"decimal\", \"precision\": 2}", "decimal(2,0)" },
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 1, \"logicalType\": \"decimal\", \"precision\": 3}", "fixed(1)" },
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 5, \"logicalType\": \"decimal\", \"precision\": 11}", "decimal(11,0)" },
		{ "{\"type\": \"fixed\", \"name\": \"D\", \"size\": 8, \"logicalType\": \"decimal\", \"precision\": 19}", "fixed(8)" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_described(cases[i].json, cases[i].is);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *json, *says;
	} cases[] = {
		{ "", "no JSON" },
		{ "{", "no JSON: line 1" },
		{ "7", "neither a text" },
		{ "\"lang\"", "not defined (\"lang\")" },
		{ "{}", "has no \"type\"" },
		{ "{\"type\": \"record\", \"fields\": []}", "no name" },
		{ "{\"type\": \"record\", \"name\": \"R\"}", "no list of fields (\"R\")" },
		{ "{\"type\": \"record\", \"name\": \"2R\", \"fields\": []}", "no name (\"2R\")" },
		{ "{\"type\": \"record\", \"name\": \"a..R\", \"fields\": []}", "no name" },
		{ "{\"type\": \"record\", \"name\": \"int\", \"fields\": []}", "primitive" },
		{ "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a-b\", \"type\": \"int\"}]}", "no name of a field (\"a-b\")" },
		{ "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\"}]}", "has no type (\"a\")" },
		{ "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": \"int\"}, {\"name\": \"a\", \"type\": \"int\"}]}",
			"two fields of one name (\"a\")" },
		{ "{\"type\": \"record\", \"name\": \"R\", \"fields\": [{\"name\": \"a\", \"type\": {\"type\": \"record\", \"name\": \"R\", "
		  "\"fields\": []}}]}", "defined twice (\"R\")" },
		{ "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A\", \"A\"]}", "symbol twice" },
		{ "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [\"A B\"]}", "no name of a symbol" },
		{ "{\"type\": \"enum\", \"name\": \"E\", \"symbols\": [7]}", "no text" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": -1}", "size" },
		{ "{\"type\": \"fixed\", \"name\": \"F\", \"size\": 99999999999}", "size" },
		{ "{\"type\": \"array\"}", "no items" },
		{ "{\"type\": \"map\"}", "no values" },
		{ "[]", "no branches" },
		{ "[\"int\", \"int\"]", "two branches of one type" },
		{ "[\"int\", [\"null\"]]", "a branch of a union" },
		{ "{\"type\": \"int\", \"type\": \"long\"}", "no JSON" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_refused(cases[i].json, cases[i].says);
}

/* What would take too much stack, time or memory is refused before it does. */
static void test_bounds(void **state)
{
	(void)state;
	char *text = malloc(AVRO_SCHEMA_MAX + 2);
	assert_non_null(text);
	memset(text, '[', 100000);
	text[100000] = '\0';
	assert_refused(text, "nested too deep");
	memset(text, ' ', AVRO_SCHEMA_MAX + 1);
	text[AVRO_SCHEMA_MAX + 1] = '\0';
	assert_refused(text, "longer than 1 MiB");
	size_t length = 0;
	for (int i = 0; i < 70; i++)
		length += (size_t)sprintf(text + length, "{\"type\":\"array\",\"items\":");
	length += (size_t)sprintf(text + length, "\"int\"");
	for (int i = 0; i < 70; i++)
		text[length++] = '}';
	text[length] = '\0';
	assert_refused(text, "nested more than 64 deep");
	/* A bracket in a text is none. */
	avro_schema_close(parse("{\"type\": \"int\", \"doc\": \"[[[[\\\"[[[[\"}"));
	free(text);
}

static void test_names(void **state)
{
	(void)state;
	struct avro_schema *schema = parse(
		"{\"type\": \"record\", \"name\": \"R\", \"namespace\": \"a.b\", \"fields\": ["
		" {\"name\": \"self\", \"type\": [\"null\", \"R\"]},"
		" {\"name\": \"e\", \"type\": {\"type\": \"enum\", \"name\": \"c.E\", \"symbols\": [\"X\"]}},"
		" {\"name\": \"f\", \"type\": {\"type\": \"fixed\", \"name\": \"F\", \"namespace\": \"\", \"size\": 3}},"
		" {\"name\": \"e2\", \"type\": \"c.E\"}, {\"name\": \"f2\", \"type\": \"F\"}, {\"name\": \"r2\", \"type\": {\"type\": \"array\", "
		"\"items\": \"a.b.R\"}},"
		" {\"name\": \"a_b\", \"type\": \"int\", \"penstock.name\": \"a b\", \"aliases\": [\"x\", \"y\"], \"doc\": \"why\"}]}");
	const struct avro_type *root = schema->root;
	assert_string_equal(root->name, "a.b.R");
	assert_int_equal(schema->field_count, 7);
	assert_ptr_equal(schema->fields[0].type->branches[1], root);
	assert_ptr_equal(avro_bare(schema->fields[0].type), root);
	assert_int_equal(avro_null_branch(schema->fields[0].type), 0);
	assert_string_equal(schema->fields[1].type->name, "c.E");
	assert_string_equal(schema->fields[2].type->name, "F");
	assert_ptr_equal(schema->fields[3].type, schema->fields[1].type);
	assert_ptr_equal(schema->fields[4].type, schema->fields[2].type);
	assert_ptr_equal(schema->fields[5].type->items, root);
	assert_string_equal(avro_field_label(&schema->fields[6]), "a b");
	assert_string_equal(schema->fields[6].name, "a_b");
	assert_string_equal(schema->fields[6].doc, "why");
	assert_int_equal(schema->fields[6].alias_count, 2);
	assert_string_equal(schema->fields[6].aliases[1], "y");
	/* union 1, enum 1, fixed 3, enum 1, fixed 3, array 1, int 1 */
	assert_int_equal(root->least, 11);
	avro_schema_close(schema);

	schema = parse("[\"null\", \"string\"]");
	assert_int_equal(schema->field_count, 1);
	assert_string_equal(schema->fields[0].name, "value");
	assert_ptr_equal(schema->fields[0].type, schema->root);
	avro_schema_close(schema);
}

/* ---- avro-c's own cases ---- */

static size_t each_schema(const char *folder, bool good)
{
	size_t count = 0;
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
		char path[4096], text[65536];
		struct error error = ERROR_INIT;
		avro_schema_t theirs = NULL;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
		if (!file)
			continue;
		size_t length = fread(text, 1, sizeof text, file);
		fclose(file);
		struct avro_schema *ours = avro_schema_parse(text, length, path, &error);
		bool they_take = avro_schema_from_json_length(text, length, &theirs) == 0;
		if (they_take)
			avro_schema_decref(theirs);
		if (!!ours != good)
			fail_msg("%s is %s: %s", path, ours ? "taken" : "refused", error.message);
		if (they_take != good)
			print_message("# avro-c thinks otherwise of %s\n", path);
		avro_schema_close(ours);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static void test_suite(void **state)
{
	(void)state;
	const char *suites = getenv("PENSTOCK_SUITES"), *top = getenv("TOP");
	bool named = suites && *suites;
	char folder[2048], part[2100];
	snprintf(folder, sizeof folder, "%s%s/avro/apache-avro/lang/c/tests/schema_tests", named ? suites : top && *top ? top : ".",
		named ? "" : "/../shared/suites");
	snprintf(part, sizeof part, "%s/pass", folder);
	size_t good = each_schema(part, true);
	if (good == 0) {
		print_message("# skipped: %s is not there\n", folder);
		skip();
	}
	assert_int_equal(good, 28);
	snprintf(part, sizeof part, "%s/fail", folder);
	assert_int_equal(each_schema(part, false), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_logical),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_suite),
	};
	return cmocka_run_group_tests_name("avro type", tests, NULL, NULL);
}
