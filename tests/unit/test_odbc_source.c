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
	int read = reading.read && strcmp(reading.read, "fetch") == 0 ? 2 : reading.read && strcmp(reading.read, "capture") == 0;

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
	static const char *const reads[] = { "auto", "fetch", "capture" };

	for (size_t r = 0; r < (world->postgres ? 2 : 3); r++)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_types),
	};

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
