/* rate.c - token buckets.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/rate.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SLOTS = 1024, WAYS = 4, MICRO = 1000000 };

/* Tokens in millionths: at R tokens a second, a microsecond brings R of them. */
struct bucket {
	int64_t level;
	int64_t seen_us; /* 0: never, full */
};

/* An IPv4 address, or the first half of one of IPv6: whoever has one address of such a network has all of them. */
struct address {
	uint64_t high, low;
};

struct client {
	struct address address;
	int64_t seen_us; /* 0: nobody yet */
	struct bucket requests, failures;
};

struct rates {
	pthread_mutex_t lock;
	struct serve_rates limits;
	struct bucket *keys;
	size_t key_count;
	uint64_t seed; /* so that nobody can choose addresses that share a row with somebody else's */
	struct client clients[SLOTS][WAYS];
};

struct rates *rates_new(const struct serve_rates *limits, size_t keys, struct error *error)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (rates)
		rates->keys = calloc(keys + 1, sizeof(*rates->keys));
	if (!rates || !rates->keys) {
		free(rates);
		error_memory(error, "the rates of clients");
		return NULL;
	}
	/* Without random bytes the row can be foreseen, and everything else is as it should be. */
	(void)!getrandom(&rates->seed, sizeof(rates->seed), GRND_NONBLOCK);
	pthread_mutex_init(&rates->lock, NULL);
	rates->limits = *limits;
	rates->key_count = keys;
	return rates;
}

void rates_free(struct rates *rates)
{
	if (!rates)
		return;
	pthread_mutex_destroy(&rates->lock);
	free(rates->keys);
	free(rates);
}

void rates_inherit(struct rates *rates, struct rates *before, const size_t *was)
{
	pthread_mutex_lock(&before->lock);
	for (size_t i = 0; i < rates->key_count; i++)
		if (was[i] < before->key_count)
			rates->keys[i] = before->keys[was[i]];
	rates->seed = before->seed;
	memcpy(rates->clients, before->clients, sizeof rates->clients);
	pthread_mutex_unlock(&before->lock);
}

static void take(struct bucket *bucket, int64_t rate, int64_t burst, bool really, int64_t now_us, struct rate *out)
{
	int64_t full = burst * MICRO, elapsed = now_us - bucket->seen_us;

	if (bucket->seen_us == 0 || elapsed > (full - bucket->level) / rate)
		bucket->level = full;
	else if (elapsed > 0)
		bucket->level += elapsed * rate;
	bucket->seen_us = now_us;
	out->allowed = bucket->level >= MICRO;
	if (out->allowed && really)
		bucket->level -= MICRO;
	out->limit = burst;
	out->remaining = bucket->level / MICRO;
	out->reset_s = (full - bucket->level + rate * MICRO - 1) / (rate * MICRO);
	out->retry_s = out->allowed ? 0 : 1; /* a rate is at least 1 a second */
}

/* Different spellings of an address are one address. */
static struct address address_of(const char *text)
{
	struct address address = {0, 0};
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, text, &four) == 1) {
		address.low = UINT64_C(0xffff00000000) | ntohl(four.s_addr);
	} else if (inet_pton(AF_INET6, text, &six) == 1) {
		for (size_t i = 0; i < 8; i++) {
			address.high = address.high << 8 | six.s6_addr[i];
			address.low = address.low << 8 | six.s6_addr[i + 8];
		}
		if (!IN6_IS_ADDR_V4MAPPED(&six))
			address.low = 0;
	}
	return address;
}

/* The finisher of MurmurHash3. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 33) * UINT64_C(0xff51afd7ed558ccd);
	value = (value ^ value >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ value >> 33;
}

/* The client's entry, which is made where there is none. */
static struct client *client_of(struct rates *rates, const char *text, int64_t now_us)
{
	const struct address address = address_of(text);
	struct client *row = rates->clients[mix(mix(rates->seed ^ address.high) ^ address.low) % SLOTS], *found = NULL;

	for (size_t i = 0; i < WAYS; i++)
		if (row[i].seen_us != 0 && row[i].address.high == address.high && row[i].address.low == address.low) {
			row[i].seen_us = now_us;
			return &row[i];
		} else if (!found || row[i].seen_us < found->seen_us) {
			found = &row[i];
		}
	memset(found, 0, sizeof(*found));
	found->address = address;
	found->seen_us = now_us;
	return found;
}

void rate_request(struct rates *rates, size_t key, const char *client, int64_t now_us, struct rate *out)
{
	pthread_mutex_lock(&rates->lock);
	take(key < rates->key_count ? &rates->keys[key] : &client_of(rates, client, now_us)->requests, rates->limits.requests,
		rates->limits.burst, true, now_us, out);
	pthread_mutex_unlock(&rates->lock);
}

void rate_failures(struct rates *rates, const char *client, bool really, int64_t now_us, struct rate *out)
{
	pthread_mutex_lock(&rates->lock);
	take(&client_of(rates, client, now_us)->failures, rates->limits.failures, rates->limits.failure_burst, really, now_us, out);
	pthread_mutex_unlock(&rates->lock);
}
