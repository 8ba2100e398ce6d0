/* test_http_rate.c - who may ask how often, and who is asking: buckets, keys, scopes, hosts. Expected numbers are worked out by hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/http/parts.h"

enum { SECOND = 1000000 };
static const int64_t begin = INT64_C(1000) * SECOND;

static struct rates *made(uint64_t rate, uint64_t burst, size_t keys)
{
	const struct serve_rates limits = {.requests = (int64_t)rate, .burst = (int64_t)burst, .failures = (int64_t)rate, .failure_burst = (int64_t)burst};
	struct error error = ERROR_INIT;
	struct rates *rates = rates_new(&limits, keys, &error);

	assert_non_null(rates);
	return rates;
}

/* How many of count requests at one moment are allowed. */
static int allowed(struct rates *rates, size_t key, const char *client, int64_t now_us, int count)
{
	struct rate rate;
	int good = 0;

	for (int i = 0; i < count; i++) {
		rate_request(rates, key, client, now_us, &rate);
		good += rate.allowed;
		assert_true(rate.allowed ? rate.retry_s == 0 : rate.retry_s >= 1);
	}
	return good;
}

/* The defaults of a serve file: 5,000 at once, then 10,000 a second. */
static void the_default_bucket(void **state)
{
	struct rates *rates = made(10000, 5000, 1);
	struct rate rate;

	(void)state;
	assert_int_equal(allowed(rates, 0, "", begin, 6000), 5000);
	rate_request(rates, 0, "", begin, &rate);
	assert_false(rate.allowed);
	assert_int_equal(rate.limit, 5000);
	assert_int_equal(rate.remaining, 0);
	assert_int_equal(rate.reset_s, 1);
	assert_int_equal(allowed(rates, 0, "", begin + 1000, 100), 10);             /* a millisecond */
	assert_int_equal(allowed(rates, 0, "", begin + 1000 + SECOND / 10, 5000), 1000);
	assert_int_equal(allowed(rates, 0, "", begin + 10 * SECOND, 6000), 5000);   /* never more than the burst */
	assert_int_equal(allowed(rates, 0, "", begin, 10), 0);                      /* a clock that went back gives nothing */
	assert_int_equal(allowed(rates, 0, "", INT64_MAX, 6000), 5000);             /* nor does anything overflow */
	rates_free(rates);
}

static void keys_and_clients_have_their_own(void **state)
{
	struct rates *rates = made(1, 3, 2);
	struct rate rate;

	(void)state;
	assert_int_equal(allowed(rates, 0, "192.0.2.1", begin, 9), 3);
	assert_int_equal(allowed(rates, 1, "192.0.2.1", begin, 9), 3);
	assert_int_equal(allowed(rates, SIZE_MAX, "192.0.2.1", begin, 9), 3);
	assert_int_equal(allowed(rates, SIZE_MAX, "192.0.2.2", begin, 9), 3);
	/* Looking takes nothing; failing does; and the right keys of that client are refused as well, else a guess would be told apart. */
	for (int i = 0; i < 9; i++)
		rate_failures(rates, "192.0.2.1", false, begin, &rate);
	assert_true(rate.allowed);
	for (int i = 0; i < 3; i++) {
		rate_failures(rates, "192.0.2.1", true, begin, &rate);
		assert_true(rate.allowed);
	}
	rate_failures(rates, "192.0.2.1", false, begin, &rate);
	assert_false(rate.allowed);
	rate_failures(rates, "192.0.2.2", false, begin, &rate);
	assert_true(rate.allowed);
	rate_failures(rates, "192.0.2.1", false, begin + SECOND, &rate);
	assert_true(rate.allowed);
	rates_free(rates);
}

static void an_address_in_many_spellings(void **state)
{
	struct rates *rates = made(1, 6, 0);

	(void)state;
	assert_int_equal(allowed(rates, SIZE_MAX, "192.0.2.1", begin, 2), 2);
	assert_int_equal(allowed(rates, SIZE_MAX, "::ffff:192.0.2.1", begin, 2), 2);
	assert_int_equal(allowed(rates, SIZE_MAX, "::FFFF:C000:201", begin, 9), 2);
	/* A network of 2^64 addresses belongs to one client. */
	assert_int_equal(allowed(rates, SIZE_MAX, "2001:db8::1", begin, 3), 3);
	assert_int_equal(allowed(rates, SIZE_MAX, "2001:0DB8:0:0:1:2:3:4", begin, 9), 3);
	assert_int_equal(allowed(rates, SIZE_MAX, "2001:db8:0:1::1", begin, 9), 6);
	rates_free(rates);
}

