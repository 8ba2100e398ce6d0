/* odbc_world.c - a database of its own for a test, and the sink of one step on it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/odbc/connect.h"
#include "connectors/odbc/sink.h"
#include "connectors/odbc/store.h"
#include "tests/support/odbc_world.h"

/* --- asking from outside --- */

struct answer {
	char *text;
	size_t length;
};

static void add(struct answer *answer, const char *text, size_t length)
{
	answer->text = realloc(answer->text, answer->length + length + 1);
	assert_non_null(answer->text);
	memcpy(answer->text + answer->length, text, length);
	answer->length += length;
	answer->text[answer->length] = '\0';
}

static char *ask_sqlite(const struct world *world, const char *sql)
{
	struct answer answer = { 0 };
	sqlite3 *db;
	sqlite3_stmt *statement;
	const char *rest = sql;

	add(&answer, "", 0);
	assert_int_equal(sqlite3_open(world->file, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	while (*rest) {
		int code = sqlite3_prepare_v2(db, rest, -1, &statement, &rest);

		if (code != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		if (!statement)
			continue; /* only spaces were left */
		while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
			for (int i = 0; i < sqlite3_column_count(statement); i++) {
				bool real = sqlite3_column_type(statement, i) == SQLITE_FLOAT;
				double number = sqlite3_column_double(statement, i);
				const char *text = (const char *)sqlite3_column_text(statement, i);
				int length = sqlite3_column_bytes(statement, i);
				char exact[40];

				/* SQLite's own text of a number is rounded to 15 digits. */
				for (int digits = 15; real && digits <= 17; digits++) {
					length = snprintf(exact, sizeof exact, "%.*g", digits, number);
					text = exact;
					if (strtod(exact, NULL) == number)
						break;
				}

				if (i)
					add(&answer, "|", 1);
				add(&answer, text ? text : "NULL", text ? (size_t)length : 4);
			}
			add(&answer, "\n", 1);
		}
		if (code != SQLITE_DONE)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		sqlite3_finalize(statement);
	}
	sqlite3_close(db);
	return answer.text;
}

/* psql with the parts of an ODBC string; the SQL comes from a file, so that nothing is quoted. */
static char *ask_postgres(const char *connect, const char *folder, const char *sql)
{
	struct connect_string string = { .count = 0 };
	struct error error = ERROR_INIT;
	struct answer answer = { 0 };
	char command[4096], path[512], piece[4096];
	FILE *file, *pipe;
	size_t got;
	int status;

	snprintf(path, sizeof path, "%s/ask.sql", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(sql, file);
	fclose(file);
	assert_int_equal(connect_parse(&string, connect, "test", &error), 0);
	setenv("PGPASSWORD", connect_find(&string, "Pwd"), 1);
	snprintf(command, sizeof command,
		"psql -X -q -A -t -P null=NULL -v ON_ERROR_STOP=1 -h '%s' -p '%s' -U '%s' -d '%s' -f '%s' 2>&1",
		connect_find(&string, "Server"), connect_find(&string, "Port"), connect_find(&string, "Uid"),
		connect_find(&string, "Database"), path);
	connect_fini(&string);
	add(&answer, "", 0);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while ((got = fread(piece, 1, sizeof piece, pipe)))
		add(&answer, piece, got);
	status = pclose(pipe);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: %s", sql, answer.text);
	return answer.text;
}

char *world_ask(const struct world *world, const char *sql)
{
	return world->postgres ? ask_postgres(world->connect, world->folder, sql) : ask_sqlite(world, sql);
}

void world_run(const struct world *world, const char *sql)
{
	free(world_ask(world, sql));
}

void world_expect(const struct world *world, const char *sql, const char *answer)
{
	char *got = world_ask(world, sql);

	if (strcmp(got, answer) != 0) {
		size_t same = 0;

		while (got[same] && got[same] == answer[same])
			same++;
		fail_msg("%s\nafter %zu equal bytes wanted: %.80s\ngot: %.80s", sql, same, answer + same, got + same);
	}
	free(got);
}

/* --- opening and closing --- */

static void set_database(const char *server, const char *database, char *out, size_t size)
{
	struct connect_string string = { .count = 0 };
	struct error error = ERROR_INIT;
	char *text;

	assert_int_equal(connect_parse(&string, server, "test", &error), 0);
	assert_int_equal(connect_set(&string, "Database", database, &error), 0);
	text = connect_print(&string, &error);
	assert_non_null(text);
	snprintf(out, size, "%s", text);
	connect_wipe(text);
	connect_fini(&string);
}

bool world_open(struct world *world, bool postgres)
{
	static unsigned serial;
	const char *server = getenv("PENSTOCK_TEST_PG"), *temporary = getenv("TMPDIR");
	char sql[128];

	*world = (struct world){ .postgres = postgres };
	if (postgres && !(server && *server))
		return false;
	snprintf(world->folder, sizeof world->folder, "%s/penstock-odbc.XXXXXX", temporary ? temporary : "/tmp");
	assert_non_null(mkdtemp(world->folder));
	if (!postgres) {
		snprintf(world->file, sizeof world->file, "%s/test.db", world->folder);
		snprintf(world->connect, sizeof world->connect, "Driver=SQLite3;Database=%s", world->file);
		return true;
	}
	snprintf(world->server, sizeof world->server, "%s", server);
	snprintf(world->database, sizeof world->database, "penstock_unit_%ld_%u", (long)getpid(), ++serial);
	snprintf(sql, sizeof sql, "CREATE DATABASE %s", world->database);
	free(ask_postgres(server, world->folder, sql));
	set_database(server, world->database, world->connect, sizeof world->connect);
	return true;
}

void world_close(struct world *world)
{
	char command[512];

	if (world->postgres) {
		snprintf(command, sizeof command, "DROP DATABASE %s WITH (FORCE)", world->database);
		free(ask_postgres(world->server, world->folder, command));
	}
	snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
	assert_int_equal(system(command), 0);
}

static int setup(void **state, bool postgres)
{
	struct world *world = calloc(1, sizeof *world);

	assert_non_null(world);
	if (!world_open(world, postgres)) {
		free(world);
		world = NULL;
	}
	*state = world;
	return 0;
}

int world_setup_sqlite(void **state)
{
	return setup(state, false);
}

int world_setup_postgres(void **state)
{
	return setup(state, true);
}

int world_teardown(void **state)
{
	if (*state)
		world_close(*state);
	free(*state);
	return 0;
}

struct world *world_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

struct store_target world_target(const struct world *world)
{
	return (struct store_target){ .name = "db", .connect = world->connect, .lock_timeout_ms = 5000,
				      .run_id = "0190b0b0-0000-7000-8000-000000000000" };
}

/* --- the sink of a step --- */

static const struct option *option_of(const char *name)
{
	for (const struct option *option = odbc_sink_ops.options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	fail_msg("no option %s", name);
	return NULL;
}

static void set_enum(void *sink, const char *name, const char *value)
{
	const struct option *option = option_of(name);

	for (int i = 0; option->values[i]; i++)
		if (strcmp(option->values[i], value) == 0)
			memcpy((char *)sink + option->offset, &i, sizeof i);
}

int rig_open(struct rig *rig, struct world *world, struct schema *schema, struct rig_options options)
{
	struct store_target target = world_target(world);
	struct option_list key = { options.key, 0 }, ignore = { options.ignore, 0 };

	*rig = (struct rig){ .world = world, .schema = schema, .limits = LIMITS_DEFAULT };
	target.read_only = options.read_only;
	rule_set_init(&rig->rules, schema);
	rig->store = options.store;
	rig->borrowed = options.store != NULL;
	if (!rig->store && odbc_store_ops.open(&target, &rig->store, &rig->error))
		return -1;
	rig->session = odbc_store_session(rig->store);
	rig->sink = calloc(1, odbc_sink_ops.size);
	assert_non_null(rig->sink);
	while (options.key && options.key[key.count])
		key.count++;
	while (options.ignore && options.ignore[ignore.count])
		ignore.count++;
	memcpy((char *)rig->sink + option_of("ignore")->offset, &ignore, sizeof ignore);
	memcpy((char *)rig->sink + option_of("cascade")->offset, &options.cascade, sizeof options.cascade);
	memcpy((char *)rig->sink + option_of("table")->offset, &options.table, sizeof options.table);
	memcpy((char *)rig->sink + option_of("create")->offset, &options.create, sizeof options.create);
	memcpy((char *)rig->sink + option_of("key")->offset, &key, sizeof key);
	set_enum(rig->sink, "mode", options.mode ? options.mode : "append");
	set_enum(rig->sink, "bulk", options.bulk ? options.bulk : "auto");
	rig->context = (struct sink_context){ .schema = schema, .store = rig->store, .rules = &rig->rules,
					      .tables = options.tables, .limits = &rig->limits, .dry_run = options.dry_run };
	return odbc_sink_ops.open(rig->sink, &rig->context, &rig->info, &rig->error);
}

void rig_close(struct rig *rig)
{
	if (rig->sink) {
		odbc_sink_ops.close(rig->sink);
		odbc_sink_ops.close(rig->sink);
	}
	free(rig->sink);
	if (rig->store && !rig->borrowed)
		odbc_store_ops.close(rig->store);
	rule_set_fini(&rig->rules);
	schema_free(rig->schema);
}

static void expect_done(struct rig *rig, int result)
{
	char text[2200];

	if (result)
		fail_msg("%s", error_text(&rig->error, text, sizeof text));
}

void rig_begin(struct rig *rig)
{
	expect_done(rig, session_begin(rig->session, &rig->error));
	expect_done(rig, odbc_sink_ops.begin(rig->sink, &rig->error));
}

void rig_write(struct rig *rig, struct batch *batch)
{
	expect_done(rig, odbc_sink_ops.write(rig->sink, batch, &rig->error));
	batch_sort_violations(batch);
}

void rig_commit(struct rig *rig)
{
	expect_done(rig, odbc_sink_ops.publish(rig->sink, PUBLISH_PLACE, &(struct outcome){ .complete = true }, &rig->error));
	expect_done(rig, session_commit(rig->session, &rig->error));
}

void rig_rollback(struct rig *rig)
{
	session_rollback(rig->session);
	odbc_sink_ops.rollback(rig->sink);
}

/* --- schemas from text --- */

static enum value_type type_of(const char *word)
{
	for (enum value_type type = VALUE_STRING; type <= VALUE_JSON; type++)
		if (type != VALUE_DOUBLE && type != VALUE_DECIMAL && strcmp(value_type_name(type), word) == 0)
			return type;
	if (strcmp(word, "double") == 0)
		return VALUE_DOUBLE;
	if (strcmp(word, "decimal") == 0)
		return VALUE_DECIMAL;
	if (strcmp(word, "uuid") == 0)
		return VALUE_UUID;
	if (strcmp(word, "binary") == 0)
		return VALUE_BINARY;
	if (strcmp(word, "json") == 0)
		return VALUE_JSON;
	fail_msg("no type %s", word);
	return VALUE_STRING;
}

struct schema *schema_from(const char *name, const char *fields)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new(name, &error);
	char *copy = strdup(fields), *save = NULL;

	assert_non_null(schema);
	assert_non_null(copy);
	for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		char field_name[64], word[64];
		unsigned precision = 0, scale = 0;
		char *bang = strchr(part, '!'), *open = strchr(part, '(');
		struct field *field;

		if (bang)
			*bang = ' ';
		if (open) {
			sscanf(open, "(%u.%u)", &precision, &scale);
			*open = '\0';
		}
		assert_int_equal(sscanf(part, " %63s %63s", field_name, word), 2);
		field = schema_add_field(schema, field_name, type_of(word), &error);
		assert_non_null(field);
		field->required = bang != NULL;
		if (field->type == VALUE_DECIMAL) {
			field->precision = (uint8_t)precision;
			field->scale = (uint8_t)scale;
		}
	}
	free(copy);
	return schema;
}

static size_t fields_from(const struct schema *schema, const char *names, size_t *out)
{
	char *copy = strdup(names), *save = NULL;
	size_t count = 0;

	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		out[count] = schema_find(schema, name);
		assert_true(out[count] != SCHEMA_NO_FIELD);
		count++;
	}
	free(copy);
	return count;
}

void schema_primary(struct schema *schema, const char *fields)
{
	struct error error = ERROR_INIT;
	size_t indexes[16], count = fields_from(schema, fields, indexes);

	assert_int_equal(schema_set_primary(schema, indexes, count, &error), 0);
	for (size_t i = 0; i < count; i++)
		schema->fields[indexes[i]].required = true;
}

void schema_unique(struct schema *schema, const char *fields)
{
	struct error error = ERROR_INIT;
	size_t indexes[16], count = fields_from(schema, fields, indexes);

	assert_int_equal(schema_add_unique(schema, indexes, count, &error), 0);
}

void schema_foreign(struct schema *schema, const char *fields, const char *resource, const char *columns)
{
	struct error error = ERROR_INIT;
	size_t indexes[16], count = fields_from(schema, fields, indexes), i = 0;
	char *copy = strdup(columns), *save = NULL;
	const char *names[16];

	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save))
		names[i++] = name;
	assert_int_equal(schema_add_foreign(schema, indexes, count, resource, names, &error), 0);
	free(copy);
}

