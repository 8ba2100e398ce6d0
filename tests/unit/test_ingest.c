/* test_ingest.c - requests into SQLite and PostgreSQL: verdicts, keys, books, answers that are remembered, and databases that are away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/config/load.h"
#include "engine/core/clock.h"
#include "engine/core/digest.h"
#include "engine/core/uuid.h"
#include "engine/http/lanes.h"
#include "engine/http/rows.h"
#include "engine/http/verdict.h"
#include "tests/support/odbc_world.h"

static const char dictionary[] =
	"{\"name\": \"hr\", \"resources\": ["
	"{\"name\": \"departments\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"},"
	" {\"name\": \"department\", \"type\": \"string\", \"constraints\": {\"required\": true, \"maxLength\": 20}}], \"primaryKey\": \"id\"}},"
	"{\"name\": \"employees\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"},"
	" {\"name\": \"name\", \"type\": \"string\", \"constraints\": {\"required\": true}},"
	" {\"name\": \"hired\", \"type\": \"datetime\"}, {\"name\": \"wage\", \"type\": \"number\", \"precision\": 12, \"scale\": 2},"
	" {\"name\": \"department_id\", \"type\": \"integer\", \"constraints\": {\"required\": true}}], \"primaryKey\": \"id\","
	" \"uniqueKeys\": [[\"name\", \"hired\"]],"
	" \"foreignKeys\": [{\"fields\": \"department_id\", \"reference\": {\"resource\": \"departments\", \"fields\": \"id\"}}]}}]}";

/* A pipeline of requests on the world's database. */
struct kit {
	struct world *world;
	struct pipeline *pipeline;
	struct ingest_steps steps;
	struct cancel cancel;
};

