/* sql.c - finds the ${...} of a statement and makes parameters of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * This is no parser of SQL: it only has to know where quotes and comments begin and end, since a parameter cannot stand there.
 */
#include "engine/config/sql.h"

#include <stdlib.h>
#include <string.h>

#include "engine/config/tree.h"

enum { SQL_PARAMETERS_MAX = 1000, NAME_SHOWN_MAX = 200 };

const char *const sql_dialects[] = {"sqlite", "postgresql", "mariadb", "sqlserver", NULL};

struct scan {
	const struct node *node;
	const struct scope *scope;
	struct stash *stash;
	bool backslash; /* escapes within quotes (MariaDB) */
	const char *at;
	struct buffer *out;
	struct option_parameter *parameters; /* malloc'd */
	size_t count;
};

static int put(struct scan *scan, const char *text, size_t length)
{
	struct error error = ERROR_INIT;

	if (buffer_append(scan->out, text, length, &error) == 0)
		return 0;
	diagnostics_take(scan->scope->diagnostics, &error);
	return -1;
}

static int complain(const struct scan *scan, const char *what)
{
	diagnostics_error(scan->scope->diagnostics, scan->node, "%s", what);
	return -1;
}

/* --- quotes and comments ------------------------------------------------------------------------ */

/* Length of "$tag$" at text, as PostgreSQL quotes; 0 where none stands there. */
static size_t dollar_quote(const char *text)
{
	size_t length = 1;

	if (text[0] != '$')
		return 0;
	while ((text[length] >= 'a' && text[length] <= 'z') || (text[length] >= 'A' && text[length] <= 'Z') ||
		text[length] == '_' || (length > 1 && text[length] >= '0' && text[length] <= '9'))
		length++;
	return text[length] == '$' && text[length + 1] != '{' ? length + 1 : 0;
}

/* What stands at a place: how many bytes until it ends, with its quotes; 0: neither a quote nor a comment. */
static size_t passage(const struct scan *scan, bool *comment)
{
	const char *text = scan->at, *end;
	size_t tag;

	*comment = false;
	if (strncmp(text, "--", 2) == 0) {
		*comment = true;
		return strcspn(text, "\n");
	}
	if (strncmp(text, "/*", 2) == 0) {
		*comment = true;
		end = strstr(text + 2, "*/");
		return end ? (size_t)(end - text) + 2 : strlen(text);
	}
	if (*text == '\'' || *text == '"' || *text == '`') {
		for (end = text + 1; *end && *end != *text; end++)
			if (scan->backslash && *end == '\\' && end[1])
				end++;
		return (size_t)(end - text) + (*end != '\0');
	}
	tag = dollar_quote(text);
	if (tag == 0)
		return 0;
	for (end = strchr(text + tag, '$'); end; end = strchr(end + 1, '$'))
		if (strncmp(end, text, tag) == 0)
			return (size_t)(end - text) + tag;
	return strlen(text);
}

/* True where a ${ that is no $${ stands in length bytes. */
static bool has_expression(const char *text, size_t length)
{
	for (size_t i = 0; i + 1 < length; i++)
		if (text[i] == '$' && text[i + 1] == '{' && (i == 0 || text[i - 1] != '$'))
			return true;
	return false;
}

/* Copies length bytes, $${ as ${. */
static int put_literal(struct scan *scan, size_t length)
{
	const char *end = scan->at + length;

	while (scan->at < end) {
		const char *next = scan->at + 1;
		bool escaped = end - scan->at >= 3 && strncmp(scan->at, "$${", 3) == 0;

		if (!escaped && put(scan, scan->at, 1) < 0)
			return -1;
		scan->at = next;
	}
	return 0;
}

/* --- parameters --------------------------------------------------------------------------------- */

/* "params.year" of "params.year", "NAME" of "NAME:-default". */
static const char *shown_name(struct scan *scan, const char *text, size_t length)
{
	char name[NAME_SHOWN_MAX + 1];
	size_t used = 0;

	for (; used < length && used < NAME_SHOWN_MAX && text[used] != ':'; used++)
		name[used] = text[used];
	name[used] = '\0';
	return stash_text(scan->stash, name);
}

/* Only params declare a type; when a run began is a datetime of itself. */
static void find_type(const struct scan *scan, const char *text, size_t length, struct option_parameter *out)
{
	const size_t prefix = strlen("params.");
	char name[NAME_SHOWN_MAX + 1];
	const struct param *param = NULL;

	out->type = VALUE_STRING;
	if (length == strlen("run.started") && strncmp(text, "run.started", length) == 0)
		out->type = VALUE_DATETIME;
	if (length <= prefix || length - prefix > NAME_SHOWN_MAX || strncmp(text, "params.", prefix) != 0)
		return;
	memcpy(name, text + prefix, length - prefix);
	name[length - prefix] = '\0';
	param = scan->scope->params ? params_find(scan->scope->params, name) : NULL;
	if (!param)
		return;
	out->type = param->type;
	if (param->canonical && !scan->scope->definition)
		out->value = param->canonical;
}

