/* pull.c - reads a table through a pipeline of one step that is made in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/pull.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *quoted(const char *text)
{
	char *quote = pipeline_quote(text);
	json_t *string = quote ? json_string(quote) : NULL;

	if (quote)
		explicit_bzero(quote, strlen(quote));
	free(quote);
	return string;
}

/* The name of a connection must not hold a colon; in messages "env NAME" will do. */
static char *connection_name(const char *name)
{
	char *copy = strdup(name);

	for (char *at = copy; at && *at; at++)
		if (*at == ':')
			*at = ' ';
	return copy;
}

static json_t *connections_of(const struct connection_target *connection, const char *name)
{
	char timeout[32];

	snprintf(timeout, sizeof timeout, "%lldms", (long long)connection->lock_timeout_ms);
	return json_pack("{s:{s:s, s:o, s:s}}", name, "type", "odbc", "connect", quoted(connection->connect), "lock_timeout", timeout);
}

/* The sink is never opened: a pipeline has to have one. */
static char *pipeline_text(json_t *source, const struct connection_target *connection, const char *table)
{
	char *name = connection ? connection_name(connection->name) : NULL;
	/* As large as a block of Avro may be: what somebody could write with raised limits is read, too. */
	json_t *root = json_pack("{s:i, s:s, s:{s:s, s:s}, s:[{s:s, s:o, s:{s:o, s:s}, s:{s:s, s:s}}]}", "version", 1, "name", "compare",
		"limits", "field", "16MiB", "record", "16MiB", "steps", "name", "compare", "source", source, "rules", "table", quoted(table), "check", "types", "sink", "type", "avro", "path", "unused");

	if (root && connection) {
		json_t *step = json_array_get(json_object_get(root, "steps"), 0);
		if (!name || json_object_set_new(root, "connections", connections_of(connection, name)) < 0 ||
			json_object_set_new(json_object_get(step, "source"), "connection", json_string(name)) < 0) {
			json_decref(root);
			root = NULL;
		}
	}
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	free(name);
	return text;
}

int pull_init(struct pull *pull, json_t *source, const struct connection_target *connection, const char *package, const char *table,
	struct error *error)
{
	struct diagnostics diagnostics;
	char *text = pipeline_text(source, connection, table);

	*pull = (struct pull){.pipeline = NULL};
	if (!text)
		return error_set(error, ERROR_RESOURCE, NULL, "cannot make a pipeline of what is to be read: out of memory, or a name in it is no UTF-8");
	diagnostics_init(&diagnostics);
	pull->pipeline = pipeline_load_text("table", text, package, &diagnostics);
	explicit_bzero(text, strlen(text));
	free(text);
	int result = pull->pipeline ? 0 : diagnostics_error_of(&diagnostics, error);
	diagnostics_fini(&diagnostics);
	if (result)
		return -1;
	pull->plan = pipeline_plan(pull->pipeline);
	pull->step = &pull->plan->steps[0];
	return 0;
}

void pull_close(struct pull *pull)
{
	struct error ignored = ERROR_INIT;

	if (pull_stop(pull, &ignored))
		error_clear(&ignored);
	if (pull->pipeline)
		pipeline_free(pull->pipeline);
	*pull = (struct pull){.pipeline = NULL};
}

const struct schema *pull_schema(const struct pull *pull)
{
	return pull->step->schema;
}

static int open_judge(struct pull *pull, struct error *error)
{
	const struct plan_step *step = pull->step;
	const struct judge_context context = {
		.limits = &pull->plan->limits, .rules = &pull->rules, .policy = KEYS_REPLACE, .check_types_only = true, .cancel = pull->cancel,
	};

	pull->judge = step->judge_new(step->program, &context, error);
	return pull->judge ? pull->judge->ops->prepare(pull->judge, NULL, error) : -1;
}

int pull_start(struct pull *pull, struct error *error)
{
	const struct plan_step *step = pull->step;
	const struct source_context context = plan_source_context(pull->plan, step, pull->shared, pull->cancel);

	rule_set_init(&pull->rules, step->schema);
	pull->source = malloc(step->source->size);
	if (!pull->source)
		return error_memory(error, "a table to compare");
	memcpy(pull->source, step->source_options, step->source->size);
	if (step->source->open(pull->source, &context, error) < 0 || open_judge(pull, error))
		return -1;
	const struct flow_parts parts = {
		.schema = step->schema, .limits = &pull->plan->limits, .source = step->source, .source_instance = pull->source,
		.judge = pull->judge, .cancel = pull->cancel,
	};
	pull->flow = flow_start(&parts, error);
	return pull->flow ? 0 : -1;
}

struct batch *pull_next(struct pull *pull)
{
	return flow_next(pull->flow);
}

void pull_release(struct pull *pull, struct batch *batch)
{
	flow_release(pull->flow, batch);
}

int pull_stop(struct pull *pull, struct error *error)
{
	int result = pull->flow ? flow_finish(pull->flow, error) : 0;

	pull->flow = NULL;
	if (pull->judge)
		pull->judge->ops->free(pull->judge);
	pull->judge = NULL;
	if (pull->source) {
		pull->step->source->close(pull->source);
		rule_set_fini(&pull->rules);
	}
	free(pull->source);
	pull->source = NULL;
	return result;
}

int pull_all(struct pull *pull, int (*each)(void *arg, const struct batch *batch, struct error *error), void *arg, struct error *error)
{
	struct batch *batch;
	int result = pull_start(pull, error);

	while (result == 0 && (batch = pull_next(pull))) {
		result = each(arg, batch, error);
		pull_release(pull, batch);
	}
	/* A failure of ours stands in error already and stays there. */
	return pull_stop(pull, error) ? -1 : result;
}
