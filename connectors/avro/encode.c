/* encode.c - rows of a batch as Avro binary.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Column by column it would be easier on the processor, but records lie row by row, and the cells of a row are in its caches.
 */
#include "connectors/avro/encode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	TAG_BYTES = 1,      /* of the union: which branch */
	LONG_BYTES = 10,    /* 64 bits, seven a byte */
	LENGTH_BYTES = 5,   /* of a span: 32 bits and a sign */
	DOUBLE_BYTES = 8,
	DECIMAL_BYTES = 17, /* its length, then 128 bits */
};

/* What is done with the cells of a column. */
enum lane_kind { LANE_LONG = 1, LANE_BOOLEAN, LANE_DOUBLE, LANE_DECIMAL, LANE_SPAN };

struct lane {
	enum lane_kind kind;
	bool nullable;
};

struct encoder {
	struct lane *lanes; /* one a field */
	size_t count;
	size_t *spans;      /* the fields of LANE_SPAN */
	size_t span_count;
	size_t fixed;       /* bytes of a row at most, without the bytes of its spans */
};

static enum lane_kind lane_of(enum value_type type)
{
	if (type == VALUE_BOOLEAN)
		return LANE_BOOLEAN;
	switch (value_storage(type)) {
	case STORAGE_INTEGER:
		return LANE_LONG; /* int and long are written alike */
	case STORAGE_DOUBLE:
		return LANE_DOUBLE;
	case STORAGE_DECIMAL:
		return LANE_DECIMAL;
	case STORAGE_SPAN:
		break;
	}
	return LANE_SPAN;
}

struct encoder *encoder_new(const struct schema *schema, bool all_nullable, struct error *error)
{
	static const size_t most[] = { [LANE_LONG] = LONG_BYTES, [LANE_BOOLEAN] = 1, [LANE_DOUBLE] = DOUBLE_BYTES,
		[LANE_DECIMAL] = DECIMAL_BYTES, [LANE_SPAN] = LENGTH_BYTES };
	struct encoder *encoder = calloc(1, sizeof *encoder);

	if (encoder) {
		encoder->lanes = calloc(schema->field_count + 1, sizeof *encoder->lanes);
		encoder->spans = calloc(schema->field_count + 1, sizeof *encoder->spans);
	}
	if (!encoder || !encoder->lanes || !encoder->spans) {
		encoder_free(encoder);
		error_memory(error, "an Avro file");
		return NULL;
	}
	encoder->count = schema->field_count;
	encoder->fixed = 1;
	for (size_t i = 0; i < schema->field_count; i++) {
		struct lane *lane = &encoder->lanes[i];

		lane->kind = lane_of(schema->fields[i].type);
		lane->nullable = all_nullable || !schema->fields[i].required;
		encoder->fixed += most[lane->kind] + (lane->nullable ? TAG_BYTES : 0);
		if (lane->kind == LANE_SPAN)
			encoder->spans[encoder->span_count++] = i;
	}
	return encoder;
}

void encoder_free(struct encoder *encoder)
{
	if (!encoder)
		return;
	free(encoder->lanes);
	free(encoder->spans);
	free(encoder);
}

size_t encoder_bound(const struct encoder *encoder, const struct batch *batch, uint32_t row)
{
	size_t bound = encoder->fixed;

	for (size_t i = 0; i < encoder->span_count; i++) {
		const struct column *column = &batch->columns[encoder->spans[i]];

		if (column->cells[row] == CELL_VALUE)
			bound += column->spans[row].length;
	}
	return bound;
}

/* A long: zigzag, then seven bits a byte, the lowest first, the high bit set on all but the last. */
static inline char *put_long(char *out, int64_t value)
{
	uint64_t rest = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

	while (rest >= 0x80) {
		*out++ = (char)(rest | 0x80);
		rest >>= 7;
	}
	*out++ = (char)rest;
	return out;
}

static inline char *put_double(char *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	for (int i = 0; i < DOUBLE_BYTES; i++)
		*out++ = (char)(bits >> (8 * i));
	return out;
}

/* The unscaled value in two's complement, the highest byte first, without bytes that only repeat its sign. */
static char *put_decimal(char *out, decimal_t value)
{
	int bytes = 16;

	while (bytes > 1) {
		decimal_t cut = value >> (8 * (bytes - 1) - 1); /* what would go, and the sign that would remain */

		if (cut != 0 && cut != -1)
			break;
		bytes--;
	}
	out = put_long(out, bytes);
	for (int i = bytes - 1; i >= 0; i--)
		*out++ = (char)(value >> (8 * i));
	return out;
}

static inline char *put_span(char *out, const struct batch *batch, struct span span)
{
	out = put_long(out, span.length);
	if (span.length)
		memcpy(out, batch_bytes(batch, span), span.length);
	return out + span.length;
}

void encoder_add(const struct encoder *encoder, const struct batch *batch, uint32_t row, struct buffer *out)
{
	char *at = out->data + out->length;

	for (size_t i = 0; i < encoder->count; i++) {
		const struct lane *lane = &encoder->lanes[i];
		const struct column *column = &batch->columns[i];

		assert(column->cells[row] == CELL_VALUE || (lane->nullable && column->cells[row] == CELL_NULL));
		if (lane->nullable) {
			bool null = column->cells[row] != CELL_VALUE;

			at = put_long(at, null ? 0 : 1); /* the branch of ["null", TYPE] */
			if (null)
				continue;
		}
		switch (lane->kind) {
		case LANE_LONG:
			at = put_long(at, column->integers[row]);
			break;
		case LANE_BOOLEAN:
			*at++ = column->integers[row] != 0;
			break;
		case LANE_DOUBLE:
			at = put_double(at, column->doubles[row]);
			break;
		case LANE_DECIMAL:
			at = put_decimal(at, column->decimals[row]);
			break;
		case LANE_SPAN:
			at = put_span(at, batch, column->spans[row]);
			break;
		}
	}
	out->length = (size_t)(at - out->data);
	assert(out->length < out->size);
	*at = '\0';
}
