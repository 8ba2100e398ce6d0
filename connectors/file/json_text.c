/* json_text.c - rows as JSON objects (RFC 8259).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/json_text.h"

#include <stdio.h>
#include <string.h>

/* What stands for a byte below a space, a quote or a backslash; its length. */
static size_t escape(unsigned char byte, char out[8])
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = byte ? strchr(plain, byte) : NULL;

	if (!at)
		return (size_t)snprintf(out, 8, "\\u%04x", byte);
	out[0] = '\\';
	out[1] = letters[at - plain];
	return 2;
}

static int put_string(const char *text, size_t length, const struct text_to *to, struct error *error)
{
	size_t begin = 0;

	if (text_put(to, "\"", 1, error) < 0)
		return -1;
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];
		char escaped[8];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		if ((i > begin && text_put(to, text + begin, i - begin, error) < 0) ||
		    text_put(to, escaped, escape(byte, escaped), error) < 0)
			return -1;
		begin = i + 1;
	}
	if (length > begin && text_put(to, text + begin, length - begin, error) < 0)
		return -1;
	return text_put(to, "\"", 1, error);
}

static int put_binary(struct text bytes, const struct text_to *to, struct error *error)
{
	if (text_put(to, "\"", 1, error) < 0 || text_put_base64(bytes.data, bytes.length, to, error) < 0)
		return -1;
	return text_put(to, "\"", 1, error);
}

static int put_value(const struct batch *batch, size_t column, uint32_t row, const struct text_to *to, struct error *error)
{
	char typed[VALUE_TEXT_MAX];
	struct text text = batch_cell_text(batch, column, row, typed);

	switch (batch->columns[column].field->type) {
	case VALUE_INTEGER:
	case VALUE_DOUBLE:
	case VALUE_DECIMAL:
	case VALUE_BOOLEAN:
	case VALUE_YEAR:
	case VALUE_JSON:
		return text_put(to, text.data, text.length, error);
	case VALUE_BINARY:
		return put_binary(text, to, error);
	default:
		return put_string(text.data, text.length, to, error);
	}
}

static int put_field(const struct json_style *style, const struct batch *batch, size_t column, uint32_t row, const struct text_to *to,
	struct error *error)
{
	const struct field *field = batch->columns[column].field;

	if (put_string(field->name, strlen(field->name), to, error) < 0 || text_put(to, ":", 1, error) < 0)
		return -1;
	if (batch->columns[column].cells[row] != CELL_VALUE)
		return text_put(to, "null", 4, error);
	if (style->masked && field->sensitive)
		return put_string(TEXT_MASK, strlen(TEXT_MASK), to, error);
	return put_value(batch, column, row, to, error);
}

static int head(const void *own, const struct schema *schema, const struct text_to *to, struct error *error)
{
	const struct json_style *style = own;

	(void)schema;
	return style->lines ? 0 : text_put(to, "[", 1, error);
}

static int put_row(const void *own, const struct batch *batch, uint32_t row, uint64_t before, const struct text_to *to, struct error *error)
{
	const struct json_style *style = own;

	if (!style->lines && text_put(to, before ? ",\n" : "\n", before ? 2 : 1, error) < 0)
		return -1;
	for (size_t i = 0; i < batch->schema->field_count; i++)
		if (text_put(to, i ? "," : "{", 1, error) < 0 || put_field(style, batch, i, row, to, error) < 0)
			return -1;
	if (batch->schema->field_count == 0 && text_put(to, "{", 1, error) < 0)
		return -1;
	return style->lines ? text_put(to, "}\n", 2, error) : text_put(to, "}", 1, error);
}

static int tail(const void *own, uint64_t rows, const struct text_to *to, struct error *error)
{
	const struct json_style *style = own;

	if (style->lines)
		return 0;
	return rows ? text_put(to, "\n]\n", 3, error) : text_put(to, "]\n", 2, error);
}

const struct text_format json_text = { .name = "JSON", .head = head, .row = put_row, .tail = tail };
