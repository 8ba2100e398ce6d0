/* Which keys a table of SQLite holds, asked over the batch in this process: the same as asked with parameters, whatever the columns' types
 * and collations, and whatever is stored in them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/catalog.h"
#include "connectors/odbc/probe.h"
#include "tests/support/odbc_world.h"

enum { KEYS = 700, STORED = 60, ROUNDS = 3, PARTS = 2 };

/* What is stored: of all classes, whatever the column says, and near each other. */
static const char *const stored[] = {
	"0", "1", "7", "-7", "12", "1.5", "7.0", "'7'", "'07'", "'7.0'", "' 7'", "'7 '", "'1e1'", "10", "'abc'", "'ABC'", "'abc '", "'Abc'",
	"'\xc3\xa4'", "'\xc3\x84'", "''", "x''", "x'37'", "x'616263'", "NULL", "9007199254740993", "'9007199254740993'", "9007199254740992.0",
	"'2021-01-01'", "'2021-01-01T00:00:00Z'", "0.1", "'0.10'", "'12.50'", "12.5",
};

static const char *const declared[] = {
	"INTEGER", "BIGINT", "TEXT", "TEXT COLLATE NOCASE", "VARCHAR(10) COLLATE RTRIM", "REAL", "NUMERIC(12,2)", "BLOB", "", "DATE",
};

/* Fields, and what keys of them look like. */
static const struct {
	const char *field;
	const char *const values[12]; /* NULL at the end */
} kinds[] = {
	{ "integer", { "0", "1", "7", "-7", "10", "12", "9007199254740993", "9007199254740992", "55" } },
	{ "string", { "7", "07", "7.0", " 7", "7 ", "abc", "ABC", "abc ", "\xc3\xa4", "", "12.5", "2021-01-01" } },
	{ "decimal(18.2)", { "7.00", "12.50", "0.10", "1.50", "10.00", "9007199254740993.00", "-7.00" } },
	{ "double", { "7", "0.1", "1.5", "12.5", "9007199254740992", "10", "-7" } },
	{ "date", { "2021-01-01", "2021-01-02" } },
	{ "datetime", { "2021-01-01T00:00:00Z", "2021-01-02T00:00:00Z" } },
};

enum { STORED_KINDS = sizeof stored / sizeof *stored, DECLARED = sizeof declared / sizeof *declared, FIELDS = sizeof kinds / sizeof *kinds };

static unsigned seed = 20261121;

static size_t any(size_t below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % below;
}

static const char *any_value(size_t kind)
{
	size_t count = 0;

	while (count < 12 && kinds[kind].values[count])
		count++;
	return kinds[kind].values[any(count)];
}

static void fill(const struct world *world)
{
	char sql[400], name[8];

	for (size_t a = 0; a < DECLARED; a++) {
		snprintf(name, sizeof name, "t%zu", a);
		snprintf(sql, sizeof sql, "CREATE TABLE %s (a %s, b %s)", name, declared[a], declared[(a * 3 + 1) % DECLARED]);
		world_run(world, sql);
		for (size_t i = 0; i < STORED; i++) {
			snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (%s, %s)", name, stored[any(STORED_KINDS)], stored[any(STORED_KINDS)]);
			world_run(world, sql);
		}
		/* With and without an index to be found by. */
		snprintf(sql, sizeof sql, "CREATE INDEX i%zu ON %s (a)", a, name);
		if (a % 2)
			world_run(world, sql);
	}
}

