/* rejects_export.c - penstock rejects export.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/file/text.h"
#include "engine/cli/interrupt.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/rejects.h"
#include "engine/cli/state_argument.h"
#include "engine/core/file_out.h"
#include "engine/core/plural.h"
#include "engine/core/utf8.h"
#include "engine/mend/columns.h"
#include "engine/mend/mend.h"

enum { LINE_MAX_BYTES = 1 << 30, GROUPS_SHOWN = 10, PERMISSIONS = 0600 /* records may be anything */ };
static const char MASK[] = "***";

struct export_flags {
	const char *run, *rule, *table, *step, *state, *pipeline, *source;
	struct flag_list set;
	bool quiet;
};

struct export {
	const struct export_flags *flags;
	const char *file;
	struct log log;
	struct state_argument state;
	struct pipeline *pipeline;
	const struct plan_step *step;
	struct plan_connection connection; /* where the rejects are */
	char run[RUN_ID_SIZE];
	char of_pipeline[NAME_MAX_BYTES], of_step[NAME_MAX_BYTES], of_table[NAME_MAX_BYTES]; /* of those that are to be mended */
	struct buffer groups;              /* "a (12), b (3)", where there are several */
	size_t group_count;
	bool several_tables;
	uint64_t unpublished, resolved, open;
	char *recorded;                    /* path of the pipeline when it ran */
	char **nulls;                      /* of each field: how the dictionary spells null */
	struct buffer line;
	struct mend_job job;
	struct error *error;
};

/* --- which rejects --- */

static int on_group(void *arg, const struct history_reject_group *group)
{
	struct export *export = arg;
	struct error *error = export->error;
	if (export->flags->step && strcmp(export->flags->step, group->step) != 0)
		return 0;
	if (!group->published || group->resolved) {
		*(group->published ? &export->resolved : &export->unpublished) += group->count;
		return 0;
	}
	export->open += group->count;
	if (export->group_count++ == 0) {
		snprintf(export->of_pipeline, sizeof export->of_pipeline, "%s", group->pipeline);
		snprintf(export->of_step, sizeof export->of_step, "%s", group->step);
		snprintf(export->of_table, sizeof export->of_table, "%s", group->table_name);
	}
	export->several_tables = export->several_tables || strcmp(export->of_table, group->table_name) != 0;
	if (export->group_count > GROUPS_SHOWN)
		return 0;
	return buffer_printf(&export->groups, error, "%s%s of step %s (%" PRIu64 ")", export->group_count > 1 ? ", " : "", group->table_name,
		       group->step, group->count) < 0;
}

static int choose(struct export *export, struct error *error)
{
	const struct export_flags *flags = export->flags;
	const struct history_reject_filter filter = {.run = export->run, .rule = flags->rule, .table = flags->table};
	if (history_find_run(export->state.history, flags->run, export->run, error) ||
		history_reject_groups(export->state.history, &filter, on_group, export, error) || error_is_set(error))
		return -1;
	if (export->group_count < 2)
		return 0;
	return error_set(error, ERROR_CONFIG, NULL, "the rejects of run %s are of %s: one file holds those of one, choose it with --%s", export->run,
		buffer_text(&export->groups), export->several_tables ? "table" : "step");
}

/* --- their pipeline --- */

static int on_run(void *arg, const struct history_run *run)
{
	struct export *export = arg;
	json_error_t problem;
	json_t *summary = json_loads(run->summary, 0, &problem);
	const char *file = json_string_value(json_object_get(summary, "file"));
	export->recorded = file ? strdup(file) : NULL;
	json_decref(summary);
	return 0;
}

/* "pipeline.yaml:db" of --state, without the name; malloc'd, NULL where it is no file. */
static char *file_of_state(const char *state)
{
	const char *colon = state ? strrchr(state, ':') : NULL;
	if (!colon || strncmp(state, "env:", 4) == 0 || strncmp(state, "file:", 5) == 0)
		return NULL;
	return strndup(state, (size_t)(colon - state));
}

