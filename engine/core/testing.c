/* testing.c - one case: given rows judged, records read or made, taken through transform and rules, and held against what is expected.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/testing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/core/given.h"
#include "engine/core/plural.h"
#include "engine/core/typed.h"
#include "engine/core/unnamed.h"

enum { DIFFERENCES_MAX = 1 << 20, SHOWN_MAX = 200 };

struct testing {
	const struct plan *plan;
	const struct plan_step *step;
	const struct test_case *one;
	struct cancel *cancel;
	struct test_outcome *outcome;
	struct rule_set rules;
	struct judge *judge;
	struct transform *transform;
	struct batch **given;        /* one->given_count */
	struct given_table *tables;
	struct given lookup;
	struct batch *expected;      /* typed, for comparing */
	size_t matched;              /* expected rows that were met */
	bool *rejects_met;           /* one->reject_count */
};

static int differ(struct testing *testing, struct error *error, const char *format, ...) PRINTF_LIKE(3, 4);
static int differ(struct testing *testing, struct error *error, const char *format, ...)
{
	char text[4 * SHOWN_MAX + 512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return buffer_printf(&testing->outcome->differences, error, "%s\n", text);
}

/* --- cells as written ----------------------------------------------------------------------------- */

/* typed: a text is the canonical one of a value; else one as it stands in a file. */
static int put_cell(struct batch *batch, size_t column, uint32_t row, const struct test_cell *cell, bool typed, struct error *error)
{
	struct column *to = &batch->columns[column];
	bool valid = false;
	if (cell->kind == TEST_NULL)
		to->cells[row] = CELL_NULL;
	if (cell->kind != TEST_TEXT)
		return 0;
	struct text text = { cell->text, strlen(cell->text) };
	if (typed && to->field->type == VALUE_STRING)
		return typed_bytes(batch, column, row, text, error);
	if (typed && typed_read(batch, column, row, text, &valid, error) < 0)
		return -1;
	if (valid)
		return 0;
	if (typed)
		return typed_bad(batch, column, row, text, error);
	to->cells[row] = CELL_TEXT;
	return batch_store(batch, text.data, text.length, &to->texts[row], error);
}

/* absent: what a cell that is not said becomes. */
static int put_rows(struct batch *batch, const struct test_rows *rows, bool typed, struct error *error)
{
	size_t fields = batch->schema->field_count;
	for (size_t i = 0; i < rows->count; i++) {
		uint32_t row = batch_add_row(batch);
		batch->origins[row].record_no = batch->origins[row].line_no = i + 1;
		for (size_t f = 0; f < fields; f++)
			if (put_cell(batch, f, row, &rows->rows[i].cells[f], typed, error) < 0)
				return -1;
		if (rows->rows[i].extra && batch_fault(batch, row, FAULT_EXTRA, SCHEMA_NO_FIELD, error, "%zu cell%s expected, more found", fields,
						plural(fields, "", "s")) < 0)
			return -1;
	}
	batch->last = true;
	return 0;
}

static struct batch *batch_of(const struct schema *schema, const struct test_rows *rows, const struct limits *limits, struct error *error)
{
	return batch_new(schema, rows->count ? rows->count : 1, limits, error);
}

/* --- rows that are there already ------------------------------------------------------------------ */

static int give_table(struct testing *testing, size_t index, struct error *error)
{
	const struct test_given *given = &testing->one->given[index];
	const struct limits *limits = &testing->plan->limits;
	struct rule_set rules;
	rule_set_init(&rules, given->schema);
	struct judge_context context = { .limits = limits, .rules = &rules, .dry_run = true, .cancel = testing->cancel };
	struct judge *judge = given->judge_new(given->program, &context, error);
	struct batch *batch = batch_of(given->schema, &given->rows, limits, error);
	testing->given[index] = batch;
	testing->tables[index] = (struct given_table){ given->schema->name, batch };
	int result = judge && batch && put_rows(batch, &given->rows, false, error) == 0 && judge->ops->cells(judge, batch, error) == 0 ? 0 : -1;
	if (result == 0 && batch->violation_count > 0) {
		batch_sort_violations(batch);
		const struct violation *first = &batch->violations[0];
		result = error_set(error, ERROR_CONFIG, testing->one->place, "given: row %u of %s is refused by %s", first->row + 1, given->schema->name,
			first->rule->id);
	}
	if (judge)
		judge->ops->free(judge);
	rule_set_fini(&rules);
	return result;
}

/* --- what is expected ----------------------------------------------------------------------------- */

/* A row as a person reads it. */
static void show_row(const struct batch *batch, uint32_t row, char *out, size_t size)
{
	size_t at = 0;
	at += (size_t)snprintf(out, size, "[");
	for (size_t i = 0; i < batch->schema->field_count && at < size; i++) {
		char typed[VALUE_TEXT_MAX];
		const struct column *column = &batch->columns[i];
		struct text text = { column->cells[row] == CELL_ABSENT ? "..." : "null", column->cells[row] == CELL_ABSENT ? 3 : 4 };
		if (column->cells[row] == CELL_VALUE)
			text = batch_cell_text(batch, i, row, typed);
		else if (column->texts[row].length > 0)
			text = (struct text){ batch_bytes(batch, column->texts[row]), column->texts[row].length };
		at += (size_t)snprintf(out + at, size - at, "%s%.*s", i ? ", " : "", (int)(text.length < 64 ? text.length : 64), text.length ? text.data : "");
	}
	if (at < size)
		snprintf(out + at, size - at, "]");
}

static bool same_cell(const struct batch *got, const struct batch *wanted, size_t column, uint32_t row, uint32_t other)
{
	char left[VALUE_TEXT_MAX], right[VALUE_TEXT_MAX];
	enum cell_state a = got->columns[column].cells[row], b = wanted->columns[column].cells[other];
	if (a != CELL_VALUE || b != CELL_VALUE)
		return a == b;
	struct text x = batch_cell_text(got, column, row, left), y = batch_cell_text(wanted, column, other, right);
	return x.length == y.length && memcmp(x.length ? x.data : "", y.length ? y.data : "", x.length) == 0;
}

static int compare_row(struct testing *testing, const struct batch *batch, uint32_t row, struct error *error)
{
	const struct test_case *one = testing->one;
	uint32_t at = (uint32_t)testing->matched;
	char shown[SHOWN_MAX], wanted[SHOWN_MAX];
	if (!one->has_rows)
		return 0;
	if (testing->matched++ >= one->expected.count) {
		show_row(batch, row, shown, sizeof shown);
		return differ(testing, error, "record %llu: not expected: %s", (unsigned long long)batch->origins[row].record_no, shown);
	}
	for (size_t i = 0; i < batch->schema->field_count; i++) {
		const struct test_cell *cell = &one->expected.rows[at].cells[i];
		if (cell->kind == TEST_ABSENT || same_cell(batch, testing->expected, i, row, at))
			continue;
		show_row(batch, row, shown, sizeof shown);
		snprintf(wanted, sizeof wanted, "%s", cell->kind == TEST_NULL ? "null" : cell->text);
		char typed[VALUE_TEXT_MAX];
		bool has = batch->columns[i].cells[row] == CELL_VALUE;
		struct text text = has ? batch_cell_text(batch, i, row, typed) : (struct text){ "null", 4 };
		if (differ(testing, error, "record %llu: %s: wanted %s%.160s%s, got %s%.*s%s in %s", (unsigned long long)batch->origins[row].record_no,
			    batch->schema->fields[i].name, cell->kind == TEST_TEXT ? "\"" : "", wanted, cell->kind == TEST_TEXT ? "\"" : "",
			    has ? "\"" : "", (int)(text.length < 160 ? text.length : 160), text.length ? text.data : "", has ? "\"" : "", shown) < 0)
			return -1;
	}
	return 0;
}

static const struct test_reject *expected_reject(const struct testing *testing, uint64_t record, size_t *index)
{
	for (*index = 0; *index < testing->one->reject_count; ++*index)
		if (testing->one->rejects[*index].row == record)
			return &testing->one->rejects[*index];
	return NULL;
}

static int compare_reject(struct testing *testing, const struct batch *batch, size_t first, size_t count, struct error *error)
{
	uint64_t record = batch->origins[batch->violations[first].row].record_no;
	size_t index;
	const struct test_reject *wanted = expected_reject(testing, record, &index);
	const struct violation *violation = &batch->violations[first];
	if (!wanted) {
		struct span detail = violation->detail;
		return differ(testing, error, "record %llu: not expected to be rejected: %s %.*s", (unsigned long long)record, violation->rule->id,
			(int)(detail.length ? (detail.length < SHOWN_MAX ? detail.length : SHOWN_MAX) : strlen(violation->rule->text)),
			detail.length ? batch_bytes(batch, detail) : violation->rule->text);
	}
	testing->rejects_met[index] = true;
	if (!wanted->first_only && wanted->rules.count != count && wanted->rules.count > 0)
		return differ(testing, error, "record %llu: wanted %zu violation%s, got %zu, first %s", (unsigned long long)record, wanted->rules.count,
			plural(wanted->rules.count, "", "s"), count,
			violation->rule->id);
	for (size_t i = 0; i < wanted->rules.count && i < count; i++)
		if (strcmp(wanted->rules.items[i], violation[i].rule->id) != 0 &&
			differ(testing, error, "record %llu: wanted rule %s, got %s", (unsigned long long)record, wanted->rules.items[i],
				violation[i].rule->id) < 0)
			return -1;
	return 0;
}

static int compare_batch(struct testing *testing, struct batch *batch, struct error *error)
{
	batch_sort_violations(batch);
	testing->outcome->read += batch->rows;
	for (uint32_t row = 0; row < batch->rows; row++) {
		testing->outcome->filtered += batch->status[row] == ROW_FILTERED;
		testing->outcome->rejected += batch->status[row] == ROW_REJECTED;
		if (batch->status[row] != ROW_LIVE)
			continue;
		testing->outcome->written++;
		size_t index;
		if (expected_reject(testing, batch->origins[row].record_no, &index)) {
			char shown[SHOWN_MAX];
			testing->rejects_met[index] = true;
			show_row(batch, row, shown, sizeof shown);
			if (differ(testing, error, "record %llu: wanted to be rejected (%s), got %s", (unsigned long long)batch->origins[row].record_no,
				    testing->one->rejects[index].rules.count ? testing->one->rejects[index].rules.items[0] : "by any rule", shown) < 0)
				return -1;
			continue;
		}
		if (compare_row(testing, batch, row, error) < 0)
			return -1;
	}
	for (size_t first = 0, count; first < batch->violation_count; first += count) {
		for (count = 1; first + count < batch->violation_count && batch->violations[first + count].row == batch->violations[first].row;)
			count++;
		if (compare_reject(testing, batch, first, count, error) < 0)
			return -1;
	}
	return 0;
}

static int compare_end(struct testing *testing, struct error *error)
{
	const struct test_case *one = testing->one;
	for (; one->has_rows && testing->matched < one->expected.count; testing->matched++) {
		char shown[SHOWN_MAX];
		show_row(testing->expected, (uint32_t)testing->matched, shown, sizeof shown);
		if (differ(testing, error, "row %zu (line %u) did not come: %s", testing->matched + 1, one->expected.rows[testing->matched].line, shown) < 0)
			return -1;
	}
	for (size_t i = 0; i < one->reject_count; i++)
		if (!testing->rejects_met[i] && differ(testing, error, "record %llu was expected to be rejected, and did not come to the rules",
						(unsigned long long)one->rejects[i].row) < 0)
			return -1;
	if (one->has_filtered && one->filtered != testing->outcome->filtered)
		return differ(testing, error, "wanted %llu record%s filtered, got %llu", (unsigned long long)one->filtered, plural(one->filtered, "", "s"),
			(unsigned long long)testing->outcome->filtered);
	return 0;
}

/* --- the records ---------------------------------------------------------------------------------- */

static int take(struct testing *testing, struct batch *batch, struct error *error)
{
	struct judge *judge = testing->judge;
	if (testing->transform && testing->transform->ops->run(testing->transform, batch, error) < 0)
		return -1;
	if (judge->ops->cells(judge, batch, error) < 0 || judge->ops->keys(judge, batch, false, error) < 0 ||
		(!batch->keys_judged && judge->ops->keys(judge, batch, true, error) < 0) || judge->ops->settled(judge, batch, error) < 0)
		return -1;
	return compare_batch(testing, batch, error);
}

static struct batch *new_batch(const struct testing *testing, size_t rows, struct error *error)
{
	struct batch *batch = batch_new(testing->step->source_schema, rows, &testing->plan->limits, error);
	if (batch && testing->transform && batch_add_side(batch, testing->step->schema, error) < 0) {
		batch_free(batch);
		return NULL;
	}
	return batch;
}

static int take_rows(struct testing *testing, struct error *error)
{
	const struct test_rows *rows = &testing->one->rows;
	struct batch *batch = new_batch(testing, rows->count ? rows->count : 1, error);
	int result = batch && put_rows(batch, rows, testing->step->source->typed, error) == 0 ? take(testing, batch, error) : -1;
	batch_free(batch);
	return result;
}

static int write_all(int fd, const char *text, struct error *error)
{
	for (size_t length = strlen(text); length > 0;) {
		ssize_t done = write(fd, text, length);
		if (done < 0)
			return error_errno(error, ERROR_RESOURCE, NULL, errno, "cannot write the text of a test");
		text += done;
		length -= (size_t)done;
	}
	return 0;
}

/* Another path for the option `path` of a source, in a copy of its options. */
static void set_path(const struct source_ops *source, void *options, const char *const *path)
{
	for (const struct option *option = source->options; option->name; option++) {
		char *slot = (char *)options + option->offset;
		if (strcmp(option->name, "path") != 0)
			continue;
		if (option->kind == OPTION_LIST)
			memcpy(slot, &(struct option_list){ .items = path, .count = 1 }, sizeof(struct option_list));
		else
			memcpy(slot, path, sizeof *path);
	}
}

static int read_all(struct testing *testing, void *instance, struct error *error)
{
	const struct source_ops *source = testing->step->source;
	size_t rows = batch_rows_for(testing->step->schema, batch_rows_for(testing->step->source_schema, 0));
	struct batch *batch = new_batch(testing, rows, error);
	enum source_result got = batch ? SOURCE_BATCH : SOURCE_ERROR;
	bool last = false;
	while (got == SOURCE_BATCH && !last && (got = source->read(instance, batch, error)) == SOURCE_BATCH) {
		last = batch->last;
		if (take(testing, batch, error) < 0)
			got = SOURCE_ERROR;
		batch_reset(batch);
	}
	batch_free(batch);
	return got == SOURCE_ERROR ? -1 : 0;
}

/* A pipeline file is UTF-8, and so is the text in it, whatever the files of the step are in. */
static void set_encoding(const struct source_ops *source, void *instance)
{
	static const char *const utf8 = "utf-8";
	for (const struct option *option = source->options; option && option->name; option++)
		if (option->kind == OPTION_STRING && strcmp(option->name, "encoding") == 0)
			memcpy((char *)instance + option->offset, &utf8, sizeof utf8);
}

/* The text as a file without a name, read by the step's own source. */
static int take_text(struct testing *testing, struct error *error)
{
	const struct plan_step *step = testing->step;
	struct source_context context = plan_source_context(testing->plan, step, NULL, testing->cancel);
	char path[64];
	const char *paths = path;
	int fd = unnamed_open("the text of a test", error), result = -1;
	void *instance = fd < 0 ? NULL : plan_instance(step->source->size, step->source_options, error);
	if (instance && write_all(fd, testing->one->text, error) == 0) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		set_path(step->source, instance, &paths);
		set_encoding(step->source, instance);
		result = step->source->open(instance, &context, error) < 0 ? -1 : read_all(testing, instance, error);
		step->source->close(instance);
	}
	free(instance);
	if (fd >= 0)
		close(fd);
	return result;
}

