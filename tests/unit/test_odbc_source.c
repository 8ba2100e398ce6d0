/* Reading tables and queries over ODBC: every type and its borders, keys, pages, snapshots; captured and fetched alike.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/source.h"
#include "engine/core/plan.h"
#include "engine/core/shared.h"
#include "tests/support/odbc_world.h"

static const struct option *option_of(const char *name)
{
	for (const struct option *option = odbc_source_ops.options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	fail_msg("no option %s", name);
	return NULL;
}

struct reading {
	const char *table, *query, *where, *read;
	const char *const *columns, *const *ignore; /* NULL at the end */
	const struct option_parameter *parameters;
	size_t parameter_count;
	bool consistent;
	struct shared *shared;
	const struct option_map *tables;
	struct limits *limits;
	size_t rows; /* of a batch; 0: many */
};

struct source {
	struct world *world;
	struct plan_connection connection;
	struct limits limits;
	struct source_context context;
	struct option_statement query, where;
	const struct schema *schema;
	size_t rows;
	void *self;
	struct error error;
	char *text;    /* what was read */
	size_t used, size;
	uint64_t count, batches;
	struct position position; /* of the last batch */
};

static struct option_list list_of(const char *const *items)
{
	struct option_list list = { items, 0 };

	while (items && items[list.count])
		list.count++;
	return list;
}

static void set(struct source *source, const char *name, const void *value, size_t size)
{
	memcpy((char *)source->self + option_of(name)->offset, value, size);
}

static int source_start(struct source *source, struct world *world, const struct schema *schema, struct reading reading)
{
	struct option_list columns = list_of(reading.columns), ignore = list_of(reading.ignore);
	static const char *const reads[] = { "auto", "capture", "copy", "fetch" };
	int read = 0;

	for (int i = 0; reading.read && i < 4; i++)
		if (strcmp(reads[i], reading.read) == 0)
			read = i;
	*source = (struct source){ .world = world, .schema = schema, .limits = LIMITS_DEFAULT, .rows = reading.rows ? reading.rows : 4096 };
	if (reading.limits)
		source->limits = *reading.limits;
	source->connection = (struct plan_connection){ .name = "db", .type = "odbc", .connect = world->connect, .lock_timeout_ms = 3000 };
	source->context = (struct source_context){ .schema = schema, .limits = &source->limits, .connection = &source->connection,
						   .shared = reading.shared, .tables = reading.tables, .every_table = reading.tables != NULL };
	source->self = calloc(1, odbc_source_ops.size);
	assert_non_null(source->self);
	source->query = (struct option_statement){ .text = reading.query, .parameters = reading.parameters,
						   .parameter_count = reading.parameter_count };
	source->where = (struct option_statement){ .text = reading.where, .parameters = reading.parameters,
						   .parameter_count = reading.parameter_count };
	set(source, "connection", &source->connection.connect, sizeof(char *));
	set(source, "table", &reading.table, sizeof(char *));
	set(source, "query", &(struct option_sql){ &source->query, reading.query ? 1 : 0 }, sizeof(struct option_sql));
	set(source, "where", &(struct option_sql){ &source->where, reading.where ? 1 : 0 }, sizeof(struct option_sql));
	set(source, "columns", &columns, sizeof columns);
	set(source, "ignore", &ignore, sizeof ignore);
	set(source, "consistent", &reading.consistent, sizeof(bool));
	set(source, "read", &read, sizeof read);
	return odbc_source_ops.open(source->self, &source->context, &source->error);
}

static void source_stop(struct source *source)
{
	odbc_source_ops.close(source->self);
	odbc_source_ops.close(source->self);
	free(source->self);
	free(source->text);
}

static void expect_opened(struct source *source, int result)
{
	char text[2200];

	if (result)
		fail_msg("%s", error_text(&source->error, text, sizeof text));
}

static void put(struct source *source, const char *data, size_t length)
{
	if (source->used + length + 1 > source->size) {
		source->size = 2 * (source->used + length + 1);
		source->text = realloc(source->text, source->size);
		assert_non_null(source->text);
	}
	memcpy(source->text + source->used, data, length);
	source->used += length;
	source->text[source->used] = '\0';
}

static bool has_fault(const struct batch *batch, uint32_t row, enum fault_kind kind)
{
	for (size_t i = 0; i < batch->fault_count; i++)
		if (batch->faults[i].row == row && batch->faults[i].kind == kind)
			return true;
	return false;
}

static void put_rows(struct source *source, const struct batch *batch)
{
	for (uint32_t row = 0; row < batch->rows; row++) {
		if (batch->replayed)
			put(source, "*", 1);
		if (has_fault(batch, row, FAULT_RECORD))
			put(source, "!", 1);
		for (size_t i = 0; i < batch->schema->field_count; i++) {
			char typed[VALUE_TEXT_MAX];
			struct text text = { "NULL", 4 };

			if (i)
				put(source, "|", 1);
			if (batch->columns[i].cells[row] == CELL_BAD)
				text = (struct text){ "BAD", 3 };
			else if (batch->columns[i].cells[row] == CELL_VALUE)
				text = batch_cell_text(batch, i, row, typed);
			else
				assert_int_equal(batch->columns[i].cells[row], CELL_NULL);
			put(source, text.data, text.length);
		}
		put(source, "\n", 1);
		assert_int_equal(batch->origins[row].record_no, source->count + row + 1);
	}
}

/* One batch into source->text; false at the end. */
static bool source_step(struct source *source)
{
	struct batch *batch = batch_for(source->schema, source->rows);
	enum source_result result = odbc_source_ops.read(source->self, batch, &source->error);
	char text[2200];

	if (result == SOURCE_ERROR)
		fail_msg("%s", error_text(&source->error, text, sizeof text));
	if (result == SOURCE_BATCH) {
		put_rows(source, batch);
		source->count += batch->rows;
		source->batches++;
		source->position = batch->position;
		/* Faults of types are said in words. */
		for (size_t i = 0; i < batch->fault_count; i++)
			assert_true(batch->faults[i].detail.length > 0 && (i == 0 || batch->faults[i].row >= batch->faults[i - 1].row));
	}
	batch_free(batch);
	return result == SOURCE_BATCH;
}

static char *read_all(struct world *world, const struct schema *schema, struct reading reading)
{
	struct source source;
	char *text;

	expect_opened(&source, source_start(&source, world, schema, reading));
	put(&source, "", 0);
	while (source_step(&source))
		;
	assert_false(source_step(&source));
	text = source.text;
	source.text = NULL;
	source_stop(&source);
	return text;
}

static void expect_text(const char *got, const char *wanted)
{
	size_t same = 0;

	while (got[same] && got[same] == wanted[same])
		same++;
	if (got[same] != wanted[same])
		fail_msg("after %zu equal bytes wanted: %.200s\ngot: %.200s", same, wanted + same, got + same);
}

