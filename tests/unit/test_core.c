/* test_core.c - values, schemas, rules, batches, rejects, the spool and the queue of the engine's core.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Expected dates come from the calendar's published epochs, expected digests from FIPS 180-4's examples.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/core/counts.h"
#include "engine/core/digest.h"
#include "engine/core/fingerprint.h"
#include "engine/core/queue.h"
#include "engine/core/reject.h"
#include "engine/core/spool.h"
#include "engine/core/utf8.h"
#include "engine/core/uuid.h"

static void first_error_wins(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	assert_int_equal(error_set(&error, ERROR_SINK, "connection db", "lost after %d rows", 12), -1);
	assert_int_equal(error_set(&error, ERROR_CONFIG, NULL, "later"), -1);
	char text[128];
	assert_string_equal(error_text(&error, text, sizeof text), "connection db: lost after 12 rows");
	assert_int_equal(error.kind, ERROR_SINK);
}

static void long_messages_end_at_a_character(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	char text[3 * ERROR_MESSAGE_MAX + 1];
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xC3\xA9", 2);
	text[sizeof text - 1] = '\0';
	error_set(&error, ERROR_CONFIG, NULL, "%s", text);
	size_t length = strlen(error.message);
	assert_true(length < ERROR_MESSAGE_MAX);
	assert_string_equal(error.message + length - 3, "...");
	assert_int_equal((length - 3) % 2, 0);
}

static void calendar_round_trips(void **state)
{
	(void)state;
	static const struct {
		int year;
		unsigned month, day;
		int64_t days;
	} known[] = {
		{ 1970, 1, 1, 0 }, { 1969, 12, 31, -1 }, { 2000, 2, 29, 11016 }, { 2000, 3, 1, 11017 }, { 1900, 3, 1, -25508 },
		{ 1, 1, 1, -719162 }, { 9999, 12, 31, 2932896 }, { 2021, 11, 7, 18938 },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		int64_t days;
		assert_true(value_days_from_civil(known[i].year, known[i].month, known[i].day, &days));
		assert_int_equal(days, known[i].days);
	}
	for (int64_t days = -719162; days <= 2932896; days++) {
		int year;
		unsigned month, day;
		int64_t back;
		value_civil_from_days(days, &year, &month, &day);
		if (!value_days_from_civil(year, month, day, &back) || back != days)
			fail_msg("day %lld does not round trip", (long long)days);
	}
	int64_t days;
	assert_false(value_days_from_civil(1900, 2, 29, &days));
	assert_false(value_days_from_civil(2021, 2, 29, &days));
	assert_false(value_days_from_civil(2021, 4, 31, &days));
	assert_false(value_days_from_civil(0, 1, 1, &days));
	assert_false(value_days_from_civil(10000, 1, 1, &days));
	assert_false(value_days_from_civil(2021, 13, 1, &days));
	assert_false(value_days_from_civil(2021, 0, 1, &days));
}

static void texts_are_canonical(void **state)
{
	(void)state;
	char out[VALUE_TEXT_MAX];
	value_format_datetime(1636253322LL * 1000000, out);
	assert_string_equal(out, "2021-11-07T02:48:42Z");
	value_format_datetime(1636253322LL * 1000000 + 50, out);
	assert_string_equal(out, "2021-11-07T02:48:42.000050Z");
	value_format_datetime(-1, out);
	assert_string_equal(out, "1969-12-31T23:59:59.999999Z");
	value_format_date(-719162, out);
	assert_string_equal(out, "0001-01-01");
	value_format_integer(INT64_MIN, out);
	assert_string_equal(out, "-9223372036854775808");
	value_format_integer(0, out);
	assert_string_equal(out, "0");
	value_format_double(0.1, out);
	assert_string_equal(out, "0.1");
	value_format_double(1e300, out);
	assert_true(strtod(out, NULL) == 1e300);
	value_format_decimal(-5, 2, out);
	assert_string_equal(out, "-0.05");
	value_format_decimal(12345, 0, out);
	assert_string_equal(out, "12345");
	value_format_decimal(120, 2, out);
	assert_string_equal(out, "1.20");
}

static void decimals_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned precision, scale;
		bool good;
		const char *back;
	} cases[] = {
		{ "1234567890123456.7891", 20, 4, true, "1234567890123456.7891" },
		{ "99999999999999999999999999999999999999", 38, 0, true, "99999999999999999999999999999999999999" },
		{ "100000000000000000000000000000000000000", 38, 0, false, NULL },
		{ "0.00000000000000000000000000000000000001", 38, 38, true, "0.00000000000000000000000000000000000001" },
		{ "123.4", 4, 2, false, NULL }, /* three digits before the point, two are left for the fraction */
		{ "12.340000", 4, 2, true, "12.34" },
		{ "12.345", 4, 2, false, NULL },
		{ "-0.5", 1, 1, true, "-0.5" },
		{ "+7", 3, 1, true, "7.0" },
		{ "0", 1, 1, true, "0.0" },
		{ "", 5, 2, false, NULL },
		{ ".", 5, 2, false, NULL },
		{ "1.2.3", 5, 2, false, NULL },
		{ "1e3", 5, 2, false, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		decimal_t value = 0;
		char out[VALUE_TEXT_MAX];
		bool good = value_parse_decimal(cases[i].text, strlen(cases[i].text), cases[i].precision, cases[i].scale, &value);
		if (good != cases[i].good)
			fail_msg("%s at (%u,%u): %d", cases[i].text, cases[i].precision, cases[i].scale, good);
		if (good) {
			value_format_decimal(value, cases[i].scale, out);
			assert_string_equal(out, cases[i].back);
		}
	}
}

