/* captured.c - values of a few rows, and how two of them differ.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/compare/captured.h"

#include <stdlib.h>
#include <string.h>

#include "engine/compare/differ.h"

enum { BYTES_MAX = 8 << 20 };

struct captured_cell {
	struct fingerprint print; /* of the value: what is shown may be cut */
	char *text;               /* NULL: null */
};

void captured_init(struct captured *captured)
{
	*captured = (struct captured){.count = 0};
}

void captured_fini(struct captured *captured)
{
	for (size_t i = 0; i < captured->count; i++) {
		for (size_t c = 0; captured->rows[i].cells && c < captured->cells; c++)
			free(captured->rows[i].cells[c].text);
		free(captured->rows[i].cells);
	}
	free(captured->rows);
	*captured = (struct captured){.count = 0};
}

int captured_want(struct captured *captured, const struct fingerprint *key, const struct fingerprint *row, int side, uint64_t times,
	struct error *error)
{
	if (captured->count == captured->capacity) {
		size_t capacity = captured->capacity ? 2 * captured->capacity : 32;
		struct captured_row *rows = realloc(captured->rows, capacity * sizeof *rows);
		if (!rows)
			return error_memory(error, "the rows that differ");
		captured->rows = rows;
		captured->capacity = capacity;
	}
	captured->rows[captured->count++] = (struct captured_row){.key = *key, .row = *row, .side = side, .times = times};
	return 0;
}

/* --- values ------------------------------------------------------------------------------------- */

static char *hexadecimal(struct text bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = bytes.length < DIFFER_CELL_MAX / 2 ? bytes.length : DIFFER_CELL_MAX / 2;
	char *out = malloc(2 * length + 4), *to = out;

	for (size_t i = 0; out && i < length; i++) {
		*to++ = digits[(unsigned char)bytes.data[i] >> 4];
		*to++ = digits[(unsigned char)bytes.data[i] & 15];
	}
	if (out)
		strcpy(to, length < bytes.length ? "..." : "");
	return out;
}

static char *shown_text(struct text text)
{
	size_t length = text.length;

	if (length > DIFFER_CELL_MAX) {
		/* At the end of a character. */
		for (length = DIFFER_CELL_MAX; length > 0 && ((unsigned char)text.data[length] & 0xC0) == 0x80;)
			length--;
	}
	char *out = malloc(length + 4);
	if (!out)
		return NULL;
	memcpy(out, text.data, length);
	strcpy(out + length, length < text.length ? "..." : "");
	return out;
}

static int take_cell(struct captured_cell *cell, const struct batch *batch, size_t column, uint32_t row, struct buffer *work,
	struct error *error)
{
	const struct column *from = &batch->columns[column];
	char small[VALUE_TEXT_MAX];

	if (fingerprint_of_key(batch, &column, 1, row, work, &cell->print, error))
		return -1;
	if (from->cells[row] != CELL_VALUE)
		return 0;
	struct text text = batch_cell_text(batch, column, row, small);
	if (from->field->sensitive)
		cell->text = strdup("(sensitive)");
	else
		cell->text = from->field->type == VALUE_BINARY ? hexadecimal(text) : shown_text(text);
	return cell->text ? 0 : error_memory(error, "the rows that differ");
}

static int take_row(struct captured *captured, struct captured_row *to, const struct batch *batch, uint32_t row, struct buffer *work,
	struct error *error)
{
	captured->cells = batch->schema->field_count;
	to->record_no = batch->origins[row].record_no;
	to->cells = calloc(captured->cells + 1, sizeof *to->cells);
	if (!to->cells)
		return error_memory(error, "the rows that differ");
	captured->bytes += captured->cells * sizeof *to->cells;
	for (size_t i = 0; i < captured->cells; i++) {
		if (take_cell(&to->cells[i], batch, i, row, work, error))
			return -1;
		captured->bytes += to->cells[i].text ? strlen(to->cells[i].text) + 1 : 0;
	}
	return 0;
}

