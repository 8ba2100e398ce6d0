/* group.c - steps that replace tables together: loaded, judged and published in one transaction, or not at all.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   tables that something references     rows are written aside (staged), parents first
 *   all tables, children first           rows that will not stay are deleted
 *   staged tables, parents first         rows are put into their places
 *   the other tables, parents first      rows are written
 *   all                                  judged; checkpoints; one commit
 */
#include <stdlib.h>

#include "engine/core/clock.h"
#include "engine/core/step.h"

struct group {
	struct sessions *sessions;
	const struct run_options *options;
	struct step_state *states;
	struct attempt *attempts;
	size_t count;  /* steps */
	size_t opened; /* attempts that must be closed */
	struct store *store;
};

static int open_all(struct group *group, struct error *error)
{
	group->opened = 0;
	if (sessions_get(group->sessions, group->states[0].step->connection, &group->store, error) < 0)
		return -1;
	for (size_t i = 0; i < group->count; i++) {
		group->states[i].progressed = false;
		int result = attempt_open(&group->attempts[i], &group->states[i], group->store, error);
		group->attempts[i].grouped = true;
		group->opened++;
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Reads a source to its end. */
static int load(struct attempt *attempt, struct error *error)
{
	if (attempt_start(attempt, error) < 0 || station_carry(attempt, error) < 0 || publish_judge(attempt, error) < 0)
		return -1;
	return station_begin(attempt, error); /* also where there was no row */
}

static int load_all(struct group *group, bool staged, struct error *error)
{
	for (size_t i = 0; i < group->count; i++) {
		struct attempt *attempt = &group->attempts[i];
		if (attempt->info.staged != staged)
			continue;
		if (load(attempt, error) < 0)
			return -1;
		if (!staged && publish_place(attempt, true, error) < 0)
			return -1;
	}
	return 0;
}

static int retire_all(struct group *group, struct error *error)
{
	for (size_t i = group->count; i-- > 0;) {
		struct attempt *attempt = &group->attempts[i];
		if (attempt->step->sink->publish(attempt->sink, PUBLISH_RETIRE, NULL, error) < 0)
			return -1;
	}
	return 0;
}

static int place_staged(struct group *group, struct error *error)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->attempts[i].info.staged && publish_place(&group->attempts[i], true, error) < 0)
			return -1;
	return 0;
}

static int commit_all(struct group *group, struct error *error)
{
	struct store *store = group->store;
	for (size_t i = 0; i < group->count; i++)
		if (publish_record(&group->attempts[i], error) < 0)
			return -1;
	if (store->ops->commit(store, &group->attempts[0].key, NULL, NULL, error) < 0) {
		for (size_t i = 0; i < group->count; i++) {
			group->attempts[i].step->sink->rollback(group->attempts[i].sink);
			group->attempts[i].in_transaction = false;
		}
		return -1;
	}
	for (size_t i = 0; i < group->count; i++)
		publish_done(&group->attempts[i]);
	return 0;
}

/* An earlier try's COMMIT arrived, only its answer was lost: all of them are done. */
static bool is_done(const struct group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (!group->attempts[i].skip)
			return false;
	return true;
}

static void roll_back(struct group *group)
{
	group->store->ops->rollback(group->store);
	for (size_t i = 0; i < group->opened; i++)
		publish_roll_back(&group->attempts[i]);
}

static int work(struct group *group, struct error *error)
{
	if (is_done(group))
		return 0;
	if (group->store->ops->begin(group->store, error) < 0)
		return -1;
	if (load_all(group, true, error) < 0 || retire_all(group, error) < 0 || place_staged(group, error) < 0 ||
		load_all(group, false, error) < 0 || commit_all(group, error) < 0) {
		roll_back(group);
		return -1;
	}
	return 0;
}

static int try_group(struct group *group, unsigned tries, struct error *error)
{
	int result = open_all(group, error);
	if (result == 0)
		result = work(group, error);
	if (result < 0 && error->kind == ERROR_BUSY && tries > 1)
		error->retry = true; /* the server may hold our own old session for a while */
	bool last = tries >= TRIES_MAX || !error->retry;
	for (size_t i = 0; i < group->opened; i++) {
		group->attempts[i].done = result == 0;
		if (result < 0 && last && group->states[i].rule_ids)
			publish_settle(&group->attempts[i], error);
	}
	for (size_t i = group->opened; i-- > 0;)
		attempt_close(&group->attempts[i]);
	return result;
}

static int run_tries(struct group *group, struct error *error)
{
	struct error failed = ERROR_INIT;
	int64_t started = clock_elapsed_ms();
	unsigned tries = 1;
	while (try_group(group, tries, &failed) < 0)
		if (!step_try_again(group->sessions, &group->states[0], &tries, &failed))
			break;
	for (size_t i = 0; i < group->count; i++) {
		struct error own = failed;
		step_conclude(&group->states[i], &own, started);
		if (error_is_set(&own) && !error_is_set(error))
			*error = own;
	}
	return error_is_set(error) ? -1 : 0;
}

int group_run(struct sessions *sessions, const struct plan_step *const *steps, size_t count, const struct run_options *options,
	struct run_report *report, struct error *error)
{
	struct group group = { .sessions = sessions, .options = options, .count = count };
	size_t none = 0; /* no judge of a dry run is kept */
	int result = -1;
	group.states = calloc(count, sizeof *group.states);
	group.attempts = calloc(count, sizeof *group.attempts);
	if (!group.states || !group.attempts)
		error_memory(error, "the steps of a transaction");
	else {
		for (size_t i = 0; i < count; i++)
			group.states[i] = step_state_of(sessions, steps[i], options, report, report->step_count - count + i, NULL, &none);
		result = run_tries(&group, error);
	}
	free(group.states);
	free(group.attempts);
	return result;
}
