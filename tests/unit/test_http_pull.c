/* Which addresses pages may have, what a gate lets through when names change, how pages lead to each other, what a decompressed text ends with.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connectors/http/gate.h"
#include "connectors/http/paging.h"
#include "connectors/http/unzip.h"
#include "connectors/registry.h"

static struct url url_of(const char *text, const struct url *base)
{
	struct error error = ERROR_INIT;
	struct url url;

	if (url_init(&url, text, base, ERROR_SOURCE, "here", &error) < 0)
		fail_msg("%s: %s", text, error.message);
	return url;
}

static void test_url(void **state)
{
	static const char *const bad[] = { "", "h", "ftp://h/", "file:///etc/passwd", "http://", "http://a b/", "http://u@h/", "https://u:p@h/", "http://h:99999/", "javascript:x", NULL };
	struct error error = ERROR_INIT;
	struct url url;

	(void)state;
	for (size_t i = 0; bad[i]; i++) {
		if (url_init(&url, bad[i], NULL, ERROR_CONFIG, "here", &error) == 0)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(error.kind, ERROR_CONFIG);
		assert_null(strstr(error.message, "p@h"));
		error_clear(&error);
		url_fini(&url);
	}
	url = url_of("HTTPS://Example.com/a/b?key=secret&x=1#part", NULL);
	assert_string_equal(url.shown, "https://Example.com/a/b");
	assert_int_equal(url.port, 443);
	assert_null(strchr(url.text, '#'));
	assert_true(url_has(&url, "key") && url_has(&url, "x"));
	assert_false(url_has(&url, "ke") || url_has(&url, "secret") || url_has(&url, "1"));
	assert_int_equal(url_add(&url, "q&", "a b/\xC3\xA9=&?#%", &error), 0);
	/* RFC 3986: everything but unreserved characters is encoded; in which case the digits are does not matter. */
	assert_non_null(strcasestr(url.text, "&q%26=a%20b%2F%C3%A9%3D%26%3F%23%25"));
	assert_true(url_has(&url, "q&"));

	/* RFC 3986, 5.4. */
	struct url base = url_of("http://a/b/c/d;p?q", NULL);
	static const char *const relative[][2] = { { "g", "http://a/b/c/g" }, { "/g", "http://a/g" }, { "//g/x", "http://g/x" }, { "?y", "http://a/b/c/d;p?y" },
		{ "../g", "http://a/b/g" }, { "../../../g", "http://a/g" }, { "https://h:1/", "https://h:1/" } };
	for (size_t i = 0; i < sizeof relative / sizeof *relative; i++) {
		struct url other = url_of(relative[i][0], &base);
		assert_string_equal(other.text, relative[i][1]);
		url_fini(&other);
	}
	url_fini(&base);
	url_fini(&url);
}

static void test_may_lead(void **state)
{
	static const char *const entries[] = { "b.example", "c.example:8443", "[::1]:9000", "[2606::1]" };
	const struct option_list allowed = { entries, 4 };
	static const struct {
		const char *own, *other;
		bool may, same;
	} cases[] = {
		{ "https://a.example/x", "https://a.example/y?z", true, true },      { "https://a.example/x", "https://A.EXAMPLE.:443/", true, true },
		{ "https://a.example/x", "http://a.example/y", false, false },       { "http://a.example/x", "https://a.example/y", true, false },
		{ "https://a.example/x", "https://a.example:8443/y", false, false }, { "http://a.example:81/x", "http://a.example:81/", true, true },
		{ "http://a.example:81/x", "http://a.example/", true, false },       { "https://a.example/x", "https://b.example/", true, false },
		{ "https://a.example/x", "https://b.example:444/", false, false },   { "https://a.example/x", "https://c.example/", false, false },
		{ "https://a.example/x", "https://c.example:8443/", true, false },   { "https://a.example/x", "https://a.example.evil/", false, false },
		{ "https://a.example/x", "https://evil-b.example/", false, false },  { "http://a.example/x", "http://[::1]:9000/", true, false },
		{ "http://a.example/x", "http://[::1]/", false, false },             { "http://a.example/x", "http://[2606::1]/", true, false },
		{ "http://a.example/x", "http://[2606::1]:81/", false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct url own = url_of(cases[i].own, NULL), other = url_of(cases[i].other, NULL);
		if (url_may_lead(&own, &allowed, &other) != cases[i].may || url_same_origin(&own, &other) != cases[i].same)
			fail_msg("%s -> %s", cases[i].own, cases[i].other);
		url_fini(&own);
		url_fini(&other);
	}
}

static bool lets(struct gate *gate, const char *address, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, address, &four.sin_addr), 1);
	return gate_lets(gate, (const struct sockaddr *)&four, sizeof four);
}

static void prepare(struct gate *gate, const char *text, bool own)
{
	struct error error = ERROR_INIT;
	struct url url = url_of(text, NULL);

	assert_int_equal(gate_prepare(gate, &url, own, "here", &error), 0);
	url_fini(&url);
}

