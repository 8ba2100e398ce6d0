/* value.c - canonical texts of values, and the calendar.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/value.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t US_PER_SECOND = 1000000;
static const int64_t US_PER_DAY = 86400 * (int64_t)1000000;

const char *value_type_name(enum value_type type)
{
	static const char *const names[] = {
		[VALUE_STRING] = "string", [VALUE_INTEGER] = "integer", [VALUE_DOUBLE] = "number",
		[VALUE_DECIMAL] = "number", [VALUE_BOOLEAN] = "boolean", [VALUE_DATE] = "date", [VALUE_TIME] = "time",
		[VALUE_DATETIME] = "datetime", [VALUE_YEAR] = "year", [VALUE_YEARMONTH] = "yearmonth",
		[VALUE_DURATION] = "duration", [VALUE_UUID] = "uuid", [VALUE_BINARY] = "binary", [VALUE_JSON] = "object",
	};
	return names[type];
}

/* Digits of an unsigned number, most significant first; returns how many. */
static size_t digits_of(unsigned __int128 value, char *out)
{
	char reversed[40];
	size_t count = 0;
	do {
		reversed[count++] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value > 0);
	for (size_t i = 0; i < count; i++)
		out[i] = reversed[count - 1 - i];
	return count;
}

size_t value_format_integer(int64_t value, char *out)
{
	char reversed[20];
	size_t count = 0, length = 0;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do {
		reversed[count++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		out[length++] = '-';
	while (count > 0)
		out[length++] = reversed[--count];
	out[length] = '\0';
	return length;
}

size_t value_format_double(double value, char *out)
{
	/* 15 digits are enough for most values that people wrote as decimals; 17 for any. */
	int length = 0;
	for (int precision = 15; precision <= 17; precision++) {
		length = snprintf(out, VALUE_TEXT_MAX, "%.*g", precision, value);
		if (strtod(out, NULL) == value)
			break;
	}
	return (size_t)length;
}

size_t value_format_decimal(decimal_t unscaled, unsigned scale, char *out)
{
	char digits[40];
	size_t length = 0;
	bool negative = unscaled < 0;
	unsigned __int128 rest = negative ? 0 - (unsigned __int128)unscaled : (unsigned __int128)unscaled;
	size_t count = digits_of(rest, digits);
	if (negative)
		out[length++] = '-';
	if (count <= scale) {
		out[length++] = '0';
	} else {
		memcpy(out + length, digits, count - scale);
		length += count - scale;
	}
	if (scale > 0) {
		out[length++] = '.';
		for (size_t i = count; i < scale; i++)
			out[length++] = '0';
		size_t fraction = count < scale ? count : scale;
		memcpy(out + length, digits + (count - fraction), fraction);
		length += fraction;
	}
	out[length] = '\0';
	return length;
}

static char *two(char *out, unsigned value)
{
	out[0] = (char)('0' + value / 10);
	out[1] = (char)('0' + value % 10);
	return out + 2;
}

static char *put_date(char *out, int64_t days)
{
	int year;
	unsigned month, day;
	value_civil_from_days(days, &year, &month, &day);
	out = two(out, (unsigned)year / 100);
	out = two(out, (unsigned)year % 100);
	*out++ = '-';
	out = two(out, month);
	*out++ = '-';
	return two(out, day);
}

static char *put_time(char *out, int64_t micros)
{
	unsigned seconds = (unsigned)(micros / US_PER_SECOND);
	unsigned fraction = (unsigned)(micros % US_PER_SECOND);
	out = two(out, seconds / 3600);
	*out++ = ':';
	out = two(out, seconds / 60 % 60);
	*out++ = ':';
	out = two(out, seconds % 60);
	if (fraction > 0) {
		*out++ = '.';
		out = two(out, fraction / 10000);
		out = two(out, fraction / 100 % 100);
		out = two(out, fraction % 100);
	}
	return out;
}

static size_t finish(const char *begin, char *end)
{
	*end = '\0';
	return (size_t)(end - begin);
}

size_t value_format_date(int64_t days, char *out)
{
	return finish(out, put_date(out, days));
}

size_t value_format_time(int64_t micros, char *out)
{
	return finish(out, put_time(out, micros));
}

size_t value_format_datetime(int64_t micros, char *out)
{
	int64_t days = micros / US_PER_DAY;
	int64_t rest = micros % US_PER_DAY;
	if (rest < 0) {
		rest += US_PER_DAY;
		days--;
	}
	char *end = put_date(out, days);
	*end++ = 'T';
	end = put_time(end, rest);
	*end++ = 'Z';
	return finish(out, end);
}

/* Both directions count years from March, so that the leap day is the last of its year, in eras of 400 years. */
bool value_days_from_civil(int year, unsigned month, unsigned day, int64_t *days)
{
	static const unsigned before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	enum { EPOCH = 719163 }; /* 1970-01-01 counted from 0001-01-01, the first of a proleptic Gregorian calendar, as 1 */

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	unsigned y = (unsigned)year, leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (day > before[month] - before[month - 1] + (month == 2 ? leap : 0))
		return false;
	unsigned past = y - 1;
	unsigned count = past * 365 + past / 4 - past / 100 + past / 400 + before[month - 1] + (month > 2 ? leap : 0) + day;
	*days = (int64_t)count - EPOCH;
	return true;
}

void value_civil_from_days(int64_t days, int *year, unsigned *month, unsigned *day)
{
	/* Positive from year 1 to 9999, and small: divisions of 32 bits take a third of the time. */
	uint32_t z = (uint32_t)(days + 719468);
	uint32_t era = z / 146097;
	uint32_t day_of_era = z - era * 146097;
	uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t m = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

decimal_t value_power_of_ten(unsigned exponent)
{
	assert(exponent <= DECIMAL_PRECISION_MAX);
	decimal_t power = 1;
	while (exponent-- > 0)
		power *= 10;
	return power;
}

bool value_parse_decimal(const char *text, size_t length, unsigned precision, unsigned scale, decimal_t *out)
{
	size_t at = 0;
	bool negative = false;
	if (length > 0 && (text[0] == '-' || text[0] == '+'))
		negative = text[at++] == '-';
	decimal_t value = 0;
	unsigned digits = 0, whole = 0, fraction = 0; /* digits: significant ones taken into value */
	bool any = false, point = false;
	for (; at < length; at++) {
		char c = text[at];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			return false;
		any = true;
		if (point && fraction == scale) {
			if (c != '0')
				return false;
			continue;
		}
		if (value > 0 || c != '0') {
			if (++digits > precision)
				return false;
			if (!point && ++whole > precision - scale)
				return false;
		}
		value = value * 10 + (c - '0');
		if (point)
			fraction++;
	}
	if (!any)
		return false;
	for (; fraction < scale; fraction++) {
		if (value > 0 && ++digits > precision)
			return false;
		value *= 10;
	}
	*out = negative ? -value : value;
	return true;
}

static size_t count_digits(const char *text, const char *end)
{
	size_t count = 0;
	while (text + count < end && text[count] >= '0' && text[count] <= '9')
		count++;
	return count;
}

bool value_is_yearmonth(const char *text, size_t length)
{
	if (length != 7 || count_digits(text, text + 4) != 4 || text[4] != '-' || count_digits(text + 5, text + 7) != 2)
		return false;
	int month = (text[5] - '0') * 10 + (text[6] - '0');
	return memcmp(text, "0000", 4) != 0 && month >= 1 && month <= 12;
}

/* Parts such as 3D in the order of the letters; false where something else stands there. */
static bool duration_parts(const char **at, const char *end, const char *letters, size_t *parts)
{
	while (*at < end && **at != 'T') {
		size_t digits = count_digits(*at, end);
		*at += digits;
		if (digits == 0 || *at == end)
			return false;
		if (**at == '.') {
			digits = count_digits(*at + 1, end);
			*at += 1 + digits;
			if (digits == 0 || *at == end || **at != 'S')
				return false;
		}
		const char *letter = **at ? strchr(letters, **at) : NULL;
		if (!letter)
			return false;
		letters = letter + 1;
		++*at;
		++*parts;
	}
	return true;
}

bool value_is_duration(const char *text, size_t length)
{
	const char *at = text, *end = text + length;
	size_t days = 0, times = 0;
	if (length > VALUE_TEXT_MAX)
		return false;
	if (at < end && *at == '-')
		at++;
	if (at == end || *at++ != 'P')
		return false;
	size_t weeks = count_digits(at, end);
	if (weeks > 0 && at + weeks + 1 == end && at[weeks] == 'W')
		return true;
	if (!duration_parts(&at, end, "YMD", &days))
		return false;
	if (at == end)
		return days > 0;
	at++; /* T */
	return duration_parts(&at, end, "HMS", &times) && at == end && times > 0;
}