static void kit_open_with(struct kit *kit, void **state, const char *tables, size_t count, const char *rules, const char *mode, int timeout_ms)
{
	static const char form[] =
		"{\"version\": 1, \"name\": \"ingest\", \"connections\": {\"db\": {\"type\": \"odbc\", \"connect\": \"%s\", \"lock_timeout\": "
		"\"%dms\"}}, \"state\": \"db\", \"steps\": [{\"name\": \"${table}\", \"for_each\": {\"table\": \"*\"}, \"source\": {\"type\": "
		"\"http\"}, \"rules\": {\"table\": \"${table}\"%s}, \"sink\": {\"type\": \"odbc\", \"connection\": \"db\", \"table\": "
		"\"${table}\", \"mode\": \"%s\", \"create\": true}}]}";
	struct diagnostics diagnostics;
	struct error error = ERROR_INIT;
	char text[8192];

	*kit = (struct kit){ .world = world_of(state) };
	snprintf(text, sizeof text, form, kit->world->connect, timeout_ms, rules, mode);
	diagnostics_init(&diagnostics);
	kit->pipeline = pipeline_load_text("ingest.json", text, tables, &diagnostics);
	if (!kit->pipeline && diagnostics_error_of(&diagnostics, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	diagnostics_fini(&diagnostics);
	if (ingest_steps_init(&kit->steps, pipeline_plan(kit->pipeline), &error) < 0)
		fail_msg("%s", error.message);
	assert_int_equal(kit->steps.count, count);
}

static void kit_open(struct kit *kit, void **state, const char *rules, const char *mode, int timeout_ms)
{
	kit_open_with(kit, state, dictionary, 2, rules, mode, timeout_ms);
}

static void kit_close(struct kit *kit)
{
	ingest_steps_fini(&kit->steps);
	pipeline_free(kit->pipeline);
}

/* A request with its rows, ready to be carried. */
struct sent {
	struct rows *rows;
	struct ingest_request request;
	char hash[SHA256_HEX_SIZE];
};

static void sent_open(struct sent *sent, struct kit *kit, const char *body)
{
	struct error error = ERROR_INIT;
	char detail[ROWS_DETAIL_MAX];

	sent->rows = rows_new(&kit->steps, &kit->cancel, &error);
	assert_non_null(sent->rows);
	if (rows_read(sent->rows, body, strlen(body), SIZE_MAX, detail, &error) != 0)
		fail_msg("%s%s", detail, error.message);
	assert_int_equal(ingest_request_init(&sent->request, rows_form(sent->rows), &error), 0);
	assert_int_equal(uuid_v7(sent->request.run_id, &error), 0);
	sent->request.started_at = clock_wall_us();
	sent->request.api_key = "";
	digest_of(body, strlen(body), sent->hash);
	sent->request.body_sha256 = sent->hash;
	sent->request.answer = verdict_write;
	sent->request.arg = &kit->steps;
}

static void sent_close(struct sent *sent)
{
	ingest_request_fini(&sent->request);
	rows_free(sent->rows);
}

static struct ingest_lane *lane_of(struct kit *kit)
{
	struct error error = ERROR_INIT;
	struct ingest_lane *lane = ingest_lane_open(&kit->steps, &kit->cancel, &error);

	if (!lane)
		fail_msg("%s: %s", error.place, error.message);
	return lane;
}

static void carry(struct ingest_lane *lane, struct ingest_request *const *requests, size_t count)
{
	struct error error = ERROR_INIT;

	if (ingest_begin(lane, &error) < 0)
		fail_msg("%s", error.message);
	for (size_t i = 0; i < count; i++)
		if (ingest_take(lane, requests[i], &error) != INGEST_TAKEN)
			fail_msg("%s", error.message);
	if (ingest_commit(lane, &error) < 0)
		fail_msg("%s", error.message);
}

/* The answer with run id and reject ids taken out; malloc'd. */
static char *answer_of(const struct ingest_request *request)
{
	struct error error = ERROR_INIT;
	struct buffer out;
	char *text, *at;

	buffer_init(&out, 1 << 20);
	assert_int_equal(verdict_write(request, &out, &error), 0);
	text = strdup(buffer_text(&out));
	assert_non_null(text);
	buffer_fini(&out);
	at = strstr(text, request->run_id);
	assert_non_null(at);
	memmove(at, at + strlen(request->run_id), strlen(at + strlen(request->run_id)) + 1);
	for (at = text; (at = strstr(at, "\"reject_id\":"));) {
		size_t digits;

		at += strlen("\"reject_id\":");
		digits = strspn(at, "0123456789");
		assert_true(digits > 0 && at[0] != '0');
		memmove(at, at + digits, strlen(at + digits) + 1);
	}
	return text;
}

static void expect_answer(const struct ingest_request *request, int status, const char *expected)
{
	char *text = answer_of(request);

	assert_int_equal(request->status, status);
	assert_string_equal(text, expected);
	free(text);
}

/* One request by itself. */
static void send_one(struct kit *kit, struct ingest_lane *lane, const char *body, bool atomic, int status, const char *expected)
{
	struct sent sent;
	struct ingest_request *one = &sent.request;

	sent_open(&sent, kit, body);
	sent.request.atomic = atomic;
	carry(lane, &one, 1);
	expect_answer(&sent.request, status, expected);
	sent_close(&sent);
}

#define VIOLATION(field, code, rule, value, message) \
	"{\"field\":\"" field "\",\"code\":\"" code "\",\"rule\":\"" rule "\",\"value\":\"" value "\",\"truncated\":false,\"message\":\"" message "\"}"
#define REJECT(table, index, field, code, rule, message, violations) \
	"{\"table\":\"" table "\",\"index\":" index ",\"field\":\"" field "\",\"code\":\"" code "\",\"rule\":\"" rule "\",\"message\":\"" message \
	"\",\"violations\":[" violations "],\"reject_id\":}"
#define KEY_TAKEN(table, index, id) \
	REJECT(table, index, "id", "primary-key", table ".id.primary-key", "id \\\"" id "\\\" is taken: another record, of the source or of the target, has this primary key", \
		VIOLATION("id", "primary-key", table ".id.primary-key", id, "id \\\"" id "\\\" is taken: another record, of the source or of the target, has this primary key"))

static void good_and_bad_rows(void **state)
{
	struct kit kit;
	struct ingest_lane *lane;
	char *text;

	kit_open(&kit, state, "", "append", 30000);
	lane = lane_of(&kit);
	struct sent sent;
	struct ingest_request *one = &sent.request;
	/* The child refers to a parent of the same request; its table comes first in the body. */
	sent_open(&sent, &kit,
		"{\"employees\": [{\"id\": 1, \"name\": \"Ada\", \"hired\": \"2021-11-07T02:48:42Z\", \"wage\": 12345678.90, \"department_id\": 7},"
		" {\"id\": \"x\", \"name\": null, \"hired\": \"2021-11-07T02:48:42Z\", \"wage\": 1, \"department_id\": 7},\n"
		" {\"id\": 3, \"name\": \"Bob\", \"department_id\": 99}, [4, \"Eve\", null, \"0.10\", 7], 5],"
		"  \"departments\": [{\"id\": 7, \"department\": \"Sales\"}, {\"id\": 7, \"department\": \"Again\"}, {\"id\": 8, \"dept\": \"?\"},"
		" {\"id\": 8, \"department\": \"Legal\"}]}");
	carry(lane, &one, 1);
	assert_int_equal(sent.request.status, 200);
	assert_int_equal(sent.request.verdict_count, 5);
	assert_int_equal(sent.request.sum.read, 9);
	assert_int_equal(sent.request.sum.written, 4);
	assert_int_equal(sent.request.sum.rejected, 5);
	text = answer_of(&sent.request);
	assert_non_null(strstr(text, "\"tables\":{\"departments\":{\"received\":4,\"written\":2,\"rejected\":2},"
				     "\"employees\":{\"received\":5,\"written\":2,\"rejected\":3}}"));
	free(text);
	/* Parents first, then by row; the first violation of each. */
	static const struct {
		size_t step, row;
		const char *code, *rule;
	} expected[] = { { 0, 1, "primary-key", "departments.id.primary-key" }, { 0, 2, "extra-cell", "departments.extra-cell" },
		{ 1, 1, "type-error", "employees.id.type" }, { 1, 2, "foreign-key", "employees.department_id.foreign-key" },
		{ 1, 4, "record-error", "employees.record-error" } };
	for (size_t i = 0; i < 5; i++) {
		const struct ingest_verdict *verdict = &sent.request.verdicts[i];
		char sql[512], row[256];

		assert_int_equal(verdict->step, expected[i].step);
		assert_int_equal(verdict->row, expected[i].row);
		assert_string_equal(verdict->code.data, expected[i].code);
		assert_string_equal(verdict->rule.data, expected[i].rule);
		snprintf(sql, sizeof sql, "SELECT record_no, rule, table_name, published FROM penstock_rejects WHERE reject_id = %lld AND source = 'http:%s' "
			"AND run_id = '%s' AND pipeline = 'ingest'", (long long)verdict->reject_id, sent.request.run_id, sent.request.run_id);
		snprintf(row, sizeof row, "%zu|%s|%s|1\n", expected[i].row + 1, expected[i].rule, expected[i].step ? "employees" : "departments");
		world_expect(kit.world, sql, row);
	}
	world_expect(kit.world, "SELECT id, department FROM departments ORDER BY id", "7|Sales\n8|Legal\n");
	world_expect(kit.world, "SELECT id, name, wage * 10, department_id FROM employees ORDER BY id",
		kit.world->postgres ? "1|Ada|123456789.00|7\n4|Eve|1.00|7\n" : "1|Ada|123456789|7\n4|Eve|1|7\n");
	world_expect(kit.world, "SELECT line_no, record FROM penstock_rejects WHERE record_no = 3 AND table_name = 'employees'",
		"2|{\"id\": 3, \"name\": \"Bob\", \"department_id\": 99}\n");
	world_expect(kit.world, "SELECT kind, pipeline, status, read_rows, written_rows, rejected_rows, skipped_rows, exit_code FROM penstock_runs",
		"ingest|ingest|succeeded|9|4|5|0|0\n");
	sent_close(&sent);
	/* Once more: every key is taken now, and what was rejected has reserved none. */
	send_one(&kit, lane, "{\"departments\": [[7, \"Sales\"], [9, \"New\"]]}", false, 200,
		"{\"run_id\":\"\",\"received\":2,\"written\":1,\"rejected\":1,\"skipped\":0,\"tables\":{\"departments\":{\"received\":2,\"written\":1,"
		"\"rejected\":1}},\"rejects\":[" KEY_TAKEN("departments", "0", "7") "]}\n");
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void nothing_of_an_atomic_request(void **state)
{
	struct kit kit;
	struct ingest_lane *lane;

	kit_open(&kit, state, "", "append", 30000);
	lane = lane_of(&kit);
	send_one(&kit, lane, "{\"departments\": [[1, \"One\"], [2, \"Two\"], [1, \"Uno\"]], \"employees\": [[1, \"Ada\", null, null, 1]]}", true, 422,
		"{\"run_id\":\"\",\"received\":4,\"written\":0,\"rejected\":1,\"skipped\":3,\"tables\":{\"departments\":{\"received\":3,\"written\":0,"
		"\"rejected\":1},\"employees\":{\"received\":1,\"written\":0,\"rejected\":0}},\"rejects\":[" KEY_TAKEN("departments", "2", "1") "]}\n");
	world_expect(kit.world, "SELECT count(*) FROM departments", "0\n");
	world_expect(kit.world, "SELECT count(*) FROM employees", "0\n");
	world_expect(kit.world, "SELECT record_no, published FROM penstock_rejects", "3|0\n");
	world_expect(kit.world, "SELECT status, read_rows, written_rows, rejected_rows, skipped_rows, exit_code FROM penstock_runs", "rejected|4|0|1|3|3\n");
	/* Its keys are free. */
	send_one(&kit, lane, "{\"departments\": [[1, \"One\"], [2, \"Two\"]]}", true, 200,
		"{\"run_id\":\"\",\"received\":2,\"written\":2,\"rejected\":0,\"skipped\":0,\"tables\":{\"departments\":{\"received\":2,\"written\":2,"
		"\"rejected\":0}},\"rejects\":[]}\n");
	/* Not one row, though none was rolled back. */
	send_one(&kit, lane, "{\"departments\": [[1, \"One\"]]}", false, 422,
		"{\"run_id\":\"\",\"received\":1,\"written\":0,\"rejected\":1,\"skipped\":0,\"tables\":{\"departments\":{\"received\":1,\"written\":0,"
		"\"rejected\":1}},\"rejects\":[" KEY_TAKEN("departments", "0", "1") "]}\n");
	world_expect(kit.world, "SELECT count(*) FROM penstock_rejects WHERE published = 1", "1\n");
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void limits_of_the_step(void **state)
{
	struct kit kit;
	struct ingest_lane *lane;

	kit_open(&kit, state, ", \"max_rejects\": 1", "append", 30000);
	lane = lane_of(&kit);
	send_one(&kit, lane, "{\"departments\": [[1, \"One\"], [1, \"Uno\"]]}", false, 200,
		"{\"run_id\":\"\",\"received\":2,\"written\":1,\"rejected\":1,\"skipped\":0,\"tables\":{\"departments\":{\"received\":2,\"written\":1,"
		"\"rejected\":1}},\"rejects\":[" KEY_TAKEN("departments", "1", "1") "]}\n");
	send_one(&kit, lane, "{\"departments\": [[2, \"Two\"], [1, \"Uno\"], [1, \"Un\"]]}", false, 422,
		"{\"run_id\":\"\",\"received\":3,\"written\":0,\"rejected\":2,\"skipped\":1,\"tables\":{\"departments\":{\"received\":3,\"written\":0,"
		"\"rejected\":2}},\"rejects\":[" KEY_TAKEN("departments", "1", "1") "," KEY_TAKEN("departments", "2", "1") "]}\n");
	world_expect(kit.world, "SELECT id FROM departments", "1\n");
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void upserts_change_rows(void **state)
{
	struct kit kit;
	struct ingest_lane *lane;

	kit_open(&kit, state, "", "upsert", 30000);
	lane = lane_of(&kit);
	for (int round = 0; round < 2; round++) {
		struct sent sent;
		struct ingest_request *one = &sent.request;

		/* The same key twice is one too many in a request, but not in the next one. */
		sent_open(&sent, &kit, round ? "{\"departments\": [[1, \"Second\"], [1, \"Third\"]]}" : "{\"departments\": [[1, \"First\"]]}");
		carry(lane, &one, 1);
		assert_int_equal(sent.request.sum.written, 1);
		assert_int_equal(sent.request.sum.rejected, round);
		sent_close(&sent);
	}
	world_expect(kit.world, "SELECT id, department FROM departments", "1|Second\n");
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void each_for_itself_in_one_commit(void **state)
{
	enum { REQUESTS = 5 };
	static const char *const bodies[REQUESTS] = { "{\"departments\": [[1, \"One\"]]}", "{\"departments\": [[1, \"Uno\"], [2, \"Dos\"]]}",
		"{\"departments\": [[3, \"Three\"], [2, \"Two\"]]}", "{\"employees\": [[1, \"Ada\", null, null, 2]]}", "{\"departments\": [[3, \"Tres\"]]}" };
	static const unsigned written[REQUESTS] = { 1, 1, 0, 1, 1 };
	struct ingest_request *requests[REQUESTS];
	struct sent sent[REQUESTS];
	struct ingest_lane *lane;
	struct kit kit;

	kit_open(&kit, state, "", "append", 30000);
	lane = lane_of(&kit);
	for (size_t i = 0; i < REQUESTS; i++) {
		sent_open(&sent[i], &kit, bodies[i]);
		requests[i] = &sent[i].request;
	}
	sent[2].request.atomic = true;
	carry(lane, requests, REQUESTS);
	for (size_t i = 0; i < REQUESTS; i++) {
		assert_int_equal(sent[i].request.sum.written, written[i]);
		sent_close(&sent[i]);
	}
	world_expect(kit.world, "SELECT id, department FROM departments ORDER BY id", "1|One\n2|Dos\n3|Tres\n");
	world_expect(kit.world, "SELECT count(*) FROM penstock_runs", "5\n");
	world_expect(kit.world, "SELECT count(*) FROM penstock_rejects", "2\n");
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void answers_are_remembered(void **state)
{
	static const char body[] = "{\"departments\": [[1, \"One\"], [1, \"Uno\"]]}";
	struct kit kit;
	struct ingest_lane *lane;
	struct sent first, again, other;
	struct ingest_request *one = &first.request, *two = &again.request, *three = &other.request;

	kit_open(&kit, state, "", "append", 30000);
	lane = lane_of(&kit);
	sent_open(&first, &kit, body);
	first.request.idem_key = "k'1";
	carry(lane, &one, 1);
	assert_false(first.request.replayed);
	for (int round = 0; round < 2; round++) {
		sent_open(&again, &kit, body);
		again.request.idem_key = "k'1";
		again.request.tried = round == 1;
		carry(lane, &two, 1);
		assert_true(again.request.replayed);
		assert_int_equal(again.request.status, 200);
		assert_string_equal(buffer_text(&again.request.body), buffer_text(&first.request.body));
		sent_close(&again);
	}
	assert_non_null(strstr(buffer_text(&first.request.body), first.request.run_id));
	sent_open(&other, &kit, "{\"departments\": [[2, \"Two\"]]}");
	other.request.idem_key = "k'1";
	carry(lane, &three, 1);
	assert_true(other.request.other_body);
	assert_false(other.request.replayed);
	/* Another client's key is another key. */
	other.request.api_key = "them";
	carry(lane, &three, 1);
	assert_false(other.request.other_body);
	assert_int_equal(other.request.status, 200);
	sent_close(&other);
	world_expect(kit.world, "SELECT id FROM departments ORDER BY id", "1\n2\n");
	world_expect(kit.world, "SELECT count(*) FROM penstock_runs", "2\n");
	/* After a day it is forgotten, and the new answer takes the place of the old one. */
	world_run(kit.world, "UPDATE penstock_idempotency SET created_at = '2021-11-07T02:48:42.000000Z'");
	sent_open(&again, &kit, body);
	again.request.idem_key = "k'1";
	carry(lane, &two, 1);
	assert_false(again.request.replayed);
	assert_int_equal(again.request.status, 422);
	sent_close(&again);
	world_expect(kit.world, "SELECT api_key, status FROM penstock_idempotency ORDER BY api_key", "|422\nthem|200\n");
	sent_close(&first);
	ingest_lane_close(lane);
	kit_close(&kit);
}

/* An answer to COMMIT was lost: whoever tries again learns whether it happened. */
static void tried_again(void **state)
{
	struct kit kit;
	struct ingest_lane *lane;
	struct sent sent;
	struct ingest_request *one = &sent.request;
	struct error error = ERROR_INIT;
	int64_t id;

	kit_open(&kit, state, "", "append", 30000);
	lane = lane_of(&kit);
	sent_open(&sent, &kit, "{\"departments\": [[1, \"One\"], [1, \"Uno\"]]}");
	/* It did not. */
	assert_int_equal(ingest_begin(lane, &error), 0);
	assert_int_equal(ingest_take(lane, &sent.request, &error), INGEST_TAKEN);
	ingest_roll_back(lane);
	sent.request.tried = true;
	carry(lane, &one, 1);
	assert_int_equal(sent.request.sum.written, 1);
	id = sent.request.verdicts[0].reject_id;
	/* It did: nothing is done again, and the answer is the one that stands. */
	carry(lane, &one, 1);
	assert_int_equal(sent.request.sum.written, 1);
	assert_int_equal(sent.request.verdict_count, 1);
	assert_int_equal(sent.request.verdicts[0].reject_id, id);
	world_expect(kit.world, "SELECT count(*) FROM penstock_rejects", "1\n");
	world_expect(kit.world, "SELECT status, read_rows, written_rows FROM penstock_runs", "succeeded|2|1\n");
	sent_close(&sent);
	ingest_lane_close(lane);
	kit_close(&kit);
}

/* Written with parents before their children, and tried again as if it had just come: the first of two with the same name stays the first. */
static void order_of_a_request_tried_again(void **state)
{
	static const char units[] =
		"{\"name\": \"units\", \"resources\": [{\"name\": \"unit\", \"schema\": {\"fields\": [{\"name\": \"id\", \"type\": \"integer\"},"
		" {\"name\": \"up\", \"type\": \"integer\"}, {\"name\": \"name\", \"type\": \"string\", \"constraints\": {\"unique\": true}}],"
		" \"primaryKey\": \"id\", \"foreignKeys\": [{\"fields\": \"up\", \"reference\": {\"resource\": \"\", \"fields\": \"id\"}}]}}]}";
	struct kit kit;
	struct sent sent;
	struct ingest_request *one = &sent.request;
	struct error error = ERROR_INIT;

	kit_open_with(&kit, state, units, 1, "", "append", 30000);
	struct ingest_lane *lane = lane_of(&kit);
	sent_open(&sent, &kit, "{\"unit\": [[1, 3, \"same\"], [\"x\", null, \"bad\"], [4, 3, \"same\"], [5, 9, \"orphan\"], [3, null, \"top\"]]}");
	for (int tries = 0; tries < 3; tries++) {
		assert_int_equal(ingest_begin(lane, &error), 0);
		assert_int_equal(ingest_take(lane, &sent.request, &error), INGEST_TAKEN);
		ingest_roll_back(lane);
		sent.request.tried = true;
	}
	carry(lane, &one, 1);
	world_expect(kit.world, "SELECT id, up, name FROM unit ORDER BY id", "1|3|same\n3|NULL|top\n");
	world_expect(kit.world, "SELECT record_no, rule FROM penstock_rejects ORDER BY record_no",
		"2|unit.id.type\n3|unit.name.unique\n4|unit.up.foreign-key\n");
	sent_close(&sent);
	ingest_lane_close(lane);
	kit_close(&kit);
}

static void bodies_that_are_refused(void **state)
{
	static const struct {
		int status;
		const char *body, *detail;
	} cases[] = {
		{ 400, "", "ends" }, { 400, "{", "ends" }, { 400, "{\"departments\": [1,]}", "]" }, { 400, "[1] x", "nothing" }, { 400, "nul", "ends" },
		{ 400, "\xEF\xBB\xBF{}", "0xEF" }, { 400, "{\"departments\": [1], \"departments\": [2]}", "twice" },
		{ 422, "{}", "no row" }, { 422, "{\"departments\": []}", "no row" }, { 422, "[]", "object" }, { 422, "1", "object" },
		{ 422, "{\"departments\": {}}", "array" }, { 422, "{\"departments\": null}", "array" },
		{ 422, "{\"depatments\": [1]}", "did you mean \"departments\"" }, { 422, "{\"\\u0000\": [1]}", "does not take" },
		{ 422, "{\"departments\": [[1, \"x\"]], \"x\": [1]}", "\"x\"" },
	};
	struct kit kit;
	struct error error = ERROR_INIT;
	char detail[ROWS_DETAIL_MAX];
	struct rows *rows;

	kit_open(&kit, state, "", "append", 30000);
	rows = rows_new(&kit.steps, &kit.cancel, &error);
	assert_non_null(rows);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int status = rows_read(rows, cases[i].body, strlen(cases[i].body), SIZE_MAX, detail, &error);

		if (status != cases[i].status || !strstr(detail, cases[i].detail))
			fail_msg("%s: %d %s", cases[i].body, status, detail);
		rows_clear(rows);
	}
	/* As many as may be, and one more; nested as deep as may be, and deeper. */
	for (int more = 0; more < 2; more++) {
		char *body = malloc(8 * INGEST_ROWS_MAX), *at = body;

		assert_non_null(body);
		at += sprintf(at, "[1");
		for (int i = 1; i < INGEST_ROWS_MAX + more; i++)
			at += sprintf(at, ",%d", i);
		strcpy(at, "]");
		assert_int_equal(rows_read(rows, body, strlen(body), 0, detail, &error), more ? 422 : 0);
		rows_clear(rows);
		memset(body, '[', 200);
		memset(body + 64 + more, ']', 200);
		body[2 * (64 + more)] = '\0';
		assert_int_equal(rows_read(rows, body, strlen(body), 0, detail, &error), more ? 400 : 0);
		rows_clear(rows);
		free(body);
	}
	rows_free(rows);
	kit_close(&kit);
}

/* --- lanes --- */

enum { CLIENTS = 8, EACH = 25 };

struct client {
	pthread_t thread;
	struct kit *kit;
	struct lanes *lanes;
	int first, written, failed;
};

static void *client_main(void *arg)
{
	struct client *client = arg;

	for (int i = 0; i < EACH; i++) {
		struct error error = ERROR_INIT;
		struct sent sent;
		char body[256];

		/* Every fourth id is one that the neighbour sends as well. */
		snprintf(body, sizeof body, "{\"departments\": [[%d, \"d\"]], \"employees\": [[%d, \"e%d\", null, null, %d]]}", client->first + i,
			client->first + i, client->first + i, client->first + i);
		sent_open(&sent, client->kit, body);
		if (lanes_run(client->lanes, 0, &sent.request, &error) < 0)
			client->failed++;
		else
			client->written += (int)sent.request.sum.written;
		sent_close(&sent);
	}
	return NULL;
}

static struct lanes *lanes_for(struct kit *kit, const struct ingest_steps **set)
{
	struct error error = ERROR_INIT;
	*set = &kit->steps;
	struct lanes *lanes = lanes_open(set, 1, 4, &kit->cancel, &error);

	if (!lanes)
		fail_msg("%s: %s", error.place, error.message);
	return lanes;
}

static void many_at_once(void **state)
{
	struct client clients[CLIENTS];
	const struct ingest_steps *set;
	struct lanes *lanes;
	struct kit kit;
	char expected[64], why[256];
	int written = 0;

	kit_open(&kit, state, "", "append", 30000);
	lanes = lanes_for(&kit, &set);
	assert_true(lanes_ready(lanes, why, sizeof why));
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .kit = &kit, .lanes = lanes, .first = i * (EACH - 5) };
		assert_int_equal(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		assert_int_equal(clients[i].failed, 0);
		written += clients[i].written;
	}
	lanes_close(lanes);
	/* Ids that two clients sent are there once, and one of the two was told so. */
	assert_int_equal(written, 2 * (CLIENTS * EACH - (CLIENTS - 1) * 5));
	snprintf(expected, sizeof expected, "%d\n", written / 2);
	world_expect(kit.world, "SELECT count(*) FROM employees", expected);
	snprintf(expected, sizeof expected, "%d\n", CLIENTS * EACH);
	world_expect(kit.world, "SELECT count(*) FROM penstock_runs", expected);
	kit_close(&kit);
}

static int run_one(struct kit *kit, struct lanes *lanes, const char *body, struct error *error)
{
	struct sent sent;
	int result;

	sent_open(&sent, kit, body);
	error_clear(error);
	result = lanes_run(lanes, 0, &sent.request, error);
	sent_close(&sent);
	return result;
}

static void lost_sessions_are_opened_again(void **state)
{
	struct error error = ERROR_INIT;
	const struct ingest_steps *set;
	struct lanes *lanes;
	struct kit kit;

	kit_open(&kit, state, "", "append", 30000);
	lanes = lanes_for(&kit, &set);
	assert_int_equal(run_one(&kit, lanes, "{\"departments\": [[1, \"One\"]]}", &error), 0);
	world_run(kit.world, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
	if (run_one(&kit, lanes, "{\"departments\": [[2, \"Two\"]]}", &error) < 0)
		fail_msg("%s", error.message);
	world_expect(kit.world, "SELECT id FROM departments ORDER BY id", "1\n2\n");
	lanes_close(lanes);
	kit_close(&kit);
}

static void a_locked_file_is_waited_for_no_longer_than_said(void **state)
{
	struct error error = ERROR_INIT;
	struct store_target target;
	const struct ingest_steps *set;
	struct session session;
	struct lanes *lanes;
	struct kit kit;
	int64_t before;

	kit_open(&kit, state, "", "append", 700);
	lanes = lanes_for(&kit, &set);
	target = world_target(kit.world);
	assert_int_equal(session_open(&session, &target, &error), 0);
	assert_int_equal(session_begin(&session, &error), 0);
	before = clock_elapsed_ms();
	assert_int_equal(run_one(&kit, lanes, "{\"departments\": [[1, \"One\"]]}", &error), -1);
	assert_int_equal(error.kind, ERROR_SINK);
	assert_true(clock_elapsed_ms() - before >= 600 && clock_elapsed_ms() - before < 5000);
	session_rollback(&session);
	session_close(&session);
	assert_int_equal(run_one(&kit, lanes, "{\"departments\": [[1, \"One\"]]}", &error), 0);
	lanes_close(lanes);
	world_expect(kit.world, "SELECT id FROM departments", "1\n");
	kit_close(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(good_and_bad_rows),
		BOTH(nothing_of_an_atomic_request),
		BOTH(limits_of_the_step),
		BOTH(upserts_change_rows),
		BOTH(each_for_itself_in_one_commit),
		BOTH(answers_are_remembered),
		BOTH(tried_again),
		BOTH(order_of_a_request_tried_again),
		ON_SQLITE(bodies_that_are_refused),
		BOTH(many_at_once),
		ON_POSTGRES(lost_sessions_are_opened_again),
		ON_SQLITE(a_locked_file_is_waited_for_no_longer_than_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
