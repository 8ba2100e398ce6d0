/* rate.c - token buckets.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/http/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1024, WAYS = 4, CLIENT_SIZE = 48, MICRO = 1000000 };

/* Tokens in millionths: at R tokens a second, a microsecond brings R of them. */
struct bucket {
	int64_t level;
	int64_t seen_us; /* 0: never, full */
};

struct client {
	char address[CLIENT_SIZE];
	int64_t seen_us;
	struct bucket requests, failures;
};

struct rates {
	pthread_mutex_t lock;
	struct serve_rates limits;
	struct bucket *keys;
	size_t key_count;
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

/* The client's entry, which is made where there is none: the first of FNV-1a's bits choose a row of it. */
static struct client *client_of(struct rates *rates, const char *address, int64_t now_us)
{
	uint32_t hash = 2166136261u;
	struct client *row, *found = NULL;

	for (const char *c = address; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	row = rates->clients[(hash >> 16 ^ hash) % SLOTS];
	for (size_t i = 0; i < WAYS; i++)
		if (strncmp(row[i].address, address, CLIENT_SIZE - 1) == 0) {
			row[i].seen_us = now_us;
			return &row[i];
		} else if (!found || row[i].seen_us < found->seen_us) {
			found = &row[i];
		}
	memset(found, 0, sizeof(*found));
	strncpy(found->address, address, CLIENT_SIZE - 1);
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
