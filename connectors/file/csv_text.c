/* csv_text.c - rows as CSV (RFC 4180).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/csv_text.h"

#include <stdio.h>
#include <string.h>

static bool needs_quotes(const struct csv_style *style, const char *text, size_t length)
{
	static const char mark[] = "\xEF\xBB\xBF";

	if (length == 0 || (length >= 3 && memcmp(text, mark, 3) == 0))
		return true;
	for (size_t i = 0; i < length; i++)
		if (text[i] == style->delimiter || text[i] == style->quote || text[i] == '\n' || text[i] == '\r')
			return true;
	return false;
}

/* Text within quotes: each quote in it stands twice. */
struct within {
	char quote;
	const struct text_to *to;
};

/* Pieces up to a quote, the next beginning with it again. */
static int put_within(void *self, const char *text, size_t length, struct error *error)
{
	const struct within *within = self;
	const char *end = text + length;

	while (text < end) {
		const char *quote = memchr(text, within->quote, (size_t)(end - text));
		size_t piece = quote ? (size_t)(quote - text) + 1 : (size_t)(end - text);

		if (text_put(within->to, text, piece, error) < 0 || (quote && text_put(within->to, quote, 1, error) < 0))
			return -1;
		text += piece;
	}
	return 0;
}

static int put_quoted(const struct csv_style *style, const char *text, size_t length, const struct text_to *to, struct error *error)
{
	struct within within = { .quote = style->quote, .to = to };

	if (text_put(to, &style->quote, 1, error) < 0 || put_within(&within, text, length, error) < 0)
		return -1;
	return text_put(to, &style->quote, 1, error);
}

static int put_cell(const struct csv_style *style, const char *text, size_t length, const struct text_to *to, struct error *error)
{
	if (needs_quotes(style, text, length))
		return put_quoted(style, text, length, to, error);
	return text_put(to, text, length, error);
}

/* Base64 may hold the delimiter or the quote where these are such as / or =. */
static int put_binary(const struct csv_style *style, struct text bytes, const struct text_to *to, struct error *error)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	struct within within = { .quote = style->quote, .to = to };
	const struct text_to quoted = { .write = put_within, .self = &within };

	if (bytes.length > 0 && !strchr(digits, style->delimiter) && !strchr(digits, style->quote))
		return text_put_base64(bytes.data, bytes.length, to, error);
	if (text_put(to, &style->quote, 1, error) < 0 || text_put_base64(bytes.data, bytes.length, &quoted, error) < 0)
		return -1;
	return text_put(to, &style->quote, 1, error);
}

static int put_line_end(const struct csv_style *style, const struct text_to *to, struct error *error)
{
	return style->crlf ? text_put(to, "\r\n", 2, error) : text_put(to, "\n", 1, error);
}

static int head(const void *own, const struct schema *schema, const struct text_to *to, struct error *error)
{
	const struct csv_style *style = own;

	if (!style->header)
		return 0;
	for (size_t i = 0; i < schema->field_count; i++)
		if ((i > 0 && text_put(to, &style->delimiter, 1, error) < 0) ||
		    put_cell(style, schema->fields[i].name, strlen(schema->fields[i].name), to, error) < 0)
			return -1;
	return put_line_end(style, to, error);
}

static int put_field(const struct csv_style *style, const struct batch *batch, size_t column, uint32_t row, const struct text_to *to,
	struct error *error)
{
	const struct field *field = batch->columns[column].field;
	char typed[VALUE_TEXT_MAX];

	if (batch->columns[column].cells[row] != CELL_VALUE)
		return batch->schema->field_count == 1 ? put_cell(style, "", 0, to, error) : 0;
	if (style->masked && field->sensitive)
		return put_cell(style, TEXT_MASK, strlen(TEXT_MASK), to, error);
	struct text text = batch_cell_text(batch, column, row, typed);
	if (field->type == VALUE_YEAR) /* four digits, as the dictionary reads them */
		text.length = (size_t)snprintf(typed, sizeof typed, "%04lld", (long long)batch->columns[column].integers[row]);
	if (field->type == VALUE_BINARY)
		return put_binary(style, text, to, error);
	return put_cell(style, text.data, text.length, to, error);
}

static int put_row(const void *own, const struct batch *batch, uint32_t row, uint64_t before, const struct text_to *to, struct error *error)
{
	const struct csv_style *style = own;

	(void)before;
	for (size_t i = 0; i < batch->schema->field_count; i++)
		if ((i > 0 && text_put(to, &style->delimiter, 1, error) < 0) || put_field(style, batch, i, row, to, error) < 0)
			return -1;
	return put_line_end(style, to, error);
}

static int tail(const void *own, uint64_t rows, const struct text_to *to, struct error *error)
{
	(void)own;
	(void)rows;
	(void)to;
	(void)error;
	return 0;
}

const struct text_format csv_text = { .name = "CSV", .head = head, .row = put_row, .tail = tail };
