/* test_store_locks.c - the state store: who may work on a step, and what becomes of the locks of the dead.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include "connectors/odbc/lock.h"
#include "connectors/odbc/session.h"
#include "tests/support/store_place.h"

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

static void two_stores_exclude_each_other(void **state)
{
	struct store_place *place = place_of(state);
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

/* SQLite: seen without the database, which its holder has locked against every reader. */
static void a_locked_database_hides_no_holder(void **state)
{
	struct store_place *place = place_of(state);
	struct store *a = begun(place, RUN_A), *b = NULL;
	struct store_target target = target_of(place, RUN_B);
	const struct step_key steps[] = { people, jobs };
	struct error error = ERROR_INIT;

	claimed(a, &jobs, RUN_A);
	good(odbc_store_ops.begin(a, clean()));
	good(session_execute(odbc_store_session(a), "PRAGMA locking_mode=EXCLUSIVE", clean()));
	good(odbc_store_ops.commit(a, &jobs, NULL, NULL, clean()));
	good(odbc_store_ops.begin(a, clean()));
	target.steps = steps;
	target.step_count = 2;
	assert_int_equal(odbc_store_ops.open(&target, &b, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_non_null(strstr(error.message, "run " RUN_A " since 20"));
	odbc_store_ops.rollback(a);
	odbc_store_ops.release(a, &jobs);
	target.step_count = 1; /* nobody holds that one: the database is locked, no more */
	error_clear(&error);
	target.lock_timeout_ms = 100;
	assert_int_equal(odbc_store_ops.open(&target, &b, &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	odbc_store_ops.close(a);
	b = store_at(&target);
	odbc_store_ops.close(b);
}

/* SQLite: the rival came after the session was opened. */
static void a_late_rival_is_named(void **state)
{
	struct store_place *place = place_of(state);
	struct store_target target = target_of(place, RUN_B);
	struct run_record run = run_of(RUN_B, "hire");
	struct error error = ERROR_INIT;
	struct store *a = begun(place, RUN_A), *b;

	target.steps = &jobs;
	target.step_count = 1;
	b = store_at(&target);
	claimed(a, &jobs, RUN_A);
	good(odbc_store_ops.begin(a, clean()));
	assert_int_equal(odbc_store_ops.run_begin(b, &run, &error), -1);
	assert_int_equal(error.kind, ERROR_BUSY);
	assert_non_null(strstr(error.message, "run " RUN_A " since 20"));
	odbc_store_ops.rollback(a);
	odbc_store_ops.release(a, &jobs);
	good(odbc_store_ops.run_begin(b, &run, clean()));
	claimed(b, &jobs, RUN_B);
	good(odbc_store_ops.run_begin(b, &run, clean())); /* its own claim is no rival */
	odbc_store_ops.close(a);
	odbc_store_ops.close(b);
}

static void hold_the_step(const struct store_place *place)
{
	claimed(begun(place, RUN_A), &jobs, RUN_A);
}

static void a_killed_holder_lets_go(void **state)
{
	struct store_place *place = place_of(state);
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
	/* At once, although a server needs a moment to see that its client is gone. */
	assert_int_equal(claimed(store, &jobs, RUN_B).epoch, 2);
	odbc_store_ops.close(store);
}

/* While its holder has a transaction open, the second must be turned away at once, not wait for the database. */
static void busy_is_said_at_once(void **state)
{
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lock_names_are_hashes),
		BOTH(two_stores_exclude_each_other),
		BOTH(a_killed_holder_lets_go),
		BOTH(busy_is_said_at_once),
		ON(sqlite, a_locked_database_hides_no_holder),
		ON(sqlite, a_late_rival_is_named),
		ON(postgresql, own_lost_session_is_ended),
		ON(postgresql, lost_connection_may_be_tried_again),
		ON(sqlite, locked_database_is_an_error),
		BOTH(many_steps_are_many_locks),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
