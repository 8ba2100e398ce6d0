/* judge.c - one run of a program over batches: the record, then its cells, then its keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rules/cast.h"
#include "rules/compile.h"
#include "rules/keystage.h"

struct rules_judge {
	struct judge base;
	const struct program *program;
	struct judge_context context;
	const struct rule **rules; /* interned, by draft; one more for upsert */
	struct field_rule_set *fields;
	struct caster caster;
	struct matcher *matcher; /* NULL where there is no pattern */
	struct keystage *keys;
	struct key_draft upsert; /* where the upsert key is no key of the dictionary */
	struct keystage **earlier;
	uint32_t *rows; /* of a batch: those whose cells are judged */
	size_t row_capacity;
};

/* --- stage 1: the record ------------------------------------------------------------------------ */

static int fault_violation(struct batch *batch, const struct fault *fault, const struct rule *rule, struct error *error)
{
	if (batch_violation(batch, fault->row, rule, NULL, error) < 0)
		return -1;
	batch->violations[batch->violation_count - 1].detail = fault->detail;
	return 0;
}

/* A value that the source could not read as one of the field. The rule says what it is not; the cell has it as its text. */
static int judge_type(const struct rules_judge *judge, struct batch *batch, const struct fault *fault, struct error *error)
{
	assert(fault->field != SCHEMA_NO_FIELD);
	return batch_violation(batch, fault->row, judge->fields[fault->field].rules[RULE_TYPE], NULL, error);
}

/* What the source found wrong with records. A record that could not be read has that one violation and no cells. */
static int judge_faults(struct rules_judge *judge, struct batch *batch, struct error *error)
{
	const struct program *program = judge->program;
	for (size_t first = 0; first < batch->fault_count;) {
		const struct fault *found[FAULT_TYPE] = {NULL};
		uint32_t row = batch->faults[first].row;
		size_t begin = first;
		for (; first < batch->fault_count && batch->faults[first].row == row; first++) {
			const struct fault *fault = &batch->faults[first];
			if (fault->kind != FAULT_TYPE && !found[fault->kind])
				found[fault->kind] = fault;
		}
		const struct fault *record = found[FAULT_RECORD], *encoding = found[FAULT_ENCODING], *extra = found[FAULT_EXTRA];
		if (batch->status[row] != ROW_LIVE)
			continue;
		if (record) {
			if (fault_violation(batch, record, judge->rules[program->record], error) < 0)
				return -1;
			continue;
		}
		if (encoding && fault_violation(batch, encoding, judge->rules[program->encoding], error) < 0)
			return -1;
		if (extra && fault_violation(batch, extra, judge->rules[program->extra], error) < 0)
			return -1;
		for (size_t i = begin; i < first; i++)
			if (batch->faults[i].kind == FAULT_TYPE && judge_type(judge, batch, &batch->faults[i], error) < 0)
				return -1;
	}
	return 0;
}

/* The rows whose cells are judged: neither skipped nor unreadable. */
static int select_rows(struct rules_judge *judge, const struct batch *batch, size_t *count, struct error *error)
{
	size_t fault = 0;
	*count = 0;
	if (batch->capacity > judge->row_capacity) {
		uint32_t *rows = realloc(judge->rows, batch->capacity * sizeof *rows);
		if (!rows)
			return error_memory(error, "the rows of a batch");
		judge->rows = rows;
		judge->row_capacity = batch->capacity;
	}
	for (uint32_t row = 0; row < batch->rows; row++) {
		bool readable = true;
		for (; fault < batch->fault_count && batch->faults[fault].row <= row; fault++)
			readable = readable &&
				   !(batch->faults[fault].row == row && batch->faults[fault].kind == FAULT_RECORD);
		if (readable && (batch->status[row] == ROW_LIVE || batch->status[row] == ROW_REJECTED))
			judge->rows[(*count)++] = row;
	}
	return 0;
}

