/* step.c - tries of a step until it is done, cannot be mended, or patience ends.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"

static int try_once(struct step_state *state, struct sessions *sessions, unsigned tries, struct error *error)
{
	struct store *store = NULL;
	struct attempt attempt;
	state->progressed = false;
	if (sessions_get(sessions, state->step->connection, &store, error) < 0)
		return -1;
	int result = attempt_open(&attempt, state, store, error);
	if (result == 0 && !attempt.skip && (attempt_start(&attempt, error) < 0 || station_carry(&attempt, error) < 0 ||
											publish_finish(&attempt, error) < 0))
		result = -1;
	attempt.done = result == 0;
	/* What keeps records aside knows its ceiling, and not whose they are. */
	if (result < 0 && error->kind == ERROR_REJECTS && !error->place[0])
		snprintf(error->place, sizeof error->place, "%s", state->step->name);
	/* After a lost connection the server may hold the old session, and with it the step's lock, for a while. */
	if (result < 0 && error->kind == ERROR_BUSY && tries > 1)
		error->retry = true;
	/* Without a checkpoint the next try would begin at the first record again, and write twice what this one has committed. */
	if (state->progressed && !attempt.recording)
		error->retry = false;
	if (result < 0 && (tries >= TRIES_MAX || !error->retry) && state->rule_ids)
		publish_settle(&attempt, error);
	attempt_close(&attempt);
	return result;
}

static void fill_rules(const struct step_state *state, struct step_report *report, struct error *error)
{
	size_t fired = 0;
	for (size_t i = 0; i < state->rule_count; i++)
		fired += state->committed.by_rule[i] > 0;
	report->rejects_by_rule = calloc(fired ? fired : 1, sizeof *report->rejects_by_rule);
	if (!report->rejects_by_rule) {
		error_memory(error, "a report");
		return;
	}
	for (size_t i = 0; i < state->rule_count; i++) {
		if (state->committed.by_rule[i] == 0)
			continue;
		size_t at = report->rejects_by_rule_count;
		report->rejects_by_rule[at].id = strdup(state->rule_ids[i]);
		if (!report->rejects_by_rule[at].id) {
			error_memory(error, "a report");
			return;
		}
		report->rejects_by_rule[at].count = state->committed.by_rule[i];
		report->rejects_by_rule_count++;
	}
}

static void check_books(const struct step_report *report, struct error *error)
{
	const struct counts *counts = &report->counts;
	if (!counts_balance(counts))
		error_set(error, ERROR_BOOKS, report->name,
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

struct step_state step_state_of(struct sessions *sessions, const struct plan_step *step, const struct run_options *options,
	struct run_report *report, size_t at, struct judge **judges, size_t *judge_count)
{
	return (struct step_state){
		.plan = sessions->plan,
		.step = step,
		.options = options,
		.run_id = report->run_id,
		.shared = sessions->shared,
		.report = &report->steps[at],
		.run_report = report,
		.report_index = at,
		.earlier = judges,
		.earlier_count = judge_count,
	};
}

bool step_try_again(struct sessions *sessions, struct step_state *state, unsigned *tries, struct error *failed)
{
	struct cancel *cancel = state->options->cancel;
	if (!failed->retry || state->options->one_try)
		return false;
	sessions_drop(sessions, state->step->connection);
	if (state->progressed)
		*tries = 1;
	if (retry_wait((*tries)++, cancel)) {
		say_retry(state, failed);
		error_clear(failed);
		return true;
	}
	if (cancel_requested(cancel)) {
		error_clear(failed);
		error_set(failed, ERROR_CANCELLED, state->step->name, "cancelled by signal %d while waiting for the next try",
			atomic_load(&cancel->signal));
	}
	return false;
}

void step_conclude(struct step_state *state, struct error *failed, int64_t started_ms)
{
	state->report->duration_s = (double)(clock_elapsed_ms() - started_ms) / 1000;
	if (state->rule_ids) {
		/* A try that was given up while waiting for the next one leaves what it had open: rolled back with its session. */
		struct counts *open = &state->pending.counts;
		open->skipped[SKIP_ROLLED_BACK] += open->written + open->rejected;
		open->written = open->rejected = 0;
		memset(state->pending.by_rule, 0, state->rule_count * sizeof *state->pending.by_rule);
		ledger_add(&state->committed, &state->pending, state->rule_count);
		ledger_clear(&state->pending, state->rule_count);
		fill_rules(state, state->report, failed);
	}
	step_show(state, true);
	check_books(state->report, failed);
	state->report->status = status_of(failed);
	state_fini(state);
}

int step_run(struct sessions *sessions, const struct plan_step *step, const struct run_options *options,
	struct run_report *report, struct judge **judges, size_t *judge_count, struct error *error)
{
	int64_t started = clock_elapsed_ms();
	struct step_state state = step_state_of(sessions, step, options, report, report->step_count - 1, judges, judge_count);
	struct error failed = ERROR_INIT;
	unsigned tries = 1;
	while (try_once(&state, sessions, tries, &failed) < 0)
		if (!step_try_again(sessions, &state, &tries, &failed))
			break;
	step_conclude(&state, &failed, started);
	if (!error_is_set(&failed))
		return 0;
	if (!error_is_set(error))
		*error = failed;
	return -1;
}