/* --- a case --------------------------------------------------------------------------------------- */

static int open_parts(struct testing *testing, struct error *error)
{
	const struct plan_step *step = testing->step;
	const struct test_case *one = testing->one;
	const struct transform_context transforming = { .limits = &testing->plan->limits, .cancel = testing->cancel };
	struct judge_context judging = {
		.limits = &testing->plan->limits, .rules = &testing->rules, .policy = step->policy,
		.upsert_key = step->policy == KEYS_UPSERT ? &step->upsert_key : NULL, .target = step->target,
		.check_types_only = step->check_types_only, .dry_run = true, .whole_batch = true, .cancel = testing->cancel,
	};
	testing->given = calloc(one->given_count + 1, sizeof *testing->given);
	testing->tables = calloc(one->given_count + 1, sizeof *testing->tables);
	testing->rejects_met = calloc(one->reject_count + 1, sizeof *testing->rejects_met);
	if (!testing->given || !testing->tables || !testing->rejects_met)
		return error_memory(error, "a test");
	for (size_t i = 0; i < one->given_count; i++)
		if (give_table(testing, i, error) < 0)
			return -1;
	given_init(&testing->lookup, testing->tables, one->given_count);
	testing->expected = batch_of(step->schema, &one->expected, &testing->plan->limits, error);
	if (!testing->expected || put_rows(testing->expected, &one->expected, true, error) < 0)
		return -1;
	testing->judge = step->judge_new(step->program, &judging, error);
	if (!testing->judge || testing->judge->ops->prepare(testing->judge, &testing->lookup.base, error) < 0)
		return -1;
	if (step->transform)
		testing->transform = step->transform_new(step->transform, &transforming, error);
	return testing->transform || !step->transform ? 0 : -1;
}

