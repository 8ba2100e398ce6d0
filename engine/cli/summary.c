/* summary.c - the end of a run as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/summary.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cli/display.h"
#include "engine/cli/table.h"
#include "engine/core/plural.h"

enum { TOP_RULES = 20 };

static const struct table_column step_columns[] = {
	{.title = "step", .most = 40}, {.title = "table", .most = 40}, {.title = "read", .right = true},
	{.title = "written", .right = true}, {.title = "rejected", .right = true}, {.title = "skipped", .right = true},
	{.title = "seconds", .right = true}, {.title = "rows/s", .right = true}, {.title = "status"}, {.title = NULL},
};

static const struct table_column rule_columns[] = {
	{.title = "rejected", .right = true}, {.title = "by rule"}, {.title = NULL},
};

static int step_row(struct text_table *table, const char *name, const char *target, const struct counts *counts,
	double seconds, enum run_status status, struct error *error)
{
	if (table_text(table, name, error) || table_text(table, target, error) ||
		table_printf(table, error, "%llu", (unsigned long long)counts->read) ||
		table_printf(table, error, "%llu", (unsigned long long)counts->written) ||
		table_printf(table, error, "%llu", (unsigned long long)counts->rejected) ||
		table_printf(table, error, "%llu", (unsigned long long)counts_skipped(counts)) ||
		table_printf(table, error, "%.2f", seconds))
		return -1;
	/* Of what went through the rules; a rate over next to no time means nothing. */
	uint64_t rows = counts->read - counts->skipped[SKIP_ALREADY_LOADED] - counts->skipped[SKIP_ALREADY_COMMITTED];
	if (seconds >= 0.001 && rows > 0 ? table_printf(table, error, "%.0f", (double)rows / seconds)
					 : table_text(table, "-", error))
		return -1;
	return table_text(table, run_status_name(status), error);
}

static int print_steps(FILE *out, const struct run_report *report, struct error *error)
{
	struct text_table table;
	int result = 0;
	table_init(&table, out, step_columns, 0);
	for (size_t i = 0; i < report->step_count && result == 0; i++) {
		const struct step_report *step = &report->steps[i];
		result = step_row(&table, step->name, step->table, &step->counts, step->duration_s, step->status, error);
	}
	if (result == 0)
		result = step_row(&table, "total", "", &report->counts, report->duration_s, report->status, error);
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	return result;
}

static void print_skipped(FILE *out, const struct counts *counts)
{
	if (counts_skipped(counts) == 0)
		return;
	fputs("\nskipped:", out);
	const char *comma = "";
	for (int i = 0; i < SKIP_REASONS; i++)
		if (counts->skipped[i]) {
			fprintf(out, "%s %llu %s", comma, (unsigned long long)counts->skipped[i], skip_reason_name((enum skip_reason)i));
			comma = ",";
		}
	fputc('\n', out);
}

struct fired {
	const char *id;
	uint64_t count;
};

static int by_count(const void *one, const void *other)
{
	uint64_t a = ((const struct fired *)one)->count, b = ((const struct fired *)other)->count;
	return (a < b) - (a > b);
}

static int print_rules(FILE *out, const struct run_report *report, struct error *error)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < report->step_count; i++)
		count += report->steps[i].rejects_by_rule_count;
	if (count == 0)
		return 0;
	struct fired *fired = calloc(count, sizeof *fired);
	if (!fired)
		return error_memory(error, "the summary");
	for (size_t i = 0; i < report->step_count; i++)
		for (size_t j = 0; j < report->steps[i].rejects_by_rule_count; j++)
			fired[at++] = (struct fired){report->steps[i].rejects_by_rule[j].id, report->steps[i].rejects_by_rule[j].count};
	qsort(fired, count, sizeof *fired, by_count);

	struct text_table table;
	int result = 0;
	fputc('\n', out);
	table_init(&table, out, rule_columns, 0);
	for (size_t i = 0; i < count && i < TOP_RULES && result == 0; i++)
		if (table_printf(&table, error, "%llu", (unsigned long long)fired[i].count) || table_text(&table, fired[i].id, error))
			result = -1;
	if (result == 0)
		table_end(&table);
	table_fini(&table);
	if (count > TOP_RULES)
		fprintf(out, "and %zu more rule%s\n", count - TOP_RULES, plural(count - TOP_RULES, "", "s"));
	free(fired);
	return result;
}

/* The file of a step's rejects; NULL: they are in a database. */
static const char *rejects_path(const struct plan *plan, const char *step)
{
	for (size_t i = 0; plan && i < plan->step_count; i++)
		if (strcmp(plan->steps[i].name, step) == 0)
			return plan->steps[i].rejects_path;
	return NULL;
}

/* Where the rejects are, of each step that has some. */
static void print_next(FILE *out, const struct run_report *report, const struct summary_options *options)
{
	bool stored = false;
	for (size_t i = 0; i < report->step_count; i++) {
		const struct step_report *step = &report->steps[i];
		const char *path = rejects_path(options->plan, step->name);
		stored = stored || (step->counts.rejected && !path);
		if (!step->counts.rejected || !path)
			continue;
		fputs("rejects of step ", out);
		display_puts(out, step->name);
		fputs(": ", out);
		display_puts(out, path);
		fputc('\n', out);
	}
	if (!stored)
		return;
	fputs("next: penstock rejects list", out);
	if (!options->mends || options->mended)
		fprintf(out, " --run %s", options->mends ? options->mended : report->run_id);
	if (options->state) {
		fputs(" --state ", out);
		display_puts(out, options->state);
	}
	fputc('\n', out);
}

int summary_print(FILE *out, const struct run_report *report, const struct summary_options *options, struct error *error)
{
	if (print_steps(out, report, error))
		return -1;
	print_skipped(out, &report->counts);
	if (print_rules(out, report, error))
		return -1;
	if (options->dry_run) {
		fputs("\ndry run: nothing was written\n", out);
		return 0;
	}
	fprintf(out, "\nrun %s\n", report->run_id);
	print_next(out, report, options);
	return 0;
}
