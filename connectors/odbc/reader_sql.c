/* reader_sql.c - the SELECT that gives the rows of a page.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "connectors/odbc/behind.h"
#include "connectors/odbc/dialect.h"
#include "connectors/odbc/reader.h"

/* A value of SQLite with its storage class before it, as held_parse reads it. Texts in hexadecimal: whatever is in them, it arrives. */
static int put_tagged(const char *quoted, struct buffer *out, struct error *error)
{
	return buffer_printf(out, error,
		"CASE typeof(%s) WHEN 'integer' THEN 'i' || %s WHEN 'real' THEN 'r' || printf('%%!.20g', %s)"
		" WHEN 'text' THEN 'x' || hex(CAST(%s AS BLOB)) WHEN 'blob' THEN 'b' || hex(%s) END",
		quoted, quoted, quoted, quoted, quoted);
}

/* A value of a server as it prints it itself, and never as the driver understood it. */
static int put_printed(const struct field *field, const struct reader_column *read, const char *quoted, struct buffer *out,
	struct error *error)
{
	const struct catalog_column *column = read->column;
	enum column_kind kind = column ? column->kind : KIND_OTHER;

	if (kind == KIND_TEXT)
		return buffer_puts(out, quoted, error); /* a cast would cut the padding of char(n) */
	if (field && field->type == VALUE_BINARY && kind == KIND_BINARY)
		return buffer_printf(out, error, "encode(%s, 'hex')", quoted);
	if (field && (field->type == VALUE_INTEGER || field->type == VALUE_YEAR) && kind == KIND_DECIMAL)
		return buffer_printf(out, error, "CAST(trim_scale(%s) AS text)", quoted);
	/* Four bytes of floating point are exact in eight, and not in their shortest text. */
	if (field && field->type == VALUE_DOUBLE && read->floating && (!column || column->bits == 32))
		return buffer_printf(out, error, "CAST(CAST(%s AS double precision) AS text)", quoted);
	return buffer_printf(out, error, "CAST(%s AS text)", quoted);
}

/* The same where the dialect says how. A part of a key, and a column of a query, are read as what they are. */
static int put_read(const struct reader *reader, const struct field *field, const struct reader_column *read, const char *quoted,
	struct buffer *out, struct error *error)
{
	static const struct field any = { .type = VALUE_STRING };

	if (!read->column && read->floating)
		return buffer_printf(out, error, "CAST(CAST(%s AS DOUBLE) AS CHAR)", quoted);
	return reader->dialect->read(field ? field : &any, read->column, quoted, out, error);
}

static int put_name(const struct reader *reader, size_t at, struct buffer *out, struct error *error)
{
	const struct reader_column *column = &reader->columns[at];

	if (reader->way == WAY_ROWID && at == reader->key[0])
		return buffer_puts(out, column->name, error); /* in quotes it would become a text where there is none */
	return dialect_quote(reader->dialect, out, column->name, error);
}

/* "table"."column": the bare name could mean a column of the result. */
static int put_qualified(const struct reader *reader, size_t at, struct buffer *out, struct error *error)
{
	char schema[NAME_MAX_BYTES];
	const char *name;

	dialect_split(reader->table, schema, sizeof schema, &name);
	if (dialect_quote(reader->dialect, out, name, error) || buffer_puts(out, ".", error))
		return -1;
	return put_name(reader, at, out, error);
}

/* "behind", or the opposite of it, in a form that the key's index answers. */
static int put_behind(const struct reader *reader, const char *before, struct buffer *out, struct error *error)
{
	struct behind_part parts[BEHIND_PARTS_MAX];
	int result = 0;

	behind_init(parts, reader->key_count);
	for (size_t i = 0; result == 0 && i < reader->key_count; i++) {
		const struct catalog_column *column = reader->columns[reader->key[i]].column;

		if (put_qualified(reader, reader->key[i], &parts[i].column, error) ||
		    reader->dialect->ordered_value(column, false, &parts[i].value, error))
			result = -1;
	}
	if (result == 0 && (buffer_puts(out, before, error) || behind_put(parts, reader->key_count, out, error)))
		result = -1;
	behind_fini(parts, reader->key_count);
	return result;
}