/* --- batches --- */

struct batch *batch_for(const struct schema *schema, size_t capacity)
{
	struct error error = ERROR_INIT;
	struct limits limits = LIMITS_DEFAULT;
	struct batch *batch = batch_new(schema, capacity, &limits, &error);

	assert_non_null(batch);
	return batch;
}

static int64_t moment(enum value_type type, const char *text)
{
	int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, used = 0;
	int64_t days = 0, micros = 0;

	if (type != VALUE_TIME)
		assert_int_equal(sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used), 3);
	assert_true(value_days_from_civil(year, (unsigned)month, (unsigned)day, &days));
	if (type == VALUE_DATE)
		return days;
	text += used + (type == VALUE_DATETIME);
	assert_int_equal(sscanf(text, "%2d:%2d:%2d", &hour, &minute, &second), 3);
	if (strchr(text, '.')) {
		char digits[7] = "000000";

		memcpy(digits, strchr(text, '.') + 1, strspn(strchr(text, '.') + 1, "0123456789"));
		micros = atol(digits);
	}
	return (type == VALUE_TIME ? 0 : days * 86400000000) + (hour * 3600LL + minute * 60 + second) * 1000000 + micros;
}

uint32_t batch_row(struct batch *batch, const char *const *texts)
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);

	for (size_t i = 0; i < batch->schema->field_count; i++) {
		struct column *column = &batch->columns[i];
		const struct field *field = column->field;

		column->cells[row] = texts[i] ? CELL_VALUE : CELL_NULL;
		if (!texts[i])
			continue;
		switch (field->type) {
		case VALUE_INTEGER:
		case VALUE_BOOLEAN:
		case VALUE_YEAR:
			column->integers[row] = strtoll(texts[i], NULL, 10);
			break;
		case VALUE_DOUBLE:
			column->doubles[row] = strtod(texts[i], NULL);
			break;
		case VALUE_DECIMAL:
			assert_true(value_parse_decimal(texts[i], strlen(texts[i]), field->precision, field->scale, &column->decimals[row]));
			break;
		case VALUE_DATE:
		case VALUE_TIME:
		case VALUE_DATETIME:
			column->integers[row] = moment(field->type, texts[i]);
			break;
		default:
			assert_int_equal(batch_store(batch, texts[i], strlen(texts[i]), &column->spans[row], &error), 0);
			break;
		}
	}
	return row;
}

char *violations_of(struct batch *batch)
{
	struct answer answer = { 0 };
	char one[512];

	batch_sort_violations(batch);
	add(&answer, "", 0);
	for (size_t i = 0; i < batch->violation_count; i++) {
		snprintf(one, sizeof one, "%s%u:%s", i ? " " : "", batch->violations[i].row, batch->violations[i].rule->id);
		add(&answer, one, strlen(one));
	}
	return answer.text;
}

void expect_violations(struct batch *batch, const char *expected)
{
	char *got = violations_of(batch);

	if (strcmp(got, expected) != 0)
		fail_msg("violations\nwanted: %s\ngot:    %s", expected, got);
	free(got);
}
