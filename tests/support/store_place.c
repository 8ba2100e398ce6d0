/* store_place.c - what the tests of the state store share.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/store_place.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/odbc/session.h"

enum { ANSWER_MAX = 128 * 1024 };

const struct step_key jobs = { .pipeline = "hire", .step = "load", .table_name = "jobs", .partitions = 1 };
const struct step_key people = { .pipeline = "hire", .step = "people", .table_name = "people", .partitions = 1 };

int sqlite_setup(void **state)
{
	struct store_place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	*state = place;
	snprintf(place->folder, sizeof place->folder, "/tmp/penstock-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->database, sizeof place->database, "%s/state.db", place->folder);
	snprintf(place->connect, sizeof place->connect, "Driver=SQLite3;Database=%s", place->database);
	return 0;
}

int sqlite_teardown(void **state)
{
	struct store_place *place = *state;
	static const char *const ends[] = { "", "-penstock.lock", "-journal" };
	char path[256];

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", place->database, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

/* The connection string of another database of the server. */
void server_database(const char *name, char *out, size_t size)
{
	const char *text = getenv("PENSTOCK_TEST_PG"), *at = strstr(text, "Database="), *end;

	assert_non_null(at);
	at += strlen("Database=");
	end = at + strcspn(at, ";");
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, name, end);
}

static void session_at(struct session *session, const char *connect)
{
	const struct store_target target = { .name = "test", .connect = connect, .lock_timeout_ms = 10000 };
	struct error error = ERROR_INIT;

	if (session_open(session, &target, &error))
		fail_msg("%s", error.message);
}

static void run_on(const char *connect, const char *sql)
{
	struct error error = ERROR_INIT;
	struct session session;

	session_at(&session, connect);
	if (session_execute(&session, sql, &error))
		fail_msg("%s: %s", sql, error.message);
	session_close(&session);
}

int postgresql_setup(void **state)
{
	static int number;
	struct store_place *place;
	char sql[256];

	*state = NULL;
	if (!getenv("PENSTOCK_TEST_PG"))
		return 0;
	place = calloc(1, sizeof *place);
	assert_non_null(place);
	*state = place;
	place->postgresql = true;
	snprintf(place->database, sizeof place->database, "store_%ld_%d", (long)getpid(), ++number);
	snprintf(sql, sizeof sql, "CREATE DATABASE %s", place->database);
	run_on(getenv("PENSTOCK_TEST_PG"), sql);
	server_database(place->database, place->connect, sizeof place->connect);
	return 0;
}

int postgresql_teardown(void **state)
{
	struct store_place *place = *state;
	char sql[256];

	if (!place)
		return 0;
	snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", place->database);
	run_on(getenv("PENSTOCK_TEST_PG"), sql);
	free(place);
	return 0;
}

struct store_place *place_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}


void sql_do(const struct store_place *place, const char *sql)
{
	sqlite3 *database;
	char *message = NULL;

	if (place->postgresql) {
		run_on(place->connect, sql);
		return;
	}
	assert_int_equal(sqlite3_open(place->database, &database), SQLITE_OK);
	if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(database);
}

/* First column of the first row; empty for NULL or no row. */
const char *sql_ask(const struct store_place *place, const char *sql)
{
	static char answer[ANSWER_MAX];
	struct error error = ERROR_INIT;
	struct session session;
	sqlite3 *database;
	sqlite3_stmt *statement;
	int length;

	if (place->postgresql) {
		session_at(&session, place->connect);
		if (session_query_text(&session, sql, answer, sizeof answer, &error) < 0)
			fail_msg("%s: %s", sql, error.message);
		session_close(&session);
		return answer;
	}
	assert_int_equal(sqlite3_open(place->database, &database), SQLITE_OK);
	if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(database));
	answer[0] = '\0';
	if (sqlite3_step(statement) == SQLITE_ROW) {
		length = sqlite3_column_bytes(statement, 0);
		assert_true(length < ANSWER_MAX);
		if (length)
			memcpy(answer, sqlite3_column_text(statement, 0), (size_t)length);
		answer[length] = '\0';
	}
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return answer;
}