static int put_columns(const struct reader *reader, struct buffer *out, struct error *error)
{
	const struct schema *schema = reader->context->schema;
	struct buffer quoted;
	int result = 0;

	buffer_init(&quoted, 4096);
	for (size_t i = 0; i < reader->count && result == 0; i++) {
		const struct reader_column *column = &reader->columns[i];
		const struct field *field = column->field == SCHEMA_NO_FIELD ? NULL : &schema->fields[column->field];

		buffer_clear(&quoted);
		result = (i && buffer_puts(out, ", ", error)) || put_name(reader, i, &quoted, error) ? -1 : 0;
		if (result == 0 && (reader->capture || (reader->copied.chosen && reader->copied.columns[i].form != BINARY_PRINTED)))
			result = buffer_puts(out, buffer_text(&quoted), error);
		else if (result == 0 && reader->dialect->has_cursors)
			result = put_printed(field, column, buffer_text(&quoted), out, error);
		else if (result == 0 && reader->dialect->tagged_values)
			result = put_tagged(buffer_text(&quoted), out, error);
		else if (result == 0)
			result = put_read(reader, field, column, buffer_text(&quoted), out, error);
		if (result == 0)
			result = buffer_printf(out, error, " AS penstock_%zu", i);
	}
	buffer_fini(&quoted);
	return result;
}

/* A part of a key as SQL that means exactly the value. The plus takes the affinity away, as a stored value has none of its own. */
static int put_literal(const struct buffer *text, struct buffer *out, struct error *error)
{
	struct held held = { .type = 0 };
	const char *data = buffer_text(text);
	int result;

	if (!held_parse(&held, data, text->length))
		result = error_set(error, ERROR_CONFIG, NULL, "\"%.40s\" is no part of a key", data);
	else if (data[0] == 'i')
		result = buffer_printf(out, error, "%s", data + 1);
	else if (data[0] == 'r')
		result = buffer_printf(out, error, "+CAST('%.17g' AS REAL)", held.real);
	else if (data[0] == 'b')
		result = buffer_printf(out, error, "x'%s'", data + 1);
	else
		result = buffer_puts(out, "+CAST(x'", error);
	for (size_t i = 0; result == 0 && (data[0] == 't' || data[0] == 'x') && i < held.length; i++)
		result = buffer_printf(out, error, "%02X", (unsigned)(unsigned char)held.bytes[i]);
	if (result == 0 && (data[0] == 't' || data[0] == 'x'))
		result = buffer_puts(out, "' AS TEXT)", error);
	held_fini(&held);
	return result;
}

/* A text that is bound, as a value of the column; "?" stands for it. */
static int put_key_text(const struct reader *reader, const struct reader_column *column, struct buffer *out, struct error *error)
{
	if (column->column->kind == KIND_BINARY && column->field != SCHEMA_NO_FIELD &&
	    reader->context->schema->fields[column->field].type == VALUE_BINARY)
		return buffer_puts(out, "decode(CAST(? AS text), 'hex')", error);
	if (column->column->kind == KIND_TEXT)
		return buffer_puts(out, "CAST(? AS text)", error);
	return buffer_printf(out, error, "CAST(? AS %s)", column->column->cast ? column->column->cast : "bigint");
}

static int put_key_value(const struct reader *reader, size_t part, const struct buffer *texts, bool captured, struct buffer *out,
	struct error *error)
{
	const struct reader_column *column = &reader->columns[reader->key[part]];
	struct buffer expression;
	int result;

	if (captured)
		return buffer_printf(out, error, "penstock_key(%zu)", part);
	if (!reader->dialect->has_cursors)
		return put_literal(&texts[part], out, error);
	if (!reader->copied.chosen)
		return put_key_text(reader, column, out, error);
	buffer_init(&expression, 4096);
	result = put_key_text(reader, column, &expression, error);
	if (result == 0)
		result = condition_put_setting(buffer_text(&expression), texts == reader->until ? "until" : "from", part, out, error);
	buffer_fini(&expression);
	return result;
}

static int put_bound(const struct reader *reader, const char *sign, const struct buffer *texts, bool captured, const char **joint,
	struct buffer *out, struct error *error)
{
	if (buffer_puts(out, *joint, error))
		return -1;
	*joint = " AND ";
	if (reader->dialect->ordered)
		return put_behind(reader, sign[0] == '>' ? "" : "NOT ", out, error);
	if (buffer_puts(out, "(", error))
		return -1;
	for (size_t i = 0; i < reader->key_count; i++)
		if ((i && buffer_puts(out, ", ", error)) || put_qualified(reader, reader->key[i], out, error))
			return -1;
	if (buffer_printf(out, error, ") %s (", sign))
		return -1;
	for (size_t i = 0; i < reader->key_count; i++)
		if ((i && buffer_puts(out, ", ", error)) || put_key_value(reader, i, texts, captured, out, error))
			return -1;
	return buffer_puts(out, ")", error);
}

static enum condition_values values_of(const struct reader *reader)
{
	return reader->copied.chosen ? VALUES_SET : reader->called ? VALUES_CALLED : VALUES_BOUND;
}

