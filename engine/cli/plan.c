/* plan.c - penstock plan: what a run would do, found out without writing anything.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/preview.h"
#include "engine/cli/table.h"
#include "engine/core/commit.h"
#include "engine/core/plural.h"
#include "rules/program.h"

enum { TEXT_MAX = 16 << 20 };

struct plan_flags {
	struct flag_list set;
	const char *step;
};

static const struct table_column columns_of_plan[] = {
	{.title = "source"}, {.title = "field"}, {.title = "type"}, {.title = "null"}, {.title = NULL},
};

static const char *policy_name(enum key_policy policy)
{
	static const char *const names[] = {[KEYS_APPEND] = "append", [KEYS_UPSERT] = "upsert", [KEYS_REPLACE] = "replace"};
	return names[policy];
}

static void print_name(const char *name, const char *value)
{
	printf("  %-10s", name);
	display_puts(stdout, value);
	putchar('\n');
}

/* ---- one step ---- */

static void print_source(const struct preview *preview)
{
	char size[16];
	printf("  %-10s%s ", "source", preview->step->source->name);
	if (!preview->source_open) {
		fputs("cannot be opened: ", stdout);
		display_puts(stdout, preview->source_error.message);
		putchar('\n');
		return;
	}
	display_puts(stdout, preview->identity.path);
	if (preview->identity.isolation[0])
		printf(", %s; %s\n", preview->identity.by_key ? "by key" : "from beginning to end", preview->identity.isolation);
	else if (preview->identity.known)
		printf(", %s\n", display_bytes((double)preview->identity.size, size));
	else
		puts(", a stream that cannot be read again");
}

static void print_target(const struct preview *preview)
{
	const struct plan_step *step = preview->step;
	printf("  %-10s%s ", "target", step->sink->name);
	if (step->prints) {
		puts("standard output, row by row");
		return;
	}
	if (!step->connection) {
		/* What the file is, the sink explains below. */
		puts(preview->sink_open ? "file, written whole" : "file, which cannot be written");
		return;
	}
	display_puts(stdout, step->target);
	printf(", %s", policy_name(step->policy));
	for (size_t i = 0; step->policy == KEYS_UPSERT && i < step->upsert_key.count; i++) {
		fputs(i ? ", " : " by ", stdout);
		display_puts(stdout, step->schema->fields[step->upsert_key.fields[i]].name);
	}
	if (step->connection) {
		fputs(", connection ", stdout);
		display_puts(stdout, step->connection->name);
	}
	if (preview->sink_open)
		fputs(preview->info.creates_table ? "; the table is not there and will be made"
				: preview->info.empty_table ? "; the table is there and empty" : "; the table is there", stdout);
	putchar('\n');
}

static void print_commit(const struct preview *preview)
{
	const struct option_commit commit = commit_decide(preview->step, &preview->info, &preview->identity);
	printf("  %-10s", "commit");
	if (commit.kind == COMMIT_STEP)
		fputs("once, at the end", stdout);
	else if (commit.rows && commit.every_ms)
		printf("every %llu row%s or %.1f s", (unsigned long long)commit.rows, plural(commit.rows, "", "s"), (double)commit.every_ms / 1000);
	else if (commit.rows)
		printf("every %llu row%s", (unsigned long long)commit.rows, plural(commit.rows, "", "s"));
	else
		printf("every %.1f s", (double)commit.every_ms / 1000);
	puts(preview->step->commit.kind == COMMIT_AUTO ? " (auto)" : "");
}

static void print_rejects(const struct plan_step *step)
{
	const struct reject_limit *most = &step->max_rejects;
	printf("  %-10s%s", "rejects", step->connection ? "into penstock_rejects, connection " : "into ");
	display_puts(stdout, step->connection ? step->connection->name : step->rejects_path);
	if (step->abort_on_violation)
		puts("; the first one ends the step");
	else if (most->share)
		printf("; at most %g%% of the records\n", most->fraction * 100);
	else
		printf("; at most %llu record%s\n", (unsigned long long)most->number, plural(most->number, "", "s"));
}

static void print_resume(const struct preview *preview)
{
	const struct checkpoint *checkpoint = &preview->checkpoint;
	printf("  %-10s", "resume");
	if (preview->step->prints)
		puts("every run begins at the first record");
	else if (!preview->step->connection)
		puts("an interrupted run leaves no file; the next one begins at the first record");
	else if (!preview->store)
		puts("no history is kept: every run begins at the first record");
	else if (preview->loaded)
		printf("nothing to do: loaded completely by run %s (%llu record%s)\n", preview->file.run_id,
			(unsigned long long)preview->file.records, plural(preview->file.records, "", "s"));
	else if (checkpoint->state == CHECKPOINT_OPEN)
		printf("goes on after %llu record%s that run %s committed, if nothing before has changed\n",
			(unsigned long long)checkpoint->load_read, plural(checkpoint->load_read, "", "s"), checkpoint->run_id);
	else if (preview->same_size)
		puts("a file of this size was loaded before; its content decides whether there is anything to do");
	else
		puts("begins at the first record");
}