/* Every way that this database has gives these rows, whatever the size of a batch. */
static void expect_rows(struct world *world, const struct schema *schema, struct reading reading, const char *wanted)
{
	static const size_t sizes[] = { 1, 2, 3, 1000 };
	const char *const reads[] = { "auto", "fetch", world->postgres ? "copy" : "capture" };

	for (size_t r = 0; r < 3; r++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			char *got;

			reading.read = reads[r];
			reading.rows = sizes[i];
			got = read_all(world, schema, reading);
			expect_text(got, wanted);
			free(got);
		}
}

/* --- types --- */

static const char all_types[] =
	"id integer!, s string, d double, n decimal(38.10), m decimal(9.2), b boolean, da date, ti time, dt datetime, y year,"
	" u uuid, bi binary, j json";

static const char all_rows[] =
	"-9223372036854775808||-1.5|1234567890123456789012345678.0123456789|-1234567.89|true|0001-01-01|00:00:00|0001-01-01T00:00:00Z|1|"
	"01234567-89ab-cdef-0123-456789abcdef|ab|{\"a\":[1,2.50,\"x\"],\"bb\":null}\n"
	"0|\xF0\x9F\x98\x80 \xC3\xA4|1e-300|0.0000000000|0.00|false|1969-12-31|23:59:59.999999|1969-12-31T23:59:59.999999Z|2021|"
	"ffffffff-ffff-ffff-ffff-ffffffffffff||\"\"\n"
	"1|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n"
	"9223372036854775807|a\nb'c\\|0.1|-0.0000000001|99.90|true|9999-12-31|02:48:42.5|9999-12-31T23:59:59.999999Z|9999|"
	"00000000-0000-0000-0000-000000000000|0|[]\n";

static void make_all(struct world *world)
{
	if (world->postgres) {
		world_run(world,
			"CREATE TABLE t (id bigint PRIMARY KEY, s text, d double precision, n numeric(38,10), m numeric(9,2), b boolean, da date,"
			" ti time, dt timestamptz, y integer, u uuid, bi bytea, j jsonb);"
			"INSERT INTO t VALUES"
			" (-9223372036854775808, '', -1.5, 1234567890123456789012345678.0123456789, -1234567.89, true, '0001-01-01', '00:00',"
			"  '0001-01-01 00:00:00+00', 1, '01234567-89ab-cdef-0123-456789abcdef', '\\x6162', '{\"bb\": null, \"a\": [1, 2.50, \"x\"]}'),"
			" (0, U&'\\+01F600 \\00E4', 1e-300, 0, 0, false, '1969-12-31', '23:59:59.999999', '1969-12-31 23:59:59.999999+00', 2021,"
			"  'ffffffff-ffff-ffff-ffff-ffffffffffff', '', '\"\"'),"
			" (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
			" (9223372036854775807, E'a\\nb''c\\\\', 0.1, -0.0000000001, 99.9, true, '9999-12-31', '02:48:42.5',"
			"  '9999-12-31 23:59:59.999999+00', 9999, '00000000-0000-0000-0000-000000000000', '0', '[]')");
		return;
	}
	world_run(world,
		"CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT, d REAL, n TEXT, m NUMERIC(9,2), b INTEGER, da TEXT, ti TEXT, dt TEXT, y INTEGER,"
		" u TEXT, bi BLOB, j TEXT);"
		"INSERT INTO t VALUES"
		" (-9223372036854775808, '', -1.5, '1234567890123456789012345678.0123456789', -1234567.89, 1, '0001-01-01', '00:00:00',"
		"  '0001-01-01T00:00:00Z', 1, '01234567-89ab-cdef-0123-456789abcdef', x'6162', '{\"bb\": null, \"a\": [1, 2.50, \"x\"]}'),"
		" (0, char(128512) || ' ' || char(228), 1e-300, '0.0000000000', 0, 0, '1969-12-31', '23:59:59.999999', '1969-12-31T23:59:59.999999Z',"
		"  2021, 'ffffffff-ffff-ffff-ffff-ffffffffffff', x'', '\"\"'),"
		" (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
		" (9223372036854775807, 'a' || char(10) || 'b''c\\', 0.1, '-0.0000000001', 99.9, 1, '9999-12-31', '02:48:42.5',"
		"  '9999-12-31T23:59:59.999999Z', 9999, '00000000-0000-0000-0000-000000000000', x'30', '[]')");
}

static void test_types(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", all_types);
	char *wanted = malloc(sizeof all_rows), *to = wanted;

	make_all(world);
	/* Canonical texts have six digits of a fraction or none. */
	for (const char *p = all_rows; (*to = *p); p++, to++)
		;
	to = strstr(wanted, "02:48:42.5|");
	assert_non_null(to);
	wanted = realloc(wanted, sizeof all_rows + 8);
	to = strstr(wanted, "02:48:42.5|");
	memmove(to + 15, to + 10, strlen(to + 10) + 1);
	memcpy(to, "02:48:42.500000", 15);
	expect_rows(world, schema, (struct reading){ .table = "t" }, wanted);
	expect_rows(world, schema, (struct reading){ .query = "SELECT * FROM t ORDER BY id" }, wanted);
	free(wanted);
	schema_free(schema);
}

/* The same with the rows of a query in SQL on the other side. */
static void expect_like(struct world *world, const struct schema *schema, struct reading reading, const char *sql)
{
	char *wanted = world_ask(world, sql);

	expect_rows(world, schema, reading, wanted);
	free(wanted);
}

static void test_odd_sqlite(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t",
		"id integer!, s string, d double, m decimal(9.2), b boolean, da date, y year, bi binary, u uuid, ym yearmonth");

	/* What SQLite keeps in columns of any type; each line has one kind of wrong value everywhere but in its key. */
	world_run(world,
		"CREATE TABLE t (id INTEGER PRIMARY KEY, s, d, m, b, da, y, bi, u, ym);"
		"INSERT INTO t VALUES (1, 1, 1, 1, 1, 1, 1, 1, 1, 1);"
		"INSERT INTO t VALUES (2, 1.5, 1.5, 1.25, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5);"
		"INSERT INTO t VALUES (3, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x');"
		"INSERT INTO t VALUES (4, x'41', x'41', x'41', x'41', x'41', x'41', x'41', x'41', x'41');"
		"INSERT INTO t VALUES (5, CAST(x'FF41' AS TEXT), 9e999, 123456789, 2, '2021-02-30', 0, NULL, '01234567-89AB-cdef-0123-456789abcdef', '2021-13');"
		"INSERT INTO t VALUES (6, CAST(x'410042' AS TEXT), 9007199254740993, 0.125, -1, '2021-02-3', 10000, NULL, '', '0000-01');"
		"INSERT INTO t VALUES (7, '', 9223372036854775807, '12.345', 'true', '2021-02-28 ', '2021', '', NULL, '2021-12');"
		"INSERT INTO t VALUES (8, '1', -9223372036854775808, '12.340', 0, '2021-02-28', 1, x'5A', NULL, NULL);"
		"INSERT INTO t VALUES (9, '1', -0.0, 1234567.891, 0, CAST(x'323032312D30322D323800' AS TEXT), 1, x'5A', NULL, NULL);");
	expect_rows(world, schema, (struct reading){ .table = "t" },
		"1|BAD|1|1.00|true|BAD|1|BAD|BAD|BAD\n"
		"2|BAD|1.5|1.25|BAD|BAD|BAD|BAD|BAD|BAD\n"
		"3|x|BAD|BAD|BAD|BAD|BAD|BAD|BAD|BAD\n"
		"4|BAD|BAD|BAD|BAD|BAD|BAD|A|BAD|BAD\n"
		"5|BAD|BAD|BAD|BAD|BAD|BAD|NULL|01234567-89ab-cdef-0123-456789abcdef|BAD\n"
		"6|BAD|BAD|BAD|BAD|BAD|BAD|NULL|BAD|BAD\n"
		"7||BAD|BAD|BAD|BAD|BAD|BAD|NULL|2021-12\n"
		"8|1|-9.223372036854776e+18|12.34|false|2021-02-28|1|Z|NULL|NULL\n"
		"9|1|0|BAD|false|BAD|1|Z|NULL|NULL\n");
	schema_free(schema);
}

