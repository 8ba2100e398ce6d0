/* test_store.c - the state store on real databases: SQLite always, PostgreSQL where PENSTOCK_TEST_PG holds a connection string.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was stored is read back without the store: through SQLite's own library, or by queries that the server answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/history.h"
#include "connectors/odbc/lock.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "connectors/odbc/store.h"
#include "engine/core/digest.h"

#define RUN_A "0192f000-0000-7000-8000-00000000000a"
#define RUN_B "0192f000-0000-7000-8000-00000000000b"
#define RUN_C "0192f001-0000-7000-8000-00000000000c"

enum { ANSWER_MAX = 128 * 1024, HOLDER_WAIT_S = 20 };

struct place {
	bool postgresql;
	char folder[64];
	char database[128];
	char connect[1024];
};

static const struct step_key jobs = { .pipeline = "hire", .step = "load", .table_name = "jobs", .partitions = 1 };
static const struct step_key people = { .pipeline = "hire", .step = "people", .table_name = "people", .partitions = 1 };

/* ---- a fresh database for each test ---- */

static int sqlite_setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	*state = place;
	snprintf(place->folder, sizeof place->folder, "/tmp/penstock-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->database, sizeof place->database, "%s/state.db", place->folder);
	snprintf(place->connect, sizeof place->connect, "Driver=SQLite3;Database=%s", place->database);
	return 0;
}

static int sqlite_teardown(void **state)
{
	struct place *place = *state;
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
static void server_database(const char *name, char *out, size_t size)
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

static int postgresql_setup(void **state)
{
	static int number;
	struct place *place;
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

static int postgresql_teardown(void **state)
{
	struct place *place = *state;
	char sql[256];

	if (!place)
		return 0;
	snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", place->database);
	run_on(getenv("PENSTOCK_TEST_PG"), sql);
	free(place);
	return 0;
}

static struct place *place_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* ---- asking the database without the store ---- */

static void sql_do(const struct place *place, const char *sql)
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
static const char *sql_ask(const struct place *place, const char *sql)
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

/* ---- the store ---- */

static struct store_target target_of(const struct place *place, const char *run_id)
{
	return (struct store_target){
		.name = "test",
		.connect = place->connect,
		.lock_timeout_ms = 10000,
		.run_id = run_id,
	};
}

static struct store *store_at(const struct store_target *target)
{
	struct error error = ERROR_INIT;
	struct store *store = NULL;

	if (odbc_store_ops.open(target, &store, &error))
		fail_msg("open: %s", error.message);
	assert_ptr_equal(store->ops, &odbc_store_ops);
	return store;
}

static struct run_record run_of(const char *run_id, const char *pipeline)
{
	return (struct run_record){
		.run_id = run_id,
		.kind = "run",
		.pipeline = pipeline,
		.status = "running",
		.started_at = INT64_C(1636253322123456), /* 2021-11-07T02:48:42.123456Z */
	};
}

static struct store *begun(const struct place *place, const char *run_id)
{
	struct store_target target = target_of(place, run_id);
	struct run_record run = run_of(run_id, "hire");
	struct store *store = store_at(&target);
	struct error error = ERROR_INIT;

	if (odbc_store_ops.run_begin(store, &run, &error))
		fail_msg("run_begin: %s", error.message);
	return store;
}

static struct error trouble;

/* For calls that must succeed. */
static struct error *clean(void)
{
	error_clear(&trouble);
	return &trouble;
}

#define good(call) \
	do { \
		if (call) \
			fail_msg("%s: %s", #call, trouble.message); \
	} while (0)

static struct checkpoint claimed(struct store *store, const struct step_key *key, const char *run_id)
{
	struct checkpoint checkpoint;

	good(odbc_store_ops.claim(store, key, run_id, &checkpoint, clean()));
	return checkpoint;
}

/* A checkpoint in which every field says something. */
static struct checkpoint example(const char *run_id, int64_t epoch)
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
		.load_judged = 200,
		.load_rejected = 19,
	};

	snprintf(checkpoint.run_id, sizeof checkpoint.run_id, "%s", run_id);
	checkpoint.counts.skipped[SKIP_BLANK] = 1;
	checkpoint.counts.skipped[SKIP_ALREADY_COMMITTED] = 10;
	return checkpoint;
}

static void commit(struct store *store, const struct step_key *key, const struct checkpoint *checkpoint,
	const struct file_record *file)
{
	good(odbc_store_ops.begin(store, clean()));
	good(odbc_store_ops.commit(store, key, checkpoint, file, clean()));
}

static struct text text_of(const char *string)
{
	return (struct text){ string, strlen(string) };
}

static struct reject reject_of(uint64_t number, const char *rule, const char *record)
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

static void add_reject(struct store *store, const struct step_key *key, const char *run_id, const struct reject *reject,
	bool published)
{
	good(odbc_store_ops.reject(store, key, run_id, reject, published, clean()));
}

/* ---- names and times ---- */

/* From Python: hashlib.sha256(b"8:penstock,4:hire,4:load,4:jobs,").hexdigest()[:16], and so on. */
static void lock_names_are_hashes(void **state)
{
	const char *const step[] = { "hire", "load", "jobs" };
	const char *const run[] = { "run:0192f000-0000-7000-8000-000000000001" };
	const char *const shifted[] = { "a", "bc", "" };
	uint64_t lock;

	(void)state;
	good(lock_name(step, 3, &lock, clean()));
	assert_true(lock == UINT64_C(0x84347c32cd1edd4d));
	good(lock_name(run, 1, &lock, clean()));
	assert_true(lock == UINT64_C(0x2ea4442b27de6bc5));
	good(lock_name(shifted, 3, &lock, clean()));
	assert_true(lock == UINT64_C(0x9f123b55a1267451));
}

/* From `date -u -d @SECONDS`. */
static void times_are_texts(void **state)
{
	static const struct {
		int64_t micros;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ INT64_C(1636253322123456), "2021-11-07T02:48:42.123456Z" },
		{ INT64_C(-1), "1969-12-31T23:59:59.999999Z" },
		{ INT64_C(951782400000001), "2000-02-29T00:00:00.000001Z" },
	};
	static const char *const wrong[] = { "", "2021-11-07 02:48:42.123456", "2021-02-30T00:00:00.000000Z",
		"2021-11-07T24:00:00.000000Z", "2021-11-07T02:48:42Z", "2021-11-07T02:48:42.123456+" };
	char text[STATE_TIME_SIZE];
	int64_t micros;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		state_time_text(cases[i].micros, text);
		assert_string_equal(text, cases[i].text);
		assert_true(state_time_parse(cases[i].text, &micros));
		assert_true(micros == cases[i].micros);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(state_time_parse(wrong[i], &micros));
}

