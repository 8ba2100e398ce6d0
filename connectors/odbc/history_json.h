/* history_json.h - rejects as the JSON object that the command line prints and the service answers with.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PENSTOCK_ODBC_HISTORY_JSON_H
#define PENSTOCK_ODBC_HISTORY_JSON_H

#include <jansson.h>

#include "connectors/odbc/history.h"

/* Every column of penstock_rejects, in their order; texts that are empty are null. NULL when out of memory. */
json_t *history_reject_json(const struct history_reject *reject);

#endif
