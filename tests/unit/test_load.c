/* test_load.c - pipeline files become the plan that they say; wrong ones are refused with the messages that stand beside them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/golden/config: NAME.yaml, and NAME.txt with what must be said of it, written by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/config/load.h"
#include "engine/config/options.h"
#include "engine/config/params.h"
#include "engine/core/limits.h"

static struct pipeline *load_with(const char *file, const char *const *sets, struct diagnostics *diagnostics)
{
	struct load_options options = {.sets = sets};

	while (sets && sets[options.set_count])
		options.set_count++;
	diagnostics_init(diagnostics);
	return pipeline_load(file, &options, diagnostics);
}

static struct pipeline *load_good(const char *file, const char *const *sets)
{
	struct diagnostics diagnostics;
	struct pipeline *pipeline = load_with(file, sets, &diagnostics);

	if (!pipeline || diagnostics.count > 0)
		fail_msg("%s", diagnostics.count > 0 ? diagnostics.items[0].text : "no memory");
	diagnostics_fini(&diagnostics);
	return pipeline;
}

static const void *option_of(const struct option *table, const void *bound, const char *name)
{
	const struct option *option = options_find(table, name);

	assert_non_null(option);
	return (const char *)bound + option->offset;
}

/* Of a text, or the first of a list. */
static const char *source_text(const struct plan_step *step, const char *name)
{
	const void *bound = option_of(step->source->options, step->source_options, name);

	for (const struct option *option = step->source->options; option->name; option++)
		if (strcmp(option->name, name) == 0 && option->kind == OPTION_LIST)
			return ((const struct option_list *)bound)->items[0];
	return *(const char *const *)bound;
}

/* --- what is right --- */

static void test_steps(void **state)
{
	struct pipeline *pipeline = load_good("good_steps.yaml", (const char *const[]){"data=a=b", "kind=large", NULL});
	const struct plan *plan = pipeline_plan(pipeline);
	const struct plan_step *step = plan->steps;

	(void)state;
	assert_string_equal(plan->name, "shop");
	assert_string_equal(plan->description, "Orders and customers.");
	assert_string_equal(plan->file, "good_steps.yaml");
	assert_int_equal(strlen(plan->run_id), 36);
	assert_int_equal(plan->limits.field, 65536);
	assert_int_equal(plan->limits.columns, 100);
	assert_int_equal(plan->limits.keys, 24 * 1024 * 1024);
	assert_int_equal(plan->connection_count, 2);
	assert_string_equal(plan->connections[0].connect, "Driver=SQLite3;Database=2021.db");
	assert_string_equal(plan->connections[0].type, "odbc");
	assert_string_equal(plan->connections[0].state_schema, "etl");
	assert_int_equal(plan->connections[0].lock_timeout_ms, 5000);
	assert_null(plan->connections[1].state_schema);
	assert_int_equal(plan->connections[1].lock_timeout_ms, 30000);
	assert_ptr_equal(plan->state, &plan->connections[1]);
	assert_non_null(plan->store);
	assert_int_equal(plan->step_count, 3);
	assert_int_equal(plan->tables.count, 3);
	assert_string_equal(plan->tables.keys[1], "orders");
	assert_string_equal(plan->tables.values[1], "crm.orders");

	assert_string_equal(step->name, "customers");
	assert_string_equal(step->table, "customers");
	assert_string_equal(step->target, "crm.customers");
	assert_string_equal(step->source->name, "csv");
	assert_string_equal(step->sink->name, "odbc");
	assert_string_equal(source_text(step, "path"), "a=b/large.csv");
	assert_string_equal(source_text(step, "delimiter"), "\t");
	assert_false(*(const bool *)option_of(step->source->options, step->source_options, "header"));
	assert_true(*(const bool *)option_of(step->sink->options, step->sink_options, "create"));
	assert_string_equal(*(const char *const *)option_of(step->sink->options, step->sink_options, "connection"),
		"Driver=SQLite3;Database=2021.db");
	assert_ptr_equal(step->connection, &plan->connections[0]);
	assert_false(step->once);
	assert_int_equal(step->policy, KEYS_UPSERT);
	assert_int_equal(step->upsert_key.count, 1);
	assert_int_equal(step->upsert_key.fields[0], 0);
	assert_true(step->check_types_only);
	assert_true(step->abort_on_violation);
	assert_false(step->max_rejects.share);
	assert_int_equal(step->max_rejects.number, 500);
	assert_int_equal(step->commit.kind, COMMIT_STEP); /* a limit is decided before anything is published */
	assert_int_equal(step->labels.count, 1);
	assert_string_equal(step->labels.values[0], "Full Name");
	assert_string_equal(step->schema->name, "customers");
	assert_non_null(step->program);
	assert_non_null(step->judge_new);
	assert_int_equal(strlen(step->step_hash), 64);
	assert_int_equal(strlen(step->dictionary_hash), 64);

	step = &plan->steps[1];
	assert_string_equal(step->table, "orders"); /* from the table of the sink */
	assert_true(step->max_rejects.share);
	assert_true(step->max_rejects.fraction == 0.02);
	assert_int_equal(step->commit.kind, COMMIT_PIECES); /* said so */
	assert_int_equal(step->commit.rows, 1000);
	assert_int_equal(step->commit.every_ms, 2000);
	assert_int_equal(step->upsert_key.count, 1);
	assert_int_equal(step->upsert_key.fields[0], 1);
	assert_true(step->once);

	step = &plan->steps[2];
	assert_string_equal(step->name, "notes"); /* the table's */
	assert_string_equal(step->target, "notes");
	assert_int_equal(step->policy, KEYS_APPEND);
	assert_int_equal(step->commit.kind, COMMIT_AUTO);
	assert_true(step->max_rejects.share);
	assert_true(step->max_rejects.fraction == 1.0);
	assert_false(step->check_types_only);
	pipeline_free(pipeline);
}