/* ---- tables ---- */

/* Every column that the contract names. */
static const char *const contract_columns[] = {
	"SELECT count(*) FROM (SELECT reject_id, run_id, pipeline, step, table_name, source, record_no, line_no, byte_offset, field, code, "
	"rule, message, violations, record, published, attempts, rejected_at, resolved_run_id FROM penstock_rejects) t",
	"SELECT count(*) FROM (SELECT run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, rejected_rows, "
	"skipped_rows, exit_code, summary FROM penstock_runs) t",
	"SELECT count(*) FROM (SELECT pipeline, step, table_name, \"partition\", partitions, source, content_hash, \"position\", epoch, "
	"counts, state FROM penstock_checkpoints) t",
	"SELECT count(*) FROM penstock_files",
	"SELECT count(*) FROM (SELECT api_key, pipeline, idem_key, body_sha256, status, answer, created_at FROM penstock_idempotency) t",
	"SELECT count(*) FROM (SELECT version FROM penstock_meta) t",
};
enum { CONTRACT_TABLES = sizeof contract_columns / sizeof *contract_columns };

static void tables_are_made_once(void **state)
{
	struct place *place = place_of(state);

	odbc_store_ops.close(begun(place, RUN_A));
	odbc_store_ops.close(begun(place, RUN_B));
	for (size_t i = 0; i < CONTRACT_TABLES; i++)
		assert_string_not_equal(sql_ask(place, contract_columns[i]), "");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "1");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_meta"), "1");
}

/* The printed script alone makes what the store needs; twice does no harm. */
static void ddl_is_enough(void **state)
{
	struct place *place = place_of(state);
	struct buffer ddl;

	buffer_init(&ddl, 1 << 20);
	good(state_ddl(dialect_find(place->postgresql ? "postgresql" : "sqlite"), NULL, &ddl, clean()));
	sql_do(place, buffer_text(&ddl));
	sql_do(place, buffer_text(&ddl));
	buffer_fini(&ddl);
	for (size_t i = 0; i < CONTRACT_TABLES; i++)
		assert_string_not_equal(sql_ask(place, contract_columns[i]), "");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_meta"), "1");
	odbc_store_ops.close(begun(place, RUN_A));
}

static void newer_tables_are_refused(void **state)
{
	struct place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct error error = ERROR_INIT;
	struct history *history = NULL;
	struct store *store;

	odbc_store_ops.close(begun(place, RUN_A));
	sql_do(place, "UPDATE penstock_meta SET version = 2");
	store = store_at(&target);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "version 2"));
	odbc_store_ops.close(store);
	error_clear(&error);
	assert_int_equal(history_open(&target, &history, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs"), "1");
}

static void upgrades_are_steps(void **state)
{
	static const char *const second[] = { "ALTER TABLE {runs} ADD COLUMN colour integer", NULL };
	static const char *const third[] = { "UPDATE {runs} SET colour = 7", "UPDATE {runs} SET {\"status\"} = 'failed'", NULL };
	static const char *const wrong[] = { "UPDATE {runs} SET colour = 8", "UPDATE {runs} SET nothing = 1", NULL };
	static const struct state_step steps[] = { { 2, second }, { 3, third }, { 0, NULL } };
	static const struct state_step bad[] = { { 2, second }, { 3, third }, { 4, wrong }, { 0, NULL } };
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct session *session = odbc_store_session(store);
	struct error error = ERROR_INIT;
	struct state tables;

	good(state_init(&tables, session, NULL, clean()));
	good(session_begin(session, clean()));
	good(state_upgrade(&tables, steps, 1, clean()));
	good(session_commit(session, clean()));
	assert_string_equal(sql_ask(place, "SELECT colour FROM penstock_runs"), "7");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "3");
	good(session_begin(session, clean()));
	assert_int_equal(state_upgrade(&tables, bad, 3, &error), -1);
	session_rollback(session);
	assert_string_equal(sql_ask(place, "SELECT colour FROM penstock_runs"), "7");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "3");
	odbc_store_ops.close(store);
}

static void schema_moves_the_tables(void **state)
{
	struct place *place = place_of(state);
	struct store_target target = target_of(place, RUN_A);
	struct run_record run = run_of(RUN_A, "hire");
	struct error error = ERROR_INIT;
	struct store *store = NULL;

	target.state_schema = "et\"l{x}";
	if (!place->postgresql) {
		assert_int_equal(odbc_store_ops.open(&target, &store, &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		return;
	}
	store = store_at(&target);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "does not exist"));
	sql_do(place, "CREATE SCHEMA \"et\"\"l{x}\"");
	good(odbc_store_ops.run_begin(store, &run, clean()));
	claimed(store, &jobs, RUN_A);
	odbc_store_ops.close(store);
	assert_string_equal(sql_ask(place, "SELECT string_agg(schemaname, ',') FROM pg_tables WHERE tablename LIKE 'penstock%'"),
		"et\"l{x},et\"l{x},et\"l{x},et\"l{x},et\"l{x},et\"l{x}");
	assert_string_equal(sql_ask(place, "SELECT run_id FROM \"et\"\"l{x}\".penstock_runs"), RUN_A);
}

/* PostgreSQL: a role that may read and write these tables but create nothing. */
static void no_create_right_is_needed(void **state)
{
	struct place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct error error = ERROR_INIT;
	char connect[1200], role[64], sql[512];
	struct store *store;

	if (!place->postgresql)
		skip();
	snprintf(role, sizeof role, "plain_%ld", (long)getpid());
	snprintf(sql, sizeof sql, "CREATE ROLE %s LOGIN PASSWORD 'secret'", role);
	sql_do(place, sql);
	server_database(place->database, connect, sizeof connect);
	*strstr(connect, "Uid=") = '\0';
	snprintf(connect + strlen(connect), sizeof connect - strlen(connect), "Uid=%s;Pwd=secret", role);
	target.connect = connect;

	store = store_at(&target);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	assert_non_null(strstr(error.message, "schema ddl --state"));
	odbc_store_ops.close(store);

	odbc_store_ops.close(begun(place, RUN_A));
	snprintf(sql, sizeof sql, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %s", role);
	sql_do(place, sql);
	store = store_at(&target);
	good(odbc_store_ops.run_begin(store, &run, clean()));
	claimed(store, &jobs, RUN_B);
	odbc_store_ops.close(store);
	snprintf(sql, sizeof sql, "DROP OWNED BY %s", role);
	sql_do(place, sql);
	snprintf(sql, sizeof sql, "DROP ROLE %s", role);
	sql_do(place, sql);
}

/* Ends when every child has; their exit codes are all 0. */
static void all_succeed(const pid_t *children, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = -1;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void several_may_make_the_tables(void **state)
{
	enum { CHILDREN = 4 };
	struct place *place = place_of(state);
	pid_t children[CHILDREN];

	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			char run_id[RUN_ID_SIZE];
			struct store_target target = target_of(place, run_id);
			struct run_record run = run_of(run_id, "hire");
			struct error error = ERROR_INIT;
			struct store *store = NULL;
			int failed;

			snprintf(run_id, sizeof run_id, "0192f000-0000-7000-8000-0000000000%02d", i);
			failed = odbc_store_ops.open(&target, &store, &error) || odbc_store_ops.run_begin(store, &run, &error);
			if (failed)
				fprintf(stderr, "# child %d: %s\n", i, error.message);
			odbc_store_ops.close(store);
			_exit(failed);
		}
	}
	all_succeed(children, CHILDREN);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs"), "4");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_meta"), "1");
}

