/* gate.c - judges the addresses that connections are about to be made to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/gate.h"

#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/http/address.h"

void gate_init(struct gate *gate, bool allow_private)
{
	*gate = (struct gate){ .allow_private = allow_private };
}

int gate_prepare(struct gate *gate, const struct url *target, bool own, const char *place, struct error *error)
{
	gate->own = own;
	gate->refused[0] = '\0';
	if (own || gate->allow_private || !host_is_private(target->host))
		return 0;
	snprintf(gate->refused, sizeof gate->refused, "%.60s", target->host);
	return gate_say(gate, place, error);
}

static bool same_place(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET) {
		struct sockaddr_in x, y;
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		return x.sin_port == y.sin_port && x.sin_addr.s_addr == y.sin_addr.s_addr;
	}
	if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 x, y;
		memcpy(&x, a, sizeof x);
		memcpy(&y, b, sizeof y);
		return x.sin6_port == y.sin6_port && memcmp(&x.sin6_addr, &y.sin6_addr, sizeof x.sin6_addr) == 0;
	}
	return false;
}

/* Whether the address is the proxy that this variable of the environment names. */
static bool is_proxy(const char *variable, const struct sockaddr *address)
{
	const char *text = getenv(variable);
	char *host = NULL, *port = NULL;
	struct addrinfo *list = NULL, how = { .ai_socktype = SOCK_STREAM };
	bool same = false;

	if (!text || !*text)
		return false;
	CURLU *url = curl_url();
	if (url && curl_url_set(url, CURLUPART_URL, text, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		/* libcurl's own default for proxies. */
		if (curl_url_get(url, CURLUPART_PORT, &port, 0) != CURLUE_OK)
			port = NULL;
		char *name = host;
		if (*name == '[') {
			name++;
			name[strcspn(name, "]")] = '\0';
		}
		if (getaddrinfo(name, port ? port : "1080", &how, &list) == 0)
			for (const struct addrinfo *one = list; one && !same; one = one->ai_next)
				same = same_place(one->ai_addr, address);
	}
	if (list)
		freeaddrinfo(list);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
	return same;
}

static bool is_any_proxy(const struct sockaddr *address)
{
	static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (is_proxy(variables[i], address))
			return true;
	return false;
}

bool gate_lets(struct gate *gate, const struct sockaddr *address, socklen_t length)
{
	bool public = address_is_public(address);

	if (gate->allow_private)
		return true;
	if (gate->own && !gate->own_public && !gate->own_private) {
		gate->own_public = public;
		gate->own_private = !public;
	}
	if (public || (gate->own && gate->own_private) || is_any_proxy(address))
		return true;
	if (getnameinfo(address, length, gate->refused, sizeof gate->refused, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(gate->refused, sizeof gate->refused, "unknown");
	return false;
}

int gate_say(const struct gate *gate, const char *place, struct error *error)
{
	return error_set(error, ERROR_SOURCE, place, gate->own
		? "its host was public and has the private address %s now; set allow_private: true if that is right"
		: "this leads to the private address %s; give url itself that address, or set allow_private: true", gate->refused);
}
