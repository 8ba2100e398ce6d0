/* survey.c - which steps of a pipeline the rejects of a file, or of a run, belong to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mend/columns.h"
#include "engine/mend/parts.h"

struct survey {
	struct mend_job *job;
	struct history *history;
	bool any;        /* a row, or a reject */
	bool other_step; /* of this pipeline */
	char other[NAME_MAX_BYTES]; /* another pipeline that was met */
	int64_t ids[HISTORY_IDS_MAX];
	size_t count;
};

static bool is_candidate(const struct mend_job *job, const struct plan_step *step)
{
	return step->connection && (!job->step || strcmp(job->step, step->name) == 0);
}

static void meet(struct survey *survey, const char *run, const char *pipeline, const char *step, const char *table)
{
	struct mend_job *job = survey->job;
	job->several_runs = job->several_runs || (job->of_run[0] && strcmp(job->of_run, run) != 0);
	snprintf(job->of_run, sizeof job->of_run, "%s", run);
	survey->any = true;
	if (strcmp(pipeline, job->plan->name) != 0) {
		snprintf(survey->other, sizeof survey->other, "%s", pipeline);
		return;
	}
	bool found = false;
	for (size_t i = 0; i < job->plan->step_count; i++) {
		const struct plan_step *one = &job->plan->steps[i];
		if (!is_candidate(job, one) || strcmp(one->name, step) != 0 || strcmp(one->target, table) != 0)
			continue;
		found = job->wanted[i] = true;
	}
	survey->other_step = survey->other_step || !found;
}

/* --- a file --- */

static int on_reject(void *arg, const struct history_reject *reject)
{
	meet(arg, reject->run_id, reject->pipeline, reject->step, reject->table_name);
	return 0;
}

static int look_up(struct survey *survey, struct error *error)
{
	const struct history_reject_filter filter = { .ids = survey->ids, .id_count = survey->count };
	if (survey->count == 0)
		return 0;
	survey->count = 0;
	return history_rejects(survey->history, &filter, on_reject, survey, error);
}

