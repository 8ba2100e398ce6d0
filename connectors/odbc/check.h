/* check.h - for `penstock check`: what a connection can do, and which way rows will go.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_CHECK_H
#define PENSTOCK_ODBC_CHECK_H

#include "engine/core/buffer.h"
#include "engine/core/store.h"

/* Connects (an SQLite file that does not exist is not made when target->read_only), asks, and appends lines "name: value". Leaves nothing
 * behind. Returns 0 or -1. */
int odbc_check(const struct store_target *target, struct buffer *out, struct error *error) MUST_CHECK;

#endif