/* ---- runs ---- */

static void run_is_recorded(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct run_record run = run_of(RUN_A, "hire");

	assert_string_equal(sql_ask(place, "SELECT status FROM penstock_runs WHERE run_id = '" RUN_A "' AND finished_at IS NULL "
					   "AND exit_code IS NULL AND kind = 'run' AND pipeline = 'hire'"),
		"running");
	assert_string_equal(sql_ask(place, place->postgresql
				? "SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM penstock_runs"
				: "SELECT started_at FROM penstock_runs"),
		place->postgresql ? "2021-11-07 02:48:42.123456" : "2021-11-07T02:48:42.123456Z");
	run.status = "rejected";
	run.finished_at = run.started_at + 1000000;
	run.counts = (struct counts){ .read = 10, .written = 7, .rejected = 1 };
	run.counts.skipped[SKIP_BLANK] = 2;
	run.exit_code = 3;
	run.summary = "{\"run_id\":\"x\"}";
	good(odbc_store_ops.run_end(store, &run, clean()));
	odbc_store_ops.close(store);
	assert_string_equal(sql_ask(place, "SELECT status || ' ' || read_rows || ' ' || written_rows || ' ' || rejected_rows || ' ' || "
					   "skipped_rows || ' ' || exit_code || ' ' || summary FROM penstock_runs"),
		"rejected 10 7 1 2 3 {\"run_id\":\"x\"}");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs WHERE finished_at > started_at"), "1");
}

/* Runs body in a child that then waits to be killed; returns when the body has ended. */
static pid_t victim(const struct place *place, void (*body)(const struct place *place))
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

static void kill_victim(pid_t child)
{
	int status;

	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* A server needs a moment to see that its client is gone. */
static void claim_soon(struct store *store, const struct step_key *key, const char *run_id, struct checkpoint *out)
{
	const struct timespec pause_ = { .tv_nsec = 20000000 };
	struct error error = ERROR_INIT;

	for (int i = 0; i < HOLDER_WAIT_S * 50; i++) {
		error_clear(&error);
		if (odbc_store_ops.claim(store, key, run_id, out, &error) == 0)
			return;
		assert_int_equal(error.kind, ERROR_BUSY);
		nanosleep(&pause_, NULL);
	}
	fail_msg("still held: %s", error.message);
}

static void die_while_running(const struct place *place)
{
	struct store *store = begun(place, RUN_A);
	struct checkpoint checkpoint = claimed(store, &jobs, RUN_A), other = claimed(store, &people, RUN_A);

	checkpoint = example(RUN_A, checkpoint.epoch);
	commit(store, &jobs, &checkpoint, NULL);
	other = example(RUN_A, other.epoch);
	other.counts = (struct counts){ .read = 5, .written = 4, .rejected = 1 };
	commit(store, &people, &other, NULL);
	good(odbc_store_ops.begin(store, clean())); /* never committed */
}

static void dead_runs_are_marked(void **state)
{
	struct place *place = place_of(state);
	struct store_target target;
	struct run_record run = run_of(RUN_C, "other");
	struct store *live, *other;
	pid_t child = victim(place, die_while_running);

	/* Of another pipeline: marked by that one alone. */
	target = target_of(place, RUN_C);
	other = store_at(&target);
	kill_victim(child);
	good(odbc_store_ops.run_begin(other, &run, clean()));
	odbc_store_ops.close(other);
	assert_string_equal(sql_ask(place, "SELECT status FROM penstock_runs WHERE run_id = '" RUN_A "'"), "running");

	if (place->postgresql)
		sleep(1); /* until the server has seen it */
	live = begun(place, RUN_B);
	assert_string_equal(sql_ask(place, "SELECT status || ' ' || read_rows || ' ' || written_rows || ' ' || rejected_rows || ' ' || "
					   "skipped_rows FROM penstock_runs WHERE exit_code IS NULL AND finished_at IS NOT NULL "
					   "AND run_id = '" RUN_A "'"),
		"interrupted 105 84 10 11");
	/* B lives: it stays. */
	odbc_store_ops.close(begun(place, "0192f000-0000-7000-8000-0000000000ff"));
	assert_string_equal(sql_ask(place, "SELECT status FROM penstock_runs WHERE run_id = '" RUN_B "'"), "running");
	assert_string_equal(sql_ask(place, "SELECT status FROM penstock_runs WHERE run_id = '" RUN_C "'"), "running");
	odbc_store_ops.close(live);
}

/* A try that was rolled back is begun again under its id. */
static void run_may_begin_again(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);

	odbc_store_ops.close(store);
	store = begun(place, RUN_A);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs WHERE status = 'running'"), "1");
	odbc_store_ops.close(store);
}

/* ---- checkpoints ---- */

