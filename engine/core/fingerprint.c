/* fingerprint.c - sums of hashes of rows and columns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/fingerprint.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Most hashes are of a few bytes, where a call into the library costs more than the hash. */
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { NULL_TAG = 0, VALUE_TAG = 1, INDEX_BYTES = 4, HEAD_BYTES = 5 /* tag and length */, NUMBER_BYTES = 8 };
enum { CELL_BYTES = HEAD_BYTES + NUMBER_BYTES }; /* of a number */
enum { BLOCK_BYTES = 8 * 1024 };                 /* of rows that are hashed together: they stay in the nearest cache */

int fingerprints_init(struct fingerprints *prints, size_t count, struct error *error)
{
	*prints = (struct fingerprints){ .columns = calloc(count ? count : 1, sizeof *prints->columns), .count = count };
	return prints->columns ? 0 : error_memory(error, "fingerprints");
}

void fingerprints_fini(struct fingerprints *prints)
{
	free(prints->columns);
	*prints = (struct fingerprints){ .columns = NULL };
}

void fingerprints_clear(struct fingerprints *prints)
{
	prints->rows = 0;
	prints->total = (struct fingerprint){ 0, 0 };
	memset(prints->columns, 0, prints->count * sizeof *prints->columns);
}

static void add(struct fingerprint *sum, struct fingerprint more)
{
	sum->low += more.low;
	sum->high += more.high + (sum->low < more.low);
}

static struct fingerprint hash(const char *data, size_t length)
{
	XXH128_hash_t h = XXH3_128bits(data, length);
	return (struct fingerprint){ .low = h.low64, .high = h.high64 };
}

static void put_little_endian32(char *out, uint32_t value)
{
	value = htole32(value);
	memcpy(out, &value, sizeof value);
}

static void put_little_endian64(char *out, uint64_t value)
{
	value = htole64(value);
	memcpy(out, &value, sizeof value);
}

/* Digits of a decimal without the zeros at the end of its fraction. */
static size_t format_decimal(decimal_t unscaled, unsigned scale, char *out)
{
	while (scale > 0 && unscaled % 10 == 0) {
		unscaled /= 10;
		scale--;
	}
	return value_format_decimal(unscaled, scale, out);
}

static size_t longest_value(const struct batch *batch, size_t column, uint32_t row)
{
	const struct column *c = &batch->columns[column];
	if (c->cells[row] == CELL_VALUE && value_storage(c->field->type) == STORAGE_SPAN)
		return c->spans[row].length;
	return VALUE_TEXT_MAX;
}

/* Writes tag, length and value of a cell; returns how many bytes. There is room. */
static size_t put_value(const struct batch *batch, size_t column, uint32_t row, char *out)
{
	const struct column *c = &batch->columns[column];
	size_t length = NUMBER_BYTES;
	uint64_t bits;
	if (c->cells[row] != CELL_VALUE) {
		out[0] = NULL_TAG;
		return 1;
	}
	out[0] = VALUE_TAG;
	switch (value_storage(c->field->type)) {
	case STORAGE_INTEGER:
		put_little_endian64(out + HEAD_BYTES, (uint64_t)c->integers[row]);
		break;
	case STORAGE_DOUBLE:
		memcpy(&bits, &c->doubles[row], sizeof bits);
		put_little_endian64(out + HEAD_BYTES, bits);
		break;
	case STORAGE_DECIMAL:
		length = format_decimal(c->decimals[row], c->field->scale, out + HEAD_BYTES);
		break;
	case STORAGE_SPAN:
		length = c->spans[row].length;
		if (length > 0)
			memcpy(out + HEAD_BYTES, batch_bytes(batch, c->spans[row]), length);
		break;
	}
	put_little_endian32(out + 1, (uint32_t)length);
	return HEAD_BYTES + length;
}

/* Room that the canonical bytes of a row need at most. */
static size_t longest_row(const struct batch *batch, uint32_t row)
{
	size_t room = 0;
	for (size_t i = 0; i < batch->schema->field_count; i++)
		room += INDEX_BYTES + HEAD_BYTES + longest_value(batch, i, row);
	return room;
}

static size_t put_row(const struct batch *batch, uint32_t row, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i < batch->schema->field_count; i++) {
		put_little_endian32(out + at, (uint32_t)i);
		at += INDEX_BYTES;
		at += put_value(batch, i, row, out + at);
	}
	return at;
}

