/* Rows into tables over ODBC: what fits a column, what the database refuses and by which rule, upserts, and the order of it all.
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

#include "connectors/odbc/sink.h"
#include "connectors/odbc/statement.h"
#include "tests/support/odbc_world.h"

enum { MANY_ROWS = 40000, EVERY_REFUSED = 200, BATCH_ROWS = 4096 };

static void open_rig(struct rig *rig, struct world *world, struct schema *schema, struct rig_options options)
{
	char text[2200];

	if (rig_open(rig, world, schema, options))
		fail_msg("%s", error_text(&rig->error, text, sizeof text));
}

static const char *detail_of(const struct batch *batch, size_t violation, char *out, size_t size)
{
	struct span detail = batch->violations[violation].detail;

	snprintf(out, size, "%.*s", (int)detail.length, detail.length ? batch_bytes(batch, detail) : "");
	return out;
}

/* --- values against columns --- */

static void test_fit(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("w",
		"id integer!, small integer, name string, day string, price decimal(12.4), single double, money double, at datetime, must integer");
	struct rig rig;
	struct batch *batch;
	char detail[256];

	world_run(world, world->postgres
			? "CREATE DOMAIN percent AS smallint;"
			  "CREATE TABLE w (id bigint PRIMARY KEY, small percent, name varchar(3), day char(2), price numeric(6,2), single real,"
			  " money numeric(5,2), at timestamp(3), must integer NOT NULL)"
			: "CREATE TABLE w (id bigint PRIMARY KEY, small decimal(5,0), name varchar(3), day char(2), price decimal(6,2), single float,"
			  " money decimal(5,2), at datetime, must integer NOT NULL)");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "w" });
	batch = batch_for(schema, 32);
	ROW(batch, "0", "-32768", "\xf0\x9f\x98\x80\xc3\xa4x", "ab", "9999.99", "0.1", "999.99", "2021-11-07T02:48:42.123Z", "1");
	ROW(batch, "1", world->postgres ? "32768" : "100000", NULL, NULL, NULL, NULL, NULL, NULL, "1");
	ROW(batch, "2", NULL, "\xf0\x9f\x98\x80\xc3\xa4xy", NULL, NULL, NULL, NULL, NULL, "1");
	ROW(batch, "3", NULL, NULL, "abc", NULL, NULL, NULL, NULL, "1");
	ROW(batch, "4", NULL, NULL, NULL, "10000.00", NULL, NULL, NULL, "1");
	ROW(batch, "5", NULL, NULL, NULL, "1.2340", NULL, NULL, NULL, "1");
	ROW(batch, "6", NULL, NULL, NULL, "1.2300", NULL, NULL, NULL, "1");
	ROW(batch, "7", NULL, NULL, NULL, NULL, "0.123456789", NULL, NULL, "1");
	ROW(batch, "8", NULL, NULL, NULL, NULL, NULL, "1.005", NULL, "1");
	ROW(batch, "9", NULL, NULL, NULL, NULL, NULL, "1000", NULL, "1");
	ROW(batch, "10", NULL, NULL, NULL, NULL, NULL, NULL, "2021-11-07T02:48:42.1234Z", "1");
	ROW(batch, "11", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	ROW(batch, "12", NULL, "four", "abc", NULL, NULL, NULL, NULL, "5");
	ROW(batch, "13", "32767", "", "", "-0.01", "-1.5", "0.1", NULL, "1");
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	/* SQLite keeps doubles and fractions of seconds as they are. */
	expect_violations(batch, world->postgres
			? "1:w.small.column 2:w.name.column 3:w.day.column 4:w.price.column 5:w.price.column 7:w.single.column"
			  " 8:w.money.column 9:w.money.column 10:w.at.column 11:w.must.column 12:w.name.column 12:w.day.column"
			: "1:w.small.column 2:w.name.column 3:w.day.column 4:w.price.column 5:w.price.column 8:w.money.column"
			  " 9:w.money.column 11:w.must.column 12:w.name.column 12:w.day.column");
	assert_string_equal(detail_of(batch, 1, detail, sizeof detail),
		world->postgres ? "has 4 characters, the column takes 3 (character varying(3))"
				: "has 4 characters, the column takes 3 (varchar(3))");
	assert_int_equal(batch->violations[0].rule->code, CODE_DATABASE_ERROR);
	world_expect(world, "SELECT id FROM w ORDER BY id",
		world->postgres ? "0\n6\n13\n" : "0\n6\n7\n10\n13\n");
	world_expect(world, "SELECT id, small, price, single, money FROM w WHERE id IN (0, 13) ORDER BY id",
		world->postgres ? "0|-32768|9999.99|0.1|999.99\n13|32767|-0.01|-1.5|0.10\n"
				: "0|-32768|9999.99|0.1|999.99\n13|32767|-0.01|-1.5|0.1\n");
	batch_free(batch);
	rig_close(&rig);
}

