/* test_judge.c - the order of judgement, what reserves a key, resumes, dry runs.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/core/typed.h"
#include "tests/support/judging.h"

static const char shop[] = "resources:\n"
			   "- name: p\n"
			   "  schema: { fields: [{ name: id, type: integer }, { name: s, constraints: { unique: true } "
			   "}], primaryKey: id }\n"
			   "- name: t\n"
			   "  schema:\n"
			   "    fields:\n"
			   "    - { name: id, type: integer }\n"
			   "    - { name: a, type: integer, constraints: { minimum: 10, enum: [20, 30] } }\n"
			   "    - { name: b, constraints: { required: true, minLength: 3, pattern: '[a-z]+' } }\n"
			   "    - { name: c, type: date }\n"
			   "    - { name: p_id, type: integer }\n"
			   "    - { name: u, constraints: { unique: true } }\n"
			   "    primaryKey: id\n"
			   "    foreignKeys: [{ fields: p_id, reference: { resource: p, fields: id } }]\n";

static const struct judge_context append = {.policy = KEYS_APPEND};

/* Judges records (an array with NULL at its end) and compares the verdict. */
static void judge(struct judging *judging, const char *const *records, const char *wanted)
{
	char got[4096];
	struct batch *batch = judging_batch(judging, 64);
	for (; *records; records++)
		judging_add(batch, *records);
	judging_judge(judging, batch);
	assert_string_equal(judging_verdict(batch, got, sizeof got), wanted);
	batch_free(batch);
}

#define RECORDS(...)                                                                                                   \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

static void lists_violations_by_stage_then_field(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging, shop, "t");
	judging_start(&judging, append, NULL);
	judge(&judging,
	      RECORDS("1|20|abc|2021-01-01||x", "x|5|A|yesterday|7|x", "1|20|abc|||x", "1|20|ab|||x", "2|x||||y",
		      "3|20|abc", "4|20|abc||5|q", "2|30|xyz|||z"),
	      "2: t.id.type t.a.minimum t.a.enum t.b.minLength t.b.pattern t.c.type; "
	      "3: t.id.primary-key t.u.unique; "
	      "4: t.b.minLength; "
	      "5: t.a.type t.b.required; "
	      "6: t.c.missing-cell t.p_id.missing-cell t.u.missing-cell; "
	      "7: t.p_id.foreign-key");
	judging_close(&judging);
}

static void judges_the_record_first(void **state)
{
	(void)state;
	char got[4096];
	struct judging judging;
	struct error error = ERROR_INIT;
	judging_open(&judging, shop, "t");
	judging_start(&judging, append, NULL);
	struct batch *batch = judging_batch(&judging, 16);
	judging_add(batch, "1|20|\xFF|x||u1");
	batch->columns[2].cells[0] = CELL_BAD;
	assert_int_equal(batch_fault(batch, 0, FAULT_ENCODING, 2, &error, "byte 0xFF at 5"), 0);
	assert_int_equal(batch_fault(batch, 0, FAULT_ENCODING, 5, &error, "second"), 0);
	judging_add(batch, NULL);
	assert_int_equal(batch_fault(batch, 1, FAULT_RECORD, SCHEMA_NO_FIELD, &error, "a quote is still open"), 0);
	judging_add(batch, "1|5|abc|||u2");
	assert_int_equal(batch_fault(batch, 2, FAULT_EXTRA, SCHEMA_NO_FIELD, &error, "it has 7 cells"), 0);
	judging_add(batch, NULL);
	batch->status[3] = ROW_BLANK;
	judging_add(batch, "x");
	batch->status[4] = ROW_LIMIT;
	judging_add(batch, "1|20|abc|||u1");
	judging_judge(&judging, batch);
	/* The first and third records reserved no key. */
	assert_string_equal(judging_verdict(batch, got, sizeof got),
			    "1: t.encoding-error t.c.type; 2: t.record-error; 3: t.extra-cell t.a.minimum t.a.enum");
	struct span detail = batch->violations[0].detail;
	assert_int_equal(detail.length, strlen("byte 0xFF at 5"));
	assert_memory_equal(batch_bytes(batch, detail), "byte 0xFF at 5", detail.length);
	assert_int_equal(batch->status[3], ROW_BLANK);
	assert_int_equal(batch->status[4], ROW_LIMIT);
	assert_int_equal(batch->status[5], ROW_LIVE);
	assert_int_equal(batch->passed[5], 1);
	assert_int_equal(batch->passed[0], 0);
	batch_free(batch);
	judging_close(&judging);
}

static void only_accepted_records_reserve_their_keys(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging, shop, "p");
	judging_start(&judging, append, NULL);
	judge(&judging, RECORDS("1|x", "1|y", "2|y", "3|x", "3|z", "4|", "5|"), "2: p.id.primary-key; 4: p.s.unique");
	/* ... and keep them over batches. */
	judge(&judging, RECORDS("3|q", "6|y", "6|q", "7|"), "1: p.id.primary-key; 2: p.s.unique");
	judging_close(&judging);
}

