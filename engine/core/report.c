/* report.c - the report of a run as one JSON object.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/run.h"

/* Jansson takes NULL for a value that could not be made; each setter then fails, and so does the whole. */
static int put_counts(json_t *object, const struct counts *counts)
{
	json_t *reasons = json_object();
	int failed = json_object_set_new(object, "read", json_integer((json_int_t)counts->read));
	failed |= json_object_set_new(object, "written", json_integer((json_int_t)counts->written));
	failed |= json_object_set_new(object, "rejected", json_integer((json_int_t)counts->rejected));
	failed |= json_object_set_new(object, "skipped", json_integer((json_int_t)counts_skipped(counts)));
	for (int i = 0; i < SKIP_REASONS; i++)
		if (counts->skipped[i] > 0)
			failed |= json_object_set_new(reasons, skip_reason_name((enum skip_reason)i),
				json_integer((json_int_t)counts->skipped[i]));
	failed |= json_object_set_new(object, "skipped_by_reason", reasons);
	return failed;
}

static int put_step(json_t *list, const struct step_report *step)
{
	json_t *object = json_object();
	json_t *rules = json_object();
	int failed = json_object_set_new(object, "name", json_string(step->name));
	failed |= json_object_set_new(object, "table", json_string(step->table));
	failed |= json_object_set_new(object, "status", json_string(run_status_name(step->status)));
	failed |= put_counts(object, &step->counts);
	for (size_t i = 0; i < step->rejects_by_rule_count; i++)
		failed |= json_object_set_new(rules, step->rejects_by_rule[i].id,
			json_integer((json_int_t)step->rejects_by_rule[i].count));
	failed |= json_object_set_new(object, "rejects_by_rule", rules);
	failed |= json_object_set_new(object, "bytes_read", json_integer((json_int_t)step->counts.bytes));
	failed |= json_object_set_new(object, "duration_s", json_real(step->duration_s));
	if (step->note[0])
		failed |= json_object_set_new(object, "note", json_string(step->note));
	failed |= json_array_append_new(list, object);
	return failed;
}

static json_t *time_json(int64_t micros)
{
	char text[VALUE_TEXT_MAX];
	value_format_datetime(micros, text);
	return json_string(text);
}

/* Names of files and words of databases may be in any encoding. */
static json_t *any_string(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	char *copy = strdup(text);
	for (char *p = copy; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	string = copy ? json_string(copy) : NULL;
	free(copy);
	return string;
}

static int put_error(json_t *root, const struct error *error, int code)
{
	json_t *object = json_object();
	int failed = json_object_set_new(object, "code", json_integer(code));
	failed |= json_object_set_new(object, "kind", json_string(error_kind_name(error->kind)));
	failed |= json_object_set_new(object, "place", any_string(error->place));
	failed |= json_object_set_new(object, "message", any_string(error->message));
	if (error->sqlstate[0])
		failed |= json_object_set_new(object, "sqlstate", any_string(error->sqlstate));
	failed |= json_object_set_new(root, "error", object);
	return failed;
}

/* file: where the pipeline is, taken; NULL: not told. */
static char *report_json(const struct run_report *report, const char *pipeline, json_t *file)
{
	json_t *root = json_object();
	json_t *steps = json_array();
	int failed = json_object_set_new(root, "run_id", json_string(report->run_id));
	failed |= json_object_set_new(root, "pipeline", json_string(pipeline));
	failed |= json_object_set_new(root, "status", json_string(run_status_name(report->status)));
	failed |= json_object_set_new(root, "exit_code", json_integer(report->exit_code));
	failed |= json_object_set_new(root, "started_at", time_json(report->started_at));
	failed |= json_object_set_new(root, "duration_s", json_real(report->duration_s));
	failed |= put_counts(root, &report->counts);
	for (size_t i = 0; i < report->step_count; i++)
		failed |= put_step(steps, &report->steps[i]);
	failed |= json_object_set_new(root, "steps", steps);
	if (file)
		failed |= json_object_set_new(root, "file", file);
	if (error_is_set(&report->error))
		failed |= put_error(root, &report->error, report->exit_code);
	char *json = failed ? NULL : json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	json_decref(root);
	return json;
}

static json_t *file_of(const struct plan *plan)
{
	char *path = plan->file ? realpath(plan->file, NULL) : NULL;
	json_t *file = path ? json_string(path) : NULL;
	free(path);
	return file ? file : json_null();
}

char *run_file_json(const struct plan *plan)
{
	json_t *root = json_object();
	int failed = json_object_set_new(root, "file", file_of(plan));
	char *json = failed ? NULL : json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return json;
}

char *run_report_kept(const struct run_report *report, const struct plan *plan)
{
	return report_json(report, plan->name, file_of(plan));
}

char *run_report_json(const struct run_report *report, const char *pipeline)
{
	return report_json(report, pipeline, NULL);
}
