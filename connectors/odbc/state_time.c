/* state_time.c - times as the state tables carry them: ISO 8601, UTC, always six digits of a second, so that they sort as text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "connectors/odbc/state.h"
#include "engine/core/value.h"

enum { MICROS = 1000000, DAY = 86400 };

void state_time_text(int64_t micros, char out[STATE_TIME_SIZE])
{
	int64_t seconds = micros / MICROS, fraction = micros % MICROS, days, rest;
	unsigned month, day;
	int year;

	if (fraction < 0) {
		fraction += MICROS;
		seconds--;
	}
	days = seconds / DAY;
	rest = seconds % DAY;
	if (rest < 0) {
		rest += DAY;
		days--;
	}
	value_civil_from_days(days, &year, &month, &day);
	snprintf(out, STATE_TIME_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u.%06uZ", year % 10000, month % 100, day % 100,
		(unsigned)(rest / 3600) % 100, (unsigned)(rest / 60) % 60, (unsigned)(rest % 60), (unsigned)fraction % MICROS);
}

bool state_time_parse(const char *text, int64_t *micros)
{
	int year, end = 0;
	unsigned month, day, hour, minute, second, fraction;
	int64_t days;

	if (strlen(text) != sizeof "2021-11-07T02:48:42.123456Z" - 1 ||
	    sscanf(text, "%4d-%2u-%2uT%2u:%2u:%2u.%6uZ%n", &year, &month, &day, &hour, &minute, &second, &fraction, &end) != 7 ||
	    text[end] || hour > 23 || minute > 59 || second > 59 || !value_days_from_civil(year, month, day, &days))
		return false;
	*micros = (days * DAY + (int64_t)hour * 3600 + minute * 60 + second) * MICROS + fraction;
	return true;
}