static void digests_are_sha256(void **state)
{
	(void)state;
	char out[SHA256_HEX_SIZE];
	digest_of("abc", 3, out);
	assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	struct error error = ERROR_INIT;
	struct digest *digest = digest_new(&error);
	assert_non_null(digest);
	digest_hex(digest, out);
	assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_add(digest, "a", 1);
	digest_hex(digest, out); /* a look on the way changes nothing */
	digest_add(digest, "bc", 2);
	digest_hex(digest, out);
	assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_free(digest);
}

static void utf8_is_checked(void **state)
{
	(void)state;
	assert_int_equal(utf8_character("a", 1), 1);
	assert_int_equal(utf8_character("\xC3\xA9", 2), 2);
	assert_int_equal(utf8_character("\xE2\x82\xAC", 3), 3);
	assert_int_equal(utf8_character("\xF0\x9F\x98\x80", 4), 4);
	assert_int_equal(utf8_character("\xF4\x8F\xBF\xBF", 4), 4);
	assert_int_equal(utf8_character("\xC0\xAF", 2), 0);         /* overlong */
	assert_int_equal(utf8_character("\xE0\x80\xAF", 3), 0);     /* overlong */
	assert_int_equal(utf8_character("\xED\xA0\x80", 3), 0);     /* surrogate */
	assert_int_equal(utf8_character("\xF4\x90\x80\x80", 4), 0); /* beyond U+10FFFF */
	assert_int_equal(utf8_character("\xF5\x80\x80\x80", 4), 0);
	assert_int_equal(utf8_character("\x80", 1), 0);
	assert_int_equal(utf8_character("\xE2\x82", 2), 0); /* cut off */
	assert_int_equal(utf8_cut("a\xE2\x82\xAC", 4, 3), 1);
	assert_int_equal(utf8_count("a\xE2\x82\xAC\xF0\x9F\x98\x80", 8), 3);
}

static void run_ids_are_version_7(void **state)
{
	(void)state;
	char a[37], b[37];
	struct error error = ERROR_INIT;
	assert_int_equal(uuid_v7(a, &error), 0);
	assert_int_equal(uuid_v7(b, &error), 0);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '7');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
	assert_true(strncmp(a, b, 8) <= 0);
}

