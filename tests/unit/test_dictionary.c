/* test_dictionary.c - reading dictionaries: what is understood, what is refused and where, the order of tables, the
 * hash. SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/config/document.h"
#include "engine/config/load.h"
#include "rules/dictionary.h"
#include "rules/program.h"
#include "tests/support/judging.h"

static struct diagnostics diagnostics;

static struct dictionary *load(const char *text)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse_text("d.yaml", text, strlen(text), text[0] == '{', &error);
	if (!root)
		fail_msg("%s: %s", error.place, error.message);
	diagnostics_fini(&diagnostics);
	struct dictionary *dictionary = dictionary_load(root, &diagnostics);
	node_free(root);
	return dictionary;
}

static int forget(void **state)
{
	(void)state;
	diagnostics_fini(&diagnostics);
	return 0;
}

static bool said(const char *what)
{
	for (size_t i = 0; i < diagnostics.count; i++)
		if (strstr(diagnostics.items[i].text, what))
			return true;
	return false;
}

/* A dictionary of one table with one field beside its id. */
static char *with_field(const char *field, char *out, size_t size)
{
	snprintf(out, size,
		 "resources:\n- name: t\n  schema:\n    fields:\n    - { name: id, type: integer }\n    - %s\n", field);
	return out;
}

static void reads_a_whole_package(void **state)
{
	(void)state;
	struct dictionary *dictionary =
		load("name: shop\n"
		     "resources:\n"
		     "- name: items\n"
		     "  schema:\n"
		     "    fields:\n"
		     "    - { name: order, type: integer }\n"
		     "    - { name: line, type: integer, constraints: { minimum: 1 } }\n"
		     "    - { name: price, type: number, precision: 9, scale: 2 }\n"
		     "    - { name: note }\n"
		     "    primaryKey: [order, line]\n"
		     "    uniqueKeys: [[note, price], [line, order]]\n"
		     "    foreignKeys: [{ fields: order, reference: { resource: orders, fields: id } }]\n"
		     "- name: orders\n"
		     "  schema:\n"
		     "    fields:\n"
		     "    - { name: id, type: integer, constraints: { unique: true } }\n"
		     "    - { name: at, type: datetime, constraints: { required: true } }\n"
		     "    - { name: card, type: string, sensitive: true, constraints: { maxLength: 19 } }\n"
		     "    primaryKey: id\n");
	assert_non_null(dictionary);
	assert_int_equal(diagnostics.count, 0);
	assert_int_equal(dictionary_count(dictionary), 2);
	const size_t *order = dictionary_order(dictionary);
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 0);
	const struct schema *items = table_schema(dictionary_find(dictionary, "items"));
	assert_string_equal(items->name, "items");
	assert_int_equal(items->field_count, 4);
	assert_int_equal(items->fields[0].type, VALUE_INTEGER);
	assert_int_equal(items->fields[2].type, VALUE_DECIMAL);
	assert_int_equal(items->fields[2].precision, 9);
	assert_int_equal(items->fields[2].scale, 2);
	assert_int_equal(items->fields[3].type, VALUE_STRING);
	assert_true(items->fields[0].required && items->fields[1].required);
	assert_false(items->fields[2].required);
	assert_int_equal(items->primary.count, 2);
	assert_int_equal(items->unique_count, 1); /* the other says what the primary key says */
	assert_int_equal(items->unique[0].fields[0], 3);
	assert_int_equal(items->foreign_count, 1);
	assert_string_equal(items->foreign[0].resource, "orders");
	assert_string_equal(items->foreign[0].columns[0], "id");
	const struct schema *orders = table_schema(dictionary_at(dictionary, 1));
	assert_int_equal(orders->unique_count, 0);
	assert_true(orders->fields[1].required);
	assert_true(orders->fields[2].sensitive);
	assert_int_equal(orders->fields[2].max_length, 19);
	assert_null(dictionary_find(dictionary, "Items"));
	dictionary_free(dictionary);
}

