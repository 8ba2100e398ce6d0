/* tests.c - the cases of a pipeline: records in, rows and rejects expected.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/keys.h"
#include "engine/config/planning.h"
#include "engine/config/scalars.h"
#include "engine/config/tree.h"
#include "engine/core/plural.h"
#include "engine/core/testing.h"

enum { TESTS_MAX = 10000, TEST_ROWS_MAX = 16384 };

/* One case while it is read. */
struct reading {
	struct planning *planning;
	struct diagnostics *diagnostics;
	struct stash *stash;
	struct test_case *one;
	const struct plan_step *step;
	bool failed;
};

/* What a cell that a map does not name is. */
enum unsaid { UNSAID_NULL = 0, UNSAID_ANY };

static const char *const keys_of_test[] = {"name", "step", "table", "params", "given", "rows", "csv", "text", "expect", NULL};
static const char *const keys_of_expect[] = {"rows", "rejects", "filtered", NULL};
static const char *const keys_of_reject[] = {"row", "rule", "rules", NULL};

static void fail(struct reading *reading, const struct node *node, const char *what)
{
	diagnostics_error(reading->diagnostics, node, "%s", what);
	reading->failed = true;
}

static void check_keys(struct reading *reading, const struct node *map, const char *const *known, const char *where)
{
	for (size_t i = 0; i < map->count; i++) {
		char guess[256];
		bool found = false;

		for (size_t k = 0; known[k] && !found; k++)
			found = strcmp(known[k], map->keys[i]->text) == 0;
		if (found)
			continue;
		diagnostics_error(reading->diagnostics, map->keys[i], "unknown key \"%.64s\" in %s%s", map->keys[i]->text, where,
			options_guess(map->keys[i]->text, known, guess, sizeof(guess)));
		reading->failed = true;
	}
}

/* --- rows ----------------------------------------------------------------------------------------- */

static struct test_cell read_cell(struct reading *reading, const struct node *node)
{
	if (node->kind != NODE_SCALAR) {
		fail(reading, node, "a cell is a text, a number or null; JSON stands in quotes");
		return (struct test_cell){.kind = TEST_NULL};
	}
	if (node_is_null(node))
		return (struct test_cell){.kind = TEST_NULL};
	return (struct test_cell){.kind = TEST_TEXT, .text = stash_text(reading->stash, node->text)};
}

static void read_map(struct reading *reading, const struct node *map, const struct schema *schema, struct test_cell *cells)
{
	for (size_t i = 0; i < map->count; i++) {
		size_t field = schema_find(schema, map->keys[i]->text);
		struct names names = {.count = 0};
		char guess[512];

		if (field != SCHEMA_NO_FIELD) {
			cells[field] = read_cell(reading, map->items[i]);
			continue;
		}
		for (size_t f = 0; f < schema->field_count; f++)
			names_add(&names, schema->fields[f].name);
		diagnostics_error(reading->diagnostics, map->keys[i], "there is no column \"%.64s\"%s", map->keys[i]->text,
			options_guess(map->keys[i]->text, names.list, guess, sizeof(guess)));
		reading->failed = true;
	}
}

static struct test_row read_row(struct reading *reading, const struct node *node, const struct schema *schema, enum unsaid unsaid)
{
	struct test_cell *cells = stash_array(reading->stash, schema->field_count + 1, sizeof(*cells));
	struct test_row row = {.cells = cells, .line = node->line};

	if (!cells)
		return row;
	if (node->kind == NODE_SEQUENCE) {
		for (size_t i = 0; i < node->count && i < schema->field_count; i++)
			cells[i] = read_cell(reading, node->items[i]);
		row.extra = node->count > schema->field_count;
	} else if (node->kind == NODE_MAP) {
		for (size_t i = 0; i < schema->field_count; i++)
			cells[i].kind = unsaid == UNSAID_ANY ? TEST_ABSENT : TEST_NULL;
		read_map(reading, node, schema, cells);
	} else {
		fail(reading, node, "a row is a list of cells, or a map from column to cell");
	}
	return row;
}

static struct test_rows read_rows(struct reading *reading, const struct node *node, const struct schema *schema, enum unsaid unsaid, bool whole)
{
	struct test_row *rows;

	if (node->kind != NODE_SEQUENCE || node->count > TEST_ROWS_MAX) {
		fail(reading, node, "rows are a list of rows, such as [[1, Ann], [2, Bob]], of at most 16384");
		return (struct test_rows){NULL, 0};
	}
	rows = stash_array(reading->stash, node->count + 1, sizeof(*rows));
	for (size_t i = 0; rows && i < node->count; i++) {
		rows[i] = read_row(reading, node->items[i], schema, unsaid);
		if (whole && node->items[i]->kind == NODE_SEQUENCE && node->items[i]->count != schema->field_count) {
			diagnostics_error(reading->diagnostics, node->items[i], "this row has %zu cell%s, and table \"%s\" has %zu field%s",
				node->items[i]->count, plural(node->items[i]->count, "", "s"), schema->name, schema->field_count,
				plural(schema->field_count, "", "s"));
			reading->failed = true;
		}
	}
	return (struct test_rows){rows, rows ? node->count : 0};
}