/* people(id integer, name string, ssn string): the third is sensitive when asked for */
static struct schema *people(bool sensitive)
{
	struct error error = ERROR_INIT;
	struct schema *schema = schema_new("people", &error);
	assert_non_null(schema);
	assert_non_null(schema_add_field(schema, "id", VALUE_INTEGER, &error));
	assert_non_null(schema_add_field(schema, "name", VALUE_STRING, &error));
	struct field *ssn = schema_add_field(schema, "ssn", VALUE_STRING, &error);
	assert_non_null(ssn);
	ssn->sensitive = sensitive;
	return schema;
}

static void rule_ids_follow_the_contract(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	struct rule_set set;
	struct error error = ERROR_INIT;
	static const size_t id[] = { 0 }, both[] = { 0, 1 };
	rule_set_init(&set, schema);
	const struct rule *type = rule_set_get(&set, CODE_TYPE_ERROR, NULL, id, 1, "is not an integer", &error);
	assert_string_equal(type->id, "people.id.type");
	assert_string_equal(rule_set_get(&set, CODE_CONSTRAINT_ERROR, "required", id, 1, "", &error)->id, "people.id.required");
	assert_string_equal(rule_set_get(&set, CODE_PRIMARY_KEY, NULL, id, 1, "", &error)->id, "people.id.primary-key");
	assert_string_equal(rule_set_get(&set, CODE_PRIMARY_KEY, NULL, both, 2, "", &error)->id, "people.primary-key(id+name)");
	assert_string_equal(rule_set_get(&set, CODE_UNIQUE_ERROR, NULL, both, 2, "", &error)->id, "people.unique(id+name)");
	assert_string_equal(rule_set_get(&set, CODE_FOREIGN_KEY, NULL, id, 1, "", &error)->id, "people.id.foreign-key");
	assert_string_equal(rule_set_get(&set, CODE_RECORD_ERROR, NULL, NULL, 0, "", &error)->id, "people.record-error");
	assert_string_equal(rule_set_get(&set, CODE_DATABASE_ERROR, "column", id, 1, "", &error)->id, "people.id.column");
	assert_ptr_equal(rule_set_get(&set, CODE_TYPE_ERROR, NULL, id, 1, "other words", &error), type);
	assert_int_equal(set.count, 8);
	rule_set_fini(&set);
	schema_free(schema);
}

static struct batch *batch_of(const struct schema *schema)
{
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, batch_rows_for(schema, 8), &limits, &error);
	assert_non_null(batch);
	return batch;
}

static void put(struct batch *batch, const char *record, const char *const cells[3])
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);
	batch->origins[row].record_no = row + 1;
	assert_int_equal(batch_store(batch, record, strlen(record), &batch->origins[row].text, &error), 0);
	for (size_t i = 0; i < 3; i++) {
		if (!cells[i])
			continue;
		assert_int_equal(batch_store(batch, cells[i], strlen(cells[i]), &batch->columns[i].texts[row], &error), 0);
		batch->columns[i].cells[row] = CELL_TEXT;
	}
}

static void rejects_say_what_and_where(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	struct batch *batch = batch_of(schema);
	struct rule_set set;
	struct error error = ERROR_INIT;
	static const size_t id[] = { 0 }, name[] = { 1 };
	rule_set_init(&set, schema);
	const struct rule *required = rule_set_get(&set, CODE_CONSTRAINT_ERROR, "required", name, 1, "is required", &error);
	const struct rule *type = rule_set_get(&set, CODE_TYPE_ERROR, NULL, id, 1, "is not an integer (64 bit)", &error);
	put(batch, "x\xFF,,1", (const char *const[]){ "x\xFF", "", "1" });
	/* in the wrong order: the list is by stage, then field */
	assert_int_equal(batch_violation(batch, 0, required, NULL, &error), 0);
	assert_int_equal(batch_violation(batch, 0, type, NULL, &error), 0);
	batch_sort_violations(batch);
	assert_int_equal(batch->status[0], ROW_REJECTED);
	struct buffer scratch;
	buffer_init(&scratch, 1 << 20);
	struct reject reject;
	assert_int_equal(reject_from_batch(&reject, batch, 0, 2, "people.csv", &scratch, &error), 0);
	assert_int_equal(reject.message.length, strlen("id \"x\\xFF\" is not an integer (64 bit)"));
	assert_memory_equal(reject.message.data, "id \"x\\xFF\" is not an integer (64 bit)", reject.message.length);
	assert_memory_equal(reject.record.data, "x\\xFF,,1", reject.record.length);
	json_t *list = json_loadb(reject.violations.data, reject.violations.length, 0, NULL);
	assert_int_equal(json_array_size(list), 2);
	json_t *second = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(second, "message")), "name is required");
	assert_string_equal(json_string_value(json_object_get(second, "code")), "constraint-error");
	assert_true(json_is_false(json_object_get(second, "truncated")));
	json_decref(list);
	buffer_fini(&scratch);
	rule_set_fini(&set);
	batch_free(batch);
	schema_free(schema);
}

