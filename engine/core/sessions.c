/* sessions.c - the database sessions of a run: opened when first needed, and again after they were lost.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/sessions.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"

enum { BACKOFF_FIRST_MS = 200, CANCEL_LOOK_MS = 50 };

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
