/* style.c - what a CSV source and a CSV sink demand alike of their options.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/csv/style.h"

#include <stddef.h>
#include <string.h>

#include "engine/core/source.h"
#include "engine/core/utf8.h"

static bool is_usable(char c)
{
	return (unsigned char)c < 0x80 && c != '\0' && c != '\r' && c != '\n';
}

int csv_check_path(const char *path, const char *what, struct error *error)
{
	if (path[0] == '\0')
		return error_set(error, ERROR_CONFIG, NULL, "path of the %s is empty", what);
	if (strlen(path) >= sizeof ((struct source_identity *)NULL)->path)
		return error_set(error, ERROR_CONFIG, path, "path of the %s is too long", what);
	return 0;
}

int csv_check_characters(const char *path, char delimiter, char quote, struct error *error)
{
	if (!is_usable(delimiter))
		return error_set(error, ERROR_CONFIG, path, "delimiter must be one ASCII character and no line end");
	if (!is_usable(quote) || quote == ' ' || quote == '\t')
		return error_set(error, ERROR_CONFIG, path, "quote must be one ASCII character, no space, tab or line end");
	if (quote == delimiter)
		return error_set(error, ERROR_CONFIG, path, "delimiter and quote are the same character");
	return 0;
}

static int refuse(const char *what, const char *must, struct error *error)
{
	return error_set(error, ERROR_CONFIG, NULL, "%s of the csv source must be %s", what, must);
}

/* A letter or digit in such a place would stand in the cells as well. */
static bool is_mark(const char *text)
{
	return text[0] != '\0' && text[1] == '\0' && is_usable(text[0]) && text[0] != ' ' && text[0] != '\t';
}

static int set_delimiter(const char *text, struct grammar *grammar, struct error *error)
{
	if (strcmp(text, "\\t") == 0)
		text = "\t";
	size_t length = strlen(text);
	if (length == 0 || length > DELIMITER_MAX || strpbrk(text, "\r\n") || utf8_find_bad(text, length, 0) < length)
		return refuse("delimiter", "one character or a few, such as \";\", \"||\", or \"\\t\" for a tab, without a line end", error);
	memcpy(grammar->delimiter_text, text, length);
	grammar->delimiter = text[0];
	grammar->delimiter_length = length;
	grammar->first_length = utf8_character(text, length);
	grammar->wide = grammar->wide || length > 1;
	return 0;
}

static int set_comment(const char *text, struct grammar *grammar, struct error *error)
{
	size_t length = strlen(text);
	if (length == 0 || length > COMMENT_MAX || strpbrk(text, "\r\n") || text[0] == grammar->delimiter ||
	    (grammar->quote != '\0' && text[0] == grammar->quote))
		return refuse("comment", "a few characters that begin neither with the delimiter nor with the quote, such as \"#\"", error);
	memcpy(grammar->comment, text, length);
	grammar->comment_length = length;
	return 0;
}

int csv_grammar(const struct csv_options *options, struct grammar *out, struct error *error)
{
	const char *quote = options->quote ? options->quote : "\"", *escape = options->escape;

	*out = (struct grammar){ .trim = options->trim };
	if (set_delimiter(options->delimiter ? options->delimiter : ",", out, error) < 0)
		return -1;
	if (strcmp(quote, "none") != 0) {
		if (!is_mark(quote))
			return refuse("quote", "one ASCII character, no space, tab or line end, or none", error);
		out->quote = quote[0];
		if (strchr(out->delimiter_text, out->quote))
			return error_set(error, ERROR_CONFIG, NULL, "\"delimiter\" and \"quote\" of the csv source are the same character");
	}
	/* An escape that is the quote is what doubled quotes are anyway. */
	if (escape && strcmp(escape, quote) != 0) {
		if (!is_mark(escape))
			return refuse("escape", "one ASCII character, no space, tab or line end", error);
		if (strchr(out->delimiter_text, escape[0]))
			return error_set(error, ERROR_CONFIG, NULL, "\"delimiter\" and \"escape\" of the csv source are the same character");
		out->escape = escape[0];
	}
	if (options->escape_codes && out->escape == '\0')
		return error_set(error, ERROR_CONFIG, NULL, "escape_codes of the csv source needs an escape, such as \"\\\\\"");
	if (options->comment && set_comment(options->comment, out, error) < 0)
		return -1;
	if (!options->header && options->header_rows > 1)
		return error_set(error, ERROR_CONFIG, NULL, "header_rows of the csv source needs header: true");
	out->codes = options->escape_codes;
	out->initial_space = options->skip_initial_space;
	out->single_quotes = !options->double_quote && out->quote != '\0';
	out->wide = out->wide || out->escape != '\0' || out->initial_space || out->single_quotes;
	return 0;
}