/* All keys of Data Package, Data Resource, Table Schema and Table Dialect, as their specifications list them. */
static void knows_all_keys_of_the_standard(void **state)
{
	(void)state;
	struct dictionary *dictionary = load(
		"{\"$schema\": \"https://datapackage.org/profiles/2.0/datapackage.json\", \"profile\": "
		"\"tabular-data-package\","
		" \"name\": \"n\", \"id\": \"i\", \"title\": \"t\", \"description\": \"d\", \"homepage\": \"h\", "
		"\"image\": \"i\","
		" \"version\": \"1\", \"created\": \"2021-01-01T00:00:00Z\", \"keywords\": [\"k\"],"
		" \"licenses\": [{\"name\": \"n\", \"path\": \"p\", \"title\": \"t\"}],"
		" \"sources\": [{\"title\": \"t\", \"path\": \"p\", \"email\": \"e\", \"version\": \"1\"}],"
		" \"contributors\": [{\"title\": \"t\", \"givenName\": \"g\", \"familyName\": \"f\", \"path\": \"p\", "
		"\"email\": \"e\","
		"   \"role\": \"author\", \"roles\": [\"r\"], \"organization\": \"o\"}],"
		" \"resources\": [{\"$schema\": \"s\", \"profile\": \"tabular-data-resource\", \"name\": \"t\", "
		"\"path\": \"t.csv\","
		"   \"type\": \"table\", \"title\": \"t\", \"description\": \"d\", \"format\": \"csv\", \"mediatype\": "
		"\"text/csv\","
		"   \"encoding\": \"utf-8\", \"bytes\": 1, \"hash\": \"h\", \"homepage\": \"h\", \"compression\": "
		"\"gz\","
		"   \"sources\": [], \"licenses\": [],"
		"   \"dialect\": {\"$schema\": \"s\", \"csvddfVersion\": 1.2, \"caseSensitiveHeader\": false, "
		"\"header\": true,"
		"     \"headerRows\": [1], \"headerJoin\": \" \", \"commentRows\": [2], \"commentChar\": \"#\", "
		"\"delimiter\": \",\","
		"     \"lineTerminator\": \"\\n\", \"quoteChar\": \"'\", \"doubleQuote\": true, \"escapeChar\": \"x\","
		"     \"nullSequence\": \"N\", \"skipInitialSpace\": false, \"property\": \"p\", \"itemType\": "
		"\"array\","
		"     \"itemKeys\": [\"a\"], \"sheetNumber\": 1, \"sheetName\": \"s\", \"table\": \"t\"},"
		"   \"schema\": {\"$schema\": \"s\", \"fieldsMatch\": \"exact\", \"missingValues\": [{\"value\": \"\", "
		"\"label\": \"l\"}, \"-\"],"
		"     \"primaryKey\": [\"a\"], \"uniqueKeys\": [[\"b\"]], \"foreignKeys\": [],"
		"     \"fields\": [{\"name\": \"a\", \"type\": \"integer\", \"format\": \"default\", \"title\": \"t\", "
		"\"description\": \"d\","
		"       \"example\": 1, \"constraints\": {\"required\": true, \"unique\": true, \"minimum\": 1, "
		"\"maximum\": 9,"
		"       \"exclusiveMinimum\": 0, \"exclusiveMaximum\": 10, \"enum\": [1, 2, null]}, \"rdfType\": \"r\","
		"       \"groupChar\": \",\", \"bareNumber\": true},"
		"      {\"name\": \"b\", \"type\": \"string\", \"missingValues\": [], \"categories\": [{\"value\": "
		"\"x\", \"label\": \"l\"}],"
		"       \"categoriesOrdered\": false, \"constraints\": {\"minLength\": 1, \"maxLength\": 2, "
		"\"pattern\": \"x.*\"}},"
		"      {\"name\": \"c\", \"type\": \"number\", \"decimalChar\": \",\", \"groupChar\": \".\", "
		"\"bareNumber\": false},"
		"      {\"name\": \"e\", \"type\": \"boolean\", \"trueValues\": [\"y\"], \"falseValues\": "
		"[\"n\"]}]}}]}");
	for (size_t i = 0; i < diagnostics.count; i++)
		print_error("%s\n", diagnostics.items[i].text);
	assert_non_null(dictionary);
	assert_int_equal(diagnostics.count, 0);
	dictionary_free(dictionary);
}

static void warns_of_unknown_keys_and_refuses_mistyped_ones(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
		bool error;
	} cases[] = {
		{"resources: [{name: t, schema: {fields: [{name: a}]}}]\nowner: me\n",
		 "d.yaml:2:1: unknown key \"owner\"", false},
		{"resources: [{name: t, schema: {fields: [{name: a}]}, x-team: b}]\n",
		 "unknown key \"x-team\" in a resource", false},
		{"resources: [{name: t, schema: {fields: [{name: a, required: true}]}}]\n",
		 "d.yaml:1:51: \"required\" in a field is ignored; it belongs into its constraints", false},
		{"resource: []\nresources: [{name: t, schema: {fields: [{name: a}]}}]\n",
		 "d.yaml:1:1: unknown key \"resource\" in a data "
		 "package (did you mean \"resources\"?)",
		 true},
		{"resources: [{name: t, schema: {feilds: [{name: a}]}}]\n", "did you mean \"fields\"?", true},
		{"resources: [{name: t, schema: {fields: [{name: a}], primarykey: a}}]\n",
		 "did you mean \"primaryKey\"?", true},
		{"resources: [{name: t, schema: {fields: [{name: a, constraints: {requried: true}}]}}]\n",
		 "d.yaml:1:65: unknown key \"requried\" in constraints (did you mean \"required\"?)", true},
		{"resources: [{name: t, schema: {fields: [{name: a, constraint: {}}]}}]\n",
		 "did you mean \"constraints\"?", true},
		{"resources: [{name: t, dialect: {delimeter: ';'}, schema: {fields: [{name: a}]}}]\n",
		 "did you mean \"delimiter\"?", true},
		{"licenses: [{nmae: x}]\nresources: [{name: t, schema: {fields: [{name: a}]}}]\n",
		 "did you mean \"name\"?", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dictionary *dictionary = load(cases[i].text);
		if (!said(cases[i].says))
			fail_msg("%s: %s", cases[i].text,
				 diagnostics.count ? diagnostics.items[0].text : "nothing was said");
		assert_int_equal(dictionary == NULL, cases[i].error);
		assert_int_equal(diagnostics.errors > 0, cases[i].error);
		dictionary_free(dictionary);
	}
}