/* A name that means one address now and another one later. */
static void test_gate(void **state)
{
	struct error error = ERROR_INIT;
	struct gate gate;

	(void)state;
	gate_init(&gate, false);
	prepare(&gate, "https://own.example/", true);
	assert_true(lets(&gate, "8.8.8.8", 443));
	prepare(&gate, "https://own.example/", true);
	assert_false(lets(&gate, "169.254.169.254", 443));
	assert_int_equal(gate_say(&gate, "here", &error), -1);
	assert_non_null(strstr(error.message, "was public and has the private address 169.254.169.254"));
	assert_true(lets(&gate, "1.1.1.1", 443));

	gate_init(&gate, false); /* its author's own decision */
	prepare(&gate, "http://erp.internal/", true);
	assert_true(lets(&gate, "10.0.0.7", 80));
	assert_true(lets(&gate, "10.0.0.8", 80));
	prepare(&gate, "http://other.internal/", false);
	assert_false(lets(&gate, "10.0.0.7", 80));
	assert_true(lets(&gate, "8.8.4.4", 80));

	gate_init(&gate, true);
	prepare(&gate, "http://127.0.0.1/", false);
	assert_true(lets(&gate, "127.0.0.1", 80));

	/* The proxy of the environment, on its own port alone. */
	gate_init(&gate, false);
	setenv("https_proxy", "http://127.0.0.1:3128", 1);
	prepare(&gate, "https://other.example/", false);
	assert_true(lets(&gate, "127.0.0.1", 3128));
	assert_false(lets(&gate, "127.0.0.1", 443));
	unsetenv("https_proxy");
	assert_false(lets(&gate, "127.0.0.1", 3128));
}

static struct http_options options_of(enum http_paging kind)
{
	return (struct http_options){ .paging = (int)kind, .page_parameter = "page", .first_page = 1, .offset_parameter = "offset", .max_pages = 1000000 };
}

/* A loop is found wherever it begins and however long it is, at the latest some three times around. */
static void test_loops(void **state)
{
	(void)state;
	for (unsigned lead = 0; lead < 40; lead += 3)
		for (unsigned length = 1; length < 60; length += 7) {
			struct http_options options = options_of(PAGING_CURSOR);
			struct url base = url_of("https://h/x", NULL);
			struct error error = ERROR_INIT;
			struct paging paging;
			unsigned steps = 0;
			char cursor[16];

			options.cursor = "/next";
			options.cursor_parameter = "after";
			assert_int_equal(paging_init(&paging, &options, &base, &error), 0);
			for (int result = 1; result == 1; steps++) {
				struct page_facts facts = { .status = 200, .hash = "", .link = "", .cursor = cursor, .from = &paging.next };
				snprintf(cursor, sizeof cursor, "%u", steps < lead ? steps : lead + (steps - lead) % length);
				result = paging_go_on(&paging, &facts, "here", &error);
				if (result == 1)
					assert_true(url_has(&paging.next, "after"));
				assert_true(steps <= 3 * (lead + length) + 2);
			}
			assert_true(steps > length && strstr(error.message, "circle"));
			paging_fini(&paging);
			url_fini(&base);
		}
}

static void test_offsets(void **state)
{
	static const uint64_t sizes[] = { 100, 37, 100, 0 };
	static const char *const addresses[] = { "https://h/x?limit=50&offset=0", "https://h/x?limit=50&offset=100", "https://h/x?limit=50&offset=137",
		"https://h/x?limit=50&offset=237" };
	struct http_options options = options_of(PAGING_OFFSET);
	struct url base = url_of("https://h/x", NULL);
	struct error error = ERROR_INIT;
	struct paging paging;

	(void)state;
	options.size_parameter = "limit";
	options.page_size = 50;
	assert_int_equal(paging_init(&paging, &options, &base, &error), 0);
	for (size_t i = 0; i < 4; i++) {
		char hash[SHA256_HEX_SIZE] = { (char)('a' + i) };
		const struct page_facts facts = { .status = 200, .records = sizes[i], .hash = hash, .link = "", .from = &paging.next };
		assert_string_equal(paging.next.text, addresses[i]);
		assert_int_equal(paging_go_on(&paging, &facts, "here", &error), i < 3);
	}
	paging_fini(&paging);
	url_fini(&base);
}

/* --- cursors in documents ----------------------------------------------------------------------- */

