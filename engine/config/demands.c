/* demands.c - what a step demands of its records: the table, its rules, keys and commits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "engine/config/making.h"
#include "engine/config/scalars.h"

enum { DESCRIPTOR_MAX = 64 << 20 }; /* bytes of a table as JSON; a dictionary is far smaller */

const struct schema *schema_of(const struct making *making)
{
	return table_schema(dictionary_at(making->planning->pipeline->dictionary, making->table));
}

/* --- the table --- */

/* The table that the sink writes to, as a name of the dictionary: "jobs" or "schema.jobs"; SIZE_MAX. */
static size_t table_of_sink(const struct making *making)
{
	const struct dictionary *dictionary = making->planning->pipeline->dictionary;
	const char *text = making->sink ? node_text(node_find(making->sink, "table")) : NULL;
	size_t index = text ? dictionary_index(dictionary, text) : SIZE_MAX;
	const char *dot = text ? strrchr(text, '.') : NULL;

	return index == SIZE_MAX && dot ? dictionary_index(dictionary, dot + 1) : index;
}

int find_table(struct making *making)
{
	const struct dictionary *dictionary = making->planning->pipeline->dictionary;
	const struct node *written = making->rules ? node_find(making->rules, "table") : NULL;

	making->table = SIZE_MAX;
	if (!dictionary) {
		if (!making->planning->dictionary_wanted)
			diagnostics_error(making->diagnostics, making->tree,
				"a step needs a dictionary for its rules; name it at the top: dictionary: PATH");
		return -1;
	}
	if (written && (written->kind != NODE_SCALAR || node_is_null(written)))
		return 0; /* binding complains */
	if (written) {
		making->table = dictionary_index(dictionary, written->text);
		if (making->table == SIZE_MAX)
			report_unknown_table(making->planning, written);
		return making->table == SIZE_MAX ? -1 : 0;
	}
	making->table = table_of_sink(making);
	if (making->table == SIZE_MAX && making->scope.table)
		making->table = dictionary_index(dictionary, making->scope.table);
	if (making->table == SIZE_MAX && making->failed)
		return -1; /* a section is missing, and the table may have stood in it */
	if (making->table == SIZE_MAX) {
		diagnostics_error(making->diagnostics, making->rules ? making->rules : making->tree,
			"rules needs \"table\": the table of the dictionary that the records belong to");
		return -1;
	}
	return 0;
}

/* --- rules --- */

static void unknown_field(struct making *making, const struct node *name, const char *where)
{
	const struct schema *schema = schema_of(making);
	struct names names = {.count = 0};
	char guess[512], shown[SHOWN_SIZE];

	for (size_t i = 0; i < schema->field_count; i++)
		names_add(&names, schema->fields[i].name);
	diagnostics_error(making->diagnostics, name, "%s: table \"%s\" has no field %s%s", where, schema->name,
		options_show(name, false, shown), options_guess(name->secret ? "" : name->text, names.list, guess, sizeof(guess)));
	making->failed = true;
}

static void read_max_rejects(struct making *making)
{
	struct reject_limit *limit = &making->step->max_rejects;
	const struct node *node = node_find(making->rules, "max_rejects");
	int64_t number;
	char shown[SHOWN_SIZE];

	*limit = (struct reject_limit){.share = true, .fraction = 1.0};
	if (!making->keys.max_rejects || scalar_share(making->keys.max_rejects, &limit->fraction))
		return;
	if (scalar_integer(making->keys.max_rejects, &number) && number >= 0) {
		*limit = (struct reject_limit){.share = false, .number = (uint64_t)number};
		return;
	}
	diagnostics_error(making->diagnostics, node, "\"max_rejects\" must be a number such as 500 or a share such as 2%%, not %s",
		options_show(node, false, shown));
	making->failed = true;
}

int bind_rules(struct making *making)
{
	struct binder binder = binder_for(making, "rules");
	const struct node *columns;
	int result = options_check_keys(&binder, making->rules, (const struct option *const[]){keys_of_rules, NULL});

	if (options_bind(&binder, making->rules, keys_of_rules, &making->keys) < 0)
		return -1;
	making->step->check_types_only = making->keys.check == CHECK_TYPES;
	making->step->abort_on_violation = making->keys.on_violation == VIOLATION_ABORT;
	making->step->labels = making->keys.columns;
	read_max_rejects(making);
	columns = node_find(making->rules, "columns");
	for (size_t i = 0; making->table != SIZE_MAX && columns && i < columns->count &&
		making->diagnostics->errors < DIAGNOSTICS_MAX; i++)
		if (schema_find(schema_of(making), columns->keys[i]->text) == SCHEMA_NO_FIELD)
			unknown_field(making, columns->keys[i], "columns");
	return result;
}

/* The table as JSON, kept for all steps that need it. NULL and error. */
static const char *describe(struct pipeline *pipeline, const struct table *table, struct error *error)
{
	struct buffer text;
	const char *kept = NULL;

	buffer_init(&text, DESCRIPTOR_MAX);
	if (table_json(table, &text, error) == 0)
		kept = stash_text(&pipeline->stash, buffer_text(&text));
	buffer_fini(&text);
	return kept;
}

