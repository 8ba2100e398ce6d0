/* connectors.c - penstock connectors.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/registry.h"
#include "engine/cli/command.h"
#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/table.h"

enum { NAMES_MAX = 64 };

static const struct table_column list_columns[] = {
	{.title = "name"}, {.title = "kind"}, {.title = "what it does"}, {.title = NULL},
};

static const struct table_column option_columns[] = {
	{.title = "option"}, {.title = "type"}, {.title = "default"}, {.title = "help"}, {.title = NULL},
};

static int list_row(struct text_table *table, const char *name, const char *kind, const char *summary, struct error *error)
{
	return table_text(table, name, error) || table_text(table, kind, error) || table_text(table, summary, error) ? -1 : 0;
}

static int print_list(struct error *error)
{
	struct text_table table;
	int result = 0;
	table_init(&table, stdout, list_columns, display_columns(stdout));
	for (const struct source_ops *const *source = connector_sources(); *source && result == 0; source++)
		result = list_row(&table, (*source)->name, "source", (*source)->summary, error);
	for (const struct sink_ops *const *sink = connector_sinks(); *sink && result == 0; sink++)
		result = list_row(&table, (*sink)->name, "sink", (*sink)->summary, error);
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result;
}

/* "integer, 1 to 4096", "append | upsert", "boolean". */
static int put_type(struct buffer *out, const struct option *option, struct error *error)
{
	static const char *const names[] = {
		[OPTION_STRING] = "text", [OPTION_BOOLEAN] = "true | false", [OPTION_INTEGER] = "integer",
		[OPTION_SIZE] = "size", [OPTION_DURATION] = "duration", [OPTION_BYTE] = "one character",
		[OPTION_ENUM] = "", [OPTION_LIST] = "list", [OPTION_MAP] = "map",
		[OPTION_COMMIT] = "auto | step | {rows: N, every: TIME}",
		[OPTION_SQL] = "SQL, or a map from dialect to SQL",
	};
	if (option->flags & OPTION_CONNECTION)
		return buffer_puts(out, "name of a connection", error);
	if (buffer_puts(out, names[option->kind], error))
		return -1;
	for (size_t i = 0; option->kind == OPTION_ENUM && option->values[i]; i++)
		if (buffer_printf(out, error, "%s%s", i ? " | " : "", option->values[i]))
			return -1;
	/* A minimum of 1 of a text says only that it is not empty. */
	if (option->kind == OPTION_STRING || option->kind == OPTION_BYTE || (option->minimum == 0 && option->maximum == 0))
		return 0;
	const char *unit = option->kind == OPTION_SIZE ? " bytes" : option->kind == OPTION_DURATION ? " ms" : "";
	if (option->maximum == INT64_MAX)
		return buffer_printf(out, error, ", at least %lld%s", (long long)option->minimum, unit);
	return buffer_printf(out, error, ", %lld to %lld%s", (long long)option->minimum, (long long)option->maximum, unit);
}

static int option_row(struct text_table *table, const struct option *option, struct error *error)
{
	struct buffer type;
	buffer_init(&type, 4096);
	const char *fallback = option->flags & OPTION_REQUIRED ? "required" : option->fallback ? option->fallback : "-";
	int result = put_type(&type, option, error);
	if (result == 0 && (table_text(table, option->name, error) || table_text(table, buffer_text(&type), error) ||
			    table_text(table, fallback, error) || table_text(table, option->help, error)))
		result = -1;
	buffer_fini(&type);
	return result;
}

static int print_options(const char *name, const char *kind, const char *summary, const struct option *options,
	struct error *error)
{
	struct text_table table;
	int result = 0;
	printf("%s (%s): %s\n", name, kind, summary);
	if (!options || !options->name) {
		puts("no options");
		return 0;
	}
	table_init(&table, stdout, option_columns, 0);
	table.indent = 2;
	for (const struct option *option = options; option->name && result == 0; option++)
		result = option_row(&table, option, error);
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result;
}

static int unknown(const char *name, struct error *error)
{
	const char *names[NAMES_MAX + 1];
	size_t count = 0;
	for (const struct source_ops *const *source = connector_sources(); *source && count < NAMES_MAX; source++)
		names[count++] = (*source)->name;
	for (const struct sink_ops *const *sink = connector_sinks(); *sink && count < NAMES_MAX; sink++)
		names[count++] = (*sink)->name;
	names[count] = NULL;
	const char *near = suggest(name, names);
	return error_set(error, ERROR_CONFIG, NULL, "there is no connector \"%s\" in this build%s%s%s", name,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static int print_one(const char *name, struct error *error)
{
	const struct source_ops *source = connector_source(name);
	const struct sink_ops *sink = connector_sink(name);
	if (!source && !sink)
		return unknown(name, error);
	if (source && print_options(name, "source", source->summary, source->options, error))
		return -1;
	if (source && sink)
		putchar('\n');
	return sink ? print_options(name, "sink", sink->summary, sink->options, error) : 0;
}

static int connectors_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	struct error error = ERROR_INIT;
	int result = arguments->count ? print_one(arguments->items[0], &error) : print_list(&error);
	return result ? complain(&error) : 0;
}

static const char *const examples[] = {"penstock connectors", "penstock connectors csv", NULL};

const struct command command_connectors = {
	.name = "connectors",
	.arguments = "[NAME]",
	.most = 1,
	.summary = "list connectors and their options",
	.description =
		"Lists what can stand behind \"type:\" in a source or sink of a pipeline file; with a NAME, the "
		"options that stand beside it, from the tables that the program itself reads them by.",
	.exits = EXITS(0) | EXITS(2),
	.examples = examples,
	.run = connectors_main,
};
