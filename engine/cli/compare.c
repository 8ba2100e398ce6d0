/* compare.c - penstock compare.
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
#include "engine/compare/compare.h"
#include "engine/core/plural.h"

enum { ROWS_DEFAULT = 10, ROWS_MOST = 10000 };

struct compare_flags {
	const char *dictionary, *table;
	bool no_header, json;
	struct flag_number rows;
	struct flag_list ignore;
};

static const struct table_column columns[] = {
	{.title = "table", .most = 40}, {.title = "rows in A", .right = true}, {.title = "rows in B", .right = true},
	{.title = "result"}, {.title = "fingerprint"}, {.title = NULL},
};

static bool is(const json_t *table, const char *result)
{
	return strcmp(get_text(table, "result"), result) == 0;
}

/* --- the tables --------------------------------------------------------------------------------- */

static const char *result_text(const json_t *table)
{
	static const struct {
		const char *result, *text;
	} texts[] = {{"only_in_a", "missing in B"}, {"only_in_b", "missing in A"}, {"not_in_dictionary", "not in the dictionary"}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (is(table, texts[i].result))
			return texts[i].text;
	return get_text(table, "result");
}

static int count_cell(struct text_table *table, const json_t *entry, const char *key, struct error *error)
{
	return json_object_get(entry, key) ? table_printf(table, error, "%llu", get_number(entry, key)) : table_text(table, "-", error);
}

static int print_tables(const json_t *tables, struct error *error)
{
	struct text_table table;
	size_t index;
	json_t *entry;
	int result = 0;
	table_init(&table, stdout, columns, 0);
	json_array_foreach(tables, index, entry) {
		result = table_text(&table, get_text(entry, "name"), error) || count_cell(&table, entry, "rows_a", error) ||
			count_cell(&table, entry, "rows_b", error) || table_text(&table, result_text(entry), error) ||
			table_text(&table, is(entry, "equal") ? get_text(entry, "fingerprint_a") : "", error);
		if (result)
			break;
	}
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result ? -1 : 0;
}

/* --- one table ---------------------------------------------------------------------------------- */

static void print_names(const json_t *names)
{
	size_t index;
	json_t *name;
	json_array_foreach(names, index, name) {
		fputs(index ? ", " : "", stdout);
		display_puts(stdout, json_string_value(name));
	}
}

static void print_columns(const json_t *table)
{
	static const struct {
		const char *key, *text;
	} lists[] = {
		{"columns_only_in_a", "columns only in A"}, {"columns_only_in_b", "columns only in B"},
		{"columns_in_neither", "columns of the dictionary that neither side has"},
		{"columns_not_in_dictionary", "columns that the dictionary lacks (not compared)"},
		{"columns_different", "columns that differ"}, {"columns_ignored", "columns ignored"},
	};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const json_t *names = json_object_get(table, lists[i].key);
		if (json_array_size(names) == 0)
			continue;
		printf("  %s: ", lists[i].text);
		print_names(names);
		putchar('\n');
	}
}

static void print_value(const json_t *value)
{
	if (json_is_null(value)) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	display_puts(stdout, json_string_value(value));
	putchar('"');
}

static void print_values(json_t *object)
{
	const char *name;
	json_t *value;
	const char *comma = "";
	json_object_foreach(object, name, value) {
		fputs(comma, stdout);
		display_puts(stdout, name);
		putchar(' ');
		print_value(value);
		comma = ", ";
	}
}

static void print_row(const json_t *row)
{
	const char *difference = get_text(row, "difference");
	bool changed = strcmp(difference, "changed") == 0;
	unsigned long long times = get_number(row, "times");
	if (!changed) {
		fputs(strcmp(difference, "only_in_a") == 0 ? "  only in A: " : "  only in B: ", stdout);
		print_values(json_object_get(row, "row"));
		if (times > 1)
			printf(" (%llu times)", times);
		putchar('\n');
		return;
	}
	fputs("  differs: ", stdout);
	print_values(json_object_get(row, "key"));
	putchar('\n');
	const char *name;
	json_t *pair;
	json_object_foreach(json_object_get(row, "columns"), name, pair) {
		fputs("    ", stdout);
		display_puts(stdout, name);
		fputs(": ", stdout);
		print_value(json_object_get(pair, "a"));
		fputs(" in A, ", stdout);
		print_value(json_object_get(pair, "b"));
		fputs(" in B\n", stdout);
	}
}

static void print_unreadable(const json_t *table)
{
	size_t index;
	json_t *entry;
	unsigned long long all = get_number(table, "unreadable_a") + get_number(table, "unreadable_b");
	json_array_foreach(json_object_get(table, "unreadable"), index, entry) {
		printf("  cannot be read: record %llu in %s: ", get_number(entry, "record"),
			strcmp(get_text(entry, "side"), "a") == 0 ? "A" : "B");
		display_puts(stdout, get_text(entry, "rule"));
		fputs(": ", stdout);
		display_puts(stdout, get_text(entry, "message"));
		putchar('\n');
	}
	if (all > index)
		printf("  and %llu more that cannot be read\n", all - index);
}