static void test_odd_postgres(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t",
		"id integer!, d double, f double, n decimal(9.2), i integer, da date, dt datetime, lo datetime, c string, v string, o string, ti time");

	world_run(world,
		"CREATE DOMAIN code AS varchar(5); CREATE TYPE mood AS ENUM ('sad', 'it''s');"
		"CREATE TABLE t (id smallint PRIMARY KEY, d double precision, f real, n numeric, i numeric(20,3), da date, dt timestamptz,"
		" lo timestamp, c char(4), v code, o mood, ti time);"
		"INSERT INTO t VALUES (1, 'NaN', 'NaN', 'NaN', 1.5, 'infinity', 'infinity', '-infinity', 'a', '', 'sad', '24:00');"
		"INSERT INTO t VALUES (2, 'Infinity', '-Infinity', 'Infinity', 99999999999999999, '10000-01-01', '10000-01-01 00:00+00', '0044-03-15 BC',"
		" '', 'abcde', 'it''s', '00:00:00.000001');"
		"INSERT INTO t VALUES (3, 1e308, 0.1, 1.230, 7.000, '0044-03-15 BC', '2021-03-28 02:30:00+02', '2021-03-28 02:30:00.000001',"
		" 'abcd', NULL, NULL, NULL);"
		"INSERT INTO t VALUES (4, '-0', 16777216, 1.231, -7, '0001-01-01', '1900-01-01 00:00:00+00', '1900-01-01', ' a', ' ', NULL, NULL)");
	expect_rows(world, schema, (struct reading){ .table = "t" },
		"1|BAD|BAD|BAD|BAD|BAD|BAD|BAD|a   ||sad|BAD\n"
		"2|BAD|BAD|BAD|99999999999999999|BAD|BAD|BAD|    |abcde|it's|00:00:00.000001\n"
		"3|1e+308|0.10000000149011612|1.23|7|BAD|2021-03-28T00:30:00Z|2021-03-28T02:30:00.000001Z|abcd|NULL|NULL|NULL\n"
		"4|0|16777216|BAD|-7|0001-01-01|1900-01-01T00:00:00Z|1900-01-01T00:00:00Z| a  | |NULL|NULL\n");
	schema_free(schema);
}

/* A database in UTF-16 is read in this process, and refused otherwise. */
static void test_utf16_sqlite(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "k string, v string");
	static const struct option_parameter parameter = { "params.s", VALUE_STRING, "\xC3\xA4'", false };
	struct source source;

	world_run(world, "PRAGMA encoding='UTF-16'; CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY, v TEXT);"
			 "INSERT INTO t VALUES (char(228), char(128512)), (char(228, 39), ''), ('b', NULL)");
	for (size_t rows = 1; rows < 4; rows++) {
		char *got = read_all(world, schema, (struct reading){ .table = "t", .rows = rows });

		expect_text(got, "b|NULL\n\xC3\xA4|\xF0\x9F\x98\x80\n\xC3\xA4'|\n");
		free(got);
		got = read_all(world, schema, (struct reading){ .query = "SELECT * FROM t WHERE k = ?", .rows = rows, .parameters = &parameter,
								 .parameter_count = 1 });
		expect_text(got, "\xC3\xA4'|\n");
		free(got);
	}
	assert_int_equal(source_start(&source, world, schema, (struct reading){ .table = "t", .read = "fetch" }), -1);
	assert_int_equal(source.error.kind, ERROR_CONFIG);
	assert_non_null(strstr(source.error.message, "UTF-16"));
	source_stop(&source);
	schema_free(schema);
}

/* --- keys --- */

