/* decimal.c - decimals of Avro into ours, and into digits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/avro/decimal.h"

#include <string.h>

/* Without the bytes in front that only repeat the sign. */
static struct text significant(struct text bytes)
{
	while (bytes.length > 1 && ((bytes.data[0] == 0 && !(bytes.data[1] & 0x80)) ||
					   ((unsigned char)bytes.data[0] == 0xFF && (bytes.data[1] & 0x80)))) {
		bytes.data++;
		bytes.length--;
	}
	return bytes;
}

bool avro_decimal_read(struct text bytes, decimal_t *out)
{
	bytes = significant(bytes);
	if (bytes.length == 0 || bytes.length > sizeof *out)
		return false;
	unsigned __int128 value = bytes.data[0] & 0x80 ? ~(unsigned __int128)0 : 0;
	for (size_t i = 0; i < bytes.length; i++)
		value = value << 8 | (unsigned char)bytes.data[i];
	*out = (decimal_t)value;
	return true;
}

bool avro_decimal_rescale(decimal_t value, uint32_t from, unsigned precision, unsigned scale, decimal_t *out)
{
	decimal_t bound = value_power_of_ten(precision);
	if (value == 0) {
		*out = 0;
		return true;
	}
	if (from > scale) {
		if (from - scale > DECIMAL_PRECISION_MAX)
			return false; /* fewer digits than that */
		decimal_t power = value_power_of_ten(from - scale);
		if (value % power != 0)
			return false;
		value /= power;
	} else if (from < scale) {
		decimal_t power = value_power_of_ten(scale - from);
		if (value >= bound / power + 1 || value <= -(bound / power + 1))
			return false;
		value *= power;
	}
	*out = value;
	return value < bound && value > -bound;
}

size_t avro_decimal_text(struct text bytes, uint32_t scale, char out[AVRO_DECIMAL_TEXT])
{
	unsigned char magnitude[AVRO_DECIMAL_BYTES];
	char digits[3 * AVRO_DECIMAL_BYTES + 1]; /* the last one first */
	size_t count = 0, length = 0, first = 0;
	bytes = significant(bytes);
	if (bytes.length == 0 || bytes.length > sizeof magnitude || scale > AVRO_DECIMAL_SCALE)
		return 0;
	bool negative = bytes.data[0] & 0x80;
	unsigned carry = negative;
	for (size_t i = bytes.length; i-- > 0;) {
		carry += negative ? (unsigned char)~(unsigned char)bytes.data[i] : (unsigned char)bytes.data[i];
		magnitude[i] = (unsigned char)carry;
		carry >>= 8;
	}
	while (first < bytes.length) {
		unsigned rest = 0;
		for (size_t i = first; i < bytes.length; i++) {
			rest = rest << 8 | magnitude[i];
			magnitude[i] = (unsigned char)(rest / 10);
			rest %= 10;
		}
		digits[count++] = (char)('0' + rest);
		while (first < bytes.length && magnitude[first] == 0)
			first++;
	}
	if (negative)
		out[length++] = '-';
	if (count <= scale)
		out[length++] = '0';
	while (count > scale)
		out[length++] = digits[--count];
	if (scale > 0)
		out[length++] = '.';
	for (size_t i = count; i < scale; i++)
		out[length++] = '0';
	while (count > 0)
		out[length++] = digits[--count];
	out[length] = '\0';
	return length;
}