static void sensitive_values_never_show(void **state)
{
	(void)state;
	struct schema *schema = people(true);
	struct batch *batch = batch_of(schema);
	struct rule_set set;
	struct error error = ERROR_INIT;
	static const size_t ssn[] = { 2 };
	rule_set_init(&set, schema);
	const struct rule *pattern = rule_set_get(&set, CODE_CONSTRAINT_ERROR, "pattern", ssn, 1, "does not match", &error);
	const struct rule *refused = rule_set_get(&set, CODE_DATABASE_ERROR, NULL, NULL, 0, "", &error);
	put(batch, "1,\"a \"\"b\"\"\",secret77", (const char *const[]){ "1", "a \"b\"", "secret77" });
	assert_int_equal(batch_violation(batch, 0, pattern, NULL, &error), 0);
	assert_int_equal(batch_violation(batch, 0, refused, "Key (ssn)=(secret77) fails", &error), 0);
	struct buffer scratch;
	buffer_init(&scratch, 1 << 20);
	struct reject reject;
	assert_int_equal(reject_from_batch(&reject, batch, 0, 2, "people.csv", &scratch, &error), 0);
	assert_null(memmem(scratch.data, scratch.length, "secret77", 8));
	assert_int_equal(reject.record.length, strlen("1,\"a \"\"b\"\"\",***"));
	assert_memory_equal(reject.record.data, "1,\"a \"\"b\"\"\",***", reject.record.length);
	buffer_fini(&scratch);
	rule_set_fini(&set);
	batch_free(batch);
	schema_free(schema);
}

static void arenas_have_a_ceiling(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	static const struct limits limits = { .record = 1024, .columns = 10, .field = 1024 };
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, 4, &limits, &error);
	assert_non_null(batch);
	char block[64 * 1024] = { 0 };
	struct span span;
	int result = 0;
	size_t stored = 0;
	for (int i = 0; i < 1000 && result == 0; i++, stored += sizeof block)
		result = batch_store(batch, block, sizeof block, &span, &error);
	assert_int_equal(result, -1);
	assert_int_equal(error.kind, ERROR_RESOURCE);
	assert_true(stored < 16u * 1024 * 1024);
	batch_reset(batch);
	assert_int_equal(batch->arena.used, 0);
	assert_true(batch->arena.size <= 2 * batch->arena.soft);
	batch_free(batch);
	schema_free(schema);
}

/* Rows that were taken back leave nothing to those that come in their place; the others stay. */
static void rows_are_taken_back(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, 4, &limits, &error);
	assert_non_null(batch);
	for (uint32_t row = 0; row < 3; row++) {
		assert_int_equal(batch_add_row(batch), row);
		batch->columns[0].cells[row] = CELL_NULL;
		batch->origins[row].record_no = row + 1;
		batch->status[row] = ROW_REJECTED;
		batch->passed[row] = 1;
	}
	batch_cut(batch, 1);
	assert_int_equal(batch->rows, 1);
	for (uint32_t row = 1; row < 3; row++) {
		assert_int_equal(batch_add_row(batch), row);
		assert_int_equal(batch->columns[0].cells[row], CELL_ABSENT);
		assert_int_equal(batch->origins[row].record_no, 0);
		assert_int_equal(batch->status[row], ROW_LIVE);
		assert_int_equal(batch->passed[row], 0);
	}
	assert_int_equal(batch->columns[0].cells[0], CELL_NULL);
	assert_int_equal(batch->origins[0].record_no, 1);
	assert_int_equal(batch->status[0], ROW_REJECTED);
	batch_free(batch);
	schema_free(schema);
}