static void refuses_wrong_fields(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"{ name: x, type: integr }",
		 "d.yaml:6:24: unknown type \"integr\" of field \"x\" (did you mean \"integer\"?)"},
		{"{ name: x, type: geopoint }", "type \"geopoint\" of field \"x\" is not supported"},
		{"{ name: x, type: geojson }", "type \"geojson\" of field \"x\" is not supported"},
		{"{ name: x, type: list }", "type \"list\" of field \"x\" is not supported"},
		{"{ name: x, type: geojson }", "type \"geojson\" of field \"x\" is not supported by this version"},
		{"{ name: x, type: [a] }", "type must be a text"},
		{"{ type: string }", "a field has no name"},
		{"{ name: '' }", "a field has no name"},
		{"{ name: id }", "d.yaml:6:15: field \"id\" stands there twice"},
		{"x", "a field must be a map"},
		{"{ name: x, format: emial }",
		 "unknown format \"emial\" of a string; known are default, email, uri, uuid, binary (did you mean "
		 "\"email\"?)"},
		{"{ name: x, type: integer, format: hex }", "type integer has no format \"hex\""},
		{"{ name: x, type: date, format: '%d/%m' }",
		 "format \"%d/%m\" is no pattern of a date: it gives no year (%Y)"},
		{"{ name: x, type: date, format: YYYY-MM-DD }", "it gives no year (%Y)"},
		{"{ name: x, type: date, format: '%Y-%m-%d %H' }", "a date has no %H; did you mean type datetime?"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %Q' }", "%Q is not known"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %I:%M' }", "%I and %p go together"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %M' }", "smaller unit of time"},
		{"{ name: x, type: datetime, format: '%Y-%m-%d %' }", "% \x20is not known"},
		{"{ name: x, type: time, format: '%Y %H' }", "a time of day has no %Y"},
		{"{ name: x, type: datetime, format: '%Y-%y-%m-%d' }", "twice"},
		{"{ name: x, type: number, scale: 2 }", "scale needs precision"},
		{"{ name: x, type: number, precision: 0 }", "precision must be 1 to 38"},
		{"{ name: x, type: number, precision: 39 }", "precision must be a whole number from 0 to 38"},
		{"{ name: x, type: number, precision: 5, scale: 6 }",
		 "scale (up to precision) must be a whole number from 0 to 5"},
		{"{ name: x, type: number, precision: -1 }", "precision must be a whole number"},
		{"{ name: x, type: integer, precision: 5 }", "precision belongs to fields of type number"},
		{"{ name: x, type: date, timezone: Europe/Berlin }", "timezone belongs to fields of type datetime"},
		{"{ name: x, type: datetime, timezone: Mars/Olympus }", "there is no time zone \"Mars/Olympus\""},
		{"{ name: x, type: datetime, timezone: ../../../etc/passwd }", "there is no time zone"},
		{"{ name: x, type: boolean, trueValues: [x], falseValues: [x] }", "\"x\" is both true and false"},
		{"{ name: x, type: boolean, trueValues: x }", "trueValues must be a list of texts"},
		{"{ name: x, missingValues: [null] }", "null in quotes"},
		{"{ name: x, missingValues: NA }", "missingValues must be a list of texts"},
		{"{ name: x, type: number, decimalChar: '' }", "decimalChar must be a character"},
		{"{ name: x, type: number, decimalChar: '5' }", "decimalChar must be a character"},
		{"{ name: x, type: number, groupChar: '.' }", "groupChar and decimalChar are the same"},
		{"{ name: x, type: integer, bareNumber: maybe }", "bareNumber must be true or false"},
		{"{ name: x, sensitive: 1 }", "sensitive must be true or false"},
		{"{ name: x, constraints: [] }", "constraints must be a map"},
		{"{ name: x, constraints: { required: yes please } }", "required must be true or false"},
		{"{ name: x, constraints: { minLength: -1 } }", "minLength must be a whole number"},
		{"{ name: x, constraints: { maxLength: 1.5 } }", "maxLength must be a whole number"},
		{"{ name: x, constraints: { minLength: 5, maxLength: 4 } }", "minLength is above maxLength"},
		{"{ name: x, type: integer, constraints: { maxLength: 4 } }",
		 "d.yaml:6:59: maxLength cannot apply to field \"x\" of type integer"},
		{"{ name: x, constraints: { minimum: 4 } }", "minimum cannot apply to field \"x\" of type string"},
		{"{ name: x, type: boolean, constraints: { maximum: 4 } }", "maximum cannot apply"},
		{"{ name: x, type: integer, constraints: { pattern: x } }", "pattern cannot apply"},
		{"{ name: x, constraints: { jsonSchema: {} } }", "jsonSchema cannot apply"},
		{"{ name: x, type: integer, constraints: { minimum: low } }",
		 "minimum \"low\" is not a value of field \"x\" of type integer"},
		{"{ name: x, type: integer, constraints: { minimum: 1.5 } }", "is not a value of field"},
		{"{ name: x, type: number, precision: 3, scale: 1, constraints: { maximum: 1.25 } }",
		 "is not a value of field"},
		{"{ name: x, type: date, constraints: { minimum: 2021-02-30 } }", "is not a value of field"},
		{"{ name: x, type: integer, constraints: { minimum: 3, maximum: 2 } }", "minimum is not below maximum"},
		{"{ name: x, type: integer, constraints: { minimum: 3, exclusiveMaximum: 3 } }",
		 "minimum is not below exclusiveMaximum"},
		{"{ name: x, type: date, constraints: { exclusiveMinimum: 2021-01-02, maximum: 2021-01-02 } }",
		 "exclusiveMinimum is not below"},
		{"{ name: x, constraints: { pattern: 'a(b' } }",
		 "pattern \"a(b\" is no regular expression: missing closing parenthesis at "
		 "character 4"},
		{"{ name: x, constraints: { pattern: '\\C' } }", "is no regular expression"},
		{"{ name: x, constraints: { enum: [] } }", "enum must be a list of values"},
		{"{ name: x, constraints: { enum: a } }", "enum must be a list of values"},
		{"{ name: x, type: integer, constraints: { enum: [1, two] } }", "enum \"two\" is not a value"},
	};
	char text[1024];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_null(load(with_field(cases[i][0], text, sizeof text)));
		if (!said(cases[i][1]))
			fail_msg("%s: wanted %s, got %s", cases[i][0], cases[i][1],
				 diagnostics.count ? diagnostics.items[0].text : "nothing");
	}
}

