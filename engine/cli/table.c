/* table.c - aligned columns by display width.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/cli/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "engine/cli/display.h"

enum { GAP = 2, CELLS_MAX = 64 << 20, LAST_LEAST = 12 };

void table_init(struct text_table *table, FILE *out, const struct table_column *columns, unsigned line)
{
	memset(table, 0, sizeof *table);
	table->out = out;
	table->columns = columns;
	table->line = line;
	while (columns[table->column_count].title) {
		assert(table->column_count < TABLE_COLUMNS_MAX);
		table->widths[table->column_count] = display_width(columns[table->column_count].title,
			strlen(columns[table->column_count].title));
		table->column_count++;
	}
	buffer_init(&table->cells, CELLS_MAX);
}

void table_fini(struct text_table *table)
{
	buffer_fini(&table->cells);
}

static void put_padding(FILE *out, size_t columns)
{
	fprintf(out, "%*s", (int)columns, "");
}

/* One cell in its width; the last of a line gets no padding behind it. */
static void put_cell(const struct text_table *table, size_t column, const char *text)
{
	size_t length = strlen(text), width = display_width(text, length), room = table->widths[column];
	bool last = column + 1 == table->column_count, right = table->columns[column].right;
	size_t most = table->columns[column].most ? table->columns[column].most : SIZE_MAX;
	if (column == 0)
		put_padding(table->out, table->indent);
	if (last && table->line) {
		size_t before = table->indent;
		for (size_t i = 0; i < column; i++)
			before += table->widths[i] + GAP;
		size_t rest = table->line > before + LAST_LEAST ? table->line - before : LAST_LEAST;
		most = most < rest ? most : rest;
	}
	const char *end = "";
	if (width > most) {
		length = display_cut(text, length, most - 3);
		end = "...";
		width = display_width(text, length) + 3;
	}
	if (right && width < room)
		put_padding(table->out, room - width);
	fwrite(text, 1, length, table->out);
	fputs(end, table->out);
	if (!right && !last && width < room)
		put_padding(table->out, room - width);
	if (last)
		fputc('\n', table->out);
	else
		put_padding(table->out, GAP);
}

static void put_rows(struct text_table *table)
{
	if (!table->titled)
		for (size_t i = 0; i < table->column_count; i++)
			put_cell(table, i, table->columns[i].title);
	table->titled = true;
	const char *text = buffer_text(&table->cells);
	for (size_t row = 0; row < table->rows; row++)
		for (size_t i = 0; i < table->column_count; i++) {
			put_cell(table, i, text);
			text += strlen(text) + 1;
		}
	table->rows = 0;
	buffer_clear(&table->cells);
}

int table_cell(struct text_table *table, const char *text, size_t length, struct error *error)
{
	size_t start = table->cells.length;
	if (display_escape(&table->cells, text, length, error) || buffer_append(&table->cells, "", 1, error))
		return -1;
	size_t column = table->cell;
	if (!table->titled) {
		size_t width = display_width(table->cells.data + start, table->cells.length - 1 - start);
		size_t most = table->columns[column].most;
		if (most && width > most)
			width = most;
		if (width > table->widths[column])
			table->widths[column] = width;
	}
	table->cell = (column + 1) % table->column_count;
	if (table->cell == 0 && (++table->rows == TABLE_ROWS_MAX || table->titled))
		put_rows(table);
	return 0;
}

int table_text(struct text_table *table, const char *text, struct error *error)
{
	return table_cell(table, text ? text : "", text ? strlen(text) : 0, error);
}

int table_printf(struct text_table *table, struct error *error, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return table_text(table, text, error);
}

void table_end(struct text_table *table)
{
	assert(table->cell == 0);
	put_rows(table);
}