int need_program(struct planning *planning, size_t index)
{
	struct pipeline *pipeline = planning->pipeline;
	const struct table *table = dictionary_at(pipeline->dictionary, index);
	struct error error = ERROR_INIT;

	if (!pipeline->programs[index])
		pipeline->programs[index] = program_compile(table, &error);
	if (pipeline->programs[index] && !pipeline->descriptors[index])
		pipeline->descriptors[index] = describe(pipeline, table, &error);
	if (pipeline->programs[index] && pipeline->descriptors[index])
		return 0;
	diagnostics_take(planning->diagnostics, &error);
	return -1;
}

int compile_rules(struct making *making)
{
	struct pipeline *pipeline = making->planning->pipeline;
	const struct table *table = dictionary_at(pipeline->dictionary, making->table);

	if (need_program(making->planning, making->table) < 0)
		return -1;
	making->step->table_json = pipeline->descriptors[making->table];
	making->step->schema = table_schema(table);
	making->step->table = making->step->schema->name;
	making->step->program = pipeline->programs[making->table];
	making->step->judge_new = program_judge;
	table_hash(table, making->step->dictionary_hash);
	return 0;
}

/* --- mode, key, commit --- */

void read_mode(struct making *making)
{
	const struct option *option = options_find(making->step->sink->options, "mode");
	const int *index = bound_sink(making->step, "mode", OPTION_ENUM);

	making->step->policy = KEYS_APPEND;
	if (index && strcmp(option->values[*index], "upsert") == 0)
		making->step->policy = KEYS_UPSERT;
	if (index && strcmp(option->values[*index], "replace") == 0)
		making->step->policy = KEYS_REPLACE;
	/* Old rows give way only where each new one is good, unless the file says how many may be bad. */
	if (making->step->policy == KEYS_REPLACE && !making->keys.max_rejects)
		making->step->max_rejects = (struct reject_limit){.share = false, .number = 0};
	if (making->step->allow_empty && making->step->policy != KEYS_REPLACE)
		diagnostics_warning(making->diagnostics, node_find(making->sink, "allow_empty"),
			"\"allow_empty\" means something only with mode: replace");
}

static const struct node *item_of(const struct node *list, size_t index)
{
	return list->kind == NODE_SEQUENCE ? list->items[index] : list;
}

void read_key(struct making *making)
{
	struct plan_step *step = making->step;
	const struct option_list *list = bound_sink(step, "key", OPTION_LIST);
	const struct node *written = node_find(making->sink, "key");
	size_t *fields;

	if (list && written && list->count == 0) {
		diagnostics_error(making->diagnostics, written, "\"key\" names no field; leave it out for the primary key of the dictionary");
		making->failed = true;
		return;
	}
	if (list && list->count > 0 && step->policy != KEYS_UPSERT) {
		diagnostics_warning(making->diagnostics, written, "\"key\" means something only with mode: upsert");
		return;
	}
	if (step->policy != KEYS_UPSERT)
		return;
	if (!list || list->count == 0) {
		step->upsert_key = step->schema->primary;
		if (step->schema->primary.count == 0) {
			diagnostics_error(making->diagnostics, node_find(making->sink, "mode"),
				"mode \"upsert\" needs a key: table \"%s\" has no primaryKey in the dictionary, so write key: [...]",
				step->schema->name);
			making->failed = true;
		}
		return;
	}
	fields = stash_array(&making->planning->pipeline->stash, list->count, sizeof(*fields));
	if (!fields) {
		making->failed = true;
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		fields[i] = schema_find(step->schema, list->items[i]);
		if (fields[i] == SCHEMA_NO_FIELD)
			unknown_field(making, item_of(written, i), "key");
		for (size_t j = 0; j < i; j++) {
			if (fields[i] == SCHEMA_NO_FIELD || fields[j] != fields[i])
				continue;
			diagnostics_error(making->diagnostics, item_of(written, i), "field \"%s\" stands twice in the key",
				list->items[i]);
			making->failed = true;
		}
	}
	step->upsert_key = (struct key){fields, list->count};
}

static bool refers_to_itself(const struct schema *schema)
{
	for (size_t i = 0; i < schema->foreign_count; i++)
		if (strcmp(schema->foreign[i].resource, schema->name) == 0)
			return true;
	return false;
}

/* A limit on rejects is decided before anything is published, a child whose parent comes later needs the whole load, rows that are
 * replaced change all at once, and a file appears complete: all these commit once. */
void read_commit(struct making *making)
{
	struct plan_step *step = making->step;
	const struct option_commit *commit = bound_sink(step, "commit", OPTION_COMMIT);
	bool limited = !step->max_rejects.share || step->max_rejects.fraction < 1.0;
	bool itself = refers_to_itself(step->schema);

	if (commit)
		step->commit = *commit;
	if (itself && step->commit.kind == COMMIT_PIECES) {
		diagnostics_error(making->diagnostics, node_find(making->sink, "commit"),
			"table \"%s\" refers to itself, so its step commits once: leave commit out or write step", step->schema->name);
		making->failed = true;
	}
	if (step->policy == KEYS_REPLACE && step->commit.kind == COMMIT_PIECES) {
		diagnostics_error(making->diagnostics, node_find(making->sink, "commit"),
			"mode \"replace\" is one transaction: leave commit out or write step");
		making->failed = true;
	}
	if (step->commit.kind == COMMIT_AUTO && (limited || itself || step->policy == KEYS_REPLACE || !step->connection))
		step->commit.kind = COMMIT_STEP;
}
