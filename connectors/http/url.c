/* url.c - addresses over the URL parser of libcurl.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A part as our own memory; NULL: there is none, or no memory. */
static char *part(CURLU *url, CURLUPart what, unsigned flags)
{
	char *text = NULL, *copy = NULL;

	if (curl_url_get(url, what, &text, flags) == CURLUE_OK && text)
		copy = strdup(text);
	curl_free(text);
	return copy;
}

static int no_url(enum error_kind kind, const char *place, const char *why, struct error *error)
{
	return error_set(error, kind, place, "%s", why);
}

/* Only after the parser took it. */
static int check(CURLU *url, struct url *target, enum error_kind kind, const char *place, struct error *error)
{
	char *scheme = part(url, CURLUPART_SCHEME, 0), *user = part(url, CURLUPART_USER, 0), *password = part(url, CURLUPART_PASSWORD, 0);
	int result = 0;

	if (!scheme || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
		result = no_url(kind, place, "an address must begin with http:// or https://", error);
	else if (user || password)
		result = no_url(kind, place, "an address must not hold user and password: use the options user and password", error);
	else
		target->tls = strcmp(scheme, "https") == 0;
	free(scheme);
	free(user);
	free(password);
	return result;
}

static int take_apart(struct url *target, CURLU *url, enum error_kind kind, const char *place, struct error *error)
{
	if (check(url, target, kind, place, error) < 0)
		return -1;
	curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
	char *port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT), *path = part(url, CURLUPART_PATH, 0);
	target->text = part(url, CURLUPART_URL, 0);
	target->host = part(url, CURLUPART_HOST, 0);
	target->port = port ? (unsigned)strtoul(port, NULL, 10) : 0;
	bool usual = target->port == (target->tls ? 443 : 80);
	if (target->host && path &&
	    asprintf(&target->shown, "%s://%s%s%s%s", target->tls ? "https" : "http", target->host, usual ? "" : ":", usual || !port ? "" : port, path) < 0)
		target->shown = NULL;
	free(port);
	free(path);
	if (!target->text || !target->host || !target->shown)
		return error_memory(error, "an address");
	return strlen(target->text) > URL_MAX ? no_url(kind, place, "an address is too long", error) : 0;
}

int url_init(struct url *target, const char *text, const struct url *base, enum error_kind kind, const char *place, struct error *error)
{
	*target = (struct url){ .text = NULL };
	CURLU *url = curl_url();
	if (!url)
		return error_memory(error, "an address");
	CURLUcode code = base ? curl_url_set(url, CURLUPART_URL, base->text, 0) : CURLUE_OK;
	if (code == CURLUE_OK)
		code = curl_url_set(url, CURLUPART_URL, text, 0);
	int result = code == CURLUE_OK ? take_apart(target, url, kind, place, error) :
		code == CURLUE_OUT_OF_MEMORY ? error_memory(error, "an address") :
		no_url(kind, place, code == CURLUE_UNSUPPORTED_SCHEME ? "an address must begin with http:// or https://" :
			"is not an address such as https://host/path (a space or another character that must be encoded?)", error);
	curl_url_cleanup(url);
	return result;
}

void url_fini(struct url *target)
{
	free(target->text);
	free(target->shown);
	free(target->host);
	*target = (struct url){ .text = NULL };
}

int url_add(struct url *target, const char *name, const char *value, struct error *error)
{
	CURLU *url = curl_url();
	char *encoded = curl_easy_escape(NULL, name, (int)strlen(name)), *data = curl_easy_escape(NULL, value, (int)strlen(value));
	char *pair = NULL, *text = NULL;
	int result = -1;

	if (!url || !encoded || !data || asprintf(&pair, "%s=%s", encoded, data) < 0) {
		pair = NULL;
		error_memory(error, "a parameter of an address");
		goto out;
	}
	if (curl_url_set(url, CURLUPART_URL, target->text, 0) != CURLUE_OK || curl_url_set(url, CURLUPART_QUERY, pair, CURLU_APPENDQUERY) != CURLUE_OK ||
	    !(text = part(url, CURLUPART_URL, 0))) {
		error_memory(error, "a parameter of an address");
		goto out;
	}
	if (strlen(text) > URL_MAX) {
		error_set(error, ERROR_SOURCE, target->shown, "the address of a page is longer than %d bytes", URL_MAX);
		goto out;
	}
	free(target->text);
	target->text = text;
	text = NULL;
	result = 0;
out:
	free(text);
	free(pair);
	curl_free(encoded);
	curl_free(data);
	curl_url_cleanup(url);
	return result;
}

bool url_has(const struct url *target, const char *name)
{
	bool found = false;

	for (const char *at = strchr(target->text, '?'); at && !found; at = strchr(at, '&')) {
		int length = 0;
		at++;
		char *plain = curl_easy_unescape(NULL, at, (int)strcspn(at, "=&"), &length);
		found = plain && (size_t)length == strlen(name) && memcmp(plain, name, (size_t)length) == 0;
		curl_free(plain);
	}
	return found;
}

/* A dot at the end, of a name that is complete, means nothing here. */
static bool same_host(const char *a, const char *b, size_t b_length)
{
	size_t length = strlen(a);

	length -= length > 0 && a[length - 1] == '.';
	b_length -= b_length > 0 && b[b_length - 1] == '.';
	return length == b_length && strncasecmp(a, b, length) == 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port && same_host(a->host, b->host, strlen(b->host));
}

/* "host", "host:port", "[::1]:port". */
static bool names(const char *entry, const struct url *target)
{
	const char *bracket = strchr(entry, ']'), *colon = strrchr(entry, ':');
	bool has_port = colon && (*entry == '[' ? bracket && colon > bracket : strchr(entry, ':') == colon);
	unsigned port = has_port ? (unsigned)strtoul(colon + 1, NULL, 10) : target->tls ? 443 : 80;

	return port == target->port && same_host(target->host, entry, has_port ? (size_t)(colon - entry) : strlen(entry));
}

bool url_may_lead(const struct url *own, const struct option_list *allowed, const struct url *other)
{
	if (own->tls && !other->tls)
		return false;
	if (same_host(own->host, other->host, strlen(other->host)) && (other->port == (other->tls ? 443 : 80) || (other->port == own->port && other->tls == own->tls)))
		return true;
	for (size_t i = 0; i < allowed->count; i++)
		if (names(allowed->items[i], other))
			return true;
	return false;
}
