/* test_history.c - the readers of history: runs and rejects, in pages.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "connectors/odbc/history.h"
#include "tests/support/store_place.h"

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

static struct history *history_at(const struct store_place *place)
{
	struct store_target target = target_of(place, NULL);
	struct history *history = NULL;

	good(history_open(&target, &history, clean()));
	return history;
}

static void no_state_is_no_error(void **state)
{
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
	struct history_run_filter filter = { .pipeline = NULL };
	struct error error = ERROR_INIT;
	struct history *history;
	struct seen seen;
	bool found;
	char sql[512];

	odbc_store_ops.close(begun(place, "0192f000-0000-7000-8000-000000009999"));
	for (int i = 0; i < RUNS; i++) {
		snprintf(sql, sizeof sql,
			"INSERT INTO penstock_runs (run_id, kind, pipeline, status, started_at, finished_at, read_rows, written_rows, "
			"rejected_rows, skipped_rows, exit_code, summary) VALUES ('0192f000-0000-7000-8000-%012d', '%s', '%s', 'succeeded', "
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(no_state_is_no_error),
		BOTH(runs_are_listed_newest_first),
		BOTH(rejects_are_listed_in_order),
		BOTH(a_reject_is_read_whole),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
