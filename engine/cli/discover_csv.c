/* discover_csv.c - a dictionary with what was seen beside each field, and a pipeline that loads the file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/discover_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/interrupt.h"
#include "engine/cli/log.h"
#include "engine/cli/yaml_print.h"
#include "engine/core/folder.h"
#include "engine/discover/csv.h"

enum { OUTPUT_MAX = 64 << 20, FIELD_INDENT = 8 };

const char *const discover_header_values[] = {"auto", "yes", "no", NULL};

const char *discover_csv_flag(const struct discover_csv_flags *flags)
{
	return flags->name ? "name" : flags->header ? "header" : flags->delimiter ? "delimiter" : flags->quote ? "quote" :
		flags->encoding ? "encoding" : flags->into ? "into" :
		flags->skip_lines.given ? "skip-lines" : flags->header_rows.given ? "header-rows" : flags->sample.given ? "sample" : flags->constraints ? "constraints" :
		flags->pipeline ? "pipeline" : NULL;
}

/* --- the dictionary ----------------------------------------------------------------------------- */

/* value as YAML, each line behind `rest`, the first one behind `first`. */
static int put_indented(const json_t *value, const char *first, const char *rest, struct buffer *out, struct error *error)
{
	struct buffer yaml;
	int result = -1;

	buffer_init(&yaml, OUTPUT_MAX);
	if (yaml_print(value, &yaml, error) < 0)
		goto out;
	for (char *line = yaml.data, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		if (buffer_puts(out, line == yaml.data ? first : rest, error) < 0 || buffer_puts(out, line, error) < 0 || buffer_puts(out, "\n", error) < 0)
			goto out;
	}
	result = 0;
out:
	buffer_fini(&yaml);
	return result;
}

static int put_about(const struct discovered_csv *found, const char *path, struct buffer *out, struct error *error)
{
	json_t *source = json_pack("{s:O}", "source", found->source);
	int result = buffer_puts(out, "# Discovered in ", error) < 0 || put_in_comment(out, path, error) < 0 ||
			     buffer_puts(out, ". What is seen in a file is not what is meant by it: read this before it is used.\n", error) < 0
		? -1 : 0;
	const char *line = buffer_text(&found->about);
	while (result == 0 && *line) {
		const char *end = strchr(line, '\n');
		result = buffer_puts(out, "# - ", error) < 0 || buffer_append(out, line, (size_t)(end - line) + 1, error) < 0 ? -1 : 0;
		line = end + 1;
	}
	if (result == 0)
		result = source ? put_indented(source, "# ", "# ", out, error) : error_memory(error, "a source");
	json_decref(source);
	return result;
}

static int put_dictionary(const struct discovered_csv *found, const char *path, struct buffer *out, struct error *error)
{
	json_t *resource = json_array_get(json_object_get(found->package, "resources"), 0);
	json_t *schema = json_object_get(resource, "schema"), *fields = json_object_get(schema, "fields"), *head = json_copy(resource), *tail = json_copy(schema);
	int result = -1;

	if (!head || !tail || json_object_del(head, "schema") || json_object_del(tail, "fields")) {
		error_memory(error, "a dictionary");
		goto out;
	}
	if (put_about(found, path, out, error) < 0 || buffer_puts(out, "resources:\n", error) < 0 ||
	    put_indented(head, "  - ", "    ", out, error) < 0 || buffer_puts(out, "    schema:\n      fields:\n", error) < 0)
		goto out;
	for (size_t i = 0; i < json_array_size(fields); i++) {
		json_t *one = json_pack("[O]", json_array_get(fields, i));
		int failed = !one ? error_memory(error, "a field")
				  : buffer_printf(out, error, "%*s# %s\n", FIELD_INDENT, "", found->notes[i]) < 0 || put_indented(one, "        ", "        ", out, error) < 0;
		json_decref(one);
		if (failed)
			goto out;
	}
	if (json_object_size(tail) > 0 && put_indented(tail, "      ", "      ", out, error) < 0)
		goto out;
	result = 0;
out:
	json_decref(head);
	json_decref(tail);
	return result;
}

/* --- the pipeline ------------------------------------------------------------------------------- */

/* A text that a pipeline does not take for a parameter. */
static json_t *literal(const char *text)
{
	struct buffer out;
	struct error ignored = ERROR_INIT;
	int failed = 0;

	buffer_init(&out, OUTPUT_MAX);
	for (; *text && !failed; text++)
		failed = (text[0] == '$' && text[1] == '{' && buffer_puts(&out, "$", &ignored) < 0) || buffer_append(&out, text, 1, &ignored) < 0;
	json_t *result = failed ? NULL : json_string(buffer_text(&out));
	buffer_fini(&out);
	return result;
}

