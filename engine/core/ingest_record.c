/* ingest_record.c - the request's row in the history, and its answer for those who ask again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "engine/core/clock.h"
#include "engine/core/ingest_parts.h"
#include "engine/core/run.h"

/* --- the history --- */

static struct run_record row_of(const struct ingest_lane *lane, const struct ingest_request *request)
{
	return (struct run_record){ .run_id = request->run_id, .kind = "ingest", .pipeline = lane->steps->plan->name,
		.status = run_status_name(RUN_RUNNING), .started_at = request->started_at, .counts = request->sum };
}

/* Only a request that was tried before can be in; its row, put first, waits for a COMMIT that may still be on its way. */
int record_begin(struct ingest_lane *lane, struct ingest_request *request, bool *known, struct error *error)
{
	struct store *store = lane->store;
	struct run_record run = row_of(lane, request);
	*known = false;
	if (!request->tried)
		return 0;
	if (store->ops->add_run(store, &run, known, error) < 0)
		return -1;
	return *known ? store->ops->mark(store, MARK_UNDO, error) : 0;
}

static int count_rule(struct step_report *report, struct text id, struct error *error)
{
	for (size_t i = 0; i < report->rejects_by_rule_count; i++)
		if (strlen(report->rejects_by_rule[i].id) == id.length && memcmp(report->rejects_by_rule[i].id, id.data, id.length) == 0) {
			report->rejects_by_rule[i].count++;
			return 0;
		}
	void *larger = realloc(report->rejects_by_rule, (report->rejects_by_rule_count + 1) * sizeof *report->rejects_by_rule);
	if (!larger)
		return error_memory(error, "the summary of a request");
	report->rejects_by_rule = larger;
	char *copy = strndup(id.data, id.length);
	if (!copy)
		return error_memory(error, "the summary of a request");
	report->rejects_by_rule[report->rejects_by_rule_count].id = copy;
	report->rejects_by_rule[report->rejects_by_rule_count++].count = 1;
	return 0;
}

static int fill_steps(const struct ingest_lane *lane, const struct ingest_request *request, struct run_report *report,
	struct error *error)
{
	for (size_t i = 0; i < lane->steps->count; i++) {
		struct step_report *step = &report->steps[report->step_count];
		if (!request->form->parts[i].used)
			continue;
		*step = (struct step_report){ .name = lane->parts[i].step->name, .table = lane->parts[i].step->target,
			.status = report->status, .started = true, .counts = request->counts[i], .duration_s = report->duration_s };
		report->step_count++;
		for (size_t v = 0; v < request->verdict_count; v++)
			if (request->verdicts[v].step == i && count_rule(step, request->verdicts[v].rule, error) < 0)
				return -1;
	}
	return 0;
}

/* What `penstock runs show` says of a request is what it says of a run. malloc'd; NULL and error. */
static char *summarize(const struct ingest_lane *lane, const struct ingest_request *request, struct run_record *run,
	struct error *error)
{
	struct run_report report = { .status = request->published ? RUN_SUCCEEDED : RUN_REJECTED,
		.exit_code = request->published ? 0 : ERROR_REJECTS, .started_at = request->started_at, .counts = request->sum };
	char *summary = NULL;
	run->status = run_status_name(report.status);
	run->exit_code = report.exit_code;
	run->finished_at = clock_wall_us();
	report.duration_s = (double)(run->finished_at - run->started_at) / 1e6;
	memcpy(report.run_id, request->run_id, RUN_ID_SIZE);
	report.steps = calloc(lane->steps->count, sizeof *report.steps);
	if (report.steps && fill_steps(lane, request, &report, error) == 0)
		summary = run_report_kept(&report, lane->steps->plan);
	run_report_fini(&report);
	if (!summary)
		error_memory(error, "the summary of a request");
	return summary;
}

int record_end(struct ingest_lane *lane, struct ingest_request *request, struct error *error)
{
	struct store *store = lane->store;
	struct run_record run = row_of(lane, request);
	bool known = false;
	char *summary = summarize(lane, request, &run, error);
	if (!summary)
		return -1;
	run.summary = summary;
	int result = request->tried && request->published ? store->ops->change_run(store, &run, error) :
							    store->ops->add_run(store, &run, &known, error);
	free(summary);
	if (result == 0 && known)
		return error_set(error, ERROR_SINK, lane->steps->plan->name, "there is a run %s already", request->run_id);
	return result;
}

/* --- the answer --- */

static struct stored_answer answer_of(const struct ingest_lane *lane, const struct ingest_request *request)
{
	return (struct stored_answer){ .api_key = request->api_key ? request->api_key : "", .pipeline = lane->steps->plan->name,
		.idem_key = request->idem_key };
}

int record_find_answer(struct ingest_lane *lane, struct ingest_request *request, bool *found, struct error *error)
{
	struct stored_answer answer = answer_of(lane, request);
	*found = false;
	request->answer_expired = false;
	if (!request->idem_key)
		return 0;
	int there = lane->store->ops->find_answer(lane->store, &answer, error);
	request->answer_expired = answer.expired;
	if (there <= 0)
		return there;
	*found = true;
	/* The row that a second try has put there first. */
	if (request->tried && lane->store->ops->mark(lane->store, MARK_UNDO, error) < 0)
		return -1;
	request->other_body = strcmp(answer.body_sha256, request->body_sha256) != 0;
	request->replayed = !request->other_body;
	if (request->other_body)
		return 0;
	request->status = answer.status;
	buffer_clear(&request->body);
	return buffer_append(&request->body, answer.answer.length ? answer.answer.data : "", answer.answer.length, error);
}

int record_keep_answer(struct ingest_lane *lane, struct ingest_request *request, struct error *error)
{
	struct stored_answer answer = answer_of(lane, request);
	if (!request->idem_key)
		return 0;
	buffer_clear(&request->body);
	if (request->answer(request, &request->body, error) < 0)
		return -1;
	memcpy(answer.body_sha256, request->body_sha256, SHA256_HEX_SIZE);
	answer.status = request->status;
	answer.answer = (struct text){ buffer_text(&request->body), request->body.length };
	answer.expired = request->answer_expired;
	return lane->store->ops->keep_answer(lane->store, &answer, error);
}
