/* rejects_top.c - penstock rejects top.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/reject_hints.h"
#include "engine/cli/rejects.h"
#include "engine/cli/rows.h"
#include "engine/cli/state_argument.h"
#include "engine/cli/table.h"
#include "engine/core/plural.h"

enum { RULES_MAX = 1000, RULES_SHOWN = 20, HINT_MAX = 4096 };

struct top_flags {
	const char *run, *rule, *table, *state;
	struct flag_number limit;
	bool json;
};

struct top {
	struct hint_rule **rules;
	size_t count;
	uint64_t rejects, resolved, others; /* others: of rules beyond RULES_MAX */
	struct error *error;
};

static struct hint_rule *find(struct top *top, const struct history_reject *reject)
{
	/* The rule that came last comes often again: it moves to the front by one place each time. */
	for (size_t i = 0; i < top->count; i++) {
		struct hint_rule *rule = top->rules[i];
		if (strcmp(rule->id, reject->rule) != 0)
			continue;
		if (i > 0) {
			top->rules[i] = top->rules[i - 1];
			top->rules[i - 1] = rule;
		}
		return rule;
	}
	if (top->count == RULES_MAX)
		return NULL;
	struct hint_rule *rule = calloc(1, sizeof *rule);
	char *id = rule ? strdup(reject->rule) : NULL;
	if (!id) {
		free(rule);
		error_memory(top->error, "the rules of rejects");
		return NULL;
	}
	rule->id = id;
	snprintf(rule->code, sizeof rule->code, "%s", reject->code);
	snprintf(rule->field, sizeof rule->field, "%.63s", reject->field);
	return top->rules[top->count++] = rule;
}

static int on_reject(void *arg, const struct history_reject *reject)
{
	struct top *top = arg;
	json_error_t problem;
	if (reject->resolved_run_id[0]) {
		top->resolved++;
		return 0;
	}
	top->rejects++;
	struct hint_rule *rule = find(top, reject);
	if (!rule) {
		top->others++;
		return error_is_set(top->error);
	}
	json_t *violations = json_loadb(reject->violations.data, reject->violations.length, JSON_ALLOW_NUL, &problem);
	json_t *first = json_array_get(violations, 0), *value = json_object_get(first, "value");
	hint_add(rule, value ? json_string_value(value) : "", value ? json_string_length(value) : 0,
		json_is_true(json_object_get(first, "truncated")), reject->message);
	json_decref(violations);
	return 0;
}

static int by_count(const void *left, const void *right)
{
	const struct hint_rule *a = *(struct hint_rule *const *)left, *b = *(struct hint_rule *const *)right;
	return a->count != b->count ? (a->count < b->count ? 1 : -1) : strcmp(a->id, b->id);
}

static int print_json(const struct hint_rule *rule, const char *hint, struct error *error)
{
	json_t *row = json_object();
	int failed = put_string(row, "rule", rule->id);
	failed |= put_string(row, "code", rule->code);
	failed |= put_string(row, "field", rule->field);
	failed |= put_number(row, "rejects", rule->count);
	failed |= put_string(row, "hint", hint);
	return row_finish(row, failed, true, error);
}

static int print_all(const struct top *top, uint64_t limit, bool json, struct error *error)
{
	static const struct table_column columns[] = {{.title = "rejects", .right = true}, {.title = "rule", .most = 60}, {.title = "hint"}, {.title = NULL}};
	struct text_table table;
	struct buffer hint;
	char number[32];
	int result = 0;
	buffer_init(&hint, HINT_MAX);
	table_init(&table, stdout, columns, display_columns(stdout));
	for (size_t i = 0; i < top->count && i < limit && result == 0; i++) {
		const struct hint_rule *rule = top->rules[i];
		buffer_clear(&hint);
		result = hint_put(rule, &hint, error);
		if (result == 0)
			result = json ? print_json(rule, buffer_text(&hint), error)
				      : table_text(&table, hint_number(rule->count, number), error) || table_text(&table, rule->id, error) ||
					table_text(&table, buffer_text(&hint), error);
	}
	if (result == 0 && !json && top->count > 0)
		table_end(&table);
	table_fini(&table);
	buffer_fini(&hint);
	return result;
}