static void reads_fields_that_are_right(void **state)
{
	(void)state;
	static const struct {
		const char *field;
		enum value_type type;
	} cases[] = {
		{"{ name: x }", VALUE_STRING},
		{"{ name: x, format: default }", VALUE_STRING},
		{"{ name: x, format: email, constraints: { minLength: 0, maxLength: 0 } }", VALUE_STRING},
		{"{ name: x, format: uri, constraints: { pattern: '[a-z]+:.*' } }", VALUE_STRING},
		{"{ name: x, format: uuid }", VALUE_UUID},
		{"{ name: x, format: binary, constraints: { maxLength: 16 } }", VALUE_BINARY},
		{"{ name: x, type: number }", VALUE_DOUBLE},
		{"{ name: x, type: number, precision: 38, scale: 38 }", VALUE_DECIMAL},
		{"{ name: x, type: number, precision: 4 }", VALUE_DECIMAL},
		{"{ name: x, type: integer, constraints: { minimum: 3, maximum: 3 } }", VALUE_INTEGER},
		{"{ name: x, type: date, format: any, constraints: { minimum: 2021-01-01 } }", VALUE_DATE},
		{"{ name: x, type: date, format: '%d.%m.%Y', constraints: { minimum: 2021-01-01, maximum: '31.12.2021' "
		 "} }",
		 VALUE_DATE},
		{"{ name: x, type: datetime, format: 'fmt:%d/%m/%y %H:%M' }", VALUE_DATETIME},
		{"{ name: x, type: datetime, timezone: UTC }", VALUE_DATETIME},
		{"{ name: x, type: datetime, timezone: Europe/Berlin }", VALUE_DATETIME},
		{"{ name: x, type: time, constraints: { exclusiveMaximum: '12:00:00' } }", VALUE_TIME},
		{"{ name: x, type: year, constraints: { minimum: 1900 } }", VALUE_YEAR},
		{"{ name: x, type: yearmonth, constraints: { maximum: 2021-12 } }", VALUE_YEARMONTH},
		{"{ name: x, type: number, decimalChar: ',', constraints: { minimum: 1.5, maximum: '2,5' } }",
		 VALUE_DOUBLE},
		{"{ name: x, type: boolean, constraints: { enum: [true] } }", VALUE_BOOLEAN},
	};
	char text[1024];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct dictionary *dictionary = load(with_field(cases[i].field, text, sizeof text));
		if (!dictionary)
			fail_msg("%s: %s", cases[i].field, diagnostics.items[0].text);
		assert_int_equal(diagnostics.count, 0);
		assert_int_equal(table_schema(dictionary_at(dictionary, 0))->fields[1].type, cases[i].type);
		dictionary_free(dictionary);
	}
	/* What spells another type is ignored aloud. */
	struct dictionary *dictionary = load(with_field("{ name: x, decimalChar: ',' }", text, sizeof text));
	assert_true(said("decimalChar has no meaning for type string and is ignored"));
	dictionary_free(dictionary);
}

