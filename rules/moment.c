/* moment.c - ISO 8601 dates and times, and the way from a local time to UTC.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/moment.h"

#include "engine/core/zone.h"

static const int64_t US_PER_SECOND = 1000000;
static const int64_t US_PER_DAY = 86400 * (int64_t)1000000;
static const int64_t DAYS_FIRST = -719162; /* 0001-01-01 */
static const int64_t DAYS_LAST = 2932896;  /* 9999-12-31 */

bool moment_digits(const char *text, size_t count, unsigned *out)
{
	unsigned value = 0;
	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';
		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

/* YYYY-MM-DD at the beginning of text, which has at least 10 bytes. */
static bool read_date(const char *text, struct moment *out)
{
	unsigned year;
	if (!moment_digits(text, 4, &year) || text[4] != '-' || !moment_digits(text + 5, 2, &out->month) ||
	    text[7] != '-' || !moment_digits(text + 8, 2, &out->day))
		return false;
	out->year = (int)year;
	return true;
}

/* hh:mm:ss[.f] at the beginning of text; how many bytes it takes, or 0. */
static size_t read_time(const char *text, size_t length, int64_t *micros)
{
	unsigned hour, minute, second;
	if (length < 8 || !moment_digits(text, 2, &hour) || text[2] != ':' || !moment_digits(text + 3, 2, &minute) ||
	    text[5] != ':' || !moment_digits(text + 6, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return 0;
	size_t at = 8;
	int64_t fraction = 0;
	if (at < length && text[at] == '.') {
		size_t digits = 0;
		for (at++; at < length && text[at] >= '0' && text[at] <= '9'; at++, digits++)
			fraction = digits < 6 ? fraction * 10 + (text[at] - '0') : fraction;
		if (digits == 0 || digits > 6)
			return 0;
		for (; digits < 6; digits++)
			fraction *= 10;
	}
	*micros = (int64_t)(hour * 3600 + minute * 60 + second) * US_PER_SECOND + fraction;
	return at;
}

/* Z, +hh:mm or -hh:mm. */
static bool read_offset(const char *text, size_t length, int *out)
{
	unsigned hours, minutes;
	if (length == 1 && text[0] == 'Z') {
		*out = 0;
		return true;
	}
	if (length != 6 || (text[0] != '+' && text[0] != '-') || !moment_digits(text + 1, 2, &hours) ||
	    text[3] != ':' || !moment_digits(text + 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	int seconds = (int)(hours * 3600 + minutes * 60);
	*out = text[0] == '-' ? -seconds : seconds;
	return true;
}

bool moment_date(const char *text, size_t length, int64_t *days)
{
	struct moment moment;
	return length == 10 && read_date(text, &moment) &&
	       value_days_from_civil(moment.year, moment.month, moment.day, days);
}

bool moment_time(const char *text, size_t length, int64_t *micros)
{
	size_t used = read_time(text, length, micros);
	return used > 0 && (used == length || (used + 1 == length && text[used] == 'Z'));
}

static bool within_years(int64_t utc, int64_t *micros)
{
	if (utc < DAYS_FIRST * US_PER_DAY || utc >= (DAYS_LAST + 1) * US_PER_DAY)
		return false;
	*micros = utc;
	return true;
}

bool moment_to_utc(int64_t local, const struct zone *zone, int64_t *utc)
{
	int64_t seconds = local / US_PER_SECOND - (local % US_PER_SECOND < 0);
	int offset;
	return zone_offset_of_local(zone, seconds, &offset) && within_years(local - (int64_t)offset * US_PER_SECOND, utc);
}

bool moment_compose(const struct moment *moment, const struct zone *zone, int64_t *micros)
{
	int64_t days;
	if (!value_days_from_civil(moment->year, moment->month, moment->day, &days))
		return false;
	int64_t local = days * US_PER_DAY + moment->micros;
	if (!moment->has_offset && zone)
		return moment_to_utc(local, zone, micros);
	return within_years(local - (moment->has_offset ? (int64_t)moment->offset * US_PER_SECOND : 0), micros);
}

bool moment_datetime(const char *text, size_t length, const struct zone *zone, int64_t *micros)
{
	struct moment moment = {.year = 0};
	if (length < 19 || text[10] != 'T' || !read_date(text, &moment))
		return false;
	size_t at = 11 + read_time(text + 11, length - 11, &moment.micros);
	if (at == 11)
		return false;
	if (at < length) {
		moment.has_offset = true;
		if (!read_offset(text + at, length - at, &moment.offset))
			return false;
	}
	return moment_compose(&moment, zone, micros);
}

bool moment_year(const char *text, size_t length, int64_t *year)
{
	unsigned value;
	if (length != 4 || !moment_digits(text, 4, &value) || value == 0)
		return false;
	*year = value;
	return true;
}

bool moment_yearmonth(const char *text, size_t length)
{
	unsigned year, month;
	return length == 7 && moment_digits(text, 4, &year) && text[4] == '-' && moment_digits(text + 5, 2, &month) &&
	       year > 0 && month >= 1 && month <= 12;
}