/* --- the parts of a case -------------------------------------------------------------------------- */

/* given: { departments: [[1, Sales]] } */
static void read_given(struct reading *reading, const struct node *node)
{
	struct pipeline *pipeline = reading->planning->pipeline;
	struct test_given *given;

	if (!node)
		return;
	if (node->kind != NODE_MAP) {
		fail(reading, node, "given is a map from table to the rows that it holds before, such as { jobs: [[1, Engineer]] }");
		return;
	}
	given = stash_array(reading->stash, node->count + 1, sizeof(*given));
	for (size_t i = 0; given && i < node->count; i++) {
		size_t index = dictionary_index(pipeline->dictionary, node->keys[i]->text);
		const struct table *table;

		if (index == SIZE_MAX) {
			report_unknown_table(reading->planning, node->keys[i]);
			reading->failed = true;
			continue;
		}
		table = dictionary_at(pipeline->dictionary, index);
		if (need_program(reading->planning, index) < 0) {
			reading->failed = true;
			continue;
		}
		given[reading->one->given_count++] = (struct test_given){.schema = table_schema(table), .program = pipeline->programs[index],
			.judge_new = program_judge, .rows = read_rows(reading, node->items[i], table_schema(table), UNSAID_NULL, true)};
	}
	reading->one->given = given;
}

static void read_reject(struct reading *reading, const struct node *node, struct test_reject *reject)
{
	const struct node *row = node_find(node, "row"), *rule = node_find(node, "rule"), *rules = node_find(node, "rules");
	const char **items;
	int64_t number;

	if (node->kind != NODE_MAP) {
		fail(reading, node, "a reject is a map such as { row: 2, rule: jobs.id.type }");
		return;
	}
	check_keys(reading, node, keys_of_reject, "an expected reject");
	if (!node_text(row) || !scalar_integer(node_text(row), &number) || number < 1) {
		fail(reading, row ? row : node, "a reject needs \"row\": the number of its record, from 1");
		return;
	}
	reject->row = (uint64_t)number;
	if (rule && rules) {
		fail(reading, rules, "a reject has either \"rule\", that of its first violation, or \"rules\", those of all");
		return;
	}
	if ((rule && !node_text(rule)) || (rules && rules->kind != NODE_SEQUENCE)) {
		fail(reading, rule ? rule : rules, rule ? "rule is the id of a rule, such as jobs.id.type" : "rules is a list of ids of rules");
		return;
	}
	reject->first_only = rule != NULL;
	reject->rules.count = rule ? 1 : rules ? rules->count : 0;
	items = stash_array(reading->stash, reject->rules.count + 1, sizeof(*items));
	for (size_t i = 0; items && i < reject->rules.count; i++) {
		const struct node *item = rule ? rule : rules->items[i];

		if (!node_text(item))
			fail(reading, item, "a rule is an id such as jobs.id.type");
		else
			items[i] = stash_text(reading->stash, node_text(item));
	}
	reject->rules.items = items;
}

static void read_rejects(struct reading *reading, const struct node *node)
{
	struct test_reject *rejects;

	if (!node)
		return;
	if (node->kind != NODE_SEQUENCE) {
		fail(reading, node, "rejects are a list such as [{ row: 2, rule: jobs.id.type }]");
		return;
	}
	rejects = stash_array(reading->stash, node->count + 1, sizeof(*rejects));
	for (size_t i = 0; rejects && i < node->count; i++) {
		read_reject(reading, node->items[i], &rejects[i]);
		for (size_t k = 0; k < i; k++)
			if (rejects[i].row && rejects[k].row == rejects[i].row)
				fail(reading, node->items[i], "this record is expected to be rejected twice; a record has one reject, with all its rules");
	}
	reading->one->rejects = rejects;
	reading->one->reject_count = rejects ? node->count : 0;
}

static void read_expect(struct reading *reading, const struct node *test)
{
	const struct node *expect = node_find(test, "expect"), *rows = node_find(expect, "rows"), *filtered = node_find(expect, "filtered");
	int64_t number;

	if (!expect || expect->kind != NODE_MAP) {
		fail(reading, expect ? expect : test, "a test needs \"expect\": { rows: [...], rejects: [{ row: 2, rule: ... }], filtered: 1 }");
		return;
	}
	check_keys(reading, expect, keys_of_expect, "what a test expects");
	if (rows)
		reading->one->expected = read_rows(reading, rows, reading->step->schema, UNSAID_ANY, true);
	reading->one->has_rows = rows != NULL;
	read_rejects(reading, node_find(expect, "rejects"));
	if (!filtered)
		return;
	if (!node_text(filtered) || !scalar_integer(node_text(filtered), &number) || number < 0) {
		fail(reading, filtered, "filtered is how many records the transform leaves out");
		return;
	}
	reading->one->has_filtered = true;
	reading->one->filtered = (uint64_t)number;
}