static void refuses_wrong_keys(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"primaryKey: idd", "\"a\" has no field \"idd\" (did you mean \"id\"?)"},
		{"primaryKey: [id, id]", "primaryKey names \"id\" twice"},
		{"primaryKey: { a: b }", "primaryKey must be a text"},
		{"uniqueKeys: id", "uniqueKeys must be a list of lists"},
		{"uniqueKeys: [[nothing]]", "has no field \"nothing\""},
		{"foreignKeys: { }", "foreignKeys must be a list"},
		{"foreignKeys: [{ fields: b_id }]", "a foreign key needs fields and reference"},
		{"foreignKeys: [{ fields: b_id, reference: { resource: c, fields: id } }]",
		 "there is no resource \"c\" to refer to"},
		{"foreignKeys: [{ fields: b_id, reference: { resource: boat, fields: id } }]",
		 "(did you mean \"boats\"?)"},
		{"foreignKeys: [{ fields: b_id, reference: { resource: boats, fields: [id, s] } }]",
		 "a foreign key of 1 field refers to 2"},
		{"foreignKeys: [{ fields: b_id, reference: { resource: boats, fields: n } }]",
		 "must be the primary key or a unique key of \"boats\""},
		{"foreignKeys: [{ fields: s, reference: { resource: boats, fields: id } }]",
		 "\"s\" is string, but \"id\" of \"boats\" is integer"},
		{"foreignKeys: [{ fields: d, reference: { resource: boats, fields: e } }]",
		 "\"d\" is number of another scale"},
		{"foreignKeys: [{ fields: x, reference: { resource: boats, fields: id } }]", "has no field \"x\""},
		{"foreignKeys: [{ fields: [], reference: { resource: boats, fields: [] } }]", "at least one field"},
		{"foreignKeys: [{ field: b_id, reference: { resource: boats, fields: id } }]",
		 "did you mean \"fields\"?"},
		{"foreignKeys: [{ fields: b_id, reference: { package: p, resource: boats, fields: id } }]",
		 "references to other packages"},
	};
	char text[2048];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text,
			 "resources:\n- name: a\n  schema:\n    fields: [{name: id, type: integer}, {name: b_id, type: "
			 "integer}, {name: s}, {name: d, "
			 "type: number, precision: 5, scale: 1}]\n    %s\n- name: boats\n  schema:\n    fields: "
			 "[{name: id, type: integer}, {name: s}, "
			 "{name: n, type: integer}, {name: e, type: number, precision: 5, scale: 2, constraints: "
			 "{unique: true}}]\n    primaryKey: id\n",
			 cases[i][0]);
		assert_null(load(text));
		if (!said(cases[i][1]))
			fail_msg("%s: wanted %s, got %s", cases[i][0], cases[i][1],
				 diagnostics.count ? diagnostics.items[0].text : "nothing");
	}
}

static void refuses_what_is_no_dictionary(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"[]", "must be a map"},
		{"x", "must be a map"},
		{"name: x", "d.yaml:1:1: a data dictionary needs resources"},
		{"{ name: x, path: x.csv, schema: { fields: [{ name: a }] } }", "a list of tables (this is one alone: put it into resources: [...])"},
		{"fields: [{ name: a }]", "a list of tables (this is the schema of one: resources: [{ name: NAME, schema: THIS FILE }])"},
		{"resources: []", "needs resources"},
		{"resources: x", "needs resources"},
		{"resources: [x]", "a resource must be a map"},
		{"resources: [{ schema: { fields: [{ name: a }] } }]", "a resource has no name"},
		{"resources: [{ name: a, schema: { } }]", "the schema of \"a\" needs fields"},
		{"resources: [{ name: a, schema: { fields: [] } }]", "needs fields"},
		{"resources: [{ name: a, schema: schema.json }]", "must be a map, or in a dictionary file the path of one"},
		{"resources: [{ name: a, path: a.csv }]", "no resource has a schema"},
		{"resources: [{ name: a, schema: { fields: [{ name: x }] } }, { name: a, schema: { fields: [{ name: x "
		 "}] } }]",
		 "resource \"a\" stands there twice"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_null(load(cases[i][0]));
		if (!said(cases[i][1]))
			fail_msg("%s: wanted %s, got %s", cases[i][0], cases[i][1],
				 diagnostics.count ? diagnostics.items[0].text : "nothing");
	}
	/* One run finds all. */
	assert_null(load(
		"resources: [{ name: a, schema: { fields: [{ name: x, type: foo }, { name: y, type: bar }] } }, { }]"));
	assert_int_equal(diagnostics.errors, 3);
}