static void field_type(const struct field *field, char *out, size_t size)
{
	if (field->type == VALUE_DECIMAL)
		snprintf(out, size, "number(%u,%u)", field->precision, field->scale);
	else if (field->max_length)
		snprintf(out, size, "%s(%llu)", value_type_name(field->type), (unsigned long long)field->max_length);
	else
		snprintf(out, size, "%s", value_type_name(field->type));
}

/* The field that is not in the files, but gets their paths; or NULL. */
static const char *file_field(const struct plan_step *step)
{
	return preview_text(step->source->options, step->source_options, "file_field");
}

/* Where a field comes from: its label in the source, or its place there (*column, counted on), or the path of the file. */
static int source_cell(struct text_table *table, const struct plan_step *step, size_t index, bool labels, size_t *column, struct error *error)
{
	const char *name = step->source_schema->fields[index].name, *path = file_field(step);
	if (path && strcmp(path, name) == 0)
		return table_text(table, "path of the file", error);
	if (!labels)
		return table_printf(table, error, "column %zu", ++*column);
	for (size_t i = 0; i < step->labels.count; i++)
		if (strcmp(step->labels.keys[i], name) == 0)
			name = step->labels.values[i];
	return table_text(table, name, error);
}

static int print_columns(const struct plan_step *step, struct error *error)
{
	struct text_table table;
	int result = 0;
	size_t column = 0;
	bool labels = preview_boolean(step->source->options, step->source_options, "header", true);
	table_init(&table, stdout, columns_of_plan, 0);
	table.indent = 2;
	for (size_t i = 0; i < step->source_schema->field_count && result == 0; i++) {
		const struct field *field = &step->source_schema->fields[i];
		char type[64];
		field_type(field, type, sizeof type);
		if (source_cell(&table, step, i, labels, &column, error) || table_text(&table, field->name, error) ||
			table_text(&table, type, error) || table_text(&table, field->required ? "no" : "yes", error))
			result = -1;
	}
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result;
}

static bool ends_with(const char *line, size_t length, const char *ending)
{
	return length >= strlen(ending) && strncmp(line + length - strlen(ending), ending, strlen(ending)) == 0;
}

/* Whether a rule (its id, of so many bytes) applies in this step: with check: types few do, and a field that gets the file's path has no cell. */
static bool is_applied(const struct plan_step *step, const char *id, size_t length)
{
	static const char *const endings[] = {".type", ".missing-cell", ".extra-cell", ".record-error", ".encoding-error"};
	const char *path = file_field(step);
	char never[512];
	bool applies = !step->check_types_only;
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		applies = applies || ends_with(id, length, endings[i]);
	snprintf(never, sizeof never, "%s.%s.missing-cell", step->table, path ? path : "");
	return applies && !(path && strlen(never) == length && memcmp(never, id, length) == 0);
}

/* The lines of the rules that apply in this step, in its words. */
static int say_rules(const struct plan_step *step, const struct buffer *text, struct buffer *out, struct error *error)
{
	static const char utf8[] = "UTF-8";
	const char *encoding = preview_text(step->source->options, step->source_options, "encoding");
	bool other = encoding && strcasecmp(encoding, utf8) != 0 && strcasecmp(encoding, "utf8") != 0;
	for (const char *line = buffer_text(text), *end; *line; line = end) {
		size_t id = strcspn(line, " \n"), length = strcspn(line, "\n");
		end = line + length + (line[length] == '\n');
		if (!is_applied(step, line, id))
			continue;
		const char *word = other && ends_with(line, id, ".encoding-error") ? memmem(line, length, utf8, strlen(utf8)) : NULL;
		size_t before = word ? (size_t)(word - line) : length;
		if (buffer_append(out, line, before, error) || (word && (buffer_puts(out, encoding, error) ||
			buffer_append(out, word + strlen(utf8), length - before - strlen(utf8), error))) || buffer_puts(out, "\n", error))
			return -1;
	}
	return 0;
}

static int print_rules(const struct plan_step *step, struct error *error)
{
	struct buffer text, out;
	buffer_init(&text, TEXT_MAX);
	buffer_init(&out, 2 * TEXT_MAX);
	int result = program_print(step->program, &text, error);
	if (result == 0)
		result = say_rules(step, &text, &out, error);
	if (result == 0) {
		printf("\n  rules%s\n", step->check_types_only ? " (check: types; no constraint and no key applies)" : "");
		display_lines(stdout, buffer_text(&out), "  ");
	}
	buffer_fini(&text);
	buffer_fini(&out);
	return result;
}

