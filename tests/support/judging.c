/* judging.c - what tests of the rules share.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/support/judging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/config/document.h"

void judging_open(struct judging *judging, const char *text, const char *table)
{
	static struct diagnostics diagnostics;
	struct error error = ERROR_INIT;
	*judging = (struct judging){.limits = LIMITS_DEFAULT};
	judging->root = document_parse_text("test.yaml", text, strlen(text), text[0] == '{', &error);
	if (!judging->root)
		fail_msg("%s: %s", error.place, error.message);
	diagnostics_init(&diagnostics);
	judging->dictionary = dictionary_load(judging->root, &diagnostics);
	for (size_t i = 0; i < diagnostics.count && !judging->dictionary; i++)
		print_error("%s\n", diagnostics.items[i].text);
	assert_non_null(judging->dictionary);
	diagnostics_fini(&diagnostics);
	judging->table = table ? dictionary_find(judging->dictionary, table) : dictionary_at(judging->dictionary, 0);
	assert_non_null(judging->table);
	judging->schema = table_schema(judging->table);
	judging->program = program_compile(judging->table, &error);
	assert_non_null(judging->program);
}

void judging_start(struct judging *judging, struct judge_context context, struct lookup *lookup)
{
	struct error error = ERROR_INIT;
	rule_set_init(&judging->rules, judging->schema);
	context.limits = &judging->limits;
	context.rules = &judging->rules;
	judging->judge = program_judge(judging->program, &context, &error);
	assert_non_null(judging->judge);
	if (judging->judge->ops->prepare(judging->judge, lookup, &error) < 0)
		fail_msg("%s", error.message);
}

void judging_stop(struct judging *judging)
{
	if (!judging->judge)
		return;
	judging->judge->ops->free(judging->judge);
	judging->judge = NULL;
	rule_set_fini(&judging->rules);
}

void judging_close(struct judging *judging)
{
	judging_stop(judging);
	program_free(judging->program);
	dictionary_free(judging->dictionary);
	node_free(judging->root);
}

struct batch *judging_batch(const struct judging *judging, size_t capacity)
{
	struct error error = ERROR_INIT;
	struct batch *batch = batch_new(judging->schema, capacity, &judging->limits, &error);
	assert_non_null(batch);
	return batch;
}

uint32_t judging_add_cells(struct batch *batch, const char *const *cells, const size_t *lengths, size_t count)
{
	struct error error = ERROR_INIT;
	uint32_t row = batch_add_row(batch);
	batch->origins[row].record_no = row + 1;
	for (size_t i = 0; i < count && i < batch->schema->field_count; i++) {
		assert_int_equal(batch_store(batch, cells[i], lengths[i], &batch->columns[i].texts[row], &error), 0);
		batch->columns[i].cells[row] = CELL_TEXT;
	}
	return row;
}

uint32_t judging_add(struct batch *batch, const char *text)
{
	const char *cells[64];
	size_t lengths[64], count = 0;
	while (text && count < 64) {
		const char *end = strchr(text, '|');
		cells[count] = text;
		lengths[count++] = end ? (size_t)(end - text) : strlen(text);
		text = end ? end + 1 : NULL;
	}
	return judging_add_cells(batch, cells, lengths, count);
}

void judging_judge(const struct judging *judging, struct batch *batch)
{
	struct error error = ERROR_INIT;
	struct judge *judge = judging->judge;
	if (judge->ops->cells(judge, batch, &error) < 0 || judge->ops->keys(judge, batch, false, &error) < 0)
		fail_msg("%s", error.message);
	if (!batch->keys_judged && judge->ops->keys(judge, batch, true, &error) < 0)
		fail_msg("%s", error.message);
	assert_true(batch->keys_judged);
}

const char *judging_verdict(const struct batch *batch, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < batch->violation_count; i++) {
		const struct violation *violation = &batch->violations[i];
		bool first = i == 0 || batch->violations[i - 1].row != violation->row;
		assert_int_equal(batch->status[violation->row], ROW_REJECTED);
		if (first)
			used += (size_t)snprintf(out + used, size - used, "%s%u:", i > 0 ? "; " : "",
						 violation->row + 1);
		used += (size_t)snprintf(out + used, size - used, " %s", violation->rule->id);
		assert_true(used < size);
	}
	return out;
}