static int judge_missing(const struct rules_judge *judge, struct batch *batch, size_t column, size_t count,
			 struct error *error)
{
	const uint8_t *cells = batch->columns[column].cells;
	const struct rule *rule = judge->fields[column].rules[RULE_MISSING_CELL];
	if (batch->rows == 0 || !memchr(cells, CELL_ABSENT, batch->rows))
		return 0;
	for (size_t i = 0; i < count; i++)
		if (cells[judge->rows[i]] == CELL_ABSENT &&
		    batch_violation(batch, judge->rows[i], rule, NULL, error) < 0)
			return -1;
	return 0;
}

/* --- stage 2: the cells ------------------------------------------------------------------------- */

static int cells(struct judge *self, struct batch *batch, struct error *error)
{
	struct rules_judge *judge = (struct rules_judge *)self;
	const struct table *table = judge->program->table;
	size_t count = 0;
	if (judge_faults(judge, batch, error) < 0 || select_rows(judge, batch, &count, error) < 0)
		return -1;
	for (size_t i = 0; i < table->schema->field_count; i++) {
		const struct field_rule_set *set = &judge->fields[i];
		if (!judge->context.check_types_only &&
		    cast_check_typed(&table->fields[i], batch, i, judge->rows, count, set->rules[RULE_TYPE], error) < 0)
			return -1;
		if (cast_local(&table->fields[i], batch, i, judge->rows, count, set->rules[RULE_TYPE], error) < 0 ||
		    judge_missing(judge, batch, i, count, error) < 0 ||
		    cast_column(&judge->caster, &table->fields[i], batch, i, judge->rows, count, set->rules[RULE_TYPE],
				error) < 0)
			return -1;
		if (judge->context.check_types_only)
			continue;
		if (set->rules[RULE_REQUIRED] &&
		    check_required(set->rules[RULE_REQUIRED], batch, i, judge->rows, count, error) < 0)
			return -1;
		if (check_column(&table->fields[i], set, judge->matcher, batch, i, judge->rows, count, error) < 0)
			return -1;
	}
	return 0;
}

/* --- stage 3: the keys -------------------------------------------------------------------------- */

static int prepare(struct judge *self, struct lookup *lookup, struct error *error)
{
	return keystage_prepare(((struct rules_judge *)self)->keys, lookup, error);
}

static int keys(struct judge *self, struct batch *batch, bool at_sink, struct error *error)
{
	return keystage_judge(((struct rules_judge *)self)->keys, batch, at_sink, error);
}

static int settled(struct judge *self, const struct batch *batch, struct error *error)
{
	return keystage_settled(((struct rules_judge *)self)->keys, batch, error);
}

static bool keys_in_memory(const struct judge *self)
{
	return keystage_in_memory(((const struct rules_judge *)self)->keys);
}

static bool waits(const struct judge *self)
{
	return keystage_waits(((const struct rules_judge *)self)->keys);
}

static int again(struct judge *self, struct batch *batch, uint64_t ticket, bool last, struct error *error)
{
	return keystage_again(((struct rules_judge *)self)->keys, batch, ticket, last, error);
}

static int woken(struct judge *self, bool all, uint64_t *ticket, struct error *error)
{
	return keystage_woken(((struct rules_judge *)self)->keys, all, ticket, error);
}

static int orphans(struct judge *self, struct batch *batch, size_t *count, struct error *error)
{
	return keystage_orphans(((struct rules_judge *)self)->keys, batch, count, error);
}

static size_t memory(const struct judge *self)
{
	return keystage_memory(((const struct rules_judge *)self)->keys);
}

static void judge_free(struct judge *self)
{
	struct rules_judge *judge = (struct rules_judge *)self;
	keystage_free(judge->keys);
	key_shape_fini(&judge->upsert.shape);
	matcher_free(judge->matcher);
	caster_fini(&judge->caster);
	free(judge->rules);
	free(judge->fields);
	free(judge->earlier);
	free(judge->rows);
	free(judge);
}

static const struct judge_ops ops = {
	.prepare = prepare,
	.cells = cells,
	.keys = keys,
	.settled = settled,
	.keys_in_memory = keys_in_memory,
	.waits = waits,
	.again = again,
	.woken = woken,
	.orphans = orphans,
	.memory = memory,
	.free = judge_free,
};

/* --- making one --------------------------------------------------------------------------------- */