static void test_single(void **state)
{
	struct pipeline *pipeline = load_good("good_single.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);
	const struct limits limits = LIMITS_DEFAULT;

	(void)state;
	assert_string_equal(plan->name, "good_single");
	assert_null(plan->description);
	assert_int_equal(plan->step_count, 1);
	assert_string_equal(plan->steps[0].name, "notes");
	assert_int_equal(plan->steps[0].commit.kind, COMMIT_STEP);
	assert_ptr_equal(plan->state, plan->steps[0].connection);
	/* The defaults stand in two places. */
	assert_memory_equal(&plan->limits, &limits, sizeof(limits));
	assert_int_equal(dictionary_count(pipeline_dictionary(pipeline)), 4);
	pipeline_free(pipeline);
}

static void test_for_each(void **state)
{
	struct pipeline *pipeline = load_good("good_for_each.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);
	size_t orders = SIZE_MAX, customers = SIZE_MAX;

	(void)state;
	assert_int_equal(plan->step_count, 4);
	for (size_t i = 0; i < plan->step_count; i++) {
		char path[64];

		assert_string_equal(plan->steps[i].name, plan->steps[i].table);
		assert_string_equal(plan->steps[i].target, plan->steps[i].table);
		snprintf(path, sizeof(path), "in/%s.csv", plan->steps[i].table);
		assert_string_equal(source_text(&plan->steps[i], "path"), path);
		if (strcmp(plan->steps[i].table, "orders") == 0)
			orders = i;
		if (strcmp(plan->steps[i].table, "customers") == 0)
			customers = i;
		assert_int_equal(plan->steps[i].commit.kind, COMMIT_AUTO);
	}
	assert_true(customers < orders);
	pipeline_free(pipeline);
}

static void test_for_each_list(void **state)
{
	struct pipeline *pipeline = load_good("good_for_each_list.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);

	(void)state;
	assert_int_equal(plan->step_count, 2);
	assert_string_equal(plan->steps[0].name, "load");
	assert_string_equal(plan->steps[1].name, "load");
	assert_string_equal(plan->steps[0].table, "customers");
	assert_string_equal(plan->steps[0].target, "archive.customers");
	assert_string_equal(plan->steps[1].target, "archive.orders");
	pipeline_free(pipeline);

	pipeline = load_good("good_for_each_list.yaml", (const char *const[]){"table=notes", NULL});
	assert_string_equal(pipeline_plan(pipeline)->steps[1].table, "notes");
	pipeline_free(pipeline);
}

static void assert_tables(const struct plan_step *step, const char *const *tables)
{
	size_t count = 0;

	for (; tables[2 * count]; count++) {
		bool found = false;

		for (size_t i = 0; i < step->each_tables.count && !found; i++)
			found = strcmp(step->each_tables.keys[i], tables[2 * count]) == 0 &&
				strcmp(step->each_tables.values[i], tables[2 * count + 1]) == 0;
		if (!found)
			fail_msg("%s is not among the tables of %s", tables[2 * count], step->name);
	}
	assert_int_equal(step->each_tables.count, count);
}

static void test_replace(void **state)
{
	struct pipeline *pipeline = load_good("good_replace.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);

	(void)state;
	assert_int_equal(plan->step_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(plan->steps[i].policy, KEYS_REPLACE);
		assert_int_equal(plan->steps[i].commit.kind, COMMIT_STEP);
		assert_false(plan->steps[i].max_rejects.share);
		assert_int_equal(plan->steps[i].max_rejects.number, 0);
		assert_false(plan->steps[i].allow_empty);
		assert_null(plan->steps[i].source_connection);
		assert_null(plan->steps[i].rejects_path);
		assert_int_equal(plan->steps[i].each, 1);
		assert_true(plan->steps[i].every_table);
		assert_tables(&plan->steps[i], (const char *const[]){"orders", "orders", "customers", "customers", "staff", "staff",
			"notes", "notes", NULL});
	}
	pipeline_free(pipeline);

	pipeline = load_good("good_replace.yaml", (const char *const[]){"table=customers", NULL});
	plan = pipeline_plan(pipeline);
	assert_int_equal(plan->step_count, 1);
	assert_string_equal(plan->steps[0].target, "archive.customers");
	assert_int_equal(plan->steps[0].each, 1);
	assert_false(plan->steps[0].every_table);
	assert_tables(&plan->steps[0], (const char *const[]){"customers", "customers", NULL});
	pipeline_free(pipeline);
}

static void test_replace_one(void **state)
{
	struct pipeline *pipeline = load_good("good_replace_one.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);

	(void)state;
	assert_int_equal(plan->step_count, 4);
	assert_int_equal(plan->steps[0].policy, KEYS_REPLACE);
	assert_int_equal(plan->steps[0].each, 0);
	assert_int_equal(plan->steps[0].each_tables.count, 0);
	assert_true(plan->steps[0].max_rejects.share);
	assert_true(plan->steps[0].max_rejects.fraction > 0.0199 && plan->steps[0].max_rejects.fraction < 0.0201);
	assert_int_equal(plan->steps[1].each, 1);
	assert_tables(&plan->steps[1], (const char *const[]){"orders", "orders", NULL});
	for (size_t i = 2; i < 4; i++) {
		assert_int_equal(plan->steps[i].policy, KEYS_APPEND);
		assert_int_equal(plan->steps[i].each, 2);
		assert_false(plan->steps[i].every_table);
		assert_tables(&plan->steps[i], (const char *const[]){"customers", "customers", "staff", "staff", NULL});
	}
	pipeline_free(pipeline);
}

/* Sinks that are files, and a source that is a database. */
static void test_files(void **state)
{
	struct pipeline *pipeline = load_good("good_files.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);
	char path[256];

	(void)state;
	assert_int_equal(plan->step_count, 5);
	assert_non_null(plan->state);
	for (size_t i = 0; i < 4; i++) {
		const struct plan_step *step = &plan->steps[i];

		assert_null(step->connection);
		assert_ptr_equal(step->source_connection, plan->state);
		assert_int_equal(step->commit.kind, COMMIT_STEP);
		assert_true(step->check_types_only);
		assert_true(step->every_table);
		snprintf(path, sizeof(path), "backups/%s/%s.avro.rejects.jsonl", plan->run_id, step->table);
		assert_string_equal(step->rejects_path, path);
		assert_tables(step, (const char *const[]){"orders", "old.orders", "customers", "old.customers", "staff", "old.staff", "notes",
			"old.notes", NULL});
	}
	assert_string_equal(plan->steps[4].rejects_path, "wrong/notes.jsonl");
	assert_null(plan->steps[4].source_connection);
	pipeline_free(pipeline);
}

static void test_sql(void **state)
{
	struct pipeline *pipeline = load_good("good_sql.yaml", NULL);
	const struct plan *plan = pipeline_plan(pipeline);

	(void)state;
	assert_int_equal(plan->step_count, 3);
	for (size_t i = 0; i < 2; i++) {
		const struct plan_step *step = &plan->steps[i];
		const struct option_sql *query = option_of(step->source->options, step->source_options, "query");

		assert_ptr_equal(step->source_connection, &plan->connections[0]);
		assert_int_equal(query->count, 2);
		assert_string_equal(query->statements[0].text, "select id, name -- ${nothing} here\nfrom customers where id > ? and name <> ?");
		assert_int_equal(query->statements[0].parameter_count, 2);
		assert_string_equal(query->statements[0].parameters[0].value, "7");
		assert_string_equal(query->statements[0].parameters[1].value, "O'Neill");
		assert_int_equal(query->statements[1].parameters[1].type, VALUE_DATETIME);
	}
	assert_string_equal(plan->steps[0].rejects_path, "wrong/customers.jsonl");
	assert_string_equal(plan->steps[1].rejects_path, "wrong/staff.jsonl");
	assert_string_equal(plan->steps[2].rejects_path, "wrong/of_notes.jsonl");
	const struct option_sql *where = option_of(plan->steps[2].source->options, plan->steps[2].source_options, "where");
	assert_string_equal(where->statements[0].text, "share > ? or text = '${'");
	pipeline_free(pipeline);
}

/* Another value is another step; another run is not. */
static void test_sql_definition(void **state)
{
	char hashes[4][SHA256_HEX_SIZE];
	static const char *const sets[4][2] = {{NULL}, {NULL}, {"least=8", NULL}, {"name=x", NULL}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pipeline *pipeline = load_good("good_sql.yaml", sets[i]);

		strcpy(hashes[i], pipeline_plan(pipeline)->steps[0].step_hash);
		pipeline_free(pipeline);
	}
	assert_string_equal(hashes[0], hashes[1]);
	assert_string_not_equal(hashes[0], hashes[2]);
	assert_string_not_equal(hashes[0], hashes[3]);
	assert_string_not_equal(hashes[2], hashes[3]);
}

/* What differs from run to run is no part of the definition. */
static void test_files_definition(void **state)
{
	char hashes[2][5][SHA256_HEX_SIZE];

	(void)state;
	for (size_t run = 0; run < 2; run++) {
		struct pipeline *pipeline = load_good("good_files.yaml", NULL);

		for (size_t i = 0; i < 5; i++)
			strcpy(hashes[run][i], pipeline_plan(pipeline)->steps[i].step_hash);
		pipeline_free(pipeline);
	}
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(hashes[0][i], hashes[1][i]);
	assert_string_not_equal(hashes[0][0], hashes[0][1]);
}

static void test_json_dictionary(void **state)
{
	struct pipeline *pipeline = load_good("good_json_dictionary.yaml", NULL);

	(void)state;
	assert_string_equal(pipeline_plan(pipeline)->steps[0].schema->name, "smileys");
	pipeline_free(pipeline);
}

static void test_from_another_folder(void **state)
{
	char here[4096];
	struct pipeline *pipeline;

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir("sub"), 0);
	pipeline = load_good("../good_single.yaml", NULL);
	assert_string_equal(source_text(pipeline_plan(pipeline)->steps, "path"), "-");
	pipeline_free(pipeline);
	assert_int_equal(chdir(here), 0);
}

/* --- what is wrong --- */

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(text);
	if (file) {
		size_t length = fread(text, 1, (1 << 16) - 1, file);

		text[length] = '\0';
		fclose(file);
	}
	return text;
}

/* "file:1:2: error: message", with "error:" between place and message, as the files have it. */
static char *said(const struct diagnostics *diagnostics)
{
	char *text = calloc(1, 1 << 16);

	assert_non_null(text);
	for (size_t i = 0; i < diagnostics->count; i++) {
		const char *whole = diagnostics->items[i].text, *message = strstr(whole, ": ");

		assert_non_null(message);
		sprintf(text + strlen(text), "%.*s: %s%s\n", (int)(message - whole), whole,
			diagnostics->items[i].warning ? "warning" : "error", message);
	}
	return text;
}

static void test_golden(void **state)
{
	struct dirent **entries;
	int count = scandir(".", &entries, NULL, alphasort);
	size_t seen = 0, wrong = 0;

	(void)state;
	assert_true(count > 0);
	setenv("PENSTOCK_TEST_SECRET", "hunter2", 1);
	unsetenv("PENSTOCK_TEST_NONE");
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name, *dot = strrchr(name, '.');

		if (dot && strcmp(dot, ".yaml") == 0 && strcmp(name, "dictionary.yaml") != 0) {
			struct diagnostics diagnostics;
			struct pipeline *pipeline = load_with(name, NULL, &diagnostics);
			char beside[300];
			char *expected, *got = said(&diagnostics);

			snprintf(beside, sizeof(beside), "%.*s.txt", (int)(dot - name), name);
			expected = read_all(beside);
			assert_int_equal(pipeline != NULL, diagnostics.errors == 0);
			assert_null(strstr(got, "hunter2"));
			if (strcmp(expected, got) != 0) {
				fprintf(stderr, "%s: expected\n%sgot\n%s", name, expected, got);
				wrong++;
			}
			seen++;
			free(expected);
			free(got);
			pipeline_free(pipeline);
			diagnostics_fini(&diagnostics);
		}
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(wrong, 0);
	assert_true(seen >= 30);
}

static void expect_set_refused(const char *set, const char *message)
{
	struct diagnostics diagnostics;

	assert_null(load_with("good_steps.yaml", (const char *const[]){set, NULL}, &diagnostics));
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].text, message);
	diagnostics_fini(&diagnostics);
}

static void test_set(void **state)
{
	struct pipeline *pipeline = load_good("good_steps.yaml", (const char *const[]){"data=x", "data=y", "data=", NULL});

	(void)state;
	assert_string_equal(source_text(pipeline_plan(pipeline)->steps, "path"), "/small.csv");
	pipeline_free(pipeline);
	expect_set_refused("dta=x", "--set dta=...: unknown param \"dta\" (did you mean \"data\"?)");
	expect_set_refused("data", "--set takes NAME=VALUE");
	expect_set_refused("=x", "--set takes NAME=VALUE");
	expect_set_refused("kind=lrge", "good_steps.yaml:8:3: the value of param \"kind\" is not in its enum (did you mean \"large\"?)");
	expect_set_refused("year=20211", "good_steps.yaml:7:3: the value of param \"year\" does not match its pattern [0-9]{4}");
	expect_set_refused("year=${HOME}", "good_steps.yaml:7:3: the value of param \"year\" does not match its pattern [0-9]{4}");
}

static struct pipeline *load_for_request(const char *set, struct diagnostics *diagnostics)
{
	const char *const sets[] = {set};
	const struct load_options options = {.sets = sets, .set_count = 1, .request = true};

	diagnostics_init(diagnostics);
	return pipeline_load("good_requests.yaml", &options, diagnostics);
}

/* A request may set what is declared so, and none of it leads out of the folder that the file writes in front of it. */
static void test_requests(void **state)
{
	static const char *const right[] = {"file=x.csv", "file=a/b.csv", "file=./..x/...", "file=", "first=a/b", "first=x..", "first=.-"};
	static const struct {
		const char *set, *message;
	} wrong[] = {
		{"folder=x", "good_requests.yaml:4:3: param \"folder\" may not be set by a request"},
		{"file=/../x", "good_requests.yaml:12:32: the value of param \"file\" leads out of the folder that is written in front of it; "
			"a request cannot do that"},
		{"file=x/..", NULL}, {"file=x/../../y", NULL}, {"first=/etc", NULL}, {"first=..", NULL}, {"first=../x", NULL}, {"first=a/..", NULL},
		{"database=y", "good_requests.yaml:9:30: ${params.database}: a request may not give a part of a connection"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct diagnostics diagnostics;
		struct pipeline *pipeline = load_for_request(right[i], &diagnostics);

		if (!pipeline)
			fail_msg("%s: %s", right[i], diagnostics.items[0].text);
		assert_int_equal(pipeline_params(pipeline)->count, 4);
		assert_string_equal(pipeline_params(pipeline)->items[1].name, "file");
		assert_true(pipeline_params(pipeline)->items[1].requested == (strncmp(right[i], "file=", 5) == 0));
		pipeline_free(pipeline);
		diagnostics_fini(&diagnostics);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct diagnostics diagnostics;

		if (load_for_request(wrong[i].set, &diagnostics))
			fail_msg("%s was taken", wrong[i].set);
		if (wrong[i].message)
			assert_string_equal(diagnostics.items[0].text, wrong[i].message);
		assert_non_null(strstr(diagnostics.items[0].text, " request"));
		diagnostics_fini(&diagnostics);
	}
	/* The author of the file may do both. */
	pipeline_free(load_good("good_requests.yaml", (const char *const[]){"file=/../x", "database=y", "first=/", NULL}));
}

static void test_file_missing(void **state)
{
	struct diagnostics diagnostics;

	(void)state;
	assert_null(load_with("no_such_file.yaml", NULL, &diagnostics));
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.items[0].text, "no_such_file.yaml: cannot be opened: No such file or directory");
	diagnostics_fini(&diagnostics);
}

/* --- is it still the same step? --- */

static const char *hash_of(const char *text, char hash[65])
{
	struct diagnostics diagnostics;
	char path[] = "/tmp/penstock-test-load-XXXXXX.yaml", folder[3000];
	int fd = mkstemps(path, 5);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	struct pipeline *pipeline;

	assert_non_null(file);
	assert_non_null(getcwd(folder, sizeof(folder)));
	fprintf(file, "version: 1\nname: x\ndictionary: %s/dictionary.yaml\n%s", folder, text);
	fclose(file);
	pipeline = load_with(path, NULL, &diagnostics);
	if (!pipeline)
		fail_msg("%s", diagnostics.items[0].text);
	memcpy(hash, pipeline_plan(pipeline)->steps[0].step_hash, 65);
	pipeline_free(pipeline);
	diagnostics_fini(&diagnostics);
	unlink(path);
	return hash;
}

#define DB "connections: {db: {type: odbc, connect: \"Driver=SQLite3;Database=x\"}}\n"

static void test_definition(void **state)
{
	const char *const same[] = {
		DB "source: {type: csv, path: x.csv}\nsink: {type: odbc, connection: db, table: notes}\n",
		DB "sink:\n  table: \"notes\"\n  connection: db\n  type: odbc\nsource: {path: other.csv, type: csv} # comment\n",
		DB "source: {type: csv, path: x.csv}\nrules: {table: notes, max_rejects: 2%}\nsink: {type: odbc, connection: db}\n",
		DB "source: {type: csv, path: \"${run.id}\", once: false}\nsink: {type: odbc, connection: db, table: notes, commit: step, "
			"bulk: auto}\nrejects: {type: odbc}\n",
		DB "steps:\n  - description: what\n    source: {type: csv, path: x.csv}\n    sink: {type: odbc, connection: db, table: notes}\n",
		DB "for_each: {table: [notes]}\nsource: {type: csv, path: \"${table}\"}\nsink: {type: odbc, connection: db, table: \"${table}\"}\n",
		"connections: {db: {type: odbc, connect: \"Driver=Other;Pwd=secret\"}}\n"
			"source: {type: csv, path: x.csv}\nsink: {type: odbc, connection: db, table: notes}\n",
		NULL};
	const char *const different[] = {
		DB "source: {type: csv, path: x.csv, header: false}\nsink: {type: odbc, connection: db, table: notes}\n",
		DB "source: {type: csv, path: x.csv}\nsink: {type: odbc, connection: db, table: s.notes}\n",
		DB "source: {type: csv, path: x.csv}\nrules: {columns: {text: Text}}\nsink: {type: odbc, connection: db, table: notes}\n",
		DB "source: {type: csv, path: x.csv}\nrules: {check: types}\nsink: {type: odbc, connection: db, table: notes}\n",
		DB "source: {type: csv, path: x.csv}\nsink: {type: odbc, connection: db, table: notes, mode: upsert, key: text}\n",
		DB "source: {type: csv, path: x.csv}\nsink: {type: odbc, connection: db, table: customers}\n",
		NULL};
	char first[65], hash[65];

	(void)state;
	hash_of(same[0], first);
	for (size_t i = 1; same[i]; i++)
		assert_string_equal(hash_of(same[i], hash), first);
	for (size_t i = 0; different[i]; i++)
		assert_string_not_equal(hash_of(different[i], hash), first);
}

/* What differs between two runs only because they are two runs does not change the step; a chosen param does. */
static void test_definition_and_params(void **state)
{
	const char *text = DB "params: {stamp: {default: \"${run.id}\"}, t: {default: notes}}\n"
			      "source: {type: csv, path: x.csv}\nrules: {columns: {text: \"${params.stamp}\"}}\n"
			      "sink: {type: odbc, connection: db, table: \"${params.t}\"}\n";
	char a[65], b[65];

	(void)state;
	assert_string_equal(hash_of(text, a), hash_of(text, b));
}

/* --- CONNECTION arguments --- */

static void expect_connection(const char *argument, const char *expected)
{
	struct error error = ERROR_INIT;
	char *connect;

	if (connection_resolve(argument, &connect, &error) < 0)
		fail_msg("%s: %s", error.place, error.message);
	assert_string_equal(connect, expected);
	free(connect);
}

static void expect_no_connection(const char *argument, const char *message)
{
	struct error error = ERROR_INIT;
	char *connect, text[2048];

	assert_int_equal(connection_resolve(argument, &connect, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(error_text(&error, text, sizeof(text)), message);
}

static void test_connection_arguments(void **state)
{
	char path[] = "/tmp/penstock-test-load-XXXXXX", argument[64];
	int fd = mkstemp(path);
	const char *const hint = "a connection string does not belong into an argument, where others can read it: write env:NAME, "
				 "file:PATH or pipeline.yaml:name";

	(void)state;
	setenv("PENSTOCK_TEST_DB", "Driver=X;Pwd=hunter2", 1);
	unsetenv("PENSTOCK_TEST_NONE");
	expect_connection("env:PENSTOCK_TEST_DB", "Driver=X;Pwd=hunter2");
	assert_int_equal(write(fd, "Driver=Y\n", 9), 9);
	close(fd);
	snprintf(argument, sizeof(argument), "file:%s", path);
	expect_connection(argument, "Driver=Y");
	expect_connection("good_steps.yaml:db", "Driver=SQLite3;Database=2021.db");
	expect_connection("good_steps.yaml:history", "Driver=SQLite3;Database=history.db");
	/* Another connection, or the rest of the file, may be wrong. */
	expect_connection("many_connections.yml:good", "Driver=SQLite3;Database=z.db");

	expect_no_connection("Driver=X;Pwd=hunter2", hint);
	expect_no_connection("Pwd=hunter2", hint);
	expect_no_connection("DSN=x", hint);
	expect_no_connection("db", "\"db\" is not a connection: write env:NAME, file:PATH or pipeline.yaml:name");
	expect_no_connection("good_steps.yaml:bd", "good_steps.yaml: has no connection \"bd\" (known: db, history)");
	expect_no_connection("good_steps.yaml:histry", "good_steps.yaml: has no connection \"histry\" (did you mean \"history\"?)");
	expect_no_connection("dictionary.yaml:db", "dictionary.yaml: has no connection \"db\"");
	expect_no_connection("env:PENSTOCK_TEST_NONE",
		"environment variable \"PENSTOCK_TEST_NONE\" is not set (asked for by env:PENSTOCK_TEST_NONE)");
	expect_no_connection("env:", "environment variable \"\" is not set (asked for by env:)");
	expect_no_connection("file:/no/such", "/no/such: cannot be opened: No such file or directory");
	expect_no_connection("wrong_params.yml:db", "wrong_params.yml:1:9: params is a map such as { data: { default: ... } }");
	expect_no_connection("none.yaml:db", "none.yaml: cannot be opened: No such file or directory");
	expect_no_connection("many_connections.yml:bad", "many_connections.yml:4:31: environment variable PENSTOCK_TEST_NONE is not "
		"set; set it, or write ${PENSTOCK_TEST_NONE:-default}");
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(setenv("PENSTOCK_TEST_EMPTY", "", 1), 0);
	expect_no_connection("env:PENSTOCK_TEST_EMPTY",
		"environment variable \"PENSTOCK_TEST_EMPTY\" is not set (asked for by env:PENSTOCK_TEST_EMPTY)");
	unlink(path);
}

static void test_connection_target(void **state)
{
	struct connection_target target;
	struct error error = ERROR_INIT;

	(void)state;
	assert_int_equal(connection_target_init(&target, "good_steps.yaml:db", &error), 0);
	assert_string_equal(target.name, "db");
	assert_string_equal(target.state_schema, "etl");
	assert_int_equal(target.lock_timeout_ms, 5000);
	connection_target_fini(&target);
	connection_target_fini(&target);
}

/* --- dictionaries --- */

static void test_dictionary(void **state)
{
	struct diagnostics diagnostics;
	struct dictionary *dictionary;
	struct error error = ERROR_INIT;
	struct node *root;

	(void)state;
	diagnostics_init(&diagnostics);
	dictionary = dictionary_read("sub/package.json", &diagnostics);
	assert_non_null(dictionary);
	assert_int_equal(dictionary_count(dictionary), 1);
	dictionary_free(dictionary);
	assert_null(dictionary_read("sub/broken.yaml", &diagnostics));
	assert_int_equal(diagnostics.errors, 1);
	diagnostics_fini(&diagnostics);

	root = document_parse("dictionary.yaml", &error);
	assert_true(document_is_dictionary(root));
	node_free(root);
	root = document_parse("good_steps.yaml", &error);
	assert_false(document_is_dictionary(root));
	node_free(root);
}

static int enter(void **state)
{
	char folder[4096];
	const char *top = getenv("TOP");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/tests/golden/config", top && *top ? top : ".");
	return chdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_for_each),
		cmocka_unit_test(test_for_each_list),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_replace_one),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_definition),
		cmocka_unit_test(test_sql),
		cmocka_unit_test(test_sql_definition),
		cmocka_unit_test(test_json_dictionary),
		cmocka_unit_test(test_from_another_folder),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_file_missing),
		cmocka_unit_test(test_definition),
		cmocka_unit_test(test_definition_and_params),
		cmocka_unit_test(test_connection_arguments),
		cmocka_unit_test(test_connection_target),
		cmocka_unit_test(test_dictionary),
	};

	return cmocka_run_group_tests_name("load", tests, enter, NULL);
}
