/* complete.c - finds out where in a command line the last word stands, and offers what may stand there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connectors/registry.h"
#include "engine/core/utf8.h"

enum { ITEMS_MAX = 16, DESCRIPTION_MAX = 100, METAVAR_MAX = 80 };

/* A command line, as far as it was read. */
struct line {
	FILE *out;
	const struct command *command;
	const char *items[ITEMS_MAX]; /* the arguments before the last word; those beyond the last are not told apart */
	size_t count;
	const char *pipeline;         /* of --pipeline, or NULL */
	const char *typed;            /* the last word */
};

/* A name is put into a command line as it is: it must be one plain word there, in any shell. */
static bool plain(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && (unsigned char)*at < 0x80 && !strchr(at == name ? "_" : "_.:@%+=/,-", *at))
			return false;
	return *name;
}

void complete_offer(FILE *out, const char *typed, const char *prefix, const char *name, const char *description)
{
	if (!name || !plain(name))
		return;
	size_t length = strlen(prefix), have = strlen(typed);
	if (strncmp(typed, prefix, have < length ? have : length) != 0 || (have > length && strncmp(typed + length, name, have - length) != 0))
		return;
	fprintf(out, "%s%s", prefix, name);
	if (description && *description) {
		size_t shown = utf8_cut(description, strcspn(description, "\n"), DESCRIPTION_MAX);
		fputc('\t', out);
		for (size_t i = 0; i < shown; i++)
			fputc((unsigned char)description[i] < 0x20 || description[i] == 0x7f ? ' ' : description[i], out);
	}
	fputc('\n', out);
}

static const struct command *find_command(const struct command *const *table, const char *name)
{
	for (; table && *table; table++)
		if (strcmp((*table)->name, name) == 0)
			return *table;
	return NULL;
}

static void offer_commands(const struct line *line, const struct command *const *table)
{
	for (; table && *table; table++)
		complete_offer(line->out, line->typed, "", (*table)->name, (*table)->summary);
}

/* What is a source and a sink is offered once. */
static void offer_connectors(const struct line *line)
{
	for (const struct source_ops *const *source = connector_sources(); *source; source++)
		complete_offer(line->out, line->typed, "", (*source)->name, (*source)->summary);
	for (const struct sink_ops *const *sink = connector_sinks(); *sink; sink++)
		if (!connector_source((*sink)->name))
			complete_offer(line->out, line->typed, "", (*sink)->name, (*sink)->summary);
}

static const struct flag *find_flag(const struct command *command, const char *name, size_t length)
{
	for (const struct flag *flag = command->flags; flag && flag->name; flag++)
		if (strlen(flag->name) == length && memcmp(flag->name, name, length) == 0)
			return flag;
	return NULL;
}

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The pipeline or dictionary of the line: what --pipeline names, or the first argument that is a file. */
static const char *line_document(const struct line *line)
{
	if (line->pipeline)
		return line->pipeline;
	for (size_t i = 0; i < line->count; i++)
		if (is_file(line->items[i]))
			return line->items[i];
	return NULL;
}

static void offer_files(const struct line *line, const char *prefix)
{
	fprintf(line->out, ":files %s\n", prefix);
}

/* env:NAME, file:PATH, or PIPELINE:NAME, behind prefix. */
static void offer_connections(const struct line *line, const char *prefix)
{
	const char *value = line->typed + strlen(prefix);
	const char *colon = strchr(value, ':');
	char longer[4096];
	if (!colon) {
		fputs(":nospace\n", line->out);
		complete_offer(line->out, line->typed, prefix, "env:", "a variable of the environment");
		complete_offer(line->out, line->typed, prefix, "file:", "a file that holds the connection string");
		offer_files(line, prefix);
		return;
	}
	size_t length = (size_t)(colon - line->typed) + 1;
	if (length >= sizeof longer)
		return;
	snprintf(longer, sizeof longer, "%.*s", (int)length, line->typed);
	if (strncmp(value, "env:", 4) == 0) {
		for (char **variable = environ; variable && *variable; variable++) {
			char name[128];
			size_t size = strcspn(*variable, "=");
			if (size < sizeof name) {
				snprintf(name, sizeof name, "%.*s", (int)size, *variable);
				complete_offer(line->out, line->typed, longer, name, NULL);
			}
		}
	} else if (strncmp(value, "file:", 5) == 0) {
		offer_files(line, longer);
	} else {
		char file[4096];
		snprintf(file, sizeof file, "%.*s", (int)(colon - value), value);
		complete_names(line->out, line->typed, longer, file, COMPLETE_CONNECTIONS);
	}
}

