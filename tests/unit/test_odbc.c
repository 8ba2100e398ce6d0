/* Sessions over ODBC, types on their way into a database and back, DDL in the databases' own shells, and tables that do not
 * go together with the dictionary.
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
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/odbc/check.h"
#include "connectors/odbc/connect.h"
#include "connectors/odbc/ddl.h"
#include "connectors/odbc/sink.h"
#include "connectors/odbc/statement.h"
#include "tests/support/odbc_world.h"

static void expect_words(const struct error *error, enum error_kind kind, const char *const *words)
{
	char text[2200];

	error_text(error, text, sizeof text);
	if (error->kind != kind)
		fail_msg("kind %d instead of %d: %s", (int)error->kind, (int)kind, text);
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("\"%s\" does not say \"%s\"", text, *words);
}
#define EXPECT_WORDS(error, kind, ...) expect_words((error), (kind), (const char *const[]){ __VA_ARGS__, NULL })

/* --- connection strings --- */

static void test_connect_string(void **state)
{
	struct connect_string string = { .count = 0 };
	struct error error = ERROR_INIT;
	char message[] = "login with se;cr}et or abc refused, abcd too";
	char *text;

	(void)state;
	assert_int_equal(connect_parse(&string, " Driver = {My Driver} ;Pwd={se;cr}}et};pwd=abc;;Database=x", "p", &error), 0);
	assert_int_equal(string.count, 4);
	assert_string_equal(connect_find(&string, "driver"), "My Driver");
	assert_string_equal(connect_find(&string, "PWD"), "se;cr}et");
	assert_null(connect_find(&string, "Server"));
	connect_mask(&string, message);
	assert_string_equal(message, "login with *** or *** refused, ***d too");
	assert_int_equal(connect_set(&string, "DATABASE", "y", &error), 0);
	text = connect_print(&string, &error);
	assert_string_equal(text, "Driver={My Driver};Pwd={se;cr}}et};pwd=abc;DATABASE=y;");
	connect_wipe(text);
	connect_fini(&string);

	assert_int_equal(connect_parse(&string, "Driver={open;Pwd=secret", "p", &error), -1);
	EXPECT_WORDS(&error, ERROR_CONFIG, "Driver", "}");
	assert_null(strstr(error.message, "secret"));
	error_clear(&error);
	assert_int_equal(connect_parse(&string, "secret", "p", &error), -1);
	EXPECT_WORDS(&error, ERROR_CONFIG, "KEY=VALUE");
	assert_null(strstr(error.message, "secret"));
}

/* --- opening --- */

static void refused_open(struct store_target target, const char *connect, enum error_kind kind, const char *const *words)
{
	struct session session;
	struct error error = ERROR_INIT;

	target.connect = connect;
	assert_int_equal(session_open(&session, &target, &error), -1);
	expect_words(&error, kind, words);
	session_close(&session);
	session_close(&session);
}
#define REFUSED_OPEN(target, connect, kind, ...) \
	refused_open((target), (connect), (kind), (const char *const[]){ "connection db", __VA_ARGS__, NULL })

