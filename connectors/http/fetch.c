/* fetch.c - redirects and retries around exchanges.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/fetch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/core/clock.h"

enum { WAIT_MOST_MS = 30000, SLICE_MS = 100 };

/* One page while it is fetched. */
struct attempt {
	struct fetch *fetch;
	const char *place;
	bool missing;
	enum exchange_way way;
	struct fetched *out;
};

void fetched_fini(struct fetched *fetched)
{
	reply_fini(&fetched->answer);
	url_fini(&fetched->from);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* --- one try ------------------------------------------------------------------------------------ */

/* The next address of a redirect, in out. */
static int follow(struct attempt *attempt, enum exchange_way *way, struct error *error)
{
	struct fetch *fetch = attempt->fetch;
	const struct reply *answer = &attempt->out->answer;
	struct url next = { .text = NULL };

	if (!answer->location)
		return error_set(error, ERROR_SOURCE, attempt->place, "status %ld without a Location to go to", answer->status);
	if (url_init(&next, answer->location, &attempt->out->from, ERROR_SOURCE, attempt->place, error) < 0)
		goto bad;
	if (!url_may_lead(fetch->own, &fetch->options->allow_hosts, &next)) {
		error_set(error, ERROR_SOURCE, attempt->place, fetch->own->tls && !next.tls ? "redirects from https to %s; that is never followed" :
			"redirects to %s; list its host in allow_hosts if it may lead there", next.shown);
		goto bad;
	}
	bool posts = fetch->options->method == HTTP_POST && *way == EXCHANGE_ASK;
	if (posts && answer->status >= 307 && !url_same_origin(fetch->own, &next)) {
		error_set(error, ERROR_SOURCE, attempt->place, "redirects a POST to %s; its body is sent to the host of url alone", next.shown);
		goto bad;
	}
	if (posts && answer->status < 307)
		*way = EXCHANGE_GET;
	url_fini(&attempt->out->from);
	attempt->out->from = next;
	return 0;
bad:
	url_fini(&next);
	return -1;
}

static int judge_status(struct attempt *attempt, struct error *error)
{
	const struct reply *answer = &attempt->out->answer;
	long status = answer->status;

	if (status == 204 || (status == 404 && attempt->missing))
		return 0;
	if (status == 200) {
		if (attempt->way != EXCHANGE_PROBE && !answer->bounded && !attempt->fetch->delimited)
			return error_set(error, ERROR_SOURCE, attempt->place,
				"the answer has neither Content-Length nor chunks, so that nobody could tell one that was cut off from a whole one; format: json can");
		return 0;
	}
	if (status == 401 || status == 403)
		error_set(error, ERROR_SOURCE, attempt->place, "status %ld: the server wants other credentials%s", status,
			url_same_origin(attempt->fetch->own, &attempt->out->from) ? "" : " (which are sent to the host of url alone)");
	else
		error_set(error, ERROR_SOURCE, attempt->place, "status %ld instead of 200%s", status, status == 404 ? ": nothing is there" : "");
	error->retry = status == 408 || status == 429 || (status >= 500 && status <= 599);
	return -1;
}

static int try_once(struct attempt *attempt, const struct url *target, struct error *error)
{
	struct fetch *fetch = attempt->fetch;
	const struct http_options *options = fetch->options;
	enum exchange_way way = attempt->way;
	uint64_t left = options->max_bytes > fetch->bytes ? options->max_bytes - fetch->bytes : 0;
	uint64_t room = left < options->max_page ? left : options->max_page;

	url_fini(&attempt->out->from);
	if (url_init(&attempt->out->from, target->text, NULL, ERROR_SOURCE, attempt->place, error) < 0)
		return -1;
	for (int64_t hops = 0;; hops++) {
		if (client_exchange(fetch->client, &attempt->out->from, way, room, attempt->place, &attempt->out->answer, error) < 0)
			return -1;
		if (!is_redirect(attempt->out->answer.status))
			return judge_status(attempt, error);
		if (hops == options->max_redirects)
			return error_set(error, ERROR_SOURCE, attempt->place, "more than %" PRId64 " redirects (max_redirects); the last one was at %s", hops,
				attempt->out->from.shown);
		if (follow(attempt, &way, error) < 0)
			return -1;
	}
}

/* --- and again ---------------------------------------------------------------------------------- */

/* About retry_wait, 2 retry_wait, 4 retry_wait ...: half of it by chance, so that many clients do not come back together. */
static int64_t backoff(const struct http_options *options, int64_t tries)
{
	int64_t wait = options->retry_wait_ms;
	uint16_t chance = 0;

	for (; tries > 0 && wait < WAIT_MOST_MS; tries--)
		wait *= 2;
	if (wait > WAIT_MOST_MS && options->retry_wait_ms < WAIT_MOST_MS)
		wait = WAIT_MOST_MS;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance)
		chance = 0x8000;
	return wait / 2 + wait / 2 * chance / UINT16_MAX;
}

static int rest(struct cancel *cancel, int64_t ms, struct error *error)
{
	for (int64_t end = clock_elapsed_ms() + ms, left; (left = end - clock_elapsed_ms()) > 0;) {
		if (cancel_requested(cancel))
			return error_set(error, ERROR_CANCELLED, NULL, "cancelled");
		poll(NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
	}
	return 0;
}

/* error, told again with how often it was tried. */
static int give_up(struct error *error, int64_t tries, const char *why)
{
	struct error last = *error;

	if (tries == 0 && !*why)
		return -1;
	error_clear(error);
	return error_set(error, last.kind, last.place, "%.1200s (tried %" PRId64 " time%s%s)", last.message, tries + 1, tries ? "s" : "", why);
}

int fetch_page(struct fetch *fetch, const struct url *target, bool missing, const char *place, struct fetched *fetched, struct error *error)
{
	const struct http_options *options = fetch->options;
	struct attempt attempt = { .fetch = fetch, .place = place, .missing = missing, .way = EXCHANGE_ASK, .out = fetched };
	int64_t first_failure = -1;

	for (int64_t tries = 0;; tries++) {
		if (try_once(&attempt, target, error) == 0) {
			fetch->bytes += fetched->answer.bytes;
			return 0;
		}
		if (!error->retry)
			return give_up(error, tries, "");
		/* A retry here is none of the step: what the page said stands. */
		error->retry = false;
		if (tries == options->retries)
			return give_up(error, tries, "");
		int64_t now = clock_elapsed_ms(), wait = backoff(options, tries), asked = fetched->answer.retry_after_ms;
		first_failure = first_failure < 0 ? now : first_failure;
		wait = asked > wait ? asked : wait;
		if (wait > options->retry_time_ms - (now - first_failure)) {
			char why[96] = "; retry_time is over";
			if (asked == wait)
				snprintf(why, sizeof why, "; the server asks to wait %" PRId64 " s, longer than retry_time", asked / 1000);
			return give_up(error, tries, why);
		}
		error_clear(error);
		if (rest(fetch->cancel, wait, error) < 0)
			return -1;
	}
}

int fetch_probe(struct fetch *fetch, const struct url *target, const char *place, struct error *error)
{
	struct fetched fetched = { .answer = { .status = 0 } };
	struct attempt attempt = { .fetch = fetch, .place = place, .way = EXCHANGE_PROBE, .out = &fetched };
	int result = try_once(&attempt, target, error);

	error->retry = false;
	fetched_fini(&fetched);
	return result;
}