static int look_through(struct survey *survey, struct sheet *sheet, size_t column, struct error *error)
{
	bool blank;
	int more;
	while ((more = sheet_next(sheet, &blank, error)) > 0) {
		if (cancel_requested(survey->job->cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		survey->any = survey->any || !blank;
		if (blank || !mend_parse_id(sheet_cell(sheet, column), &survey->ids[survey->count]))
			continue;
		if (++survey->count == HISTORY_IDS_MAX && look_up(survey, error) < 0)
			return -1;
	}
	return more < 0 ? -1 : look_up(survey, error);
}

static bool label_is(const struct sheet *sheet, size_t cell, const char *label)
{
	struct text text = sheet_cell(sheet, cell);
	return text.length == strlen(label) && memcmp(text.data, label, text.length) == 0;
}

/* Before a step is known: by the label that it has where no field is called so, or by the other one. */
static int survey_file(struct survey *survey, struct error *error)
{
	const struct mend_job *job = survey->job;
	static const char *const labels[] = { "penstock.reject_id", "reject_id" };
	struct sheet sheet;
	int result = -1;
	for (size_t i = 0; i < 2 && result < 0; i++) {
		struct error failed = ERROR_INIT;
		result = sheet_open(&sheet, job->file, mend_job_name(job), labels[i], &job->plan->limits, i ? error : &failed);
		if (result == 0) {
			size_t column = 0;
			while (!label_is(&sheet, column, labels[i]))
				column++;
			result = look_through(survey, &sheet, column, error);
			sheet_close(&sheet);
			return result;
		}
		sheet_close(&sheet);
	}
	return result;
}

/* The columns must be those of every step that has rows in the file. */
static int check_columns(const struct mend_job *job, const struct plan_step *step, struct error *error)
{
	struct columns columns = { .fields = NULL };
	struct sheet sheet;
	int result = sheet_open(&sheet, job->file, mend_job_name(job), columns_label(step->source_schema, OWN_REJECT_ID), &job->plan->limits, error);
	if (result == 0)
		result = columns_match(&columns, &sheet, step->source_schema, error);
	columns_fini(&columns);
	sheet_close(&sheet);
	return result;
}

/* --- a run --- */

static int on_group(void *arg, const struct history_reject_group *group)
{
	meet(arg, group->run_id, group->pipeline, group->step, group->table_name);
	return 0;
}

static int survey_run(struct survey *survey, struct error *error)
{
	const struct mend_job *job = survey->job;
	const struct history_reject_filter filter = { .run = job->run, .rule = job->rule, .table = job->table };
	return history_reject_groups(survey->history, &filter, on_group, survey, error);
}

/* --- both --- */

static const struct plan_connection *connection_of(const struct mend_job *job, struct error *error)
{
	const struct plan_connection *connection = NULL;
	const char *path = NULL;
	for (size_t i = 0; i < job->plan->step_count; i++) {
		const struct plan_step *step = &job->plan->steps[i];
		path = path ? path : step->rejects_path;
		if (!is_candidate(job, step))
			continue;
		if (connection && connection != step->connection) {
			error_set(error, ERROR_CONFIG, job->plan->file,
				"its steps write to several databases, each with rejects of its own: say which step is meant with --step");
			return NULL;
		}
		connection = step->connection;
	}
	if (!connection)
		error_set(error, ERROR_CONFIG, job->plan->file,
			"%s writes to no database, so its rejects are in a file (%s) and nothing is to be replayed: mend the source and run the pipeline again",
			job->step ? "this step" : "this pipeline", path ? path : "one JSON object a line");
	return connection;
}

static int none_wanted(const struct survey *survey, struct error *error)
{
	const struct mend_job *job = survey->job;
	const char *what = mend_job_name(job);
	if (!survey->any && job->file)
		return error_set(error, ERROR_CONFIG, what, "has no row");
	if (survey->other[0])
		return error_set(error, ERROR_CONFIG, what, "its rejects are of pipeline \"%s\", and %s is \"%s\"", survey->other, job->plan->file,
			job->plan->name);
	if (survey->other_step)
		return error_set(error, ERROR_CONFIG, what, "its rejects are of steps or tables that %s does not have%s", job->plan->file,
			job->step ? ", or that --step leaves out" : "");
	if (job->file)
		return error_set(error, ERROR_CONFIG, what, "none of its reject_ids is in the database of this pipeline (connection %s)",
			job->plan->state ? job->plan->state->name : "of its sink");
	return 0;
}

static int check_wanted(struct mend_job *job, struct error *error)
{
	for (size_t i = 0; i < job->plan->step_count; i++) {
		const struct plan_step *step = &job->plan->steps[i];
		if (!job->wanted[i])
			continue;
		if (step->policy == KEYS_REPLACE)
			return error_set(error, ERROR_CONFIG, step->name,
				"replaces table %s as a whole, so single rows cannot be added to it: mend the source and run the step again", step->target);
		if (job->file && check_columns(job, step, error) < 0)
			return -1;
		if (!job->strangers)
			job->strangers = step;
	}
	return 0;
}

int mend_survey(struct mend_job *job, struct error *error)
{
	struct survey survey = { .job = job };
	bool any = false;
	job->wanted = calloc(job->plan->step_count ? job->plan->step_count : 1, sizeof *job->wanted);
	if (!job->wanted)
		return error_memory(error, "the steps of a replay");
	const struct plan_connection *connection = connection_of(job, error);
	if (!connection || mend_history(job->plan, connection, job->cancel, &survey.history, error) < 0)
		return -1;
	int result = job->file ? survey_file(&survey, error) : survey_run(&survey, error);
	history_close(survey.history);
	for (size_t i = 0; i < job->plan->step_count; i++)
		any = any || job->wanted[i];
	if (result == 0 && !any)
		result = none_wanted(&survey, error);
	return result == 0 ? check_wanted(job, error) : -1;
}

void mend_job_fini(struct mend_job *job)
{
	free(job->wanted);
	job->wanted = NULL;
}

static bool wants(void *arg, const struct plan_step *step)
{
	const struct mend_job *job = arg;
	return job->wanted[step - job->plan->steps];
}

struct mend mend_of(struct mend_job *job)
{
	return (struct mend){ .source = &mend_source_ops, .arg = job, .name = mend_job_name(job),
		.of_run = job->of_run[0] && !job->several_runs ? job->of_run : NULL, .wants = wants };
}