/* NAME=VALUE of --set, behind prefix. */
static void offer_params(const struct line *line, const char *prefix)
{
	const char *value = line->typed + strlen(prefix);
	const char *equals = strchr(value, '=');
	char longer[512];
	if (!equals) {
		fputs(":nospace\n", line->out);
		complete_names(line->out, line->typed, prefix, line_document(line), COMPLETE_PARAMS);
		return;
	}
	size_t length = (size_t)(equals - line->typed) + 1;
	if (length >= sizeof longer)
		return;
	snprintf(longer, sizeof longer, "%.*s", (int)length, line->typed);
	if (!complete_values(line->out, line->typed, longer, line_document(line), value, (size_t)(equals - value)))
		offer_files(line, longer);
}

/* One word of a usage line, such as FILE, DICTIONARY, text or FILE.csv. name: the option's; NULL for an argument. */
static void offer_kind(const struct line *line, const char *prefix, const char *kind, const char *name)
{
	static const char *const files[] = {"FILE", "PATH", "PIPELINE", "DICTIONARY", "SERVE_FILE", NULL};
	static const char *const sides[] = {"A", "B", NULL};
	size_t stem = strcspn(kind, ".");
	for (size_t i = 0; files[i]; i++)
		if (strlen(files[i]) == stem && memcmp(files[i], kind, stem) == 0)
			offer_files(line, prefix);
	for (size_t i = 0; sides[i]; i++)
		if (strcmp(sides[i], kind) == 0)
			offer_connections(line, prefix);
	if (islower((unsigned char)*kind))
		complete_offer(line->out, line->typed, prefix, kind, NULL);
	else if (strcmp(kind, "FOLDER") == 0)
		fprintf(line->out, ":folders %s\n", prefix);
	else if (strcmp(kind, "CONNECTION") == 0)
		offer_connections(line, prefix);
	else if (strcmp(kind, "NAME=VALUE") == 0)
		offer_params(line, prefix);
	else if (strcmp(kind, "TABLE") == 0 || (name && strcmp(name, "table") == 0))
		complete_names(line->out, line->typed, prefix, line_document(line), COMPLETE_TABLES);
	else if (name && strcmp(name, "step") == 0)
		complete_names(line->out, line->typed, prefix, line_document(line), COMPLETE_STEPS);
	else if (strcmp(kind, "RUN") == 0)
		complete_offer(line->out, line->typed, prefix, "latest", "the newest run");
}

/* The alternatives of a metavar: "text|json". */
static void offer_alternatives(const struct line *line, const char *prefix, const char *metavar, const char *name)
{
	char kinds[METAVAR_MAX];
	snprintf(kinds, sizeof kinds, "%s", metavar);
	char *rest = kinds;
	for (char *kind = strtok_r(rest, "|", &rest); kind; kind = strtok_r(NULL, "|", &rest))
		offer_kind(line, prefix, kind, name);
}

static void offer_value(const struct line *line, const struct flag *flag, const char *prefix)
{
	if (flag->values)
		for (size_t i = 0; flag->values[i]; i++)
			complete_offer(line->out, line->typed, prefix, flag->values[i], NULL);
	else if (flag->metavar)
		offer_alternatives(line, prefix, flag->metavar, flag->name);
}

