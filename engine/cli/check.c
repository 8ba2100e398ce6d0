/* check.c - penstock check: whether everything that a pipeline names is there and fits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/check.h"
#include "engine/cli/display.h"
#include "engine/cli/log.h"
#include "engine/cli/pipeline_file.h"
#include "engine/cli/preview.h"
#include "engine/core/plural.h"

enum { TEXT_MAX = 1 << 20, TWINS_SHOWN = 5, HASHED_MAX = 1 << 30 };

struct check_flags {
	struct flag_list set;
};

/* What has gone wrong so far: the first decides the exit code, each is told where it belongs. */
struct verdict {
	struct log *log;
	int code;
	bool *unreachable; /* by index of the connection */
};

static void wrong(struct verdict *verdict, const struct error *error)
{
	fflush(stdout);
	int code = log_error(verdict->log, NULL, error);
	if (!verdict->code)
		verdict->code = code;
}

static void heading(const char *what, const char *name)
{
	printf("%s ", what);
	display_puts(stdout, name);
	putchar('\n');
}

static bool check_connection(const struct plan_connection *connection, struct verdict *verdict)
{
	struct cancel cancel = {0};
	struct error error = ERROR_INIT;
	struct buffer text;
	const struct store_target target = preview_target(connection, &cancel);
	buffer_init(&text, TEXT_MAX);
	heading("connection", connection->name);
	int result = odbc_check(&target, &text, &error);
	display_lines(stdout, buffer_text(&text), "  ");
	buffer_fini(&text);
	if (result)
		wrong(verdict, &error);
	return result == 0;
}

static void check_source(const struct preview *preview, struct verdict *verdict)
{
	char size[16];
	printf("  source: %s ", preview->step->source->name);
	if (!preview->source_open) {
		puts("cannot be opened");
		wrong(verdict, &preview->source_error);
		return;
	}
	display_puts(stdout, preview->identity.path);
	if (preview->identity.isolation[0])
		printf(", readable %s; %s\n", preview->identity.by_key ? "by key" : "from beginning to end", preview->identity.isolation);
	else if (preview->identity.known)
		printf(", readable, %s\n", display_bytes((double)preview->identity.size, size));
	else
		puts(", a stream");
}

/* --- files of the same content --- */

struct listed {
	uint64_t size;
	size_t number;
	char hash[SHA256_HEX_SIZE]; /* of those alone whose size others have */
};

static int by_size(const void *left, const void *right)
{
	const struct listed *a = left, *b = right;
	return a->size != b->size ? (a->size > b->size) - (a->size < b->size) : (a->number > b->number) - (a->number < b->number);
}