static int put_pipeline(const struct discovered_csv *found, struct buffer *out, struct error *error)
{
	const char *table = json_string_value(json_object_get(json_array_get(json_object_get(found->package, "resources"), 0), "name"));
	json_t *source = json_copy(found->source), *pipeline = NULL;
	char connect[512];
	int result = -1;

	snprintf(connect, sizeof connect, "${PENSTOCK_DB:-Driver=SQLite3;Database=%.200s.db}", strpbrk(table, ";{}$") ? "discovered" : table);
	if (source && json_object_set_new(source, "path", literal(json_string_value(json_object_get(source, "path")))) == 0)
		pipeline = json_pack("{s:i, s:o, s:s, s:{s:{s:s, s:s}}, s:[{s:o, s:O, s:{s:o}, s:{s:s, s:s, s:o, s:s, s:b}}]}", "version", 1, "name",
			literal(table), "dictionary", "datapackage.yaml", "connections", "db", "type", "odbc", "connect", connect, "steps", "name", literal(table),
			"source", source, "rules", "table", literal(table), "sink", "type", "odbc", "connection", "db", "table", literal(table), "mode", "append",
			"create", 1);
	if (pipeline)
		result = buffer_puts(out, "# Paths of files are relative to the folder in which penstock runs; PENSTOCK_DB names another database.\n", error) < 0 ||
				yaml_print(pipeline, out, error) < 0
			? -1 : 0;
	else
		error_memory(error, "a pipeline");
	json_decref(source);
	json_decref(pipeline);
	return result;
}

/* --- where it goes ------------------------------------------------------------------------------ */

/* Never over a file that a person may have worked on. */
static int write_new(const char *folder, const char *name, const struct buffer *text, struct error *error)
{
	char path[FOLDER_PATH_MAX];
	size_t done = 0;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return error_set(error, ERROR_CONFIG, folder, "is too long a path");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(error, ERROR_CONFIG, path, "is there already and is not written over; name another folder or take it away");
	if (fd < 0)
		return error_errno(error, ERROR_SINK, path, errno, "cannot make the file");
	while (done < text->length) {
		ssize_t put = write(fd, text->data + done, text->length - done);
		if (put < 0 && errno != EINTR)
			break;
		done += put > 0 ? (size_t)put : 0;
	}
	if (done < text->length || close(fd) < 0) {
		error_errno(error, ERROR_SINK, path, errno, "cannot write the file");
		if (done < text->length)
			close(fd);
		unlink(path);
		return -1;
	}
	return 0;
}

static int write_both(const struct discovered_csv *found, const char *path, const char *folder, struct error *error)
{
	struct buffer dictionary, pipeline;
	int result = -1;

	buffer_init(&dictionary, OUTPUT_MAX);
	buffer_init(&pipeline, OUTPUT_MAX);
	if (put_dictionary(found, path, &dictionary, error) == 0 && put_pipeline(found, &pipeline, error) == 0 && folder_make(folder, error) == 0 &&
	    write_new(folder, "datapackage.yaml", &dictionary, error) == 0 && write_new(folder, "pipeline.yaml", &pipeline, error) == 0) {
		fprintf(stderr, "%s/datapackage.yaml says what was found; penstock run %s/pipeline.yaml loads it%s%s%s\n", folder, folder,
			path[0] == '/' ? "" : ", from the folder that you are in: it reads ", path[0] == '/' ? "" : path,
			path[0] == '/' ? "" : ", relative to where it runs");
		result = 0;
	}
	buffer_fini(&dictionary);
	buffer_fini(&pipeline);
	return result;
}

static int print(const struct discovered_csv *found, const struct discover_csv_flags *flags, const char *path, bool json, struct error *error)
{
	struct buffer out;
	int result;

	if (json) {
		json_dumpf(found->package, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		putchar('\n');
		return 0;
	}
	buffer_init(&out, OUTPUT_MAX);
	result = flags->pipeline ? put_pipeline(found, &out, error) : put_dictionary(found, path, &out, error);
	if (result == 0)
		fwrite(buffer_text(&out), 1, out.length, stdout);
	buffer_fini(&out);
	return result;
}

static int64_t number_or(const struct flag_number *flag, int64_t otherwise)
{
	return !flag->given ? otherwise : flag->value > INT64_MAX ? INT64_MAX : (int64_t)flag->value;
}

int discover_csv_print(const struct discover_csv_flags *flags, const char *path, bool json, struct error *error)
{
	struct discovered_csv found;
	const struct discover_csv how = {
		.path = path, .name = flags->name, .delimiter = flags->delimiter, .quote = flags->quote, .encoding = flags->encoding,
		.header = flags->header == 1 ? 1 : flags->header == 2 ? -1 : 0, .sample = flags->sample.given ? flags->sample.value : 0,
		.skip_lines = number_or(&flags->skip_lines, -1), .header_rows = number_or(&flags->header_rows, 0),
		.constraints = flags->constraints, .cancel = interrupt_catch(),
	};

	if (flags->into && (flags->pipeline || json))
		return error_set(error, ERROR_CONFIG, NULL, "--into writes both files; leave --%s out", json ? "json" : "pipeline");
	if (json && flags->pipeline)
		return error_set(error, ERROR_CONFIG, NULL, "a pipeline is printed as YAML; leave --json out");
	int result = discover_csv(&how, &found, error);
	if (result == 0)
		result = flags->into ? write_both(&found, path, flags->into, error) : print(&found, flags, path, json, error);
	discovered_csv_fini(&found);
	return result;
}