static int find_step(struct export *export, struct error *error)
{
	const struct plan *plan = pipeline_plan(export->pipeline);
	if (strcmp(plan->name, export->of_pipeline) != 0)
		return error_set(error, ERROR_CONFIG, plan->file, "is pipeline \"%s\", and the rejects are of \"%s\": name its file with --pipeline",
			plan->name, export->of_pipeline);
	for (size_t i = 0; i < plan->step_count; i++)
		if (strcmp(plan->steps[i].name, export->of_step) == 0 && strcmp(plan->steps[i].target, export->of_table) == 0)
			export->step = &plan->steps[i];
	if (export->step && export->step->connection)
		return 0;
	return error_set(error, ERROR_CONFIG, plan->file, "has no step \"%s\" into %s any more, which these rejects are of", export->of_step,
		export->of_table);
}

static int load_pipeline(struct export *export, struct error *error)
{
	const struct export_flags *flags = export->flags;
	char *named = flags->pipeline ? strdup(flags->pipeline) : file_of_state(flags->state);
	bool found;
	if (!named) {
		if (history_run(export->state.history, export->run, on_run, export, &found, error))
			return -1;
		named = export->recorded ? strdup(export->recorded) : NULL;
	}
	if (!named)
		return error_set(error, ERROR_CONFIG, NULL,
			"which cell is of which field stands in the pipeline and its dictionary: name the file of pipeline \"%s\" with --pipeline FILE",
			export->of_pipeline);
	export->pipeline = pipeline_file_try(&export->log, named, &flags->set, error);
	if (!export->pipeline && !flags->pipeline)
		fprintf(stderr, "penstock: %s: the pipeline of these rejects, which says what their cells are: --pipeline FILE and --set NAME=VALUE say where it is now\n",
			named);
	free(named);
	return export->pipeline ? find_step(export, error) : -1;
}

/* The first spelling of null of each field, where it is not the empty text. */
static int find_nulls(struct export *export, struct error *error)
{
	const struct schema *schema = export->step->source_schema;
	json_error_t problem;
	json_t *table = export->step->table_json ? json_loads(export->step->table_json, 0, &problem) : NULL;
	json_t *of_table = json_object_get(table, "schema"), *field;
	size_t index;
	export->nulls = calloc(schema->field_count + 1, sizeof *export->nulls);
	json_array_foreach(json_object_get(of_table, "fields"), index, field) {
		size_t at = schema_find(schema, json_string_value(json_object_get(field, "name")));
		json_t *missing = json_object_get(field, "missingValues"), *word;
		size_t number;
		const char *first = NULL;
		if (!missing)
			missing = json_object_get(of_table, "missingValues");
		json_array_foreach(missing, number, word) {
			const char *text = json_is_object(word) ? json_string_value(json_object_get(word, "value")) : json_string_value(word);
			if (text && (!first || !*text))
				first = text;
		}
		if (export->nulls && at != SCHEMA_NO_FIELD && first && *first)
			export->nulls[at] = strdup(first);
	}
	json_decref(table);
	return export->nulls ? 0 : error_memory(error, "the fields of a table");
}

/* --- writing --- */

/* Bytes as text that any tool can read: what is no UTF-8, and NUL, as \xHH; and as CSV, quoted where it must be. */
static int put_cell(struct export *export, struct text cell, struct error *error)
{
	struct buffer *line = &export->line;
	bool quoted = cell.length > 0 && (strchr(" \t", cell.data[0]) || strchr(" \t", cell.data[cell.length - 1]));
	for (size_t i = 0; i < cell.length && !quoted; i++)
		quoted = cell.data[i] == ',' || cell.data[i] == '"' || cell.data[i] == '\n' || cell.data[i] == '\r';
	if (quoted && buffer_puts(line, "\"", error))
		return -1;
	for (size_t i = 0, size; i < cell.length; i += size) {
		size = cell.data[i] ? utf8_character(cell.data + i, cell.length - i) : 0;
		int failed = size == 0 ? buffer_printf(line, error, "\\x%02X", (unsigned)(unsigned char)cell.data[i])
				       : buffer_append(line, cell.data + i, size, error);
		if (failed || (size == 1 && cell.data[i] == '"' && buffer_puts(line, "\"", error)))
			return -1;
		size = size ? size : 1;
	}
	return quoted ? buffer_puts(line, "\"", error) : 0;
}

