/* metrics_file.c - the figures of a run in a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/schedule/metrics_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/core/buffer.h"
#include "engine/core/clock.h"
#include "engine/core/file_out.h"
#include "engine/core/metrics.h"

enum { LINE_MAX_BYTES = 65536, TEXT_MAX_BYTES = 16 << 20, PERMISSIONS = 0644 /* whoever collects it is another user */ };

static const struct metric rows = {.name = "penstock_run_rows", .help = "Records of the run by what became of them.", .kind = METRIC_GAUGE,
	.labels = {"pipeline", "step", "table", "outcome"}};
static const struct metric rejects = {.name = "penstock_run_rejects", .help = "Rejected records of the run by the rule of their first violation.",
	.kind = METRIC_GAUGE, .labels = {"pipeline", "step", "rule"}};
static const struct metric duration = {.name = "penstock_run_duration_seconds", .help = "How long the run took.", .kind = METRIC_GAUGE, .labels = {"pipeline"}};
static const struct metric exit_code = {.name = "penstock_run_exit_code", .help = "Its exit code; 0: it succeeded.", .kind = METRIC_GAUGE, .labels = {"pipeline"}};
static const struct metric started = {.name = "penstock_run_start_timestamp_seconds", .help = "When it began.", .kind = METRIC_GAUGE, .labels = {"pipeline"}};
static const struct metric success = {.name = "penstock_last_success_timestamp_seconds", .help = "When the pipeline succeeded last.", .kind = METRIC_GAUGE,
	.labels = {"pipeline"}};

static const struct metric *const families[] = {&started, &duration, &exit_code, &success, &rows, &rejects, NULL};

static void set(struct metrics *metrics, const struct metric *metric, const char *a, const char *b, const char *c, const char *d, double value)
{
	metrics_set(metrics, metric, (const char *const[]){a, b, c, d}, value);
}

static void add_step(struct metrics *metrics, const char *pipeline, const struct step_report *step)
{
	set(metrics, &rows, pipeline, step->name, step->table, "read", (double)step->counts.read);
	set(metrics, &rows, pipeline, step->name, step->table, "written", (double)step->counts.written);
	set(metrics, &rows, pipeline, step->name, step->table, "rejected", (double)step->counts.rejected);
	set(metrics, &rows, pipeline, step->name, step->table, "skipped", (double)counts_skipped(&step->counts));
	for (size_t i = 0; i < step->rejects_by_rule_count; i++)
		set(metrics, &rejects, pipeline, step->name, step->rejects_by_rule[i].id, NULL, (double)step->rejects_by_rule[i].count);
}

/* Of the file as an earlier run left it; 0 where it says nothing. A file is one pipeline's. */
static double earlier_success(const char *path)
{
	struct stat there;
	/* Nobody may write into a pipe for as long as one waits. */
	FILE *file = stat(path, &there) == 0 && S_ISREG(there.st_mode) ? fopen(path, "re") : NULL;
	size_t length = strlen(success.name);
	char line[LINE_MAX_BYTES];
	double found = 0;

	while (file && found == 0 && fgets(line, sizeof line, file)) {
		const char *value = strrchr(line, ' ');

		if (strncmp(line, success.name, length) == 0 && line[length] == '{' && value)
			found = strtod(value, NULL);
	}
	if (file)
		fclose(file);
	return found;
}

static int put_file(const char *path, const struct buffer *text, struct error *error)
{
	struct file_out *out = file_out_open(path, PERMISSIONS, error);
	int result = out ? file_out_write(out, text->data, text->length, error) : -1;

	if (result == 0)
		result = file_out_publish(out, error);
	file_out_close(out);
	return result;
}

int metrics_file_write(const char *path, const char *pipeline, const struct run_report *report, struct error *error)
{
	struct metrics *metrics = metrics_new(families, error);
	double succeeded = report->exit_code == 0 ? (double)(clock_wall_us() / 1000000) : earlier_success(path);
	struct buffer text;
	int result = -1;

	if (!metrics)
		return -1;
	set(metrics, &started, pipeline, NULL, NULL, NULL, (double)(report->started_at / 1000000));
	set(metrics, &duration, pipeline, NULL, NULL, NULL, report->duration_s);
	set(metrics, &exit_code, pipeline, NULL, NULL, NULL, report->exit_code);
	if (succeeded > 0)
		set(metrics, &success, pipeline, NULL, NULL, NULL, succeeded);
	for (size_t i = 0; i < report->step_count; i++)
		add_step(metrics, pipeline, &report->steps[i]);
	buffer_init(&text, TEXT_MAX_BYTES);
	if (metrics_write(metrics, &text, error) == 0)
		result = put_file(path, &text, error);
	buffer_fini(&text);
	metrics_free(metrics);
	return result;
}
