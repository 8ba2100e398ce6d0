/* test_cron.c - cron expressions: what is read and refused, and the next moments, where clocks change too.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The moments were worked out by hand from the calendar and from when clocks change: Europe/Berlin 2026-03-29T01:00Z and 2026-10-25T01:00Z,
 * America/New_York 2026-03-08T07:00Z and 2026-11-01T06:00Z, Australia/Lord_Howe (half an hour) 2026-04-04T15:00Z and 2026-10-03T15:30Z.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/core/cron.h"

static int64_t moment(const char *text)
{
	struct tm parts = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M", &parts);

	assert_non_null(end);
	assert_string_equal(end, "Z");
	return (int64_t)timegm(&parts);
}

static void show(int64_t at, char out[32])
{
	time_t time = (time_t)at;
	struct tm parts;

	gmtime_r(&time, &parts);
	strftime(out, 32, at % 60 ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%dT%H:%MZ", &parts);
}

static void check(const char *text, const char *zone_name, const char *after, const char *const *expected)
{
	struct error error = ERROR_INIT;
	struct cron cron;
	struct zone *zone = zone_name ? zone_open(zone_name, &error) : NULL;
	int64_t at = moment(after);

	assert_false(error_is_set(&error));
	if (cron_parse(&cron, text, &error) < 0)
		fail_msg("%s: %s", text, error.message);
	for (size_t i = 0; expected[i]; i++) {
		char shown[32];

		if (!cron_next(&cron, zone, at, &at))
			fail_msg("%s: nothing after %s", text, after);
		show(at, shown);
		if (strcmp(shown, expected[i]) != 0)
			fail_msg("%s in %s, number %zu after %s: %s instead of %s", text, zone_name ? zone_name : "UTC", i + 1, after, shown, expected[i]);
	}
	zone_close(zone);
}

#define NEXT(text, zone, after, ...) check(text, zone, after, (const char *const[]){__VA_ARGS__, NULL})

static void calendar(void **state)
{
	(void)state;
	NEXT("0 2 * * *", NULL, "2026-11-21T01:59Z", "2026-11-21T02:00Z", "2026-11-22T02:00Z");
	NEXT("0 2 * * *", NULL, "2026-11-21T02:00Z", "2026-11-22T02:00Z");
	NEXT("*/15 * * * *", NULL, "2026-12-31T23:40Z", "2026-12-31T23:45Z", "2027-01-01T00:00Z");
	NEXT("5,35 8-18/5 * * *", NULL, "2026-11-21T08:05Z", "2026-11-21T08:35Z", "2026-11-21T13:05Z", "2026-11-21T13:35Z", "2026-11-21T18:05Z",
	     "2026-11-21T18:35Z", "2026-11-22T08:05Z");
	NEXT("0 0 31 * *", NULL, "2026-11-21T00:00Z", "2026-12-31T00:00Z", "2027-01-31T00:00Z", "2027-03-31T00:00Z");
	NEXT("0 0 29 feb *", NULL, "2096-03-01T00:00Z", "2104-02-29T00:00Z"); /* 2100 has none */
	NEXT("30 4 1,15 * FRI", NULL, "2026-11-21T00:00Z", "2026-11-27T04:30Z", "2026-12-01T04:30Z", "2026-12-04T04:30Z");
	NEXT("0 0 */2 * 1", NULL, "2026-11-21T00:00Z", "2026-11-23T00:00Z", "2026-12-07T00:00Z"); /* both: an odd day that is a Monday */
	NEXT("0 12 * Jan-Mar Sat-7", NULL, "2026-11-21T00:00Z", "2027-01-02T12:00Z", "2027-01-03T12:00Z", "2027-01-09T12:00Z");
	NEXT("0 12 * * fri-Sun", NULL, "2026-11-21T00:00Z", "2026-11-21T12:00Z", "2026-11-22T12:00Z", "2026-11-27T12:00Z");
	NEXT("0 12 * * sat-0", NULL, "2026-11-21T13:00Z", "2026-11-22T12:00Z", "2026-11-28T12:00Z");
	NEXT("0 12 * * sun-Mon", NULL, "2026-11-21T00:00Z", "2026-11-22T12:00Z", "2026-11-23T12:00Z", "2026-11-29T12:00Z");
	NEXT("0 12 * * 0", NULL, "2026-11-21T00:00Z", "2026-11-22T12:00Z");
	NEXT("\t1  2\t3 4 5 ", NULL, "2026-11-21T00:00Z", "2027-04-02T02:01Z"); /* the third of April, or a Friday in April */
}

static void short_forms(void **state)
{
	(void)state;
	NEXT("@hourly", NULL, "2026-11-21T01:59Z", "2026-11-21T02:00Z", "2026-11-21T03:00Z");
	NEXT("@daily", NULL, "2026-11-21T01:59Z", "2026-11-22T00:00Z");
	NEXT("@midnight", "Asia/Kolkata", "2026-11-21T01:59Z", "2026-11-21T18:30Z");
	NEXT("@weekly", NULL, "2026-11-21T01:59Z", "2026-11-22T00:00Z", "2026-11-29T00:00Z");
	NEXT("@Monthly", NULL, "2026-11-21T01:59Z", "2026-12-01T00:00Z");
	NEXT("@yearly", NULL, "2026-11-21T01:59Z", "2027-01-01T00:00Z");
	NEXT("@annually", NULL, "2026-11-21T01:59Z", "2027-01-01T00:00Z");
}