struct store_target target_of(const struct store_place *place, const char *run_id)
{
	return (struct store_target){
		.name = "test",
		.connect = place->connect,
		.lock_timeout_ms = 10000,
		.run_id = run_id,
	};
}

struct store *store_at(const struct store_target *target)
{
	struct error error = ERROR_INIT;
	struct store *store = NULL;

	if (odbc_store_ops.open(target, &store, &error))
		fail_msg("open: %s", error.message);
	assert_ptr_equal(store->ops, &odbc_store_ops);
	return store;
}

struct run_record run_of(const char *run_id, const char *pipeline)
{
	return (struct run_record){
		.run_id = run_id,
		.kind = "run",
		.pipeline = pipeline,
		.status = "running",
		.started_at = INT64_C(1636253322123456), /* 2021-11-07T02:48:42.123456Z */
	};
}

struct store *begun(const struct store_place *place, const char *run_id)
{
	struct store_target target = target_of(place, run_id);
	struct run_record run = run_of(run_id, "hire");
	struct store *store = store_at(&target);
	struct error error = ERROR_INIT;

	if (odbc_store_ops.run_begin(store, &run, &error))
		fail_msg("run_begin: %s", error.message);
	return store;
}

struct error trouble;

/* For calls that must succeed. */
struct error *clean(void)
{
	error_clear(&trouble);
	return &trouble;
}

struct checkpoint claimed(struct store *store, const struct step_key *key, const char *run_id)
{
	struct checkpoint checkpoint;

	good(odbc_store_ops.claim(store, key, run_id, &checkpoint, clean()));
	return checkpoint;
}

/* A checkpoint in which every field says something. */
struct checkpoint example(const char *run_id, int64_t epoch)
{
	struct checkpoint checkpoint = {
		.state = CHECKPOINT_OPEN,
		.epoch = epoch,
		.source = "examples/hr/data/jobs \"a\" 'b' \xc3\xa9.csv",
		.position = { .token = "{\"offset\":42,\"line\":7}",
			.hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		.step_hash = "1111111111111111111111111111111111111111111111111111111111111111",
		.dictionary_hash = "2222222222222222222222222222222222222222222222222222222222222222",
		.counts = { .read = 100, .written = 80, .rejected = 9, .bytes = INT64_C(9000000000) },
		.load_read = 210,
		.load_judged = 200,
		.load_rejected = 19,
	};

	snprintf(checkpoint.run_id, sizeof checkpoint.run_id, "%s", run_id);
	checkpoint.counts.skipped[SKIP_BLANK] = 1;
	checkpoint.counts.skipped[SKIP_ALREADY_COMMITTED] = 10;
	return checkpoint;
}

void commit(struct store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file)
{
	good(odbc_store_ops.begin(store, clean()));
	good(odbc_store_ops.commit(store, key, checkpoint, file, clean()));
}

struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

struct reject reject_of(uint64_t number, const char *rule, const char *record)
{
	return (struct reject){
		.record_no = number,
		.line_no = number + 1,
		.byte_offset = number * 10,
		.source = text_of("data/jobs.csv"),
		.field = text_of("id"),
		.code = text_of("type-error"),
		.rule = text_of(rule),
		.message = text_of("not an integer"),
		.violations = text_of("[]"),
		.record = text_of(record),
	};
}

void add_reject(struct store *store, const struct step_key *key, const char *run_id, const struct reject *reject,
	bool published)
{
	good(odbc_store_ops.reject(store, key, run_id, reject, published, clean()));
}

/* Runs body in a child that then waits to be killed; returns when the body has ended. */
pid_t victim(const struct store_place *place, void (*body)(const struct store_place *place))
{
	int ends[2];
	char byte = 'x';
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		body(place);
		if (write(ends[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return child;
}

void kill_victim(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}
