/* uuid.c - UUID version 7: 48 bits of milliseconds, then random bits (RFC 9562, section 5.7).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/core/uuid.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "engine/core/clock.h"

int uuid_v7(char out[37], struct error *error)
{
	uint8_t b[16];
	if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
		return error_errno(error, ERROR_RESOURCE, NULL, errno, "no random bytes for a run id");
	uint64_t ms = (uint64_t)clock_wall_us() / 1000;
	for (int i = 5; i >= 0; i--, ms >>= 8)
		b[i] = (uint8_t)(ms & 0xFF);
	b[6] = (uint8_t)(0x70 | (b[6] & 0x0F));
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3F));
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return 0;
}