/* --- refusals --- */

/* Tables whose constraints only the database knows: 'note' is unique, 'n' below 100, a trigger refuses n = 13. */
static void make_tables(const struct world *world)
{
	world_run(world, "CREATE TABLE p (id integer PRIMARY KEY); INSERT INTO p VALUES (1), (2)");
	world_run(world, "CREATE TABLE c (id integer NOT NULL PRIMARY KEY, pid integer REFERENCES p (id), note text, n integer CHECK (n < 100))");
	world_run(world, "CREATE UNIQUE INDEX notes_once ON c (note)");
	world_run(world, world->postgres
			? "CREATE FUNCTION thirteen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.n = 13 THEN"
			  " RAISE EXCEPTION 'no thirteen here'; END IF; RETURN NEW; END $$;"
			  "CREATE TRIGGER t BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION thirteen()"
			: "CREATE TRIGGER t BEFORE INSERT ON c WHEN NEW.n = 13 BEGIN SELECT raise(ABORT, 'no thirteen here'); END");
	world_run(world, "INSERT INTO c VALUES (1000, 1, 'old', 1)");
}

static struct schema *child_schema(void)
{
	struct schema *schema = schema_from("c", "id integer!, pid integer, note string, n integer");

	schema_primary(schema, "id");
	schema_foreign(schema, "pid", "p", "id");
	return schema;
}

static void fill_refusals(struct batch *batch)
{
	ROW(batch, "1", "1", "a", "1");
	ROW(batch, "1000", "1", "b", "1");     /* key is there */
	ROW(batch, "2", "9", "c", "1");        /* no parent */
	ROW(batch, "3", "1", "old", "1");      /* unique index of the database's own */
	ROW(batch, "4", "1", "a", "1");        /* the same, against row 0 of this batch */
	ROW(batch, "5", "1", "d", "100");      /* check */
	ROW(batch, "6", "1", "d", "2");        /* takes what row 5 did not get */
	ROW(batch, "7", "1", "e", "13");       /* trigger */
	ROW(batch, "1", "2", "f", "1");        /* key of row 0 */
	ROW(batch, "1000", "9", "old", "100"); /* several at once */
	ROW(batch, "8", NULL, NULL, NULL);
	ROW(batch, "9", NULL, NULL, NULL);
}

static const char REFUSED[] =
	"1:c.id.primary-key 2:c.pid.foreign-key 3:c.note.unique 4:c.note.unique 5:c.database-error 7:c.database-error"
	" 8:c.id.primary-key 9:c.id.primary-key 9:c.note.unique 9:c.pid.foreign-key";
static const char LEFT[] = "1|1|a|1\n6|1|d|2\n8|NULL|NULL|NULL\n9|NULL|NULL|NULL\n1000|1|old|1\n";

static void test_refusals(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = child_schema();
	struct rig rig;
	struct batch *batch;
	char detail[1500];

	make_tables(world);
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c" });
	batch = batch_for(schema, 32);
	fill_refusals(batch);
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, REFUSED);
	for (size_t i = 0; i < batch->violation_count; i++) {
		if (batch->violations[i].row == 5)
			assert_non_null(strcasestr(detail_of(batch, i, detail, sizeof detail), "check constraint"));
		if (batch->violations[i].row == 7)
			assert_non_null(strstr(detail_of(batch, i, detail, sizeof detail), "no thirteen here"));
	}
	world_expect(world, "SELECT id, pid, note, n FROM c ORDER BY id", LEFT);
	batch_free(batch);
	rig_close(&rig);
}

/* One row a statement decides each row by itself: the measure for everything that is faster. */
static void test_row_by_row(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = child_schema();
	struct rig rig;
	struct batch *batch;

	make_tables(world);
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c", .bulk = "row" });
	batch = batch_for(schema, 32);
	rig_begin(&rig);
	fill_refusals(batch);
	rig_write(&rig, batch);
	rig_commit(&rig);
	world_expect(world, "SELECT id, pid, note, n FROM c ORDER BY id", LEFT);
	expect_violations(batch, REFUSED);
	batch_free(batch);
	rig_close(&rig);
}