/* However many rows are hashed together, small ones and large ones: the sums are those of each row alone. */
static void fingerprints_do_not_depend_on_company(void **state)
{
	(void)state;
	enum { ROWS = 500, LARGE = 20000 };
	struct schema *schema = people(false);
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *all = batch_new(schema, ROWS, &limits, &error), *one = batch_new(schema, 1, &limits, &error);
	struct fingerprints together, alone;
	struct fingerprint rows[ROWS], row_alone;
	struct buffer work;
	static char text[LARGE];
	memset(text, 'x', sizeof text);
	buffer_init(&work, 1 << 20);
	assert_non_null(all);
	assert_non_null(one);
	assert_int_equal(fingerprints_init(&together, schema->field_count, &error), 0);
	assert_int_equal(fingerprints_init(&alone, schema->field_count, &error), 0);
	for (unsigned i = 0; i < ROWS; i++) {
		uint32_t row = batch_add_row(all);
		batch_reset(one);
		batch_add_row(one);
		all->status[row] = one->status[0] = i % 7 == 3 ? ROW_REJECTED : ROW_LIVE;
		for (size_t c = 0; c < schema->field_count; c++) {
			bool null = (i + c) % 5 == 0;
			size_t length = i % 50 == 0 ? LARGE : i % 90;
			all->columns[c].cells[row] = one->columns[c].cells[0] = null ? CELL_NULL : CELL_VALUE;
			if (null)
				continue;
			switch (value_storage(schema->fields[c].type)) {
			case STORAGE_SPAN:
				assert_int_equal(batch_store(all, text, length, &all->columns[c].spans[row], &error), 0);
				assert_int_equal(batch_store(one, text, length, &one->columns[c].spans[0], &error), 0);
				break;
			case STORAGE_INTEGER:
				all->columns[c].integers[row] = one->columns[c].integers[0] = (int64_t)i * 1000003;
				break;
			case STORAGE_DOUBLE:
				all->columns[c].doubles[row] = one->columns[c].doubles[0] = i / 4.0;
				break;
			case STORAGE_DECIMAL:
				all->columns[c].decimals[row] = one->columns[c].decimals[0] = i;
				break;
			}
		}
		assert_int_equal(fingerprints_add_batch(&alone, one, &work, &row_alone, &error), 0);
		if (one->status[0] == ROW_LIVE)
			rows[i] = row_alone;
	}
	struct fingerprint seen[ROWS];
	assert_int_equal(fingerprints_add_batch(&together, all, &work, seen, &error), 0);
	for (unsigned i = 0; i < ROWS; i++)
		assert_true(all->status[i] != ROW_LIVE || fingerprint_equal(&seen[i], &rows[i]));
	assert_true(fingerprints_equal(&together, &alone));
	fingerprints_fini(&together);
	fingerprints_fini(&alone);
	buffer_fini(&work);
	batch_free(all);
	batch_free(one);
	schema_free(schema);
}

/* What is said of a cell that is not there must not quote the record that the row held in an earlier use of the batch. */
static void rows_begin_empty(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	static const struct limits limits = LIMITS_DEFAULT;
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(schema, 1, &limits, &error);
	assert_non_null(batch);
	uint32_t row = batch_add_row(batch);
	for (size_t i = 0; i < schema->field_count; i++) {
		batch->columns[i].cells[row] = CELL_TEXT;
		assert_int_equal(batch_store(batch, "secret", 6, &batch->columns[i].texts[row], &error), 0);
	}
	batch_reset(batch);
	row = batch_add_row(batch);
	for (size_t i = 0; i < schema->field_count; i++) {
		assert_int_equal(batch->columns[i].cells[row], CELL_ABSENT);
		assert_int_equal(batch->columns[i].texts[row].length, 0);
	}
	batch_free(batch);
	schema_free(schema);
}

