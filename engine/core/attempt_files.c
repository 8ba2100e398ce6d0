/* attempt_files.c - what a try knows of a source of several files: which were loaded before, and which it has completed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/attempt.h"
#include "engine/core/clock.h"
#include "engine/core/plural.h"

/* 1: it was loaded before, and out says what of it; 0; -1 and error. */
static int was_loaded(struct attempt *attempt, size_t number, struct source_identity *file, struct file_record *out, struct error *error)
{
	struct store *store = attempt->store;
	bool found = false, same_size = false;
	if (store->ops->find_file(store, &attempt->key, file, out, &found, &same_size, error) < 0)
		return -1;
	if (!found && same_size && (attempt->step->source->file(attempt->source, number, true, file, error) < 0 ||
					   store->ops->find_file(store, &attempt->key, file, out, &found, &same_size, error) < 0))
		return -1;
	return found;
}

static int keep_passed(struct attempt *attempt, size_t number, uint64_t records, struct error *error)
{
	if (number >= attempt->passed_count) {
		size_t room = 2 * number + 16;
		uint64_t *larger = realloc(attempt->passed, room * sizeof *larger);
		if (!larger)
			return error_memory(error, "a list of files");
		memset(larger + attempt->passed_count, 0, (room - attempt->passed_count) * sizeof *larger);
		attempt->passed = larger;
		attempt->passed_count = room;
	}
	attempt->passed[number] = records;
	return 0;
}

static void say_passed(struct attempt *attempt, size_t passed, size_t files)
{
	struct step_state *state = attempt->state;
	snprintf(state->report->note, sizeof state->report->note, "%s: %zu of %zu files %s already loaded%s", attempt->step->name, passed, files,
		plural(passed, "was", "were"),
		passed == files && attempt->info.empty_table ? ", but the table is empty; --restart loads them again" : "");
	if (state->options->progress.note)
		state->options->progress.note(state->options->progress.arg, attempt->info.empty_table ? "warning" : "info", state->report->note);
}

int attempt_pass_loaded(struct attempt *attempt, struct error *error)
{
	const struct plan_step *step = attempt->step;
	struct source_identity *file = malloc(sizeof *file);
	struct file_record *record = malloc(sizeof *record);
	size_t number = 0, passed = 0;
	int there = 0, result = -1;
	if (!file || !record) {
		error_memory(error, "a list of files");
		goto out;
	}
	for (;; number++) {
		if ((there = step->source->file(attempt->source, number, false, file, error)) <= 0)
			break;
		int loaded = was_loaded(attempt, number, file, record, error);
		int passes = loaded > 0 ? step->source->pass(attempt->source, number, record->hash, error) : loaded;
		if (passes < 0 || (passes > 0 && keep_passed(attempt, number, record->records, error) < 0))
			goto out;
		passed += (size_t)passes;
	}
	if (there < 0)
		goto out;
	if (passed > 0)
		say_passed(attempt, passed, number);
	if (passed > 0 && passed == number) {
		attempt->skip = true;
		attempt_count_passed(attempt, number);
		ledger_add(&attempt->state->committed, &attempt->state->pending, attempt->state->rule_count);
		ledger_clear(&attempt->state->pending, attempt->state->rule_count);
	}
	result = 0;
out:
	free(file);
	free(record);
	return result;
}

void attempt_count_passed(struct attempt *attempt, size_t number)
{
	struct ledger *pending = &attempt->state->pending;
	for (; attempt->passed_next < number && attempt->passed_next < attempt->passed_count; attempt->passed_next++) {
		uint64_t records = attempt->passed[attempt->passed_next];
		pending->counts.read += records;
		pending->counts.skipped[SKIP_ALREADY_LOADED] += records;
		pending->read += records;
	}
}

int attempt_end_file(struct attempt *attempt, const struct source_file *file, struct error *error)
{
	if (attempt->ended_count == attempt->ended_room) {
		size_t room = attempt->ended_room ? 2 * attempt->ended_room : 16;
		const struct source_file **larger = realloc(attempt->ended, room * sizeof *larger);
		if (!larger)
			return error_memory(error, "a list of files");
		attempt->ended = larger;
		attempt->ended_room = room;
	}
	attempt->ended[attempt->ended_count++] = file;
	return 0;
}

int attempt_record_files(struct attempt *attempt, struct error *error)
{
	struct store *store = attempt->store;
	if (!store || !attempt->recording)
		return 0;
	for (size_t i = 0; i < attempt->ended_count; i++) {
		const struct source_file *from = attempt->ended[i];
		struct file_record file = { .size = from->size, .mtime_ns = from->mtime_ns, .records = from->records, .loaded_at = clock_wall_us() };
		memcpy(file.run_id, attempt->state->run_id, RUN_ID_SIZE);
		snprintf(file.path, sizeof file.path, "%s", from->path);
		memcpy(file.hash, from->hash, SHA256_HEX_SIZE);
		if (store->ops->record(store, &attempt->key, NULL, &file, error) < 0)
			return -1;
	}
	return 0;
}
