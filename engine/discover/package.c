/* package.c - the descriptor of a file as Frictionless has it, and the options of a source that reads the file so.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/discover/finding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

/* Texts in a key need a length in some databases. */
static unsigned key_length(uint64_t longest)
{
	unsigned length = 8;
	while (length < longest)
		length *= 2;
	return length;
}

/* "data/People 2021.csv.gz" -> "People_2021" */
static char *table_name(const char *path)
{
	static const char *const endings[] = { ".gz", ".zst", ".csv", ".tsv", ".tab", ".txt", ".psv", NULL };
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	size_t length = strlen(last);
	for (size_t i = 0; endings[i]; i++)
		if (length > strlen(endings[i]) && strncasecmp(last + length - strlen(endings[i]), endings[i], strlen(endings[i])) == 0)
			length -= strlen(endings[i]);
	char *name = strndup(last, length < KEY_LENGTH_MAX - 4 ? length : KEY_LENGTH_MAX - 4);
	for (char *at = name; at && *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '-'))
			*at = '_';
	return name;
}

static int64_t how_many_rows(const struct finding *finding)
{
	return finding->how->header_rows > 1 ? finding->how->header_rows : 1;
}

static uint64_t lines_before(const struct finding *finding)
{
	/* Past the header, where it cannot serve as one. */
	if (finding->header.there && !finding->header.as_it_is)
		return finding->scan.first_line + finding->scan.first_lines - 1;
	return finding->scan.guess.skip_lines;
}

static json_t *source_of(const struct finding *finding)
{
	const struct csv_guess *guess = &finding->scan.guess;
	json_t *source = json_pack("{s:s, s:s}", "type", "csv", "path", finding->how->path);
	int failed = source == NULL;

	if (!finding->header.there || !finding->header.as_it_is)
		failed |= set(source, "header", json_false());
	if (strcmp(guess->delimiter, ",") != 0)
		failed |= set(source, "delimiter", json_string(guess->delimiter));
	if (strcmp(guess->quote, "\"") != 0)
		failed |= set(source, "quote", json_string(guess->quote));
	if (guess->escape)
		failed |= set(source, "escape", json_string(guess->escape));
	if (guess->comment)
		failed |= set(source, "comment", json_string(guess->comment));
	if (lines_before(finding) > 0)
		failed |= set(source, "skip_lines", json_integer((json_int_t)lines_before(finding)));
	if (how_many_rows(finding) > 1 && finding->header.as_it_is)
		failed |= set(source, "header_rows", json_integer(how_many_rows(finding)));
	if (guess->initial_space)
		failed |= set(source, "skip_initial_space", json_true());
	if (finding->trim)
		failed |= set(source, "trim", json_true());
	if (finding->encoding[0])
		failed |= set(source, "encoding", json_string(finding->encoding));
	if (finding_is_short(finding))
		failed |= set(source, "short_rows", json_string("pad"));
	if (finding_is_long(finding))
		failed |= set(source, "long_rows", json_string("drop_empty"));
	if (!failed)
		return source;
	json_decref(source);
	return NULL;
}

/* As Frictionless' Table Dialect has it. */
static json_t *dialect_of(const struct finding *finding)
{
	const struct csv_guess *guess = &finding->scan.guess;
	json_t *dialect = json_object();
	int failed = set(dialect, "delimiter", json_string(guess->delimiter));

	if (strcmp(guess->quote, "none") != 0)
		failed |= set(dialect, "quoteChar", json_string(guess->quote));
	failed |= set(dialect, "header", json_boolean(finding->header.there));
	if (finding->header.there && (finding->scan.first_line > 1 || how_many_rows(finding) > 1)) {
		json_t *rows = json_array();
		for (int64_t i = 0; i < how_many_rows(finding); i++)
			failed |= json_array_append_new(rows, json_integer((json_int_t)finding->scan.header_lines[i]));
		failed |= set(dialect, "headerRows", rows);
	}
	if (guess->escape)
		failed |= set(dialect, "escapeChar", json_string(guess->escape));
	if (guess->comment)
		failed |= set(dialect, "commentChar", json_string(guess->comment));
	if (guess->initial_space)
		failed |= set(dialect, "skipInitialSpace", json_true());
	if (!failed)
		return dialect;
	json_decref(dialect);
	return NULL;
}

static json_t *schema_of(const struct finding *finding)
{
	json_t *fields = json_array(), *schema = json_object();
	int failed = !fields || !schema;
	for (size_t c = 0; !failed && c < finding->scan.columns; c++) {
		json_t *field = finding->columns[c].field, *constraints = json_object_get(field, "constraints");
		if (c == finding->key && finding->columns[c].found.kind == FOUND_STRING && !json_object_get(constraints, "maxLength"))
			failed |= set(constraints, "maxLength", json_integer(key_length(finding->scan.profiles[c].longest)));
		failed |= json_array_append(fields, field);
	}
	failed = failed || json_object_set(schema, "fields", fields);
	if (!failed && finding->key != SIZE_MAX)
		failed = set(schema, "primaryKey", json_string(finding->header.names[finding->key]));
	json_decref(fields);
	if (!failed)
		return schema;
	json_decref(schema);
	return NULL;
}

int finding_package(struct finding *finding, struct error *error)
{
	const struct discover_csv *how = finding->how;
	char *own = how->name ? strdup(how->name) : table_name(how->path);
	json_t *resource = own ? json_pack("{s:s, s:s, s:s}", "name", own[0] ? own : "table", "path", how->path, "format", "csv") : NULL;
	json_t *dialect = dialect_of(finding), *schema = schema_of(finding);
	int failed = !resource || !dialect || !schema;

	free(own);
	/* To others "utf-16" is with a mark, and "utf-16le" without one. */
	if ((finding->encoding[0] || finding->marked[0]) && !failed)
		failed |= set(resource, "encoding", finding->encoding[0] ? json_string(finding->encoding) : json_stringn(finding->marked, strcspn(finding->marked, "bl")));
	if (!failed)
		failed = json_object_set(resource, "dialect", dialect) | json_object_set(resource, "schema", schema);
	json_decref(dialect);
	json_decref(schema);
	finding->out->package = failed ? NULL : json_pack("{s:[O]}", "resources", resource);
	json_decref(resource);
	finding->out->source = source_of(finding);
	return finding->out->package && finding->out->source ? 0 : error_memory(error, "a dictionary");
}
