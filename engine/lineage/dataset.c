/* dataset.c - the datasets that a step reads and writes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/odbc/dataset.h"
#include "engine/lineage/parts.h"

static const struct option *find_option(const struct option *options, const char *name, enum option_kind kind)
{
	for (const struct option *option = options; option && option->name; option++)
		if (strcmp(option->name, name) == 0 && option->kind == kind)
			return option;
	return NULL;
}

/* NULL: not given, or no text. */
static const char *text_of(const struct option *options, const void *bound, const char *name)
{
	const struct option *option = find_option(options, name, OPTION_STRING);
	const char *text = NULL;

	if (option)
		memcpy(&text, (const char *)bound + option->offset, sizeof text);
	return text && text[0] ? text : NULL;
}

static struct option_list list_of(const struct option *options, const void *bound, const char *name)
{
	const struct option *option = find_option(options, name, OPTION_LIST);
	struct option_list list = {.count = 0};

	if (option)
		memcpy(&list, (const char *)bound + option->offset, sizeof list);
	return list;
}

static bool fits(int wrote, size_t size)
{
	return wrote > 0 && (size_t)wrote < size;
}

/* Standard input and output are nobody's. */
static int give_file(const char *path, dataset_each *each, void *arg)
{
	struct dataset_name name = {.space = "file"};
	char *whole = realpath(path, NULL), folder[PATH_MAX] = "";
	int wrote = -1;

	if (whole || path[0] == '/')
		wrote = snprintf(name.name, sizeof name.name, "%s", whole ? whole : path);
	else if (getcwd(folder, sizeof folder))
		wrote = snprintf(name.name, sizeof name.name, "%s/%s", folder, strncmp(path, "./", 2) == 0 ? path + 2 : path);
	free(whole);
	return strcmp(path, "-") != 0 && fits(wrote, sizeof name.name) ? each(arg, &name) : 0;
}

/* Scheme and host, and behind them the path: what comes then often holds keys. */
static int give_url(const char *url, dataset_each *each, void *arg)
{
	struct dataset_name name;
	const char *host = strstr(url, "://");
	size_t length = host ? strcspn(host + 3, "/?#") : 0, path;

	if (!host || length == 0 || memchr(host + 3, '@', length))
		return 0;
	length += (size_t)(host + 3 - url);
	path = strcspn(url + length, "?#");
	if (!fits(snprintf(name.space, sizeof name.space, "%.*s", (int)length, url), sizeof name.space) ||
		!fits(snprintf(name.name, sizeof name.name, "%.*s", path ? (int)path : 1, path ? url + length : "/"), sizeof name.name))
		return 0;
	return each(arg, &name);
}

static int give_table(const struct plan_connection *connection, const char *table, dataset_each *each, void *arg)
{
	struct dataset_name name;

	if (!odbc_dataset(connection->connect, table, name.space, sizeof name.space, name.name, sizeof name.name))
		return 0;
	return each(arg, &name);
}

/* A table of a backup, which is chosen when the step begins. */
static int give_backup(const struct plan_step *step, const char *folder, dataset_each *each, void *arg)
{
	const char *backup = text_of(step->source->options, step->source_options, "backup"), *table = text_of(step->source->options, step->source_options, "table");
	char path[DATASET_NAME_MAX];

	if (!fits(snprintf(path, sizeof path, "%s/%s/%s.avro", folder, backup ? backup : "latest", table ? table : step->table), sizeof path))
		return 0;
	return give_file(path, each, arg);
}

int dataset_inputs(const struct plan_step *step, dataset_each *each, void *arg)
{
	const struct option *options = step->source->options;
	const void *bound = step->source_options;
	const char *table = text_of(options, bound, "table"), *path = text_of(options, bound, "path"), *url = text_of(options, bound, "url"),
		   *folder = text_of(options, bound, "folder");
	const struct option_list paths = list_of(options, bound, "path");
	int result = 0;

	/* What a query reads is not taken apart. */
	if (step->source_connection)
		return table ? give_table(step->source_connection, table, each, arg) : 0;
	for (size_t i = 0; i < paths.count && result == 0; i++)
		result = give_file(paths.items[i], each, arg);
	if (result == 0 && path)
		result = give_file(path, each, arg);
	else if (result == 0 && folder)
		result = give_backup(step, folder, each, arg);
	if (result == 0 && url)
		result = give_url(url, each, arg);
	return result;
}

int dataset_outputs(const struct plan_step *step, dataset_each *each, void *arg)
{
	const char *path = text_of(step->sink->options, step->sink_options, "path");

	if (step->connection)
		return step->target ? give_table(step->connection, step->target, each, arg) : 0;
	return path ? give_file(path, each, arg) : 0;
}
