/* run_rejects.c - below /v1/runs/{run}/rejects: the records that a run rejected, and how many broke which rule.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A summary takes its counts from what the run itself counted; one example of each rule is looked for among the first rejects alone, so that a
 * million of them take no longer than a thousand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/history.h"
#include "engine/core/clock.h"
#include "engine/http/child.h"
#include "engine/http/parts.h"
#include "engine/http/request_load.h"
#include "engine/http/run_history.h"
#include "engine/http/runs.h"

enum { REJECTS_DEFAULT = 100, RULES_MAX = 1000, EXAMPLES_MS = 400, EXAMPLES_LOOKED_AT = 100000, EXPORT_MS = 60000, SAID_MAX = 8192 };

int run_rejects_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const names[] = {"limit", "after", "rule", "table", "field", NULL};
	struct run_rejects asked = {.rule = query_find(request, "rule"), .table = query_find(request, "table"), .field = query_find(request, "field")};
	json_t *run, *object;
	uint64_t after;
	bool here;
	int result;

	if (!query_only(request, names, answer) ||
		query_number(request, "limit", 1, REJECTS_LIST_MAX, REJECTS_DEFAULT, &asked.limit, answer) < 0 ||
		query_number(request, "after", 0, INT64_MAX, 0, &after, answer) < 0)
		return 0;
	result = runs_take(service, request, VERB_READ, &run, &here, answer, error);
	if (result <= 0)
		return result;
	json_decref(run);
	asked.run_id = request->values[0];
	asked.after = (int64_t)after;
	asked.list = json_array();
	if (!asked.list)
		return error_memory(error, "a list of rejects");
	if (run_history_rejects(service, &asked, request->cancel, error) < 0) {
		json_decref(asked.list);
		return answer_trouble(answer, error);
	}
	object = json_object();
	int failed = json_object_set_new(object, "next", asked.next ? json_integer(asked.next) : json_null());
	failed |= json_object_set_new(object, "rejects", asked.list);
	return answer_json(answer, 200, object, failed, error);
}

/* --- by rule --- */

struct tally {
	json_t *rules;   /* by id: the objects of the answer */
	json_t *tables;  /* of the run */
	bool counted;    /* the counts are those of the run: rejects are looked at for examples alone */
	size_t missing;  /* rules without an example */
	uint64_t seen;
	int64_t since;
	bool cut, failed;
};

/* What the id of a rule says by itself: TABLE.FIELD.RULE, TABLE.RULE(A+B) or TABLE.RULE. */
static const char *code_of(const char *rule)
{
	static const char *const codes[] = {"primary-key", "foreign-key", "missing-cell", "extra-cell", "encoding-error", "record-error", "database-error"};
	static const char *const others[][2] = {{"type", "type-error"}, {"unique", "unique-error"}, {"column", "database-error"}};
	size_t length = strcspn(rule, "(");

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strlen(codes[i]) == length && memcmp(codes[i], rule, length) == 0)
			return codes[i];
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strlen(others[i][0]) == length && memcmp(others[i][0], rule, length) == 0)
			return others[i][1];
	return "constraint-error";
}