static void checkpoint_comes_back(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct checkpoint first = claimed(store, &jobs, RUN_A), written, back;

	assert_int_equal(first.state, CHECKPOINT_NONE);
	assert_int_equal(first.epoch, 1);
	assert_string_equal(first.position.token, "");
	written = example(RUN_A, first.epoch);
	commit(store, &jobs, &written, NULL);
	commit(store, &jobs, &written, NULL);
	odbc_store_ops.close(store);

	store = begun(place, RUN_B);
	back = claimed(store, &jobs, RUN_B);
	assert_int_equal(back.epoch, 2);
	assert_string_equal(back.run_id, RUN_A); /* whose counts they are, until the next commit */
	written.epoch = 2;
	assert_int_equal(back.state, written.state);
	assert_string_equal(back.source, written.source);
	assert_string_equal(back.position.token, written.position.token);
	assert_string_equal(back.position.hash, written.position.hash);
	assert_string_equal(back.step_hash, written.step_hash);
	assert_string_equal(back.dictionary_hash, written.dictionary_hash);
	assert_memory_equal(&back.counts, &written.counts, sizeof back.counts);
	assert_true(back.load_judged == 200 && back.load_rejected == 19);
	assert_string_equal(sql_ask(place, "SELECT claimed_by FROM penstock_checkpoints"), RUN_B);
	assert_int_equal(claimed(store, &people, RUN_B).epoch, 1);
	odbc_store_ops.close(store);
}

static void a_stale_epoch_is_fenced(void **state)
{
	struct place *place = place_of(state);
	struct store *store;
	struct checkpoint checkpoint;
	struct reject reject = reject_of(1, "jobs.id.type", "x");
	struct file_record file = { .run_id = RUN_A, .path = "a", .size = 1, .hash = "00", .loaded_at = 1 };
	struct error error = ERROR_INIT;

	sql_do(place, "CREATE TABLE jobs (id integer)");
	store = begun(place, RUN_A);
	checkpoint = claimed(store, &jobs, RUN_A);
	checkpoint = example(RUN_A, checkpoint.epoch);
	sql_do(place, "UPDATE penstock_checkpoints SET epoch = epoch + 1"); /* somebody else claimed it */
	good(odbc_store_ops.begin(store, clean()));
	good(session_execute(odbc_store_session(store), "INSERT INTO jobs VALUES (1)", clean()));
	add_reject(store, &jobs, RUN_A, &reject, true);
	assert_int_equal(odbc_store_ops.commit(store, &jobs, &checkpoint, &file, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_false(error.retry);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM jobs"), "0");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects"), "0");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_files"), "0");
	/* The store is usable. */
	checkpoint = claimed(store, &jobs, RUN_A);
	assert_int_equal(checkpoint.epoch, 3);
	checkpoint = example(RUN_A, 3);
	commit(store, &jobs, &checkpoint, NULL);
	odbc_store_ops.close(store);
}

static void forget_keeps_the_epoch(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct checkpoint checkpoint = claimed(store, &jobs, RUN_A), other = claimed(store, &people, RUN_A);
	struct file_record file = { .run_id = RUN_A, .path = "a", .size = 1, .hash = "00", .loaded_at = 1 };

	checkpoint = example(RUN_A, checkpoint.epoch);
	commit(store, &jobs, &checkpoint, &file);
	other = example(RUN_A, other.epoch);
	commit(store, &people, &other, &file);
	good(odbc_store_ops.forget(store, &jobs, clean()));
	checkpoint = claimed(store, &jobs, RUN_A);
	assert_int_equal(checkpoint.epoch, 2);
	assert_int_equal(checkpoint.state, CHECKPOINT_NONE);
	assert_string_equal(checkpoint.position.token, "");
	assert_string_equal(checkpoint.source, "");
	assert_true(checkpoint.counts.read == 0 && checkpoint.load_judged == 0 && checkpoint.load_rejected == 0);
	assert_string_equal(sql_ask(place, "SELECT step FROM penstock_files"), "people");
	assert_int_equal(claimed(store, &people, RUN_A).state, CHECKPOINT_OPEN);
	odbc_store_ops.close(store);
}

/* ---- locks ---- */

