/* network_order.h - numbers whose highest byte comes first, as PostgreSQL sends them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_NETWORK_ORDER_H
#define PENSTOCK_ODBC_NETWORK_ORDER_H

#include <stdint.h>

static inline unsigned network_16(const char *data)
{
	const unsigned char *p = (const unsigned char *)data;

	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t network_32(const char *data)
{
	return (uint32_t)network_16(data) << 16 | network_16(data + 2);
}

static inline uint64_t network_64(const char *data)
{
	return (uint64_t)network_32(data) << 32 | network_32(data + 4);
}

#endif
