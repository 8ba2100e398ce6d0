/* log.c - lines on stderr.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/cli/display.h"
#include "engine/core/clock.h"

enum { LOG_LINE_MAX = 64 * 1024, TIME_TEXT_MAX = 32 };

void log_init(struct log *log, enum log_format format, bool quiet, bool progress)
{
	memset(log, 0, sizeof *log);
	log->out = stderr;
	log->format = format;
	log->quiet = quiet;
	const char *no_colour = getenv("NO_COLOR");
	log->progress.colour = !no_colour || !*no_colour;
	if (progress && !quiet && format == LOG_TEXT && progress_possible(stderr))
		log->progress.out = stderr;
	pthread_mutex_init(&log->lock, NULL);
}

void log_fini(struct log *log)
{
	progress_clear(&log->progress);
	pthread_mutex_destroy(&log->lock);
}

static void now_text(char out[TIME_TEXT_MAX])
{
	int64_t now = clock_wall_us();
	time_t seconds = (time_t)(now / 1000000);
	struct tm broken;
	char day[TIME_TEXT_MAX / 2 + 8];
	if (!gmtime_r(&seconds, &broken) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &broken))
		day[0] = '\0';
	snprintf(out, TIME_TEXT_MAX, "%.24s.%03dZ", day, (int)(now / 1000 % 1000));
}

static void put_line(struct log *log, const char *line, size_t length)
{
	progress_clear(&log->progress);
	fwrite(line, 1, length, log->out);
	fflush(log->out);
}

/* A text that jansson takes: it refuses what is not UTF-8, and a message must not get lost for that. */
static json_t *safe_string(const char *text)
{
	json_t *string = json_string(text);
	if (string)
		return string;
	struct buffer escaped;
	struct error error = ERROR_INIT;
	buffer_init(&escaped, LOG_LINE_MAX);
	if (display_escape(&escaped, text, strlen(text), &error) == 0)
		string = json_string(buffer_text(&escaped));
	buffer_fini(&escaped);
	return string;
}

static json_t *begin(const struct log *log, const char *level, const char *msg, const char *step)
{
	char ts[TIME_TEXT_MAX];
	now_text(ts);
	json_t *line = json_object();
	json_object_set_new(line, "ts", json_string(ts));
	json_object_set_new(line, "level", json_string(level));
	json_object_set_new(line, "msg", safe_string(msg));
	if (log->run_id)
		json_object_set_new(line, "run_id", safe_string(log->run_id));
	if (log->pipeline)
		json_object_set_new(line, "pipeline", safe_string(log->pipeline));
	if (step)
		json_object_set_new(line, "step", safe_string(step));
	return line;
}

/* Writes the object as a line and frees it. */
static void end(struct log *log, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(line);
	if (!text)
		return;
	size_t length = strlen(text);
	text[length] = '\n'; /* instead of the NUL: one write a line */
	pthread_mutex_lock(&log->lock);
	put_line(log, text, length + 1);
	pthread_mutex_unlock(&log->lock);
	free(text);
}

static void text_line(struct log *log, const char *prefix, const char *place, const char *text)
{
	pthread_mutex_lock(&log->lock);
	progress_clear(&log->progress);
	fprintf(log->out, "penstock: %s", prefix);
	if (place && *place) {
		display_puts(log->out, place);
		fputs(": ", log->out);
	}
	display_puts(log->out, text);
	fputc('\n', log->out);
	fflush(log->out);
	pthread_mutex_unlock(&log->lock);
}

void log_note(struct log *log, const char *level, const char *step, const char *text)
{
	if (log->quiet)
		return;
	if (log->format == LOG_JSON)
		end(log, begin(log, level, text, step));
	else
		text_line(log, strcmp(level, "warning") == 0 ? "warning: " : "", step, text);
}

int log_error(struct log *log, const char *step, const struct error *error)
{
	if (log->format == LOG_JSON) {
		json_t *line = begin(log, "error", error->message, step);
		if (error->place[0])
			json_object_set_new(line, "place", safe_string(error->place));
		if (error->sqlstate[0])
			json_object_set_new(line, "sqlstate", safe_string(error->sqlstate));
		end(log, line);
	} else {
		text_line(log, "", error->place, error->message);
	}
	return (int)error->kind;
}

