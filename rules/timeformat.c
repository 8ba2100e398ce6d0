/* timeformat.c - checks a pattern once, then reads texts by it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rules/timeformat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/moment.h"

struct timeformat {
	enum value_type type;
	char pattern[]; /* only directives that are known */
};

static const char DIRECTIVES[] = "YymbBdjHIpMSfzaA%";
static const char DATE_PARTS[] = "YymbBdjaA";
static const char TIME_PARTS[] = "HIpMSfz";

static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
				     "july",    "august",   "september", "october", "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

/* What a text gave; numbers that were not there are -1. */
struct reading {
	int year, month, day, day_of_year, hour, minute, second, micros, afternoon, weekday;
	bool has_offset;
	int offset;
};

static struct timeformat *refuse(char *reason, const char *text)
{
	snprintf(reason, TIMEFORMAT_REASON_MAX, "%s", text);
	return NULL;
}

struct timeformat *timeformat_new(const char *pattern, enum value_type type, char reason[TIMEFORMAT_REASON_MAX])
{
	bool has[128] = {false};
	for (const char *at = strchr(pattern, '%'); at; at = strchr(at + 2, '%')) {
		char directive = at[1];
		if (directive == '\0' || !strchr(DIRECTIVES, directive)) {
			snprintf(reason, TIMEFORMAT_REASON_MAX,
				 "%%%c is not known; known are %%Y %%y %%m %%b %%B %%d %%j %%H %%I %%p %%M %%S %%f %%z "
				 "%%a "
				 "%%A %%%%",
				 directive ? directive : ' ');
			return NULL;
		}
		if (directive != '%' && has[(unsigned char)directive]) {
			snprintf(reason, TIMEFORMAT_REASON_MAX, "%%%c stands there twice", directive);
			return NULL;
		}
		if (type == VALUE_DATE && strchr(TIME_PARTS, directive)) {
			snprintf(reason, TIMEFORMAT_REASON_MAX, "a date has no %%%c; did you mean type datetime?",
				 directive);
			return NULL;
		}
		if (type == VALUE_TIME && (strchr(DATE_PARTS, directive) || directive == 'z')) {
			snprintf(reason, TIMEFORMAT_REASON_MAX,
				 "a time of day has no %%%c; did you mean type datetime?", directive);
			return NULL;
		}
		has[(unsigned char)directive] = true;
	}
	if (type != VALUE_TIME) {
		bool month = has['m'] || has['b'] || has['B'];
		if (!has['Y'] && !has['y'])
			return refuse(reason, "it gives no year (%Y)");
		if (!has['j'] && (!month || !has['d']))
			return refuse(reason, "it gives no month and day (%m and %d)");
		if ((has['Y'] && has['y']) || has['m'] + has['b'] + has['B'] > 1 || (has['j'] && (month || has['d'])))
			return refuse(reason, "it gives year, month or day twice");
	}
	if (type == VALUE_TIME && !has['H'] && !has['I'])
		return refuse(reason, "it gives no hour (%H)");
	if (has['H'] && has['I'])
		return refuse(reason, "it gives the hour twice");
	if (has['I'] != has['p'])
		return refuse(reason, "%I and %p go together");
	if ((has['M'] && !has['H'] && !has['I']) || (has['S'] && !has['M']) || (has['f'] && !has['S']))
		return refuse(reason, "it gives a smaller unit of time without the larger one");
	reason[0] = '\0';
	struct timeformat *format = malloc(sizeof *format + strlen(pattern) + 1);
	if (!format)
		return NULL;
	format->type = type;
	memcpy(format->pattern, pattern, strlen(pattern) + 1);
	return format;
}

void timeformat_free(struct timeformat *format)
{
	free(format);
}

/* At least fewest and at most most digits. */
static bool read_digits(const char **at, const char *end, unsigned fewest, unsigned most, int *out)
{
	unsigned count = 0;
	int value = 0;
	for (; count < most && *at < end && **at >= '0' && **at <= '9'; ++*at, count++)
		value = value * 10 + (**at - '0');
	*out = value;
	return count >= fewest;
}

static bool read_fraction(const char **at, const char *end, int *out)
{
	const char *begin = *at;
	if (!read_digits(at, end, 1, 6, out))
		return false;
	for (size_t digits = (size_t)(*at - begin); digits < 6; digits++)
		*out *= 10;
	return true;
}

/* A whole name, or its first three letters. */
static bool read_name(const char **at, const char *end, const char *const *names, size_t count, bool whole, int *out)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = whole ? strlen(names[i]) : 3;
		if ((size_t)(end - *at) >= length && strncasecmp(*at, names[i], length) == 0) {
			*at += length;
			*out = (int)i;
			return true;
		}
	}
	return false;
}

