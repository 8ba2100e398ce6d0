/* The next page in Link headers, held against the examples and the grammar of RFC 8288; addresses held against the IANA registries; options.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "connectors/http/address.h"
#include "connectors/http/link.h"
#include "connectors/http/options.h"

/* wanted NULL: none. */
static void expect_next(const char *value, const char *wanted)
{
	const char *address;
	size_t length;
	int found = link_next(value, &address, &length);

	if (found != (wanted != NULL))
		fail_msg("%s: gave %d", value, found);
	if (wanted && (length != strlen(wanted) || memcmp(address, wanted, length) != 0))
		fail_msg("%s: gave %.*s", value, (int)length, address);
}

static void test_next(void **state)
{
	(void)state;
	expect_next("", NULL);
	expect_next("<https://h/x?page=2>; rel=\"next\"", "https://h/x?page=2");
	expect_next("<https://h/x?page=2>; rel=next", "https://h/x?page=2");
	/* As GitHub writes it. */
	expect_next("<https://h/x?page=15>; rel=\"next\", <https://h/x?page=34>; rel=\"last\", <https://h/x?page=1>; rel=\"first\"", "https://h/x?page=15");
	expect_next("<https://h/x?page=1>; rel=\"first\",<https://h/x?a=1,2;3>;rel=NEXT", "https://h/x?a=1,2;3");
	/* Section 3.3: several relations in one; 3: several rel, of which the first counts. */
	expect_next("</a>; rel=\"start http://example.net/relation/other next\"", "/a");
	expect_next("</a>; rel=prev; rel=next", NULL);
	expect_next("</a>; rel=\"nextish next-page\"", NULL);
	/* Section 3.2: a link from elsewhere. */
	expect_next("</a>; rel=next; anchor=\"#foo\", </b>; rel=next", "/b");
	/* Other parameters, quoted strings with what separates, spaces before and behind everything, empty elements. */
	expect_next("</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, </c4>; rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes", "/c4");
	expect_next("</a>; title=\"a, <b>; rel=next\"; rel=prev", NULL);
	expect_next("</a>; title=\"quote \\\" and , \"; rel=\"next\"", "/a");
	expect_next(" , , </a> ; ; rel = next ; x , ", "/a");
}

static void test_unreadable(void **state)
{
	static const char *const bad[] = { "https://h/x; rel=next", "<https://h/x; rel=next", "</a>; rel=next </b>", "</a> rel=next", "</a>; rel=\"next",
		"x, </a>; rel=next", "</a>; rel=next>, ", NULL };
	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		const char *address;
		size_t length;
		if (link_next(bad[i], &address, &length) != -1)
			fail_msg("%s was taken", bad[i]);
	}
}

static bool is_public(const char *text)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
		return address_is_public((const struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
	return address_is_public((const struct sockaddr *)&six);
}

static void test_addresses(void **state)
{
	static const char *const public[] = { "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8", "2002:808:808::1", NULL };
	static const char *const private[] = { "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.8", "192.168.0.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
		"fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "100::1", NULL };
	static const char *const names[] = { "localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "10.1.2.3.", "[::1]", "[fe80::1%25eth0]", "[::ffff:10.0.0.1]", NULL };
	(void)state;
	for (size_t i = 0; public[i]; i++)
		if (!is_public(public[i]))
			fail_msg("%s is public", public[i]);
	for (size_t i = 0; private[i]; i++)
		if (is_public(private[i]))
			fail_msg("%s is not public", private[i]);
	for (size_t i = 0; names[i]; i++)
		assert_true(host_is_private(names[i]));
	assert_false(host_is_private("example.com"));
	assert_false(host_is_private("8.8.8.8"));
	assert_false(host_is_private("notlocalhost"));
	assert_false(host_is_private("[2606:4700::1]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_next), cmocka_unit_test(test_unreadable), cmocka_unit_test(test_addresses) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
