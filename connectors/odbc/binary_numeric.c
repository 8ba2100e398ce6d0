/* binary_numeric.c - numeric of PostgreSQL as it is sent in binary (its source, src/backend/utils/adt/numeric.c, numeric_send).
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "connectors/odbc/binary_numeric.h"
#include "connectors/odbc/network_order.h"

enum {
	NUMERIC_HEAD = 8,
	NUMERIC_BASE = 10000,
	GROUP_DIGITS = 4,
	NUMERIC_NEGATIVE = 0x4000,
	NUMERIC_NAN = 0xc000,
	NUMERIC_INFINITY = 0xd000,
	NUMERIC_MINUS_INFINITY = 0xf000,
};

bool numeric_read(struct binary_value value, struct numeric *out)
{
	if (value.length < NUMERIC_HEAD)
		return false;
	out->count = (int)network_16(value.data);
	out->weight = (int16_t)network_16(value.data + 2);
	out->sign = network_16(value.data + 4);
	out->shown = network_16(value.data + 6);
	out->groups = value.data + NUMERIC_HEAD;
	if (value.length != NUMERIC_HEAD + 2 * (size_t)out->count || out->shown > 0x3fff)
		return false;
	for (int i = 0; i < out->count; i++)
		if (network_16(out->groups + 2 * i) >= NUMERIC_BASE)
			return false;
	return out->sign == 0 || out->sign == NUMERIC_NEGATIVE || out->sign == NUMERIC_NAN || out->sign == NUMERIC_INFINITY ||
		out->sign == NUMERIC_MINUS_INFINITY;
}

static unsigned group_at(const struct numeric *numeric, int power)
{
	int at = numeric->weight - power;

	return at >= 0 && at < numeric->count ? network_16(numeric->groups + 2 * at) : 0;
}

bool numeric_decimal(const struct numeric *numeric, const struct field *field, decimal_t *out)
{
	decimal_t total = 0, limit;
	int lowest = -(((int)field->scale + GROUP_DIGITS - 1) / GROUP_DIGITS); /* power of the last group that has digits of the scale */
	int over = -lowest * GROUP_DIGITS - (int)field->scale;           /* digits of it behind the scale */

	if (numeric->sign & ~(unsigned)NUMERIC_NEGATIVE || (numeric->weight - lowest + 1) * GROUP_DIGITS > DECIMAL_PRECISION_MAX)
		return false;
	for (int i = numeric->weight - lowest + 1; i < numeric->count; i++)
		if (i >= 0 && network_16(numeric->groups + 2 * i))
			return false;
	for (int power = numeric->weight; power >= lowest; power--)
		total = total * NUMERIC_BASE + (decimal_t)group_at(numeric, power);
	if (total % value_power_of_ten((unsigned)over) != 0)
		return false;
	total /= value_power_of_ten((unsigned)over);
	limit = value_power_of_ten(field->precision);
	if (total >= limit)
		return false;
	*out = numeric->sign ? -total : total;
	return true;
}

int numeric_put(const struct numeric *numeric, struct buffer *out, struct error *error)
{
	int behind = (int)numeric->shown;

	if (numeric->sign == NUMERIC_NAN)
		return buffer_puts(out, "NaN", error);
	if (numeric->sign == NUMERIC_INFINITY || numeric->sign == NUMERIC_MINUS_INFINITY)
		return buffer_puts(out, numeric->sign == NUMERIC_INFINITY ? "Infinity" : "-Infinity", error);
	if ((numeric->sign == NUMERIC_NEGATIVE && buffer_puts(out, "-", error)) ||
	    buffer_printf(out, error, "%u", numeric->weight >= 0 ? group_at(numeric, numeric->weight) : 0))
		return -1;
	for (int power = numeric->weight - 1; power >= 0; power--)
		if (buffer_printf(out, error, "%04u", group_at(numeric, power)))
			return -1;
	if (behind && buffer_puts(out, ".", error))
		return -1;
	for (int power = -1; behind > 0; power--, behind -= GROUP_DIGITS) {
		char digits[GROUP_DIGITS + 1];

		snprintf(digits, sizeof digits, "%04u", group_at(numeric, power) % NUMERIC_BASE);
		if (buffer_append(out, digits, (size_t)(behind < GROUP_DIGITS ? behind : GROUP_DIGITS), error))
			return -1;
	}
	return 0;
}