int testing_run(const struct plan *plan, const struct test_case *one, struct cancel *cancel, struct test_outcome *outcome, struct error *error)
{
	struct testing testing = { .plan = plan, .step = &plan->steps[one->step], .one = one, .cancel = cancel, .outcome = outcome };
	*outcome = (struct test_outcome){ 0 };
	buffer_init(&outcome->differences, DIFFERENCES_MAX);
	rule_set_init(&testing.rules, testing.step->schema);
	given_init(&testing.lookup, NULL, 0);
	int result = open_parts(&testing, error);
	if (result == 0)
		result = one->text ? take_text(&testing, error) : take_rows(&testing, error);
	if (result == 0)
		result = compare_end(&testing, error);
	if (testing.judge)
		testing.judge->ops->free(testing.judge);
	if (testing.transform)
		testing.transform->ops->free(testing.transform);
	for (size_t i = 0; testing.given && i < one->given_count; i++)
		batch_free(testing.given[i]);
	batch_free(testing.expected);
	given_fini(&testing.lookup);
	free(testing.given);
	free(testing.tables);
	free(testing.rejects_met);
	rule_set_fini(&testing.rules);
	return result;
}

void test_outcome_fini(struct test_outcome *outcome)
{
	buffer_fini(&outcome->differences);
}