static json_t *rule_object(const struct tally *tally, const char *id, uint64_t count)
{
	json_t *object = json_object(), *table;
	const char *name = NULL, *rest, *dot;
	int failed = put_string(object, "rule", id);
	size_t index;

	json_array_foreach(tally->tables, index, table) {
		size_t length = json_string_length(table);

		if (strncmp(id, json_string_value(table), length) == 0 && id[length] == '.')
			name = json_string_value(table);
	}
	rest = name ? id + strlen(name) + 1 : id;
	dot = strchr(rest, '(') ? NULL : strrchr(rest, '.');
	failed |= put_string(object, "table", name);
	failed |= dot ? put_text(object, "field", rest, (size_t)(dot - rest)) : put_string(object, "field", NULL);
	failed |= put_string(object, "code", code_of(dot ? dot + 1 : rest));
	failed |= put_number(object, "count", count);
	failed |= put_string(object, "example_message", NULL);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *rule_add(struct tally *tally, const char *id, uint64_t count)
{
	json_t *object = json_object_get(tally->rules, id);

	if (object) {
		count += (uint64_t)json_integer_value(json_object_get(object, "count"));
		tally->failed = put_number(object, "count", count) != 0 || tally->failed;
		return object;
	}
	if (json_object_size(tally->rules) == RULES_MAX)
		return NULL;
	object = rule_object(tally, id, count);
	tally->failed = json_object_set_new(tally->rules, id, object) != 0 || tally->failed;
	tally->missing++;
	return tally->failed ? NULL : object;
}

/* The steps of a run have what they counted, also while it goes on. */
static void count_steps(struct tally *tally, const json_t *run)
{
	json_t *step, *count;
	const char *rule;
	size_t index;

	json_array_foreach(json_object_get(run, "steps"), index, step) {
		json_t *table = json_object_get(step, "table");

		if (json_is_string(table))
			tally->failed = json_array_append(tally->tables, table) != 0 || tally->failed;
		json_object_foreach(json_object_get(step, "rejects_by_rule"), rule, count) {
			tally->counted = true;
			rule_add(tally, rule, (uint64_t)json_integer_value(count));
		}
	}
}

static int reason_each(void *arg, const struct history_reject *reject)
{
	struct tally *tally = arg;
	json_t *object = tally->counted ? json_object_get(tally->rules, reject->rule) : rule_add(tally, reject->rule, 1);

	if (object && json_is_null(json_object_get(object, "example_message"))) {
		int failed = put_string(object, "table", reject->table_name);

		failed |= put_string(object, "field", reject->field);
		failed |= put_string(object, "code", reject->code);
		failed |= put_string(object, "example_message", reject->message);
		tally->failed = failed || tally->failed;
		tally->missing--;
	}
	if (tally->failed || (tally->counted && tally->missing == 0))
		return 1;
	/* A look at the clock for each would cost more than the reject. */
	tally->cut = ++tally->seen == EXAMPLES_LOOKED_AT || (tally->seen % 256 == 0 && clock_elapsed_ms() - tally->since > EXAMPLES_MS);
	return tally->cut;
}

static int most_first(const void *one, const void *other)
{
	const json_t *a = *(json_t *const *)one, *b = *(json_t *const *)other;
	json_int_t of_a = json_integer_value(json_object_get(a, "count")), of_b = json_integer_value(json_object_get(b, "count"));

	if (of_a != of_b)
		return of_a < of_b ? 1 : -1;
	return strcmp(json_string_value(json_object_get(a, "rule")), json_string_value(json_object_get(b, "rule")));
}

static json_t *sorted(const struct tally *tally)
{
	size_t count = json_object_size(tally->rules), at = 0;
	json_t **all = calloc(count + 1, sizeof *all), *list = json_array(), *object;
	int failed = all && list ? 0 : -1;
	const char *rule;

	if (!failed)
		json_object_foreach(tally->rules, rule, object)
			all[at++] = object;
	if (!failed)
		qsort(all, count, sizeof *all, most_first);
	for (size_t i = 0; i < count && !failed; i++)
		failed = json_array_append(list, all[i]);
	free(all);
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static int sum_up(const struct service *service, const struct http_request *request, const json_t *run, struct tally *tally,
	struct http_answer *answer, struct error *error)
{
	json_t *object;
	int failed;

	count_steps(tally, run);
	/* What a run counted stays true when rejects are mended; a run that counted none of them (it was interrupted) has them in the store alone. */
	if (!tally->failed && (!tally->counted || tally->missing > 0) && json_integer_value(json_object_get(run, "rejected")) > 0 &&
		run_history_reasons(service, request->values[0], request->cancel, reason_each, tally, error) < 0)
		return answer_trouble(answer, error);
	object = json_object();
	failed = tally->failed;
	failed |= json_object_set_new(object, "exact", json_boolean(tally->counted || !tally->cut));
	failed |= json_object_set_new(object, "rules", sorted(tally));
	return answer_json(answer, 200, object, failed, error);
}

int run_rejects_summary_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const none[] = {NULL};
	struct tally tally = {.since = clock_elapsed_ms()};
	json_t *run;
	bool here;
	int result;

	if (!query_only(request, none, answer))
		return 0;
	result = runs_take(service, request, VERB_READ, &run, &here, answer, error);
	if (result <= 0)
		return result;
	tally.rules = json_object();
	tally.tables = json_array();
	tally.failed = !tally.rules || !tally.tables;
	result = sum_up(service, request, run, &tally, answer, error);
	json_decref(tally.rules);
	json_decref(tally.tables);
	json_decref(run);
	return result;
}

/* --- as a file that a person can mend --- */

static int answer_refusal(const struct plan *plan, const char *why, struct http_answer *answer, struct error *error)
{
	struct buffer shown;

	buffer_init(&shown, SAID_MAX);
	int result = append_without_folder(plan, why, strcspn(why, "\n"), &shown, error);
	if (result == 0)
		answer_problem(answer, 422, "%s", buffer_text(&shown));
	buffer_fini(&shown);
	return result;
}

/* A file, or why there is none. */
static int answer_export(const struct plan *plan, const struct child_end *end, const struct buffer *said, const char *run_id, struct http_answer *answer,
	struct error *error)
{
	const char *why = strncmp(buffer_text(said), "penstock: ", 10) == 0 ? buffer_text(said) + 10 : buffer_text(said);

	if (end->too_much) {
		answer_problem(answer, 422, "these rejects make a file of more than limits.body: name a rule or a table, or use penstock rejects export");
		return 0;
	}
	if (end->too_long || end->code == 5) {
		answer_problem(answer, 503, end->too_long ? "the export took too long; try again" : "the database cannot be had now, or is locked; try again");
		return answer_header(answer, error, "Retry-After", "%d", RETRY_SECONDS);
	}
	if (end->code == 2 || end->code == 4)
		return answer_refusal(plan, why, answer, error);
	if (end->code != 0)
		return error_set(error, ERROR_RESOURCE, NULL, "rejects export ended with %d: %.*s", end->code, (int)strcspn(why, "\n"), why);
	if (answer->body.length == 0) {
		answer_problem(answer, 422, "this run has no such reject that is to be mended");
		return 0;
	}
	answer->content_type = "text/csv; charset=utf-8";
	return answer_header(answer, error, "Content-Disposition", "attachment; filename=\"rejects-%s.csv\"", run_id);
}

static int export(const struct service *service, const struct http_request *request, const struct plan *plan, struct http_answer *answer,
	struct error *error)
{
	char *texts[5] = {NULL};
	const char *arguments[10] = {"rejects", "export", "--quiet"};
	const char *rule = query_find(request, "rule"), *table = query_find(request, "table");
	struct child_end end;
	struct buffer said;
	size_t count = 0;
	int result = 0;

	result |= asprintf(&texts[count++], "--run=%s", request->values[0]) < 0;
	result |= asprintf(&texts[count++], "--pipeline=%s", plan->file) < 0;
	result |= asprintf(&texts[count++], "--state=%s:%s", plan->file, plan->state->name) < 0;
	if (rule)
		result |= asprintf(&texts[count++], "--rule=%s", rule) < 0;
	if (table)
		result |= asprintf(&texts[count++], "--table=%s", table) < 0;
	for (size_t i = 0; i < count; i++)
		arguments[i + 3] = texts[i];
	arguments[count + 3] = "-";
	buffer_init(&said, SAID_MAX);
	answer->body.ceiling = (size_t)service_limits(service)->body + 1;
	if (result)
		result = error_memory(error, "the export of rejects");
	else
		result = child_run(arguments, EXPORT_MS, request->cancel, &answer->body, &said, &end, error);
	answer->body.ceiling = ANSWER_MAX;
	if (result == 0)
		result = answer_export(plan, &end, &said, request->values[0], answer, error);
	buffer_fini(&said);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	return result;
}

int run_rejects_export_get(struct service *service, const struct http_request *request, struct http_answer *answer, struct error *error)
{
	static const char *const names[] = {"rule", "table", NULL};
	json_t *run;
	size_t index;
	bool here;
	int result;

	if (!query_only(request, names, answer))
		return 0;
	result = runs_take(service, request, VERB_READ, &run, &here, answer, error);
	if (result <= 0)
		return result;
	const char *name = json_string_value(json_object_get(run, "pipeline"));
	index = name ? service_find_pipeline(service, name) : SIZE_MAX;
	json_decref(run);
	if (index == SIZE_MAX || !pipeline_plan(service_pipeline(service, index))->state) {
		answer_problem(answer, 422, "the pipeline of this run, which says what is in its records, is none of this service");
		return 0;
	}
	return export(service, request, pipeline_plan(service_pipeline(service, index)), answer, error);
}
