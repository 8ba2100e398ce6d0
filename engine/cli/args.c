/* args.c - options and arguments of a command line, bound after the table of a command.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/args.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/core/diagnostics.h"

enum { NAMES_MAX = 64 };

static bool holds_secret(const char *word)
{
	static const char *const marks[] = {"pwd=", "password="};
	for (; *word; word++)
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
			if (strncasecmp(word, marks[i], strlen(marks[i])) == 0)
				return true;
	return false;
}

int args_refuse_secrets(int argc, char *const *argv, struct error *error)
{
	for (int i = 0; i < argc; i++)
		if (holds_secret(argv[i]))
			return error_set(error, ERROR_CONFIG, NULL,
				"an argument holds a password, which every user of this machine can read there: keep the connection string in "
				"the environment (env:NAME), in a file (file:PATH) or in a pipeline (pipeline.yaml:name)");
	return 0;
}

const struct command *command_find(const struct command *const *table, const char *what, const char *name,
	struct error *error)
{
	const char *names[NAMES_MAX + 1];
	size_t count = 0;
	for (; *table; table++) {
		if (strcmp((*table)->name, name) == 0)
			return *table;
		if (count < NAMES_MAX)
			names[count++] = (*table)->name;
	}
	names[count] = NULL;
	const char *near = suggest(name, names);
	error_set(error, ERROR_CONFIG, NULL, "unknown %s \"%s\"%s%s%s", what, name, near ? " (did you mean \"" : "",
		near ? near : "", near ? "\"?)" : "");
	return NULL;
}

static const struct flag *flag_find(const struct command *command, const char *name, size_t length, struct error *error)
{
	const char *names[NAMES_MAX + 2];
	size_t count = 0;
	for (const struct flag *flag = command->flags; flag && flag->name; flag++) {
		if (strlen(flag->name) == length && memcmp(flag->name, name, length) == 0)
			return flag;
		if (count < NAMES_MAX)
			names[count++] = flag->name;
	}
	names[count++] = "help";
	names[count] = NULL;
	char *word = strndup(name, length);
	const char *near = word ? suggest(word, names) : NULL;
	error_set(error, ERROR_CONFIG, NULL, "unknown option --%.*s%s%s%s", (int)(length < 200 ? length : 200), name,
		near ? " (did you mean --" : "", near ? near : "", near ? "?)" : "");
	free(word);
	return NULL;
}

static int read_number(const struct flag *flag, const char *value, uint64_t *out, struct error *error)
{
	uint64_t number = 0;
	bool good = *value != '\0';
	for (const char *digit = value; good && *digit; digit++) {
		good = *digit >= '0' && *digit <= '9' && number <= (UINT64_MAX - 9) / 10;
		number = good ? number * 10 + (uint64_t)(*digit - '0') : number;
	}
	if (!good || number < flag->minimum)
		return error_set(error, ERROR_CONFIG, NULL, "option --%s needs a whole number of at least %llu, not \"%s\"",
			flag->name, (unsigned long long)flag->minimum, value);
	*out = number;
	return 0;
}

static int read_choice(const struct flag *flag, const char *value, int *out, struct error *error)
{
	for (int i = 0; flag->values[i]; i++)
		if (strcmp(flag->values[i], value) == 0) {
			*out = i;
			return 0;
		}
	const char *near = suggest(value, flag->values);
	return error_set(error, ERROR_CONFIG, NULL, "option --%s takes %s, not \"%s\"%s%s%s", flag->name, flag->metavar, value,
		near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static int bind(const struct flag *flag, const char *value, struct parsed *parsed, size_t words, struct error *error)
{
	char *at = (char *)parsed->flags + flag->offset;
	switch (flag->kind) {
	case FLAG_SWITCH:
		*(bool *)(void *)at = true;
		return 0;
	case FLAG_TEXT:
		*(const char **)(void *)at = value;
		return 0;
	case FLAG_NUMBER: {
		struct flag_number *number = (void *)at;
		number->given = true;
		return read_number(flag, value, &number->value, error);
	}
	case FLAG_LIST: {
		struct flag_list *list = (void *)at;
		if (!list->items)
			list->items = calloc(words, sizeof *list->items);
		if (!list->items)
			return error_memory(error, "the command line");
		list->items[list->count++] = value;
		return 0;
	}
	case FLAG_CHOICE:
		return read_choice(flag, value, (int *)(void *)at, error);
	}
	return 0;
}

/* One word that begins with dashes; *index stays on it, or moves on to its value. */
static int read_option(const struct command *command, int argc, char *const *argv, int *index, struct parsed *parsed,
	struct error *error)
{
	const char *word = argv[*index];
	if (word[1] != '-')
		return error_set(error, ERROR_CONFIG, NULL, "unknown option %s (options begin with two dashes)", word);
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	const struct flag *flag = flag_find(command, name, equals ? (size_t)(equals - name) : strlen(name), error);
	if (!flag)
		return -1;
	const char *value = equals ? equals + 1 : NULL;
	if (flag->kind == FLAG_SWITCH && value)
		return error_set(error, ERROR_CONFIG, NULL, "option --%s takes no value", flag->name);
	if (flag->kind != FLAG_SWITCH && !value) {
		if (*index + 1 >= argc)
			return error_set(error, ERROR_CONFIG, NULL, "option --%s needs a value: --%s %s", flag->name, flag->name,
				flag->metavar);
		value = argv[++*index];
	}
	return bind(flag, value, parsed, (size_t)argc, error);
}

static bool wants_help(int argc, char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int args_parse(const struct command *command, int argc, char *const *argv, struct parsed *parsed, struct error *error)
{
	memset(parsed, 0, sizeof *parsed);
	parsed->help = wants_help(argc, argv);
	if (parsed->help)
		return 0;
	parsed->flags = calloc(1, command->size ? command->size : 1);
	parsed->items = calloc((size_t)argc + 1, sizeof *parsed->items);
	if (!parsed->flags || !parsed->items)
		return error_memory(error, "the command line");

	size_t count = 0;
	bool options = true;
	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (!options || argv[i][0] != '-' || argv[i][1] == '\0')
			parsed->items[count++] = argv[i];
		else if (read_option(command, argc, argv, &i, parsed, error))
			return -1;
	}
	parsed->arguments = (struct arguments){.items = parsed->items, .count = count};
	if (count < command->least)
		return error_set(error, ERROR_CONFIG, NULL, "%s is missing", command->arguments);
	if (count > command->most)
		return error_set(error, ERROR_CONFIG, NULL, "unexpected argument \"%s\"", parsed->items[command->most]);
	return 0;
}

void parsed_fini(struct parsed *parsed, const struct command *command)
{
	for (const struct flag *flag = command->flags; parsed->flags && flag && flag->name; flag++)
		if (flag->kind == FLAG_LIST)
			free(((struct flag_list *)(void *)((char *)parsed->flags + flag->offset))->items);
	free(parsed->flags);
	free(parsed->items);
	memset(parsed, 0, sizeof *parsed);
}
