/* address.c - the special-purpose blocks of IPv4 and IPv6.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct block {
	unsigned char bytes[16];
	unsigned bits;
};

static const struct block blocks4[] = {
	{ { 0 }, 8 },             /* this network */
	{ { 10 }, 8 },            /* private */
	{ { 100, 64 }, 10 },      /* carriers' own */
	{ { 127 }, 8 },           /* loopback */
	{ { 169, 254 }, 16 },     /* link-local, metadata of clouds */
	{ { 172, 16 }, 12 },      /* private */
	{ { 192, 0, 0 }, 24 },    /* protocol assignments */
	{ { 192, 0, 2 }, 24 },    /* documentation */
	{ { 192, 168 }, 16 },     /* private */
	{ { 198, 18 }, 15 },      /* benchmarks */
	{ { 198, 51, 100 }, 24 }, /* documentation */
	{ { 203, 0, 113 }, 24 },  /* documentation */
	{ { 224 }, 4 },           /* multicast */
	{ { 240 }, 4 },           /* reserved, broadcast */
};

static const struct block blocks6[] = {
	{ { 0 }, 96 },                                /* unspecified, loopback, old mappings */
	{ { 0, 0x64, 0xFF, 0x9B, 0, 1 }, 48 },        /* local translation */
	{ { 1 }, 64 },                                /* discard */
	{ { 0x20, 0x01, 0, 0 }, 23 },                 /* protocol assignments, Teredo */
	{ { 0x20, 0x01, 0x0D, 0xB8 }, 32 },           /* documentation */
	{ { 0x3F, 0xFF }, 20 },                       /* documentation */
	{ { 0x5F }, 16 },                             /* segment routing */
	{ { 0xFC }, 7 },                              /* unique local */
	{ { 0xFE, 0x80 }, 10 },                       /* link-local */
	{ { 0xFE, 0xC0 }, 10 },                       /* site-local */
	{ { 0xFF }, 8 },                              /* multicast */
};

/* Blocks of IPv6 that carry an IPv4 address, and at which byte. */
static const struct {
	struct block block;
	size_t at;
} carriers[] = {
	{ { { [10] = 0xFF, [11] = 0xFF }, 96 }, 12 }, /* mapped */
	{ { { 0, 0x64, 0xFF, 0x9B }, 96 }, 12 },      /* NAT64 */
	{ { { 0x20, 0x02 }, 16 }, 2 },                /* 6to4 */
};

static bool is_in(const unsigned char *bytes, const struct block *block)
{
	unsigned whole = block->bits / 8, rest = block->bits % 8;

	if (memcmp(bytes, block->bytes, whole) != 0)
		return false;
	return rest == 0 || ((bytes[whole] ^ block->bytes[whole]) >> (8 - rest)) == 0;
}

static bool is_public4(const unsigned char bytes[4])
{
	for (size_t i = 0; i < sizeof blocks4 / sizeof *blocks4; i++)
		if (is_in(bytes, &blocks4[i]))
			return false;
	return true;
}

static bool is_public6(const unsigned char bytes[16])
{
	for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
		if (is_in(bytes, &carriers[i].block))
			return is_public4(bytes + carriers[i].at);
	for (size_t i = 0; i < sizeof blocks6 / sizeof *blocks6; i++)
		if (is_in(bytes, &blocks6[i]))
			return false;
	return true;
}

bool address_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in four;
		memcpy(&four, address, sizeof four);
		return is_public4((const unsigned char *)&four.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 six;
		memcpy(&six, address, sizeof six);
		return is_public6((const unsigned char *)&six.sin6_addr);
	}
	return false;
}

bool host_is_private(const char *host)
{
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];
	size_t length = strlen(host);

	if (length > 0 && host[length - 1] == '.')
		length--;
	if ((length == 9 && strncasecmp(host, "localhost", 9) == 0) || (length > 10 && strncasecmp(host + length - 10, ".localhost", 10) == 0))
		return true;
	if (*host == '[') {
		size_t inside = strcspn(host + 1, "]%");
		if (inside >= sizeof text)
			return true;
		memcpy(text, host + 1, inside);
		text[inside] = '\0';
		return inet_pton(AF_INET6, text, bytes) != 1 || !is_public6(bytes);
	}
	if (length >= sizeof text)
		return false;
	memcpy(text, host, length);
	text[length] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 && !is_public4(bytes);
}