static void test_keys_sqlite(void **state)
{
	static const char by_key[] = "one read transaction per table", by_row[] = "one read transaction per table, by the number of the row",
			  whole[] = "one read transaction per table, in one statement";
	/* A column without a type keeps numbers, texts and bytes apart; one of type INTEGER turns texts into numbers where it can. */
	static const char values[] = "(NULL, 0), (-9223372036854775808, 1), (-1.5, 2), (1, 3), (1.5, 4), (9223372036854775807, 5), ('', 6), ('12', 7),"
				     " ('12a', 8), ('A', 9), ('a', 10), ('a ', 11), (CAST(x'6100' AS TEXT), 12), (CAST(x'FF' AS TEXT), 13), (x'', 14),"
				     " (x'00', 15), (x'3132', 16), (x'FFFF', 17)";
	static const struct {
		const char *name, *create;
		const char *key, *way;
		bool nulls;
	} tables[] = {
		{ "plain", "(k, n, PRIMARY KEY (k))", NULL, by_row, true },
		{ "sure", "(k NOT NULL, n, PRIMARY KEY (k))", "k", by_key, false },
		{ "numbers", "(k INTEGER NOT NULL UNIQUE, n)", "k", by_key, false },
		{ "texts", "(k TEXT NOT NULL UNIQUE, n)", "k", by_key, false },
		{ "apart", "(k NOT NULL, n, PRIMARY KEY (k)) WITHOUT ROWID", "k", by_key, false },
		{ "apart_numbers", "(k REAL, n, PRIMARY KEY (k)) WITHOUT ROWID", "k", by_key, false },
		{ "two", "(k NOT NULL, n NOT NULL, PRIMARY KEY (n, k))", "n, k", by_key, false },
		{ "loose", "(k TEXT NOT NULL COLLATE NOCASE, n)", NULL, by_row, false },
		{ "folded", "(k TEXT NOT NULL COLLATE NOCASE, n, UNIQUE (k COLLATE BINARY))", NULL, by_row, false },
		{ "trimmed", "(k COLLATE RTRIM NOT NULL, n NOT NULL, PRIMARY KEY (n, k)) WITHOUT ROWID", NULL, whole, false },
		{ "hidden", "(rowid, _rowid_ INTEGER, oid, k, n)", NULL, whole, true },
		{ "shadowed", "(rowid, k, n)", NULL, by_row, true },
		{ "backwards", "(k, n INTEGER PRIMARY KEY DESC)", NULL, by_row, true },
		{ "numbered", "(k, n INTEGER PRIMARY KEY)", "n", by_key, true },
	};
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "n integer!");
	static const char *const ignore[] = { "k", "rowid", "_rowid_", "oid", NULL };
	char sql[2048];

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(sql, sizeof sql, "CREATE TABLE %s %s; INSERT INTO %s (k, n) SELECT * FROM (VALUES %s)%s", tables[i].name, tables[i].create,
			tables[i].name, values, tables[i].nulls ? "" : " WHERE column1 IS NOT NULL");
		if (strcmp(tables[i].name, "numbers") == 0 || strcmp(tables[i].name, "apart_numbers") == 0)
			strcat(sql, " AND column2 NOT IN (16)");
		world_run(world, sql);
		if (tables[i].key)
			snprintf(sql, sizeof sql, "SELECT n FROM %s ORDER BY %s", tables[i].name, tables[i].key);
		else
			snprintf(sql, sizeof sql, "SELECT n FROM %s NOT INDEXED", tables[i].name);
		expect_like(world, schema, (struct reading){ .table = tables[i].name, .ignore = ignore }, sql);
	}
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		struct source source;
		struct source_identity identity;

		expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = tables[i].name, .ignore = ignore }));
		assert_int_equal(odbc_source_ops.identify(source.self, true, &identity, &source.error), 0);
		assert_int_equal(identity.known, identity.by_key);
		assert_string_equal(identity.hash, "");
		assert_int_equal(strncmp(identity.path, "db:", 3), 0);
		assert_string_equal(identity.path + 3, tables[i].name);
		if (strcmp(identity.isolation, tables[i].way) != 0 || identity.by_key != (tables[i].key != NULL))
			fail_msg("%s: %s", tables[i].name, identity.isolation);
		source_stop(&source);
	}
	schema_free(schema);
}

static void test_keys_postgres(void **state)
{
	static const char paged[] = "repeatable read, one snapshot per table", cursor[] = "repeatable read, one snapshot per table, by a cursor",
			  whole[] = "repeatable read, one snapshot per table, in one statement";
	static const struct {
		const char *name, *create, *key;
		bool by_key;
	} tables[] = {
		{ "plain", "(k text PRIMARY KEY, n int)", "k", true },
		{ "nullable", "(k text UNIQUE, n int)", NULL, false },
		{ "sure", "(k varchar(30) NOT NULL UNIQUE, n int)", "k", true },
		{ "padded", "(k char(5) PRIMARY KEY, n int)", NULL, false },
		{ "ordered", "(k text COLLATE \"C\" PRIMARY KEY, n int)", "k", true },
		{ "folded", "(k text COLLATE folded PRIMARY KEY, n int)", NULL, false },
		{ "two", "(k text, n smallint, PRIMARY KEY (n, k))", "n, k", true },
		{ "later", "(k text, n int PRIMARY KEY DEFERRABLE)", NULL, false },
		{ "exact", "(k text, n numeric PRIMARY KEY)", "n", true },
		{ "heap", "(k text, n int)", NULL, false },
		{ "parent", "(k text, n int PRIMARY KEY)", NULL, false },
		{ "parts", "(k text, n int PRIMARY KEY) PARTITION BY RANGE (n)", "n", true },
	};
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "n integer!");
	static const char *const ignore[] = { "k", NULL };
	char sql[2048];

	world_run(world, "CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		snprintf(sql, sizeof sql, "CREATE TABLE %s %s", tables[i].name, tables[i].create);
		world_run(world, sql);
		if (strcmp(tables[i].name, "parent") == 0)
			world_run(world, "CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES ('again', 1), ('x', 40)");
		if (strcmp(tables[i].name, "parts") == 0)
			world_run(world, "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (-100) TO (5);"
					 "CREATE TABLE high PARTITION OF parts FOR VALUES FROM (5) TO (100)");
		snprintf(sql, sizeof sql,
			"INSERT INTO %s (k, n) VALUES ('', -1), ('a', 2), ('B', 3), ('ab', 4), ('b', 5), (' c', 6), ('_a', 7), ('Z''\\', 8), (U&'\\00e4', 9)%s",
			tables[i].name, strcmp(tables[i].name, "folded") == 0 ? " ON CONFLICT DO NOTHING" : "");
		world_run(world, sql);
		snprintf(sql, sizeof sql, tables[i].key ? "SELECT n FROM %s ORDER BY %s" : "SELECT n FROM %s", tables[i].name, tables[i].key);
		if (strcmp(tables[i].name, "padded") == 0 || strcmp(tables[i].name, "folded") == 0)
			snprintf(sql, sizeof sql, "SELECT n FROM %s", tables[i].name);
		expect_like(world, schema, (struct reading){ .table = tables[i].name, .ignore = ignore }, sql);
	}
	for (size_t i = 0; i < 2 * (sizeof tables / sizeof *tables); i++) {
		struct source source;
		struct source_identity identity;
		bool fetch = i % 2;
		size_t at = i / 2;

		expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = tables[at].name, .ignore = ignore,
			.read = fetch ? "fetch" : "copy" }));
		assert_int_equal(odbc_source_ops.identify(source.self, false, &identity, &source.error), 0);
		if (strcmp(identity.isolation, tables[at].by_key ? paged : fetch ? cursor : whole) != 0 ||
		    identity.by_key != tables[at].by_key)
			fail_msg("%s: %s", tables[at].name, identity.isolation);
		source_stop(&source);
	}
	schema_free(schema);
}

/* Parts of a key of every type that one may have, in a table of a schema with a name that needs quotes. */
/* Behind any row either way of reading goes on where the other one stopped. */
static void expect_crossing(struct world *world, const struct schema *schema, struct reading reading)
{
	static const char *const reads[] = { "auto", "fetch" };

	for (int way = 0; way < 2; way++) {
		struct source source, other;

		reading.rows = 9;
		reading.read = reads[way];
		expect_opened(&source, source_start(&source, world, schema, reading));
		while (source.count < 27) {
			char *rest;

			assert_true(source_step(&source));
			reading.read = reads[!way];
			expect_opened(&other, source_start(&other, world, schema, reading));
			assert_int_equal(odbc_source_ops.resume(other.self, &source.position, false, &other.error), 0);
			other.count = source.count;
			while (source_step(&other))
				;
			rest = other.text;
			other.text = NULL;
			source_stop(&other);
			reading.read = reads[way];
			expect_opened(&other, source_start(&other, world, schema, reading));
			while (source_step(&other))
				;
			expect_text(rest, other.text + source.used);
			source_stop(&other);
			free(rest);
		}
		source_stop(&source);
	}
}