/* A time of day that the clock jumps over comes with the jump; both that it jumps over come together, once. */
static void forward(void **state)
{
	(void)state;
	NEXT("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00Z", "2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z");
	NEXT("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-30T00:00Z", "2026-03-30T00:30Z");
	NEXT("30 2 * * *", "America/New_York", "2026-03-07T12:00Z", "2026-03-08T07:00Z", "2026-03-09T06:30Z");
	NEXT("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00Z", "2026-10-03T15:30Z", "2026-10-04T15:15Z");
	NEXT("0 * * * *", "Europe/Berlin", "2026-03-28T23:30Z", "2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z");
	NEXT("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15Z", "2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z");
	NEXT("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-30T01:00Z");
}

/* One that it shows twice comes the first time. What goes by the hour goes on. */
static void back(void **state)
{
	(void)state;
	NEXT("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z");
	NEXT("30 2 * * *", "Europe/Berlin", "2026-10-25T01:00Z", "2026-10-26T01:30Z");
	NEXT("30 1 * * *", "America/New_York", "2026-10-31T12:00Z", "2026-11-01T05:30Z", "2026-11-02T06:30Z");
	NEXT("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", "2026-04-04T14:45Z", "2026-04-05T15:15Z");
	NEXT("0 * * * *", "America/New_York", "2026-11-01T04:30Z", "2026-11-01T05:00Z", "2026-11-01T06:00Z", "2026-11-01T07:00Z");
	NEXT("*/20 * * * *", "Europe/Berlin", "2026-10-25T00:30Z", "2026-10-25T00:40Z", "2026-10-25T01:00Z", "2026-10-25T01:20Z", "2026-10-25T01:40Z",
	     "2026-10-25T02:00Z");
}

static void refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "has no minute"},
		{"* * * *", "has no day of week; five fields"},
		{"* * * * * *", "goes on after its fifth field"},
		{"60 * * * *", "the minute \"60\" holds no value that it may have (0 to 59)"},
		{"-1 * * * *", "the minute \"-1\" holds no value"},
		{"0 24 * * *", "the hour \"24\""},
		{"0 0 0 * *", "the day of month \"0\""},
		{"0 0 32 * *", "the day of month \"32\""},
		{"0 0 * 13 *", "the month \"13\" holds no value that it may have (1 to 12 or jan to dec)"},
		{"0 0 * juno *", "is not a list of values"},
		{"0 0 * * 8", "the day of week \"8\" holds no value that it may have (0 to 7 or sun to sat)"},
		{"0 0 * * fri-mon", "ends before it begins"},
		{"5/10 * * * *", "a step behind a single value"},
		{"*/0 * * * *", "step that is no number"},
		{"*/60 * * * *", "beyond the field"},
		{"*/x * * * *", "step that is no number"},
		{"1, * * * *", "holds no value"},
		{"1-, * * * *", "a range without an end"},
		{"*5 * * * *", "is not a list"},
		{"99999999999999999999 * * * *", "holds no value"},
		{"0 0 30 feb *", "never comes"},
		{"0 0 31 apr,jun,sep,nov *", "never comes"},
		{"@reboot", "\"@reboot\" is not known"},
		{"@daily 5", "is not known"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error error = ERROR_INIT;
		struct cron cron;

		assert_int_equal(cron_parse(&cron, cases[i].text, &error), -1);
		assert_int_equal(error.kind, ERROR_CONFIG);
		if (!strstr(error.message, cases[i].message))
			fail_msg("\"%s\": \"%s\" does not hold \"%s\"", cases[i].text, error.message, cases[i].message);
	}
}

/* Walks some years minute by minute with the C library's own clock, and compares each moment of expressions that go by the hour. */
static void against_libc(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe"};
	struct error error = ERROR_INIT;
	struct cron cron;

	(void)state;
	assert_int_equal(cron_parse(&cron, "7,37 */3 1-20 * mon-fri", &error), 0);
	for (size_t i = 0; i < 3; i++) {
		struct zone *zone = zone_open(zones[i], &error);
		int64_t first = moment("2026-01-01T00:00Z"), last = moment("2027-02-01T00:00Z"), expected = first - 1;

		assert_non_null(zone);
		setenv("TZ", zones[i], 1);
		tzset();
		for (int64_t at = first; at < last; at += 60) {
			time_t time = (time_t)at;
			struct tm parts;

			localtime_r(&time, &parts);
			bool wanted = (parts.tm_min == 7 || parts.tm_min == 37) && parts.tm_hour % 3 == 0 &&
				      ((parts.tm_mday <= 20) || (parts.tm_wday >= 1 && parts.tm_wday <= 5));
			if (!wanted)
				continue;
			assert_true(cron_next(&cron, zone, expected, &expected));
			assert_int_equal(expected, at);
		}
		zone_close(zone);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendar), cmocka_unit_test(short_forms), cmocka_unit_test(forward), cmocka_unit_test(back),
		cmocka_unit_test(refused), cmocka_unit_test(against_libc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
