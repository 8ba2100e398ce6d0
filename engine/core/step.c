/* step.c - tries of a step until it is done, cannot be mended, or patience ends.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"

enum { TRIES_MAX = 6, BACKOFF_FIRST_MS = 200, CANCEL_LOOK_MS = 50 };

bool retry_wait(unsigned tries, struct cancel *cancel)
{
	if (tries >= TRIES_MAX)
		return false;
	int64_t wait = (int64_t)BACKOFF_FIRST_MS << (tries - 1);
	unsigned char chance = 128;
	if (getrandom(&chance, 1, GRND_NONBLOCK) != 1)
		chance = 128;
	wait += wait * chance / 512; /* up to half as long again, so that many clients do not come back at once */
	int64_t until = clock_elapsed_ms() + wait;
	while (clock_elapsed_ms() < until && !cancel_requested(cancel)) {
		struct timespec pause = { 0, CANCEL_LOOK_MS * 1000000L };
		nanosleep(&pause, NULL);
	}
	return !cancel_requested(cancel);
}

/* The keys of the chosen steps that write to a connection, malloc'd. */
static struct step_key *keys_of(const struct sessions *sessions, const struct plan_connection *connection, size_t *count,
	struct error *error)
{
	const struct plan *plan = sessions->plan;
	struct step_key *keys = calloc(plan->step_count ? plan->step_count : 1, sizeof *keys);
	*count = 0;
	for (size_t i = 0; keys && i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		const char *only = sessions->options->only_step;
		if (step->connection == connection && (!only || strcmp(only, step->name) == 0))
			keys[(*count)++] = step_key_of(plan, step);
	}
	if (!keys)
		error_memory(error, "the steps of a connection");
	return keys;
}

static int connect_once(struct sessions *sessions, const struct plan_connection *connection, struct store **out,
	struct error *error)
{
	size_t count = 0;
	struct step_key *keys = keys_of(sessions, connection, &count, error);
	if (!keys)
		return -1;
	struct store_target target = {
		.name = connection->name,
		.connect = connection->connect,
		.state_schema = connection->state_schema,
		.lock_timeout_ms = connection->lock_timeout_ms,
		.read_only = sessions->options->dry_run,
		.run_id = sessions->plan->run_id,
		.steps = keys,
		.step_count = count,
		.cancel = sessions->options->cancel,
	};
	int opened = sessions->plan->store->open(&target, out, error);
	free(keys);
	if (opened < 0)
		return -1;
	if (connection != sessions->plan->state || sessions->options->dry_run)
		return 0;
	if ((*out)->ops->run_begin(*out, sessions->record, error) == 0)
		return 0;
	(*out)->ops->close(*out);
	*out = NULL;
	return -1;
}

int sessions_get(struct sessions *sessions, const struct plan_connection *connection, struct store **out,
	struct error *error)
{
	*out = NULL;
	if (!connection)
		return 0;
	struct store **slot = &sessions->stores[connection - sessions->plan->connections];
	for (unsigned tries = 1; !*slot; tries++) {
		struct error failed = ERROR_INIT;
		if (connect_once(sessions, connection, slot, &failed) == 0)
			break;
		*slot = NULL;
		/* After a lost connection the server may not yet have given up the session that holds our own locks. */
		bool lost = sessions->lost[connection - sessions->plan->connections];
		bool again = failed.retry || (lost && failed.kind == ERROR_BUSY);
		if (!again || !retry_wait(tries, sessions->options->cancel)) {
			*error = failed;
			error->retry = false; /* patience has ended here; nobody above should begin again */
			return -1;
		}
	}
	*out = *slot;
	return 0;
}

void sessions_drop(struct sessions *sessions, const struct plan_connection *connection)
{
	if (!connection)
		return;
	struct store **slot = &sessions->stores[connection - sessions->plan->connections];
	if (*slot)
		(*slot)->ops->close(*slot);
	*slot = NULL;
	sessions->lost[connection - sessions->plan->connections] = true;
}

static int try_once(struct step_state *state, struct sessions *sessions, unsigned tries, struct error *error)
{
	struct store *store = NULL;
	struct attempt attempt;
	state->progressed = false;
	if (sessions_get(sessions, state->step->connection, &store, error) < 0)
		return -1;
	int result = attempt_open(&attempt, state, store, error);
	if (result == 0 && !attempt.skip)
		result = station_run(&attempt, error);
	attempt.done = result == 0;
	/* After a lost connection the server may hold the old session, and with it the step's lock, for a while. */
	if (result < 0 && error->kind == ERROR_BUSY && tries > 1)
		error->retry = true;
	/* Without a checkpoint the next try would begin at the first record again, and write twice what this one has committed. */
	if (state->progressed && !attempt.recording)
		error->retry = false;
	if (result < 0 && (tries >= TRIES_MAX || !error->retry) && state->rule_ids)
		station_settle(&attempt, error);
	attempt_close(&attempt);
	return result;
}

