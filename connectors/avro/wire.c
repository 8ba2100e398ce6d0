/* wire.c - numbers and lengths from the bytes of a block.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/wire.h"

static int cut(const struct wire *wire, const char *what, struct error *error)
{
	return error_set(error, ERROR_SOURCE, NULL, "%s begins %zu bytes before the end of the block and does not fit", what,
		wire_left(wire));
}

int wire_long_slow(struct wire *wire, int64_t *out, struct error *error)
{
	uint64_t value = 0;
	const char *at = wire->at;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (at == wire->end)
			return cut(wire, "a number", error);
		unsigned char byte = (unsigned char)*at++;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7F) << shift;
		if (byte < 0x80) {
			wire->at = at;
			*out = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
			return 0;
		}
	}
	return error_set(error, ERROR_SOURCE, NULL, "a number has more than 64 bits");
}

int wire_int(struct wire *wire, int64_t *out, struct error *error)
{
	if (wire_long(wire, out, error) < 0)
		return -1;
	if (*out < INT32_MIN || *out > INT32_MAX)
		return error_set(error, ERROR_SOURCE, NULL, "the number %" PRId64 " is no int of 32 bits", *out);
	return 0;
}

int wire_boolean(struct wire *wire, int64_t *out, struct error *error)
{
	if (wire->at == wire->end)
		return cut(wire, "a boolean", error);
	unsigned char byte = (unsigned char)*wire->at++;
	if (byte > 1)
		return error_set(error, ERROR_SOURCE, NULL, "a boolean is the byte 0x%02X", (unsigned)byte);
	*out = byte;
	return 0;
}

static uint64_t little_endian(const char *from, size_t size)
{
	uint64_t bits = 0;
	for (size_t i = size; i-- > 0;)
		bits = bits << 8 | (unsigned char)from[i];
	return bits;
}

int wire_float(struct wire *wire, double *out, struct error *error)
{
	if (wire_left(wire) < 4)
		return cut(wire, "a float", error);
	uint32_t bits = (uint32_t)little_endian(wire->at, 4);
	float value;
	memcpy(&value, &bits, sizeof value);
	wire->at += 4;
	*out = (double)value;
	return 0;
}

int wire_double(struct wire *wire, double *out, struct error *error)
{
	if (wire_left(wire) < 8)
		return cut(wire, "a double", error);
	uint64_t bits = little_endian(wire->at, 8);
	memcpy(out, &bits, sizeof *out);
	wire->at += 8;
	return 0;
}

int wire_fixed(struct wire *wire, size_t length, struct text *out, struct error *error)
{
	if (length > wire_left(wire))
		return error_set(error, ERROR_SOURCE, NULL, "a value of %zu bytes in a block that has %zu left", length, wire_left(wire));
	*out = (struct text){ wire->at, length };
	wire->at += length;
	return 0;
}

int wire_bytes(struct wire *wire, struct text *out, struct error *error)
{
	int64_t length;
	if (wire_long(wire, &length, error) < 0)
		return -1;
	if (length < 0 || (uint64_t)length > wire_left(wire))
		return error_set(error, ERROR_SOURCE, NULL, "a value of %" PRId64 " bytes in a block that has %zu left", length,
			wire_left(wire));
	*out = (struct text){ wire->at, (size_t)length };
	wire->at += length;
	return 0;
}

int wire_index(struct wire *wire, size_t count, const char *what, size_t *out, struct error *error)
{
	int64_t index;
	if (wire_long(wire, &index, error) < 0)
		return -1;
	if (index < 0 || (uint64_t)index >= count)
		return error_set(error, ERROR_SOURCE, NULL, "%s %" PRId64 " of a type that has %zu", what, index, count);
	*out = (size_t)index;
	return 0;
}

int wire_spend(struct wire *wire, uint64_t count, struct error *error)
{
	if (count > wire->spare)
		return error_set(error, ERROR_SOURCE, NULL, "%" PRIu64 " values that take no bytes are too many for one block", count);
	wire->spare -= count;
	return 0;
}

int wire_items(struct wire *wire, uint64_t least, uint64_t *out, struct error *error)
{
	int64_t count, bytes;
	if (wire_long(wire, &count, error) < 0)
		return -1;
	if (count < 0) { /* then its bytes follow, for those who want to pass over it */
		if (wire_long(wire, &bytes, error) < 0)
			return -1;
		if (count == INT64_MIN || bytes < 0 || (uint64_t)bytes > wire_left(wire))
			return error_set(error, ERROR_SOURCE, NULL, "items of %" PRId64 " bytes in a block that has %zu left", bytes,
				wire_left(wire));
		count = -count;
	}
	*out = (uint64_t)count;
	if (*out > (least > 0 ? wire_left(wire) / least : wire->spare))
		return error_set(error, ERROR_SOURCE, NULL, "%" PRIu64 " items in a block that has %zu bytes left", *out, wire_left(wire));
	return 0;
}
