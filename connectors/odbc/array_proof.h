/* array_proof.h - whether arrays of parameters arrive as they were bound, by this driver in this session.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_ARRAY_PROOF_H
#define PENSTOCK_ODBC_ARRAY_PROOF_H

#include <stdbool.h>

#include "connectors/odbc/way.h"

/* Rows of every type, with nulls, empty texts and values of different lengths beside each other, go into a temporary table by way_array and
 * are held against the same rows written as literals; once a session. A session that only reads writes nothing, and is taken at its word.
 * False: why says what was found. */
bool array_proved(struct session *session, char why[WAY_WHY_MAX]);

#endif
