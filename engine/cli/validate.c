/* validate.c - penstock validate.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"

struct validate_flags {
	struct flag_list set;
	bool strict;
};

/* Parses the file to see what it is, then reads it for what it is. */
static void read_file(const char *file, const struct flag_list *sets, struct diagnostics *diagnostics)
{
	struct error error = ERROR_INIT;
	struct node *root = document_parse(file, &error);
	if (!root) {
		diagnostics_take(diagnostics, &error);
		return;
	}
	bool is_dictionary = document_is_dictionary(root);
	node_free(root);
	if (is_dictionary) {
		struct dictionary *dictionary = dictionary_read(file, diagnostics);
		if (dictionary)
			dictionary_free(dictionary);
	} else {
		const struct load_options options = {.sets = sets->items, .set_count = sets->count};
		struct pipeline *pipeline = pipeline_load(file, &options, diagnostics);
		if (pipeline)
			pipeline_free(pipeline);
	}
}

static int validate_file(struct log *log, const char *file, const struct validate_flags *flags)
{
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics);
	read_file(file, &flags->set, &diagnostics);
	int code = log_diagnostics(log, &diagnostics);
	bool wrong = diagnostics.errors > 0 || (flags->strict && diagnostics.warnings > 0);
	if (!wrong) {
		code = 0;
		display_puts(stdout, file);
		if (diagnostics.warnings)
			printf(": ok, %zu warning%s\n", diagnostics.warnings, diagnostics.warnings == 1 ? "" : "s");
		else
			puts(": ok");
	}
	diagnostics_fini(&diagnostics);
	return code;
}

static int validate_main(const void *bound, const struct arguments *arguments)
{
	const struct validate_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct log log;
	if (pipeline_check_sets(&flags->set, &error))
		return complain_usage(&error, "validate");
	log_init(&log, LOG_TEXT, false, false);
	int worst = 0;
	for (size_t i = 0; i < arguments->count; i++) {
		int code = validate_file(&log, arguments->items[i], flags);
		if (code && worst != ERROR_CONFIG)
			worst = code;
	}
	log_fini(&log);
	return worst;
}

static const struct flag flags_of_validate[] = {
	{.name = "strict", .kind = FLAG_SWITCH, .offset = offsetof(struct validate_flags, strict),
		.help = "warnings count as errors"},
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct validate_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipelines a value, where it has no default; may be repeated"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock validate pipelines/migrate.yaml",
	"penstock validate --strict pipelines/*.yaml examples/*/datapackage.yaml",
	NULL,
};

const struct command command_validate = {
	.name = "validate",
	.arguments = "FILE...",
	.least = 1,
	.most = SIZE_MAX,
	.summary = "check pipeline files and dictionaries",
	.description =
		"Reads pipeline files and data dictionaries, and the dictionaries that the pipelines name, and "
		"nothing else: no source is looked at and no database is connected to. Every mistake is one line, "
		"file:line:column: message, on standard error; a file without one is a line \"FILE: ok\" on standard "
		"output.",
	.flags = flags_of_validate,
	.size = sizeof(struct validate_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2),
	.examples = examples,
	.run = validate_main,
};
