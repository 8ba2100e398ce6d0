/* test_store.c - the state store: its tables, runs and checkpoints.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connectors/odbc/dialect.h"
#include "connectors/odbc/history.h"
#include "connectors/odbc/session.h"
#include "connectors/odbc/state.h"
#include "tests/support/store_place.h"

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
	struct store_place *place = place_of(state);

	odbc_store_ops.close(begun(place, RUN_A));
	odbc_store_ops.close(begun(place, RUN_B));
	for (size_t i = 0; i < CONTRACT_TABLES; i++)
		assert_string_not_equal(sql_ask(place, contract_columns[i]), "");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "2");
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_meta"), "1");
}

/* The printed script alone makes what the store needs; twice does no harm. */
static void ddl_is_enough(void **state)
{
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct error error = ERROR_INIT;
	struct history *history = NULL;
	struct store *store;

	odbc_store_ops.close(begun(place, RUN_A));
	sql_do(place, "UPDATE penstock_meta SET version = 3");
	store = store_at(&target);
	assert_int_equal(odbc_store_ops.run_begin(store, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_non_null(strstr(error.message, "version 3"));
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
	static const struct state_step steps[] = { { .to = 3, .statements = second }, { .to = 4, .statements = third }, { .to = 0 } };
	static const struct state_step bad[] = { { .to = 3, .statements = second }, { .to = 4, .statements = third },
		{ .to = 5, .statements = wrong }, { .to = 0 } };
	struct store_place *place = place_of(state);
	struct store *store = begun(place, RUN_A);
	struct session *session = odbc_store_session(store);
	struct error error = ERROR_INIT;
	struct state tables;

	good(state_init(&tables, session, NULL, clean()));
	good(session_begin(session, clean()));
	good(state_upgrade(&tables, steps, 2, clean()));
	good(session_commit(session, clean()));
	assert_string_equal(sql_ask(place, "SELECT colour FROM penstock_runs"), "7");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "4");
	good(session_begin(session, clean()));
	assert_int_equal(state_upgrade(&tables, bad, 4, &error), -1);
	session_rollback(session);
	assert_string_equal(sql_ask(place, "SELECT colour FROM penstock_runs"), "7");
	assert_string_equal(sql_ask(place, "SELECT version FROM penstock_meta"), "4");
	odbc_store_ops.close(store);
}

static void schema_moves_the_tables(void **state)
{
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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

static void die_while_running(const struct store_place *place)
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
	struct store *store = begun(place, RUN_A);

	odbc_store_ops.close(store);
	store = begun(place, RUN_A);
	assert_string_equal(sql_ask(place, "SELECT count(*) FROM penstock_runs WHERE status = 'running'"), "1");
	odbc_store_ops.close(store);
}

/* ---- checkpoints ---- */

static void checkpoint_comes_back(void **state)
{
	struct store_place *place = place_of(state);
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
	assert_true(back.load_read == 210 && back.load_judged == 200 && back.load_rejected == 19);
	assert_string_equal(sql_ask(place, "SELECT claimed_by FROM penstock_checkpoints"), RUN_B);
	assert_int_equal(claimed(store, &people, RUN_B).epoch, 1);
	odbc_store_ops.close(store);
}

static void a_stale_epoch_is_fenced(void **state)
{
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	assert_true(checkpoint.counts.read == 0 && checkpoint.load_read == 0 && checkpoint.load_judged == 0 && checkpoint.load_rejected == 0);
	assert_string_equal(sql_ask(place, "SELECT step FROM penstock_files"), "people");
	assert_int_equal(claimed(store, &people, RUN_A).state, CHECKPOINT_OPEN);
	odbc_store_ops.close(store);
}

/* ---- read only ---- */

static void read_only_writes_nothing(void **state)
{
	struct store_place *place = place_of(state);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
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
		BOTH(read_only_writes_nothing),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