static int put_select(const struct reader *reader, size_t rows, struct buffer *out, struct error *error)
{
	const char *joint = " WHERE ";

	if (buffer_puts(out, "SELECT ", error) || put_columns(reader, out, error) || buffer_puts(out, " FROM ", error))
		return -1;
	if (!reader->table)
		return buffer_puts(out, "(\n", error) || condition_put(reader->query, reader->dialect, values_of(reader), out, error) ||
				(reader->query_tail && buffer_puts(out, reader->query_tail, error)) ||
				buffer_puts(out, "\n) AS penstock_query", error) ||
				(reader->fetch.most && buffer_printf(out, error, " LIMIT %zu", reader->fetch.most))
			? -1
			: 0;
	if (dialect_quote_table(reader->dialect, out, reader->catalog.table, error))
		return -1;
	if (reader->where) {
		/* On lines of its own, so that a comment at its end does not hide the bracket. */
		if (buffer_puts(out, " WHERE (\n", error) || condition_put(reader->where, reader->dialect, values_of(reader), out, error) ||
		    buffer_puts(out, "\n)", error))
			return -1;
		joint = " AND ";
	}
	if (!reader->key_count)
		return reader->fetch.most ? buffer_printf(out, error, " LIMIT %zu", reader->fetch.most) : 0;
	if (reader->behind && put_bound(reader, ">", reader->fetch.from, reader->capture, &joint, out, error))
		return -1;
	if (reader->bounded && put_bound(reader, "<=", reader->until, false, &joint, out, error))
		return -1;
	for (size_t i = 0; i < reader->key_count; i++)
		if (buffer_puts(out, i ? ", " : " ORDER BY ", error) || put_qualified(reader, reader->key[i], out, error))
			return -1;
	return reader->copied.chosen ? 0 : buffer_printf(out, error, " LIMIT %zu", rows);
}

/* The function over the page: it sees the rows in the order of the page, which has a limit and so keeps its own. */
static int put_captured(const struct reader *reader, size_t rows, struct buffer *out, struct error *error)
{
	if (buffer_puts(out, reader->way == WAY_STREAM ? "SELECT penstock_row(" : "SELECT penstock_capture(", error))
		return -1;
	for (size_t i = 0; i < reader->count; i++)
		if (buffer_printf(out, error, "%spenstock_%zu", i ? ", " : "", i))
			return -1;
	if (buffer_puts(out, ") FROM (", error) || put_select(reader, rows, out, error))
		return -1;
	/* With a limit inside and a condition outside SQLite cannot make one query of both ("The Query Flattener", 19), in which the function
	 * could be called before rows are sorted or left out. */
	return buffer_puts(out, reader->way == WAY_STREAM ? " LIMIT -1) WHERE +1" : ")", error);
}

/* The whole table from a row on, in the order in which it lies in the file; the function ends it when the batch is full. Without an index
 * there is no other order, and a page costs half as much as with ORDER BY and LIMIT, for which SQLite copies each row. */
static int put_direct(const struct reader *reader, struct buffer *out, struct error *error)
{
	const char *joint = " NOT INDEXED WHERE ";

	if (buffer_puts(out, "SELECT penstock_capture(", error))
		return -1;
	for (size_t i = 0; i < reader->count; i++)
		if ((i && buffer_puts(out, ", ", error)) || put_name(reader, i, out, error))
			return -1;
	if (buffer_puts(out, ") FROM ", error) || dialect_quote_table(reader->dialect, out, reader->catalog.table, error))
		return -1;
	if (reader->behind && put_bound(reader, ">", reader->fetch.from, true, &joint, out, error))
		return -1;
	if (reader->bounded && put_bound(reader, "<=", reader->until, false, &joint, out, error))
		return -1;
	return reader->behind || reader->bounded ? 0 : buffer_puts(out, " NOT INDEXED", error);
}

int reader_put_page(struct reader *reader, size_t rows, struct error *error)
{
	buffer_clear(&reader->sql);
	if (reader->direct)
		return put_direct(reader, &reader->sql, error);
	return reader->capture ? put_captured(reader, rows, &reader->sql, error) : put_select(reader, rows, &reader->sql, error);
}

int reader_bind_page(struct reader *reader, struct statement *statement, struct error *error)
{
	unsigned number = 1;

	if (reader->called)
		return 0;
	if (condition_bind(reader->table ? reader->where : reader->query, statement, &number, error))
		return -1;
	if (reader->dialect->tagged_values || !reader->key_count)
		return 0;
	if (reader->dialect->ordered) {
		if (reader->behind && behind_bind(statement, &number, reader->fetch.from, reader->key_count, error))
			return -1;
		return reader->bounded ? behind_bind(statement, &number, reader->until, reader->key_count, error) : 0;
	}
	for (size_t i = 0; reader->behind && i < reader->key_count; i++)
		if (statement_bind_text(statement, number++, buffer_text(&reader->fetch.from[i]), reader->fetch.from[i].length, error))
			return -1;
	for (size_t i = 0; reader->bounded && i < reader->key_count; i++)
		if (statement_bind_text(statement, number++, buffer_text(&reader->until[i]), reader->until[i].length, error))
			return -1;
	return 0;
}