/* Random rows against constraints that only the database knows: the same rows stay as with one INSERT a row from outside. */
static void test_as_row_by_row(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("c", "id integer, a integer, b integer, up integer");
	struct rig rig;
	struct batch *batch;
	unsigned seed = 12345;
	char *fast, *slow, sql[4096];
	static const char table[] =
		"(id integer NOT NULL, a integer UNIQUE, b integer CHECK (b <> 3), up integer, CONSTRAINT %s PRIMARY KEY (id),"
		" FOREIGN KEY (up) REFERENCES %s (id))";

	for (int i = 0; i < 2; i++) {
		const char *name = i ? "model" : "c";
		size_t length = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE %s ", name);

		snprintf(sql + length, sizeof sql - length, table, i ? "model_key" : "c_key", name);
		world_run(world, sql);
	}
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c" });
	batch = batch_for(schema, 512);
	for (int round = 0; round < 4; round++) {
		char texts[4][12];
		FILE *script;
		char path[600], *all = NULL;
		size_t size;

		batch_reset(batch);
		snprintf(path, sizeof path, "%s/script", world->folder);
		script = open_memstream(&all, &size);
		fprintf(script, world->postgres ? "\\set ON_ERROR_STOP off\n" : "PRAGMA foreign_keys=ON;");
		while (batch->rows < batch->capacity) {
			unsigned limit[] = { 1500, 1500, 40, 900 };
			const char *row[4];

			for (int k = 0; k < 4; k++) {
				seed = seed * 1103515245 + 12345;
				snprintf(texts[k], sizeof texts[k], "%u", seed / 65536 % limit[k]);
				row[k] = texts[k];
			}
			if (seed / 65536 % 3)
				row[3] = NULL;
			batch_row(batch, row);
			/* SQLite's OR IGNORE passes over foreign keys, so the model asks by itself. */
			fprintf(script, world->postgres ? "INSERT INTO model VALUES (%s,%s,%s,%s);\n"
							: "INSERT OR IGNORE INTO model SELECT %1$s,%2$s,%3$s,%4$s WHERE %4$s IS NULL OR %4$s = %1$s"
							  " OR EXISTS (SELECT 1 FROM model WHERE id = %4$s);\n",
				row[0], row[1], row[2], row[3] ? row[3] : "NULL");
		}
		fclose(script);
		rig_begin(&rig);
		rig_write(&rig, batch);
		rig_commit(&rig);
		world_run(world, all);
		free(all);
	}
	fast = world_ask(world, "SELECT id, a, b, up FROM c ORDER BY id");
	slow = world_ask(world, "SELECT id, a, b, up FROM model ORDER BY id");
	assert_true(strlen(fast) > 1000);
	assert_string_equal(fast, slow);
	free(fast);
	free(slow);
	batch_free(batch);
	rig_close(&rig);
}

/* A part of many rows is refused, and every one of them is found, by a check and by a key. */
static void test_many(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("m", "id integer!, n integer");
	struct rig rig;
	struct batch *batch;
	size_t refused = 0;
	long id = 0;
	char answer[64];

	world_run(world, "CREATE TABLE m (id bigint PRIMARY KEY, n integer CHECK (n >= 0)); INSERT INTO m VALUES (777, 1), (39999, 1)");
	schema_primary(schema, "id");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "m" });
	batch = batch_for(schema, BATCH_ROWS);
	rig_begin(&rig);
	while (id < MANY_ROWS) {
		batch_reset(batch);
		for (; id < MANY_ROWS && batch->rows < batch->capacity; id++) {
			uint32_t row = batch_add_row(batch);

			batch->columns[0].cells[row] = batch->columns[1].cells[row] = CELL_VALUE;
			batch->columns[0].integers[row] = id;
			batch->columns[1].integers[row] = id % EVERY_REFUSED == 5 ? -1 : id;
		}
		rig_write(&rig, batch);
		for (size_t i = 0; i < batch->violation_count; i++) {
			int64_t key = batch->columns[0].integers[batch->violations[i].row];

			assert_string_equal(batch->violations[i].rule->id,
				key % EVERY_REFUSED == 5 ? "m.database-error" : "m.id.primary-key");
		}
		refused += batch->violation_count;
	}
	rig_commit(&rig);
	assert_int_equal(refused, MANY_ROWS / EVERY_REFUSED + 2);
	snprintf(answer, sizeof answer, "%d|0\n", MANY_ROWS - MANY_ROWS / EVERY_REFUSED);
	world_expect(world, "SELECT count(*), sum(CASE WHEN n < 0 THEN 1 ELSE 0 END) FROM m", answer);
	batch_free(batch);
	rig_close(&rig);
}

