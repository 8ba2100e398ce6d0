/* keyvalue.c - puts keys together from typed cells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/keyvalue.h"

#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 24 }; /* bytes of a part beside those of a span */

void keymaker_fini(struct keymaker *maker)
{
	free(maker->data);
	*maker = (struct keymaker){.size = 0};
}

enum key_kind key_kind_of(const struct schema *keys)
{
	return keys->field_count == 1 && value_storage(keys->fields[0].type) == STORAGE_INTEGER ? KEY_OF_INTEGER
												: KEY_OF_BYTES;
}

bool key_complete(const struct batch *batch, const size_t *columns, size_t count, uint32_t row)
{
	for (size_t i = 0; i < count; i++)
		if (batch->columns[columns[i]].cells[row] != CELL_VALUE)
			return false;
	return true;
}

/* Seven bits a byte, the last one without its top bit: short for small numbers, and it tells where it ends. */
static size_t put_unsigned(char *out, unsigned __int128 value)
{
	size_t used = 0;
	while (value >= 0x80) {
		out[used++] = (char)(unsigned char)((unsigned char)value | 0x80);
		value >>= 7;
	}
	out[used++] = (char)(unsigned char)value;
	return used;
}

/* Signs alternate (0, -1, 1, -2, ...), so that small negative numbers are short too. */
static size_t put_signed(char *out, decimal_t value)
{
	unsigned __int128 bits = (unsigned __int128)value << 1;
	return put_unsigned(out, value < 0 ? ~bits : bits);
}

static int need(struct keymaker *maker, size_t size, struct error *error)
{
	if (size <= maker->size)
		return 0;
	size_t wanted = maker->size ? maker->size : 256;
	while (wanted < size)
		wanted *= 2;
	char *data = realloc(maker->data, wanted);
	if (!data)
		return error_memory(error, "a key");
	maker->data = data;
	maker->size = wanted;
	return 0;
}

int key_make(struct keymaker *maker, enum key_kind kind, const struct batch *batch, const size_t *columns, size_t count,
	     uint32_t row, struct keyvalue *out, struct error *error)
{
	if (kind == KEY_OF_INTEGER) {
		*out = (struct keyvalue){.integer = batch->columns[columns[0]].integers[row]};
		return 0;
	}
	const struct column *only = &batch->columns[columns[0]];
	if (count == 1 && value_storage(only->field->type) == STORAGE_SPAN) {
		struct span span = only->spans[row];
		*out = (struct keyvalue){.bytes = span.length > 0 ? batch_bytes(batch, span) : "",
					 .length = span.length};
		return 0;
	}
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		const struct column *column = &batch->columns[columns[i]];
		enum value_storage storage = value_storage(column->field->type);
		size_t more = storage == STORAGE_SPAN ? column->spans[row].length : 0;
		if (need(maker, used + more + PART_MAX, error) < 0)
			return -1;
		char *at = maker->data + used;
		switch (storage) {
		case STORAGE_INTEGER:
			used += put_signed(at, column->integers[row]);
			break;
		case STORAGE_DECIMAL:
			used += put_signed(at, column->decimals[row]);
			break;
		case STORAGE_DOUBLE:
			memcpy(at, &column->doubles[row], sizeof(double));
			used += sizeof(double);
			break;
		case STORAGE_SPAN:
			used += put_unsigned(at, more);
			if (more > 0)
				memcpy(maker->data + used, batch_bytes(batch, column->spans[row]), more);
			used += more;
			break;
		}
	}
	*out = (struct keyvalue){.bytes = maker->data, .length = used};
	return 0;
}