static void two_stores_exclude_each_other(void **state)
{
	struct place *place = place_of(state);
	struct store *a = begun(place, RUN_A), *b = begun(place, RUN_B);
	struct error error = ERROR_INIT;
	struct checkpoint checkpoint;
	char host[256] = "", process[64];

	claimed(a, &jobs, RUN_A);
	assert_int_equal(odbc_store_ops.claim(b, &jobs, RUN_B, &checkpoint, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	gethostname(host, sizeof host - 1);
	snprintf(process, sizeof process, "process %ld", (long)getpid());
	assert_non_null(strstr(error.message, "run " RUN_A));
	assert_non_null(strstr(error.message, host));
	assert_non_null(strstr(error.message, process));
	assert_non_null(strstr(error.message, "since 20"));
	assert_non_null(strstr(error.message, "\"load\""));
	claimed(b, &people, RUN_B);
	assert_int_equal(claimed(a, &jobs, RUN_A).epoch, 2); /* its own */
	odbc_store_ops.release(a, &jobs);
	assert_int_equal(claimed(b, &jobs, RUN_B).epoch, 3);
	odbc_store_ops.close(b);
	assert_int_equal(claimed(a, &jobs, RUN_A).epoch, 4);
	odbc_store_ops.close(a);
}

static void hold_the_step(const struct place *place)
{
	claimed(begun(place, RUN_A), &jobs, RUN_A);
}

static void a_killed_holder_lets_go(void **state)
{
	struct place *place = place_of(state);
	pid_t child = victim(place, hold_the_step);
	struct store *store = begun(place, RUN_B);
	struct error error = ERROR_INIT;
	struct checkpoint checkpoint;
	char process[64];

	assert_int_equal(odbc_store_ops.claim(store, &jobs, RUN_B, &checkpoint, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	snprintf(process, sizeof process, "process %ld", (long)child);
	assert_non_null(strstr(error.message, RUN_A));
	assert_non_null(strstr(error.message, process));
	kill_victim(child);
	claim_soon(store, &jobs, RUN_B, &checkpoint);
	assert_int_equal(checkpoint.epoch, 2);
	odbc_store_ops.close(store);
}

/* While its holder has a transaction open, the second must be turned away at once, not wait for the database. */
static void busy_is_said_at_once(void **state)
{
	struct place *place = place_of(state);
	struct store *a = begun(place, RUN_A), *b;
	struct store_target target = target_of(place, RUN_B);
	struct error error = ERROR_INIT;
	struct checkpoint checkpoint;
	time_t began;

	b = begun(place, RUN_B);
	claimed(a, &jobs, RUN_A);
	good(odbc_store_ops.begin(a, clean()));
	began = time(NULL);
	assert_int_equal(odbc_store_ops.claim(b, &jobs, RUN_B, &checkpoint, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_true(time(NULL) - began < target.lock_timeout_ms / 2000);
	odbc_store_ops.rollback(a);
	odbc_store_ops.close(a);
	odbc_store_ops.close(b);
}

/* PostgreSQL: a connection that the server still believes in, of this very run, is ended. */
static void own_lost_session_is_ended(void **state)
{
	struct place *place = place_of(state);
	struct store *lost, *again;

	if (!place->postgresql)
		skip();
	lost = begun(place, RUN_A);
	claimed(lost, &jobs, RUN_A);
	good(odbc_store_ops.begin(lost, clean()));
	again = begun(place, RUN_A);
	assert_int_equal(claimed(again, &jobs, RUN_A).epoch, 2);
	odbc_store_ops.close(lost);
	odbc_store_ops.close(again);
}

static void lost_connection_may_be_tried_again(void **state)
{
	struct place *place = place_of(state);
	struct store *store;
	struct checkpoint checkpoint;
	struct reject reject = reject_of(1, "jobs.id.type", "x");
	struct error error = ERROR_INIT;

	if (!place->postgresql)
		skip();
	store = begun(place, RUN_A);
	checkpoint = claimed(store, &jobs, RUN_A);
	checkpoint = example(RUN_A, checkpoint.epoch);
	good(odbc_store_ops.begin(store, clean()));
	add_reject(store, &jobs, RUN_A, &reject, true);
	sql_do(place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'penstock " RUN_A "'");
	assert_int_equal(odbc_store_ops.commit(store, &jobs, &checkpoint, NULL, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	assert_true(error.retry);
	odbc_store_ops.close(store);
	store = begun(place, RUN_A);
	assert_int_equal(claimed(store, &jobs, RUN_A).state, CHECKPOINT_NONE);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects"), "0");
	odbc_store_ops.close(store);
}

/* SQLite: another connection holds the database for longer than lock_timeout. */
static void locked_database_is_an_error(void **state)
{
	struct place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct error error = ERROR_INIT;
	struct store *store;
	sqlite3 *other;

	if (place->postgresql)
		skip();
	odbc_store_ops.close(begun(place, RUN_A));
	target.lock_timeout_ms = 300;
	store = store_at(&target);
	assert_int_equal(sqlite3_open(place->database, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	assert_non_null(strstr(error.message, "locked"));
	assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	good(odbc_store_ops.run_begin(store, &run, clean()));
	odbc_store_ops.close(store);
}

/* SQLite: many locks in one file, and more than its lines can name, are all locks. */
static void many_steps_are_many_locks(void **state)
{
	enum { STEPS = 200 };
	struct place *place = place_of(state);
	struct store *a = begun(place, RUN_A), *b = begun(place, RUN_B);
	struct checkpoint checkpoint;
	char name[16];
	struct step_key key = { .pipeline = "hire", .step = name, .table_name = "t", .partitions = 1 };

	good(odbc_store_ops.begin(a, clean()));
	odbc_store_ops.rollback(a);
	for (int i = 0; i < STEPS; i++) {
		snprintf(name, sizeof name, "step%d", i);
		claimed(a, &key, RUN_A);
	}
	for (int i = 0; i < STEPS; i++) {
		struct error error = ERROR_INIT;

		snprintf(name, sizeof name, "step%d", i);
		assert_int_equal(odbc_store_ops.claim(b, &key, RUN_B, &checkpoint, &error), -1);
		assert_int_equal(error.kind, ERROR_BUSY);
		assert_non_null(strstr(error.message, "is held by"));
		assert_null(strstr(error.message, RUN_B));
	}
	odbc_store_ops.close(a);
	odbc_store_ops.close(b);
}

/* ---- rejects ---- */

static void hex_of(const char *data, size_t length, char *out)
{
	for (size_t i = 0; i < length; i++)
		sprintf(out + 2 * i, "%02X", (unsigned char)data[i]);
}

static void hostile_texts_come_back(void **state)
{
	static const char hostile[] = "a'b\"c;--\\ \\x00 %s {x} ? $1 :y @z\r\n\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf ";
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct checkpoint checkpoint = claimed(store, &jobs, RUN_A);
	struct reject reject = reject_of(7, "jobs.id.type", hostile);
	char *large = malloc(REJECT_RECORD_MAX), hash[SHA256_HEX_SIZE], hex[2 * sizeof hostile] = "";

	assert_non_null(large);
	for (size_t i = 0; i < REJECT_RECORD_MAX; i += 4)
		memcpy(large + i, "\xf0\x9f\x90\x98", 4);
	good(odbc_store_ops.begin(store, clean()));
	reject.source = reject.message = reject.violations = text_of(hostile);
	reject.field = text_of("");
	add_reject(store, &jobs, RUN_A, &reject, true);
	reject.record_no = 8;
	reject.record = (struct text){ large, REJECT_RECORD_MAX };
	reject.violations = (struct text){ large, REJECT_RECORD_MAX };
	reject.field = text_of("region+id");
	add_reject(store, &jobs, RUN_A, &reject, false);
	reject.record_no = 9;
	reject.record = text_of("");
	add_reject(store, &jobs, RUN_A, &reject, true);
	checkpoint = example(RUN_A, checkpoint.epoch);
	good(odbc_store_ops.commit(store, &jobs, &checkpoint, NULL, clean()));
	odbc_store_ops.close(store);

	hex_of(hostile, sizeof hostile - 1, hex);
	for (const char *const *column = (const char *const[]){ "source", "message", "violations", "record", NULL }; *column; column++) {
		char sql[256];

		snprintf(sql, sizeof sql,
			place->postgresql ? "SELECT upper(encode(convert_to(%s, 'UTF8'), 'hex')) FROM penstock_rejects WHERE record_no = 7"
					  : "SELECT hex(%s) FROM penstock_rejects WHERE record_no = 7",
			*column);
		assert_string_equal(sql_ask(place, sql), hex);
	}
	if (place->postgresql) {
		digest_of(large, REJECT_RECORD_MAX, hash);
		assert_string_equal(sql_ask(place, "SELECT encode(sha256(convert_to(record, 'UTF8')), 'hex') FROM penstock_rejects "
						   "WHERE record_no = 8 AND record = violations"),
			hash);
	} else {
		const char *back = sql_ask(place, "SELECT record FROM penstock_rejects WHERE record_no = 8 AND record = violations");

		assert_int_equal(strlen(back), REJECT_RECORD_MAX);
		assert_memory_equal(back, large, REJECT_RECORD_MAX);
	}
	assert_string_equal(sql_ask(place, "SELECT run_id || ' ' || pipeline || ' ' || step || ' ' || table_name || ' ' || line_no || ' ' || "
					   "byte_offset || ' ' || code || ' ' || rule || ' ' || published || ' ' || attempts "
					   "FROM penstock_rejects WHERE record_no = 7 AND field IS NULL AND resolved_run_id IS NULL "
					   "AND rejected_at IS NOT NULL"),
		RUN_A " hire load jobs 8 70 type-error jobs.id.type 1 1");
	assert_string_equal(sql_ask(place, "SELECT field || published FROM penstock_rejects WHERE record_no = 8"), "region+id0");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects WHERE record_no = 9 AND record = ''"), "1");
	free(large);
}

static void rejects_keep_their_order(void **state)
{
	enum { REJECTS = 1000 };
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct checkpoint checkpoint = claimed(store, &jobs, RUN_A);
	struct reject reject;

	checkpoint = example(RUN_A, checkpoint.epoch);
	good(odbc_store_ops.begin(store, clean()));
	for (uint64_t i = 1; i <= REJECTS; i++) {
		reject = reject_of(i, "jobs.id.type", "one,two");
		add_reject(store, &jobs, RUN_A, &reject, true);
	}
	good(odbc_store_ops.commit(store, &jobs, &checkpoint, NULL, clean()));
	/* What is rolled back leaves nothing behind, neither written nor waiting. */
	good(odbc_store_ops.begin(store, clean()));
	for (uint64_t i = 1; i <= 100; i++)
		add_reject(store, &jobs, RUN_A, &reject, true);
	odbc_store_ops.rollback(store);
	commit(store, &jobs, &checkpoint, NULL);
	odbc_store_ops.close(store);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects"), "1000");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects a JOIN penstock_rejects b ON b.reject_id = a.reject_id + 1 "
					   "AND b.record_no = a.record_no + 1"),
		"999");
}

static void unpublished_rejects_are_replaced(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct reject reject = reject_of(1, "jobs.id.type", "x");

	good(odbc_store_ops.begin(store, clean()));
	add_reject(store, &jobs, RUN_A, &reject, false);
	add_reject(store, &jobs, RUN_A, &reject, true);
	add_reject(store, &people, RUN_A, &reject, false);
	good(odbc_store_ops.commit(store, &jobs, NULL, NULL, clean()));
	good(odbc_store_ops.begin(store, clean()));
	good(odbc_store_ops.drop_unpublished(store, &jobs, clean()));
	reject.record_no = 2;
	add_reject(store, &jobs, RUN_B, &reject, false);
	good(odbc_store_ops.commit(store, &jobs, NULL, NULL, clean()));
	odbc_store_ops.close(store);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects"), "3");
	assert_string_equal(sql_ask(place, "SELECT record_no FROM penstock_rejects WHERE step = 'load' AND published = 0"), "2");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects WHERE step = 'people' AND published = 0"), "1");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_rejects WHERE step = 'load' AND published = 1"), "1");
}

/* ---- files ---- */

static void expect_file(struct store *store, const struct step_key *key, const char *path, uint64_t size, int64_t mtime,
	const char *hash, const char *run_id, bool same_size)
{
	struct source_identity identity = { .known = true, .size = size, .mtime_ns = mtime };
	struct file_record record;
	bool found, same;

	snprintf(identity.path, sizeof identity.path, "%s", path);
	snprintf(identity.hash, sizeof identity.hash, "%s", hash);
	good(odbc_store_ops.find_file(store, key, &identity, &record, &found, &same, clean()));
	assert_int_equal(found, run_id != NULL);
	assert_int_equal(same, same_size);
	if (run_id)
		assert_string_equal(record.run_id, run_id);
}

static void files_are_known_by_content(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct file_record file = { .run_id = RUN_A, .path = "data/A b'c.csv", .size = INT64_C(5000000000),
		.mtime_ns = INT64_C(1636253322123456789), .hash = "aa11", .records = 1999, .loaded_at = INT64_C(1636253322123456) },
			   back;
	struct source_identity identity = { .known = true, .size = file.size, .hash = "aa11" };
	bool found, same;

	expect_file(store, &jobs, file.path, file.size, file.mtime_ns, "", NULL, false);
	good(odbc_store_ops.begin(store, clean()));
	good(odbc_store_ops.commit(store, &jobs, NULL, &file, clean()));
	expect_file(store, &jobs, file.path, file.size, file.mtime_ns, "", RUN_A, true);
	expect_file(store, &jobs, file.path, file.size, file.mtime_ns + 1, "", NULL, true);
	expect_file(store, &jobs, "data/a b'c.csv", file.size, file.mtime_ns, "", NULL, true);
	expect_file(store, &jobs, file.path, file.size + 1, file.mtime_ns, "", NULL, false);
	expect_file(store, &jobs, "other", file.size, 0, "aa11", RUN_A, true);
	expect_file(store, &jobs, "other", file.size, 0, "aa12", NULL, true);
	expect_file(store, &jobs, "other", file.size + 1, 0, "aa11", NULL, false);
	expect_file(store, &people, file.path, file.size, file.mtime_ns, "", NULL, false);
	good(odbc_store_ops.find_file(store, &jobs, &identity, &back, &found, &same, clean()));
	assert_true(found);
	assert_string_equal(back.path, file.path);
	assert_string_equal(back.hash, "aa11");
	assert_true(back.size == file.size && back.mtime_ns == file.mtime_ns && back.records == 1999 &&
		back.loaded_at == file.loaded_at);
	/* Loaded again: the later run is named, and the table does not grow. */
	snprintf(file.run_id, sizeof file.run_id, "%s", RUN_B);
	good(odbc_store_ops.begin(store, clean()));
	good(odbc_store_ops.commit(store, &jobs, NULL, &file, clean()));
	expect_file(store, &jobs, file.path, file.size, file.mtime_ns, "", RUN_B, true);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_files"), "1");
	odbc_store_ops.close(store);
}

/* ---- read only ---- */

static void read_only_writes_nothing(void **state)
{
	struct place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct source_identity identity = { .known = true, .path = "a", .size = 1, .mtime_ns = 1 };
	struct checkpoint checkpoint;
	struct file_record record;
	struct store *store;
	bool found, same;

	target.read_only = true;
	for (int round = 0; round < 2; round++) {
		store = store_at(&target);
		good(odbc_store_ops.run_begin(store, &run, clean()));
		good(odbc_store_ops.claim(store, &jobs, RUN_B, &checkpoint, clean()));
		good(odbc_store_ops.find_file(store, &jobs, &identity, &record, &found, &same, clean()));
		assert_int_equal(found, round == 1);
		assert_int_equal(checkpoint.state, round == 1 ? CHECKPOINT_OPEN : CHECKPOINT_NONE);
		odbc_store_ops.release(store, &jobs);
		good(odbc_store_ops.run_end(store, &run, clean()));
		odbc_store_ops.close(store);
		if (round == 0) {
			struct file_record file = { .run_id = RUN_A, .path = "a", .size = 1, .mtime_ns = 1, .hash = "00", .loaded_at = 1 };

			if (!place->postgresql)
				assert_int_equal(access(place->database, F_OK), -1);
			else
				assert_string_equal(
					sql_ask(place, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'penstock%'"), "0");
			store = begun(place, RUN_A);
			checkpoint = claimed(store, &jobs, RUN_A);
			checkpoint = example(RUN_A, checkpoint.epoch);
			commit(store, &jobs, &checkpoint, &file);
			odbc_store_ops.close(store);
		}
	}
	assert_string_equal(sql_ask(place, "SELECT epoch FROM penstock_checkpoints"), "1");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs"), "1");
}

/* SQLite in memory: nobody else can see it, so nothing needs a lock or a file. */
static void memory_needs_no_lock(void **state)
{
	struct store_target target = { .name = "test", .connect = "Driver=SQLite3;Database=:memory:", .lock_timeout_ms = 1000,
		.run_id = RUN_A };
	struct run_record run = run_of(RUN_A, "hire");
	struct checkpoint checkpoint;
	struct store *store;

	(void)state;
	store = store_at(&target);
	good(odbc_store_ops.run_begin(store, &run, clean()));
	checkpoint = claimed(store, &jobs, RUN_A);
	checkpoint = example(RUN_A, checkpoint.epoch);
	commit(store, &jobs, &checkpoint, NULL);
	good(odbc_store_ops.run_end(store, &run, clean()));
	odbc_store_ops.close(store);
	assert_int_equal(access(":memory:-penstock.lock", F_OK), -1);
}

/* ---- history ---- */

struct seen {
	size_t count, stop_at;
	char first[64], last[64];
	uint64_t numbers;
	struct history_run run;
	struct history_reject reject;
};

static int see_run(void *arg, const struct history_run *run)
{
	struct seen *seen = arg;

	snprintf(seen->count ? seen->last : seen->first, sizeof seen->first, "%s", run->run_id);
	if (seen->count && seen->count > 1)
		assert_true(strcmp(seen->last, seen->first) < 0);
	seen->run = *run;
	seen->count++;
	return seen->count == seen->stop_at;
}

static int see_reject(void *arg, const struct history_reject *reject)
{
	struct seen *seen = arg;

	if (!seen->count)
		seen->numbers = reject->record_no;
	else
		assert_true(reject->record_no > seen->reject.record_no);
	seen->reject = *reject;
	seen->count++;
	return seen->count == seen->stop_at;
}

static struct history *history_at(const struct place *place)
{
	struct store_target target = target_of(place, NULL);
	struct history *history = NULL;

	good(history_open(&target, &history, clean()));
	return history;
}

static void no_state_is_no_error(void **state)
{
	struct place *place = place_of(state);
	const struct history_run_filter all_runs = { .all = true };
	const struct history_reject_filter all = { .run = NULL }, latest = { .run = "latest" };
	struct history *history = history_at(place);
	struct seen seen = { .count = 0 };
	bool found = true;

	assert_true(history_absent(history));
	good(history_runs(history, &all_runs, see_run, &seen, clean()));
	good(history_rejects(history, &all, see_reject, &seen, clean()));
	good(history_rejects(history, &latest, see_reject, &seen, clean()));
	good(history_run(history, "latest", see_run, &seen, &found, clean()));
	assert_false(found);
	good(history_reject(history, 1, see_reject, &seen, &found, clean()));
	assert_false(found);
	assert_int_equal(seen.count, 0);
	history_close(history);
	if (!place->postgresql)
		assert_int_equal(access(place->database, F_OK), -1);
}

static void runs_are_listed_newest_first(void **state)
{
	enum { RUNS = 150 };
	struct place *place = place_of(state);
	struct history_run_filter filter = { .pipeline = NULL };
	struct error error = ERROR_INIT;
	struct history *history;
	struct seen seen;
	bool found;
	char sql[512];

	odbc_store_ops.close(begun(place, "0192f000-0000-7000-8000-000000009999"));
	for (int i = 0; i < RUNS; i++) {
		snprintf(sql, sizeof sql,
			"INSERT INTO penstock_runs VALUES ('0192f000-0000-7000-8000-%012d', '%s', '%s', 'succeeded', "
			"'2021-11-07T02:48:42.123456Z', '2021-11-07T02:48:43.000001Z', 10, 7, 1, 2, 0, '{}')",
			i, i % 10 == 0 ? "ingest" : "run", i % 2 ? "odd" : "even");
		sql_do(place, sql);
	}
	history = history_at(place);
	assert_false(history_absent(history));
	seen = (struct seen){ .count = 0 };
	good(history_runs(history, &filter, see_run, &seen, clean()));
	assert_int_equal(seen.count, 136); /* 150 less 15 of kind ingest, and the one begun here */
	assert_string_equal(seen.first, "0192f000-0000-7000-8000-000000009999");
	assert_string_equal(seen.last, "0192f000-0000-7000-8000-000000000001");
	filter.all = true;
	seen = (struct seen){ .count = 0 };
	good(history_runs(history, &filter, see_run, &seen, clean()));
	assert_int_equal(seen.count, 151);
	filter.pipeline = "odd";
	filter.limit = 70;
	seen = (struct seen){ .count = 0 };
	good(history_runs(history, &filter, see_run, &seen, clean()));
	assert_int_equal(seen.count, 70);
	assert_string_equal(seen.first, "0192f000-0000-7000-8000-000000000149");
	seen = (struct seen){ .stop_at = 3 };
	good(history_runs(history, &filter, see_run, &seen, clean()));
	assert_int_equal(seen.count, 3);

	seen = (struct seen){ .count = 0 };
	good(history_run(history, "0192F000-0000-7000-8000-0000000001490", see_run, &seen, &found, clean()));
	assert_false(found);
	good(history_run(history, "0192f000-0000-7000-8000-00000000014%", see_run, &seen, &found, clean()));
	assert_false(found);
	good(history_run(history, "0192F000-0000-7000-8000-000000000149", see_run, &seen, &found, clean()));
	assert_true(found);
	assert_string_equal(seen.first, "0192f000-0000-7000-8000-000000000149");
	assert_true(seen.run.started_at == INT64_C(1636253322123456) && seen.run.finished_at == INT64_C(1636253323000001));
	assert_true(seen.run.read == 10 && seen.run.written == 7 && seen.run.rejected == 1 && seen.run.skipped == 2);
	assert_true(seen.run.has_exit_code && seen.run.exit_code == 0);
	seen = (struct seen){ .count = 0 };
	good(history_run(history, "latest", see_run, &seen, &found, clean()));
	assert_true(found && !seen.run.has_exit_code && seen.run.finished_at == 0);
	assert_int_equal(history_run(history, "0192f", see_run, &seen, &found, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "several runs"));
	history_close(history);
}

static int see_rule(void *arg, const char *rule, uint64_t count)
{
	char *text = arg;

	snprintf(text + strlen(text), 256 - strlen(text), "%s=%" PRIu64 " ", rule, count);
	return 0;
}

static void rejects_are_listed_in_order(void **state)
{
	enum { REJECTS = 200 };
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct history_reject_filter filter = { .run = NULL };
	struct error error = ERROR_INIT;
	struct history *history;
	struct reject reject;
	struct seen seen;
	int64_t id;
	bool found;
	char rules[256] = "";

	good(odbc_store_ops.begin(store, clean()));
	for (uint64_t i = 1; i <= REJECTS; i++) {
		reject = reject_of(i, i % 4 ? "jobs.id.type" : "jobs.name.required", "1,\xc3\xa9");
		add_reject(store, i % 2 ? &jobs : &people, RUN_A, &reject, i != 1);
	}
	good(odbc_store_ops.commit(store, &jobs, NULL, NULL, clean()));
	odbc_store_ops.close(store);
	odbc_store_ops.close(begun(place, RUN_C));
	history = history_at(place);
	seen = (struct seen){ .count = 0 };
	good(history_rejects(history, &filter, see_reject, &seen, clean()));
	assert_int_equal(seen.count, REJECTS);
	assert_true(seen.numbers == 1 && seen.reject.record_no == 200);
	filter.offset = 150;
	filter.limit = 20;
	seen = (struct seen){ .count = 0 };
	good(history_rejects(history, &filter, see_reject, &seen, clean()));
	assert_int_equal(seen.count, 20);
	assert_true(seen.numbers == 151);
	filter = (struct history_reject_filter){ .run = "0192f000", .rule = "jobs.id.type", .table = "people" };
	seen = (struct seen){ .count = 0 };
	good(history_rejects(history, &filter, see_reject, &seen, clean()));
	assert_int_equal(seen.count, 50);
	id = seen.reject.reject_id;
	filter = (struct history_reject_filter){ .run = "latest" };
	seen = (struct seen){ .count = 0 };
	good(history_rejects(history, &filter, see_reject, &seen, clean()));
	assert_int_equal(seen.count, 0);
	filter.run = "ffff";
	assert_int_equal(history_rejects(history, &filter, see_reject, &seen, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	filter = (struct history_reject_filter){ .run = NULL };
	good(history_top(history, &filter, see_rule, rules, clean()));
	assert_string_equal(rules, "jobs.id.type=150 jobs.name.required=50 ");

	good(history_reject(history, id, see_reject, &seen, &found, clean()));
	assert_true(found);
	good(history_reject(history, -1, see_reject, &seen, &found, clean()));
	assert_false(found);
	history_close(history);
}

static int whole_reject(void *arg, const struct history_reject *reject)
{
	(void)arg;
	assert_string_equal(reject->run_id, RUN_A);
	assert_string_equal(reject->pipeline, "hire");
	assert_string_equal(reject->step, "load");
	assert_string_equal(reject->table_name, "jobs");
	assert_string_equal(reject->source, "data/jobs.csv");
	assert_true(reject->record_no == 5 && reject->line_no == 6 && reject->byte_offset == 50);
	assert_string_equal(reject->field, "");
	assert_string_equal(reject->code, "type-error");
	assert_string_equal(reject->rule, "jobs.id.type");
	assert_string_equal(reject->message, "not an integer");
	assert_int_equal(reject->violations.length, 2);
	assert_int_equal(reject->record.length, 3);
	assert_memory_equal(reject->record.data, "a\xc3\xa9", 4);
	assert_true(!reject->published && reject->attempts == 1);
	assert_true(reject->rejected_at > INT64_C(1600000000000000));
	assert_string_equal(reject->resolved_run_id, "");
	return 0;
}

static void a_reject_is_read_whole(void **state)
{
	struct place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	const struct history_reject_filter all = { .run = NULL };
	struct reject reject = reject_of(5, "jobs.id.type", "a\xc3\xa9");
	struct history *history;

	reject.field = text_of("");
	good(odbc_store_ops.begin(store, clean()));
	add_reject(store, &jobs, RUN_A, &reject, false);
	good(odbc_store_ops.commit(store, &jobs, NULL, NULL, clean()));
	odbc_store_ops.close(store);
	history = history_at(place);
	good(history_rejects(history, &all, whole_reject, NULL, clean()));
	history_close(history);
}

/* ---- all of them, on each database ---- */

#define ON(kind, test) \
	{ #kind ": " #test, test, kind##_setup, kind##_teardown, NULL }
#define BOTH(test) ON(sqlite, test), ON(postgresql, test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lock_names_are_hashes),
		cmocka_unit_test(times_are_texts),
		cmocka_unit_test(memory_needs_no_lock),
		BOTH(tables_are_made_once),
		BOTH(ddl_is_enough),
		BOTH(newer_tables_are_refused),
		BOTH(upgrades_are_steps),
		BOTH(schema_moves_the_tables),
		ON(postgresql, no_create_right_is_needed),
		BOTH(several_may_make_the_tables),
		BOTH(run_is_recorded),
		BOTH(dead_runs_are_marked),
		BOTH(run_may_begin_again),
		BOTH(checkpoint_comes_back),
		BOTH(a_stale_epoch_is_fenced),
		BOTH(forget_keeps_the_epoch),
		BOTH(two_stores_exclude_each_other),
		BOTH(a_killed_holder_lets_go),
		BOTH(busy_is_said_at_once),
		ON(postgresql, own_lost_session_is_ended),
		ON(postgresql, lost_connection_may_be_tried_again),
		ON(sqlite, locked_database_is_an_error),
		BOTH(many_steps_are_many_locks),
		BOTH(hostile_texts_come_back),
		BOTH(rejects_keep_their_order),
		BOTH(unpublished_rejects_are_replaced),
		BOTH(files_are_known_by_content),
		BOTH(read_only_writes_nothing),
		BOTH(no_state_is_no_error),
		BOTH(runs_are_listed_newest_first),
		BOTH(rejects_are_listed_in_order),
		BOTH(a_reject_is_read_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
