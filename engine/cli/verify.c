/* verify.c - penstock verify.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "engine/cli/command.h"
#include "engine/cli/display.h"
#include "engine/cli/interrupt.h"
#include "engine/cli/log.h"
#include "engine/cli/rows.h"
#include "engine/cli/table.h"
#include "engine/compare/verify.h"
#include "engine/core/plural.h"

struct verify_flags {
	bool restore, json;
};

static const struct table_column columns[] = {
	{.title = "table", .most = 40}, {.title = "rows", .right = true}, {.title = "result"}, {.title = "fingerprint"}, {.title = NULL},
};

static int print_tables(const json_t *tables, struct error *error)
{
	struct text_table table;
	size_t index;
	json_t *entry;
	int result = 0;
	table_init(&table, stdout, columns, 0);
	json_array_foreach(tables, index, entry) {
		result = table_text(&table, get_text(entry, "name"), error) || table_printf(&table, error, "%llu", get_number(entry, "rows")) ||
			table_text(&table, get_text(entry, "result"), error) || table_text(&table, get_text(entry, "fingerprint"), error);
		if (result)
			break;
	}
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result ? -1 : 0;
}

static void print_problems(const json_t *report)
{
	size_t index, one;
	json_t *table, *problem, *name;
	json_array_foreach(json_object_get(report, "tables"), index, table) {
		json_array_foreach(json_object_get(table, "problems"), one, problem) {
			if (one == 0) {
				putchar('\n');
				display_puts(stdout, get_text(table, "file"));
				putchar('\n');
			}
			fputs("  ", stdout);
			display_puts(stdout, json_string_value(problem));
			putchar('\n');
		}
	}
	json_array_foreach(json_object_get(report, "files_not_listed"), index, name) {
		fputs(index ? "  " : "\nnot listed by the manifest:\n  ", stdout);
		display_puts(stdout, json_string_value(name));
		putchar('\n');
	}
}

/* Rows that a run left out are in no checksum and no fingerprint. */
static void print_lacks(const json_t *report)
{
	size_t index;
	json_t *table;
	json_array_foreach(json_object_get(report, "tables"), index, table) {
		unsigned long long rejected = get_number(table, "rejected");
		if (rejected == 0)
			continue;
		printf("NOT WHOLE: %llu %s of table ", rejected, plural(rejected, "record", "records"));
		display_puts(stdout, get_text(table, "name"));
		printf(" %s rejected when the backup was made, and %s not in it\n", plural(rejected, "was", "were"), plural(rejected, "is", "are"));
	}
}

/* When the backup was restored last, if ever. */
static void print_proof(const json_t *report)
{
	const json_t *proof = json_object_get(report, "proof");
	const char *when = get_text(proof, "proven_at");
	if (json_is_true(json_object_get(report, "restored"))) {
		fputs("proven: it was restored into a scratch database, which held the same rows\n", stdout);
	} else if (!json_is_object(proof)) {
		fputs("never proven: \"penstock verify --restore\" restores it into a scratch database and compares\n", stdout);
	} else {
		fputs(json_is_true(json_object_get(proof, "holds")) ? "last proven " :
			"the manifest was changed since the backup was proven, ", stdout);
		display_puts(stdout, when);
		fputs(" (", stdout);
		display_puts(stdout, get_text(proof, "method"));
		fputs(")\n", stdout);
	}
}

static void print_head(const json_t *report)
{
	display_puts(stdout, get_text(report, "path"));
	putchar('\n');
	if (*get_text(report, "run_id")) {
		fputs("backup of ", stdout);
		display_puts(stdout, get_text(report, "created_at"));
		fputs(", run ", stdout);
		display_puts(stdout, get_text(report, "run_id"));
		putchar('\n');
	}
	if (*get_text(report, "isolation")) {
		fputs("isolation: ", stdout);
		display_puts(stdout, get_text(report, "isolation"));
		putchar('\n');
	}
	putchar('\n');
}

static int print_report(const json_t *report, struct error *error)
{
	bool verified = json_is_true(json_object_get(report, "verified"));
	const json_t *tables = json_object_get(report, "tables");
	print_head(report);
	if (print_tables(tables, error))
		return -1;
	print_problems(report);
	putchar('\n');
	if (!*get_text(report, "run_id")) {
		puts(verified ? "there is no manifest beside it: all of it decodes, and nothing more is proven" : "it does not decode");
		return 0;
	}
	printf("%s\n", verified ? "verified: checksums, blocks, rows and fingerprints are those of the manifest" :
		"NOT verified: the backup is not what its manifest says");
	print_lacks(report);
	if (verified)
		print_proof(report);
	return 0;
}

static int verify_main(const void *bound, const struct arguments *arguments)
{
	const struct verify_flags *flags = bound;
	struct error error = ERROR_INIT;
	json_t *report = NULL;
	const struct verify_options options = {.restore = flags->restore, .cancel = interrupt_catch()};
	if (verify_backup(arguments->items[0], &options, &report, &error))
		return interrupt_code(complain(&error));
	int code = (int)get_number(report, "exit_code");
	int result = flags->json ? row_finish(json_incref(report), 0, false, &error) : print_report(report, &error);
	json_decref(report);
	return result ? complain(&error) : code;
}

static const struct flag flags_of_verify[] = {
	{.name = "restore", .kind = FLAG_SWITCH, .offset = offsetof(struct verify_flags, restore),
		.help = "restore it into a scratch SQLite database in $TMPDIR, too, and compare: then it is proven, and proof.json beside the "
			"manifest says when"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct verify_flags, json), .help = "print one JSON object"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock verify backups",
	"penstock verify backups --restore",
	"penstock verify jobs.avro --json",
	NULL,
};

const struct command command_verify = {
	.name = "verify",
	.arguments = "FOLDER|FILE.avro",
	.least = 1,
	.most = 1,
	.summary = "prove a backup",
	.description =
		"Holds a backup against its manifest: checksums, every block decoded, rows counted, fingerprints of tables and "
		"columns; files that are missing or not listed. FOLDER is a backup, or has several: then the newest complete "
		"one is meant. FILE.avro is held against the manifest beside it; without one it is only decoded.\n"
		"Exit code 4 means that something cannot be read, 6 that it can, and is not what the manifest says.",
	.flags = flags_of_verify,
	.size = sizeof(struct verify_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5) | EXITS(6) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = verify_main,
};