static int fill_rules(const struct step_state *state, struct step_report *report, struct error *error)
{
	size_t fired = 0;
	for (size_t i = 0; i < state->rule_count; i++)
		fired += state->committed.by_rule[i] > 0;
	report->rejects_by_rule = calloc(fired ? fired : 1, sizeof *report->rejects_by_rule);
	if (!report->rejects_by_rule)
		return error_memory(error, "a report");
	for (size_t i = 0; i < state->rule_count; i++) {
		if (state->committed.by_rule[i] == 0)
			continue;
		size_t at = report->rejects_by_rule_count;
		report->rejects_by_rule[at].id = strdup(state->rule_ids[i]);
		if (!report->rejects_by_rule[at].id)
			return error_memory(error, "a report");
		report->rejects_by_rule[at].count = state->committed.by_rule[i];
		report->rejects_by_rule_count++;
	}
	return 0;
}

static int check_books(const struct step_report *report, struct error *error)
{
	const struct counts *counts = &report->counts;
	if (counts_balance(counts))
		return 0;
	return error_set(error, ERROR_BOOKS, report->name,
		"the books do not balance: read %llu, written %llu, rejected %llu, skipped %llu; this is a fault of penstock, please report it",
		(unsigned long long)counts->read, (unsigned long long)counts->written, (unsigned long long)counts->rejected,
		(unsigned long long)counts_skipped(counts));
}

static enum run_status status_of(const struct error *error)
{
	if (!error_is_set(error))
		return RUN_SUCCEEDED;
	if (error->kind == ERROR_CANCELLED)
		return RUN_CANCELLED;
	return error->kind == ERROR_REJECTS ? RUN_REJECTED : RUN_FAILED;
}

static void state_fini(struct step_state *state)
{
	for (size_t i = 0; state->rule_ids && i < state->rule_count; i++)
		free(state->rule_ids[i]);
	free(state->rule_ids);
	ledger_fini(&state->committed);
	ledger_fini(&state->pending);
}

static void say_retry(const struct step_state *state, const struct error *error)
{
	char reason[ERROR_PLACE_MAX + ERROR_MESSAGE_MAX], text[sizeof reason + 64];
	if (!state->options->progress.note)
		return;
	snprintf(text, sizeof text, "%s: trying again: %s", state->step->name, error_text(error, reason, sizeof reason));
	state->options->progress.note(state->options->progress.arg, "warning", text);
}

int step_run(struct sessions *sessions, const struct plan_step *step, const struct run_options *options,
	struct run_report *report, struct judge **judges, size_t *judge_count, struct error *error)
{
	int64_t started = clock_elapsed_ms();
	struct step_state state = {
		.plan = sessions->plan,
		.step = step,
		.options = options,
		.run_id = report->run_id,
		.report = &report->steps[report->step_count - 1],
		.run_report = report,
		.report_index = report->step_count - 1,
		.earlier = judges,
		.earlier_count = judge_count,
	};
	struct error failed = ERROR_INIT;
	unsigned tries = 1;
	int result;
	while ((result = try_once(&state, sessions, tries, &failed)) < 0 && failed.retry) {
		sessions_drop(sessions, step->connection);
		if (state.progressed)
			tries = 1;
		if (!retry_wait(tries++, options->cancel))
			break;
		say_retry(&state, &failed);
		error_clear(&failed);
	}
	if (result < 0 && failed.retry && cancel_requested(options->cancel)) {
		error_clear(&failed);
		error_set(&failed, ERROR_CANCELLED, step->name, "cancelled by signal %d while waiting for the next try",
			atomic_load(&options->cancel->signal));
	}
	state.report->duration_s = (double)(clock_elapsed_ms() - started) / 1000;
	if (state.rule_ids) {
		/* A try that was given up while waiting for the next one leaves what it had open: rolled back with its session. */
		struct counts *open = &state.pending.counts;
		open->skipped[SKIP_ROLLED_BACK] += open->written + open->rejected;
		open->written = open->rejected = 0;
		memset(state.pending.by_rule, 0, state.rule_count * sizeof *state.pending.by_rule);
		ledger_add(&state.committed, &state.pending, state.rule_count);
		ledger_clear(&state.pending, state.rule_count);
		if (fill_rules(&state, state.report, &failed) < 0)
			result = -1;
	}
	step_show(&state, true);
	if (check_books(state.report, &failed) < 0)
		result = -1;
	state.report->status = status_of(&failed);
	state_fini(&state);
	if (result < 0 && !error_is_set(error))
		*error = failed;
	return result;
}