/* Long texts are sent in smaller statements, wide tables too. */
static void test_long_and_wide(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("long", "id integer!, s string");
	struct rig rig;
	struct batch *batch;
	struct error error = ERROR_INIT;
	size_t length = 700 * 1024;
	char *fields = malloc(400 * 20), *to = fields, name[16];
	struct span span;

	assert_non_null(fields);
	schema_primary(schema, "id");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "long", .create = true });
	batch = batch_for(schema, 8);
	for (int i = 0; i < 7; i++) {
		uint32_t row = batch_add_row(batch);
		char *data = batch_reserve(batch, length, &span, &error);

		assert_non_null(data);
		memset(data, 'a' + i, length);
		batch->columns[0].cells[row] = batch->columns[1].cells[row] = CELL_VALUE;
		batch->columns[0].integers[row] = i;
		batch->columns[1].spans[row] = span;
	}
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "");
	world_expect(world, "SELECT id, length(s), substr(s, 700 * 1024, 1) FROM long WHERE id IN (0, 6) ORDER BY id",
		"0|716800|a\n6|716800|g\n");
	batch_free(batch);
	rig_close(&rig);

	for (int i = 0; i < 400; i++)
		to += sprintf(to, "%sf%d integer", i ? "," : "", i);
	schema = schema_from("wide", fields);
	open_rig(&rig, world, schema, (struct rig_options){ .table = "wide", .create = true });
	batch = batch_for(schema, 100);
	for (int i = 0; i < 100; i++) {
		uint32_t row = batch_add_row(batch);

		for (size_t k = 0; k < 400; k++) {
			batch->columns[k].cells[row] = CELL_VALUE;
			batch->columns[k].integers[row] = i * 1000 + (int64_t)k;
		}
	}
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	snprintf(name, sizeof name, "%d", 399);
	world_expect(world, "SELECT count(*), sum(f0), sum(f399) FROM wide", "100|4950000|4989900\n");
	batch_free(batch);
	rig_close(&rig);
	free(fields);
}

/* --- upsert --- */

static void test_upsert(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("u", "id integer!, part integer!, mail string, n integer");
	struct rig rig;
	struct batch *batch;

	world_run(world, "CREATE TABLE u (id integer NOT NULL, part integer NOT NULL, mail text UNIQUE, n integer, kept text DEFAULT 'd',"
			 " PRIMARY KEY (id, part));"
			 "INSERT INTO u VALUES (1, 1, 'one', 1, 'k'), (2, 1, 'two', 2, 'k')");
	schema_primary(schema, "part id");
	schema_unique(schema, "mail");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "u", .mode = "upsert" });
	batch = batch_for(schema, 16);
	ROW(batch, "1", "1", "one", "10"); /* changed, its own mail stays */
	ROW(batch, "2", "1", NULL, "20");
	ROW(batch, "3", "1", "one", "30"); /* another row's mail */
	ROW(batch, "4", "1", "two", "40"); /* free since row 1 */
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "2:u.mail.unique");
	world_expect(world, "SELECT id, part, mail, n, kept FROM u ORDER BY id", "1|1|one|10|k\n2|1|NULL|20|k\n4|1|two|40|d\n");
	batch_free(batch);
	rig_close(&rig);

	/* Nothing but the key: what is there stays. */
	world_run(world, "CREATE TABLE bare (id integer NOT NULL PRIMARY KEY, kept text DEFAULT 'd'); INSERT INTO bare VALUES (1, 'k')");
	schema = schema_from("bare", "id integer!");
	schema_primary(schema, "id");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "bare", .mode = "upsert" });
	batch = batch_for(schema, 16);
	ROW(batch, "1");
	ROW(batch, "2");
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "");
	world_expect(world, "SELECT id, kept FROM bare ORDER BY id", "1|k\n2|d\n");
	batch_free(batch);
	rig_close(&rig);
}

/* --- the world --- */

static void test_dry_run(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("c", "id integer!, name string");
	struct rig rig;
	struct batch *batch;

	/* The table is not there, nor is SQLite's file: nothing is made. */
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c", .create = true, .dry_run = true, .read_only = true });
	batch = batch_for(schema, 4);
	ROW(batch, "1", "long enough");
	assert_int_equal(odbc_sink_ops.begin(rig.sink, &rig.error), 0);
	rig_write(&rig, batch);
	expect_violations(batch, "");
	batch_free(batch);
	rig_close(&rig);

	world_run(world, "CREATE TABLE c (id integer PRIMARY KEY, name varchar(4))");
	schema = schema_from("c", "id integer!, name string");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c", .dry_run = true, .read_only = true });
	batch = batch_for(schema, 4);
	ROW(batch, "1", "long enough");
	ROW(batch, "2", "ok");
	assert_int_equal(odbc_sink_ops.begin(rig.sink, &rig.error), 0);
	rig_write(&rig, batch);
	expect_violations(batch, "0:c.name.column");
	batch_free(batch);
	rig_close(&rig);
	world_expect(world, "SELECT count(*) FROM c", "0\n");
}