static void test_key_types(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "i integer!, u uuid!, d date!, ti time!, dt datetime!, n decimal(20.3)!, bi binary!, v integer");

	schema_primary(schema, "bi d ti dt n u i");
	if (world->postgres)
		world_run(world, "CREATE SCHEMA \"odd.one\"; CREATE SCHEMA other;"
				 "CREATE TABLE other.\"T\" (i int, u uuid, d date, ti time, dt timestamptz, n numeric(20,3), bi bytea, v int,"
				 " PRIMARY KEY (bi, d, ti, dt, n, u, i));"
				 "INSERT INTO other.\"T\" SELECT i, ('00000000-0000-0000-0000-00000000000' || i % 3)::uuid, date '1960-01-01' + i % 2,"
				 " time '00:00:00.000001' + i % 2 * interval '1s', timestamptz '1969-12-31 23:59:59.999999+00' + i % 2 * interval '1s',"
				 " i % 2 + 0.125, decode('00ff0' || i % 2, 'hex'), i FROM generate_series(1, 60) i");
	else
		world_run(world, "CREATE TABLE \"T\" (i INTEGER NOT NULL, u TEXT NOT NULL, d TEXT NOT NULL, ti TEXT NOT NULL, dt TEXT NOT NULL,"
				 " n NUMERIC NOT NULL, bi BLOB NOT NULL, v, PRIMARY KEY (bi, d, ti, dt, n, u, i)) WITHOUT ROWID;"
				 "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 60)"
				 "INSERT INTO \"T\" SELECT i, '00000000-0000-0000-0000-00000000000' || i % 3, '1960-01-0' || (1 + i % 2),"
				 " '00:00:0' || i % 2 || '.000001', '1969-12-31T23:59:59.99999' || i % 2 || 'Z', i % 2 + 0.125,"
				 " CASE i % 2 WHEN 0 THEN x'00ff00' ELSE x'00ff01' END, i FROM g");
	struct schema *only = schema_from("t", "v integer");
	static const char *const ignore[] = { "i", "u", "d", "ti", "dt", "n", "bi", NULL };
	const char *table = world->postgres ? "other.T" : "main.T";

	expect_like(world, only, (struct reading){ .table = table, .ignore = ignore },
		world->postgres ? "SELECT v FROM other.\"T\" ORDER BY bi, d, ti, dt, n, u, i" : "SELECT v FROM T ORDER BY bi, d, ti, dt, n, u, i");
	char *all = read_all(world, schema, (struct reading){ .table = table, .rows = 7 });
	char *fetched = read_all(world, schema, (struct reading){ .table = table, .rows = 11, .read = "fetch" });

	expect_text(all, fetched);
	expect_crossing(world, schema, (struct reading){ .table = table });
	expect_crossing(world, only, (struct reading){ .table = table, .ignore = ignore });
	free(all);
	free(fetched);
	schema_free(only);
	schema_free(schema);
}

/* --- pages --- */

static void make_rows(struct world *world, const char *columns, unsigned rows)
{
	char sql[512];

	snprintf(sql, sizeof sql, "CREATE TABLE big %s", columns);
	world_run(world, sql);
	snprintf(sql, sizeof sql, world->postgres ? "INSERT INTO big SELECT i, 'row ' || i FROM generate_series(1, %u) i"
						  : "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < %u)"
						    "INSERT INTO big SELECT i, 'row ' || i FROM g WHERE i <= %u",
		rows, rows);
	world_run(world, sql);
}

static void test_page_borders(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");
	/* The first pages that are fetched have 500 and 1000 rows. */
	static const unsigned counts[] = { 0, 1, 499, 500, 501, 1500, 1501 };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		for (int keyed = 0; keyed < 2; keyed++) {
			make_rows(world, keyed ? "(n int NOT NULL PRIMARY KEY, s text)" : "(n int, s text)", counts[i]);
			char *wanted = world_ask(world, "SELECT n, s FROM big ORDER BY n");
			static const size_t sizes[] = { 1, 499, 500, 501, 4096 };

			for (size_t k = counts[i] > 600 ? 1 : 0; k < sizeof sizes / sizeof *sizes; k++)
				for (int fetch = 0; fetch < 2; fetch++) {
					char *got = read_all(world, schema, (struct reading){ .table = "big", .rows = sizes[k], .read = fetch ? "fetch" : "auto" });

					expect_text(got, wanted);
					free(got);
				}
			free(wanted);
			world_run(world, "DROP TABLE big");
		}
	schema_free(schema);
}

/* An empty table gives one batch without rows; the end is told again and again. */
static void test_empty(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");
	struct source source;
	struct batch *batch = batch_for(schema, 10);

	make_rows(world, "(n int PRIMARY KEY, s text)", 0);
	expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "big" }));
	assert_int_equal(odbc_source_ops.read(source.self, batch, &source.error), SOURCE_BATCH);
	assert_int_equal(batch->rows, 0);
	assert_true(batch->last);
	for (int i = 0; i < 3; i++)
		assert_int_equal(odbc_source_ops.read(source.self, batch, &source.error), SOURCE_END);
	source_stop(&source);
	batch_free(batch);
	schema_free(schema);
}

/* Rows of a megabyte, and one beyond the limits: the arena ends a batch, and nothing is cut. */
static void test_large_values(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "n integer, s string, b binary");
	struct limits limits = LIMITS_DEFAULT;
	struct source source;
	const char *repeat = world->postgres ? "repeat('x', %u)" : "CAST(replace(hex(zeroblob(%u / 2)), '0', 'x') AS TEXT)";
	char sql[1024], text[256];

	world_run(world, world->postgres ? "CREATE TABLE t (n int PRIMARY KEY, s text, b bytea)" : "CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT, b BLOB)");
	for (unsigned i = 1; i <= 8; i++) {
		snprintf(text, sizeof text, repeat, i == 5 ? 1048578u : i == 8 ? 1048576u : 400000u);
		snprintf(sql, sizeof sql, world->postgres ? "INSERT INTO t VALUES (%u, %s, %s)" : "INSERT INTO t VALUES (%u, %s, %s)", i, text,
			i != 7 ? "NULL" : world->postgres ? "decode(repeat('00', 1048577), 'hex')" : "zeroblob(1048577)");
		world_run(world, sql);
	}
	for (int fetch = 0; fetch < 2; fetch++) {
		unsigned faults = 0, rows = 0;

		expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "t", .read = fetch ? "fetch" : "auto" }));
		for (;;) {
			struct batch *batch = batch_for(schema, 1000);
			enum source_result result = odbc_source_ops.read(source.self, batch, &source.error);

			if (result == SOURCE_ERROR)
				fail_msg("%s", source.error.message);
			for (uint32_t row = 0; row < batch->rows; row++) {
				uint32_t n = (uint32_t)batch->columns[0].integers[row];

				assert_int_equal(n, ++rows);
				if (has_fault(batch, row, FAULT_RECORD)) {
					assert_true(n == 5 || n == 7);
					faults++;
				} else {
					assert_int_equal(batch->columns[1].spans[row].length, n == 8 ? 1048576 : 400000);
				}
			}
			assert_true(batch->rows <= 4);
			batch_free(batch);
			if (result == SOURCE_END)
				break;
		}
		assert_int_equal(rows, 8);
		assert_int_equal(faults, 2);
		source_stop(&source);
	}
	limits.record = 300000;
	expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "t", .where = "n = 1", .limits = &limits }));
	assert_true(source_step(&source));
	assert_int_equal(source.text[0], '!');
	source_stop(&source);
	limits.columns = 2;
	assert_int_equal(source_start(&source, world, schema, (struct reading){ .table = "t", .limits = &limits }), -1);
	assert_int_equal(source.error.kind, ERROR_CONFIG);
	source_stop(&source);
	schema_free(schema);
}