static void spools_give_back_what_they_took(void **state)
{
	(void)state;
	struct error error = ERROR_INIT;
	struct spool *spool = spool_new(4096, &error);
	assert_non_null(spool);
	struct reject in = { .record_no = 7, .line_no = 9, .byte_offset = 1ull << 40, .source = { "a.csv", 5 },
		.field = { "", 0 }, .code = { "record-error", 12 }, .rule = { "t.record-error", 14 }, .message = { "no end", 6 },
		.violations = { "[]", 2 }, .record = { "x\0y", 3 } };
	int added = 0;
	while (spool_add(spool, &in, &error) == 0)
		added++;
	assert_true(added > 10);
	assert_int_equal(error.kind, ERROR_REJECTS);
	error_clear(&error);
	spool_cut(spool, 10);
	for (int twice = 0; twice < 2; twice++) {
		struct reject out;
		int count = 0;
		assert_int_equal(spool_rewind(spool, &error), 0);
		while (spool_next(spool, &out, &error) == 1) {
			assert_int_equal(out.byte_offset, in.byte_offset);
			assert_int_equal(out.record.length, 3);
			assert_memory_equal(out.record.data, "x\0y", 3);
			assert_int_equal(out.field.length, 0);
			count++;
		}
		assert_int_equal(count, 10);
	}
	spool_free(spool);
}

static void *pusher(void *arg)
{
	void **parts = arg;
	struct queue *queue = parts[0];
	for (int i = 0; i < 3; i++)
		queue_push(queue, parts[1]);
	queue_close(queue);
	return NULL;
}

static void queues_end_and_stop(void **state)
{
	(void)state;
	struct schema *schema = people(false);
	struct batch *batch = batch_of(schema);
	atomic_bool stop = false;
	struct queue queue;
	bool timeout = false;
	queue_init(&queue, &stop);
	assert_null(queue_pop(&queue, 5, &timeout));
	assert_true(timeout);
	pthread_t thread;
	void *parts[] = { &queue, batch };
	assert_int_equal(pthread_create(&thread, NULL, pusher, parts), 0);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(queue_pop(&queue, 0, NULL), batch);
	assert_null(queue_pop(&queue, 0, &timeout));
	assert_false(timeout);
	pthread_join(thread, NULL);
	queue_push(&queue, batch);
	atomic_store(&stop, true);
	assert_null(queue_pop(&queue, 0, NULL));
	queue_fini(&queue);
	batch_free(batch);
	schema_free(schema);
}

static void books_balance(void **state)
{
	(void)state;
	struct counts counts = { .read = 10, .written = 5, .rejected = 2, .skipped = { [SKIP_BLANK] = 1, [SKIP_LIMIT] = 2 } };
	assert_true(counts_balance(&counts));
	struct counts sum = { 0 };
	counts_add(&sum, &counts);
	counts_add(&sum, &counts);
	assert_int_equal(counts_skipped(&sum), 6);
	assert_true(counts_balance(&sum));
	sum.written--;
	assert_false(counts_balance(&sum));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_wins),
		cmocka_unit_test(long_messages_end_at_a_character),
		cmocka_unit_test(calendar_round_trips),
		cmocka_unit_test(texts_are_canonical),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(digests_are_sha256),
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(run_ids_are_version_7),
		cmocka_unit_test(rule_ids_follow_the_contract),
		cmocka_unit_test(rejects_say_what_and_where),
		cmocka_unit_test(sensitive_values_never_show),
		cmocka_unit_test(arenas_have_a_ceiling),
		cmocka_unit_test(rows_begin_empty), cmocka_unit_test(rows_are_taken_back),
		cmocka_unit_test(fingerprints_do_not_depend_on_company),
		cmocka_unit_test(spools_give_back_what_they_took),
		cmocka_unit_test(queues_end_and_stop),
		cmocka_unit_test(books_balance),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
