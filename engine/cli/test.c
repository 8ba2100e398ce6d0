/* test.c - penstock test: the cases of a pipeline file, and boundary rows for every rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/preview.h"
#include "engine/core/plural.h"
#include "engine/core/testing.h"
#include "rules/boundary.h"

struct test_flags {
	struct flag_list set;
	const char *filter;
	bool generate, json;
};

/* What one command did. */
struct tally {
	const struct test_flags *flags;
	const char *file;
	struct log *log;
	struct cancel *cancel;
	json_t *cases, *rules;  /* --json; NULL: none */
	size_t passed, failed;
	size_t proved, unproved, unmade;
	char *never;            /* the rule of a cell that no file has: its field gets the path of the file; NULL: none */
	int code;               /* of what could not be run at all */
};

static json_t *lines_of(const struct buffer *text)
{
	json_t *list = json_array();
	const char *line = buffer_text(text);

	while (*line) {
		size_t length = strcspn(line, "\n");

		json_array_append_new(list, json_stringn(line, length));
		line += length + (line[length] == '\n');
	}
	return list;
}

/* --- cases ---------------------------------------------------------------------------------------- */

static void tell_case(struct tally *tally, const struct plan *plan, const struct test_case *one, struct test_outcome *outcome)
{
	bool failed = outcome->differences.length > 0;

	tally->passed += !failed;
	tally->failed += failed;
	if (tally->flags->json) {
		json_array_append_new(tally->cases, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name", one->name, "step", plan->steps[one->step].name,
			"status", failed ? "failed" : "passed", "read", (json_int_t)outcome->read, "written", (json_int_t)outcome->written, "rejected",
			(json_int_t)outcome->rejected, "filtered", (json_int_t)outcome->filtered, "differences", lines_of(&outcome->differences)));
		return;
	}
	fputs(failed ? "FAILED  " : "ok      ", stdout);
	display_puts(stdout, one->name);
	if (failed) {
		fputs("  (", stdout);
		display_puts(stdout, one->place);
		fputs(")", stdout);
	}
	putchar('\n');
	if (failed)
		display_lines(stdout, buffer_text(&outcome->differences), "        ");
}

static int run_case(struct tally *tally, const struct plan *plan, const struct test_case *one)
{
	struct test_outcome outcome;
	struct error error = ERROR_INIT;
	int result = testing_run(plan, one, tally->cancel, &outcome, &error);

	if (result == 0) {
		tell_case(tally, plan, one, &outcome);
	} else {
		if (!error.place[0])
			snprintf(error.place, sizeof error.place, "%s", one->place);
		tally->code = log_error(tally->log, one->name, &error);
	}
	test_outcome_fini(&outcome);
	return result;
}

/* A case with params of its own has the file loaded with them. */
static int load_and_run(struct tally *tally, const struct plan *plan, size_t index)
{
	const struct test_case *one = &plan->tests[index];
	size_t count = tally->flags->set.count;
	struct flag_list sets = {.items = calloc(count + one->params.count + 1, sizeof(char *)), .count = 0};
	char **made = calloc(one->params.count + 1, sizeof(*made));
	struct pipeline *pipeline = NULL;
	int result = -1;

	for (size_t i = 0; sets.items && i < count; i++)
		sets.items[sets.count++] = tally->flags->set.items[i];
	for (size_t i = 0; sets.items && made && i < one->params.count; i++) {
		if (asprintf(&made[i], "%s=%s", one->params.keys[i], one->params.values[i]) < 0)
			made[i] = NULL;
		if (made[i])
			sets.items[sets.count++] = made[i];
	}
	if (sets.items && made && sets.count == count + one->params.count)
		pipeline = pipeline_file_load(tally->log, tally->file, &sets, &tally->code);
	else
		tally->code = ERROR_RESOURCE;
	if (pipeline && pipeline_plan(pipeline)->test_count > index)
		result = run_case(tally, pipeline_plan(pipeline), &pipeline_plan(pipeline)->tests[index]);
	if (pipeline)
		pipeline_free(pipeline);
	for (size_t i = 0; made && i < one->params.count; i++)
		free(made[i]);
	free(made);
	free(sets.items);
	return result;
}

static void run_cases(struct tally *tally, const struct plan *plan)
{
	for (size_t i = 0; i < plan->test_count && !cancel_requested(tally->cancel); i++) {
		const struct test_case *one = &plan->tests[i];

		if (tally->flags->filter && !strstr(one->name, tally->flags->filter))
			continue;
		if (one->params.count > 0 ? load_and_run(tally, plan, i) < 0 : run_case(tally, plan, one) < 0)
			return;
	}
}

/* --- rules ---------------------------------------------------------------------------------------- */

static void tell_rule(void *arg, const struct boundary *boundary)
{
	static const char *const words[] = {[BOUNDARY_PROVED] = "ok      ", [BOUNDARY_FAILED] = "FAILED  ", [BOUNDARY_UNMADE] = "cannot be made  "};
	static const char *const states[] = {[BOUNDARY_PROVED] = "passed", [BOUNDARY_FAILED] = "failed", [BOUNDARY_UNMADE] = "cannot be made"};
	struct tally *tally = arg;

	if (tally->never && strcmp(boundary->rule, tally->never) == 0)
		return;
	tally->proved += boundary->state == BOUNDARY_PROVED;
	tally->unproved += boundary->state == BOUNDARY_FAILED;
	tally->unmade += boundary->state == BOUNDARY_UNMADE;
	if (tally->flags->json) {
		json_array_append_new(tally->rules, json_pack("{s:s, s:s, s:s}", "rule", boundary->rule, "status", states[boundary->state], "detail", boundary->detail));
		return;
	}
	fputs(words[boundary->state], stdout);
	display_puts(stdout, boundary->rule);
	fputs("  ", stdout);
	display_puts(stdout, boundary->detail);
	putchar('\n');
}