static void orders_parents_first(void **state)
{
	(void)state;
	/* e -> c -> a, e -> b, d alone, f -> e; and two ways from f to a. */
	struct dictionary *dictionary =
		load("resources:\n"
		     "- { name: f, schema: { fields: [{ name: id, type: integer }, { name: x, type: integer }], "
		     "primaryKey: id,"
		     " foreignKeys: [{ fields: x, reference: { resource: e, fields: id } }, { fields: x, reference: { "
		     "resource: a, fields: id } }] } }\n"
		     "- { name: e, schema: { fields: [{ name: id, type: integer }], primaryKey: id,"
		     " foreignKeys: [{ fields: id, reference: { resource: c, fields: id } }, { fields: [id], "
		     "reference: { resource: b, fields: [id] } }] } }\n"
		     "- { name: d, schema: { fields: [{ name: id, type: integer }] } }\n"
		     "- { name: c, schema: { fields: [{ name: id, type: integer }], primaryKey: id,"
		     " foreignKeys: [{ fields: id, reference: { resource: a, fields: id } }] } }\n"
		     "- { name: b, schema: { fields: [{ name: id, type: integer, constraints: { unique: true } }] } }\n"
		     "- { name: a, schema: { fields: [{ name: id, type: integer }], primaryKey: id } }\n");
	assert_non_null(dictionary);
	char seen[7] = "";
	for (size_t i = 0; i < 6; i++)
		seen[i] = table_schema(dictionary_at(dictionary, dictionary_order(dictionary)[i]))->name[0];
	assert_string_equal(seen, "acbefd");
	dictionary_free(dictionary);
}

static void refuses_loops(void **state)
{
	(void)state;
	assert_null(load("resources:\n"
			 "- { name: z, schema: { fields: [{ name: id, type: integer }], primaryKey: id,"
			 " foreignKeys: [{ fields: id, reference: { resource: a, fields: id } }] } }\n"
			 "- { name: a, schema: { fields: [{ name: id, type: integer }], primaryKey: id,"
			 " foreignKeys: [{ fields: id, reference: { resource: b, fields: id } }] } }\n"
			 "- { name: b, schema: { fields: [{ name: id, type: integer }], primaryKey: id,"
			 " foreignKeys: [{ fields: id, reference: { resource: a, fields: id } }] } }\n"));
	assert_true(said("a -> b -> a"));
	assert_false(said("z ->"));
}

static void hash_of(const char *text, char out[65])
{
	struct dictionary *dictionary = load(text);
	if (!dictionary)
		fail_msg("%s: %s", text, diagnostics.items[0].text);
	table_hash(dictionary_at(dictionary, 0), out);
	assert_int_equal(strlen(out), 64);
	dictionary_free(dictionary);
}

static void hash_is_of_the_meaning(void **state)
{
	(void)state;
	static const char *const same[] = {
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"{\"resources\": [{\"schema\": {\"missingValues\": [\"NA\", \"\"], \"primaryKey\": [\"a\"],"
		" \"fields\": [{\"type\": \"integer\", \"name\": \"a\", \"title\": \"x\"}, {\"name\": \"b\", \"type\": "
		"\"string\"}]}, \"name\": \"t\"}]}",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer, constraints: { required: true } "
		"}, { name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }, { name: u, schema: { fields: [{ name: q }] } }]",
	};
	static const char *const others[] = {
		"resources: [{ name: t2, schema: { fields: [{ name: a, type: integer }, { name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: b }, { name: a, type: integer }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b }], missingValues: "
		"['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b }], primaryKey: a, "
		"missingValues: [''] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: number }, { name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b, constraints: { "
		"maxLength: 5 } }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b, constraints: { "
		"minLength: 5 } }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer, constraints: { minimum: 1 } }, { "
		"name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer, constraints: { enum: [1] } }, { "
		"name: b }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b, constraints: { "
		"pattern: x } }], primaryKey: a, "
		"missingValues: ['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer }, { name: b }], primaryKey: a, "
		"uniqueKeys: [[b]], missingValues: "
		"['', NA] } }]",
		"resources: [{ name: t, schema: { fields: [{ name: a, type: integer, bareNumber: false }, { name: b "
		"}], primaryKey: a, missingValues: "
		"['', NA] } }]",
	};
	char first[65], second[65];
	hash_of(same[0], first);
	for (size_t i = 1; i < sizeof same / sizeof same[0]; i++) {
		hash_of(same[i], second);
		assert_string_equal(first, second);
	}
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		hash_of(others[i], second);
		if (strcmp(first, second) == 0)
			fail_msg("the same hash: %s", others[i]);
	}
}

/* --- the descriptor ----------------------------------------------------------------------------- */