static void a_unique_field_that_is_the_primary_key_breaks_both_rules(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging,
		     "resources: [{ name: t, schema: { fields: [{ name: id, constraints: { unique: true } }, { name: n "
		     "}], primaryKey: "
		     "id, uniqueKeys: [[n, id], [id, n]] } }]",
		     NULL);
	assert_int_equal(judging.schema->unique_count, 1);
	judging_start(&judging, append, NULL);
	judge(&judging, RECORDS("a|1", "a|1", "b|1"), "2: t.id.primary-key t.id.unique t.unique(n+id)");
	judging_close(&judging);
}

static void keys_of_several_fields(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging,
		     "resources: [{ name: o, schema: { fields: [{ name: region }, { name: id, type: integer }, { name: "
		     "p, type: number, precision: 6, scale: "
		     "2 }, { name: d, type: number }], primaryKey: [region, id], uniqueKeys: [[p, d]] } }]",
		     NULL);
	judging_start(&judging, append, NULL);
	judge(&judging,
	      RECORDS("north|1|1.50|0", "north|2|1.5|1", "south|1|1.5|-0", "south|1|2|", "south|1|2|", "north|01||0",
		      "North|1||0", "north |1|1.500|1e0"),
	      "3: o.unique(p+d); 5: o.primary-key(region+id); 6: o.primary-key(region+id); 8: o.unique(p+d)");
	judging_close(&judging);
}

static void check_types_stops_after_the_casts(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging, shop, "t");
	judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND, .check_types_only = true}, NULL);
	judge(&judging, RECORDS("1|1|A||9|x", "1|1|A||9|x", "x|1|||9|x", "1"),
	      "3: t.id.type; 4: t.a.missing-cell t.b.missing-cell t.c.missing-cell t.p_id.missing-cell "
	      "t.u.missing-cell");
	judging_close(&judging);
}

/* A row as a source with types of its own gives it: "-" is null, "?..." no value of the type. */
static void add_typed(struct batch *batch, const char *const *cells)
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);
	for (size_t i = 0; i < batch->schema->field_count; i++) {
		struct text text = {cells[i], strlen(cells[i])};
		bool valid = true;
		if (strcmp(cells[i], "-") == 0)
			typed_null(batch, i, row);
		else if (cells[i][0] == '?')
			assert_int_equal(typed_bad(batch, i, row, (struct text){text.data + 1, text.length - 1}, &error), 0);
		else
			assert_int_equal(typed_read(batch, i, row, text, &valid, &error), 0);
		assert_true(valid);
	}
}

static const char mail[] = "resources: [{ name: t, schema: { missingValues: ['', 'none'], fields: [{ name: id, type: integer }, "
			   "{ name: m, format: email, constraints: { required: true, maxLength: 12 } }, "
			   "{ name: d, type: date, format: '%d/%m/%Y', constraints: { minimum: 2021-01-01 } }, "
			   "{ name: s, constraints: { enum: [none, some] } }], primaryKey: id } }]";

static const char *const typed_rows[][4] = {
	{"1", "a@b.example", "2021-11-07", "some"}, {"1", "-", "2020-12-31", "none"}, {"2", "a@b", "-", "other"},
	{"?x", "a@bcdef.example", "?31/12/2021", "?y"}, {"-", "?", "-", "-"}, {"1", "a@b.example", "-", "-"},
};

static struct batch *typed_batch(const struct judging *judging)
{
	struct batch *batch = judging_batch(judging, 8);
	for (size_t i = 0; i < sizeof typed_rows / sizeof *typed_rows; i++)
		add_typed(batch, typed_rows[i]);
	return batch;
}

/* Nothing is cast or taken for missing; all else applies. */
static void typed_cells_are_checked(void **state)
{
	(void)state;
	char got[4096];
	struct judging judging;
	judging_open(&judging, mail, NULL);
	judging_start(&judging, append, NULL);
	struct batch *batch = typed_batch(&judging);
	judging_judge(&judging, batch);
	assert_string_equal(judging_verdict(batch, got, sizeof got),
			    "2: t.m.required t.d.minimum; 3: t.m.type t.s.enum; 4: t.id.type t.m.maxLength t.d.type t.s.type; "
			    "5: t.id.required t.m.type; 6: t.id.primary-key");
	/* The value that was there is what a reject shows. */
	struct span shown = batch->columns[0].texts[3];
	assert_int_equal(shown.length, 1);
	assert_memory_equal(batch_bytes(batch, shown), "x", 1);
	batch_free(batch);
	judging_close(&judging);
}