static int intern_rules(struct rules_judge *judge, struct error *error)
{
	const struct program *program = judge->program;
	const size_t field_count = program->table->schema->field_count;
	for (size_t i = 0; i < program->draft_count; i++) {
		const struct rule_draft *draft = &program->drafts[i];
		judge->rules[i] = rule_set_get(judge->context.rules, draft->code, draft->name, draft->fields,
					       draft->field_count, draft->text, error);
		if (!judge->rules[i])
			return -1;
	}
	for (size_t i = 0; i < field_count; i++) {
		struct field_rule_set *set = &judge->fields[i];
		for (size_t j = 0; j < FIELD_RULES; j++)
			if (program->fields[i][j] != NO_RULE)
				set->rules[j] = judge->rules[program->fields[i][j]];
		/* Every text is a string, but not every value of a source with types of its own. */
		if (!set->rules[RULE_TYPE])
			set->rules[RULE_TYPE] = rule_set_get(
				judge->context.rules, CODE_TYPE_ERROR, NULL, &i, 1,
				program->table->schema->fields[i].type == VALUE_JSON ? "is not JSON" : "is not a string", error);
		if (!set->rules[RULE_TYPE])
			return -1;
	}
	return 0;
}

/* The same upsert key twice in one run is a reject, also where the dictionary does not say that it is unique. */
static int add_upsert_key(struct rules_judge *judge, struct error *error)
{
	const struct program *program = judge->program;
	const struct key *key = judge->context.upsert_key;
	for (size_t i = 0; i < program->key_count; i++)
		if (program->keys[i].kind != KEY_REFERENCE && key_same(&program->keys[i].key, key))
			return 0;
	judge->upsert = (struct key_draft){.kind = KEY_UNIQUE,
					   .resource = program->table->schema->name,
					   .key = *key,
					   .rule = program->draft_count,
					   .also = NO_RULE};
	judge->rules[program->draft_count] =
		rule_set_get(judge->context.rules, CODE_UNIQUE_ERROR, NULL, key->fields, key->count,
			     "is taken: another record of this run has this upsert key", error);
	if (!judge->rules[program->draft_count])
		return -1;
	return key_shape_init(&judge->upsert.shape, program->table->schema, key->fields, key->fields, key->count,
			      error);
}

static struct keystage *new_keystage(struct rules_judge *judge, struct error *error)
{
	size_t count = 0;
	bool upsert = judge->context.policy == KEYS_UPSERT && judge->context.upsert_key &&
		      judge->context.upsert_key->count > 0;
	if (upsert && add_upsert_key(judge, error) < 0)
		return NULL;
	judge->earlier =
		calloc(judge->context.earlier_count ? judge->context.earlier_count : 1, sizeof *judge->earlier);
	if (!judge->earlier) {
		error_memory(error, "a judge");
		return NULL;
	}
	for (size_t i = 0; i < judge->context.earlier_count; i++) {
		struct judge *earlier = judge->context.earlier[i];
		assert(earlier->ops == &ops);
		judge->earlier[count++] = ((struct rules_judge *)earlier)->keys;
	}
	return keystage_new(judge->program, &judge->context, judge->rules,
			    judge->upsert.shape.count > 0 ? &judge->upsert : NULL, judge->earlier, count, error);
}

struct judge *program_judge(const void *program, const struct judge_context *context, struct error *error)
{
	struct rules_judge *judge = calloc(1, sizeof *judge);
	if (!judge) {
		error_memory(error, "a judge");
		return NULL;
	}
	judge->base.ops = &ops;
	judge->program = program;
	judge->context = *context;
	size_t fields = judge->program->table->schema->field_count;
	judge->rules = calloc(judge->program->draft_count + 1, sizeof *judge->rules);
	judge->fields = calloc(fields ? fields : 1, sizeof *judge->fields);
	bool complete = judge->rules && judge->fields;
	if (!complete)
		error_memory(error, "a judge");
	complete = complete && intern_rules(judge, error) == 0 && caster_init(&judge->caster, error) == 0;
	if (complete && judge->program->has_pattern) {
		judge->matcher = matcher_new(error);
		complete = judge->matcher != NULL;
	}
	if (complete)
		judge->keys = new_keystage(judge, error);
	if (judge->keys)
		return &judge->base;
	judge_free(&judge->base);
	return NULL;
}