/* Keys of these kinds against that table, by both roads; returns how many were found. */
static size_t compare(struct session *session, const char *table, const size_t *of, size_t parts)
{
	static const char *const columns[PARTS] = { "a", "b" };
	struct error error = ERROR_INIT;
	struct catalog catalog;
	struct probe probe;
	const struct field *fields[PARTS];
	size_t in_columns[PARTS] = { 2, 1 }, count = 0;
	bool fast[KEYS] = { false }, slow[KEYS] = { false };
	uint32_t rows[KEYS];
	char text[200];
	struct schema *schema;
	struct batch *batch;

	/* The key's parts stand in the batch in another order, and not first. */
	snprintf(text, sizeof text, "other integer, second %s, first %s", kinds[of[parts - 1]].field, kinds[of[0]].field);
	schema = schema_from("keys", text);
	batch = batch_for(schema, KEYS);
	for (size_t i = 0; i < parts; i++)
		fields[i] = &schema->fields[in_columns[i]];
	for (uint32_t i = 0; i < KEYS; i++) {
		const char *first = any_value(of[0]);

		ROW(batch, "1", any_value(of[parts - 1]), first);
		rows[i] = KEYS - 1 - i;
	}
	assert_int_equal(catalog_read(session, table, &catalog, &error), 0);
	assert_int_equal(probe_open(&probe, session, &catalog, columns, fields, parts, true, &error), 0);
	assert_non_null(probe.inside);
	assert_int_equal(probe_rows(&probe, batch, in_columns, rows, KEYS, fast, &error), 0);
	assert_non_null(probe.inside);
	probe_inside_close(probe.inside);
	probe.inside = NULL;
	assert_int_equal(probe_rows(&probe, batch, in_columns, rows, KEYS, slow, &error), 0);
	for (size_t i = 0; i < KEYS; i++) {
		if (fast[i] != slow[i])
			fail_msg("table %s, keys of %s: row %zu is %s", table, text, i, slow[i] ? "missed" : "found wrongly");
		count += slow[i];
	}
	probe_close(&probe);
	catalog_fini(&catalog);
	batch_free(batch);
	schema_free(schema);
	return count;
}

static void test_same(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct error error = ERROR_INIT;
	struct session session;
	size_t found = 0, asked = 0;

	fill(world);
	assert_int_equal(session_open(&session, &target, &error), 0);
	for (int round = 0; round < ROUNDS; round++)
		for (size_t t = 0; t < DECLARED; t++)
			for (size_t f = 0; f < FIELDS; f++)
				for (size_t parts = 1; parts <= PARTS; parts++) {
					size_t of[PARTS] = { f, any(FIELDS) };
					char table[8];

					snprintf(table, sizeof table, "t%zu", t);
					found += compare(&session, table, of, parts);
					asked += KEYS;
				}
	/* Otherwise this would compare nothing with nothing. */
	assert_in_range(found, asked / 20, asked - asked / 20);
	session_close(&session);
}

/* A table by the name of what is shown is no reason to believe it. */
static void test_name_taken(void **state)
{
	static const char *const columns[] = { "id" };
	static const char *const taken[] = { "CREATE TABLE penstock_batch_16 (other)", "ALTER TABLE penstock_batch_16 ADD COLUMN c0",
		"INSERT INTO penstock_batch_16 VALUES (1, 1), (1, 3)" };
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct schema *schema = schema_from("keys", "id integer");
	const struct field *fields[] = { &schema->fields[0] };
	const size_t in_columns[] = { 0 };
	const uint32_t rows[] = { 0, 1 };

	world_run(world, "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (3)");
	for (size_t i = 0; i < 3; i++) {
		struct error error = ERROR_INIT;
		struct session session;
		struct catalog catalog;
		struct probe probe;
		bool found[2] = { false, false };
		struct batch *batch = batch_for(schema, 2);

		ROW(batch, "2");
		ROW(batch, "3");
		world_run(world, taken[i]);
		assert_int_equal(session_open(&session, &target, &error), 0);
		assert_int_equal(session_begin(&session, &error), 0);
		assert_int_equal(catalog_read(&session, "p", &catalog, &error), 0);
		assert_int_equal(probe_open(&probe, &session, &catalog, columns, fields, 1, true, &error), 0);
		assert_int_equal(probe_rows(&probe, batch, in_columns, rows, 2, found, &error), 0);
		assert_null(probe.inside);
		assert_false(found[0]);
		assert_true(found[1]);
		assert_int_equal(session_commit(&session, &error), 0);
		probe_close(&probe);
		catalog_fini(&catalog);
		session_close(&session);
		batch_free(batch);
	}
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SQLITE(test_same),
		ON_SQLITE(test_name_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