/* Records as rows, or as the text of a file that the step's own source reads. */
static void read_records(struct reading *reading, const struct node *test)
{
	const struct node *rows = node_find(test, "rows"), *csv = node_find(test, "csv"), *text = csv ? csv : node_find(test, "text");
	bool file = options_find(reading->step->source->options, "path") && !reading->step->source->typed;

	if ((rows != NULL) == (text != NULL)) {
		fail(reading, text ? text : test, "a test has either \"rows\" or, as a file of the source would hold them, \"csv\" or \"text\"");
		return;
	}
	if (rows) {
		reading->one->rows = read_rows(reading, rows, reading->step->source_schema, UNSAID_NULL, false);
		return;
	}
	if (!node_text(text) || !file || (csv && strcmp(reading->step->source->name, "csv") != 0)) {
		diagnostics_error(reading->diagnostics, text, "%s", !node_text(text) ? "this is the text of a file" :
			"the source of this step reads no such text; give its records as rows");
		reading->failed = true;
		return;
	}
	reading->one->text = stash_text(reading->stash, node_text(text));
}

/* By the name of a step, and its table where a for_each has several of that name. */
static bool find_step(struct reading *reading, const struct node *test)
{
	const struct plan *plan = &reading->planning->pipeline->plan;
	const struct node *step = node_find(test, "step"), *table = node_find(test, "table");
	const char *name = node_text(step), *of = node_text(table);
	struct names names = {.count = 0};
	char guess[512];

	for (size_t i = 0; i < plan->step_count; i++) {
		const struct plan_step *one = &plan->steps[i];

		names_add(&names, one->name);
		if ((name && strcmp(one->name, name) != 0) || (of && strcmp(one->table, of) != 0) || (!step && !table && plan->step_count > 1))
			continue;
		reading->one->step = i;
		reading->step = one;
		return true;
	}
	if (!step && !table)
		diagnostics_error(reading->diagnostics, test, "a test needs \"step\", since the pipeline has several");
	else
		diagnostics_error(reading->diagnostics, step ? step : table, "there is no such step%s",
			options_guess(name ? name : "", names.list, guess, sizeof(guess)));
	reading->failed = true;
	return false;
}

static void read_params(struct reading *reading, const struct node *node)
{
	const char **keys, **values;

	if (!node)
		return;
	if (node->kind != NODE_MAP) {
		fail(reading, node, "params is a map from param to value");
		return;
	}
	keys = stash_array(reading->stash, node->count + 1, sizeof(*keys));
	values = stash_array(reading->stash, node->count + 1, sizeof(*values));
	if (!keys || !values)
		return;
	for (size_t i = 0; i < node->count; i++) {
		if (!node_text(node->items[i])) {
			fail(reading, node->items[i], "the value of a param is a text");
			continue;
		}
		if (!params_find(&reading->planning->params, node->keys[i]->text)) {
			diagnostics_error(reading->diagnostics, node->keys[i], "unknown param \"%.64s\"", node->keys[i]->text);
			reading->failed = true;
			continue;
		}
		keys[reading->one->params.count] = stash_text(reading->stash, node->keys[i]->text);
		values[reading->one->params.count++] = stash_text(reading->stash, node->items[i]->text);
	}
	reading->one->params.keys = keys;
	reading->one->params.values = values;
}

static void read_test(struct planning *planning, const struct node *test, struct test_case *one)
{
	struct reading reading = {.planning = planning, .diagnostics = planning->diagnostics, .stash = &planning->pipeline->stash, .one = one};
	const struct node *name = node_find(test, "name");
	char place[ERROR_PLACE_MAX];

	if (test->kind != NODE_MAP) {
		fail(&reading, test, "a test is a map such as { name: ..., rows: [...], expect: { rows: [...] } }");
		return;
	}
	check_keys(&reading, test, keys_of_test, "a test");
	one->place = stash_text(reading.stash, node_place(test, place, sizeof place));
	if (!node_text(name) || node_is_null(name) || !name->text[0]) {
		fail(&reading, name ? name : test, "a test needs a \"name\"");
		return;
	}
	one->name = stash_text(reading.stash, name->text);
	read_params(&reading, node_find(test, "params"));
	if (!find_step(&reading, test))
		return;
	read_given(&reading, node_find(test, "given"));
	read_records(&reading, test);
	read_expect(&reading, test);
}

void read_tests(struct planning *planning, struct node *root)
{
	struct plan *plan = &planning->pipeline->plan;
	struct node *tests = node_find(root, "tests");
	struct test_case *cases;

	if (!tests)
		return;
	if (tests->kind != NODE_SEQUENCE || tests->count > TESTS_MAX) {
		diagnostics_error(planning->diagnostics, tests, "tests is a list of cases, such as [{ name: ..., rows: [...], expect: { rows: [...] } }]");
		return;
	}
	if (interpolate_tree(tests, &planning->scope) < 0)
		return;
	cases = stash_array(&planning->pipeline->stash, tests->count + 1, sizeof(*cases));
	for (size_t i = 0; cases && i < tests->count && planning->diagnostics->errors < DIAGNOSTICS_MAX; i++)
		read_test(planning, tests->items[i], &cases[i]);
	plan->tests = cases;
	plan->test_count = cases ? tests->count : 0;
}