static int put_string(struct export *export, const char *text, struct error *error)
{
	return put_cell(export, (struct text){text, strlen(text)}, error);
}

static int put_bytes(void *self, const char *data, size_t length, struct error *error)
{
	return buffer_append(self, data, length, error);
}

static int put_field(struct export *export, const struct batch *batch, uint32_t row, size_t field, struct error *error)
{
	const struct column *column = &batch->columns[field];
	const struct field *what = &batch->schema->fields[field];
	char typed[VALUE_TEXT_MAX];
	if (column->cells[row] == CELL_ABSENT)
		return 0;
	if (column->cells[row] == CELL_NULL)
		return export->nulls[field] ? put_string(export, export->nulls[field], error) : 0;
	struct text text = {column->texts[row].length > 0 ? batch_bytes(batch, column->texts[row]) : "", column->texts[row].length};
	bool has_value = text.length == 0 && column->cells[row] == CELL_VALUE;
	if (has_value)
		text = batch_cell_text(batch, field, row, typed);
	if (mend_is_hidden(export->step, field) && text.length > 0)
		return put_string(export, MASK, error);
	if (has_value && what->type == VALUE_BINARY) {
		const struct text_to to = {.write = put_bytes, .self = &export->line};
		return text_put_base64(text.data, text.length, &to, error);
	}
	return put_cell(export, text, error);
}

static int put_row(struct export *export, const void *source, const struct batch *batch, uint32_t row, struct error *error)
{
	const struct mend_label label = mend_label_of(source, row);
	if (buffer_printf(&export->line, error, "%" PRIu64 ",", batch->origins[row].record_no) || put_cell(export, label.rule, error) ||
		buffer_puts(&export->line, ",", error) || put_cell(export, label.message, error))
		return -1;
	for (size_t field = 0; field < batch->schema->field_count; field++)
		if (buffer_puts(&export->line, ",", error) || put_field(export, batch, row, field, error))
			return -1;
	if (!mend_has_extra(source))
		return buffer_puts(&export->line, "\n", error);
	bool masked = false;
	for (size_t field = 0; field < batch->schema->field_count; field++)
		masked = masked || mend_is_hidden(export->step, field);
	return buffer_puts(&export->line, ",", error) ||
			(masked && label.extra.length > 0 ? put_string(export, MASK, error) : put_cell(export, label.extra, error)) ||
			buffer_puts(&export->line, "\n", error)
		? -1
		: 0;
}

static int put_header(struct export *export, const void *source, struct error *error)
{
	const struct schema *schema = export->step->source_schema;
	for (int own = OWN_REJECT_ID; own <= OWN_MESSAGE; own++)
		if ((own > 0 && buffer_puts(&export->line, ",", error)) || put_string(export, columns_label(schema, (enum own_column)own), error))
			return -1;
	for (size_t field = 0; field < schema->field_count; field++)
		if (buffer_puts(&export->line, ",", error) || put_string(export, schema->fields[field].name, error))
			return -1;
	if (mend_has_extra(source) && (buffer_puts(&export->line, ",", error) || put_string(export, columns_label(schema, OWN_EXTRA), error)))
		return -1;
	return buffer_puts(&export->line, "\n", error);
}

static int write_line(struct export *export, struct file_out *out, struct error *error)
{
	int result = file_out_write(out, export->line.data, export->line.length, error);
	buffer_clear(&export->line);
	return result;
}