static void test_open_sqlite(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct session session;
	struct error error = ERROR_INIT;
	char connect[1024], answer[64];
	FILE *file;

	snprintf(connect, sizeof connect, "Driver=SQLite3;Database=%s", world->folder);
	REFUSED_OPEN(target, connect, ERROR_SINK, world->folder, "is a folder");
	snprintf(connect, sizeof connect, "Driver=SQLite3;Database=%s/none/x.db", world->folder);
	REFUSED_OPEN(target, connect, ERROR_SINK, "/none/x.db", "No such file or directory");
	snprintf(connect, sizeof connect, "Driver=SQLite3;Database=%s/bad.db", world->folder);
	file = fopen(strstr(connect, "/bad.db") - strlen(world->folder), "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database", file);
	fclose(file);
	REFUSED_OPEN(target, connect, ERROR_SINK, "/bad.db", "not a database");
	REFUSED_OPEN(target, "Driver=NoSuchDriver;Database=x;Pwd=sesame", ERROR_SINK, "NoSuchDriver");

	/* Looking at a database that is not there does not make it. */
	target.read_only = true;
	target.connect = world->connect;
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_true(session.absent);
	assert_string_equal(session.database, world->file);
	session_close(&session);
	assert_int_equal(access(world->file, F_OK), -1);

	target.read_only = false;
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_false(session.absent);
	assert_string_equal(session.database, world->file);
	assert_int_equal(session_query_text(&session, "PRAGMA foreign_keys", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "1");
	/* The library's own default, which the driver would lower. */
	assert_int_equal(session_query_text(&session, "PRAGMA synchronous", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "2");
	assert_int_equal(session_query_text(&session, "PRAGMA journal_mode", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "delete");
	session_close(&session);

	/* Read only means it. */
	target.read_only = true;
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session, "CREATE TABLE t (a)", &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	session_close(&session);
}

static void test_open_postgres(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct connect_string string = { .count = 0 };
	struct session session;
	struct error error = ERROR_INIT;
	char answer[256], *text;

	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_string_equal(session.database, world->database);
	assert_string_equal(session.default_schema, "public");
	assert_int_equal(session_query_text(&session, "SHOW application_name", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "penstock 0190b0b0-0000-7000-8000-000000000000");
	assert_int_equal(session_query_text(&session, "SHOW timezone", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "UTC");
	assert_int_equal(session_query_text(&session, "SHOW lock_timeout", answer, sizeof answer, &error), 1);
	assert_string_equal(answer, "5s");
	session_close(&session);

	target.read_only = true;
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session, "CREATE TABLE t (a int)", &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	error_clear(&error);
	session_close(&session);
	target.read_only = false;

	assert_int_equal(connect_parse(&string, world->connect, "p", &error), 0);
	assert_int_equal(connect_set(&string, "Port", "1", &error), 0);
	text = connect_print(&string, &error);
	REFUSED_OPEN(target, text, ERROR_SINK, "refused");
	connect_wipe(text);
	connect_fini(&string);
	/* The server answered, and will say the same again. */
	assert_int_equal(connect_parse(&string, world->connect, "p", &error), 0);
	assert_int_equal(connect_set(&string, "Pwd", "not the password", &error), 0);
	text = connect_print(&string, &error);
	target.connect = text;
	assert_int_equal(session_open(&session, &target, &error), -1);
	assert_false(error.retry);
	assert_null(strstr(error.message, "not the password"));
	connect_wipe(text);
	connect_fini(&string);
}

/* Both drivers, under both kinds of locale, carry any character through the same calls. */
static void utf8_through(const char *connect)
{
	static const char sample[] = "z\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80'\"\\";
	struct store_target target = { .name = "db", .connect = connect, .lock_timeout_ms = 1000, .run_id = "x" };
	struct session session;
	struct statement statement;
	struct error error = ERROR_INIT;
	struct text text;

	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session, "CREATE TABLE \"t\xf0\x9f\x98\x80\" (a text)", &error), 0);
	assert_int_equal(statement_open(&statement, &session, "t", "INSERT INTO \"t\xf0\x9f\x98\x80\" VALUES (?)", &error), 0);
	assert_int_equal(statement_bind_string(&statement, 1, sample, &error), 0);
	assert_int_equal(statement_execute(&statement, NULL, NULL, &error), 0);
	statement_close(&statement);
	assert_int_equal(statement_open(&statement, &session, "t", "SELECT a, length(a) FROM \"t\xf0\x9f\x98\x80\" WHERE a LIKE 'z\xc3\xa4%'",
		&error), 0);
	assert_int_equal(statement_execute(&statement, NULL, NULL, &error), 0);
	assert_int_equal(statement_fetch(&statement, &error), 1);
	assert_int_equal(statement_text(&statement, 1, &text, &error), 0);
	assert_string_equal(text.data, sample);
	assert_int_equal(statement_text(&statement, 2, &text, &error), 0);
	assert_string_equal(text.data, "7");
	statement_close(&statement);
	assert_int_equal(session_execute(&session, "SELECT * FROM \"no\xf0\x9f\x98\x80\"", &error), -1);
	EXPECT_WORDS(&error, ERROR_SINK, "no\xf0\x9f\x98\x80");
	error_clear(&error);
	assert_int_equal(session_execute(&session, "DROP TABLE \"t\xf0\x9f\x98\x80\"", &error), 0);
	session_close(&session);
}

static void test_utf8(void **state)
{
	static const char *const locales[] = { "C", "C.UTF-8" };
	struct world *world = world_of(state);
	char other[4096];

	for (size_t i = 0; i < 2; i++) {
		assert_non_null(setlocale(LC_ALL, locales[i]));
		utf8_through(world->connect);
		if (world->postgres) {
			struct connect_string string = { .count = 0 };
			struct error error = ERROR_INIT;
			char *text;

			assert_int_equal(connect_parse(&string, world->connect, "p", &error), 0);
			assert_int_equal(connect_set(&string, "Driver", "PostgreSQL ANSI", &error), 0);
			text = connect_print(&string, &error);
			snprintf(other, sizeof other, "%s", text);
			connect_wipe(text);
			connect_fini(&string);
			utf8_through(other);
		}
	}
	setlocale(LC_ALL, "C");
}

static void test_statement(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct session session;
	struct statement statement;
	struct error error = ERROR_INIT;
	struct text text;
	int64_t number, affected;
	bool null;
	size_t length = 3 * 1024 * 1024;
	char *large = malloc(length);

	assert_non_null(large);
	memset(large, 'x', length);
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session, "CREATE TABLE t (a bigint, b text)", &error), 0);
	assert_int_equal(statement_open(&statement, &session, "t", "INSERT INTO t VALUES (?, ?)", &error), 0);
	assert_int_equal(statement_bind_integer(&statement, 1, INT64_MIN, &error), 0);
	assert_int_equal(statement_bind_text(&statement, 2, large, length, &error), 0);
	assert_int_equal(statement_execute(&statement, &affected, NULL, &error), 0);
	assert_int_equal(affected, 1);
	assert_int_equal(statement_bind_integer(&statement, 1, INT64_MAX, &error), 0);
	assert_int_equal(statement_bind_string(&statement, 2, "", &error), 0);
	assert_int_equal(statement_execute(&statement, NULL, NULL, &error), 0);
	assert_int_equal(statement_bind_null(&statement, 1, &error), 0);
	assert_int_equal(statement_bind_string(&statement, 2, NULL, &error), 0);
	assert_int_equal(statement_execute(&statement, NULL, NULL, &error), 0);
	statement_close(&statement);
	world_expect(world, "SELECT a, length(b) FROM t ORDER BY a IS NULL, a",
		"-9223372036854775808|3145728\n9223372036854775807|0\nNULL|NULL\n");

	assert_int_equal(statement_open(&statement, &session, "t", "SELECT a, b FROM t ORDER BY a IS NULL, a", &error), 0);
	assert_int_equal(statement_execute(&statement, NULL, NULL, &error), 0);
	assert_int_equal(statement_fetch(&statement, &error), 1);
	assert_int_equal(statement_integer(&statement, 1, &number, &null, &error), 0);
	assert_true(number == INT64_MIN && !null);
	assert_int_equal(statement_text(&statement, 2, &text, &error), 0);
	assert_int_equal(text.length, length);
	assert_memory_equal(text.data, large, length);
	assert_int_equal(statement_fetch(&statement, &error), 1);
	assert_int_equal(statement_text(&statement, 2, &text, &error), 0);
	assert_true(text.data && text.length == 0);
	assert_int_equal(statement_fetch(&statement, &error), 1);
	assert_int_equal(statement_integer(&statement, 1, &number, &null, &error), 0);
	assert_true(null);
	assert_int_equal(statement_text(&statement, 2, &text, &error), 0);
	assert_null(text.data);
	assert_int_equal(statement_fetch(&statement, &error), 0);
	statement_close(&statement);

	/* An UPDATE of no row is no failure. */
	assert_int_equal(statement_open(&statement, &session, "t", "UPDATE t SET a = ? WHERE a = 5", &error), 0);
	assert_int_equal(statement_bind_integer(&statement, 1, 1, &error), 0);
	assert_int_equal(statement_execute(&statement, &affected, NULL, &error), 0);
	assert_int_equal(affected, 0);
	statement_close(&statement);
	session_close(&session);
	free(large);
}

static void test_transactions(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct session session;
	struct error error = ERROR_INIT;

	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session, "CREATE TABLE t (a integer primary key)", &error), 0);
	assert_int_equal(session_begin(&session, &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (1)", &error), 0);
	assert_int_equal(session_savepoint(&session, &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (2)", &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (1)", &error), -1);
	EXPECT_WORDS(&error, ERROR_SINK, "connection db", "INSERT INTO t", world->postgres ? "23505" : "code 19");
	assert_false(error.retry);
	error_clear(&error);
	assert_int_equal(session_rollback_to(&session, &error), 0);
	assert_int_equal(session_commit(&session, &error), 0);
	world_expect(world, "SELECT a FROM t", "1\n");

	/* A transaction in which something failed is never committed by mistake. */
	assert_int_equal(session_begin(&session, &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (3)", &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (1)", &error), -1);
	error_clear(&error);
	assert_int_equal(session_commit(&session, &error), -1);
	error_clear(&error);
	world_expect(world, "SELECT a FROM t", "1\n");
	session_close(&session);
}

/* A constraint that speaks at COMMIT is a refused publication, not a retry. */
static void test_deferred(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct session session;
	struct error error = ERROR_INIT;

	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_execute(&session,
		"CREATE TABLE t (a integer primary key, b integer REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)", &error), 0);
	assert_int_equal(session_begin(&session, &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (1, 99)", &error), 0);
	assert_int_equal(session_commit(&session, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	assert_false(error.retry);
	assert_non_null(strcasestr(error.message, "foreign key"));
	error_clear(&error);
	assert_int_equal(session_begin(&session, &error), 0);
	assert_int_equal(session_execute(&session, "INSERT INTO t VALUES (1, 1)", &error), 0);
	assert_int_equal(session_commit(&session, &error), 0);
	world_expect(world, "SELECT a, b FROM t", "1|1\n");
	session_close(&session);
}

static void test_locked(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct session one, two;
	struct error error = ERROR_INIT;

	target.lock_timeout_ms = 300;
	assert_int_equal(session_open(&one, &target, &error), 0);
	assert_int_equal(session_execute(&one, "CREATE TABLE t (a integer)", &error), 0);
	assert_int_equal(session_open(&two, &target, &error), 0);
	assert_int_equal(session_begin(&one, &error), 0);
	assert_int_equal(session_execute(&one, world->postgres ? "LOCK TABLE t" : "INSERT INTO t VALUES (1)", &error), 0);
	assert_true(session_begin(&two, &error) || session_execute(&two, "INSERT INTO t VALUES (2)", &error));
	EXPECT_WORDS(&error, ERROR_SINK, "lock_timeout");
	assert_false(error.retry);
	error_clear(&error);
	session_rollback(&two);
	assert_int_equal(session_commit(&one, &error), 0);
	assert_int_equal(session_begin(&two, &error), 0);
	assert_int_equal(session_execute(&two, "INSERT INTO t VALUES (2)", &error), 0);
	assert_int_equal(session_commit(&two, &error), 0);
	session_close(&one);
	session_close(&two);
}

/* --- types --- */

static const char ALL_TYPES[] =
	"id integer!, s string, d double, p decimal(12.2), q decimal(38.10), b boolean, day date, t time, m datetime, y year,"
	" ym yearmonth, du duration, u uuid, bin binary, j json";

static void test_types(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("every", ALL_TYPES);
	struct rig rig;
	struct batch *batch;

	schema_primary(schema, "id");
	assert_int_equal(rig_open(&rig, world, schema, (struct rig_options){ .table = "every", .create = true }), 0);
	assert_true(rig.info.creates_table);
	assert_true(rig.info.has_key);
	batch = batch_for(schema, 16);
	ROW(batch, "-9223372036854775808", "", "0.1", "9999999999.99", "9999999999999999999999999999.0123456789", "1", "0001-01-01",
		"00:00:00", "0001-01-01T00:00:00Z", "1", "0001-01", "P1Y", "00000000-0000-0000-0000-00000000000a", "\x01\x02\xff",
		"{\"a\":[1,2]}");
	ROW(batch, "9223372036854775807", "\xf0\x9f\x98\x80 it's \"quoted\" \\ ?\n\r\tx", "1.7976931348623157e308", "-0.01",
		"-0.0000000001", "0", "9999-12-31", "23:59:59.999999", "9999-12-31T23:59:59.999999Z", "9999", "9999-12",
		"P3DT4H5M6.5S", "ffffffff-ffff-4fff-bfff-ffffffffffff", "text", "\"\\\"\"");
	ROW(batch, "0", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	ROW(batch, "5", "x", "5e-324", "12.50", "0", "1", "2021-11-07", "02:48:42.5", "2021-11-07T02:48:42Z", "2021", "2021-11", "P1D",
		"12345678-9abc-4def-8012-3456789abcde", "", "null");
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	expect_violations(batch, "");
	if (world->postgres) {
		world_expect(world,
			"SET timezone='UTC'; SELECT * FROM (SELECT id, s, d, p, q, b, day, t, m, y, ym, du, u, bin, j FROM every) x ORDER BY id",
			"-9223372036854775808||0.1|9999999999.99|9999999999999999999999999999.0123456789|t|0001-01-01|00:00:00|"
			"0001-01-01 00:00:00+00|1|0001-01|P1Y|00000000-0000-0000-0000-00000000000a|\\x0102ff|{\"a\": [1, 2]}\n"
			"0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n"
			"5|x|5e-324|12.50|0.0000000000|t|2021-11-07|02:48:42.5|2021-11-07 02:48:42+00|2021|2021-11|P1D|"
			"12345678-9abc-4def-8012-3456789abcde|\\x|null\n"
			"9223372036854775807|\xf0\x9f\x98\x80 it's \"quoted\" \\ ?\n\r\tx|1.7976931348623157e+308|-0.01|-0.0000000001|f|"
			"9999-12-31|23:59:59.999999|9999-12-31 23:59:59.999999+00|9999|9999-12|P3DT4H5M6.5S|"
			"ffffffff-ffff-4fff-bfff-ffffffffffff|\\x74657874|\"\\\"\"\n");
		world_expect(world,
			"SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute"
			" WHERE attrelid = 'every'::regclass AND attnum > 0",
			"bigint,text,double precision,numeric(12,2),numeric(38,10),boolean,date,time(6) without time zone,"
			"timestamp with time zone,integer,text,text,uuid,bytea,jsonb\n");
	} else {
		world_expect(world,
			"SELECT id, s, d, p, q, b, day, t, m, y, ym, du, u, hex(bin), j, typeof(q), typeof(bin), typeof(s)"
			" FROM every ORDER BY id",
			"-9223372036854775808||0.1|9999999999.99|9999999999999999999999999999.0123456789|1|0001-01-01|"
			"00:00:00|0001-01-01T00:00:00Z|1|0001-01|P1Y|00000000-0000-0000-0000-00000000000a|0102FF|{\"a\":[1,2]}|text|blob|text\n"
			"0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL||NULL|null|null|null\n"
			"5|x|4.94065645841247e-324|12.5|0.0000000000|1|2021-11-07|02:48:42.500000|2021-11-07T02:48:42Z|2021|2021-11|P1D|"
			"12345678-9abc-4def-8012-3456789abcde||null|text|blob|text\n"
			"9223372036854775807|\xf0\x9f\x98\x80 it's \"quoted\" \\ ?\n\r\tx|1.7976931348623157e+308|-0.01|-0.0000000001|0|"
			"9999-12-31|23:59:59.999999|9999-12-31T23:59:59.999999Z|9999|9999-12|P3DT4H5M6.5S|"
			"ffffffff-ffff-4fff-bfff-ffffffffffff|74657874|\"\\\"\"|text|blob|text\n");
		world_expect(world, "SELECT group_concat(type) FROM (SELECT type FROM pragma_table_info('every') ORDER BY cid)",
			"INTEGER,TEXT,REAL,NUMERIC(12,2),TEXT,INTEGER,TEXT,TEXT,TEXT,INTEGER,TEXT,TEXT,TEXT,BLOB,TEXT\n");
	}
	batch_free(batch);
	rig_close(&rig);
}

/* --- DDL --- */

static void test_ddl(void **state)
{
	struct world *world = world_of(state);
	struct schema *parent = schema_from("every", ALL_TYPES), *child = schema_from("order", "a integer!, b string!, c integer, d integer");
	const struct schema *schemas[] = { parent, child };
	struct error error = ERROR_INIT;
	struct buffer out;

	schema_primary(parent, "id");
	schema_unique(parent, "s day");
	schema_primary(child, "a b");
	schema_foreign(child, "c", "every", "id");
	schema_foreign(child, "d b", "order", "a b");
	buffer_init(&out, 1 << 20);
	assert_int_equal(odbc_ddl(world->postgres ? "postgresql" : "sqlite", schemas, 2, &out, &error), 0);
	world_run(world, buffer_text(&out));
	if (world->postgres)
		world_expect(world, "SELECT contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('every'::regclass, '\"order\"'::regclass) ORDER BY 1, 2",
			"f|FOREIGN KEY (c) REFERENCES every(id)\nf|FOREIGN KEY (d, b) REFERENCES \"order\"(a, b)\n"
			"p|PRIMARY KEY (a, b)\np|PRIMARY KEY (id)\nu|UNIQUE (s, day)\n");
	else
		world_expect(world, "SELECT \"table\", \"from\", \"to\" FROM pragma_foreign_key_list('order') ORDER BY 2;"
			"SELECT name FROM pragma_table_info('order') WHERE \"notnull\" ORDER BY pk;"
			"SELECT \"unique\", origin FROM pragma_index_list('every')",
			"order|b|b\nevery|c|id\norder|d|a\na\nb\n1|u\n");
	buffer_clear(&out);
	assert_int_equal(odbc_ddl("oracle", schemas, 2, &out, &error), -1);
	EXPECT_WORDS(&error, ERROR_CONFIG, "oracle", "sqlite", "postgresql");
	buffer_fini(&out);
	schema_free(parent);
	schema_free(child);
}

/* --- tables against the dictionary --- */

static void refused_table(struct world *world, const char *fields, struct rig_options options, const char *const *words)
{
	struct schema *schema = schema_from("jobs", fields);
	struct rig rig;

	if (strstr(fields, "id "))
		schema_primary(schema, "id");
	assert_int_equal(rig_open(&rig, world, schema, options), -1);
	expect_words(&rig.error, ERROR_CONFIG, words);
	rig_close(&rig);
}
#define REFUSED_TABLE(world, fields, options, ...) \
	refused_table((world), (fields), (options), (const char *const[]){ "connection db", __VA_ARGS__, NULL })

static void test_target(void **state)
{
	struct world *world = world_of(state);
	const struct rig_options jobs = { .table = "jobs" };
	const struct rig_options upsert = { .table = "jobs", .mode = "upsert", .key = (const char *const[]){ "name", NULL } };
	struct rig rig;

	world_run(world, "CREATE TABLE jobs (id integer NOT NULL PRIMARY KEY, name varchar(20), note text NOT NULL DEFAULT 'n', extra integer,"
			 " twice integer GENERATED ALWAYS AS (extra * 2) STORED)");
	world_run(world, "CREATE TABLE strict_ones (id integer NOT NULL PRIMARY KEY, needed integer NOT NULL)");
	world_run(world, "CREATE VIEW looked AS SELECT count(*) AS id FROM jobs");
	REFUSED_TABLE(world, "id integer!", ((struct rig_options){ .table = "jbos" }), "jbos", "did you mean jobs", "create: true");
	REFUSED_TABLE(world, "id integer!, nmae string", jobs, "nmae", "did you mean name");
	REFUSED_TABLE(world, "id string!", jobs, "id", "another kind", "string in the dictionary");
	REFUSED_TABLE(world, "id integer!, name integer", jobs, "name", "another kind", "integer in the dictionary");
	REFUSED_TABLE(world, "id integer!, extra datetime", jobs, "extra", "another kind", "datetime");
	REFUSED_TABLE(world, "id integer!, twice integer", jobs, "twice", "generated");
	REFUSED_TABLE(world, "id integer!", ((struct rig_options){ .table = "strict_ones" }), "needed", "no default");
	REFUSED_TABLE(world, "id integer!", ((struct rig_options){ .table = "looked" }), "looked", "is a view");
	REFUSED_TABLE(world, "id integer!, name string", upsert, "unique index", "(name)");
	REFUSED_TABLE(world, "id integer!", ((struct rig_options){ .table = "jobs", .mode = "upsert", .key = (const char *const[]){ "nope", NULL } }),
		"nope");
	REFUSED_TABLE(world, "name string", ((struct rig_options){ .table = "jobs", .mode = "upsert" }), "key");

	/* Nullable, defaulted and generated columns may be left alone; an empty table says so. */
	assert_int_equal(rig_open(&rig, world, schema_from("jobs", "id integer!, name string"), jobs), 0);
	assert_false(rig.info.creates_table);
	assert_true(rig.info.empty_table);
	assert_true(rig.info.has_key);
	rig_close(&rig);
	world_run(world, "INSERT INTO jobs (id) VALUES (1)");
	assert_int_equal(rig_open(&rig, world, schema_from("jobs", "name string"), (struct rig_options){ .table = world->postgres ? "public.jobs" : "main.jobs" }),
		world->postgres ? -1 : 0); /* SQLite numbers the rows by itself */
	if (!world->postgres) {
		assert_false(rig.info.empty_table);
		assert_false(rig.info.has_key);
	}
	rig_close(&rig);
}

static void test_create_in_transaction(void **state)
{
	struct world *world = world_of(state);
	struct schema *schema = schema_from("jobs", "id integer!, dep integer");
	struct rig rig;
	struct batch *batch;
	char *tables = "SELECT count(*) FROM sqlite_master WHERE name='jobs'";

	if (world->postgres)
		tables = "SELECT count(*) FROM pg_class WHERE relname='jobs'";
	schema_primary(schema, "id");
	schema_foreign(schema, "dep", "departments", "id");
	assert_int_equal(rig_open(&rig, world, schema, (struct rig_options){ .table = "jobs", .create = true }), 0);
	batch = batch_for(schema, 16);
	ROW(batch, "1", NULL);
	ROW(batch, "2", "2");

	/* Without the parent's table the error names it. */
	assert_int_equal(session_begin(rig.session, &rig.error), 0);
	assert_int_equal(odbc_sink_ops.begin(rig.sink, &rig.error), -1);
	EXPECT_WORDS(&rig.error, ERROR_CONFIG, "jobs", "departments", "foreign key");
	error_clear(&rig.error);
	rig_rollback(&rig);
	world_run(world, "CREATE TABLE departments (id integer PRIMARY KEY); INSERT INTO departments VALUES (1)");

	for (int round = 0; round < 2; round++) {
		batch->violation_count = 0;
		batch->status[0] = batch->status[1] = ROW_LIVE;
		rig_begin(&rig);
		rig_write(&rig, batch);
		expect_violations(batch, "1:jobs.dep.foreign-key");
		rig_rollback(&rig);
		world_expect(world, tables, "0\n");
	}
	batch->violation_count = 0;
	batch->status[0] = batch->status[1] = ROW_LIVE;
	rig_begin(&rig);
	rig_write(&rig, batch);
	rig_commit(&rig);
	rig_begin(&rig);
	rig_rollback(&rig);
	rig_begin(&rig);
	rig_commit(&rig);
	world_expect(world, "SELECT * FROM jobs", "1|NULL\n");
	batch_free(batch);
	rig_close(&rig);
}

static void test_explain_and_check(void **state)
{
	struct world *world = world_of(state);
	struct store_target target = world_target(world);
	struct error error = ERROR_INIT;
	struct buffer out;
	struct rig rig;

	buffer_init(&out, 1 << 20);
	world_run(world, "CREATE TABLE jobs (id smallint NOT NULL PRIMARY KEY, name varchar(20))");
	assert_int_equal(rig_open(&rig, world, schema_from("jobs", "id integer!, name string"),
		(struct rig_options){ .table = "jobs", .mode = "upsert", .key = (const char *const[]){ "id", NULL } }), 0);
	assert_int_equal(odbc_sink_ops.explain(rig.sink, &out, &error), 0);
	assert_non_null(strstr(buffer_text(&out), "INSERT INTO \"jobs\" AS penstock_target (\"id\", \"name\") "));
	assert_non_null(strstr(buffer_text(&out), "ON CONFLICT (\"id\") DO UPDATE SET \"name\" = excluded.\"name\""));
	assert_non_null(strstr(buffer_text(&out), "more than 20 characters"));
	rig_close(&rig);
	buffer_clear(&out);
	assert_int_equal(odbc_check(&target, &out, &error), 0);
	assert_non_null(strstr(buffer_text(&out), world->postgres ? "database system: PostgreSQL" : "database system: SQLite"));
	assert_non_null(strstr(buffer_text(&out), "utf-8: comes back as it was sent"));
	assert_non_null(strstr(buffer_text(&out), "foreign_keys: on"));
	assert_non_null(strstr(buffer_text(&out), world->postgres ? "synchronous_commit: on" : "synchronous: full"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect_string),
		ON_SQLITE(test_open_sqlite),
		ON_POSTGRES(test_open_postgres),
		BOTH(test_utf8),
		BOTH(test_statement),
		BOTH(test_transactions),
		BOTH(test_deferred),
		BOTH(test_locked),
		BOTH(test_types),
		BOTH(test_ddl),
		BOTH(test_target),
		BOTH(test_create_in_transaction),
		BOTH(test_explain_and_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
