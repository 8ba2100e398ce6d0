/* duration.c - takes durations apart and adds them to moments.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/duration.h"

#include <stdbool.h>

/* Numbers of up to 60 digits stand in a text; beyond these bounds nothing needs to be told apart. */
static const decimal_t MONTHS_MOST = (decimal_t)1000000000000;
static const decimal_t NANOS_PER_SECOND = 1000000000;

struct duration {
	decimal_t months;
	decimal_t nanos; /* of everything below a month */
};

static decimal_t least(decimal_t a, decimal_t b)
{
	return a < b ? a : b;
}

/* Digits of a fraction beyond the ninth are nothing to a database, and nothing here. */
static decimal_t read_fraction(const char **at, const char *end)
{
	decimal_t nanos = 0;
	int digits = 0;
	for (++*at; *at < end && **at >= '0' && **at <= '9'; ++*at)
		if (digits < 9) {
			nanos = nanos * 10 + (**at - '0');
			digits++;
		}
	for (; digits < 9; digits++)
		nanos *= 10;
	return nanos;
}

static struct duration read(struct text text)
{
	const char *at = text.data, *end = text.data + text.length;
	bool negative = *at == '-', time = false;
	struct duration out = {.months = 0};
	at += negative + 1; /* P */
	while (at < end) {
		decimal_t number = 0, fraction = 0;
		if (*at == 'T') {
			time = true;
			at++;
			continue;
		}
		for (; at < end && *at >= '0' && *at <= '9'; at++)
			number = least(number * 10 + (*at - '0'), MONTHS_MOST * 100);
		if (at < end && *at == '.')
			fraction = read_fraction(&at, end);
		switch (*at++) {
		case 'Y':
			out.months += 12 * least(number, MONTHS_MOST);
			break;
		case 'M':
			if (time)
				out.nanos += number * 60 * NANOS_PER_SECOND;
			else
				out.months += least(number, MONTHS_MOST);
			break;
		case 'W':
			out.nanos += number * 7 * 86400 * NANOS_PER_SECOND;
			break;
		case 'D':
			out.nanos += number * 86400 * NANOS_PER_SECOND;
			break;
		case 'H':
			out.nanos += number * 3600 * NANOS_PER_SECOND;
			break;
		default:
			out.nanos += number * NANOS_PER_SECOND + fraction;
			break;
		}
	}
	if (negative)
		out = (struct duration){-out.months, -out.nanos};
	return out;
}

/* Nanoseconds since some moment, of a year and month plus a duration: 400 years have 146097 days, and days count from March, so that the
 * leap day comes last. */
static decimal_t add(int year, int month, const struct duration *duration)
{
	decimal_t months = (decimal_t)year * 12 + (month - 1) + duration->months - 2;
	decimal_t y = months / 12, m = months % 12, eras;
	if (m < 0) {
		m += 12;
		y--;
	}
	eras = y / 400;
	y %= 400;
	if (y < 0) {
		y += 400;
		eras--;
	}
	decimal_t days = eras * 146097 + y * 365 + y / 4 - y / 100 + (153 * m + 2) / 5;
	return days * 86400 * NANOS_PER_SECOND + duration->nanos;
}

unsigned duration_compare(struct text left, struct text right)
{
	static const struct {
		int year, month;
	} moments[] = {{1696, 9}, {1697, 2}, {1903, 3}, {1903, 7}};
	struct duration a = read(left), b = read(right);
	unsigned orders = 0;
	for (int i = 0; i < 4; i++) {
		decimal_t x = add(moments[i].year, moments[i].month, &a), y = add(moments[i].year, moments[i].month, &b);
		orders |= x < y ? DURATION_LESS : x > y ? DURATION_MORE : DURATION_SAME;
	}
	return orders;
}