static int parameter(struct scan *scan, const char *text, size_t length)
{
	struct option_parameter *larger, *added;
	struct buffer value;
	int result;

	if (scan->count == SQL_PARAMETERS_MAX)
		return complain(scan, "the statement has more than 1000 parameters");
	larger = realloc(scan->parameters, (scan->count + 1) * sizeof(*larger));
	if (!larger) {
		diagnostics_memory(scan->scope->diagnostics);
		return -1;
	}
	scan->parameters = larger;
	added = &larger[scan->count];
	*added = (struct option_parameter){.name = shown_name(scan, text, length)};
	buffer_init(&value, INTERPOLATE_TEXT_MAX);
	result = interpolate_expression(scan->node, text, length, scan->scope, &value, &added->secret);
	if (result == 0) {
		added->value = stash_text(scan->stash, buffer_text(&value));
		find_type(scan, text, length, added);
		scan->count++;
	}
	if (value.data)
		explicit_bzero(value.data, value.size);
	buffer_fini(&value);
	return result < 0 || !added->name || !added->value ? -1 : put(scan, "?", 1);
}

static int dollar(struct scan *scan)
{
	const char *text = scan->at + 2;
	long length;

	if (strncmp(scan->at, "$${", 3) == 0)
		return put_literal(scan, 3);
	if (strncmp(scan->at, "${", 2) != 0)
		return put_literal(scan, 1);
	length = interpolate_closed(text);
	if (length < 0)
		return complain(scan, "a ${ is not closed with a }; a literal ${ is written $${");
	scan->at = text + length + 1;
	return parameter(scan, text, (size_t)length);
}

static int step(struct scan *scan)
{
	bool comment;
	size_t length = passage(scan, &comment);

	if (length > 0 && comment) {
		if (put(scan, scan->at, length) < 0)
			return -1;
		scan->at += length;
		return 0;
	}
	if (length > 0 && has_expression(scan->at, length))
		return complain(scan, *scan->at == '\'' || *scan->at == '$' ?
			"a ${...} in SQL is a bound value, which cannot stand within quotes: take the quotes away, or join texts with ||" :
			"a ${...} in SQL is a bound value and so cannot be a name; where names change, write the query for each of them");
	if (length > 0)
		return put_literal(scan, length);
	if (*scan->at == '?')
		return complain(scan, "a ? in SQL is the place of a value that nobody gives: write ${params.NAME}");
	if (*scan->at == '$')
		return dollar(scan);
	return put_literal(scan, 1);
}

/* Without the semicolon that many people end a statement with: more SQL follows it where it is put into another one. */
static size_t without_end(const char *text)
{
	size_t length = strlen(text), kept = length;

	while (kept > 0 && strchr(" \t\r\n;", text[kept - 1]))
		kept--;
	return memchr(text + kept, ';', length - kept) ? kept : length;
}

static int finish(struct scan *scan, const char *dialect, struct option_statement *out)
{
	struct option_parameter *parameters = stash_array(scan->stash, scan->count + 1, sizeof(*parameters));
	const char *text;

	if (scan->out->length > 0)
		scan->out->data[without_end(scan->out->data)] = '\0';
	text = stash_text(scan->stash, buffer_text(scan->out));
	if (!parameters || !text)
		return -1;
	if (scan->count > 0)
		memcpy(parameters, scan->parameters, scan->count * sizeof(*parameters));
	*out = (struct option_statement){dialect, text, parameters, scan->count};
	return 0;
}

int sql_statement(const struct node *scalar, const char *dialect, const struct scope *scope, struct stash *stash,
	struct option_statement *out)
{
	struct buffer text;
	struct scan scan = {.node = scalar, .scope = scope, .stash = stash, .at = scalar->text, .out = &text,
		.backslash = dialect && strcmp(dialect, "mariadb") == 0};
	int result = 0;

	buffer_init(&text, INTERPOLATE_TEXT_MAX);
	if (strspn(scalar->text, " \t\r\n;") == strlen(scalar->text))
		result = complain(&scan, "there is no SQL here");
	while (result == 0 && *scan.at)
		result = step(&scan);
	if (result == 0)
		result = finish(&scan, dialect, out);
	free(scan.parameters);
	buffer_fini(&text);
	return result;
}

int sql_definition(struct node *scalar, const char *dialect, const struct scope *scope, struct stash *stash)
{
	struct option_statement statement;
	struct error error = ERROR_INIT;
	struct buffer text;
	int result;

	if (sql_statement(scalar, dialect, scope, stash, &statement) < 0)
		return -1;
	buffer_init(&text, (size_t)INTERPOLATE_TEXT_MAX * 4);
	result = buffer_puts(&text, statement.text, &error);
	for (size_t i = 0; i < statement.parameter_count && result == 0; i++)
		result = buffer_printf(&text, &error, "\n%zu:%s", strlen(statement.parameters[i].value),
			statement.parameters[i].value);
	if (result == 0)
		tree_set_text(scalar, text.data); /* takes it */
	else
		buffer_fini(&text);
	diagnostics_take(scope->diagnostics, &error);
	return result;
}
