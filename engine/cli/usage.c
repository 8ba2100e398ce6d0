/* usage.c - help texts, laid out for 80 columns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/usage.h"

#include <string.h>

#include "engine/core/error.h"

enum { COLUMNS = 80, OPTION_COLUMN = 24, COMMAND_COLUMN = 14 };

/* What an exit code means, by the bits of command.exits: for a command that runs steps, and for one that only looks. */
static const char *const exit_texts[2][EXIT_SIGNAL + 1] = {
	{
		[0] = "done",
		[1] = "out of memory, or output that could not be written",
		[2] = "usage, or what was named is wrong or not there",
		[4] = "source missing, unreadable or damaged",
		[5] = "the database cannot be reached, or refuses",
		[6] = "not the same",
		[EXIT_SIGNAL] = "stopped by SIGINT, SIGTERM or SIGHUP",
	},
	{
		[0] = "done; rejects within the limit are still 0",
		[1] = "out of memory or temporary space, or output that could not be written; a retry may help",
		[2] = "usage; pipeline or dictionary wrong; dictionary against table; changed source or plan; refused resume",
		[3] = "more rejects than max_rejects, or on_violation: abort",
		[4] = "source missing, unreadable, truncated or damaged",
		[5] = "database unreachable after retries, locked too long, disk full, read-only, or a refused publication",
		[6] = "the books do not balance, or a verification failed",
		[7] = "another run holds this step",
		[EXIT_SIGNAL] = "stopped by SIGINT, SIGTERM or SIGHUP, rolled back",
	},
};

static void pad(FILE *out, size_t columns)
{
	fprintf(out, "%*s", (int)columns, "");
}

void usage_wrap(FILE *out, const char *text, size_t indent, size_t first)
{
	size_t at = first;
	bool begun = false;
	while (*text) {
		if (text[0] == '\n') {
			fputs("\n\n", out);
			pad(out, indent);
			text += strspn(text, "\n");
			at = indent;
			begun = false;
			continue;
		}
		size_t word = strcspn(text, " \n");
		if (begun && at + 1 + word > COLUMNS) {
			fputc('\n', out);
			pad(out, indent);
			at = indent;
		} else if (begun) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, word, out);
		at += word;
		begun = true;
		text += word;
		while (*text == ' ')
			text++;
	}
	fputc('\n', out);
}

/* "  LEFT      text", the text on a line of its own where LEFT is too long. */
static void entry(FILE *out, const char *left, const char *text, size_t column)
{
	size_t length = strlen(left) + 2;
	fprintf(out, "  %s", left);
	if (length + 2 > column) {
		fputc('\n', out);
		length = 0;
	}
	pad(out, column - length);
	usage_wrap(out, text, column, column);
}

void usage_program(FILE *out)
{
	fputs("usage: penstock COMMAND [OPTION...] [ARGUMENT...]\n\n", out);
	usage_wrap(out,
		"Moves records from a source through the rules of a data dictionary into a database, and accounts for every one: "
		"written, rejected with its reason, or skipped with its reason.",
		0, 0);
	fputs("\ncommands:\n", out);
	for (const struct command *const *command = commands; *command; command++)
		entry(out, (*command)->name, (*command)->summary, COMMAND_COLUMN);
	fputs("\n\"penstock COMMAND --help\" says more about each.\n", out);
}

static void usage_line(FILE *out, const char *group, const struct command *command)
{
	fprintf(out, "usage: penstock %s%s%s", group ? group : "", group ? " " : "", command->name);
	if (command->subcommands) {
		size_t count = 0;
		for (const struct command *const *sub = command->subcommands; *sub; sub++, count++)
			fprintf(out, "%s%s", sub == command->subcommands ? " " : "|", (*sub)->name);
		/* A line holds no more beside many of them. */
		fputs(count > 4 ? " [ARGUMENT...]" : " [OPTION...] [ARGUMENT...]", out);
	} else {
		fprintf(out, "%s%s%s", command->flags ? " [OPTION...]" : "", command->arguments ? " " : "",
			command->arguments ? command->arguments : "");
	}
	fputs("\n\n", out);
}

static void usage_options(FILE *out, const struct command *command)
{
	fputs("\noptions:\n", out);
	for (const struct flag *flag = command->flags; flag && flag->name; flag++) {
		char left[80];
		snprintf(left, sizeof left, "--%s%s%s", flag->name, flag->metavar ? " " : "", flag->metavar ? flag->metavar : "");
		entry(out, left, flag->help, OPTION_COLUMN);
	}
	entry(out, "-h, --help", "print this help", OPTION_COLUMN);
}

void usage_command(FILE *out, const char *group, const struct command *command)
{
	usage_line(out, group, command);
	usage_wrap(out, command->description, 0, 0);
	if (command->subcommands) {
		fputs("\ncommands:\n", out);
		for (const struct command *const *sub = command->subcommands; *sub; sub++) {
			char left[80];
			const char *arguments = (*sub)->arguments;
			snprintf(left, sizeof left, "%s%s%s", (*sub)->name, arguments ? " " : "", arguments ? arguments : "");
			entry(out, left, (*sub)->summary, OPTION_COLUMN);
		}
		fprintf(out, "\n\"penstock %s COMMAND --help\" says more about each.\n", command->name);
		return;
	}
	usage_options(out, command);
	if (command->exits) {
		bool runs = command->exits & EXITS(ERROR_REJECTS);
		fputs("\nexit codes:\n", out);
		for (unsigned code = 0; code <= EXIT_SIGNAL; code++) {
			char left[16];
			if (!(command->exits & EXITS(code)))
				continue;
			if (code == EXIT_SIGNAL)
				snprintf(left, sizeof left, "130, 143, 129");
			else
				snprintf(left, sizeof left, "%u", code);
			entry(out, left, exit_texts[runs][code], COMMAND_COLUMN);
		}
	}
	if (command->examples) {
		fputs("\nexamples:\n", out);
		for (const char *const *example = command->examples; *example; example++)
			fprintf(out, "  %s\n", *example);
	}
}
