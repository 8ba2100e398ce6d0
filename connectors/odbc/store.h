/* store.h - the state of runs in a database over ODBC: implements engine/core/store.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_STORE_H
#define PENSTOCK_ODBC_STORE_H

#include "engine/core/store.h"

struct session;

extern const struct store_ops odbc_store_ops;

/* The session of a store that odbc_store_ops opened; the sink writes its rows on it, in the store's transactions. Borrowed. */
struct session *odbc_store_session(struct store *store);

#endif
