/* command.h - what a command of the program is: its options, its help and the function behind it, in one const table.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table drives parsing, --help, the list of commands and the suggestions after a typo; a command's function gets its
 * options bound into a struct of its own and never sees argv.
 */
#ifndef PENSTOCK_CLI_COMMAND_H
#define PENSTOCK_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag_kind {
	FLAG_SWITCH = 1, /* bool */
	FLAG_TEXT,       /* const char *, NULL when not given; borrowed from argv */
	FLAG_NUMBER,     /* struct flag_number */
	FLAG_LIST,       /* struct flag_list, in the order given; may be repeated */
	FLAG_CHOICE,     /* int: index into values; the first one when not given */
};

struct flag_number {
	bool given;
	uint64_t value;
};

struct flag_list {
	const char **items;
	size_t count;
};

/* An option of a command; all are long: --name, --name VALUE, --name=VALUE. */
struct flag {
	const char *name; /* without the dashes; NULL ends a table */
	enum flag_kind kind;
	size_t offset;             /* in the command's struct */
	const char *metavar;       /* of its value, for the help; NULL for a switch */
	uint64_t minimum;          /* FLAG_NUMBER */
	const char *const *values; /* FLAG_CHOICE, NULL at the end; of FLAG_TEXT those that a shell offers, or NULL */
	const char *help;
};

/* The arguments that are no options; borrowed from argv. */
struct arguments {
	const char *const *items;
	size_t count;
};

/* Bits of command.exits: which exit codes its help lists. EXIT_SIGNAL stands for 130 and 143. */
enum { EXIT_SIGNAL = 8 };
#define EXITS(code) (1u << (code))

struct command {
	const char *name;
	const char *arguments;   /* for the usage line: "FILE"; NULL where there are none */
	size_t least, most;      /* how many of them */
	const char *summary;     /* one line without a full stop */
	const char *description; /* paragraphs for --help, to be wrapped */
	const struct flag *flags;
	size_t size;             /* of the struct that flags are bound into; 0 without flags */
	unsigned exits;
	const char *const *examples;       /* command lines; NULL at the end */
	const struct command *const *subcommands; /* NULL at the end; then run is NULL */
	/* flags: the bound struct, zero where nothing was given. Returns the exit code. */
	int (*run)(const void *flags, const struct arguments *arguments);
};

/* Every command, in the order of the help; NULL at the end. */
extern const struct command *const commands[];

extern const struct command command_run;
extern const struct command command_validate;
extern const struct command command_test;
extern const struct command command_plan;
extern const struct command command_check;
extern const struct command command_rules;
extern const struct command command_schema;
extern const struct command command_rejects;
extern const struct command command_runs;
extern const struct command command_purge;
extern const struct command command_compare;
extern const struct command command_verify;
extern const struct command command_discover;
extern const struct command command_connectors;
extern const struct command command_serve;
extern const struct command command_schedule;
extern const struct command command_keys;
extern const struct command command_completion;
extern const struct command command_version;
extern const struct command command_help;

#endif