/* --- snapshots --- */

static void change(struct world *world)
{
	world_run(world, "UPDATE big SET s = 'changed'; DELETE FROM big WHERE n > 100; INSERT INTO big VALUES (100000, 'new'); UPDATE other SET v = 2");
}

static void test_snapshot(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string"), *other = schema_from("other", "v integer");
	struct error error = ERROR_INIT;

	for (int keyed = 0; keyed < 2; keyed++)
		for (int fetch = 0; fetch < 2; fetch++) {
			struct shared *shared = shared_new(&error);
			struct reading reading = { .table = "big", .rows = 100, .read = fetch ? "fetch" : "auto", .shared = shared,
						   .consistent = !world->postgres };
			struct source source, second;
			struct source_identity identity;
			char *wanted;

			/* Only with a log of its own does SQLite let others write while it is read. */
			if (!world->postgres)
				world_run(world, "PRAGMA journal_mode=WAL");
			make_rows(world, keyed ? "(n int NOT NULL PRIMARY KEY, s text)" : "(n int, s text)", 2000);
			world_run(world, "CREATE TABLE other (v int); INSERT INTO other VALUES (1)");
			wanted = world_ask(world, "SELECT n, s FROM big ORDER BY n");
			expect_opened(&source, source_start(&source, world, schema, reading));
			assert_true(source_step(&source));
			change(world);
			while (source_step(&source))
				;
			expect_text(source.text, wanted);
			assert_int_equal(odbc_source_ops.identify(source.self, false, &identity, &source.error), 0);
			assert_int_equal(strncmp(identity.isolation, world->postgres ? "repeatable read, one snapshot for all tables"
										     : "one read transaction for all tables",
						 world->postgres ? 44 : 35), 0);
			source_stop(&source);
			/* The next table of the run, read from the same moment. */
			reading.table = "other";
			expect_opened(&second, source_start(&second, world, other, reading));
			while (source_step(&second))
				;
			expect_text(second.text, "1\n");
			source_stop(&second);
			shared_free(shared);
			free(wanted);
			expect_like(world, other, (struct reading){ .table = "other" }, "SELECT v FROM other");
			world_run(world, "DROP TABLE big; DROP TABLE other");
		}
	schema_free(schema);
	schema_free(other);
}

/* Nothing stays locked once a table is read, and nothing before its first row. */
static void test_locks_sqlite(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");
	struct error error = ERROR_INIT;
	struct shared *shared = shared_new(&error);

	make_rows(world, "(n int, s text)", 100);
	for (int view = 0; view < 2; view++)
		for (int fetch = 0; fetch < 2; fetch++) {
			struct source source;

			if (view)
				world_run(world, "CREATE VIEW IF NOT EXISTS seen AS SELECT * FROM big");
			expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = view ? "seen" : "big",
				.read = fetch ? "fetch" : "auto", .rows = 60, .shared = shared }));
			world_run(world, "BEGIN IMMEDIATE; UPDATE big SET s = 'x'; COMMIT");
			while (source_step(&source))
				;
			world_run(world, "BEGIN IMMEDIATE; UPDATE big SET s = 'y'; COMMIT");
			source_stop(&source);
			/* Left in the middle, too. */
			expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = view ? "seen" : "big",
				.read = fetch ? "fetch" : "auto", .rows = 60, .shared = shared }));
			assert_true(source_step(&source));
			source_stop(&source);
			world_run(world, "BEGIN IMMEDIATE; UPDATE big SET s = 'z'; COMMIT");
		}
	/* A table that is changed between the look at it and its first row. */
	struct source source;

	expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "big", .shared = shared }));
	world_run(world, "ALTER TABLE big ADD COLUMN more");
	struct batch *batch = batch_for(schema, 10);

	assert_int_equal(odbc_source_ops.read(source.self, batch, &source.error), SOURCE_ERROR);
	assert_int_equal(source.error.kind, ERROR_CONFIG);
	source_stop(&source);
	shared_free(shared);
	batch_free(batch);
	schema_free(schema);
}