/* "file:line:column: message" without our name in front, so that an editor finds the place. */
static void diagnostic_line(struct log *log, const struct diagnostic *item)
{
	char place[32] = "";
	if (item->line)
		snprintf(place, sizeof place, ":%u:%u", item->line, item->column);
	size_t before = item->file_length + strlen(place);
	if (before)
		before += 2; /* ": " */
	if (before > strlen(item->text))
		before = 0;
	pthread_mutex_lock(&log->lock);
	progress_clear(&log->progress);
	fprintf(log->out, "%.*s%s", (int)before, item->text, item->warning ? "warning: " : "");
	display_puts(log->out, item->text + before);
	fputc('\n', log->out);
	fflush(log->out);
	pthread_mutex_unlock(&log->lock);
}

int log_diagnostics(struct log *log, const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *item = &diagnostics->items[i];
		if (log->quiet && item->warning)
			continue;
		if (log->format == LOG_JSON)
			end(log, begin(log, item->warning ? "warning" : "error", item->text, NULL));
		else
			diagnostic_line(log, item);
	}
	size_t found = diagnostics->errors + diagnostics->warnings;
	if (diagnostics->out_of_memory) {
		/* What was found without it may be wrong: the reader stopped somewhere. */
		log_note(log, "error", NULL, "out of memory while the configuration was read");
	} else if (found > diagnostics->count) {
		char more[64];
		snprintf(more, sizeof more, "and %zu more", found - diagnostics->count);
		log_note(log, "info", NULL, more);
	}
	return diagnostics->out_of_memory ? ERROR_RESOURCE : ERROR_CONFIG;
}

static void add_counts(json_t *line, const struct counts *counts)
{
	json_object_set_new(line, "read", json_integer((json_int_t)counts->read));
	json_object_set_new(line, "written", json_integer((json_int_t)counts->written));
	json_object_set_new(line, "rejected", json_integer((json_int_t)counts->rejected));
	json_object_set_new(line, "skipped", json_integer((json_int_t)counts_skipped(counts)));
	json_object_set_new(line, "bytes_read", json_integer((json_int_t)counts->bytes));
}

void log_run_started(struct log *log)
{
	if (log->format == LOG_JSON && !log->quiet)
		end(log, begin(log, "info", "run started", NULL));
}

void log_run_finished(struct log *log, const struct run_report *report)
{
	if (log->format != LOG_JSON || log->quiet)
		return;
	json_t *line = begin(log, "info", "run finished", NULL);
	json_object_set_new(line, "status", json_string(run_status_name(report->status)));
	json_object_set_new(line, "exit_code", json_integer(report->exit_code));
	add_counts(line, &report->counts);
	json_object_set_new(line, "duration_s", json_real(report->duration_s));
	end(log, line);
}

void log_step_started(struct log *log, const struct step_report *step)
{
	if (log->format != LOG_JSON || log->quiet)
		return;
	json_t *line = begin(log, "info", "step started", step->name);
	json_object_set_new(line, "table", safe_string(step->table));
	end(log, line);
}

void log_step_finished(struct log *log, const struct step_report *step)
{
	if (log->format != LOG_JSON || log->quiet)
		return;
	json_t *line = begin(log, "info", "step finished", step->name);
	json_object_set_new(line, "table", safe_string(step->table));
	json_object_set_new(line, "status", json_string(run_status_name(step->status)));
	add_counts(line, &step->counts);
	json_object_set_new(line, "duration_s", json_real(step->duration_s));
	end(log, line);
}

void log_progress(struct log *log, const struct progress_view *view)
{
	pthread_mutex_lock(&log->lock);
	if (view)
		progress_draw(&log->progress, view);
	else
		progress_clear(&log->progress);
	pthread_mutex_unlock(&log->lock);
}

int complain(const struct error *error)
{
	struct log log;
	log_init(&log, LOG_TEXT, false, false);
	int code = log_error(&log, NULL, error);
	log_fini(&log);
	return code;
}

int complain_usage(const struct error *error, const char *command)
{
	complain(error);
	fprintf(stderr, "try \"penstock %s%s--help\"\n", command ? command : "", command ? " " : "");
	return ERROR_CONFIG;
}
