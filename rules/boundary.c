/* boundary.c - trying every rule of a table on rows made for it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/boundary.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/given.h"
#include "rules/candidates.h"
#include "rules/compile.h"
#include "rules/sample_row.h"

enum { GIVEN_ROWS = 2, STRANGER = 7, DETAIL_SIZE = 512, ROWS_AT_ONCE = 2, PARENTS_MAX = 64 };

struct proving {
	const struct dictionary *dictionary;
	const struct table *table;
	struct program *program;
	const struct limits *limits;
	struct cancel *cancel;
	void (*tell)(void *arg, const struct boundary *boundary);
	void *arg;
	struct batch *parents[PARENTS_MAX];
	struct given_table tables[PARENTS_MAX];
	size_t parent_count;
	struct sample_row base[2];       /* good rows with nothing in common */
	char missing[DETAIL_SIZE]; /* why there are no good rows */
};

/* What came of rows: of the last one. */
struct verdict {
	size_t count;
	bool fired;           /* the rule that was asked for */
	char first[256];      /* the first other rule that fired */
};

/* --- judging -------------------------------------------------------------------------------------- */

/* Judges rows as a load of their own into an empty table; what is said of the last one. rule: its id, NULL: none is asked for. */
static int judge_rows(const struct proving *proving, const struct sample_row *const *rows, size_t count, const char *rule, struct verdict *verdict,
	struct error *error)
{
	struct rule_set rules;
	struct given given;
	struct judge *judge;
	struct batch *batch = batch_new(proving->table->schema, count, proving->limits, error);
	int result = -1;

	*verdict = (struct verdict){.count = 0};
	rule_set_init(&rules, proving->table->schema);
	given_init(&given, proving->tables, proving->parent_count);
	judge = program_judge(proving->program,
		&(struct judge_context){.limits = proving->limits, .rules = &rules, .dry_run = true, .whole_batch = true, .cancel = proving->cancel}, error);
	if (!batch || !judge)
		goto out;
	batch->arena.ceiling = UINT32_MAX; /* texts of any length that a bound asks for */
	for (size_t i = 0; i < count; i++)
		if (sample_row_put(rows[i], batch, error) < 0)
			goto out;
	batch->last = true;
	if (judge->ops->prepare(judge, &given.base, error) < 0 || judge->ops->cells(judge, batch, error) < 0 ||
		judge->ops->keys(judge, batch, false, error) < 0 || (!batch->keys_judged && judge->ops->keys(judge, batch, true, error) < 0))
		goto out;
	for (size_t i = 0; i < batch->violation_count; i++) {
		const struct violation *violation = &batch->violations[i];

		if (violation->row != count - 1 && rule)
			continue;
		verdict->count++;
		if (rule && strcmp(violation->rule->id, rule) == 0)
			verdict->fired = true;
		else if (!verdict->first[0])
			snprintf(verdict->first, sizeof verdict->first, "%s", violation->rule->id);
	}
	result = 0;
out:
	if (judge)
		judge->ops->free(judge);
	batch_free(batch);
	given_fini(&given);
	rule_set_fini(&rules);
	return result;
}