static int write_rows(struct export *export, void *source, struct batch *batch, struct file_out *out, uint64_t *count, struct error *error)
{
	bool last = false;
	if (put_header(export, source, error) || write_line(export, out, error))
		return -1;
	while (!last) {
		if (cancel_requested(export->job.cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "stopped by a signal; %s is as it was", export->file);
		batch_reset(batch);
		if (mend_source_ops.read(source, batch, error) != SOURCE_BATCH)
			return -1;
		for (uint32_t row = 0; row < batch->rows; row++) {
			if (batch->status[row] == ROW_ASIDE)
				continue;
			if (put_row(export, source, batch, row, error) || write_line(export, out, error))
				return -1;
			++*count;
		}
		last = batch->last;
	}
	return 0;
}

static int write_file(struct export *export, void *source, uint64_t *count, struct error *error)
{
	const struct plan *plan = pipeline_plan(export->pipeline);
	const struct source_context context = plan_source_context(plan, export->step, NULL, export->job.cancel);
	struct batch *batch = NULL;
	struct file_out *out = NULL;
	int result = -1;
	if (mend_source_ops.open(source, &context, error))
		return -1;
	batch = batch_new(export->step->source_schema, batch_rows_for(export->step->source_schema, 0), &plan->limits, error);
	if (batch)
		out = strcmp(export->file, "-") == 0 ? file_out_standard(export->job.cancel, error) : file_out_open(export->file, PERMISSIONS, error);
	if (out && write_rows(export, source, batch, out, count, error) == 0)
		result = file_out_publish(out, error);
	file_out_close(out);
	batch_free(batch);
	return result;
}

static void note(void *arg, const char *level, const char *text)
{
	log_note(arg, level, NULL, text);
}

static int export_all(struct export *export, struct error *error)
{
	const struct export_flags *flags = export->flags;
	const struct plan *plan = pipeline_plan(export->pipeline);
	struct mend_binding *source = calloc(1, mend_source_ops.size);
	bool *wanted = calloc(plan->step_count, sizeof *wanted);
	uint64_t count = 0;
	int result = -1;
	export->job = (struct mend_job){.plan = plan, .run = export->run, .rule = flags->rule, .found_at = flags->source, .exporting = true,
		.cancel = interrupt_catch(), .note = note, .note_arg = &export->log, .wanted = wanted, .connection = &export->connection};
	if (!source || !wanted || find_nulls(export, error))
		error_memory(error, "an export");
	else {
		*source = (struct mend_binding){.arg = &export->job, .step = export->step, .run_id = plan->run_id};
		result = write_file(export, source, &count, error);
		mend_source_ops.close(source);
	}
	free(source);
	free(wanted);
	if (result == 0 && !flags->quiet) {
		fflush(stdout);
		fprintf(stderr, "penstock: %" PRIu64 " reject%s of step %s (table %s) %s in %s\n", count, plural(count, "", "s"), export->of_step,
			export->of_table, plural(count, "is", "are"), strcmp(export->file, "-") == 0 ? "the output" : export->file);
	}
	return result;
}

static int nothing(struct export *export, struct error *error)
{
	if (export->flags->quiet)
		return 0;
	fprintf(stderr, "penstock: run %s has no reject%s that is to be mended; %s was not written", export->run,
		export->flags->rule || export->flags->table || export->flags->step ? " of that kind" : "", export->file);
	if (export->resolved)
		fprintf(stderr, "; %" PRIu64 " %s resolved", export->resolved, plural(export->resolved, "is", "are"));
	if (export->unpublished)
		fprintf(stderr, "; %" PRIu64 " %s of a step that was rolled back (published = 0): mend the source and run the pipeline again",
			export->unpublished, plural(export->unpublished, "is", "are"));
	fputc('\n', stderr);
	return rejects_say_elsewhere(export->state.history, export->run, error);
}

/* Without --state and PENSTOCK_DB the pipeline says where its rejects are. */
static int open_state(struct export *export, struct error *error)
{
	const struct export_flags *flags = export->flags;
	const char *given = getenv("PENSTOCK_DB");
	char *named = NULL;
	if (!flags->state && (!given || !*given) && flags->pipeline) {
		struct pipeline *pipeline = pipeline_file_try(&export->log, flags->pipeline, &flags->set, error);
		const struct plan_connection *state = pipeline ? pipeline_plan(pipeline)->state : NULL;
		size_t size = strlen(flags->pipeline) + (state ? strlen(state->name) : 0) + 2;
		named = state ? malloc(size) : NULL;
		if (named)
			snprintf(named, size, "%s:%s", flags->pipeline, state->name);
		if (pipeline)
			pipeline_free(pipeline);
		if (!named && error_is_set(error))
			return -1;
	}
	int result = state_argument_open(&export->state, named ? named : flags->state, error);
	free(named);
	if (result)
		return -1;
	const struct connection_target *target = &export->state.connection;
	export->connection = (struct plan_connection){.name = target->name, .type = "odbc", .connect = target->connect,
		.state_schema = target->state_schema, .lock_timeout_ms = target->lock_timeout_ms};
	return 0;
}

static int do_export(struct export *export, struct error *error)
{
	if (!export->flags->run)
		return error_set(error, ERROR_CONFIG, NULL, "of which run? --run ID, or --run latest; `penstock runs list` has them");
	if (pipeline_check_sets(&export->flags->set, error) || open_state(export, error))
		return -1;
	if (history_absent(export->state.history))
		return error_set(error, ERROR_CONFIG, NULL, "there is no run, and so no reject, in this database");
	if (choose(export, error))
		return -1;
	if (export->group_count == 0)
		return nothing(export, error);
	if (load_pipeline(export, error))
		return -1;
	return export_all(export, error);
}

static int export_main(const void *bound, const struct arguments *arguments)
{
	const struct export_flags *flags = bound;
	struct export export = {.flags = flags, .file = arguments->items[0]};
	struct error error = ERROR_INIT;
	export.error = &error;
	log_init(&export.log, LOG_TEXT, flags->quiet, false);
	buffer_init(&export.line, LINE_MAX_BYTES);
	buffer_init(&export.groups, ERROR_MESSAGE_MAX * 8);
	int code = do_export(&export, &error) == 0 ? 0 : interrupt_code((int)error.kind);
	/* What is wrong with a pipeline was told when it was loaded. */
	if (code != 0 && (export.pipeline || !export.of_pipeline[0] || !error.place[0] || error.kind != ERROR_CONFIG))
		log_error(&export.log, NULL, &error);
	for (size_t i = 0; export.nulls && i < export.step->source_schema->field_count; i++)
		free(export.nulls[i]);
	free(export.nulls);
	free(export.recorded);
	buffer_fini(&export.line);
	buffer_fini(&export.groups);
	if (export.pipeline)
		pipeline_free(export.pipeline);
	state_argument_close(&export.state);
	log_fini(&export.log);
	return code;
}

static const struct flag flags_of_export[] = {
	{.name = "run", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, run), .metavar = "ID|latest",
		.help = "of this run: its id, the unique beginning of it, or \"latest\"; required"},
	{.name = "rule", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, rule), .metavar = "RULE",
		.help = "whose first violation is of this rule"},
	{.name = "table", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, table), .metavar = "TABLE",
		.help = "that were meant for this table: a file holds the rejects of one"},
	{.name = "step", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, step), .metavar = "NAME", .help = "of this step"},
	{.name = "state", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, state), .metavar = "CONNECTION",
		.help = STATE_ARGUMENT_HELP},
	{.name = "pipeline", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, pipeline), .metavar = "FILE",
		.help = "the pipeline that rejected them (default: the file that ran, where it was then)"},
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct export_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of that pipeline a value; may be repeated"},
	{.name = "source", .kind = FLAG_TEXT, .offset = offsetof(struct export_flags, source), .metavar = "PATH",
		.help = "where the file that was loaded is now (default: where it was)"},
	{.name = "quiet", .kind = FLAG_SWITCH, .offset = offsetof(struct export_flags, quiet), .help = "print errors only"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock rejects export --run latest mended.csv",
	"penstock rejects export --run latest --rule jobs.job.required -",
	"penstock rejects export --run latest --source archive/jobs.csv mended.csv",
	NULL,
};

const struct command command_rejects_export = {
	.name = "export",
	.arguments = "FILE.csv",
	.least = 1,
	.most = 1,
	.summary = "write rejected records to a CSV file, to be mended",
	.description =
		"Writes the rejects of a run that are published and not resolved, each in the columns of its table behind reject_id, rule and message: "
		"mend the values, and give the file to \"penstock rejects replay\". Values are those of the source, character for character, from "
		"its file where that is unchanged, else from the reject store; bytes that are no UTF-8 stand as \\xHH, values of sensitive fields as ***, "
		"and what is of no field in a last column, extra. Rejects whose record is no longer to be had are named and left out. "
		"FILE appears whole or not at all; one that is there is replaced. \"-\" is standard output.",
	.flags = flags_of_export,
	.size = sizeof(struct export_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = export_main,
};
