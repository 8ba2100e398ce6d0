/* cron.c - reads cron expressions and finds their next moment.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/cron.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "engine/core/value.h"

enum { MINUTE = 60, QUARTER = 900, HOUR = 3600, DAY = 86400, FIELDS = 5, FIELD_MAX = 256, SHOWN_MAX = 64 };

/* A day of any expression comes again within eight years (29 February, 1896 to 1904 and 2096 to 2104), and that weekday within forty. */
enum { DAYS_AHEAD = 366 * 41 };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct field {
	const char *title;
	unsigned least, most;
	const char *const *names; /* of least and those that follow; NULL: none */
};

static const struct field fields[FIELDS] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of month", 1, 31, NULL},
	{"month", 1, 12, month_names},
	{"day of week", 0, 7, weekday_names},
};

/* --- reading --- */

static int refuse(struct error *error, const struct field *field, const char *text, const char *why)
{
	return error_set(error, ERROR_CONFIG, NULL, "cron: the %s \"%.*s\" %s (%u to %u%s%s)", field->title, SHOWN_MAX, text, why, field->least, field->most,
		field->names ? " or " : "", field->names == month_names ? "jan to dec" : field->names ? "sun to sat" : "");
}

static bool read_name(const char **at, const struct field *field, unsigned *value)
{
	for (unsigned i = 0; field->names && field->names[i]; i++) {
		if (strncasecmp(*at, field->names[i], 3) != 0)
			continue;
		*at += 3;
		*value = field->least + i;
		return true;
	}
	return false;
}

static bool read_number(const char **at, unsigned *value)
{
	const char *first = *at;

	for (*value = 0; **at >= '0' && **at <= '9' && *at - first < 4; ++*at)
		*value = *value * 10 + (unsigned)(**at - '0');
	return *at > first;
}

static bool read_value(const char **at, const struct field *field, unsigned *value)
{
	return (read_name(at, field, value) || read_number(at, value)) && *value >= field->least && *value <= field->most;
}

/* One item of a field's list: `*`, a value or a range, with a step. */
static int read_item(const char **at, const struct field *field, const char *whole, uint64_t *bits, struct error *error)
{
	unsigned from = field->least, to = field->most, step = 1;
	bool ranged = true;

	if (**at == '*') {
		++*at;
	} else {
		if (!read_value(at, field, &from))
			return refuse(error, field, whole, "holds no value that it may have");
		to = from;
		ranged = **at == '-';
		if (ranged && (++*at, !read_value(at, field, &to)))
			return refuse(error, field, whole, "has a range without an end that it may have");
		if (field->names == weekday_names && to == 0 && from > 0)
			to = 7; /* fri-sun: behind Saturday Sunday is the 7 */
		if (to < from)
			return refuse(error, field, whole, "has a range that ends before it begins; write it as two");
	}
	if (**at == '/') {
		++*at;
		if (!ranged)
			return refuse(error, field, whole, "has a step behind a single value; a step belongs to * or a range");
		if (!read_number(at, &step) || step == 0 || step > field->most)
			return refuse(error, field, whole, "has a step that is no number or beyond the field");
	}
	for (unsigned value = from; value <= to; value += step)
		*bits |= UINT64_C(1) << value;
	return 0;
}

static int read_field(const char *text, const struct field *field, uint64_t *bits, struct error *error)
{
	const char *at = text;

	*bits = 0;
	for (;;) {
		if (read_item(&at, field, text, bits, error) < 0)
			return -1;
		if (*at == '\0')
			return 0;
		if (*at++ != ',')
			return refuse(error, field, text, "is not a list of values, ranges and steps");
	}
}

