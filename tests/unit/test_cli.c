/* test_cli.c - command lines, texts on a terminal, tables, and the progress line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/cli/args.h"
#include "engine/cli/display.h"
#include "engine/cli/progress.h"
#include "engine/cli/summary.h"
#include "engine/cli/table.h"

/* ---- command lines ---- */

struct sample {
	struct flag_list set;
	const char *step;
	bool dry_run;
	struct flag_number limit;
	int format;
};

static const char *const formats[] = {"text", "json", NULL};

static const struct flag sample_flags[] = {
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct sample, set), .metavar = "K=V"},
	{.name = "step", .kind = FLAG_TEXT, .offset = offsetof(struct sample, step), .metavar = "NAME"},
	{.name = "dry-run", .kind = FLAG_SWITCH, .offset = offsetof(struct sample, dry_run)},
	{.name = "limit", .kind = FLAG_NUMBER, .offset = offsetof(struct sample, limit), .metavar = "N", .minimum = 1},
	{.name = "format", .kind = FLAG_CHOICE, .offset = offsetof(struct sample, format), .metavar = "text|json", .values = formats},
	{.name = NULL},
};

static const struct command sample_command = {
	.name = "sample", .arguments = "FILE [TABLE]", .least = 1, .most = 2, .flags = sample_flags, .size = sizeof(struct sample),
};

enum { WORDS_MAX = 16 };

/* Parses words up to NULL. */
static int parse(struct parsed *parsed, struct error *error, ...)
{
	char *words[WORDS_MAX];
	int count = 0;
	va_list list;
	va_start(list, error);
	for (char *word; (word = va_arg(list, char *)) != NULL;)
		words[count++] = word;
	va_end(list);
	return args_parse(&sample_command, count, words, parsed, error);
}

static void options_anywhere(void **state)
{
	(void)state;
	struct parsed parsed;
	struct error error = ERROR_INIT;
	assert_int_equal(parse(&parsed, &error, "--set", "a=1", "file", "--limit=20", "--dry-run", "--set=b=2", "table", "--format",
		"json", NULL), 0);
	const struct sample *sample = parsed.flags;
	assert_int_equal(sample->set.count, 2);
	assert_string_equal(sample->set.items[0], "a=1");
	assert_string_equal(sample->set.items[1], "b=2");
	assert_true(sample->dry_run);
	assert_true(sample->limit.given);
	assert_int_equal(sample->limit.value, 20);
	assert_int_equal(sample->format, 1);
	assert_null(sample->step);
	assert_int_equal(parsed.arguments.count, 2);
	assert_string_equal(parsed.arguments.items[0], "file");
	assert_string_equal(parsed.arguments.items[1], "table");
	parsed_fini(&parsed, &sample_command);
}

static void dashes_end_options(void **state)
{
	(void)state;
	struct parsed parsed;
	struct error error = ERROR_INIT;
	assert_int_equal(parse(&parsed, &error, "--", "--dry-run", "-", NULL), 0);
	assert_int_equal(parsed.arguments.count, 2);
	assert_string_equal(parsed.arguments.items[0], "--dry-run");
	assert_string_equal(parsed.arguments.items[1], "-");
	assert_false(((const struct sample *)parsed.flags)->dry_run);
	parsed_fini(&parsed, &sample_command);

	assert_int_equal(parse(&parsed, &error, "file", "--nonsense", "--help", NULL), 0);
	assert_true(parsed.help);
	parsed_fini(&parsed, &sample_command);

	/* Behind the dashes it is an argument. */
	assert_int_equal(parse(&parsed, &error, "--", "--help", NULL), 0);
	assert_false(parsed.help);
	parsed_fini(&parsed, &sample_command);
}

