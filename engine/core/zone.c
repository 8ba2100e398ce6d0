/* zone.c - reads TZif files and answers what the offset of a local time was.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file holds the moments at which the offset changed and, for the time after the last of them, a rule in the
 * notation of POSIX TZ ("CET-1CEST,M3.5.0,M10.5.0/3").
 */
#include "engine/core/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/core/value.h"

enum { FILE_MAX = 1 << 20, FOLDER_MAX = 1024, HEADER_SIZE = 44 };
static const int64_t DAY = 86400;

/* When a rule's change happens in a year: the week-th (5: last) weekday of a month, or a day of the year. */
struct change {
	enum { CHANGE_WEEKDAY, CHANGE_JULIAN, CHANGE_DAY } kind; /* JULIAN: 1 to 365, no 29 February; DAY: 0 to 365 */
	int month, week, day;
	int seconds; /* local time of day, may be negative or beyond a day */
};

struct zone {
	size_t count;         /* of transitions */
	int64_t *transitions; /* UTC, ascending */
	int32_t *offsets;     /* after each of them */
	int32_t first;        /* before the first */
	bool has_rule;        /* after the last one standard and summer change places each year, or standard holds */
	bool has_summer;
	int32_t standard, summer;
	struct change to_summer, to_standard;
};

static int64_t big_endian(const unsigned char *bytes, size_t count)
{
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

/* A name in the notation of POSIX TZ: letters, or anything in angle brackets. */
static bool skip_name(const char **text)
{
	const char *at = *text;
	if (*at == '<') {
		at = strchr(at, '>');
		if (!at)
			return false;
		*text = at + 1;
		return true;
	}
	while ((*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z'))
		at++;
	bool found = at > *text;
	*text = at;
	return found;
}

static bool read_number(const char **text, int most, int *out)
{
	const char *at = *text;
	int value = 0;
	while (*at >= '0' && *at <= '9' && value <= most)
		value = value * 10 + (*at++ - '0');
	if (at == *text || value > most)
		return false;
	*text = at;
	*out = value;
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool read_seconds(const char **text, int *out)
{
	int hours, minutes = 0, seconds = 0;
	bool negative = **text == '-';
	if (**text == '-' || **text == '+')
		++*text;
	if (!read_number(text, 167, &hours))
		return false;
	if (**text == ':' && (++*text, !read_number(text, 59, &minutes)))
		return false;
	if (**text == ':' && (++*text, !read_number(text, 59, &seconds)))
		return false;
	int sum = hours * 3600 + minutes * 60 + seconds;
	*out = negative ? -sum : sum;
	return true;
}

static bool read_change(const char **text, struct change *out)
{
	*out = (struct change){.kind = CHANGE_DAY, .seconds = 7200};
	if (**text != ',')
		return false;
	++*text;
	if (**text == 'M') {
		out->kind = CHANGE_WEEKDAY;
		++*text;
		if (!read_number(text, 12, &out->month) || **text != '.' ||
		    (++*text, !read_number(text, 5, &out->week)) || **text != '.' ||
		    (++*text, !read_number(text, 6, &out->day)) || out->month < 1 || out->week < 1)
			return false;
	} else {
		if (**text == 'J') {
			out->kind = CHANGE_JULIAN;
			++*text;
		}
		if (!read_number(text, 365, &out->day) || (out->kind == CHANGE_JULIAN && out->day < 1))
			return false;
	}
	return **text != '/' || (++*text, read_seconds(text, &out->seconds));
}

static bool read_rule(struct zone *zone, const char *text)
{
	int west;
	if (!skip_name(&text) || !read_seconds(&text, &west))
		return false;
	zone->has_rule = true;
	zone->standard = -west;
	if (*text == '\0')
		return true;
	zone->has_summer = true;
	zone->summer = zone->standard + 3600;
	if (!skip_name(&text))
		return false;
	if (*text != ',') {
		if (!read_seconds(&text, &west))
			return false;
		zone->summer = -west;
	}
	return read_change(&text, &zone->to_summer) && read_change(&text, &zone->to_standard) && *text == '\0';
}

static bool read_block(struct zone *zone, const unsigned char *data, size_t size, size_t time_size, size_t *used)
{
	if (size < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
		return false;
	size_t counts[6]; /* isutc, isstd, leap, time, type, char */
	for (size_t i = 0; i < 6; i++) {
		counts[i] = (size_t)big_endian(data + 20 + 4 * i, 4);
		if (counts[i] > FILE_MAX)
			return false;
	}
	size_t times = counts[3], types = counts[4];
	size_t body =
		times * time_size + times + types * 6 + counts[5] + counts[2] * (time_size + 4) + counts[1] + counts[0];
	if (size - HEADER_SIZE < body || types == 0)
		return false;
	*used = HEADER_SIZE + body;
	if (time_size == 4)
		return true;
	const unsigned char *time = data + HEADER_SIZE, *index = time + times * time_size, *type = index + times;
	zone->transitions = calloc(times ? times : 1, sizeof *zone->transitions);
	zone->offsets = calloc(times ? times : 1, sizeof *zone->offsets);
	if (!zone->transitions || !zone->offsets)
		return false;
	zone->count = times;
	zone->first = (int32_t)big_endian(type, 4);
	for (size_t i = 0; i < times; i++) {
		if (index[i] >= types)
			return false;
		zone->transitions[i] = big_endian(time + i * time_size, time_size);
		zone->offsets[i] = (int32_t)big_endian(type + (size_t)index[i] * 6, 4);
		if (i > 0 && zone->transitions[i] <= zone->transitions[i - 1])
			return false;
	}
	return true;
}

static bool read_file(struct zone *zone, unsigned char *data, size_t size)
{
	size_t used;
	/* The first block has times of 32 bits; the second, since version 2, the real ones. */
	if (size < HEADER_SIZE || data[4] < '2' || !read_block(zone, data, size, 4, &used))
		return false;
	data += used;
	size -= used;
	if (!read_block(zone, data, size, 8, &used))
		return false;
	data += used;
	size -= used;
	if (size < 2 || data[0] != '\n')
		return false;
	unsigned char *end = memchr(data + 1, '\n', size - 1);
	if (!end)
		return false;
	*end = '\0';
	return data[1] == '\0' || read_rule(zone, (char *)data + 1);
}

static bool name_is_safe(const char *name)
{
	if (name[0] == '\0' || name[0] == '/' || strstr(name, ".."))
		return false;
	for (const char *c = name; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
		      strchr("_+-/", *c)))
			return false;
	return strlen(name) < 256;
}

static FILE *open_file(const char *name)
{
	static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"};
	const char *own = getenv("TZDIR");
	for (size_t i = 0; i < sizeof folders / sizeof folders[0] + 1; i++) {
		const char *folder = i == 0 ? own : folders[i - 1];
		char path[FOLDER_MAX + 260];
		if (!folder || strlen(folder) > FOLDER_MAX)
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, name);
		FILE *file = fopen(path, "re");
		if (file)
			return file;
	}
	return NULL;
}

struct zone *zone_open(const char *name, struct error *error)
{
	FILE *file = name_is_safe(name) ? open_file(name) : NULL;
	if (!file) {
		error_set(error, ERROR_CONFIG, NULL,
			  "there is no time zone \"%s\" on this system (names are like Europe/Berlin; Debian has them "
			  "in the package tzdata)",
			  name);
		return NULL;
	}
	struct zone *zone = calloc(1, sizeof *zone);
	unsigned char *data = malloc(FILE_MAX);
	if (!zone || !data) {
		error_memory(error, "a time zone");
		zone_close(zone);
		zone = NULL;
	} else {
		size_t size = fread(data, 1, FILE_MAX, file);
		if (ferror(file) || !read_file(zone, data, size)) {
			error_set(error, ERROR_CONFIG, NULL, "the system's file of the time zone \"%s\" cannot be read",
				  name);
			zone_close(zone);
			zone = NULL;
		}
	}
	free(data);
	fclose(file);
	return zone;
}

void zone_close(struct zone *zone)
{
	if (!zone)
		return;
	free(zone->transitions);
	free(zone->offsets);
	free(zone);
}

/* Days since 1970 on which a change happens in a year. */
static int64_t change_day(const struct change *change, int year)
{
	/* The calendar repeats itself, weekdays included, after 400 years: years next to the first and last one need no
	 * calendar of their own. */
	if (year < 1)
		return change_day(change, year + 400) - 146097;
	if (year > 9998)
		return change_day(change, year - 400) + 146097;
	int64_t first = 0, days = 0;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (!value_days_from_civil(year, change->kind == CHANGE_WEEKDAY ? (unsigned)change->month : 1, 1, &first))
		return 0;
	if (change->kind == CHANGE_DAY)
		return first + change->day;
	if (change->kind == CHANGE_JULIAN)
		return first + change->day - 1 + (leap && change->day > 59);
	/* 1970-01-01 was a Thursday (4). */
	int weekday = (int)(((first + 4) % 7 + 7) % 7);
	days = first + (change->day - weekday + 7) % 7 + (change->week - 1) * 7;
	int64_t next = 0;
	int next_year = change->month == 12 ? year + 1 : year;
	unsigned next_month = change->month == 12 ? 1 : (unsigned)change->month + 1;
	if (!value_days_from_civil(next_year, next_month, 1, &next))
		return 0;
	return days >= next ? days - 7 : days;
}

static int32_t rule_offset(const struct zone *zone, int64_t utc)
{
	if (!zone->has_summer)
		return zone->standard;
	int64_t local = utc + zone->standard;
	int64_t day = local >= 0 ? local / DAY : (local - DAY + 1) / DAY;
	int year;
	unsigned month, of_month;
	value_civil_from_days(day, &year, &month, &of_month);
	int64_t begin = change_day(&zone->to_summer, year) * DAY + zone->to_summer.seconds - zone->standard;
	int64_t end = change_day(&zone->to_standard, year) * DAY + zone->to_standard.seconds - zone->summer;
	bool summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
	return summer ? zone->summer : zone->standard;
}

/* How many transitions lie at or before a moment. */
static size_t passed(const struct zone *zone, int64_t utc)
{
	size_t low = 0, high = zone->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->transitions[middle] <= utc)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int32_t offset_at(const struct zone *zone, int64_t utc)
{
	size_t before = passed(zone, utc);
	if (before == zone->count && zone->has_rule)
		return rule_offset(zone, utc);
	return before > 0 ? zone->offsets[before - 1] : zone->first;
}

int zone_offset_at(const struct zone *zone, int64_t utc)
{
	return offset_at(zone, utc);
}

/* Counts an offset that maps local to a moment at which it held, unless it was counted already. */
static void try_offset(const struct zone *zone, int64_t local, int32_t offset, unsigned *found, int *out)
{
	if ((*found > 0 && offset == *out) || offset_at(zone, local - offset) != offset)
		return;
	++*found;
	*out = offset;
}

bool zone_offset_of_local(const struct zone *zone, int64_t local, int *offset)
{
	/* No offset is beyond 26 hours: only those that held within two days of this time on a UTC clock can be meant.
	 */
	const int64_t from = local - 2 * DAY, to = local + 2 * DAY;
	unsigned found = 0;
	int value = 0;
	try_offset(zone, local, offset_at(zone, from), &found, &value);
	for (size_t i = passed(zone, from); i < zone->count && zone->transitions[i] <= to; i++)
		try_offset(zone, local, zone->offsets[i], &found, &value);
	try_offset(zone, local, offset_at(zone, to), &found, &value);
	*offset = value;
	return found == 1;
}
