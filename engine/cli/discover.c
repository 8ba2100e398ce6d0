/* discover.c - penstock discover.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/avro/discover.h"
#include "connectors/odbc/discover.h"
#include "engine/cli/command.h"
#include "engine/cli/discover_csv.h"
#include "engine/cli/interrupt.h"
#include "engine/cli/log.h"
#include "engine/cli/yaml_print.h"
#include "engine/config/load.h"

enum { DICTIONARY_MAX = 64 << 20 };

struct discover_flags {
	struct flag_list table;
	bool json;
	struct discover_csv_flags csv;
};

static int discover_database(const struct discover_flags *flags, const char *argument, struct buffer *out, struct error *error)
{
	struct connection_target connection;
	char dialect[DISCOVER_DIALECT_SIZE];
	if (connection_target_init(&connection, argument, error))
		return -1;
	const struct store_target target = {
		.name = connection.name,
		.connect = connection.connect,
		.state_schema = connection.state_schema,
		.lock_timeout_ms = connection.lock_timeout_ms,
		.read_only = true,
		.cancel = interrupt_catch(),
	};
	int result = odbc_discover(&target, flags->table.items, flags->table.count, dialect, out, error);
	connection_target_fini(&connection);
	return result;
}

static int discover(const struct discover_flags *flags, const char *kind, const char *what, struct buffer *out, struct error *error)
{
	static const char *const kinds[] = {"avro", "csv", "odbc", NULL};
	const char *alien = strcmp(kind, "csv") == 0 ? NULL : discover_csv_flag(&flags->csv);
	if (alien)
		return error_set(error, ERROR_CONFIG, NULL, "--%s is for CSV files: penstock discover csv FILE", alien);
	if (strcmp(kind, "odbc") == 0)
		return discover_database(flags, what, out, error);
	if (strcmp(kind, "avro") == 0 && flags->table.count > 0)
		return error_set(error, ERROR_CONFIG, NULL, "--table chooses tables of a database; an Avro file is one table");
	if (strcmp(kind, "avro") == 0)
		return avro_discover(what, out, error);
	const char *near = suggest(kind, kinds);
	return error_set(error, ERROR_CONFIG, NULL, "cannot discover \"%s\"%s%s%s", kind, near ? " (did you mean \"" : " (known: avro, csv, odbc)",
		near ? near : "", near ? "\"?)" : "");
}

static int print_dictionary(const char *text, bool as_json, struct error *error)
{
	if (as_json) {
		fputs(text, stdout);
		return 0;
	}
	struct buffer yaml;
	json_t *document = json_loads(text, 0, NULL);
	buffer_init(&yaml, DICTIONARY_MAX);
	int result = document ? yaml_print(document, &yaml, error) : error_memory(error, "the dictionary");
	if (result == 0)
		fwrite(buffer_text(&yaml), 1, yaml.length, stdout);
	buffer_fini(&yaml);
	json_decref(document);
	return result;
}

static int discover_main(const void *bound, const struct arguments *arguments)
{
	const struct discover_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct buffer text;
	if (strcmp(arguments->items[0], "csv") == 0) {
		if (flags->table.count > 0)
			error_set(&error, ERROR_CONFIG, NULL, "--table chooses tables of a database; --name names the table of a CSV file");
		else if (discover_csv_print(&flags->csv, arguments->items[1], flags->json, &error) == 0)
			return 0;
		return interrupt_code(complain(&error));
	}
	buffer_init(&text, DICTIONARY_MAX);
	int result = discover(flags, arguments->items[0], arguments->items[1], &text, &error);
	if (result == 0)
		result = print_dictionary(buffer_text(&text), flags->json, &error);
	buffer_fini(&text);
	return result ? interrupt_code(complain(&error)) : 0;
}

static const struct flag flags_of_discover[] = {
	{.name = "table", .kind = FLAG_LIST, .offset = offsetof(struct discover_flags, table), .metavar = "NAME",
		.help = "odbc: this table, name or schema.name; may be repeated (default: all of the connection's schema)"},
	{.name = "name", .kind = FLAG_TEXT, .offset = offsetof(struct discover_flags, csv.name), .metavar = "NAME",
		.help = "csv: the table's name (default: after the file)"},
	{.name = "header", .kind = FLAG_CHOICE, .offset = offsetof(struct discover_flags, csv.header), .metavar = "auto|yes|no", .values = discover_header_values,
		.help = "csv: whether the first line holds labels: auto, yes or no"},
	{.name = "header-rows", .kind = FLAG_NUMBER, .offset = offsetof(struct discover_flags, csv.header_rows), .metavar = "N", .minimum = 1,
		.help = "csv: the header has so many lines, 16 at most: what stands above each other is one label"},
	{.name = "skip-lines", .kind = FLAG_NUMBER, .offset = offsetof(struct discover_flags, csv.skip_lines), .metavar = "N", .minimum = 0,
		.help = "csv: pass over the first N lines, whatever stands on them (default: found out)"},
	{.name = "delimiter", .kind = FLAG_TEXT, .offset = offsetof(struct discover_flags, csv.delimiter), .metavar = "TEXT",
		.help = "csv: what stands between cells, \\t for a tab (default: found out, and so are the next two)"},
	{.name = "quote", .kind = FLAG_TEXT, .offset = offsetof(struct discover_flags, csv.quote), .metavar = "CHARACTER",
		.help = "csv: the character around cells, or none"},
	{.name = "encoding", .kind = FLAG_TEXT, .offset = offsetof(struct discover_flags, csv.encoding), .metavar = "NAME",
		.help = "csv: the file's encoding"},
	{.name = "sample", .kind = FLAG_NUMBER, .offset = offsetof(struct discover_flags, csv.sample), .metavar = "N", .minimum = 1,
		.help = "csv: look at the first N records only"},
	{.name = "constraints", .kind = FLAG_SWITCH, .offset = offsetof(struct discover_flags, csv.constraints),
		.help = "csv: make constraints of the ranges and lengths that were seen"},
	{.name = "pipeline", .kind = FLAG_SWITCH, .offset = offsetof(struct discover_flags, csv.pipeline),
		.help = "csv: print a pipeline that loads the file, instead of the dictionary"},
	{.name = "into", .kind = FLAG_TEXT, .offset = offsetof(struct discover_flags, csv.into), .metavar = "FOLDER",
		.help = "csv: write datapackage.yaml and pipeline.yaml into this folder, ready to run"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct discover_flags, json), .help = "as JSON instead of YAML"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock discover odbc env:PENSTOCK_DB > datapackage.yaml",
	"penstock discover odbc pipelines/migrate.yaml:db --table jobs --json",
	"penstock discover avro jobs.avro > datapackage.yaml",
	"penstock discover csv people.csv --into people",
	NULL,
};

const struct command command_discover = {
	.name = "discover",
	.arguments = "avro FILE | csv FILE | odbc CONNECTION",
	.least = 2,
	.most = 2,
	.summary = "write a dictionary of what is there",
	.description =
		"Prints a data dictionary, as YAML: of the tables of a database with their types, keys and foreign keys, of an "
		"Avro file, or of a CSV file, which is read as a whole: its dialect, encoding and types are found out, and comments say what was seen and "
		"what is not sure. CONNECTION is pipeline.yaml:name, env:NAME or file:PATH. The tables of penstock itself and those of the "
		"system are left out. The dictionary validates and can be used as it stands; rules that the source does not know "
		"are for a person to add.",
	.flags = flags_of_discover,
	.size = sizeof(struct discover_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = discover_main,
};
