/* condition.c - SQL that a user wrote, with its parameters bound.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/condition.h"

int condition_choose(const struct option_sql *sql, const struct session *session, const char *what,
	const struct option_statement **out, struct error *error)
{
	*out = NULL;
	for (size_t i = 0; i < sql->count; i++)
		if (!sql->statements[i].dialect || strcmp(sql->statements[i].dialect, session->dialect->name) == 0)
			*out = &sql->statements[i];
	if (!*out && sql->count)
		return error_set(error, ERROR_CONFIG, session->place, "the %s is not given for %s: add \"%s: SELECT ...\" to it", what,
			session->dialect->name, session->dialect->name);
	if (*out && (*out)->parameter_count > STATEMENT_PARAMETERS_MAX - 1)
		return error_set(error, ERROR_CONFIG, session->place, "the %s has more than %d parameters", what,
			STATEMENT_PARAMETERS_MAX - 1);
	return 0;
}

static const char *behind_quote(const char *p, bool escapes)
{
	char quote = *p == '[' ? ']' : *p;

	for (p++; *p && *p != quote; p++)
		if (escapes && *p == '\\' && quote != '`' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Behind $tag$ ... $tag$, or behind the $ where none begins. */
static const char *behind_dollars(const char *p)
{
	const char *end = p + 1;
	char tag[64];

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (*end != '$' || (size_t)(end - p) + 2 > sizeof tag || isdigit((unsigned char)p[1]))
		return p + 1;
	memcpy(tag, p, (size_t)(end - p) + 1);
	tag[end - p + 1] = '\0';
	p = strstr(end + 1, tag);
	return p ? p + strlen(tag) : end + strlen(end);
}

/* Behind the quoted piece or the comment that begins at p; p where none does. */
static const char *behind_piece(const char *p, const struct dialect *dialect, bool *comment)
{
	const char *end;

	*comment = false;
	if (strchr(dialect->quotes, *p))
		return behind_quote(p, dialect->backslash_escapes);
	if (*p == '$' && dialect->dollar_quotes)
		return behind_dollars(p);
	*comment = (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*') || (p[0] == '#' && dialect->hash_comments);
	if (!*comment)
		return p;
	if (*p != '/')
		return p + strcspn(p, "\n");
	end = strstr(p + 2, "*/");
	return end ? end + 2 : p + strlen(p);
}

static int put_parameter(const struct option_parameter *parameter, const struct dialect *dialect, struct buffer *out,
	struct error *error)
{
	struct field field = { .type = parameter->type };

	/* All travel as texts but the integers. */
	if (dialect->carrier(&field) == CARRY_DOUBLE && dialect->tagged_values)
		return buffer_puts(out, "CAST(? AS REAL)", error);
	return dialect->parameter(&field, NULL, out, error);
}

int condition_put_setting(const char *expression, const char *name, size_t number, struct buffer *out, struct error *error)
{
	size_t before = strcspn(expression, "?");

	if (buffer_append(out, expression, before, error))
		return -1;
	if (!expression[before])
		return 0;
	return buffer_printf(out, error, "pg_catalog.current_setting('penstock.%s_%zu')%s", name, number, expression + before + 1);
}

static int put_value(const struct option_parameter *parameter, const struct dialect *dialect, enum condition_values values,
	size_t number, struct buffer *out, struct error *error)
{
	struct buffer expression;
	int result;

	if (values == VALUES_CALLED)
		return buffer_printf(out, error, "penstock_value(%zu)", number);
	if (values == VALUES_BOUND)
		return put_parameter(parameter, dialect, out, error);
	buffer_init(&expression, 256);
	result = put_parameter(parameter, dialect, &expression, error);
	if (result == 0)
		result = condition_put_setting(buffer_text(&expression), "value", number, out, error);
	buffer_fini(&expression);
	return result;
}

int condition_put(const struct option_statement *from, const struct dialect *dialect, enum condition_values values, struct buffer *out,
	struct error *error)
{
	size_t number = 0, count = from ? from->parameter_count : 0;

	for (const char *p = from ? from->text : ""; *p;) {
		bool comment;
		const char *end = behind_piece(p, dialect, &comment);

		if (end > p) {
			/* Drivers would count the marks in comments. */
			bool left_out = comment && memchr(p, '?', (size_t)(end - p));

			if (left_out ? buffer_puts(out, " ", error) : buffer_append(out, p, (size_t)(end - p), error))
				return -1;
			p = end;
			continue;
		}
		if (*p != '?' || number == count) {
			if (buffer_append(out, p, 1, error))
				return -1;
		} else {
			number++;
			if (put_value(&from->parameters[number - 1], dialect, values, number, out, error))
				return -1;
		}
		p++;
	}
	return 0;
}

int condition_bind(const struct option_statement *from, struct statement *statement, unsigned *first, struct error *error)
{
	for (size_t i = 0; from && i < from->parameter_count; i++) {
		const struct option_parameter *parameter = &from->parameters[i];
		struct field field = { .type = parameter->type };
		bool integer = statement->session->dialect->carrier(&field) == CARRY_INTEGER;
		int result;

		if (integer && parameter->type == VALUE_BOOLEAN)
			result = statement_bind_integer(statement, *first, strcmp(parameter->value, "true") == 0, error);
		else if (integer)
			result = statement_bind_integer(statement, *first, strtoll(parameter->value, NULL, 10), error);
		else
			result = statement_bind_string(statement, *first, parameter->value, error);
		if (result)
			return -1;
		(*first)++;
	}
	return 0;
}
