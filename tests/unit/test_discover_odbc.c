/* Dictionaries made from the catalogs of databases, held against ones written by hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/discover.h"
#include "tests/support/odbc_world.h"

static void expect_dictionary(struct world *world, const char *const *tables, const char *wanted)
{
	struct store_target target = world_target(world);
	struct error error = ERROR_INIT;
	char dialect[DISCOVER_DIALECT_SIZE], text[2200];
	struct buffer out;
	size_t count = 0;
	json_t *got, *expected;

	while (tables && tables[count])
		count++;
	buffer_init(&out, 1 << 20);
	if (odbc_discover(&target, tables, count, dialect, &out, &error))
		fail_msg("%s", error_text(&error, text, sizeof text));
	assert_string_equal(dialect, world->postgres ? "postgresql" : "sqlite");
	got = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, NULL);
	expected = json_loads(wanted, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(got);
	assert_non_null(expected);
	assert_int_equal(out.data[out.length - 1], '\n');
	if (!json_equal(got, expected))
		fail_msg("%s", out.data);
	json_decref(got);
	json_decref(expected);
	buffer_fini(&out);
}

static void expect_refused(struct world *world, const char *table, enum error_kind kind, const char *words)
{
	struct store_target target = world_target(world);
	struct error error = ERROR_INIT;
	struct buffer out;
	char text[2200];

	buffer_init(&out, 1 << 20);
	assert_int_equal(odbc_discover(&target, table ? &table : NULL, table ? 1 : 0, NULL, &out, &error), -1);
	error_text(&error, text, sizeof text);
	if (error.kind != kind || !strstr(text, words))
		fail_msg("kind %d: %s", (int)error.kind, text);
	assert_int_equal(out.length, 0);
	buffer_fini(&out);
}

static void test_hr(void **state)
{
	struct world *world = world_of(state);
	char wanted[4096];
	const char *department = "{\"fields\": [\"department_id\"], \"reference\": {\"resource\": \"departments\", \"fields\": [\"id\"]}}";
	const char *boss = "{\"fields\": [\"region\", \"boss\"], \"reference\": {\"resource\": \"employees\", \"fields\": [\"region\", \"id\"]}}";

	expect_refused(world, NULL, ERROR_CONFIG, "no table");
	world_run(world,
		"CREATE TABLE departments (id bigint NOT NULL PRIMARY KEY, department varchar(255) NOT NULL, UNIQUE (department));"
		"CREATE TABLE employees (id bigint NOT NULL, region bigint NOT NULL, name text, department_id bigint NOT NULL, boss bigint,"
		" doubled bigint GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (region, id), UNIQUE (name, boss),"
		" FOREIGN KEY (department_id) REFERENCES departments (id), FOREIGN KEY (region, boss) REFERENCES employees (region, id));"
		"CREATE TABLE penstock_own (v bigint); CREATE VIEW seen AS SELECT * FROM employees");
	snprintf(wanted, sizeof wanted,
		"{\"name\": \"discovered\", \"resources\": ["
		"{\"name\": \"departments\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"},"
		" {\"name\": \"department\", \"type\": \"string\", \"constraints\": {\"required\": true, \"maxLength\": 255}}],"
		" \"primaryKey\": [\"id\"], \"uniqueKeys\": [[\"department\"]]}},"
		"{\"name\": \"employees\", \"description\": \"column doubled is computed by the database and left out\","
		" \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"region\", \"type\": \"integer\"},"
		" {\"name\": \"name\", \"type\": \"string\"}, {\"name\": \"department_id\", \"type\": \"integer\", \"constraints\": {\"required\": true}},"
		" {\"name\": \"boss\", \"type\": \"integer\"}], \"primaryKey\": [\"region\", \"id\"], \"uniqueKeys\": [[\"name\", \"boss\"]],"
		" \"foreignKeys\": [%s, %s]}}]}",
		world->postgres ? department : boss, world->postgres ? boss : department); /* SQLite lists the last one first */
	expect_dictionary(world, NULL, wanted);
	expect_refused(world, "employes", ERROR_CONFIG, "did you mean \"employees\"");
	static const char *const one[] = { "departments", NULL };

	expect_dictionary(world, one,
		"{\"name\": \"discovered\", \"resources\": ["
		"{\"name\": \"departments\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"},"
		" {\"name\": \"department\", \"type\": \"string\", \"constraints\": {\"required\": true, \"maxLength\": 255}}],"
		" \"primaryKey\": [\"id\"], \"uniqueKeys\": [[\"department\"]]}}]}");
}

