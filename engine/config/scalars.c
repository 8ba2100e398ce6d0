/* scalars.c - strict readings of the texts of scalars.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/config/scalars.h"

#include <stddef.h>
#include <string.h>

bool scalar_boolean(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0;
	return *out || strcmp(text, "false") == 0;
}

/* Digits up to the first other character, which *end is set to; no leading zeros, at most maximum. */
static bool digits(const char *text, uint64_t maximum, uint64_t *out, const char **end)
{
	const char *c = text;

	*out = 0;
	for (; *c >= '0' && *c <= '9'; c++) {
		uint64_t digit = (uint64_t)(*c - '0');

		if (*out > (maximum - digit) / 10)
			return false;
		*out = *out * 10 + digit;
	}
	*end = c;
	return c > text && (text[0] != '0' || c == text + 1);
}

bool scalar_integer(const char *text, int64_t *out)
{
	bool negative = text[0] == '-';
	uint64_t value;
	const char *end;

	if (!digits(text + negative, (uint64_t)INT64_MAX + negative, &value, &end) || *end)
		return false;
	*out = !negative ? (int64_t)value : value == 0 ? 0 : -(int64_t)(value - 1) - 1;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static bool with_unit(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t value;
	const char *end;

	if (!digits(text, INT64_MAX, &value, &end))
		return false;
	for (; units->name; units++) {
		if (strcmp(units->name, end) != 0)
			continue;
		if (value > INT64_MAX / units->factor)
			return false;
		*out = value * units->factor;
		return true;
	}
	return false;
}

bool scalar_size(const char *text, uint64_t *out)
{
	static const struct unit units[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1000},
		{"MB", 1000000}, {"GB", 1000000000}, {NULL, 0}};

	return with_unit(text, units, out);
}

bool scalar_duration(const char *text, int64_t *out)
{
	static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
	uint64_t value;

	if (!with_unit(text, units, &value))
		return false;
	*out = (int64_t)value;
	return true;
}

bool scalar_share(const char *text, double *out)
{
	uint64_t whole, part = 0, scale = 1;
	const char *end;

	if (!digits(text, 100, &whole, &end))
		return false;
	if (*end == '.') {
		const char *c = end + 1;

		for (; *c >= '0' && *c <= '9' && scale < 1000000; c++) {
			part = part * 10 + (uint64_t)(*c - '0');
			scale *= 10;
		}
		if (c == end + 1)
			return false;
		end = c;
	}
	if (strcmp(end, "%") != 0 || (whole == 100 && part > 0))
		return false;
	*out = ((double)whole + (double)part / (double)scale) / 100.0;
	return true;
}