static void terminate(struct world *world)
{
	world_run(world, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()");
}

/* A lost snapshot: worth another try only while nothing else was read from it. */
static void test_lost(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");

	make_rows(world, "(n int PRIMARY KEY, s text)", 3000);
	for (int others = 0; others < 2; others++) {
		struct error error = ERROR_INIT;
		struct shared *shared = shared_new(&error);
		struct reading reading = { .table = "big", .shared = shared, .rows = 100 };
		struct source source;
		struct batch *batch = batch_for(schema, 4096);

		if (others) {
			expect_opened(&source, source_start(&source, world, schema, reading));
			while (source_step(&source))
				;
			source_stop(&source);
		}
		expect_opened(&source, source_start(&source, world, schema, reading));
		terminate(world);
		assert_int_equal(odbc_source_ops.read(source.self, batch, &source.error), SOURCE_ERROR);
		assert_int_equal(source.error.kind, ERROR_SINK);
		assert_int_equal(source.error.retry, !others);
		source_stop(&source);
		assert_int_equal(source_start(&source, world, schema, reading), others ? -1 : 0);
		assert_int_equal(source.error.kind, others ? ERROR_SINK : ERROR_NONE);
		assert_false(source.error.retry);
		source_stop(&source);
		shared_free(shared);
		batch_free(batch);
	}
	schema_free(schema);
}

/* --- conditions, queries --- */

/* What plan shows of the reading; free it. */
static char *explained(struct world *world, const struct schema *schema, struct reading reading)
{
	struct source source;
	struct buffer text;
	char *copy;

	buffer_init(&text, 65536);
	expect_opened(&source, source_start(&source, world, schema, reading));
	expect_opened(&source, odbc_source_ops.explain(source.self, &text, &source.error));
	copy = strdup(buffer_text(&text));
	assert_non_null(copy);
	buffer_fini(&text);
	source_stop(&source);
	return copy;
}

/* Each value has its type in the statement, also where SQLite goes through it in one. */
static void expect_types_of_values(struct world *world, const struct option_parameter *parameters)
{
	struct schema *schema = schema_from("q", "n string, s string, d string, b string, da string, dt string");
	struct reading reading = {
		.query = "SELECT typeof(?) AS n, typeof(?) AS s, typeof(?) AS d, typeof(?) AS b, typeof(?) AS da, typeof(?) AS dt",
		.parameters = parameters, .parameter_count = 6,
	};

	if (!world->postgres)
		expect_rows(world, schema, reading, "integer|text|real|integer|text|text\n");
	schema_free(schema);
}

static void test_where(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("t", "n integer, s string, d double, b boolean, da date, dt datetime");
	static const struct option_parameter parameters[] = {
		{ "params.n", VALUE_INTEGER, "9007199254740993", false }, { "params.s", VALUE_STRING, "it's ? -- /*", false },
		{ "params.d", VALUE_DOUBLE, "0.1", false }, { "params.b", VALUE_BOOLEAN, "true", false },
		{ "params.da", VALUE_DATE, "2021-02-03", false }, { "params.dt", VALUE_DATETIME, "2021-02-03T04:05:06Z", false },
	};
	const char *where = "n >= ? AND s = ? /* what? */ AND s <> 'why?' AND \"s\" <> '?' AND d = ? AND b = ? AND da = ? AND dt = ? OR n = 1 -- all?";

	world_run(world, world->postgres ? "CREATE TABLE t (n bigint PRIMARY KEY, s text, d double precision, b boolean, da date, dt timestamptz);"
					   "INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL, NULL),"
					   " (9007199254740992, 'it''s ? -- /*', 0.1, true, '2021-02-03', '2021-02-03 04:05:06+00'),"
					   " (9007199254740993, 'it''s ? -- /*', 0.1, true, '2021-02-03', '2021-02-03 04:05:06+00'),"
					   " (9007199254740994, 'its', 0.1, true, '2021-02-03', '2021-02-03 04:05:06+00')"
					 : "CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT, d REAL, b INTEGER, da TEXT, dt TEXT);"
					   "INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL, NULL),"
					   " (9007199254740992, 'it''s ? -- /*', 0.1, 1, '2021-02-03', '2021-02-03T04:05:06Z'),"
					   " (9007199254740993, 'it''s ? -- /*', 0.1, 1, '2021-02-03', '2021-02-03T04:05:06Z'),"
					   " (9007199254740994, 'its', 0.1, 1, '2021-02-03', '2021-02-03T04:05:06Z')");
	expect_rows(world, schema, (struct reading){ .table = "t", .where = where, .parameters = parameters, .parameter_count = 6 },
		"1|NULL|NULL|NULL|NULL|NULL\n9007199254740993|it's ? -- /*|0.1|true|2021-02-03|2021-02-03T04:05:06Z\n");
	/* A view has no key: SQLite goes through it in one statement, which asks a function for the values. */
	world_run(world, "CREATE VIEW seen AS SELECT * FROM t ORDER BY n DESC");
	expect_rows(world, schema, (struct reading){ .table = "seen", .where = where, .parameters = parameters, .parameter_count = 6 },
		"9007199254740993|it's ? -- /*|0.1|true|2021-02-03|2021-02-03T04:05:06Z\n1|NULL|NULL|NULL|NULL|NULL\n");
	for (int fetch = 0; fetch < 2; fetch++) {
		struct reading reading = { .table = "seen", .where = where, .read = fetch ? "fetch" : "auto", .parameters = parameters,
					   .parameter_count = 6 };
		char *text = explained(world, schema, reading);

		assert_null(strstr(text, "it's"));
		assert_null(strstr(text, "it''s"));
		assert_null(strstr(text, "9007199254740993"));
		assert_non_null(strstr(text, !world->postgres ? "penstock_value(6)" : fetch ? "CAST(? AS" : "current_setting('penstock.value_6')"));
		free(text);
	}
	expect_types_of_values(world, parameters);
	char query[512];

	snprintf(query, sizeof query, "SELECT * FROM t WHERE %s", where);
	*strstr(query, " -- all?") = '\0';
	strcat(query, " ORDER BY n DESC -- last?");
	expect_rows(world, schema, (struct reading){ .query = query, .parameters = parameters, .parameter_count = 6 },
		"9007199254740993|it's ? -- /*|0.1|true|2021-02-03|2021-02-03T04:05:06Z\n1|NULL|NULL|NULL|NULL|NULL\n");
	schema_free(schema);
}

static void expect_refused(struct world *world, const struct schema *schema, struct reading reading, const char *words)
{
	struct source source;
	char text[2200];

	assert_int_equal(source_start(&source, world, schema, reading), -1);
	error_text(&source.error, text, sizeof text);
	if (source.error.kind != ERROR_CONFIG || !strstr(text, words))
		fail_msg("kind %d: %s (instead of %s)", (int)source.error.kind, text, words);
	source_stop(&source);
}

static void test_matching(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("staff", "id integer!, name string, age integer");
	static const char *const name_only[] = { "name", NULL }, *const some[] = { "id", "name", NULL }, *const wrong[] = { "id", "nmae", NULL };
	static const char *const secret[] = { "secret", NULL }, *const others[] = { "secret", "notes", NULL };
	static const char *const keys[] = { "staff" }, *const values[] = { "staff" };
	const struct option_map tables = { keys, values, 1 };
	static const char *const label_keys[] = { "name" }, *const label_values[] = { "full name" };
	const struct option_map labels = { label_keys, label_values, 1 };

	expect_refused(world, schema, (struct reading){ .table = "staff" }, "there is no table staff");
	world_run(world, "CREATE TABLE staff (id int NOT NULL PRIMARY KEY, name text, age int, secret text);"
			 "INSERT INTO staff VALUES (1, 'x', 30, 'y'); CREATE TABLE notes (v int); CREATE TABLE penstock_own (v int);"
			 "CREATE VIEW seen AS SELECT * FROM staff; CREATE TABLE labelled (id int PRIMARY KEY, \"full name\" text, age int);"
			 "INSERT INTO labelled VALUES (1, 'z', NULL)");
	expect_refused(world, schema, (struct reading){ .table = "stafff" }, "did you mean \"staff\"");
	expect_refused(world, schema, (struct reading){ .table = "staff" }, "columns that the dictionary lacks: secret");
	expect_refused(world, schema, (struct reading){ .table = "notes" }, "lacks columns of the dictionary: id, name, age");
	expect_refused(world, schema, (struct reading){ .table = "staff", .ignore = secret, .columns = name_only }, "requires: id");
	expect_refused(world, schema, (struct reading){ .table = "staff", .ignore = secret, .columns = wrong }, "no field nmae");
	expect_refused(world, schema, (struct reading){ .table = "staff", .ignore = secret, .tables = &tables }, "labelled, notes");
	expect_refused(world, schema, (struct reading){ .table = NULL }, "either \"table\" or \"query\"");
	expect_refused(world, schema, (struct reading){ .table = "staff", .query = "SELECT 1" }, "either \"table\" or \"query\"");
	expect_refused(world, schema, (struct reading){ .query = "SELECT id, name FROM staff" }, "no column for these fields of the dictionary: age");
	expect_refused(world, schema, (struct reading){ .query = "SELECT * FROM staff" }, "secret");
	expect_refused(world, schema, (struct reading){ .query = "SELECT id, name, age, 1 AS id FROM staff" },
		world->postgres ? "two columns" : "id:1");
	expect_refused(world, schema, (struct reading){ .query = "SELEC id, name, age FROM staff" }, "asking what the query gives");
	expect_refused(world, schema, (struct reading){ .table = "staff", .ignore = secret, .where = "age > nothing" }, "trying the source's");
	expect_rows(world, schema, (struct reading){ .table = "staff", .ignore = secret }, "1|x|30\n");
	expect_rows(world, schema, (struct reading){ .table = "staff", .ignore = secret, .columns = some }, "1|x|NULL\n");
	expect_rows(world, schema, (struct reading){ .query = "SELECT age + 1 AS age, name, secret, id FROM staff", .ignore = secret },
		"1|x|31\n");
	(void)others;
	(void)labels;
	schema_free(schema);
}

/* --- positions --- */

static void test_resume(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string"), *text = schema_from("big", "s string");
	static const char *const ignore[] = { "n", NULL };

	for (int textual = 0; textual < 2; textual++)
		for (int fetch = 0; fetch < 2; fetch++) {
			struct reading reading = { .table = "big", .rows = 100, .read = fetch ? "fetch" : "auto", .ignore = textual ? ignore : NULL };
			const struct schema *which = textual ? text : schema;
			struct source source;
			struct position position;
			char *wanted, *rest;
			size_t length;

			make_rows(world, textual ? "(n int, s text NOT NULL PRIMARY KEY)" : "(n int NOT NULL PRIMARY KEY, s text)", 1700);
			wanted = read_all(world, which, reading);
			expect_opened(&source, source_start(&source, world, which, reading));
			for (int i = 0; i < 7; i++)
				assert_true(source_step(&source));
			position = source.position;
			length = source.used;
			source_stop(&source);
			assert_non_null(strstr(position.token, "\"records\":700"));
			assert_string_equal(position.hash, "");
			/* Behind it. */
			expect_opened(&source, source_start(&source, world, which, reading));
			assert_int_equal(odbc_source_ops.resume(source.self, &position, false, &source.error), 0);
			source.count = 700;
			while (source_step(&source))
				;
			expect_text(source.text, wanted + length);
			assert_int_equal(source.count, 1700);
			source_stop(&source);
			/* What came before it first, marked so, ending exactly there. */
			expect_opened(&source, source_start(&source, world, which, reading));
			assert_int_equal(odbc_source_ops.resume(source.self, &position, true, &source.error), 0);
			while (source.count < 700)
				assert_true(source_step(&source));
			assert_int_equal(source.count, 700);
			assert_string_equal(source.position.token, position.token);
			while (source_step(&source))
				;
			rest = strrchr(source.text, '*');
			assert_non_null(rest);
			expect_text(strchr(rest, '\n') + 1, wanted + length);
			assert_int_equal(source.count, 1700);
			source_stop(&source);
			/* No place of this table. */
			static const char *const bad[] = { "{\"records\":5}", "{\"key\":[],\"records\":5}", "{\"key\":[\"i1\",\"i2\"],\"records\":5}", "x", "12:5:1" };

			for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
				snprintf(position.token, sizeof position.token, "%s", bad[i]);
				expect_opened(&source, source_start(&source, world, which, reading));
				assert_int_equal(odbc_source_ops.resume(source.self, &position, false, &source.error), -1);
				assert_int_equal(source.error.kind, ERROR_CONFIG);
				source_stop(&source);
			}
			free(wanted);
			world_run(world, "DROP TABLE big");
		}
	schema_free(schema);
	schema_free(text);
}