/* A connection that goes away is an error worth a retry, and no row is called bad for it. */
static void test_lost_connection(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("c", "id integer!");
	struct rig rig;
	struct batch *batch;
	char pid[32], sql[128];

	schema_primary(schema, "id");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c", .create = true });
	batch = batch_for(schema, 600);
	for (int i = 0; i < 600; i++) {
		char text[12];

		snprintf(text, sizeof text, "%d", i);
		ROW(batch, text);
	}
	rig_begin(&rig);
	assert_int_equal(session_query_text(rig.session, "SELECT pg_backend_pid()", pid, sizeof pid, &rig.error), 1);
	snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s), pg_sleep(0.2)", pid);
	world_run(world, sql);
	assert_int_equal(odbc_sink_ops.write(rig.sink, batch, &rig.error), -1);
	assert_int_equal(rig.error.kind, ERROR_SINK);
	assert_true(rig.error.retry);
	assert_int_equal(batch->violation_count, 0);
	rig_rollback(&rig);
	batch_free(batch);
	rig_close(&rig);
}

/* Row values of tables with sensitive fields do not come along with the database's words. */
static void test_sensitive(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("c", "id integer!, secret string");
	struct rig rig;
	struct batch *batch;
	char detail[1500];

	world_run(world, "CREATE TABLE c (id integer PRIMARY KEY, secret text CHECK (secret <> 'hidden42'))");
	schema->fields[1].sensitive = true;
	open_rig(&rig, world, schema, (struct rig_options){ .table = "c" });
	batch = batch_for(schema, 4);
	ROW(batch, "1", "hidden42");
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "0:c.database-error");
	detail_of(batch, 0, detail, sizeof detail);
	assert_true(world->postgres ? !strstr(detail, "Failing row") : true);
	batch_free(batch);
	rig_close(&rig);
}

/* Types of the database's own: enums, domains, identity, names that need quotes. */
static void test_postgres_types(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("Odd", "id integer!, Mood string, ip string, code string, flag boolean, at datetime, j json");
	struct rig rig;
	struct batch *batch;

	world_run(world, "CREATE TYPE \"Feeling\" AS ENUM ('good', 'bad'); CREATE DOMAIN code AS varchar(4) CHECK (VALUE <> 'xxxx');"
			 "CREATE TABLE \"Odd\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \"Mood\" \"Feeling\", ip inet, code code,"
			 " flag boolean, at timestamp, j json)");
	open_rig(&rig, world, schema, (struct rig_options){ .table = "Odd" });
	batch = batch_for(schema, 8);
	ROW(batch, "5", "good", "10.0.0.1", "abcd", "1", "2021-11-07T02:48:42Z", "{\"a\":1}");
	ROW(batch, "6", "ugly", NULL, NULL, NULL, NULL, NULL);
	ROW(batch, "7", NULL, "no address", NULL, NULL, NULL, NULL);
	ROW(batch, "8", NULL, NULL, "xxxx", NULL, NULL, NULL);
	ROW(batch, "9", NULL, NULL, "abcde", NULL, NULL, NULL);
	ROW(batch, "10", "bad", "::1", "", "0", NULL, NULL);
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "1:Odd.database-error 2:Odd.database-error 3:Odd.database-error 4:Odd.code.column");
	world_expect(world, "SELECT id, \"Mood\", ip, code, flag, at, j FROM \"Odd\" ORDER BY id",
		"5|good|10.0.0.1|abcd|t|2021-11-07 02:48:42|{\"a\":1}\n10|bad|::1||f|NULL|NULL\n");
	batch_free(batch);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_fit),
		BOTH(test_refusals),
		BOTH(test_row_by_row),
		BOTH(test_as_row_by_row),
		BOTH(test_many),
		BOTH(test_long_and_wide),
		BOTH(test_upsert),
		BOTH(test_dry_run),
		BOTH(test_sensitive),
		ON_POSTGRES(test_lost_connection),
		ON_POSTGRES(test_postgres_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