/* All tables of a dictionary as JSON, read back: each means what it meant. */
static void survives(const struct dictionary *dictionary, const char *what)
{
	struct buffer text;
	struct error error = ERROR_INIT;
	char before[65], after[65];
	buffer_init(&text, 16 << 20);
	assert_int_equal(buffer_puts(&text, "{\"resources\":[", &error), 0);
	for (size_t i = 0; i < dictionary_count(dictionary); i++) {
		assert_int_equal(buffer_puts(&text, i ? "," : "", &error), 0);
		size_t begin = text.length;
		assert_int_equal(table_json(dictionary_at(dictionary, i), &text, &error), 0);
		/* Another parser takes it for JSON, too. */
		json_error_t reason;
		json_t *parsed = json_loadb(text.data + begin, text.length - begin, JSON_REJECT_DUPLICATES, &reason);
		if (!parsed)
			fail_msg("%s: %s: %s", what, reason.text, text.data + begin);
		json_decref(parsed);
	}
	assert_int_equal(buffer_puts(&text, "]}", &error), 0);
	struct dictionary *again = load(text.data);
	if (!again || diagnostics.count > 0)
		fail_msg("%s: %s", what, diagnostics.count > 0 ? diagnostics.items[0].text : "no memory");
	assert_int_equal(dictionary_count(again), dictionary_count(dictionary));
	for (size_t i = 0; i < dictionary_count(dictionary); i++) {
		table_hash(dictionary_at(dictionary, i), before);
		table_hash(dictionary_at(again, i), after);
		if (strcmp(before, after) != 0)
			fail_msg("%s: table %s means something else: %s", what, table_schema(dictionary_at(dictionary, i))->name,
				 text.data);
	}
	dictionary_free(again);
	buffer_fini(&text);
}

static void descriptors_of_texts(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"resources: [{ name: t, schema: { fields: [{ name: a }] } }]",
		"missingValues: [NA]\n"
		"resources:\n"
		"- name: \"t \\\"x\\\"\\n\\u0001\"\n"
		"  schema:\n"
		"    missingValues: ['', '-']\n"
		"    fields:\n"
		"    - { name: 'n,1', type: integer, groupChar: ' ', bareNumber: false, missingValues: [], constraints: { enum: [3, 1, '2'], minimum: 1 } }\n"
		"    - { name: d, type: number, decimalChar: ',', constraints: { minimum: '1,5', exclusiveMaximum: 1e300, required: true } }\n"
		"    - { name: p, type: number, precision: 38, scale: 9, sensitive: true, constraints: { enum: [0.000000001, -12345678901234567890.5] } }\n"
		"    - { name: b, type: boolean, trueValues: [ja, J], falseValues: [nein], constraints: { enum: [true] } }\n"
		"    - { name: e, format: email, constraints: { minLength: 3, maxLength: 99, pattern: '[^\"\\\\]+@.*', unique: true } }\n"
		"    - { name: u, format: uri }\n"
		"    - { name: uu, format: uuid, constraints: { enum: [0F8FAD5B-D9CB-469F-A165-70867728950E] } }\n"
		"    - { name: bi, format: binary, constraints: { enum: [Zm9v, Zg==], maxLength: 4 } }\n"
		"    - { name: s, constraints: { enum: [1, yes, '', 'a\"b\\c', \xc3\xa9] } }\n"
		"    - { name: da, type: date, format: '%d/%m/%Y', constraints: { minimum: 2021-11-07, maximum: '31/12/2021' } }\n"
		"    - { name: dd, type: date, constraints: { minimum: 0001-01-01, enum: [2021-11-07] } }\n"
		"    - { name: ti, type: time, format: 'fmt:%H', constraints: { exclusiveMinimum: '02:00:00' } }\n"
		"    - { name: tt, type: time, format: any, constraints: { maximum: '02:00:00.5' } }\n"
		"    - { name: dt, type: datetime, timezone: Europe/Berlin, constraints: { minimum: '2021-11-07T02:48:42' } }\n"
		"    - { name: df, type: datetime, format: '%Y-%m-%d %H:%M', constraints: { minimum: '2021-11-07 02:48' } }\n"
		"    - { name: y, type: year, constraints: { minimum: 0033, enum: [2021, 0033] } }\n"
		"    - { name: ym, type: yearmonth, constraints: { maximum: 2021-11 } }\n"
		"    - { name: du, type: duration, constraints: { minimum: PT0S, enum: [P1Y, PT1S] } }\n"
		"    - { name: o, type: object, constraints: { minLength: 1, enum: [{ b: 1.50, a: [true, null, x] }, '{\"z\": 1}'] } }\n"
		"    - { name: ar, type: array, constraints: { maxLength: 3 } }\n"
		"    - { name: an, type: any, constraints: { enum: [1, '1', a b, '\"q\"', [1, '1'], true] } }\n"
		"    primaryKey: [ 'n,1', dt ]\n"
		"    uniqueKeys: [[e, s], [dt, 'n,1']]\n"
		"    foreignKeys:\n"
		"    - { fields: [uu, s], reference: { resource: other, fields: [k2, k1] } }\n"
		"    - { fields: uu, reference: { resource: other, fields: k2 } }\n"
		"- { name: other, schema: { fields: [{ name: k1 }, { name: k2, format: uuid }], primaryKey: [k2, k1], uniqueKeys: [[k2]] } }\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct dictionary *dictionary = load(texts[i]);
		if (!dictionary)
			fail_msg("%zu: %s", i, diagnostics.items[0].text);
		survives(dictionary, "a dictionary of this test");
		dictionary_free(dictionary);
	}
}