static void test_types_sqlite(void **state)
{
	struct world *world = world_of(state);

	world_run(world,
		"CREATE TABLE \"odd one.\" (i INT, b BOOLEAN, r REAL, n NUMERIC, m DECIMAL(9,2), d DATE, t TIME, dt TIMESTAMP, s TEXT, v VARCHAR(20),"
		" x BLOB, u UUID, a, j JSON)");
	expect_dictionary(world, NULL,
		"{\"name\": \"discovered\", \"resources\": [{\"name\": \"odd one.\", \"schema\": {\"fields\": ["
		"{\"name\": \"i\", \"type\": \"integer\"}, {\"name\": \"b\", \"type\": \"boolean\"}, {\"name\": \"r\", \"type\": \"number\"},"
		"{\"name\": \"n\", \"type\": \"number\"}, {\"name\": \"m\", \"type\": \"number\", \"precision\": 9, \"scale\": 2},"
		"{\"name\": \"d\", \"type\": \"date\"}, {\"name\": \"t\", \"type\": \"time\"}, {\"name\": \"dt\", \"type\": \"datetime\"},"
		"{\"name\": \"s\", \"type\": \"string\"}, {\"name\": \"v\", \"type\": \"string\", \"constraints\": {\"maxLength\": 20}},"
		"{\"name\": \"x\", \"type\": \"string\", \"format\": \"binary\"}, {\"name\": \"u\", \"type\": \"string\", \"format\": \"uuid\"},"
		"{\"name\": \"a\", \"type\": \"string\", \"description\": \"sqlite: a column without a type, which may hold anything\"},"
		"{\"name\": \"j\", \"type\": \"any\"}]}}]}");
}

static void test_types_postgres(void **state)
{
	struct world *world = world_of(state);

	world_run(world,
		"CREATE SCHEMA far; CREATE TABLE far.away (id int PRIMARY KEY); CREATE DOMAIN code AS char(3);"
		"CREATE TABLE t (i smallint, b boolean, r real, n numeric, m numeric(9,2), w numeric(50,2), d date, ti time, tz timetz, dt timestamptz,"
		" lo timestamp, c code, x bytea, u uuid, j jsonb, l int[], f int REFERENCES far.away, z bigint);"
		"CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a bigint REFERENCES a);"
		"ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
		"CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10); CREATE TABLE penstocks (v int)");
	static const char *const some[] = { "t", "public.a", "b", NULL };

	expect_dictionary(world, some,
		"{\"name\": \"discovered\", \"resources\": [{\"name\": \"t\","
		" \"description\": \"a foreign key to far.away is left out: that table is not in this dictionary\", \"schema\": {\"fields\": ["
		"{\"name\": \"i\", \"type\": \"integer\"}, {\"name\": \"b\", \"type\": \"boolean\"}, {\"name\": \"r\", \"type\": \"number\"},"
		"{\"name\": \"n\", \"type\": \"number\", \"precision\": 38, \"scale\": 10, "
		"\"description\": \"postgresql numeric: any number of digits, of which 28 before the point and 10 behind it are taken\"},"
		"{\"name\": \"m\", \"type\": \"number\", \"precision\": 9, \"scale\": 2},"
		"{\"name\": \"w\", \"type\": \"string\", \"description\": \"postgresql numeric(50,2): more digits than a number of the dictionary has\"},"
		"{\"name\": \"d\", \"type\": \"date\"}, {\"name\": \"ti\", \"type\": \"time\"},"
		"{\"name\": \"tz\", \"type\": \"string\", \"description\": \"postgresql time with time zone: a type that the dictionary does not have, as its text\"},"
		"{\"name\": \"dt\", \"type\": \"datetime\"}, {\"name\": \"lo\", \"type\": \"datetime\"},"
		"{\"name\": \"c\", \"type\": \"string\", \"constraints\": {\"maxLength\": 3}}, {\"name\": \"x\", \"type\": \"string\", \"format\": \"binary\"},"
		"{\"name\": \"u\", \"type\": \"string\", \"format\": \"uuid\"},"
		"{\"name\": \"j\", \"type\": \"any\"},"
		"{\"name\": \"l\", \"type\": \"string\", \"description\": \"postgresql integer[]: a type that the dictionary does not have, as its text\"},"
		"{\"name\": \"f\", \"type\": \"integer\"}, {\"name\": \"z\", \"type\": \"integer\"}]}},"
		"{\"name\": \"a\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"b\", \"type\": \"integer\"}],"
		" \"primaryKey\": [\"id\"], \"foreignKeys\": [{\"fields\": [\"b\"], \"reference\": {\"resource\": \"b\", \"fields\": [\"id\"]}}]}},"
		"{\"name\": \"b\", \"description\": \"a foreign key to public.a is left out: these tables refer to each other in a loop\","
		" \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"}, {\"name\": \"a\", \"type\": \"integer\"}], \"primaryKey\": [\"id\"]}}]}");

	/* Of all tables: neither partitions nor other schemas. */
	struct store_target target = world_target(world);
	struct error error = ERROR_INIT;
	struct buffer out;
	json_t *package, *all;

	buffer_init(&out, 1 << 20);
	assert_int_equal(odbc_discover(&target, NULL, 0, NULL, &out, &error), 0);
	package = json_loads(buffer_text(&out), 0, NULL);
	all = json_object_get(package, "resources");
	static const char *const names[] = { "a", "b", "p", "penstocks", "t" };

	assert_int_equal(json_array_size(all), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(json_string_value(json_object_get(json_array_get(all, i), "name")), names[i]);
	json_decref(package);
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_hr),
		ON_SQLITE(test_types_sqlite),
		ON_POSTGRES(test_types_postgres),
	};

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