static int print_source_map(const struct preview *preview, struct error *error)
{
	struct buffer text;
	if (!preview->source_open || !preview->step->source->explain)
		return print_columns(preview->step, error);
	buffer_init(&text, TEXT_MAX);
	int result = preview->step->source->explain(preview->source, &text, error);
	if (result == 0)
		display_lines(stdout, buffer_text(&text), "  ");
	buffer_fini(&text);
	return result;
}

/* The statement between source and rules; what stood for a ${...} in it is bound. */
static void print_transform(const struct plan_step *step)
{
	if (!step->transform_sql)
		return;
	puts("\n  transform, by SQLite over each batch");
	display_lines(stdout, step->transform_sql, "    ");
}

static int print_sink(const struct preview *preview, struct error *error)
{
	struct buffer text;
	if (!preview->sink_open || !preview->step->sink->explain)
		return 0;
	buffer_init(&text, TEXT_MAX);
	int result = preview->step->sink->explain(preview->sink, &text, error);
	if (result == 0) {
		printf("\n  %s\n", preview->step->sink->name);
		display_lines(stdout, buffer_text(&text), "  ");
	}
	buffer_fini(&text);
	return result;
}

static int print_step(const struct plan *plan, const struct plan_step *step, struct error *error)
{
	struct preview preview;
	fputs("\nstep ", stdout);
	display_puts(stdout, step->name);
	fputs(": table ", stdout);
	display_puts(stdout, step->table);
	fputs(" of the dictionary\n", stdout);
	int result = preview_open(&preview, plan, step, true, false, error);
	print_source(&preview);
	print_target(&preview);
	if (result == 0 && preview.source_open)
		print_commit(&preview);
	print_rejects(step);
	if (result == 0)
		print_resume(&preview);
	putchar('\n');
	struct error failed = ERROR_INIT;
	if (print_source_map(&preview, &failed) == 0)
		print_transform(step);
	if (error_is_set(&failed) || print_sink(&preview, &failed) || print_rules(step, &failed))
		result = -1;
	if (error_is_set(&failed) && !error_is_set(error))
		*error = failed;
	/* A run would end here; the plan goes on and says so at its end. */
	if (!preview.source_open && error_is_set(&preview.source_error) && !error_is_set(error)) {
		*error = preview.source_error;
		result = -1;
	}
	preview_close(&preview);
	return result;
}

static void print_head(const struct plan *plan)
{
	fputs("pipeline ", stdout);
	display_puts(stdout, plan->name);
	fputs(" (", stdout);
	display_puts(stdout, plan->file);
	puts(")");
	if (plan->description)
		print_name("", plan->description);
	if (plan->state)
		print_name("history", plan->state->name);
	else
		print_name("history", "no history is kept: name a connection with \"state:\" to have one");
}

/* Every chosen step, also behind one that would fail; the first error is the answer. */
static int print_plan(const struct plan *plan, const char *only, struct log *log)
{
	int code = 0;
	print_head(plan);
	for (size_t i = 0; i < plan->step_count; i++) {
		struct error error = ERROR_INIT;
		const struct plan_step *step = &plan->steps[i];
		if (only && strcmp(only, step->name) != 0)
			continue;
		if (print_step(plan, step, &error)) {
			fflush(stdout);
			int failed = log_error(log, NULL, &error);
			code = code ? code : failed;
		}
	}
	return code;
}

static int plan_main(const void *bound, const struct arguments *arguments)
{
	const struct plan_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct log log;
	int code = 0;
	if (pipeline_check_sets(&flags->set, &error))
		return complain_usage(&error, "plan");
	log_init(&log, LOG_TEXT, false, false);
	struct pipeline *pipeline = pipeline_file_load(&log, arguments->items[0], &flags->set, &code);
	if (pipeline) {
		if (pipeline_check_step(pipeline_plan(pipeline), flags->step, &error))
			code = log_error(&log, NULL, &error);
		else
			code = print_plan(pipeline_plan(pipeline), flags->step, &log);
		pipeline_free(pipeline);
	}
	log_fini(&log);
	return code;
}

static const struct flag flags_of_plan[] = {
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct plan_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipeline a value; may be repeated"},
	{.name = "step", .kind = FLAG_TEXT, .offset = offsetof(struct plan_flags, step), .metavar = "NAME",
		.help = "this step only"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock plan pipelines/migrate.yaml",
	"penstock plan pipelines/migrate.yaml --step jobs --set data=/srv/incoming",
	NULL,
};

const struct command command_plan = {
	.name = "plan",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "print what a run would do, without doing it",
	.description =
		"Prints for every step of the pipeline FILE where each column comes from and where it goes, what "
		"would be lossy, the compiled rules, the SQL, how often it commits, where rejects go, and where it "
		"would go on. Reads the source's header and the database's catalog and state; writes nothing, ever. "
		"An SQLite file that does not exist is taken as empty. A step that could not begin is explained, and "
		"its reason is the exit code.",
	.flags = flags_of_plan,
	.size = sizeof(struct plan_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5),
	.examples = examples,
	.run = plan_main,
};
