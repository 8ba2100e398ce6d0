/* request_load.c - a pipeline with the params that a request gives it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/request_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/params.h"

enum { NAMES_SHOWN = 1024 };

/* "; these may be set: a, b" */
static const char *those_that_may(const struct params *params, char out[NAMES_SHOWN])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < params->count && at < NAMES_SHOWN - 1; i++)
		if (params->items[i].request)
			at += (size_t)snprintf(out + at, NAMES_SHOWN - at, "%s%s", at ? ", " : "; these may be set: ", params->items[i].name);
	if (at == 0)
		snprintf(out, NAMES_SHOWN, "; this pipeline has none that a request may set");
	return out;
}

/* False after the answer was filled. */
static bool names_are_right(const struct params *params, const struct request_params *given, struct http_answer *answer)
{
	char names[NAMES_SHOWN];

	for (size_t i = 0; i < given->count; i++) {
		const struct http_pair *pair = &given->pairs[i];
		const struct param *param = params_find(params, pair->name);

		if (!param)
			answer_problem(answer, 422, "unknown param \"%.64s\"%s", pair->name, those_that_may(params, names));
		else if (!param->request)
			answer_problem(answer, 422, "param \"%.64s\" may not be set by a request%s", pair->name, those_that_may(params, names));
		else if (strlen(pair->value) > REQUEST_VALUE_MAX)
			answer_problem(answer, 422, "the value of param \"%.64s\" is longer than %d bytes", pair->name, REQUEST_VALUE_MAX);
		else
			continue;
		return false;
	}
	return true;
}

static void free_sets(char **sets, size_t count)
{
	for (size_t i = 0; sets && i < count; i++)
		free(sets[i]);
	free(sets);
}

static char **make_sets(const struct request_params *given, struct error *error)
{
	char **sets = calloc(given->count + 1, sizeof *sets);

	for (size_t i = 0; sets && i < given->count; i++)
		if (asprintf(&sets[i], "%s=%s", given->pairs[i].name, given->pairs[i].value) < 0) {
			sets[i] = NULL;
			free_sets(sets, i);
			sets = NULL;
		}
	if (!sets)
		error_memory(error, "the params of a request");
	return sets;
}

/* The words of the first mistake, without the place in a file that whoever asked does not have. */
static const char *first_message(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];
		const char *colon = strstr(item->text + item->file_length, ": ");

		if (!item->warning)
			return item->line && colon ? colon + 2 : item->text;
	}
	return "the values do not go together";
}

/* Whether it is the request's fault: without its values the file loads. */
static int blame(const char *file, const struct diagnostics *with, struct http_answer *answer, struct error *error)
{
	struct diagnostics without;
	struct pipeline *pipeline;

	if (with->out_of_memory)
		return diagnostics_error_of(with, error);
	diagnostics_init(&without);
	pipeline = pipeline_load(file, NULL, &without);
	if (pipeline)
		answer_problem(answer, 422, "%s", first_message(with));
	else
		diagnostics_error_of(&without, error);
	diagnostics_fini(&without);
	pipeline_free(pipeline);
	return pipeline ? 0 : -1;
}

int request_load(const struct service *service, size_t pipeline, const struct request_params *params, struct pipeline **out,
	struct http_answer *answer, struct error *error)
{
	const struct pipeline *known = service_pipeline(service, pipeline);
	const char *file = pipeline_plan(known)->file;
	struct diagnostics diagnostics;
	char **sets;
	int result = 1;

	*out = NULL;
	if (!names_are_right(pipeline_params(known), params, answer))
		return 0;
	sets = make_sets(params, error);
	if (!sets)
		return -1;
	const struct load_options options = {.sets = (const char *const *)sets, .set_count = params->count, .request = true};
	diagnostics_init(&diagnostics);
	*out = pipeline_load(file, &options, &diagnostics);
	if (!*out)
		result = params->count > 0 ? blame(file, &diagnostics, answer, error) : diagnostics_error_of(&diagnostics, error);
	diagnostics_fini(&diagnostics);
	free_sets(sets, params->count);
	if (*out && request_same_name(pipeline_plan(*out), pipeline_plan(known), error) < 0) {
		pipeline_free(*out);
		*out = NULL;
		return -1;
	}
	return result;
}

int append_without_folder(const struct plan *plan, const char *text, size_t length, struct buffer *out, struct error *error)
{
	const char *slash = strrchr(plan->file, '/'), *end = text + length, *found;
	size_t whole = strlen(plan->file), folder = slash ? (size_t)(slash - plan->file) + 1 : 0;

	while (folder > 0 && (found = memmem(text, (size_t)(end - text), plan->file, whole))) {
		if (buffer_append(out, text, (size_t)(found - text), error) < 0 || buffer_append(out, found + folder, whole - folder, error) < 0)
			return -1;
		text = found + whole;
	}
	return buffer_append(out, text, (size_t)(end - text), error);
}

int request_same_name(const struct plan *plan, const struct plan *known, struct error *error)
{
	if (strcmp(plan->name, known->name) == 0)
		return 0;
	return error_set(error, ERROR_CONFIG, plan->file, "the pipeline is called \"%s\" now, and the service knows it as \"%s\": reload the service (SIGHUP)",
		plan->name, known->name);
}

enum pipeline_kind pipeline_kind_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++) {
		if (plan->steps[i].sink->prints == PRINTS_ALWAYS)
			return PIPELINE_REPORT;
		if (plan_takes_requests(&plan->steps[i]))
			return PIPELINE_INGEST;
	}
	return PIPELINE_RUN;
}

bool pipeline_replaces(const struct plan *plan)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].policy == KEYS_REPLACE)
			return true;
	return false;
}

const char *query_find(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->query_count; i++)
		if (strcmp(request->query[i].name, name) == 0)
			return request->query[i].value;
	return NULL;
}

int query_number(const struct http_request *request, const char *name, uint64_t minimum, uint64_t maximum, uint64_t fallback,
	uint64_t *out, struct http_answer *answer)
{
	const char *text = query_find(request, name);
	size_t digits = text ? strspn(text, "0123456789") : 0;

	*out = fallback;
	if (!text)
		return 0;
	if (digits > 0 && digits < 20 && !text[digits])
		*out = strtoull(text, NULL, 10);
	if (digits > 0 && digits < 20 && !text[digits] && *out >= minimum && *out <= maximum)
		return 0;
	answer_problem(answer, 422, "%s is a number from %llu to %llu", name, (unsigned long long)minimum, (unsigned long long)maximum);
	return -1;
}

bool query_only(const struct http_request *request, const char *const *names, struct http_answer *answer)
{
	for (size_t i = 0; i < request->query_count; i++) {
		size_t known = 0;

		while (names[known] && strcmp(names[known], request->query[i].name) != 0)
			known++;
		if (!names[known]) {
			answer_problem(answer, 422, "unknown query parameter \"%.64s\"", request->query[i].name);
			return false;
		}
	}
	return true;
}