static int add_parent(struct proving *proving, const struct table *parent, struct error *error)
{
	struct batch *batch;

	for (size_t i = 0; i < proving->parent_count; i++)
		if (strcmp(proving->tables[i].resource, parent->schema->name) == 0)
			return 0;
	if (proving->parent_count == PARENTS_MAX)
		return error_set(error, ERROR_RESOURCE, NULL, "table %s has more than %d parents", proving->table->schema->name, PARENTS_MAX);
	batch = batch_new(parent->schema, GIVEN_ROWS, proving->limits, error);
	if (!batch)
		return -1;
	proving->parents[proving->parent_count] = batch;
	proving->tables[proving->parent_count++] = (struct given_table){parent->schema->name, batch};
	for (unsigned k = 0; k < GIVEN_ROWS; k++) {
		struct sample_row row;
		size_t lacking;
		int result = sample_row_make(proving->dictionary, parent, k, &row, &lacking, error);

		if (result == 0)
			result = sample_row_put(&row, batch, error);
		sample_row_fini(&row, parent->schema);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Good rows, and the parents that they refer to. What stands in the way is in proving->missing. */
static int make_base(struct proving *proving, struct error *error)
{
	const struct table *table = proving->table;
	struct verdict verdict;

	for (size_t i = 0; i < table->schema->foreign_count; i++) {
		const struct table *parent = dictionary_find(proving->dictionary, table->schema->foreign[i].resource);

		if (parent && parent != table && add_parent(proving, parent, error) < 0)
			return -1;
	}
	for (unsigned k = 0; k < 2; k++) {
		size_t lacking;

		if (sample_row_make(proving->dictionary, table, k, &proving->base[k], &lacking, error) < 0)
			return -1;
		if (lacking == SCHEMA_NO_FIELD || proving->missing[0])
			continue;
		snprintf(proving->missing, sizeof proving->missing, "no value of %s could be made that keeps its rules%s", table->schema->fields[lacking].name,
			table->fields[lacking].pattern ? "; an enum would tell some that match the pattern" : "");
	}
	if (proving->missing[0])
		return 0;
	const struct sample_row *const both[] = {&proving->base[0], &proving->base[1]};
	if (judge_rows(proving, both, 1, NULL, &verdict, error) < 0)
		return -1;
	if (verdict.count == 0 && judge_rows(proving, both, 2, NULL, &verdict, error) < 0)
		return -1;
	if (verdict.count > 0)
		snprintf(proving->missing, sizeof proving->missing, "no two rows could be made that keep all rules: %s fires", verdict.first);
	return 0;
}

/* --- one rule ------------------------------------------------------------------------------------- */

static void tell(const struct proving *proving, const char *rule, enum boundary_state state, const char *format, ...) PRINTF_LIKE(4, 5);
static void tell(const struct proving *proving, const char *rule, enum boundary_state state, const char *format, ...)
{
	char detail[DETAIL_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	proving->tell(proving->arg, &(struct boundary){rule, state, detail});
}

/* The base row with another cell, or as it is: the last of the rows that are judged. */
static int try_cell(const struct proving *proving, size_t field, const struct sample *sample, const char *rule, struct verdict *verdict, struct error *error)
{
	struct sample_row row;
	int result = sample_row_copy(&proving->base[0], &row, proving->table->schema, error);

	if (result == 0) {
		sample_fini(&row.cells[field]);
		result = sample_copy(sample, &row.cells[field]) ? 0 : error_memory(error, "a row of a test");
	}
	if (result == 0)
		result = judge_rows(proving, (const struct sample_row *const[]){&row}, 1, rule, verdict, error);
	sample_row_fini(&row, proving->table->schema);
	return result;
}

/* A text of what passes beside what is refused; false: the rule refused it, too. */
static int keeps(const struct proving *proving, size_t index, enum field_rule kind, const char *rule, char *out, size_t size, bool *good, struct error *error)
{
	const struct field *field = &proving->table->schema->fields[index];
	struct sample sample = {.kind = SAMPLE_NULL};
	struct verdict verdict;
	char shown[96];
	int result = 0;

	*good = true;
	out[0] = '\0';
	if (candidate_keeping(kind, field, &proving->table->fields[index], &sample)) {
		result = try_cell(proving, index, &sample, rule, &verdict, error);
		*good = result == 0 && !verdict.fired;
		if (result == 0 && verdict.count == 0)
			snprintf(out, size, ", %s passes", sample_show(&sample, field, shown));
		else if (result == 0 && !verdict.fired)
			snprintf(out, size, "; %s is refused by %.80s", sample_show(&sample, field, shown), verdict.first);
		else if (result == 0)
			snprintf(out, size, "%s", sample_show(&sample, field, shown));
	}
	sample_fini(&sample);
	return result;
}

static int prove_field(const struct proving *proving, size_t index, enum field_rule kind, const char *rule, struct error *error)
{
	const struct field *field = &proving->table->schema->fields[index];
	struct candidates candidates;
	char shown[96], beside[192], together[256] = "";
	struct verdict verdict;
	bool good = true;
	size_t alone = SIZE_MAX;
	int result = 0;

	candidates_breaking(kind, field, &proving->table->fields[index], &proving->base[0].cells[index], &candidates);
	for (size_t i = 0; i < candidates.count && alone == SIZE_MAX && result == 0; i++) {
		result = try_cell(proving, index, &candidates.items[i], rule, &verdict, error);
		if (result == 0 && verdict.fired && verdict.count == 1)
			alone = i;
		else if (result == 0 && verdict.fired && !together[0])
			snprintf(together, sizeof together, "%.64s is refused, by %.160s as well", sample_show(&candidates.items[i], field, shown), verdict.first);
	}
	if (result == 0)
		result = keeps(proving, index, kind, rule, beside, sizeof beside, &good, error);
	if (result < 0)
		alone = 0;
	else if (!good)
		tell(proving, rule, BOUNDARY_FAILED, "%s is refused, though it keeps the rule", beside);
	else if (alone != SIZE_MAX)
		tell(proving, rule, BOUNDARY_PROVED, "%s is refused%s", sample_show(&candidates.items[alone], field, shown), beside);
	else if (together[0])
		tell(proving, rule, BOUNDARY_PROVED, "%s", together);
	else if (candidates.count > 0 && candidates.sure)
		tell(proving, rule, BOUNDARY_FAILED, "%s is not refused", sample_show(&candidates.items[0], field, shown));
	else
		tell(proving, rule, BOUNDARY_UNMADE, "%s",
			kind == RULE_TYPE ? "no text was found that is none of this type"
			: candidates.count ? "no value was found that this rule refuses" : "the type has no value beyond it");
	candidates_fini(&candidates);
	return result;
}

/* The second row has the key of the first, or one that no parent has. */
static int prove_key(const struct proving *proving, const struct key_draft *key, const char *rule, struct error *error)
{
	const struct schema *schema = proving->table->schema;
	bool reference = key->kind == KEY_REFERENCE;
	struct sample_row stranger = {.cells = NULL}, row = {.cells = NULL};
	struct verdict verdict;
	size_t lacking;
	int result = sample_row_make(proving->dictionary, proving->table, STRANGER, &stranger, &lacking, error);

	if (result == 0)
		result = sample_row_copy(&proving->base[1], &row, schema, error);
	for (size_t i = 0; result == 0 && i < key->key.count; i++) {
		size_t field = key->key.fields[i];
		struct sample copy;

		if (!sample_copy(reference ? &stranger.cells[field] : &proving->base[0].cells[field], &copy)) {
			result = error_memory(error, "a row of a test");
			break;
		}
		/* A reference to its own table is made null where it may be. */
		if (reference && copy.kind == SAMPLE_NULL && !sample_good(&schema->fields[field], &proving->table->fields[field], STRANGER, &copy))
			copy.kind = SAMPLE_NULL;
		sample_fini(&row.cells[field]);
		row.cells[field] = copy;
	}
	if (result == 0)
		result = judge_rows(proving, (const struct sample_row *const[]){&proving->base[0], &row}, ROWS_AT_ONCE, rule, &verdict, error);
	if (result == 0) {
		char shown[96] = "";
		const struct field *field = &schema->fields[key->key.fields[0]];

		sample_show(&row.cells[key->key.fields[0]], field, shown);
		if (verdict.fired && verdict.count == 1)
			tell(proving, rule, BOUNDARY_PROVED, "%s%s%s is refused%s", shown, key->key.count > 1 ? " and the rest of the key" : "",
				reference ? ", which no parent has," : ", a second time,", reference ? ", one that a parent has passes" : "");
		else if (verdict.fired)
			tell(proving, rule, BOUNDARY_PROVED, "%s%s is refused, by %s as well", shown, reference ? ", which no parent has," : ", a second time,",
				verdict.first);
		else if (verdict.count > 0 || reference)
			tell(proving, rule, BOUNDARY_UNMADE, "%s", verdict.count > 0 ? "another rule refuses such a row first" :
				"the values that the fields may have are all those of parents, or of the row itself");
		else
			tell(proving, rule, BOUNDARY_FAILED, "%s, a second time, is not refused", shown);
	}
	sample_row_fini(&stranger, schema);
	sample_row_fini(&row, schema);
	return result;
}

static int prove_record(const struct proving *proving, enum fault_kind fault, const char *what, const char *rule, struct error *error)
{
	struct sample_row row;
	struct verdict verdict;
	int result = sample_row_copy(&proving->base[0], &row, proving->table->schema, error);

	row.fault = fault;
	if (result == 0)
		result = judge_rows(proving, (const struct sample_row *const[]){&row}, 1, rule, &verdict, error);
	if (result == 0)
		tell(proving, rule, verdict.fired && verdict.count == 1 ? BOUNDARY_PROVED : BOUNDARY_FAILED, "%s is%s refused", what, verdict.fired ? "" : " not");
	sample_row_fini(&row, proving->table->schema);
	return result;
}

static int prove_rule(const struct proving *proving, size_t draft, struct error *error)
{
	const struct program *program = proving->program;
	const char *rule = program->drafts[draft].id;

	if (draft == program->encoding)
		return prove_record(proving, FAULT_ENCODING, "a record with bytes that are no UTF-8", rule, error);
	if (draft == program->record)
		return prove_record(proving, FAULT_RECORD, "a record that cannot be read", rule, error);
	if (draft == program->extra)
		return prove_record(proving, FAULT_EXTRA, "a record with one cell more", rule, error);
	for (size_t i = 0; i < proving->table->schema->field_count; i++)
		for (int kind = 0; kind < FIELD_RULES; kind++)
			if (program->fields[i][kind] == draft)
				return prove_field(proving, i, (enum field_rule)kind, rule, error);
	for (size_t i = 0; i < program->key_count; i++)
		if (program->keys[i].rule == draft || program->keys[i].also == draft)
			return prove_key(proving, &program->keys[i], rule, error);
	tell(proving, rule, BOUNDARY_UNMADE, "only the database judges it");
	return 0;
}

int boundary_prove(const struct dictionary *dictionary, const char *table, const struct limits *limits, struct cancel *cancel,
	void (*tell_one)(void *arg, const struct boundary *boundary), void *arg, struct error *error)
{
	struct proving proving = {.dictionary = dictionary, .table = dictionary_find(dictionary, table), .limits = limits, .cancel = cancel, .tell = tell_one,
		.arg = arg};
	char name[512];
	int result = 0;

	proving.program = program_compile(proving.table, error);
	if (!proving.program || make_base(&proving, error) < 0)
		result = -1;
	snprintf(name, sizeof name, "%s.good-rows", table);
	if (result == 0)
		tell(&proving, name, proving.missing[0] ? BOUNDARY_UNMADE : BOUNDARY_PROVED, "%s", proving.missing[0] ? proving.missing : "two rows made for this table pass");
	for (size_t i = 0; result == 0 && i < proving.program->draft_count && !cancel_requested(cancel); i++) {
		if (proving.missing[0])
			tell(&proving, proving.program->drafts[i].id, BOUNDARY_UNMADE, "there is no good row to begin with");
		else
			result = prove_rule(&proving, i, error);
	}
	for (size_t i = 0; i < 2; i++)
		sample_row_fini(&proving.base[i], proving.table->schema);
	for (size_t i = 0; i < proving.parent_count; i++)
		batch_free(proving.parents[i]);
	program_free(proving.program);
	return result;
}