static void descriptors_of_files(void **state)
{
	(void)state;
	static const char *const patterns[] = {"%s/examples/*/datapackage.*", "%s/tests/golden/cases/*/dictionary.*",
					       "%s/tests/golden/config/dictionary.*"};
	const char *top = getenv("TOP");
	size_t tables = 0;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		char pattern[1024];
		glob_t files;
		snprintf(pattern, sizeof pattern, patterns[i], top ? top : ".");
		assert_int_equal(glob(pattern, 0, NULL, &files), 0);
		for (size_t j = 0; j < files.gl_pathc; j++) {
			diagnostics_fini(&diagnostics);
			diagnostics_init(&diagnostics);
			struct dictionary *dictionary = dictionary_read(files.gl_pathv[j], &diagnostics);
			if (!dictionary)
				continue; /* a case of one that is wrong */
			tables += dictionary_count(dictionary);
			survives(dictionary, files.gl_pathv[j]);
			dictionary_free(dictionary);
		}
		globfree(&files);
	}
	assert_true(tables > 50);
}

/* The same, as a person would write it. */
static void descriptor_reads_well(void **state)
{
	(void)state;
	struct buffer text;
	struct error error = ERROR_INIT;
	struct dictionary *dictionary = load("resources: [{ name: jobs, schema: { fields: [{ name: id, type: integer }, "
					     "{ name: job, constraints: { required: true, maxLength: 50 } }], primaryKey: id } }]");
	assert_non_null(dictionary);
	buffer_init(&text, 1 << 16);
	assert_int_equal(table_json(dictionary_at(dictionary, 0), &text, &error), 0);
	assert_string_equal(text.data,
			    "{\"name\":\"jobs\",\"schema\":{\"fields\":[{\"name\":\"id\",\"type\":\"integer\"},{\"name\":\"job\",\"type\":\"string\","
			    "\"constraints\":{\"required\":true,\"maxLength\":50}}],\"primaryKey\":[\"id\"]}}");
	buffer_fini(&text);
	dictionary_free(dictionary);
}

static void prints_one_rule_a_line(void **state)
{
	(void)state;
	struct judging judging;
	struct error error = ERROR_INIT;
	struct buffer out;
	judging_open(&judging,
		     "resources:\n"
		     "- name: orders\n"
		     "  schema:\n"
		     "    fields:\n"
		     "    - { name: region }\n"
		     "    - { name: id, type: integer, constraints: { unique: true } }\n"
		     "    - { name: code, constraints: { pattern: \"a\\nb\", enum: [x, y] } }\n"
		     "    - { name: p, type: number, precision: 5, scale: 2, constraints: { minimum: 0, "
		     "exclusiveMaximum: '9.5' } }\n"
		     "    primaryKey: [region, id]\n"
		     "    uniqueKeys: [[code, p]]\n",
		     NULL);
	buffer_init(&out, 1 << 20);
	assert_int_equal(program_print(judging.program, &out, &error), 0);
	static const char *const wanted[] = {
		"orders.encoding-error ",
		"orders.record-error ",
		"orders.region.missing-cell ",
		"orders.id.missing-cell ",
		"orders.code.missing-cell ",
		"orders.p.missing-cell ",
		"orders.extra-cell ",
		"orders.region.required ",
		"orders.id.type ",
		"orders.id.required ",
		"orders.code.pattern ",
		"orders.code.enum ",
		"orders.p.type ",
		"orders.p.minimum ",
		"orders.p.exclusiveMaximum ",
		"orders.primary-key(region+id) ",
		"orders.id.unique ",
		"orders.unique(code+p) ",
	};
	const char *line = out.data;
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		const char *end = strchr(line, '\n');
		assert_non_null(end);
		if (strncmp(line, wanted[i], strlen(wanted[i])) != 0)
			fail_msg("line %zu: wanted %s, got %.*s", i + 1, wanted[i], (int)(end - line), line);
		line = end + 1;
	}
	assert_string_equal(line, "");
	buffer_fini(&out);
	judging_close(&judging);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_a_whole_package, forget),
		cmocka_unit_test_teardown(knows_all_keys_of_the_standard, forget),
		cmocka_unit_test_teardown(warns_of_unknown_keys_and_refuses_mistyped_ones, forget),
		cmocka_unit_test_teardown(refuses_wrong_fields, forget),
		cmocka_unit_test_teardown(reads_fields_that_are_right, forget),
		cmocka_unit_test_teardown(refuses_wrong_keys, forget),
		cmocka_unit_test_teardown(refuses_what_is_no_dictionary, forget),
		cmocka_unit_test_teardown(orders_parents_first, forget),
		cmocka_unit_test_teardown(refuses_loops, forget),
		cmocka_unit_test_teardown(hash_is_of_the_meaning, forget),
		cmocka_unit_test_teardown(descriptors_of_texts, forget),
		cmocka_unit_test_teardown(descriptors_of_files, forget),
		cmocka_unit_test_teardown(descriptor_reads_well, forget),
		cmocka_unit_test_teardown(prints_one_rule_a_line, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