static void refuse(const char *wanted, const char *one, const char *two, const char *three)
{
	struct parsed parsed;
	struct error error = ERROR_INIT;
	assert_int_equal(parse(&parsed, &error, one, two, three, NULL), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_string_equal(error.message, wanted);
	parsed_fini(&parsed, &sample_command);
}

static void wrong_command_lines(void **state)
{
	(void)state;
	refuse("unknown option --dry-rnu (did you mean --dry-run?)", "--dry-rnu", NULL, NULL);
	refuse("unknown option --dry-rnu (did you mean --dry-run?)", "--dry-rnu=1", NULL, NULL);
	refuse("unknown option --dry", "--dry", NULL, NULL);
	refuse("unknown option --xyzzy", "--xyzzy", NULL, NULL);
	refuse("unknown option -n (options begin with two dashes)", "-n", NULL, NULL);
	refuse("option --dry-run takes no value", "--dry-run=yes", NULL, NULL);
	refuse("option --step needs a value: --step NAME", "file", "--step", NULL);
	refuse("option --limit needs a whole number of at least 1, not \"0\"", "--limit", "0", NULL);
	refuse("option --limit needs a whole number of at least 1, not \"-5\"", "--limit", "-5", NULL);
	refuse("option --limit needs a whole number of at least 1, not \"\"", "--limit=", NULL, NULL);
	refuse("option --limit needs a whole number of at least 1, not \"10k\"", "--limit", "10k", NULL);
	refuse("option --limit needs a whole number of at least 1, not \"99999999999999999999\"", "--limit", "99999999999999999999", NULL);
	refuse("option --format takes text|json, not \"jsn\" (did you mean \"json\"?)", "--format", "jsn", NULL);
	refuse("FILE [TABLE] is missing", "--dry-run", NULL, NULL);
	refuse("unexpected argument \"c\"", "a", "b", "c");
}

static void commands_are_found(void **state)
{
	(void)state;
	static const struct command one = {.name = "rejects"}, two = {.name = "run"};
	static const struct command *const table[] = {&one, &two, NULL};
	struct error error = ERROR_INIT;
	assert_ptr_equal(command_find(table, "command", "run", &error), &two);
	assert_null(command_find(table, "command", "rejcets", &error));
	assert_string_equal(error.message, "unknown command \"rejcets\" (did you mean \"rejects\"?)");
}

static void passwords_are_refused(void **state)
{
	(void)state;
	char secret[] = "Driver=PostgreSQL;PWD=geheim", plain[] = "Driver=SQLite3;Database=pwd.db";
	char *words[] = {plain, secret};
	struct error error = ERROR_INIT;
	assert_int_equal(args_refuse_secrets(1, words, &error), 0);
	assert_int_equal(args_refuse_secrets(2, words, &error), -1);
	assert_int_equal(error.kind, ERROR_CONFIG);
	assert_null(strstr(error.message, "geheim"));
}

/* ---- texts ---- */

static void shows(const char *text, size_t length, const char *wanted)
{
	struct buffer out;
	struct error error = ERROR_INIT;
	buffer_init(&out, 4096);
	assert_int_equal(display_escape(&out, text, length, &error), 0);
	assert_string_equal(buffer_text(&out), wanted);
	buffer_fini(&out);
}

static void nothing_steers_the_terminal(void **state)
{
	(void)state;
	shows("plain", 5, "plain");
	shows("", 0, "");
	shows("\x1b[2J\x07", 5, "\\x1B[2J\\x07");
	shows("a\nb\tc\rd", 7, "a\\nb\\tc\\rd");
	shows("nul\0in", 6, "nul\\x00in");
	shows("\xff\xc3", 2, "\\xFF\\xC3");
	shows("gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f");
	shows("\xc2\x9b" "31m", 5, "\\u{009B}31m");          /* a control sequence in one character */
	shows("\xe2\x80\xae" "abc", 6, "\\u{202E}abc");       /* right to left */
	shows("\x7f", 1, "\\x7F");
	shows("\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d", 9, "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d"); /* a joiner stays */
}

static void widths(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(display_width("abc", 3), 3);
	assert_int_equal(display_width("\xc3\xbc", 2), 1);
	assert_int_equal(display_width("\xe6\x97\xa5\xe6\x9c\xac", 6), 4);  /* two wide characters */
	assert_int_equal(display_width("e\xcc\x81", 3), 1);                 /* e and a combining accent */
	assert_int_equal(display_cut("\xe6\x97\xa5\xe6\x9c\xac", 6, 3), 3); /* the second does not fit */
	assert_int_equal(display_cut("abc", 3, 0), 0);
	assert_int_equal(display_cut("abc", 3, 9), 3);
}

static void sizes(void **state)
{
	(void)state;
	char out[16];
	assert_string_equal(display_bytes(0, out), "0 B");
	assert_string_equal(display_bytes(999, out), "999 B");
	assert_string_equal(display_bytes(1024, out), "1.0 KiB");
	assert_string_equal(display_bytes(1536, out), "1.5 KiB");
	assert_string_equal(display_bytes(150.0 * 1024 * 1024, out), "150 MiB");
	assert_string_equal(display_bytes(3.0 * 1024 * 1024 * 1024 * 1024 * 1024, out), "3.0 PiB");
}

/* ---- tables ---- */

struct memory_file {
	FILE *file;
	char *text;
	size_t length;
};

static void file_open(struct memory_file *memory)
{
	memory->file = open_memstream(&memory->text, &memory->length);
	assert_non_null(memory->file);
}

static void file_is(struct memory_file *memory, const char *wanted)
{
	fclose(memory->file);
	assert_string_equal(memory->text, wanted);
	free(memory->text);
}

static const struct table_column two_columns[] = {
	{.title = "count", .right = true}, {.title = "name", .most = 8}, {.title = "text"}, {.title = NULL},
};

static void tables_are_aligned(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	struct memory_file out;
	struct text_table table;
	struct error error = ERROR_INIT;
	file_open(&out);
	table_init(&table, out.file, two_columns, 0);
	assert_int_equal(table_printf(&table, &error, "%d", 7), 0);
	assert_int_equal(table_text(&table, "\xe6\x97\xa5\xe6\x9c\xac", &error), 0);
	assert_int_equal(table_text(&table, "a\nb", &error), 0);
	assert_int_equal(table_printf(&table, &error, "%d", 1234567), 0);
	assert_int_equal(table_text(&table, "much too long", &error), 0);
	assert_int_equal(table_text(&table, NULL, &error), 0);
	table_end(&table);
	table_fini(&table);
	file_is(&out,
		"  count  name      text\n"
		"      7  \xe6\x97\xa5\xe6\x9c\xac      a\\nb\n"
		"1234567  much ...  \n");
}

static void tables_fit_the_terminal(void **state)
{
	(void)state;
	struct memory_file out;
	struct text_table table;
	struct error error = ERROR_INIT;
	file_open(&out);
	table_init(&table, out.file, two_columns, 30);
	assert_int_equal(table_text(&table, "1", &error), 0);
	assert_int_equal(table_text(&table, "x", &error), 0);
	assert_int_equal(table_text(&table, "this message is longer than the line", &error), 0);
	table_end(&table);
	table_fini(&table);
	file_is(&out,
		"count  name  text\n"
		"    1  x     this message i...\n");
}

/* The widths are fixed by the first rows; memory does not grow with the rest. */
static void long_tables_flow(void **state)
{
	(void)state;
	struct memory_file out;
	struct text_table table;
	struct error error = ERROR_INIT;
	file_open(&out);
	table_init(&table, out.file, two_columns, 0);
	for (int row = 0; row < 2 * TABLE_ROWS_MAX; row++) {
		assert_int_equal(table_printf(&table, &error, "%d", row), 0);
		assert_int_equal(table_text(&table, "n", &error), 0);
		assert_int_equal(table_text(&table, "t", &error), 0);
		assert_true(table.rows < TABLE_ROWS_MAX);
	}
	table_end(&table);
	table_fini(&table);
	fclose(out.file);
	size_t lines = 0;
	for (const char *at = out.text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	assert_int_equal(lines, 2 * TABLE_ROWS_MAX + 1);
	assert_non_null(strstr(out.text, "\n  999  n     t\n"));
	free(out.text);
}

/* ---- progress ---- */

static void progress_lines(void **state)
{
	(void)state;
	char line[PROGRESS_LINE_MAX];
	struct progress_view view = {
		.step = "jobs", .rows = 1234567, .rejected = 1200, .bytes = 25000000, .total = 100000000, .elapsed_ms = 10000,
	};
	progress_format(&view, 120, false, line);
	assert_string_equal(line,
		"jobs [#######-----------------------]   25%  1,234,567 rows  123,456 rows/s  2.5 MB/s  1,200 rejected  ETA 00:30");
	assert_true(strlen(line) < 120);

	/* What an earlier run committed was not read now. */
	view.before = 1000000;
	progress_format(&view, 120, false, line);
	assert_non_null(strstr(line, "1,234,567 rows  23,456 rows/s"));
	view.before = 0;

	/* Colour changes nothing but the bar. */
	assert_int_equal(progress_format(&view, 120, true, line), 112 + 9);
	assert_non_null(strstr(line, "\x1b[32m#######\x1b[0m---"));

	/* No room for the bar, then for less and less. */
	progress_format(&view, 85, false, line);
	assert_string_equal(line, "jobs   25%  1,234,567 rows  123,456 rows/s  2.5 MB/s  1,200 rejected  ETA 00:30");
	progress_format(&view, 30, false, line);
	assert_string_equal(line, "jobs   25%  1,234,567 rows");
	progress_format(&view, 4, false, line);
	assert_string_equal(line, "job");
	assert_int_equal(progress_format(&view, 0, false, line), 0);

	/* The size is not known, and it has only just begun: no rate, no end. */
	view.total = 0;
	view.elapsed_ms = 100;
	progress_format(&view, 120, false, line);
	assert_string_equal(line, "jobs  1,234,567 rows  1,200 rejected");

	/* More was read than there was, and nothing steers the terminal. */
	view = (struct progress_view){.step = "a\x1b[2Jb", .rows = 1, .bytes = 20, .total = 10, .elapsed_ms = 7200000};
	progress_format(&view, 100, false, line);
	assert_non_null(strstr(line, "a\\x1B[2Jb"));
	assert_non_null(strstr(line, "100%"));
	assert_null(strstr(line, "ETA"));

	view = (struct progress_view){.step = "s", .rows = 10, .bytes = 1, .total = 3, .elapsed_ms = 3600000};
	progress_format(&view, 100, false, line);
	assert_non_null(strstr(line, "ETA 2:00:00"));
}

/* ---- the summary of a run ---- */

static void summaries(void **state)
{
	(void)state;
	struct step_report steps[] = {
		{.name = "departments", .table = "departments", .status = RUN_SUCCEEDED, .started = true, .duration_s = 0.5,
			.counts = {.read = 12, .written = 12}},
		{.name = "people", .table = "hired", .status = RUN_REJECTED, .started = true, .duration_s = 2,
			.counts = {.read = 2000, .rejected = 70, .skipped = {[SKIP_ROLLED_BACK] = 1929, [SKIP_BLANK] = 1}}},
	};
	char *ids[] = {"hired.job.required", "hired.name.required"};
	steps[1].rejects_by_rule = calloc(2, sizeof *steps[1].rejects_by_rule);
	assert_non_null(steps[1].rejects_by_rule);
	steps[1].rejects_by_rule_count = 2;
	steps[1].rejects_by_rule[0].id = ids[0];
	steps[1].rejects_by_rule[0].count = 16;
	steps[1].rejects_by_rule[1].id = ids[1];
	steps[1].rejects_by_rule[1].count = 54;
	struct run_report report = {
		.run_id = "0192-x", .status = RUN_REJECTED, .exit_code = 3, .duration_s = 2.5, .steps = steps, .step_count = 2,
		.counts = {.read = 2012, .written = 12, .rejected = 70, .skipped = {[SKIP_ROLLED_BACK] = 1929, [SKIP_BLANK] = 1}},
	};
	struct summary_options options = {.state = "m.yaml:db"};
	struct error error = ERROR_INIT;
	struct memory_file out;
	file_open(&out);
	assert_int_equal(summary_print(out.file, &report, &options, &error), 0);
	file_is(&out,
		"step         table        read  written  rejected  skipped  seconds  rows/s  status\n"
		"departments  departments    12       12         0        0     0.50      24  succeeded\n"
		"people       hired        2000        0        70     1930     2.00    1000  rejected\n"
		"total                     2012       12        70     1930     2.50     805  rejected\n"
		"\n"
		"skipped: 1929 rolled_back, 1 blank\n"
		"\n"
		"rejected  by rule\n"
		"      54  hired.name.required\n"
		"      16  hired.job.required\n"
		"\n"
		"run 0192-x\n"
		"next: penstock rejects list --run 0192-x --state m.yaml:db\n");

	options.dry_run = true;
	file_open(&out);
	assert_int_equal(summary_print(out.file, &report, &options, &error), 0);
	fclose(out.file);
	assert_non_null(strstr(out.text, "\ndry run: nothing was written\n"));
	assert_null(strstr(out.text, "next:"));
	free(out.text);
	free(steps[1].rejects_by_rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_anywhere),
		cmocka_unit_test(dashes_end_options),
		cmocka_unit_test(wrong_command_lines),
		cmocka_unit_test(commands_are_found),
		cmocka_unit_test(passwords_are_refused),
		cmocka_unit_test(nothing_steers_the_terminal),
		cmocka_unit_test(widths),
		cmocka_unit_test(sizes),
		cmocka_unit_test(tables_are_aligned),
		cmocka_unit_test(tables_fit_the_terminal),
		cmocka_unit_test(long_tables_flow),
		cmocka_unit_test(progress_lines),
		cmocka_unit_test(summaries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
