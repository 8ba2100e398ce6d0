/* text.c - base64.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connectors/file/text.h"

enum { GROUP = 3, DIGITS = 4, GROUPS_AT_ONCE = 256 };

static size_t put_group(char *out, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned group = (unsigned)bytes[0] << 16 | (count > 1 ? (unsigned)bytes[1] << 8 : 0) | (count > 2 ? (unsigned)bytes[2] : 0);

	out[0] = digits[group >> 18];
	out[1] = digits[group >> 12 & 63];
	out[2] = '=';
	out[3] = '=';
	if (count > 1)
		out[2] = digits[group >> 6 & 63];
	if (count > 2)
		out[3] = digits[group & 63];
	return DIGITS;
}

int text_put_base64(const char *data, size_t length, const struct text_to *to, struct error *error)
{
	const unsigned char *bytes = (const unsigned char *)data;
	char out[GROUPS_AT_ONCE * DIGITS];

	while (length > 0) {
		size_t used = 0;

		while (length > 0 && used < sizeof out) {
			size_t count = length < GROUP ? length : GROUP;

			used += put_group(out + used, bytes, count);
			bytes += count;
			length -= count;
		}
		if (text_put(to, out, used, error) < 0)
			return -1;
	}
	return 0;
}
