/* test_duration.c - which duration is longer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The pairs of XML Schema part 2 (1.0, 3.2.6.2), which lists for how many days P1M and P1Y are less, more, or neither.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/duration.h"

enum { DURATION_UNKNOWN = 0 };

/* One order, or none where several were seen. */
static unsigned only(unsigned orders)
{
	return orders == DURATION_LESS || orders == DURATION_SAME || orders == DURATION_MORE ? orders : DURATION_UNKNOWN;
}

static void expect(const char *left, const char *right, unsigned order)
{
	struct text a = {left, strlen(left)}, b = {right, strlen(right)};
	unsigned turned = order == DURATION_LESS ? DURATION_MORE : order == DURATION_MORE ? DURATION_LESS : order;
	assert_true(value_is_duration(a.data, a.length) && value_is_duration(b.data, b.length));
	if (only(duration_compare(a, b)) != order || only(duration_compare(b, a)) != turned)
		fail_msg("%s and %s: %u, %u", left, right, duration_compare(a, b), duration_compare(b, a));
}

static void as_xml_schema_has_it(void **state)
{
	(void)state;
	expect("P1Y", "P364D", DURATION_MORE);
	expect("P1Y", "P365D", DURATION_UNKNOWN);
	expect("P1Y", "P366D", DURATION_UNKNOWN);
	expect("P1Y", "P367D", DURATION_LESS);
	expect("P1M", "P27D", DURATION_MORE);
	expect("P1M", "P28D", DURATION_UNKNOWN);
	expect("P1M", "P29D", DURATION_UNKNOWN);
	expect("P1M", "P30D", DURATION_UNKNOWN);
	expect("P1M", "P31D", DURATION_UNKNOWN);
	expect("P1M", "P32D", DURATION_LESS);
	expect("P5M", "P149D", DURATION_MORE);
	expect("P5M", "P150D", DURATION_UNKNOWN);
	expect("P5M", "P153D", DURATION_UNKNOWN);
	expect("P5M", "P154D", DURATION_LESS);
}

static void others(void **state)
{
	(void)state;
	expect("P1Y", "P12M", DURATION_SAME);
	expect("P1D", "PT24H", DURATION_SAME);
	expect("PT60S", "PT1M", DURATION_SAME);
	expect("P1W", "P7D", DURATION_SAME);
	expect("-P1D", "PT0S", DURATION_LESS);
	expect("-P1M", "-P27D", DURATION_LESS);
	expect("PT0.1S", "PT0.10S", DURATION_SAME);
	expect("PT0.000001S", "PT0.000002S", DURATION_LESS);
	expect("P400Y", "P146097D", DURATION_SAME);
	expect("P99999999999Y", "P999999999999999999999999999999D", DURATION_LESS);
	expect("-P99999999999Y", "PT1S", DURATION_LESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_xml_schema_has_it), cmocka_unit_test(others)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
