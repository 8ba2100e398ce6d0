/* test_store_rows.c - the state store: rejects and loaded files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/state.h"
#include "engine/core/digest.h"
#include "tests/support/store_place.h"

/* ---- rejects ---- */

static void hex_of(const char *data, size_t length, char *out)
{
	for (size_t i = 0; i < length; i++)
		sprintf(out + 2 * i, "%02X", (unsigned char)data[i]);
}

static void hostile_texts_come_back(void **state)
{
	static const char hostile[] = "a'b\"c;--\\ \\x00 %s {x} ? $1 :y @z\r\n\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf ";
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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
	struct store_place *place = place_of(state);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(hostile_texts_come_back),
		BOTH(rejects_keep_their_order),
		BOTH(unpublished_rejects_are_replaced),
		BOTH(files_are_known_by_content),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