static void say_rest(const struct top *top, uint64_t limit)
{
	char number[32];
	fflush(stdout);
	if (top->count > limit)
		fprintf(stderr, "penstock: and %zu more rule%s: --limit N shows more\n", top->count - (size_t)limit, plural(top->count - limit, "", "s"));
	if (top->others)
		fprintf(stderr, "penstock: %s %s of still more rules\n", hint_number(top->others, number), plural(top->others, "reject is", "rejects are"));
	if (top->resolved)
		fprintf(stderr, "penstock: %s more %s resolved\n", hint_number(top->resolved, number), plural(top->resolved, "is", "are"));
	if (top->rejects == 0)
		fprintf(stderr, "penstock: no reject is to be mended\n");
}

static int show_top(const struct top_flags *flags, struct history *history, struct error *error)
{
	struct top top = {.rules = calloc(RULES_MAX, sizeof *top.rules), .error = error};
	const struct history_reject_filter filter = {.run = flags->run, .rule = flags->rule, .table = flags->table};
	uint64_t limit = flags->limit.given ? flags->limit.value : RULES_SHOWN;
	int result = top.rules ? history_reject_reasons(history, &filter, on_reject, &top, error) : error_memory(error, "the rules of rejects");
	if (error_is_set(error))
		result = -1;
	if (result == 0 && top.count > 0)
		qsort(top.rules, top.count, sizeof *top.rules, by_count);
	if (result == 0)
		result = print_all(&top, limit, flags->json, error);
	if (result == 0 && !history_absent(history))
		say_rest(&top, limit);
	if (result == 0 && top.rejects + top.resolved == 0)
		result = rejects_say_elsewhere(history, flags->run, error);
	for (size_t i = 0; i < top.count; i++) {
		free(top.rules[i]->id);
		free(top.rules[i]);
	}
	free(top.rules);
	return result;
}

static int top_main(const void *bound, const struct arguments *arguments)
{
	(void)arguments;
	const struct top_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct state_argument state;
	int result = state_argument_open(&state, flags->state, &error);
	if (result == 0)
		result = show_top(flags, state.history, &error);
	state_argument_close(&state);
	return result ? complain(&error) : 0;
}

static const struct flag flags_of_top[] = {
	{.name = "run", .kind = FLAG_TEXT, .offset = offsetof(struct top_flags, run), .metavar = "ID|latest",
		.help = "of this run: its id, the unique beginning of it, or \"latest\""},
	{.name = "rule", .kind = FLAG_TEXT, .offset = offsetof(struct top_flags, rule), .metavar = "RULE", .help = "of this rule alone"},
	{.name = "table", .kind = FLAG_TEXT, .offset = offsetof(struct top_flags, table), .metavar = "TABLE", .help = "that were meant for this table"},
	{.name = "limit", .kind = FLAG_NUMBER, .offset = offsetof(struct top_flags, limit), .metavar = "N", .minimum = 1,
		.help = "the N most frequent rules (default: 20)"},
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct top_flags, state), .metavar = "CONNECTION", .help = STATE_ARGUMENT_HELP},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct top_flags, json), .help = "one JSON object a line, with rule, code, field, rejects and hint"},
	{.name = NULL},
};

static const char *const examples[] = {"penstock rejects top --run latest", "penstock rejects top --table hired_employees --json", NULL};

const struct command command_rejects_top = {
	.name = "top",
	.summary = "count rejected records by rule, with hints",
	.description =
		"Counts the rejects that are not resolved by the rule that each breaks first, the most frequent rules first, and says what the values have "
		"in common: how long the longest is, which parent is missing most often, in which form dates came. A count of a value is exact where "
		"few values are different, else the least that it can be.",
	.flags = flags_of_top,
	.size = sizeof(struct top_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(5),
	.examples = examples,
	.run = top_main,
};