static void expect_found(const char *text, const char *pointer, const char *wanted)
{
	char name[] = "/tmp/penstock-unit-XXXXXX";
	int fd = mkstemp(name);
	struct format_input document = { .fd = fd, .name = "page 3" };
	struct error error = ERROR_INIT;
	struct buffer out;

	assert_true(fd >= 0 && unlink(name) == 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	buffer_init(&out, 65536);
	int found = connector_format("json")->find(&document, pointer, &out, NULL, &error);
	if (wanted ? found != 1 || strcmp(buffer_text(&out), wanted) != 0 : found != 0)
		fail_msg("%s at %s: gave %d \"%s\" %s", text, pointer, found, buffer_text(&out), error.message);
	buffer_fini(&out);
	close(fd);
}

static void test_cursors(void **state)
{
	static const char *const wrong[] = { "{\"a\":{}}", "{\"a\":[]}", "{\"a\":true}", "{\"a\":", "{\"a\" 1}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u0000\"}", NULL };

	(void)state;
	expect_found("{\"b\":[{\"a\":0}],\"a\":\"x\\u00e9\\/\\\"\"}", "/a", "x\xC3\xA9/\"");
	expect_found("{\"a\":12345678901234567890.50}", "/a", "12345678901234567890.50");
	expect_found("\xEF\xBB\xBF{\"a\":{\"~/\":[7,8]}}", "/a/~0~1/1", "8");
	expect_found("\"whole\"", "", "whole");
	expect_found("{\"a\":null}", "/a", NULL);
	expect_found("{\"a\":false}", "/a", NULL);
	expect_found("{\"a\":\"\"}", "/a", NULL);
	expect_found("{}", "/a", NULL);
	expect_found("{\"a\":3}", "/a/b", NULL);
	expect_found("[1]", "/1", NULL);
	expect_found("[1]", "/-", NULL);
	for (size_t i = 0; wrong[i]; i++) {
		char name[] = "/tmp/penstock-unit-XXXXXX";
		int fd = mkstemp(name);
		struct format_input document = { .fd = fd, .name = "page 3" };
		struct error error = ERROR_INIT;
		struct buffer out;

		assert_true(fd >= 0 && unlink(name) == 0 && write(fd, wrong[i], strlen(wrong[i])) > 0);
		buffer_init(&out, 65536);
		if (connector_format("json")->find(&document, "/a", &out, NULL, &error) != -1)
			fail_msg("%s was taken", wrong[i]);
		assert_int_equal(error.kind, ERROR_SOURCE);
		assert_int_equal(strncmp(error.place, "page 3", 6), 0);
		buffer_fini(&out);
		close(fd);
	}
}

/* --- decompressing ------------------------------------------------------------------------------ */

static int take(void *arg, const char *data, size_t length, struct error *error)
{
	return buffer_append(arg, data, length, error);
}

/* printf 'hello\n' | gzip -n9 */
static const char hello[] = "\x1F\x8B\x08\x00\x00\x00\x00\x00\x02\x03\xCB\x48\xCD\xC9\xC9\xE7\x02\x00\x20\x30\x3A\x36\x06\x00\x00\x00";
enum { HELLO = sizeof hello - 1 };

/* Twice hello, cut off behind each byte, in pieces of each size. */
static void test_unzip(void **state)
{
	char twice[2 * HELLO];

	(void)state;
	memcpy(twice, hello, HELLO);
	memcpy(twice + HELLO, hello, HELLO);
	for (size_t length = 0; length <= 2 * HELLO; length++)
		for (size_t piece = 1; piece <= 7; piece += 3) {
			struct error error = ERROR_INIT;
			struct buffer out;
			buffer_init(&out, 1024);
			struct unzip *unzip = unzip_new(UNZIP_GZIP, take, &out, &error);
			assert_non_null(unzip);
			for (size_t at = 0; at < length; at += piece)
				assert_int_equal(unzip_feed(unzip, twice + at, length - at < piece ? length - at : piece, "here", &error), 0);
			bool whole = length % HELLO == 0;
			assert_int_equal(unzip_end(unzip, "here", &error), whole ? 0 : -1);
			if (whole)
				assert_int_equal(out.length, 6 * (length / HELLO));
			unzip_free(unzip);
			buffer_fini(&out);
		}
	/* A bit of the checksum is wrong. */
	struct error error = ERROR_INIT;
	struct buffer out;
	buffer_init(&out, 1024);
	struct unzip *unzip = unzip_new(UNZIP_GZIP, take, &out, &error);
	twice[HELLO - 5] ^= 1;
	assert_int_equal(unzip_feed(unzip, twice, HELLO, "here", &error), -1);
	assert_int_equal(error.kind, ERROR_SOURCE);
	unzip_free(unzip);
	buffer_fini(&out);
	assert_int_equal(unzip_kind_of("GZIP", 4), UNZIP_GZIP);
	assert_int_equal(unzip_kind_of("br", 2), UNZIP_UNKNOWN);
	assert_int_equal(unzip_kind_of("gzip, gzip", 10), UNZIP_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url), cmocka_unit_test(test_may_lead), cmocka_unit_test(test_gate), cmocka_unit_test(test_loops),
		cmocka_unit_test(test_offsets), cmocka_unit_test(test_cursors), cmocka_unit_test(test_unzip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