/* How many bytes the cell has that begins here: its tag, length and value. */
static size_t cell_bytes(const char *cell)
{
	uint32_t length;
	if (cell[0] == NULL_TAG)
		return 1;
	memcpy(&length, cell + 1, sizeof length);
	return HEAD_BYTES + (size_t)le32toh(length);
}

/* Adds the hashes of the row that begins here, and of its cells to the columns; returns how many bytes it has. */
static size_t add_row(struct fingerprints *prints, size_t fields, const char *row, struct fingerprint *out)
{
	size_t at = 0;
	for (size_t i = 0; i < fields; i++) {
		at += INDEX_BYTES;
		size_t bytes = cell_bytes(row + at);
		/* A length that the compiler knows makes the hash of a number a few instructions. */
		if (prints->columns)
			add(&prints->columns[i], bytes == CELL_BYTES ? hash(row + at, CELL_BYTES) : hash(row + at, bytes));
		at += bytes;
	}
	*out = hash(row, at);
	add(&prints->total, *out);
	prints->rows++;
	return at;
}

/* Some rows are written before they are hashed: a processor that reads eight bytes just after it wrote them as one, four and eight
 * waits until they have reached its cache. */
int fingerprints_add_batch(struct fingerprints *prints, const struct batch *batch, struct buffer *work,
	struct fingerprint *rows, struct error *error)
{
	for (uint32_t row = 0; row < batch->rows;) {
		uint32_t first = row;
		size_t length = 0;
		buffer_clear(work);
		for (; row < batch->rows && length < BLOCK_BYTES; row++) {
			if (batch->status[row] != ROW_LIVE)
				continue;
			size_t room = longest_row(batch, row);
			if (length > 0 && room > BLOCK_BYTES)
				break; /* so that a large row needs no more room than its own */
			work->length = length;
			if (buffer_reserve(work, room, error) < 0)
				return -1;
			length += put_row(batch, row, work->data + length);
		}
		length = 0;
		for (; first < row; first++) {
			struct fingerprint print;
			if (batch->status[first] != ROW_LIVE)
				continue;
			length += add_row(prints, batch->schema->field_count, work->data + length, &print);
			if (rows)
				rows[first] = print;
		}
	}
	return 0;
}

int fingerprint_of_key(const struct batch *batch, const size_t *columns, size_t count, uint32_t row, struct buffer *work,
	struct fingerprint *out, struct error *error)
{
	size_t at = 0, room = 0;
	for (size_t i = 0; i < count; i++)
		room += HEAD_BYTES + longest_value(batch, columns[i], row);
	buffer_clear(work);
	if (buffer_reserve(work, room ? room : 1, error) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		at += put_value(batch, columns[i], row, work->data + at);
	*out = hash(work->data, at);
	return 0;
}

void fingerprints_add(struct fingerprints *sum, const struct fingerprints *more)
{
	sum->rows += more->rows;
	add(&sum->total, more->total);
	for (size_t i = 0; i < sum->count; i++)
		add(&sum->columns[i], more->columns[i]);
}

bool fingerprint_equal(const struct fingerprint *left, const struct fingerprint *right)
{
	return left->low == right->low && left->high == right->high;
}

bool fingerprints_equal(const struct fingerprints *left, const struct fingerprints *right)
{
	bool equal = left->rows == right->rows && left->count == right->count && fingerprint_equal(&left->total, &right->total);
	for (size_t i = 0; equal && i < left->count; i++)
		equal = fingerprint_equal(&left->columns[i], &right->columns[i]);
	return equal;
}

void fingerprint_format(const struct fingerprint *print, char out[FINGERPRINT_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	for (int i = 0; i < 16; i++) {
		out[i] = digits[print->high >> (60 - 4 * i) & 15];
		out[16 + i] = digits[print->low >> (60 - 4 * i) & 15];
	}
	out[32] = '\0';
}

static bool parse_half(const char *text, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < 16; i++) {
		char c = text[i];
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0)
			return false;
		*out = *out << 4 | (uint64_t)digit;
	}
	return true;
}

bool fingerprint_parse(const char *text, struct fingerprint *out)
{
	return strlen(text) == FINGERPRINT_HEX_SIZE - 1 && parse_half(text, &out->high) && parse_half(text + 16, &out->low);
}