static void test_cancel(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");
	struct cancel cancel = { 0 };
	struct source source;
	struct batch *batch = batch_for(schema, 4096);

	make_rows(world, "(n int PRIMARY KEY, s text)", 5000);
	expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "big" }));
	source_stop(&source);
	*(&source.context.cancel) = &cancel;
	expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "big" }));
	odbc_source_ops.close(source.self);
	source.context.cancel = &cancel;
	assert_int_equal(odbc_source_ops.open(source.self, &source.context, &source.error), 0);
	cancel.signal = 15;
	assert_int_equal(odbc_source_ops.read(source.self, batch, &source.error), SOURCE_ERROR);
	assert_int_equal(source.error.kind, ERROR_CANCELLED);
	source_stop(&source);
	batch_free(batch);
	schema_free(schema);
}

static void test_explain(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("big", "n integer, s string");
	struct source source;
	struct buffer out;

	make_rows(world, "(n int NOT NULL PRIMARY KEY, s text)", 1);
	for (int fetch = 0; fetch < 2; fetch++) {
		buffer_init(&out, 65536);
		expect_opened(&source, source_start(&source, world, schema, (struct reading){ .table = "big", .read = fetch ? "fetch" : "auto" }));
		assert_int_equal(odbc_source_ops.explain(source.self, &out, &source.error), 0);
		assert_non_null(strstr(out.data, world->postgres && !fetch ? "binary COPY, by key" : "pages by key"));
		assert_non_null(strstr(out.data, "\"n\""));
		assert_non_null(strstr(out.data, world->postgres ? "repeatable read" : "one read transaction per table"));
		buffer_fini(&out);
		/* Explained, it still begins at the beginning. */
		assert_true(source_step(&source));
		expect_text(source.text, "1|row 1\n");
		source_stop(&source);
	}
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_types),
		ON_SQLITE(test_odd_sqlite),
		ON_POSTGRES(test_odd_postgres),
		ON_SQLITE(test_utf16_sqlite),
		ON_SQLITE(test_keys_sqlite),
		ON_POSTGRES(test_keys_postgres),
		BOTH(test_key_types),
		BOTH(test_page_borders),
		BOTH(test_empty),
		BOTH(test_large_values),
		BOTH(test_snapshot),
		ON_SQLITE(test_locks_sqlite),
		ON_POSTGRES(test_lost),
		BOTH(test_where),
		BOTH(test_matching),
		BOTH(test_resume),
		BOTH(test_cancel),
		BOTH(test_explain),
	};

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