int captured_offer(struct captured *captured, const struct fingerprint *key, const struct fingerprint *row, int side,
	const struct batch *batch, uint32_t index, struct buffer *work, struct error *error)
{
	size_t low = 0, high = captured->count;

	/* They stand in the order of their keys. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct fingerprint *at = &captured->rows[middle].key;
		if (at->high < key->high || (at->high == key->high && at->low < key->low))
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < captured->count && fingerprint_equal(&captured->rows[low].key, key); low++) {
		struct captured_row *wanted = &captured->rows[low];
		if (wanted->side == side && !wanted->cells && fingerprint_equal(&wanted->row, row))
			return captured->bytes < BYTES_MAX ? take_row(captured, wanted, batch, index, work, error) : 0;
	}
	return 0;
}

/* --- report ------------------------------------------------------------------------------------- */

static json_t *value(const struct captured_cell *cell)
{
	return cell->text ? json_string(cell->text) : json_null();
}

static json_t *key_of(const struct captured_row *row, const struct schema *schema, const size_t *key, size_t count)
{
	json_t *object = json_object();

	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(object, schema->fields[key[i]].name, value(&row->cells[key[i]])) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static json_t *changed(const struct captured_row *a, const struct captured_row *b, const struct schema *schema, const size_t *key,
	size_t key_count)
{
	json_t *columns = json_object();
	int failed = !columns;

	for (size_t i = 0; i < schema->field_count; i++)
		if (!fingerprint_equal(&a->cells[i].print, &b->cells[i].print))
			failed |= json_object_set_new(columns, schema->fields[i].name,
				json_pack("{s:o, s:o}", "a", value(&a->cells[i]), "b", value(&b->cells[i])));
	json_t *out = json_pack("{s:s, s:o, s:o}", "difference", "changed", "key", key_of(a, schema, key, key_count), "columns", columns);
	if (!failed)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *only(const struct captured_row *row, uint64_t times, const struct schema *schema, const size_t *key, size_t key_count)
{
	json_t *values = json_object();
	int failed = !values;

	for (size_t i = 0; i < schema->field_count; i++)
		failed |= json_object_set_new(values, schema->fields[i].name, value(&row->cells[i]));
	json_t *out = json_pack("{s:s, s:I, s:o, s:o}", "difference", row->side == SIDE_A ? "only_in_a" : "only_in_b", "times",
		(json_int_t)times, "key", key_of(row, schema, key, key_count), "row", values);
	if (!failed)
		return out;
	json_decref(out);
	return NULL;
}

/* What is told of one key, where A has it, or B where A does not. */
struct told {
	uint64_t record_no;
	int side;
	size_t first, end;
};

static int by_place(const void *one, const void *other)
{
	const struct told *a = one, *b = other;

	if (a->side != b->side)
		return a->side - b->side;
	return (a->record_no > b->record_no) - (a->record_no < b->record_no);
}

/* A's rows of a key against B's, one by one; what is left over is only there. */
static int tell(const struct captured *captured, const struct told *told, const struct schema *schema, const size_t *key,
	size_t key_count, json_t *out)
{
	size_t a = told->first, b = told->first;
	uint64_t used_a = 0, used_b = 0;

	while (b < told->end && captured->rows[b].side == SIDE_A)
		b++;
	size_t end_a = b;
	while (a < end_a || b < told->end) {
		const struct captured_row *left = a < end_a ? &captured->rows[a] : NULL, *right = b < told->end ? &captured->rows[b] : NULL;
		uint64_t times_a = left ? left->times - used_a : 0, times_b = right ? right->times - used_b : 0;
		uint64_t times = !left ? times_b : !right || times_a < times_b ? times_a : times_b;
		bool there = (!left || left->cells) && (!right || right->cells);
		json_t *row = !there ? NULL : left && right ? changed(left, right, schema, key, key_count) :
			only(left ? left : right, times, schema, key, key_count);
		if (there && json_array_append_new(out, row) < 0)
			return -1;
		used_a += left ? times : 0;
		used_b += right ? times : 0;
		if (left && used_a == left->times) {
			a++;
			used_a = 0;
		}
		if (right && used_b == right->times) {
			b++;
			used_b = 0;
		}
	}
	return 0;
}

json_t *captured_report(const struct captured *captured, const struct schema *schema, const size_t *key, size_t key_count)
{
	json_t *out = json_array();
	struct told *told = calloc(captured->count + 1, sizeof *told);
	size_t count = 0;
	int failed = !out || !told;

	for (size_t first = 0, end; told && first < captured->count; first = end) {
		const struct captured_row *row = &captured->rows[first];
		for (end = first; end < captured->count && fingerprint_equal(&captured->rows[end].key, &row->key);)
			end++;
		told[count++] = (struct told){.record_no = row->record_no, .side = row->side, .first = first, .end = end};
	}
	if (told)
		qsort(told, count, sizeof *told, by_place);
	for (size_t i = 0; i < count && !failed; i++)
		failed = tell(captured, &told[i], schema, key, key_count, out);
	free(told);
	if (!failed)
		return out;
	json_decref(out);
	return NULL;
}