static int by_hash(const void *left, const void *right)
{
	const struct listed *a = left, *b = right;
	int order = strcmp(a->hash, b->hash);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* The hash of each file whose size another one has, as long as the reading is not too much. */
static int hash_alike(const struct preview *preview, struct listed *files, size_t count, struct source_identity *identity, struct error *error)
{
	uint64_t left = HASHED_MAX;
	for (size_t i = 0; i < count; i++) {
		bool alike = (i > 0 && files[i - 1].size == files[i].size) || (i + 1 < count && files[i + 1].size == files[i].size);
		if (!alike || files[i].size == 0 || files[i].size > left)
			continue;
		left -= files[i].size;
		if (preview->step->source->file(preview->source, files[i].number, true, identity, error) < 0)
			return -1;
		memcpy(files[i].hash, identity->hash, SHA256_HEX_SIZE);
	}
	return 0;
}

static int list_files(const struct preview *preview, struct listed **out, size_t *count, struct source_identity *identity, struct error *error)
{
	size_t room = 0;
	int more;
	while ((more = preview->step->source->file(preview->source, *count, false, identity, error)) > 0) {
		if (*count == room) {
			room = room ? 2 * room : 64;
			struct listed *larger = realloc(*out, room * sizeof *larger);
			if (!larger)
				return error_memory(error, "a list of files");
			*out = larger;
		}
		(*out)[*count] = (struct listed){.size = identity->size, .number = *count};
		++*count;
	}
	return more;
}

/* Files of the same content are all read: the second meets the keys of the first, and without a key its rows are there twice. */
static void check_twins(const struct preview *preview)
{
	struct listed *files = NULL;
	size_t count = 0, twins = 0;
	struct error error = ERROR_INIT;
	struct source_identity *identity = malloc(sizeof *identity), *first = malloc(sizeof *first);
	if (!preview->step->source->file || !identity || !first || list_files(preview, &files, &count, identity, &error) < 0 || count < 2)
		goto out;
	qsort(files, count, sizeof *files, by_size);
	if (hash_alike(preview, files, count, identity, &error) < 0)
		goto out;
	qsort(files, count, sizeof *files, by_hash);
	for (size_t i = 1, of = 0; i < count; i++) {
		if (!files[i].hash[0] || strcmp(files[of].hash, files[i].hash) != 0) {
			of = i;
			continue;
		}
		if (++twins > TWINS_SHOWN || preview->step->source->file(preview->source, files[of].number, false, first, &error) < 0 ||
			preview->step->source->file(preview->source, files[i].number, false, identity, &error) < 0)
			continue;
		fputs("  warning: ", stdout);
		display_puts(stdout, identity->path);
		fputs(" holds the same as ", stdout);
		display_puts(stdout, first->path);
		puts(", and both are read");
	}
	if (twins > TWINS_SHOWN)
		printf("  warning: and %zu more file%s like these\n", twins - TWINS_SHOWN, plural(twins - TWINS_SHOWN, "", "s"));
out:
	/* What cannot be read was told, or will be told by the run. */
	free(files);
	free(identity);
	free(first);
}

static void check_target(const struct preview *preview, struct verdict *verdict, const struct error *error)
{
	const struct plan_step *step = preview->step;
	printf("  target: %s", step->sink->name);
	if (step->connection) {
		putchar(' ');
		display_puts(stdout, step->target);
	}
	if (!preview->sink_open) {
		puts(" cannot be written to as it is");
		wrong(verdict, error);
		return;
	}
	if (!step->connection) {
		puts(step->prints ? ", standard output" : ", its file can be written");
		return;
	}
	puts(preview->info.creates_table ? ", not there yet: a run makes it" : ", there, and its columns fit the dictionary");
}

static void check_step(const struct plan *plan, const struct plan_step *step, struct verdict *verdict)
{
	struct preview preview;
	struct error error = ERROR_INIT;
	bool reachable = !step->connection || !verdict->unreachable[step->connection - plan->connections];
	putchar('\n');
	heading("step", step->name);
	int result = preview_open(&preview, plan, step, reachable, true, &error);
	check_source(&preview, verdict);
	if (preview.source_open)
		check_twins(&preview);
	if (reachable) {
		check_target(&preview, verdict, &error);
		if (result && preview.sink_open)
			wrong(verdict, &error);
	} else {
		puts("  target: not looked at, since its connection failed");
	}
	preview_close(&preview);
}

static void check_plan(const struct plan *plan, struct verdict *verdict)
{
	struct error error = ERROR_INIT;
	verdict->unreachable = calloc(plan->connection_count + 1, sizeof *verdict->unreachable);
	if (!verdict->unreachable) {
		error_memory(&error, "the connections");
		wrong(verdict, &error);
		return;
	}
	for (size_t i = 0; i < plan->connection_count; i++)
		verdict->unreachable[i] = !check_connection(&plan->connections[i], verdict);
	for (size_t i = 0; i < plan->step_count; i++)
		check_step(plan, &plan->steps[i], verdict);
	free(verdict->unreachable);
}

static int check_main(const void *bound, const struct arguments *arguments)
{
	const struct check_flags *flags = bound;
	struct error error = ERROR_INIT;
	struct log log;
	struct verdict verdict = {.log = &log};
	if (pipeline_check_sets(&flags->set, &error))
		return complain_usage(&error, "check");
	log_init(&log, LOG_TEXT, false, false);
	struct pipeline *pipeline = pipeline_file_load(&log, arguments->items[0], &flags->set, &verdict.code);
	if (pipeline) {
		check_plan(pipeline_plan(pipeline), &verdict);
		pipeline_free(pipeline);
	}
	log_fini(&log);
	return verdict.code;
}

static const struct flag flags_of_check[] = {
	{.name = "set", .kind = FLAG_LIST, .offset = offsetof(struct check_flags, set), .metavar = "NAME=VALUE",
		.help = "give a parameter of the pipeline a value; may be repeated"},
	{.name = NULL},
};

static const char *const examples[] = {"penstock check pipelines/migrate.yaml", NULL};

const struct command command_check = {
	.name = "check",
	.arguments = "FILE",
	.least = 1,
	.most = 1,
	.summary = "connect to everything a pipeline names",
	.description =
		"Connects to every connection of the pipeline FILE and prints what its driver can do and which way "
		"rows will go; opens every source, and holds every target table against the dictionary. Nothing is "
		"changed, and an SQLite file that does not exist is not made. Everything is looked at, also behind a "
		"failure; the exit code is that of the first.",
	.flags = flags_of_check,
	.size = sizeof(struct check_flags),
	.exits = EXITS(0) | EXITS(1) | EXITS(2) | EXITS(4) | EXITS(5),
	.examples = examples,
	.run = check_main,
};
