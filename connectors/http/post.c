/* post.c - sends a JSON text to an address of the web, once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/post.h"

#include <curl/curl.h>

#include "connectors/http/exchange.h"
#include "connectors/http/url.h"
#include "engine/core/version.h"

static size_t drop(char *data, size_t one, size_t length, void *arg)
{
	(void)data;
	(void)one;
	(void)arg;
	return length;
}

static int look(void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
	const struct post_patience *patience = arg;

	(void)to_get, (void)got, (void)to_send, (void)sent;
	return patience->enough(patience->arg);
}

static int set_up(CURL *easy, const struct url *target, const struct curl_slist *headers, const char *json, size_t length, int64_t timeout_ms,
	const struct post_patience *patience, char *said)
{
	CURLcode code = CURLE_OK;

#define SET(option, value) (code = code ? code : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_URL, target->text);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_USERAGENT, "penstock/" PENSTOCK_VERSION);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	SET(CURLOPT_POSTFIELDS, json);
	SET(CURLOPT_WRITEFUNCTION, drop);
	SET(CURLOPT_ERRORBUFFER, said);
	SET(CURLOPT_NOPROGRESS, patience ? 0L : 1L);
	SET(CURLOPT_XFERINFOFUNCTION, look);
	SET(CURLOPT_XFERINFODATA, patience);
#undef SET
	return code ? -1 : 0;
}

/* All of them, or NULL out of memory. */
static struct curl_slist *headers_of(const char *const *more)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");

	for (; headers && more && *more; more++) {
		struct curl_slist *longer = curl_slist_append(headers, *more);

		if (!longer)
			curl_slist_free_all(headers);
		headers = longer;
	}
	return headers;
}

static int send_to(const struct url *target, const char *const *more, const char *json, size_t length, int64_t timeout_ms,
	const struct post_patience *patience, const char *place, struct error *error)
{
	client_begin();
	struct curl_slist *headers = headers_of(more);
	CURL *easy = curl_easy_init();
	char said[CURL_ERROR_SIZE] = "";
	long status = 0;
	int result = -1;

	if (!easy || !headers || set_up(easy, target, headers, json, length, timeout_ms, patience, said) < 0) {
		error_memory(error, "a request");
	} else {
		CURLcode code = curl_easy_perform(easy);

		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (code == CURLE_ABORTED_BY_CALLBACK)
			error_set(error, ERROR_SOURCE, place, "%s did not answer in the time that was left", target->host);
		else if (code != CURLE_OK)
			error_set(error, ERROR_SOURCE, place, "cannot reach %s: %s", target->host, said[0] ? said : curl_easy_strerror(code));
		else if (status < 200 || status > 299)
			error_set(error, ERROR_SOURCE, place, "%s answered with status %ld", target->host, status);
		else
			result = 0;
	}
	curl_slist_free_all(headers);
	curl_easy_cleanup(easy);
	return result;
}

int http_post(const char *url, const char *const *headers, const char *json, size_t length, int64_t timeout_ms, const struct post_patience *patience,
	const char *place, struct error *error)
{
	struct url target = {.text = NULL};
	int result = url_init(&target, url, NULL, ERROR_CONFIG, place, error);

	if (result == 0)
		result = send_to(&target, headers, json, length, timeout_ms, patience, place, error);
	url_fini(&target);
	return result;
}