/* A million clients take no more memory than one, and whoever asks all the time is not forgotten for them. */
static void a_million_clients(void **state)
{
	struct rates *rates = made(1, 5, 0);
	const struct mallinfo2 before = mallinfo2();
	struct rate rate;
	char text[32];

	(void)state;
	assert_int_equal(allowed(rates, SIZE_MAX, "192.0.2.1", begin, 9), 5);
	for (int i = 0; i < 1000000; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		rate_failures(rates, text, true, begin + i, &rate);
		assert_true(rate.allowed);
		if (i % 20 == 0) {
			rate_request(rates, SIZE_MAX, "192.0.2.1", begin + i, &rate);
			assert_false(rate.allowed);
		}
	}
	assert_true(mallinfo2().uordblks <= before.uordblks + 4096);
	rates_free(rates);
}

/* SHA-256 of "abc" is the first example of FIPS 180-2; the others are of sha256sum. */
static const char *const any[] = {"*:*"}, *const ingest[] = {"ingest:hr", "report:*"};
static struct serve_key keys[] = {
	{.name = "abc", .sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", .scopes = any, .scope_count = 1},
	{.name = "abd", .sha256 = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9", .scopes = ingest, .scope_count = 2},
	{.name = "none", .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", .scopes = any, .scope_count = 1},
};

static void each_of_several_keys(void **state)
{
	const struct serve_file file = {.keys = keys, .key_count = 3};

	(void)state;
	assert_ptr_equal(auth_key(&file, "abc"), &keys[0]);
	assert_ptr_equal(auth_key(&file, "abd"), &keys[1]);
	assert_null(auth_key(&file, ""));
	assert_null(auth_key(&file, "ab"));
	assert_null(auth_key(&file, "abcd"));
	assert_null(auth_key(&file, keys[0].sha256));
	assert_null(auth_key(&(const struct serve_file){.keys = keys, .key_count = 1}, "abd"));
	assert_true(auth_scope(&keys[1], VERB_INGEST, "hr"));
	assert_true(auth_scope(&keys[1], VERB_REPORT, "hires"));
	assert_true(auth_scope(&keys[1], VERB_REPORT, NULL));
	assert_false(auth_scope(&keys[1], VERB_INGEST, "hrx"));
	assert_false(auth_scope(&keys[1], VERB_INGEST, "h"));
	assert_false(auth_scope(&keys[1], VERB_INGEST, NULL));
	assert_false(auth_scope(&keys[1], VERB_RUN, "hr"));
	assert_true(auth_scope(&keys[0], VERB_CANCEL, "x"));
}

static void hosts_and_origins(void **state)
{
	static const char *const hosts[] = {"etl.example.com"};
	const struct serve_file file = {.address = "127.0.0.1", .hosts = hosts, .host_count = 1};
	static const char *const good[] = {"localhost", "LocalHost:80", "127.0.0.1:1", "etl.example.com", "ETL.example.com:443"};
	static const char *const bad[] = {"", ":80", "localhost.", "localhost:80x", "localhost:8080808", "127.0.0.1.example.com", "user@localhost",
		"etl.example.com.evil.example", "evil-etl.example.com", "[127.0.0.1", "[::1]", "0.0.0.0", "127.0.0.2", "localhost/x", "localhost, evil.example"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(auth_host(&file, good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(auth_host(&file, bad[i]));
	assert_true(auth_origin(&file, "http://127.0.0.1:8080", "127.0.0.1:8080"));
	assert_true(auth_origin(&file, "https://etl.example.com", "localhost:8080"));
	assert_false(auth_origin(&file, "http://127.0.0.1:8081", "127.0.0.1:8080"));
	assert_false(auth_origin(&file, "null", "localhost"));
	assert_false(auth_origin(&file, "ftp://localhost", "localhost"));
	assert_false(auth_origin(&file, "https://etl.example.com.evil.example", "localhost"));
	assert_false(auth_origin(&file, "https://etl.example.com/", "etl.example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_bucket),
		cmocka_unit_test(keys_and_clients_have_their_own),
		cmocka_unit_test(an_address_in_many_spellings),
		cmocka_unit_test(a_million_clients),
		cmocka_unit_test(each_of_several_keys),
		cmocka_unit_test(hosts_and_origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