static const char *long_form(const char *text)
{
	static const char *const forms[][2] = {
		{"@hourly", "0 * * * *"}, {"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
		{"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
	};

	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (strcasecmp(text, forms[i][0]) == 0)
			return forms[i][1];
	return NULL;
}

/* Copies the next field out of the text; false where there is none, or it is too long to be one. */
static bool next_field(const char **at, char out[FIELD_MAX])
{
	*at += strspn(*at, " \t");
	size_t length = strcspn(*at, " \t");
	if (length == 0 || length >= FIELD_MAX)
		return false;
	memcpy(out, *at, length);
	out[length] = '\0';
	*at += length;
	return true;
}

static bool day_exists(const struct cron *cron)
{
	static const unsigned char longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (!cron->every_day && !cron->every_weekday)
		return true; /* the weekday alone is enough */
	for (unsigned month = 1; month <= 12; month++)
		for (unsigned day = 1; cron->months >> month & 1 && day <= longest[month - 1]; day++)
			if (cron->days >> day & 1)
				return true;
	return false;
}

int cron_parse(struct cron *cron, const char *text, struct error *error)
{
	uint64_t bits[FIELDS];
	char field[FIELD_MAX];
	bool star[FIELDS];
	const char *at = text + strspn(text, " \t");

	if (*at == '@') {
		next_field(&at, field);
		const char *form = long_form(field);
		if (!form || at[strspn(at, " \t")] != '\0')
			return error_set(error, ERROR_CONFIG, NULL,
				"cron: \"%.*s\" is not known (@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually)", SHOWN_MAX, text);
		at = form;
	}
	for (size_t i = 0; i < FIELDS; i++) {
		if (!next_field(&at, field))
			return error_set(error, ERROR_CONFIG, NULL,
				"cron: \"%.*s\" has no %s; five fields: minute, hour, day of month, month, day of week", SHOWN_MAX, text, fields[i].title);
		if (read_field(field, &fields[i], &bits[i], error) < 0)
			return -1;
		star[i] = field[0] == '*';
	}
	at += strspn(at, " \t");
	if (*at != '\0')
		return error_set(error, ERROR_CONFIG, NULL, "cron: \"%.*s\" goes on after its fifth field, the day of week", SHOWN_MAX, text);
	*cron = (struct cron){
		.minutes = bits[0], .hours = (uint32_t)bits[1], .days = (uint32_t)bits[2], .months = (uint32_t)bits[3],
		.weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f), .every_hour = star[1], .every_day = star[2], .every_weekday = star[4],
	};
	if (!day_exists(cron))
		return error_set(error, ERROR_CONFIG, NULL, "cron: \"%.*s\" never comes: none of its months has such a day", SHOWN_MAX, text);
	return 0;
}

/* --- the next moment --- */

static int64_t floor_to(int64_t value, int64_t unit)
{
	int64_t rest = value % unit;
	return value - (rest < 0 ? rest + unit : rest);
}

static int64_t offset_at(const struct zone *zone, int64_t utc)
{
	return zone ? zone_offset_at(zone, utc) : 0;
}

static bool day_matches(const struct cron *cron, int64_t day)
{
	int year;
	unsigned month, of_month;

	value_civil_from_days(day, &year, &month, &of_month);
	bool by_day = cron->days >> of_month & 1;
	bool by_weekday = cron->weekdays >> (((day + 4) % 7 + 7) % 7) & 1; /* 1970-01-01 was a Thursday */
	if (!(cron->months >> month & 1))
		return false;
	return cron->every_day || cron->every_weekday ? by_day && by_weekday : by_day || by_weekday;
}

/* The moment at which a clock shows a local time for the first time, or jumps over it. */
static int64_t moment_of(const struct zone *zone, int64_t local)
{
	/* Offsets change seldom: those of a day before and after are the only two that can be meant. The earlier one of a time that comes twice is told by
	 * the offset before the change. */
	int64_t before = offset_at(zone, local - DAY - offset_at(zone, local)), after = offset_at(zone, local + DAY - offset_at(zone, local));

	if (offset_at(zone, local - before) == before)
		return local - before;
	if (offset_at(zone, local - after) == after)
		return local - after;
	/* Jumped over: with the offset after the jump it lies before it, with the one before behind it. */
	int64_t low = local - after, high = local - before;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (offset_at(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Times of day, each once: days one after the other, and the times of each. */
static bool next_named(const struct cron *cron, const struct zone *zone, int64_t after, int64_t *next)
{
	int64_t day = floor_to(after + offset_at(zone, after), DAY) / DAY - 1;

	for (int64_t last = day + DAYS_AHEAD; day < last; day++) {
		if (!day_matches(cron, day))
			continue;
		for (int minute = 0; minute < 24 * 60; minute++) {
			if (!(cron->hours >> minute / 60 & 1) || !(cron->minutes >> minute % 60 & 1))
				continue;
			int64_t moment = moment_of(zone, day * DAY + minute * MINUTE);
			if (moment <= after)
				continue;
			*next = moment;
			return true;
		}
	}
	return false;
}

/* As time goes on: what the clock shows, whole minutes one after the other; where the day or the hour is wrong, quarters of an hour, as clocks change by
 * no less. */
static bool next_elapsed(const struct cron *cron, const struct zone *zone, int64_t after, int64_t *next)
{
	int64_t utc = floor_to(after, MINUTE) + MINUTE;

	for (int64_t last = utc + (int64_t)DAYS_AHEAD * DAY; utc < last;) {
		int64_t local = utc + offset_at(zone, utc), in_day = local - floor_to(local, DAY);

		if (!day_matches(cron, floor_to(local, DAY) / DAY) || !(cron->hours >> in_day / HOUR & 1)) {
			utc += floor_to(local, QUARTER) + QUARTER - local;
		} else if (!(cron->minutes >> in_day % HOUR / MINUTE & 1)) {
			utc += MINUTE;
		} else {
			*next = utc;
			return true;
		}
	}
	return false;
}

bool cron_next(const struct cron *cron, const struct zone *zone, int64_t after, int64_t *next)
{
	const int64_t end = INT64_C(253370764800); /* 9999-01-01: the years behind it are not those of a datetime */

	if (after >= end)
		return false;
	return (cron->every_hour ? next_elapsed : next_named)(cron, zone, after, next) && *next < end;
}
