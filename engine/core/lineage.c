/* lineage.c - what may be said of where events go.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/lineage.h"

#include <string.h>

/* A token of RFC 9110, a colon, and a value without line ends. */
static bool is_header(const char *text)
{
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");

	if (name == 0 || text[name] != ':')
		return false;
	for (const unsigned char *c = (const unsigned char *)text + name; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return false;
	return true;
}

int lineage_target_check(const struct lineage_target *target, struct error *error)
{
	const char *host = target->url ? strstr(target->url, "://") : NULL;

	if (!target->url == !target->file)
		return error_set(error, ERROR_CONFIG, NULL, "lineage goes either to a file or to a url");
	if (target->file && !target->file[0])
		return error_set(error, ERROR_CONFIG, NULL, "the file of lineage has no name");
	if (target->url && strncmp(target->url, "http://", 7) != 0 && strncmp(target->url, "https://", 8) != 0)
		return error_set(error, ERROR_CONFIG, NULL, "the url of lineage begins with http:// or https://");
	if (host && memchr(host + 3, '@', strcspn(host + 3, "/?#")))
		return error_set(error, ERROR_CONFIG, NULL, "the url of lineage must not hold user and password: a key or a header is for that");
	if (!target->job_namespace || !target->job_namespace[0])
		return error_set(error, ERROR_CONFIG, NULL, "the namespace of lineage has no name");
	for (size_t i = 0; target->headers && target->headers[i]; i++) {
		if (i == LINEAGE_HEADERS_MAX)
			return error_set(error, ERROR_CONFIG, NULL, "lineage has at most %d headers", LINEAGE_HEADERS_MAX);
		if (!is_header(target->headers[i]))
			return error_set(error, ERROR_CONFIG, NULL, "a header of lineage has a name of letters, digits and dashes, and a value on one line");
	}
	return 0;
}