static void print_rows(const json_t *table)
{
	const json_t *rows = json_object_get(table, "rows");
	if (!rows)
		return;
	const json_t *key = json_object_get(table, "key");
	printf("  rows, matched %s", json_array_size(key) ? "by " : "as a whole");
	print_names(key);
	printf(": %s%llu changed, %llu only in A, %llu only in B\n",
		json_is_true(json_object_get(table, "counted_all")) ? "" : "at least ", get_number(table, "changed"),
		get_number(table, "only_in_a"), get_number(table, "only_in_b"));
	size_t index;
	json_t *row;
	unsigned long long all = get_number(table, "changed") + get_number(table, "only_in_a") + get_number(table, "only_in_b"), shown = 0;
	json_array_foreach(rows, index, row) {
		print_row(row);
		shown += json_object_get(row, "times") ? get_number(row, "times") : 1;
	}
	if (all > shown)
		puts("  and more; --rows N shows up to N of them");
}

static void print_table(const json_t *table)
{
	putchar('\n');
	display_puts(stdout, get_text(table, "name"));
	putchar('\n');
	print_columns(table);
	print_unreadable(table);
	print_rows(table);
}

/* --- the report --------------------------------------------------------------------------------- */

static int print_report(const json_t *report, struct error *error)
{
	const json_t *tables = json_object_get(report, "tables");
	size_t index, different = 0;
	json_t *table;
	unsigned long long rows = 0;
	fputs("A  ", stdout);
	display_puts(stdout, get_text(report, "a"));
	fputs("\nB  ", stdout);
	display_puts(stdout, get_text(report, "b"));
	fputs("\n\n", stdout);
	if (print_tables(tables, error))
		return -1;
	json_array_foreach(tables, index, table) {
		rows += get_number(table, "rows_a");
		different += !is(table, "equal");
		if (is(table, "different") || json_object_get(table, "columns_ignored"))
			print_table(table);
	}
	if (different)
		printf("\ndifferent: %zu of %zu table%s\n", different, json_array_size(tables), json_array_size(tables) == 1 ? "" : "s");
	else
		printf("\nequal: %zu table%s, %llu row%s\n", json_array_size(tables), json_array_size(tables) == 1 ? "" : "s", rows, plural(rows, "", "s"));
	return 0;
}

static int compare_main(const void *bound, const struct arguments *arguments)
{
	const struct compare_flags *flags = bound;
	struct error error = ERROR_INIT;
	json_t *report = NULL;
	const struct compare_options options = {
		.dictionary = flags->dictionary,
		.table = flags->table,
		.header = !flags->no_header,
		.rows = !flags->rows.given ? ROWS_DEFAULT : flags->rows.value < ROWS_MOST ? flags->rows.value : ROWS_MOST,
		.ignore = flags->ignore.items,
		.ignore_count = flags->ignore.count,
		.cancel = interrupt_catch(),
	};
	if (compare_sides(arguments->items[0], arguments->items[1], &options, &report, &error))
		return interrupt_code(complain(&error));
	bool equal = json_is_true(json_object_get(report, "equal"));
	int result = flags->json ? row_finish(json_incref(report), 0, false, &error) : print_report(report, &error);
	json_decref(report);
	if (result)
		return complain(&error);
	return equal ? 0 : ERROR_BOOKS;
}

static const struct flag flags_of_compare[] = {
	{.name = "dictionary", .kind = FLAG_TEXT, .offset = offsetof(struct compare_flags, dictionary), .metavar = "FILE",
		.help = "read both sides under this dictionary; needed for CSV files unless the other side knows its types"},
	{.name = "table", .kind = FLAG_TEXT, .offset = offsetof(struct compare_flags, table), .metavar = "NAME",
		.help = "compare this table only; for a FILE or CONNECTION#TABLE its name in the dictionary"},
	{.name = "no-header", .kind = FLAG_SWITCH, .offset = offsetof(struct compare_flags, no_header),
		.help = "CSV files begin with a record: cells stand in the order of the fields"},
	{.name = "ignore", .kind = FLAG_LIST, .offset = offsetof(struct compare_flags, ignore), .metavar = "NAME",
		.help = "leave out this column (COLUMN or TABLE.COLUMN) or table; may be repeated"},
	{.name = "rows", .kind = FLAG_NUMBER, .offset = offsetof(struct compare_flags, rows), .metavar = "N",
		.help = "show up to N rows of a table that differ (default: 10, at most 10000); with 0 they are not looked for"},
	{.name = "json", .kind = FLAG_SWITCH, .offset = offsetof(struct compare_flags, json), .help = "print one JSON object"},
	{.name = NULL},
};

static const char *const examples[] = {
	"penstock compare env:OLD_DB env:NEW_DB",
	"penstock compare backups env:PENSTOCK_DB",
	"penstock compare jobs.avro env:PENSTOCK_DB#jobs --rows 100",
	"penstock compare jobs.csv env:PENSTOCK_DB#jobs --dictionary hr.yaml --json",
	NULL,
};

const struct command command_compare = {
	.name = "compare",
	.arguments = "A B",
	.least = 2,
	.most = 2,
	.summary = "compare tables, files and backups",
	.description =
		"Compares A with B; each is FILE.avro, FILE.csv, the folder of a backup (of several: the newest "
		"complete one), CONNECTION#TABLE, or CONNECTION for all its tables. CONNECTION is pipeline.yaml:name, "
		"env:NAME or file:PATH. Both sides are read under one schema: that of the dictionary, else that of the side "
		"which knows its types better (a backup or Avro file, then a database, SQLite last).\n"
		"Equal is: the same tables, columns and rows, in any order. Otherwise it prints which tables and columns "
		"differ, and some of the rows. The tables of penstock itself are never compared.",
	.flags = flags_of_compare,
	.size = sizeof(struct compare_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5) | EXITS(6) | EXITS(EXIT_SIGNAL),
	.examples = examples,
	.run = compare_main,
};