/* As in a backup: only what the source could not read at all. */
static void typed_cells_with_check_types(void **state)
{
	(void)state;
	char got[4096];
	struct judging judging;
	judging_open(&judging, mail, NULL);
	judging_start(&judging, (struct judge_context){.policy = KEYS_APPEND, .check_types_only = true}, NULL);
	struct batch *batch = typed_batch(&judging);
	judging_judge(&judging, batch);
	assert_string_equal(judging_verdict(batch, got, sizeof got), "4: t.id.type t.d.type t.s.type; 5: t.m.type");
	batch_free(batch);
	judging_close(&judging);
}

static void an_upsert_key_comes_once_in_a_run(void **state)
{
	(void)state;
	struct judging judging;
	size_t fields[] = {1, 0};
	struct key key = {.fields = fields, .count = 2};
	judging_open(
		&judging,
		"resources: [{ name: t, schema: { fields: [{ name: a }, { name: b, type: integer }, { name: c }] } }]",
		NULL);
	judging_start(&judging, (struct judge_context){.policy = KEYS_UPSERT, .upsert_key = &key}, NULL);
	judge(&judging, RECORDS("x|1|p", "x|2|p", "x|1|q", "x||r", "x||r", "y|1|p"), "3: t.unique(b+a)");
	judging_close(&judging);
	/* One that the dictionary knows is named as there. */
	judging_open(&judging,
		     "resources: [{ name: t, schema: { fields: [{ name: a }, { name: b, type: integer }], primaryKey: "
		     "[a, b] } }]",
		     NULL);
	judging_start(&judging, (struct judge_context){.policy = KEYS_UPSERT, .upsert_key = &key}, NULL);
	judge(&judging, RECORDS("x|1", "x|1"), "2: t.primary-key(a+b)");
	judging_close(&judging);
}

static void a_dry_run_takes_accepted_records_for_parents(void **state)
{
	(void)state;
	struct judging parents, children;
	judging_open(&parents, shop, "p");
	judging_start(&parents, (struct judge_context){.policy = KEYS_APPEND, .dry_run = true}, NULL);
	judge(&parents, RECORDS("1|a", "2|a", "x|b"), "2: p.s.unique; 3: p.id.type");
	judging_open(&children, shop, "t");
	judging_start(&children,
		      (struct judge_context){
			      .policy = KEYS_APPEND, .dry_run = true, .earlier = &parents.judge, .earlier_count = 1},
		      NULL);
	judge(&children, RECORDS("1|20|abc||1|x", "2|20|abc||2|y"), "2: t.p_id.foreign-key");
	judging_close(&children);
	judging_close(&parents);
}

/* Rows are judged once, keys go on in a second batch, and an empty batch is no trouble. */
static void empty_batches(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging, shop, "t");
	judging_start(&judging, append, NULL);
	judge(&judging, (const char *const[]){NULL}, "");
	judging_close(&judging);
}

static void two_references_of_one_field_say_which(void **state)
{
	(void)state;
	struct judging judging;
	judging_open(&judging,
		     "resources:\n"
		     "- { name: c, schema: { fields: [{ name: x, type: integer }], foreignKeys: [{ fields: x, "
		     "reference: { resource: a, fields: id } },"
		     " { fields: x, reference: { resource: b, fields: id } }] } }\n"
		     "- { name: a, schema: { fields: [{ name: id, type: integer }], primaryKey: id } }\n"
		     "- { name: b, schema: { fields: [{ name: id, type: integer }], primaryKey: id } }\n",
		     "c");
	judging_start(&judging, append, NULL);
	struct batch *batch = judging_batch(&judging, 1);
	judging_add(batch, "1");
	judging_judge(&judging, batch);
	assert_int_equal(batch->violation_count, 2);
	assert_string_equal(batch->violations[0].rule->text, "is not in a(id)");
	assert_int_equal(batch->violations[0].detail.length, 0);
	assert_memory_equal(batch_bytes(batch, batch->violations[1].detail), "is not in b(id)",
			    strlen("is not in b(id)"));
	batch_free(batch);
	judging_close(&judging);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_violations_by_stage_then_field),
		cmocka_unit_test(judges_the_record_first),
		cmocka_unit_test(only_accepted_records_reserve_their_keys),
		cmocka_unit_test(a_unique_field_that_is_the_primary_key_breaks_both_rules),
		cmocka_unit_test(keys_of_several_fields),
		cmocka_unit_test(check_types_stops_after_the_casts),
		cmocka_unit_test(typed_cells_are_checked),
		cmocka_unit_test(typed_cells_with_check_types),
		cmocka_unit_test(an_upsert_key_comes_once_in_a_run),
		cmocka_unit_test(a_dry_run_takes_accepted_records_for_parents),
		cmocka_unit_test(empty_batches),
		cmocka_unit_test(two_references_of_one_field_say_which),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