/* The word of a usage line ("DICTIONARY [TABLE]") that stands at the place of the last word: one alternative of several. */
static void offer_place(const struct line *line, char *usage)
{
	char *rest = usage, *word = NULL;
	size_t place = 0;
	for (word = strtok_r(rest, " []", &rest); word; word = strtok_r(NULL, " []", &rest), place++) {
		size_t length = strlen(word);
		bool many = length > 3 && strcmp(word + length - 3, "...") == 0;
		if (many)
			word[length - 3] = '\0';
		if (place == line->count || many) {
			offer_alternatives(line, "", word, NULL);
			return;
		}
		/* "csv FILE": only behind csv. */
		if (islower((unsigned char)*word) && (place >= ITEMS_MAX || strcmp(word, line->items[place]) != 0))
			return;
	}
}

static void offer_argument(const struct line *line)
{
	char usage[METAVAR_MAX * 2];
	if (line->command == &command_help) {
		const struct command *group = line->count == 1 ? find_command(commands, line->items[0]) : NULL;
		offer_commands(line, line->count == 0 ? commands : group ? group->subcommands : NULL);
		return;
	}
	if (line->command == &command_connectors && line->count == 0)
		offer_connectors(line);
	if (!line->command->arguments)
		return;
	snprintf(usage, sizeof usage, "%s", line->command->arguments);
	for (char *at = usage; at;) {
		char *end = strstr(at, " | ");
		if (end)
			*end = '\0';
		offer_place(line, at);
		at = end ? end + 3 : NULL;
	}
}

static void offer_flags(const struct line *line)
{
	for (const struct flag *flag = line->command->flags; flag && flag->name; flag++)
		complete_offer(line->out, line->typed, "--", flag->name, flag->help);
	complete_offer(line->out, line->typed, "--", "help", "print help");
}

/* What stands behind a command's own name. */
static void complete_command(struct line *line, const char *const *words, size_t count)
{
	const struct flag *pending = NULL;
	bool options = true;
	for (size_t i = 0; i + 1 < count; i++) {
		const char *word = words[i];
		const char *value = NULL;
		if (pending) {
			if (strcmp(pending->name, "pipeline") == 0 && strcmp(pending->metavar, "FILE") == 0)
				line->pipeline = word;
			pending = NULL;
		} else if (options && strcmp(word, "--") == 0) {
			options = false;
		} else if (options && strncmp(word, "--", 2) == 0) {
			value = strchr(word, '=');
			const struct flag *flag = find_flag(line->command, word + 2, value ? (size_t)(value - word) - 2 : strlen(word) - 2);
			if (flag && flag->kind != FLAG_SWITCH && !value)
				pending = flag;
			else if (flag && value && strcmp(flag->name, "pipeline") == 0 && strcmp(flag->metavar, "FILE") == 0)
				line->pipeline = value + 1;
		} else if (line->count < ITEMS_MAX) {
			line->items[line->count++] = word;
		}
	}
	const char *equals = strchr(line->typed, '=');
	if (pending) {
		offer_value(line, pending, "");
	} else if (options && strncmp(line->typed, "--", 2) == 0 && equals) {
		const struct flag *flag = find_flag(line->command, line->typed + 2, (size_t)(equals - line->typed) - 2);
		char prefix[128];
		if (flag && flag->kind != FLAG_SWITCH) {
			snprintf(prefix, sizeof prefix, "--%s=", flag->name);
			offer_value(line, flag, prefix);
		}
	} else if (options && line->typed[0] == '-') {
		offer_flags(line);
	} else {
		offer_argument(line);
	}
}

void complete_line(FILE *out, const char *const *words, size_t count)
{
	struct line line = {.out = out, .typed = count ? words[count - 1] : ""};
	if (count <= 1) {
		offer_commands(&line, commands);
		if (line.typed[0] == '-') {
			complete_offer(out, line.typed, "--", "help", "the list of commands");
			complete_offer(out, line.typed, "--", "version", "version, build and libraries");
		}
		return;
	}
	line.command = find_command(commands, words[0]);
	size_t begin = 1;
	if (line.command && line.command->subcommands) {
		if (count == 2) {
			offer_commands(&line, line.command->subcommands);
			if (line.typed[0] == '-')
				complete_offer(out, line.typed, "--", "help", "print help");
			return;
		}
		line.command = find_command(line.command->subcommands, words[1]);
		begin = 2;
	}
	if (line.command)
		complete_command(&line, words + begin, count - begin);
}
