/* schema.c - penstock schema.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/avro/write_schema.h"
#include "connectors/odbc/ddl.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/schema_parts.h"

enum { TEXT_MAX = 64 << 20 };

struct ddl_flags {
	const char *dialect, *state_schema;
	bool state;
};

static const char *const dialects[] = {"sqlite", "postgresql", "mariadb", "sqlserver", NULL};

static int check_dialect(const char *name, struct error *error)
{
	for (size_t i = 0; dialects[i]; i++)
		if (strcmp(name, dialects[i]) == 0)
			return 0;
	const char *near = suggest(name, dialects);
	return error_set(error, ERROR_CONFIG, NULL, "unknown dialect \"%s\"%s%s%s", name, near ? " (did you mean \"" : " (sqlite, postgresql, mariadb, sqlserver)",
		near ? near : "", near ? "\"?)" : "");
}

/* Of all tables, parents before children; to be freed. */
static const struct schema **schemas_of(const struct dictionary *dictionary, struct error *error)
{
	size_t count = dictionary_count(dictionary);
	const size_t *order = dictionary_order(dictionary);
	const struct schema **schemas = calloc(count + 1, sizeof *schemas);
	if (!schemas)
		error_memory(error, "the tables of the dictionary");
	for (size_t i = 0; schemas && i < count; i++)
		schemas[i] = table_schema(dictionary_at(dictionary, order[i]));
	return schemas;
}

static int dictionary_ddl(const struct dictionary *dictionary, const char *dialect, struct buffer *out, struct error *error)
{
	const struct schema **schemas = schemas_of(dictionary, error);
	int result = schemas ? odbc_ddl(dialect, schemas, dictionary_count(dictionary), out, error) : -1;
	free(schemas);
	return result;
}

static int print_ddl(const struct ddl_flags *flags, const struct dictionary *dictionary, const char *dialect, struct error *error)
{
	struct buffer text;
	buffer_init(&text, TEXT_MAX);
	int result = dictionary ? dictionary_ddl(dictionary, dialect, &text, error) : 0;
	if (result == 0 && flags->state)
		result = (dictionary && buffer_puts(&text, "\n", error)) ||
				odbc_state_ddl(dialect, flags->state_schema, &text, error)
			? -1 : 0;
	if (result == 0)
		fwrite(buffer_text(&text), 1, text.length, stdout);
	buffer_fini(&text);
	return result;
}

static int ddl_main(const void *bound, const struct arguments *arguments)
{
	const struct ddl_flags *flags = bound;
	const char *dialect = flags->dialect ? flags->dialect : "sqlite";
	struct dictionary *dictionary = NULL;
	struct error error = ERROR_INIT;
	struct log log;
	int code = 0;
	if (arguments->count == 0 && !flags->state)
		error_set(&error, ERROR_CONFIG, NULL, "a DICTIONARY, or --state, or both are needed");
	if (error_is_set(&error) || check_dialect(dialect, &error))
		return complain_usage(&error, "schema ddl");
	log_init(&log, LOG_TEXT, false, false);
	if (arguments->count)
		dictionary = dictionary_file_load(&log, arguments->items[0], &code);
	if (code == 0 && print_ddl(flags, dictionary, dialect, &error))
		code = log_error(&log, NULL, &error);
	if (dictionary)
		dictionary_free(dictionary);
	log_fini(&log);
	return code;
}

static const char *const dialect_names[] = {"sqlite", "postgresql", "mariadb", "sqlserver", NULL};

static const struct flag flags_of_ddl[] = {
	{.name = "dialect", .kind = FLAG_TEXT, .offset = offsetof(struct ddl_flags, dialect), .metavar = "DIALECT",
		.values = dialect_names,
		.help = "sqlite (the default), postgresql, mariadb or sqlserver"},
	{.name = "state", .kind = FLAG_SWITCH, .offset = offsetof(struct ddl_flags, state),
		.help = "the penstock_* tables, too: runs, rejects, checkpoints"},
	{.name = "state-schema", .kind = FLAG_TEXT, .offset = offsetof(struct ddl_flags, state_schema), .metavar = "SCHEMA",
		.help = "where those are to be, as with \"state: { schema: SCHEMA }\" on a connection"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock schema ddl --dialect postgresql datapackage.yaml | psql hr",
	"penstock schema ddl --state | sqlite3 hr.db",
	"penstock schema ddl --dialect sqlserver datapackage.yaml >hr.sql",
	NULL,
};

static const struct command command_ddl = {
	.name = "ddl",
	.arguments = "[DICTIONARY]",
	.most = 1,
	.summary = "the tables as SQL",
	.description =
		"Prints the CREATE TABLE statements that a run with \"create: true\" would use for the tables of a "
		"data dictionary, parents before children, and with --state those of the tables that penstock keeps "
		"its own state in. The output runs as it stands in the database's own shell.",
	.flags = flags_of_ddl,
	.size = sizeof(struct ddl_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = examples,
	.run = ddl_main,
};

static int print_avro(const struct dictionary *dictionary, const struct arguments *arguments, struct error *error)
{
	const struct schema **all = NULL, *one = NULL;
	size_t count = dictionary_count(dictionary);
	struct buffer text;
	int result = -1;
	buffer_init(&text, TEXT_MAX);
	if (arguments->count > 1) {
		const struct table *table = dictionary_file_table(dictionary, arguments->items[0], arguments->items[1], error);
		one = table ? table_schema(table) : NULL;
		if (one)
			result = avro_schema_print(&one, 1, &text, error);
	} else if ((all = schemas_of(dictionary, error))) {
		result = avro_schema_print(all, count, &text, error);
	}
	if (result == 0)
		fwrite(buffer_text(&text), 1, text.length, stdout);
	buffer_fini(&text);
	free(all);
	return result;
}

int print_of_dictionary(const struct arguments *arguments,
	int (*print)(const struct dictionary *dictionary, const struct arguments *arguments, struct error *error))
{
	struct error error = ERROR_INIT;
	struct log log;
	int code = 0;
	log_init(&log, LOG_TEXT, false, false);
	struct dictionary *dictionary = dictionary_file_load(&log, arguments->items[0], &code);
	if (code == 0 && print(dictionary, arguments, &error) < 0)
		code = log_error(&log, NULL, &error);
	if (dictionary)
		dictionary_free(dictionary);
	log_fini(&log);
	return code;
}

static int avro_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	return print_of_dictionary(arguments, print_avro);
}

static const char *const avro_examples[] = {
	"penstock schema avro datapackage.yaml jobs >jobs.avsc",
	NULL,
};

static const struct command command_avro = {
	.name = "avro",
	.arguments = "DICTIONARY [TABLE]",
	.least = 1,
	.most = 2,
	.summary = "the tables as Avro schemas",
	.description =
		"Prints the Avro schema that an avro sink writes a table of a data dictionary with: one table as its "
		"record, all tables of a dictionary with several as a union of records, parents before children. "
		"Names that are no Avro names are changed and keep the original as \"penstock.name\". Where the rules "
		"of a pipeline are \"check: types\", as in a backup, every field may be null; here those may be null "
		"that are not required.",
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = avro_examples,
	.run = avro_main,
};

static const struct command *const subcommands[] = {&command_ddl, &command_avro, &command_schema_jsonschema, &command_schema_openapi, &command_schema_pipeline, &command_schema_serve, NULL};

const struct command command_schema = {
	.name = "schema",
	.summary = "print what is generated from a dictionary",
	.description = "Prints what is generated from a data dictionary, and from the program's own tables of options.",
	.subcommands = subcommands,
};
