/* number.c - reading integers, doubles and decimals.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/bare.h"

static const int64_t EXPONENT_MAX = 1000000000; /* beyond it only the sign of an exponent matters */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool number_style_is_plain(const struct number_style *style)
{
	return style->bare && style->group_length == 0 && style->decimal_length == 1 && style->decimal[0] == '.';
}

/* True where mark stands at text. */
static bool stands(const char *mark, size_t mark_length, const char *text, size_t length)
{
	return mark_length > 0 && mark_length <= length && memcmp(mark, text, mark_length) == 0;
}

/* Groups have three digits, as everywhere, or two before the last one, as in India; the first has up to three. Anything else
 * is a mark that means something else: where points group digits, 1.5 is not 15. */
struct groups {
	size_t digits; /* since the last mark */
	bool any;
};

static bool groups_go_on(struct groups *groups)
{
	bool well = groups->digits <= 3 && groups->digits >= (groups->any ? 2 : 1);
	*groups = (struct groups){ .any = true };
	return well;
}

static bool groups_end_well(const struct groups *groups)
{
	return !groups->any || groups->digits == 3;
}

size_t number_unstyle(const struct number_style *style, bool whole, const char *text, size_t length, char *out)
{
	size_t used = 0;
	struct groups groups = { .any = false };
	bool fraction = false;
	if (!style->bare && !bare_number_find(style, whole, &text, &length))
		return 0;
	for (size_t at = 0; at < length;) {
		size_t rest = length - at;
		if (!whole && stands(style->decimal, style->decimal_length, text + at, rest)) {
			if (fraction)
				return 0;
			fraction = true;
			out[used++] = '.';
			at += style->decimal_length;
		} else if (stands(style->group, style->group_length, text + at, rest)) {
			/* Between two digits of the whole part. */
			at += style->group_length;
			if (fraction || !groups_go_on(&groups))
				return 0;
		} else if (text[at] == '.') {
			return 0; /* the plain mark where another one is agreed on */
		} else {
			if (is_digit(text[at]))
				groups.digits += !fraction;
			else if (text[at] == 'e' || text[at] == 'E')
				fraction = true;
			out[used++] = text[at++];
		}
	}
	return groups_end_well(&groups) ? used : 0;
}

bool number_integer(const char *text, size_t length, int64_t *out)
{
	size_t at = 0;
	bool negative = false;
	if (length > 0 && (text[0] == '-' || text[0] == '+'))
		negative = text[at++] == '-';
	if (at == length)
		return false;
	uint64_t value = 0;
	if (length - at <= 18) {
		for (; at < length; at++) {
			unsigned digit = (unsigned char)text[at] - '0';
			if (digit > 9)
				return false;
			value = value * 10 + digit;
		}
		*out = negative ? -(int64_t)value : (int64_t)value;
		return true;
	}
	const uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	for (; at < length; at++) {
		unsigned digit = (unsigned char)text[at] - '0';
		if (digit > 9 || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

/* A plain number taken apart: its digits from first to last significant one, and what they count. */
struct parts {
	bool negative;
	const char *first; /* first significant digit; the point may stand between first and end */
	const char *end;   /* behind the last digit of the mantissa */
	size_t digits;     /* from first on, without the point; 0: the number is zero */
	int64_t exponent;  /* of the last digit before end: value = digits * 10^exponent */
};

static bool split(const char *text, size_t length, struct parts *out)
{
	const char *at = text, *end = text + length;
	*out = (struct parts){.negative = false};
	if (at < end && (*at == '-' || *at == '+'))
		out->negative = *at++ == '-';
	bool any = false;
	int64_t fraction = 0;
	bool point = false;
	for (; at < end; at++) {
		if (*at == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(*at))
			break;
		any = true;
		fraction += point;
		if (out->digits > 0 || *at != '0') {
			if (out->digits == 0)
				out->first = at;
			out->digits++;
		}
	}
	out->end = at;
	if (!any)
		return false;
	int64_t exponent = 0;
	if (at < end) {
		if (*at != 'e' && *at != 'E')
			return false;
		at++;
		bool negative = false;
		if (at < end && (*at == '-' || *at == '+'))
			negative = *at++ == '-';
		if (at == end)
			return false;
		for (; at < end; at++) {
			if (!is_digit(*at))
				return false;
			if (exponent < EXPONENT_MAX)
				exponent = exponent * 10 + (*at - '0');
		}
		if (negative)
			exponent = -exponent;
	}
	out->exponent = exponent - fraction;
	return true;
}

bool number_double(const char *text, size_t length, char *scratch, locale_t c, double *out)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
					1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	struct parts parts;
	if (!split(text, length, &parts))
		return false;
	if (parts.digits == 0) {
		*out = 0;
		return true;
	}
	/* Both operands exact, so that the one rounding of the division or product is the right one. */
	if (parts.digits <= 15 && parts.exponent >= -22 && parts.exponent <= 22) {
		int64_t mantissa = 0;
		for (const char *at = parts.first; at < parts.end; at++)
			if (*at != '.')
				mantissa = mantissa * 10 + (*at - '0');
		double value = (double)mantissa;
		value = parts.exponent < 0 ? value / powers[-parts.exponent] : value * powers[parts.exponent];
		*out = parts.negative ? -value : value;
		return true;
	}
	memcpy(scratch, text, length);
	scratch[length] = '\0';
	double value = strtod_l(scratch, NULL, c);
	if (!isfinite(value))
		return false;
	*out = value == 0 ? 0 : value;
	return true;
}

bool number_decimal(const char *text, size_t length, unsigned precision, unsigned scale, decimal_t *out)
{
	struct parts parts;
	if (!split(text, length, &parts))
		return false;
	if (parts.digits == 0) {
		*out = 0;
		return true;
	}
	/* Zeros at the end count for nothing. */
	while (parts.end[-1] == '0' || parts.end[-1] == '.') {
		if (parts.end[-1] == '0') {
			parts.digits--;
			parts.exponent++;
		}
		parts.end--;
	}
	int64_t shift = parts.exponent + (int64_t)scale; /* zeros behind the digits in the unscaled integer */
	if (shift < 0 || shift > DECIMAL_PRECISION_MAX || parts.digits > precision ||
	    (int64_t)parts.digits + shift > (int64_t)precision)
		return false;
	decimal_t value = 0;
	for (const char *at = parts.first; at < parts.end; at++)
		if (*at != '.')
			value = value * 10 + (*at - '0');
	value *= value_power_of_ten((unsigned)shift);
	*out = parts.negative ? -value : value;
	return true;
}
