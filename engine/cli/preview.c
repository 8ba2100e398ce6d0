/* preview.c - a step looked at without running it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/preview.h"

#include <stdlib.h>
#include <string.h>

static void open_source(struct preview *preview, const struct plan *plan, const struct plan_step *step, bool probe)
{
	struct source_context context = plan_source_context(plan, step, NULL, &preview->cancel);
	struct error *error = &preview->source_error;
	context.preview = true;
	context.probe = probe;
	preview->step = step;
	preview->source = plan_instance(step->source->size, step->source_options, error);
	if (!preview->source || step->source->open(preview->source, &context, error) < 0 ||
		step->source->identify(preview->source, false, &preview->identity, error) < 0)
		return;
	preview->source_open = true;
}

struct store_target preview_target(const struct plan_connection *connection, struct cancel *cancel)
{
	return (struct store_target){
		.name = connection->name,
		.connect = connection->connect,
		.state_schema = connection->state_schema,
		.lock_timeout_ms = connection->lock_timeout_ms,
		.read_only = true,
		.cancel = cancel,
	};
}

static int open_sink(struct preview *preview, const struct plan *plan, struct error *error)
{
	const struct plan_step *step = preview->step;
	struct sink_context context = plan_sink_context(plan, step, NULL, &preview->cancel);
	context.store = preview->store;
	context.rules = &preview->rules;
	context.dry_run = true;
	context.source = &preview->identity;
	preview->sink = plan_instance(step->sink->size, step->sink_options, error);
	if (!preview->sink || step->sink->open(preview->sink, &context, &preview->info, error) < 0)
		return -1;
	preview->sink_open = true;
	return 0;
}

/* What a run would find in the state: on a store that is read only no lock is taken and no epoch raised. */
static int look_back(struct preview *preview, const struct plan *plan, struct error *error)
{
	const struct plan_step *step = preview->step;
	const struct step_key key = {
		.pipeline = plan->name, .step = step->name, .table_name = step->target, .partition = 0, .partitions = 1,
	};
	const struct store_ops *ops = preview->store->ops;
	if (ops->claim(preview->store, &key, plan->run_id, &preview->checkpoint, error) < 0)
		return -1;
	if (!preview->source_open || !step->once || step->policy != KEYS_APPEND || !preview->identity.known || preview->info.creates_table)
		return 0;
	return ops->find_file(preview->store, &key, &preview->identity, &preview->file, &preview->loaded, &preview->same_size, error);
}

int preview_open(struct preview *preview, const struct plan *plan, const struct plan_step *step, bool connect, bool probe,
	struct error *error)
{
	memset(preview, 0, sizeof *preview);
	rule_set_init(&preview->rules, step->schema);
	open_source(preview, plan, step, probe);
	if (!connect)
		return 0;
	if (step->connection) {
		const struct store_target target = preview_target(step->connection, &preview->cancel);
		if (plan->store->open(&target, &preview->store, error) < 0)
			return -1;
	}
	if (open_sink(preview, plan, error))
		return -1;
	return preview->store ? look_back(preview, plan, error) : 0;
}

void preview_close(struct preview *preview)
{
	if (preview->sink)
		preview->step->sink->close(preview->sink);
	if (preview->store)
		preview->store->ops->close(preview->store);
	if (preview->source)
		preview->step->source->close(preview->source);
	free(preview->sink);
	free(preview->source);
	rule_set_fini(&preview->rules);
	memset(preview, 0, sizeof *preview);
}

bool preview_boolean(const struct option *options, const void *bound, const char *name, bool fallback)
{
	for (const struct option *option = options; option && option->name; option++)
		if (option->kind == OPTION_BOOLEAN && strcmp(option->name, name) == 0)
			return *(const bool *)(const void *)((const char *)bound + option->offset);
	return fallback;
}

const char *preview_text(const struct option *options, const void *bound, const char *name)
{
	for (const struct option *option = options; option && option->name; option++)
		if (option->kind == OPTION_STRING && strcmp(option->name, name) == 0)
			return *(const char *const *)(const void *)((const char *)bound + option->offset);
	return NULL;
}
