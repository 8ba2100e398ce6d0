/* json_text.h - JSON from a database in the one form that every copy of a value has: sorted keys, no spaces.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_JSON_TEXT_H
#define PENSTOCK_ODBC_JSON_TEXT_H

#include "engine/core/batch.h"

/* Stores the canonical form of text, which is valid UTF-8, in the arena; numbers stay as they are written. *valid false: it is no JSON, has
 * a key twice, or nests deeper than 64; then nothing is stored. */
int json_text_store(struct batch *batch, struct text text, struct span *out, bool *valid, struct error *error) MUST_CHECK;

#endif