/* Z, +hhmm, +hh:mm, or +hh as PostgreSQL writes it */
static bool read_offset(const char **at, const char *end, struct reading *out)
{
	int hours, minutes = 0;
	if (*at == end)
		return false;
	char sign = *(*at)++;
	out->has_offset = true;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !read_digits(at, end, 2, 2, &hours))
		return false;
	bool colon = *at < end && **at == ':', digit = *at < end && **at >= '0' && **at <= '9';
	*at += colon;
	if (((colon || digit) && !read_digits(at, end, 2, 2, &minutes)) || hours > 23 || minutes > 59)
		return false;
	out->offset = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

/* glued: other digits stand next to these, so that these must be two. */
static bool read_directive(char directive, bool glued, const char **at, const char *end, struct reading *out)
{
	int value;
	unsigned fewest = glued ? 2 : 1;
	switch (directive) {
	case 'Y':
		return read_digits(at, end, 4, 4, &out->year);
	case 'y':
		if (!read_digits(at, end, 2, 2, &value))
			return false;
		out->year = value + (value < 69 ? 2000 : 1900); /* as POSIX has it */
		return true;
	case 'm':
		return read_digits(at, end, fewest, 2, &out->month);
	case 'b':
	case 'B':
		if (!read_name(at, end, months, 12, directive == 'B', &value))
			return false;
		out->month = value + 1;
		return true;
	case 'd':
		return read_digits(at, end, fewest, 2, &out->day);
	case 'j':
		return read_digits(at, end, glued ? 3 : 1, 3, &out->day_of_year);
	case 'H':
	case 'I':
		return read_digits(at, end, fewest, 2, &out->hour) &&
		       (directive == 'H' ? out->hour <= 23 : out->hour >= 1 && out->hour <= 12);
	case 'M':
		return read_digits(at, end, fewest, 2, &out->minute) && out->minute <= 59;
	case 'S':
		return read_digits(at, end, fewest, 2, &out->second) && out->second <= 59;
	case 'f':
		return read_fraction(at, end, &out->micros);
	case 'p':
		if (end - *at < 2 || (strncasecmp(*at, "am", 2) != 0 && strncasecmp(*at, "pm", 2) != 0))
			return false;
		out->afternoon = **at == 'p' || **at == 'P';
		*at += 2;
		return true;
	case 'z':
		return read_offset(at, end, out);
	case 'a':
	case 'A':
		return read_name(at, end, weekdays, 7, directive == 'A', &out->weekday);
	default: /* %% */
		return *at < end && *(*at)++ == '%';
	}
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool gives_digits(const char *directive)
{
	return directive[0] == '%' && directive[1] && strchr("YymdjHIMSf", directive[1]);
}

static bool read_all(const char *pattern, const char *at, const char *end, struct reading *out)
{
	bool after_digits = false;
	for (; *pattern; pattern++) {
		bool was_digits = after_digits;
		after_digits = gives_digits(pattern);
		if (is_space(*pattern)) {
			if (at == end || !is_space(*at))
				return false;
			while (at < end && is_space(*at))
				at++;
			while (is_space(pattern[1]))
				pattern++;
		} else if (*pattern == '%') {
			pattern++;
			if (!read_directive(*pattern, was_digits || gives_digits(pattern + 1), &at, end, out))
				return false;
		} else if (at == end || *at++ != *pattern) {
			return false;
		}
	}
	return at == end;
}

bool timeformat_read(const struct timeformat *format, const char *text, size_t length, const struct zone *zone,
		     int64_t *out)
{
	struct reading got = {.day_of_year = -1, .afternoon = -1, .weekday = -1};
	if (!read_all(format->pattern, text, text + length, &got))
		return false;
	if (got.afternoon >= 0)
		got.hour = got.hour % 12 + 12 * got.afternoon;
	int64_t micros = (int64_t)(got.hour * 3600 + got.minute * 60 + got.second) * 1000000 + got.micros;
	if (format->type == VALUE_TIME) {
		*out = micros;
		return true;
	}
	int64_t days;
	struct moment moment = {.year = got.year,
				.month = (unsigned)got.month,
				.day = (unsigned)got.day,
				.micros = micros,
				.has_offset = got.has_offset,
				.offset = got.offset};
	if (got.day_of_year >= 0) {
		bool leap = got.year % 4 == 0 && (got.year % 100 != 0 || got.year % 400 == 0);
		if (got.day_of_year < 1 || got.day_of_year > 365 + leap ||
		    !value_days_from_civil(got.year, 1, 1, &days))
			return false;
		value_civil_from_days(days + got.day_of_year - 1, &moment.year, &moment.month, &moment.day);
	}
	if (!value_days_from_civil(moment.year, moment.month, moment.day, &days))
		return false;
	/* 1970-01-01 was a Thursday (3 from Monday). */
	if (got.weekday >= 0 && ((days + 3) % 7 + 7) % 7 != got.weekday)
		return false;
	if (format->type == VALUE_DATE) {
		*out = days;
		return true;
	}
	return moment_compose(&moment, zone, out);
}
