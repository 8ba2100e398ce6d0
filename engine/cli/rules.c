/* rules.c - penstock rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "rules/program.h"

enum { RULES_TEXT_MAX = 16 << 20 };

static int print_table(const struct table *table, struct error *error)
{
	struct buffer text;
	struct program *program = program_compile(table, error);
	if (!program)
		return -1;
	buffer_init(&text, RULES_TEXT_MAX);
	int result = program_print(program, &text, error);
	if (result == 0)
		display_lines(stdout, buffer_text(&text), "");
	buffer_fini(&text);
	program_free(program);
	return result;
}

static int print_rules(const struct dictionary *dictionary, const struct arguments *arguments, struct error *error)
{
	if (arguments->count > 1) {
		const struct table *table = dictionary_file_table(dictionary, arguments->items[0], arguments->items[1], error);
		return table ? print_table(table, error) : -1;
	}
	int result = 0;
	for (size_t i = 0; i < dictionary_count(dictionary) && result == 0; i++)
		result = print_table(dictionary_at(dictionary, i), error);
	return result;
}

static int rules_main(const void *bound, const struct arguments *arguments)
{
	(void)bound;
	struct error error = ERROR_INIT;
	struct log log;
	int code = 0;
	log_init(&log, LOG_TEXT, false, false);
	struct dictionary *dictionary = dictionary_file_load(&log, arguments->items[0], &code);
	if (dictionary) {
		if (print_rules(dictionary, arguments, &error))
			code = log_error(&log, NULL, &error);
		dictionary_free(dictionary);
	}
	log_fini(&log);
	return code;
}

static const char *const examples[] = {
	"penstock rules examples/hr/datapackage.yaml",
	"penstock rules examples/hr/datapackage.yaml hired_employees",
	NULL,
};

const struct command command_rules = {
	.name = "rules",
	.arguments = "DICTIONARY [TABLE]",
	.least = 1,
	.most = 2,
	.summary = "print the rules made from a dictionary",
	.description =
		"Compiles the rules of every table of a data dictionary, or of one, and prints them in the order in "
		"which they are applied, one a line: the rule's id, as rejects, summaries and logs have it, and what "
		"it demands.",
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = examples,
	.run = rules_main,
};
