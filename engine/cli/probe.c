/* probe.c - a step looked at without running it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/probe.h"

#include <stdlib.h>
#include <string.h>

static void *instance_new(size_t size, const void *options, struct error *error)
{
	void *instance = malloc(size);
	if (!instance)
		error_memory(error, "a part of a step");
	else
		memcpy(instance, options, size);
	return instance;
}

int probe_open_source(struct probe *probe, const struct plan *plan, const struct plan_step *step)
{
	const struct source_context context = {
		.schema = step->schema,
		.labels = step->labels.count ? &step->labels : NULL,
		.limits = &plan->limits,
		.cancel = &probe->cancel,
	};
	struct error *error = &probe->source_error;
	probe->step = step;
	probe->source = instance_new(step->source->size, step->source_options, error);
	if (!probe->source || step->source->open(probe->source, &context, error) < 0 ||
		step->source->identify(probe->source, false, &probe->identity, error) < 0)
		return -1;
	probe->source_open = true;
	return 0;
}

struct store_target probe_target(const struct plan_connection *connection, struct cancel *cancel)
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

static int open_sink(struct probe *probe, const struct plan *plan, struct error *error)
{
	const struct plan_step *step = probe->step;
	const struct sink_context context = {
		.schema = step->schema,
		.store = probe->store,
		.rules = &probe->rules,
		.tables = &plan->tables,
		.limits = &plan->limits,
		.dry_run = true,
		.cancel = &probe->cancel,
	};
	probe->sink = instance_new(step->sink->size, step->sink_options, error);
	if (!probe->sink || step->sink->open(probe->sink, &context, &probe->info, error) < 0)
		return -1;
	probe->sink_open = true;
	return 0;
}

/* What a run would find in the state: on a store that is read only no lock is taken and no epoch raised. */
static int look_back(struct probe *probe, const struct plan *plan, struct error *error)
{
	const struct plan_step *step = probe->step;
	const struct step_key key = {
		.pipeline = plan->name, .step = step->name, .table_name = step->target, .partition = 0, .partitions = 1,
	};
	const struct store_ops *ops = probe->store->ops;
	if (ops->claim(probe->store, &key, plan->run_id, &probe->checkpoint, error) < 0)
		return -1;
	if (!probe->source_open || !step->once || step->policy != KEYS_APPEND || !probe->identity.known || probe->info.creates_table)
		return 0;
	return ops->find_file(probe->store, &key, &probe->identity, &probe->file, &probe->loaded, &probe->same_size, error);
}

int probe_open(struct probe *probe, const struct plan *plan, const struct plan_step *step, struct error *error)
{
	memset(probe, 0, sizeof *probe);
	rule_set_init(&probe->rules, step->schema);
	(void)probe_open_source(probe, plan, step);
	if (step->connection) {
		const struct store_target target = probe_target(step->connection, &probe->cancel);
		if (plan->store->open(&target, &probe->store, error) < 0)
			return -1;
	}
	if (open_sink(probe, plan, error))
		return -1;
	return probe->store ? look_back(probe, plan, error) : 0;
}

void probe_close(struct probe *probe)
{
	if (probe->sink)
		probe->step->sink->close(probe->sink);
	if (probe->store)
		probe->store->ops->close(probe->store);
	if (probe->source)
		probe->step->source->close(probe->source);
	free(probe->sink);
	free(probe->source);
	rule_set_fini(&probe->rules);
	memset(probe, 0, sizeof *probe);
}

bool probe_boolean(const struct option *options, const void *bound, const char *name, bool fallback)
{
	for (const struct option *option = options; option && option->name; option++)
		if (option->kind == OPTION_BOOLEAN && strcmp(option->name, name) == 0)
			return *(const bool *)(const void *)((const char *)bound + option->offset);
	return fallback;
}