/* Each table once, though several steps may load it. */
static void prove_rules(struct tally *tally, const struct pipeline *pipeline)
{
	const struct plan *plan = pipeline_plan(pipeline);
	struct error error = ERROR_INIT;

	for (size_t i = 0; i < plan->step_count && !error_is_set(&error) && !cancel_requested(tally->cancel); i++) {
		const struct plan_step *step = &plan->steps[i];
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen = seen || strcmp(plan->steps[k].table, step->table) == 0;
		if (seen || (tally->flags->filter && !strstr(step->table, tally->flags->filter)))
			continue;
		const char *path = preview_text(step->source->options, step->source_options, "file_field");
		tally->never = NULL;
		if (path && asprintf(&tally->never, "%s.%s.missing-cell", step->table, path) < 0)
			tally->never = NULL;
		if (boundary_prove(pipeline_dictionary(pipeline), step->table, &plan->limits, tally->cancel, tell_rule, tally, &error) < 0)
			tally->code = log_error(tally->log, step->name, &error);
		free(tally->never);
		tally->never = NULL;
	}
}

/* --- the command ---------------------------------------------------------------------------------- */

static void tell_end(struct tally *tally)
{
	if (tally->flags->json) {
		json_t *root = json_pack("{s:s, s:I, s:I, s:o}", "file", tally->file, "passed", (json_int_t)tally->passed, "failed", (json_int_t)tally->failed, "cases",
			json_incref(tally->cases));

		if (root && tally->flags->generate) {
			json_object_set_new(root, "rules_proved", json_integer((json_int_t)tally->proved));
			json_object_set_new(root, "rules_failed", json_integer((json_int_t)tally->unproved));
			json_object_set_new(root, "rules_cannot_be_made", json_integer((json_int_t)tally->unmade));
			json_object_set(root, "rules", tally->rules);
		}
		if (root)
			json_dumpf(root, stdout, JSON_INDENT(2));
		json_decref(root);
		putchar('\n');
		return;
	}
	if (tally->passed + tally->failed > 0 || !tally->flags->generate)
		printf("%zu passed, %zu failed\n", tally->passed, tally->failed);
	if (tally->flags->generate)
		printf("%zu %s, %zu failed, %zu cannot be made\n", tally->proved, plural(tally->proved, "rule fires", "rules fire"), tally->unproved, tally->unmade);
}

static int test_main(const void *bound, const struct arguments *arguments)
{
	const struct test_flags *flags = bound;
	struct tally tally = {.flags = flags, .file = arguments->items[0], .cases = json_array(), .rules = json_array()};
	struct error error = ERROR_INIT;
	struct cancel cancel = {0};
	struct pipeline *pipeline;
	struct log log;

	if (pipeline_check_sets(&flags->set, &error))
		return complain_usage(&error, "test");
	log_init(&log, LOG_TEXT, false, false);
	tally.log = &log;
	tally.cancel = &cancel;
	pipeline = pipeline_file_load(&log, tally.file, &flags->set, &tally.code);
	if (pipeline && pipeline_plan(pipeline)->test_count == 0 && !flags->generate) {
		error_set(&error, ERROR_CONFIG, tally.file, "the pipeline has no tests: write some, or have rows made for its rules with --generate");
		tally.code = log_error(&log, NULL, &error);
	} else if (pipeline) {
		run_cases(&tally, pipeline_plan(pipeline));
		if (flags->generate && tally.code == 0)
			prove_rules(&tally, pipeline);
		if (tally.code == 0 && flags->filter && tally.passed + tally.failed + tally.proved + tally.unproved + tally.unmade == 0) {
			error_set(&error, ERROR_CONFIG, tally.file, "no test has \"%s\" in its name", flags->filter);
			tally.code = log_error(&log, NULL, &error);
		} else if (tally.code == 0) {
			tell_end(&tally);
		}
	}
	if (pipeline)
		pipeline_free(pipeline);
	json_decref(tally.cases);
	json_decref(tally.rules);
	log_fini(&log);
	return tally.code ? tally.code : tally.failed + tally.unproved > 0 ? ERROR_BOOKS : 0;
}

static const struct flag flags_of_test[] = {
	{.name = "filter", .kind = FLAG_TEXT, .offset = offsetof(struct test_flags, filter), .metavar = "TEXT",
		.help = "only tests with this text in their name, and with --generate only tables"},
	{.name = "generate", .kind = FLAG_SWITCH, .offset = offsetof(struct test_flags, generate),
		.help = "make rows at the boundary of every rule of the pipeline's tables, too, and prove that each fires alone and that good rows pass"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct test_flags, json), .help = "print one JSON object and nothing else"},
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct test_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipeline a value; may be repeated"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock test pipelines/migrate.yaml",
	"penstock test pipelines/migrate.yaml --generate --filter hired_employees",
	NULL,
};

const struct command command_test = {
	.name = "test",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "run the tests of a pipeline file",
	.description =
		"Runs the cases in the pipeline's tests: records in, rows and rejects expected. They go through the step's own "
		"transform and rules; no source is read and no database is connected to. What a case says is in tables "
		"before (\"given\") counts as being there, every other table as empty. With --generate a row is made on each side of every "
		"rule of the pipeline's tables: the rule must fire, alone, and the good rows must pass. A test that fails, or a rule that does not fire, is exit 6.",
	.flags = flags_of_test,
	.size = sizeof(struct test_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(6),
	.examples = examples,
	.run = test_main,
};
