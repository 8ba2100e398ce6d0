/* schedule.c - reads when a pipeline runs by itself, and who is told when it fails.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/config/keys.h"
#include "engine/config/options.h"
#include "engine/config/planning.h"

/* Binds a map at the top of the file into instance; false where there is none, or after its mistakes were reported. */
static bool bind_map(struct planning *planning, struct node *root, const char *name, const char *example, const struct option *table, void *instance)
{
	struct node *map = node_find(root, name);
	const struct binder binder = {.owner = name, .stash = &planning->pipeline->stash, .diagnostics = planning->diagnostics};

	if (!map)
		return false;
	if (map->kind != NODE_MAP) {
		diagnostics_error(planning->diagnostics, map, "%s is a map such as %s", name, example);
		return false;
	}
	return options_check_keys(&binder, map, (const struct option *const[]){table, NULL}) == 0 &&
		interpolate_tree(map, &planning->scope) == 0 && options_bind(&binder, map, table, instance) == 0;
}

void read_schedule(struct planning *planning, struct node *root)
{
	struct plan_schedule *schedule = &planning->pipeline->plan.schedule;
	const struct node *map = node_find(root, "schedule");
	struct error error = ERROR_INIT;
	struct schedule_keys keys;

	if (!bind_map(planning, root, "schedule", "{ cron: \"0 2 * * *\", timezone: Europe/Berlin }", keys_of_schedule, &keys))
		return;
	if (cron_parse(&schedule->times, keys.cron, &error) < 0) {
		diagnostics_error(planning->diagnostics, node_find(map, "cron"), "%s", error.message);
		return;
	}
	/* UTC needs no files of the system. */
	if (strcmp(keys.timezone, "UTC") != 0 && !(schedule->zone = zone_open(keys.timezone, &error))) {
		diagnostics_error(planning->diagnostics, node_find(map, "timezone"), "%s", error.message);
		return;
	}
	schedule->cron = keys.cron;
	schedule->timezone = keys.timezone;
	schedule->overlap = (enum schedule_overlap)keys.overlap;
	schedule->missed = (enum schedule_missed)keys.missed;
}

/* The summary is sent without them (connectors/http/url.c): better said now than when a run has failed. */
static bool holds_user(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

void read_failure(struct planning *planning, struct node *root)
{
	struct plan_failure *failure = &planning->pipeline->plan.on_failure;
	const struct node *map = node_find(root, "on_failure");

	if (!bind_map(planning, root, "on_failure", "{ command: [mail, -s, failed, ops@example.org] }", keys_of_failure, failure))
		return;
	if ((failure->command.count > 0) == (failure->url != NULL))
		diagnostics_error(planning->diagnostics, map, "on_failure has either a command or a url");
	else if (failure->command.count > 0 && !failure->command.items[0][0])
		diagnostics_error(planning->diagnostics, node_find(map, "command"), "the first item of command is the program to run");
	else if (failure->url && strncmp(failure->url, "http://", 7) != 0 && strncmp(failure->url, "https://", 8) != 0)
		diagnostics_error(planning->diagnostics, node_find(map, "url"), "url begins with http:// or https://");
	else if (failure->url && holds_user(failure->url))
		diagnostics_error(planning->diagnostics, node_find(map, "url"),
			"url must not hold user and password: a secret stands behind the host, or a command sends the summary");
}

void check_schedule(struct planning *planning, const struct node *root)
{
	const struct plan *plan = &planning->pipeline->plan;
	const struct node *map = node_find(root, "schedule");

	for (size_t i = 0; plan->schedule.cron && i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		if (!step->name || (!plan_takes_requests(step) && !step->prints))
			continue;
		diagnostics_error(planning->diagnostics, map, "step \"%s\" %s, so that a schedule cannot run this pipeline", step->name,
			step->prints ? "gives its rows to whoever asks" : "takes the rows of requests");
		return;
	}
	if (plan->schedule.cron && plan->schedule.missed == MISSED_RUN_ONCE && !plan->state)
		diagnostics_error(planning->diagnostics, map,
			"missed: run_once looks up when the pipeline ran last: name the connection that keeps its history, state: CONNECTION");
}
